"""Asks for an act that a second person must approve, and finds what was asked for (``evidence.authority.Request``).

The order is in the log, sealed like everything that people say, and holds all that the act needs. So whoever
approves it later, on another day or at another machine, approves what was asked for and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from api.home import Home
from casefiles.case import open_events
from config.errors import Explained
from evidence.authority import Act, Doer, Ordered, Request, read_request, request_of
from evidence.errors import AuthorityError, UnknownItemError
from evidence.seal.age import Identity
from evidence.store import database
from evidence.store.database import reading
from evidence.store.projection import ANSWER_WITHIN
from evidence.store.reviews import Review, review_of
from evidence.times import format_time

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


class Inside:
    """What the asker writes in the transaction that logs the act or the request for it; this class writes nothing.

    If a method raises, nothing is logged.
    """

    def waits(self, connection: sa.Connection, request: str) -> None:
        """Write that the act waits for a second person."""

    def acts(self, connection: sa.Connection, told: Mapping[str, Any]) -> None:
        """Write what the act did, by name, for a program."""


NOTHING_BESIDE = Inside()


def ask(
    home: Home,
    act: Act,
    target: str,
    order: Ordered,
    doer: Doer,
    inside: Inside = NOTHING_BESIDE,
) -> Waiting:
    """What a verb does without its second person: log a request, to be answered within seven days, and nothing else."""
    request = request_of(act, target, doer, order)
    with home.writing() as writer:
        writer.sequencer.append([request], lambda connection, _placed: inside.waits(connection, request.event_id))
        return Waiting(request.event_id, act, format_time(doer.at + ANSWER_WITHIN), None, writer.beat())


def done_at_once(done: T | Waiting) -> T:
    """The result of a verb for which both persons were named.

    Raises:
        TypeError: They were not, and it waits.
    """
    if isinstance(done, Waiting):
        raise TypeError("an act waits for a second person, who was not named")
    return done


def find_request(home: Home, request: str, casework: Identity) -> Request:
    """The request that ``approve`` was asked to answer, answered already or not.

    Raises:
        UnknownItemError: There is none.
        LeafError: Its record is missing or damaged.
    """
    index, review = _place_of(home, request)
    return request_at(home, index, casework, review)


def require_unanswered(home: Home, request: str) -> None:
    """Check, before ``approve`` asks for a passphrase, that a request waits.

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
    """The request in the log's entry ``index``, as ``approve`` answers it.

    Raises:
        LeafError: Its record is missing or damaged.
        UnknownItemError: The entry is no request.
    """
    (event,) = open_events(home.engine, [index], casework)
    if event.record is None or event.leaf.type != "requested":
        raise UnknownItemError("unknown_item.no_such_request", found=event.leaf.event_id)
    return read_request(event.leaf.event_id, index, event.record.values, review)
