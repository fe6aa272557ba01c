"""Which files are taken: by their bytes, whatever they are called."""

import struct
import tracemalloc
import zipfile
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.personal.file_types import Inspection, Malformed, TooManyPixels, claimed
from tests.plugins.personal import samples
from tests.plugins.personal.samples import SAMPLES, jpeg, pdf, png, riff, webp

IMAGES = ("image/jpeg", "image/png", "image/webp")


def passes(mime_type: str, *pieces: bytes) -> bytes:
    """What of a file is kept. Raises Malformed."""
    kind = claimed(mime_type, "")
    assert kind is not None
    inspection = Inspection(kind)
    kept = b"".join(map(inspection.feed, pieces))
    inspection.finish()
    return kept


def is_refused(mime_type: str, content: bytes) -> bool:
    try:
        passes(mime_type, content)
    except Malformed:
        return True
    return False


types = st.sampled_from(sorted(SAMPLES))


class TestClaims:
    def test_every_type_has_its_extension(self) -> None:
        kinds = [claimed(each, "") for each in SAMPLES]
        extensions = "jpg png webp pdf docx xlsx pptx doc xls ppt odt ods odp hwp hwpx"
        assert " ".join(each.extension for each in kinds if each) == extensions

    @pytest.mark.parametrize(
        "content_type", ["image/svg+xml", "text/html", "image/gif", "text/plain", "application/zip"]
    )
    def test_what_is_not_taken(self, content_type: str) -> None:
        assert claimed(content_type, "photo.png") is None

    @pytest.mark.parametrize("content_type", ["", "application/octet-stream", "Application/Octet-Stream; x=y"])
    def test_a_document_may_be_known_by_its_name_where_the_browser_knows_no_type(self, content_type: str) -> None:
        kind = claimed(content_type, "이력서.HWP")
        assert kind is not None
        assert kind.mime_type == "application/x-hwp"
        assert claimed(content_type, "me.png") is None
        assert claimed(content_type, "hwp.exe") is None

    def test_parameters_and_case_do_not_matter(self) -> None:
        assert claimed("Image/JPG; charset=x", "") == claimed("image/jpeg", "")


class TestWhole:
    @given(types, st.lists(st.integers(1, 3000), max_size=20))
    def test_a_good_file_is_good_however_it_is_cut_into_pieces(self, mime_type: str, cuts: list[int]) -> None:
        content = SAMPLES[mime_type]
        places = [0, *sorted(each % len(content) for each in cuts), len(content)]
        assert passes(mime_type, *(content[a:b] for a, b in pairwise(places))) == content

    @pytest.mark.parametrize("mime_type", SAMPLES)
    def test_byte_by_byte(self, mime_type: str) -> None:
        content = SAMPLES[mime_type]
        assert passes(mime_type, *(content[place : place + 1] for place in range(len(content)))) == content

    @pytest.mark.parametrize("mime_type", SAMPLES)
    def test_a_truncated_one_is_refused(self, mime_type: str) -> None:
        content = SAMPLES[mime_type].rstrip(b"\0\n")
        # Of a compound file the sector with the directory must be there, as far as it says what it is.
        least = 300 if content.startswith(b"\xd0\xcf") else 1
        assert all(is_refused(mime_type, content[:end]) for end in range(0, len(content) - least, 7))
        assert is_refused(mime_type, content[:-least])

    @given(st.sampled_from(IMAGES), st.binary(max_size=600))
    def test_nothing_else_is_an_image(self, mime_type: str, content: bytes) -> None:
        assert is_refused(mime_type, content)

    @given(types, st.data())
    def test_no_bytes_break_it(self, mime_type: str, data: st.DataObject) -> None:
        content = bytearray(SAMPLES[mime_type])
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        is_refused(mime_type, bytes(content))

    @pytest.mark.parametrize("really", SAMPLES)
    @pytest.mark.parametrize("claim", SAMPLES)
    def test_no_type_passes_for_another(self, claim: str, really: str) -> None:
        assert is_refused(claim, SAMPLES[really]) == (claim != really)

    @pytest.mark.parametrize("content", [samples.SVG, samples.HTML, samples.GIF, b"", b"\0" * 600])
    @pytest.mark.parametrize("mime_type", SAMPLES)
    def test_svg_html_and_gif_pass_for_nothing(self, mime_type: str, content: bytes) -> None:
        assert is_refused(mime_type, content)


class TestBehind:
    @pytest.mark.parametrize("behind", [samples.HTML, samples.SVG, samples.archive("a.html"), pdf(), b"x"])
    @pytest.mark.parametrize("mime_type", [each for each in SAMPLES if not SAMPLES[each].startswith(b"\xd0\xcf")])
    def test_a_file_with_something_behind_it_is_refused(self, mime_type: str, behind: bytes) -> None:
        content = SAMPLES[mime_type]
        if SAMPLES[mime_type] == behind:  # a PDF whose changes were appended is one
            assert passes(mime_type, content + behind)
            return
        assert is_refused(mime_type, content + behind)

    @pytest.mark.parametrize("mime_type", SAMPLES)
    def test_or_with_something_before_it(self, mime_type: str) -> None:
        assert is_refused(mime_type, b"x" + SAMPLES[mime_type])

    @pytest.mark.parametrize(
        "behind", [jpeg(), jpeg() + samples.archive("a.html"), b"\0\0\0\x18ftypmp42", b"\0\0note" + b"SEFH\0\0SEFT"]
    )
    @pytest.mark.parametrize("length", [1, 7, 10_000])
    def test_what_telephones_put_behind_a_jpeg_is_left_out(self, behind: bytes, length: int) -> None:
        content = jpeg() + behind
        pieces = [content[place : place + length] for place in range(0, len(content), length)]
        assert passes("image/jpeg", *pieces) == jpeg()
        assert is_refused("image/png", png() + behind)

    def test_an_archive_with_a_comment_that_is_another_file_ends_where_it_says(self) -> None:
        kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        content = samples.archive("[Content_Types].xml", "word/document.xml", comment=b"hello")
        assert passes(kind, content) == content
        assert is_refused(kind, content + b"x")


class TestImages:
    def test_a_webp_whose_riff_size_is_wrong_is_refused(self) -> None:
        content = webp()
        for wrong in (-2, -1, 1, 2, 1_000_000):
            size = struct.pack("<I", len(content) - 8 + wrong)
            assert is_refused("image/webp", content[:4] + size + content[8:])

    def test_a_chunk_of_a_webp_does_not_reach_beyond_its_container(self) -> None:
        content = bytearray(webp())
        content[16:20] = struct.pack("<I", 0xFFFF_FFFE)
        assert is_refused("image/webp", bytes(content))

    def test_lossless_and_animated_webp_are_taken(self) -> None:
        lossless = riff((b"VP8L", b"\x2f" + bytes(5)))
        assert passes("image/webp", lossless) == lossless
        animated = riff((b"VP8X", bytes(10)), (b"ANIM", bytes(6)), (b"ANMF", bytes(20)))
        assert passes("image/webp", animated) == animated

    def test_a_container_without_an_image_is_refused(self) -> None:
        assert is_refused("image/webp", riff())
        assert is_refused("image/webp", riff((b"VP8X", bytes(10)), (b"EXIF", b"")))
        assert is_refused("image/png", b"\x89PNG\r\n\x1a\n" + samples.chunk(b"IEND", b""))
        assert is_refused("image/jpeg", b"\xff\xd8\xff\xd9")

    @pytest.mark.parametrize(
        ("mime_type", "content"),
        [
            ("image/png", png(60_000, 60_000)),
            ("image/jpeg", jpeg(60_000, 60_000)),
            ("image/webp", webp(16_000, 16_000)),
        ],
    )
    def test_a_small_file_that_claims_a_giant_image_is_refused(self, mime_type: str, content: bytes) -> None:
        with pytest.raises(TooManyPixels):
            passes(mime_type, content)

    @pytest.mark.parametrize(
        ("mime_type", "content"),
        [
            ("image/png", png(0, 5)),
            ("image/jpeg", jpeg(5, 0)),
            ("image/webp", riff((b"VP8 ", webp()[38:44] + bytes(4)))),
        ],
    )
    def test_an_image_has_pixels(self, mime_type: str, content: bytes) -> None:
        assert is_refused(mime_type, content)

    def test_a_chunk_of_a_png_is_what_its_checksum_says(self) -> None:
        content = png()
        at = content.index(b"IDAT") + 5
        assert is_refused("image/png", content[:at] + b"\xaa" + content[at + 1 :])

    def test_a_large_one_is_not_kept_in_memory(self) -> None:
        kind = claimed("image/png", "")
        assert kind is not None
        inspection, data = Inspection(kind), b"x" * 65_536
        header = samples.chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
        tracemalloc.start()
        inspection.feed(b"\x89PNG\r\n\x1a\n" + header + struct.pack(">I4s", len(data) * 100, b"IDAT"))
        checksum = zlib.crc32(b"IDAT")
        for _ in range(100):
            assert inspection.feed(data) == data
            checksum = zlib.crc32(data, checksum)
        inspection.feed(checksum.to_bytes(4) + samples.chunk(b"IEND", b""))
        inspection.finish()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 4 * len(data)


class TestDocuments:
    def test_an_archive_is_no_office_document(self) -> None:
        kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        assert is_refused(kind, samples.archive("word/document.xml"))
        assert is_refused(kind, samples.archive("[Content_Types].xml", "index.html"))
        assert is_refused(kind, samples.archive())

    def test_nor_is_one_with_macros(self) -> None:
        kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        content = samples.archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin")
        assert is_refused(kind, content)

    def test_a_bomb_is_not_opened(self) -> None:
        kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        content = bytearray(samples.docx())
        at = content.rindex(b"PK\x01\x02")
        content[at + 24 : at + 28] = struct.pack("<I", 0xFFFF_FFF0)  # says that it unpacks to 4 GB
        assert passes(kind, bytes(content)) == content

    def test_a_type_that_is_packed_or_goes_on_is_none(self) -> None:
        odt = "application/vnd.oasis.opendocument.text"
        assert is_refused(odt, samples.named_archive(odt, zipfile.ZIP_DEFLATED))
        assert is_refused(odt, samples.named_archive(f"{odt}-template"))

    def test_a_pdf_may_end_in_blank_lines(self) -> None:
        assert passes("application/pdf", pdf() + b"\r\n\r\n\0")
        assert is_refused("application/pdf", pdf()[:-7])
        assert is_refused("application/pdf", b"%PDF-9.9" + pdf()[8:])

    def test_a_stream_of_another_program_makes_no_word_document(self) -> None:
        assert is_refused("application/msword", samples.compound_file("Contents"))
        shifted = samples.compound_file("WordDocument")
        assert is_refused("application/msword", shifted[:512] + b"x" * 64 + shifted[512:])
