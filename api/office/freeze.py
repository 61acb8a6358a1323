"""What may show a child: frozen at once by one person, listed until two decide, lifted by two (invariant 10).

A freeze needs no passphrase. Who froze, and why, is sealed in the log, so only the passphrase shows it. Whoever froze
an item may not approve the end of its freeze. Two persons may also decide that it is destroyed (``api.office.erase``)
or held for the police (``api.office.hold``), as counsel's written rule says (``api.office.children``).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from api.home import Home
from api.office.opened import OpenOffice
from api.office.page import LIMIT, Page, page_of
from api.office.request import Waiting, ask
from casefiles.case import held_items, open_events
from casefiles.freeze import WITHIN, FreezeHint, FrozenItems, freeze_copies, freeze_items
from config.errors import Explained
from evidence.authority import Act, Doer, Grant, Request, require_reason, two_persons
from evidence.canonical import Value, text_of
from evidence.custody.event import Draft
from evidence.errors import AuthorityError, UnknownItemError
from evidence.names import require_others
from evidence.observation import Kind
from evidence.seal.age import Identity
from evidence.seal.recipients import KeyIdentity
from evidence.store import database
from evidence.store.database import reading
from evidence.store.freeze import WaitingFreeze, freezes_of, frozen_files, not_frozen, waiting_freezes
from evidence.store.hold import held_freezes
from evidence.store.projection import Placed
from evidence.times import format_time


@dataclass(frozen=True, slots=True)
class Froze:
    """What freezing did; ``unstamped`` says why no time stamp could be had yet.

    Attributes:
        copies: The same files in other messages, byte for byte; None without the passphrase, since nobody looked.
    """

    items: FrozenItems
    copies: tuple[str, ...] | None
    unstamped: Explained | None


@dataclass(frozen=True, slots=True)
class ListedFreeze:
    """A freeze that waits for a decision.

    Attributes:
        by: Who froze; None for a machine, for a list, and without the passphrase.
        hint: A ``FreezeHint``; None without the passphrase, and so is ``what``.
        late: Whether it has waited for more than a day.
        held: Whether it waits no more: since then, all of it is held for the police.
    """

    freeze: WaitingFreeze
    by: str | None
    hint: str | None
    what: str | None
    late: bool
    held: bool


@dataclass(frozen=True, slots=True)
class Lifted:
    """Items that are no longer frozen; ``unstamped`` says why no time stamp could be had yet."""

    items: tuple[str, ...]
    unstamped: Explained | None


def freeze(
    home: Home, items: Sequence[str], doer: Doer, *, what: str | None = None, office: OpenOffice | None = None
) -> Froze:
    """The verb behind ``freeze``: one person freezes items, each with its message and its album, at once.

    Args:
        what: What may show a child, in words; the reason if this is None.
        office: Finds the same files elsewhere, and freezes them too.

    Raises:
        UnknownItemError: There is no such item; nothing was frozen.
        AuthorityError: There is no reason.
    """
    require_reason(doer, act="freeze")
    with home.writing() as writer:
        done = freeze_items(
            home.engine,
            writer.sequencer,
            items,
            hint=FreezeHint.PERSON,
            what=what or doer.reason or "",
            by=doer.values(),
        )
        copies = None
        if office is not None:
            with office.library.refreshed() as library:
                found = freeze_copies(
                    home.engine, writer.sequencer, library, {"tool": doer.tool, "at": format_time(doer.at)}
                )
            copies = () if found is None else found.frozen
        return Froze(done, copies, writer.beat())


def require_seen(home: Home, item_id: str, cases: Collection[str] | None) -> None:
    """Check that whoever calls ``freeze`` may see an item: it is in one of these cases; None stands for all cases.

    Raises:
        UnknownItemError: It is not.
    """
    held = database.case_item.c
    wanted = sa.select(held.idx).where(held.item_id == item_id, held.removed_idx.is_(None))
    with reading(home.engine) as connection:
        if connection.execute(wanted if cases is None else wanted.where(held.case_id.in_(cases))).first() is None:
            raise UnknownItemError("unknown_item.no_such_item", found=item_id[:64])


def require_no_frozen_copy(home: Home, case_id: str, casework: KeyIdentity) -> None:
    """Check, before a case leaves, that no file that somebody brought has the bytes of a frozen one (invariant 10).

    Whoever brings a file again has no key that could tell; of what is posted again, the lookout tells.

    Raises:
        UnknownItemError: One has; it is named, to be frozen.
    """
    item = database.item.c
    with reading(home.engine) as connection:
        frozen = sorted(frozen_files(connection))
        if not frozen:
            return
        held = held_items(connection, case_id)
        files = sa.select(item.idx).where(item.item_id.in_(held), item.kind == Kind.FILE.value, not_frozen())
        files = files.where(item.channel_id.startswith("local"))
        mine = list(connection.execute(files.order_by(item.idx)).scalars())
    hidden = {digest for _event, digest in _digests(home, frozen, casework)}
    for event, digest in _digests(home, mine, casework):
        if digest in hidden:
            raise UnknownItemError("unknown_item.copy_of_frozen", where=case_id, found=event)


def _digests(home: Home, indexes: Sequence[int], casework: KeyIdentity) -> Iterator[tuple[str, Value]]:
    """The files that were read, by event, each with the SHA-256 of its bytes."""
    for event in open_events(home.engine, indexes, casework):
        digest = event.record.values.get("sha256") if event.record else None
        if digest is not None:
            yield event.leaf.event_id, digest


def list_freezes(
    home: Home, casework: Identity | None, *, after: str | None = None, limit: int = LIMIT
) -> Page[ListedFreeze]:
    """The verb behind ``freeze --list``: a page of the freezes that wait for a decision, in the order of making.

    Args:
        after: ``more_after`` of the page before.
    """
    late = format_time(home.clock() - WITHIN)
    with reading(home.engine) as connection:
        waiting = [each for each in waiting_freezes(connection) if each.index > int(after or -1)][: limit + 1]
        held = held_freezes(connection)
    told = [{}] * len(waiting) if casework is None else _records(home, [each.index for each in waiting], casework)
    found = [_listed(each, values, late, held) for each, values in zip(waiting, told, strict=True)]
    return page_of(found, limit=limit, key=lambda each: str(each.freeze.index))


def _listed(each: WaitingFreeze, values: Mapping[str, Value], late: str, held: Collection[int]) -> ListedFreeze:
    by, hint, what = (None if values.get(name) is None else text_of(values[name]) for name in ("actor", "hint", "what"))
    decided = each.index in held
    return ListedFreeze(each, by, hint, what, late=each.frozen_at < late and not decided, held=decided)


def _records(home: Home, indexes: Sequence[int], casework: Identity) -> list[Mapping[str, Value]]:
    """What the records of freezes say."""
    opened = open_events(home.engine, indexes, casework)
    return [event.record.values if event.record else {} for event in opened]


def lift_freeze(home: Home, items: Sequence[str], doer: Doer, casework: Identity | None) -> Lifted | Waiting:
    """The verb behind ``freeze --lift``: end freezes; without a second person, ask for it.

    With each item ends all that was frozen with it.

    Args:
        casework: Needed if a second person is named.

    Raises:
        UnknownItemError: One of the items is not frozen.
        AuthorityError: There is no reason, both persons are one, or the second is the one who froze.
    """
    require_reason(doer, act=Act.LIFT.value)
    with reading(home.engine) as connection:
        named = _freezes(connection, items)
    target = " ".join(sorted(each.event_id for each in named))
    if doer.approver is None or casework is None:
        return ask(home, Act.LIFT, target, {"freezes": target, **_told(named)}, doer)
    return _lift(home, named, doer, two_persons(Act.LIFT, target, doer), casework)


def _told(named: Sequence[WaitingFreeze]) -> dict[str, str]:
    """What freezes are of, for whoever approves their end."""
    places = [place for each in named for place in each.places]
    told = (channel if message is None else f"{channel}/{message}" for channel, message in places)
    return {"items": " ".join(item for each in named for item in each.items), "places": " ".join(dict.fromkeys(told))}


def lift_asked(home: Home, asked: Request, doer: Doer, grant: Grant, casework: Identity) -> Lifted:
    """End freezes once a second person approved it, as the request says.

    Raises:
        AuthorityError: One of them was ended meanwhile, somebody answered, or the second person is the one who froze.
    """
    wanted = set(asked.text("freezes").split())
    with reading(home.engine) as connection:
        named = [each for each in waiting_freezes(connection) if each.event_id in wanted]
    if len(named) != len(wanted):
        raise AuthorityError("authority.answered", where=asked.request)
    return _lift(home, named, doer, grant, casework)


def _freezes(connection: sa.Connection, items: Sequence[str]) -> list[WaitingFreeze]:
    """The freezes because of which these items are frozen."""
    indexes = set[int]()
    for item in items:
        found = freezes_of(connection, item)
        if not found:
            raise UnknownItemError("unknown_item.not_frozen", found=item[:64])
        indexes.update(found)
    return [each for each in waiting_freezes(connection) if each.index in indexes]


def _lift(home: Home, named: Sequence[WaitingFreeze], doer: Doer, grant: Grant, casework: Identity) -> Lifted:
    require_another(home, named, doer, casework)
    items = sorted({item for each in named for item in each.items})
    unfrozen = Draft("unfrozen", doer.values(grant.request) | {"frozen_items": items})
    wanted = {each.index for each in named}

    def require_ended(connection: sa.Connection, placed: Sequence[Placed]) -> None:
        table = database.frozen.c
        ended = sa.select(table.idx).where(table.lifted_idx == placed[-1].idx).distinct()
        if set(connection.execute(ended).scalars()) != wanted:  # somebody ended one meanwhile, or froze an item again
            raise AuthorityError("authority.answered", where=grant.request)

    with home.writing() as writer:
        grant.log(writer.sequencer, [unfrozen], require_ended)
        return Lifted(tuple(items), writer.beat())


def require_another(home: Home, named: Sequence[WaitingFreeze], doer: Doer, casework: Identity) -> None:
    """Check, for the verb behind ``freeze --lift``, that whoever approves made none of the freezes.

    Raises:
        AuthorityError: It is the same person.
    """
    for values in _records(home, [each.index for each in named], casework):
        if values.get("actor") is not None and doer.approver is not None:
            try:
                require_others(text_of(values["actor"]), doer.approver)
            except AuthorityError as error:
                raise AuthorityError("authority.froze_it") from error
