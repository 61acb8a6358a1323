"""Authority: request, approval, act; three events by named actors (DESIGN.md, invariant 7).

A machine suggests, a person decides. Two persons: a mode above ``metadata_only``, keys, erasure, a release, an unknown
recipient, the end of a freeze. One person with a reason, a second told and reviewing within seven days: a channel as
``metadata_only``, files that somebody brings, a bundle for an approved recipient. A channel or an export in a mode
above ``metadata_only`` needs a legal basis beside the two persons. On the command line who acts is logged as
``declared``.

An authority's list that has the very file stands for the second person where the item may show a child
(invariant 10): then a machine's approval names nobody, and the order of the request names the list.

Two persons at one machine act at once. Otherwise the first one's request waits in the log, with an order that
says all that the act needs, until a second person answers it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias

import sqlalchemy as sa

from config.watchlist import LegalBasis, Readable, load_legal_basis, read_legal_basis
from evidence.canonical import Value, text_of, text_value
from evidence.custody.event import Draft, Prepared
from evidence.custody.sequencer import Also, Sequencer
from evidence.errors import AuthorityError, NobodyNamedError
from evidence.names import require_name, require_others
from evidence.observation import CAPTURED, Mode
from evidence.store.projection import ANSWER_WITHIN, Placed
from evidence.store.reviews import Review, is_settled, review_of
from evidence.times import format_time, parse_time


class Act(StrEnum):
    """What needs authority."""

    WATCH = "watch"
    IMPORT = "import"
    ADD = "add"
    EXPORT = "export"
    RECEIVER = "receiver"
    KEY = "key"
    LIFT = "lift"
    ERASE = "erase"
    RELEASE = "release"
    HOLD = "hold"
    UNHOLD = "unhold"
    RETENTION = "retention"
    CAPTURE = CAPTURED


@dataclass(frozen=True, slots=True)
class Doer:
    """Who acts, with what, and when; the values that every event carries.

    Attributes:
        actor: Pseudonym, without the spaces around it.
        approver: A second person's pseudonym, if one approved.
        tool: Name and version of the program.
        at: When, by our clock.

    Raises:
        NobodyNamedError: There is no actor.
        AuthorityError: A name is none (``evidence.names``), or the reason has nothing in it.
    """

    actor: str
    tool: str
    at: datetime
    reason: str | None = None
    approver: str | None = None

    def __post_init__(self) -> None:
        if not self.actor.strip():
            raise NobodyNamedError("authority.nobody_named")
        object.__setattr__(self, "actor", require_name(self.actor))
        if self.approver is not None and self.approver.strip():
            object.__setattr__(self, "approver", require_name(self.approver))
        if self.reason is not None and not self.reason.strip():
            raise AuthorityError("authority.blank_reason")

    def values(self, authority: str | None = None) -> dict[str, Value]:
        """The values of names that every schema has."""
        return {
            "actor": text_value(self.actor),
            "at": format_time(self.at),
            "reason": None if self.reason is None else text_value(self.reason),
            "authority": authority,
            "approver": None if self.approver is None else text_value(self.approver),
            "tool": self.tool,
        }


@dataclass(frozen=True, slots=True)
class Grant:
    """The events that give authority to an act, to be logged before it.

    Attributes:
        request: Event id of the request; the act names it as its ``authority``.
        drafts: Empty where the approval is in the log already, and its act was cut short.
        review_by: When a second person must have reviewed; None when one has approved already.
        waited: Whether the request is in the log already, where somebody may answer it meanwhile.
    """

    request: str
    drafts: tuple[Draft, ...]
    review_by: datetime | None
    waited: bool = False

    def require_open(self, connection: sa.Connection) -> None:
        """Check, inside the turn that logs the approval or the act, that nobody else answered the request.

        Raises:
            AuthorityError: Somebody did, or what was asked for is done.
        """
        if not self.waited:
            return
        review = review_of(connection, self.request)
        if review is None or review.done or review.approved == bool(self.drafts):
            raise AuthorityError("authority.answered", where=self.request)

    def require_undone(self, connection: sa.Connection) -> None:
        """Check, inside the turn that logs an act behind its approval, that nobody did it or called it off meanwhile.

        Raises:
            AuthorityError: Somebody approved the same request at the same time, or refused it.
        """
        if self.waited and is_settled(connection, self.request):
            raise AuthorityError("authority.answered", where=self.request)

    def log(self, sequencer: Sequencer, acts: Sequence[Draft], also: Also | None = None) -> list[Placed]:
        """Log acts and what gives them authority, in one turn.

        Args:
            also: As ``Sequencer.turn`` has it.

        Raises:
            AuthorityError: As ``require_open``; nothing was logged.
        """
        prepared = sequencer.prepare([*self.drafts, *acts])

        def choose(connection: sa.Connection) -> list[Prepared]:
            self.require_open(connection)
            return prepared

        return sequencer.turn(choose, also)


def legal_basis_for(mode: Mode, file: Readable | None, *, today: date) -> LegalBasis | None:
    """The legal basis that an act's authority needs for a mode; None for ``metadata_only``, which logs none.

    Raises:
        AuthorityError: No file was given, or one that would be left out of the log.
        LegalBasisError: The legal basis is incomplete or not valid today.
    """
    if mode is Mode.METADATA_ONLY:
        if file is not None:
            raise AuthorityError("authority.needs_no_legal_basis", where=mode.value)
        return None
    if file is None:
        raise AuthorityError("authority.needs_legal_basis", where=mode.value)
    return load_legal_basis(file, today=today)


def two_persons(act: Act, target: str, doer: Doer, order: Mapping[str, Value] | None = None) -> Grant:
    """The authority of two persons: the events of a request by one and its approval by another.

    Args:
        order: What the log keeps of the request beside its target, sealed.

    Raises:
        AuthorityError: Nobody approved, or the same person did both.
    """
    approver = require_two(act, doer)
    request = request_of(act, target, doer, order)
    return Grant(request.event_id, (request, approval(request.event_id, replace(doer, actor=approver))), None)


def person_and_list(act: Act, target: str, doer: Doer, order: Mapping[str, Value]) -> Grant:
    """The authority of one person and of a list that has the very file: a machine approves, on the list's word.

    Args:
        order: Names the list, as ``list``.

    Raises:
        AuthorityError: There is no reason.
    """
    require_reason(doer, act=act.value)
    request = request_of(act, target, doer, order)
    values: dict[str, Value] = {"tool": doer.tool, "at": format_time(doer.at), "authority": request.event_id}
    word = Draft("approved", values | {"request": request.event_id})
    return Grant(request.event_id, (request, word), None)


def approval(request: str, doer: Doer) -> Draft:
    """The event of authority when ``doer`` approves a request; who asked must be another (``require_others``)."""
    return Draft("approved", doer.values(authority=request) | {"request": request, "proof": "declared"})


def require_two(act: Act, doer: Doer) -> str:
    """Check the authority of an act of two: the second person is named, and another than the first.

    Raises:
        AuthorityError: Nobody approved, or the same person did both.
    """
    approver = doer.approver or ""
    if not approver.strip():
        raise AuthorityError("authority.needs_two_persons", where=act.value)
    require_others(doer.actor, approver)
    return approver


def one_person(act: Act, target: str, doer: Doer) -> Grant:
    """The authority of one person with a reason: the events; a second agrees now or reviews within seven days.

    Raises:
        AuthorityError: There is no reason.
    """
    if doer.approver is not None:
        return two_persons(act, target, doer)
    require_reason(doer, act=act.value)
    request = request_of(act, target, doer)
    return Grant(request.event_id, (request,), doer.at + ANSWER_WITHIN)


def require_reason(doer: Doer, *, act: str) -> None:
    """Check, for the authority of an act, that whoever acts says why.

    Raises:
        AuthorityError: There is no reason.
    """
    if not (doer.reason or "").strip():
        raise AuthorityError("authority.needs_reason", where=act)


def request_of(act: Act, target: str, doer: Doer, order: Mapping[str, Value] | None = None) -> Draft:
    """The event of authority when somebody asks for an act.

    Args:
        order: All that the act needs, by name, where it waits for a second person; None where it is done at once.
    """
    values: dict[str, Value] = {"what": act.value, "target": text_value(target), "order": order, "proof": "declared"}
    return Draft("requested", doer.values() | values)


Ordered: TypeAlias = Mapping[str, Value]
"""All that an act needs, by name; docs/format.md says which names each act has."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as its record says it.

    Attributes:
        order: Empty if the act was done at once.
        by: Who asked, when, and why.
        review: How it stands; None if it no longer waits for anything.
    """

    request: str
    index: int
    act: Act
    target: str
    order: Ordered
    by: Doer
    review: Review | None

    def value(self, name: str) -> Value:
        """A value of the order.

        Raises:
            AuthorityError: It has none of this name: an older version of the program wrote it.
        """
        try:
            return self.order[name]
        except KeyError:
            raise AuthorityError("authority.other_order", where=self.request, name=name) from None

    def text(self, name: str) -> str:
        """A text of the order.

        Raises:
            AuthorityError: As ``value``.
        """
        return text_of(self.value(name))

    def text_or_none(self, name: str) -> str | None:
        """A text of the order; None if it says nothing."""
        return None if self.value(name) is None else self.text(name)

    @property
    def due_at(self) -> datetime:
        """Until when a second person may approve it.

        Raises:
            AuthorityError: As ``value``.
        """
        return parse_time(self.text("until")) if self.act is Act.CAPTURE else self.by.at + ANSWER_WITHIN

    def legal_basis(self, today: date) -> LegalBasis:
        """The legal basis of the order.

        Raises:
            LegalBasisError: It is not valid today.
        """
        return read_legal_basis(self.value("legal_basis"), today=today)


def read_request(request: str, index: int, values: Mapping[str, Value], review: Review | None) -> Request:
    """The request for authority in a record of type ``requested``, which is entry ``index`` of the log."""
    order, reason = values["order"], values["reason"]
    by = Doer(
        text_of(values["actor"]),
        text_of(values["tool"]),
        parse_time(text_of(values["at"])),
        reason=None if reason is None else text_of(reason),
    )
    act, target = Act(text_of(values["what"])), text_of(values["target"])
    return Request(request, index, act, target, order if isinstance(order, Mapping) else {}, by, review)


def refusal(request: str, doer: Doer) -> Draft:
    """The event when ``doer`` refuses a request for authority, or takes back their own."""
    return Draft("refused", doer.values(authority=request) | {"request": request, "proof": "declared"})
