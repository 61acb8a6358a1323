"""Lists of hashes: each is a case of its own, with a source in the place of a client, and is compared like one.

A list is added by a person who says where it came from and what it means. Its hashes lie sealed with the entries that
added them (``evidence.match.hash_list``); a row says only which entries these are. A list counts once all
of its parts are there. Its removal destroys the hashes, and whoever holds them in memory drops them with the next look.

A list of child-abuse material raises no alert: what it finds is frozen (``casefiles.freeze``), on the word of whoever
made the list where the file is the same to the byte, and as a machine's hint where a picture is like it. What may only
be like it (``review``) is left alone. Only the log says that a list found it.

The comparison follows the log, each list from its own beginning: so a new list is compared with everything that is
kept, and a new file with every list, in whatever order they come. Lists that have come equally far are compared
together, since opening the prints of a file takes longer than comparing them. What two persons lifted from a freeze is
compared again where its ``unfrozen`` stands: a list of child-abuse material freezes it once if it has this very file,
and leaves it alone once two persons have lifted a freeze that a list made.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

import sqlalchemy as sa

from casefiles.appearance import raise_alerts
from casefiles.case import OpenedEvent, case_drafted, open_events
from casefiles.freeze import FreezeHint, freeze_items
from config.errors import Term
from evidence.authority import Doer
from evidence.canonical import Value, text_value
from evidence.custody.event import Draft, Prepared
from evidence.custody.sequencer import Sequencer
from evidence.errors import EnvelopeError, HashListError, LeafError, NoMatchingKeyError, StoreError, UnknownItemError
from evidence.fingerprint.prints import Prints
from evidence.keys import Unlocked
from evidence.log.leaf import named_entries, parse_leaf
from evidence.match.check import PictureQuery, Tier
from evidence.match.hash_csv import ReadHashes
from evidence.match.hash_list import CommonHashes, HashPart, ListedHashes, hash_parts
from evidence.match.stored import prints_of, sealed_prints
from evidence.seal.age import Identity
from evidence.seal.envelopes import open_whole, seal_whole
from evidence.store import database
from evidence.store.database import reading
from evidence.store.follow import move_together, position_of
from evidence.store.freeze import lifted_among
from evidence.store.projection import Placed
from evidence.store.reviews import types_of
from evidence.store.stored import stored_bytes
from evidence.times import format_time

_ADDED, _REMOVED = "hashes_added", "hashes_removed"
_PARTS_AT_ONCE = 50
"""So many parts are logged in one turn, 16 MB: others write in between."""
_BATCH = 250
"""So many entries are looked at between two writes of the position."""
_FREEZES: Mapping[Tier, tuple[FreezeHint, str]] = MappingProxyType(
    {
        Tier.IDENTICAL: (FreezeHint.LIST, "the same file as one on an authority's list"),
        Tier.MATCH: (FreezeHint.MACHINE, "like a picture on an authority's list"),
    }
)
"""Whose hint it is that a file may show a child, and what is logged of it, by how alike it is."""
_NUMBER = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)
"""Of a part, and of how many there are; the longest list has a thousand."""
_NOT = "not_"
"""Before the kind of what is not compared, in ``counts``."""


class Meaning(StrEnum):
    """What a list says of the pictures whose hashes it holds."""

    SHARED_WITHOUT_CONSENT = "shared_without_consent"
    CHILD_ABUSE = "child_abuse"


@dataclass(frozen=True, slots=True)
class ListProvenance:
    """Where a list came from, as a person declares it.

    Attributes:
        name: What its source calls it.
        provider: The organisation that gave it.
        obtained_on: The day on which it came.
        declared_by: Who says so.
    """

    name: str
    provider: str
    obtained_on: date
    meaning: Meaning
    declared_by: str

    def values(self) -> dict[str, Value]:
        """What is logged of it."""
        return {
            "source_name": text_value(self.name),
            "provider": text_value(self.provider),
            "obtained_on": self.obtained_on.isoformat(),
            "meaning": self.meaning.value,
            "declared_by": text_value(self.declared_by),
        }


@dataclass(frozen=True, slots=True)
class DeclaredList:
    """A list that somebody brought, and where it came from."""

    read: ReadHashes
    provenance: ListProvenance


@dataclass(frozen=True, slots=True)
class HashList:
    """A list that stands.

    Attributes:
        file_sha256: Of the file that it was read from.
        counts: How many hashes of each kind are compared; how many are not, or were there twice (docs/format.md).
        parts: How many it has.
        entries: Where in the log each part is, by its number, those that are there.
        event_id: Of its first part: by it alerts name the list.
    """

    case_id: str
    provenance: ListProvenance
    added_at: str
    added_by: str
    file_sha256: str
    counts: Mapping[str, int]
    parts: int
    entries: Mapping[int, int]
    event_id: str

    @property
    def is_whole(self) -> bool:
        """Whether all of its parts are there, so that it is compared."""
        return len(self.entries) == self.parts


@dataclass(frozen=True, slots=True)
class AddedHashes:
    """What adding a list did.

    Attributes:
        added: How many hashes were added; none of a file that was added before.
        common: How many of its hashes other lists have too.
    """

    case_id: str
    added: int
    counts: Mapping[str, int]
    common: int
    known: bool


def list_counts(read: ReadHashes) -> dict[str, int]:
    """What is told of a case's list of hashes: how many are compared, are not, were there twice, were bad lines."""
    others = {f"{_NOT}{name}": number for name, number in read.not_compared.items()}
    return {**read.counts(), **others, "twice": read.twice, "bad_lines": read.bad_lines}


def standing_lists(engine: sa.Engine, casework: Identity) -> list[HashList]:
    """The lists of hashes that were added and not removed, in the order of the log.

    An entry that nobody can read is not one.
    """
    with reading(engine) as connection:
        types = types_of(connection, [_ADDED, _REMOVED])
        removed = _removed_entries(connection, [index for index, kind in types.items() if kind == _REMOVED])
    added = [index for index, kind in types.items() if kind == _ADDED and index not in removed]
    return _gather(_readable(engine, added, casework))


def _readable(engine: sa.Engine, indexes: Iterable[int], casework: Identity) -> Iterator[OpenedEvent]:
    """The entries at these places, opened; whoever may only add entries stops no list."""
    for index in indexes:
        with suppress(LeafError, NoMatchingKeyError):
            yield from open_events(engine, (index,), casework)


def _removed_entries(connection: sa.Connection, indexes: Iterable[int]) -> set[int]:
    """The entries that removals at these places name."""
    table, removed = database.event.c, set[int]()
    for index in indexes:
        leaf = connection.execute(sa.select(table.leaf).where(table.idx == index)).scalar_one()
        with suppress(LeafError):
            removed |= {entry for entry in named_entries(parse_leaf(bytes(leaf))) if entry < index}
    return removed


def _gather(events: Iterable[OpenedEvent]) -> list[HashList]:
    """The lists to which these parts belong."""
    parts = defaultdict[str, list[OpenedEvent]](list)
    for event in events:
        if event.record:
            parts[str(event.record.values["case"])].append(event)
    lists = list[HashList]()
    for case_id, of_one in parts.items():
        with suppress(KeyError, ValueError, TypeError, AttributeError):  # somebody else's, of another form
            lists.append(_list_of(case_id, of_one))
    return lists


def _list_of(case_id: str, events: Sequence[OpenedEvent]) -> HashList:
    first = events[0]
    values = first.record.values if first.record else {}
    parts = _part_number(values["parts"])
    if parts is None:
        raise ValueError("no number of parts")
    counts = values["counts"]
    provenance = ListProvenance(
        str(values["source_name"]),
        str(values["provider"]),
        date.fromisoformat(str(values["obtained_on"])),
        Meaning(str(values["meaning"])),
        str(values["declared_by"]),
    )
    return HashList(
        case_id,
        provenance,
        str(values["at"]),
        str(values["actor"]),
        str(values["container_sha256"]),
        {name: int(str(number)) for name, number in counts.items()} if isinstance(counts, dict) else {},
        parts,
        dict(_numbered(events, parts)),
        first.leaf.event_id,
    )


def _part_number(value: Value) -> int | None:
    return int(str(value)) if _NUMBER.fullmatch(str(value)) else None


def _numbered(events: Sequence[OpenedEvent], parts: int) -> Iterator[tuple[int, int]]:
    """The number of each part and where it is; an entry that does not agree with the list's first is not part of it."""
    values = [event.record.values for event in events if event.record]
    agrees, seen = ("container_sha256", "parts"), set[int]()
    for event, said in zip(events, values, strict=True):
        number = _part_number(said.get("part"))
        if number is None or number > parts or number in seen:
            continue
        if all(said.get(name) == values[0][name] for name in agrees):
            seen.add(number)
            yield number, event.index


# Added and removed


@dataclass(slots=True)
class _Adding:
    """One list while its parts are logged; others may write between two turns, but add and remove no list."""

    sequencer: Sequencer
    newest: int | None

    def log(self, drafts: Sequence[Draft]) -> None:
        prepared = self.sequencer.prepare(drafts)

        def choose(connection: sa.Connection) -> list[Prepared]:
            if _newest(connection) != self.newest:
                raise HashListError("hash_list.changed_meanwhile")
            return prepared

        self.newest = self.sequencer.turn(choose)[-1].idx


def _newest(connection: sa.Connection) -> int | None:
    """Where in the log a list was last added to or removed."""
    table = database.hash_part.c
    last = connection.execute(sa.select(sa.func.max(table.idx), sa.func.max(table.removed_idx))).one()
    return max((index for index in last if index is not None), default=None)


def add_list(
    engine: sa.Engine,
    sequencer: Sequencer,
    declared: DeclaredList,
    doer: Doer,
    keys: Unlocked,
    hear: Callable[[int], object] = lambda _hashes: None,
) -> AddedHashes:
    """Log a list of hashes as a case of its own, or finish one whose adding was cut short.

    A file that was added adds nothing.

    Args:
        keys: They open what other lists have.
        hear: Is told how many more hashes are kept.

    Raises:
        HashListError: Another list was added or removed meanwhile, or the file was added before with another meaning,
            or begun and reads differently now.
    """
    read, matching = declared.read, keys.matching.recipient
    with reading(engine) as connection:
        newest = _newest(connection)
    lists = standing_lists(engine, keys.casework)
    known = next((each for each in lists if each.file_sha256 == read.file_sha256), None)
    counts, parts = list_counts(read), hash_parts(read)
    if known is not None and known.provenance.meaning is not declared.provenance.meaning:
        raise HashListError("hash_list.other_meaning", case=known.case_id)
    if known is not None and known.is_whole:
        return AddedHashes(known.case_id, 0, known.counts, 0, known=True)
    if known is not None and (known.counts != counts or known.parts != len(parts)):
        raise HashListError("hash_list.other_parts", case=known.case_id)
    common = _in_other_lists(engine, read, lists, keys.matching)
    opening = case_drafted(doer)
    case_id = known.case_id if known else str(opening.values["case"])
    values = {**doer.values(), **(known or declared).provenance.values(), "case": case_id}
    values |= {"counts": {name: str(number) for name, number in counts.items()}, "parts": str(len(parts))}
    values |= {"container_sha256": read.file_sha256}
    missing = [each for each in enumerate(parts, start=1) if known is None or each[0] not in known.entries]
    adding, drafts = _Adding(sequencer, newest), [] if known else [opening]
    for first in range(0, len(missing), _PARTS_AT_ONCE):
        some = missing[first : first + _PARTS_AT_ONCE]
        drafts += [
            Draft(_ADDED, values | {"part": str(number)}, hashes=seal_whole(part.part_bytes(), recipients=(matching,)))
            for number, part in some
        ]
        adding.log(drafts)
        drafts = []
        hear(sum(len(part) for _number, part in some))
    return AddedHashes(case_id, sum(len(part) for _number, part in missing), counts, common, known=False)


def _in_other_lists(engine: sa.Engine, read: ReadHashes, lists: Sequence[HashList], matching: Identity) -> int:
    common = CommonHashes(read)
    for other in lists:
        if other.file_sha256 != read.file_sha256:
            # one that is damaged, or sealed to a stranger, is counted as far as it can be read
            with suppress(LeafError, NoMatchingKeyError):
                for part in _parts(engine, other, matching):
                    common.compare(part)
    return common.count


def _parts(engine: sa.Engine, each: HashList, matching: Identity) -> Iterator[HashPart]:
    """The parts of a list, opened, in the order of their numbers.

    Raises:
        LeafError: One is missing or damaged.
        NoMatchingKeyError: The matching key is another home's.
    """
    table = database.sealed.c
    for _number, index in sorted(each.entries.items()):
        where = Term("place.row", name="hashes", index=index)
        with reading(engine) as connection:
            wanted = sa.select(table.body).where(table.idx == index, table.name == "hashes")
            body = connection.execute(wanted).scalar_one_or_none()
        if body is None:
            raise LeafError("leaf.record_missing", where=where)
        try:
            yield HashPart.parse(open_whole(stored_bytes(body, where=where), identities=(matching,)))
        except (EnvelopeError, StoreError, HashListError) as error:
            raise LeafError("leaf.record_unreadable", cause=error, where=where) from error


def remove_list(engine: sa.Engine, sequencer: Sequencer, case_id: str, doer: Doer) -> int:
    """Log the end of a list that is a case, destroy its hashes, and return how many parts it had.

    Its case and its alerts stay.

    Raises:
        UnknownItemError: There is no such list, or it was removed.
    """
    part, sealed = database.hash_part.c, database.sealed

    def entries(connection: sa.Connection) -> list[int]:
        wanted = sa.select(part.idx).where(part.case_id == case_id, part.removed_idx.is_(None))
        return list(connection.execute(wanted.order_by(part.idx)).scalars())

    with reading(engine) as connection:
        before = entries(connection)
    public = {"entries": " ".join(map(str, before))}
    prepared = sequencer.prepare([Draft(_REMOVED, doer.values() | {"case": case_id}, public=public)])

    def choose(connection: sa.Connection) -> list[Prepared]:
        if not before:
            raise UnknownItemError("unknown_item.no_such_hash_list", found=case_id[:64])
        if entries(connection) != before:
            raise HashListError("hash_list.changed_meanwhile")
        return prepared

    def destroy(connection: sa.Connection, _placed: Sequence[Placed]) -> None:
        for first in range(0, len(before), _BATCH):
            mine = sealed.c.idx.in_(before[first : first + _BATCH])
            connection.execute(sa.delete(sealed).where(mine, sealed.c.name == "hashes"))
        connection.execute(sa.delete(database.follower).where(database.follower.c.name == list_follower(case_id)))

    sequencer.turn(choose, destroy)
    return len(before)


# Compared


@dataclass(slots=True)
class HashLists:
    """The lists in memory, while the keys are open; safe to forget.

    Attributes:
        whole: Those that are compared, by their number in the index.
    """

    engine: sa.Engine
    keys: Unlocked
    whole: dict[int, HashList] = field(default_factory=dict)
    _events: dict[int, OpenedEvent] = field(default_factory=dict)
    _index: ListedHashes = field(default_factory=ListedHashes)
    _read: int = 0
    _next: int = 0

    def refresh(self) -> None:
        """Take in what was added since, and drop what was removed; if it fails, the next does all of it again."""
        with reading(self.engine) as connection:
            types = types_of(connection, [_ADDED, _REMOVED], first=self._read)
            removed = _removed_entries(connection, [index for index, kind in types.items() if kind == _REMOVED])
            size = connection.execute(sa.select(sa.func.max(database.event.c.idx))).scalar()
        added = [index for index, kind in types.items() if kind == _ADDED and index not in removed]
        for event in _readable(self.engine, added, self.keys.casework):
            self._events[event.index] = event
        self._drop(removed)
        if added:
            self._take()
        # last: a list that could not be taken in is never looked for behind this position
        self._read = 0 if size is None else size + 1

    def _drop(self, removed: set[int]) -> None:
        for index in removed & self._events.keys():
            del self._events[index]
        for number, each in list(self.whole.items()):
            if removed.intersection(each.entries.values()):
                self._index.drop(number)
                del self.whole[number]

    def _take(self) -> None:
        held = {each.case_id for each in self.whole.values()}
        for each in _gather(self._events[index] for index in sorted(self._events)):
            if each.is_whole and each.case_id not in held:
                # one that is damaged, or sealed to a stranger, is compared with nothing and stops nothing
                with suppress(LeafError, NoMatchingKeyError):
                    self._index.take(self._next, list(_parts(self.engine, each, self.keys.matching)))
                    self.whole[self._next] = each
                    self._next += 1

    def stands(self, connection: sa.Connection, case_id: str) -> bool:
        """Whether a list that is compared was not removed since the last refresh; for the turn that tells its case."""
        removed = _removed_entries(connection, types_of(connection, [_REMOVED], first=self._read))
        return any(
            each.case_id == case_id and not removed.intersection(each.entries.values()) for each in self.whole.values()
        )

    def behind(self, end: int) -> int:
        """How many entries the lists have not seen yet, of ``end``; those that have come equally far count once."""
        return sum(max(0, end - position) for position in self.positions())

    def positions(self) -> dict[int, list[int]]:
        """How far lists have come, each by its number."""
        groups = defaultdict[int, list[int]](list)
        with reading(self.engine) as connection:
            for number, each in self.whole.items():
                groups[position_of(connection, list_follower(each.case_id))].append(number)
        return groups

    def tiers(self, asked: PictureQuery, numbers: Iterable[int]) -> dict[int, Tier]:
        """Which of these lists have a hash like those of a file."""
        return self._index.tiers(asked, frozenset(numbers))


@dataclass(slots=True)
class ListWatch:
    """Compares what is kept with the lists, a batch at a time.

    Attributes:
        clock: For the time of an alert.
        raised: How many alerts were raised so far.
    """

    lists: HashLists
    sequencer: Sequencer
    tool: str
    clock: Callable[[], datetime]
    raised: int = 0

    def step(self, end: int, *, least: int = 0) -> int:
        """Look at the next entries with those lists that have come least far.

        Args:
            end: How many entries there are to look at.
            least: Only with lists that have come so far at least.

        Returns:
            How many entries were looked at; 0 where these lists have seen all.
        """
        groups = self.lists.positions()
        position = min((each for each in groups if least <= each < end), default=None)
        if position is None:
            return 0
        until = min(position + _BATCH, end)
        with reading(self.lists.engine) as connection:
            found = list(self._found(connection, groups[position], position, until))
        self._freeze(each for each in found if self._freezes(each.number))
        drafts = [self._draft(each) for each in found if not self._freezes(each.number)]
        self.raised += raise_alerts(self.sequencer, drafts, self.lists.stands)
        names = [list_follower(self.lists.whole[number].case_id) for number in groups[position]]
        with self.sequencer.take() as connection:
            move_together(connection, names, position, until)
        return until - position

    def _found(
        self, connection: sa.Connection, numbers: Sequence[int], position: int, until: int
    ) -> Iterator["_FoundFile"]:
        """The files of some entries that are like a hash of these lists."""
        matching = self.lists.keys.matching
        new = sealed_prints(connection, matching, after=position - 1, before=until)
        yield from self._found_of(connection, new, numbers)
        lifted = prints_of(connection, matching, lifted_among(connection, position, until))
        for each in self._found_of(connection, lifted, numbers):
            if not self._freezes(each.number) or self._is_undecided(connection, each):
                yield each

    def _found_of(
        self, connection: sa.Connection, files: Iterable[tuple[int, Prints]], numbers: Sequence[int]
    ) -> Iterator["_FoundFile"]:
        for entry, prints in files:
            if tiers := self.lists.tiers(PictureQuery.of(prints), numbers):
                item = sa.select(database.item.c.item_id).where(database.item.c.idx == entry)
                item_id = connection.execute(item).scalar()
                if item_id is None:
                    continue  # it was erased just now
                for number, tier in tiers.items():
                    yield _FoundFile(item_id, number, tier)

    def _is_undecided(self, connection: sa.Connection, found: "_FoundFile") -> bool:
        """Whether two persons lifted a freeze of this file without knowing that an authority's list has it."""
        if found.tier is not Tier.IDENTICAL:
            return False
        frozen = database.frozen.c
        ended = sa.select(frozen.idx).where(frozen.item_id == found.item_id, frozen.lifted_idx.is_not(None))
        indexes = connection.execute(ended).scalars().all()
        events = open_events(self.lists.engine, indexes, self.lists.keys.casework)
        return all(event.record is None or event.record.values["hint"] != FreezeHint.LIST for event in events)

    def _freezes(self, number: int) -> bool:
        return self.lists.whole[number].provenance.meaning is Meaning.CHILD_ABUSE

    def _freeze(self, found: Iterable["_FoundFile"]) -> None:
        """Freeze what is like a picture of child abuse; what is frozen already is not logged again."""
        by: Mapping[str, Value] = {"tool": self.tool, "at": format_time(self.clock())}
        files = list(found)
        for tier, (hint, what) in _FREEZES.items():
            items = [each.item_id for each in files if each.tier is tier]
            if items:
                freeze_items(self.lists.engine, self.sequencer, items, hint=hint, what=what, by=by)

    def _draft(self, found: "_FoundFile") -> Draft:
        of = self.lists.whole[found.number]
        values = {"case": of.case_id, "item": found.item_id, "tool": self.tool, "at": format_time(self.clock())}
        named = {tier.value: [of.event_id] if tier is found.tier else [] for tier in Tier}
        return Draft("alerted", {**values, **named})


@dataclass(frozen=True, slots=True)
class _FoundFile:
    """A file that is like a hash of a list, which is known by its number."""

    item_id: str
    number: int
    tier: Tier


def list_follower(case_id: str) -> str:
    """The name under which the position of a case's list of hashes is kept."""
    return f"hashes/{case_id}"
