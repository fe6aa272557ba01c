"""Tokens: what they say, and that nothing else counts as one: malformed, forged, of another time or purpose."""

import hmac
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jwk import RSAKey

from girok.context import acting_as
from plugins.auth.errors import InvalidRefreshToken
from plugins.auth.ports import CreateDomainAccessRequest, LogoutRequest, RefreshRequest, ValidateTokenRequest
from tests.plugins.auth.forge import encoded, forged, is_valid, key_of, parts
from tests.plugins.auth.stage import Stage, actor_of, stage_on

PROPERTY = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=5)
OUR_NAMES = ["alg", "typ", "kid", "crit", "b64", "jwk", "jku", "x5u", "x5c", "zip", "cty"]
ODD_HEADERS = [
    b"",
    b" ",
    b"null",
    b"1",
    b"NaN",
    b'"alg"',
    b"[]",
    b'["alg"]',
    b"{",
    b"{}",
    b"\xff\xfe",
    b"[" * 3000,
    b'{"alg":' + b"[" * 2000,
    b"9" * 3000,
    b'{"alg": "RS256", "alg": "none", "typ": "JWT", "kid": "x"}',
    b'{"alg": "RS256", "typ": "JWT", "kid": "\\ud800"}',
]


class TestPayload:
    async def test_is_what_clients_decode(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, access_token_minutes=15, refresh_token_days=14) as stage:
            new = await stage.register("ada")
            now = int(stage.clock.now().timestamp())
            said = {"sub": new.user.id, "sid": new.session_id, "email": "ada@example.org", "role": "USER", "iat": now}
            header, access = parts(new.access_token)
            refresh = parts(new.refresh_token)[1]
            assert header == {"alg": "RS256", "typ": "JWT", "kid": (await key_of(stage)).id}
            assert access == {**said, "type": "ACCESS", "exp": now + 15 * 60}
            assert refresh == {**said, "type": "REFRESH", "exp": now + 14 * 86_400, "jti": refresh["jti"]}

    async def test_of_a_guest_names_the_domain(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        with acting_as(actor_of(ada)):
            request = CreateDomainAccessRequest(
                domain="My.Example.org", expires_in_hours=2, recipient_email="ben@example.org"
            )
            given_away = await stage.port.create_domain_access(request)
        payload = parts(given_away.access_token)[1]
        assert (payload["type"], payload["role"], payload["domain"]) == ("DOMAIN_ACCESS", "GUEST", "my.example.org")
        assert (payload["sub"], payload["email"]) == (ada.user.id, "ben@example.org")
        assert payload["exp"] == payload["iat"] + 7200


class TestForged:
    @pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS512", "PS256", "ES256", "rs256", "", None, 1])
    async def test_another_algorithm_is_never_asked_for(self, stage: Stage, algorithm: object) -> None:
        header, payload = parts((await stage.register("ada")).access_token)
        key = await key_of(stage)
        token = forged(key.private, {**header, "alg": algorithm}, payload)
        assert not await is_valid(stage, token)
        assert not await is_valid(stage, token[: token.rindex(".") + 1])

    async def test_hs256_with_the_public_key_as_the_secret(self, stage: Stage) -> None:
        header, payload = parts((await stage.register("ada")).access_token)
        public = (await key_of(stage)).public
        text = f"{encoded({**header, 'alg': 'HS256'})}.{encoded(payload)}"
        for secret in (public.as_pem(private=False), public.as_der(private=False)):
            assert not await is_valid(stage, f"{text}.{encoded(hmac.digest(secret, text.encode(), 'sha256'))}")

    @pytest.mark.parametrize(
        "extra",
        [
            {"crit": ["exp"]},
            {"crit": ["b64"], "b64": False},
            {"crit": 3},
            {"b64": False},
            {"jku": "http://127.0.0.1:9/keys"},
            {"x5u": "http://127.0.0.1:9/chain"},
            {"x5c": ["AAAA"]},
            {"zip": "DEF"},
            {"typ": "at+jwt"},
            {"kid": "nobody"},
            {"kid": ""},
            {"kid": None},
            {"kid": 1},
            {"kid": ["a"]},
            {"kid": "../../etc/passwd"},
            {"anything": 1},
        ],
    )
    async def test_no_other_header_counts_though_the_signature_is_true(
        self, stage: Stage, extra: dict[str, object]
    ) -> None:
        header, payload = parts((await stage.register("ada")).access_token)
        key = await key_of(stage)
        assert await is_valid(stage, forged(key.private, header, payload))
        assert not await is_valid(stage, forged(key.private, {**header, **extra}, payload))

    async def test_a_key_that_comes_along_is_no_key(self, stage: Stage) -> None:
        header, payload = parts((await stage.register("ada")).access_token)
        theirs = RSAKey.generate_key(2048)
        assert not await is_valid(stage, forged(theirs, header, payload))
        carried = {**header, "jwk": theirs.as_dict(private=False)}
        assert not await is_valid(stage, forged(theirs, carried, payload))
        assert not await is_valid(stage, forged(theirs, {**carried, "kid": theirs.thumbprint()}, payload))

    async def test_of_another_installation(self, tmp_path: Path) -> None:
        folders = [tmp_path / name for name in ("theirs", "ours")]
        for each in folders:
            each.mkdir()
        async with stage_on(folders[0]) as theirs:
            token = (await theirs.register("ada")).access_token
        async with stage_on(folders[1]) as ours:
            await ours.register("ada")
            assert not await is_valid(ours, token)

    @pytest.mark.parametrize("header", ODD_HEADERS)
    async def test_odd_headers(self, stage: Stage, header: bytes) -> None:
        _, payload, signature = (await stage.register("ada")).access_token.split(".")
        assert not await is_valid(stage, f"{encoded(header)}.{payload}.{signature}")

    @PROPERTY
    @given(header=st.dictionaries(st.sampled_from(OUR_NAMES), JSON) | JSON)
    async def test_no_header_is_an_error(self, stage: Stage, header: object) -> None:
        assert not await is_valid(stage, f"{encoded(header)}.{encoded({})}.{'A' * 342}")


class TestMalformed:
    async def test_cut_anywhere_or_with_parts_exchanged(self, stage: Stage) -> None:
        token = (await stage.register("ada")).access_token
        other = (await stage.register("ben")).access_token
        header, payload, signature = token.split(".")
        bad = [token[: len(header)], token[: len(header) + 1], f"{header}.{payload}", f"{header}.{payload}."]
        bad += [f"{header}..{signature}", f".{payload}.{signature}", f"{token}.", f"{token}.{signature}", f".{token}"]
        bad += [f"{header}.{other.split('.')[1]}.{signature}", f"{header}.{payload}.{other.split('.')[2]}"]
        assert [each for each in bad if await is_valid(stage, each)] == []

    async def test_a_token_has_one_spelling(self, stage: Stage) -> None:
        token = (await stage.register("ada")).access_token
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=\n"
        changed = {f"{token[:-1]}{each}" for each in alphabet} | {f"{token[:-9]}{each}{token[-9:]}" for each in "!\n ="}
        assert [each for each in changed if await is_valid(stage, each)] == [token]

    @pytest.mark.parametrize("end", ["", "\x00", "\ud800", "\n", "가", "İ"])
    async def test_of_any_length_and_any_character(self, stage: Stage, end: str) -> None:
        token = (await stage.register("ada")).access_token
        assert not await is_valid(stage, "e" * 10_000_000 + end)
        assert not await is_valid(stage, f"{'e' * 10_000_000}.{token}{end}")
        assert await is_valid(stage, token + end) is (end == "")

    @PROPERTY
    @given(text=st.text(st.characters()) | st.from_regex(r"[\w-]{1,40}\.[\w-]{1,40}\.[\w-]{1,40}", fullmatch=True))
    async def test_no_text_is_an_error(self, stage: Stage, text: str) -> None:
        assert not await is_valid(stage, text)


class TestPayloadThatNobodySigns:
    """A true signature of ours over what this version of girok does not write."""

    @pytest.mark.parametrize(
        "changed",
        [
            {"sub": None},
            {"sub": 1},
            {"sid": ["a"]},
            {"iat": "1"},
            {"iat": 1.5},
            {"exp": None},
            {"exp": "tomorrow"},
            {"type": "access"},
            {"type": "ADMIN"},
            {"role": "ROOT"},
            {"role": None},
            {"email": None},
        ],
    )
    async def test_wrong_types(self, stage: Stage, changed: dict[str, object]) -> None:
        header, payload = parts((await stage.register("ada")).access_token)
        assert not await is_valid(stage, forged((await key_of(stage)).private, header, {**payload, **changed}))

    @pytest.mark.parametrize("payload", [b"", b"{}", b"[]", b"null", b"\xff", b'{"sub":"\\ud800"}', b"[" * 2000])
    async def test_no_payload(self, stage: Stage, payload: bytes) -> None:
        header, _ = parts((await stage.register("ada")).access_token)
        assert not await is_valid(stage, forged((await key_of(stage)).private, header, payload))

    async def test_a_session_of_somebody_else(self, stage: Stage) -> None:
        ada, ben = await stage.register("ada"), await stage.register("ben")
        header, payload = parts(ada.access_token)
        key = await key_of(stage)
        assert not await is_valid(stage, forged(key.private, header, {**payload, "sub": ben.user.id}))
        assert not await is_valid(stage, forged(key.private, header, {**payload, "sid": ben.session_id}))

    async def test_the_role_is_the_accounts_not_the_tokens(self, stage: Stage) -> None:
        header, payload = parts((await stage.register("ada")).access_token)
        token = forged((await key_of(stage)).private, header, {**payload, "role": "MASTER", "domain": "a.example"})
        found = await stage.port.validate_token(ValidateTokenRequest(token))
        assert (found.valid, found.role, found.domain) == (True, "USER", "")


class TestPurpose:
    async def test_a_refresh_token_is_no_access_token(self, stage: Stage) -> None:
        new = await stage.register("ada")
        assert not await is_valid(stage, new.refresh_token)
        assert await is_valid(stage, new.access_token)
        assert not await is_valid(stage, new.refresh_token)

    async def test_neither_an_access_nor_a_guest_token_refreshes(self, stage: Stage) -> None:
        new = await stage.register("ada")
        with acting_as(actor_of(new)):
            guest = await stage.port.create_domain_access(
                CreateDomainAccessRequest(domain="a.example", expires_in_hours=1)
            )
        for token in (new.access_token, guest.access_token):
            with pytest.raises(InvalidRefreshToken):
                await stage.port.refresh(RefreshRequest(token))
        assert await is_valid(stage, new.access_token)

    async def test_only_a_refresh_token_logs_out(self, stage: Stage) -> None:
        new = await stage.register("ada")
        await stage.port.logout(LogoutRequest(new.access_token))
        assert await is_valid(stage, new.access_token)
        await stage.port.logout(LogoutRequest(new.refresh_token))
        assert not await is_valid(stage, new.access_token)


class TestTime:
    async def test_clocks_may_be_60_seconds_apart(self, stage: Stage) -> None:
        token = (await stage.register("ada")).access_token
        began = stage.clock.now().replace(microsecond=0)
        stage.clock.time = began - timedelta(seconds=60)
        assert await is_valid(stage, token)
        stage.clock.time = began - timedelta(seconds=61)
        assert not await is_valid(stage, token)

    async def test_it_expires_on_the_second_though_it_was_verified_before(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, access_token_minutes=15) as stage:
            token = (await stage.register("ada")).access_token
            expiry = stage.clock.now().replace(microsecond=0) + timedelta(minutes=15)
            stage.clock.time = expiry - timedelta(microseconds=1)
            assert await is_valid(stage, token)
            stage.clock.time = expiry
            assert not await is_valid(stage, token)

    async def test_an_ended_session_is_over_though_its_token_was_verified_before(self, stage: Stage) -> None:
        new = await stage.register("ada")
        assert await is_valid(stage, new.access_token)
        await stage.port.logout(LogoutRequest(new.refresh_token))
        assert not await is_valid(stage, new.access_token)

    async def test_more_tokens_than_are_remembered_are_all_known(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("plugins.auth.tokens._MOST_REMEMBERED", 8)
        header, payload = parts((await stage.register("ada")).access_token)
        key = await key_of(stage)
        first = forged(key.private, header, payload)
        for number in range(20):
            assert await is_valid(stage, forged(key.private, header, {**payload, "iat": payload["iat"] - number}))
        assert await is_valid(stage, first)
