"""Recognises what a person gave in place of an export; it reads nothing but the first bytes.

It runs only after a path turned out not to be an export: a folder above or below the right one, an
archive, an HTML export, what another program wrote, or nothing at all.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from monitor.desktop.programs import program_of
from monitor.errors import NotAnExportError

MOST_ENTRIES = 10_000
"""How many entries of a folder are looked through for an export."""
MOST_OFFERED = 5
_ARCHIVES = (b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")


def told_better(path: Path, result: str) -> NotAnExportError | None:
    """A better error for ``path``, which is not an export; None where it cannot be recognised.

    Args:
        result: The file that makes a folder an export.
    """
    try:
        return _told(path, result)
    except ValueError:  # a name that no system can hold
        return None
    except (FileNotFoundError, NotADirectoryError):
        return NotAnExportError("not_an_export.no_such_folder", where=str(path), expected=result)
    except OSError:
        return None


def not_in_archive(path: Path, folder: Path, count: int) -> NotAnExportError:
    """The error for archives in which there is no export, or more than one.

    Args:
        path: The first of them.
        folder: Where it was unpacked.
        count: Of the exports in it.
    """
    if count:
        return NotAnExportError("not_an_export.several_in_archive", where=str(path), count=count)
    return _of_program(path, folder) or NotAnExportError("not_an_export.none_in_archive", where=str(path))


def _of_program(path: Path, looked_at: Path) -> NotAnExportError | None:
    program = program_of(looked_at)
    return NotAnExportError("not_an_export.of_program", where=str(path), program=program) if program else None


def _told(path: Path, result: str) -> NotAnExportError | None:
    where = str(path)
    path.stat()
    if path.name == result or (path / result).is_file():
        return _of_program(path, path if path.is_file() else path / result)
    if told := _beside(path, result):
        return told
    if _is_archive(path):
        return NotAnExportError("not_an_export.archive", where=where, expected=result)
    return _of_program(path, path)


def _beside(path: Path, result: str) -> NotAnExportError | None:
    """The error for a folder above an export, or for what lies in one."""
    where = str(path)
    if path.is_dir() and (below := sorted(_below(path, result))):
        offered = ", ".join(below[:MOST_OFFERED])
        return NotAnExportError("not_an_export.above_it", where=where, offered=offered)
    if within := _around(path, result):
        return NotAnExportError("not_an_export.within_it", where=where, offered=str(within))
    return None


def _below(folder: Path, result: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in islice(entries, MOST_ENTRIES):
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False) and (folder / entry.name / result).is_file():
                    yield str(folder / entry.name)


def _around(path: Path, result: str) -> Path | None:
    """The export in whose folder, or in a folder of whose folder, ``path`` lies."""
    if path.is_file() and path.suffix.lower() == ".json":
        return None  # it may be the export itself, under another name
    return next((each for each in path.resolve().parents[:2] if (each / result).is_file()), None)


def _is_archive(path: Path) -> bool:
    if not path.is_file():  # to open a pipe would wait
        return False
    with path.open("rb") as file:
        return file.read(max(map(len, _ARCHIVES))).startswith(_ARCHIVES)
