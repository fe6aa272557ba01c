"""Forms with files: read while they come, whatever comes; and how large the body of a route may be."""

import asyncio
import tracemalloc
import unicodedata
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Request, post
from litestar.params import FromPath

from girok.errors import Conflict
from girok.http.multipart import file_label, reading
from girok.http.openapi import answers
from tests.kernel.http.stage import MAX_BODY, Stage, wire

MAX_FORM = 4_000_000
BOUNDARY = "----girok"
TYPE = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
AnyRequest = Request[Any, Any, Any]


class PhotoForm(msgspec.Struct):
    file: bytes
    title: str = ""


@post("/forms/{number:int}/parts", status_code=200, request_max_body_size=MAX_FORM)
@answers(form=PhotoForm)
async def read_all(request: AnyRequest, number: FromPath[int]) -> list[list[Any]]:
    """Every part: its name, its file's, its type, and its length or text."""
    found: list[list[Any]] = [[number]]
    async with reading(request) as form:
        while (part := await form.next_part()) is not None:
            if part.file_name is None:
                found.append([part.name, await part.text()])
            else:
                size = sum([len(piece) async for piece in part.pieces()])
                found.append([part.name, part.file_name, part.content_type, size])
    return found


@post("/forms/names", status_code=200)
async def names(request: AnyRequest) -> list[str]:
    found: list[str] = []
    async with reading(request) as form:
        while (part := await form.next_part()) is not None:
            found.append(part.name)
    return found


@post("/forms/refused", status_code=200, request_max_body_size=MAX_FORM)
async def refused(request: AnyRequest) -> None:
    async with reading(request):
        raise Conflict


HANDLERS = [read_all, names, refused]
STAGE = Stage(handlers=HANDLERS)


def form(*parts: tuple[str, bytes], end: bytes = b"--") -> bytes:
    """A form of these parts: the rest of the Content-Disposition and more headers, and the content."""
    written = [
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"
        for head, content in parts
    ]
    return b"".join(written) + f"--{BOUNDARY}".encode() + end + b"\r\n"


FILE = ('name="file"; filename="a.png"\r\nContent-Type: image/png', b"pixels")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with STAGE.client() as opened:
        yield opened


async def sent(client: httpx.AsyncClient, body: Any, path: str = "/forms/7/parts", **headers: str) -> httpx.Response:
    return await client.post(path, content=body, headers={**TYPE, **headers})


def reason(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("urn:girok:problem:")


class TestReading:
    async def test_parts_come_in_their_order(self, client: httpx.AsyncClient) -> None:
        body = form(FILE, ('name="title"', "제목".encode()), ('name="empty"', b""))
        assert (await sent(client, body)).json() == [
            [7],
            ["file", "a.png", "image/png", 6],
            ["title", "제목"],
            ["empty", ""],
        ]

    async def test_a_name_in_raw_utf_8_and_content_like_the_boundary(self, client: httpx.AsyncClient) -> None:
        content = b"\r\n--" + BOUNDARY[:-1].encode() + b"\r\n\r\n--\r\n"
        body = form(('name="file"; filename="이력서 (1).pdf"', content))
        assert (await sent(client, body)).json()[1] == ["file", "이력서 (1).pdf", "", len(content)]

    async def test_however_it_is_cut_into_pieces(self, client: httpx.AsyncClient) -> None:
        async def bytewise() -> AsyncIterator[bytes]:
            for byte in form(FILE, ('name="title"', b"x")):
                yield bytes([byte])

        assert (await sent(client, bytewise())).json()[1:] == [["file", "a.png", "image/png", 6], ["title", "x"]]

    async def test_what_is_not_read_is_passed_over(self, client: httpx.AsyncClient) -> None:
        body = form(FILE, ('name="title"', b"x" * 900))
        assert (await sent(client, body, "/forms/names")).json() == ["file", "title"]

    async def test_a_form_without_parts_has_none(self, client: httpx.AsyncClient) -> None:
        assert (await sent(client, f"--{BOUNDARY}--\r\n".encode())).json() == [[7]]

    async def test_a_large_file_is_never_in_memory(self) -> None:
        head, tail = form(FILE).split(b"pixels")
        data = b"x" * 65_536

        async def pieces() -> AsyncIterator[bytes]:
            yield head
            for _ in range(50):
                yield data
            yield tail

        async with STAGE.client() as client:
            await sent(client, form(FILE))
            tracemalloc.start()
            answer = await sent(client, pieces())
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert answer.json()[1][3] == 50 * len(data)
        assert peak < 20 * len(data)


class TestRefusals:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"garbage",
            b"\0" * 3000,
            form(FILE)[:-6],
            form(FILE)[:60],
            form(FILE, end=b""),
            form(('name="title"', b"\xff\xfe")),
            form(('name="title"', b"a\0b")),
            form(('name="title"', b"x" * 20_000)),
            form(('filename="no name"', b"x")),
            form(("name=x\r\nX-Long: " + "y" * 9000, b"x")),
            form(*[(f'name="n{number}"', b"") for number in range(40)]),
            b"--" + BOUNDARY.encode() + b"\r\nno header at all\r\n\r\nx\r\n" + form(),
            b"--" + BOUNDARY.encode() + b"\r\nContent-Disposition: form-data; name=\xff\r\n\r\nx\r\n" + form(),
        ],
    )
    async def test_what_is_no_whole_form_is_400(self, client: httpx.AsyncClient, body: bytes) -> None:
        assert reason(await sent(client, body)) == (400, "INVALID_FORM")

    @pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary="])
    async def test_without_a_boundary_too(self, client: httpx.AsyncClient, content_type: str) -> None:
        assert reason(await sent(client, form(FILE), **{"content-type": content_type})) == (400, "INVALID_FORM")

    @pytest.mark.parametrize("content_type", ["application/json", "", "multipart/mixed; boundary=x", "form-data"])
    async def test_another_type_is_415(self, client: httpx.AsyncClient, content_type: str) -> None:
        answer = await sent(client, form(FILE), **{"content-type": content_type})
        assert reason(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")
        assert "multipart/form-data" in answer.json()["message"]

    @given(st.binary(max_size=300))
    async def test_any_bytes_are_a_form_or_refused(self, body: bytes) -> None:
        async with STAGE.client() as client:
            answer = await sent(client, f"--{BOUNDARY}\r\n".encode() + body)
        assert answer.status_code in (200, 400)


class TestLimits:
    async def test_a_route_has_its_own(self, client: httpx.AsyncClient) -> None:
        file = ('name="file"; filename="a"', b"x" * (MAX_BODY * 100))
        assert (await sent(client, form(file))).json()[1][3] == MAX_BODY * 100
        assert reason(await sent(client, form(file), "/forms/names")) == (413, "PAYLOAD_TOO_LARGE")
        too_large = form(('name="file"; filename="a"', b"x" * MAX_FORM))
        assert reason(await sent(client, too_large)) == (413, "PAYLOAD_TOO_LARGE")

    async def test_also_for_a_body_that_does_not_say_its_length(self, client: httpx.AsyncClient) -> None:
        async def endless() -> AsyncIterator[bytes]:
            yield form(FILE).partition(b"pixels")[0]
            for _ in range(100):
                yield b"x" * 65_536

        assert reason(await sent(client, endless())) == (413, "PAYLOAD_TOO_LARGE")

    async def test_who_is_refused_while_sending_reads_why(self) -> None:
        body = form(('name="file"; filename="a"', b"x" * 3_000_000))
        head = f"POST /forms/refused HTTP/1.1\r\nHost: a\r\nContent-Type: {TYPE['content-type']}\r\n"
        async with Stage(handlers=HANDLERS).served() as port, wire(port) as connection:
            await connection.send(f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
            for start in range(0, len(body), 300_000):
                await connection.send(body[start : start + 300_000])
                await asyncio.sleep(0.001)
            status, _, _ = await connection.answer()
        assert status == 409

    async def test_who_waits_for_a_word_is_refused_before_sending(self) -> None:
        head = f"POST /forms/refused HTTP/1.1\r\nHost: a\r\nContent-Type: {TYPE['content-type']}\r\n"
        async with Stage(handlers=HANDLERS).served() as port, wire(port) as connection:
            await connection.send(f"{head}Content-Length: 3000000\r\nExpect: 100-continue\r\n\r\n".encode())
            async with asyncio.timeout(3):
                status, _, _ = await connection.answer()
        assert status == 409

    async def test_the_document_says_what_a_form_holds(self, client: httpx.AsyncClient) -> None:
        document = (await client.get("/schema/openapi.json")).json()
        operation = document["paths"]["/forms/{number}/parts"]["post"]
        assert operation["requestBody"]["content"]["multipart/form-data"]["schema"]["$ref"].endswith("/PhotoForm")
        assert document["components"]["schemas"]["PhotoForm"]["properties"]["file"] == {
            "type": "string",
            "format": "binary",
        }
        assert {"400", "408", "413", "415"} <= operation["responses"].keys()


class TestFileLabel:
    @pytest.mark.parametrize(
        ("name", "label"),
        [
            ("me.png", "me.png"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\ada\\이력서.hwp", "이력서.hwp"),
            (unicodedata.normalize("NFD", "이력서.pdf"), "이력서.pdf"),
            ("a\r\nb\0\u202egpj.exe", "abgpj.exe"),
            ("", "file"),
            ("a/", "file"),
            ("  ", "file"),
            ("x" * 300 + ".docx", "x" * 195 + ".docx"),
            ("x" * 300, "x" * 200),
        ],
    )
    def test_is_the_last_segment_as_people_may_see_it(self, name: str, label: str) -> None:
        assert file_label(name) == label

    @given(st.text())
    def test_is_short_and_no_path_whatever_the_name(self, name: str) -> None:
        label = file_label(name)
        assert 1 <= len(label) <= 200
        assert not set("/\\\0\n") & set(label)
