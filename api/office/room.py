"""Whether a disk has room for what is about to be written: asked before, since a full disk is found out too late."""

import shutil
from pathlib import Path

from evidence.errors import StorageFullError

BYTES_OF_A_MESSAGE = 8192
"""What a message takes of a home, everything included: 6.5 KB were measured."""
BYTES_OF_AN_ITEM = 16384
"""What an item takes of a bundle and of its copy beside it, a long text included."""
RESERVE_BYTES = 1 << 30
"""What a large body, and what is unpacked from it, leave free: the watch and everybody else need room too."""


def require_room(folder: Path, needed: int) -> None:
    """Check, before a verb begins to write, that the disk of a folder has so many bytes free.

    Raises:
        StorageFullError: It has not; nothing was written.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StorageFullError("storage_full.too_little", where=str(folder), needed=_megabytes(needed), free=free >> 20)


def folder_bytes(path: Path) -> int:
    """How many bytes ``import`` will need: those of the export's files; of its JSON file, those of its folder."""
    folder = path if path.is_dir() else path.parent
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())


def _megabytes(length: int) -> int:
    return -(-length // (1 << 20))
