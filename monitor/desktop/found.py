"""Where an export lies in what people bring: by the names of files and their first bytes alone.

Nothing that anybody wrote is read here. What a Mac adds to an archive is passed over.
"""

import os
from collections.abc import Iterator
from pathlib import Path

RESULT = "result.json"
"""What makes a folder an export as JSON."""
PAGE = "messages.html"
"""What makes a folder the HTML pages of one chat, where there is no JSON."""
RESULTS = "export_results.html"
"""What makes a folder the HTML pages of a whole account."""
MOST_ENTRIES = 10_000
"""How many folders and files are looked through for an export."""
_DEPTH = 4
_ADDED = "__MACOSX"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


def exports_in(folder: Path) -> list[Path]:
    """The folders of exports in a folder: itself, or those in it, but for what lies in an export."""
    return sorted(_exports(folder, _DEPTH, [MOST_ENTRIES]))


def _exports(folder: Path, depth: int, left: list[int]) -> Iterator[Path]:
    if any((folder / name).is_file() for name in (RESULT, PAGE, RESULTS)):
        yield folder
    elif depth:
        with os.scandir(folder) as entries:
            inner = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False) and entry.name != _ADDED]
        for name in inner:
            left[0] -= 1
            if left[0] > 0:
                yield from _exports(folder / name, depth - 1, left)


def is_archive(file: Path) -> bool:
    """Whether a file begins as a ZIP archive does.

    Raises:
        OSError: It cannot be read.
    """
    with file.open("rb") as opened:
        return opened.read(len(_ZIP[0])).startswith(_ZIP)
