"""The sealed files on a disk of backups: each once, for good, and gone for good once it was erased in the home.

    DEST/<log>.objects/ab/<sha256>   laid out as a home's objects
    DEST/<log>.objects/<sha256>.new  being written; what a killed run left of one is removed

A file gets its name when it has reached the disk and was read back. So a run that was stopped goes on where it was.
Of what lies there already, each run compares the lengths, and the digests of one part in ``PARTS``; what is not whole
is copied again from the home.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from evidence.errors import HomeError, ObjectConflictError, ObjectMissingError
from evidence.objects.durable import make_folder, read_back, storage_errors, sync_directory, write_new
from evidence.objects.local import LocalObjects
from evidence.objects.pending import lock_folder, place_of

PARTS = 30
"""In so many runs every file is read once."""
_NEW = ".new"
_SHELVES = 256
Hear = Callable[[int], object]
"""Hears how many more bytes are done."""


@contextmanager
def locked_shelves(root: Path) -> Iterator[None]:
    """Keep the sealed files of a disk to one run; the folder is made if it is not there.

    Raises:
        HomeError: Another process is at it.
    """
    make_folder(root, exist_ok=True)
    handle = lock_folder(root)
    if handle is None:
        raise HomeError("backup.being_made", where=str(root))
    try:
        for left in root.glob(f"*{_NEW}"):
            left.unlink()
        yield
    finally:
        os.close(handle)


@dataclass(frozen=True, slots=True)
class Shelved:
    """What a run did with the sealed files.

    Attributes:
        copied: How many were copied, those that were not whole among them.
        mended: How many of those lay there already and were not whole.
        missing: How many are gone from the home, or changed there, and are not on the disk either.
    """

    copied: int
    mended: int
    missing: int


def lengths(root: Path) -> dict[str, int]:
    """The length of every file on the disk, by its address."""
    found = dict[str, int]()
    for number in range(_SHELVES):
        with suppress(FileNotFoundError), os.scandir(root / f"{number:02x}") as shelf:
            found |= {each.name: each.stat(follow_symlinks=False).st_size for each in shelf}
    return found


def to_copy(addresses: Collection[str], source: LocalObjects, root: Path, *, day: int) -> Sequence[str]:
    """The objects that are not on the disk, and those that lie there and are not whole, in the order of their names.

    Args:
        day: Says which part of the files is read today.
    """
    there = lengths(root)
    return sorted(each for each in addresses if not _is_whole(each, there, source, root, day))


def _is_whole(address: str, there: dict[str, int], source: LocalObjects, root: Path, day: int) -> bool:
    if address not in there:
        return False
    its_turn = int(address[:2], 16) % PARTS == day % PARTS
    if there[address] == source.size(address) and not its_turn:
        return True
    return _digest_of(place_of(root, address)) == address


def _digest_of(file: Path) -> str | None:
    try:
        return read_back(file)
    except OSError:  # its disk no longer gives it back
        return None


def shelve(addresses: Iterable[str], source: LocalObjects, root: Path, hear: Hear) -> Shelved:
    """Copy objects to the disk; on return those have reached it and were read back.

    Raises:
        StorageFullError: No room; what was copied stays, and the next run goes on.
    """
    copied = mended = missing = 0
    shelves = set[Path]()
    for address in addresses:
        place = place_of(root, address)
        if not place.parent.exists():
            place.parent.mkdir(mode=0o700)
        lay_there = os.path.lexists(place)
        try:
            _copy(address, source, root / f"{address}{_NEW}", place, hear)
        except (ObjectMissingError, ObjectConflictError):
            missing += 1
            continue
        shelves.add(place.parent)
        copied, mended = copied + 1, mended + lay_there
    with storage_errors(root):
        for folder in (root, *sorted(shelves)):
            sync_directory(folder)
    return Shelved(copied, mended, missing)


def _copy(address: str, source: LocalObjects, fresh: Path, place: Path, hear: Hear) -> None:
    source.require(address)  # an object that is gone leaves no file
    if write_new(fresh, _heard(source.read(address), hear), mode=0o400) != address or read_back(fresh) != address:
        fresh.unlink()
        raise ObjectConflictError("object_conflict.other_bytes", place=address)
    with storage_errors(fresh.parent):
        fresh.replace(place)


def _heard(chunks: Iterable[bytes], hear: Hear) -> Iterator[bytes]:
    for chunk in chunks:
        hear(len(chunk))
        yield chunk


def unshelve(addresses: Iterable[str], root: Path) -> int:
    """Remove files from the disk for good; return how many lay there. On return that has reached the disk."""
    removed, shelves = 0, set[Path]()
    with storage_errors(root):
        for address in addresses:
            with suppress(FileNotFoundError):
                (place := place_of(root, address)).unlink()
                shelves.add(place.parent)
                removed += 1
        for folder in sorted(shelves):
            sync_directory(folder)
    return removed


def bring_back(addresses: Iterable[str], shelves: LocalObjects, to: Path, hear: Hear) -> int:
    """Copy the objects of a backup into a home that is put together; return how many are gone or changed."""
    missing = 0
    for address in addresses:
        place = place_of(to, address)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            whole = write_new(place, _heard(shelves.read(address), hear), mode=0o400) == address
        except ObjectMissingError:
            whole = False
        if not whole:
            place.unlink(missing_ok=True)
            missing += 1
    return missing
