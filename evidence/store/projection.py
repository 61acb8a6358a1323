"""Builds the projections from the log, one event at a time: on append, and when everything is rebuilt.

Rows in clear hold nothing but ids, times, kinds, digests and marks (``evidence.store.marks``).
"""

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from config.errors import Term
from evidence.errors import StoreError
from evidence.observation import CAPTURED, EVERYBODY, Kind
from evidence.store import database
from evidence.store.erase import Erasing, Tombstone, destroy_entries
from evidence.store.marks import SeenKey, album_mark, hole_mark, missed_mark, observed_marks
from evidence.times import format_time, parse_time

_EXPORT = "export"
"""As ``evidence.authority.Act`` has it, which stands on this module."""
ANSWER_WITHIN = timedelta(days=7)
"""By when a second person looks at what one person did, or answers what one person asked for (invariant 7)."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An event with its place in the log, as far as the projection may know it."""

    idx: int
    event_id: str
    type: str
    values: Mapping[str, Any]
    payload_sha256: str | None


def project(connection: sa.Connection, placed: Iterable[Placed], seen: SeenKey) -> None:
    """Write the rows of the projections that follow from events, in their order; most types have none."""
    for event_type, run in groupby(placed, key=lambda event: event.type):
        if one_row := _ROWS.get(event_type):
            table, row_of = one_row
            connection.execute(_insert(table), [row_of(event, seen) for event in run])
        elif write := _WRITERS.get(event_type):
            for event in run:
                write(connection, event)


@functools.cache
def _insert(table: sa.Table) -> sa.Insert:
    """The statement that adds rows: to build it for each event costs more than half as much as the row."""
    return sa.insert(table)


def _observed(placed: Placed, seen: SeenKey) -> dict[str, Any]:
    values = placed.values
    marks = observed_marks(seen, values)
    row = {name: values[name] for name in ("kind", "channel_id", "posted_at", "mode")}
    row |= {"item_id": placed.event_id, "idx": placed.idx, "message_id": _int(values["message_id"])}
    row |= {"seen": marks.seen, "said": marks.said, "part": marks.part}
    row |= {"album": album_mark(seen, values)}
    row |= {"gone": values["action"] if values["kind"] == Kind.DELETION.value else None, "capture": _capture(values)}
    return row | {"acquired_at": values["at"], "payload_sha256": placed.payload_sha256}


def _hole(placed: Placed, seen: SeenKey) -> dict[str, Any]:
    values = placed.values
    row = {name: values[name] for name in ("channel_id", "since", "until")}
    row |= {"idx": placed.idx, "seen": hole_mark(seen, values), "part": missed_mark(seen, values)}
    row |= {"reason": values["hole"], "capture": _capture(values)}
    return row | {"lo": _int(values["lo"]), "hi": _int(values["hi"])}


def _capture(values: Mapping[str, Any]) -> str | None:
    """The request under which it was captured from a channel that nobody had registered."""
    return str(values["authority"]) if values.get("method") == CAPTURED else None


def _channel_added(connection: sa.Connection, placed: Placed) -> None:
    named = ("channel", "channel_id", "reported_as", "follows")
    names = (*named, "mode", "access", "report_url", "reported_by", "reported_on")
    basis = placed.values["legal_basis"]
    row = {name: placed.values[name] for name in names} | {"idx": placed.idx}
    row["expires"] = basis["expires"] if basis else None
    _registered(connection, placed, row | {"rights": None})


def _probe_added(connection: sa.Connection, placed: Placed) -> None:
    row = {name: placed.values[name] for name in ("channel", "channel_id", "access", "mode", "rights")}
    nothing = dict.fromkeys(("report_url", "reported_by", "reported_on", "reported_as", "follows", "expires"))
    _registered(connection, placed, row | nothing | {"idx": placed.idx})


def _registered(connection: sa.Connection, placed: Placed, row: Mapping[str, object]) -> None:
    """The entry of a channel, in place of the one before."""
    _end_review(connection, placed)
    connection.execute(sa.delete(database.channel).where(database.channel.c.channel == row["channel"]))
    connection.execute(_insert(database.channel), row)
    _acted(connection, placed, due_at=placed.values["review_by"])


def _mode_lowered(connection: sa.Connection, placed: Placed) -> None:
    """Less is kept of a channel; its entry, and until when its legal basis held, stay."""
    mine = database.channel.c.channel == placed.values["channel"]
    connection.execute(sa.update(database.channel).where(mine).values(mode=placed.values["mode"]))


def _channel_removed(connection: sa.Connection, placed: Placed) -> None:
    _end_review(connection, placed)
    connection.execute(sa.delete(database.channel).where(database.channel.c.channel == placed.values["channel"]))


def _done_alone(connection: sa.Connection, placed: Placed) -> None:
    alone = placed.values["approver"] is None
    due = parse_time(placed.values["at"]) + ANSWER_WITHIN
    _acted(connection, placed, due_at=format_time(due) if alone else None)


def _done(connection: sa.Connection, placed: Placed) -> None:
    _acted(connection, placed, due_at=None)


def _acted(connection: sa.Connection, placed: Placed, *, due_at: str | None) -> None:
    """What a request asked for is done; where one person did it, a second looks at it by ``due_at``."""
    table = database.authority
    of_request = sa.update(table).where(table.c.request == placed.values["authority"], table.c.acted_idx.is_(None))
    connection.execute(of_request.values(acted_idx=placed.idx, due_at=due_at))


def _end_review(connection: sa.Connection, placed: Placed) -> None:
    """End the review of a channel's entry that is replaced or removed; it is that of the request before the entry."""
    table, entry = database.authority, database.channel.c
    replaced = sa.select(entry.idx - 1).where(entry.channel == placed.values["channel"]).scalar_subquery()
    waiting = sa.update(table).where(table.c.idx == replaced, table.c.approved_idx.is_(None))
    connection.execute(waiting.values(closed_idx=placed.idx))


def _requested(connection: sa.Connection, placed: Placed) -> None:
    order, due = placed.values["order"], format_time(parse_time(placed.values["at"]) + ANSWER_WITHIN)
    if placed.values["what"] == CAPTURED and order is not None:
        due = order["until"]  # what nobody confirms by then is destroyed
    row = {"request": placed.event_id, "idx": placed.idx, "what": placed.values["what"]}
    row |= {"case_id": _case_asked_for(placed.values)}
    connection.execute(_insert(database.authority), row | {"due_at": None if order is None else due})


def _case_asked_for(values: Mapping[str, Any]) -> str | None:
    """The case that an export was asked for; its target begins with it."""
    return str(values["target"]).partition(" ")[0] if values["what"] == _EXPORT else None


def _approved(connection: sa.Connection, placed: Placed) -> None:
    connection.execute(_of_request(placed).values(approved_idx=placed.idx))


def _refused(connection: sa.Connection, placed: Placed) -> None:
    connection.execute(_of_request(placed).values(closed_idx=placed.idx))


def _of_request(placed: Placed) -> sa.Update:
    return sa.update(database.authority).where(database.authority.c.request == placed.values["request"])


def _case_opened(connection: sa.Connection, placed: Placed) -> None:
    row = {"case_id": placed.values["case"], "idx": placed.idx, "opened_at": placed.values["at"]}
    connection.execute(_insert(database.case_file), row)


def _case_item_added(connection: sa.Connection, placed: Placed) -> None:
    row = {"case_id": placed.values["case"], "item_id": placed.values["item"], "idx": placed.idx}
    connection.execute(_insert(database.case_item), row)


def _case_item_removed(connection: sa.Connection, placed: Placed) -> None:
    table = database.case_item.c
    held = sa.and_(table.case_id == placed.values["case"], table.item_id == placed.values["item"])
    here = sa.update(database.case_item).where(held, table.removed_idx.is_(None))
    connection.execute(here.values(removed_idx=placed.idx))


def _alerted(placed: Placed, _seen: SeenKey) -> dict[str, Any]:
    values = placed.values
    return {"idx": placed.idx, "case_id": values["case"], "item_id": values["item"], "raised_at": values["at"]}


def _alert_dismissed(connection: sa.Connection, placed: Placed) -> None:
    table = database.alert.c
    mine = sa.and_(table.case_id == placed.values["case"], table.item_id == placed.values["item"])
    open_one = sa.update(database.alert).where(mine, table.dismissed_idx.is_(None))
    connection.execute(open_one.values(dismissed_idx=placed.idx))


def _hashes_added(placed: Placed, _seen: SeenKey) -> dict[str, Any]:
    return {"idx": placed.idx, "case_id": placed.values["case"]}


def _hashes_removed(connection: sa.Connection, placed: Placed) -> None:
    table = database.hash_part.c
    parts = sa.update(database.hash_part).where(table.case_id == placed.values["case"], table.removed_idx.is_(None))
    connection.execute(parts.values(removed_idx=placed.idx))


def _frozen(connection: sa.Connection, placed: Placed) -> None:
    item, items = database.item.c, placed.values["frozen_items"]
    wanted = sa.select(item.item_id, item.channel_id, item.message_id).where(item.item_id.in_(items))
    places = {row.item_id: (row.channel_id, row.message_id) for row in connection.execute(wanted)}
    common = {"idx": placed.idx, "frozen_at": placed.values["at"]}
    # while rows are made again, an item that was erased later has no place: the freeze of it lost its own then
    rows = [(each, *places.get(each, ("", None))) for each in items]
    named = [dict(zip(("item_id", "channel_id", "message_id"), row, strict=True)) for row in rows]
    connection.execute(_insert(database.frozen), [common | row for row in named])


def _unfrozen(connection: sa.Connection, placed: Placed) -> None:
    table = database.frozen
    waiting = sa.update(table).where(table.c.item_id.in_(placed.values["frozen_items"]), table.c.lifted_idx.is_(None))
    connection.execute(waiting.values(lifted_idx=placed.idx))
    _done(connection, placed)


def _consent(connection: sa.Connection, placed: Placed) -> None:
    """The newest record of a case's consent counts; while it says that she took it back, the case is closed."""
    table, back = database.case_file, placed.values["given"] == "no"
    at = {"withdrawn_idx": placed.idx if back else None, "withdrawn_at": placed.values["at"] if back else None}
    connection.execute(sa.update(table).where(table.c.case_id == placed.values["case"]).values(at))


def _imported(connection: sa.Connection, placed: Placed) -> None:
    """What an export spans, if it can lack what another one has (``evidence.intake.absent``)."""
    extent = placed.values["extent"]
    if extent is not None and extent["of"] == EVERYBODY:
        row = {"idx": placed.idx, "channel_id": placed.values["channel_id"]}
        row |= {"lo": int(extent["lo"]), "hi": int(extent["hi"])}
        connection.execute(_insert(database.extent), row | {name: extent[name] for name in ("since", "until")})
    _done(connection, placed)


def _held(connection: sa.Connection, placed: Placed) -> None:
    values = placed.values
    row = {"idx": placed.idx, "hold_id": placed.event_id, "case_id": values["case"]}
    row |= {"kind": values["hold"], "until": values["until"]}
    connection.execute(_insert(database.hold), [row | {"item_id": each} for each in values["held_items"] or [""]])
    _done(connection, placed)  # where two persons decided that it is held


def _hold_ended(connection: sa.Connection, placed: Placed) -> None:
    table = database.hold
    named = sa.update(table).where(table.c.hold_id.in_(placed.values["holds"]), table.c.ended_idx.is_(None))
    connection.execute(named.values(ended_idx=placed.idx))
    _done(connection, placed)


def _erased(connection: sa.Connection, placed: Placed) -> None:
    named = [Tombstone.read(value) for value in placed.values["marks"]]
    destroy_entries(connection, Erasing(named, placed.idx, parse_time(placed.values["at"])))
    _done(connection, placed)


def _int(text: str | None) -> int | None:
    return None if text is None else int(text)


_ROWS: Mapping[str, tuple[sa.Table, Callable[[Placed, SeenKey], dict[str, Any]]]] = MappingProxyType(
    {
        "observed": (database.item, _observed),
        "hole": (database.hole, _hole),
        "alerted": (database.alert, _alerted),
        "hashes_added": (database.hash_part, _hashes_added),
    }
)
"""Types of which each event adds one row and changes no other: an import and a watch log thousands of them."""

_Writer = Callable[[sa.Connection, Placed], None]
_WRITERS: Mapping[str, _Writer] = MappingProxyType(
    {
        "requested": _requested,
        "approved": _approved,
        "refused": _refused,
        "channel_added": _channel_added,
        "probe_added": _probe_added,
        "channel_removed": _channel_removed,
        "mode_lowered": _mode_lowered,
        "exported": _done_alone,
        "files_added": _done_alone,
        "imported": _imported,
        "receiver_added": _done,
        "released": _done,
        "key_changed": _done,
        "case_opened": _case_opened,
        "case_item_added": _case_item_added,
        "case_item_removed": _case_item_removed,
        "alert_dismissed": _alert_dismissed,
        "hashes_removed": _hashes_removed,
        "frozen": _frozen,
        "unfrozen": _unfrozen,
        "consent": _consent,
        "held": _held,
        "hold_ended": _hold_ended,
        "retention_ruled": _done,
        "erased": _erased,
    }
)


_OWN_ROWS: Mapping[str, sa.Table] = MappingProxyType(
    {
        "observed": database.item,
        "hole": database.hole,
        "case_opened": database.case_file,
        "case_item_added": database.case_item,
        "alerted": database.alert,
        "hashes_added": database.hash_part,
        "frozen": database.frozen,
        "held": database.hold,
        "requested": database.authority,
    }
)
"""Types of events that have a row of their own, or several, for as long as the log lasts."""


def require_projected(connection: sa.Connection, placed: Sequence[Placed]) -> None:
    """Check that the newest events have their rows.

    Raises:
        StoreError: The database took rows and does not hold them.
    """
    counted = Counter(_OWN_ROWS[event.type].name for event in placed if event.type in _OWN_ROWS)
    for name, expected in counted.items():
        table = database.metadata.tables[name]
        new = sa.select(sa.func.count(table.c.idx.distinct())).where(table.c.idx >= placed[0].idx)
        if (found := connection.execute(new).scalar_one()) != expected:
            raise StoreError("store.rows_lost", where=Term("place.table", name=name), expected=expected, found=found)
    for event in placed:
        if event.type == "erased":
            _require_destroyed(connection, event)


def _require_destroyed(connection: sa.Connection, placed: Placed) -> None:
    table, sealed = database.tombstone.c, database.sealed.c
    mine = sa.select(table.idx).where(table.erased_idx == placed.idx)
    expected, found = len(placed.values["marks"]), len(connection.execute(mine).all())
    left = connection.execute(sa.select(sealed.idx).where(sealed.idx.in_(mine)).limit(1)).first()
    if found != expected or left is not None:
        where = Term("place.table", name="sealed" if left else "tombstone")
        raise StoreError("store.rows_lost", where=where, expected=expected, found=found)


def row_differences(kept: sa.Connection, rebuilt: sa.Connection) -> Iterator[tuple[str, str]]:
    """Table and key of every row in clear that is in one database and not, or not so, in the other."""
    for table in database.PROJECTIONS:
        if table is database.tile:
            continue  # built from the leaves alone, and compared with them by the audit
        here, there = _rows_by_key(kept, table), _rows_by_key(rebuilt, table)
        for key in sorted(here.keys() | there.keys()):
            if here.get(key) != there.get(key):
                yield table.name, key


def _rows_by_key(connection: sa.Connection, table: sa.Table) -> dict[str, tuple[object, ...]]:
    keys = [column.name for column in table.primary_key]
    rows = sa.select(table)
    if table is database.tombstone:  # what an entry says that this log lost: ``rows.places`` tells of it
        rows = rows.where(table.c.erased_idx.is_not(None))
    return {
        " ".join(str(row._mapping[name]) for name in keys): tuple(row)  # noqa: SLF001 - SQLAlchemy's public accessor
        for row in connection.execute(rows)
    }
