"""What any gRPC client sees of a real box's ports: through grpcio's C core, in a process of its own."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpclib.health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpclib.reflection.v1.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from girok.context import Actor
from girok.errors import FieldError, InvalidInput, Text
from girok.manifest import discover
from girok.rpc.contract import contract_of
from girok.rpc.http2_server import Incoming
from girok.rpc.server import RpcServer
from girok.testing.box import TestBox
from girok.testing.process import free_port
from plugins.auth.ports import GetUserRequest, LoginRequest
from plugins.feed.ports import CreatePostRequest, DeletePostRequest, GetPostRequest, GetTimelineRequest
from tests.kernel.rpc.core_client import Answer, Core, core
from tests.kernel.rpc.serving import SECRET, Answers, Served, feed_of, served
from tests.kernel.rpc.test_client import become
from tests.plugins.feed.people import person

CONTRACTS = {name: contract_of(name, port) for name, each in discover().items() for port in each.provides}
METHODS = [(role, each.name) for role, contract in CONTRACTS.items() for each in contract.methods]
RIGHT = {"girok-cluster-secret": SECRET}
HEALTH = "/grpc.health.v1.Health/Check"
REFLECTION = ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
              "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")  # fmt: skip
FEED = "/girok.feed.v1.FeedService/"


@pytest.fixture(scope="module")
def grpcio() -> Generator[Core, None, None]:
    with core() as client:
        yield client


@asynccontextmanager
async def serving(box: TestBox) -> AsyncGenerator[tuple[str, RpcServer], None]:
    port = free_port()
    ports = [(each, box.kit.ports[each.protocol]) for each in CONTRACTS.values()]
    server = RpcServer(ports, secret=SECRET)
    await server.start("127.0.0.1", port)
    try:
        yield f"127.0.0.1:{port}", server
    finally:
        await server.drain(0)


def acting(actor: Actor) -> dict[str, str]:
    return {**RIGHT, "girok-actor": f"{actor.user_id};{actor.role};{actor.session_id}"}


def method(role: str, name: str) -> Any:
    return next(each for each in CONTRACTS[role].methods if each.name == name)


async def ask(client: Core, address: str, role: str, name: str, request: Any, **more: Any) -> Answer:
    found = method(role, name)
    return await client.call(address, found.path, found.request.encode(request), **more)


def read(role: str, name: str, answer: Answer) -> Any:
    assert answer.code == "OK", answer
    return method(role, name).response.decode(answer.messages[0])


async def health(client: Core, address: str, service: str = "") -> str:
    answer = await client.call(address, HEALTH, HealthCheckRequest(service=service).SerializeToString())
    if answer.code != "OK":
        return answer.code
    status = HealthCheckResponse.FromString(answer.messages[0]).status
    return HealthCheckResponse.ServingStatus.Name(status)


def calls_of(server: Served) -> list[Incoming]:
    return [call for connection in server.server._connections for call in connection._calls.values()]


class TestHealth:
    async def test_everybody_may_ask_for_all_and_for_each_service(self, box: TestBox, grpcio: Core) -> None:
        async with serving(box) as (address, _):
            services = ["", *(each.service for each in CONTRACTS.values())]
            assert [await health(grpcio, address, each) for each in services] == ["SERVING"] * len(services)
            assert await health(grpcio, address, "girok.chat.v1.ChatService") == "NOT_FOUND"

    async def test_one_that_drains_says_so_takes_no_calls_and_finishes_what_runs(self, grpcio: Core) -> None:
        async with served() as server, feed_of(server.address) as (feed, _):
            last = asyncio.ensure_future(feed.create_post(CreatePostRequest("sleep:1")))
            await become(1, lambda: len(server.answers.begun))
            draining = asyncio.ensure_future(server.server.drain(10))
            assert await health(grpcio, server.address) == "NOT_SERVING"
            assert await health(grpcio, server.address, "girok.feed.v1.FeedService") == "NOT_SERVING"
            refused = await grpcio.call(server.address, f"{FEED}GetPost", b"", metadata=RIGHT)
            assert (refused.code, refused.info and refused.info.reason) == ("UNAVAILABLE", "DRAINING")
            assert not draining.done()
            assert (await last).author_id == "it"
            await asyncio.wait_for(draining, 5)
            assert server.answers.begun == ["sleep:1"]

    async def test_watch_tells_of_a_change(self, grpcio: Core) -> None:
        async with served() as server:
            asked = HealthCheckRequest().SerializeToString()
            watch = asyncio.ensure_future(grpcio.call(server.address, "/grpc.health.v1.Health/Watch", asked, wait=1.0))
            await become(True, lambda: any(call.has_begun for call in calls_of(server)))
            server.server._serving.set(False)
            seen = [HealthCheckResponse.FromString(each).status for each in (await watch).messages]
        assert seen == [HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING]


class TestReflection:
    @pytest.mark.parametrize("path", REFLECTION)
    async def test_everybody_may_list_and_describe_services(self, box: TestBox, grpcio: Core, path: str) -> None:
        asked = [
            ServerReflectionRequest(list_services=""),
            ServerReflectionRequest(file_containing_symbol="girok.feed.v1.FeedService"),
            ServerReflectionRequest(file_by_filename="girok/rpc/common.proto"),
            ServerReflectionRequest(file_containing_symbol="girok.nothing"),
        ]
        async with serving(box) as (address, _):
            answer = await grpcio.call(address, path, *(each.SerializeToString() for each in asked))
        listed, described, file, unknown = [ServerReflectionResponse.FromString(each) for each in answer.messages]
        assert {each.name for each in listed.list_services_response.service} >= {
            "girok.auth.v1.AuthService", "girok.feed.v1.FeedService", "grpc.health.v1.Health"
        }  # fmt: skip
        feed = FileDescriptorProto.FromString(described.file_descriptor_response.file_descriptor_proto[0])
        assert {each.name for each in feed.service[0].method} >= {"GetTimeline", "CreatePost", "GetPost", "LikePost"}
        common = FileDescriptorProto.FromString(file.file_descriptor_response.file_descriptor_proto[0])
        assert {each.name for each in common.message_type} == {"Empty", "PageInfo"}
        assert unknown.error_response.error_code == 5


class TestSecret:
    @pytest.mark.parametrize(("role", "name"), METHODS)
    async def test_every_call_needs_it(self, grpcio: Core, role: str, name: str) -> None:
        path = method(role, name).path
        async with served(contracts=CONTRACTS.values()) as server:
            none = await grpcio.call(server.address, path, b"")
            wrong = await grpcio.call(server.address, path, b"", metadata={"girok-cluster-secret": SECRET[:-1]})
            assert server.answers.begun == []
            right = await grpcio.call(server.address, path, b"", metadata=RIGHT)
        for refused in (none, wrong):
            assert refused.code == "UNAUTHENTICATED"
            assert refused.info is not None
            assert (refused.info.reason, refused.info.domain) == ("CLUSTER_SECRET", "girok")
        assert right.code not in {"UNAUTHENTICATED", "UNIMPLEMENTED"}

    async def test_unknown_method_is_unimplemented(self, grpcio: Core) -> None:
        async with served() as server:
            for path in (f"{FEED}Nothing", "/nothing/Nothing"):
                assert (await grpcio.call(server.address, path, b"", metadata=RIGHT)).code == "UNIMPLEMENTED"


class TestActor:
    async def test_nobody_then_somebody_else_then_the_author(self, box: TestBox, grpcio: Core) -> None:
        ada, ben = await person(box, "ada"), await person(box, "ben")
        async with serving(box) as (address, _):
            create = CreatePostRequest("hello")
            nobody = await ask(grpcio, address, "feed", "create_post", create, metadata=RIGHT)
            assert (nobody.code, nobody.info and nobody.info.reason) == ("UNAUTHENTICATED", "UNAUTHENTICATED")
            made = await ask(grpcio, address, "feed", "create_post", create, metadata=acting(ada.actor))
            post = read("feed", "create_post", made)
            assert (post.text, post.author_id) == ("hello", ada.actor.user_id)
            delete = DeletePostRequest(post.id)
            foreign = await ask(grpcio, address, "feed", "delete_post", delete, metadata=acting(ben.actor))
            assert (foreign.code, foreign.info and foreign.info.reason) == ("PERMISSION_DENIED", "NOT_YOUR_POST")
            gone = await ask(grpcio, address, "feed", "delete_post", delete, metadata=acting(ada.actor))
            assert gone.code == "OK"
            again = await ask(grpcio, address, "feed", "get_post", GetPostRequest(post.id), metadata=RIGHT)
            assert (again.code, again.info and again.info.reason) == ("NOT_FOUND", "POST_NOT_FOUND")
            assert again.info is not None
            assert again.info.metadata["code"] == "NOT_FOUND"

    async def test_an_email_is_shown_to_its_owner_only(self, box: TestBox, grpcio: Core) -> None:
        ada, ben = await person(box, "ada"), await person(box, "ben")
        get = GetUserRequest(ada.actor.user_id)
        async with serving(box) as (address, _):
            seen = [
                read("auth", "get_user", await ask(grpcio, address, "auth", "get_user", get, metadata=each)).email
                for each in (RIGHT, acting(ben.actor), acting(ada.actor))
            ]
        assert seen == [None, None, "ada@example.org"]

    @pytest.mark.parametrize("actor", ["ada", "ada;USER", "ada;ROOT;s", ";USER;s", "ada;USER;s;more", "a;user;s"])
    async def test_one_that_is_malformed_is_refused(self, grpcio: Core, actor: str) -> None:
        async with served() as server:
            metadata = {**RIGHT, "girok-actor": actor}
            answer = await ask(grpcio, server.address, "feed", "get_post", GetPostRequest("say:x"), metadata=metadata)
            assert (answer.code, answer.info and answer.info.reason) == ("INVALID_ARGUMENT", "INVALID_ACTOR")
            assert server.answers.begun == []

    async def test_an_actor_without_the_secret_is_nobody(self, grpcio: Core) -> None:
        async with served() as server:
            metadata = {"girok-actor": "ada;MASTER;s"}
            answer = await ask(grpcio, server.address, "feed", "get_post", GetPostRequest("say:x"), metadata=metadata)
            assert answer.code == "UNAUTHENTICATED"
            assert server.answers.begun == []


class TestErrors:
    @pytest.mark.parametrize(
        ("role", "name", "request_", "code", "reason"),
        [
            ("auth", "login", LoginRequest("a@example.org", "Wr0ng!pass"), "UNAUTHENTICATED", "INVALID_CREDENTIALS"),
            ("auth", "get_user", GetUserRequest("nobody"), "NOT_FOUND", "USER_NOT_FOUND"),
            ("feed", "get_timeline", GetTimelineRequest(), "UNAUTHENTICATED", "UNAUTHENTICATED"),
            ("feed", "get_timeline", GetTimelineRequest(first=101), "UNAUTHENTICATED", "UNAUTHENTICATED"),
        ],
    )
    async def test_status_and_reason_are_those_of_the_contract(
        self, box: TestBox, grpcio: Core, role: str, name: str, request_: Any, code: str, reason: str
    ) -> None:
        async with serving(box) as (address, _):
            answer = await ask(grpcio, address, role, name, request_, metadata=RIGHT)
        assert answer.info is not None
        assert (answer.code, answer.info.reason, answer.info.domain) == (code, reason, "girok")

    async def test_our_own_fault_is_logged_here_and_says_nothing_there(
        self, grpcio: Core, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with served() as server:
            answer = await ask(grpcio, server.address, "feed", "get_post", GetPostRequest("fail:"), metadata=RIGHT)
        assert (answer.code, answer.text) == ("INTERNAL", "Something went wrong.")
        assert answer.info is not None
        assert answer.info.reason == "INTERNAL"
        told = [each for each in caplog.records if each.name == "girok.rpc"]
        assert [each.getMessage() for each in told] == [f"{FEED}GetPost failed"]
        assert "nobody outside may read this" in str(told[0].exc_text or told[0].exc_info)

    async def test_text_of_any_script_and_length_arrives(self, grpcio: Core) -> None:

        long = Text("100% of ünïcode\r\n\x00" + "x" * 50_000, "한국어 " * 20_000)
        async with served() as server:
            server.answers.error = InvalidInput(
                long, details=[FieldError(f"items[{each}]", long) for each in range(90)]
            )
            answer = await ask(grpcio, server.address, "feed", "get_post", GetPostRequest("fail:"), metadata=RIGHT)
        assert answer.code == "INVALID_ARGUMENT"
        assert answer.text.startswith("100% of ünïcode")
        assert answer.info is not None
        assert answer.info.reason == "BAD_USER_INPUT"


class TestMessages:
    async def test_deadline_of_the_caller_is_the_callees(self, grpcio: Core) -> None:
        async with served() as server:
            answer = await ask(
                grpcio, server.address, "feed", "get_post", GetPostRequest("sleep:30"), metadata=RIGHT, timeout=0.3
            )
            assert answer.code in {"DEADLINE_EXCEEDED", "UNAVAILABLE"}
            await become(["sleep:30"], lambda: server.answers.cancelled)

    async def test_deadline_of_the_method_ends_a_call_without_one(self, grpcio: Core) -> None:
        async with served() as server:
            answer = await ask(
                grpcio, server.address, "feed", "get_post", GetPostRequest("sleep:30"), metadata=RIGHT, timeout=60.0
            )
            assert (answer.code, answer.info and answer.info.reason) == ("UNAVAILABLE", "DEADLINE_EXCEEDED")
            await become(["sleep:30"], lambda: server.answers.cancelled)

    async def test_more_than_four_mebibytes_are_refused(self, grpcio: Core) -> None:
        async with served() as server:
            data = b"\x0a" + bytes([0x80, 0x80, 0x80, 0x02]) + b"x" * 2**22
            answer = await grpcio.call(server.address, f"{FEED}CreatePost", data, metadata=RIGHT)
            assert answer.code == "RESOURCE_EXHAUSTED"
            assert server.answers.begun == []

    async def test_compressed_messages_are_unimplemented(self, grpcio: Core) -> None:
        async with served() as server:
            data = method("feed", "create_post").request.encode(CreatePostRequest("say:" + "x" * 10_000))
            answer = await grpcio.call(server.address, f"{FEED}CreatePost", data, metadata=RIGHT, compress=True)
            assert answer.code == "UNIMPLEMENTED"

    @pytest.mark.parametrize("messages", [(), (b"", b"")])
    async def test_one_message_is_expected(self, grpcio: Core, messages: tuple[bytes, ...]) -> None:
        async with served() as server:
            answer = await grpcio.call(server.address, f"{FEED}GetPost", *messages, metadata=RIGHT)
            assert answer.code == "INVALID_ARGUMENT"
            assert server.answers.begun == []

    async def test_bytes_that_are_no_message_are_refused(self, grpcio: Core) -> None:
        async with served() as server:
            answer = await grpcio.call(server.address, f"{FEED}GetPost", b"\xff\xff", metadata=RIGHT)
            assert (answer.code, answer.info and answer.info.reason) == ("INVALID_ARGUMENT", "UNREADABLE_MESSAGE")
            assert (await grpcio.call(server.address, HEALTH, b"\xff\xff")).code == "INVALID_ARGUMENT"

    async def test_an_answer_of_megabytes_arrives(self, grpcio: Core) -> None:
        async with served(Answers()) as server:
            answer = await ask(
                grpcio, server.address, "feed", "get_post", GetPostRequest("long:3000000"), metadata=RIGHT
            )
            assert len(read("feed", "get_post", answer).text) == 3_000_000
