"""Building and reading custody events: the leaf, its commitments and the record that opens them.

A leaf hides what it commits to; the record, sealed to the casework key, holds the values and
the two secrets of the event. docs/format.md is the specification.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from evidence.canonical import Value, b64u, from_b64u, jcs, sha256_hex
from evidence.custody.disclose import commit_each, disclose_each
from evidence.errors import CanonicalError, CommitmentError, LeafError
from evidence.log.commit import commit_digest, commitment, withheld_line
from evidence.log.leaf import Leaf
from evidence.log.schema import FORMAT, MAX_LEAF_BYTES, NO_TOKEN, PINNED, SCHEMAS, Schema, schema_of
from evidence.seal.age import Recipient
from evidence.seal.envelopes import seal_whole

RECORD_FORMAT = "nisisama/record/1"
SECRET_BYTES = 32
_HEAD = b'{"after":"'
"""How every leaf begins: JCS sorts names, and ``after`` is the first."""
Entropy = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class SealedPayload:
    """A sealed medium: its ciphertext and its detached header.

    Attributes:
        sha256: Lower hex, of the ciphertext.
        body: The ciphertext, when it is small enough to lie in a row; None when it is an object.
    """

    sha256: str
    header: bytes
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that has no place in the log yet: the values of its schema, and what was sealed for it.

    Attributes:
        values: By NAME; a name that is left out is null.
        public: In clear; only for ``anchor``.
        source: The source's own record after ``strip_previews``; sealed with the values.
        prints: A sealed prints envelope.
        hashes: A sealed part of a list of hashes.
        resealed: The list of rows that were sealed again (``evidence.custody.resealed``).
    """

    type: str
    values: Mapping[str, Value] = field(default_factory=dict)
    public: Mapping[str, str] = field(default_factory=dict)
    source: Value = None
    payload: SealedPayload | None = None
    prints: bytes | None = None
    hashes: bytes | None = None
    resealed: bytes | None = None
    event_id: str = field(default_factory=lambda: secrets.token_hex(16))


@dataclass(frozen=True, slots=True)
class Prepared:
    """An event that lacks only its place: its values are committed to and sealed, so the turn is short.

    Attributes:
        values: Every NAME of the schema.
        sealed: The rows to keep, by name: of ``SEALED_NAMES``.
        tail: The leaf's bytes from the end of its ``after`` on.
        pin: The lines that open what this event pins; None for one that pins nothing.
    """

    event_id: str
    type: str
    values: Mapping[str, Value]
    sealed: Mapping[str, bytes]
    payload_sha256: str | None
    tail: bytes
    pin: bytes | None = None

    def leaf(self, after: str) -> bytes:
        """The leaf of this event, behind the token with this lower hex SHA-256, or behind 64 zeros."""
        return _HEAD + after.encode("ascii") + self.tail


@dataclass(frozen=True, slots=True)
class Record:
    """An opened record."""

    type: str
    values: Mapping[str, Value]
    subject_secret: bytes
    act_secret: bytes
    source: Value
    _made: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def disclosures(self) -> Mapping[str, str]:
        """The disclosure of every value of this record, by NAME in the order of the names; made once."""
        if not self._made:
            self._made.update(self._make())
        return self._made

    def _make(self) -> dict[str, str]:
        schema, values = SCHEMAS[self.type], self.values
        made = disclose_each(self.subject_secret, {name: values[name] for name in schema.subject})
        made |= disclose_each(self.act_secret, {name: values[name] for name in schema.act})
        return dict(sorted(made.items()))

    def lines(self, *, withhold: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """What shows the event's leaf to others: its disclosures, and the commitments of the withheld names."""
        return tuple(
            withheld_line(name, commitment(disclosure)) if name in withhold else disclosure
            for name, disclosure in self.disclosures().items()
        )

    def commit(self) -> str:
        """The digest that this record's leaf carries as ``commit``."""
        return commit_digest(commit_each(self.disclosures()))


def prepare(draft: Draft, *, origin: str, casework: Recipient, entropy: Entropy = secrets.token_bytes) -> Prepared:
    """Build an event but for its place: commit to a draft's values, seal its record, and write the rest of its leaf.

    Raises:
        LeafError: The type is unknown, a name is not of its schema, or the leaf is too long.
    """
    schema = schema_of(draft.type)
    values = _complete(draft, schema)
    record = Record(draft.type, values, entropy(SECRET_BYTES), entropy(SECRET_BYTES), draft.source)
    rows = _rows(draft)
    if schema.names:
        rows["record"] = seal_whole(_record_bytes(record), recipients=(casework,))
    body: Value = {
        "after": NO_TOKEN,
        "commit": record.commit(),
        "event": draft.event_id,
        "format": FORMAT,
        "log": origin,
        "public": dict(draft.public),
        "sealed": _digests(rows, draft.payload),
        "type": draft.type,
    }
    leaf = jcs(body)
    if len(leaf) > MAX_LEAF_BYTES:
        raise LeafError("leaf.too_long", limit=MAX_LEAF_BYTES, found=len(leaf))
    address = draft.payload.sha256 if draft.payload else None
    tail = leaf[len(_HEAD) + len(NO_TOKEN) :]
    return Prepared(draft.event_id, draft.type, values, rows, address, tail, _pin(record))


def _pin(record: Record) -> bytes | None:
    shown = PINNED.get(record.type)
    return (
        None if shown is None else "\n".join(record.lines(withhold=SCHEMAS[record.type].names - shown)).encode("ascii")
    )


def _complete(draft: Draft, schema: Schema) -> dict[str, Value]:
    names = (*schema.subject, *schema.act)
    if unknown := sorted(draft.values.keys() - schema.names):
        raise LeafError("leaf.names_not_of_schema", where=draft.type, found=", ".join(unknown))
    if draft.public.keys() != set(schema.public):
        raise LeafError("leaf.public_names_do_not_fit", where=draft.type, expected=", ".join(schema.public))
    return {name: draft.values.get(name) for name in names}


def _rows(draft: Draft) -> dict[str, bytes]:
    rows: dict[str, bytes] = {}
    if draft.payload:
        rows["media_header"] = draft.payload.header
        if draft.payload.body is not None:
            rows["media"] = draft.payload.body
    if draft.prints is not None:
        rows["prints"] = draft.prints
    if draft.hashes is not None:
        rows["hashes"] = draft.hashes
    if draft.resealed is not None:
        rows["resealed"] = draft.resealed
    return rows


def _digests(rows: Mapping[str, bytes], payload: SealedPayload | None) -> dict[str, Value]:
    digests: dict[str, Value] = {name: sha256_hex(row) for name, row in rows.items()}
    if payload:
        digests["media"] = payload.sha256
    return digests


def _record_bytes(record: Record) -> bytes:
    return jcs(
        {
            "format": RECORD_FORMAT,
            "type": record.type,
            # most names of a message are null, and would take a tenth of its record
            "values": {name: value for name, value in record.values.items() if value is not None},
            "secrets": {"subject": b64u(record.subject_secret), "act": b64u(record.act_secret)},
            "source": record.source,
        }
    )


def read_record(plain: bytes, leaf: Leaf) -> Record:
    """Read an event's opened record and check that it opens exactly its leaf's commitments.

    Raises:
        LeafError: It is not a record, or it is that of another leaf.
        CommitmentError: A value or a secret is not the one that the leaf commits to.
    """
    try:
        body: dict[str, Any] = json.loads(plain)
        both_secrets = body["secrets"]
        names = set(schema_of(leaf.type, leaf.format).names)
        values = dict.fromkeys(sorted(names)) | body["values"]
        record = Record(
            body["type"], values, from_b64u(both_secrets["subject"]), from_b64u(both_secrets["act"]), body["source"]
        )
        if (body["format"], record.type, {*record.values.keys()}) != (RECORD_FORMAT, leaf.type, names):
            raise LeafError("leaf.record_of_another", event_id=leaf.event_id)
        commit = record.commit()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, CanonicalError) as error:
        raise LeafError("leaf.not_a_record", event_id=leaf.event_id) from error
    if commit != leaf.commit:
        raise CommitmentError(
            "commitment.record_does_not_open_leaf", event_id=leaf.event_id, commit=leaf.commit, found=commit
        )
    return record
