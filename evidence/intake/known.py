"""What the store holds at the places of one batch, so that what is known is not kept twice.

Asked outside of the turn to skip work, and again inside it, where alone the answer holds.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import sqlalchemy as sa

from evidence.observation import Kind, Mode
from evidence.store import database
from evidence.store.erase import erased_marks, erased_places
from evidence.store.marks import HALF_BYTES, Marks, SeenKey, hole_mark, observed_marks, place_mark
from evidence.store.payload import lost_parts

_RANK = {Mode.METADATA_ONLY: 0, Mode.HASH_ONLY: 1, Mode.SEALED: 2}
_WHOLE = 32
"""Bytes of a mark that tells one thing from every other; that of a message's words has fewer."""
_WORDS = frozenset({Kind.MESSAGE.value, Kind.EDIT.value})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an observation or a hole must find in the store to count as known.

    Attributes:
        number: Of the message, or the first of a hole's span.
        marks: Its own.
        edited: A message that says it was edited.
        unread: A file whose bytes may not be read: one at its place will do, if the source calls it the same.
        modes: In which a row counts; None when all do.
        payload: A row with a payload counts in any mode.
        at: The mark of its place, of the words of a message that everybody numbers alike.
    """

    table: sa.Table
    channel_id: str
    number: int | None
    marks: Marks
    edited: bool = False
    unread: bool = False
    modes: frozenset[str] | None = None
    payload: bool = False
    at: bytes | None = None

    @property
    def place(self) -> tuple[str, str, int | None]:
        """The place in the store where rows of the same thing are."""
        return self.table.name, self.channel_id, self.number


def wanted_item(key: SeenKey, values: Mapping[str, Any], mode: Mode, *, pictured: bool) -> Wanted:
    """What an ``observed`` event must find in the store to be known already.

    A file counts as known when it was kept in this mode or a higher one; a message in any, unless its raw
    bytes embed a picture, which only ``sealed`` keeps.

    Raises:
        ValueError: A file that is not read, and no message carries it: nothing but its name would tell it from others.
    """
    marks = observed_marks(key, values)
    number = None if values["message_id"] is None else int(values["message_id"])
    enough = frozenset(each.value for each in Mode if _RANK[each] >= _RANK[mode])
    if values["kind"] != Kind.FILE:
        edited = bool(values.get("edited_at")) and values["kind"] in _WORDS
        modes = enough if pictured and mode is Mode.SEALED else None
        at = _place_of_words(key, values)
        return Wanted(database.item, values["channel_id"], number, marks, edited, modes=modes, payload=True, at=at)
    unread = not values.get("sha256")
    if unread and not values.get("message_sha256"):
        raise ValueError("a file that is not read and belongs to no message")
    return Wanted(database.item, values["channel_id"], number, marks, unread=unread, modes=enough)


def _place_of_words(key: SeenKey, values: Mapping[str, Any]) -> bytes | None:
    """By what the words of a message are known if something of it was erased because it may show a child.

    # LIMIT: in a private chat and a basic group each account numbers the messages for itself, so another message may
    # have this number. Its words are not to be lost, and those of a child's post come in again there.
    """
    if values["kind"] not in _WORDS or values["message_id"] is None or not _numbers_its_messages(values["channel_id"]):
        return None
    return place_mark(key, values["channel_id"], int(values["message_id"]))


def wanted_hole(key: SeenKey, values: Mapping[str, Any]) -> Wanted:
    """What a ``hole`` must find in the store to be known already."""
    number = None if values["lo"] is None else int(values["lo"])
    return Wanted(database.hole, values["channel_id"], number, Marks(hole_mark(key, values)))


@dataclass(frozen=True, slots=True)
class Held:
    """A row of the store, or what stands earlier in the batch.

    Attributes:
        event_id: Of the event that it follows from; None for a hole of the store.
        index: Its log index; None for what is not logged yet.
        whole: Every sealed part of it is there.
        erased: It was erased, and nothing of it is kept again, in any mode.
        at: Of what was erased because it may show a child: the mark of the place whose words are not kept again.
    """

    marks: Marks
    event_id: str | None
    index: int | None
    kind: str | None = None
    mode: str | None = None
    payload: bool = False
    whole: bool = True
    erased: bool = False
    at: bytes | None = None


class Known:
    """The rows at the places of a batch, and what the batch itself adds as it goes."""

    def __init__(self, rows: Iterable[tuple[tuple[str, str, int | None], Held]] = ()) -> None:
        self._held: dict[tuple[str, str, int | None], list[Held]] = defaultdict(list)
        for place, held in rows:
            self._held[place].append(held)

    @classmethod
    def read(cls, connection: sa.Connection, wanted: Iterable[Wanted], require: Callable[[str], object]) -> "Known":
        """Read what the store holds at these places; bounded by what it holds of their messages.

        Args:
            require: Raises ObjectMissingError where no object lies at an address.
        """
        by_channel: dict[tuple[str, str], list[Wanted]] = defaultdict(list)
        for each in wanted:
            by_channel[each.table.name, each.channel_id].append(each)
        every = [each for group in by_channel.values() for each in group]
        rows = (row for group in by_channel.values() for row in _rows(connection, group, require))
        return cls(chain(rows, _erased(connection, every)))

    def in_no_doubt(self, wanted: Iterable[Wanted | None]) -> list[Wanted | None]:
        """The same, but for edits of which nobody can tell whether they are of the message that is held.

        In a private chat and a basic group each account numbers the messages, so that the same number may
        be another message of another sender, and no mark tells a sender. That the numbers are those of the
        same account shows in a message that is known again, whole, in the same batch. What stands twice in
        one batch is of one account.
        """
        batch = list(wanted)
        again = {each.channel_id for each in batch if each and (held := self.find(each)) and held.kind in _WORDS}
        states = Counter(each.place for each in batch if each and not each.unread)

        def sure(each: Wanted) -> bool:
            return _numbers_its_messages(each.channel_id) or each.channel_id in again or states[each.place] > 1

        return [replace(each, edited=False) if each and each.edited and not sure(each) else each for each in batch]

    def find(self, wanted: Wanted) -> Held | None:
        """The row that this event is known by, if there is one; what lost a sealed part must come again."""
        return next((held for held in self._held[wanted.place] if held.whole and _fits(held, wanted)), None)

    def is_edit(self, wanted: Wanted) -> bool:
        """Whether a message that says it was edited came before, and never with these words."""
        if not wanted.edited or wanted.marks.said is None:
            return False
        before = [held.marks.said for held in self._held[wanted.place] if held.kind in _WORDS and held.marks.said]
        which, what = wanted.marks.said[:HALF_BYTES], wanted.marks.said[HALF_BYTES:]
        words = [said[HALF_BYTES:] for said in before if said[:HALF_BYTES] == which]
        return bool(words) and what not in words

    def add(self, wanted: Wanted, held: Held) -> None:
        """Count this event as known from here on."""
        self._held[wanted.place].append(held)


def _numbers_its_messages(channel_id: str) -> bool:
    """A channel or supergroup does, for everybody; its identifier is digits alone."""
    return channel_id.isdecimal()


def _fits(held: Held, wanted: Wanted) -> bool:
    if held.erased:
        if held.at is not None and held.at == wanted.at:
            return True
        said = held.marks.said
        return held.marks.seen == wanted.marks.seen or (said is not None and said == wanted.marks.said)
    same = held.marks.said == wanted.marks.said if wanted.unread else held.marks.seen == wanted.marks.seen
    if not same:
        return False
    return wanted.modes is None or held.mode in wanted.modes or (wanted.payload and held.payload)


def _rows(
    connection: sa.Connection, group: list[Wanted], require: Callable[[str], object]
) -> Iterator[tuple[tuple[str, str, int | None], Held]]:
    """The rows of one table and channel."""
    table, channel_id = group[0].table, group[0].channel_id
    number = table.c.message_id if table is database.item else table.c.lo
    numbers = sorted({each.number for each in group if each.number is not None})
    loose = [each.marks.seen for each in group if each.number is None]
    at_place: list[sa.ColumnElement[bool]] = [number.in_(numbers)] if numbers else []
    at_place += [sa.and_(number.is_(None), table.c.seen.in_(loose))] if loose else []
    query = sa.select(table, number.label("number")).where(table.c.channel_id == channel_id, sa.or_(*at_place))
    rows = connection.execute(query).all()
    lost = lost_parts(connection, rows, require)
    for row in rows:
        yield (table.name, channel_id, row.number), replace(_held(table, row), whole=row.idx not in lost)


def _erased(connection: sa.Connection, wanted: Sequence[Wanted]) -> Iterator[tuple[tuple[str, str, int | None], Held]]:
    """The tombstones of what was erased among this, whatever its mode was, and of a child's post whatever it says."""
    at_place = erased_places(connection, {each.at for each in wanted if each.at})
    marks = {mark for each in wanted for mark in (each.marks.seen, each.marks.said) if mark and len(mark) == _WHOLE}
    found = erased_marks(connection, marks)
    by_mark = {mark: each for each in found for mark in (each.seen, each.said) if mark}
    for each in wanted:
        tombstone = by_mark.get(each.marks.seen) or by_mark.get(each.marks.said or b"") or at_place.get(each.at or b"")
        if tombstone is not None:
            marked = Marks(tombstone.seen, tombstone.said)
            held = Held(marked, tombstone.item_id, tombstone.index, erased=True, at=tombstone.place)
            yield each.place, held


def _held(table: sa.Table, row: sa.Row[Any]) -> Held:
    if table is database.hole:
        return Held(Marks(row.seen), None, row.idx)
    payload = row.payload_sha256 is not None
    return Held(Marks(row.seen, row.said), row.item_id, row.idx, kind=row.kind, mode=row.mode, payload=payload)
