"""No picture reaches a record: planted at any place, in any spelling that is promised, it is gone."""

import base64
import io
import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from evidence.canonical import Value, jcs
from evidence.errors import CanonicalError
from monitor.desktop.values import JsonNumber
from monitor.previews import is_uncut, strip_previews
from tests.nonempty import nonempty

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")


def picture(kind: str) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 5).save(content, kind)
    return content.getvalue()


PICTURES = {kind: picture(kind) for kind in FORMATS}


def spellings(raw: bytes, kind: str) -> list[str]:
    standard = base64.b64encode(raw).decode()
    return [
        standard,
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        base64.encodebytes(raw).decode(),
        base64.encodebytes(raw).decode().replace("\n", "\r\n"),
        f"data:image/{kind.lower()};base64,{standard}",
        f"DATA:image/{kind.lower()};charset=x;base64,{base64.encodebytes(raw).decode()}",
        f"data:;base64,{standard}",
    ]


def has_trace(value: Value, raw: bytes) -> bool:
    """Whether ten characters of any spelling of the picture's inside are left."""
    text = jcs(value).decode()
    inside = raw[12 : 12 + (len(raw) - 12) // 3 * 3]
    needles = [base64.b64encode(inside).decode(), base64.urlsafe_b64encode(inside).decode()]
    return any(needle[at : at + 10] in text for needle in needles for at in range(0, len(needle) - 10, 3))


@pytest.mark.parametrize("kind", FORMATS)
def test_every_spelling_of_a_picture_is_replaced_by_its_length(kind: str) -> None:
    for spelling in nonempty(spellings(PICTURES[kind], kind)):
        control = {"photo": "photos/a.jpg", "note": f"vorher {spelling.strip()} nachher"}
        assert has_trace({"note": spelling.replace("\n", "").replace("\r", "")}, PICTURES[kind])
        stripped = strip_previews(control)
        assert stripped.removed == 1
        assert not has_trace(stripped.value, PICTURES[kind])
        assert stripped.value == {
            "photo": "photos/a.jpg",
            "note": ["vorher ", {"stripped": str(len(spelling.strip()))}, " nachher"],
        }


@st.composite
def planted(draw: st.DrawFn) -> tuple[object, bytes]:
    """Any JSON, with one spelling of one picture somewhere in it."""
    kind = draw(st.sampled_from(FORMATS))
    spelling = draw(st.sampled_from(spellings(PICTURES[kind], kind)))
    value: object = draw(st.text(alphabet="ab ë\n.", max_size=5)) + " " + spelling
    words = st.text(alphabet="xyz", min_size=1, max_size=3)
    for _ in range(draw(st.integers(0, 8))):
        if draw(st.booleans()):
            value = [*draw(st.lists(st.integers() | words, max_size=2)), value]
        else:
            value = {**draw(st.dictionaries(words, st.booleans() | words, max_size=2)), draw(words): value}
    return value, PICTURES[kind]


@settings(deadline=None)
@given(planted())
def test_a_picture_planted_at_any_depth_is_gone(case: tuple[object, bytes]) -> None:
    value, raw = case
    stripped = strip_previews(value)
    assert stripped.removed == 1
    assert not has_trace(stripped.value, raw)


@pytest.mark.parametrize(
    "name", ["thumbnail", "Thumbnail", "photoStrippedSize", "photo_stripped_size", "photoCachedSize", "thumbs"]
)
def test_the_value_of_a_preview_name_goes_whole_whatever_it_is(name: str) -> None:
    for value, length in (("files/x_thumb.jpg", 17), (b"\x01\x02\x03", 3), (["ë", {"bytes": b"\x00"}, 5], 4), ({}, 0)):
        stripped = strip_previews({"a": [{name: value}]})
        assert stripped.value == {"a": [{name: {"stripped": str(length)}}]}
        assert stripped.removed == 1


def test_the_size_of_a_preview_stays() -> None:
    value = {"thumbnail_file_size": JsonNumber("812"), "thumb": None, "thumbs": 3}
    assert strip_previews(value).value == {"thumbnail_file_size": "812", "thumb": None, "thumbs": "3"}


@pytest.mark.parametrize("size", ["PhotoStrippedSize", "PhotoCachedSize", "PhotoPathSize"])
def test_the_bytes_of_a_stripped_size_of_tl_go_even_as_text(size: str) -> None:
    value = {"_": size, "type": "i", "bytes": "ASgoAP//"}
    assert strip_previews(value).value == {"_": size, "type": "i", "bytes": {"stripped": "8"}}
    assert strip_previews(value | {"_": "Document"}).removed == 0


def test_numbers_and_booleans_become_strings_and_texts_stay() -> None:
    value = {"n": 2**63, "f": 42.5, "t": True, "f2": False, "none": None, "text": "ë\u2028", "list": (1, "a")}
    assert strip_previews(value).value == {
        "n": "9223372036854775808",
        "f": "42.5",
        "t": "true",
        "f2": "false",
        "none": None,
        "text": "ë\u2028",
        "list": ["1", "a"],
    }


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=15,
    )
)
def test_the_result_is_always_a_value_of_the_log(value: object) -> None:
    jcs(strip_previews(value).value)


def test_text_that_is_not_unicode_takes_its_documented_form() -> None:
    assert strip_previews("a\ud83d").value == {"b64": base64.urlsafe_b64encode(b"a\xed\xa0\xbd").decode().rstrip("=")}


@pytest.mark.parametrize(
    "text",
    [
        "see /9j/4 and iVBORw0KGgo",
        "data: 12,13",
        "metadata:image/x,5",
        "https://example.org/9k/" + "a" * 80,
        "R0lGOD is how a GIF begins",
        "0123456789abcdef" * 8,
    ],
)
def test_text_that_only_speaks_of_pictures_stays_whole(text: str) -> None:
    assert strip_previews(text).value == text


def test_a_false_start_does_not_hide_the_picture_behind_it() -> None:
    spelled = base64.b64encode(PICTURES["JPEG"]).decode()
    for prefix in ("/9j/", "iVBORw0", "data:", "UklGR", "/9j/4"):
        assert not has_trace(strip_previews(prefix + spelled).value, PICTURES["JPEG"])


@pytest.mark.repeats
def test_a_hostile_text_is_searched_in_one_pass() -> None:
    """Each start of a picture repeated thirty thousand times; a quadratic search would not come back."""
    for start in ("/9j/4", "data:a/b", "data:a/b;", "iVBORw0KGgo ", "UklGRaaaaaa", "R0lGODdh", "data:;"):
        strip_previews(start * 30_000)


def test_too_deep_a_value_is_refused_and_not_recursed() -> None:
    deep: object = "x"
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(CanonicalError, match="too deep"):
        strip_previews(deep)
    with pytest.raises(CanonicalError, match="too deep"):
        strip_previews({"thumbnail": deep})


@pytest.mark.parametrize("value", [{1: "a"}, {"\ud800": "a"}, {"a": datetime(2024, 1, 1, tzinfo=UTC)}, {"a": {1, 2}}])
def test_what_a_record_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(CanonicalError):
        strip_previews(value)


def test_what_json_gave_is_what_json_gets_back_but_for_numbers() -> None:
    value = {"id": "5", "text": ["a", {"type": "bold", "text": "b"}], "none": None}
    assert json.loads(jcs(strip_previews(value).value)) == value


@pytest.mark.parametrize(
    ("text", "uncut"), [("words", True), ("\udcff", True), ("", True), ("data:image/png;base64,AAAA", False)]
)
def test_a_text_tells_whether_a_picture_was_cut_out_of_it(text: str, *, uncut: bool) -> None:
    assert is_uncut(strip_previews(text).value) is uncut
