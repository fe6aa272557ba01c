"""`[mail]`: what may be set, and which mailer a process gets of it."""

import logging
from pathlib import Path

import pytest

from girok.mail.folder import FolderMailer
from girok.mail.message import sender_of
from girok.mail.settings import MailSettings
from girok.mail.smtp import SmtpMailer
from girok.manifest import discover
from girok.settings_load import SettingsError, load, schema_of
from girok.settings_text import shown
from girok.testing.box import box_on

GOOD = {"GIROK_MAIL_HOST": "smtp.example.org", "GIROK_MAIL_FROM": "girok <no-reply@girok.example>"}


class TestSection:
    @pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
    def test_the_port_follows_tls(self, tls: str, port: int) -> None:
        assert load({}, env={**GOOD, "GIROK_MAIL_TLS": tls}).get(MailSettings).server_port == port
        assert load({}, env={**GOOD, "GIROK_MAIL_PORT": "2525"}).get(MailSettings).server_port == 2525

    def test_the_password_is_never_shown(self) -> None:
        env = {**GOOD, "GIROK_MAIL_USERNAME": "girok", "GIROK_MAIL_PASSWORD": "pass/word"}
        assert "pass/word" not in shown(schema_of({}), load({}, env=env))

    @pytest.mark.parametrize(
        ("env", "problem"),
        [
            ({"GIROK_MAIL_HOST": "smtp.example.org"}, r"mail\.from \(GIROK_MAIL_FROM\): must be set"),
            ({**GOOD, "GIROK_MAIL_USERNAME": "girok"}, r"mail\.password \(GIROK_MAIL_PASSWORD\): must be set"),
            ({**GOOD, "GIROK_MAIL_PASSWORD": "word"}, r"mail\.username \(GIROK_MAIL_USERNAME\): must be set"),
            ({"GIROK_MAIL_USERNAME": "a", "GIROK_MAIL_PASSWORD": "b"}, r"mail\.host \(GIROK_MAIL_HOST\): must be set"),
            (
                {**GOOD, "GIROK_MAIL_USERNAME": "a", "GIROK_MAIL_PASSWORD": "b", "GIROK_MAIL_TLS": "none"},
                r"mail\.tls \(GIROK_MAIL_TLS\): must be starttls or tls",
            ),
            ({**GOOD, "GIROK_MAIL_HOST": "smtp://smtp.example.org:587"}, r"must be a host name or an address"),
            ({**GOOD, "GIROK_MAIL_SECONDS": "60"}, r"mail\.seconds .* at most 25"),
        ],
    )
    def test_what_cannot_be(self, env: dict[str, str], problem: str) -> None:
        with pytest.raises(SettingsError, match=problem):
            load({}, env=env)

    def test_a_login_without_tls_stays_on_this_machine(self) -> None:
        env = {**GOOD, "GIROK_MAIL_USERNAME": "a", "GIROK_MAIL_PASSWORD": "b", "GIROK_MAIL_TLS": "none"}
        hosts = [load({}, env={**env, "GIROK_MAIL_HOST": host}).get(MailSettings).host for host in ("::1", "localhost")]
        assert hosts == ["::1", "localhost"]

    @pytest.mark.parametrize("sender", ["a@b.example", "Girok, Inc. <a+b@b.example>", "기록 <a@localhost>"])
    def test_every_sender_that_may_be_set_can_be_used(self, sender: str) -> None:
        assert sender_of(load({}, env={"GIROK_MAIL_FROM": sender}).get(MailSettings).sender).username[0] == "a"

    @pytest.mark.parametrize(
        "sender",
        ["", "girok", "girok <>", "<a@b.example>", "a@b.example\r\nBcc: c@d.e", "a..b@b.example", "a@-b", "a@b.",
         '"x" <a@b>', "x <a@b.example> ", "x@y <a@b.example>", "x <a@한글.kr>"],
    )  # fmt: skip
    def test_a_sender_that_is_none(self, sender: str) -> None:
        with pytest.raises(SettingsError, match=r"mail\.from .* must be an address like"):
            load({}, env={"GIROK_MAIL_FROM": sender})


class TestMailer:
    async def test_without_a_server_it_is_a_folder(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        async with box_on(tmp_path) as box:
            assert isinstance(box.kit.mail, FolderMailer)
        assert (tmp_path / "mail").is_dir()
        assert "GIROK_MAIL_HOST" not in caplog.text

    async def test_in_production_the_log_says_so_once(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        hashes = {"GIROK_AUTH_ARGON2_MEMORY_KIB": "7168", "GIROK_AUTH_ARGON2_PASSES": "5"}
        production = {"GIROK_MODE": "production", "GIROK_WEB_ORIGINS": "https://girok.example", **hashes}
        async with box_on(tmp_path, **production):
            said = [each for each in caplog.records if "GIROK_MAIL_HOST" in each.getMessage()]
        assert [each.levelno for each in said] == [logging.WARNING]

    async def test_with_a_server_it_is_smtp(self, tmp_path: Path) -> None:
        async with box_on(tmp_path, **GOOD) as box:
            assert isinstance(box.kit.mail, SmtpMailer)
        assert not (tmp_path / "mail").exists()

    def test_every_plugin_finds_it_in_the_settings(self) -> None:
        assert load(discover()).get(MailSettings) == MailSettings()
