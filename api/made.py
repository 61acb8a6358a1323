"""What lies in a home to be handed over: bundles until a call fetches them, releases until they are copied out.

What each bundle shows, and the end of what shows too much.
"""

import fcntl
import json
import shutil
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa

from casefiles.format.layout import ITEMS_JSONL
from evidence.store.database import reading
from evidence.store.erase import erased_among, lost_among
from evidence.store.freeze import is_frozen, waiting_freezes
from evidence.store.reviews import is_acted

BUNDLES = "bundles"
"""Their folder in a home."""
RELEASES = "releases"
"""The folder of releases, one for each request, and the file that whoever releases locks."""
LOCK = "lock"


def shown_items(bundle: Path) -> Sequence[str]:
    """The items that a bundle shows, each by its event.

    Raises:
        OSError: It cannot be read.
        zipfile.BadZipFile: It is none.
        KeyError: It has no items.
    """
    with zipfile.ZipFile(bundle) as members:
        return [json.loads(line)["event"] for line in members.read(ITEMS_JSONL).splitlines()]


def shows_erased(connection: sa.Connection, bundle: Path) -> bool:
    """Whether a bundle in a home shows an item that was erased since."""
    items = shown_items(bundle)
    return bool(erased_among(connection, items) or lost_among(connection, items))


def shows_too_much(connection: sa.Connection, bundle: Path) -> bool:
    """Whether a bundle in a home shows what was frozen or erased since, and may not be handed out."""
    if shows_erased(connection, bundle):
        return True
    return bool(waiting_freezes(connection)) and any(is_frozen(connection, each) for each in shown_items(bundle))


def unfinished_releases(connection: sa.Connection, home: Path) -> Sequence[str]:
    """The requests whose release was logged and cut off before all of it was handed over (``api.offline.release``)."""
    folders = sorted(each.name for each in (home / RELEASES).glob("*") if each.is_dir())
    return [name for name in folders if is_acted(connection, name)]


def drop_releases(home: Path) -> None:
    """Remove what waits in a home to be handed over, sealed to a recipient: something of it may have been erased.

    A release that runs at this moment is left alone: it asks the rows itself.
    """
    _drop(home, lambda _request: True)


def drop_unlogged_releases(engine: sa.Engine, home: Path) -> None:
    """Remove what a release that was cut off before it was logged left in a home; one that runs is left alone."""
    if not (home / RELEASES).is_dir():
        return
    with reading(engine) as connection:
        _drop(home, lambda request: not is_acted(connection, request))


def _drop(home: Path, goes: Callable[[str], bool]) -> None:
    folder = home / RELEASES
    if not folder.is_dir():
        return
    with (folder / LOCK).open("w") as lock, suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for each in folder.iterdir():
            if each.is_dir() and goes(each.name):
                shutil.rmtree(each)


def remove_erased(connection: sa.Connection, home: Path) -> int:
    """Remove the bundles in a home that show what was erased, and their letters; return how many."""
    removed = 0
    for bundle in sorted((home / BUNDLES).glob("*.asice")):
        with suppress(OSError, zipfile.BadZipFile, KeyError, ValueError):  # one that is damaged is handed to nobody
            if shows_erased(connection, bundle):
                for file in bundle.parent.glob(f"{bundle.stem}.*"):
                    file.unlink(missing_ok=True)
                removed += 1
    return removed
