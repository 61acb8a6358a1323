"""Moves the rows of a home in use from its SQLite file to a PostgreSQL server.

The turn is held from the first row until the settings are changed, so nobody writes meanwhile. Until the settings name
the new database, the rows of the home are in the old one, and from then on in the new one; the switch is one rename.
Whoever has the old one open checks the settings inside each turn (``Home``), and is told to restart. In order:

1. The server's database fits and is empty, and the log has all that was signed.
2. In one transaction on the server, the tables are created and filled, and both sides are compared, table by table;
   then the log there is compared with the checkpoint that was signed last. ``HOME/moving`` records a digest of what was
   copied, and the transaction is committed.
3. ``database.url`` in ``HOME/nisisama.toml`` is changed.
4. The old file is removed, because whatever is erased later would live on in it. ``HOME/moving`` goes last.

After a kill before step 3, the next call removes what is on the server, if that is what ``HOME/moving`` records, and
starts over; after a kill later than that, the next call completes step 4.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from api.home import SETTINGS_FILE, Home
from api.unfinished import DATABASE_FILE
from config import oplog
from config.errors import SettingsError
from config.settings import unchangeable, with_value
from evidence.custody.append import tree_size
from evidence.custody.sequencer import Sequencer
from evidence.errors import HomeError
from evidence.objects.durable import replace_file, sync_directory
from evidence.store import database
from evidence.store.move import Hear, copy_rows, count_rows, held, require_empty, require_fit, rows_sha256

MOVING_FILE = "moving"
"""In a home whose rows are being moved: ``rows_sha256`` of what was copied."""
_VARIABLES = ("NISISAMA_DATABASE__URL", "NISISAMA_DATABASE")
_SERVER = "postgresql"
_JOURNALS = ("-wal", "-shm")
Progress = Callable[[int], AbstractContextManager[Hear]]
"""Given how many rows there are, shows how many of them are done."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A home whose rows are on a server now.

    Attributes:
        entries: How many leaves the log has.
        rows: How many rows were copied; 0 if an earlier call had copied them.
        ended: Whether this call completed a move that was cut off after the settings were changed.
    """

    entries: int
    rows: int
    ended: bool


def move_rows(home: Home, url: str, progress: Progress) -> Moved:
    """The verb behind ``database move``: move a home's rows to the empty database of a PostgreSQL server.

    Args:
        url: SQLAlchemy address without a password; it becomes ``database.url``.

    Raises:
        SettingsError: A variable overrides ``database.url``, or no command can change the form that it has in the file.
        HomeError: The rows are on a server already, or as ``Home.writing``.
        HomeBusyError: Others kept writing; nothing was changed.
        CheckpointError: The log lacks what was signed last.
        StoreError: The address is not one of PostgreSQL or has a password, or the server's database does not fit, is
            not empty, or does not hold what was copied into it; nothing was changed.
    """
    require_address(url)
    if found := next((name for name in os.environ if name.upper() in _VARIABLES), None):
        raise SettingsError("settings.variable_overrides", where=found)
    if home.engine.dialect.name == _SERVER:
        return _end(home, url)
    if home.settings.database.url:
        raise unchangeable("database", "url")
    settings = home.path / SETTINGS_FILE
    with_value(settings.read_text("utf-8"), "database", "url", url)
    _require_same_place(home, url)
    engine = database.open_engine(url)
    try:
        with database.reading(engine) as connection:
            require_fit(connection)
        with home.writing() as writer:
            writer.sequencer.checkpoint()
        with writer.sequencer.take() as source:
            with progress(count_rows(source)) as hear:
                rows = _copy(home, url, source, engine, writer.sequencer, hear)
            # read again: somebody may have changed another setting meanwhile
            replace_file(settings, with_value(settings.read_text("utf-8"), "database", "url", url).encode())
            entries = tree_size(source)
    finally:
        engine.dispose()
    _remove_old(home)
    oplog.note("rows_moved", entries=entries, count=rows)
    return Moved(entries, rows, ended=False)


def require_address(url: str) -> None:
    """Check that the database address of a command is one of PostgreSQL and has no password, which others would see.

    Raises:
        StoreError: It is not one of PostgreSQL, or it has a password.
    """
    try:
        address = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise database.unusable("store.not_an_address") from None  # those errors quote the address
    if address.get_backend_name() != _SERVER:
        raise database.unusable("database_move.not_postgresql", found=address.get_backend_name())
    if not address.database:
        raise database.unusable("database_move.no_name")
    if database.has_password(address):
        raise database.unusable("database_move.password")


def _noted(home: Home) -> tuple[str, str] | None:
    """What ``HOME/moving`` notes: the digest of what was copied, and where to; None where nothing is moved."""
    try:
        digest, _line, url = (home.path / MOVING_FILE).read_text("utf-8").partition("\n")
    except FileNotFoundError:
        return None
    return digest, url.rstrip("\n")


def _require_same_place(home: Home, url: str) -> None:
    """Check that no move to another database was cut off: a copy of all rows may lie there.

    Raises:
        HomeError: One was.
    """
    noted = _noted(home)
    if noted and noted[1] != url:
        raise HomeError("database_move.begun_elsewhere", where=str(home.path / MOVING_FILE), expected=noted[1])


def _copy(home: Home, url: str, source: sa.Connection, engine: sa.Engine, sequencer: Sequencer, hear: Hear) -> int:
    noted = _noted(home)
    with database.writing(engine) as target:
        require_empty(target, noted[0] if noted else None)
        copied = copy_rows(source, target, hear)
        sequencer.require_grown(target)
        replace_file(home.path / MOVING_FILE, f"{rows_sha256(copied)}\n{url}\n".encode())
    return sum(each.rows for each in copied.values())


def old_database(home: Home) -> Path | None:
    """What ``doctor`` finds left: a SQLite file in a home whose rows are on a server; None if there is none."""
    return next(_left(home.path), None) if home.engine.dialect.name == _SERVER else None


def _left(home: Path) -> Iterator[Path]:
    places = (home / f"{DATABASE_FILE}{end}" for end in ("", *_JOURNALS))
    return (place for place in places if place.exists())


def _end(home: Home, url: str) -> Moved:
    """Complete a move that was cut off after the settings were changed.

    Raises:
        HomeError: No move was cut off, or the old file no longer holds what was copied.
    """
    noted = _noted(home)
    if url != home.settings.database.url or noted is None:
        raise HomeError("database_move.there_already", where=str(home.path / SETTINGS_FILE))
    with database.reading(home.engine) as connection:
        entries = tree_size(connection)
    if (home.path / DATABASE_FILE).exists():
        _require_as_copied(home.path / DATABASE_FILE, noted[0])
    _remove_old(home)
    return Moved(entries, 0, ended=True)


def _require_as_copied(file: Path, sha256: str) -> None:
    """Check that an old file holds what was copied, and nothing that was written since.

    Raises:
        HomeError: It does not.
    """
    engine = database.open_read_only(file)
    try:
        with database.reading(engine) as old:
            found = rows_sha256(held(old))
    finally:
        engine.dispose()
    if found != sha256:
        raise HomeError("database_move.old_file_differs", where=str(file))


def _remove_old(home: Home) -> None:
    home.engine.dispose()
    for file in _left(home.path):
        file.unlink(missing_ok=True)  # a program that had it open may remove its journal itself
    sync_directory(home.path)
    (home.path / MOVING_FILE).unlink(missing_ok=True)
    sync_directory(home.path)
