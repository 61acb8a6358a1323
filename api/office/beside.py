"""Which items belong together: a message, and the files that it carried.

Both are items of their own, since a file is kept once for each message that carried it.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping

import sqlalchemy as sa

from evidence.observation import Kind
from evidence.store import database

_MESSAGES = (Kind.MESSAGE.value, Kind.SERVICE.value)


def beside(connection: sa.Connection, items: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """The message of each file and the files of each message, in the order of the log; items without are left out."""
    this, other = database.item.alias("this"), database.item.alias("other")
    pairs = (
        sa.select(this.c.item_id, other.c.item_id)
        .join(other, sa.and_(other.c.channel_id == this.c.channel_id, other.c.message_id == this.c.message_id))
        .where(this.c.item_id.in_(items), _is_file(this) != _is_file(other), _is_either(this), _is_either(other))
        .order_by(this.c.idx, other.c.idx)
    )
    found: defaultdict[str, list[str]] = defaultdict(list)
    for item, belongs in connection.execute(pairs):
        found[item].append(belongs)
    return {item: tuple(others) for item, others in found.items()}


def _is_file(item: sa.FromClause) -> sa.ColumnElement[bool]:
    return item.c.kind.in_((Kind.FILE.value,))


def _is_either(item: sa.FromClause) -> sa.ColumnElement[bool]:
    return item.c.kind.in_((Kind.FILE.value, *_MESSAGES))
