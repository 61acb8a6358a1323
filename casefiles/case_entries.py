"""Which entries speak of which case, so that nobody reads every leaf to learn whether a client consents.

An unencrypted row must not decide that: whoever writes to the database could delete the row of a withdrawal. So the
answer comes from the leaves, and what was read of them is kept as a snapshot: sealed to the casework key, with a code
that only its holder can make, and bound to the last leaf that was read. A snapshot that is gone, changed or older costs
time and changes nothing: the leaves after it are read again.
"""

import base64
import hashlib
import hmac
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sa

from casefiles.case import OpenedEvent, open_events
from evidence.canonical import jcs, read_jcs
from evidence.custody.event import Record
from evidence.errors import CanonicalError, EnvelopeError, LeafError, NoMatchingKeyError
from evidence.seal.envelopes import open_whole, seal_whole
from evidence.seal.recipients import KeyIdentity
from evidence.store import database
from evidence.store.database import reading
from evidence.store.reviews import types_of
from evidence.store.task import CASE_ENTRIES, note_work, noted

TYPES = frozenset(
    {
        "checked",
        "consent",
        "key_changed",
        "left_out",
        "receiver_added",
        "receiver_removed",
        "recognised",
        "sheet_made",
    }
)
"""The types of entries whose records are looked through; rare ones, beside what is observed."""
OF_NO_CASE = ""
"""The case of an entry that speaks of none."""
_UNREAD = "?"
"""The case of an entry whose record does not open: it may speak of any."""
_WORTH_KEEPING = 1000
"""So many leaves are read in 3 ms; sealing a snapshot takes about as long."""
_MAGIC = b"nisisama/case-entries/1\n"
_CODE_BYTES = 32
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class CaseEntries:
    """What was read of the leaves.

    Attributes:
        size: How many leaves were read.
        last: SHA-256 of the last of them, 64 hex digits; "" of none.
        places: Type and case -> log indexes.
        kept: How many of the leaves the snapshot has.
    """

    size: int = 0
    last: str = ""
    places: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    kept: int = 0

    def of(self, case_id: str, types: Collection[str]) -> Sequence[int]:
        """The log indexes of the entries of these types that speak of a case, or may, in order."""
        cases = (case_id, _UNREAD)
        return sorted(index for kind in types for case in cases for index in self.places.get((kind, case), ()))

    def sealed(self, casework: KeyIdentity) -> str | None:
        """The snapshot to be kept; None where the one that is kept is nearly as good."""
        if self.size - self.kept < _WORTH_KEEPING:
            return None
        places = [[kind, case, *map(str, indexes)] for (kind, case), indexes in sorted(self.places.items())]
        content = jcs({"last": self.last, "places": places, "size": str(self.size)})
        body = seal_whole(_MAGIC + _code(content, casework) + content, recipients=(casework.recipient,))
        return base64.b64encode(body).decode("ascii")


def read_entries_of_cases(engine: sa.Engine, casework: KeyIdentity) -> CaseEntries:
    """What the leaves say of cases, from the snapshot and from those after it."""
    with reading(engine) as connection:
        entries = _opened(connection, casework)
        new = types_of(connection, TYPES, first=entries.size)
        newest = connection.execute(sa.select(sa.func.max(database.event.c.idx))).scalar()
        size = 0 if newest is None else int(newest) + 1
        last = "" if newest is None else _digest(connection, int(newest))
    for index, case in _cases_of(engine, tuple(new), casework):
        entries.places.setdefault((new[index], case), []).append(index)
    entries.size, entries.last = size, last
    return entries


def _cases_of(engine: sa.Engine, indexes: Sequence[int], casework: KeyIdentity) -> Iterator[tuple[int, str]]:
    """The case of which each entry speaks."""
    at = 0
    while at < len(indexes):
        with suppress(LeafError, NoMatchingKeyError):  # whoever asks for such an entry is told why it does not open
            for event in open_events(engine, indexes[at:], casework):
                yield event.index, str(event.record.values.get("case") or OF_NO_CASE) if event.record else OF_NO_CASE
                at += 1
            return
        yield indexes[at], _UNREAD
        at += 1


def keep_entries_of_cases(connection: sa.Connection, snapshot: str | None) -> None:
    """Keep a snapshot of the entries of cases in place of the one before; in the turn of whoever writes anyway."""
    if snapshot is not None:
        note_work(connection, kind=CASE_ENTRIES, subject=CASE_ENTRIES, due_at=_NEVER, progress=snapshot)


def events_of_case(
    engine: sa.Engine, case_id: str, types: Collection[str], casework: KeyIdentity
) -> Iterator[tuple[OpenedEvent, Record]]:
    """The events of some types that speak of a case, or of none, each with its record, in the order of the log.

    Raises:
        LeafError: A record of these types is missing, damaged or not of its leaf.
        NoMatchingKeyError: One was sealed to another key.
    """
    indexes = read_entries_of_cases(engine, casework).of(case_id, types)
    for event in open_events(engine, indexes, casework):
        if event.record and (event.record.values.get("case") or OF_NO_CASE) == case_id:
            yield event, event.record


def _opened(connection: sa.Connection, casework: KeyIdentity) -> CaseEntries:
    """The snapshot, if one is kept that the holder of the key made of this log; else nothing was read yet."""
    kept = noted(connection, CASE_ENTRIES).get(CASE_ENTRIES)
    with suppress(ValueError, EnvelopeError, NoMatchingKeyError, CanonicalError):
        plain = open_whole(base64.b64decode(kept.progress if kept else ""), identities=(casework,))
        code, content = plain[len(_MAGIC) :][:_CODE_BYTES], plain[len(_MAGIC) + _CODE_BYTES :]
        if plain.startswith(_MAGIC) and hmac.compare_digest(code, _code(content, casework)):
            entries = _parsed(read_jcs(content, where=CASE_ENTRIES))
            if _digest(connection, entries.size - 1) == entries.last:
                return entries
    return CaseEntries()


def _parsed(said: Mapping[str, Sequence[Sequence[str]]]) -> CaseEntries:
    places = {(kind, case): [int(index) for index in indexes] for kind, case, *indexes in said["places"]}
    size = int(str(said["size"]))
    return CaseEntries(size, str(said["last"]), places, size)


def _digest(connection: sa.Connection, index: int) -> str:
    leaf = connection.execute(sa.select(database.event.c.leaf).where(database.event.c.idx == index)).scalar()
    return "" if leaf is None else hashlib.sha256(bytes(leaf)).hexdigest()


def _code(content: bytes, casework: KeyIdentity) -> bytes:
    key = hmac.digest(casework.seed, _MAGIC, "sha256")
    return hmac.digest(key, content, "sha256")
