"""One request is one trace over processes: GraphQL, gRPC, and through NATS to the consumer."""

from pathlib import Path

from girok.servers.process import ServerProcess
from girok.testing.client import Browser
from girok.testing.cluster import processes, servers
from girok.testing.collector import Span, collecting
from tests.scenarios.story import create_post, eventually, register

CALL = "girok.feed.v1.FeedService/CreatePost"
BFF, FEED = ("auth", "personal", "bff"), ("feed",)


class TestCluster:
    async def test_a_post_and_its_fan_out_are_one_trace(
        self, tmp_path: Path, postgres_server: ServerProcess, s3_server: ServerProcess
    ) -> None:
        with collecting() as collector:
            env = {"GIROK_TRACES_ENDPOINT": collector.url}
            async with (
                servers(postgres_server, s3_server, **env) as shared,
                processes(tmp_path, shared.env, "bff,auth,personal", "feed") as (bff, _),
                Browser(bff.base_url) as ada,
            ):
                await register(ada, "ada")
                await create_post(ada, "hello")

                async def arrived() -> bool:
                    fan_outs = [each for each in collector.spans if each.name == "feed.fan-out"]
                    return bool(fan_outs) and len(collector.trace(fan_outs[0].trace)) >= 5

                await eventually(arrived)
        fan_out = next(each for each in collector.spans if each.name == "feed.fan-out")
        assert [(each.name, each.kind, each.roles) for each in ancestry(collector.spans, fan_out)] == [
            ("feed.fan-out", "consumer", FEED),
            (CALL, "server", FEED),
            (CALL, "client", BFF),
            ("graphql", "internal", BFF),
            ("POST", "server", BFF),
        ]


def ancestry(spans: list[Span], last: Span) -> list[Span]:
    """A span, its parent, and so on to the first of the trace."""
    by_id = {each.id: each for each in spans}
    found = [last]
    while found[-1].parent:
        found.append(by_id[found[-1].parent])
    return found
