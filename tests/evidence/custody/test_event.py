"""What was drafted is what a record opens; a record of anything else is refused."""

import contextlib
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.canonical import Value, b64u, jcs, sha256_hex
from evidence.custody import event as module
from evidence.custody.event import RECORD_FORMAT, Draft, Prepared, Record, SealedPayload, prepare, read_record
from evidence.errors import CanonicalError, CommitmentError, LeafError, LogError
from evidence.log.commit import open_commitments
from evidence.log.leaf import Leaf, parse_leaf
from evidence.log.schema import NO_TOKEN, SCHEMAS
from evidence.seal.envelopes import open_whole
from tests.evidence.log.ledger import CASEWORK, NOBODY, ORIGIN

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | TEXT, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6
)


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    event_type = draw(st.sampled_from(sorted(SCHEMAS.keys() - {"anchor"})))
    schema = SCHEMAS[event_type]
    values = draw(st.dictionaries(st.sampled_from([*schema.subject, *schema.act]), VALUES, max_size=4))
    return Draft(event_type, values, public=dict.fromkeys(schema.public, "x"), source=draw(VALUES))


def build(draft: Draft) -> Prepared:
    return prepare(draft, origin=ORIGIN, casework=CASEWORK.recipient)


def opened(entry: Prepared) -> bytes:
    return open_whole(entry.sealed["record"], identities=(CASEWORK,))


def read_back(entry: Prepared) -> tuple[Leaf, Record]:
    leaf = parse_leaf(entry.leaf(NO_TOKEN))
    return leaf, read_record(opened(entry), leaf)


CASE = build(Draft("case_opened", NOBODY | {"case": "case-1"}))
LEAF = parse_leaf(CASE.leaf(NO_TOKEN))


# Building


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(LeafError, match="unknown event type"):
        build(Draft("weighed"))


def test_a_name_of_another_schema_is_refused() -> None:
    with pytest.raises(LeafError, match="not of this type's schema") as raised:
        build(Draft("case_opened", {"case": "a", "text": "b", "sender": "c"}))
    assert raised.value.found == "sender, text"


@pytest.mark.parametrize("public", [{}, {"office": "x"}, dict.fromkeys((*SCHEMAS["anchor"].public, "more"), "x")])
def test_public_names_are_those_of_the_schema(public: dict[str, str]) -> None:
    with pytest.raises(LeafError, match="public names"):
        build(Draft("anchor", public=public))
    if public:
        with pytest.raises(LeafError, match="public names"):
            build(Draft("case_opened", public=public))


@pytest.mark.parametrize("value", [1, True, "\ud800", [b"x"]])
def test_a_value_without_a_canonical_form_is_refused(value: Any) -> None:  # noqa: ANN401 - of a wrong type
    with pytest.raises(CanonicalError):
        build(Draft("case_opened", {"case": value}))
    with pytest.raises(CanonicalError):
        build(Draft("case_opened", source=value))


def test_a_leaf_that_is_too_long_is_refused() -> None:
    with pytest.raises(LeafError, match="too long"):
        build(Draft("anchor", public=dict.fromkeys(SCHEMAS["anchor"].public, "x" * 16_000)))


def test_secrets_are_new_for_each_event() -> None:
    events = [read_back(build(Draft("case_opened"))) for _ in range(2)]
    secrets = {secret for _leaf, record in events for secret in (record.subject_secret, record.act_secret)}
    assert len(secrets) == 4
    assert events[0][0].commit != events[1][0].commit
    assert events[0][0].event_id != events[1][0].event_id


def test_the_same_entropy_gives_the_same_commitments() -> None:
    fixed = [
        prepare(
            Draft("case_opened", event_id="0" * 32), origin=ORIGIN, casework=CASEWORK.recipient, entropy=bytes
        ).leaf(NO_TOKEN)
        for _ in range(2)
    ]
    assert parse_leaf(fixed[0]).commit == parse_leaf(fixed[1]).commit


def test_an_anchor_seals_nothing() -> None:
    entry = build(Draft("anchor", public=dict.fromkeys(SCHEMAS["anchor"].public, "x")))
    assert entry.sealed == {}
    assert (parse_leaf(entry.leaf(NO_TOKEN)).sealed, entry.payload_sha256) == ({}, None)


def test_each_ciphertext_is_named_by_its_digest() -> None:
    entry = build(Draft("observed", payload=SealedPayload("ab" * 32, b"header"), prints=b"prints"))
    leaf = parse_leaf(entry.leaf("cd" * 32))
    assert leaf.sealed == {name: sha256_hex(body) for name, body in entry.sealed.items()} | {"media": "ab" * 32}
    assert entry.sealed.keys() == {"media_header", "prints", "record"}
    assert (leaf.after, entry.payload_sha256) == ("cd" * 32, "ab" * 32)


@given(drafts())
def test_what_was_drafted_is_read_back(draft: Draft) -> None:
    leaf, record = read_back(build(draft))
    names = {*SCHEMAS[draft.type].subject, *SCHEMAS[draft.type].act}
    assert record.values == {name: draft.values.get(name) for name in names}
    assert (record.type, record.source, leaf.event_id) == (draft.type, draft.source, draft.event_id)
    assert open_commitments(leaf.commit, record.lines()).values == record.values


@given(drafts(), st.binary(min_size=32, max_size=32).map(bytes.hex))
def test_a_leaf_that_waited_for_its_token_is_one_canonical_object(draft: Draft, after: str) -> None:
    leaf = build(draft).leaf(after)
    body = json.loads(leaf)
    assert (jcs(body), body["after"]) == (leaf, after)


# Reading


def altered(change: Callable[[dict[str, Any]], object]) -> bytes:
    body = json.loads(opened(CASE))
    change(body)
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    "plain",
    [b"", b"{", b"null", b"[]", b'"x"', b"{}", b"\xff\xff", b'{"secrets":[]}', b"[" * 200_000]
    + [altered(lambda body, name=name: body.pop(name)) for name in ("format", "type", "values", "secrets", "source")]
    + [altered(lambda body: body.update(format="nisisama/record/2"))]
    + [
        altered(lambda body, name=name, value=value: body.update({name: value}))
        for name in ("values", "secrets")
        for value in (None, [], 3)
    ]
    + [
        altered(lambda body, value=value: body["secrets"].update(act=value))
        for value in (None, 3, [], "=", "AB", "Ÿ", {})
    ]
    + [altered(lambda body, value=value: body["values"].update(case=value)) for value in (3, True, ["\ud800"])],
)
def test_what_is_no_record_is_refused(plain: bytes) -> None:
    with pytest.raises(LeafError, match=r"this is not a record|not of this leaf"):
        read_record(plain, LEAF)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body["values"].update(case="case-2"),
        lambda body: body["values"].update(actor=None),
        lambda body: body["secrets"].update(act=b64u(bytes(32))),
        lambda body: body["secrets"].update(act=b64u(bytes(31))),
    ],
)
def test_a_record_with_another_value_or_secret_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(CommitmentError):
        read_record(altered(change), LEAF)


@pytest.mark.parametrize("other", [Draft("case_viewed", {"case": "case-1"}), Draft("log_opened")])
def test_a_record_of_another_leaf_is_refused(other: Draft) -> None:
    with pytest.raises(LeafError, match="not of this leaf"):
        read_record(opened(build(other)), LEAF)


def test_a_record_of_another_leaf_of_the_same_type_is_refused() -> None:
    twin = build(Draft("case_opened", NOBODY | {"case": "case-1"}))
    with pytest.raises(CommitmentError):
        read_record(opened(twin), LEAF)


@given(st.binary(max_size=60), st.integers(0, 2000))
def test_changed_bytes_are_refused_and_nothing_else_happens(junk: bytes, at: int) -> None:
    plain = opened(CASE)
    at %= len(plain)
    mutated = plain[:at] + junk + plain[at + len(junk) :]
    with contextlib.suppress(LogError):
        record = read_record(mutated, LEAF)
        assert record.values == CASE.values  # what is committed cannot differ; the source is not


@given(st.sets(st.sampled_from(SCHEMAS["observed"].subject)))
def test_a_withheld_name_is_not_disclosed_and_the_leaf_opens_all_the_same(withhold: set[str]) -> None:
    schema = SCHEMAS["observed"]
    record = Record("observed", dict.fromkeys(schema.names), bytes(32), bytes(32), None)
    shown = open_commitments(record.commit(), record.lines(withhold=frozenset(withhold)))
    assert (shown.withheld, shown.names) == (tuple(sorted(withhold)), schema.names)


def test_a_record_is_one_canonical_object() -> None:
    body: dict[str, Value] = json.loads(opened(CASE))
    assert jcs(body) == opened(CASE)
    assert body["format"] == RECORD_FORMAT
    assert module.sha256_hex(b"x") == hashlib.sha256(b"x").hexdigest()
