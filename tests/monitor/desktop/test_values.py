"""Slices as values: numbers by their spelling, the exporter's own faults repaired in a copy, nothing ambiguous."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.desktop.repair import repaired
from monitor.desktop.scan import ByteSpan
from monitor.desktop.values import MAX_NAME_CHARACTERS, MAX_VALUE_BYTES, ODD_NAME, JsonNumber, Parsed, read_value
from monitor.errors import BrokenExportError, ExportTooLargeError
from tests.nonempty import nonempty


def read(raw: bytes) -> Parsed:
    return read_value(raw, ByteSpan(0, len(raw)))


@pytest.mark.parametrize("spelling", ["1e999", "-0", "0.10", "9223372036854775807", "1" * 5000, "1E+2"])
def test_a_number_keeps_its_spelling(spelling: str) -> None:
    value = read(f'{{"n": {spelling}}}'.encode())
    assert value == {"n": spelling}
    assert isinstance(value["n"], JsonNumber)


@pytest.mark.parametrize("spelling", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_json_number_is_refused(spelling: str) -> None:
    with pytest.raises(BrokenExportError, match="not a JSON number"):
        read(f'{{"n": {spelling}}}'.encode())


def test_a_name_that_stands_twice_is_refused_and_not_resolved() -> None:
    with pytest.raises(BrokenExportError, match="twice in one object"):
        read(b'{"from_id": "user1", "from_id": "user2"}')


def test_the_repeated_text_of_a_gift_is_kept_whole() -> None:
    assert read(b'{"text": "For you", "a": 1, "text": ""}') == {"text": {"repeated": ["For you", ""]}, "a": "1"}


@pytest.mark.parametrize("name", ["\ud800", "n" * (MAX_NAME_CHARACTERS + 1), "\udfff" * 500, "n" * 100_000])
def test_a_name_that_nobody_writes_stands_beside_its_value(name: str) -> None:
    (odd, inner), *others = nonempty(read(json.dumps({name: [1]}).encode()).items())
    assert others == []
    assert odd.startswith(ODD_NAME)
    assert len(odd) <= MAX_NAME_CHARACTERS
    assert inner == {"name": name, "value": ["1"]}


def test_odd_names_are_told_apart_and_stand_once_each() -> None:
    one, other = "n" * 200, "n" * 201
    assert len(read(json.dumps({one: 1, other: 1}).encode())) == 2
    with pytest.raises(BrokenExportError, match="twice"):
        read(f'{{"{one}": 1, "{one}": 2}}'.encode())
    assert read(b'{"' + b"n" * MAX_NAME_CHARACTERS + b'": null}') == {"n" * MAX_NAME_CHARACTERS: None}


def test_a_lone_surrogate_in_a_text_is_read_as_it_is() -> None:
    assert read(b'{"text": "a\\ud83d"}') == {"text": "a\ud83d"}


def test_a_raw_control_character_is_refused() -> None:
    with pytest.raises(BrokenExportError, match="line 1 column 2"):
        read(b'"\x01"')


def test_bytes_that_are_not_utf8_are_refused_with_their_place() -> None:
    with pytest.raises(BrokenExportError, match="line 2 column 3") as refused:
        read(b'["\xc3\xab",\n "\xff"]')
    assert "UTF-8" in refused.value.message


def test_a_message_beyond_the_limit_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(ExportTooLargeError):
        read(b'"' + b"a" * MAX_VALUE_BYTES + b'"')


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (rb'"a\x0Bb"', "a\x0bb"),
        (rb'"\x01\x02\x1F"', "\x01\x02\x1f"),
        (rb'"\\x0B"', r"\x0B"),
        (rb'"\\\x0B"', "\\\x0b"),
        (rb'"\\\\x0B\x00"', "\\\\x0B\x00"),
        (rb'"\"\x08\""', '"\x08"'),
    ],
)
def test_control_characters_as_telegram_desktop_writes_them_are_read(written: bytes, meant: str) -> None:
    assert read(written) == meant


def test_a_custom_emoji_without_quotes_is_read() -> None:
    raw = b'{\n  "type": "custom_emoji",\n  "document_id": video_files/sticker (2).webm\n}'
    assert read(raw) == {"type": "custom_emoji", "document_id": "video_files/sticker (2).webm"}
    assert read(raw.replace(b"\n", b"\r\n")) == read(raw)


def test_words_about_a_document_id_inside_a_text_are_not_repaired() -> None:
    raw = json.dumps({"text": 'he wrote "document_id": stickers/a.webp\nand left', "x": "\v"}).encode()
    assert read(raw.replace(rb"\u000b", rb"\x0B")) == json.loads(raw)


@pytest.mark.parametrize("written", [rb'"\xE9"', rb'"\x7F"', rb'"\x0"', rb'"\q"', rb'"\x0B'])
def test_other_escapes_are_refused_and_not_guessed(written: bytes) -> None:
    with pytest.raises(BrokenExportError):
        read(written)


@settings(deadline=None)
@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10))
def test_valid_json_is_never_changed_by_the_repair(value: object) -> None:
    for ensure_ascii in (False, True):
        raw = json.dumps(value, ensure_ascii=ensure_ascii, indent=1).encode("utf-8", "surrogatepass")
        assert repaired(raw) == raw


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=0x7F) | st.sampled_from('ë€😀\\"\v\x00'), max_size=20))
def test_the_exporters_own_spelling_of_any_text_is_read_back(text: str) -> None:
    """SerializeString of export_output_json.cpp, written again from its description."""
    plain = {"\n": r"\n", "\r": r"\r", "\t": r"\t", '"': r"\"", "\\": r"\\"}
    spelled = "".join(plain.get(c) or (f"\\x{ord(c):02X}" if ord(c) < 32 else c) for c in text)
    assert read(f'{{"text": "{spelled}"}}'.encode()) == {"text": text}
