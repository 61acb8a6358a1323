"""Freezes what may show a child: at once, by one person or a hint, and until two persons decide (invariant 10).

Each item gets an entry in the log, with whatever is of its message and album. What comes later of them is frozen by the
condition that every list asks (``evidence.store.freeze``). Nothing is destroyed here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import sqlalchemy as sa

from casefiles.case import require_items
from evidence.canonical import Value, text_value
from evidence.custody.event import Draft, Prepared
from evidence.custody.sequencer import Sequencer
from evidence.match.library import Library
from evidence.store import database
from evidence.store.database import reading
from evidence.store.erase import require_not_erased
from evidence.store.freeze import is_frozen, of_one_post, was_lifted

WITHIN = timedelta(days=1)
"""How long a freeze may wait for a decision before ``doctor`` is red."""
SAME_FILE = "the same file as one that is frozen"
"""What a machine says of a copy."""


class FreezeHint(StrEnum):
    """Whose hint it is that an item may show a child."""

    PERSON = "person"
    MACHINE = "machine"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class FrozenItems:
    """What freezing did.

    Attributes:
        frozen: What is frozen by it now: the items that were named, and what is of their messages and albums.
        left: What was named and is not frozen by it: it was frozen before, or a machine named what two persons have
            looked at.
    """

    frozen: tuple[str, ...]
    left: tuple[str, ...]


def freeze_items(
    engine: sa.Engine,
    sequencer: Sequencer,
    items: Sequence[str],
    *,
    hint: FreezeHint,
    what: str,
    by: Mapping[str, Value],
) -> FrozenItems:
    """Log that items are frozen, each with its message and its album; what is frozen already is not logged again.

    A machine does not freeze again what two persons have looked at; a person and an authority's list do.

    Args:
        what: Why it may show a child, in words; sealed, and no part of a report.
        by: Who acts, by NAME; of a machine ``tool`` and ``at`` alone.

    Raises:
        UnknownItemError: There is no such item; nothing was frozen.
    """
    require_items(engine, items)
    with reading(engine) as connection:
        groups = _groups(connection, items, hint)
    drafts = [
        Draft("frozen", {**by, "what": text_value(what), "hint": hint.value, "frozen_items": group})
        for group in groups.values()
    ]
    prepared = dict(zip(groups, sequencer.prepare(drafts), strict=True))

    def fresh(connection: sa.Connection) -> list[Prepared]:
        require_not_erased(connection, (each for group in groups.values() for each in group))
        return [event for item, event in prepared.items() if not _is_left(connection, item, hint)]

    logged = {placed.event_id for placed in sequencer.turn(fresh)}
    done = tuple(each for item, group in groups.items() if prepared[item].event_id in logged for each in group)
    return FrozenItems(done, tuple(item for item in dict.fromkeys(items) if item not in done))


def freeze_copies(
    engine: sa.Engine, sequencer: Sequencer, library: Library, by: Mapping[str, Value]
) -> FrozenItems | None:
    """Log freezes of the files that are the same, byte for byte, as a frozen one, as far as a library knows them.

    Args:
        by: As ``freeze_items`` has it, of a machine.

    Returns:
        None where there is none.
    """
    if not library.copies:
        return None
    table = database.item.c
    with reading(engine) as connection:
        copies = connection.execute(sa.select(table.item_id).where(table.idx.in_(library.copies))).scalars().all()
    return freeze_items(engine, sequencer, copies, hint=FreezeHint.MACHINE, what=SAME_FILE, by=by)


def _is_left(connection: sa.Connection, item: str, hint: FreezeHint) -> bool:
    """Whether an item is frozen already, or two persons looked at it and a machine may not freeze it again."""
    return is_frozen(connection, item) or (hint is FreezeHint.MACHINE and was_lifted(connection, item))


def _groups(connection: sa.Connection, items: Sequence[str], hint: FreezeHint) -> dict[str, list[str]]:
    """What is frozen with each item: each once, and nothing that is frozen, or that a machine may not freeze again."""
    groups, taken = dict[str, list[str]](), set[str]()
    for item in dict.fromkeys(items):
        if item not in taken and not _is_left(connection, item, hint):
            groups[item] = of_one_post(connection, item)
            taken.update(groups[item])
    return groups
