"""Bundles that lie in a home until a call fetches them: what each shows, and the end of those that show too much."""

import json
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa

from casefiles.format.layout import ITEMS_JSONL
from evidence.store.erase import erased_among, lost_among
from evidence.store.freeze import is_frozen, waiting_freezes

BUNDLES = "bundles"
"""Their folder in a home."""


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
