"""Audits the rows in clear without any key: each belongs to an entry of its kind, and none is missing.

The other values of a row are committed to, so only ``records.rows`` can compare them. A reader without
a key knows less of the register of channels: an entry does not say which channel it adds or removes, so
only the newest channel that nothing removed since must have its row.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import sqlalchemy as sa

from config.errors import Term
from evidence.audit.log import Place, failed
from evidence.finding import Finding
from evidence.store import database

_ID = "rows.places"


def row_places(connection: sa.Connection, places: Mapping[int, Place]) -> Iterable[Finding]:
    """Compare the rows in clear with the leaves that they must follow from.

    Args:
        places: By leaf index, every leaf but anchors.
    """
    return _Places(connection, places).findings()


class _Places:
    def __init__(self, connection: sa.Connection, places: Mapping[int, Place]) -> None:
        self._connection = connection
        self._places = places
        self._by_type: dict[str, set[int]] = {}
        for index, place in places.items():
            self._by_type.setdefault(place.type, set()).add(index)

    def findings(self) -> Iterator[Finding]:
        yield from self._one_each(
            database.item,
            "observed",
            lambda place: {"item_id": place.event_id, "payload_sha256": place.media},
        )
        yield from self._one_each(database.hole, "hole")
        yield from self._one_each(database.case_file, "case_opened")
        yield from self._one_each(database.case_item, "case_item_added")
        yield from self._one_each(database.authority, "requested", lambda place: {"request": place.event_id})
        yield from self._approvals()
        yield from self._channels()

    def _one_each(
        self, table: sa.Table, event_type: str, expected_of: Callable[[Place], Mapping[str, object]] = lambda _place: {}
    ) -> Iterator[Finding]:
        """Every leaf of the type has exactly one row, which repeats what the leaf says in clear."""
        columns = [table.c.idx, *(table.c[name] for name in expected_of(Place("", event_type, None)))]
        open_leaves = set(self._of(event_type))
        for row in self._connection.execute(sa.select(*columns)):
            if type(row.idx) is not int or row.idx not in open_leaves:
                yield failed(_ID, _row(table, row.idx), "rows.places.added", event_type=event_type)
                continue
            open_leaves.remove(row.idx)
            for name, expected in expected_of(self._places[row.idx]).items():
                if getattr(row, name) != expected:
                    yield failed(
                        _ID,
                        _row(table, row.idx),
                        "rows.places.changed",
                        column=name,
                        expected=str(expected),
                        found=repr(getattr(row, name))[:80],
                    )
        yield from (failed(_ID, _row(table, index), "rows.places.missing") for index in sorted(open_leaves))

    def _approvals(self) -> Iterator[Finding]:
        """Every approval belongs to one request."""
        table = database.authority
        waiting = set(self._of("approved"))
        for index in self._connection.execute(
            sa.select(table.c.approved_idx).where(table.c.approved_idx.is_not(None))
        ).scalars():
            if type(index) is not int or index not in waiting:
                yield failed(_ID, Term("place.approved_by", index=str(index)), "rows.places.not_one_approval")
            else:
                waiting.remove(index)
        for index in sorted(waiting):
            yield failed(_ID, Term("place.approved_by", index=str(index)), "rows.places.missing")
        ending = self._of("channel_added") | self._of("channel_removed")
        for index in self._connection.execute(
            sa.select(table.c.closed_idx).where(table.c.closed_idx.is_not(None))
        ).scalars():
            if index not in ending:
                yield failed(_ID, Term("place.ended_by", index=str(index)), "rows.places.ends_no_request")

    def _channels(self) -> Iterator[Finding]:
        """Every channel was added by its own entry, and the newest is there unless one was removed since."""
        added = set(self._of("channel_added"))
        kept: set[object] = set()
        for index in self._connection.execute(sa.select(database.channel.c.idx)).scalars():
            if type(index) is not int or index not in added or index in kept:
                yield failed(_ID, _row(database.channel, index), "rows.places.doubled")
            kept.add(index)
        newest, removed = max(added, default=-1), max(self._of("channel_removed"), default=-1)
        if newest > removed and newest not in kept:
            yield failed(_ID, _row(database.channel, newest), "rows.places.missing")

    def _of(self, event_type: str) -> set[int]:
        return self._by_type.get(event_type, set())


def _row(table: sa.Table, index: object) -> Term:
    return Term("place.row", name=table.name, index=str(index))
