"""The rule against requests from other sites, as a table."""

import pytest

from plugins.bff.csrf import Sender, is_cross_site


class TestWithACookie:
    @pytest.mark.parametrize(
        ("sender", "refused"),
        [
            # A POST is application/json, which other sites cannot send; only a foreign Origin gives one away.
            (Sender("POST"), False),
            (Sender("POST", "allowed"), False),
            (Sender("POST", "allowed", fetch_site="cross-site"), False),
            (Sender("POST", "foreign"), True),
            (Sender("POST", "foreign", fetch_site="same-origin", marked=True), True),
            (Sender("POST", "foreign", has_bearer=True), True),
            # A GET is what any page can make a browser send: it has to show where it comes from.
            (Sender("GET"), True),
            (Sender("GET", "allowed"), False),
            (Sender("GET", "foreign"), True),
            (Sender("GET", fetch_site="same-origin"), False),
            (Sender("GET", fetch_site="none"), False),
            (Sender("GET", fetch_site="same-site"), True),
            (Sender("GET", fetch_site="cross-site"), True),
            (Sender("GET", marked=True), False),
            (Sender("GET", "foreign", marked=True), True),
            (Sender("GET", "foreign", fetch_site="none"), True),
            (Sender("GET", has_bearer=True), True),
            (Sender("OPTIONS"), True),
            (Sender("PUT"), True),
        ],
    )
    def test_the_rule(self, sender: Sender, refused: bool) -> None:
        assert is_cross_site(sender._replace(has_cookie=True)) is refused


class TestWithoutOne:
    @pytest.mark.parametrize(
        ("sender", "refused"),
        [
            (Sender("GET"), False),
            (Sender("GET", fetch_site="cross-site"), False),
            (Sender("POST"), False),
            (Sender("POST", "allowed"), False),
            # It could sign the browser in to an account of its own.
            (Sender("POST", "foreign"), True),
            (Sender("GET", "foreign"), True),
            # A browser sends no bearer by itself.
            (Sender("POST", "foreign", has_bearer=True), False),
            (Sender("GET", "foreign", has_bearer=True), False),
        ],
    )
    def test_the_rule(self, sender: Sender, refused: bool) -> None:
        assert is_cross_site(sender) is refused
