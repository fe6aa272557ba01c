"""A port that calls: its answers, its errors, its deadline, its context."""

import asyncio
import json
from typing import Any

import pytest

from girok.context import Actor, CallContext, use
from girok.errors import Internal
from girok.port import DeadlineExceeded
from girok.rpc.converter import Unsendable
from girok.rpc.http2 import MOST_STREAMS
from girok.rpc.status import PeerUnavailable
from plugins.feed.errors import PostNotFound
from plugins.feed.ports import CreatePostRequest, GetPostRequest
from tests.kernel.rpc.serving import Answers, feed_of, served
from tests.scenarios.story import eventually

pytestmark = pytest.mark.usefixtures("tidy")


async def become(wanted: object, look: Any) -> None:
    async def same() -> bool:
        return look() == wanted

    await eventually(same)


class TestCalls:
    async def test_answer_is_what_the_callee_returned(self) -> None:
        async with served(Answers("ada")) as server, feed_of(server.address) as (feed, _):
            post = await feed.get_post(GetPostRequest("say:hello"))
            assert (post.text, post.author_id) == ("hello", "ada")

    async def test_many_calls_at_once_each_get_their_own_answer(self) -> None:
        async with served() as server, feed_of(server.address) as (feed, _):
            texts = [str(each) for each in range(MOST_STREAMS + 200)]
            answers = await asyncio.gather(*(feed.create_post(CreatePostRequest(f"say:{each}")) for each in texts))
            assert [each.text for each in answers] == texts

    async def test_messages_of_megabytes_go_both_ways(self) -> None:
        async with served() as server, feed_of(server.address) as (feed, _):
            text = "x" * 4_000_000
            answers = await asyncio.gather(*(feed.create_post(CreatePostRequest(f"say:{text}")) for _ in range(6)))
            assert [each.text == text for each in answers] == [True] * 6

    async def test_more_than_four_mebibytes_are_refused_before_they_are_sent(self) -> None:
        async with served() as server, feed_of(server.address) as (feed, _):
            with pytest.raises(Unsendable):
                await feed.create_post(CreatePostRequest("say:" + "x" * 2**22))
            assert server.answers.begun == []

    async def test_an_answer_that_is_too_long_is_our_own_fault(self, caplog: pytest.LogCaptureFixture) -> None:
        async with served() as server, feed_of(server.address) as (feed, _):
            with pytest.raises(Internal):
                await feed.get_post(GetPostRequest(f"long:{2**22}"))
        assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == [
            "the answer of /girok.feed.v1.FeedService/GetPost cannot be sent"
        ]

    async def test_error_of_the_callee_is_of_the_same_class_here(self) -> None:
        async with served() as server, feed_of(server.address) as (feed, _):
            server.answers.error = PostNotFound()
            with pytest.raises(PostNotFound):
                await feed.get_post(GetPostRequest("fail:"))


class TestContext:
    async def test_who_acts_and_all_else_travels(self) -> None:
        context = CallContext(
            actor=Actor("ada-id", "MANAGER", "session-1"),
            request_id="request-1",
            traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            locale="ko",
            address="203.0.113.7",
        )
        async with served() as server, feed_of(server.address) as (feed, _):
            with use(context):
                seen = json.loads((await feed.get_post(GetPostRequest("context:"))).text)
        assert seen["actor"] == ["ada-id", "MANAGER", "session-1"]
        assert seen["others"] == [context.request_id, context.traceparent, "ko", "203.0.113.7"]

    async def test_nobody_acts_where_nobody_does(self) -> None:
        async with served() as server, feed_of(server.address) as (feed, _):
            seen = json.loads((await feed.get_post(GetPostRequest("context:"))).text)
        assert (seen["actor"], seen["others"]) == (None, ["", "", "en", ""])

    async def test_what_no_header_can_carry_is_left_out(self) -> None:
        async with served() as server, feed_of(server.address) as (feed, _):
            with use(CallContext(request_id="a\r\nb", traceparent="\u00e9", address="\x00")):
                seen = json.loads((await feed.get_post(GetPostRequest("context:"))).text)
        assert seen["others"] == ["", "", "en", ""]


class TestDeadline:
    async def test_the_callers_deadline_travels_when_it_is_sooner(self) -> None:
        async with served() as server, feed_of(server.address) as (feed, _):
            with use(CallContext(deadline=asyncio.get_running_loop().time() + 1.0)):
                seen = json.loads((await feed.get_post(GetPostRequest("context:"))).text)
            assert 0.3 < seen["left"] <= 1.0

    async def test_the_methods_own_deadline_travels_otherwise(self) -> None:
        async with served() as server, feed_of(server.address) as (feed, _):
            with use(CallContext(deadline=asyncio.get_running_loop().time() + 60.0)):
                seen = json.loads((await feed.get_post(GetPostRequest("context:"))).text)
            assert 1.0 < seen["left"] <= 2.0

    async def test_a_call_ends_at_its_deadline_here_and_there(self) -> None:
        async with served() as server, feed_of(server.address) as (feed, peers):
            begin = asyncio.get_running_loop().time()
            with use(CallContext(deadline=begin + 0.2)), pytest.raises(DeadlineExceeded):
                await feed.get_post(GetPostRequest("sleep:30"))
            assert asyncio.get_running_loop().time() - begin < 2
            await become(["sleep:30"], lambda: server.answers.cancelled)
            assert peers.is_up("feed")

    async def test_a_deadline_that_is_over_is_exceeded_at_once(self) -> None:
        async with served() as server, feed_of(server.address) as (feed, _):
            with use(CallContext(deadline=asyncio.get_running_loop().time() - 1)), pytest.raises(DeadlineExceeded):
                await feed.get_post(GetPostRequest("say:hello"))

    async def test_timeouts_of_the_caller_still_work_after_one_that_was_exceeded(self) -> None:
        async with served() as server, feed_of(server.address) as (feed, _):
            with use(CallContext(deadline=asyncio.get_running_loop().time() + 0.1)), pytest.raises(DeadlineExceeded):
                await feed.get_post(GetPostRequest("sleep:30"))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.sleep(30), 0.01)
            task = asyncio.current_task()
            assert task is not None
            assert task.cancelling() == 0


class TestCancellation:
    async def test_a_call_that_is_taken_back_is_cancelled_at_the_callee(self) -> None:
        async with served() as server, feed_of(server.address) as (feed, peers):
            call = asyncio.ensure_future(feed.create_post(CreatePostRequest("sleep:30")))
            await become(["sleep:30"], lambda: server.answers.begun)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await asyncio.wait_for(become(["sleep:30"], lambda: server.answers.cancelled), 2)
            assert (await feed.get_post(GetPostRequest("say:still here"))).text == "still here"
            assert peers.is_up("feed")

    async def test_closing_ends_calls_in_flight(self) -> None:
        async with served() as server, feed_of(server.address) as (feed, peers):
            calls = [asyncio.ensure_future(feed.get_post(GetPostRequest("sleep:30"))) for _ in range(5)]
            await become(5, lambda: len(server.answers.begun))
            await peers.close()
            ended = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 5)
            assert [type(each) for each in ended] == [PeerUnavailable] * 5
            await become(5, lambda: len(server.answers.cancelled))
            await peers.close()
            with pytest.raises(PeerUnavailable):
                await feed.get_post(GetPostRequest("say:hello"))
