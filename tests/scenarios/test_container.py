"""The story told by the container's image, which the Containerfile's own steps made."""

import os
import shutil
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from girok.testing.client import Browser
from tests.architecture.sources import ROOT
from tests.scenarios import story
from tests.scenarios.base_image import NoBaseImage, base_image
from tests.scenarios.container import Container, Image, build, run, running
from tests.scenarios.containerfile import Instruction, context_files, parse

SETTINGS = {"GIROK_WEB_ORIGINS": "https://girok.example.org", "GIROK_HTTP_PORT": "0"}
ME = "{ me { username } }"
ADA = f'email: "ada@example.org", username: "ada", password: "{story.PASSWORD}", name: "Ada"'
REGISTER = f"mutation {{ register(input: {{ {ADA} }}) {{ success }} }}"


class TestContainerfile:
    """How this reader reads one."""

    def test_lines_go_on_and_comments_do_not(self) -> None:
        text = 'FROM a AS b\nRUN one \\\n    # why\n    && two\nFROM a\n# no\nCOPY --from=b /x /y\nENTRYPOINT ["c"]\n'
        build, final = parse(text)
        assert (build.base, build.name, build.steps) == ("a", "b", [Instruction("RUN", {}, "one && two")])
        assert final.steps == [Instruction("COPY", {"from": "b"}, "/x /y"), Instruction("ENTRYPOINT", {}, '["c"]')]

    @pytest.mark.parametrize("line", ["ARG X=1", "RUN --mount=type=cache,target=/x y", "COPY --chown=1 a b"])
    def test_what_is_not_read_is_refused(self, line: str) -> None:
        with pytest.raises(ValueError, match="does not know"):
            parse(f"FROM a\n{line}\n")

    def test_the_context_holds_what_the_last_fitting_rule_lets_in(self, tmp_path: Path) -> None:
        for each in ("a/b/c", "a/__pycache__/d", "e/f", "g"):
            (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / each).touch()
        found = context_files(tmp_path, "# a comment\n*\n!a\n!g\n**/__pycache__\n")
        assert [str(each) for each in found] == ["a/b/c", "g"]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """The image of this checkout; gone at the end, as it is large."""
    folder = tmp_path_factory.mktemp("image")
    try:
        base_image(folder / "base")
        yield build(ROOT, folder / "base", folder)
    except NoBaseImage as why:
        pytest.skip(str(why))
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def girok(image: Image, tmp_path: Path) -> Iterator[Container]:
    """It runs, with a new volume."""
    with running(image, tmp_path / "volume", **SETTINGS) as container:
        yield container
        assert "Traceback" not in container.log


def files(root: Path) -> dict[str, tuple[int, ...]]:
    """Every file below, with what changes when it is written, renamed or made."""
    found: dict[str, tuple[int, ...]] = {}
    for folder, folders, names in os.walk(root):
        for name in [*folders, *names]:
            about = (Path(folder) / name).lstat()
            found[f"{folder}/{name}"] = (about.st_ino, about.st_mode, about.st_size, about.st_ctime_ns)
    return found


@pytest.mark.external
@pytest.mark.slow
@pytest.mark.timeout(900)
class TestContainer:
    async def test_tells_the_story_and_writes_nothing_but_its_volume(self, image: Image, tmp_path: Path) -> None:
        before = files(image.root)
        with running(image, tmp_path / "volume", **SETTINGS) as girok:
            await story.tell(girok.url)
            girok.check()
            assert girok.kill(signal.Signals[image.stop_signal]) == 0
        assert files(image.root) == before

    async def test_its_files_are_for_its_user_only(self, girok: Container) -> None:
        await story.tell(girok.url)
        user = int(girok.image.user.partition(":")[0])
        found = {path: path.lstat() for path in [girok.data, *girok.data.rglob("*")]}
        assert {path.name for path in found} >= {"girok.db", "girok.sock", "keys"}
        assert {about.st_uid for about in found.values()} == {user}
        modes = {(stat.S_ISDIR(about.st_mode), oct(stat.S_IMODE(about.st_mode))) for about in found.values()}
        assert modes == {(True, "0o700"), (False, "0o600")}

    def test_its_process_has_no_rights(self, girok: Container) -> None:
        lines = dict(
            line.split(":\t", 1) for line in Path(f"/proc/{girok.pid}/status").read_text().splitlines() if ":\t" in line
        )
        assert "0" not in lines["Uid"].split() + lines["Gid"].split() + lines["Groups"].split()
        assert int(lines["CapEff"], 16) == 0
        (volume,) = girok.image.volumes
        outside = ["find", "/", "-path", "/proc", "-prune", "-o", "-path", volume, "-prune", "-o"]
        assert girok.execute([*outside, "-type", "f", "-writable", "-print"]).stdout.split() == []

    def test_listens_on_every_address(self, girok: Container) -> None:
        _, port = girok.address
        with socket.create_connection(("127.0.0.2", port), timeout=60):
            assert girok.get("/livez").status == 200

    def test_its_health_check_tells_whether_it_serves(self, image: Image, girok: Container) -> None:
        checked = girok.execute(image.healthcheck)
        assert (checked.returncode, checked.stderr) == (0, "")
        assert " is ready\n  pid     1\n" in checked.stdout
        assert run(image, image.healthcheck, **SETTINGS).returncode == 1

    async def test_keeps_its_data_when_it_is_killed_and_needs_no_other_place_to_write(
        self, image: Image, tmp_path: Path
    ) -> None:
        volume = tmp_path / "volume"
        with running(image, volume, read_only=True, **SETTINGS) as girok:
            async with Browser(girok.url) as ada:
                await story.register(ada, "ada")
                post = await story.create_post(ada, "kept")
            girok.kill(signal.SIGKILL)
        with running(image, volume, read_only=True, **SETTINGS) as girok:
            async with Browser(girok.url) as again:
                again.cookies = ada.cookies
                assert (await again.graphql(ME)).data == {"me": {"username": "ada"}}
                assert [each["node"]["id"] for each in (await story.timeline(again))["edges"]] == [post["id"]]
            assert girok.kill(signal.SIGTERM) == 0

    def test_is_not_started_without_the_origins_of_its_clients(self, image: Image) -> None:
        refused = run(image, image.entrypoint)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert refused.stderr.startswith("girok: web.origins (GIROK_WEB_ORIGINS): must be set in production")

    def test_holds_no_tools_and_no_caches(self, image: Image) -> None:
        tools = run(image, ["/bin/sh", "-c", "command -v uv uvx cc gcc make hatchling pytest nats-server"])
        assert tools.stdout == ""
        left = [f"{image.root}{each}" for each in ("/tmp", "/src", "/root/.cache", "/root/.local")]
        assert [path for each in map(Path, left) if each.exists() for path in each.iterdir()] == []


@pytest.mark.external
@pytest.mark.slow
@pytest.mark.timeout(900)
class TestBehindAProxy:
    """One that ends TLS: the browser's https arrives as plain http for the host that it asked for."""

    @pytest.mark.parametrize(
        ("settings", "reasons"), [({}, ["INSECURE_TRANSPORT"]), ({"GIROK_SESSION_INSECURE": "true"}, [])]
    )
    async def test_people_sign_in_only_where_the_settings_vouch_for_it(
        self, image: Image, tmp_path: Path, settings: dict[str, str], reasons: list[str]
    ) -> None:
        with running(image, tmp_path / "volume", **SETTINGS, **settings) as girok:
            asked = {"host": "girok.example.org", "origin": "https://girok.example.org"}
            async with Browser(girok.url) as ada:
                answer = await ada.graphql(REGISTER, **asked)
                assert [each["extensions"]["reason"] for each in answer.body.get("errors", [])] == reasons
