"""The objects that one writer has put and the log does not name yet, in ``objects/pending/<random>/`` under a lock.

The order on the way in: write ``pending/<random>/<random>``, fsync; ``sync`` brings the pending names
to the disk, gives each its address with link(2), and brings the addresses there; the log's
transaction; then ``settle`` removes the pending names. Unlike rename, link(2) refuses to replace. No
address is ever on the disk before its pending name: after a power cut nobody would look for it.

The system frees the folder's lock (flock(2) on the folder itself) when its writer dies. So recovery can
tell what a dead writer left from what a living one is working on.
"""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path

from config.errors import Fact
from evidence.errors import ObjectConflictError, ObjectMissingError, StoreError
from evidence.objects.durable import storage_errors, sync_directory
from evidence.objects.port import Sink


class LocalPending:
    """The pending objects of one writer in one thread; see ``evidence.objects.port.Pending``.

    Args:
        root: The folder of the objects.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._claim: _Claim | None = None
        self._drafts: dict[str, list[Path]] = {}

    def put(self, fill: Callable[[Sink], str]) -> str:
        """Store the object that ``fill`` writes; see the port."""
        with storage_errors(self._root):
            draft = self._claimed().folder / secrets.token_hex(16)
            try:
                address = _write(draft, fill)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise
        self._drafts.setdefault(address, []).append(draft)
        return address

    def _claimed(self) -> "_Claim":
        self._claim = self._claim or _Claim.make(self._root / "pending")
        return self._claim

    def sync(self, addresses: Iterable[str]) -> None:
        """Give these objects their addresses, on the disk; see the port."""
        wanted = self._drafts_of(addresses)
        if not wanted:
            return
        with storage_errors(self._root):
            for folder in sorted({draft.parent for draft, _place in wanted}):
                sync_directory(folder)
            for draft, place in wanted:
                _link(draft, place)
            # the root too: a run that was killed may have made a shelf and never synced it
            for folder in [self._root, *sorted({place.parent for _draft, place in wanted})]:
                sync_directory(folder)

    def _drafts_of(self, addresses: Iterable[str]) -> list[tuple[Path, Path]]:
        """The drafts with the places that they get."""
        drafts_by_address = {address: tuple(self._drafts.get(address, ())) for address in addresses}
        for address, drafts in drafts_by_address.items():
            if not drafts:
                raise ObjectMissingError("object_missing.never_put", address=address)
        return [
            (draft, place_of(self._root, address)) for address, drafts in drafts_by_address.items() for draft in drafts
        ]

    def require(self, address: str) -> None:
        """Check that an object lies at this address; see the port."""
        require_object(self._root, address)

    def settle(self, addresses: Iterable[str]) -> None:
        """Keep the objects that were logged; see the port."""
        wanted = self._drafts_of(addresses)
        with storage_errors(self._root):
            for draft, _place in wanted:
                draft.unlink(missing_ok=True)
        self._forget(wanted)

    def take_back(self, addresses: Iterable[str]) -> None:
        """Remove the objects that will not be logged; see the port."""
        wanted = self._drafts_of(addresses)
        with storage_errors(self._root):
            for draft, place in wanted:
                if place.exists() and place.samefile(draft):
                    unlink_address(place)
                draft.unlink(missing_ok=True)
        self._forget(wanted)

    def _forget(self, settled: Iterable[tuple[Path, Path]]) -> None:
        for _draft, place in settled:
            self._drafts.pop(place.name, None)

    def close(self) -> None:
        """Leave the objects that are not settled to recovery; see the port."""
        self._drafts.clear()
        if self._claim:
            self._claim.release()
        self._claim = None


class _Claim:
    """A folder of unfinished files that is locked as long as its writer lives."""

    def __init__(self, folder: Path, handle: int) -> None:
        self.folder = folder
        self._handle = handle

    @classmethod
    def make(cls, pending: Path) -> "_Claim":
        while True:
            folder = pending / secrets.token_hex(16)
            folder.mkdir(mode=0o700)
            if (handle := lock_folder(folder, wait=True)) is not None:
                break  # else: recovery found it empty and free just then, and removed it
        try:
            sync_directory(pending)
        except OSError:
            os.close(handle)
            raise
        return cls(folder, handle)

    def release(self) -> None:
        with suppress(OSError):  # it still holds something: recovery will ask the log
            self.folder.rmdir()
        os.close(self._handle)


def lock_folder(folder: Path, *, wait: bool = False) -> int | None:
    """Lock a folder of pending objects; None where a living writer has it, or it is gone.

    Returns:
        A handle; closing it unlocks.
    """
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    with ExitStack() as unless_locked:
        unless_locked.callback(os.close, handle)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            if os.path.samestat(folder.stat(), os.fstat(handle)):
                unless_locked.pop_all()
                return handle
        except (BlockingIOError, FileNotFoundError):
            return None
    return None


def require_object(root: Path, address: str) -> None:
    """Check that a sealed object lies at its place below ``root``.

    Raises:
        ObjectMissingError: None does.
    """
    if not place_of(root, address).is_file():
        raise ObjectMissingError("object_missing.not_there", address=address)


def place_of(root: Path, address: str) -> Path:
    """Where the sealed object of this address lies or would lie."""
    return root / address[:2] / address


def unlink_address(place: Path) -> None:
    """Remove an object's address; only once this has reached the disk may its pending name go."""
    place.unlink(missing_ok=True)
    if place.parent.is_dir():
        sync_directory(place.parent)


def file_address(file: Path) -> str:
    """The address that a file's bytes have among the objects."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def not_ours(path: Path, code: str, **facts: Fact) -> StoreError:
    """The error that something else lies in the way among the objects."""
    return StoreError(code, where=str(path), **facts)


def _write(draft: Path, fill: Callable[[Sink], str]) -> str:
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(handle, "wb") as sink:
        address = fill(sink.write)
        sink.flush()
        os.fsync(sink.fileno())
    return address


def _link(draft: Path, place: Path) -> None:
    try:
        place.parent.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError as error:
        raise not_ours(place.parent, "store.objects_strange_shelf") from error
    try:
        os.link(draft, place)  # unlike rename, link(2) refuses to replace
    except FileExistsError as error:
        if file_address(place) != place.name or file_address(draft) != place.name:
            raise ObjectConflictError("object_conflict.other_bytes", place=place.name) from error
