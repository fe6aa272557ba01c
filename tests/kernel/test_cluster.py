"""What runs in a process of a cluster, role by role, and what it has around it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from girok.events.jetstream_bus import JetStreamBus
from girok.manifest import discover
from girok.ratelimit_valkey import ValkeyRateLimiter
from girok.refusal import Refusal
from girok.roles import resolve
from girok.rpc.listener import Listener
from girok.rpc.membership import Membership
from girok.servers.process import ServerProcess
from girok.settings_load import load
from girok.testing.cluster import Servers, servers
from girok.testing.process import free_port
from girok.wiring import Box, open_box
from plugins.auth.ports import AuthService
from plugins.feed.ports import FeedService

MANIFESTS = discover()
AUTH = ["auth.mail"]
BFF = ["bff.erasure"]
FEED = ["feed.back-fill", "feed.erasure", "feed.fan-out", "feed.removal"]
PERSONAL = ["personal.erasure", "personal.preferences"]


@pytest.fixture
async def shared(postgres_server: ServerProcess, s3_server: ServerProcess) -> AsyncGenerator[Servers, None]:
    async with servers(postgres_server, s3_server) as found:
        yield found


@asynccontextmanager
async def opened(shared: Servers, data: Path, *roles: str, **env: str) -> AsyncGenerator[Box, None]:
    """A process with these roles (all without any), open and not started."""
    settings = load(MANIFESTS, env={**shared.env, **env}, flags={"data": str(data)})
    async with open_box(settings, MANIFESTS, resolve(MANIFESTS, roles)) as box:
        yield box


def is_local(port: Any, method: str) -> bool:
    """Whether a port is answered in this process."""
    return getattr(port, method).__module__ == "girok.port"


class TestRoles:
    @pytest.mark.parametrize(
        ("roles", "auth", "feed", "served", "consumers"),
        [
            ("", "here", "here", "auth feed personal", [*AUTH, *BFF, *FEED, *PERSONAL]),
            ("auth", "here", None, "auth", AUTH),
            ("feed", "elsewhere", "here", "feed", FEED),
            ("bff", "elsewhere", "elsewhere", "", BFF),
            ("bff auth", "here", "elsewhere", "auth", [*AUTH, *BFF]),
            ("bff feed", "elsewhere", "here", "feed", [*BFF, *FEED]),
            ("auth feed", "here", "here", "auth feed", [*AUTH, *FEED]),
            ("personal", "elsewhere", None, "personal", PERSONAL),
            ("auth personal", "here", None, "auth personal", [*AUTH, *PERSONAL]),
        ],
    )
    async def test_what_runs_where(
        self,
        shared: Servers,
        tmp_path: Path,
        roles: str,
        auth: str | None,
        feed: str | None,
        served: str,
        consumers: list[str],
    ) -> None:
        async with opened(shared, tmp_path / "data", *roles.split()) as box:
            found = box.kit.ports._ports
            places = {
                AuthService: is_local(found[AuthService], "get_user") if AuthService in found else None,
                FeedService: is_local(found[FeedService], "get_post") if FeedService in found else None,
            }
            where = {None: None, True: "here", False: "elsewhere"}
            assert [where[each] for each in places.values()] == [auth, feed]
            assert [each.role for each in box.around._served] == served.split()  # type: ignore[attr-defined]
            assert sorted(each.consumer.name for each in box.bus._workers) == consumers  # type: ignore[attr-defined]

    async def test_every_process_has_its_parts_and_servers(self, shared: Servers, tmp_path: Path) -> None:
        async with opened(shared, tmp_path / "data", "auth") as box:
            assert [type(each) for each in box.parts] == [JetStreamBus, Listener, Membership]
            assert {name: count for each in box.parts for name, count in each.counts().items()} == {
                "girok_relay_published_total": 0,
                "girok_relay_waiting": 0,
                "girok_grpc_connections": 0,
                "girok_members": 0,
            }
            assert isinstance(box.kit.limiter, ValkeyRateLimiter)
            assert box.kit.db.dialect == "postgres"
            assert set(box.around.probes) == {"nats", "peers", "valkey", "cluster"}

    async def test_what_a_role_does_not_need_is_not_there(self, shared: Servers, tmp_path: Path) -> None:
        async with opened(shared, tmp_path / "data", "feed", GIROK_VALKEY_URL="") as box:
            assert box.kit.valkey is None
            with pytest.raises(LookupError, match=r"no role of this process has 's3' in MANIFEST\.needs"):
                box.kit.objects.stat  # noqa: B018

    async def test_fixed_peers_that_nobody_called_yet_are_looked_for(self, shared: Servers, tmp_path: Path) -> None:
        nowhere = {"GIROK_PEERS_AUTH": f"127.0.0.1:{free_port()}"}
        async with opened(shared, tmp_path / "data", "feed", **nowhere) as box:
            await box.parts[-1].start()
            assert await box.around.probes["peers"].probe() == "nobody answers for auth"

    async def test_processes_share_their_keys(self, shared: Servers, tmp_path: Path) -> None:
        async with opened(shared, tmp_path / "a", "auth") as one, opened(shared, tmp_path / "b", "bff") as other:
            assert one.kit.keys.get("sessions") == other.kit.keys.get("sessions")


class TestRefusals:
    @pytest.mark.parametrize(
        ("env", "message"),
        [
            (
                {"GIROK_DATABASE_URL": ""},
                r"database\.url \(GIROK_DATABASE_URL\) is needed in a cluster .* by auth, feed, personal",
            ),
            ({"GIROK_VALKEY_URL": ""}, r"valkey\.url \(GIROK_VALKEY_URL\) is needed in a cluster .* by auth"),
            ({"GIROK_CLUSTER_SECRET": ""}, r"cluster\.secret \(GIROK_CLUSTER_SECRET\)"),
            ({"GIROK_CLUSTER_SECRET": "short"}, "to 16 characters or more"),
            ({"GIROK_CLUSTER_TLS_CERT": "x"}, r"cluster\.tls_key"),
        ],
    )
    async def test_what_is_missing_is_named_before_anything_is_made(
        self, shared: Servers, tmp_path: Path, env: dict[str, str], message: str
    ) -> None:
        with pytest.raises(Refusal, match=message):
            async with opened(shared, tmp_path / "data", **env):
                """Never reached."""
        assert not (tmp_path / "data").exists()
