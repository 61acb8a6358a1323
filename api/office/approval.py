"""A second person answers one person (invariant 7): approves what waits, and it is done; or reviews; or refuses.

What is approved is what the request's order says. The approval and the act are logged in one turn, by the same
function as where two persons act at once; only an import logs its approval first, because it takes many turns.
An act that failed after its approval is finished by the same second person, who is not logged twice.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeAlias

import sqlalchemy as sa

from api.home import Home
from api.office.bundle import Exported, Making, Stages, export_asked, finish_asked, unstaged
from api.office.channel import Registered, add_asked_channel
from api.office.erase import Erased, erase_asked
from api.office.freeze import Lifted, lift_asked
from api.office.hold import EndedHolds, PlacedHold, end_asked, hold_asked
from api.office.intake import Imported, Progress, import_asked, unheard_import
from api.office.key import Renewed, renew_asked_seal
from api.office.page import LIMIT, Page, page_of
from api.office.receiver import Settled, add_asked_receiver
from api.office.request import NOTHING_BESIDE, Inside, request_at
from api.office.retention import Ruled, rule_asked
from api.office.unconfirmed import confirm_capture, items_kept
from casefiles.case import open_events
from config.errors import Explained
from evidence.authority import Act, Doer, Grant, Request, approval, refusal
from evidence.canonical import text_of
from evidence.custody.event import Draft, Prepared
from evidence.custody.sequencer import Also
from evidence.errors import AuthorityError
from evidence.names import require_others
from evidence.seal.recipients import KeyIdentity
from evidence.store import database
from evidence.store.database import reading
from evidence.store.reviews import Review, Stage, open_reviews, review_of
from evidence.times import format_time

OfKeeping: TypeAlias = Lifted | Erased | EndedHolds | PlacedHold | Ruled
"""What came of an act on what is kept or goes."""
Done: TypeAlias = Registered | Imported | Settled | Renewed | Exported | OfKeeping
"""What came of an act that was asked for."""


@dataclass(frozen=True, slots=True)
class Means:
    """What the second person brings to the act, beside a name.

    Attributes:
        cards: To renew the seal.
        progress: As ``import_export`` has it.
        stages: As ``export_case`` has it.
        inside: What is written with the act.
        matching: To erase: it finds the same file elsewhere, and seals the snapshot of the index again.
    """

    casework: KeyIdentity
    cards: Sequence[str] = ()
    progress: Progress = unheard_import
    stages: Stages = unstaged
    inside: Inside = NOTHING_BESIDE
    matching: KeyIdentity | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of the verb ``approve``: a request that a second person answered.

    Attributes:
        done: What came of the act; None for a review or a refusal.
        waiting: How many other requests still wait.
        unstamped: Why no time stamp could be had yet.
    """

    request: Request
    done: Done | None
    waiting: int
    unstamped: Explained | None


@dataclass(frozen=True, slots=True)
class Wait:
    """What waits for a second person, as the verb ``approve`` lists it.

    Attributes:
        index: Where in the log the request is.
        what: The act; None where its row is gone.
        due_at: By when, as values of the log are written.
        asked: What its record says; None without the passphrase.
        items: What a capture kept, but for what is frozen; empty for any other act.
    """

    request: str
    index: int
    what: str | None
    due_at: str | None
    stage: Stage
    asked: Request | None
    items: tuple[str, ...] = ()


def waiting(
    home: Home,
    casework: KeyIdentity | None,
    *,
    after: str | None = None,
    limit: int = LIMIT,
    cases: Collection[str] | None = None,
    sees: Callable[[Wait], bool] = lambda _wait: True,
) -> Page[Wait]:
    """The verb behind ``approve --list``: a page of what waits for a second person, in the order in which it is due.

    Args:
        after: ``more_after`` of the page before.
        sees: Whether an entry is shown; called for no more entries than the page needs.
    """
    now = format_time(home.clock())
    with reading(home.engine) as connection:
        reviews = [each for each in open_reviews(connection) if _due(each) > (after or "")]
    if cases is not None:  # before a record is opened: how long a page takes tells nothing of others
        reviews = [each for each in reviews if each.case_id in cases]

    def told(review: Review) -> Wait:
        asked = request_at(home, review.index, casework, review) if casework else None
        stage = review.stage(now)
        items = items_kept(home, review.request) if review.what == Act.CAPTURE.value else ()
        return Wait(review.request, review.index, review.what, review.due_at, stage, asked, items)

    found = tuple(islice(filter(sees, map(told, reviews)), limit + 1))
    return page_of(found, limit=limit, key=_due)


def _due(wait: Review | Wait) -> str:
    """The place of an entry in the order of what waits; first if the row that says when it is due was lost."""
    return f"{wait.due_at or ''} {wait.index:020d}"


def require_approvable(home: Home, asked: Request, doer: Doer, casework: KeyIdentity) -> None:
    """Check, before the verb ``approve`` is called and a person asked to agree, that ``doer`` may approve now.

    Raises:
        AuthorityError: The same person asked for it, another approved it, or it is too old; or it is an approved
            release, which the cards do.
    """
    require_others(asked.by.actor, doer.actor)
    if asked.review is None or not asked.order:
        return
    if asked.review.approved and asked.act is Act.RELEASE:
        raise AuthorityError("authority.release_next", where=asked.request)
    if asked.review.approved:
        if approver_of(home, asked, casework) != doer.actor:
            raise AuthorityError("authority.approved_by_another", where=asked.request)
    elif doer.at > (due := asked.due_at):
        raise AuthorityError("authority.too_old", where=asked.request, expected=format_time(due))


def agree(home: Home, asked: Request, doer: Doer, casework: KeyIdentity) -> None:
    """The first half of ``approve``: log that ``doer`` approves; who calls ``approve`` in the same name then does it.

    Raises:
        AuthorityError: ``doer`` may not approve it, somebody answered it, or it needs the cards.
    """
    require_approvable(home, asked, doer, casework)
    if asked.review is None:
        raise AuthorityError("authority.answered", where=asked.request)
    if asked.act in {Act.KEY, Act.RELEASE}:
        raise AuthorityError("authority.needs_cards", where=asked.request)
    if not asked.review.approved:
        grant = Grant(asked.request, (approval(asked.request, doer),), None, waited=True)
        with home.writing() as writer:
            grant.log(writer.sequencer, [])
            writer.beat()


def approve(home: Home, asked: Request, doer: Doer, means: Means) -> Answered:
    """The verb behind ``approve``: approve what was asked for, and do it; or record a review of what was done.

    Raises:
        AuthorityError: ``doer`` may not approve it; it would now be another act; or somebody answered meanwhile.
        Explained: What the act itself raises. Approving again, the same person makes up for it.
    """
    require_approvable(home, asked, doer, means.casework)
    by = replace(asked.by, approver=doer.actor, at=doer.at, tool=doer.tool)
    if asked.review is None:
        finished = finish_asked(home, asked, by, means.casework) if asked.order and asked.act is Act.EXPORT else None
        if finished is None:
            raise AuthorityError("authority.answered", where=asked.request)
        return Answered(asked, finished, _left(home), finished.unstamped)
    if not asked.order:
        return _answer(home, asked, approval(asked.request, doer), done=True)
    if asked.act is Act.RELEASE:
        return _agree_to_release(home, asked, doer)
    if asked.act is Act.CAPTURE:
        return Answered(asked, None, *_confirmed(home, asked, doer))
    drafts = () if asked.review.approved else (approval(asked.request, doer),)
    grant = Grant(asked.request, drafts, None, waited=True)
    with reading(home.engine) as connection:
        grant.require_open(connection)  # what an answer changed would be told of first; the turn asks again
    done = _act(home, asked, by, grant, means)
    return Answered(asked, done, _left(home), done.unstamped)


def _confirmed(home: Home, asked: Request, doer: Doer) -> tuple[int, Explained | None]:
    """Approve a capture, whose act is done: what was kept is kept on."""
    unstamped = confirm_capture(home, asked, doer)
    return _left(home), unstamped


def _agree_to_release(home: Home, asked: Request, doer: Doer) -> Answered:
    """Approve a release, which nothing here can do: it takes the cards, and ``release --request`` does it."""
    grant = Grant(asked.request, (approval(asked.request, doer),), None, waited=True)
    with home.writing() as writer:
        grant.log(writer.sequencer, [])
        unstamped = writer.beat()
    return Answered(asked, None, _left(home), unstamped)


def approver_of(home: Home, asked: Request, casework: KeyIdentity) -> str:
    """Who approved a request, as the log says.

    Raises:
        AuthorityError: The entry that its row names is no approval of it.
    """
    table = database.authority.c
    with reading(home.engine) as connection:
        index = connection.execute(sa.select(table.approved_idx).where(table.request == asked.request)).scalar_one()
    (event,) = open_events(home.engine, [index], casework)
    values = event.record.values if event.record and event.leaf.type == "approved" else {}
    if values.get("request") != asked.request:
        raise AuthorityError("authority.approved_by_another", where=asked.request)
    return text_of(values["actor"])


def _act(home: Home, asked: Request, by: Doer, grant: Grant, means: Means) -> Done:
    match asked.act:
        case Act.WATCH:
            return add_asked_channel(home, asked, by, grant)
        case Act.ADD | Act.RELEASE | Act.CAPTURE:
            raise AuthorityError("authority.answered", where=asked.request)
        case Act.IMPORT:
            return import_asked(home, asked, by, grant, means.progress, means.inside)
        case Act.RECEIVER:
            return add_asked_receiver(home, asked, by, grant, means.casework)
        case Act.KEY:
            return renew_asked_seal(home, asked, by, grant, means.cards)
        case Act.LIFT | Act.ERASE | Act.HOLD | Act.UNHOLD | Act.RETENTION:
            return _act_on_kept(home, asked, by, grant, means)
        case Act.EXPORT:
            return export_asked(home, asked, by, grant, Making(means.casework, means.stages, means.inside))


def _act_on_kept(home: Home, asked: Request, by: Doer, grant: Grant, means: Means) -> OfKeeping:
    if asked.act is Act.LIFT:
        return lift_asked(home, asked, by, grant, means.casework)
    if asked.act is Act.HOLD:
        return hold_asked(home, asked, by, grant, means.casework)
    if asked.act is Act.UNHOLD:
        return end_asked(home, asked, by, grant)
    if asked.act is Act.RETENTION:
        return rule_asked(home, asked, by, grant)
    return erase_asked(home, asked, by, grant, (means.casework, means.matching))


def refuse(home: Home, asked: Request, doer: Doer, also: Also | None = None) -> Answered:
    """The verb behind ``approve --refuse``: refuse a request, or take back one's own; nothing of it is done.

    Args:
        also: Writes more in the transaction that logs it.

    Raises:
        AuthorityError: There is no reason; somebody answered meanwhile; or it was done before it was asked for.
    """
    if not (doer.reason or "").strip():
        raise AuthorityError("authority.needs_reason", where=asked.act.value)
    if asked.review and asked.review.done:
        raise AuthorityError("authority.done_already", where=asked.request)
    return _answer(home, asked, refusal(asked.request, doer), done=False, also=also)


def _answer(home: Home, asked: Request, answer: Draft, *, done: bool, also: Also | None = None) -> Answered:
    with home.writing() as writer:
        prepared = writer.sequencer.prepare([answer])

        def choose(connection: sa.Connection) -> list[Prepared]:
            # another may have answered while we waited for our turn
            review = review_of(connection, asked.request)
            if review is None or review.done != done:
                raise AuthorityError("authority.answered", where=asked.request)
            return prepared

        writer.sequencer.turn(choose, also)
        unstamped = writer.beat()
    return Answered(asked, None, _left(home), unstamped)


def _left(home: Home) -> int:
    with reading(home.engine) as connection:
        return len(open_reviews(connection))
