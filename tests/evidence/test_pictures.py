"""One table of pictures: what the last gate would refuse is taken out when a message is taken in."""

import base64
import io
import json
import re
import sys
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, features

from casefiles.errors import GateError
from evidence import pictures
from evidence.canonical import jcs
from evidence.pictures import FORMATS, encoded_spans, find_encoded, find_raw
from monitor.previews import strip_previews
from tests.searching import search_member

MEMBERS = ("data/items.jsonl", "data/case.json", "data/events.jsonl")
WIDTHS = (28, 40, 64, 76, 10_000)


def written() -> Iterator[tuple[str, bytes]]:
    picture = Image.fromarray(np.random.default_rng(3).integers(0, 255, (40, 40, 3), dtype=np.uint8))
    kinds = ["BMP", "GIF", "ICO", "JPEG", "PCX", "PNG", "PPM", "TGA", "TIFF"]
    optional = (("WEBP", "webp"), ("AVIF", "avif"), ("JPEG2000", "jpg_2000"))
    for kind in kinds + [kind for kind, feature in optional if feature in features.get_supported()]:
        out = io.BytesIO()
        picture.save(out, kind)
        yield kind, out.getvalue()
    yield "JPEG 2000 stream", b"\xff\x4f\xff\x51\0\x2f" + bytes(80)
    yield "MP4", b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41" + bytes(100)
    yield "WebM", bytes.fromhex("1a45dfa39f4286810142f7810142f2810442f381084282847765626d") + bytes(100)
    yield "JPEG XL", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(100)
    yield "AVI", b"RIFF\0\x10\0\0AVI LIST" + bytes(100)


PICTURES = dict(written())
ENCODERS: tuple[Callable[[bytes], bytes], ...] = (base64.b64encode, base64.urlsafe_b64encode)


def encoded(raw: bytes, encode: Callable[[bytes], bytes], alignment: int, width: int, end: str) -> str:
    text = encode(b"\x17" * alignment + raw).decode()
    return end.join(text[at : at + width] for at in range(0, len(text), width))


def require_may_leave(value: object) -> None:
    for member in MEMBERS:
        search_member(member, jcs({"text": value}) + b"\n")  # type: ignore[dict-item] # what strip_previews gave


@pytest.mark.every(4)
@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("encode", ENCODERS)
@pytest.mark.parametrize("alignment", range(3))
def test_what_the_gate_would_refuse_is_stripped(kind: str, encode: Callable[[bytes], bytes], alignment: int) -> None:
    for width in WIDTHS:
        for end in ("\n", "\r\n"):
            for before, after in (("", ""), ("see ", " there"), ("x\n", "\nx"), ("{'", "'}"), ("\u010d", "\u010d")):
                text = before + encoded(PICTURES[kind], encode, alignment, width, end) + after
                if width >= len(text):
                    with pytest.raises(GateError):
                        require_may_leave(text)
                stripped = strip_previews(text)
                require_may_leave(stripped.value)
                assert stripped.removed == 1
                assert len(json.dumps(stripped.value)) < len(text) // 2 or len(text) < 200


def escaped(form: str) -> Callable[[str], str]:
    return lambda text: "".join(form % ord(each) if each in "/+=\n" else each for each in text)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "slashes of PHP": lambda text: text.replace("/", "\\/"),
    "slashes of PHP in JSON": lambda text: text.replace("/", "\\\\\\/"),
    "JSON by numbers": escaped("\\u%04x"),
    "JSON in JSON by numbers": escaped("\\\\u%04X"),
    "every character by its number": lambda text: "".join(f"\\u{ord(each):04x}" for each in text),
    "a script": escaped("\\x%02x"),
    "an address": escaped("%%%02X"),
    "an address twice": escaped("%%25%02x"),
    "HTML": escaped("&#%d;"),
    "HTML by hexadecimal": escaped("&#x%02X;"),
    "HTML twice": escaped("&amp;#%d;"),
    "ends of lines in JSON": lambda text: text.replace("\n", "\\n"),
    "ends of lines in JSON of Windows": lambda text: text.replace("\n", "\\r\\n"),
    "ends of lines in JSON in JSON": lambda text: text.replace("\n", "\\\\r\\\\n"),
    "soft ends of lines": lambda text: text.replace("\n", "=\r\n"),
    "soft ends of lines in JSON": lambda text: text.replace("\n", "=\\r\\n"),
    "lines that are indented": lambda text: text.replace("\n", "\n\t  "),
    "a line of a shell": lambda text: text.replace("\n", "\\\n"),
}


@pytest.mark.every(3)
@pytest.mark.parametrize("kind", ["GIF", "JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_picture_is_found_however_a_reader_would_have_to_unescape_it(kind: str, spelling: str) -> None:
    for alignment in range(3):
        for encode in ENCODERS:
            for width in (19, 20, 76):  # an opening can go across the end of a line
                plain = encoded(PICTURES[kind], encode, alignment, width, "\n")
                text = f'{{"img":"{SPELLINGS[spelling](plain)}","name":"x"}}'
                with pytest.raises(GateError):
                    require_may_leave(text)
                stripped = strip_previews(text)
                require_may_leave(stripped.value)
                assert len(json.dumps(stripped.value)) < len(text) // 2
                assert jcs(stripped.value).startswith(b'["{')  # what stood around it stays
                assert jcs(stripped.value).endswith(b'name\\":\\"x\\"}"]')


@pytest.mark.parametrize(
    "text",
    [
        "C:\\new\\/9j/a",
        "100%2F9j%2F",
        "&#47;9j&#47;",
        "one two three four\n/9j/4AAQ five",
        "\\u002f9j\\u002f",
        "\\" * 99,
    ],
)
def test_escapes_that_are_no_picture_stay_as_they_were_written(text: str) -> None:
    # the control
    assert strip_previews(text).value == text
    require_may_leave(text)


@given(
    st.lists(
        st.one_of(
            st.text(max_size=12),
            st.sampled_from(["\\", "\\/", "\\n", "\t", "%2F", "&#47;", "=\n", "\\u002b", "\\\n", "\r"]),
            st.sampled_from(["\n", "\r\n", " ", "\\", '"', "\0", "\ud800", "=", "A", "QQ", "n/A", "data:;base64,"]),
            st.builds(
                lambda kind, encode, alignment, width, cut: encoded(PICTURES[kind], encode, alignment, width, "\n")[
                    cut : cut + 1500
                ],
                st.sampled_from(sorted(PICTURES)),
                st.sampled_from(ENCODERS),
                st.integers(0, 2),
                st.sampled_from((4, 8, 15, 16, 28, 76, 5000)),
                st.integers(0, 6),
            ),
        ),
        max_size=8,
    )
)
@example(["GIF89a\x20\0\x20\0\xf0\0\0", "\ud800"])
def test_any_text_that_was_taken_in_may_leave(pieces: list[str]) -> None:
    require_may_leave(strip_previews("".join(pieces)).value)


@pytest.mark.parametrize("kind", [kind for kind in PICTURES if kind not in {"BMP", "PPM"}])
def test_a_picture_is_found_as_it_is_anywhere(kind: str) -> None:
    assert any(find_raw(b"\x30" * 50 + PICTURES[kind] + b"\x30"))


@pytest.mark.parametrize("kind", ["BMP", "PPM"])
def test_a_picture_of_a_short_opening_is_found_at_the_beginning(kind: str) -> None:
    assert any(find_raw(PICTURES[kind]))


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_more_bytes_never_make_a_picture_none(data: bytes, more: bytes) -> None:
    for form in FORMATS:
        if form.fits(form.opening + data):
            assert form.fits(form.opening + data + more)


PIECES = sorted({spelling.pattern for spelling in pictures._SPELLINGS} | {b"A", b"AA", b"/", b"\n"})
openings = st.lists(
    st.sampled_from(PIECES).flatmap(lambda piece: st.builds(piece.__getitem__, st.slices(len(piece))))
).map(b"".join)


@given(st.text(alphabet="Qk/9j4AAQSkZJRgUklGRWEBP \n", max_size=200).map(str.encode) | openings)
def test_the_spans_are_in_order_and_leave_nothing(raw: bytes) -> None:
    end = 0
    for start, after in encoded_spans(raw):
        assert end <= start < after
        assert not any(find_encoded(raw[end:start]))
        end = after
    assert not any(find_encoded(raw[end:]))


@given(openings)
def test_one_search_finds_in_order_of_the_tails_what_a_search_for_each_pattern_would(text: bytes) -> None:
    found = list(pictures._candidates(text))
    ends = [at + len(spelling.pattern) - len(spelling.tail) for at, spelling in found]
    assert ends == sorted(ends)
    for spelling in pictures._SPELLINGS:
        every = [at for at in range(len(text)) if text.startswith(spelling.pattern, at)]
        assert [at for at, one in found if one is spelling] == every


def calls_to_search(text: bytes) -> int:
    """How many functions, ours and the interpreter's, a search calls: the same on every machine."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        list(encoded_spans(text))
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize("opening", [b"Qk", b"R0lGODlh", b"/9j/", b"Qk ", b"UDYg"])
def test_a_text_of_beginnings_is_searched_in_steps_that_grow_no_faster_than_it(opening: bytes) -> None:
    short, long = (calls_to_search(opening * times) for times in (500, 2_000))
    assert long < 4.2 * short


def test_a_search_that_looks_back_to_the_beginning_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = pictures._stands

    def forgetful(text: bytes, spelling: pictures._Spelling, at: int, *, start: int, runs: re.Pattern[bytes]) -> bool:
        pictures._run_start(text, at, 0)
        return honest(text, spelling, at, start=start, runs=runs)

    monkeypatch.setattr(pictures, "_stands", forgetful)
    short, long = (calls_to_search(b"Qk" * times) for times in (100, 400))
    assert long > 8 * short


def joined_by_hand(text: bytes) -> list[tuple[int, int, bytes]]:
    """The ends of lines inside runs of Base64, each run of ends looked at by itself."""
    joints = list[tuple[int, int, bytes]]()
    for match in re.finditer(rb"\n[ \t\n]*", text):
        begin = match.start() - (text[: match.start()][-1:] == b"=")
        line = re.search(rb"[A-Za-z0-9+/]*\Z", text[:begin])
        if line and len(line[0]) >= 16 and re.match(rb"[A-Za-z0-9+/]", text[match.end() :]):
            joints.append((begin, match.end(), b""))
    return joints


def resolved_by_hand(text: bytes) -> list[tuple[int, int]]:
    """Where the escapes with backslashes are that stand for what a run has, each run of backslashes taken whole."""
    spans = list[tuple[int, int]]()
    for match in re.finditer(rb"\\+(?:([/\n\t])|([nrt])|(?:u00|x)([0-7][0-9A-Fa-f]))?", text):
        meant = b"A" if match[1] or match[2] else bytes([int(match[3], 16)]) if match[3] else b""
        if meant and (meant.isalnum() or meant in {b"+", b"/", b"-", b"_", b"\n", b"\r", b"\t"}):
            spans.append(match.span())
    return spans


SPELLED = ("A" * 15, "/", "=", "\n", " ", "\t", "\\", "n", "u002f", "x41", "u0022")


@given(st.lists(st.sampled_from(SPELLED)).map("".join))
@example("A" * 16 + "=\n \n\tA")
@example("\\\\\\\\n\\u002f\\u0022\\")
def test_escapes_and_ends_of_lines_are_found_as_by_looking_at_each(text: str) -> None:
    assert list(pictures._joints(text.encode())) == joined_by_hand(text.encode())
    assert [cut[:2] for cut in pictures._resolved(text.encode())] == resolved_by_hand(text.encode())


@pytest.mark.parametrize("text", [b"\\" * 60_000, b"A" * 16 + b"\n" * 60_000, b"=\n" * 30_000])
def test_runs_of_escapes_or_ends_are_looked_at_once(text: bytes) -> None:
    assert not list(find_encoded(text))  # from each to the end of its run would be a thousand million steps
