"""Bytes that have reached the disk: fsync and link, nothing else.

An fsync that failed is never tried again: the kernel may have dropped the dirty pages and
would answer success (see the "fsyncgate" discussions of 2018). The caller stops instead.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from evidence.errors import StorageFullError, StoreError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FAILED = frozenset({errno.EIO, errno.EROFS})


@contextlib.contextmanager
def storage_errors(where: Path) -> Iterator[None]:
    """Turn "no space" and "the disk failed", as bytes are brought to the disk, into our errors.

    Raises:
        StorageFullError: ENOSPC or EDQUOT came from inside.
        StoreError: EIO or EROFS came from inside; of which disk, the system does not say.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FAILED:
            raise StoreError(
                "store.disk_failed", where=str(where), system=error.strerror or type(error).__name__
            ) from error
        if error.errno not in _FULL:
            raise
        raise StorageFullError("storage_full.no_space", where=str(where)) from error


def sync_directory(directory: Path) -> None:
    """Sync a directory: on return its entries have reached the disk."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path, *, mode: int = 0o700, parents: bool = False, exist_ok: bool = False) -> None:
    """Make a folder; on return its entry has reached the disk, and so have those of its parents that were made.

    Raises:
        FileExistsError: Something lies there, or is no folder where one may be.
        OSError: An entry could not be brought to the disk; what was made is not left behind.
    """
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(mode=mode, parents=parents, exist_ok=exist_ok)
    try:
        for each in made:
            sync_directory(each.parent)  # a parent may be writable and not readable, and so cannot be opened
    except OSError:
        for each in made:
            each.rmdir()
        raise


def write_file(file: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Create ``file`` with ``data``; on return bytes and directory entry have reached the disk.

    Raises:
        FileExistsError: There is such a file; it was not touched.
        StorageFullError: No space; the file is not left behind.
    """
    write_new(file, (data,), mode=mode)
    with storage_errors(file.parent):
        sync_directory(file.parent)


def write_new(file: Path, chunks: Iterable[bytes], *, mode: int = 0o600) -> str:
    """Create ``file`` of chunks, and return the lower hex SHA-256 of its bytes, which have then reached the disk.

    Its directory entry has not: whoever writes many files syncs their folder once.

    Raises:
        FileExistsError: There is such a file; it was not touched.
        StorageFullError: No space; the file is not left behind.
    """
    digest = hashlib.sha256()
    with storage_errors(file.parent):
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(handle, "wb") as sink:
                for chunk in chunks:
                    digest.update(chunk)
                    sink.write(chunk)
                sink.flush()
                os.fsync(sink.fileno())
        except BaseException:
            file.unlink(missing_ok=True)
            raise
    return digest.hexdigest()


def read_back(file: Path) -> str:
    """The lower hex SHA-256 of a file that was synced, read from its disk and not from memory where the system can."""
    with file.open("rb", buffering=0) as source:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(source.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return hashlib.file_digest(source, "sha256").hexdigest()


def replace_file(file: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Put ``data`` in the place of ``file`` at once: a reader sees the old bytes or the new ones."""
    fresh = file.with_name(file.name + ".new")
    with storage_errors(file.parent):
        fresh.unlink(missing_ok=True)
        write_file(fresh, data, mode=mode)
        fresh.replace(file)
        sync_directory(file.parent)


def move_file(file: Path, to: Path) -> None:
    """Give ``file`` the name ``to`` at once, whatever had it; on return both entries have reached the disk."""
    with storage_errors(to.parent):
        file.replace(to)
        sync_directory(to.parent)


@contextlib.contextmanager
def reading_of(place: Path) -> Iterator[None]:
    """Keep ``remove_folder`` from removing a folder on the disk while it, or a file in it, is read."""
    with _open_folder(place if place.is_dir() else place.parent) as handle:
        if handle is not None:
            with contextlib.suppress(OSError):  # others lock it too, or the disk has no locks: then nobody waits
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield


def remove_folder(folder: Path, *, read_at: Path) -> None:
    """Remove a folder from the disk with what is in it.

    Args:
        read_at: The folder, or one in it, that readers hold.

    Raises:
        BlockingIOError: Somebody reads it.
    """
    with _open_folder(read_at) as handle:
        if handle is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _open_folder(folder: Path) -> Iterator[int | None]:
    """A handle on a folder; None if there is no such folder, or it may not be read."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        yield None
        return
    try:
        yield handle
    finally:
        os.close(handle)
