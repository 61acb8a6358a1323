"""The same message as several sources saw it: linked by channel and number, compared, and none preferred.

An export, the live watch and a saved page write one message in different words, so each is an observation of its own.
A value in which two differ is named; one that a source does not have says nothing against the other.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from api.home import Home
from casefiles.case import held_items, open_events
from casefiles.report.sources import differing
from evidence.canonical import Value
from evidence.observation import Kind
from evidence.seal.age import Identity
from evidence.store import database
from evidence.store.database import reading
from evidence.store.freeze import not_frozen
from evidence.store.upgrade import same_thing, stands

_AT_ONCE = 1000
_MESSAGES = (Kind.MESSAGE.value, Kind.EDIT.value, Kind.SERVICE.value)


@dataclass(frozen=True, slots=True)
class OtherSight:
    """Another item of the same message.

    Attributes:
        acquired_at: When it came, by our clock.
    """

    item_id: str
    kind: str
    acquired_at: str
    idx: int


@dataclass(frozen=True, slots=True)
class ComparedSight:
    """Another item of a message in the same case, compared with it.

    Attributes:
        method: How it came; None where its record says nothing.
        differs: The values by NAME in which both say something, and not the same.
    """

    item_id: str
    method: Value
    differs: tuple[str, ...]


def other_sources(connection: sa.Connection, items: Sequence[str]) -> Mapping[str, Sequence[OtherSight]]:
    """What a verb shows beside messages: item -> the other items of its channel and number, in the order of the log."""
    this, other = database.item.alias("this"), database.item.alias("other")
    pairs = (
        sa.select(this.c.item_id, other.c.item_id, other.c.kind, other.c.acquired_at, other.c.idx)
        .join_from(this, other, is_same_message(this, other))
        .where(not_frozen(other), stands(other))
        .order_by(this.c.idx, other.c.idx)
    )
    found: defaultdict[str, list[OtherSight]] = defaultdict(list)
    for at in range(0, len(items), _AT_ONCE):  # a statement takes no more than so many values
        for item, *sight in connection.execute(pairs.where(this.c.item_id.in_(items[at : at + _AT_ONCE]))):
            found[item].append(OtherSight(*sight))
    return dict(found)


def is_same_message(this: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    """A condition of queries: two items of one message, of which neither stands for the other."""
    one = sa.and_(other.c.channel_id == this.c.channel_id, other.c.message_id == this.c.message_id)
    words = sa.and_(this.c.kind.in_(_MESSAGES), other.c.kind.in_(_MESSAGES))
    return sa.and_(one, words, other.c.idx != this.c.idx, sa.not_(same_thing(this, other)))


def compared_sources(
    home: Home, case_id: str, items: Sequence[str], casework: Identity
) -> Mapping[str, Sequence[ComparedSight]]:
    """What ``case show`` says of items whose message the case has from another source too: item -> the others.

    Two versions from one source are an edit, which is shown as one.
    """
    item = database.item.c
    with reading(home.engine) as connection:
        held = held_items(connection, case_id)
        sights = other_sources(connection, items)
        beside = {one: [each for each in others if each.item_id in held] for one, others in sights.items()}
        rows = connection.execute(sa.select(item.item_id, item.idx).where(item.item_id.in_(beside), not_frozen()))
        places = {row.item_id: row.idx for row in rows}
    wanted = sorted({*places.values(), *(each.idx for others in beside.values() for each in others)})
    said = {event.index: event.record.values for event in open_events(home.engine, wanted, casework) if event.record}
    found = {
        one: [_compared(said[places[one]], each, said[each.idx]) for each in others if each.idx in said]
        for one, others in beside.items()
        if places.get(one) in said
    }
    told = {
        one: [each for each in others if each.method != said[places[one]].get("method")]
        for one, others in found.items()
    }
    return {one: others for one, others in told.items() if others}


def _compared(values: Mapping[str, Any], other: OtherSight, said: Mapping[str, Any]) -> ComparedSight:
    return ComparedSight(other.item_id, said.get("method"), differing(values, said))
