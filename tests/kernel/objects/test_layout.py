"""Keys as files: no way out of the bucket, no clash, nothing left behind."""

import string
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from girok.objects.files import ObjectsUnusable
from girok.objects.port import BUCKETS, InvalidKey, check_key, check_prefix
from girok.objects.tree import Tree
from tests.kernel.objects.support import content, files_under, open_store, put

ALPHABET = string.ascii_letters + string.digits + "._/-"
TOP = Path("/data/objects/public")
hostile = st.text(st.sampled_from("aA.-_/@%\\ ~\0\n\u2215\uff0e"), max_size=12) | st.text(max_size=600)
keys = st.lists(st.text(st.sampled_from("aB.-_0"), min_size=1, max_size=3), min_size=1, max_size=4).map("/".join)
valid_keys = keys.filter(lambda key: not {".", ".."} & set(key.split("/")))


def _accepted(check: Callable[[str], None], text: str) -> bool:
    try:
        check(text)
    except InvalidKey:
        return False
    return True


class TestKeysAndPaths:
    @given(hostile)
    def test_whatever_is_a_key_stays_in_its_bucket(self, text: str) -> None:
        path = Tree(TOP).path(text)
        inside = path.is_relative_to(TOP) and path != TOP and ".." not in path.parts
        assert not _accepted(check_key, text) or (inside and max(map(len, path.parts)) <= 255)

    @given(hostile)
    def test_only_the_alphabet_of_the_contract_makes_keys(self, text: str) -> None:
        segments = text.split("/")
        by_hand = (
            len(text) <= 512
            and all(character in ALPHABET for character in text)
            and not {"", ".", ".."} & set(segments)
            and max(map(len, segments)) <= 200
        )
        assert _accepted(check_key, text) == by_hand

    @given(hostile)
    def test_what_a_prefix_leads_to_stays_in_its_bucket(self, text: str) -> None:
        folders = text.split("/")[:-1]
        assert not _accepted(check_prefix, text) or not {"", ".", ".."} & set(folders)

    @given(valid_keys)
    def test_a_valid_key_is_accepted_and_so_is_all_it_begins_with(self, key: str) -> None:
        check_key(key)
        for end in range(len(key) + 1):
            check_prefix(key[:end])

    @given(valid_keys, valid_keys)
    def test_no_file_has_the_name_of_another_keys_folder(self, one: str, other: str) -> None:
        first, second = Tree(TOP).path(one), Tree(TOP).path(other)
        assert (first == second) == (one == other)
        assert first not in second.parents


class TestAnySetOfKeys:
    @settings(max_examples=40, deadline=None)
    @given(st.sets(valid_keys, max_size=8), st.data())
    def test_all_exist_at_once_and_are_listed_by_any_prefix(self, some: set[str], data: st.DataObject) -> None:
        prefix = data.draw(st.sampled_from(["", "a", "B/"]) | valid_keys)
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "source"
            source.write_bytes(b"")
            tree = Tree(Path(folder) / "public")
            tree.top.mkdir()
            for key in some:
                tree.publish(source, key)
            assert [key for key, _ in tree.walk(prefix)] == sorted(key for key in some if key.startswith(prefix))
            for key in some:
                tree.remove(key)
            assert list(tree.top.iterdir()) == []


class TestTheDirectory:
    async def test_its_files_lie_where_an_operator_looks_for_them(self, tmp_path: Path) -> None:
        store = open_store(tmp_path / "objects")
        await put(store, "public", "u1/photo.png", b"pixels")
        assert files_under(tmp_path) == ["objects/public/u1/@photo.png"]
        assert (tmp_path / "objects/public/u1/@photo.png").read_bytes().startswith(b"pixels")

    async def test_nobody_else_on_the_machine_looks_into_it(self, tmp_path: Path) -> None:
        open_store(tmp_path / "objects")
        assert (tmp_path / "objects").stat().st_mode & 0o777 == 0o700

    async def test_the_last_object_takes_its_folders_along(self, tmp_path: Path) -> None:
        store = open_store(tmp_path)
        await put(store, "temp", "a/b/c", b"x")
        await put(store, "temp", "a/d", b"x")
        await store.delete("temp", "a/b/c")
        assert [path.name for path in (tmp_path / "temp/a").iterdir()] == ["@d"]
        await store.delete("temp", "a/d")
        assert list((tmp_path / "temp").iterdir()) == []

    async def test_opened_again_it_has_the_same_objects(self, tmp_path: Path) -> None:
        store = open_store(tmp_path)
        for bucket in BUCKETS:
            await put(store, bucket, "a", bucket.encode())
        before = [info for bucket in BUCKETS async for info in store.list(bucket)]
        again = open_store(tmp_path)
        assert [info for bucket in BUCKETS async for info in again.list(bucket)] == before
        assert await content(again, "private", "a") == b"private"

    async def test_a_stray_file_is_no_object(self, tmp_path: Path) -> None:
        store = open_store(tmp_path)
        (tmp_path / "public/.DS_Store").write_bytes(b"x")
        assert [info async for info in store.list("public")] == []

    @pytest.mark.parametrize("place", ["", "public"])
    def test_a_file_in_its_place_is_refused(self, tmp_path: Path, place: str) -> None:
        root = tmp_path / "objects"
        (root / place).parent.mkdir(exist_ok=True)
        (root / place).write_bytes(b"")
        with pytest.raises(ObjectsUnusable, match="exists"):
            open_store(root)
