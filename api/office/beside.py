"""Which items belong together: a message, and the files that it carried.

Both are items of their own, since a file is kept once for each message that carried it. Of what was kept in several
modes, the highest alone belongs to the other.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from evidence.observation import Kind
from evidence.store import database
from evidence.store.freeze import not_frozen
from evidence.store.upgrade import stands

_MESSAGES = (Kind.MESSAGE.value, Kind.SERVICE.value)
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Belonging:
    """An item that belongs to another."""

    item_id: str
    kind: str


def beside(connection: sa.Connection, items: Sequence[str]) -> Mapping[str, tuple[Belonging, ...]]:
    """What a verb shows beside its items: the message of each file and the files of each message.

    They come in the order of the log; items without are left out.
    """
    this, other = database.item.alias("this"), database.item.alias("other")
    pairs = (
        sa.select(this.c.item_id, other.c.item_id, other.c.kind)
        .join(other, sa.and_(other.c.channel_id == this.c.channel_id, other.c.message_id == this.c.message_id))
        .where(stands(other), not_frozen(other), _is_file(this) != _is_file(other), _is_either(this), _is_either(other))
        .order_by(this.c.idx, other.c.idx)
    )
    found: defaultdict[str, list[Belonging]] = defaultdict(list)
    for at in range(0, len(items), _AT_ONCE):  # a statement takes no more than so many values
        for item, *belongs in connection.execute(pairs.where(this.c.item_id.in_(items[at : at + _AT_ONCE]))):
            found[item].append(Belonging(*belongs))
    return {item: tuple(others) for item, others in found.items()}


def _is_file(item: sa.FromClause) -> sa.ColumnElement[bool]:
    return item.c.kind.in_((Kind.FILE.value,))


def _is_either(item: sa.FromClause) -> sa.ColumnElement[bool]:
    return item.c.kind.in_((Kind.FILE.value, *_MESSAGES))
