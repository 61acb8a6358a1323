"""A ZIP archive of an export, unpacked into a folder of our own in bounded parts.

Nothing that an archive says of itself is believed: neither sizes nor names. A file ends where its declared size does,
a name that leads out of the folder is refused and not followed, and what exists is never replaced. On return every
file is on disk. Names and texts in it are personal and stand in no error.
"""

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from evidence.objects.durable import storage_errors, sync_directory
from monitor.errors import ArchiveError

MOST_FILES = 200_000
"""An export of a year of a busy group has some ten thousand."""
MOST_PARTS = 16
"""How deep a file may lie; Telegram Desktop makes two folders within one another."""
MOST_LISTED_BYTES = 32 << 20
_LEAST_LISTED = 46
_END = struct.Struct("<12xI6x")
_FAR_END = struct.Struct("<40xQ8x")
_ELSEWHERE = 0xFFFFFFFF
_END_BYTES = 66_000
"""Where the end record lies: 22 bytes and a comment of 65,535 at most, with the ZIP64 records before it."""
_CHUNK = 1 << 20
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    IndexError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
)
"""What the library raises for archives that are none: some of it by accident."""
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_UTF8 = 0x800
_ENCRYPTED = 0x1
_NAME_BYTES = 255


def unpack_export(
    archive: BinaryIO, folder: Path, *, most_bytes: int, require_room: Callable[[int], object] = lambda _needed: None
) -> None:
    """Unpack the ZIP archive of an export into an empty folder.

    Args:
        archive: Can be sought in.
        most_bytes: What all files may have together.
        require_room: Given how many bytes the archive declares; raises if the disk has too little room.

    Raises:
        ArchiveError: It is none, damaged, encrypted, or beyond a limit; or a name or a size in it is not what it
            should be. What was unpacked so far is still there.
        StorageFullError: No space.
    """
    with _damage_told():
        _require_short_directory(archive)
    with _damage_told(), zipfile.ZipFile(archive) as opened:
        entries = [entry for entry in opened.infolist() if not entry.is_dir()]
        _require_bounded(entries, most_bytes)
        require_room(sum(entry.file_size for entry in entries))
        with storage_errors(folder):
            for entry in entries:
                _unpack_one(opened, entry, folder)
            for place in (folder, *(each for each in folder.rglob("*") if each.is_dir())):
                sync_directory(place)


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise ArchiveError("archive.damaged") from error


def _require_short_directory(archive: BinaryIO) -> None:
    """Check how long the list of files is before it is read, which takes eight times as much memory (APPNOTE 4.3.16).

    Raises:
        ArchiveError: There is no end of it, or it is too long.
    """
    length = archive.seek(0, os.SEEK_END)
    archive.seek(max(length - _END_BYTES, 0))
    tail = archive.read(_END_BYTES)
    archive.seek(0)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise ArchiveError("archive.damaged")
    listed = _END.unpack_from(tail, at)[0]
    far = tail.rfind(b"PK\x06\x06")
    if listed == _ELSEWHERE and far >= 0 and len(tail) - far >= _FAR_END.size:
        listed = _FAR_END.unpack_from(tail, far)[0]
    if listed > MOST_LISTED_BYTES:
        raise ArchiveError("archive.too_many_files", limit=MOST_FILES, found=listed // _LEAST_LISTED)


def _require_bounded(entries: list[zipfile.ZipInfo], most_bytes: int) -> None:
    if len(entries) > MOST_FILES:
        raise ArchiveError("archive.too_many_files", limit=MOST_FILES, found=len(entries))
    if sum(entry.file_size for entry in entries) > most_bytes:
        raise ArchiveError("archive.too_large", limit=most_bytes)


def _unpack_one(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    if entry.compress_type not in _METHODS or entry.flag_bits & _ENCRYPTED:
        raise ArchiveError("archive.not_plain")
    file = _place_of(entry, folder)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise ArchiveError("archive.named_twice") from error
    with os.fdopen(handle, "wb") as sink, opened.open(entry) as source:
        left = entry.file_size
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                break
            sink.write(chunk)
        if left:
            raise ArchiveError("archive.another_size")
        sink.flush()
        os.fsync(handle)


def _place_of(entry: zipfile.ZipInfo, folder: Path) -> Path:
    """Where a file goes.

    Raises:
        ArchiveError: Its name leads elsewhere, no file can have it, or it is a link.
    """
    kind = stat.S_IFMT(entry.external_attr >> 16)
    text = _name_of(entry)
    name = PurePosixPath(text)
    fits = all(part not in {"", ".", ".."} and len(part.encode()) <= _NAME_BYTES for part in name.parts)
    fits = fits and len(name.parts) <= MOST_PARTS
    plain = kind in {0, stat.S_IFREG} and not {"\\", "\0"} & set(text)
    if not name.parts or name.is_absolute() or not fits or not plain:
        raise ArchiveError("archive.leads_outside")
    return folder / name


def _name_of(entry: zipfile.ZipInfo) -> str:
    """The name of a file; where no flag says that it is UTF-8, but it is, as UTF-8.

    Info-ZIP's ``zip``, which Debian has, sets no flag (APPNOTE 4.4.4, bit 11). As code page 437, which the format
    prescribes then, a name with a letter beyond ASCII would not be the one that the export's messages name.
    """
    if entry.flag_bits & _UTF8:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename
