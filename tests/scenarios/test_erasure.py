"""Somebody deletes their account. Then every store is searched for them: all tables, whichever there are, and the rest.

What remains is said here, and in the READMEs of auth and feed: the id in two tables of auth; in a cluster the events of
the last days, ids only, and for a minute that something was changed; mails, where they are kept as files.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from girok.servers.process import ServerProcess
from girok.testing.box import CHEAP
from girok.testing.client import Browser
from girok.testing.cluster import processes, servers
from girok.testing.mongo import new_database
from girok.testing.process import running
from tests.kernel.cli.process import girok
from tests.scenarios import store_postgres, stores
from tests.scenarios.audit import settled
from tests.scenarios.story import PASSWORD, create_post, eventually, register, texts

USERNAME, EMAIL, NAME = "sklodowska", "Polonia.1867@example.org", "Marya Salomea"
DEVICE = "Netscape on a Difference Engine"
POSTS = ("polonium came first", "radium glows at night")
PERSONAL = (EMAIL, USERNAME, NAME, DEVICE, *POSTS)
MAIL = "mutation { requestEmailVerification }"
REGISTER = "mutation($input: RegisterInput!) { register(input: $input) { user { id } } }"
LOGIN = "mutation($input: LoginInput!) { login(input: $input) { success } }"
LIKE = "mutation($id: ID!) { likePost(id: $id) { likeCount } }"
LIKES = "query($id: ID!) { post(id: $id) { likeCount } }"
FOLLOW = "mutation($username: String!) { follow(username: $username) { id } }"
DELETE = "mutation($password: String) { deleteMe(password: $password) }"


class Life(NamedTuple):
    """Somebody who is about to go: their browsers, and the words that tell of them; somebody who stays, with a post."""

    id: str
    browsers: tuple[Browser, Browser]
    ben: Browser
    bens_post: str

    @property
    def words(self) -> tuple[str, ...]:
        return (self.id, *PERSONAL)

    @property
    def kept(self) -> dict[str, set[str]]:
        """What tables hold of them for good."""
        return {"auth_audit": {self.id}, "auth_erasure": {self.id}}


@asynccontextmanager
async def lived(base_url: str) -> AsyncGenerator[Life, None]:
    """Two sessions, mail, posts, likes and follows both ways."""
    async with Browser(base_url) as one, Browser(base_url) as other, Browser(base_url) as ben:
        account = {"email": EMAIL, "username": USERNAME, "password": PASSWORD, "name": NAME}
        registered = await one.graphql(REGISTER, {"input": account}, user_agent=DEVICE)
        await other.graphql(LOGIN, {"input": {"email": EMAIL, "password": PASSWORD}}, user_agent=DEVICE)
        await one.graphql(MAIL)
        await register(ben, "ben")
        post = await create_post(ben, "from ben")
        await one.graphql(FOLLOW, {"username": "ben"})
        await ben.graphql(FOLLOW, {"username": USERNAME})
        await one.graphql(LIKE, {"id": post["id"]})
        for text in POSTS:
            await ben.graphql(LIKE, {"id": (await create_post(one, text))["id"]})

        async def read() -> bool:
            return len(await texts(ben)) == len(await texts(other)) == 1 + len(POSTS)

        await eventually(read)
        yield Life(registered.data["register"]["user"]["id"], (one, other), ben, post["id"])


async def delete_account(life: Life) -> None:
    """The mutation; the cookies of all browsers are dead with its answer."""
    one, other = life.browsers
    stolen = dict(one.cookies)
    assert (await one.graphql(DELETE, {"password": "Wr0ng!pass"})).error["reason"] == "INVALID_PASSWORD"
    assert (await other.graphql("{ me { username } }")).data["me"] == {"username": USERNAME}
    assert (await one.graphql(DELETE, {"password": PASSWORD})).data["deleteMe"] is True
    one.cookies = stolen
    for each in (one, other):
        assert (await each.graphql("{ timeline { edges { cursor } } }")).error["code"] == "UNAUTHENTICATED"
        assert (await each.graphql("{ me { username } }")).data["me"] is None


async def erase_by_command(life: Life, data: Path) -> None:
    """`girok user erase` beside the running girok; the cookies of all browsers are dead when it ends."""
    erase = ("user", "erase", USERNAME, "--yes", "--data", str(data))
    done = await asyncio.to_thread(lambda: girok(*erase, env=CHEAP))
    assert (done.code, done.out, done.err) == (0, f"erased {USERNAME} ({EMAIL}), USER, {life.id}\n", "")
    for each in life.browsers:
        assert (await each.graphql("{ timeline { edges { cursor } } }")).error["code"] == "UNAUTHENTICATED"


async def is_gone_for_others(life: Life) -> bool:
    """Whether nobody sees anything of them."""
    query = f'{{ user(username: "{USERNAME}") {{ id }} me {{ followerCount followingCount }} }}'
    seen = (await life.ben.graphql(query)).data
    likes = (await life.ben.graphql(LIKES, {"id": life.bens_post})).data["post"]
    return (
        seen == {"user": None, "me": {"followerCount": 0, "followingCount": 0}}
        and likes == {"likeCount": 0}
        and await texts(life.ben) == ["from ben"]
    )


def check_files(folder: Path, life: Life) -> None:
    """Only the mails that girok keeps where no server sends them tell of somebody; a log may name an id."""
    for data in (path for path in folder.iterdir() if path.is_dir()):
        assert stores.in_files(data, life.words).keys() <= {"mail"}
    for log in folder.glob("*.log"):
        assert not [word for word in PERSONAL if word.lower() in log.read_text().lower()]


class TestOneBox:
    async def test_nothing_remains_but_the_id_in_two_tables_and_mail(self, tmp_path: Path) -> None:
        async with running(tmp_path / "data", env=CHEAP) as box:
            async with lived(box.base_url) as life:
                await delete_account(life)
                await eventually(lambda: is_gone_for_others(life))
            await settled(box.base_url)
            assert await box.stop() == 0
        found = await stores.in_sqlite(tmp_path / "data" / "girok.db", life.words)
        assert found == life.kept
        assert stores.in_files(tmp_path / "data", life.words) == {"mail": {EMAIL, NAME}}
        check_files(tmp_path, life)

    async def test_an_operator_erases_as_wholly(self, tmp_path: Path) -> None:
        async with running(tmp_path / "data", env=CHEAP) as box:
            async with lived(box.base_url) as life:
                await erase_by_command(life, box.data)
                await eventually(lambda: is_gone_for_others(life))
            await settled(box.base_url)
            assert await box.stop() == 0
        found = await stores.in_sqlite(tmp_path / "data" / "girok.db", life.words)
        assert found == life.kept
        check_files(tmp_path, life)

    async def test_nothing_remains_on_mongodb(self, tmp_path: Path, mongo_url: str) -> None:
        async with new_database(mongo_url) as url:
            env = {**CHEAP, "GIROK_FEED_STORE": "mongo", "GIROK_MONGO_URL": url}
            async with running(tmp_path / "data", env=env) as box:
                async with lived(box.base_url) as life:
                    assert (await stores.in_mongo(url, life.words)).keys() >= {"feed_post", "feed_like", "feed_follow"}
                    await delete_account(life)
                    await eventually(lambda: is_gone_for_others(life))
                await settled(box.base_url)

                async def is_gone_in_mongo() -> bool:
                    return not await stores.in_mongo(url, life.words)

                await eventually(is_gone_in_mongo)
                assert await box.stop() == 0
            found = await stores.in_sqlite(tmp_path / "data" / "girok.db", life.words)
            assert found == life.kept


class TestCluster:
    async def test_nothing_remains_but_the_id_in_two_tables_and_what_goes_by_itself(
        self, tmp_path: Path, postgres_server: ServerProcess, s3_server: ServerProcess
    ) -> None:
        async with (
            servers(postgres_server, s3_server, **CHEAP) as shared,
            processes(tmp_path, shared.env, "bff,auth,personal", "feed") as (front, feed),
        ):
            database = shared.env["GIROK_DATABASE_URL"]
            async with lived(front.base_url) as life:
                before = await stores.in_postgres(database, life.words)
                assert before.keys() > {"auth_user", "bff_session", "feed_post", "feed_like", "feed_follow"}
                await delete_account(life)
                await eventually(lambda: is_gone_for_others(life))
            await store_postgres.outbox_drained(database)
            for each in (front, feed):
                await settled(each.base_url)
            found = await stores.in_postgres(database, life.words)
            assert found == life.kept
            assert await stores.in_jetstream(shared.nats, life.words) == {
                ("AUTH", 7.0): {life.id},
                ("FEED", 30.0): {life.id},
            }
            in_valkey = await stores.in_valkey(shared.valkey, life.words)
            assert all(0 < seconds <= 60 and held == {life.id} for seconds, held in in_valkey.items()), in_valkey
            check_files(tmp_path, life)
