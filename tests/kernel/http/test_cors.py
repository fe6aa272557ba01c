"""Which origins may call, and how browsers are told."""

import httpx
import pytest

from girok.http.cors import DEVELOPMENT_ORIGINS, Origins
from girok.refusal import Refusal
from tests.kernel.http.stage import MAX_BODY, Stage

WEB = "https://web.example"
OWN = "http://girok.test"


async def asked(method: str, path: str, **headers: str) -> httpx.Response:
    async with Stage().client() as client:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await client.request(method, path, headers=named)


async def preflight(path: str, origin: str) -> httpx.Response:
    return await asked("OPTIONS", path, origin=origin, access_control_request_method="POST")


def cors(response: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name.startswith("access-control-")}


class TestOrigins:
    def test_in_development_are_the_web_clients_of_this_machine(self) -> None:
        origins = Origins((), development=True)
        assert origins.configured == DEVELOPMENT_ORIGINS
        assert origins.web_origin == "http://127.0.0.1:3000"
        assert origins.allowed("http://localhost:3000", "girok.test", "http")
        assert not origins.allowed("http://localhost:3001", "girok.test", "http")

    def test_must_be_set_in_production(self) -> None:
        with pytest.raises(Refusal, match="GIROK_WEB_ORIGINS"):
            Origins((), development=False)

    @pytest.mark.parametrize(
        "wrong", ["*", "null", "web.example", "https://web.example/", "ftp://a", "https://A.b", ""]
    )
    def test_must_be_origins(self, wrong: str) -> None:
        with pytest.raises(Refusal, match="GIROK_WEB_ORIGINS"):
            Origins((WEB, wrong), development=False)

    @pytest.mark.parametrize(
        ("origin", "host", "scheme"),
        [
            ("http://girok.test", "girok.test", "http"),
            ("http://girok.test:8787", "girok.test:8787", "http"),
            ("https://girok.test", "GIROK.test:443", "https"),
            ("https://girok.test", "girok.test", "http"),  # behind a proxy that ends TLS
            ("http://[::1]:8787", "[::1]:8787", "http"),
            (WEB, "", "http"),
        ],
    )
    def test_have_girok_itself_among_them(self, origin: str, host: str, scheme: str) -> None:
        assert Origins((WEB,), development=False).allowed(origin, host, scheme)

    @pytest.mark.parametrize(
        ("origin", "host", "scheme"),
        [
            ("http://girok.test", "girok.test", "https"),
            ("http://girok.test:8787", "girok.test", "http"),
            ("http://evil.test", "girok.test", "http"),
            ("https://web.example.evil.test", "girok.test", "http"),
            ("ftp://girok.test", "girok.test", "ftp"),
            ("girok.test", "girok.test", "http"),
            ("null", "null", "http"),
            ("http://", "", "http"),
            ("", "", "http"),
        ],
    )
    def test_have_no_others_among_them(self, origin: str, host: str, scheme: str) -> None:
        assert not Origins((WEB,), development=False).allowed(origin, host, scheme)


class TestPreflight:
    @pytest.mark.parametrize("path", ["/resumes/1", "/nowhere"])
    async def test_of_a_rest_route(self, path: str) -> None:
        response = await preflight(path, WEB)
        assert (response.status_code, response.content) == (204, b"")
        assert response.headers["vary"] == "Origin"
        assert cors(response) == {
            "access-control-allow-origin": WEB,
            "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
            "access-control-allow-headers": "Authorization, Content-Type",
            "access-control-expose-headers": "X-Request-Id, Retry-After",
            "access-control-max-age": "7200",
        }

    @pytest.mark.parametrize("path", ["/graphql", "/socket.io/", "/socket.io/?EIO=4"])
    async def test_of_a_route_that_takes_cookies(self, path: str) -> None:
        headers = cors(await preflight(path, WEB))
        assert headers["access-control-allow-credentials"] == "true"
        assert headers["access-control-allow-origin"] == WEB
        assert headers["access-control-allow-headers"] == "Authorization, Content-Type, X-Girok-Csrf"

    @pytest.mark.parametrize("origin", ["https://evil.test", "null"])
    async def test_from_elsewhere_is_answered_without_cors(self, origin: str) -> None:
        response = await preflight("/graphql", origin)
        assert (response.status_code, cors(response)) == (204, {})
        assert response.headers["vary"] == "Origin"


class TestAnswer:
    @pytest.mark.parametrize("origin", [WEB, OWN])
    async def test_to_an_allowed_origin_may_be_read(self, origin: str) -> None:
        response = await asked("GET", "/call", origin=origin)
        assert cors(response) == {
            "access-control-allow-origin": origin,
            "access-control-expose-headers": "X-Request-Id, Retry-After",
        }

    @pytest.mark.parametrize("headers", [{}, {"origin": "https://evil.test"}])
    async def test_to_others_may_not(self, headers: dict[str, str]) -> None:
        response = await asked("GET", "/call", **headers)
        assert (response.status_code, cors(response)) == (200, {})
        assert response.headers["vary"] == "Origin"

    async def test_with_an_error_may_be_read_too(self) -> None:
        async with Stage().client() as client:
            for method, path, body, status in (
                ("GET", "/nowhere", b"", 404),
                ("DELETE", "/call", b"", 405),
                ("POST", "/length", b"x" * (MAX_BODY + 1), 413),
                ("GET", "/broken", b"", 500),
            ):
                response = await client.request(method, path, content=body, headers={"origin": WEB})
                assert (response.status_code, cors(response)["access-control-allow-origin"]) == (status, WEB)

    async def test_to_graphql_allows_credentials(self) -> None:
        response = await asked("POST", "/graphql", origin=WEB)
        assert cors(response)["access-control-allow-credentials"] == "true"
        assert response.headers.get_list("vary") == ["Accept", "Origin"]

    async def test_of_a_path_that_only_begins_like_graphql_does_not(self) -> None:
        assert "access-control-allow-credentials" not in cors(await asked("GET", "/graphqlx", origin=WEB))

    async def test_with_a_rule_of_its_own_keeps_it(self) -> None:
        response = await asked("GET", "/public/a.png", origin=WEB)
        assert cors(response) == {"access-control-allow-origin": "*"}
        assert "vary" not in response.headers
