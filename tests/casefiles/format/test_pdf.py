"""Pages are text, lines and outline fonts in one form; everything else in a PDF is refused."""

import re
import zlib
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from casefiles.errors import GateError
from casefiles.format import layout, pdf
from casefiles.format.pdf import parts_of_pages
from tests.casefiles import forge
from tests.damaged.corpus import retabled, with_stream
from tests.nonempty import nonempty
from tests.searching import search_member

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
        search_member(NAME, content)
    return error.value.code


def test_pages_of_the_typesetter_pass() -> None:
    search_member(NAME, pages())
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
        (lambda content: with_stream(content, lambda drawn: drawn + b"]BI(%)ID"), "gate.pages_image"),
        (lambda content: with_stream(content, lambda drawn: drawn + b"\n%x"), "gate.pages_form"),
        (lambda content: with_stream(content, lambda drawn: drawn + b"\0"), "gate.pages_form"),
        (lambda content: with_stream(content, lambda drawn: drawn + b"(%)%)BI"), "gate.pages_form"),
        (swapped(b"/MarkInfo<<", b"/MarkInfo(\n)<<"), "gate.pages_form"),
        (swapped(b"/MarkInfo<<", b"/MarkInfo\\<<"), "gate.pages_form"),
        (swapped(b"trailer\n<<", b"trailer\n<</Prev 1"), "gate.pages_form"),
        (swapped(b" 00000 n\r\n", b" 00000 f\r\n"), "gate.pages_form"),
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
    assert refused(retabled(pages()[: head.start()] + longer + pages()[end:])) == "gate.pages_form"


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
    renamed = changed.replace(b"/Contents " + number[1] + b" 0", b"/FontFile2 " + number[1] + b" 0")
    assert refused(retabled(renamed)) == "gate.pages_object"


def with_font(change: Callable[[bytes], bytes]) -> bytes:
    """The pages with another first font."""
    named = re.search(rb"/FontFile2 ([0-9]+)", pages())
    assert named
    head = re.search(rb"\n%s 0 obj\n<</Length ([0-9]+)/Filter/FlateDecode>>\nstream\n" % named[1], pages())
    assert head
    end = head.end() + int(head[1])
    packed = zlib.compress(change(zlib.decompress(pages()[head.end() : end])))
    opening = head[0].replace(b"/Length " + head[1], b"/Length " + str(len(packed)).encode())
    return retabled(pages()[: head.start()] + opening + packed + pages()[end:])


def test_a_font_has_its_tables_and_nothing_beside_them() -> None:
    search_member(NAME, with_font(lambda font: font))  # the control
    for change in nonempty([lambda font: font + b"\xff\xd8\xff\xe0", lambda font: font[:4], lambda font: font[:40]]):
        assert refused(with_font(change)) == "gate.pages_form"
    moved = with_font(lambda font: font[:20] + b"\0\0\0\0" + font[24:])
    assert refused(moved) == "gate.pages_form"


def test_a_plain_drawing_passes_and_a_table_that_leads_elsewhere_does_not() -> None:
    plain = with_stream(pages(), lambda _drawn: b"q\nQ\n")
    search_member(NAME, plain)
    assert refused(re.sub(rb"[0-9]{10} 00000 n", b"0000000099 00000 n", plain, count=1)) == "gate.pages_form"


def test_too_much_to_search_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MAX_SEARCHED_BYTES", 1_000)
    assert refused(pages()) == "gate.pages_large"


def test_a_picture_in_the_description_is_found() -> None:
    described = swapped(b"<x:xmpmeta", GIF + b"<x:xmpmeta")(pages())
    length = re.search(rb"<</Length ([0-9]+)/Type/Metadata", described)
    assert length
    longer = b"<</Length " + str(int(length[1]) + len(GIF)).encode() + b"/Type/Metadata"
    assert refused(retabled(described.replace(length[0], longer))) == "gate.picture"


def test_letters_and_brackets_in_a_title_are_no_objects() -> None:
    title = re.search(rb"/Title\(([^()]+)\)", pages())
    assert title
    odd = rb"/Title(a (b (c) /OpenAction #41 %) \) \\ endobj)"
    search_member(NAME, retabled(pages().replace(title[0], odd, 1)))


def by_hand(content: bytes) -> tuple[bytes, bytes] | None:
    """What is beside the strings of a drawing, and the strings, found byte by byte; None where its form is wrong."""
    plain, strings, depth, at = [b""], list[bytes](), 0, 0
    while at < len(content):
        length = 2 if content[at : at + 1] == b"\\" else 1
        if length > len(content) - at and not depth:
            return None
        mark = content[at : at + length]
        if mark == b"(" and not depth:
            strings.append(b"")
            plain.append(b"")
        if mark[:1] == b"\\" and len(mark) == 1:
            return None
        depth += mark == b"("
        if not depth and mark[:1] in {b")", b"\\"}:
            return None
        (strings if depth else plain)[-1] += mark
        depth -= mark == b")"
        at += length
    joined = b"".join(strings)
    return None if depth or not all(0x20 <= byte < 0x7F for byte in joined) else (b" ".join(plain), joined)


@given(st.text("()\\%BIx \n\x80", max_size=24))
@example("(a)BI(b)")
@example("(a(b)c) BI")
@example("a(")
@example("(\\")
@example("(%)(\\(BI )%")
@example("(%(%)) BI ")
@example("(%\n)x")
def test_strings_are_told_from_the_drawing_as_byte_by_byte(text: str) -> None:
    content = text.encode("latin-1")
    apart = by_hand(content)
    assert outcome(lambda: pdf._without_strings(NAME, content)) == (apart or "gate.pages_form")
    if "\x80" in text:
        wanted: object = "gate.pages_form"
    elif b"%" not in content and not re.search(rb"(?<![A-Za-z0-9])BI(?![A-Za-z0-9])", content):
        wanted = None
    elif apart is None or b"%" in apart[0]:
        wanted = "gate.pages_form"
    else:
        wanted = "gate.pages_image" if re.search(rb"(?<![A-Za-z0-9])BI(?![A-Za-z0-9])", apart[0]) else None
    assert outcome(lambda: pdf._require_drawing(NAME, content)) == wanted


def outcome(call: Callable[[], object]) -> object:
    """What a call returns, or the code of its refusal."""
    try:
        return call()
    except GateError as error:
        return error.code
