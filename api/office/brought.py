"""What people bring as an export: a folder, its JSON file, or ZIP archives, which are unpacked in the home while read.

HOME/uploads/read-HEX/     an archive that a command reads; gone when it ends
HOME/uploads/TASK/         an export that a call brought (``api.office.task``)

LIMIT: while an archive is read, its pictures lie unencrypted in the home. Of a command that was killed, the next one
that reads an archive, or the server's round, removes what is left. A disk of flash memory may keep what was removed.
"""

import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from api.home import Home
from api.office.room import RESERVE_BYTES, require_room
from evidence.objects.durable import make_folder, reading_of, remove_folder
from monitor.desktop.archive import archive_names, is_piece, opened_archives, unpack_export
from monitor.desktop.found import exports_in, is_archive
from monitor.desktop.mistaken import not_in_archive
from monitor.errors import NotAnExportError

UPLOADS = "uploads"
UPLOADED_BYTES = 50 << 30
"""What the files of an export may have together."""
_READ = "read-"


@contextmanager
def unpacked(folder: Path, archives: Sequence[BinaryIO], names: Sequence[str] = ()) -> Iterator[None]:
    """The archives of one export, unpacked into a folder of the home, which is made; removed if anything fails.

    Args:
        names: What each is called, for whoever gave several.

    Raises:
        ArchiveError: One is damaged, or not what it says.
        StorageFullError: The disk has too little room.
    """
    make_folder(folder, parents=True)
    try:
        with reading_of(folder):
            unpack_export(
                archives,
                folder,
                most_bytes=UPLOADED_BYTES,
                names=names,
                require_room=lambda needed: require_room(folder, needed + RESERVE_BYTES),
            )
            yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def export_in(folder: Path) -> Path:
    """The export in what was unpacked: the folder itself, or the only one in it; the folder where there is no such."""
    found = exports_in(folder)
    return found[0] if len(found) == 1 else folder


@contextmanager
def opened_export(home: Home, paths: Sequence[Path]) -> Iterator[Path]:
    """The export that somebody gives, as a folder or a file that can be read until this ends.

    Args:
        paths: A folder, a file, or all archives of one export.

    Raises:
        NotAnExportError: Several were given that are not all archives; or an archive holds no export, or several.
        ArchiveError: An archive is damaged, or not what it says.
        StorageFullError: The disk has too little room to unpack it.
    """
    if not all(map(_is_packed, paths)):
        if len(paths) > 1:
            other = next(path for path in paths if not _is_packed(path))
            raise NotAnExportError("not_an_export.several_given", where=str(other))
        with reading_of(paths[0]):
            yield paths[0]
        return
    remove_abandoned(home)
    folder = home.path / UPLOADS / f"{_READ}{secrets.token_hex(16)}"
    try:
        with opened_archives(paths) as archives, unpacked(folder, archives, archive_names(paths)):
            found = exports_in(folder)
            if len(found) != 1:
                raise not_in_archive(paths[0], folder, len(found))
            yield found[0]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned(home: Home) -> None:
    """Remove what commands unpacked that were killed; what another one reads stays."""
    for folder in (home.path / UPLOADS).glob(f"{_READ}*"):
        with suppress(BlockingIOError):
            remove_folder(folder, read_at=folder)


def _is_packed(path: Path) -> bool:
    """Whether a path is a ZIP archive, or a part of one."""
    if not path.is_file():
        return False
    try:
        return is_piece(path) or is_archive(path)
    except OSError:
        return False
