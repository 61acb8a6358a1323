"""Files that somebody brings one by one: screenshots, pictures, videos, documents, pages, exports of other programs.

Each is kept as it is. Nothing in it is read as a message, so it says of itself neither who posted it nor when.
"""

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from evidence.canonical import Value, text_value
from evidence.observation import Kind, Medium, Observation
from monitor.errors import BroughtFileError
from monitor.previews import strip_previews


@dataclass(frozen=True, slots=True)
class BroughtFile:
    """One file that somebody brings.

    Attributes:
        name: As it is recorded; of a part of a page, below the page's folder.
        said: Values by NAME that say more of it.
    """

    path: Path
    name: str
    said: Mapping[str, Value] = field(default_factory=dict)


def require_files(paths: Sequence[Path]) -> int:
    """Check that each path to be brought is a file that can be read; return how many bytes they have together.

    Raises:
        BroughtFileError: One is not there, is not a file, or is refused by the system; it says which.
    """
    return sum(_length(path) for path in paths)


def brought_files(
    files: Sequence[BroughtFile], *, place: str, source: str, random: Callable[[int], str]
) -> list[Observation]:
    """One observation for each file that somebody brings; its bytes are read when it is kept.

    Args:
        place: Where they are kept: the identifier of what one person brings at one time.
        source: What that person says about where they come from.
        random: Given the number of a file among them, 128 bits as hex that nobody can guess.
    """
    return [_observation(file, place, source, number, random(number)) for number, file in enumerate(files)]


def _observation(file: BroughtFile, place: str, source: str, number: int, unguessed: str) -> Observation:
    name = strip_previews(file.name).value
    fields = {"channel_title": text_value(source), "file_name": name, "position": str(number)}
    # the mark of a short file covers this too: whoever has the collector's key cannot confirm a guess of its bytes
    random: Mapping[str, Value] = {"acquisition": {"random": unguessed}}
    medium = Medium(file.name, partial(_opened, file.path))
    return Observation(Kind.FILE, place, None, None, {**file.said, **fields, **random}, medium=medium)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file, if it is one still: to open a pipe that took its place would wait for ever."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise FileNotFoundError(path)
        yield file


def _length(path: Path) -> int:
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise BroughtFileError("brought_file.folder", where=str(path))
        if not stat.S_ISREG(found.st_mode):
            raise BroughtFileError("brought_file.no_file", where=str(path))
        with _opened(path):
            return found.st_size
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise BroughtFileError("brought_file.missing", where=str(path)) from error
    except OSError as error:
        raise BroughtFileError("brought_file.refused", where=str(path), system=error.strerror or "") from error
