"""Objects as files: ``objects/ab/<sha256>``, mode 0400, never replaced.

The order on the way in: write ``pending/<random>``, fsync, link(2) to the address; ``sync`` the
directories; the log's transaction; then ``settle`` removes the pending name. Unlike rename,
link(2) refuses to replace. A crash leaves a pending name, and ``recover`` asks the log.
"""

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

from evidence.durable import storage_errors, sync_directory
from evidence.errors import ObjectConflictError, ObjectMissingError
from evidence.objects.port import Sink

CHUNK_BYTES = 1 << 20
_ADDRESS_LENGTH = 64


class LocalObjects:
    """The objects below one directory; see ``evidence.objects.port`` for what each method owes."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._pending = root / "pending"
        self._unsettled: list[Path] = []
        self._unsynced: set[Path] = set()

    def create(self) -> None:
        """Make the directories, readable by their owner only."""
        self._root.mkdir(mode=0o700)
        self._pending.mkdir(mode=0o700)
        sync_directory(self._root)

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
            self._unsettled.append(draft)
            self._link(draft, address)
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
        place.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            os.link(draft, place)  # unlike rename, link(2) refuses to replace
        except FileExistsError as error:
            if _file_address(place) != address or _file_address(draft) != address:
                raise ObjectConflictError("other bytes lie at this address", where=f"object {address}") from error
        # the root too: a run that was killed may have made this folder and never synced it
        self._unsynced |= {self._root, place.parent, self._pending}

    def sync(self) -> None:
        """Bring the directory entries to the disk; see the port."""
        with storage_errors(self._root):
            for directory in sorted(self._unsynced):
                sync_directory(directory)
        self._unsynced.clear()

    def settle(self) -> None:
        """Keep what was put; see the port."""
        with storage_errors(self._root):
            for draft in self._unsettled:
                draft.unlink(missing_ok=True)
        self._unsettled.clear()

    def recover(self, logged: Callable[[], AbstractSet[str]]) -> int:
        """Take back what was never logged; see the port."""
        self._pending.mkdir(mode=0o700, exist_ok=True)  # some backups leave empty folders out
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

    @staticmethod
    def _take_back(place: Path) -> None:
        place.unlink(missing_ok=True)
        if place.parent.is_dir():
            sync_directory(place.parent)  # before the unfinished name goes, without which nobody would look again

    def read(self, address: str) -> Iterator[bytes]:
        """The bytes in chunks; see the port."""
        try:
            source = self.path(address).open("rb")
        except FileNotFoundError as error:
            raise ObjectMissingError(
                "no object lies at its address", where=f"object {address}", fix="Restore it from a backup"
            ) from error
        with source:
            while chunk := source.read(CHUNK_BYTES):
                yield chunk

    def addresses(self) -> Iterator[str]:
        """Every address that is settled; see the port."""
        # objects first, unfinished names second: whatever is put or settled meanwhile is left out, or is logged
        found = [entry for shelf in sorted(self._root.iterdir()) if shelf != self._pending for entry in _entries(shelf)]
        unfinished = {inode for _name, inode in _entries(self._pending)}
        yield from (name for name, inode in found if inode not in unfinished)


def _entries(directory: Path) -> list[tuple[str, int]]:
    """Name and inode of every entry, in order; none where there is no such directory."""
    try:
        with os.scandir(directory) as entries:
            return sorted((entry.name, entry.inode()) for entry in entries)
    except FileNotFoundError:
        return []


def _file_address(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
