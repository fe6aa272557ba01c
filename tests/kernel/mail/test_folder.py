"""Mail as files: whole or not at all, for their owner only."""

import asyncio
import logging
import os
import stat
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from girok.mail.folder import FolderMailer, MailFolderUnusable
from girok.mail.port import MailRefused, MailUnavailable
from tests.kernel.mail.mails import mail

NAME = "20261105T080000.123Z-0192-verify.eml"


def mailer(folder: Path) -> FolderMailer:
    return FolderMailer(folder, sender="girok <girok@localhost>")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestFile:
    async def test_is_a_message_named_by_its_time_and_id(self, tmp_path: Path) -> None:
        await mailer(tmp_path / "mail").send(mail(subject="확인", text="안녕하세요.\n"))
        [path] = (tmp_path / "mail").iterdir()
        message = message_from_bytes(path.read_bytes(), policy=default)
        assert path.name == NAME
        assert (str(message["Subject"]), message["Message-ID"]) == ("확인", "<0192-verify@localhost>")

    async def test_is_for_its_owner_only_whatever_the_umask(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            await mailer(tmp_path / "mail").send(mail())
        finally:
            os.umask(before)
        assert (mode(tmp_path / "mail"), mode(tmp_path / "mail" / NAME)) == (0o700, 0o600)

    async def test_the_same_mail_again_takes_its_place(self, tmp_path: Path) -> None:
        sender = mailer(tmp_path)
        await sender.send(mail(text="first\n"))
        await sender.send(mail(text="second\n"))
        [path] = tmp_path.iterdir()
        assert b"second" in path.read_bytes()

    async def test_many_at_once_are_all_there(self, tmp_path: Path) -> None:
        sender = mailer(tmp_path)
        await asyncio.gather(*(sender.send(mail(id=f"m{number}")) for number in range(50)))
        assert len(list(tmp_path.iterdir())) == 50

    async def test_no_log_shows_what_is_in_it(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        await mailer(tmp_path).send(mail(subject="the subject", text="the token"))
        assert NAME in caplog.text
        assert not any(word in caplog.text for word in ("subject", "token", "ada@"))


class TestFolder:
    def test_what_a_kill_left_is_swept_and_mail_is_kept(self, tmp_path: Path) -> None:
        (tmp_path / ".draft-abc").write_bytes(b"half")
        (tmp_path / NAME).write_bytes(b"whole")
        mailer(tmp_path)
        assert [each.name for each in tmp_path.iterdir()] == [NAME]

    def test_that_others_could_read_is_closed_to_them(self, tmp_path: Path) -> None:
        (tmp_path / "mail").mkdir()
        (tmp_path / "mail").chmod(0o755)
        mailer(tmp_path / "mail")
        assert mode(tmp_path / "mail") == 0o700

    def test_that_cannot_be_made_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "mail").write_text("a file")
        with pytest.raises(MailFolderUnusable, match="cannot be used"):
            mailer(tmp_path / "mail")

    async def test_that_is_gone_is_unavailable(self, tmp_path: Path) -> None:
        sender = mailer(tmp_path / "mail")
        (tmp_path / "mail").rmdir()
        with pytest.raises(MailUnavailable):
            await sender.send(mail())

    async def test_what_cannot_be_finished_leaves_nothing(self, tmp_path: Path) -> None:
        sender = mailer(tmp_path)
        (tmp_path / NAME).mkdir()
        with pytest.raises(MailUnavailable):
            await sender.send(mail())
        assert [each.name for each in tmp_path.iterdir()] == [NAME]

    async def test_a_mail_to_no_address_is_refused_and_not_kept(self, tmp_path: Path) -> None:
        with pytest.raises(MailRefused):
            await mailer(tmp_path).send(mail(to="ada"))
        assert list(tmp_path.iterdir()) == []
