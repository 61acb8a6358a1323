"""Backups: folders that are whole or not there, each of them complete by itself.

    DEST/<log>_<time>/backup.json   what it is of; its digests of the small files
    DEST/<log>_<time>/home/         the home: its database as one file without a journal, its objects
    DEST/<log>_<time>/keys/         only where asked for: the keys' folder, no secret of it in clear

What is put together lies in a folder whose name ends in ``.part``, locked while its process lives, and gets its
name when all of it has reached the disk. An object never changes, so a later backup on the same disk shares the
file of an earlier one (a hard link), and copies it where the file system has no links.
"""

import errno
import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from evidence.canonical import sha256_hex
from evidence.errors import CanonicalError, HomeError, ObjectConflictError, ObjectMissingError
from evidence.log.leaf import parse_leaf
from evidence.objects.durable import make_folder, storage_errors, sync_directory, write_file, write_new
from evidence.objects.pending import lock_folder, place_of
from evidence.objects.port import Objects
from evidence.store import database
from evidence.times import format_time, parse_time

FORMAT = "nisisama/backup/1"
DESCRIPTION_FILE = "backup.json"
HOME, KEYS = "home", "keys"
NOTE_FILE = "backup"
"""In a home: how many entries its newest backup has, when it was made, and whether on the same disk."""
_SAME_DISK = "same-disk"
PART = ".part"
OURS = ".nisisama-part"
"""File by which an unfinished folder is known for ours, from its beginning until it has its name."""
_NO_LINK = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV, errno.EMLINK})
"""What link(2) answers where files cannot share: FAT and exFAT, another disk, too many links."""
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
    """

    log: str
    made_at: str
    entries: int
    objects: int
    missing: int
    files: Mapping[str, str]
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
class NewestBackup:
    """What is noted about the newest backup, in the home itself.

    Attributes:
        same_disk: Whether it lies on the disk of the home.
    """

    entries: int
    made_at: datetime
    same_disk: bool

    def to_bytes(self) -> bytes:
        """The file ``NOTE_FILE``."""
        return f"{self.entries} {format_time(self.made_at)}{f' {_SAME_DISK}' * self.same_disk}\n".encode()


def newest_backup(home: Path) -> NewestBackup | None:
    """What is noted about the newest backup; None if none is noted."""
    try:
        entries, made_at, *more = (home / NOTE_FILE).read_text("ascii").split()
        return NewestBackup(int(entries), parse_time(made_at), same_disk=_SAME_DISK in more)
    except (FileNotFoundError, ValueError, CanonicalError):
        return None


def backups_of(log: str, folder: Path) -> Sequence[Path]:
    """The finished backups of a log in a folder, the newest first."""
    found = []
    for each in folder.iterdir() if folder.is_dir() else ():
        with suppress(HomeError):
            if (description := read_description(each)).log == log:
                found.append((description.made_at, each))
    return [each for _made_at, each in sorted(found, reverse=True)]


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


def _remove_dead(part: Path) -> None:
    if not os.path.lexists(part):
        return
    handle = lock_folder(part)
    if handle is None:
        raise HomeError("backup.being_made", where=str(part))
    try:
        if any(part.iterdir()) and not (part / OURS).exists():
            raise HomeError("backup.part_of_others", where=str(part))
        for entry in [each for each in part.iterdir() if each.name != OURS]:
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        shutil.rmtree(part)
    finally:
        os.close(handle)


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


def copy_database(connection: sa.Connection, to: Path, hear: Hear) -> None:
    """Copy a SQLite database into a backup, as this transaction sees it, whatever others commit meanwhile."""
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


def database_bytes(connection: sa.Connection) -> int:
    """How large a SQLite database is for a backup, in this connection's view."""
    pages, page_bytes = (
        connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size")
    )
    return int(pages) * int(page_bytes)


# Objects


def objects_of(connection: sa.Connection) -> frozenset[str]:
    """The addresses of the payloads that a backup copies: those outside the rows, as the log names them."""
    event, sealed = database.event.c, database.sealed.c
    in_rows = set(connection.execute(sa.select(sealed.idx).where(sealed.name == "media")).scalars())
    in_rows |= set(connection.execute(sa.select(database.tombstone.c.idx)).scalars())  # erased, and so nowhere
    leaves = connection.execution_options(yield_per=512).execute(sa.select(event.idx, event.leaf))
    found = (parse_leaf(bytes(leaf)).sealed.get("media") for idx, leaf in leaves if idx not in in_rows)
    return frozenset(address for address in found if address)


def copy_objects(addresses: Sequence[str], source: Objects, to: Path, older: Path | None, hear: Hear) -> int:
    """Copy objects into a backup, or share the file of an older one; return how many are gone or changed.

    Args:
        older: The objects' folder of an older backup.
        hear: Hears of those that are copied only.
    """
    missing = 0
    for address in addresses:
        try:
            if older is None or not _shared(address, place_of(older, address), place_of(to, address)):
                _copy(address, source, place_of(to, address), hear)
        except (ObjectMissingError, ObjectConflictError):
            missing += 1
    return missing


def to_copy(addresses: Sequence[str], older: Path | None) -> Sequence[str]:
    """The objects that no older backup has."""
    return [each for each in addresses if older is None or not place_of(older, each).is_file()]


def _shared(address: str, old: Path, new: Path) -> bool:
    """Whether the new name was given to an older backup's file; one that has changed since is never shared."""
    if not _is_whole(address, old):
        return False
    new.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.link(old, new, follow_symlinks=False)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        return False
    return True


def _is_whole(address: str, file: Path) -> bool:
    try:
        with file.open("rb") as source:
            return hashlib.file_digest(source, "sha256").hexdigest() == address
    except OSError:  # it is not there, or its disk no longer gives it back
        return False


def _copy(address: str, source: Objects, to: Path, hear: Hear) -> None:
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    source.require(address)  # an object that is gone leaves no file
    if write_new(to, _heard(source.read(address), hear), mode=0o400) != address:
        to.unlink()
        raise ObjectConflictError("object_conflict.other_bytes", place=address)


def _heard(chunks: Iterable[bytes], hear: Hear) -> Iterator[bytes]:
    for chunk in chunks:
        hear(len(chunk))
        yield chunk
