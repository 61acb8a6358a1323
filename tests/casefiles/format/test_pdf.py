"""Pages are text, lines and outline fonts in one form; everything else in a PDF is refused."""

import re
import zlib
from collections.abc import Callable

import pytest

from casefiles.errors import GateError
from casefiles.format import layout, pdf
from casefiles.format.pdf import parts_of_pages
from casefiles.format.pictures import require_no_picture
from tests.casefiles import forge
from tests.damaged.corpus import with_stream

NAME = layout.pages_name("en", 1)
GIF = b"GIF89a\1\0\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"


def pages() -> bytes:
    return forge.members_of(forge.paged_bundle())[NAME]


def swapped(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        assert old in content
        return content.replace(old, new, 1)

    return change


def refused(content: bytes) -> str:
    with pytest.raises(GateError) as error:
        require_no_picture(NAME, content)
    return error.value.code


def test_pages_of_the_typesetter_pass() -> None:
    require_no_picture(NAME, pages())
    assert any(b"<x:xmpmeta" in part for part in parts_of_pages(NAME, pages()))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda content: b"\n" + content, "gate.pages_form"),
        (lambda content: content + b"\n", "gate.pages_form"),
        (swapped(b"%PDF-1.7", b"%PDF-1.6"), "gate.pages_form"),
        (swapped(b"startxref\n", b"startxref\n0\nstartxref\n"), "gate.pages_form"),
        (swapped(b"/MarkInfo<<", b"/MarkInfo<<%"), "gate.pages_form"),
        (swapped(b"/MarkInfo<<", b"/MarkInfo<<("), "gate.pages_form"),
        (swapped(b"/Catalog", b"/C#61talog"), "gate.pages_form"),
        (swapped(b"\nendstream\nendobj\n", b"\nendstream\nendobj "), "gate.pages_form"),
        (swapped(b"<</Length ", b"<</Length 1"), "gate.pages_form"),
        (swapped(b"<</Length ", b"<</Xength "), "gate.pages_form"),
        (swapped(b"/Type0", b"/Type3"), "gate.pages_object"),
        (swapped(b"/MarkInfo<<", b"/OpenAction 1 0 R/MarkInfo<<"), "gate.pages_object"),
        (swapped(b"/MarkInfo<<", b"/AA<<>>/MarkInfo<<"), "gate.pages_object"),
        (swapped(b"/OutputIntents", b"/EmbeddedFiles"), "gate.pages_object"),
        (swapped(b"/ProcSet[", b"/XObject<<>>/ProcSet["), "gate.pages_object"),
        (swapped(b"/Filter/FlateDecode", b"/Filter/DCTDecodexx"), "gate.pages_object"),
        (swapped(b"/FontFile2 ", b"/Contents  "), "gate.pages_object"),
        (lambda content: with_stream(content, lambda drawn: drawn + b"\nBI/W 1 ID x EI"), "gate.pages_image"),
    ],
)
def test_anything_else_is_refused(change: Callable[[bytes], bytes], code: str) -> None:
    assert refused(change(pages())) == code


def test_what_is_packed_badly_or_bears_a_tail_is_refused() -> None:
    head = re.search(rb"/Length ([0-9]+)/Filter/FlateDecode>>\nstream\n", pages())
    assert head
    assert refused(pages()[: head.end()] + b"\0\0\0\0" + pages()[head.end() + 4 :]) == "gate.pages_form"
    packed = zlib.compress(b"q\nQ\n") + b"tail"
    end = head.end() + int(head[1])
    longer = head[0].replace(head[1], str(len(packed)).encode(), 1) + packed
    assert refused(pages()[: head.start()] + longer + pages()[end:]) == "gate.pages_form"


def test_pages_that_unpack_to_more_than_allowed_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MAX_STREAM_BYTES", 1_000)
    assert refused(pages()) == "gate.pages_large"
    monkeypatch.undo()
    monkeypatch.setattr(pdf, "MAX_UNPACKED_BYTES", 1_000)
    assert refused(pages()) == "gate.pages_large"


def test_a_colour_font_hides_no_picture() -> None:
    number = re.search(rb"/FontFile2 ([0-9]+) 0 R", pages())
    assert number

    def coloured(font: bytes) -> bytes:
        assert b"glyf" in font[:300]
        return font.replace(b"glyf", b"CBDT", 1)

    named = pages().replace(b"/FontFile2 " + number[1], b"/Contents " + number[1])
    changed = with_stream(b"/Contents " + number[1] + b" 0 R" + named, coloured)[len(b"/Contents  0 R" + number[1]) :]
    assert refused(changed.replace(b"/Contents " + number[1] + b" 0", b"/FontFile2 " + number[1] + b" 0")) == (
        "gate.pages_object"
    )


def test_a_picture_in_the_description_is_found() -> None:
    described = swapped(b"<x:xmpmeta", GIF + b"<x:xmpmeta")(pages())
    length = re.search(rb"<</Length ([0-9]+)/Type/Metadata", described)
    assert length
    longer = b"<</Length " + str(int(length[1]) + len(GIF)).encode() + b"/Type/Metadata"
    assert refused(described.replace(length[0], longer)) == "gate.picture"


def test_letters_and_brackets_in_a_title_are_no_objects() -> None:
    title = re.search(rb"/Title\(([^()]+)\)", pages())
    assert title
    odd = rb"/Title(a (b (c) /OpenAction #41 %) \) \\ endobj)"
    require_no_picture(NAME, pages().replace(title[0], odd, 1))
