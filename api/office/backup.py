"""Backs a home up while others write to it, and puts a backup in its place once an audit has proven it.

The turn is held for a moment only: until a view of the database is open and the small files are read. From that view
the database and the objects that it names are copied, however long that takes.

LIMIT: rows on PostgreSQL are not copied; its own tools do that, while nobody writes to the home.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from api.home import LOCK_FILE, NEXT, OBJECTS_FOLDER, REVOCATION_FOLDER, SEAL_FILE, SETTINGS_FILE, Home
from api.office.audit import run_audit
from api.office.database import require_address
from api.office.room import require_room
from api.unfinished import DATABASE_FILE, VKEY_FILE, refuse_unfinished
from config import oplog
from config.settings import database_url_in, with_value
from evidence import rekey
from evidence.backup import (
    DESCRIPTION_FILE,
    HOME,
    KEYS,
    NOTE_FILE,
    Description,
    Hear,
    NewestBackup,
    assembled,
    backups_of,
    copy_database,
    copy_objects,
    database_bytes,
    keep_files,
    objects_of,
    read_description,
    remove_dead_parts,
    to_copy,
)
from evidence.canonical import sha256_hex
from evidence.custody.append import tree_size
from evidence.custody.beat import BEAT_FILE
from evidence.custody.turn import Turn
from evidence.erasure import keep_graves, read_graves
from evidence.errors import HomeError
from evidence.finding import Finding, Report, Verdict
from evidence.keys import NEXT as NEXT_KEYS
from evidence.keys import KeyFolder, keys_beside
from evidence.objects.durable import make_folder, replace_file, write_file, write_new
from evidence.objects.local import CHUNK_BYTES, LocalObjects
from evidence.seal.envelopes import open_whole, seal_whole
from evidence.store import database
from evidence.times import Clock, format_time, parse_time

_FILES = (SETTINGS_FILE, VKEY_FILE, SEAL_FILE, f"{SEAL_FILE}{NEXT}", BEAT_FILE)
_FOLDERS = ("recipients", "recovery", "trust", REVOCATION_FOLDER)
_SEALED = ".sealed"
"""Ends the name of a key that lies in clear in the keys' folder, and sealed to the casework key in a backup."""
_AUDIT_LEVEL = 3
_SMALL_BYTES = 4 << 20
"""What all files of a backup but its database and objects take, at most."""
Progress = Callable[[int], AbstractContextManager[Hear]]
"""Shows how many of so many bytes are done."""


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A backup that was made.

    Attributes:
        copied: How many objects were copied; the others share the file of an older backup.
        rows: Whether the database is in it; of PostgreSQL it is not.
        same_disk: Whether it lies on the disk of the home: who loses that disk loses both.
    """

    path: Path
    description: Description
    copied: int
    rows: bool
    same_disk: bool


@dataclass(frozen=True, slots=True)
class _View:
    """A home at one moment: a view of its database, and its small files."""

    connection: sa.Connection
    made_at: str
    entries: int
    files: Mapping[str, bytes]


def back_up(home: Home, dest: Path, *, with_keys: bool, progress: Progress) -> BackedUp:
    """The verb behind ``backup``: make a backup in ``dest``; it is whole, or not there.

    Of a place that is not there the last folder is made, and no other: a stick that is not plugged in, or is
    misspelt, would become a folder of this machine's own disk.

    Raises:
        HomeError: ``dest`` lies in the home or in its keys' folder, or where no folder is; or the keys are asked for
            and are not there, or would be sealed to somebody whom the log does not pin.
        StorageFullError: The disk has no room for it; nothing was begun.
        HomeBusyError: Others kept writing.
    """
    folder = dest.resolve()
    for inside in (home.path, home.keys.path):
        if inside in (folder, *folder.parents):
            raise HomeError("backup.inside", where=str(dest))
    if with_keys:
        home.require_keys()
        for error in home.unpinned():
            raise error
    if not folder.parent.is_dir():
        raise HomeError("backup.no_place", where=str(dest))
    make_folder(folder, exist_ok=True)
    remove_dead_parts(folder)
    with ExitStack() as stack:
        view = _look(home, stack, with_keys=with_keys)
        name = f"{home.settings.log.origin.replace('/', '-')}_{view.made_at.replace(':', '')}"
        done = _put_together(home, view, folder / name, progress)
    if not home.read_only:
        replace_file(home.path / NOTE_FILE, _note(done.description, same_disk=done.same_disk))
    oplog.note("backup_made", entries=done.description.entries, objects=done.description.objects)
    return done


def _look(home: Home, stack: ExitStack, *, with_keys: bool) -> _View:
    turn = Turn(home.engine, home.path / LOCK_FILE)
    with nullcontext() if home.read_only else turn.take():  # nobody commits, and so signs, just now
        connection = stack.enter_context(database.reading(home.engine))
        entries = tree_size(connection)  # the first look: what this connection sees stays from here on
        files = {f"{HOME}/{name}": data for name, data in _small_files(home.path)}
        if with_keys:
            files |= {f"{KEYS}/{name}": data for name, data in _key_files(home)}
        return _View(connection, format_time(home.clock()), entries, files)


def _small_files(home: Path) -> Iterator[tuple[str, bytes]]:
    places = [home / name for name in _FILES]
    folders = [home / name for name in _FOLDERS if name != REVOCATION_FOLDER or (home / name).is_dir()]
    places += [file for folder in folders for file in sorted(folder.iterdir())]
    for file in places:
        if file.is_file():
            yield file.relative_to(home).as_posix(), file.read_bytes()


def _key_files(home: Home) -> Iterator[tuple[str, bytes]]:
    """Every key; what lies in clear is sealed, so that a backup needs the passphrase as the home does."""
    for file in home.keys.files():
        name, data = file.relative_to(home.keys.path).as_posix(), file.read_bytes()
        if name.startswith(rekey.PART):
            continue  # laid and not counting
        name = name.removeprefix(f"{NEXT_KEYS}/")  # what counts, last in the order of names
        if file.suffix == ".age" or file == home.keys.signed:
            yield name, data
        else:
            yield name + _SEALED, seal_whole(data, recipients=(home.recipients.casework,))


def _put_together(home: Home, view: _View, target: Path, progress: Progress) -> BackedUp:
    log, rows = home.settings.log.origin, home.engine.dialect.name == "sqlite"
    addresses = sorted(objects_of(view.connection))
    older = next((each / HOME / OBJECTS_FOLDER for each in backups_of(log, target.parent)), None)
    copied = to_copy(addresses, older)
    needed = sum(map(home.objects.size, copied)) + (database_bytes(view.connection) if rows else 0)
    require_room(target.parent, needed + _SMALL_BYTES)
    with assembled(target) as part, progress(needed) as hear:
        digests = keep_files(view.files, part)
        if rows:
            copy_database(view.connection, part / HOME / DATABASE_FILE, hear)
        objects = part / HOME / OBJECTS_FOLDER
        make_folder(objects)
        missing = copy_objects(addresses, home.objects, objects, older, hear)
        description = Description(log, view.made_at, view.entries, len(addresses) - missing, missing, digests)
        write_file(part / DESCRIPTION_FILE, description.to_bytes())
    same_disk = _on_one_disk(home.path, target)
    return BackedUp(target, description, len(copied) - missing, rows, same_disk)


def _on_one_disk(one: Path, other: Path) -> bool:
    """Whether two folders lie on one file system."""
    # LIMIT: two partitions of one disk, and two volumes of one pool, count as two
    return one.stat().st_dev == other.stat().st_dev


def _note(description: Description, *, same_disk: bool) -> bytes:
    return NewestBackup(description.entries, parse_time(description.made_at), same_disk).to_bytes()


# Back in its place


@dataclass(frozen=True, slots=True)
class Wishes:
    """How to put a backup back.

    Attributes:
        damaged: Put it in its place also where the audit fails.
        erased: A list of what was erased (``HOME.keys/erased``) that was kept elsewhere, where the keys are too old to
            know of it.
        address: Of the database to which the rows were brought, for a backup of a home on PostgreSQL. The one in the
            backup is where the living home has its rows.
    """

    damaged: bool = False
    address: str | None = None
    erased: Path | None = None


AS_USUAL = Wishes()


@dataclass(frozen=True, slots=True)
class Restored:
    """A backup that is a home again.

    Attributes:
        keys: Whether the keys came from the backup; else those that lie beside the home are used, if any do.
        report: Of the audit; INDETERMINATE where the keys are away.
    """

    path: Path
    description: Description
    keys: bool
    report: Report


def restore(
    backup: Path,
    path: Path,
    clock: Clock,
    *,
    passphrase: Callable[[], str],
    progress: Progress,
    wishes: Wishes = AS_USUAL,
) -> Restored:
    """The verb behind ``restore``: make a home from a backup; an audit proves it before it gets its name.

    Nothing lies at its place before.

    Args:
        passphrase: Asked for where the backup holds keys and none lie beside the place.

    Raises:
        StoreError: The address is none of PostgreSQL, or has a password.
        HomeError: This is no backup, something lies at the place, the keys there are another home's, or the audit
            fails. Or the home is in its place, and is older than its keys know.
        StorageFullError: The disk has no room for it; nothing was begun.
    """
    description, path = read_description(backup), path.resolve()
    refuse_unfinished(path)
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise HomeError("home.there_already", where=str(path))
    _require_rows(backup, wishes.address)
    keys, from_backup = keys_beside(path), not keys_beside(path).path.exists() and (backup / KEYS).is_dir()
    make_folder(path.parent, parents=True, exist_ok=True)
    with ExitStack() as stack:  # the keys get their name first
        part = stack.enter_context(assembled(path))
        _copy_home(backup, part, description, progress)
        if wishes.address is not None:
            file = part / SETTINGS_FILE
            replace_file(file, with_value(file.read_text("utf-8"), "database", "url", wishes.address).encode())
        if from_backup:
            keys = KeyFolder(stack.enter_context(assembled(keys.path)))
            _copy_keys(backup, keys, description, passphrase)
        graves = _erase_again(part, keys, clock, wishes.erased)
        report = _audit(part, keys, clock, graves)
        if behind := "log.signed" in (each.id for each in _failed(report)):
            report = _audit(part, KeyFolder(part / "absent"), clock, graves)  # what its keys know is not in the backup
        if (wrong := _failed(report)) and not wishes.damaged:
            raise HomeError("backup.does_not_hold", where=str(backup), count=len(wrong), id=wrong[0].id)
        write_file(part / NOTE_FILE, _note(description, same_disk=_on_one_disk(backup, part)))
    if behind:
        raise HomeError("home.restored_behind", where=str(path), count=description.entries, at=description.made_at)
    return Restored(path, description, from_backup, report)


def _require_rows(backup: Path, address: str | None) -> None:
    """Check that it is known where the rows are.

    Raises:
        HomeError: They are on a server and no address is named, or in the backup and one is named.
        SettingsError: The backup's settings are missing or damaged.
        StoreError: The address does not fit.
    """
    if address is not None:
        require_address(address)
        if (backup / HOME / DATABASE_FILE).exists():
            raise HomeError("backup.has_rows", where=str(backup))
    elif database_url_in(backup / HOME / SETTINGS_FILE):
        raise HomeError("backup.needs_database", where=str(backup))


def _copy_home(backup: Path, part: Path, description: Description, progress: Progress) -> None:
    source, rows = LocalObjects(backup / HOME / OBJECTS_FOLDER), backup / HOME / DATABASE_FILE
    addresses = list(source.addresses())
    needed = sum(map(source.size, addresses)) + (rows.stat().st_size if rows.exists() else 0)
    require_room(part.parent, needed + _SMALL_BYTES)
    keep_files(dict(_read_back(backup, HOME, description)), part)
    LocalObjects(part / OBJECTS_FOLDER).create()
    with progress(needed) as hear:
        if rows.exists():  # alone: a journal beside it would be another state's
            with rows.open("rb") as body:
                write_new(part / DATABASE_FILE, _chunks(lambda: body.read(CHUNK_BYTES), hear))
        copy_objects(addresses, source, part / OBJECTS_FOLDER, None, hear)


def _chunks(read: Callable[[], bytes], hear: Hear) -> Iterator[bytes]:
    while chunk := read():
        hear(len(chunk))
        yield chunk


def _read_back(backup: Path, folder: str, description: Description) -> Iterator[tuple[str, bytes]]:
    """The small files of a folder of the backup, as they were written.

    Raises:
        HomeError: One is gone or changed.
    """
    for name, digest in description.files.items():
        place, _, inner = name.partition("/")
        if place != folder:
            continue
        try:
            data = (backup / name).read_bytes()
        except FileNotFoundError as error:
            raise HomeError("backup.file_changed", where=str(backup / name)) from error
        if sha256_hex(data) != digest or ".." in Path(inner).parts or Path(inner).is_absolute():
            raise HomeError("backup.file_changed", where=str(backup / name))
        yield inner, data


def _copy_keys(backup: Path, keys: KeyFolder, description: Description, passphrase: Callable[[], str]) -> None:
    files = dict(_read_back(backup, KEYS, description))
    keep_files({name: data for name, data in files.items() if not name.endswith(_SEALED)}, keys.path)
    casework = keys.unlock(passphrase()).casework
    opened = {
        name.removesuffix(_SEALED): open_whole(data, identities=(casework,))
        for name, data in files.items()
        if name.endswith(_SEALED)
    }
    keep_files(opened, keys.path)


def _failed(report: Report) -> Sequence[Finding]:
    return [each for each in report.problems if each.verdict is Verdict.FAILED]


def _erase_again(part: Path, keys: KeyFolder, clock: Clock, more: Path | None) -> Path:
    """Destroy what was erased after the backup was made, before anything is read; return the file that names it.

    Raises:
        HomeError: A file that names it is damaged.
    """
    home = Home.open(part, clock)
    home.keys = keys
    try:
        for file in (keys.graves, more):
            home.erase_again(file)
        if keys.path.is_dir() and more is not None:
            keep_graves(keys.graves, read_graves(more))
    finally:
        home.engine.dispose()
    return keys.graves if keys.path.is_dir() or more is None else more


def _audit(part: Path, keys: KeyFolder, clock: Clock, graves: Path) -> Report:
    home = Home.open(part, clock)
    home.keys, home.graves_elsewhere = keys, graves
    try:
        home.require_own_log_key()
        return run_audit(home, level=_AUDIT_LEVEL, against=None, passphrase=None, progress=lambda _more: None).report
    finally:
        home.engine.dispose()  # and with it the journal
