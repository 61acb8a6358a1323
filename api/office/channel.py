"""The register of watched channels: every entry names its public report, every change is an event."""

from dataclasses import asdict, dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from api.home import Home
from api.office.page import LIMIT, Page, page_of
from config.errors import SettingsError
from config.watchlist import Entry
from evidence.authority import REVIEW, Act, Doer, legal_basis_for, one_person, two_persons
from evidence.canonical import text_value
from evidence.custody.event import Draft
from evidence.errors import StampError, UnknownItemError
from evidence.observation import Mode
from evidence.store import database, task
from evidence.store.database import reading
from evidence.times import format_time, parse_time


@dataclass(frozen=True, slots=True)
class Channel:
    """What the register shows of a channel, as its entry in the log says it."""

    channel: str
    mode: str
    access: str
    report_url: str
    reported_by: str
    reported_on: str


@dataclass(frozen=True, slots=True)
class Registered:
    """What adding a channel did.

    Attributes:
        before: The mode in which it stood in the register before; None where it did not.
        logged: False where the register said all of it already.
        review_by: By when a second person must review it, if nobody has.
        unstamped: Why no time stamp could be had yet.
    """

    before: str | None
    logged: bool
    review_by: str | None = None
    unstamped: StampError | None = None


@dataclass(frozen=True, slots=True)
class Removed:
    """A channel that was taken off the register; ``unstamped`` says why no time stamp could be had yet."""

    channel: str
    unstamped: StampError | None


def add_channel(home: Home, entry: Entry, mode: Mode, legal_basis: Path | None, doer: Doer) -> Registered:
    """Add a channel, or change what the register says of it.

    The same again is not logged, unless it brings something that the register does not show: a
    second person, or a legal basis. A review that was still open ends with the entry that it was of;
    a new one, if one person changes it, is due no later.

    Raises:
        SettingsError: The public report lies in the future.
        AuthorityError: The mode needs a second person or a legal basis, or takes none.
        LegalBasisError: The legal basis is incomplete or not valid today.
    """
    _require_past(entry, home)
    basis = legal_basis_for(mode, legal_basis, today=home.clock().date())
    grant = (two_persons if basis else one_person)(Act.WATCH, entry.channel, doer)
    row = _channel_of(entry, mode)
    with home.writing() as writer:
        present = _registered(home, entry.channel)
        before = present.mode if present else None
        if present == row and grant.review_by:
            return Registered(before, logged=False)
        due = _open_review(home, entry.channel)
        if due and grant.review_by:  # a change by one person puts no review off
            grant = replace(grant, review_by=min(grant.review_by, parse_time(due.due_at)))
        review_by = format_time(grant.review_by) if grant.review_by else None
        told = asdict(row) | {"legal_basis": text_value(basis.text) if basis else None, "review_by": review_by}
        added = Draft("channel_added", doer.values(grant.request) | told)

        def hand_over(connection: sa.Connection, placed: object) -> None:
            _finish(connection, due, doer)
            grant.ask_for_review(connection, placed)

        writer.sequencer.append([*grant.drafts, added], also=hand_over)
        return Registered(before, logged=True, review_by=review_by, unstamped=writer.beat())


def _open_review(home: Home, channel: str) -> task.Task | None:
    """The review that the channel's newest entry waits for: that of the request logged just before it."""
    entry, request = database.channel.c, database.authority.c
    asked = sa.select(request.request).where(entry.channel == channel, request.idx == entry.idx - 1)
    with reading(home.engine) as connection:
        subject = connection.execute(asked).scalar_one_or_none()
        reviews = (each for each in task.open_tasks(connection) if each.kind == REVIEW)
        return next((each for each in reviews if each.subject == subject), None)


def _finish(connection: sa.Connection, review: task.Task | None, doer: Doer) -> None:
    """What is approved, replaced or taken off waits for no review any more."""
    if review:
        task.finish(connection, review, at=doer.at)


def _require_past(entry: Entry, home: Home) -> None:
    today = home.clock().date()
    # a day more, because east of Greenwich it begins before it does in UTC
    if entry.reported_on > today + timedelta(days=1):
        raise SettingsError(
            "the public report lies in the future",
            where="reported on",
            expected=f"{today} or earlier",
            found=entry.reported_on.isoformat(),
            fix="Correct --reported-on, or this machine's clock",
        )


def _channel_of(entry: Entry, mode: Mode) -> Channel:
    return Channel(
        channel=entry.channel,
        mode=mode.value,
        access=entry.access,
        report_url=entry.report_url,
        reported_by=entry.reported_by,
        reported_on=entry.reported_on.isoformat(),
    )


def list_channels(home: Home, *, after: str | None = None, limit: int = LIMIT) -> Page[Channel]:
    """A page of the register by name, from the one that follows ``after``."""
    table = database.channel
    wanted = _channels().order_by(table.c.channel).limit(limit + 1)
    if after is not None:
        wanted = wanted.where(table.c.channel > after)
    with reading(home.engine) as connection:
        found = [Channel(*row) for row in connection.execute(wanted)]
    return page_of(found, limit=limit, key=lambda row: row.channel)


def _registered(home: Home, channel: str) -> Channel | None:
    with reading(home.engine) as connection:
        row = connection.execute(_channels().where(database.channel.c.channel == channel)).one_or_none()
        return None if row is None else Channel(*row)


def _channels() -> sa.Select[Any]:
    return sa.select(*(database.channel.c[field.name] for field in fields(Channel)))


def remove_channel(home: Home, channel: str, doer: Doer) -> Removed:
    """Take a channel off the register.

    Raises:
        UnknownItemError: It is not on it.
    """
    name = channel.lstrip("@").lower()
    with home.writing() as writer:
        if _registered(home, name) is None:
            raise UnknownItemError(
                "this channel is not registered", found=name[:64], fix="Look it up: nisisama watch list"
            )
        due = _open_review(home, name)
        removed = Draft("channel_removed", doer.values() | {"channel": name})
        writer.sequencer.append([removed], also=lambda connection, _placed: _finish(connection, due, doer))
        return Removed(name, writer.beat())
