"""What a mail is on the wire, and what it cannot be made to be."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from girok.mail.message import compose, sender_of
from girok.mail.port import MailRefused
from tests.kernel.mail.mails import AT, mail

SENDER = sender_of("girok <no-reply@girok.example>")


def read(**fields: Any) -> EmailMessage:
    """A mail with these fields, sent and read by a mail program."""
    message = message_from_bytes(compose(mail(**fields), SENDER).as_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    return message


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


class TestMessage:
    def test_says_whom_it_is_from_and_for_and_that_nobody_should_answer(self) -> None:
        message = read()
        assert str(message["From"]) == "girok <no-reply@girok.example>"
        assert str(message["To"]) == "ada@example.org"
        assert message["Date"].datetime == AT.replace(microsecond=0)
        assert message["Message-ID"] == "<0192-verify@girok.example>"
        assert message["Auto-Submitted"] == "auto-generated"

    def test_korean_is_read_back(self) -> None:
        message = read(subject="이메일 주소를 확인해 주세요 " * 9, text="안녕하세요.\n", html="<p>안녕하세요.</p>\n")
        assert str(message["Subject"]) == ("이메일 주소를 확인해 주세요 " * 9).strip()
        assert body(message, "plain") == "안녕하세요.\n"
        assert body(message, "html") == "<p>안녕하세요.</p>\n"

    def test_without_html_it_is_plain_text(self) -> None:
        assert read().get_content_type() == "text/plain"

    def test_a_time_of_another_zone_is_sent_in_utc(self) -> None:
        seoul = datetime(2026, 11, 5, 17, 0, tzinfo=timezone(timedelta(hours=9)))
        assert read(at=seoul)["Date"].datetime == datetime(2026, 11, 5, 8, 0, tzinfo=UTC)

    @given(text=st.text(), html=st.text(), subject=st.text())
    def test_is_ascii_in_short_lines_whatever_is_in_it(self, text: str, html: str, subject: str) -> None:
        content = compose(mail(text=text, html=html, subject=subject), SENDER).as_bytes()
        assert content.isascii()
        assert b"\0" not in content
        assert max(map(len, content.split(b"\r\n"))) <= 998
        assert b"\r" not in content.replace(b"\r\n", b"")
        assert b"\n" not in content.replace(b"\r\n", b"")

    @given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs", "Cn", "Co"))))
    def test_any_text_is_read_back(self, text: str) -> None:
        assert body(read(text=text), "plain").rstrip("\n") == text

    @given(st.text(), st.sampled_from(["\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\0", "\ud800"]))
    def test_a_subject_makes_no_other_header(self, text: str, between: str) -> None:
        message = read(subject=f"{text}{between}Bcc: eve@example.org{between}{between}body")
        assert message["Bcc"] is None
        assert message.keys() == read().keys()
        assert "eve" not in body(message, "plain")


class TestRecipient:
    @pytest.mark.parametrize(
        "to",
        [
            "", "ada", "@example.org", "ada@", "ada@example.org\r\nBcc: eve@example.org", "ada@example.org, eve@x.org",
            "Ada <ada@example.org>", "ada@exam ple.org", "ada\0@example.org", ".ada@example.org", "ada..b@example.org",
            "한글@example.org", "ada@한글.kr", "\ud800@example.org", "ada@example.org>", "ada@-example.org",
        ],
    )  # fmt: skip
    def test_that_is_no_address_is_refused(self, to: str) -> None:
        with pytest.raises(MailRefused):
            compose(mail(to=to), SENDER)

    @pytest.mark.parametrize("to", ["o'neil+a/b=c@example.org", "a@localhost", "x_y{z}|~@xn--bj0bj06e.kr"])
    def test_odd_ones_are_taken_as_they_are(self, to: str) -> None:
        assert str(read(to=to)["To"]) == to


class TestMail:
    @pytest.mark.parametrize("name", ["", "a b", "a\r\nb", "a@b", "<a>", ".", "a..b", "../a", "가", "a" * 101])
    def test_an_id_that_no_file_or_header_could_hold_is_an_error(self, name: str) -> None:
        with pytest.raises(ValueError, match="not an id"):
            mail(id=name)

    def test_a_time_without_a_zone_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            mail(at=datetime(2026, 11, 5))  # noqa: DTZ001 - that is what is wrong with it

    def test_does_not_show_what_it_says(self) -> None:
        shown = f"{mail(text='the token', subject='secret')!r}{mail()}"
        assert not re.search("token|secret|ada|Hello", shown)


class TestSender:
    @pytest.mark.parametrize(
        ("text", "header"),
        [
            ("no-reply@girok.example", "no-reply@girok.example"),
            ("Girok, Inc. <a@girok.example>", '"Girok, Inc." <a@girok.example>'),
            ("기록 <a@girok.example>", "기록 <a@girok.example>"),
        ],
    )
    def test_has_a_name_or_none(self, text: str, header: str) -> None:
        message = message_from_bytes(compose(mail(), sender_of(text)).as_bytes(), policy=default)
        assert str(message["From"]) == header
