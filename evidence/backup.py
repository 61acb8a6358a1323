"""Backups: folders that are whole or not there, beside the sealed files that all of them name.

    DEST/<log>.objects/             every sealed file once, for good (``evidence.backup_objects``)
    DEST/<log>.erased               what was erased, as ``HOME.keys/erased`` names it
    DEST/<log>_<time>/backup.json   what it is of; its digests of the small files and of the rows
    DEST/<log>_<time>/objects.txt   the addresses of the sealed files that belong to it
    DEST/<log>_<time>/home/         the home: its database as one file without a journal
    DEST/<log>_<time>/keys/         only where asked for: the keys' folder, no secret of it in clear

What is put together lies in a folder whose name ends in ``.part``, locked while its process lives, and gets its
name when all of it has reached the disk and was read back. A backup ends at its age. What was erased in the home is
erased in every backup on a disk when the next one is made there: its sealed file, and its rows.
"""

import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from evidence.canonical import sha256_hex
from evidence.erasure import Grave, bury_again, risen
from evidence.errors import CanonicalError, HomeError
from evidence.log.leaf import parse_leaf
from evidence.objects.durable import make_folder, read_back, replace_file, storage_errors, sync_directory, write_file
from evidence.objects.pending import lock_folder
from evidence.store import database
from evidence.times import format_time, parse_time

FORMAT = "nisisama/backup/2"
DESCRIPTION_FILE = "backup.json"
OBJECTS_FILE = "objects.txt"
HOME, KEYS = "home", "keys"
NOTE_FILE = "backup"
"""In a home: a line for each folder that has backups of it (``NotedDisk``)."""
_FLAGS = {"disk": False, "same-disk": True}
PART = ".part"
PROOF = "proof"
"""How the folder is called in which a backup is put together and let go."""
OURS = ".nisisama-part"
"""File by which an unfinished folder is known for ours, from its beginning until it has its name."""
_MEDIA = b'"media":"'
"""What every leaf has in it that names an object."""
_ADDRESS = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PAGES = 256
"""How many pages of a database are copied before the progress is told."""
Hear = Callable[[int], object]
"""Hears how many more bytes are done."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a backup says of itself.

    Attributes:
        log: Origin of the log.
        made_at: When its view of the database was taken.
        entries: How many leaves the log had then.
        objects: How many objects are in it.
        missing: How many objects the log names that were gone or changed.
        files: Lower hex SHA-256 of every small file, by its path in the backup.
        rows: Lower hex SHA-256 of the database, as it was read back; empty where the rows are elsewhere, and where
            something was erased in it since.
        kept_by: The organisation that keeps it; empty where the office does. Then it is sealed, and holds no key.
    """

    log: str
    made_at: str
    entries: int
    objects: int
    missing: int
    files: Mapping[str, str]
    rows: str = ""
    kept_by: str = ""
    format: str = FORMAT

    def to_bytes(self) -> bytes:
        """The file ``DESCRIPTION_FILE`` of the backup."""
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode() + b"\n"


def read_description(backup: Path) -> Description:
    """What a backup says of itself.

    Raises:
        HomeError: This is no backup, or it was not finished.
    """
    if backup.name.endswith(PART):
        raise HomeError("backup.unfinished", where=str(backup))
    try:
        values = json.loads((backup / DESCRIPTION_FILE).read_bytes())
        if values["format"] != FORMAT:
            raise HomeError(
                "backup.another_format", where=str(backup), expected=FORMAT, found=str(values["format"])[:40]
            )
        return Description(**values)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HomeError("backup.not_one", where=str(backup)) from error


@dataclass(frozen=True, slots=True)
class NotedDisk:
    """What a home notes of one folder that has backups of it.

    Attributes:
        place: The folder.
        entries: How many leaves the log had when the newest was made.
        made_at: When the newest was made.
        oldest_at: When the oldest was made that still lies there.
        same_disk: Whether it lies on the disk of the home.
    """

    place: str
    entries: int
    made_at: datetime
    oldest_at: datetime
    same_disk: bool

    def line(self) -> str:
        """Its line of the file ``NOTE_FILE``; the name of a folder may hold anything, so it is written as JSON."""
        flag = next(word for word, same in _FLAGS.items() if same is self.same_disk)
        times = f"{format_time(self.made_at)} {format_time(self.oldest_at)}"
        return f"{self.entries} {times} {flag} {json.dumps(self.place)}"


def kept_backups(home: Path) -> Sequence[NotedDisk]:
    """What is noted of the folders with backups, in the order of their names; a line that is damaged says nothing."""
    found = dict[str, NotedDisk]()
    with suppress(FileNotFoundError, UnicodeDecodeError):
        for line in (home / NOTE_FILE).read_text("ascii").splitlines():
            with suppress(ValueError, KeyError, CanonicalError):
                entries, made_at, oldest_at, flag, place = line.split(" ", 4)
                name = str(json.loads(place))
                found[name] = NotedDisk(name, int(entries), parse_time(made_at), parse_time(oldest_at), _FLAGS[flag])
    return [found[name] for name in sorted(found)]


def note_of(known: Sequence[NotedDisk], *, without: str, more: NotedDisk | None = None) -> bytes:
    """The file ``NOTE_FILE`` with one folder left out, and one more in it."""
    lines = [each.line() for each in known if each.place != without] + ([more.line()] if more else [])
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def backups_of(log: str, folder: Path) -> Sequence[Path]:
    """The finished backups of a log in a folder, the newest first."""
    found = []
    for each in folder.iterdir() if folder.is_dir() else ():
        with suppress(HomeError):
            if (description := read_description(each)).log == log:
                found.append((description.made_at, each))
    return [each for _made_at, each in sorted(found, reverse=True)]


def slug_of(log: str) -> str:
    """What the names of a log's folders and files on a disk of backups begin with."""
    return log.replace("/", "-")


def end_old(log: str, folder: Path, now: datetime, *, keep_days: int, spare_newest: bool) -> int:
    """Remove the backups that would be older than ``keep_days`` a day from now; return how many.

    Nightly backups so leave none that is older.

    Args:
        spare_newest: Leave the newest whatever its age: no newer one is whole yet.
    """
    until = now - timedelta(days=keep_days - 1)
    found = backups_of(log, folder)[1 if spare_newest else 0 :]
    ended = [each for each in found if parse_time(read_description(each).made_at) <= until]
    for each in ended:
        with storage_errors(folder):
            (each / OURS).touch()  # stopped after this, the next backup knows it for ours
            each.rename(part := each.with_name(each.name + PART))
            sync_directory(folder)
            shutil.rmtree(part)
    return len(ended)


def objects_named(backup: Path) -> Sequence[str]:
    """The addresses of the sealed files that belong to a backup.

    Raises:
        HomeError: The list is gone or changed.
    """
    file = backup / OBJECTS_FILE
    try:
        data = file.read_bytes()
    except OSError as error:
        raise HomeError("backup.file_changed", where=str(file)) from error
    if sha256_hex(data) != read_description(backup).files.get(OBJECTS_FILE):
        raise HomeError("backup.file_changed", where=str(file))
    named = data.decode("ascii", errors="replace").split()
    if not all(map(_ADDRESS.fullmatch, named)):  # whoever wrote the list wrote its digest: it names no other place
        raise HomeError("backup.file_changed", where=str(file))
    return named


@contextmanager
def assembled(target: Path) -> Iterator[Path]:
    """Put a backup's folder together beside its place; on leaving, it has reached the disk and has its name.

    Where the block raises, nothing is left of it. What a dead process left is removed first.

    Raises:
        HomeError: Another process is putting it together, or something lies at its place or at that of its part.
    """
    part = target.with_name(target.name + PART)
    _remove_dead(part)
    make_folder(part)
    handle = lock_folder(part)
    if handle is None:
        raise HomeError("backup.being_made", where=str(part))
    try:
        write_file(part / OURS, b"")
        yield part
        _sync_folders(part)
        _give_name(part, target)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    finally:
        os.close(handle)


@contextmanager
def scratch(part: Path) -> Iterator[Path]:
    """A folder for its owner alone, for what is put together and let go; what a dead process left there goes first.

    Args:
        part: Its name ends as those do that ``remove_dead_parts`` looks for.

    Raises:
        HomeError: Another process is at it, or something else lies there.
    """
    _remove_dead(part)
    make_folder(part, parents=True)
    handle = lock_folder(part)
    if handle is None:
        raise HomeError("backup.being_made", where=str(part))
    try:
        write_file(part / OURS, b"")
        yield part
    finally:
        with suppress(OSError):
            _remove_ours(part)
        os.close(handle)


def _give_name(part: Path, target: Path) -> None:
    if os.path.lexists(target) and not (target.is_dir() and not any(target.iterdir())):
        raise HomeError("home.there_already", where=str(target))
    with storage_errors(target.parent):
        part.rename(target)  # which replaces an empty folder at most
        sync_directory(target.parent)
        (target / OURS).unlink()  # stopped before this, it is whole all the same


def remove_dead_parts(folder: Path) -> None:
    """Remove the unfinished backups in a folder whose processes died."""
    for part in folder.glob(f"*{PART}"):
        if part.is_dir() and not part.is_symlink():
            with suppress(HomeError):
                _remove_dead(part)


def proof_beside(home: Path) -> Path:
    """Where a backup is put together and let go if no home lies at this place: beside it."""
    return home.with_name(f"{home.name}.{PROOF}{PART}")


def remove_dead_proof(home: Path) -> None:
    """Remove what a killed process put together beside this place, where there was no home then."""
    with suppress(HomeError, OSError):  # another process is at it, or it is not ours
        _remove_dead(proof_beside(home))


def _remove_dead(part: Path) -> None:
    if not os.path.lexists(part):
        return
    handle = lock_folder(part)
    if handle is None:
        raise HomeError("backup.being_made", where=str(part))
    try:
        if any(part.iterdir()) and not (part / OURS).exists():
            raise HomeError("backup.part_of_others", where=str(part))
        _remove_ours(part)
    finally:
        os.close(handle)


def _remove_ours(part: Path) -> None:
    """Remove a folder, last of all what says that it is ours: stopped before that, it is known and removed later."""
    for entry in [each for each in part.iterdir() if each.name != OURS]:
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    shutil.rmtree(part)


def _sync_folders(folder: Path) -> None:
    for each, _folders, _files in os.walk(folder, topdown=False):
        sync_directory(Path(each))


# Files


def keep_files(files: Mapping[str, bytes], root: Path) -> Mapping[str, str]:
    """Write a backup's small files below ``root``, and return the digest of each."""
    for name, data in files.items():
        (root / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_file(root / name, data)
    return {name: sha256_hex(data) for name, data in files.items()}


def copy_database(connection: sa.Connection, to: Path, hear: Hear) -> str:
    """Copy a SQLite database, as this transaction sees it, and return the lower hex SHA-256 of the file.

    Others may commit meanwhile. The copy is read back from the disk, and SQLite looks at all its pages.

    Raises:
        HomeError: The copy does not hold.
    """
    source = connection.connection.driver_connection
    if not isinstance(source, sqlite3.Connection):
        raise TypeError("SQLite is spoken to by another driver than sqlite3")
    page_bytes = int(source.execute("PRAGMA page_size").fetchone()[0])
    left = [0]

    def tell(_status: int, remaining: int, total: int) -> None:
        hear((left[0] - remaining if left[0] else total - remaining) * page_bytes)
        left[0] = remaining

    to.touch(mode=0o600)
    with storage_errors(to.parent), closing(sqlite3.connect(to)) as copy:
        source.backup(copy, pages=_PAGES, progress=tell)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, which lies alone
    with to.open("rb") as written:
        os.fsync(written.fileno())
    digest = read_back(to)
    with closing(sqlite3.connect(f"{to.as_uri()}?mode=ro&immutable=1", uri=True)) as copy:
        try:
            said = str(copy.execute("PRAGMA quick_check(1)").fetchone()[0])
        except sqlite3.DatabaseError as error:
            said = str(error)
    if said != "ok":
        raise HomeError("backup.copy_damaged", where=str(to))
    return digest


def bury_in(backup: Path, rows: Path, graves: Sequence[Grave], at: datetime) -> int:
    """Destroy in an older backup's database what was erased since; return how many entries.

    Its digest ends first. Killed after that, the database has its journal beside it, with which ``restore`` takes it
    and the next backup finishes.

    Args:
        rows: The database of the backup; none lies there where the rows are elsewhere or sealed.
    """
    if not rows.is_file():
        return 0
    with storage_errors(rows.parent):
        engine = sa.create_engine(database.existing_url(rows), hide_parameters=True)
        sa.event.listen(engine, "connect", _zeroing)
        try:
            with engine.connect() as connection:
                named = risen(connection, graves)
            if named:
                replace_file(backup / DESCRIPTION_FILE, replace(read_description(backup), rows="").to_bytes())
                with engine.begin() as connection:
                    bury_again(connection, named, at)
                sync_directory(rows.parent)
        finally:
            engine.dispose()
    return len(named)


def _zeroing(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
    """Have SQLite write zeros over what it frees, and sync what it commits; its journal ends with the transaction."""
    cursor = connection.cursor()
    for pragma in ("secure_delete=ON", "synchronous=EXTRA", "journal_mode=DELETE"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def database_bytes(connection: sa.Connection) -> int:
    """How large a SQLite database is for a backup, in this connection's view."""
    pages, page_bytes = (
        connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size")
    )
    return int(pages) * int(page_bytes)


# Objects


def objects_of(connection: sa.Connection) -> tuple[frozenset[str], frozenset[str]]:
    """The addresses of the payloads outside the rows that the log names: of what is kept, and of what was erased."""
    event, sealed = database.event.c, database.sealed.c
    in_rows = set(connection.execute(sa.select(sealed.idx).where(sealed.name == "media")).scalars())
    buried = set(connection.execute(sa.select(database.tombstone.c.idx)).scalars())
    leaves = connection.execution_options(yield_per=512).execute(sa.select(event.idx, event.leaf))
    kept, erased = set[str](), set[str]()
    for idx, leaf in leaves:
        if idx in in_rows or _MEDIA not in (data := bytes(leaf)):
            continue  # most leaves name no object, and to read each of them takes long
        if address := parse_leaf(data).sealed.get("media"):
            (erased if idx in buried else kept).add(address)
    return frozenset(kept), frozenset(erased - kept)
