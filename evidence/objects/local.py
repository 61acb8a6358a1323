"""Objects as files: ``objects/ab/<sha256>``, mode 0400, never replaced.

How they come in is ``evidence.objects.pending``'s. A writer that died leaves pending names, and
``recover`` asks the log about them; what the living are at it leaves alone.
"""

import os
import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from evidence.errors import ObjectMissingError
from evidence.objects.durable import make_folder, storage_errors
from evidence.objects.pending import (
    LocalPending,
    file_address,
    lock_folder,
    not_ours,
    place_of,
    require_object,
    unlink_address,
)

CHUNK_BYTES = 1 << 20
_ADDRESS = re.compile(r"[0-9a-f]{64}")
_SHELF = re.compile(r"[0-9a-f]{2}")
_WRITER = re.compile(r"[0-9a-f]{32}")


class LocalObjects:
    """The objects below one directory; see ``evidence.objects.port`` for what each method owes."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._pending = root / "pending"

    def create(self) -> None:
        """Make the store's directories, readable by their owner only."""
        make_folder(self._root)
        make_folder(self._pending)

    def path(self, address: str) -> Path:
        """Where the object of this address lies or would lie."""
        return place_of(self._root, address)

    @contextmanager
    def pending(self) -> Iterator[LocalPending]:
        """A writer's own pending objects; see the port."""
        with closing(LocalPending(self._root)) as pending:
            yield pending

    def recover(self, logged: Callable[[], AbstractSet[str]]) -> int:
        """Remove the objects that dead writers never logged; see the port."""
        self._require_pending()
        with ExitStack() as locked, storage_errors(self._root):
            # all are locked before the log is asked: none of their writers can add to it any more
            dead = [folder for folder in self._pending_folders() if _lock(folder, locked)]
            unfinished = [Path(entry.path) for folder in dead for entry in _entries(folder)]
            known = logged() if unfinished else frozenset()
            removed = sum(self._finish(draft, known) for draft in unfinished)
            for folder in dead:
                folder.rmdir()
        return removed

    def _finish(self, draft: Path, known: AbstractSet[str]) -> bool:
        """Whether an unfinished file was taken back."""
        address = file_address(draft)
        if address not in known:
            unlink_address(self.path(address))
        draft.unlink()
        return address not in known

    def _require_pending(self) -> None:
        if not os.path.lexists(self._pending):
            make_folder(self._pending, exist_ok=True)  # some backups leave empty folders out
        for path in self._strange_pending():
            raise not_ours(path, "store.objects_strange_pending")

    def _pending_folders(self) -> Iterator[Path]:
        return (Path(entry.path) for entry in _entries(self._pending) if _is_named_folder(entry, _WRITER))

    def read(self, address: str) -> Iterator[bytes]:
        """The object's bytes in chunks; see the port."""
        try:
            source = self.path(address).open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise ObjectMissingError("object_missing.not_there", address=address) from error
        with source:
            while chunk := source.read(CHUNK_BYTES):
                yield chunk

    def require(self, address: str) -> None:
        """Check that an object lies at this address; see the port."""
        require_object(self._root, address)

    def size(self, address: str) -> int:
        """How many bytes an object has; 0 where it is gone."""
        try:
            return self.path(address).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return 0

    def remove(self, address: str) -> bool:
        """Remove an object for good; see the port."""
        place = self.path(address)
        if not place.is_file():
            return False
        with storage_errors(self._root):
            unlink_address(place)
        return True

    def addresses(self) -> Iterator[str]:
        """The address of every settled object; see the port."""
        # unfinished names between two looks at the objects: what is put or settled meanwhile is left out, or is
        # logged; what is taken back meanwhile is gone from the second look
        found = list(self._settled_or_pending())
        unfinished = {entry.inode() for folder in self._pending_folders() for entry in _entries(folder)}
        still = {entry.name for entry in self._settled_or_pending()}
        yield from (entry.name for entry in found if entry.inode() not in unfinished and entry.name in still)

    def _settled_or_pending(self) -> Iterator[os.DirEntry[str]]:
        shelves = (Path(entry.path) for entry in _entries(self._root) if _is_named_folder(entry, _SHELF))
        return (entry for shelf in shelves for entry in _entries(shelf) if _is_object(shelf, entry))

    def strangers(self) -> Iterator[Path]:
        """Everything that cannot belong to this store; see the port."""
        for entry in _entries(self._root):
            if _is_named_folder(entry, _SHELF):
                shelf = Path(entry.path)
                yield from (Path(each.path) for each in _entries(shelf) if not _is_object(shelf, each))
            elif Path(entry.path) != self._pending:
                yield Path(entry.path)
        yield from self._strange_pending()

    def _strange_pending(self) -> Iterator[Path]:
        if os.path.lexists(self._pending) and not _is_folder(self._pending):
            yield self._pending
            return
        for entry in _entries(self._pending):
            if not _is_named_folder(entry, _WRITER):
                yield Path(entry.path)
                continue
            yield from (
                Path(each.path) for each in _entries(Path(entry.path)) if not each.is_file(follow_symlinks=False)
            )


def _lock(folder: Path, locked: ExitStack) -> bool:
    """Lock a dead writer's folder; False where the writer lives."""
    handle = lock_folder(folder)
    if handle is not None:
        locked.callback(os.close, handle)
    return handle is not None


def _entries(directory: Path) -> list[os.DirEntry[str]]:
    """Every entry, in order; none where there is no such directory."""
    try:
        with os.scandir(directory) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_named_folder(entry: os.DirEntry[str], name: re.Pattern[str]) -> bool:
    return bool(name.fullmatch(entry.name)) and entry.is_dir(follow_symlinks=False)


def _is_object(shelf: Path, entry: os.DirEntry[str]) -> bool:
    named = _ADDRESS.fullmatch(entry.name) and entry.name.startswith(shelf.name)
    return bool(named) and entry.is_file(follow_symlinks=False)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
