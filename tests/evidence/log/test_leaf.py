"""A leaf has one spelling; everything else is refused with one error."""

import contextlib
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from evidence.custody.event import Draft, SealedPayload, prepare
from evidence.errors import LeafError, UnknownTypeError
from evidence.log.leaf import named_entries, parse_leaf, read_leaf
from evidence.log.schema import MAX_LEAF_BYTES, NO_TOKEN, SCHEMAS, schema_of
from tests.evidence.log.ledger import CASEWORK, NOBODY, ORIGIN
from tests.nonempty import nonempty

ANCHOR = dict.fromkeys(SCHEMAS["anchor"].public, "x")


def leaf_of(event_type: str, **more: Any) -> bytes:  # noqa: ANN401 - the fields of a draft are of several types
    schema = SCHEMAS[event_type]
    values = NOBODY if schema.act else {}
    draft = Draft(event_type, values, public=dict.fromkeys(schema.public, "x"), **more)
    return prepare(draft, origin=ORIGIN, casework=CASEWORK.recipient).leaf(NO_TOKEN)


LEAVES = {name: leaf_of(name) for name in SCHEMAS}
FULL = leaf_of("observed", payload=SealedPayload("ab" * 32, b"header"), prints=b"prints")


def changed(leaf: bytes, **changes: object) -> bytes:
    """Another leaf, canonical all the same: only what it says is wrong."""
    body = json.loads(leaf) | changes
    return rfc8785.dumps({name: value for name, value in body.items() if value is not ...})


def refused(data: bytes) -> LeafError:
    with pytest.raises(LeafError) as raised:
        parse_leaf(data)
    return raised.value


MALFORMED: dict[str, dict[str, object]] = {
    **{f"without {name}": {name: ...} for name in json.loads(FULL)},
    "another key": {"more": "x"},
    **{
        f"the format {found}": {"format": found}
        for found in ("nisisama/event/01", "nisisama/event/", "nisisama/record/1")
    },
    "a format that is no text": {"format": ["nisisama/event/1"]},
    **{f"the type {found!r}": {"type": found} for found in ("", "Opened", "1st", "opened\n", "x" * 65)},
    **{f"{name} is no text": {name: {}} for name in ("after", "commit", "event", "log", "type")},
    **{f"{name} is null": {name: None} for name in ("after", "event", "log", "type", "commit", "public", "sealed")},
    **{f"{name} is a text": {name: "x"} for name in ("public", "sealed")},
    **{f"{name} holds no text": {name: {"a": ["x"]}} for name in ("public", "sealed")},
    "commit is short": {"commit": "0" * 63},
    "commit is in capitals": {"commit": "A" * 64},
    "commit is of the other alphabet": {"commit": "A" * 43},
    "after is short": {"after": "0" * 63},
    "after is in capitals": {"after": "A" * 64},
    "after has a line feed": {"after": "0" * 64 + "\n"},
    "event is long": {"event": "0" * 33},
    "event is no hex": {"event": "g" * 32},
    "a sealed part is no digest": {"sealed": {"record": "0" * 63}},
    "an unknown sealed part": {"sealed": {"record": "0" * 64, "thumbnail": "0" * 64}},
    "public where nothing is": {"public": {"a": "b"}},
    "the record is not sealed": {"sealed": {}},
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_leaf_is_refused(name: str) -> None:
    refused(changed(FULL, **MALFORMED[name]))


@pytest.mark.parametrize("unknown", [{"type": "weighed"}, {"format": "nisisama/event/2"}])
@pytest.mark.parametrize("more", [{}, {"public": {"a": "b"}}, {"sealed": {}}])
def test_a_leaf_of_an_unknown_type_can_be_read_and_is_not_judged(
    unknown: dict[str, object], more: dict[str, object]
) -> None:
    data = changed(FULL, **unknown, **more)
    with pytest.raises(UnknownTypeError, match="unknown event type"):
        parse_leaf(data)
    assert read_leaf(data).commit == read_leaf(FULL).commit


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_leaf_of_an_unknown_type_is_malformed(name: str) -> None:
    about_the_type = {"public where nothing is", "the record is not sealed", "type is no text", "type is null"}
    if name in about_the_type or name.startswith(("without type", "the type")):
        return
    with pytest.raises(LeafError) as raised:
        read_leaf(changed(FULL, **{"type": "weighed"} | MALFORMED[name]))
    assert not isinstance(raised.value, UnknownTypeError)


@pytest.mark.parametrize("public", [{}, ANCHOR | {"more": "x"}, dict.fromkeys(list(ANCHOR)[1:], "x")])
def test_an_anchors_public_names_are_those_of_the_schema(public: dict[str, str]) -> None:
    refused(changed(LEAVES["anchor"], public=public))


def test_an_anchor_seals_no_record() -> None:
    refused(changed(LEAVES["anchor"], sealed={"record": "0" * 64}))


def test_a_leaf_is_at_most_65535_bytes() -> None:
    room = MAX_LEAF_BYTES - len(changed(FULL, log=""))
    assert parse_leaf(changed(FULL, log="x" * room)).log == "x" * room
    assert refused(changed(FULL, log="x" * (room + 1))).found == "65536"


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"null", b"[]", b'""', b"1", b"{}", b"{", b"\xff", b"NaN", b"1e999", b"9" * 5000, b"[" * 60_000),
        *(b'{"a":' * 10_000, b'"\\ud800"', b"{} ", b"\xef\xbb\xbf{}", b"{\x00}", "{}".encode("utf-16")),
    ],
)
def test_what_is_no_object_in_canonical_json_is_no_leaf(data: bytes) -> None:
    refused(data)


def test_other_spellings_of_the_same_leaf_are_refused() -> None:
    body = json.loads(FULL)
    spellings = [
        json.dumps(body).encode(),
        json.dumps(body, separators=(",", ":")).encode(),  # the keys are in the order of the alphabet already
        json.dumps(dict(reversed(body.items())), separators=(",", ":")).encode(),
        FULL + b"\n",
        FULL.replace(b'"event"', b'"\\u0065vent"'),
        FULL.replace(b'"format"', b'"event":"' + b"0" * 32 + b'","format"'),
        FULL.replace(b"prova/", b"prova\\/"),
    ]
    assert [spelling == FULL for spelling in spellings] == [False, True, *[False] * 5]
    for spelling in spellings:
        if spelling != FULL:
            refused(spelling)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
@example('\x00\x1f\x7f\u2028\u00df\U0001f7e6"\\/\b\f\n\r\t')
def test_our_canonical_form_is_that_of_rfc_8785(log: str) -> None:
    canonical = changed(FULL, log=log)
    assert parse_leaf(canonical).log == log
    escaped = json.dumps(json.loads(canonical), separators=(",", ":"), sort_keys=True).encode()
    if escaped != canonical:
        refused(escaped)


@given(st.binary(max_size=200))
def test_random_bytes_are_refused_and_nothing_else_happens(data: bytes) -> None:
    refused(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(json.loads(FULL))), JSON)
def test_any_json_in_any_place_is_a_leaf_or_refused(name: str, value: object) -> None:
    data = json.dumps(json.loads(FULL) | {name: value}, ensure_ascii=False, separators=(",", ":"))
    with contextlib.suppress(LeafError):
        leaf = parse_leaf(data.encode("utf-8", "surrogatepass"))
        assert name in {"after", "event", "log"} or json.loads(FULL)[name] == value
        assert leaf.type == "observed"


@given(st.integers(0, len(FULL) - 1), st.integers(0, 255))
def test_a_changed_byte_is_refused_or_changes_what_is_read(at: int, byte: int) -> None:
    mutated = FULL[:at] + bytes([byte]) + FULL[at + 1 :]
    with contextlib.suppress(LeafError):
        assert (parse_leaf(mutated) == parse_leaf(FULL)) is (mutated == FULL)


@given(st.integers(0, len(FULL) - 1), st.integers(1, 40))
def test_a_leaf_with_a_piece_cut_out_is_refused_or_names_another_log(at: int, length: int) -> None:
    with contextlib.suppress(LeafError):
        assert parse_leaf(FULL[:at] + FULL[at + length :]).log != parse_leaf(FULL).log


def test_an_unknown_type_has_no_schema() -> None:
    with pytest.raises(LeafError) as raised:
        schema_of("x" * 200)
    assert raised.value.found == "x" * 40 + " of nisisama/event/1"


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_leaf_of_every_type_is_read(name: str) -> None:
    leaf, schema = parse_leaf(LEAVES[name]), SCHEMAS[name]
    assert (leaf.type, leaf.log, leaf.after) == (name, ORIGIN, NO_TOKEN)
    assert leaf.public.keys() == set(schema.public)
    assert leaf.sealed.keys() == ({"record"} if schema.names else set())


def test_a_leaf_names_all_that_was_sealed_for_it() -> None:
    assert parse_leaf(FULL).sealed.keys() == {"media", "media_header", "prints", "record"}


@pytest.mark.parametrize(("said", "named"), [("0", {0}), ("7 12", {7, 12}), ("9" * 19, {int("9" * 19)}), ("3 3", {3})])
def test_a_leaf_names_the_entries_of_which_something_was_destroyed(said: str, named: set[int]) -> None:
    for kind in nonempty([kind for kind, schema in SCHEMAS.items() if "entries" in schema.public]):
        assert named_entries(parse_leaf(changed(LEAVES[kind], public={"entries": said}))) == named


@pytest.mark.parametrize(
    "said", ["", " ", "x", "-1", "01", "1  2", "1 ", " 1", "1,2", "9" * 20, "\u0661", "1\n2", "1\n"]
)
def test_what_names_no_entries_is_refused(said: str) -> None:
    for kind in nonempty([kind for kind, schema in SCHEMAS.items() if "entries" in schema.public]):
        with pytest.raises(LeafError) as raised:
            named_entries(parse_leaf(changed(LEAVES[kind], public={"entries": said})))
        assert (raised.value.code, raised.value.where) == ("leaf.not_entries", kind)


def test_a_leaf_that_destroys_nothing_names_no_entries() -> None:
    assert {named_entries(parse_leaf(leaf)) for leaf in (FULL, LEAVES["anchor"])} == {frozenset()}
