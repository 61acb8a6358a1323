"""A second person looks at what one person did, and says so in the log (invariant 7)."""

from dataclasses import dataclass

from api.home import Home
from casefiles.case import open_events
from config.errors import Explained
from evidence.authority import Doer, approval
from evidence.errors import UnknownItemError
from evidence.names import require_others
from evidence.seal.age import Identity
from evidence.store.database import reading
from evidence.store.reviews import Review, open_reviews, review_of


@dataclass(frozen=True, slots=True)
class Approved:
    """A request that a second person approved.

    Attributes:
        what: What was asked for, and ``target`` of what.
        requested_by: The first person.
        waiting: How many other requests still wait.
        unstamped: Why no time stamp could be had yet.
    """

    request: str
    what: str
    target: str
    requested_by: str
    waiting: int
    unstamped: Explained | None


def require_waiting(home: Home, request: str) -> Review:
    """The review that a request waits for; checked before a passphrase is asked for.

    Raises:
        UnknownItemError: It does not.
    """
    with reading(home.engine) as connection:
        review = review_of(connection, request)
    if review is None:
        raise UnknownItemError("unknown_item.no_such_request", found=request[:64])
    return review


def approve(home: Home, request: str, doer: Doer, casework: Identity) -> Approved:
    """Record that ``doer`` reviewed what another person did.

    Raises:
        UnknownItemError: No such request waits.
        AuthorityError: The same person asked for it.
    """
    (asked,) = open_events(home.engine, [require_waiting(home, request).index], casework)
    values = asked.record.values if asked.record else {}
    require_others(str(values["actor"]), doer.actor)
    with home.writing() as writer:
        prepared = writer.sequencer.prepare([approval(request, doer)])
        # another may have approved while we waited for our turn
        logged = writer.sequencer.turn(lambda connection: prepared if review_of(connection, request) else ())
        if not logged:
            raise UnknownItemError("unknown_item.no_such_request", found=request[:64])
        unstamped = writer.beat()
    with reading(home.engine) as connection:
        left = len(open_reviews(connection))
    return Approved(request, str(values["what"]), str(values["target"]), str(values["actor"]), left, unstamped)
