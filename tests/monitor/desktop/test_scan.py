"""The scanner beside a slow reference: json itself, asked for each value where it ends."""

import json
import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.desktop.scan import MAX_DEPTH, MAX_NAME_BYTES, ByteSpan, Scanner, place
from monitor.desktop.values import read_value
from monitor.errors import BrokenExportError, ExportError, ExportTooLargeError

SPACE = st.text(alphabet=" \t\r\n", max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=20,
)


def spans_of(data: bytes) -> list[ByteSpan]:
    scanner = Scanner(data)
    spans = [scanner.value() for _ in scanner.elements()]
    scanner.finish()
    return spans


@st.composite
def spaced_arrays(draw: st.DrawFn) -> tuple[list[object], bytes]:
    """An array and a spelling of it: any white space around values, escaped or plain characters."""
    values = draw(st.lists(JSON, max_size=6))
    spelled = [
        json.dumps(value, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from((None, 0, 1, 3))))
        for value in values
    ]
    parts = [draw(SPACE) + text + draw(SPACE) for text in spelled]
    text = draw(SPACE) + "[" + (",".join(parts) if parts else draw(SPACE)) + "]" + draw(SPACE)
    return values, text.encode("utf-8", "surrogatepass")


@pytest.mark.repeats
@settings(deadline=None)
@given(spaced_arrays())
def test_every_span_is_exactly_the_value_that_json_reads_there(case: tuple[list[object], bytes]) -> None:
    values, data = case
    spans = spans_of(data)
    read = [json.loads(data[span.start : span.end].decode("utf-8", "surrogatepass")) for span in spans]
    assert read == values
    for span in spans:
        text = data[span.start :].decode("utf-8", "surrogatepass")
        _, end = json.JSONDecoder().raw_decode(text)
        assert span.end - span.start == len(text[:end].encode("utf-8", "surrogatepass"))


@settings(deadline=None)
@given(spaced_arrays(), st.data())
def test_what_lies_between_the_spans_is_brackets_commas_and_space(
    case: tuple[list[object], bytes], data: st.DataObject
) -> None:
    _, raw = case
    at, between = 0, b""
    for span in spans_of(raw):
        between += raw[at : span.start]
        at = span.end
    assert re.fullmatch(rb"[\s\[\],]*", between + raw[at:])


@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\u0123eE.-+ntrfalsx \n', max_size=60).map(str.encode))
def test_any_bytes_give_spans_or_an_export_error(data: bytes) -> None:
    try:
        spans = spans_of(data)
    except ExportError:
        return
    assert all(0 <= span.start < span.end <= len(data) for span in spans)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[",
        b"[1",
        b"[1,",
        b"[1,]",
        b"[,1]",
        b"[1 2]",
        b'["a]',
        b'["a\\"]',
        b"[{]",
        b"[1]]",
        b"[1] 2",
        b"[01]",
        b"[NaN]",
        b"[tru]",
        b"[\\]",
        b"[{\\}]",
        b"{}",
        b"[1}",
    ],
)
def test_damage_around_values_is_refused_with_its_place(data: bytes) -> None:
    with pytest.raises(BrokenExportError, match=r"line 1 column \d+"):
        spans_of(data)


def test_a_bracket_of_the_wrong_kind_is_caught_by_the_parser_behind() -> None:
    data = b"[[1}]"
    span = Scanner(data, start=1).value()
    with pytest.raises(BrokenExportError):
        read_value(data, span)


def test_a_value_may_nest_as_deep_as_the_limit_and_no_deeper() -> None:
    assert Scanner(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH).value() == ByteSpan(0, 2 * MAX_DEPTH)
    with pytest.raises(ExportTooLargeError, match=f"{MAX_DEPTH} levels"):
        Scanner(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1)).value()


def test_a_million_open_brackets_are_refused_and_not_recursed() -> None:
    with pytest.raises(ExportTooLargeError):
        spans_of(b"[" * 1_000_000)


def test_brackets_and_quotes_inside_texts_do_not_count() -> None:
    data = rb'["]}[{", "\"]", "\\", {"\"}": "]"}]'
    assert [json.loads(data[span.start : span.end]) for span in spans_of(data)] == ["]}[{", '"]', "\\", {'"}': "]"}]


def test_members_are_walked_in_order_with_their_names_read() -> None:
    scanner = Scanner(b'{ "a" : 1 , "\\u0062" :[2], "c":{} }')
    assert [(name, scanner.value()) for name in scanner.members()] == [
        ("a", ByteSpan(8, 9)),
        ("b", ByteSpan(22, 25)),
        ("c", ByteSpan(31, 33)),
    ]


@pytest.mark.parametrize(
    "data", [b'{"a" 1}', b'{"a":1,}', b"{1:1}", b'{"a":1 "b":2}', b'{"\\x":1}', b'{"\xff":1}', b"{", b"[]", b""]
)
def test_damage_between_members_is_refused(data: bytes) -> None:
    scanner = Scanner(data)
    with pytest.raises(BrokenExportError):
        _ = [(name, scanner.value()) for name in scanner.members()]


def test_a_name_too_long_for_any_exporter_is_refused() -> None:
    assert next(Scanner(b'{"' + b"n" * 600 + b'":1}').members()) == "n" * 600
    scanner = Scanner(b'{"' + b"n" * MAX_NAME_BYTES + b'":1}')
    with pytest.raises(BrokenExportError, match=f"{MAX_NAME_BYTES} bytes"):
        next(scanner.members())


def test_a_place_counts_lines_and_characters_as_an_editor_does() -> None:
    data = "a\në€x\r\nz".encode()
    assert str(place(data, 0)) == "line 1 column 1"
    assert str(place(data, data.index(b"x"))) == "line 2 column 3"
    assert str(place(data, data.index(b"z"))) == "line 3 column 1"
    assert str(place(b"\n" * (3 << 20) + b"  !", (3 << 20) + 2)) == f"line {(3 << 20) + 1} column 3"


@pytest.mark.slow
def test_the_work_grows_with_the_bytes_and_not_faster() -> None:
    """Counted as events of the interpreter, because a clock on a shared machine proves nothing."""

    def events(count: int) -> int:
        data = b"[" + b",".join([b'{"id": 1, "text": ["a", {"b": "c\\n"}]}'] * count) + b"]"
        total = 0

        def count_event(*_: object) -> None:
            nonlocal total
            total += 1

        sys.setprofile(count_event)
        try:
            spans_of(data)
        finally:
            sys.setprofile(None)
        return total

    assert events(20_000) < 2.05 * events(10_000)
