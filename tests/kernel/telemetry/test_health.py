"""/livez, /readyz and /metrics: what they say, and to whom."""

import asyncio
import logging

import httpx
import pytest

from tests.kernel.http.stage import Stage

STRANGER = "203.0.113.9"


async def well() -> None:
    return None


async def ill() -> str:
    return "the disk is full"


async def broken() -> None:
    raise OSError("gone")


async def asked(stage: Stage, path: str, address: str = "127.0.0.1", **headers: str) -> httpx.Response:
    async with stage.client(address) as client:
        return await client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


class TestLivez:
    async def test_is_ok_for_everybody_whatever_is_wrong(self) -> None:
        stage = Stage()
        stage.health.add("store", ill, vital=True)
        stage.health.draining = True
        response = await asked(stage, "/livez", STRANGER)
        assert (response.status_code, response.text) == (200, "ok")
        assert response.headers["content-type"] == "text/plain; charset=utf-8"
        assert response.headers["cache-control"] == "no-store"


class TestReadyz:
    async def test_without_checks_is_ready(self) -> None:
        response = await asked(Stage(), "/readyz")
        assert (response.status_code, response.json()) == (200, {"status": "ready", "checks": {}})

    async def test_lists_checks(self) -> None:
        stage = Stage()
        stage.health.add("store", well, vital=True)
        response = await asked(stage, "/readyz")
        assert response.json() == {"status": "ready", "checks": {"store": {"ok": True, "vital": True}}}

    async def test_is_degraded_by_what_is_not_vital(self) -> None:
        stage = Stage()
        stage.health.add("store", well, vital=True)
        stage.health.add("nats", ill)
        response = await asked(stage, "/readyz")
        assert (response.status_code, response.json()["status"]) == (200, "degraded")
        assert response.json()["checks"]["nats"] == {"ok": False, "vital": False, "detail": "the disk is full"}

    async def test_is_unavailable_without_what_is_vital(self) -> None:
        stage = Stage()
        stage.health.add("store", broken, vital=True)
        response = await asked(stage, "/readyz")
        assert (response.status_code, response.json()["status"]) == (503, "unavailable")
        assert response.json()["checks"]["store"]["detail"] == "OSError: gone"

    async def test_is_unavailable_while_draining(self) -> None:
        stage = Stage()
        stage.health.draining = True
        response = await asked(stage, "/readyz")
        assert (response.status_code, response.json()["status"]) == (503, "unavailable")
        assert list(response.json()["checks"]) == ["draining"]

    async def test_does_not_wait_for_a_check_that_hangs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("girok.telemetry.health._PROBE_SECONDS", 0.01)
        stage = Stage()
        stage.health.add("peer", asyncio.Event().wait)  # type: ignore[arg-type]
        response = await asked(stage, "/readyz")
        assert response.json()["checks"]["peer"]["detail"] == "no answer within 0.01 s"

    @pytest.mark.parametrize(("probe", "status"), [(well, 200), (ill, 503)])
    async def test_tells_strangers_no_details(self, probe: object, status: int) -> None:
        stage = Stage()
        stage.health.add("store", probe, vital=True)  # type: ignore[arg-type]
        response = await asked(stage, "/readyz", STRANGER)
        assert (response.status_code, list(response.json())) == (status, ["status"])

    async def test_writes_to_the_log_when_its_answer_changes(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        stage = Stage()
        answers = ["away", "away", None]

        async def flapping() -> str | None:
            return answers.pop(0)

        stage.health.add("store", flapping, vital=True)
        for _ in range(3):
            await asked(stage, "/readyz")
        lines = [each for each in caplog.records if each.name == "girok.telemetry.health"]
        assert [(each.levelname, each.getMessage()) for each in lines] == [
            ("WARNING", "now unavailable"),
            ("INFO", "now ready"),
        ]
        assert vars(lines[0])["failing"] == {"store": "away"}


class TestMetrics:
    @pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.7", "::ffff:172.16.0.1"])
    async def test_are_for_this_machine_and_private_networks(self, address: str) -> None:
        response = await asked(Stage(), "/metrics", address)
        assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
        assert response.headers["content-type"].startswith("text/plain; version=")
        assert response.headers["content-type"].count("charset") == 1
        assert 'girok_info{roles="auth,feed",version="1.2.3"} 1.0' in response.text
        assert "girok_http_requests_in_flight 1.0" in response.text

    @pytest.mark.parametrize("address", [STRANGER, "8.8.8.8", "2001:db8::1", "", "nonsense"])
    async def test_are_for_nobody_else(self, address: str) -> None:
        response = await asked(Stage(), "/metrics", address)
        assert (response.status_code, response.json()["error"]["code"]) == (403, "FORBIDDEN")

    async def test_are_for_the_networks_that_are_set_and_no_others(self) -> None:
        stage = Stage(allow=("203.0.113.0/24", "198.51.100.7"))
        addresses = (STRANGER, "198.51.100.7", "198.51.100.8", "127.0.0.1")
        statuses = [(await asked(stage, "/metrics", address)).status_code for address in addresses]
        assert statuses == [200, 200, 403, 403]

    async def test_are_not_for_strangers_behind_a_proxy(self) -> None:
        local = await asked(Stage(), "/metrics", x_forwarded_for="10.0.0.1, 127.0.0.1")
        strange = await asked(Stage(), "/metrics", x_forwarded_for=f"127.0.0.1, {STRANGER}")
        assert (local.status_code, strange.status_code) == (200, 403)

    async def test_count_requests_by_their_route(self) -> None:
        stage = Stage()
        for path in ("/call?x=1", "/public/a/b.png", "/nowhere/1", "/nowhere/2", "/graphql"):
            await asked(stage, path)
        lines = (await asked(stage, "/metrics")).text.splitlines()
        counts = {line for line in lines if line.startswith("girok_http_requests_total")}
        assert counts == {
            f'girok_http_requests_total{{method="GET",route="{route}",status="{status}"}} {count}'
            for route, status, count in (
                ("/call", "2xx", 1.0),
                ("/public", "2xx", 1.0),
                ("(none)", "4xx", 2.0),
                ("/graphql", "2xx", 1.0),
            )
        }
