"""Identifiers as people type them: a beginning that only one item or case has stands for the whole, as in git.

What is logged is always the whole identifier.
"""

import re
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from api.home import Home
from evidence.errors import UnknownItemError
from evidence.store import database
from evidence.store.database import reading
from evidence.store.erase import erased_among, lost_among, require_not_erased
from evidence.store.freeze import not_frozen, require_shown

LEAST = 4
"""How many characters a beginning has at least."""
SHOWN = 8
"""How many characters of an item's identifier a list shows at least."""
CASE = "case-"
_HEX = re.compile(r"[0-9a-f]+")
_LISTED = 6
"""How many candidates are named."""
_ITEM_HEX, _CASE_HEX = 32, 12


def item_of(home: Home, text: str, *, frozen: bool = False) -> str:
    """The item that a person typed, by its identifier or the beginning of one.

    Args:
        frozen: Whether it may be one that is frozen, too.

    Raises:
        UnknownItemError: No item has it, several do, which are named, or the one that has it is frozen or was erased.
    """
    begun = text.strip().lower()
    _require_begun(begun, text, most=_ITEM_HEX, code="unknown_item.no_such_item")
    shown = () if frozen else (not_frozen(),)
    found = _begun(home, database.item.c.item_id, begun, *shown)
    if not found and shown and (hidden := _begun(home, database.item.c.item_id, begun)):
        with reading(home.engine) as connection:
            require_shown(connection, hidden[0])
    if not found:
        with reading(home.engine) as connection:
            require_not_erased(connection, [begun])
    return _only(found, text, code="unknown_item.no_such_item")


def items_meant(home: Home, texts: Iterable[str], *, frozen: bool = False) -> tuple[str, ...]:
    """The items that a person typed, in their order, each once; ``frozen`` as ``item_of`` has it.

    Raises:
        UnknownItemError: One of them means none, or several.
    """
    return tuple(dict.fromkeys(item_of(home, text, frozen=frozen) for text in texts))


def erasable_meant(home: Home, texts: Iterable[str]) -> tuple[str, ...]:
    """The items that a person typed to ``erase``; whole identifiers may be of items that were erased already.

    Raises:
        UnknownItemError: One of them means none, or several.
    """
    found = dict[str, None]()
    with reading(home.engine) as connection:
        gone = erased_among(connection, texts := [text.strip().lower() for text in texts])
        gone |= lost_among(connection, texts).keys()
    for text in texts:
        found[text if text in gone else item_of(home, text, frozen=True)] = None
    return tuple(found)


def case_of(home: Home, text: str) -> str:
    """The case that a person typed, by its identifier or the beginning of one; ``case-`` may be left out.

    Raises:
        UnknownItemError: No case has it, or several do, which are named.
    """
    begun = text.strip().lower().removeprefix(CASE)
    _require_begun(begun, text, most=_CASE_HEX, code="unknown_item.no_such_case")
    return _only(_begun(home, database.case_file.c.case_id, CASE + begun), text, code="unknown_item.no_such_case")


def shown_length(home: Home) -> int:
    """How many characters of an identifier lists show: so many tell every item from every other."""
    column = database.item.c.item_id
    with reading(home.engine) as connection:
        for length in range(SHOWN, _ITEM_HEX):
            begun = sa.select(sa.func.count() - sa.func.count(sa.distinct(sa.func.substr(column, 1, length))))
            if connection.execute(begun.select_from(database.item)).scalar_one() == 0:
                return length
    return _ITEM_HEX


def _require_begun(begun: str, text: str, *, most: int, code: str) -> None:
    """Check that this can be the beginning of an identifier.

    Raises:
        UnknownItemError: It cannot.
    """
    if not _HEX.fullmatch(begun) or len(begun) > most:
        raise UnknownItemError(code, found=text[:64])
    if len(begun) < LEAST:
        raise UnknownItemError("unknown_item.too_short", least=LEAST, found=text[:64])


def _begun(home: Home, column: sa.Column[str], begun: str, *where: sa.ColumnElement[bool]) -> Sequence[str]:
    # a span of names and not LIKE: an index serves it, and nothing in it is a pattern
    wanted = sa.select(column).where(column >= begun, column < begun + "g", *where).order_by(column).limit(_LISTED + 1)
    with reading(home.engine) as connection:
        return connection.execute(wanted).scalars().all()


def _only(found: Sequence[str], text: str, *, code: str) -> str:
    if not found:
        raise UnknownItemError(code, found=text[:64])
    if len(found) > 1:
        named = ", ".join(found[:_LISTED]) + (", ..." if len(found) > _LISTED else "")
        raise UnknownItemError("unknown_item.ambiguous", found=text[:64], candidates=named)
    return found[0]
