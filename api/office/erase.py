"""Erases items: what two persons agreed on is destroyed, and the log says so, by whom, and on what ground.

An item goes with all that repeats it: the same thing kept in another mode, and the holes beside it. What other sources
saw is another item, with keys of its own, and stays. An item that a case of somebody else has is never erased with
hers: it is refused until that case gives it up. What may show a child goes with its message and album, once it is
frozen and was reported, as counsel's written rule says, whoever's case has it; an authority's list that has the very
file may stand for the second person.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from api.home import Home, Writer
from api.office.children import (
    list_stands,
    require_may_destroy,
    require_on_list,
    require_reported,
    require_rule_of,
    rule_here,
    rule_values,
)
from api.office.freeze import require_another
from api.office.request import Waiting, ask
from casefiles.case import held_items, open_events, require_client
from casefiles.freeze import freeze_copies
from config import oplog
from config.errors import Explained
from evidence.authority import Act, Doer, Grant, Request, person_and_list, require_reason, two_persons
from evidence.canonical import Value, text_value
from evidence.custody.event import Draft, Prepared, Record
from evidence.erasure import AT_ONCE, erased_draft, kept_of
from evidence.errors import AuthorityError, LeafError, NoMatchingKeyError, UnknownItemError
from evidence.keys import Unlocked
from evidence.match.library import Library
from evidence.match.segments import SealedSegment, put_back, without_entries
from evidence.seal.recipients import KeyIdentity
from evidence.store import database
from evidence.store.database import reading
from evidence.store.erase import Tombstone, erased_among, erased_with, lost_among, same_things
from evidence.store.freeze import WaitingFreeze, freezes_among, frozen_among, of_posts
from evidence.store.hold import require_not_held
from evidence.store.marks import place_mark
from evidence.times import format_time

RequireDue = Callable[[sa.Connection, Sequence[str]], None]
"""Raises ``AuthorityError`` if one of these items is not due by a rule."""


class ErasureCause(StrEnum):
    """On what ground an item is erased."""

    WITHDRAWN = "withdrawn"
    RETENTION = "retention"
    CHILD = "child"
    ORDER = "order"
    MISTAKE = "mistake"


@dataclass(frozen=True, slots=True)
class ErasureWish:
    """What should be erased.

    Attributes:
        case_id: Whose case has the items; None for items that no case has.
        counsel: Of what may show a child: who of counsel answered, when, and what; None where the rule says enough.
        on_list: Of what may show a child: an authority's list that has the very file stands for the second person.
    """

    items: tuple[str, ...]
    cause: ErasureCause
    case_id: str | None
    counsel: str | None = None
    on_list: bool = False


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased.

    Attributes:
        items: Those that were named, and those that are the same thing; of a child's, its message and album too.
        entries: How many entries of the log, the holes beside the items among them.
        backups_until: When the last backup with them ends, if backups are made as ``backup.keep_days`` says.
        beside: What is kept of the same messages and was not named: other files of them, and their other states.
        unfinished: Why something outside of the database is left; whoever writes next does it.
        unstamped: Why no time stamp could be had yet.
    """

    items: tuple[str, ...]
    entries: int
    backups_until: datetime
    beside: tuple[str, ...]
    unfinished: Explained | None
    unstamped: Explained | None


@dataclass(frozen=True, slots=True)
class _Goes:
    """What goes, as the rows stand.

    Attributes:
        holders: The cases that have each item now.
        lost: Items that were erased already, by an entry that this log lost.
        withdrawn: The entry by which the client took her consent back, where that is the ground and the rows know it.
        freezes: Because of which what may show a child is frozen; none of another cause.
    """

    tombstones: Mapping[int, Tombstone]
    holders: Mapping[str, frozenset[str]]
    lost: frozenset[str]
    withdrawn: str | None = None
    freezes: Sequence[WaitingFreeze] = ()

    @property
    def items(self) -> tuple[str, ...]:
        """The items, in the order of the log."""
        return tuple(each.item_id for each in self.tombstones.values() if each.item_id is not None)

    def groups(self) -> list[list[Tombstone]]:
        """One for each entry: what one set of cases has, with the holes beside it, some at a time."""
        by_case = defaultdict[frozenset[str], list[Tombstone]](list)
        for each in self.tombstones.values():
            if each.item_id is not None:
                by_case[self.holders[each.item_id]].append(each)
        first_case = next(iter(by_case.values()))
        first_case += [each for each in self.tombstones.values() if each.item_id is None]
        groups = [sorted(group, key=lambda each: each.index) for group in by_case.values()]
        return [each[first : first + AT_ONCE] for each in groups for first in range(0, len(each), AT_ONCE)]


def erase_items(
    home: Home, wish: ErasureWish, doer: Doer, keys: Unlocked | None, *, closed: bool = False
) -> Erased | Waiting:
    """The verb behind ``erase``: two persons erase items; without a second person, ask for it.

    Args:
        keys: Needed if a second person is named, or a list decides.
        closed: Only if the client of the case took her consent back, and did not give it again meanwhile.

    Raises:
        UnknownItemError: There is no such case; or one of the items does not exist, was erased, or is not in the case.
        AuthorityError: There is no reason; both persons are one, or the second froze an item; or an item is frozen
            (but for the cause ``child``), is not frozen (for that cause), or is in another case too. For that cause
            also: counsel's rule forbids it or counsel was not asked, it was not reported, or no list has it.
    """
    require_reason(doer, act=Act.ERASE.value)
    if wish.case_id is not None:
        require_client(home.engine, wish.case_id)
    with reading(home.engine) as connection:
        goes = _what_goes(connection, wish, home)
    if closed and goes.withdrawn is None:
        raise AuthorityError("authority.erase_changed")
    if keys is not None and (wish.on_list or doer.approver is not None):
        rule = list_stands(home, doer, keys) if wish.on_list else None
        grant = _granted(home, wish, goes, doer, keys)
        return _Act(home, wish, doer, grant, keys.casework, keys.matching, goes.withdrawn, rule).done()
    return ask(home, Act.ERASE, _target(wish), _order(home, wish, goes), doer)


def _granted(home: Home, wish: ErasureWish, goes: _Goes, doer: Doer, keys: Unlocked) -> Grant:
    """The authority of whoever is there: two persons, or one and a list."""
    target = _target(wish)
    if wish.on_list:
        listed = require_on_list(home, goes.items, doer, keys)
        return person_and_list(Act.ERASE, target, doer, _order(home, wish, goes) | {"list": listed})
    child = wish.cause is ErasureCause.CHILD
    return two_persons(Act.ERASE, target, doer, _order(home, wish, goes) if child else None)


def erase_asked(
    home: Home, asked: Request, doer: Doer, grant: Grant, keys: tuple[KeyIdentity, KeyIdentity | None]
) -> Erased:
    """Erase items once a second person approved it, as the request says.

    Args:
        keys: The casework key, and the matching key if it is there.

    Raises:
        UnknownItemError: One of them was erased meanwhile, or is no longer in the case.
        AuthorityError: As ``erase_items``; or counsel's rule has changed since, or somebody answered.
    """
    case_id = asked.text_or_none("case")
    counsel = asked.text_or_none("counsel") if "counsel" in asked.order else None
    wish = ErasureWish(tuple(asked.text("items").split()), ErasureCause(asked.text("cause")), case_id, counsel)
    if wish.cause is ErasureCause.CHILD:
        require_rule_of(asked, rule_here(home))
    return _Act(home, wish, doer, grant, *keys, withdrawn=asked.text_or_none("withdrawn")).done()


def erase_by_rule(
    home: Home, writer: Writer, wish: ErasureWish, by: tuple[Doer, Grant], casework: KeyIdentity, rule: RequireDue
) -> int:
    """Erase what is due by a rule that two persons agreed to; return how many items of the wish went.

    What may not go, because the same is in a case, held, renewed or not due in another mode, is left. What lies
    outside of the database is for the caller (``Home.finish_erasures``): once, and not for each part.
    """
    try:
        _Act(home, wish, *by, casework, rule=rule).logged(writer)
    except (AuthorityError, UnknownItemError):
        if len(wish.items) == 1:
            return 0
        each = (replace(wish, items=(item,)) for item in wish.items)
        return sum(erase_by_rule(home, writer, one, by, casework, rule) for one in each)
    return len(wish.items)


def _target(wish: ErasureWish) -> str:
    """What the request says in a bundle: no item and no case."""
    return f"{wish.cause.value} {len(wish.items)}"


def _order(home: Home, wish: ErasureWish, goes: _Goes) -> dict[str, Value]:
    case_id = None if wish.case_id is None else text_value(wish.case_id)
    told: dict[str, Value] = {"items": " ".join(wish.items), "cause": wish.cause.value, "case": case_id}
    told |= {"entries": str(len(goes.tombstones)), "withdrawn": goes.withdrawn}
    return told | (rule_values(rule_here(home), wish.counsel) if wish.cause is ErasureCause.CHILD else {})


def _what_goes(connection: sa.Connection, wish: ErasureWish, home: Home) -> _Goes:
    """What is erased with the items that were named, if it may be."""
    if gone := erased_among(connection, wish.items):
        raise UnknownItemError("unknown_item.erased", found=min(gone))
    lost = lost_among(connection, wish.items)
    named = [item for item in wish.items if item not in lost]
    _require_there(connection, named)
    child = wish.cause is ErasureCause.CHILD
    if child:
        named = of_posts(connection, named)
    items = same_things(connection, named)
    frozen = frozen_among(connection, items)
    for item in items:
        if (item in frozen) is not child:
            raise AuthorityError("authority.not_frozen_first" if child else "authority.erase_frozen", found=item)
    require_not_held(connection, items)
    if child:
        require_may_destroy(connection, rule_here(home), wish.counsel, items)
    holders = _holders(connection, (*items, *lost))
    if not child:
        _require_own(connection, wish, holders)
    found = {each.index: each for each in erased_with(connection, items)}
    if child:
        found = {index: _placed(connection, each, home) for index, each in found.items()}
    found |= {each.index: each for each in lost.values()}
    freezes = freezes_among(connection, items) if child else ()
    return _Goes(dict(sorted(found.items())), holders, frozenset(lost), _withdrawn(connection, wish), freezes)


def _withdrawn(connection: sa.Connection, wish: ErasureWish) -> str | None:
    if wish.cause is not ErasureCause.WITHDRAWN:
        return None
    case = database.case_file.c
    index = connection.execute(sa.select(case.withdrawn_idx).where(case.case_id == wish.case_id)).scalar()
    return None if index is None else str(index)


def _require_there(connection: sa.Connection, items: Sequence[str]) -> None:
    table = database.item.c
    for first in range(0, len(items), AT_ONCE):
        part = items[first : first + AT_ONCE]
        there = set(connection.execute(sa.select(table.item_id).where(table.item_id.in_(part))).scalars())
        for item in part:
            if item not in there:
                raise UnknownItemError("unknown_item.no_such_item", found=item[:64])


def _holders(connection: sa.Connection, items: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """The cases that have each of these items now."""
    table, found = database.case_item.c, {item: set[str]() for item in items}
    for first in range(0, len(items), AT_ONCE):  # no index begins with the item: the rows are read once for many
        part = items[first : first + AT_ONCE]
        held = sa.select(table.item_id, table.case_id).where(table.item_id.in_(part), table.removed_idx.is_(None))
        for row in connection.execute(held):
            found[row.item_id].add(row.case_id)
    return {item: frozenset(cases) for item, cases in found.items()}


def _require_own(connection: sa.Connection, wish: ErasureWish, holders: Mapping[str, frozenset[str]]) -> None:
    """Check that no case has an item but the one that was named: nobody's exhibit goes with another's."""
    own = frozenset() if wish.case_id is None else frozenset({wish.case_id})
    for item, cases in holders.items():
        if cases - own:
            count = len(cases - own)
            if own:
                raise AuthorityError("authority.erase_claimed", found=item, count=count)
            raise AuthorityError("authority.erase_names_no_case", found=item, count=count)
    if wish.case_id is not None:
        held = held_items(connection, wish.case_id)
        if strange := [item for item in wish.items if item not in held]:
            raise UnknownItemError("unknown_item.not_in_the_case", where=wish.case_id, found=strange[0])


def _placed(connection: sa.Connection, tombstone: Tombstone, home: Home) -> Tombstone:
    """The tombstone with the mark of its message's place: nothing of that message is fetched again."""
    item = database.item.c
    place = sa.select(item.channel_id, item.message_id).where(item.idx == tombstone.index)
    row = connection.execute(place.where(item.message_id.is_not(None))).one_or_none()
    if row is None:
        return tombstone
    return replace(tombstone, place=place_mark(home.keys.seen_key(), row.channel_id, row.message_id))


@dataclass(frozen=True, slots=True)
class _Act:
    """An erasure that two persons agreed on.

    Attributes:
        matching: Seals the snapshots of the index again; without it, the next comparison makes them anew.
        withdrawn: As it was when somebody asked: who consented again since is not erased by it.
        rule: Checks, also inside the turn, that all that goes is due by a rule, or that a list still decides on it.
    """

    home: Home
    wish: ErasureWish
    doer: Doer
    grant: Grant
    casework: KeyIdentity
    matching: KeyIdentity | None = None
    withdrawn: str | None = None
    rule: RequireDue | None = None

    def done(self) -> Erased:
        """Do it: the entry and the destruction are one transaction; what lies outside of the database follows."""
        home = self.home
        if self.wish.cause is ErasureCause.CHILD:
            self._require_reported()
        with home.writing() as writer:
            goes, beside = self.logged(writer)
            unstamped = writer.beat()
            unfinished = home.finish_erasures(writer.sequencer.take)
        return Erased(goes.items, len(goes.tombstones), self._backups_until(), beside, unfinished, unstamped)

    def _require_reported(self) -> None:
        """Check, before the same file elsewhere is frozen, what the turn does not."""
        with reading(self.home.engine) as connection:
            goes = _what_goes(connection, self.wish, self.home)
        require_another(self.home, goes.freezes, self.doer, self.casework)
        require_reported(self.home, (each for each in goes.items if each not in goes.lost), self.casework)

    def _backups_until(self) -> datetime:
        return self.doer.at + timedelta(days=self.home.settings.backup.keep_days)

    def logged(self, writer: Writer) -> tuple[_Goes, tuple[str, ...]]:
        """Log it, and so destroy what the database holds; and what else is kept of the same messages."""
        home = self.home
        # one of before would open no record, so nothing of it would be kept; and it seals snapshots for whoever left
        writer.require_current(casework=self.casework, matching=self.matching)
        self._freeze_copies(writer)
        with reading(home.engine) as connection:
            goes = _what_goes(connection, self.wish, home)
            beside = _beside(connection, goes.items)
            self._require_wanted(connection, goes)
        if self.wish.cause is ErasureCause.CHILD:  # nothing else that goes is frozen
            require_another(home, goes.freezes, self.doer, self.casework)
            require_reported(home, (each for each in goes.items if each not in goes.lost), self.casework)
        prepared = writer.sequencer.prepare([*self.grant.drafts, *self._drafts(goes)])
        segments = list[SealedSegment]()

        def choose(connection: sa.Connection) -> list[Prepared]:
            self.grant.require_open(connection)
            # a case took one, a hole came, or somebody froze one again meanwhile
            if _what_goes(connection, self.wish, home) != goes:
                raise AuthorityError("authority.erase_changed")
            self._require_wanted(connection, goes)
            if self.matching is not None:
                segments.extend(without_entries(connection, goes.tombstones.keys(), self.matching))
            return prepared

        writer.sequencer.turn(choose, lambda connection, _placed: put_back(connection, segments))
        oplog.note("erased", entries=len(goes.tombstones), items=len(goes.items))
        return goes, beside

    def _require_wanted(self, connection: sa.Connection, goes: _Goes) -> None:
        if self.withdrawn is not None and goes.withdrawn != self.withdrawn:
            raise AuthorityError("authority.erase_changed")
        if self.rule is not None:
            self.rule(connection, goes.items)

    def _freeze_copies(self, writer: Writer) -> None:
        """Before a child's file goes, freeze the same file elsewhere: its digest goes with it."""
        if self.wish.cause is ErasureCause.CHILD and self.matching is not None:
            library = Library(self.home.engine, self.matching)
            library.refresh()
            by = {"tool": self.doer.tool, "at": format_time(self.doer.at)}
            freeze_copies(self.home.engine, writer.sequencer, library, by)

    def _drafts(self, goes: _Goes) -> Iterator[Draft]:
        by, cause = self.doer.values(self.grant.request), self.wish.cause.value
        for group in goes.groups():
            indexes = (each.index for each in group)
            kept = [kept_of(index, record) for index, record in _records(self.home, indexes, self.casework)]
            yield erased_draft(group, kept, by, cause=cause, backups_until=self._backups_until())


def _records(home: Home, indexes: Iterable[int], casework: KeyIdentity) -> Iterator[tuple[int, Record]]:
    """The records of entries that are to be erased; one that is damaged keeps nothing, and is erased all the same."""
    left = deque(indexes)
    while left:
        with suppress(LeafError, NoMatchingKeyError):
            for event in open_events(home.engine, tuple(left), casework):
                left.popleft()
                if event.record is not None:
                    yield event.index, event.record
        if left:
            left.popleft()  # the one that cannot be read


def _beside(connection: sa.Connection, items: Sequence[str]) -> tuple[str, ...]:
    """What else is kept at the messages of these items."""
    this, other = database.item.alias("this"), database.item.alias("other")
    here = sa.and_(other.c.channel_id == this.c.channel_id, other.c.message_id == this.c.message_id)
    found = dict[str, None]()
    for first in range(0, len(items), AT_ONCE):
        rows = sa.select(other.c.item_id).join_from(this, other, here)
        rows = rows.where(this.c.item_id.in_(items[first : first + AT_ONCE])).order_by(other.c.idx)
        found |= dict.fromkeys(connection.execute(rows).scalars())
    return tuple(item for item in found if item not in items)
