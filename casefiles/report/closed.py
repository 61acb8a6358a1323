"""When, and by what, gaps of a bundle were closed: what its sender says, and what of that its entries bear out.

A gap is an entry of the log, and what closed it is another: an item that brought a message of the gap, from a newer
export or from the watch. That item may be of no case, so that a bundle cannot show it. ``closed`` of ``case.json``
names its entry, with its time, how it came, and the digest of the export that it came in. Where the bundle shows the
entry, both must agree; where it does not, the entry's disclosures can be handed over later. Pure; standard library
only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from casefiles.errors import RecordsError
from casefiles.format.records import ITEM, DisclosedLeaf
from evidence.canonical import Json
from evidence.observation import HoleReason, Kind

_HOLE = "hole"
_SHOWS = (Kind.MESSAGE.value, Kind.EDIT.value, Kind.SERVICE.value)
_CONTAINER = "container_sha256"
_OF_BOTH = ("at", "method", _CONTAINER)


@dataclass(frozen=True, slots=True)
class Closing:
    """What closed a gap.

    Attributes:
        hole: The log index of the gap.
        entry: The log index of the last item that brought a message of it.
        at: When that item came, by the clock of whoever took it in.
        method: How it came.
        container_sha256: The digest of the export that it came in; None if it came in none, or if that is withheld.
    """

    hole: int
    entry: int
    at: str
    method: str | None
    container_sha256: str | None

    def told(self) -> dict[str, Json]:
        """The object that ``case.json`` has for it."""
        return {
            "at": self.at,
            "container_sha256": self.container_sha256,
            "entry": str(self.entry),
            "hole": str(self.hole),
            "method": self.method,
        }


def told_closings(told: Iterable[Mapping[str, Json]]) -> Mapping[int, Closing]:
    """What ``case.json`` says of gaps that were closed, by the log index of the gap."""
    read = (
        Closing(int(one["hole"]), int(one["entry"]), one["at"], one["method"], one["container_sha256"]) for one in told
    )
    return {closing.hole: closing for closing in read}


def gaps_told_closed(told: Iterable[Mapping[str, Json]]) -> frozenset[int]:
    """The log indexes of the gaps that ``case.json`` says were closed."""
    return frozenset(told_closings(told))


def closed_of(records: Sequence[DisclosedLeaf], known: Iterable[Closing]) -> list[Json]:
    """``closed`` of ``case.json``: of the gaps that are shown, those that were closed.

    Args:
        known: What the store knows of gaps of these channels. The digest is left out where the gap withholds its own.
    """
    holes = {record.index: record for record in records if _is_gap(record)}
    mine = sorted((closing for closing in known if closing.hole in holes), key=lambda closing: closing.hole)
    return [
        {**closing.told(), _CONTAINER: None if _CONTAINER in holes[closing.hole].withheld else closing.container_sha256}
        for closing in mine
    ]


def require_closings(records: Sequence[DisclosedLeaf], told: Sequence[Mapping[str, Json]], *, size: int) -> None:
    """Check what a bundle says about gaps that were closed.

    Args:
        size: The number of entries in the log.

    Raises:
        RecordsError: One is not a gap that is shown, or is there twice or out of order; or what is to have closed it
            is no later entry of the log, or is shown and says another thing.
    """
    shown, before = {record.index: record for record in records}, -1
    for closing in (told_closings([one])[int(one["hole"])] for one in told):
        hole, item = shown.get(closing.hole), shown.get(closing.entry)
        placed = before < closing.hole < closing.entry < size
        if hole is None or not placed or not _is_gap(hole) or not _fits(closing, hole, item):
            raise RecordsError("records.closed_by_no_such_entry", index=closing.hole)
        before = closing.hole


def _is_gap(record: DisclosedLeaf) -> bool:
    return record.leaf.type == _HOLE and record.values.get("hole") == HoleReason.GAP.value


def _fits(closing: Closing, hole: DisclosedLeaf, item: DisclosedLeaf | None) -> bool:
    """Whether the entry that is to have closed a gap can have done so, as far as it is shown."""
    if closing.container_sha256 is not None and _CONTAINER in hole.withheld:
        return False
    if item is None:
        return True
    told, said = closing.told(), item.values
    of_both = (name for name in _OF_BOTH if name in said)
    return (
        item.leaf.type == ITEM
        and said.get("kind") in _SHOWS
        and said.get("channel_id") == hole.values.get("channel_id")
        and _is_within(said.get("message_id"), hole.values.get("lo"), hole.values.get("hi"))
        and all(said[name] == told[name] for name in of_both)
    )


def _is_within(number: Json, lo: Json, hi: Json) -> bool:
    texts = [each for each in (lo, number, hi) if isinstance(each, str) and each.isascii() and each.isdecimal()]
    return texts == sorted(texts, key=int) and len(texts) == len((lo, number, hi))
