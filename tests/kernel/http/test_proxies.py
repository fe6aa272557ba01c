"""Trusted proxies: whose word for the client, the scheme and the host is taken, and what follows from it."""

import logging
from pathlib import Path
from typing import Any

import pytest

from girok.http.proxies import Proxies
from girok.sections import Log
from girok.testing.client import Browser
from girok.testing.process import running
from tests.kernel.http.stage import Stage
from tests.scenarios.story import PASSWORD

TRUSTED = ("10.0.0.0/8", "fd00::/8")
PROXY = "10.0.0.1"
CLIENT = "203.0.113.9"
REGISTER = "mutation($input: RegisterInput!) { register(input: $input) { success } }"


def unwrapped(peer: Any, *headers: tuple[str, str], kind: str = "http") -> dict[str, Any]:
    """The scope of a request with these headers, from this peer."""
    given = [(b"host", b"inside:8787"), *((name.encode(), value.encode("latin-1")) for name, value in headers)]
    scope = {"type": kind, "scheme": "ws" if kind == "websocket" else "http", "client": peer, "headers": given}
    Proxies(TRUSTED).unwrap(scope)
    return scope


def address_of(peer: str, *forwarded_for: str) -> str:
    return unwrapped((peer, 4711), *(("x-forwarded-for", each) for each in forwarded_for))["client"][0]


def host_of(*hosts: str) -> bytes:
    return dict(unwrapped((PROXY, 1), *(("x-forwarded-host", each) for each in hosts))["headers"])[b"host"]


class TestAddress:
    @pytest.mark.parametrize("peer", [CLIENT, "11.0.0.1", "2001:db8::1", "", "nonsense", "/run/girok.sock"])
    def test_of_an_untrusted_peer_is_its_own_whatever_it_says(self, peer: str) -> None:
        assert address_of(peer, "198.51.100.1") == peer

    @pytest.mark.parametrize("peer", [None, ()])
    def test_of_nobody_is_nobodys(self, peer: Any) -> None:
        scope = unwrapped(peer, ("x-forwarded-for", CLIENT), ("x-forwarded-proto", "https"))
        assert (scope["client"], scope["scheme"]) == (peer, "http")

    @pytest.mark.parametrize(
        ("forwarded_for", "address"),
        [
            ([CLIENT], CLIENT),
            (["198.51.100.1, 203.0.113.9"], CLIENT),
            (["198.51.100.1,203.0.113.9 ,10.0.0.3,\t10.0.0.2"], CLIENT),
            (["198.51.100.1, 203.0.113.9", "10.0.0.3"], CLIENT),
            (["198.51.100.1", CLIENT], CLIENT),
            (["10.0.0.9, 203.0.113.9, 10.0.0.2"], CLIENT),
            (["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            (["garbage, 203.0.113.9"], CLIENT),
        ],
    )
    def test_is_the_rightmost_that_is_no_trusted_proxy(self, forwarded_for: list[str], address: str) -> None:
        assert address_of(PROXY, *forwarded_for) == address

    @pytest.mark.parametrize(
        ("forwarded_for", "address"),
        [
            ("2001:DB8:0::9", "2001:db8::9"),
            ("[2001:db8::9]:4711", "2001:db8::9"),
            ("[2001:db8::9]", "2001:db8::9"),
            ("203.0.113.9:4711", CLIENT),
            ("::ffff:203.0.113.9", CLIENT),
            ("203.0.113.9, fd00::7", CLIENT),
            ("203.0.113.9, ::ffff:10.0.0.2", CLIENT),
        ],
    )
    def test_is_written_one_way(self, forwarded_for: str, address: str) -> None:
        assert address_of("fd00::1", forwarded_for) == address

    def test_of_a_peer_in_ipv4_in_ipv6_is_found(self) -> None:
        assert address_of("::ffff:10.0.0.1", CLIENT) == CLIENT

    @pytest.mark.parametrize(
        "garbage",
        [
            "",
            ",",
            "unknown",
            "203.0.113.9.1",
            "203.0.113",
            "203.0.113.9:x",
            "[203.0.113.9",
            "fe80::1%eth0",
            "203.0.113.9;",
            '"203.0.113.9"',
            "\xe9",
            "1" * 5000,
        ],
    )
    def test_that_is_garbage_leaves_the_proxy_that_wrote_it(self, garbage: str) -> None:
        assert address_of(PROXY, garbage) == PROXY
        assert address_of(PROXY, f"{CLIENT}, {garbage}, 10.0.0.2") == "10.0.0.2"

    def test_in_a_chain_without_end_is_looked_for_so_far_and_no_farther(self) -> None:
        assert address_of(PROXY, ", ".join([CLIENT, *["10.0.0.2"] * 100_000])) == "10.0.0.2"


class TestScheme:
    @pytest.mark.parametrize(("kind", "scheme"), [("http", "https"), ("websocket", "wss")])
    def test_is_what_the_proxy_says(self, kind: str, scheme: str) -> None:
        assert unwrapped((PROXY, 1), ("x-forwarded-proto", "HTTPS"), kind=kind)["scheme"] == scheme

    @pytest.mark.parametrize("value", ["", "ftp", "httpsx", "https;", "on", "https http", "\xe9"])
    def test_that_is_garbage_is_the_connections(self, value: str) -> None:
        assert unwrapped((PROXY, 1), ("x-forwarded-proto", value))["scheme"] == "http"

    @pytest.mark.parametrize(
        ("forwarded_for", "protos", "scheme"),
        [
            (CLIENT, ["https, http"], "http"),
            (CLIENT, ["http", "https"], "https"),
            (f"{CLIENT}, 10.0.0.2", ["https, http"], "https"),
            (f"{CLIENT}, 10.0.0.2", ["http, https, http"], "https"),
            (f"{CLIENT}, 10.0.0.2", ["https"], "https"),
        ],
    )
    def test_is_that_between_the_client_and_the_first_proxy(
        self, forwarded_for: str, protos: list[str], scheme: str
    ) -> None:
        headers = [("x-forwarded-for", forwarded_for), *(("x-forwarded-proto", each) for each in protos)]
        assert unwrapped((PROXY, 1), *headers)["scheme"] == scheme


class TestHost:
    @pytest.mark.parametrize("host", ["girok.example", "girok.example:8443", "[2001:db8::1]:443", "127.0.0.1"])
    def test_is_what_the_proxy_says(self, host: str) -> None:
        assert host_of(host) == host.encode()

    @pytest.mark.parametrize("host", ["", "a b", "a/b", "a@b", "<script>", "a:port", "\xe9", "a" * 300])
    def test_that_is_garbage_is_the_connections(self, host: str) -> None:
        assert host_of(host) == b"inside:8787"

    def test_of_several_is_the_last(self) -> None:
        assert host_of("forged.example, girok.example") == b"girok.example"


class TestBehindTheEdge:
    async def test_the_call_has_the_clients_address(self) -> None:
        async with Stage(trusted_proxies=TRUSTED).client(PROXY) as http:
            call = (await http.get("/call", headers={"x-forwarded-for": f"1.1.1.1, {CLIENT}"})).json()
        assert call["address"] == CLIENT

    async def test_without_trusted_proxies_nothing_counts(self) -> None:
        async with Stage().client(PROXY) as http:
            call = (await http.get("/call", headers={"x-forwarded-for": CLIENT})).json()
        assert call["address"] == PROXY

    async def test_the_access_log_has_the_clients_address(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "girok.access")
        async with Stage(trusted_proxies=TRUSTED, log=Log(access=True)).client(PROXY) as http:
            await http.get("/call", headers={"x-forwarded-for": CLIENT})
        assert [vars(each)["address"] for each in caplog.records if each.name == "girok.access"] == [CLIENT]

    @pytest.mark.parametrize(("peer", "allowed"), [(PROXY, True), (CLIENT, False)])
    async def test_the_own_origin_is_that_of_the_forwarded_host(self, peer: str, allowed: bool) -> None:
        origin = "https://girok.example"
        forwarded = {"origin": origin, "x-forwarded-proto": "https", "x-forwarded-host": "girok.example"}
        async with Stage(trusted_proxies=TRUSTED).client(peer) as http:
            response = await http.get("/call", headers=forwarded)
        assert response.headers.get("access-control-allow-origin") == (origin if allowed else None)

    async def test_over_https_a_page_from_http_is_no_own_origin(self) -> None:
        headers = {"origin": "http://girok.test", "x-forwarded-proto": "https"}
        async with Stage(trusted_proxies=TRUSTED).client(PROXY) as http:
            response = await http.get("/call", headers=headers)
        assert "access-control-allow-origin" not in response.headers

    async def test_two_hosts_stay_refused(self) -> None:
        headers = [("host", "a"), ("host", "b"), ("x-forwarded-host", "c")]
        async with Stage(trusted_proxies=TRUSTED).client(PROXY) as http:
            response = await http.get("/call", headers=headers)
        assert (response.status_code, response.json()["type"]) == (400, "urn:girok:problem:INVALID_HOST")


class TestSignIn:
    async def test_behind_a_proxy_that_ends_tls_sets_a_secure_cookie(self, tmp_path: Path) -> None:
        env = {"GIROK_HTTP_TRUSTED_PROXIES": "10.0.0.0/8, 127.0.0.1"}
        proxied = {"host": "girok.example", "x_forwarded_for": CLIENT, "x_forwarded_proto": "https"}
        ada = {"email": "ada@example.org", "username": "ada", "password": PASSWORD, "name": "Ada"}
        async with running(tmp_path / "data", env=env) as girok, Browser(girok.base_url) as browser:
            in_plain = await browser.graphql(REGISTER, {"input": ada}, host="girok.example")
            assert in_plain.error["reason"] == "INSECURE_TRANSPORT"
            answer = await browser.graphql(REGISTER, {"input": ada}, **proxied)
            assert answer.data == {"register": {"success": True}}
            assert "; Secure;" in answer.set_cookies[0]
            sessions = await browser.graphql("{ sessions { address } }", **proxied)
            assert sessions.data == {"sessions": [{"address": CLIENT}]}
