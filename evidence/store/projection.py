"""The tables that are built from the log, by one function: used when an event is appended and when all is rebuilt.

Rows in clear hold ids, times, kinds and digests only. ``seen`` is HMAC-SHA256(seen_key, kind |
channel | message | SHA-256): whoever holds the key can know again what he already has, and read nothing.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from evidence.canonical import jcs
from evidence.observation import Kind
from evidence.store import database


@dataclass(frozen=True, slots=True, repr=False)
class SeenKey:
    """The collector's random key, used for nothing else."""

    secret: bytes

    def mark(self, kind: str, *, channel_id: str, message_id: str | None, sha256: str) -> bytes:
        """The 32-byte mark of one observation; digests of different kinds of thing never meet."""
        told = f"{kind}|{channel_id}|{message_id or ''}|{sha256}".encode()
        return hmac.digest(self.secret, told, "sha256")


@dataclass(frozen=True, slots=True)
class Placed:
    """An event with its place: what the projection may know of it."""

    idx: int
    event_id: str
    type: str
    values: Mapping[str, Any]
    payload_sha256: str | None


def observed_mark(seen: SeenKey, values: Mapping[str, Any]) -> bytes:
    """What an ``observed`` event is known again by: its content, its raw bytes, or its name if no byte was read."""
    for kind in ("sha256", "raw_sha256"):
        if values[kind]:
            return seen.mark(
                kind, channel_id=values["channel_id"], message_id=values["message_id"], sha256=str(values[kind])
            )
    return named_mark(seen, values)


def named_mark(seen: SeenKey, values: Mapping[str, Any]) -> bytes:
    """What a file is known again by where its bytes may not be read: the name that its source gives it."""
    sha256 = hashlib.sha256(jcs(values["file_name"])).hexdigest()
    return seen.mark("name", channel_id=values["channel_id"], message_id=values["message_id"], sha256=sha256)


def hole_mark(seen: SeenKey, values: Mapping[str, Any]) -> bytes:
    """What a ``hole`` event is known again by."""
    sha256 = hashlib.sha256(jcs([values[name] for name in ("hole", "lo", "hi", "what")])).hexdigest()
    return seen.mark("hole", channel_id=values["channel_id"], message_id=values["lo"], sha256=sha256)


def project(connection: sa.Connection, placed: Placed, seen: SeenKey) -> None:
    """Write the rows that follow from one event; an event of another type has none."""
    if write := _WRITERS.get(placed.type):
        write(connection, placed, seen)


def _observed(connection: sa.Connection, placed: Placed, seen: SeenKey) -> None:
    values = placed.values
    mark = observed_mark(seen, values)
    named = named_mark(seen, values) if values["kind"] == Kind.FILE.value else None
    row = {name: values[name] for name in ("kind", "channel_id", "posted_at", "mode")}
    row |= {"item_id": placed.event_id, "idx": placed.idx, "seen": mark, "message_id": _int(values["message_id"])}
    row |= {"named": named}
    row |= {"acquired_at": values["at"], "payload_sha256": placed.payload_sha256}
    connection.execute(sa.insert(database.item), row)


def _hole(connection: sa.Connection, placed: Placed, seen: SeenKey) -> None:
    values = placed.values
    mark = hole_mark(seen, values)
    row = {"idx": placed.idx, "seen": mark, "channel_id": values["channel_id"], "since": values["since"]}
    row |= {"reason": values["hole"], "lo": _int(values["lo"]), "hi": _int(values["hi"])}
    connection.execute(sa.insert(database.hole), row)


def _channel_added(connection: sa.Connection, placed: Placed, _seen: SeenKey) -> None:
    names = ("channel", "mode", "access", "report_url", "reported_by", "reported_on")
    row = {name: placed.values[name] for name in names} | {"idx": placed.idx}
    connection.execute(sa.delete(database.channel).where(database.channel.c.channel == row["channel"]))
    connection.execute(sa.insert(database.channel), row)


def _channel_removed(connection: sa.Connection, placed: Placed, _seen: SeenKey) -> None:
    connection.execute(sa.delete(database.channel).where(database.channel.c.channel == placed.values["channel"]))


def _requested(connection: sa.Connection, placed: Placed, _seen: SeenKey) -> None:
    connection.execute(sa.insert(database.authority), {"request": placed.event_id, "idx": placed.idx})


def _approved(connection: sa.Connection, placed: Placed, _seen: SeenKey) -> None:
    table = database.authority
    of_request = sa.update(table).where(table.c.request == placed.values["request"])
    connection.execute(of_request.values(approved_idx=placed.idx))


def _case_opened(connection: sa.Connection, placed: Placed, _seen: SeenKey) -> None:
    row = {"case_id": placed.values["case"], "idx": placed.idx, "opened_at": placed.values["at"]}
    connection.execute(sa.insert(database.case_file), row)


def _case_item_added(connection: sa.Connection, placed: Placed, _seen: SeenKey) -> None:
    row = {"case_id": placed.values["case"], "item_id": placed.values["item"], "idx": placed.idx}
    connection.execute(sa.insert(database.case_item), row)


def _int(text: str | None) -> int | None:
    return None if text is None else int(text)


_Writer = Callable[[sa.Connection, Placed, SeenKey], None]
_WRITERS: Mapping[str, _Writer] = MappingProxyType(
    {
        "requested": _requested,
        "approved": _approved,
        "observed": _observed,
        "hole": _hole,
        "channel_added": _channel_added,
        "channel_removed": _channel_removed,
        "case_opened": _case_opened,
        "case_item_added": _case_item_added,
    }
)


def differences(kept: sa.Connection, rebuilt: sa.Connection) -> Iterator[tuple[str, str]]:
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
    return {
        " ".join(str(row._mapping[name]) for name in keys): tuple(row)  # noqa: SLF001 - SQLAlchemy's public accessor
        for row in connection.execute(sa.select(table))
    }
