"""The register of watched channels: every entry names its public report, every change is an event."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from api.home import Home
from config.errors import SettingsError
from config.watchlist import Entry
from evidence import database
from evidence.authority import Act, Doer, legal_basis_for, one_person, two_persons
from evidence.canonical import text_value
from evidence.database import reading
from evidence.errors import StampError, UnknownItemError
from evidence.log.event import Draft
from evidence.observation import Mode
from evidence.times import format_time


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


def add_channel(home: Home, entry: Entry, mode: Mode, legal_basis: Path | None, doer: Doer) -> Registered:
    """Add a channel, or change what the register says of it.

    The same again is not logged, unless it brings something that the register does not show: a
    second person, or a legal basis.

    Raises:
        SettingsError: The public report lies in the future.
        AuthorityError: The mode needs a second person or a legal basis.
        LegalBasisError: The legal basis is incomplete or not valid today.
    """
    _require_past(entry, home)
    basis = legal_basis_for(mode, legal_basis, today=home.clock().date())
    grant = (two_persons if basis else one_person)(Act.WATCH, entry.channel, doer)
    review_by = format_time(grant.review_by) if grant.review_by else None
    row = _row(entry, mode)
    added = Draft(
        "channel_added",
        doer.values(grant.request)
        | row
        | {"legal_basis": text_value(basis.text) if basis else None, "review_by": review_by},
    )
    with home.writing() as writer:
        present = next((each for each in list_channels(home) if each["channel"] == entry.channel), None)
        before = present["mode"] if present else None
        if present == row and grant.review_by:
            return Registered(before, logged=False)
        writer.sequencer.append([*grant.drafts, added], also=grant.ask_for_review)
        return Registered(before, logged=True, review_by=review_by, unstamped=writer.beat())


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


def _row(entry: Entry, mode: Mode) -> dict[str, Any]:
    """What the register shows of a channel, as its entry in the log says it."""
    return {
        "channel": entry.channel,
        "mode": mode.value,
        "access": entry.access,
        "report_url": text_value(entry.report_url),
        "reported_by": text_value(entry.reported_by),
        "reported_on": entry.reported_on.isoformat(),
    }


def list_channels(home: Home) -> list[dict[str, Any]]:
    """The register, by name."""
    table = database.channel
    names = ("channel", "mode", "access", "report_url", "reported_by", "reported_on")
    with reading(home.engine) as connection:
        rows = connection.execute(sa.select(*(table.c[name] for name in names)).order_by(table.c.channel))
        return [dict(zip(names, row, strict=True)) for row in rows]


def remove_channel(home: Home, channel: str, doer: Doer) -> StampError | None:
    """Take a channel off the register.

    Raises:
        UnknownItemError: It is not on it.
    """
    if channel not in {row["channel"] for row in list_channels(home)}:
        raise UnknownItemError("this channel is not watched", found=channel[:64], fix="Look it up: nisisama watch list")
    with home.writing() as writer:
        writer.sequencer.append([Draft("channel_removed", doer.values() | {"channel": channel})])
        return writer.beat()
