"""Holds: one person keeps items, or a case, from being erased; two persons end that.

A hold needs no passphrase. Who holds, and why, is sealed in the log, so only the passphrase shows it. A legal hold and
one for the police bind until two persons end them. A renewal keeps unclaimed items from the retention rule, and ends by
itself with its day.

To hold for the police what is frozen is a decision of two, as counsel's written rule says: it ends the wait of the
freeze, and the whole message and album are held. An authority's list that has the very file may stand for the second
person.

What one person captured and nobody else confirmed, one person cannot hold either: that person would decide alone how
long it is kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

import sqlalchemy as sa

from api.home import Home
from api.office.children import (
    list_stands,
    require_may_hold,
    require_not_forbidden,
    require_on_list,
    require_rule_of,
    rule_here,
    rule_values,
)
from api.office.freeze import require_another
from api.office.page import LIMIT, Page, page_of
from api.office.request import Waiting, ask
from casefiles.case import open_events, require_client, require_items
from config.errors import Explained
from evidence.authority import Act, Doer, Grant, Request, person_and_list, require_reason, two_persons
from evidence.canonical import Value, text_of
from evidence.custody.event import Draft, Prepared
from evidence.errors import AuthorityError, UnknownItemError
from evidence.keys import Unlocked
from evidence.seal.age import Identity
from evidence.store.captured import require_confirmed
from evidence.store.database import reading
from evidence.store.erase import require_not_erased
from evidence.store.freeze import freezes_among, frozen_among, frozen_of_case, of_posts
from evidence.store.hold import HoldKind, StandingHold, ended_by, standing_holds
from evidence.store.projection import Placed
from evidence.times import format_time


@dataclass(frozen=True, slots=True)
class HoldWish:
    """What should be kept, and until when somebody looks at it again.

    Attributes:
        case_id: Whose case is held, with all that it has; None for a hold of items.
        items: Empty for a hold of a case.
        until: The last day; after it ``doctor`` asks for a look at the hold, and a renewal ends.
        counsel: Of frozen items, for the police: who of counsel answered, when, and what.
        on_list: Of frozen items, for the police: an authority's list that has the file stands for the second person.
    """

    kind: HoldKind
    until: date
    case_id: str | None = None
    items: tuple[str, ...] = ()
    counsel: str | None = None
    on_list: bool = False


@dataclass(frozen=True, slots=True)
class PlacedHold:
    """A hold that was logged; ``unstamped`` says why no time stamp could be had yet."""

    hold_id: str
    unstamped: Explained | None


@dataclass(frozen=True, slots=True)
class ListedHold:
    """A hold that stands.

    Attributes:
        by: Who holds; None without the passphrase, and so is ``reason``.
        late: Whether its day has passed, so that somebody should look at it.
    """

    hold: StandingHold
    by: str | None
    reason: str | None
    late: bool


@dataclass(frozen=True, slots=True)
class EndedHolds:
    """Holds that two persons ended; ``unstamped`` says why no time stamp could be had yet."""

    holds: tuple[str, ...]
    unstamped: Explained | None


def place_hold(home: Home, wish: HoldWish, doer: Doer, keys: Unlocked | None = None) -> PlacedHold | Waiting:
    """The verb behind ``hold``: for a reason, one person keeps items or a case from being erased, at once.

    What is frozen, and is to be held for the police, waits for a second person, unless one is named or a list decides.

    Args:
        keys: Needed for what is frozen if a second person is named, or a list decides.

    Raises:
        UnknownItemError: There is no such case or item, an item was erased, or one was captured and nobody else
            confirmed it.
        AuthorityError: There is no reason, or the day has passed already. Of what is frozen also: counsel's rule
            forbids it or counsel was not asked, the second person froze it, or no list has it.
    """
    require_reason(doer, act="hold")
    if wish.until < home.today():
        raise AuthorityError("authority.hold_in_the_past", found=wish.until.isoformat())
    if wish.case_id is not None:
        require_client(home.engine, wish.case_id)
    require_items(home.engine, wish.items)
    placed = None
    while placed is None:  # again only if something of it was frozen while the entry was sealed
        with reading(home.engine) as connection:
            frozen = _frozen_of(connection, wish)
        if frozen and wish.case_id is not None:  # the case is held for its own sake: only what is forbidden is refused
            require_not_forbidden(rule_here(home))
        elif frozen:
            return _decide(home, replace(wish, items=frozen), doer, keys)
        placed = _placed(home, wish, doer, whatever=bool(frozen))
    return placed


def _placed(home: Home, wish: HoldWish, doer: Doer, *, whatever: bool) -> PlacedHold | None:
    """Place a hold on the word of one person; None, and nothing is logged, if something of it is frozen by now.

    Args:
        whatever: The rule on what is frozen was asked, and lets it be held.
    """
    held = _held(wish, doer)
    with home.writing() as writer:
        prepared = writer.sequencer.prepare([held])

        def choose(connection: sa.Connection) -> list[Prepared]:
            require_not_erased(connection, wish.items)
            if not whatever and _frozen_of(connection, wish):
                return []
            require_confirmed(connection, wish.items)
            return prepared

        if not writer.sequencer.turn(choose):
            return None
        return PlacedHold(held.event_id, writer.beat())


def _held(wish: HoldWish, doer: Doer, request: str | None = None) -> Draft:
    until = datetime.combine(wish.until, time(23, 59, 59, 999_000), UTC)
    values = {"hold": wish.kind.value, "case": wish.case_id, "held_items": list(wish.items)}
    return Draft("held", doer.values(request) | values | {"until": format_time(until)})


def _frozen_of(connection: sa.Connection, wish: HoldWish) -> tuple[str, ...]:
    """What is frozen of what somebody wants to hold for the police, each with its message and album.

    If something is, it is all that was named; of another kind of hold it is nothing.
    """
    if wish.kind is not HoldKind.POLICE:
        return ()
    if wish.case_id is not None:
        return tuple(sorted(frozen_of_case(connection, wish.case_id)))
    frozen = frozen_among(connection, wish.items)
    return tuple(dict.fromkeys([*(wish.items if frozen else ()), *of_posts(connection, sorted(frozen))]))


def _decide(home: Home, wish: HoldWish, doer: Doer, keys: Unlocked | None) -> PlacedHold | Waiting:
    """Two persons, or one and a list, decide that frozen items are held for the police."""
    require_may_hold(rule_here(home), wish.counsel, wish.until, home.today())
    target = f"{wish.kind.value} {len(wish.items)}"
    order: dict[str, Value] = {"items": " ".join(wish.items), "until": wish.until.isoformat()}
    order |= rule_values(rule_here(home), wish.counsel)
    if keys is None or not (wish.on_list or doer.approver is not None):
        return ask(home, Act.HOLD, target, order, doer)
    stands = None
    if wish.on_list:
        stands = list_stands(home, doer, keys)
        listed = require_on_list(home, wish.items, doer, keys)
        grant = person_and_list(Act.HOLD, target, doer, order | {"list": listed})
    else:
        grant = two_persons(Act.HOLD, target, doer, order)
    return _log_decided(home, wish, doer, grant, keys.casework, stands)


def hold_asked(home: Home, asked: Request, doer: Doer, grant: Grant, casework: Identity) -> PlacedHold:
    """Hold frozen items for the police once a second person approved it, as the request says.

    Raises:
        UnknownItemError: One of them was erased meanwhile, or is no longer frozen.
        AuthorityError: As ``place_hold``; or counsel's rule has changed since, or somebody answered.
    """
    until = date.fromisoformat(asked.text("until"))
    items = tuple(asked.text("items").split())
    wish = HoldWish(HoldKind.POLICE, until, items=items, counsel=asked.text_or_none("counsel"))
    rule = rule_here(home)
    require_rule_of(asked, rule)
    require_may_hold(rule, wish.counsel, until, home.today())
    return _log_decided(home, wish, doer, grant, casework)


def _log_decided(
    home: Home,
    wish: HoldWish,
    doer: Doer,
    grant: Grant,
    casework: Identity,
    rule: Callable[[sa.Connection, Sequence[str]], None] | None = None,
) -> PlacedHold:
    with reading(home.engine) as connection:
        named = freezes_among(connection, wish.items)
    require_another(home, named, doer, casework)
    held = _held(wish, doer, grant.request)

    def as_asked(connection: sa.Connection, _placed: Sequence[Placed]) -> None:
        require_not_erased(connection, wish.items)
        if left := set(wish.items) - frozen_among(connection, wish.items):
            raise UnknownItemError("unknown_item.not_frozen", found=min(left))
        if freezes_among(connection, wish.items) != named:  # the second person may have frozen it again meanwhile
            raise AuthorityError("authority.answered", where=grant.request)
        if rule is not None:
            rule(connection, wish.items)

    with home.writing() as writer:
        grant.log(writer.sequencer, [held], as_asked)
        return PlacedHold(held.event_id, writer.beat())


def list_holds(
    home: Home, casework: Identity | None, *, after: str | None = None, limit: int = LIMIT
) -> Page[ListedHold]:
    """The verb behind ``hold --list``: a page of the holds that stand, in the order of making.

    Args:
        after: ``more_after`` of the page before.
    """
    now = format_time(home.clock())
    with reading(home.engine) as connection:
        standing = [each for each in standing_holds(connection) if each.index > int(after or -1)][: limit + 1]
    found = [_listed(home, each, casework, now) for each in standing]
    return page_of(found, limit=limit, key=lambda each: str(each.hold.index))


def _listed(home: Home, each: StandingHold, casework: Identity | None, now: str) -> ListedHold:
    by, reason = (None, None) if casework is None else _record(home, each.index, casework)
    return ListedHold(each, by, reason, each.until < now)


def hold_reasons(home: Home, casework: Identity, holds: Sequence[str]) -> list[str]:
    """Why the verb ``hold`` was called, of these holds that stand, in the order of the log."""
    with reading(home.engine) as connection:
        named = [each for each in standing_holds(connection) if each.hold_id in holds]
    return [_record(home, each.index, casework)[1] for each in named]


def _record(home: Home, index: int, casework: Identity) -> tuple[str, str]:
    (event,) = open_events(home.engine, [index], casework)
    values = event.record.values if event.record else {}
    by, reason = values.get("actor"), values.get("reason")
    return "" if by is None else text_of(by), "" if reason is None else text_of(reason)


def end_holds(home: Home, holds: Sequence[str], doer: Doer) -> EndedHolds | Waiting:
    """The verb behind ``hold --end``: end holds; without a second person, ask for it.

    Raises:
        UnknownItemError: One of them is no hold that stands.
        AuthorityError: There is no reason, or both persons are one.
    """
    require_reason(doer, act=Act.UNHOLD.value)
    with reading(home.engine) as connection:
        named = _meant(connection, holds)
    target = " ".join(named)
    if doer.approver is None:
        return ask(home, Act.UNHOLD, target, {"holds": target}, doer)
    return _end(home, named, doer, two_persons(Act.UNHOLD, target, doer))


def end_asked(home: Home, asked: Request, doer: Doer, grant: Grant) -> EndedHolds:
    """End holds once a second person approved it, as the request says.

    Raises:
        UnknownItemError: One of them was ended meanwhile.
        AuthorityError: Somebody answered.
    """
    return _end(home, asked.text("holds").split(), doer, grant)


def _meant(connection: sa.Connection, holds: Sequence[str]) -> list[str]:
    """The holds that a person typed, each by its identifier or the beginning of one."""
    standing, found = [each.hold_id for each in standing_holds(connection)], dict[str, None]()
    for text in holds:
        begun = [each for each in standing if each.startswith(text.strip().lower())]
        if len(begun) != 1 or not text.strip():
            raise UnknownItemError("unknown_item.no_such_hold", found=text[:64])
        found[begun[0]] = None
    return list(found)


def _end(home: Home, named: Sequence[str], doer: Doer, grant: Grant) -> EndedHolds:
    with home.writing() as writer:
        with reading(home.engine) as connection:
            _meant(connection, named)

        def require_ended(connection: sa.Connection, placed: Sequence[Placed]) -> None:
            if not set(named) == ended_by(connection, placed[-1].idx):  # somebody ended one meanwhile
                raise AuthorityError("authority.answered", where=grant.request)

        ended = Draft("hold_ended", doer.values(grant.request) | {"holds": sorted(named)})
        grant.log(writer.sequencer, [ended], require_ended)
        return EndedHolds(tuple(named), writer.beat())
