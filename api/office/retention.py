"""The retention rule: what no case has claimed in time is destroyed, by the function of every erasure.

Two persons agree to the rule (the settings' days), and an entry says so; that is the approval of each run, which names
the request of that entry. A rule that somebody changed in the settings destroys nothing until two agree to it again.

A run first refuses the captures that nobody confirmed in time, which makes what they kept due. Then it goes through the
log once, some items at a time; killed anywhere, the next one goes on, since what is done is no longer due. What another
mode, a case or a hold keeps is left, and counted. The time is that of the newest time stamp: a clock that is ahead
destroys nothing early.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from api.home import Home, Writer
from api.office.erase import ErasureCause, ErasureWish, erase_by_rule
from api.office.request import Waiting, ask
from casefiles.case import open_events
from config.errors import Explained
from config.settings import RetentionSettings
from evidence.authority import Act, Doer, Grant, Request, refusal, require_reason, two_persons
from evidence.canonical import text_of
from evidence.custody.event import Draft, Prepared
from evidence.custody.stamps import newest, newest_first
from evidence.errors import AuthorityError
from evidence.seal.recipients import KeyIdentity
from evidence.store import database
from evidence.store.captured import WaitingCapture, overdue_captures, waiting_captures
from evidence.store.database import reading
from evidence.store.projection import Placed
from evidence.store.retention import RetentionTerms, count_due, due_items, require_due
from evidence.store.reviews import review_of
from evidence.store.task import note_work, noted
from evidence.times import format_time

_AT_ONCE = 200
_AGREED = "retention_rule"
"""The kind of note, among the rows of work, that says in clear which rule was agreed to, and where in the log."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """A rule that two persons agreed to; ``unstamped`` says why no time stamp could be had yet."""

    rule: Mapping[str, str]
    unstamped: Explained | None


@dataclass(frozen=True, slots=True)
class RetentionRun:
    """What a run did.

    Attributes:
        erased: How many items were destroyed.
        refused: How many captures were refused, because nobody had confirmed them in time.
        left: How many were due and are kept: the same is in a case, held, renewed or not due, in another mode.
        unfinished: Why something outside of the database is left; whoever writes next does it.
        unstamped: Why no time stamp could be had yet.
    """

    erased: int
    refused: int
    left: int
    unfinished: Explained | None
    unstamped: Explained | None


def rule_of(settings: RetentionSettings) -> dict[str, str]:
    """The rule that the settings have, as an entry says it."""
    days = {"unclaimed_days": settings.unclaimed_days, "bystander_days": settings.bystander_days}
    days |= {"notice_days": settings.notice_days, "unconfirmed_hours": settings.unconfirmed_hours}
    return {name: str(value) for name, value in days.items()}


def agree_to_rule(home: Home, doer: Doer) -> Ruled | Waiting:
    """The verb behind ``retention rule``: agree to the settings' days; without a second person, ask for it.

    Raises:
        AuthorityError: There is no reason, or both persons are one.
    """
    require_reason(doer, act=Act.RETENTION.value)
    rule = rule_of(home.settings.retention)
    target = " ".join(f"{name} {value}" for name, value in rule.items())
    if doer.approver is None:
        return ask(home, Act.RETENTION, target, {"rule": dict(rule)}, doer)
    return _rule(home, rule, doer, two_persons(Act.RETENTION, target, doer))


def rule_asked(home: Home, asked: Request, doer: Doer, grant: Grant) -> Ruled:
    """Log the rule once a second person approved it, as the request says.

    Raises:
        AuthorityError: The settings have another rule now, or somebody answered.
    """
    rule = rule_of(home.settings.retention)
    if asked.value("rule") != rule:
        raise AuthorityError("authority.retention_changed")
    return _rule(home, rule, doer, grant)


def _rule(home: Home, rule: Mapping[str, str], doer: Doer, grant: Grant) -> Ruled:
    with home.writing() as writer:
        ruled = Draft("retention_ruled", doer.values(grant.request) | {"rule": dict(rule)})

        def note(connection: sa.Connection, placed: Sequence[Placed]) -> None:
            _note(connection, placed[-1].idx, rule, home.clock())

        grant.log(writer.sequencer, [ruled], note)
        return Ruled(rule, writer.beat())


def run_retention(home: Home, doer: Doer, casework: KeyIdentity) -> RetentionRun:
    """The verb behind ``retention run``: destroy what is due by the rule that two persons agreed to.

    Raises:
        AuthorityError: Nobody agreed to the rule that the settings have.
    """
    ruled, request, approver = _agreed(home, casework)
    erased, left = 0, 0
    by = Doer(doer.actor, doer.tool, doer.at, reason=doer.reason or "the retention rule", approver=approver)
    acting = by, Grant(request, (), None)
    with home.writing() as writer:
        with writer.sequencer.take() as connection:  # a home that was put together from its log does not have it yet
            _note(connection, ruled, rule_of(home.settings.retention), home.clock())
        _ask_the_time(home, writer)
        now = _stamped_now(home)
        refused = _refuse_overdue(home, writer, by, now)
        terms, upto = _terms(home, now), now or doer.at

        def require(connection: sa.Connection, items: Sequence[str]) -> None:
            _require_newest(connection, ruled)
            require_due(connection, terms, upto, items)

        for items in _parts(home, terms, now):
            wish = ErasureWish(items, ErasureCause.RETENTION, None)
            done = erase_by_rule(home, writer, wish, acting, casework, require)
            erased, left = erased + done, left + len(items) - done
            with reading(home.engine) as connection:  # what the turn refused for this reason was left like any other
                _require_newest(connection, ruled)
        unstamped = writer.beat()
        unfinished = home.finish_erasures(writer.sequencer.take)
    return RetentionRun(erased, refused, left, unfinished, unstamped)


def _ask_the_time(home: Home, writer: Writer) -> None:
    """Have the log stamped where our clock says that a capture is over: in an idle office, no other stamp says so."""
    now, stamped = home.clock(), _stamped_now(home)
    with reading(home.engine) as connection:
        over = [each for each in waiting_captures(connection) if each.until <= format_time(now)]
    if any(stamped is None or each.until > format_time(stamped) for each in over):
        writer.beat(idle=True)


def _refuse_overdue(home: Home, writer: Writer, by: Doer, now: datetime | None) -> int:
    """Refuse the captures that nobody confirmed in time; return how many."""
    if now is None:
        return 0
    kept_for = timedelta(hours=home.settings.retention.unconfirmed_hours)
    with reading(home.engine) as connection:
        overdue = overdue_captures(connection, now, _covered(connection, now - kept_for))
    doer = replace(by, reason="nobody confirmed the capture in time")
    return sum(_refuse(writer, each.request, doer) for each in overdue)


def _refuse(writer: Writer, request: str, doer: Doer) -> int:
    prepared = writer.sequencer.prepare([refusal(request, doer)])

    def choose(connection: sa.Connection) -> list[Prepared]:
        # a second person may have answered while we waited for our turn
        return prepared if review_of(connection, request) is not None else []

    return len(writer.sequencer.turn(choose))


def count_soon(home: Home) -> tuple[int, int]:
    """The verb behind ``retention list``: how many items are due, and how many more within the days of notice."""
    days, now = home.settings.retention, _stamped_now(home)
    if now is None:
        return 0, 0
    terms = _terms(home, now)
    with reading(home.engine) as connection:
        due = count_due(connection, terms, now)
        then = replace(terms, released_from=None)
        return due, count_due(connection, then, now + timedelta(days=days.notice_days)) - due


def unconfirmed(home: Home) -> tuple[list[WaitingCapture], frozenset[str]]:
    """The verb behind ``retention list``: the captures that wait for a second person; and those that are overdue."""
    now, hours = _stamped_now(home), timedelta(hours=home.settings.retention.unconfirmed_hours)
    with reading(home.engine) as connection:
        waiting = waiting_captures(connection)
        late = [] if now is None else overdue_captures(connection, now, _covered(connection, now - hours))
    return waiting, frozenset(each.request for each in late)


def _terms(home: Home, now: datetime | None) -> RetentionTerms:
    """The settings' days; what a case gave up within the days of notice is not due yet."""
    days, noticed = home.settings.retention, 0
    if now is not None:
        with reading(home.engine) as connection:
            noticed = _covered(connection, now - timedelta(days=days.notice_days))
    return RetentionTerms(days.unclaimed_days, days.bystander_days, noticed)


def _covered(connection: sa.Connection, at: datetime) -> int:
    """How many entries were in the log at a time, as the newest time stamp from before it says."""
    return next((stamp.size for stamp in newest_first(connection) if stamp.gen_time <= at), 0)


def _parts(home: Home, terms: RetentionTerms, now: datetime | None) -> Iterator[tuple[str, ...]]:
    """What is due, some items at a time, each once."""
    after = -1
    while now is not None:
        with reading(home.engine) as connection:
            due = due_items(connection, terms, now, after=after, limit=_AT_ONCE)
        if not due:
            return
        after = due[-1][0]
        yield tuple(item for _index, item in due)


def _stamped_now(home: Home) -> datetime | None:
    """The time of the newest time stamp, or our clock's if that is behind it; None where nothing was ever stamped."""
    with reading(home.engine) as connection:
        stamp = newest(connection)
    return None if stamp is None else min(home.clock(), stamp.gen_time)


def is_ruled(home: Home) -> bool:
    """Whether, by the rows, two persons ever agreed to a rule for ``retention run``."""
    with reading(home.engine) as connection:
        return _newest_rule(connection) is not None


def is_rule_changed(home: Home) -> bool:
    """Whether the settings have another rule than two persons agreed to: then no run destroys anything.

    The rows tell it, since the entry is sealed. Where they do not know what was agreed to, it counts as not changed,
    until a run, which opens the entry, notes it.
    """
    with reading(home.engine) as connection:
        index, note = _newest_rule(connection), noted(connection, _AGREED).get(_AGREED)
    if index is None or note is None or json.loads(note.progress)[0] != index:
        return False
    return note.progress != _agreed_text(index, rule_of(home.settings.retention))


def _note(connection: sa.Connection, index: int, rule: Mapping[str, str], now: datetime) -> None:
    note_work(connection, kind=_AGREED, subject=_AGREED, due_at=now, progress=_agreed_text(index, rule))


def _agreed_text(index: int, rule: Mapping[str, str]) -> str:
    return json.dumps([index, dict(rule)], sort_keys=True)


def _newest_rule(connection: sa.Connection) -> int | None:
    table = database.authority.c
    ruled = sa.select(table.acted_idx).where(table.what == Act.RETENTION.value, table.acted_idx.is_not(None))
    return connection.execute(ruled.order_by(table.acted_idx.desc()).limit(1)).scalar()


def _require_newest(connection: sa.Connection, ruled: int) -> None:
    if _newest_rule(connection) != ruled:  # two persons agreed to another meanwhile
        raise AuthorityError("authority.retention_changed")


def _agreed(home: Home, casework: KeyIdentity) -> tuple[int, str, str]:
    """The place in the log of the newest rule, its request, and who approved it.

    Raises:
        AuthorityError: There is none, or the settings have another.
    """
    with reading(home.engine) as connection:
        index = _newest_rule(connection)
    if index is None:
        raise AuthorityError("authority.retention_not_ruled")
    (event,) = open_events(home.engine, [index], casework)
    values = event.record.values if event.record is not None and event.leaf.type == "retention_ruled" else {}
    if not values or values["rule"] != rule_of(home.settings.retention):
        raise AuthorityError("authority.retention_changed")
    return index, text_of(values["authority"]), text_of(values["approver"])
