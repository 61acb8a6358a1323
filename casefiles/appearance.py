"""Tells a case that a picture of it appeared again: a follower of the log, while the matching key is open.

Each new file is compared with the pictures of every case whose client agreed to that, and each picture that a case is
given, or whose client agrees, with everything that is kept. Nothing that is frozen is compared, and a copy of it is
frozen too; once two persons lift it, it is compared as if it came then. What is found is an ``alerted`` entry of that
case, once: it says where to look, and a person looks. What was ever in the case, or is one of its things kept in
another mode, raises none.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain
from typing import Any

import sqlalchemy as sa

from casefiles.case import open_events
from casefiles.consent import CHECK, Consent, read_consent, require_consent
from casefiles.freeze import freeze_copies
from evidence.custody.event import Draft, Prepared
from evidence.custody.sequencer import Sequencer
from evidence.errors import AuthorityError, LeafError, NoMatchingKeyError
from evidence.keys import Unlocked
from evidence.match.check import PictureQuery, Tier
from evidence.match.library import Library
from evidence.match.pictures import Pictures, indexed_file
from evidence.match.segments import Segment, write_segments
from evidence.match.stored import prints_of, sealed_prints
from evidence.observation import Kind
from evidence.store import database
from evidence.store.database import reading
from evidence.store.erase import is_erased
from evidence.store.freeze import is_hidden, lifted_among, not_frozen
from evidence.store.reviews import types_of
from evidence.store.upgrade import same_thing
from evidence.times import format_time

FOLLOWER = "alerts"
"""The name under which the position is kept."""
_AT_ONCE = 200
"""So many alerts are logged in one turn: others write in between."""
_BATCH = 1000
"""So many entries are done between two writes of the position: two to three seconds, if all are pictures."""


@dataclass(frozen=True, slots=True)
class CasePictures:
    """The pictures of the cases that are told of others.

    Attributes:
        cases: The cases of each entry.
    """

    cases: Mapping[int, frozenset[str]]
    pictures: Pictures


@dataclass(slots=True)
class Appearances:
    """What is known of a home while its keys are open; safe to forget.

    Attributes:
        today: The day by which a consent ends.
    """

    engine: sa.Engine
    keys: Unlocked
    today: Callable[[], date]
    _consents: dict[str, tuple[int, Consent]] = field(default_factory=dict)
    _read: int = 0
    _of_cases: CasePictures = field(default_factory=lambda: CasePictures({}, Pictures()))

    def consenting(self) -> Mapping[str, int]:
        """The cases whose client agrees that pictures are looked for, and where in the log that stands."""
        with reading(self.engine) as connection:
            new = types_of(connection, ["consent"], first=self._read)
            size = connection.execute(sa.select(sa.func.max(database.event.c.idx))).scalar()
        for index in new:
            # one that is damaged, or sealed to a stranger, allows nothing and stops nothing
            # LIMIT: so a withdrawal that somebody damaged is not heeded here; check refuses, and audit names it
            with suppress(LeafError, NoMatchingKeyError):
                (event,) = open_events(self.engine, (index,), self.keys.casework)
                if event.record:
                    self._consents[str(event.record.values["case"])] = index, read_consent(event.record.values)
        self._read = 0 if size is None else size + 1
        return {case: index for case, (index, consent) in self._consents.items() if self._agrees(consent)}

    def _agrees(self, consent: Consent) -> bool:
        try:
            require_consent(consent, scope=CHECK, today=self.today())
        except AuthorityError:
            return False
        return True

    def of_cases(self, members: Mapping[int, frozenset[str]]) -> CasePictures:
        """The pictures of cases; opened again only where other entries belong to cases than before."""
        if members.keys() != self._of_cases.cases.keys():
            pictures = Pictures()
            with reading(self.engine) as connection:
                files = [indexed_file(*each) for each in prints_of(connection, self.keys.matching, members)]
            if files:
                pictures.take([Segment(files[0].entry, files[-1].entry, files)])
            self._of_cases = CasePictures(members, pictures)
        elif members != self._of_cases.cases:
            self._of_cases = CasePictures(members, self._of_cases.pictures)
        return self._of_cases


@dataclass(slots=True)
class Alerting:
    """The follower; its position is how many entries of the log were looked at.

    Attributes:
        library: Everything that is kept; an entry that it does not have yet is left for the next time.
        clock: For the time of an alert.
        raised: How many alerts were raised so far.
    """

    seen: Appearances
    library: Library
    sequencer: Sequencer
    tool: str
    clock: Callable[[], datetime]
    name: str = FOLLOWER
    raised: int = 0

    def advance(self, position: int) -> int:
        """Look at the next entries, and log what they raise.

        Raises:
            NoMatchingKeyError: A key is another home's.
            HomeBusyError: Others kept writing; nothing was logged.
        """
        end = min(position + _BATCH, self.library.end)
        freeze_copies(
            self.seen.engine, self.sequencer, self.library, {"tool": self.tool, "at": format_time(self.clock())}
        )
        agreed = self.seen.consenting()
        with reading(self.seen.engine) as connection:
            members = _members(connection, agreed)
            lifted = lifted_among(connection, position, end)
            given = _given(connection, agreed, position, end, lifted)
            found = _Found(members)
            if members:
                self._new_files(connection, found, position, end, lifted)
                self._new_in_cases(connection, found, given)
            drafts = list(self._drafts(connection, found))
        if segments := self.library.unsaved():
            # a turn that logs nothing: it compares the keys
            self.sequencer.turn(
                lambda _connection: (), lambda connection, _placed: write_segments(connection, segments)
            )
        self.raised += raise_alerts(self.sequencer, drafts)
        return end

    def _new_files(
        self, connection: sa.Connection, found: "_Found", position: int, end: int, lifted: Iterable[int]
    ) -> None:
        """Compare each file of some entries, and those that were lifted there, with the pictures of cases."""
        known, matching = self.seen.of_cases(found.members), self.seen.keys.matching
        frozen = _frozen_among(connection, position, end)
        new = sealed_prints(connection, matching, after=position - 1, before=end)
        for entry, prints in chain(new, prints_of(connection, matching, lifted)):
            if entry in frozen:
                continue
            for other, tier in known.pictures.tiers(PictureQuery.of(prints)).items():
                for case in known.cases[other]:
                    found.add(case, entry, other, tier)

    def _new_in_cases(self, connection: sa.Connection, found: "_Found", given: Mapping[int, Collection[str]]) -> None:
        """Compare each picture that cases were given with everything that is kept."""
        for entry, prints in prints_of(connection, self.seen.keys.matching, given):
            for other, tier in self.library.tiers(PictureQuery.of(prints)).items():
                for case in given[entry]:
                    found.add(case, other, entry, tier)

    def _drafts(self, connection: sa.Connection, found: "_Found") -> Iterator[Draft]:
        names = _items(connection, found.entries())
        for (case, entry), like in sorted(found.alike.items()):
            if entry not in names:
                continue  # it was erased just now
            values = {"case": case, "item": names[entry], "tool": self.tool, "at": format_time(self.clock())}
            left = [each for each in sorted(like) if each in names]
            tiers = {tier.value: [names[each] for each in left if like[each] is tier] for tier in Tier}
            yield Draft("alerted", {**values, **tiers})


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found so far: of each case and entry, the entries of the case that it is like."""

    members: Mapping[int, frozenset[str]]
    alike: dict[tuple[str, int], dict[int, Tier]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, case: str, entry: int, like: int, tier: Tier) -> None:
        if case not in self.members.get(entry, frozenset()):
            self.alike[case, entry][like] = tier

    def entries(self) -> Iterable[int]:
        for (_case, entry), like in self.alike.items():
            yield from (entry, *like)


def _members(connection: sa.Connection, agreed: Mapping[str, int]) -> dict[int, frozenset[str]]:
    """The cases of each file that is in one of these cases now, by the file's entry."""
    cases = defaultdict[int, set[str]](set)
    for row in connection.execute(_held_files()):
        if row.case_id in agreed:
            cases[row.idx].add(row.case_id)
    return {idx: frozenset(of) for idx, of in cases.items()}


def _held_files() -> sa.CompoundSelect[Any]:
    """The entries of the files that cases have, also of the same things kept in other modes, with case and adding."""
    held, item, other = database.case_item, database.item, database.item.alias("other")
    columns = (held.c.case_id, held.c.idx.label("added"))
    here = sa.and_(held.c.removed_idx.is_(None), item.c.kind == Kind.FILE.value, not_frozen(item))
    itself = sa.select(item.c.idx, *columns).join_from(held, item, held.c.item_id == item.c.item_id)
    same = sa.select(other.c.idx, *columns).join_from(held, item, held.c.item_id == item.c.item_id)
    return sa.union(itself.where(here), same.join(other, same_thing(item, other)).where(here))


def _given(
    connection: sa.Connection, agreed: Mapping[str, int], position: int, end: int, lifted: Collection[int]
) -> dict[int, set[str]]:
    """The cases that were given a file, have it in another mode, or whose client agreed, in some entries; by entry.

    Args:
        lifted: Files of which a freeze ended there; the cases that have them are given them again.
    """
    given = defaultdict[int, set[str]](set)
    for row in connection.execute(_held_files()):
        at = agreed.get(row.case_id)
        if at is not None and (row.idx in lifted or any(position <= each < end for each in (row.added, at, row.idx))):
            given[row.idx].add(row.case_id)
    return given


def _frozen_among(connection: sa.Connection, first: int, end: int) -> frozenset[int]:
    """The entries of a run, those from ``first`` and before ``end``, that are frozen files."""
    item = database.item.c
    frozen = sa.select(item.idx).where(item.idx >= first, item.idx < end, item.kind == Kind.FILE.value, ~not_frozen())
    return frozenset(connection.execute(frozen).scalars())


def _items(connection: sa.Connection, entries: Iterable[int]) -> dict[int, str]:
    table, names = database.item.c, dict[int, str]()
    for entry in set(entries):
        if found := connection.execute(sa.select(table.item_id).where(table.idx == entry)).scalar():
            names[entry] = found
    return names


def raise_alerts(
    sequencer: Sequencer,
    drafts: Sequence[Draft],
    stands: Callable[[sa.Connection, str], bool] = lambda _connection, _case_id: True,
) -> int:
    """Log alerts of cases, those that are news, and return how many; done again after a kill, it logs none twice.

    Args:
        stands: Whether the case is still to be told; asked inside the turn.
    """
    raised = 0
    for first in range(0, len(drafts), _AT_ONCE):
        prepared = sequencer.prepare(drafts[first : first + _AT_ONCE])

        def choose(connection: sa.Connection, prepared: Sequence[Prepared] = prepared) -> list[Prepared]:
            told = (event for event in prepared if stands(connection, str(event.values["case"])))
            return [event for event in told if _is_news(connection, event)]

        raised += len(sequencer.turn(choose))
    return raised


def _is_news(connection: sa.Connection, event: Prepared) -> bool:
    """Whether nobody told the case of this item, neither it nor the same thing was ever in the case, or is frozen."""
    case, item_id = event.values["case"], event.values["item"]
    if is_hidden(connection, str(item_id)) or is_erased(connection, str(item_id)):
        return False
    alert, held = database.alert.c, database.case_item.c
    told = sa.select(alert.idx).where(alert.case_id == case, _is_same(alert.item_id, item_id))
    was_in = sa.select(held.idx).where(held.case_id == case, _is_same(held.item_id, item_id))
    return all(connection.execute(each).first() is None for each in (told, was_in))


def _is_same(one: sa.ColumnElement[str], item: object) -> sa.ColumnElement[bool]:
    """Whether an item is another, or the same thing kept in another mode."""
    new, old = database.item.alias("new"), database.item.alias("old")
    same = sa.select(old.c.item_id).join_from(new, old, same_thing(new, old)).where(new.c.item_id == item)
    return sa.or_(one == item, one.in_(same))


# Afterwards


@dataclass(frozen=True, slots=True)
class Alert:
    """That a picture of a case may have appeared again, as rows in clear show it.

    Attributes:
        index: Where in the log it was raised.
        item_id: The file; ``channel_id``, ``message_id`` and ``posted_at`` are its place.
        is_open: Whether nobody dismissed it, and the file was never in the case.
        is_list: Whether the case is a list of hashes.
    """

    index: int
    case_id: str
    item_id: str
    raised_at: str
    channel_id: str
    message_id: int | None
    posted_at: str | None
    is_open: bool
    is_list: bool


def list_alerts(
    connection: sa.Connection,
    *,
    cases: Collection[str] | None = None,
    every: bool = False,
    after: int = -1,
    limit: int | None = None,
) -> Sequence[Alert]:
    """The alerts of cases in the order in which they were raised, from the one behind entry ``after``.

    Args:
        cases: Only of these; None for all.
        every: Also those that are no longer open.
    """
    alert, item, held = database.alert.c, database.item.c, database.case_item.c
    never_in = ~sa.exists().where(held.case_id == alert.case_id, _is_same(held.item_id, alert.item_id))
    is_open = sa.and_(alert.dismissed_idx.is_(None), never_in)
    place = (item.channel_id, item.message_id, item.posted_at)
    of_list = sa.exists().where(database.hash_part.c.case_id == alert.case_id)
    rows = sa.select(alert.idx, alert.case_id, alert.item_id, alert.raised_at, *place, is_open, of_list)
    rows = rows.join_from(database.alert, database.item, alert.item_id == item.item_id)
    rows = rows.where(alert.idx > after, not_frozen())
    if cases is not None:
        rows = rows.where(alert.case_id.in_(cases))
    if not every:
        rows = rows.where(is_open)
    return [Alert(*row) for row in connection.execute(rows.order_by(alert.idx).limit(limit))]
