"""Cursors go round, and nothing else is one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from girok.clock import SystemClock, Uuid7Factory
from girok.paging import InvalidCursor
from plugins.feed.cursor import decode, encode

ids = st.builds(Uuid7Factory(SystemClock()).new)


class TestCursor:
    @given(post_id=ids)
    def test_goes_round(self, post_id: str) -> None:
        assert decode(encode(post_id)) == post_id

    @given(text=st.text())
    def test_any_other_text_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidCursor):
            decode(text)
