"""What the log pins of its home: whom it seals to, its keys, its seal, whose it is.

Entry 0 commits to these values, each ``key_changed`` entry after it to a new one in the place of an old one, and each
``drilled`` entry to when the cards were tried. All are public, so their disclosures lie in the home
(``database.pin``), and whoever opens the home can compare what it would use with what was logged, without a key. Entry
0 itself is bound by its inclusion in the newest checkpoint that was signed, which lies beside the log key.

LIMIT: that a ``key_changed`` entry lost its disclosure, an opening does not see; an audit does. Whoever can write to
home and database can so bring back an older recipient or seal, of which this office had the key, and no other one. A
set of cards is compared with its name only by the drill.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from config.errors import Term
from evidence.canonical import Value, sha256_hex
from evidence.custody.append import TileRows
from evidence.errors import CommitmentError, EvidenceError, HomeError, LeafError
from evidence.log.commit import open_commitments
from evidence.log.leaf import Leaf, parse_leaf
from evidence.log.merkle import verify_inclusion
from evidence.log.note import Checkpoint
from evidence.log.schema import PINNED, require_names, schema_of
from evidence.log.tiles import inclusion_path
from evidence.seal.age import Recipient
from evidence.store import database
from evidence.store.stored import stored_bytes

_SHORT = 120
"""Longest value that is shown as it is, in characters."""
SEAL = "seal"
"""What ``key_changed`` calls the seal's certificate."""
KEY_FILES = "passphrase"
"""What ``key_changed`` calls the key files under the passphrase; entry 0 says nothing of them."""
CARDS = "cards"
"""What ``key_changed`` calls a new set of cards of the same office key; entry 0 names no set."""
DRILL = "drill"
"""By which name of no ``key_changed`` the time of the newest drill is found."""
_PINS = sa.select(database.pin).order_by(database.pin.c.idx)
_LEAF = sa.select(database.event.c.leaf).where(database.event.c.idx == sa.bindparam("at"))
_CHANGES = {
    SEAL: "seal_certificate_sha256",
    "casework": "casework_recipient",
    "matching": "matching_recipient",
    "casework_recovery": "casework_recovery_sha256",
    "matching_recovery": "matching_recovery_sha256",
}
"""What a ``key_changed`` entry can change, and the NAME in entry 0 whose value it replaces."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A value that the log pins.

    Attributes:
        index: Log index of the entry that says so.
    """

    value: Any
    index: int


@dataclass(frozen=True, slots=True)
class InUse:
    """Something that the home would use.

    Attributes:
        name: Its NAME in entry 0.
        where: The file, and the setting in it.
        value: Reads it; raises where it cannot be read.
    """

    name: str
    where: str
    value: Callable[[], Value]


Pins = Mapping[str, Pin]
"""By NAME of entry 0. Empty before the log is opened."""


def read_pins(connection: sa.Connection, signed: Checkpoint | None) -> Pins:
    """What the log, by its entries so far, pins of its home now.

    1. Entry 0 is there, and under ``signed``.  2. Each pinned entry opens by its disclosures.  3. A change
    replaces the value that stood.

    Args:
        signed: The newest checkpoint that was signed; None where there is none, or nobody can know it.

    Raises:
        LogError: One of these does not hold.
        StoreError: A row is of another type.
    """
    rows = connection.execute(_PINS).all()
    lines = {
        row.idx: stored_bytes(row.lines, where=Term("place.pin", index=row.idx)).decode("ascii", "replace")
        for row in rows
    }
    if not lines and signed is None and _leaf(connection, 0) is None:
        return {}
    first = _require_leaf(connection, 0)
    if signed is not None:  # (1)
        path = inclusion_path(TileRows(connection), index=0, size=signed.size)
        verify_inclusion(leaf=first, index=0, tree_size=signed.size, path=path, root=signed.root)
    pins: dict[str, Pin] = {}
    for index in sorted({0, *lines}):
        leaf = parse_leaf(_require_leaf(connection, index))
        shown = open_pin(leaf, lines.get(index, ""), index=index)  # (2)
        if leaf.type == "log_opened":
            pins = {name: Pin(value, index) for name, value in shown.items()}
        elif leaf.type == "drilled":
            pins |= {DRILL: Pin(shown["at"], index)}
        else:
            pins |= _change(pins, shown, index)  # (3)
    return pins


def open_pin(leaf: Leaf, lines: str, *, index: int) -> Mapping[str, Any]:
    """What entry 0, a ``key_changed`` or a ``drilled`` pins of the home, proven by its disclosures.

    Raises:
        LeafError: An entry of this type pins nothing, or not at this place; or what is shown is not what it commits to.
    """
    if leaf.type not in PINNED or (leaf.type == "log_opened") is not (index == 0):
        raise LeafError("leaf.pins_nothing", index=index, found=leaf.type)
    try:
        shown = open_commitments(leaf.commit, lines.split("\n"))
    except CommitmentError as error:
        raise LeafError("leaf.pin_unreadable", index=index, cause=error) from error
    require_names(shown.names, schema_of(leaf.type, leaf.format), where=Term("place.pin", index=index))
    if shown.values.keys() != PINNED[leaf.type]:
        raise LeafError("leaf.other_names_pinned", index=index)
    return shown.values


def _change(pins: Pins, shown: Mapping[str, Any], index: int) -> Pins:
    if shown["key"] == KEY_FILES:  # no value that stood: whoever recovers may have lost the old files
        return {KEY_FILES: Pin(shown["new"], index)}
    if shown["key"] == CARDS and (CARDS not in pins or pins[CARDS].value == shown["old"]):
        return {CARDS: Pin(shown["new"], index)}
    name = _CHANGES.get(shown["key"])
    if name is None or name not in pins or pins[name].value != shown["old"]:
        raise LeafError("leaf.changes_no_pin", index=index, key=str(shown["key"])[:40])
    return {name: Pin(shown["new"], index)}


def _leaf(connection: sa.Connection, index: int) -> bytes | None:
    leaf = connection.execute(_LEAF, {"at": index}).scalar_one_or_none()
    return None if leaf is None else stored_bytes(leaf, where=Term("place.leaf", index=index))


def _require_leaf(connection: sa.Connection, index: int) -> bytes:
    leaf = _leaf(connection, index)
    if leaf is None:
        raise LeafError("leaf.missing_pinning", index=index)
    return leaf


def unpinned(pins: Pins, used: Sequence[InUse]) -> Iterator[EvidenceError]:
    """Every difference between what the home would use and what the log pins."""
    for each in used:
        pin = pins.get(each.name)
        try:
            value = each.value()
        except EvidenceError as error:
            yield error
            continue
        if pin is None or pin.value != value:
            expected = "-" if pin is None else pin_text(pin.value)
            yield HomeError(
                "home.not_pinned",
                where=each.where,
                name=each.name,
                index=0 if pin is None else pin.index,
                expected=expected,
                found=pin_text(value),
            )


class SealingTo:
    """What a writer seals to, compared in each of its turns with the newest entry that pins.

    Args:
        casework: Recipient of every record.
        used: What it seals to for as long as it works.
    """

    def __init__(self, casework: Recipient, used: Sequence[InUse]) -> None:
        self.casework = casework
        self._used = used
        self._seen: int | None = None

    def require(self, connection: sa.Connection) -> None:
        """Check that no key was changed since this writer began, in its turn and before anything is logged.

        Raises:
            HomeError: One was: what this writer sealed, nobody could open.
            LogError: What is pinned cannot be read.
        """
        newest = connection.execute(sa.select(sa.func.max(database.pin.c.idx))).scalar()
        if newest is None or newest == self._seen:
            return
        pins = read_pins(connection, None)
        for each in self._used:
            pin = pins.get(each.name)
            if pin is None or pin.value != each.value():
                raise HomeError("home.keys_changed", where=each.where, index=newest)
        self._seen = newest


def pin_text(value: Value) -> str:
    """A value that the log pins, as people compare it: a short one by itself, a longer one by its SHA-256."""
    text = str(value)
    return text if len(text) <= _SHORT else f"SHA-256 {sha256_hex(text.encode())}"
