"""Audits the rows in clear without any key: each belongs to an entry of its kind, and none is missing.

The other values of a row are committed to, so only ``records.rows`` can compare them. A reader without
a key knows less of the register of channels: an entry does not say which channel it adds or removes, so
only the newest channel that nothing removed since must have its row.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from config.errors import Term
from evidence.audit.log import Place, failed
from evidence.finding import Finding, Verdict
from evidence.store import database
from evidence.store.erase import ERASABLE
from evidence.store.reviews import ACTS, CLOSED

_ID = "rows.places"
_ERASED = "erased"
_IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class Erasures:
    """What an audit knows of erased entries.

    Attributes:
        logged: Which entry says so, of each.
        lost: Those of which rows say so, and no entry of this log: a home was put back from before.
        graves: As ``AuditInput`` has it.
    """

    logged: Mapping[int, int] = field(default_factory=dict)
    lost: frozenset[int] = frozenset()
    graves: Mapping[int, str] = field(default_factory=dict)

    @property
    def destroyed(self) -> frozenset[int]:
        """Every entry of which nothing may be left."""
        return frozenset({*self.logged, *self.lost})


NO_ERASURES = Erasures()


def lost_erasures(connection: sa.Connection, places: Mapping[int, Place], logged: Collection[int]) -> frozenset[int]:
    """The entries of which rows say that they were erased, and no entry of the log that is audited."""
    table = database.tombstone.c
    found = connection.execute(sa.select(table.idx).where(table.erased_idx.is_(None))).scalars().all()
    erasable = {index for index, place in places.items() if place.type in ERASABLE}
    return frozenset(index for index in found if type(index) is int and index in erasable).difference(logged)


def row_places(
    connection: sa.Connection, places: Mapping[int, Place], erasures: Erasures = NO_ERASURES
) -> Iterable[Finding]:
    """A check of the audit: the rows in clear are those that must follow from the leaves.

    Args:
        places: By leaf index, every leaf but anchors.
    """
    return _Places(connection, places, erasures).findings()


class _Places:
    def __init__(self, connection: sa.Connection, places: Mapping[int, Place], erasures: Erasures) -> None:
        self._connection = connection
        self._erasures = erasures
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
        yield from self._extents()
        yield from self._tombstones()
        yield from self._one_each(database.case_file, "case_opened")
        yield from self._one_each(database.case_item, "case_item_added")
        yield from self._one_each(database.alert, "alerted")
        yield from self._one_each(database.hash_part, "hashes_added")
        yield from self._one_each(database.authority, "requested", lambda place: {"request": place.event_id})
        yield from self._answers()
        yield from self._removals()
        yield from self._dismissals()
        yield from self._removed_lists()
        yield from self._freezes()
        yield from self._holds()
        yield from self._withdrawals()
        yield from self._channels()

    def _one_each(
        self, table: sa.Table, event_type: str, expected_of: Callable[[Place], Mapping[str, object]] = lambda _place: {}
    ) -> Iterator[Finding]:
        """Every leaf of the type has exactly one row, which repeats what the leaf says in clear."""
        columns = [table.c.idx, *(table.c[name] for name in expected_of(Place("", event_type, None)))]
        open_leaves = self._of(event_type) - (self._erasures.destroyed if event_type in ERASABLE else set[int]())
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

    def _extents(self) -> Iterator[Finding]:
        """Every extent is that of an import; which imports have one is committed to."""
        imported = self._of(_IMPORTED)
        for index in self._connection.execute(sa.select(database.extent.c.idx)).scalars():
            if type(index) is not int or index not in imported:
                yield failed(_ID, _row(database.extent, index), "rows.places.added", event_type=_IMPORTED)

    def _tombstones(self) -> Iterator[Finding]:
        """Every erased entry has its tombstone, and no other entry has one."""
        table, logged, left = database.tombstone, self._erasures.logged, set(self._erasures.logged)
        for row in self._connection.execute(sa.select(table.c.idx, table.c.erased_idx, table.c.item_id)):
            if row.idx in self._erasures.lost:
                yield self._lost(row.idx)
            elif type(row.idx) is not int or logged.get(row.idx) != row.erased_idx or row.erased_idx is None:
                yield failed(_ID, _row(table, row.idx), "rows.places.added", event_type=_ERASED)
                continue
            left.discard(row.idx)
            place = self._places[row.idx]
            expected = place.event_id if place.type == "observed" else None
            if row.item_id != expected:
                yield failed(
                    _ID,
                    _row(table, row.idx),
                    "rows.places.changed",
                    column=table.c.item_id.name,
                    expected=str(expected),
                    found=repr(row.item_id)[:80],
                )
        yield from (failed(_ID, _row(table, index), "rows.places.missing") for index in sorted(left))
        yield from self._named_wrongly()

    def _lost(self, index: int) -> Finding:
        """What was erased and no entry says so: by a home that was put back, if the file beside the keys names it."""
        where = _row(database.tombstone, index)
        if index in self._erasures.graves:
            return Finding(_ID, Verdict.INDETERMINATE, "rows.places.erased_before", {"where": where})
        return failed(_ID, where, "rows.places.erased_by_nobody")

    def _named_wrongly(self) -> Iterator[Finding]:
        """Entries that an entry says were erased and cannot be: they came later, are of another type, or twice."""
        for index in sorted(self._of(_ERASED)):
            for entry in sorted(self._places[index].entries):
                if self._erasures.logged.get(entry) != index:
                    where = _row(database.tombstone, entry)
                    yield failed(_ID, where, "rows.places.not_to_be_erased", index=index)

    def _answers(self) -> Iterator[Finding]:
        """Every approval and every refusal is that of one request, and what was done or ended was so by an entry."""
        yield from self._answered(
            "approved_idx",
            lambda index: Term("place.approved_by", index=index),
            {"approved"},
            each=self._of("approved"),
        )
        yield from self._answered("acted_idx", lambda index: Term("place.done_by", index=index), ACTS, each=frozenset())
        yield from self._answered(
            "closed_idx", lambda index: Term("place.ended_by", index=index), CLOSED, each=self._of("refused")
        )

    def _answered(
        self, column: str, place: Callable[[str], Term], types: Collection[str], *, each: Collection[int]
    ) -> Iterator[Finding]:
        """The rows that say in a column which leaf ended a wait; of the leaves in ``each``, every one ended one."""
        at, can, used = database.authority.c[column], set[int]().union(*map(self._of, types)), set[int]()
        for index in self._connection.execute(sa.select(at).where(at.is_not(None))).scalars():
            if type(index) is not int or index not in can or index in used:
                yield failed(_ID, place(str(index)), "rows.places.answers_no_request")
            else:
                used.add(index)
        for index in sorted(set(each) - used):
            yield failed(_ID, place(str(index)), "rows.places.missing")

    def _removals(self) -> Iterator[Finding]:
        """Every removal from a case is that of one item that was added before."""
        table = database.case_item
        yield from self._ended_once(
            table, table.c.removed_idx, "case_item_removed", lambda index: Term("place.removed_by", index=index)
        )

    def _dismissals(self) -> Iterator[Finding]:
        """Every dismissal is that of one alert that was raised before."""
        table = database.alert
        yield from self._ended_once(
            table, table.c.dismissed_idx, "alert_dismissed", lambda index: Term("place.dismissed_by", index=index)
        )

    def _removed_lists(self) -> Iterator[Finding]:
        """Every removal of a list is that of the parts that it names, which were added before and not removed."""
        table, ended = database.hash_part, dict[int, object]()
        for row in self._connection.execute(sa.select(table.c.idx, table.c.removed_idx)):
            if type(row.idx) is int and row.removed_idx is not None:
                ended[row.idx] = row.removed_idx
        named = {entry: index for index in self._of("hashes_removed") for entry in self._places[index].entries}
        for entry in sorted(named.keys() | ended.keys()):
            index = named.get(entry)
            if index is None or ended.get(entry) != index or entry > index:
                yield failed(_ID, _row(table, entry), "rows.places.other_removal")

    def _holds(self) -> Iterator[Finding]:
        """Every hold has rows, each of them of a hold; and what ended one is the end of one, which came later."""
        yield from self._begun_and_ended(database.hold, database.hold.c.ended_idx, "held", {"hold_ended"})

    def _withdrawals(self) -> Iterator[Finding]:
        """What closes a case is a record of consent, which came later."""
        table, consents = database.case_file.c, self._of("consent")
        rows = sa.select(table.idx, table.withdrawn_idx).where(table.withdrawn_idx.is_not(None))
        for row in self._connection.execute(rows):
            if row.withdrawn_idx not in consents or row.withdrawn_idx <= row.idx:
                yield failed(_ID, _row(database.case_file, row.idx), "rows.places.removed_before")

    def _freezes(self) -> Iterator[Finding]:
        """Every freeze has rows, each of them of a freeze; and what ended one is the end of one, which came later."""
        table = database.frozen
        yield from self._begun_and_ended(table, table.c.lifted_idx, "frozen", {"unfrozen"}, also=self._of(_ERASED))

    def _begun_and_ended(
        self,
        table: sa.Table,
        ends_at: sa.Column[int],
        event_type: str,
        ending: Collection[str],
        also: Collection[int] = frozenset(),
    ) -> Iterator[Finding]:
        """Every leaf of a type has rows of this table, each of them of one; an end of one is of its type, and later.

        Args:
            also: Entries of other types that may end one.
        """
        begins, ends = self._of(event_type), set[int]().union(*map(self._of, ending))
        begun, ended = set[int](), set[int]()
        for row in self._connection.execute(sa.select(table.c.idx, ends_at.label("ended"))):
            if row.idx not in begins:
                yield failed(_ID, _row(table, row.idx), "rows.places.added", event_type=event_type)
                continue
            begun.add(row.idx)
            if row.ended is None:
                continue
            if row.ended not in ends | set(also) or row.ended <= row.idx:
                yield failed(_ID, _row(table, row.idx), "rows.places.removed_before")
            ended.add(row.ended)
        for index in sorted((begins - begun) | (ends - ended)):
            yield failed(_ID, _row(table, index), "rows.places.missing")

    def _ended_once(
        self, table: sa.Table, ended: sa.Column[int], event_type: str, place: Callable[[str], Term]
    ) -> Iterator[Finding]:
        """Every leaf of the type ended one row of the table, which began before it."""
        strays, missing = self._named_once(ended, event_type)
        for index in strays:
            yield failed(_ID, place(str(index)), "rows.places.not_one_removal")
        for index in missing:
            yield failed(_ID, place(str(index)), "rows.places.missing")
        before = sa.select(table.c.idx).where(ended <= table.c.idx)
        for index in self._connection.execute(before).scalars():
            yield failed(_ID, _row(table, index), "rows.places.removed_before")

    def _named_once(self, column: sa.Column[int], event_type: str) -> tuple[list[object], list[int]]:
        """What this column names that is no leaf of the type, or one that it named before; and the leaves not named."""
        waiting, strays = set(self._of(event_type)), list[object]()
        for index in self._connection.execute(sa.select(column).where(column.is_not(None))).scalars():
            if type(index) is not int or index not in waiting:
                strays.append(index)
            else:
                waiting.remove(index)
        return strays, sorted(waiting)

    def _channels(self) -> Iterator[Finding]:
        """Every channel was added by its own entry, and the newest is there unless one was removed since."""
        added = self._of("channel_added") | self._of("probe_added")
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
