"""What the holes of a bundle say is missing, and which of its items are that part after all.

The rule of the store (``evidence.completeness``), applied to the values that are shown: what a reader of the bundle
can find out for himself. If the values that would tell are withheld, or the item is not in the bundle, only the sender
can say so (``received`` of ``case.json``). Pure; standard library only.
"""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from contextlib import suppress

from casefiles.errors import RecordsError
from casefiles.format.records import ITEM, DisclosedLeaf
from evidence.canonical import Json
from evidence.completeness import NOT_RECEIVED, Had, Lost, MessagePart, Receipt, receipts
from evidence.content import message_sha256
from evidence.log.schema import SCHEMAS
from evidence.observation import OF_A_PART, HoleReason, Kind, Mode

_HOLE = "hole"
_AS_IT_CAME = frozenset({Kind.MESSAGE.value, Kind.EDIT.value, Kind.SERVICE.value})
"""What may be kept as it came, so that a hole may say that it was not; a channel's identity does not tell its title."""
_PLACE = frozenset({"channel_id", "position"})


def received(records: Iterable[DisclosedLeaf]) -> Mapping[int, Receipt]:
    """What the report says arrived later: for each hole, the items that are what was missing, or perhaps are.

    Holes and items are by their log index.
    """
    every = list(records)
    lost = [hole for record in every if record.leaf.type == _HOLE for hole in _lost(record)]
    places = {hole.part.place for hole in lost}
    had = (item for record in every if record.leaf.type == ITEM for item in _had(record, places))
    return receipts(lost, had)


def unshown(records: Iterable[DisclosedLeaf], known: Collection[int]) -> list[str]:
    """The holes that a report calls received although no shown item is their part, as ``case.json`` lists them.

    Args:
        known: The log indexes of holes whose part the store has.
    """
    every = list(records)
    shown, holes = received(every), {record.index for record in every if record.leaf.type == _HOLE}
    return [str(index) for index in sorted(holes.intersection(known)) if not shown.get(index, NOT_RECEIVED).same]


def require_received(records: Iterable[DisclosedLeaf], told: Iterable[str]) -> None:
    """Check what the report says about parts that were received and are not items that are shown.

    Raises:
        RecordsError: One is not a hole that may be in the place of a part, or its part is an item that is shown; or one
            is there twice or out of order.
    """
    every = list(records)
    shown, holes = received(every), {record.index: record for record in every if record.leaf.type == _HOLE}
    before = -1
    for index in map(int, told):
        hole = holes.get(index)
        if hole is None or not _may_be_of_a_part(hole) or index <= before or shown.get(index, NOT_RECEIVED).same:
            raise RecordsError("records.received_of_no_such_hole", index=index)
        before = index


def _may_be_of_a_part(hole: DisclosedLeaf) -> bool:
    """Whether a hole is in the place of a part, or withholds what would tell."""
    of_one = hole.values.get("lo") == hole.values.get("hi") or not {"lo", "hi"}.isdisjoint(hole.withheld)
    if not of_one or (_least(hole) is None and "hole" not in hole.withheld):
        return False
    placed = _text(hole, "position") is not None or "position" in hole.withheld
    return placed or hole.values.get("hole", HoleReason.MODE.value) == HoleReason.MODE.value


def _lost(hole: DisclosedLeaf) -> Iterator[Lost]:
    least, position, lo = _least(hole), _text(hole, "position"), _text(hole, "lo")
    hidden = not _PLACE.union({"lo", "hi"}).isdisjoint(hole.withheld)
    if least is None or hidden or not _may_be_of_a_part(hole):
        return
    channel = _text(hole, "channel_id")
    shared = None not in (position, lo, channel) and str(channel).isdecimal()
    yield Lost(hole.index, MessagePart((channel, lo, position), _text(hole, "message_sha256"), shared), least)


def _had(item: DisclosedLeaf, places: Collection[Hashable]) -> Iterator[Had]:
    """The item as the part that it is, if one is missing from its place."""
    if not _PLACE.union({"message_id", "mode", "kind"}).isdisjoint(item.withheld):
        return
    kind, position = _text(item, "kind"), _text(item, "position")
    is_file = kind == Kind.FILE.value
    if not (position is not None if is_file else kind in _AS_IT_CAME):
        return
    place = (_text(item, "channel_id"), _text(item, "message_id"), position if is_file else None)
    if place not in places:  # nearly every one, and its identity takes time
        return
    state = _text(item, "message_sha256") if is_file else _identity(item)
    with suppress(ValueError):
        yield Had(item.index, MessagePart(place, state, is_file), Mode(_text(item, "mode") or ""))


def _least(hole: DisclosedLeaf) -> Mode | None:
    """The lowest mode in which an item has what is missing; None if the hole is in the place of no part."""
    with suppress(ValueError):
        return OF_A_PART.get(HoleReason(_text(hole, "hole") or ""))
    return None


def _identity(message: DisclosedLeaf) -> str | None:
    """The identity of a message, if everything that it is made of is shown."""
    hidden = set(message.withheld) & set(SCHEMAS[ITEM].subject)
    return None if hidden else message_sha256(message.values)


def _text(record: DisclosedLeaf, name: str) -> str | None:
    value: Json = record.values.get(name)
    return value if isinstance(value, str) else None
