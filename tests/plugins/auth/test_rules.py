"""What an account may hold: examples of the rules, and properties over all text."""

import re
import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from girok.errors import InvalidInput
from plugins.auth.errors import InvalidEmail, InvalidName, InvalidPassword, InvalidUsername
from plugins.auth.rules import (
    EMAIL_PATTERN,
    NAME_PATTERN,
    PASSWORD_PATTERN,
    RESERVED,
    Registration,
    check_registration,
    clean_label,
    email_key,
    is_id,
    is_username,
    password_bytes,
)

ANY_TEXT = st.text(st.characters(), max_size=300)
"""Halves of surrogate pairs and NUL included."""
SPECIALS = "@$!%*?&"
IN_JSON = st.characters(codec="utf-8", exclude_characters="\0")
"""What a body may hold at all."""
NAMES = st.text(
    IN_JSON | st.sampled_from("a가 \xad\u0301\u200b\u2028\u202e\u2800\u3164\ufe0f\U000e0101\t\x85"), max_size=101
)


@st.composite
def strong(draw: st.DrawFn) -> str:
    """A password with one of each class, in any order, among other characters."""
    classes = (string.ascii_lowercase, string.ascii_uppercase, string.digits, SPECIALS)
    needed = [draw(st.sampled_from(each)) for each in classes]
    return "".join(draw(st.permutations([*needed, *draw(st.text("ab가Ж🔑", min_size=4, max_size=99))])))


def check(**fields: str) -> Registration:
    good = {"email": "ada@example.org", "username": "ada", "password": "Str0ng!pass", "name": "Ada"}
    return check_registration(**{**good, **fields}, common={"Passw0rd!비밀번호"})


class TestEmail:
    @pytest.mark.parametrize(
        "email",
        [
            "a@b.co",
            "Ada.Lovelace+girok@Example.ORG",
            "o'brien@mail.example.co.kr",
            f"{'a' * 64}@example.org",
            "x@xn--9n2bp8q.xn--3e0b707e",
            "1_2-3@4.5.example",
        ],
    )
    def test_good_one_is_kept_as_typed(self, email: str) -> None:
        assert check(email=f" {email}\n").email == email

    @pytest.mark.parametrize(
        "email",
        [
            "", "ada", "@example.org", "ada@", "ada@example", "ada@@example.org", "a da@example.org",
            "ada@exa mple.org", ".ada@example.org", "ada.@example.org", "a..da@example.org", "ada@.example.org",
            "ada@example..org", "ada@-example.org", "ada@example-.org", "ada@example.org.", "ada@127.0.0.1",
            "ada@[127.0.0.1]", '"ada"@example.org', "Ada <ada@example.org>", "ada@example.org, b@example.org",
            "ada@example.o", "아다@example.org", "ada@예시.한국", "\uff41da@example.org", "\u212aim@example.org",
            "ada\x00@example.org", "ada\ud800@example.org", "ada@example.org\nbcc: b@example.org",
            f"{'a' * 65}@example.org", f"ada@{'a' * 64}.org", f"a@{'.'.join(['a' * 60] * 4)}.example.org",
            "a" * 1_000_000,
        ],
    )  # fmt: skip
    def test_bad_one_is_refused(self, email: str) -> None:
        with pytest.raises(InvalidEmail, match="email"):
            check(email=email)

    @given(st.emails())
    def test_any_that_mail_takes_is_taken(self, email: str) -> None:
        local, _, domain = email.rpartition("@")
        expected = email.lower() if len(email) <= 254 and len(local) <= 64 and not domain.endswith(".") else None
        assert email_key(email) == expected

    @given(st.one_of(ANY_TEXT, st.emails()))
    def test_a_key_is_ascii_and_the_same_for_every_spelling(self, email: str) -> None:
        key = email_key(email)
        assert key is None or (key.isascii() and key.isprintable() and len(key) <= 254 and " " not in key)
        assert key is None or {email_key(each) for each in (key, key.upper(), f" {email} ")} == {key}


class TestUsername:
    @given(st.from_regex(r"[a-z0-9]{3,20}", fullmatch=True).filter(lambda each: each not in RESERVED))
    def test_any_of_the_form_is_good(self, username: str) -> None:
        assert check(username=username).username == username
        assert is_username(username)

    @pytest.mark.parametrize(
        "username",
        [
            "",
            "ab",
            "a" * 21,
            "Ada",
            "a_b",
            "a-b",
            "a b",
            " ada",
            "ada\n",
            "아다다",
            "\uff41da",
            "ad\x00",
            "١٢٣",
            "x" * 1_000_000,
        ],
    )
    def test_any_other_is_refused(self, username: str) -> None:
        with pytest.raises(InvalidUsername, match="username must have 3 to 20"):
            check(username=username)

    @pytest.mark.parametrize(
        "username",
        [
            "edit", "admin", "api", "preview", "graphql", "socket", "public", "private", "temp", "livez", "readyz",
            "metrics", "schema", "auth", "users",
        ],
    )  # fmt: skip
    def test_paths_are_reserved(self, username: str) -> None:
        with pytest.raises(InvalidUsername, match="reserved"):
            check(username=username)

    @pytest.mark.parametrize("username", ["my", "me", "v1"])
    def test_short_paths_are_no_usernames_anyway(self, username: str) -> None:
        assert not is_username(username)


class TestPassword:
    @given(strong())
    def test_one_of_each_class_and_eight_in_all_is_good(self, password: str) -> None:
        assert check(password=password).password == password.encode()

    @given(strong(), st.sampled_from([string.ascii_lowercase, string.ascii_uppercase, string.digits, SPECIALS]))
    def test_without_one_class_it_is_refused(self, password: str, missing: str) -> None:
        with pytest.raises(InvalidPassword, match="password must have at least 8"):
            check(password="".join("-" if each in missing else each for each in password))

    @pytest.mark.parametrize(
        "password", ["", "Aa1!aaa", "aaaaaaaa", "\uff21\uff41\uff11\uff01\uff41\uff41\uff41\uff41"]
    )
    def test_weak_one_is_refused(self, password: str) -> None:
        with pytest.raises(InvalidPassword, match="a lower-case letter"):
            check(password=password)

    def test_the_longest_has_1024_characters_of_whatever_alphabet(self) -> None:
        for longest in ("Aa1!" + "a" * 1020, "Aa1!" + "가" * 1020):
            assert check(password=longest).password == longest.encode()
        for password in ("Aa1!" + "a" * 1021, "Aa1!" + "가" * 1021, "a" * 1_000_000):
            with pytest.raises(InvalidPassword, match="1,024 characters"):
                check(password=password)
            assert password_bytes(password) is None

    def test_half_a_surrogate_pair_is_refused(self) -> None:
        with pytest.raises(InvalidPassword, match="no text"):
            check(password="Aa1!aaaa\ud800")

    def test_the_same_korean_typed_on_two_systems_is_the_same(self) -> None:
        typed = "Aa1!비밀번호"
        assert password_bytes(unicodedata.normalize("NFD", typed)) == password_bytes(typed) == typed.encode()

    def test_common_one_is_refused_and_told_why(self) -> None:
        for spelling in ("NFC", "NFD"):
            with pytest.raises(InvalidPassword, match="too easy to guess") as refused:
                check(password=unicodedata.normalize(spelling, "Passw0rd!비밀번호"))
            assert refused.value.details[0].path == "password"
            assert refused.value.message.ko.startswith("추측하기 쉬운 비밀번호")

    @given(ANY_TEXT)
    def test_what_cannot_be_hashed_cannot_be_chosen(self, password: str) -> None:
        chosen = f"Aa1!aaaa{password}"
        hashed = password_bytes(chosen)
        assert _taken(password=chosen) == (hashed is not None)


class TestName:
    @pytest.mark.parametrize("name", ["Li", "아다", "Ada Lovelace", "Renée O'Neil", "👩‍💻👩‍💻", "x" * 100, "가" * 100])
    def test_good_one_is_kept_trimmed(self, name: str) -> None:
        assert check(name=f"\u3000 {name} \t").name == name

    def test_the_same_korean_typed_on_two_systems_is_the_same(self) -> None:
        assert check(name=unicodedata.normalize("NFD", "가나다" * 33)).name == "가나다" * 33

    @pytest.mark.parametrize(
        "name", ["", " ", "x", " x ", "x" * 101, "\u200b\u200b\u200b", "\ufe0f \U000e0101", "x" * 1_000_000]
    )
    def test_too_short_or_long_is_refused(self, name: str) -> None:
        with pytest.raises(InvalidName, match="name must have 2 to 100"):
            check(name=name)

    @pytest.mark.parametrize(
        "name", ["a\x00b", "a\nb", "a\ud800b", "a\u2028b", "a\u202eb", "\u3164\u3164", "a\x1b[2Jb"]
    )
    def test_what_is_no_text_is_refused(self, name: str) -> None:
        with pytest.raises(InvalidName, match="no text"):
            check(name=name)

    @given(ANY_TEXT.filter(lambda name: _taken(name=name)))
    def test_what_is_kept_is_kept_the_same_again(self, name: str) -> None:
        kept = check(name=name).name
        assert check(name=kept).name == kept
        assert 2 <= len(kept) <= 100
        assert kept.encode()


class TestPatterns:
    """What the OpenAPI says of each field is what is done: else clients refuse what is good, or send what is not."""

    @pytest.mark.parametrize(
        ("field", "pattern", "texts"),
        [
            ("name", NAME_PATTERN, NAMES),
            ("password", PASSWORD_PATTERN, strong() | st.text(IN_JSON)),
            ("email", EMAIL_PATTERN, st.emails() | st.text(IN_JSON)),
        ],
    )
    def test_match_what_is_taken_and_nothing_else(
        self, field: str, pattern: str, texts: st.SearchStrategy[str]
    ) -> None:
        @given(texts.map(lambda each: unicodedata.normalize("NFC", each).strip()))
        def agree(text: str) -> None:
            assert bool(re.fullmatch(pattern, text)) == _taken(**{field: text}), text

        agree()

    def test_of_emails_bounds_the_part_before_the_host(self) -> None:
        assert re.fullmatch(EMAIL_PATTERN, f"{'a' * 64}@example.org")
        assert not re.fullmatch(EMAIL_PATTERN, f"{'a' * 65}@example.org")


class TestAllFields:
    def test_the_first_wrong_one_is_raised_and_all_are_told(self) -> None:
        with pytest.raises(InvalidUsername) as refused:
            check(username="A", name="")
        assert refused.value.message == refused.value.details[0].text
        assert [each.path for each in refused.value.details] == ["username", "name"]

    def test_texts_are_korean_too(self) -> None:
        with pytest.raises(InvalidEmail) as refused:
            check(email="", username="", password="", name="")
        assert [each.text.of("ko")[:3] for each in refused.value.details] == ["이메일", "사용자", "비밀번", "이름은"]

    @given(st.sampled_from(["email", "username", "password", "name"]), ANY_TEXT)
    def test_what_is_taken_can_be_stored(self, field: str, text: str) -> None:
        assert not _taken(**{field: text}) or text.encode()

    def test_does_not_show_the_password(self) -> None:
        assert "Str0ng" not in repr(check())


class TestLabelsAndIds:
    @given(ANY_TEXT)
    def test_label_is_short_printable_text(self, text: str) -> None:
        label = clean_label(text, 50)
        assert label is None or (
            0 < len(label) <= 50 and label.isprintable() and label.encode() and label == label.strip()
        )

    def test_label_of_nothing_is_none(self) -> None:
        assert [clean_label(each, 50) for each in (None, "", " ", "\x00")] == [None] * 4

    @given(st.uuids())
    def test_id_is_a_uuid_in_its_usual_form(self, some: object) -> None:
        assert is_id(str(some))
        assert not is_id(str(some).upper() + "\n")


def _taken(**fields: str) -> bool:
    """Whether these are good beside otherwise good fields."""
    try:
        check(**fields)
    except InvalidInput:
        return False
    return True
