"""A home that ``init`` is making, or was stopped in: it holds nothing, and no command takes it for a home.

The file ``HOME/unfinished`` is the first thing in a new home and the last to go, so a home without it is
whole: its cards were handed out before its log was opened. Whoever makes one locks the folder, and the system
frees the lock when that process dies; whoever comes after takes away what was left and begins anew.

The file names what was also made elsewhere, one ``SHA-256  path`` a line: the files of the cards. Only what still
has these bytes is taken away; so is ``HOME.keys``, if its log key is the one that ``HOME/log.vkey`` speaks of.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa

from config.errors import SecretFileError
from evidence.canonical import sha256_hex
from evidence.errors import EvidenceError, HomeError
from evidence.keys import LOG_KEY, SECRET_BYTES, KeyFolder, keys_beside
from evidence.log.leaf import parse_leaf
from evidence.log.note import VerifierKey
from evidence.objects.durable import make_folder, sync_directory, write_file
from evidence.objects.pending import lock_folder
from evidence.store import database

UNFINISHED = "unfinished"
VKEY_FILE = "log.vkey"
DATABASE_FILE = "nisisama.db"
_OPENING = frozenset({"log_opened", "anchor"})
"""Types of the entries that ``init`` itself logs."""
_MOST_OF_AN_OPENING = 100


def refuse_unfinished(home: Path) -> None:
    """Check, before a home is opened, that it was made to its end.

    Raises:
        HomeError: It was not; or somebody calls one so that holds entries.
    """
    if (home / UNFINISHED).exists():
        _require_nothing_kept(home)
        raise HomeError("home.unfinished", where=str(home), keys=str(keys_beside(home).path))


def require_vacant(home: Path) -> None:
    """Check that a home can be put together here: nothing is there but an empty folder, or an unfinished home.

    Raises:
        HomeError: Something else does.
    """
    if (home / UNFINISHED).is_file():
        _require_nothing_kept(home)
        _require_own(keys_beside(home), home)
    elif home.is_symlink() or (home.exists() and not (home.is_dir() and next(home.iterdir(), None) is None)):
        raise HomeError("home.there_already", where=str(home))
    elif (keys := keys_beside(home).path).exists():
        raise HomeError("home.there_already", where=str(keys))


def belongings(home: Path) -> Mapping[Path, str]:
    """What was made elsewhere for an unfinished home: path -> lower hex SHA-256; empty where there is no such home."""
    try:
        lines = (home / UNFINISHED).read_text("utf-8", "surrogateescape").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return {Path(path): digest for digest, _, path in (line.partition("  ") for line in lines) if path}


@contextmanager
def making(home: Path, files: Mapping[Path, bytes]) -> Iterator[None]:
    """Put a home together: on entering, ``home`` is a marked folder; on leaving, it is finished, and on the disk.

    What was stopped there before is taken away first. Where the block raises, all of it is taken away again.

    Args:
        files: What the block writes elsewhere.

    Raises:
        HomeError: Something lies there, or another process is making a home there.
    """
    with _claimed(home):
        _take_away(home)
        lines = "".join(f"{sha256_hex(data)}  {path}\n" for path, data in files.items())
        write_file(home / UNFINISHED, lines.encode("utf-8", "surrogateescape"))
        try:
            yield
        except BaseException:
            with suppress(OSError, HomeError):  # report what stopped the block; the mark stays
                _take_away(home)
                home.rmdir()
            raise
        (home / UNFINISHED).unlink()
        sync_directory(home)


@contextmanager
def _claimed(home: Path) -> Iterator[None]:
    try:
        make_folder(home, parents=True)
    except FileExistsError:
        require_vacant(home)
    handle = lock_folder(home)
    if handle is None:
        raise HomeError("home.being_made", where=str(home))
    try:
        require_vacant(home)  # again: another may have finished since, or have made keys there
        home.chmod(0o700)
        yield
    finally:
        os.close(handle)


def _take_away(home: Path) -> None:
    """Remove what was made; the mark last, so that what is left is always known for what it is."""
    keys = keys_beside(home)
    if keys.path.exists():
        _require_own(keys, home)
        _remove_keys(keys)
    for file, digest in belongings(home).items():
        with suppress(FileNotFoundError, NotADirectoryError):
            if sha256_hex(file.read_bytes()) == digest:
                file.unlink()
    _empty(home, but=UNFINISHED)
    (home / UNFINISHED).unlink(missing_ok=True)


def _remove_keys(keys: KeyFolder) -> None:
    """Remove a folder of keys; by its log key it is known until nothing else is in it."""
    _empty(keys.path, but=LOG_KEY)
    (keys.path / LOG_KEY).unlink(missing_ok=True)
    keys.path.rmdir()
    sync_directory(keys.path.parent)


def _empty(folder: Path, *, but: str) -> None:
    for entry in folder.iterdir():
        if entry.name != but:
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    sync_directory(folder)


def _require_own(keys: KeyFolder, home: Path) -> None:
    """Check that keys, if there are any, are those of this unfinished home, or were cut short before the first one.

    Raises:
        HomeError: They are another home's.
    """
    if not keys.path.exists():
        return
    with suppress(FileNotFoundError, UnicodeDecodeError, EvidenceError, SecretFileError):
        expected = VerifierKey.parse((home / VKEY_FILE).read_text("ascii").strip()).public_key
        if _is_cut_short(keys) or keys.log_key().public_key().public_bytes_raw() == expected:
            return
    raise HomeError("home.there_already", where=str(keys.path))


def _is_cut_short(keys: KeyFolder) -> bool:
    """Whether the folder holds less than its first file, which is the log key."""
    files = keys.files()
    return not files or ([file.name for file in files] == [LOG_KEY] and files[0].stat().st_size < SECRET_BYTES)


def _require_nothing_kept(home: Path) -> None:
    """Check that the log of an unfinished home has its opening at most: nobody may call a home so that holds more.

    Raises:
        HomeError: It has more, or cannot be read.
    """
    if not (home / DATABASE_FILE).exists() or not (home / DATABASE_FILE).stat().st_size:
        return
    engine = database.open_engine(database.sqlite_url(home / DATABASE_FILE))
    try:
        with database.reading(engine) as connection:
            kept = sa.inspect(connection).has_table(database.event.name) and any(_others(connection))
    finally:
        engine.dispose()
    if kept:
        raise HomeError("home.marked_unfinished", where=str(home / UNFINISHED))


def _others(connection: sa.Connection) -> Iterator[bool]:
    leaves = connection.execute(sa.select(database.event.c.leaf).limit(_MOST_OF_AN_OPENING)).scalars()
    return (parse_leaf(bytes(leaf)).type not in _OPENING for leaf in leaves)
