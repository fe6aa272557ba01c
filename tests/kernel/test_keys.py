"""Keys: made once, the same ever after, and refused when others could read them."""

import asyncio
import stat
import sys
from pathlib import Path

import pytest

from girok.keys import DerivedKeys, FileKeys, KeyUnusable

RACER = """
import sys
from pathlib import Path
from girok.keys import FileKeys

keys = FileKeys(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
print(*(keys.get(f"key-{number}").hex() for number in range(200)), flush=True)
"""


class TestGet:
    def test_makes_32_random_bytes_that_stay(self, tmp_path: Path) -> None:
        secret = FileKeys(tmp_path / "keys").get("sessions")
        assert len(secret) == 32
        assert FileKeys(tmp_path / "keys").get("sessions") == secret
        assert FileKeys(tmp_path / "keys").get("objects") != secret

    def test_only_the_owner_can_read_them(self, tmp_path: Path) -> None:
        FileKeys(tmp_path / "keys").get("sessions")
        assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "keys" / "sessions").stat().st_mode) == 0o600

    def test_leaves_nothing_else_behind(self, tmp_path: Path) -> None:
        FileKeys(tmp_path).get("sessions")
        assert [each.name for each in tmp_path.iterdir()] == ["sessions"]

    @pytest.mark.parametrize("name", ["", "..", "a/b", ".a", "A", "a\n"])
    def test_a_name_that_is_no_file_name_is_a_mistake(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(ValueError, match="not a name"):
            FileKeys(tmp_path).get(name)

    async def test_racing_starts_agree(self, tmp_path: Path) -> None:
        racers = [
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                RACER,
                str(tmp_path / "keys"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                cwd=Path(__file__).parents[2],
            )
            for _ in range(3)
        ]
        for each in racers:
            assert each.stdout is not None
            assert await asyncio.wait_for(each.stdout.readline(), 30) == b"ready\n"
        outputs = await asyncio.wait_for(asyncio.gather(*(each.communicate(b"go\n") for each in racers)), 60)
        assert len({output for output, _ in outputs}) == 1
        assert len(set(outputs[0][0].split())) == 200
        assert len(list((tmp_path / "keys").iterdir())) == 200


class TestRefusals:
    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660])
    def test_a_key_that_others_can_read_or_change(self, tmp_path: Path, mode: int) -> None:
        FileKeys(tmp_path).get("sessions")
        (tmp_path / "sessions").chmod(mode)
        with pytest.raises(KeyUnusable, match=f"run `chmod 600 {tmp_path}/sessions`"):
            FileKeys(tmp_path).get("sessions")

    @pytest.mark.parametrize("size", [0, 31, 33])
    def test_a_key_of_a_wrong_size_is_not_made_anew(self, tmp_path: Path, size: int) -> None:
        FileKeys(tmp_path).get("sessions")
        (tmp_path / "sessions").write_bytes(b"x" * size)
        with pytest.raises(KeyUnusable, match="is damaged"):
            FileKeys(tmp_path).get("sessions")
        assert (tmp_path / "sessions").stat().st_size == size

    def test_a_folder_in_its_place(self, tmp_path: Path) -> None:
        (tmp_path / "sessions").mkdir()
        with pytest.raises(KeyUnusable, match="Is a directory"):
            FileKeys(tmp_path).get("sessions")

    def test_a_link_to_nowhere_is_not_replaced(self, tmp_path: Path) -> None:
        (tmp_path / "sessions").symlink_to(tmp_path / "unmounted" / "sessions")
        with pytest.raises(KeyUnusable, match="No such file"):
            FileKeys(tmp_path).get("sessions")

    def test_a_place_where_none_can_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "keys").write_text("")
        with pytest.raises(KeyUnusable, match="cannot be used"):
            FileKeys(tmp_path / "keys").get("sessions")


class TestDerivedKeys:
    def test_are_the_same_in_every_process_with_the_secret(self) -> None:
        secret = DerivedKeys("0123456789abcdef").get("sessions")
        assert secret == DerivedKeys("0123456789abcdef").get("sessions")
        assert len(secret) == 32

    def test_differ_by_name_and_by_secret(self) -> None:
        keys = [DerivedKeys(secret).get(name) for secret in ("0123456789abcdef", "another secret..") for name in "ab"]
        assert len(set(keys)) == 4

    def test_a_wrong_name_is_an_error_of_ours(self) -> None:
        with pytest.raises(ValueError, match="not a name of a key"):
            DerivedKeys("0123456789abcdef").get("../x")
