"""The process from outside: its first line, its end, and what it tells operators and nobody else."""

import asyncio
import json
import re
import resource
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from girok.clock import SystemClock
from girok.control import call
from girok.objects.signing import Grant, UrlSigner
from girok.testing.process import GirokProcess, free_port
from tests.kernel.cli.process import girok as command
from tests.scenarios.launch import GOOD, Launched, launched, query, request, until
from tests.scenarios.story import PASSWORD, eventually

REGISTER = "mutation($input: RegisterInput!) { register(input: $input) { success } }"
LOGIN = "mutation($input: LoginInput!) { login(input: $input) { success } }"
ADA = {"email": "ada@secret.example", "username": "ada", "password": PASSWORD, "name": "Ada"}
STRANGER = "203.0.113.9"


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


class TestStart:
    @pytest.mark.parametrize(
        ("host", "shown"),
        [
            ("localhost", r"localhost"),
            ("0.0.0.0", r"127\.0\.0\.1"),
            pytest.param("::1", r"\[::1\]", marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")),
        ],
    )
    def test_the_first_line_says_where_to_go_and_where_the_data_is(self, tmp_path: Path, host: str, shown: str) -> None:
        with launched(tmp_path, "--host", host) as girok:
            line = rf"girok \d\S* \(\w.*\) at http://{shown}:[1-9]\d+  data in {re.escape(str(girok.data))}\n"
            assert re.fullmatch(line, girok.said)
            assert girok.get("/readyz").status == 200
            girok.child.send_signal(signal.SIGINT)
            assert girok.ended() == 0
            assert girok.log == ""


class TestEnd:
    async def test_while_it_waits_for_a_server_is_at_once(self, tmp_path: Path) -> None:
        env = {"GIROK_DATABASE_URL": f"postgresql://girok@127.0.0.1:{free_port()}/girok"}
        process = GirokProcess(tmp_path / "data", free_port(), env=env)
        child = await process.launch()

        async def waits() -> bool:
            return "waiting" in process.log

        await eventually(waits)
        child.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(child.wait(), 5) == 0
        assert "Traceback" not in process.log

    def test_what_runs_is_finished_and_a_second_signal_changes_nothing(self, tmp_path: Path) -> None:
        with launched(tmp_path, module="tests.scenarios.waiting") as girok, girok.connect() as waiting:
            girok.query(REGISTER, {"input": ADA})
            waiting.send(request("GET /wait"))
            until((tmp_path / "handler-began").exists)
            until((tmp_path / "request-began").exists)
            girok.child.send_signal(signal.SIGTERM)
            until(lambda: girok.get("/readyz").status == 503)
            assert "draining" in girok.get("/readyz").json["checks"]
            told = command("status", "--data", str(girok.data))
            assert (told.code, told.out.splitlines()[-1]) == (1, "  ! draining  the process is stopping")
            assert girok.get("/livez").status == 200
            until(lambda: girok.exchange(GOOD).status == 503)
            refused = girok.exchange(GOOD)
            assert (refused.reasons, refused.headers["connection"]) == ({"STOPPING"}, "close")
            girok.child.send_signal(signal.SIGTERM)
            girok.child.send_signal(signal.SIGINT)
            (tmp_path / "go-handler").touch()
            until((tmp_path / "handler-ended").exists)
            assert girok.get("/livez").status == 200
            (tmp_path / "go-request").touch()
            reply = waiting.reply()
            assert (reply.status, reply.body, reply.headers["connection"]) == (200, b"waited", "close")
            assert girok.ended() == 0
            assert "Traceback" not in girok.log

    def test_what_does_not_end_in_time_is_cut_off_and_told(self, tmp_path: Path) -> None:
        with launched(tmp_path, module="tests.scenarios.waiting", GIROK_DRAIN_SECONDS="1") as girok:
            with girok.connect() as waiting:
                girok.query(REGISTER, {"input": ADA})
                waiting.send(request("GET /wait"))
                until((tmp_path / "handler-began").exists)
                until((tmp_path / "request-began").exists)
                girok.child.send_signal(signal.SIGTERM)
                assert girok.ended() == 1
                assert waiting.reply().status == 503
            assert "Traceback" not in girok.log
            assert "1 requests did not end" in girok.log
            assert "1 deliveries did not end" in girok.log
            assert not (tmp_path / "handler-ended").exists()
        (tmp_path / "go-handler").touch()
        with launched(tmp_path, module="tests.scenarios.waiting"):
            until((tmp_path / "handler-ended").exists)

    def test_under_load_every_request_that_was_sent_before_is_answered(self, tmp_path: Path) -> None:
        answers: list[tuple[float, int | None]] = []
        with launched(tmp_path) as girok, ThreadPoolExecutor(16) as pool:
            clients = [pool.submit(ask_until_gone, girok, answers) for _ in range(16)]
            until(lambda: len(answers) > 500)
            before = time.monotonic()
            girok.child.send_signal(signal.SIGTERM)
            assert girok.ended() == 0
            assert [client.exception(60) for client in clients] == [None] * 16
            assert girok.log == ""
        assert {status for sent, status in answers if sent < before} == {200}
        assert {status for sent, status in answers if sent >= before} <= {200, 503, None}

    def test_connections_without_a_whole_request_do_not_hold_it(self, tmp_path: Path) -> None:
        body = request("POST /graphql", "Content-Type: application/json", "Content-Length: 9", body=b"{", length=False)
        with (
            launched(tmp_path, GIROK_DRAIN_SECONDS="4") as girok,
            girok.connect(),
            girok.connect() as kept,
            girok.connect() as half_a_head,
            girok.connect() as half_a_body,
        ):
            kept.send(GOOD)
            assert kept.reply().status == 200
            half_a_head.send(GOOD[:20])
            half_a_body.send(body)
            until(lambda: b"in_flight 2.0" in girok.get("/metrics").body)
            began = time.monotonic()
            girok.child.send_signal(signal.SIGTERM)
            assert girok.ended() == 0
            assert time.monotonic() - began < 4
            assert half_a_body.reply().reasons == {"BODY_TOO_SLOW"}
            assert (kept.rest(), half_a_head.rest()) == (b"", b"")
            assert girok.log == ""

    def test_signals_at_any_moment_of_the_end_change_nothing(self, tmp_path: Path) -> None:
        with launched(tmp_path) as girok:
            while girok.child.poll() is None:
                girok.child.send_signal(signal.SIGTERM)
                girok.child.send_signal(signal.SIGINT)
                time.sleep(0.0005)
            assert (girok.ended(), girok.log) == (0, "")


def ask_until_gone(girok: Launched, answers: list[tuple[float, int | None]]) -> None:
    """Ask again and again, over as few connections as it takes: when each was sent, and its status; None for none."""
    while girok.child.poll() is None:
        sent = time.monotonic()
        try:
            with girok.connect() as connection:
                closing = False
                while not closing:
                    sent = time.monotonic()
                    connection.send(GOOD)
                    reply = connection.reply()
                    answers.append((sent, reply.status))
                    closing = reply.headers.get("connection") == "close"
        except (ConnectionError, EOFError):
            answers.append((sent, None))


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    """One that logs all there is, for other operators than us, started with no umask; Ada has been here."""
    settings = {"GIROK_LOG_LEVEL": "debug", "GIROK_LOG_ACCESS": "true", "GIROK_METRICS_ALLOW": "10.1.2.3"}
    with launched(tmp_path_factory.mktemp("watched"), umask=0, **settings) as girok:
        yield girok


class TestConnections:
    def test_two_thousand_idle_ones_keep_nobody_out(self, watched: Launched) -> None:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        with ExitStack() as idle:
            for _ in range(2_000):
                idle.enter_context(watched.connect())
            assert watched.get("/livez").status == 200


class TestLandingPage:
    def test_every_link_leads_somewhere(self, watched: Launched) -> None:
        browser = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        links = re.findall(r'href="(/[^"]*)"', watched.get("/", browser).body.decode())
        assert len(links) >= 2
        assert {link: watched.get(link, browser).status for link in links} == dict.fromkeys(links, 200)


class TestOperators:
    """What is told to whom."""

    @pytest.mark.parametrize(
        "header", ["X-Other: 1", "X-Forwarded-For: 10.1.2.3", "X-Real-IP: 10.1.2.3", "Forwarded: for=10.1.2.3"]
    )
    def test_metrics_are_for_the_networks_that_are_named(self, watched: Launched, header: str) -> None:
        assert watched.get("/metrics", header).status == 403
        assert watched.get("/readyz", header).json == {"status": "ready"}

    def test_metrics_are_for_this_machine_by_default_and_not_for_whom_it_forwards(self, tmp_path: Path) -> None:
        with launched(tmp_path) as girok:
            assert b"girok_info" in girok.get("/metrics").body
            assert girok.get("/metrics", "X-Forwarded-For: 10.0.0.1").status == 200
            assert girok.get("/metrics", f"X-Forwarded-For: 10.0.0.1, {STRANGER}").status == 403
            assert girok.get("/readyz").json["checks"]["store"] == {"ok": True, "vital": True}
            assert girok.get("/readyz", f"X-Forwarded-For: {STRANGER}").json == {"status": "ready"}

    async def test_the_control_socket_gives_the_status(self, watched: Launched) -> None:
        status = await call(watched.data, "status", {})
        assert status["pid"] == watched.child.pid
        assert "auth" in status["roles"]
        assert status["uptime"] > 0

    def test_log_lines_are_json_with_the_id_of_their_request(self, watched: Launched) -> None:
        asked = watched.get("/livez", "X-Request-Id: look-for-this")
        assert asked.headers["x-request-id"] == "look-for-this"
        other = watched.query("{ __typename }").headers["x-request-id"]
        until(lambda: other in watched.log)
        lines = [json.loads(line) for line in watched.log.splitlines()]
        assert all(line.keys() >= {"time", "level", "logger", "message"} for line in lines)
        messages = {line["request_id"]: line["message"] for line in lines if "request_id" in line}
        assert (messages["look-for-this"], messages[other]) == ("GET /livez 200", "POST /graphql 200")

    def test_logs_hold_no_secrets_and_files_are_for_the_owner_only(self, watched: Launched) -> None:
        secrets = sign_in_and_out(watched)
        last = watched.get("/livez").headers["x-request-id"]
        until(lambda: last in watched.log)
        assert [secret for secret in secrets if secret in watched.log] == []
        names = {path.name for path in watched.data.rglob("*")}
        assert names >= {"girok.db", "girok.db-wal", "girok.db-shm", "girok.lock", "girok.sock", "objects", "@b.png"}
        modes = {path: path.stat().st_mode & 0o777 for path in [watched.data, *watched.data.rglob("*")]}
        assert {path: oct(mode) for path, mode in modes.items() if mode != (0o700 if path.is_dir() else 0o600)} == {}


def sign_in_and_out(girok: Launched) -> list[str]:
    """Do what has to do with secrets, well and badly, and store a file; what must not be in a log."""
    wrong = "Wr0ng!password"
    cookie = cookie_of(girok.query(REGISTER, {"input": ADA}).headers)
    girok.query(REGISTER, {"input": ADA})
    girok.query(LOGIN, {"input": {"email": ADA["email"], "password": wrong}})
    second = cookie_of(girok.query(LOGIN, {"input": {"email": ADA["email"], "password": PASSWORD}}).headers)
    girok.query(f'mutation {{ login(input: {{email: "{ADA["email"]}", password: "{PASSWORD}"}}) {{ succes }} }}')
    girok.query(f'mutation {{ login(input: {{email: "{ADA["email"]}", password: "{PASSWORD}"')
    girok.exchange(query("{ me { email } }", None, f"Cookie: session_id={cookie}"))
    girok.exchange(query("{ me { email } }", None, f"Authorization: Bearer {cookie}"))
    girok.exchange(query("mutation { logout { success } }", None, f"Cookie: session_id={second}"))
    girok.get(f"/graphql?query={{me{{id}}}}&token={cookie}")
    signature = put_file(girok)
    return [ADA["email"], "ada@", PASSWORD, wrong, cookie, second, signature]


def cookie_of(headers: dict[str, Any]) -> str:
    return re.match(r"session_id=([\w-]{43});", headers["set-cookie"])[1]  # type: ignore[index] - a login has one


def put_file(girok: Launched) -> str:
    """Store `public/a/b.png`; the signature that it took."""
    signer = UrlSigner((girok.data / "keys" / "objects").read_bytes(), SystemClock())
    signed = signer.query(Grant("PUT", "public", "a/b.png", int(time.time()) + 60, size=1, mime_type="image/png"))
    stored = girok.exchange(request(f"PUT /public/a/b.png?{signed}", "Content-Type: image/png", body=b"x"))
    assert stored.status == 200
    return signed.rpartition("=")[2]
