"""Common passwords: what people make of words that everybody tries, and nothing that only holds such a word."""

import asyncio
import random
import string
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.auth.common_passwords import BadList, CommonPasswords, own_list

SPECIALS = "@$!%*?&"


@pytest.fixture(scope="module")
def common() -> CommonPasswords:
    return asyncio.run(CommonPasswords(listed=True).load())


def generated(length: int, seed: int) -> str:
    """What a password manager makes, with one of each class."""
    chance = random.Random(seed)
    classes = (string.ascii_lowercase, string.ascii_uppercase, string.digits, SPECIALS)
    found = [chance.choice(each) for each in (*classes, *["".join(classes)] * (length - 4))]
    chance.shuffle(found)
    return "".join(found)


class TestCommonPassword:
    @pytest.mark.parametrize(
        "password",
        [
            "Password1!", "Password!", "!1Password", "Password2024!", "pASSWORD?", "Welcome1!", "Letmein12!",
            "Summer2024!", "Korea2024!", "Samsung1!", "Alice123!", "Love1234!", "Trustno1!", "Abc123!@", "Admin@123",
            "Iloveyou&1",
        ],
    )  # fmt: skip
    def test_is_a_common_word_with_a_few_digits_and_symbols_around_it(
        self, common: CommonPasswords, password: str
    ) -> None:
        assert password in common

    @pytest.mark.parametrize(
        "password", ["Passw0rd!", "P@ssw0rd1", "P@$$w0rd1", "M0nkey!!", "B4seball!", "Footba11!", "Hell0!1234"]
    )  # fmt: skip
    def test_is_such_a_word_with_substitutes(self, common: CommonPasswords, password: str) -> None:
        assert password in common

    @pytest.mark.parametrize(
        "password",
        [
            "Qwer1234!", "1q2w3e4r!Q", "Qwerty12!", "Asdf1234!", "Zxcvbnm1!", "1qaz@WSX", "!QAZ2wsx", "Zaq12wsx!",
            "Abcd1234!", "Abcdefg1!", "Qwe123!@#", "Aaaaaa1!", "1Aaaaaaaa!", "1qaz2wsx3edc4rfv!Q", "Poiu0987!",
        ],
    )  # fmt: skip
    def test_is_drawn_on_the_keyboard(self, common: CommonPasswords, password: str) -> None:
        assert password in common

    @pytest.mark.parametrize("password", ["Qlalfqjsgh1!", "Dkssud12!", "Tkfkdgo1!", "Saranghae1!"])
    def test_is_korean_too(self, common: CommonPasswords, password: str) -> None:
        assert password in common


class TestOtherPassword:
    @pytest.mark.parametrize(
        "password",
        [
            "Str0ng!pass", "Str0ng!Pass1", "Wr0ng!pass", "Passw0rd!x", "Passw0rd!1a", "Passw0rd!8f3a2c",
            "Password!Password1", "Correct1!Horse", "CorrectHorseBatteryStaple1!", "Secret!Garden7", "Summer-of-2024!",
            "Qwerty!Monkey1", "Aa1!aaaa", "Aa1!비밀번호", "비밀번호Password1!", "Aa1!" + "a" * 1020,
            "Passw0rd!123456",
        ],
    )  # fmt: skip
    def test_may_hold_common_words(self, common: CommonPasswords, password: str) -> None:
        assert password not in common

    @given(st.integers(12, 64), st.integers())
    def test_is_what_a_password_manager_makes(self, common: CommonPasswords, length: int, seed: int) -> None:
        assert generated(length, seed) not in common

    def test_of_eight_random_characters_is_hardly_ever_refused(self, common: CommonPasswords) -> None:
        assert sum(generated(8, seed) in common for seed in range(5000)) <= 10

    @given(st.text(st.characters(), max_size=100))
    def test_is_any_text_with_something_random_after_it(self, common: CommonPasswords, text: str) -> None:
        assert text + "Xk9!pLm2" not in common


class TestCost:
    def test_of_a_check_is_below_a_millisecond(self, common: CommonPasswords) -> None:
        worst = ["qwe" * 21, "a" + "1" * 63, "1!" * 31 + "a", "1!0$5" * 12 + "a", "A" * 1_000_000]
        for password in worst:
            began = time.thread_time()
            _ = [password in common for _ in range(100)]
            assert time.thread_time() - began < 0.1, password

    async def test_of_loading_is_paid_once_and_beside_the_loop(self) -> None:
        common = CommonPasswords(listed=True)
        loading = [asyncio.create_task(common.load()) for _ in range(20)]
        await asyncio.sleep(0)
        loading[0].cancel()
        await asyncio.gather(*loading, return_exceptions=True)
        first = common._words
        assert len(first) > 15_000
        assert (await common.load())._words is first
        assert "zxcvbn" not in sys.modules


class TestSwitchedOff:
    async def test_refuses_nothing(self) -> None:
        common = await CommonPasswords(listed=False).load()
        assert "Password1!" not in common
        assert "Qwer1234!" not in common


class TestOwnList:
    async def test_adds_passwords_and_words(self, tmp_path: Path) -> None:
        path = tmp_path / "list.txt"
        path.write_bytes("\ufeffGirok\r\n\r\n  Our-Town99  \n기록\n".encode())
        common = await CommonPasswords(listed=False, own=own_list(str(path))).load()
        for refused in ("Girok2026!", "G1rok!!99", "oUR-tOWN99", "Our-Town99!"):
            assert refused in common
        for good in ("Girok-and-2026!", "Our-Town98", "기록Aa1!", ""):
            assert good not in common

    def test_of_no_file_is_empty(self) -> None:
        assert own_list("") == frozenset()

    def test_that_is_missing_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(BadList, match=r"^auth\.common_passwords_file .*/none\.txt cannot be read: No such file"):
            own_list(str(tmp_path / "none.txt"))
        with pytest.raises(BadList, match=r"cannot be read: Is a directory"):
            own_list(str(tmp_path))

    def test_that_is_no_text_is_named_with_its_line(self, tmp_path: Path) -> None:
        path = tmp_path / "list.txt"
        path.write_bytes(b"one\ntwo\n\xff\n")
        with pytest.raises(BadList, match=r"list\.txt is not UTF-8 text in line 3$"):
            own_list(str(path))

    def test_that_is_too_large_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "list.txt"
        path.write_bytes(b"a" * (16 * 1024 * 1024 + 1))
        with pytest.raises(BadList, match="larger than 16 MB"):
            own_list(str(path))
