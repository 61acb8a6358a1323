"""The register of watched channels: every entry names its public report or is a probe; every change is an event."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from api.home import Home, Writer
from api.office.page import LIMIT, Page, every_entry, page_of
from api.office.request import Waiting, ask
from config.errors import Explained, SettingsError
from config.link import shown_link
from config.watchlist import Joined, LegalBasis, Readable, WatchEntry, plain_channel, watch_entry
from evidence.authority import Act, Doer, Grant, Ordered, Request, legal_basis_for, one_person, two_persons
from evidence.canonical import Value, text_value
from evidence.custody.event import Draft, Prepared
from evidence.errors import AuthorityError, UnknownItemError
from evidence.observation import Mode
from evidence.store import database
from evidence.store.database import reading
from evidence.store.reviews import Review, review_of
from evidence.times import format_time, is_ahead, parse_time


@dataclass(frozen=True, slots=True)
class Channel:
    """What the register shows of a channel, as its entry in the log says it.

    Attributes:
        report_url: None for a probe, as are ``reported_by`` and ``reported_on``.
        reported_as: What the catalogue of public reports calls the group; None where the report came from elsewhere.
        follows: The channel that it reopens.
        channel_id: Its number; None while nobody has looked it up.
        expires: The last day of its legal basis, even after that day; None for a mode that needed none.
        rights: For a probe, what the office's account was seen to be there: ``creator`` or ``administrator``.
    """

    channel: str
    mode: str
    access: str
    report_url: str | None
    reported_by: str | None
    reported_on: str | None
    reported_as: str | None
    follows: str | None
    channel_id: str | None
    expires: str | None
    rights: str | None = None

    @property
    def is_probe(self) -> bool:
        """Whether it is a channel of the office's own."""
        return self.rights is not None


@dataclass(frozen=True, slots=True)
class Registered:
    """What adding a channel did.

    Attributes:
        before: The mode that the register had for it before; None if it was not there.
        logged: False if the register already said all of it.
        changed: What differs from the entry before, by name; empty if only who agreed is new.
        review_by: By when a second person must review it, if nobody has.
        unstamped: Why no time stamp could be had yet.
    """

    before: str | None
    logged: bool
    review_by: str | None = None
    unstamped: Explained | None = None
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Removed:
    """A channel that was taken off the register; ``unstamped`` says why no time stamp could be had yet."""

    channel: str
    unstamped: Explained | None


@dataclass(frozen=True, slots=True)
class Lowered:
    """A channel of which less is kept because its legal basis ended.

    Attributes:
        ended_on: The last day of the legal basis.
    """

    channel: str
    before: str
    ended_on: str


def add_channel(
    home: Home, entry: WatchEntry, mode: Mode, legal_basis: Readable | None, doer: Doer
) -> Registered | Waiting:
    """The verb behind ``watch add``: add a channel, or change it; without a second person, ask for what needs one.

    The same entry again is not logged, unless it brings something that the register does not show: a second person or
    a legal basis. A review that was still open ends with the entry that it was for; if one person changes the entry,
    the new review is due no later.

    Raises:
        SettingsError: The public report lies in the future, or the channel that it follows leads back to it.
        UnknownItemError: The channel that it follows is not registered.
        AuthorityError: The mode needs a legal basis, or takes none.
        LegalBasisError: The legal basis is incomplete or not valid today.
    """
    _require_past(entry, home)
    _require_followed(home, entry)
    entry = as_registered(home, entry)
    if entry.is_probe:
        return _add_probe(home, entry, mode, legal_basis, doer)
    basis = legal_basis_for(mode, legal_basis, today=home.today())
    if basis and doer.approver is None:
        return ask(home, Act.WATCH, entry.channel, _order(home, entry, mode, basis), doer)
    grant = (two_persons if basis else one_person)(Act.WATCH, entry.channel, doer)
    return _register(home, _Wanted(entry, mode, basis), doer, grant)


def _add_probe(home: Home, entry: WatchEntry, mode: Mode, legal_basis: Readable | None, doer: Doer) -> Registered:
    """Add a channel of the office's own, of which no more than metadata are kept.

    Raises:
        SettingsError: More than metadata are to be kept, or the channel is registered with a public report.
    """
    if mode is not Mode.METADATA_ONLY or legal_basis is not None:
        raise SettingsError("settings.probe_keeps_metadata", found=mode.value)

    def require(stands: _Stands) -> None:
        if stands.row is not None and not stands.row.is_probe:
            raise SettingsError("settings.reported_not_probe", found=entry.channel)

    grant = one_person(Act.WATCH, entry.channel, doer)
    return _register(home, _Wanted(entry, mode, None), doer, grant, require)


def add_asked_channel(home: Home, asked: Request, doer: Doer, grant: Grant) -> Registered:
    """Add a channel, or change it, once a second person approved it, as the request says.

    Raises:
        AuthorityError: The register's entry has changed since the request, or somebody has answered it.
        LegalBasisError: The legal basis is not valid today.
    """
    names = ("channel", "report_url", "reported_by", "reported_on", "access")
    entry = watch_entry(
        **{name: asked.text(name) for name in names},
        reported_as=asked.text_or_none("reported_as"),
        follows=asked.text_or_none("follows"),
    )
    by, task = asked.text_or_none("joined_by"), asked.text_or_none("task")
    joined = Joined(by, asked.text_or_none("joined_at"), task) if by and task else None
    entry = replace(entry, channel_id=asked.text_or_none("channel_id"), joined=joined)
    _require_followed(home, entry)
    wanted = _Wanted(entry, Mode(asked.text("mode")), asked.legal_basis(home.today()))
    return _register(home, wanted, doer, grant, lambda stands: _require_as_asked(stands, asked))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the register is to say."""

    entry: WatchEntry
    mode: Mode
    basis: LegalBasis | None


def _order(home: Home, entry: WatchEntry, mode: Mode, basis: LegalBasis) -> Ordered:
    with reading(home.engine) as connection:
        stands = _stands(connection, entry.channel)
    replaces = None if stands.index is None else str(stands.index)
    said = _texts(_channel_of(entry, mode, basis))
    del said["rights"]
    return {
        **said,
        **_joined(entry),
        "legal_basis": basis.values(),
        "replaces": replaces,
    }


def _texts(row: Channel) -> dict[str, Value]:
    """What an entry says about a channel; until when the mode holds is in its legal basis."""
    said = {name: text for name, text in asdict(row).items() if name != "expires"}
    return {name: None if text is None else text_value(text) for name, text in said.items()}


def _joined(entry: WatchEntry) -> dict[str, Value]:
    joined = entry.joined
    if joined is None:
        return {"joined_by": None, "joined_at": None, "task": None}
    return {"joined_by": text_value(joined.by), "joined_at": joined.at, "task": text_value(joined.task)}


def as_registered(home: Home, entry: WatchEntry) -> WatchEntry:
    """The entry that ``watch add`` was given, under the name that the register has for its channel.

    However it is spelled now.
    """
    name = _name_of(home, entry.channel, entry.known_id)
    return entry if name is None else replace(entry, channel=name, channel_id=entry.known_id)


def is_registered_as_public(home: Home, entry: WatchEntry) -> bool:
    """Whether ``watch add`` changes a channel that is registered, under this name or another, with public access."""
    name = _name_of(home, entry.channel, entry.known_id)
    return any(row.channel == name and row.access == "public" for row in every_channel(home))


def _name_of(home: Home, name: str, number: str | None) -> str | None:
    """The register's name for a channel: the one given here, or that of an entry with the same number."""
    table = database.channel.c
    with reading(home.engine) as connection:
        rows = connection.execute(sa.select(table.channel, table.channel_id)).all()
    return next(
        (row.channel for row in rows if row.channel == name),
        next((row.channel for row in rows if number is not None and row.channel_id == number), None),
    )


def _require_as_asked(stands: "_Stands", asked: Request) -> None:
    found = "-" if stands.index is None else str(stands.index)
    expected = "-" if asked.value("replaces") is None else asked.text("replaces")
    if found != expected:
        raise AuthorityError("authority.changed_register", where=asked.request, expected=expected, found=found)


def _register(
    home: Home,
    wanted: _Wanted,
    doer: Doer,
    grant: Grant,
    require: Callable[["_Stands"], None] = lambda _stands: None,
) -> Registered:
    told = _channel_of(wanted.entry, wanted.mode, wanted.basis)

    def change(stands: _Stands) -> _Change | None:
        require(stands)
        row = _with_number(told, stands.row)
        if stands.row == row and grant.review_by:
            return None
        due = grant.review_by
        if due and stands.review and stands.review.due_at:  # a change by one person does not put off a review
            due = min(due, parse_time(stands.review.due_at))
        values = doer.values(grant.request) | {"review_by": format_time(due) if due else None}
        return _Change((*grant.drafts, _added(wanted, row, values)), due, grant)

    with home.writing() as writer:
        stands, changed = _settle(writer, wanted.entry.channel, change)
        before = stands.row.mode if stands.row else None
        if changed is None:
            return Registered(before, logged=False)
        review_by = format_time(changed.review_by) if changed.review_by else None
        changes = _differences(stands.row, _with_number(told, stands.row)) if stands.row else ()
        return Registered(before, logged=True, review_by=review_by, unstamped=writer.beat(), changed=changes)


def _added(wanted: _Wanted, row: Channel, values: Mapping[str, Value]) -> Draft:
    said = _texts(row)
    if wanted.entry.is_probe:
        names = ("channel", "channel_id", "access", "mode", "rights")
        return Draft("probe_added", {**values, **{name: said[name] for name in names}})
    del said["rights"]
    basis = wanted.basis.values() if wanted.basis else None
    return Draft("channel_added", {**values, **said, **_joined(wanted.entry), "legal_basis": basis})


def _with_number(row: Channel, before: Channel | None) -> Channel:
    """A row that keeps the number which the register knew, if nobody looked it up again."""
    return row if before is None or row.channel_id else replace(row, channel_id=before.channel_id)


def _differences(before: Channel, now: Channel) -> tuple[str, ...]:
    """What differs; for another mode, not also until when it holds."""
    names = [field.name for field in fields(Channel) if getattr(before, field.name) != getattr(now, field.name)]
    return tuple(name for name in names if name != "expires" or "mode" not in names)


@dataclass(frozen=True, slots=True)
class _Stands:
    """How a channel stands in the register and the reviews.

    Attributes:
        index: Where in the log its entry is.
        review: The one that the channel's newest entry waits for: that of the request logged just before it.
    """

    row: Channel | None
    index: int | None
    review: Review | None


@dataclass(frozen=True, slots=True)
class _Change:
    """What is logged, and by when a second person must review it, if nobody has agreed."""

    drafts: tuple[Draft, ...]
    review_by: datetime | None = None
    grant: Grant | None = None


def _settle(writer: Writer, channel: str, plan: Callable[[_Stands], _Change | None]) -> tuple[_Stands, _Change | None]:
    """Log what ``plan`` makes of how the channel stands; ask it again if others changed that before our turn came."""
    while True:
        with reading(writer.home.engine) as connection:
            stands = _stands(connection, channel)
        change = plan(stands)
        if change is None or _logged(writer, channel, stands, change):
            return stands, change


def _logged(writer: Writer, channel: str, stands: _Stands, change: _Change) -> bool:
    """Log a change, unless the channel no longer stands so; return whether it was logged."""
    prepared = writer.sequencer.prepare(change.drafts)

    def choose(connection: sa.Connection) -> Sequence[Prepared]:
        if change.grant:
            change.grant.require_open(connection)
        return prepared if _stands(connection, channel) == stands else ()

    return bool(writer.sequencer.turn(choose))


def _stands(connection: sa.Connection, channel: str) -> _Stands:
    row = connection.execute(_channels().where(database.channel.c.channel == channel)).one_or_none()
    entry, request = database.channel.c, database.authority.c
    index = connection.execute(sa.select(entry.idx).where(entry.channel == channel)).scalar()
    asked = sa.select(request.request).where(entry.channel == channel, request.idx == entry.idx - 1)
    subject = connection.execute(asked).scalar_one_or_none()
    review = None if subject is None else review_of(connection, subject)
    return _Stands(None if row is None else Channel(*row), index, review)


def _require_past(entry: WatchEntry, home: Home) -> None:
    now = home.clock()
    if entry.reported_on is not None and is_ahead(entry.reported_on, now):
        raise SettingsError("settings.report_in_the_future", today=str(now.date()), found=entry.reported_on.isoformat())


def _require_followed(home: Home, entry: WatchEntry) -> None:
    """Check that the channel which an entry follows is registered, and does not lead back to it."""
    table = database.channel.c
    before = entry.follows
    if before is None:
        return
    with reading(home.engine) as connection:
        rows = connection.execute(sa.select(table.channel, table.follows))
        followed: dict[str, str | None] = {row.channel: row.follows for row in rows}
    if before not in followed:
        raise UnknownItemError("unknown_item.no_such_channel", found=before)
    seen: set[str] = set()
    while before is not None and before not in seen:
        seen.add(before)
        before = followed.get(before)
        if before == entry.channel:
            raise SettingsError("settings.follows_itself", found=entry.channel)


def _channel_of(entry: WatchEntry, mode: Mode, basis: LegalBasis | None) -> Channel:
    return Channel(
        channel=entry.channel,
        mode=mode.value,
        access=entry.access,
        report_url=entry.report_url,
        reported_by=entry.reported_by,
        reported_on=None if entry.reported_on is None else entry.reported_on.isoformat(),
        reported_as=entry.reported_as,
        follows=entry.follows,
        channel_id=entry.known_id,
        expires=basis.expires.isoformat() if basis else None,
        rights=entry.rights,
    )


def list_channels(home: Home, *, after: str | None = None, limit: int = LIMIT) -> Page[Channel]:
    """The verb behind ``watch list``, for command and route: a page of the register by name, after ``after``."""
    table = database.channel
    wanted = _channels().order_by(table.c.channel).limit(limit + 1)
    if after is not None:
        wanted = wanted.where(table.c.channel > after)
    with reading(home.engine) as connection:
        found = [Channel(*row) for row in connection.execute(wanted)]
    return page_of(found, limit=limit, key=lambda row: row.channel)


def every_channel(home: Home) -> Iterator[Channel]:
    """The whole register by name, for the verbs that need it all."""
    return every_entry(lambda after: list_channels(home, after=after))


@dataclass(frozen=True, slots=True)
class Kin:
    """A channel and its place among those that reopened each other.

    Attributes:
        depth: 0 for one that follows no registered channel.
    """

    channel: Channel
    depth: int


def by_lineage(channels: Iterable[Channel]) -> list[Kin]:
    """Every channel once, as ``watch list`` shows them: each right below the one that it follows.

    Otherwise they keep the given order.
    """
    rows = {row.channel: row for row in channels}
    below: dict[str | None, list[Channel]] = {}
    for row in rows.values():
        below.setdefault(row.follows if row.follows in rows else None, []).append(row)
    left = [Kin(row, 0) for row in reversed(below.get(None, []))]
    found: list[Kin] = []
    while left:
        found.append(kin := left.pop())
        left += [Kin(row, kin.depth + 1) for row in reversed(below.get(kin.channel.channel, []))]
    placed = {kin.channel.channel for kin in found}
    return found + [Kin(row, 0) for name, row in rows.items() if name not in placed]  # of two that follow each other


def _channels() -> sa.Select[Any]:
    return sa.select(*(database.channel.c[field.name] for field in fields(Channel)))


def lower_ended_modes(writer: Writer, doer: Doer, *, today: date) -> list[Lowered]:
    """What the office does when a legal basis ends: log that only metadata are kept from now on; return those."""
    home, table = writer.home, database.channel.c
    over = table.expires < today.isoformat()
    ended = _channels().where(over, table.mode != Mode.METADATA_ONLY.value).order_by(table.channel)
    with reading(home.engine) as connection:
        rows = [Channel(*row) for row in connection.execute(ended)]
    return [Lowered(row.channel, row.mode, str(row.expires)) for row in rows if _lower(writer, row, doer)]


def _lower(writer: Writer, row: Channel, doer: Doer) -> bool:
    """Log it if the channel still stands so; return whether it was logged."""
    by = replace(doer, at=writer.home.clock(), reason=f"legal basis ended on {row.expires}", approver=None)
    lowered = Draft("mode_lowered", by.values() | {"channel": row.channel, "mode": Mode.METADATA_ONLY.value})
    _stood, changed = _settle(writer, row.channel, lambda stands: _Change((lowered,)) if stands.row == row else None)
    return changed is not None


def remove_channel(home: Home, channel: str, doer: Doer) -> Removed:
    """The verb behind ``watch remove``: take a channel off the register, and log it.

    Raises:
        UnknownItemError: It is not on the register.
    """
    plain = plain_channel(channel)
    name = _name_of(home, plain, plain) or plain

    def change(stands: _Stands) -> _Change:
        if stands.row is None:
            raise UnknownItemError("unknown_item.no_such_channel", found=shown_link(name))
        return _Change((Draft("channel_removed", doer.values() | {"channel": name}),))

    with home.writing() as writer:
        _settle(writer, name, change)
        return Removed(name, writer.beat())
