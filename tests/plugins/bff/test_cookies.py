"""The cookie's two sides."""

import pytest

from plugins.bff import cookies

HANDLE = "A-z_" + "0" * 39


class TestRead:
    @pytest.mark.parametrize(
        "header",
        [
            f"session_id={HANDLE}",
            f"theme=dark; session_id={HANDLE}; lang=ko",
            f'session_id="{HANDLE}"',
            f"session_id={HANDLE};session_id={HANDLE}",
            f" session_id={HANDLE} ",
            f"xsession_id=no; session_id={HANDLE}; session_idx=no",
        ],
    )
    def test_the_handle_is_found(self, header: str) -> None:
        assert cookies.read(header.encode()) == HANDLE
        assert cookies.has_session(header.encode())

    @pytest.mark.parametrize(
        "header",
        [
            "session_id=",
            "session_id",
            f"session_id={HANDLE}0",
            f"session_id={HANDLE[1:]}",
            f"session_id={HANDLE[1:]}é",
            f"session_id={HANDLE[1:]}%",
            f"session_id={HANDLE}; session_id={'0' * 43}",
        ],
    )
    def test_what_is_no_handle_is_none_but_a_cookie(self, header: str) -> None:
        assert cookies.read(header.encode()) is None
        assert cookies.has_session(header.encode())

    @pytest.mark.parametrize("header", ["", "theme=dark", "xsession_id=1", "a=session_id", "SESSION_ID=1"])
    def test_others_are_not_ours(self, header: str) -> None:
        assert cookies.read(header.encode()) is None
        assert not cookies.has_session(header.encode())


class TestWritten:
    def test_it_is_what_the_contract_says(self) -> None:
        line = cookies.written(HANDLE, secure=True)
        assert line == f"session_id={HANDLE}; HttpOnly; Secure; SameSite=Strict; Path=/".encode()

    def test_over_plain_http_it_cannot_be_secure(self) -> None:
        line = cookies.written(HANDLE, secure=False)
        assert line == f"session_id={HANDLE}; HttpOnly; SameSite=Strict; Path=/".encode()

    def test_it_is_cleared_by_the_same_attributes(self) -> None:
        assert cookies.cleared(secure=True) == b"session_id=; Max-Age=0; HttpOnly; Secure; SameSite=Strict; Path=/"
