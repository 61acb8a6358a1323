"""The known faults of the exporter are repaired in a copy, and nothing else is touched."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.desktop.repair import repaired


@pytest.mark.repeats
@given(st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_that_is_right_stays_as_it_is(value: object) -> None:
    for raw in (json.dumps(value).encode(), json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8", "replace")):
        assert repaired(raw) == raw


@pytest.mark.parametrize("character", range(0x20))
def test_a_control_character_becomes_one_that_json_knows(character: int) -> None:
    raw = b'"a\\x%02Xb"' % character
    assert json.loads(repaired(raw)) == f"a{chr(character)}b"


def test_an_escaped_backslash_before_an_x_is_a_backslash() -> None:
    raw = rb'"C:\\x0Bin"'
    assert repaired(raw) == raw
    assert json.loads(raw) == r"C:\x0Bin"


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_bare_path_gets_its_quotes(end: bytes) -> None:
    raw = b'{"document_id": stickers/sticker (1).webp' + end + b"}"
    assert json.loads(repaired(raw)) == {"document_id": "stickers/sticker (1).webp"}


@pytest.mark.parametrize("value", [b'"12"', b"12", b"-1", b"{}", b"[1]"])
def test_a_value_that_json_knows_gets_none(value: bytes) -> None:
    raw = b'{"document_id": ' + value + b"\n}"
    assert repaired(raw) == raw
