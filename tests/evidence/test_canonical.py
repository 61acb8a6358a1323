"""One form for each value, and nothing but text has one."""

import base64
import contextlib
import hashlib
import itertools
import json
from types import MappingProxyType

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from evidence.canonical import (
    Value,
    b64u,
    from_b64u,
    from_b64u_each,
    jcs,
    read_jcs,
    sha256_hex,
    sha256_hex_of,
    text_of,
    text_value,
)
from evidence.errors import CanonicalError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "value", [1, 1.5, True, b"x", {"a": 1}, [False], {"a": [{"b": 2}]}, {1: "a"}, {None: "a"}, {"a"}]
)
def test_what_is_no_value_of_the_log_is_refused(value: Value) -> None:
    with pytest.raises(CanonicalError):
        jcs(value)


@pytest.mark.parametrize("value", ["\ud800", "a\udfffb", ["\ud800"], {"\ud800": "a"}])
def test_half_of_a_surrogate_pair_has_no_canonical_form(value: Value) -> None:
    with pytest.raises(CanonicalError):
        jcs(value)


def test_what_is_nested_too_deeply_is_refused_and_crashes_nothing() -> None:
    value: Value = "x"
    for _ in range(20_000):
        value = [value]
    with pytest.raises(CanonicalError):
        jcs(value)


@given(VALUES)
def test_the_form_is_that_of_rfc_8785(value: Value) -> None:
    assert jcs(value) == rfc8785.dumps(value)
    assert read_jcs(jcs(value), where="here") == value


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b'{"b":"1","a":"2"}', b'{"a": "1"}', b'{"a":"1"}\n', b'{"a":"1","a":"2"}', b'"\\u0041"', b"1", b"\xff",
     b"[" * 100_000],
)  # fmt: skip
def test_json_in_another_spelling_is_refused(data: bytes) -> None:
    with pytest.raises(CanonicalError):
        read_jcs(data, where="here")


@given(st.dictionaries(TEXT, TEXT, max_size=6))
def test_names_come_in_the_order_of_utf_16(value: dict[str, str]) -> None:
    names = list(json.loads(jcs(value)))
    assert names == sorted(names, key=lambda name: name.encode("utf-16-be"))


def test_any_mapping_and_any_sequence_has_the_form_of_a_plain_one() -> None:
    assert jcs(MappingProxyType({"b": ("x", None), "a": MappingProxyType({})})) == b'{"a":{},"b":["x",null]}'


@given(st.text())
def test_any_text_becomes_a_value(text: str) -> None:
    value = text_value(text)
    jcs(value)
    if isinstance(value, dict):
        assert from_b64u(value["b64"]).decode("utf-8", "surrogatepass") == text
    else:
        assert value == text


def test_text_that_is_not_unicode_is_told_in_base64() -> None:
    assert text_value("a\ud800") == {"b64": "Ye2ggA"}


@given(st.binary(max_size=40))
def test_base64url_is_read_back(data: bytes) -> None:
    assert from_b64u(b64u(data)) == data
    assert b64u(data).encode() == base64.urlsafe_b64encode(data).rstrip(b"=")


@pytest.mark.parametrize("text", ["Y", "YQ==", "YR", "a+b/", "YQ\n", " YQ", "Ÿ", "Y-Q=", "=", "YQ=", "Y Q"])
def test_any_other_spelling_of_base64url_is_refused(text: str) -> None:
    with pytest.raises(CanonicalError):
        from_b64u(text)


@given(st.text(max_size=12))
def test_a_text_is_the_one_spelling_of_its_bytes_or_refused(text: str) -> None:
    with contextlib.suppress(CanonicalError):
        assert b64u(from_b64u(text)) == text


def spelled_as(text: str) -> bytes | None:
    """The bytes of which ``text`` is the one spelling, by decoding and encoding again."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    return data if base64.urlsafe_b64encode(data).decode().rstrip("=") == text else None


@given(st.lists(st.binary(max_size=40).map(b64u) | st.text("AQgw-_=+ \u017d", max_size=6), max_size=5))
def test_texts_that_are_read_together_are_read_as_each_by_itself(texts: list[str]) -> None:
    try:
        one_by_one = list(map(from_b64u, texts))
    except CanonicalError:
        with pytest.raises(CanonicalError):
            from_b64u_each(texts)
    else:
        assert from_b64u_each(texts) == one_by_one


def test_of_all_short_texts_only_the_one_spelling_of_some_bytes_is_read() -> None:
    read = 0
    for letters in itertools.chain.from_iterable(itertools.product("AQRZ_-+/= .", repeat=size) for size in range(5)):
        text = "".join(letters)
        if (expected := spelled_as(text)) is None:
            with pytest.raises(CanonicalError):
                from_b64u(text)
            continue
        assert from_b64u(text) == expected
        read += 1
    assert read > 1000


@given(st.lists(st.binary(max_size=80)))
def test_a_digest_is_that_of_the_bytes_however_they_are_cut(chunks: list[bytes]) -> None:
    assert sha256_hex_of(chunks) == sha256_hex(b"".join(chunks)) == hashlib.sha256(b"".join(chunks)).hexdigest()


@given(st.text(st.characters(codec=None)))
def test_a_text_comes_back_from_its_value(text: str) -> None:
    assert text_of(text_value(text)) == text


@pytest.mark.parametrize("value", [None, [], {}, {"b64": None}, {"b64": "", "x": ""}])
def test_what_is_no_text_is_not_read_as_one(value: Value) -> None:
    with pytest.raises(CanonicalError):
        text_of(value)
