"""`girok user export` beside two processes of a cluster: from where either runs, all parts come."""

import json
from pathlib import Path

from girok.servers.process import ServerProcess
from girok.testing.box import CHEAP
from girok.testing.client import Browser
from girok.testing.cluster import processes, servers
from tests.kernel.cli.process import girok
from tests.scenarios.story import create_post, register


class TestCluster:
    async def test_one_process_tells_what_all_of_them_store(
        self, tmp_path: Path, postgres_server: ServerProcess, s3_server: ServerProcess
    ) -> None:
        async with (
            servers(postgres_server, s3_server, **CHEAP) as shared,
            processes(tmp_path, shared.env, "bff,auth,personal", "feed") as (front, _),
            Browser(front.base_url) as ada,
        ):
            await register(ada, "ada")
            post = await create_post(ada, "dear diary")
            done = girok("user", "export", "ada", "--data", str(front.data), env=dict(shared.env))
        assert (done.code, done.err) == (0, "")
        lines = [json.loads(line) for line in done.out.splitlines()]
        assert [(each["domain"], each["kind"]) for each in lines][:2] == [("auth", "account"), ("auth", "session")]
        assert list(dict.fromkeys(each["domain"] for each in lines)) == ["auth", "feed", "personal"]
        assert [each["data"]["id"] for each in lines if each["kind"] == "post"] == [post["id"]]
