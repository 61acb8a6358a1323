"""ZIP archives of an export, unpacked into a folder of our own in bounded parts.

Nothing that an archive says of itself is believed: neither sizes nor names. A file ends where its declared size does,
a name that leads out of the folder is refused and not followed, and what exists is never replaced. On return every
file is on disk. Names and texts in it are personal and stand in no error.

People bring an export split over several archives, and as an archive in an archive: what has no export in it is looked
through for archives, ``MOST_NESTED`` deep. An archive inside an export is a file that somebody sent, and stays one.
"""

import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from evidence.objects.durable import storage_errors, sync_directory
from monitor.desktop.found import exports_in, is_archive
from monitor.errors import ArchiveError

MOST_FILES = 200_000
"""An export of a year of a busy group has some ten thousand."""
MOST_PARTS = 16
"""How deep a file may lie; Telegram Desktop makes two folders within one another."""
MOST_NESTED = 2
"""How deep an archive may lie in archives."""
MOST_LISTED_BYTES = 32 << 20
MOST_RATIO = 200
"""How many times as long as it is packed a large file may be. The JSON of a chat becomes 10 to 30 times as short."""
LARGE_BYTES = 16 << 20
"""What may be packed at any ratio."""
_LEAST_LISTED = 46
_LEAST_HEADER = 30
_END = struct.Struct("<4xHH4xI6x")
_FAR_END = struct.Struct("<40xQ8x")
_ELSEWHERE = 0xFFFFFFFF
_FAR_VOLUME = 0xFFFF
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
_ENCRYPTED = 0x1 | 0x40 | 0x2000
"""Bits 0, 6 and 13: encrypted, strongly encrypted, and with an encrypted list of files (APPNOTE 4.4.4)."""
_NAME_BYTES = 255
_DRIVE = re.compile(r"[A-Za-z]:")
_DEVICE = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?")
"""Names that are devices on Windows, with any ending."""
_SLICE = re.compile(r"(?i).*\.[0-9]{3}")
_VOLUME = re.compile(r"(?i).*\.z[0-9]{2}")


def unpack_export(
    archives: Sequence[BinaryIO],
    folder: Path,
    *,
    most_bytes: int,
    names: Sequence[str] = (),
    require_room: Callable[[int], object] = lambda _needed: None,
) -> None:
    """Unpack the ZIP archives of one export into an empty folder.

    Args:
        archives: Each can be sought in. Two may have the same file, of the same bytes.
        most_bytes: What all files may have together.
        names: What each is called, for an error that says which of them is damaged.
        require_room: Given how many bytes an archive declares; raises if the disk has too little room.

    Raises:
        ArchiveError: One is none, damaged, encrypted, or beyond a limit; or a name or a size in it is not what it
            should be. What was unpacked so far is still there.
        StorageFullError: No space.
    """
    unpacking = _Unpacking(folder, require_room, most_bytes)
    for number, archive in enumerate(archives):
        with _named(names[number] if names else None):
            unpacking.unpack(archive, folder)
    for _level in range(MOST_NESTED):
        if exports_in(folder):
            break
        for nested in sorted(each for each in folder.rglob("*") if each.is_file() and is_archive(each)):
            with nested.open("rb") as archive:
                unpacking.unpack(archive, nested.parent)
            nested.unlink()
    with storage_errors(folder):
        for place in (folder, *(each for each in folder.rglob("*") if each.is_dir())):
            sync_directory(place)


@contextmanager
def opened_archives(paths: Sequence[Path]) -> Iterator[Sequence[BinaryIO]]:
    """Open the ZIP archives of one export for reading; files that are slices of one archive are joined in their order.

    Slices are what 7-Zip and ``split`` make: ``export.zip.001``, ``export.zip.002``.

    Raises:
        ArchiveError: A volume of an archive that is split in another way.
        OSError: One cannot be opened.
    """
    if any(_VOLUME.fullmatch(path.name) for path in paths):
        raise ArchiveError("archive.in_volumes")
    whole, slices = _sorted_out(paths)
    with ExitStack() as stack:
        opened: list[BinaryIO] = [stack.enter_context(path.open("rb")) for path in whole]
        joined = [stack.enter_context(path.open("rb")) for path in slices]
        if joined:
            opened.append(stack.enter_context(io.BufferedReader(_Joined(joined))))
        yield opened


def archive_names(paths: Sequence[Path]) -> list[str]:
    """What each archive that ``opened_archives`` opens is called; slices are called by their first."""
    whole, slices = _sorted_out(paths)
    return [str(path) for path in (*whole, *slices[:1])]


def is_piece(file: Path) -> bool:
    """Whether a name is that of a slice, or of a volume, of an archive that was split."""
    return any(pattern.fullmatch(file.name) for pattern in (_SLICE, _VOLUME))


def _sorted_out(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """The archives that are whole, and the slices of one in their order."""
    slices = sorted((path for path in paths if _SLICE.fullmatch(path.name)), key=lambda path: path.name)
    return [path for path in paths if path not in slices], slices


class _Joined(io.RawIOBase):
    """Several files read as one."""

    def __init__(self, files: Sequence[BinaryIO]) -> None:
        self._files = [(file, file.seek(0, os.SEEK_END)) for file in files]
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: sum(length for _file, length in self._files)}
        if (at := origin[whence] + offset) < 0:
            raise ValueError("before the beginning")
        self._at = at
        return at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: "bytearray | memoryview", /) -> int:  # type: ignore[override]
        start = 0
        for file, length in self._files:
            if start <= self._at < start + length:
                file.seek(self._at - start)
                found = file.read(min(len(buffer), start + length - self._at))
                buffer[: len(found)] = found
                self._at += len(found)
                return len(found)
            start += length
        return 0


@dataclass(slots=True)
class _Unpacking:
    """What the archives of one export may still have.

    Attributes:
        left: In bytes.
        files: How many files they had so far.
        before: The files that came out of the archives before this one.
    """

    folder: Path
    require_room: Callable[[int], object]
    left: int
    files: int = 0
    before: set[Path] = field(default_factory=set)

    def unpack(self, archive: BinaryIO, into: Path) -> None:
        with _damage_told():
            _require_short_directory(archive)
        with _damage_told(), zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            self._require_bounded(entries)
            _require_apart(entries)
            self.require_room(sum(entry.file_size for entry in entries))
            with storage_errors(self.folder):
                unpacked = [self._unpack_one(opened, entry, into) for entry in entries]
        self.before.update(unpacked)

    def _require_bounded(self, entries: list[zipfile.ZipInfo]) -> None:
        self.files += len(entries)
        if self.files > MOST_FILES:
            raise ArchiveError("archive.too_many_files", limit=MOST_FILES, found=self.files)
        needed = sum(entry.file_size for entry in entries)
        if needed > self.left:
            raise ArchiveError("archive.too_large", limit=self.left)
        self.left -= needed
        for entry in entries:
            if entry.file_size > max(LARGE_BYTES, entry.compress_size * MOST_RATIO):
                raise ArchiveError("archive.bomb", limit=MOST_RATIO)

    def _unpack_one(self, opened: zipfile.ZipFile, entry: zipfile.ZipInfo, into: Path) -> Path:
        if entry.flag_bits & _ENCRYPTED:
            raise ArchiveError("archive.encrypted")
        if entry.compress_type not in _METHODS:
            raise ArchiveError("archive.not_plain")
        file = _place_of(entry, into)
        if file in self.before:
            _require_same(opened, entry, file)
            return file
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise ArchiveError("archive.named_twice") from error
        with os.fdopen(handle, "wb") as sink:
            for chunk in _chunks(opened, entry):
                sink.write(chunk)
            sink.flush()
            os.fsync(handle)
        return file


@contextmanager
def _named(name: str | None) -> Iterator[None]:
    """Say of a damaged archive which one it is."""
    try:
        yield
    except ArchiveError as error:
        if name is None or error.code != "archive.damaged":
            raise
        raise ArchiveError("archive.damaged_file", where=name) from error


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
    volume, first, listed = _END.unpack_from(tail, at)
    if volume not in (0, _FAR_VOLUME) or first not in (0, _FAR_VOLUME):
        raise ArchiveError("archive.in_volumes")
    far = tail.rfind(b"PK\x06\x06")
    if listed == _ELSEWHERE and far >= 0 and len(tail) - far >= _FAR_END.size:
        listed = _FAR_END.unpack_from(tail, far)[0]
    if listed > MOST_LISTED_BYTES:
        raise ArchiveError("archive.too_many_files", limit=MOST_FILES, found=listed // _LEAST_LISTED)


def _require_apart(entries: list[zipfile.ZipInfo]) -> None:
    """Check that no two files lie in the same bytes, by which a short archive unpacks into a very long one.

    Raises:
        ArchiveError: Two do.
    """
    end = 0
    for entry in sorted(entries, key=lambda each: each.header_offset):
        if entry.header_offset < end:
            raise ArchiveError("archive.overlapping")
        end = entry.header_offset + _LEAST_HEADER + len(entry.orig_filename) + entry.compress_size


def _chunks(opened: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of a file, as many as it declares.

    Raises:
        ArchiveError: It has fewer or more.
    """
    left = entry.file_size
    with opened.open(entry) as source:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                break
            yield chunk
    if left:
        raise ArchiveError("archive.another_size")


def _require_same(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, file: Path) -> None:
    """Check that a file is the one that another archive of the export had under its name.

    Raises:
        ArchiveError: It is another one.
    """
    with file.open("rb") as there:
        same = all(there.read(len(chunk)) == chunk for chunk in _chunks(opened, entry)) and not there.read(1)
    if not same:
        raise ArchiveError("archive.named_twice")


def _place_of(entry: zipfile.ZipInfo, folder: Path) -> Path:
    """Where a file goes.

    Raises:
        ArchiveError: It is a link or a device, its name leads elsewhere, or no file can have it.
    """
    if stat.S_IFMT(entry.external_attr >> 16) not in {0, stat.S_IFREG}:
        raise ArchiveError("archive.link_or_device")
    # programs of Windows wrote its own separator for years
    text = _name_of(entry).replace("\\", "/")
    name = PurePosixPath(text)
    if not name.parts or name.is_absolute() or ".." in name.parts or _DRIVE.match(text):
        raise ArchiveError("archive.leads_outside")
    if "\0" in entry.orig_filename or len(name.parts) > MOST_PARTS or not all(map(_is_possible, name.parts)):
        raise ArchiveError("archive.impossible_name")
    return folder / name


def _is_possible(part: str) -> bool:
    return len(part.encode()) <= _NAME_BYTES and not _DEVICE.fullmatch(part)


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
