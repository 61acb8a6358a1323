"""The reviews that wait for a second person (invariant 7), read from the log and its rows.

``doctor`` has no key, and a row can be deleted. So the leaves are read too, whose types are in clear: every
request has its row, and only an entry of a fitting type ends a wait, once. Where a row does not agree with
that, the wait is not over. An audit with the passphrase compares each row with its record.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from evidence.log.leaf import parse_leaf
from evidence.store import database

_ENDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {"approved_idx": frozenset({"approved"}), "closed_idx": frozenset({"channel_added", "channel_removed"})}
)
"""What ends a wait, by the column that says where it is."""


@dataclass(frozen=True, slots=True)
class Review:
    """An act of one person that a second has not reviewed.

    Attributes:
        request: Event id of the request; ``approve`` names it.
        index: Where in the log the request is.
        due_at: None where the row that would say it is gone or was changed.
    """

    request: str
    index: int
    due_at: str | None


def types_of(connection: sa.Connection, types: Collection[str]) -> Mapping[int, str]:
    """The leaves of some types by log index, in order, as the leaves themselves say it.

    A leaf is canonical JSON, and ``type`` its last member.
    """
    ends = {f'"type":"{name}"}}'.encode(): name for name in types}
    tails, table, found = tuple(ends), database.event, dict[int, str]()
    every = sa.select(table.c.idx, table.c.leaf).order_by(table.c.idx).execution_options(yield_per=4096)
    for row in connection.execute(every):
        leaf = bytes(row.leaf)
        if leaf.endswith(tails):
            found[row.idx] = next(ends[tail] for tail in tails if leaf.endswith(tail))
    return found


def open_reviews(connection: sa.Connection) -> Sequence[Review]:
    """The waiting reviews by their due time; those that have lost their row come first."""
    leaves = types_of(connection, {"requested"}.union(*_ENDS.values()))
    rows = {row.idx: row for row in connection.execute(sa.select(database.authority))}
    ended, waiting = _ended(leaves, rows.values()), []
    for index in (index for index, kind in leaves.items() if kind == "requested" and index not in ended):
        row = rows.get(index)
        request = row.request if row else _event_id(connection, index)
        waiting.append(Review(request, index, row.review_by if row else None))
    return sorted(waiting, key=lambda review: (review.due_at or "", review.index))


def review_of(connection: sa.Connection, request: str) -> Review | None:
    """The review that a request waits for; None where it waits for none."""
    return next((review for review in open_reviews(connection) if review.request == request), None)


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


def _event_id(connection: sa.Connection, index: int) -> str:
    leaf = connection.execute(sa.select(database.event.c.leaf).where(database.event.c.idx == index)).scalar_one()
    return parse_leaf(bytes(leaf)).event_id
