"""Checks the types of stored values: SQLite keeps a type beside each value, and a flipped bit changes it."""

from config.errors import Where
from evidence.errors import StoreError

MOST = (1 << 62) - 1
"""No index and no size is larger; what is computed from one still fits into 64 bits."""


def stored_bytes(value: object, *, where: Where) -> bytes:
    """Check that a stored value is bytes; ``where`` names table and row.

    Raises:
        StoreError: It is of another type.
    """
    if not isinstance(value, bytes):
        raise StoreError("store.no_bytes", where=where, found=_type(value))
    return value


def stored_int(value: object, *, where: Where, most: int = MOST) -> int:
    """Check that a stored value is an integer from 0 to ``most``; ``where`` names table and row.

    Raises:
        StoreError: It is of another type, or out of range.
    """
    if type(value) is not int or not 0 <= value <= most:
        found = str(value) if type(value) is int else _type(value)
        raise StoreError("store.no_number", where=where, most=most, found=found)
    return value


def _type(value: object) -> str:
    return "null" if value is None else type(value).__name__
