"""Erasure beyond the database: what an entry keeps of what it destroyed, and all that is done after the commit.

An erasure is whole once its transaction is committed (``evidence.store.erase``). What follows can be cut off anywhere
and is done again by whoever writes next, in this order: the tombstones are written beside the keys, the objects are
removed, and the database forgets its old pages. Only then is the note gone that it is still to be done.

The tombstones beside the keys (``HOME.keys/erased``) outlive a home that is put back from a backup: what it names is
destroyed again before anything is read. A line for each erased entry:

    INDEX, SHA-256 of the leaf, marks "seen", "said" and "place" in hex or a hyphen; one space between them

Pure of keys but for ``erased_entries``, which reads records.
"""

import hashlib
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from evidence.canonical import Value, b64u
from evidence.custody.event import Draft, Record
from evidence.errors import EvidenceError, HomeError
from evidence.log.commit import commitment
from evidence.log.leaf import parse_leaf
from evidence.log.schema import SCHEMAS
from evidence.objects.durable import replace_file
from evidence.objects.local import LocalObjects
from evidence.store import database
from evidence.store.database import reading, store_errors
from evidence.store.erase import (
    DESTROYED,
    ERASABLE,
    Erasing,
    Tombstone,
    all_done,
    destroy_entries,
    still_to_do,
    tombstones,
)
from evidence.times import format_time

AT_ONCE = 200
"""So many entries at most are in one ``erased`` event: its record keeps some 2.5 KB of each."""
_HEX64, _MARK = r"[0-9a-f]{64}", r"(-|[0-9a-f]{64})"
_LINE = re.compile(rf"(0|[1-9][0-9]{{0,18}}) ({_HEX64}) ({_HEX64}) {_MARK} (-|[0-9a-f]{{16}})", re.ASCII)
Take = Callable[[], AbstractContextManager[sa.Connection]]


# What an entry keeps of what it destroys


def kept_of(index: int, record: Record) -> Mapping[str, Value]:
    """What the record of ``erased`` keeps of an erased entry: its acts and their secret, and what hides the rest."""
    schema, made = SCHEMAS[record.type], record.disclosures()
    return {
        "entry": str(index),
        "type": record.type,
        "values": {name: record.values[name] for name in schema.act},
        "secret": b64u(record.act_secret),
        "withheld": {name: commitment(made[name]) for name in schema.subject},
    }


def erased_draft(
    named: Sequence[Tombstone],
    kept: Sequence[Mapping[str, Value]],
    by: Mapping[str, Value],
    *,
    cause: str,
    backups_until: datetime,
) -> Draft:
    """The event by which entries are erased; to log it is to destroy what the database holds of them.

    Args:
        named: In the order of the log.
        kept: Of those of them whose record could be read.
        by: Who acts, by NAME.
        backups_until: When the last backup with them ends.
    """
    values: dict[str, Value] = {
        **by,
        "cause": cause,
        "items": str(sum(each.item_id is not None for each in named)),
        "destroyed": list(DESTROYED),
        "marks": [dict(each.value()) for each in named],
        "backups_until": format_time(backups_until),
    }
    public = {"entries": " ".join(str(each.index) for each in named)}
    return Draft("erased", values, public=public, source={"kept": [dict(each) for each in kept]})


# After the commit


@dataclass(frozen=True, slots=True)
class Grave:
    """A line of the file beside the keys."""

    index: int
    leaf_sha256: str
    seen: bytes
    said: bytes | None
    place: bytes | None

    def line(self) -> str:
        """The line, without its end."""
        marks = ("-" if mark is None else mark.hex() for mark in (self.seen, self.said, self.place))
        return " ".join((str(self.index), self.leaf_sha256, *marks))


def read_graves(file: Path) -> Sequence[Grave]:
    """What the file beside the keys names; nothing where there is none.

    Raises:
        HomeError: It is damaged.
    """
    try:
        lines = file.read_text("ascii").splitlines()
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise HomeError("home.graves_damaged", where=str(file), line=0) from error
    return [_grave(file, number, line) for number, line in enumerate(lines, start=1)]


def _grave(file: Path, number: int, line: str) -> Grave:
    found = _LINE.fullmatch(line)
    if found is None:
        raise HomeError("home.graves_damaged", where=str(file), line=number)
    seen, said, place = (None if mark == "-" else bytes.fromhex(mark) for mark in found.groups()[2:])
    return Grave(int(found[1]), found[2], seen or b"", said, place)


def keep_graves(file: Path, known: Iterable[Grave]) -> None:
    """Add to the file beside the keys what was erased; on return it has reached the disk.

    Raises:
        HomeError: The file is damaged.
        StorageFullError: No room.
    """
    every = {(each.index, each.leaf_sha256): each for each in (*read_graves(file), *known)}
    lines = [every[key].line() for key in sorted(every)]
    replace_file(file, "".join(f"{line}\n" for line in lines).encode("ascii"))


def finish_erasures(
    engine: sa.Engine, objects: LocalObjects, graves: Path, take: Take, also: Callable[[], object]
) -> int | None:
    """Do what is left of erasures that were logged; return how many objects were removed, None if nothing was left.

    Done again after a kill, it finishes.

    Args:
        graves: The file beside the keys; it is not written while that folder is away.
        take: Takes the turn.
        also: Removes what else lies in the home and shows what was erased.

    Raises:
        HomeError: The file beside the keys is damaged; or a reader holds an old view, so that old pages stay.
        StorageFullError: No room for the file beside the keys.
    """
    with reading(engine) as connection:
        if not still_to_do(connection):
            return None
        known, addresses = _graves(connection), _addresses(connection)
    # (1) what a restored home must destroy again
    if graves.parent.is_dir():
        keep_graves(graves, known)
    # (2) the payloads
    removed = sum(map(objects.remove, addresses))
    also()
    # (3) the old pages; killed before the note goes, whoever writes next does it again
    forget_old_pages(engine)
    # (4) the note, unless another erasure came meanwhile
    with take() as connection:
        if _graves(connection) == known:
            all_done(connection)
    return removed


def forget_old_pages(engine: sa.Engine) -> None:
    """Have the database keep no older state of its pages beside the newest one.

    Raises:
        HomeError: A reader holds an old view, or the disk failed or is full.
    """
    if engine.dialect.name == "sqlite":
        with store_errors("database"), engine.connect() as connection:
            # outside of a transaction, which SQLAlchemy begins by itself
            driver: Any = connection.connection.driver_connection
            try:
                busy, *_pages = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.Error as error:
                raise HomeError("home.old_pages_left", system=str(error)) from error
        if busy:
            raise HomeError("home.old_pages")
        return
    # LIMIT: the server's own log, and blocks that its disk has not used again, still have them
    alone = engine.execution_options(isolation_level="AUTOCOMMIT")
    with store_errors("database"), alone.connect() as connection:
        for name in ("sealed", "item", "hole", "print_segment", "task", "frozen"):
            connection.exec_driver_sql(f"VACUUM {name}")


def _graves(connection: sa.Connection) -> list[Grave]:
    event, found = database.event.c, list[Grave]()
    for each in tombstones(connection):
        leaf = connection.execute(sa.select(event.leaf).where(event.idx == each.index)).scalar()
        digest = hashlib.sha256(b"" if leaf is None else bytes(leaf)).hexdigest()
        found.append(Grave(each.index, digest, each.seen, each.said, each.place))
    return found


def _addresses(connection: sa.Connection) -> list[str]:
    """The addresses of the payloads of erased entries, as the leaves have them."""
    event, stone = database.event, database.tombstone
    leaves = connection.execute(sa.select(event.c.leaf).join(stone, stone.c.idx == event.c.idx)).scalars()
    media = (parse_leaf(bytes(leaf)).sealed.get("media") for leaf in leaves)
    return [address for address in media if address]


# A home that is put back from before


def risen(connection: sa.Connection, graves: Iterable[Grave]) -> list[Tombstone]:
    """What a file beside the keys names as erased and a database still holds."""
    event, stone, found = database.event.c, database.tombstone.c, list[Tombstone]()
    named = {each.index: each for each in graves}
    if not named:
        return found
    gone = set(connection.execute(sa.select(stone.idx)).scalars())
    for index in sorted(named.keys() - gone):
        row = connection.execute(sa.select(event.leaf).where(event.idx == index)).scalar()
        if row is None or hashlib.sha256(bytes(row)).hexdigest() != named[index].leaf_sha256:
            continue  # it was logged after that copy, or it is another log's
        try:
            leaf = parse_leaf(bytes(row))
        except EvidenceError:
            continue
        if leaf.type in ERASABLE:
            item, grave = leaf.event_id if leaf.type == "observed" else None, named[index]
            found.append(Tombstone(index, item, grave.seen, grave.said, grave.place))
    return found


def bury_again(connection: sa.Connection, named: Sequence[Tombstone], at: datetime) -> None:
    """Destroy, in a copy of the database from before, what was erased since; no entry of that copy says so."""
    destroy_entries(connection, Erasing(named, None, at))
