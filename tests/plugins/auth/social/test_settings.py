"""`[auth.google]` and its like, as people write them."""

from pathlib import Path

import pytest

from girok.manifest import Manifest
from girok.settings_keys import Schema
from girok.settings_load import SettingsError, load
from girok.settings_text import shown
from plugins.auth.social.providers import Provider, providers
from plugins.auth.social.settings import SocialSettings

MANIFESTS = {"auth": Manifest(name="auth", summary="accounts", settings=SocialSettings)}


def known(env: dict[str, str]) -> dict[str, Provider]:
    settings = load(MANIFESTS, env=env).get(SocialSettings)
    return {each.id: each for each in providers(settings)}


class TestProviders:
    def test_none_is_configured_by_default(self) -> None:
        assert {name: each.is_configured for name, each in known({}).items()} == {
            "google": False,
            "kakao": False,
            "naver": False,
        }

    def test_variables_configure_one(self) -> None:
        google = known({"GIROK_AUTH_GOOGLE__CLIENT_ID": "id", "GIROK_AUTH_GOOGLE__CLIENT_SECRET": "secret"})["google"]
        assert (google.is_configured, google.client_id, google.client_secret) == (True, "id", "secret")

    def test_any_name_makes_another(self) -> None:
        env = {"GIROK_AUTH_OIDC__ACME__ISSUER": "https://id.acme.example", "GIROK_AUTH_OIDC__ACME__CLIENT_ID": "id"}
        acme = known(env)["oidc:acme"]
        assert (acme.path, acme.label, acme.issuer) == ("oidc/acme", "acme", "https://id.acme.example")

    def test_says_which_key_is_missing(self) -> None:
        assert known({})["kakao"].setting == "auth.kakao.client_id"

    def test_google_may_name_itself_without_a_scheme_but_nobody_else(self) -> None:
        elsewhere = {"GIROK_AUTH_GOOGLE__ISSUER": "https://id.example"}
        assert known({})["google"].other_issuers == ("accounts.google.com",)
        assert known(elsewhere)["google"].other_issuers == ()


class TestRules:
    @pytest.mark.parametrize(
        ("variable", "value", "key"),
        [
            ("GOOGLE__CLIENT_ID", "id", "auth.google.client_secret"),
            ("NAVER__CLIENT_ID", "id", "auth.naver.client_secret"),
            ("KAKAO__CLIENT_SECRET", "secret", "auth.kakao.client_id"),
            ("GOOGLE__ISSUER", "http://accounts.google.com", "auth.google.issuer"),
            ("NAVER__TOKEN_URL", "ftp://nid.naver.com", "auth.naver.token_url"),
            ("KAKAO__USERINFO_URL", "http://127.0.0.1.evil.example/", "auth.kakao.userinfo_url"),
            ("OIDC__ACME__CLIENT_ID", "id", "auth.oidc.acme.issuer"),
        ],
    )
    def test_what_is_wrong_is_named(self, variable: str, value: str, key: str) -> None:
        with pytest.raises(SettingsError, match=key):
            load(MANIFESTS, env={f"GIROK_AUTH_{variable}": value})

    def test_a_name_is_a_part_of_a_path(self, tmp_path: Path) -> None:
        file = tmp_path / "girok.toml"
        file.write_text('[auth.oidc."A/B"]\nissuer = "https://id.example"\nclient_id = "id"\n')
        with pytest.raises(SettingsError, match="must be named with"):
            load(MANIFESTS, config=file)

    def test_kakao_needs_no_secret(self) -> None:
        assert known({"GIROK_AUTH_KAKAO__CLIENT_ID": "id"})["kakao"].is_configured


class TestSecrets:
    def test_are_not_shown(self) -> None:
        env = {
            "GIROK_AUTH_GOOGLE__CLIENT_ID": "id",
            "GIROK_AUTH_GOOGLE__CLIENT_SECRET": "s3cret-one",
            "GIROK_AUTH_OIDC__ACME__ISSUER": "https://id.acme.example",
            "GIROK_AUTH_OIDC__ACME__CLIENT_ID": "id",
            "GIROK_AUTH_OIDC__ACME__CLIENT_SECRET": "s3cret-two",
        }
        text = shown(Schema([SocialSettings]), load(MANIFESTS, env=env))
        assert "auth" in text
        assert "s3cret" not in text
