"""Files that somebody brings one by one: screenshots, pictures, videos, documents, pages, exports of other programs.

Each is kept as it is. Nothing in it is read as a message, so it says of itself neither who posted it nor when.
"""

import secrets
import stat
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from evidence.canonical import text_value
from evidence.observation import Kind, Medium, Observation
from evidence.store.marks import GUESSABLE_BYTES
from monitor.errors import BroughtFileError


def require_files(paths: Sequence[Path]) -> int:
    """Check that each path that somebody brings is a readable file; return how many bytes they have together.

    Raises:
        BroughtFileError: One is not there, is no file, or is refused by the system; it says which.
    """
    return sum(_length(path) for path in paths)


def brought_files(paths: Sequence[Path], *, place: str, source: str) -> list[Observation]:
    """A source's observations of files that somebody brings, one for each; its bytes are read when it is kept.

    Args:
        place: Where they are kept: the identifier of what one person brings from one source.
        source: What that person says about where they come from.
    """
    return [_observation(path, place, source) for path in paths]


def _observation(path: Path, place: str, source: str) -> Observation:
    # whoever has the mark of a short file could guess its bytes: it is never known again, and kept each time it comes
    is_guessable = path.stat().st_size <= GUESSABLE_BYTES
    fields = {"channel_title": text_value(source), "file_name": text_value(path.name)}
    named = {"media": [secrets.token_hex(16)]} if is_guessable else {}
    medium = Medium(path.name, partial(_opened, path))
    return Observation(Kind.FILE, place, None, None, fields | named, medium=medium)


def _opened(path: Path) -> AbstractContextManager[BinaryIO]:
    return path.open("rb")


def _length(path: Path) -> int:
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise BroughtFileError("brought_file.folder", where=str(path))
        if not stat.S_ISREG(found.st_mode):  # to open a pipe or a device may wait for ever
            raise BroughtFileError("brought_file.no_file", where=str(path))
        with path.open("rb"):
            return found.st_size
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise BroughtFileError("brought_file.missing", where=str(path)) from error
    except OSError as error:
        raise BroughtFileError("brought_file.refused", where=str(path), system=error.strerror or "") from error
