"""What was sealed again to another key: the list that a ``key_changed`` entry names by its digest.

The leaf of an older entry names the digest of a row as it was first sealed. The newest list that has the row says
what it hashes to now, so an audit knows this without a key. docs/format.md is the specification.

LIMIT: whoever has the log key and names two persons can log a list of rows that nobody can open. Such rows pass an
audit without a key; an audit with the passphrase finds them, since it opens each row.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import sqlalchemy as sa

from evidence.canonical import sha256_hex
from evidence.errors import EvidenceError
from evidence.log.leaf import Leaf, parse_leaf
from evidence.store import database

RESEALED = "resealed"
"""Name of the row that holds a list, at the entry that names it."""
_HEAD = b"nisisama/resealed/1\n"
_LINE = struct.Struct(">QB32s")
_CODES: Mapping[str, int] = MappingProxyType({"record": 1, "prints": 2, "hashes": 3, "media_header": 4})


@dataclass(frozen=True, slots=True)
class ResealedList:
    """The list of one change.

    Attributes:
        index: Of the entry that names it; only older entries can be in it.
        body: As the row has it: lines in the order of index and code.
    """

    index: int
    body: bytes

    def find(self, index: int, name: str) -> str | None:
        """Lower hex SHA-256 of a row as it was sealed again; None where this list does not have it."""
        code = _CODES.get(name)
        if code is None or index >= self.index:
            return None
        low, high = 0, (len(self.body) - len(_HEAD)) // _LINE.size
        while low < high:
            middle = (low + high) // 2
            found, kind, digest = _LINE.unpack_from(self.body, len(_HEAD) + middle * _LINE.size)
            if (found, kind) == (index, code):
                return bytes(digest).hex()
            if (found, kind) < (index, code):
                low = middle + 1
            else:
                high = middle
        return None


def resealed_list(digests: Mapping[tuple[int, str], bytes]) -> bytes:
    """The list of rows that were sealed again.

    Args:
        digests: By log index and name, the SHA-256 of the row as it is now, 32 bytes.
    """
    lines = sorted((index, _CODES[name], digest) for (index, name), digest in digests.items())
    return _HEAD + b"".join(_LINE.pack(*line) for line in lines)


def rows_listed(body: bytes) -> int:
    """How many rows a list has."""
    return (len(body) - len(_HEAD)) // _LINE.size


@dataclass(frozen=True, slots=True)
class Resealed:
    """Every change of a log.

    Attributes:
        lists: The newest first.
    """

    lists: Sequence[ResealedList] = ()

    def expected(self, index: int, name: str, leaf: Leaf) -> str | None:
        """Lower hex SHA-256 that a row must have now; None where the leaf names none."""
        if (first := leaf.sealed.get(name)) is None:
            return None
        return next((found for each in self.lists if (found := each.find(index, name)) is not None), first)


def read_resealed(connection: sa.Connection) -> Resealed:
    """Every list that an entry of the log names; a list that was changed does not count, and an audit finds its row.

    Raises:
        StoreError: A row is of another type.
    """
    sealed, event = database.sealed.c, database.event.c
    rows = sa.select(sealed.idx, sealed.body, event.leaf).join(database.event, event.idx == sealed.idx)
    rows = rows.join(database.pin, database.pin.c.idx == sealed.idx)  # few: nobody goes through a million rows for it
    found = list[ResealedList]()
    for index, body, leaf in connection.execute(rows.where(sealed.name == RESEALED).order_by(sealed.idx.desc())):
        if isinstance(body, bytes) and isinstance(leaf, bytes) and _is_named(leaf, body):
            found.append(ResealedList(index, body))
    return Resealed(tuple(found))


def _is_named(data: bytes, body: bytes) -> bool:
    try:
        leaf = parse_leaf(data)
    except EvidenceError:
        return False  # reported by log.leaves
    whole = body.startswith(_HEAD) and (len(body) - len(_HEAD)) % _LINE.size == 0
    return whole and leaf.type == "key_changed" and leaf.sealed.get(RESEALED) == sha256_hex(body)
