"""The register of watched channels: every entry names its public report, every change is an event."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from api.home import Home
from config.watchlist import Entry, load_legal_basis
from evidence import database, task
from evidence.authority import Act, Doer, one_person, two_persons
from evidence.canonical import text_value
from evidence.database import reading
from evidence.errors import AuthorityError, StampError, UnknownItemError
from evidence.log.event import Draft
from evidence.observation import Mode
from evidence.times import format_time

REVIEW = "review"


def add_channel(
    home: Home, entry: Entry, mode: Mode, legal_basis: Path | None, doer: Doer
) -> tuple[str | None, StampError | None]:
    """Add a channel, and return by when a second person must review it, if nobody has.

    Raises:
        AuthorityError: The mode needs a second person or a legal basis.
        LegalBasisError: The legal basis is incomplete or not valid today.
    """
    basis = None
    if mode is Mode.METADATA_ONLY:
        grant = one_person(Act.WATCH, entry.channel, doer)
    else:
        if legal_basis is None:
            raise AuthorityError("this mode needs a legal basis", where=mode.value, fix="Give --legal-basis FILE.toml")
        basis = load_legal_basis(legal_basis, today=home.clock().date())
        grant = two_persons(Act.WATCH, entry.channel, doer)
    review_by = format_time(grant.review_by) if grant.review_by else None
    added = Draft(
        "channel_added",
        doer.values(grant.request)
        | {
            "channel": entry.channel,
            "report_url": text_value(entry.report_url),
            "reported_by": text_value(entry.reported_by),
            "reported_on": entry.reported_on.isoformat(),
            "access": entry.access,
            "mode": mode.value,
            "legal_basis": text_value(basis.text) if basis else None,
            "review_by": review_by,
        },
    )

    def ask_for_review(connection: sa.Connection, _placed: object) -> None:
        if grant.review_by:
            task.ask(connection, kind=REVIEW, subject=grant.request, due_at=grant.review_by)

    with home.writing() as writer:
        writer.sequencer.append([*grant.drafts, added], also=ask_for_review)
        return review_by, writer.beat()


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
