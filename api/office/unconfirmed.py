"""A post from a channel that nobody registered: one person captures it; unless a second confirms it, it is destroyed.

The request comes first, so what is kept names it. It names neither the channel nor the message: a request stays in the
log for good, and nothing of a post that nobody confirmed may stay. Whoever confirms looks at the items themselves.

Nothing is captured in this way until two persons have agreed to the retention rule, since only that rule destroys it;
nor while the settings have another rule than the agreed one.
"""

from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from api.home import Home, Writer
from api.office.retention import is_rule_changed, is_ruled
from config.errors import Explained
from evidence.authority import Act, Doer, Grant, Request, approval, request_of, require_reason
from evidence.custody.event import Prepared
from evidence.custody.stamps import newest
from evidence.errors import AuthorityError
from evidence.intake.sight import Provenance
from evidence.observation import CAPTURED, Mode
from evidence.store import database
from evidence.store.captured import items_captured, require_captured
from evidence.store.database import reading
from evidence.store.reviews import review_of
from evidence.times import format_time
from monitor.telegram.standing import RegisterChangedError


def require_capturable(home: Home, doer: Doer) -> None:
    """Check, before asking Telegram anything, that one person may capture from a channel that is not registered.

    Raises:
        AuthorityError: There is no reason, nobody agreed to the rule that destroys what is captured, or the settings
            have another rule, by which nothing is destroyed.
    """
    require_reason(doer, act=Act.CAPTURE.value)
    if not is_ruled(home):
        raise AuthorityError("authority.capture_not_ruled")
    if is_rule_changed(home):
        raise AuthorityError("authority.capture_rule_changed")


def ask_to_keep(writer: Writer, doer: Doer, name: str, number: int) -> Provenance:
    """Log the request under which a post from a channel that is not registered is kept, and say how it is kept.

    Args:
        name: The channel's user name.
        number: The channel's number.

    Raises:
        AuthorityError: As ``require_capturable``.
        RegisterChangedError: The channel was registered meanwhile.
    """
    home, doer = writer.home, replace(doer, approver=None)  # a second person has to look at what was kept
    require_capturable(home, doer)
    request = request_of(Act.CAPTURE, Mode.METADATA_ONLY.value, doer, {"until": _until(home)})
    prepared = writer.sequencer.prepare([request])

    def choose(connection: sa.Connection) -> list[Prepared]:
        row = database.channel.c
        same = sa.or_(row.channel == name, row.channel.in_([str(number)]), row.channel_id == str(number))
        if connection.execute(sa.select(row.channel).where(same)).first() is not None:
            raise RegisterChangedError(taken_off=False)
        return prepared

    writer.sequencer.turn(choose)
    return Provenance(doer, doer.actor, CAPTURED, Mode.METADATA_ONLY, authority=request.event_id)


def _until(home: Home) -> str:
    """By when a second person has to confirm it: counted from our clock, or from the newest time stamp if later."""
    now = home.clock()
    with reading(home.engine) as connection:
        stamp = newest(connection)
    began = now if stamp is None else max(now, stamp.gen_time)
    return format_time(began + timedelta(hours=home.settings.retention.unconfirmed_hours))


def require_waiting(connection: sa.Connection, request: str) -> None:
    """Check, in the turn that keeps something under a request to capture, that nobody has answered it.

    Raises:
        AuthorityError: Somebody has.
    """
    if review_of(connection, request) is None:
        raise AuthorityError("authority.answered", where=request)


def items_kept(home: Home, request: str) -> tuple[str, ...]:
    """What a capture kept, for the second person to look at; nothing that is frozen."""
    with reading(home.engine) as connection:
        return tuple(items_captured(connection, request))


def confirm_capture(home: Home, asked: Request, doer: Doer) -> Explained | None:
    """Log that a second person confirms a capture; return why no time stamp could be had yet.

    Raises:
        AuthorityError: By a time stamp, it is too late, or somebody has answered.
        UnknownItemError: Nothing was kept under it, or all of it was erased.
    """
    grant, until = Grant(asked.request, (approval(asked.request, doer),), None, waited=True), asked.due_at
    with home.writing() as writer:
        prepared = writer.sequencer.prepare(grant.drafts)

        def choose(connection: sa.Connection) -> list[Prepared]:
            grant.require_open(connection)
            stamp = newest(connection)
            if stamp is not None and stamp.gen_time > until:  # even if our clock was set back meanwhile
                raise AuthorityError("authority.too_old", where=asked.request, expected=format_time(until))
            require_captured(connection, asked.request)
            return prepared

        writer.sequencer.turn(choose)
        return writer.beat()
