"""Backs a home up while others write to it, and puts a backup in its place once an audit has proven it.

The turn is held for a moment only: until a view of the database is open and the small files are read. From that view
the database and the objects that it names are copied, however long that takes. What was erased in the home then goes
from the disk, and so do backups that are too old.

LIMIT: rows on PostgreSQL are not copied; its own tools do that, while nobody writes to the home.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from api.home import LOCK_FILE, NEXT, OBJECTS_FOLDER, REVOCATION_FOLDER, SEAL_FILE, SETTINGS_FILE, Home, file_sha256
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
    OBJECTS_FILE,
    OURS,
    PART,
    PROOF,
    Description,
    Hear,
    NotedDisk,
    assembled,
    backups_of,
    bury_in,
    copy_database,
    database_bytes,
    end_old,
    keep_files,
    kept_backups,
    note_of,
    objects_named,
    objects_of,
    proof_beside,
    read_description,
    remove_dead_parts,
    remove_dead_proof,
    scratch,
    slug_of,
)
from evidence.backup_objects import bring_back, lengths, locked_shelves, shelve, to_copy, unshelve
from evidence.canonical import sha256_hex
from evidence.custody.append import tree_size
from evidence.custody.beat import BEAT_FILE
from evidence.custody.turn import Turn
from evidence.erasure import keep_graves, read_graves
from evidence.errors import HomeError, NoMatchingKeyError
from evidence.finding import Finding, Report, Verdict
from evidence.keys import NEXT as NEXT_KEYS
from evidence.keys import KeyFolder, keys_beside
from evidence.objects.durable import make_folder, read_back, replace_file, write_file, write_new
from evidence.objects.local import CHUNK_BYTES, LocalObjects
from evidence.objects.pending import lock_folder
from evidence.recovery import office_identity
from evidence.seal.age import Identity, new_file_key, open_header, seal_header, split_file
from evidence.seal.envelopes import open_whole, seal_whole
from evidence.seal.stream import open_payload, seal_payload
from evidence.store import database
from evidence.times import Clock, format_time, parse_time

_FILES = (SETTINGS_FILE, VKEY_FILE, SEAL_FILE, f"{SEAL_FILE}{NEXT}", BEAT_FILE)
_FOLDERS = ("recipients", "recovery", "trust", REVOCATION_FOLDER)
_SEALED = ".sealed"
"""Ends the name of a key that lies in clear in the keys' folder, and sealed to the casework key in a backup."""
_AUDIT_LEVEL = 3
_SHELVES = ".objects"
_LINE_BYTES = 65
_AGE = ".age"
"""Ends the name of what another organisation keeps."""
_COPY = "rows"
_SMALL_BYTES = 4 << 20
"""What all files of a backup but its database and objects take, at most."""
Progress = Callable[[int], AbstractContextManager[Hear]]
"""Shows how many of so many bytes are done."""


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A backup that was made.

    Attributes:
        copied: How many objects were copied; the others lay on the disk already.
        mended: How many of those lay there and were not whole.
        erased: How many entries were erased in older backups on the disk, since they were erased in the home.
        ended: How many older backups were removed for their age.
        rows: Whether the database is in it; of PostgreSQL it is not.
        same_disk: Whether it lies on the disk of the home: who loses that disk loses both.
    """

    path: Path
    description: Description
    copied: int
    mended: int
    erased: int
    ended: int
    rows: bool
    same_disk: bool


@dataclass(frozen=True, slots=True)
class _View:
    """A home at one moment: a view of its database, and its small files."""

    connection: sa.Connection
    made_at: str
    entries: int
    files: Mapping[str, bytes]


def back_up(home: Home, dest: Path, *, with_keys: bool, progress: Progress, keeper: str = "") -> BackedUp:
    """The verb behind ``backup``: make a backup in ``dest``; it is whole, or not there.

    Of a place that is not there the last folder is made, and no other: a stick that is not plugged in, or is
    misspelt, would become a folder of this machine's own disk.

    Args:
        keeper: Another organisation that keeps it. All that is no ciphertext already is then sealed to the office.

    Raises:
        HomeError: ``dest`` lies in the home or in its keys' folder, or where no folder is, or its disk is away; or the
            keys are asked for and are not there, or would be sealed to somebody whom the log does not pin.
        StorageFullError: The disk has no room for it; nothing was begun.
        HomeBusyError: Others kept writing.
    """
    folder = _allowed_place(home, dest, with_keys=with_keys, keeper=keeper)
    _require_its_disk(home, folder)
    make_folder(folder, exist_ok=True)
    log = home.settings.log.origin
    with ExitStack() as stack:
        stack.enter_context(locked_shelves(shelves := folder / f"{slug_of(log)}{_SHELVES}"))
        remove_dead_parts(folder)
        if not home.read_only:
            remove_dead_parts(home.path)
        ended = _end_old(home, folder, spare_newest=True)
        view = _look(home, stack, with_keys=with_keys)
        kept, erased = objects_of(view.connection)
        unshelve(erased, shelves)  # first, since that also holds where no backup follows
        gone = 0 if keeper else _erase_in(home, folder)
        target = folder / f"{slug_of(log)}_{view.made_at.replace(':', '')}"
        done = _put_together(home, view, target, sorted(kept), progress, keeper)
        ended += _end_old(home, folder, spare_newest=False)
        _remove_unnamed(log, folder, shelves)
    done = replace(done, erased=gone, ended=ended)
    if not home.read_only:
        _note_kept(home, folder, done)
    oplog.note("backup_made", entries=done.description.entries, objects=done.description.objects)
    return done


def _allowed_place(home: Home, dest: Path, *, with_keys: bool, keeper: str) -> Path:
    folder = dest.resolve()
    for inside in (home.path, home.keys.path):
        if inside in (folder, *folder.parents):
            raise HomeError("backup.inside", where=str(dest))
    if not folder.parent.is_dir():
        raise HomeError("backup.no_place", where=str(dest))
    if keeper:
        _require_fit_for_others(home, dest, with_keys=with_keys)
    elif with_keys:
        home.require_keys()
    if keeper or with_keys:
        home.finish_keys_alone()
        for error in home.unpinned():
            raise error
    return folder


def _require_fit_for_others(home: Home, dest: Path, *, with_keys: bool) -> None:
    if with_keys:
        raise HomeError("backup.keys_for_others", where=str(dest))
    if home.read_only:
        raise HomeError("home.read_only", where=str(home.path))


def _require_its_disk(home: Home, folder: Path) -> None:
    """Check that a folder that had backups on another disk does not lie on the disk of the home now.

    Raises:
        HomeError: It does: that disk is not mounted, and its empty place would be filled.
    """
    was_elsewhere = any(each.place == str(folder) and not each.same_disk for each in kept_backups(home.path))
    if was_elsewhere and _on_one_disk(home.path, folder if folder.is_dir() else folder.parent):
        raise HomeError("backup.disk_away", where=str(folder))


def _end_old(home: Home, folder: Path, *, spare_newest: bool) -> int:
    days = home.settings.backup.keep_days
    stamped_at = home.known_times().stamped_at
    # a clock that runs ahead may end nothing early: the newest time stamp says how late it is at least
    now = home.clock() if stamped_at is None else min(home.clock(), stamped_at)
    return end_old(home.settings.log.origin, folder, now, keep_days=days, spare_newest=spare_newest)


def _erase_in(home: Home, folder: Path) -> int:
    """Erase in the backups on a disk what was erased in the home, and lay its list beside them."""
    log, known = home.settings.log.origin, read_graves(home.graves)
    if not known:
        return 0
    keep_graves(graves_beside(folder, log), known)
    return sum(bury_in(each, each / HOME / DATABASE_FILE, known, home.clock()) for each in backups_of(log, folder))


def graves_beside(folder: Path, log: str) -> Path:
    """Where a disk of backups has the list of what was erased."""
    return folder / f"{slug_of(log)}.erased"


def _remove_unnamed(log: str, folder: Path, shelves: Path) -> None:
    """Remove the objects that no backup on the disk names any more; none where a list is damaged."""
    named = set[str]()
    with suppress(HomeError):
        for each in backups_of(log, folder):
            named.update(objects_named(each))
        unshelve(lengths(shelves).keys() - named, shelves)


def _note_kept(home: Home, folder: Path, done: BackedUp) -> None:
    every = backups_of(home.settings.log.origin, folder)
    oldest = min(parse_time(read_description(each).made_at) for each in every)
    made_at = parse_time(done.description.made_at)
    more = NotedDisk(str(folder), done.description.entries, made_at, oldest, done.same_disk)
    replace_file(home.path / NOTE_FILE, note_of(kept_backups(home.path), without=str(folder), more=more))


def forget_place(home: Home, dest: Path) -> None:
    """The verb behind ``backup --forget``: ask for no more backups in a folder that is lost or was destroyed.

    Raises:
        HomeError: No backup is noted there, or this home cannot be written.
    """
    known, place = kept_backups(home.path), str(dest.resolve())
    if place not in (each.place for each in known):
        raise HomeError("backup.not_noted", where=place)
    if home.read_only:
        raise HomeError("home.read_only", where=str(home.path))
    replace_file(home.path / NOTE_FILE, note_of(known, without=place))


def _look(home: Home, stack: ExitStack, *, with_keys: bool) -> _View:
    turn = Turn(home.engine, home.path / LOCK_FILE)
    with nullcontext() if home.read_only else turn.take() as writing:  # nobody commits, and so signs, just now
        if writing is not None:
            home.finish_keys_in(writing)  # else the rows of one key lay beside another
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


def _put_together(
    home: Home, view: _View, target: Path, addresses: Sequence[str], progress: Progress, keeper: str
) -> BackedUp:
    log, rows = home.settings.log.origin, home.engine.dialect.name == "sqlite"
    shelves = target.parent / f"{slug_of(log)}{_SHELVES}"
    copied = to_copy(addresses, home.objects, shelves, day=home.clock().toordinal())
    needed = sum(map(home.objects.size, copied)) + (database_bytes(view.connection) if rows else 0)
    require_room(target.parent, needed + _SMALL_BYTES + _LINE_BYTES * len(addresses))
    with progress(needed) as hear:
        shelved = shelve(copied, home.objects, shelves, hear)
        with assembled(target) as part:
            named = {OBJECTS_FILE: "".join(f"{each}\n" for each in addresses).encode("ascii")}
            small = _sealed_files(home, view.files) if keeper else view.files
            digests = keep_files({**small, **named}, part)
            database_sha256 = _rows_into(home, view, part, hear, sealed=bool(keeper)) if rows else ""
            there, missing = len(addresses) - shelved.missing, shelved.missing
            description = Description(log, view.made_at, view.entries, there, missing, digests, database_sha256, keeper)
            write_file(part / DESCRIPTION_FILE, description.to_bytes())
    same_disk = _on_one_disk(home.path, target)
    return BackedUp(target, description, shelved.copied, shelved.mended, 0, 0, rows, same_disk)


def _sealed_files(home: Home, files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The small files for another organisation: whoever keeps them learns neither channels nor settings."""
    to = (home.recipients.casework, home.recipients.office)
    return {f"{name}{_AGE}": seal_whole(data, recipients=to) for name, data in files.items()}


def _rows_into(home: Home, view: _View, part: Path, hear: Hear, *, sealed: bool) -> str:
    """Copy the rows into a backup, and return the digest of their file.

    The rows that another organisation keeps pass through the disk of the home, and are never in clear on its own.
    """
    if not sealed:
        return copy_database(view.connection, part / HOME / DATABASE_FILE, hear)
    copy = home.path / f"{_COPY}{PART}"
    make_folder(copy)
    handle = lock_folder(copy)
    try:
        write_file(copy / OURS, b"")
        copy_database(view.connection, copy / DATABASE_FILE, hear)
        file_key = new_file_key()
        header = seal_header(file_key, recipients=(home.recipients.casework, home.recipients.office))
        with (copy / DATABASE_FILE).open("rb") as body:
            plain = iter(lambda: body.read(CHUNK_BYTES), b"")
            file = part / HOME / f"{DATABASE_FILE}{_AGE}"
            digest = write_new(file, chain((header,), seal_payload(file_key, plain)))
        if read_back(file) != digest:
            raise HomeError("backup.copy_damaged", where=str(file))
        return digest
    finally:
        shutil.rmtree(copy)
        if handle is not None:
            os.close(handle)


def _on_one_disk(one: Path, other: Path) -> bool:
    """Whether two folders lie on one file system."""
    # LIMIT: two partitions of one disk, and two volumes of one pool, count as two
    return one.stat().st_dev == other.stat().st_dev


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
        cards: The texts of cards that open what another organisation kept, where the keys are lost.
        without_keys: Use no keys, neither those beside the place nor those in the backup, as on a bare machine.
    """

    damaged: bool = False
    address: str | None = None
    erased: Path | None = None
    cards: tuple[str, ...] = ()
    without_keys: bool = False


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
    remove_dead_proof(path)
    refuse_unfinished(path)
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise HomeError("home.there_already", where=str(path))
    require_rows(backup, description, wishes.address)
    keys, from_backup = keys_beside(path), not keys_beside(path).path.exists() and (backup / KEYS).is_dir()
    make_folder(path.parent, parents=True, exist_ok=True)
    with ExitStack() as stack:  # the keys get their name first
        part = stack.enter_context(assembled(path))
        opened_by = _opener(description, keys, passphrase, wishes.cards)
        _copy_home(backup, part, description, progress, opened_by, damaged=wishes.damaged)
        _use_database(part, wishes.address)
        if from_backup:
            keys = KeyFolder(stack.enter_context(assembled(keys.path)))
            _copy_keys(backup, keys, description, passphrase)
        graves = stack.enter_context(_graves(part, keys, clock, _lists(backup, description, wishes)))
        report = _audit(part, keys, clock, graves)
        if behind := "log.signed" in (each.id for each in failed_in(report)):
            report = _audit(part, KeyFolder(part / "absent"), clock, graves)  # what its keys know is not in the backup
        if (wrong := failed_in(report)) and not wishes.damaged:
            raise HomeError("backup.does_not_hold", where=str(backup), count=len(wrong), id=wrong[0].id)
        made_at, same_disk = parse_time(description.made_at), _on_one_disk(backup, part)
        kept = NotedDisk(str(backup.parent.resolve()), description.entries, made_at, made_at, same_disk)
        write_file(part / NOTE_FILE, note_of((), without="", more=kept))
    if behind:
        raise HomeError("home.restored_behind", where=str(path), count=description.entries, at=description.made_at)
    return Restored(path, description, from_backup, report)


def prove(
    backup: Path,
    path: Path,
    clock: Clock,
    *,
    passphrase: Callable[[], str],
    progress: Progress,
    wishes: Wishes = AS_USUAL,
) -> Restored:
    """The verb behind ``restore --verify``: put a backup together elsewhere, audit it, and remove it again.

    It needs the room of a home, and changes nothing else.

    Args:
        path: Where the home lies or would lie: the keys beside it are used, if there are any.

    Raises:
        HomeError: This is no backup, or the keys are another home's.
        StorageFullError: The disk has no room for it.
    """
    with put_together(backup, path, clock, passphrase=passphrase, progress=progress, wishes=wishes) as (done, _part):
        return done


@contextmanager
def put_together(
    backup: Path,
    path: Path,
    clock: Clock,
    *,
    passphrase: Callable[[], str],
    progress: Progress,
    wishes: Wishes = AS_USUAL,
) -> Iterator[tuple[Restored, Path]]:
    """Put a backup together and audit it; on leaving it is removed. Yields what was found, and the home's folder.

    It lies in the home, or beside its place, for its owner alone; what a killed process left there goes when a home
    is opened there the next time, also if there is none, or with the next backup that is put together.

    Args:
        path: As ``prove``.

    Raises:
        HomeError, StorageFullError: As ``prove``.
    """
    description, path = read_description(backup), path.resolve()
    require_rows(backup, description, wishes.address)
    beside = keys_beside(path)
    keys = KeyFolder(path / "absent") if wishes.without_keys else beside
    from_backup = not wishes.without_keys and not keys.path.exists() and (backup / KEYS).is_dir()
    with oplog.staying(), scratch(_place_to_prove(path)) as folder:
        part = folder / "home"
        make_folder(part)
        opened_by = _opener(description, keys, passphrase, wishes.cards)
        _copy_home(backup, part, description, progress, opened_by, damaged=True)
        _use_database(part, wishes.address)
        if from_backup:
            keys = keys_beside(part)
            make_folder(keys.path)
            _copy_keys(backup, keys, description, passphrase)
        lists = [beside.graves, *_lists(backup, description, wishes)]
        with _graves(part, KeyFolder(part / "absent"), clock, lists) as graves:
            report = _audit(part, keys, clock, graves)
            if "log.signed" in (each.id for each in failed_in(report)):
                report = _audit(part, KeyFolder(part / "absent"), clock, graves)
        yield Restored(backup, description, from_backup, report), part


def _place_to_prove(path: Path) -> Path:
    """A folder that only the owner of a home can look into; beside the home's place where there is no home."""
    if path.is_dir() and os.access(path, os.W_OK):
        return path / f"{PROOF}{PART}"
    return proof_beside(path)


def _use_database(part: Path, address: str | None) -> None:
    if address is not None:
        file = part / SETTINGS_FILE
        replace_file(file, with_value(file.read_text("utf-8"), "database", "url", address).encode())


def _lists(backup: Path, description: Description, wishes: Wishes) -> Sequence[Path]:
    """The lists of what was erased that do not lie beside the keys."""
    beside = graves_beside(backup.resolve().parent, description.log)
    return [beside] if wishes.erased is None else [wishes.erased, beside]


def require_rows(backup: Path, description: Description, address: str | None) -> None:
    """Check, before ``restore`` or a drill puts a backup together, that it is known where its rows are.

    Raises:
        HomeError: They are on a server and no address is named, or in the backup and one is named.
        SettingsError: The backup's settings are missing or damaged.
        StoreError: The address does not fit.
    """
    if address is not None:
        require_address(address)
        if description.rows or (backup / HOME / DATABASE_FILE).exists():
            raise HomeError("backup.has_rows", where=str(backup))
    elif description.kept_by:  # its settings are sealed
        if not description.rows:
            raise HomeError("backup.needs_database", where=str(backup))
    elif database_url_in(backup / HOME / SETTINGS_FILE):
        raise HomeError("backup.needs_database", where=str(backup))


def _opener(
    description: Description, keys: KeyFolder, passphrase: Callable[[], str], cards: Sequence[str]
) -> Identity | None:
    """What opens a backup that another organisation kept: the cards, or the passphrase; None for any other."""
    if not description.kept_by:
        return None
    if cards:
        return office_identity(cards)
    if not keys.path.is_dir():
        raise HomeError("backup.needs_cards", where=str(keys.path))
    return keys.unlock(passphrase()).casework


def _copy_home(
    backup: Path,
    part: Path,
    description: Description,
    progress: Progress,
    opened_by: Identity | None,
    *,
    damaged: bool,
) -> None:
    shelves = LocalObjects(shelves_of(backup, description))
    rows = backup / HOME / (DATABASE_FILE if opened_by is None else f"{DATABASE_FILE}{_AGE}")
    addresses = objects_named(backup)
    needed = sum(map(shelves.size, addresses)) + (rows.stat().st_size if rows.exists() else 0)
    require_room(part.parent, needed + _SMALL_BYTES)
    small = dict(_read_back(backup, HOME, description))
    if opened_by is not None:
        whose = (opened_by,)
        try:
            small = {name.removesuffix(_AGE): open_whole(data, identities=whose) for name, data in small.items()}
        except NoMatchingKeyError as error:
            raise HomeError("backup.of_another_key", where=str(backup)) from error
    keep_files(small, part)
    LocalObjects(part / OBJECTS_FOLDER).create()
    with progress(needed) as hear:
        if rows.exists():  # alone: a journal beside it would be another state's
            _place_rows(rows, part, description, hear, opened_by, damaged=damaged)
        bring_back(addresses, shelves, part / OBJECTS_FOLDER, hear)


def _place_rows(
    rows: Path, part: Path, description: Description, hear: Hear, opened_by: Identity | None, *, damaged: bool
) -> None:
    if description.rows and file_sha256(rows) != description.rows and not damaged:
        raise HomeError("backup.file_changed", where=str(rows))
    with rows.open("rb") as body:
        chunks = _chunks(lambda: body.read(CHUNK_BYTES), hear)
        if opened_by is not None:
            chunks = _open_stream(chunks, opened_by)
        write_new(part / DATABASE_FILE, chunks)
    if not description.rows and (journal := rows.with_name(f"{rows.name}-journal")).exists():
        shutil.copy(journal, part / journal.name)  # an erasure in it was cut off


def _open_stream(chunks: Iterator[bytes], opened_by: Identity) -> Iterator[bytes]:
    """The plaintext of an age file that is read in pieces; its header lies within the first."""
    header, first = split_file(next(chunks, b""))
    yield from open_payload(open_header(header, identities=(opened_by,)), chain((first,), chunks))


def shelves_of(backup: Path, description: Description) -> Path:
    """Where the sealed files of a backup lie: beside it, shared with the others on its disk."""
    return backup.parent / f"{slug_of(description.log)}{_SHELVES}"


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


def failed_in(report: Report) -> Sequence[Finding]:
    """What failed in the audit of a backup that was put together."""
    return [each for each in report.problems if each.verdict is Verdict.FAILED]


@contextmanager
def _graves(part: Path, keys: KeyFolder, clock: Clock, lists: Sequence[Path]) -> Iterator[Path]:
    """Destroy what was erased after the backup was made, before anything is read; the file that names all of it.

    Raises:
        HomeError: A file that names it is damaged.
    """
    known = [each for file in lists for each in read_graves(file)]
    with TemporaryDirectory() as folder:
        named = keys.graves if keys.path.is_dir() else Path(folder) / keys.graves.name
        if known:
            keep_graves(named, known)
        home = Home.open(part, clock)
        home.keys, home.graves_elsewhere = keys, named
        try:
            home.erase_again()
        finally:
            home.engine.dispose()
        yield named


def _audit(part: Path, keys: KeyFolder, clock: Clock, graves: Path) -> Report:
    home = Home.open(part, clock)
    home.keys, home.graves_elsewhere = keys, graves
    try:
        home.require_own_log_key()
        return run_audit(home, level=_AUDIT_LEVEL, against=None, passphrase=None, progress=lambda _more: None).report
    finally:
        home.engine.dispose()  # and with it the journal
