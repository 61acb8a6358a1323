"""What one person asked for and a second has not answered: a request, and the order in it.

The order is in the log, sealed like everything that people say, and holds all that the act needs. So whoever
approves it later, on another day or at another machine, approves what was asked for and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias, TypeVar

import sqlalchemy as sa

from api.home import Home
from casefiles.case import open_events
from config.errors import Explained
from config.watchlist import LegalBasis, read_legal_basis
from evidence.authority import Act, Doer, request_of
from evidence.canonical import Value, text_of
from evidence.errors import AuthorityError, UnknownItemError
from evidence.seal.age import Identity
from evidence.store import database
from evidence.store.database import reading
from evidence.store.projection import ANSWER_WITHIN
from evidence.store.reviews import Review, review_of
from evidence.times import format_time, parse_time

Ordered: TypeAlias = Mapping[str, Value]
"""All that an act needs, by name; docs/format.md says which names each act has."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that was logged, and nothing more: a second person answers it.

    Attributes:
        request: Its event id, which ``approve`` names.
        due_at: By when, as values of the log are written.
        why: What a second person is needed for, where one person might have done it.
        unstamped: Why no time stamp could be had yet.
    """

    request: str
    act: Act
    due_at: str
    why: Explained | None
    unstamped: Explained | None


@dataclass(frozen=True, slots=True)
class Request:
    """A request as its record says it.

    Attributes:
        order: Empty where the act was done at once.
        by: Who asked, when, and why.
        review: How it stands; None where it waits for nothing any more.
    """

    request: str
    index: int
    act: Act
    target: str
    order: Ordered
    by: Doer
    review: Review | None

    def text(self, name: str) -> str:
        """A text of the order."""
        return text_of(self.order[name])

    def text_or_none(self, name: str) -> str | None:
        """A text of the order; None where it says nothing."""
        return None if self.order[name] is None else self.text(name)

    def legal_basis(self, today: date) -> LegalBasis:
        """The legal basis of the order.

        Raises:
            LegalBasisError: It is not valid today.
        """
        return read_legal_basis(self.order["legal_basis"], today=today)


def ask(home: Home, act: Act, target: str, order: Ordered, doer: Doer, *, why: Explained | None = None) -> Waiting:
    """Log a request that a second person answers within seven days. Nothing of the act is done."""
    request = request_of(act, target, doer, order)
    with home.writing() as writer:
        writer.sequencer.append([request])
        return Waiting(request.event_id, act, format_time(doer.at + ANSWER_WITHIN), why, writer.beat())


def done_at_once(done: T | Waiting) -> T:
    """The result of an act for which both persons were named.

    Raises:
        TypeError: They were not, and it waits.
    """
    if isinstance(done, Waiting):
        raise TypeError("an act waits for a second person, who was not named")
    return done


def find_request(home: Home, request: str, casework: Identity) -> Request:
    """A request, answered or not.

    Raises:
        UnknownItemError: There is none.
        LeafError: Its record is missing or damaged.
    """
    index, review = _place_of(home, request)
    return request_at(home, index, casework, review)


def require_unanswered(home: Home, request: str) -> None:
    """Check that a request waits: met before a passphrase is asked for.

    Raises:
        UnknownItemError: There is none.
        AuthorityError: It waits for nothing; of an export only its record says whether its files have their names.
    """
    _index, review = _place_of(home, request)
    table = database.authority.c
    with reading(home.engine) as connection:
        what = connection.execute(sa.select(table.what).where(table.request == request)).scalar()
    if review is None and what != Act.EXPORT.value:
        raise AuthorityError("authority.answered", where=request)


def _place_of(home: Home, request: str) -> tuple[int, Review | None]:
    table = database.authority.c
    with reading(home.engine) as connection:
        review = review_of(connection, request)  # asks the leaves, so that no row needs to be there
        index = connection.execute(sa.select(table.idx).where(table.request == request)).scalar()
    if review is not None:
        return review.index, review
    if index is None:
        raise UnknownItemError("unknown_item.no_such_request", found=request[:64])
    return index, None


def request_at(home: Home, index: int, casework: Identity, review: Review | None) -> Request:
    """The request in the log's entry ``index``.

    Raises:
        LeafError: Its record is missing or damaged.
        UnknownItemError: The entry is no request.
    """
    (event,) = open_events(home.engine, [index], casework)
    if event.record is None or event.leaf.type != "requested":
        raise UnknownItemError("unknown_item.no_such_request", found=event.leaf.event_id)
    values = event.record.values
    order, reason = values["order"], values["reason"]
    by = Doer(
        text_of(values["actor"]),
        text_of(values["tool"]),
        parse_time(text_of(values["at"])),
        reason=None if reason is None else text_of(reason),
    )
    act, target = Act(text_of(values["what"])), text_of(values["target"])
    return Request(event.leaf.event_id, index, act, target, order if isinstance(order, Mapping) else {}, by, review)
