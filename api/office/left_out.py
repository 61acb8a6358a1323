"""Replies that stand beside a case: told, and left out of its bundles only for a reason that is logged first."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from api.home import Home, Writer
from api.office.check import log_size
from api.office.look import look_at_case
from casefiles.case import require_client
from casefiles.left_out import LEFT_OUT, AnsweringItem, left_out_drafted, replies_beside
from config.errors import Explained
from evidence.authority import Doer, require_reason
from evidence.custody.event import Prepared
from evidence.errors import AuthorityError
from evidence.seal.recipients import KeyIdentity
from evidence.store.freeze import require_not_withdrawn
from evidence.store.reviews import types_of

_DECISIVE = frozenset({LEFT_OUT, "case_item_added", "case_item_removed", "frozen", "unfrozen", "erased"})
"""Types of entries that say which replies stand beside a case."""


@dataclass(frozen=True, slots=True)
class Replies:
    """Replies to messages of a case that are not in it; ``unstamped`` says why no time stamp could be had yet."""

    replies: Sequence[AnsweringItem]
    unstamped: Explained | None


def beside_case(home: Home, case_id: str, casework: KeyIdentity) -> Sequence[AnsweringItem]:
    """What ``case export`` must tell first: replies to messages of a case that it lacks and nobody left out.

    Raises:
        LeafError: A record is missing, damaged or not of its leaf.
    """
    return replies_beside(home.engine, case_id, casework)


def show_replies(home: Home, case_id: str, doer: Doer, casework: KeyIdentity) -> Replies:
    """The verb by which a call asks what ``case export`` would refuse: a look at the case, logged first.

    Raises:
        UnknownItemError: There is no such case, or it is a list of hashes.
        LeafError: A record is missing, damaged or not of its leaf.
    """
    require_client(home.engine, case_id)
    unstamped = look_at_case(home, case_id, doer, casework)
    return Replies(beside_case(home, case_id, casework), unstamped)


def require_replies_told(home: Home, case_id: str, casework: KeyIdentity) -> None:
    """Check, before ``case export``, that each preserved reply is in the case or was left out for a reason.

    Raises:
        AuthorityError: One is neither. None is named: to see which is a look at the case.
    """
    if found := beside_case(home, case_id, casework):
        raise AuthorityError("authority.replies_left_out", where=case_id, length=len(found))


def leave_out(home: Home, case_id: str, doer: Doer, casework: KeyIdentity) -> Replies:
    """The verb behind ``case export --leaving-out``: log that the replies beside a case are left out, and why.

    To look for them is a look at the case, logged first.

    Raises:
        UnknownItemError: There is no such case, or it is a list of hashes.
        AuthorityError: There is no reason.
    """
    require_client(home.engine, case_id)
    require_reason(doer, act="leave-out")
    unstamped = look_at_case(home, case_id, doer, casework)
    with home.writing() as writer:
        found = _left_out(home, writer, case_id, doer, casework)
        return Replies(found, writer.beat() if found else unstamped)


def _left_out(home: Home, writer: Writer, case_id: str, doer: Doer, casework: KeyIdentity) -> Sequence[AnsweringItem]:
    """Log what is left out, once; what is looked for takes too long for the turn, so again if the log has news."""
    while True:
        size = log_size(home)
        found = beside_case(home, case_id, casework)
        prepared = writer.sequencer.prepare([left_out_drafted(case_id, found, doer)] if found else [])

        def choose(connection: sa.Connection, size: int = size, prepared: list[Prepared] = prepared) -> list[Prepared]:
            require_not_withdrawn(connection, case_id, [])
            return [] if types_of(connection, _DECISIVE, first=size) else prepared

        if not found or writer.sequencer.turn(choose):
            return found
