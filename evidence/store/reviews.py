"""What waits for a second person (invariant 7), as the log and its rows tell it.

Two kinds wait: what one person did, for a review; and what one person asked for, for an approval. Doctor
has no key, and a row can be deleted. So the leaves are asked, whose types are in clear: every request has
its row, what was done by one person stands right behind its request, and what ends a wait is an entry of
a type that can, once. Where a row does not bear that out, the wait is not over. An audit with the
passphrase compares each row with its record.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from evidence.log.leaf import parse_leaf
from evidence.observation import CAPTURED
from evidence.store import database

ACTS = frozenset(
    {
        "channel_added",
        "erased",
        "exported",
        "files_added",
        "held",
        "hold_ended",
        "imported",
        "key_changed",
        "probe_added",
        "receiver_added",
        "released",
        "retention_ruled",
        "unfrozen",
    }
)
"""Types of entries by which what was asked for is done."""
_ALONE = frozenset({"channel_added", "exported", "files_added", "probe_added"})
"""Those that one person may do; the request is then the entry just before."""
CLOSED = frozenset({"channel_added", "channel_removed", "probe_added", "refused"})
"""Types of entries that end a wait without an approval."""
_ENDS: Mapping[str, frozenset[str]] = MappingProxyType({"approved_idx": frozenset({"approved"}), "closed_idx": CLOSED})
"""What ends a wait, by the column that says where it is."""
_ASKED = _ALONE.union({"requested"}, *_ENDS.values())
_AT_ONCE = 500
"""How many leaves are asked for in one query; SQLite takes some thousand values."""


class Stage(StrEnum):
    """How what waits stands.

    ``review``, ``late``: one person did it, and a second looks at it, or should have by now.
    ``request``, ``lapsed``: one person asked for it, and a second approves it, or cannot any more.
    ``unfinished``: a second person approved it, and it is not done.
    """

    DONE = "review"
    LATE = "late"
    ASKED = "request"
    LAPSED = "lapsed"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Review:
    """What waits for a second person, or for the second person's act.

    Attributes:
        request: Event id of the request; ``approve`` names it.
        index: Where in the log the request is.
        what: The act; None where its row is gone.
        case_id: The case whose export was asked for, as its row says; None for anything else.
        due_at: By when a second person answers; None where the row that would say it is gone or was changed.
        done: Whether one person did it, so that a review is all that is missing.
        approved: Whether a second person approved it, and it is not done yet.
    """

    request: str
    index: int
    what: str | None
    case_id: str | None
    due_at: str | None
    done: bool
    approved: bool

    def stage(self, now: str) -> "Stage":
        """How it stands at a time, written as values of the log are."""
        late = (self.due_at or "") < now
        if self.done:
            return Stage.LATE if late else Stage.DONE
        if self.approved:
            return Stage.UNFINISHED
        return Stage.LAPSED if late else Stage.ASKED


def types_of(connection: sa.Connection, types: Collection[str], *, first: int = 0) -> Mapping[int, str]:
    """The leaves of some types, as the database has them, by log index and in order, from leaf ``first`` on."""
    table = database.event.c
    every = sa.select(table.idx, table.leaf).order_by(table.idx)
    if first:
        every = every.where(table.idx >= first)
    return _of_types(connection.execute(every.execution_options(yield_per=4096)), types)


def open_reviews(connection: sa.Connection) -> Sequence[Review]:
    """What the rows say waits, by the time that it is due; what has lost its row comes first."""
    return _waiting(connection, types_of(connection, _ASKED), _rows(connection))


def review_of(connection: sa.Connection, request: str) -> Review | None:
    """What a request waits for, by rows and log; None where it waits for nothing.

    Of the leaves it asks those that rows name, so that it costs no more in a long log, and can be asked inside a
    turn. Only where the request has no row that fits, it asks every leaf.
    """
    rows = _rows(connection)
    row = next((row for row in rows if row.request == request), None)
    if row is not None and _is_request(connection, row):
        waiting = _waiting(connection, _types_at(connection, _named(rows), _ASKED), rows)
    else:
        waiting = open_reviews(connection)
    return next((review for review in waiting if review.request == request), None)


def is_acted(connection: sa.Connection, request: str) -> bool:
    """Whether an entry's row in the log is the act that a request asked for."""
    acted = sa.select(database.authority.c.acted_idx).where(database.authority.c.request == request)
    return connection.execute(acted).scalar() is not None


def is_settled(connection: sa.Connection, request: str) -> bool:
    """Whether, by the rows, what a request asked for is done, or was called off after its approval."""
    table = database.authority.c
    row = connection.execute(sa.select(table.acted_idx, table.closed_idx).where(table.request == request)).one_or_none()
    return row is not None and (row.acted_idx is not None or row.closed_idx is not None)


def _rows(connection: sa.Connection) -> Sequence[sa.Row[Any]]:
    return connection.execute(sa.select(database.authority).order_by(database.authority.c.idx)).all()


def _named(rows: Iterable[sa.Row[Any]]) -> Iterable[int]:
    """The places of requests, of what stands right behind each, and of what ended it."""
    for row in rows:
        yield from (row.idx, row.idx + 1, *(at for at in (row.approved_idx, row.closed_idx) if at is not None))


def _types_at(connection: sa.Connection, indexes: Iterable[int], types: Collection[str]) -> Mapping[int, str]:
    """As ``types_of``, of some leaves."""
    table, wanted, found = database.event.c, sorted(set(indexes)), dict[int, str]()
    for start in range(0, len(wanted), _AT_ONCE):
        some = table.idx.in_(wanted[start : start + _AT_ONCE])
        found |= _of_types(connection.execute(sa.select(table.idx, table.leaf).where(some).order_by(table.idx)), types)
    return found


def _of_types(leaves: Iterable[sa.Row[Any]], types: Collection[str]) -> dict[int, str]:
    """Those of some types. A leaf is canonical JSON, and ``type`` its last member."""
    ends, found = {f'"type":"{name}"}}'.encode(): name for name in types}, dict[int, str]()
    tails = tuple(ends)
    for row in leaves:
        leaf = bytes(row.leaf)
        if leaf.endswith(tails):
            found[row.idx] = next(ends[tail] for tail in tails if leaf.endswith(tail))
    return found


def _waiting(connection: sa.Connection, leaves: Mapping[int, str], every: Sequence[sa.Row[Any]]) -> Sequence[Review]:
    """What waits of the requests among these leaves."""
    rows, ended, waiting = {row.idx: row for row in every}, _ended(leaves, every), []
    for index in (index for index, kind in leaves.items() if kind == "requested"):
        row = rows.get(index)
        approved = row is not None and index in ended and _unfinished(row)
        if index in ended and not approved:
            continue
        request = row.request if row else _event_id(connection, index)
        what, case_id, due_at = (row.what, row.case_id, row.due_at) if row else (None, None, None)
        done = leaves.get(index + 1) in _ALONE
        waiting.append(Review(request, index, what, case_id, due_at, done=done, approved=approved))
    return sorted(waiting, key=lambda review: (review.due_at or "", review.index))


def _ended(leaves: Mapping[int, str], rows: Iterable[sa.Row[Any]]) -> set[int]:
    """Indexes of the requests whose wait an entry ended that can, each entry one."""
    ended, used = set[int](), set[int]()
    for row in rows:
        for column, types in _ENDS.items():
            at = getattr(row, column)
            if at is not None and at > row.idx and leaves.get(at) in types and at not in used:
                used.add(at)
                ended.add(row.idx)
    return ended


def _unfinished(row: sa.Row[Any]) -> bool:
    """Whether a request that waited was approved, and what it asked for is neither done nor called off."""
    if row.what == CAPTURED:
        return False  # what was captured is there: the approval is all that was asked for
    at_once = row.due_at is None
    return row.approved_idx is not None and row.acted_idx is None and row.closed_idx is None and not at_once


def _is_request(connection: sa.Connection, row: sa.Row[Any]) -> bool:
    """Whether the leaf at the place that a row names is the request that it names."""
    return bool(_types_at(connection, [row.idx], ["requested"])) and _event_id(connection, row.idx) == row.request


def _event_id(connection: sa.Connection, index: int) -> str:
    leaf = connection.execute(sa.select(database.event.c.leaf).where(database.event.c.idx == index)).scalar_one()
    return parse_leaf(bytes(leaf)).event_id
