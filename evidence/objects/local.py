"""Objects as files: ``objects/ab/<sha256>``, mode 0400, never replaced.

The order on the way in: write ``pending/<random>``, fsync; ``sync`` brings the pending names to the
disk, gives each its address with link(2), and brings the addresses there; the log's transaction;
then ``settle`` removes the pending names. Unlike rename, link(2) refuses to replace. A crash leaves
pending names, and ``recover`` asks the log. No address is ever on the disk before its pending name:
after a power cut nobody would look for it.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

from evidence.errors import ObjectConflictError, ObjectMissingError, StoreError
from evidence.objects.durable import make_folder, storage_errors, sync_directory
from evidence.objects.port import Sink

CHUNK_BYTES = 1 << 20
_ADDRESS = re.compile(r"[0-9a-f]{64}")
_SHELF = re.compile(r"[0-9a-f]{2}")


class LocalObjects:
    """The objects below one directory; see ``evidence.objects.port`` for what each method owes."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._pending = root / "pending"
        self._put: list[tuple[Path, str]] = []
        self._named: list[Path] = []

    def create(self) -> None:
        """Make the directories, readable by their owner only."""
        make_folder(self._root)
        make_folder(self._pending)

    def path(self, address: str) -> Path:
        """Where the object of this address lies or would lie."""
        return self._root / address[:2] / address

    def put(self, fill: Callable[[Sink], str]) -> str:
        """Store what ``fill`` writes; see the port."""
        draft = self._pending / secrets.token_hex(16)
        with storage_errors(self._root):
            try:
                address = self._write(draft, fill)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise
        self._put.append((draft, address))
        return address

    @staticmethod
    def _write(draft: Path, fill: Callable[[Sink], str]) -> str:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        with os.fdopen(handle, "wb") as sink:
            address = fill(sink.write)
            sink.flush()
            os.fsync(sink.fileno())
        return address

    def _link(self, draft: Path, address: str) -> None:
        place = self.path(address)
        try:
            place.parent.mkdir(mode=0o700, exist_ok=True)
        except FileExistsError as error:
            raise _not_ours(place.parent, "a folder") from error
        try:
            os.link(draft, place)  # unlike rename, link(2) refuses to replace
        except FileExistsError as error:
            if _file_address(place) != address or _file_address(draft) != address:
                raise ObjectConflictError("other bytes lie at this address", where=f"object {address}") from error

    def sync(self) -> None:
        """Give what was put its address, on the disk; see the port."""
        if not self._put:
            return
        with storage_errors(self._root):
            sync_directory(self._pending)
            for draft, address in self._put:
                self._link(draft, address)
            # the root too: a run that was killed may have made a shelf and never synced it
            for directory in [self._root, *sorted({self.path(address).parent for _draft, address in self._put})]:
                sync_directory(directory)
        self._named += [draft for draft, _address in self._put]
        self._put.clear()

    def settle(self) -> None:
        """Keep what was put; see the port."""
        with storage_errors(self._root):
            for draft in self._named:
                draft.unlink(missing_ok=True)
        self._named.clear()

    def recover(self, logged: Callable[[], AbstractSet[str]]) -> int:
        """Take back what was never logged; see the port."""
        self._require_pending()
        unfinished = sorted(self._pending.iterdir())
        known = logged() if unfinished else frozenset()
        removed = 0
        for draft in unfinished:
            address = _file_address(draft)
            if address not in known:
                self._take_back(self.path(address))
                removed += 1
            draft.unlink()
        return removed

    def _require_pending(self) -> None:
        if not os.path.lexists(self._pending):
            self._pending.mkdir(mode=0o700)  # some backups leave empty folders out
        for path in self._strange_pending():
            raise _not_ours(path, "a folder of unfinished files")

    @staticmethod
    def _take_back(place: Path) -> None:
        place.unlink(missing_ok=True)
        if place.parent.is_dir():
            sync_directory(place.parent)  # before the unfinished name goes, without which nobody would look again

    def read(self, address: str) -> Iterator[bytes]:
        """The bytes in chunks; see the port."""
        try:
            source = self.path(address).open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise ObjectMissingError(
                "no object lies at its address", where=f"object {address}", fix="Restore it from a backup"
            ) from error
        with source:
            while chunk := source.read(CHUNK_BYTES):
                yield chunk

    def addresses(self) -> Iterator[str]:
        """Every address that is settled; see the port."""
        # objects first, unfinished names second: whatever is put or settled meanwhile is left out, or is logged
        found = [entry for shelf in self._shelves() for entry in _entries(shelf) if _is_object(shelf, entry)]
        unfinished = {entry.inode() for entry in _entries(self._pending)}
        yield from (entry.name for entry in found if entry.inode() not in unfinished)

    def strangers(self) -> Iterator[Path]:
        """Whatever cannot be of this store; see the port."""
        shelves = list(self._shelves())
        ours = {*shelves, self._pending}
        yield from (path for entry in _entries(self._root) if (path := Path(entry.path)) not in ours)
        for shelf in shelves:
            yield from (Path(entry.path) for entry in _entries(shelf) if not _is_object(shelf, entry))
        yield from self._strange_pending()

    def _shelves(self) -> Iterator[Path]:
        for entry in _entries(self._root):
            if _SHELF.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                yield Path(entry.path)

    def _strange_pending(self) -> Iterator[Path]:
        if os.path.lexists(self._pending) and not _is_folder(self._pending):
            yield self._pending
            return
        for entry in _entries(self._pending):
            if not entry.is_file(follow_symlinks=False):
                yield Path(entry.path)


def _entries(directory: Path) -> list[os.DirEntry[str]]:
    """Every entry, in order; none where there is no such directory."""
    try:
        with os.scandir(directory) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_object(shelf: Path, entry: os.DirEntry[str]) -> bool:
    named = _ADDRESS.fullmatch(entry.name) and entry.name.startswith(shelf.name)
    return bool(named) and entry.is_file(follow_symlinks=False)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _not_ours(path: Path, expected: str) -> StoreError:
    return StoreError(
        "what lies among the objects is not ours",
        where=str(path),
        expected=expected,
        fix="Look at it, and move it away",
    )


def _file_address(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
