"""What auth's mails say, where their links lead, and what a name cannot make of them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from girok.mail.message import compose, sender_of
from girok.mail.port import Mail
from plugins.auth.mails import Addressee, account_exists, password_changed, password_reset, verification

ORIGIN = "https://girok.example"
HOUR = timedelta(hours=1)
TOKEN = "a-Z_0+/=&<"
MAILS: dict[str, Callable[[Addressee], Mail]] = {
    "verification": lambda to: verification(to, TOKEN, good_for=timedelta(days=3)),
    "password_reset": lambda to: password_reset(to, TOKEN, good_for=HOUR),
    "password_changed": password_changed,
    "account_exists": account_exists,
}
LINK = re.compile(r"\S(?:\.|:)\S|//|www|@", re.IGNORECASE)
"""What mail programs make links of."""


def ada(**fields: Any) -> Addressee:
    given = {"id": "0192", "at": datetime(2026, 11, 5, 8, tzinfo=UTC), "email": "ada@example.org", "name": "Ada"}
    return Addressee(**{**given, "locale": "en", "web_origin": ORIGIN, **fields})


class Page(HTMLParser):
    """The tags and the links of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]


def html_of(mail: Mail) -> str:
    assert mail.html is not None
    return mail.html


@pytest.mark.parametrize("name", MAILS)
@pytest.mark.parametrize("locale", ["en", "ko"])
class TestEveryMail:
    def test_is_that_of_its_event(self, name: str, locale: str) -> None:
        mail = MAILS[name](ada(locale=locale))
        assert (mail.id, mail.at, mail.to) == ("0192", datetime(2026, 11, 5, 8, tzinfo=UTC), "ada@example.org")

    def test_speaks_the_language_that_was_asked_for(self, name: str, locale: str) -> None:
        mail = MAILS[name](ada(locale=locale))
        korean = [bool(re.search("[가-힣]", each)) for each in (mail.subject, mail.text, html_of(mail))]
        assert korean == [locale == "ko"] * 3
        assert f'<html lang="{locale}">' in html_of(mail)

    def test_says_the_same_in_text_and_html(self, name: str, locale: str) -> None:
        mail = MAILS[name](ada(locale=locale))
        page = unescape(re.sub("<[^>]*>", " ", html_of(mail)))
        assert [line for line in mail.text.split("\n") if line.rstrip(":") not in page] == []

    def test_greets_by_name(self, name: str, locale: str) -> None:
        assert {"en": "Hello Ada,", "ko": "Ada님,"}[locale] in MAILS[name](ada(locale=locale)).text

    def test_can_be_sent(self, name: str, locale: str) -> None:
        mail = MAILS[name](ada(locale=locale, name="<&\r\n\ud800"))
        assert compose(mail, sender_of("girok <a@girok.example>")).as_bytes().isascii()


class TestLinks:
    @pytest.mark.parametrize(("name", "page"), [("verification", "verify"), ("password_reset", "reset")])
    def test_hold_the_token_whole(self, name: str, page: str) -> None:
        mail = MAILS[name](ada())
        url = f"{ORIGIN}/auth/{page}?token=a-Z_0%2B%2F%3D%26%3C"
        assert url in mail.text.split("\n")
        assert Page(html_of(mail)).links == [url]

    @pytest.mark.parametrize("name", ["password_changed", "account_exists"])
    def test_without_a_token_lead_to_the_web_client(self, name: str) -> None:
        assert Page(html_of(MAILS[name](ada()))).links == [ORIGIN]

    @pytest.mark.parametrize(
        ("length", "english", "korean"),
        [
            (timedelta(days=3), "3 days,", "3일 동안"),
            (timedelta(days=1), "1 day,", "1일 동안"),
            (timedelta(hours=36), "36 hours,", "36시간 동안"),
            (timedelta(minutes=90), "90 minutes,", "90분 동안"),
        ],
    )
    def test_say_how_long_they_are_good(self, length: timedelta, english: str, korean: str) -> None:
        assert f"good for {english}" in verification(ada(), "t", good_for=length).text
        assert korean in password_reset(ada(locale="ko"), "t", good_for=length).text


class TestName:
    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("김기록", "김기록"),
            ("Zoë O\u2019Neil-Smith", "Zoë O\u2019Neil-Smith"),
            ("नमस्ते", "नमस्ते"),
            ("Dr. J. R. Kim Jr.", "Dr. J. R. Kim Jr"),
            ("  Ada \n Lovelace ", "Ada Lovelace"),
            ("<b>Ada</b>", "b Ada b"),
            ("- .x", "x"),
            ("Win at http://evil.com/x", "Win at http evil com x"),
            ("evil.com", "evil com"),
            ("a@b.c", "a b c"),
            ("x" * 100, "x" * 40),
            ("a...b", "a b"),
            ("A\u202eB", "A B"),
        ],
    )
    def test_keeps_what_names_have_and_nothing_that_becomes_a_link(self, name: str, shown: str) -> None:
        assert password_changed(ada(name=name)).text.startswith(f"Hello {shown},\n")

    @pytest.mark.parametrize("name", ["", " ", "://", "\ud800", "...", "_"])
    def test_of_which_nothing_is_left_is_left_out(self, name: str) -> None:
        assert [password_changed(ada(name=name, locale=each)).text.split("\n")[0] for each in ("en", "ko")] == [
            "Hello,",
            "안녕하세요.",
        ]

    @settings(max_examples=500)
    @given(st.text(st.one_of(st.characters(), st.sampled_from("<>&\"'./:@ w")), max_size=60))
    def test_changes_neither_the_page_nor_its_links(self, name: str) -> None:
        mail = password_changed(ada(name=name))
        plain = Page(html_of(password_changed(ada())))
        page = Page(html_of(mail))
        assert (page.tags, page.links) == (plain.tags, plain.links)
        greeting, *rest = mail.text.split("\n")
        assert rest == password_changed(ada()).text.split("\n")[1:]
        assert not LINK.search(greeting.replace("www", ""))

    def test_is_escaped_in_html(self) -> None:
        assert "<p>Hello O&#x27;Neil,</p>" in html_of(password_changed(ada(name="O'Neil")))


class TestAddressee:
    def test_shows_nothing(self) -> None:
        assert repr(ada()) == "Addressee(...)"
        assert TOKEN not in repr(MAILS["verification"](ada()))
