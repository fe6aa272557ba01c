"""Connections to Valkey: who is let in at the start, and what calls do while the server is away."""

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from girok.servers.process import ServerProcess
from girok.servers.valkey import valkey as make_valkey
from girok.testing.servers import free_block
from girok.valkey import Address, Script, Valkey, ValkeyRefused, ValkeyUnavailable, open_valkey, parse

ECHO = Script("return {KEYS[1], ARGV[1]}")
ADD = Script("return redis.call('INCR', KEYS[1])")


@pytest.fixture
async def valkey(valkey_server: ServerProcess) -> AsyncIterator[Valkey]:
    async with open_valkey(valkey_server.url) as opened:
        yield opened


@pytest.fixture
async def operator(valkey_server: ServerProcess) -> AsyncIterator[Valkey]:
    """Other connections to the same server."""
    async with open_valkey(valkey_server.url) as opened:
        yield opened


async def until(holds: Callable[[], bool]) -> None:
    """Return once it holds."""
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.005)


async def until_back(valkey: Valkey) -> float:
    """Return once calls go through again; after how many seconds."""
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(30):
        while await valkey.health() is not None:
            await asyncio.sleep(0.005)
    await valkey.command("PING")
    return asyncio.get_running_loop().time() - began


async def lose(valkey: Valkey) -> None:
    """Let a call find the server away."""
    with pytest.raises(ValkeyUnavailable):
        await valkey.command("PING", idempotent=True)


class TestAddress:
    @pytest.mark.parametrize(
        ("url", "address"),
        [
            ("valkey://cache", Address("cache", 6379, 0, False, None, None)),
            ("redis://cache:7000/3", Address("cache", 7000, 3, False, None, None)),
            ("valkeys://:s%40cret@10.0.0.1", Address("10.0.0.1", 6379, 0, True, None, "s@cret")),
            ("rediss://ada:s%2Fcret@[::1]:1/", Address("::1", 1, 0, True, "ada", "s/cret")),
        ],
    )
    def test_of_a_url(self, url: str, address: Address) -> None:
        assert parse(url) == address

    @pytest.mark.parametrize(
        "url",
        [
            "valkey://ada:s3cret@",
            "valkey://ada:s3cret@host:port",
            "valkey://ada:s3cret@host:70000",
            "valkey://ada:s3cret#x@host",
            "valkey://ada:s3cret/x@host",
            "valkey://ada:s3cret?x@host",
            "valkey://ada:s3cret[x@host",
            "valkey://ada:s3cret@host/db",
            "valkey://ada:s3cret@host?max_connections=1",
            "http://ada:s3cret@host",
        ],
    )
    def test_a_wrong_url_is_refused_and_not_shown(self, url: str) -> None:
        with pytest.raises(ValkeyRefused, match=r"^valkey\.url \(GIROK_VALKEY_URL\): that is no URL like ") as refusal:
            parse(url)
        assert "s3cret" not in str(refusal.value)
        assert refusal.value.__suppress_context__

    def test_does_not_show_who_asks(self) -> None:
        address = parse("valkey://ada:s3cret@[::1]")
        assert str(address) == "[::1]:6379"
        assert "ada" not in repr(address)
        assert "s3cret" not in repr(address)


class TestStart:
    async def test_waits_for_a_late_server_and_says_so(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        late = make_valkey(tmp_path / "late", free_block(1, 0))
        opening = asyncio.create_task(open_and_ping(late.url))
        try:
            await until(lambda: "waiting for Valkey at 127.0.0.1:" in caplog.text)
            await late.start()
            assert await opening == b"PONG"
        finally:
            await late.kill()
        assert len(caplog.records) == 1

    async def test_without_a_server_is_refused_in_time(self) -> None:
        port = free_block(1, 0)
        with pytest.raises(ValkeyRefused, match=rf"no Valkey at 127.*:{port} within 0\.1 s: .* connecting"):
            await open_and_ping(f"valkey://ada:s3cret@127.0.0.1:{port}", patience=0.1)

    async def test_with_a_host_that_does_not_exist_is_refused(self) -> None:
        with pytest.raises(ValkeyRefused, match=r"no Valkey at nowhere\.invalid:6379 within 0 s: "):
            await open_and_ping("valkey://nowhere.invalid", patience=0)

    async def test_with_something_that_says_nothing_is_refused(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            with pytest.raises(ValkeyRefused, match=rf"^valkey\.url .*:{port} within 0 s: no answer in time$"):
                await open_and_ping(f"valkey://127.0.0.1:{port}", patience=0)

    @pytest.mark.parametrize("user", ["", ":wr0ng@", "ada:wr0ng@"])
    async def test_with_a_wrong_password_is_refused_at_once(
        self, valkey_server: ServerProcess, valkey: Valkey, user: str
    ) -> None:
        await valkey.command("CONFIG", "SET", "requirepass", "s3cret")
        with pytest.raises(ValkeyRefused, match=r"GIROK_VALKEY_URL.* at 127.* refuses what girok needs: ") as refusal:
            await open_and_ping(valkey_server.url.replace("//", f"//{user}"), patience=600)
        assert "wr0ng" not in str(refusal.value)

    async def test_with_the_right_password_goes_on(self, valkey_server: ServerProcess, valkey: Valkey) -> None:
        await valkey.command("ACL", "SETUSER", "ada", "on", ">s3/cret", "~girok:*", "+@all")
        assert await open_and_ping(valkey_server.url.replace("//", "//ada:s3%2Fcret@"), patience=0)

    async def test_as_a_user_who_may_not_is_refused_at_once(self, valkey_server: ServerProcess, valkey: Valkey) -> None:
        await valkey.command("ACL", "SETUSER", "ada", "on", ">s3cret", "~girok:*", "+@all", "-eval")
        with pytest.raises(ValkeyRefused, match="'eval'"):
            await open_and_ping(valkey_server.url.replace("//", "//ada:s3cret@"), patience=600)

    async def test_on_a_replica_that_takes_no_writes_is_refused_at_once(
        self, valkey_server: ServerProcess, valkey: Valkey
    ) -> None:
        await valkey.command("REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(ValkeyRefused, match="read only replica"):
            await open_and_ping(valkey_server.url, patience=600)

    async def test_uses_the_database_of_the_url(self, valkey_server: ServerProcess, valkey: Valkey) -> None:
        async with open_valkey(f"{valkey_server.url}/3") as third:
            await third.command("SET", "key", "third")
        assert await valkey.command("GET", "key") is None


class TestCall:
    async def test_gives_the_answer_as_bytes(self, valkey: Valkey) -> None:
        await valkey.command("SET", "key", b"\xff\x00")
        assert await valkey.command("GET", "key") == b"\xff\x00"
        assert await valkey.run(ECHO, ["key"], [7]) == [b"key", b"7"]

    async def test_a_script_that_the_server_forgot_is_sent_again(self, valkey: Valkey) -> None:
        for _ in range(2):
            await valkey.command("SCRIPT", "FLUSH")
            assert await valkey.run(ECHO, ["key"], ["value"]) == [b"key", b"value"]

    async def test_a_wrong_one_is_our_fault_and_not_the_servers(self, valkey: Valkey) -> None:
        await valkey.command("SET", "key", "text")
        with pytest.raises(Exception, match="not an integer"):
            await valkey.run(ADD, ["key"])
        assert await valkey.health() is None

    async def test_many_at_once_share_few_connections(self, valkey: Valkey) -> None:
        numbers = await asyncio.gather(*(valkey.run(ADD, ["key"]) for _ in range(500)))
        assert sorted(numbers) == list(range(1, 501))
        assert len((await valkey.command("CLIENT", "LIST")).splitlines()) <= 16

    async def test_a_cancelled_one_leaves_no_answer_behind_for_another(self, valkey: Valkey) -> None:
        for _ in range(10):
            calls = [asyncio.create_task(valkey.run(ECHO, [f"{each}"], [each])) for each in range(64)]
            await valkey.command("PING")
            for each in calls[::2]:
                each.cancel()
            answers = await asyncio.gather(*calls[1::2])
            assert answers == [[str(each).encode()] * 2 for each in range(1, 64, 2)]
        assert await asyncio.gather(*(valkey.run(ECHO, ["key"], [each]) for each in range(64)))


class TestBrokenConnection:
    async def test_an_idempotent_call_is_sent_again(self, valkey: Valkey, operator: Valkey) -> None:
        call = asyncio.create_task(valkey.command("BLPOP", "list", "0", idempotent=True))
        await kill_blocked(operator)
        await operator.command("RPUSH", "list", "value")
        assert await call == [b"list", b"value"]

    async def test_any_other_is_not(self, valkey: Valkey, operator: Valkey) -> None:
        call = asyncio.create_task(valkey.command("BLPOP", "list", "0"))
        await kill_blocked(operator)
        await operator.command("RPUSH", "list", "value")
        with pytest.raises(ValkeyUnavailable):
            await call
        assert await operator.command("LLEN", "list") == 1

    async def test_while_it_was_idle_is_not_noticed(self, valkey: Valkey, operator: Valkey) -> None:
        await asyncio.gather(*(valkey.command("PING") for _ in range(64)))
        await operator.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert await asyncio.gather(*(valkey.run(ADD, ["key"]) for _ in range(64)))


class TestAway:
    async def test_after_a_kill_calls_fail_until_it_is_back_alone(
        self, valkey_server: ServerProcess, valkey: Valkey, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        await valkey_server.kill()
        await lose(valkey)
        await until_looked_for(valkey_server, times=3)
        assert await valkey.health()
        await valkey_server.start()
        assert await until_back(valkey) < 5
        assert await valkey.run(ADD, ["key"]) == 1
        assert [each.levelname for each in caplog.records] == ["WARNING", "INFO"]
        assert not any(each.exc_info for each in caplog.records)

    async def test_while_paused_one_call_waits_and_the_others_fail_at_once(
        self, valkey_server: ServerProcess, valkey: Valkey
    ) -> None:
        await valkey.command("PING")
        clock = asyncio.get_running_loop().time
        valkey_server.pause()
        await lose(valkey)
        began = clock()
        for _ in range(1_000):
            await lose(valkey)
        assert clock() - began < 1
        valkey_server.go_on()
        assert await until_back(valkey) < 5

    async def test_what_waited_for_a_paused_server_gets_its_own_answer(
        self, valkey_server: ServerProcess, valkey: Valkey
    ) -> None:
        valkey_server.pause()
        calls = [asyncio.create_task(valkey.run(ECHO, ["key"], [each])) for each in range(64)]
        await asyncio.wait(calls, timeout=0.2)
        valkey_server.go_on()
        assert await asyncio.gather(*calls) == [[b"key", str(each).encode()] for each in range(64)]

    async def test_one_call_that_failed_is_no_news(
        self, valkey: Valkey, operator: Valkey, caplog: pytest.LogCaptureFixture
    ) -> None:
        with pytest.raises(ValkeyUnavailable):
            await valkey.command("BLPOP", "list", "0", idempotent=True)
        await until_back(valkey)
        assert caplog.records == []

    @pytest.mark.parametrize(
        ("hinder", "help_", "why"),
        [
            (["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"], "command not allowed when used"),
            (["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"], "read only replica"),
            (["CONFIG", "SET", "min-replicas-to-write", "1"], ["CONFIG", "SET", "min-replicas-to-write", "0"], "NOREP"),
        ],
        ids=["no memory", "read only", "no replicas"],
    )
    async def test_a_server_that_takes_no_writes_is_away(
        self, valkey: Valkey, operator: Valkey, hinder: list[str], help_: list[str], why: str
    ) -> None:
        await operator.command(*hinder)
        with pytest.raises(ValkeyUnavailable):
            await valkey.run(ADD, ["key"])
        assert why in (await valkey.health() or "")
        await operator.command(*help_)
        await until_back(valkey)
        assert await valkey.run(ADD, ["key"]) == 1

    async def test_connections_that_a_firewall_forgot_are_given_up_together(self, valkey_server: ServerProcess) -> None:
        async with firewall(valkey_server) as (url, forget), open_valkey(url) as valkey:
            await asyncio.gather(*(valkey.command("PING") for _ in range(64)))
            forget()
            await lose(valkey)
            assert await until_back(valkey) < 5
            assert all(await asyncio.gather(*(valkey.command("PING") for _ in range(64))))

    async def test_a_server_that_restarts_again_and_again_is_found_again(
        self, valkey_server: ServerProcess, valkey: Valkey
    ) -> None:
        for _ in range(5):
            calls = [asyncio.create_task(valkey.run(ECHO, ["key"], [each])) for each in range(64)]
            await valkey_server.kill()
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            assert {type(each) for each in outcomes} <= {list, ValkeyUnavailable}
            await valkey_server.start()
            await until_back(valkey)
            assert await valkey.run(ECHO, ["key"], ["value"]) == [b"key", b"value"]

    async def test_closing_ends_the_search_for_it(self, valkey_server: ServerProcess) -> None:
        async with open_valkey(valkey_server.url) as valkey:
            await valkey_server.kill()
            await lose(valkey)
        with pytest.raises(ValkeyUnavailable):
            await valkey.command("PING")
        assert asyncio.all_tasks() == {asyncio.current_task()}


async def open_and_ping(url: str, patience: float = 30.0) -> bytes:
    async with open_valkey(url, patience=patience) as opened:
        return await opened.command("PING")


async def until_looked_for(valkey_server: ServerProcess, times: int) -> None:
    """Stand in for a server that was killed until somebody has tried so often to speak to it."""
    looks: list[None] = []

    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        looks.append(None)
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", urlsplit(valkey_server.url).port):
        await until(lambda: len(looks) >= times)


@asynccontextmanager
async def firewall(valkey_server: ServerProcess) -> AsyncGenerator[tuple[str, Callable[[], None]], None]:
    """A URL before the server's, and what makes the connections of until then dead, though nobody closes them."""
    pumps: set[asyncio.Task[None]] = set()
    living = asyncio.Event()
    living.set()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", urlsplit(valkey_server.url).port)
        for source, target in ((reader, inner_writer), (inner_reader, writer)):
            pumps.add(asyncio.create_task(pump(source, target, living)))

    def forget() -> None:
        nonlocal living
        living.clear()
        living = asyncio.Event()
        living.set()

    async with await asyncio.start_server(connect, "127.0.0.1", 0) as listener:
        yield f"valkey://127.0.0.1:{listener.sockets[0].getsockname()[1]}", forget
    await asyncio.gather(*pumps)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, living: asyncio.Event) -> None:
    """Pass on what comes while it lives, to its end."""
    while piece := await reader.read(65_536):
        if living.is_set():
            writer.write(piece)
    writer.close()
    await writer.wait_closed()


async def kill_blocked(operator: Valkey) -> None:
    """Break the connection of a call that waits for a list."""
    async with asyncio.timeout(30):
        while not (blocked := [each for each in await clients(operator) if "cmd=blpop" in each]):
            await asyncio.sleep(0.005)
    (number,) = [word.removeprefix("id=") for word in blocked[0].split() if word.startswith("id=")]
    await operator.command("CLIENT", "KILL", "ID", number)


async def clients(operator: Valkey) -> list[str]:
    return [each.decode() for each in (await operator.command("CLIENT", "LIST")).splitlines()]
