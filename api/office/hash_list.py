"""Lists of hashes from a hotline or an exchange: added, listed, removed. None of their hashes is ever shown."""

from collections.abc import Callable
from dataclasses import dataclass

from api.home import Home
from casefiles.hash_list import AddedHashes, DeclaredList, HashList, ListProvenance, standing_lists
from casefiles.hash_list import add_list as add_to_log
from casefiles.hash_list import remove_list as remove_from_log
from config.errors import Explained, Term
from evidence.authority import Doer, require_reason
from evidence.errors import HashListError
from evidence.keys import Unlocked
from evidence.names import require_name
from evidence.seal.age import Identity
from evidence.times import is_ahead

MOST_NAME = 200
"""Characters of the name of a list, and of whoever gave it."""


@dataclass(frozen=True, slots=True)
class AddedList:
    """A list that was added, or was known; ``unstamped`` says why no time stamp could be had yet."""

    done: AddedHashes
    unstamped: Explained | None


@dataclass(frozen=True, slots=True)
class RemovedList:
    """A list that was removed; ``unstamped`` says why no time stamp could be had yet."""

    case_id: str
    unstamped: Explained | None


def require_provenance(home: Home, provenance: ListProvenance, doer: Doer) -> None:
    """Check, before ``hash-list add`` reads a long list, that somebody says where it came from.

    Raises:
        AuthorityError: There is no reason, or a name is none.
        HashListError: A name is empty, too long or holds control characters, or the day lies in the future.
    """
    require_reason(doer, act="hash-list")
    require_name(provenance.declared_by)
    for what, text in (
        (Term("what.list_name"), provenance.name),
        (Term("what.list_provider"), provenance.provider),
    ):
        if not 0 < len(text.strip()) <= MOST_NAME or not text.isprintable():
            raise HashListError("hash_list.unnamed", what=what, limit=MOST_NAME)
    if is_ahead(provenance.obtained_on, home.clock()):
        raise HashListError("hash_list.in_the_future", day=provenance.obtained_on.isoformat())


def add_hash_list(
    home: Home, declared: DeclaredList, doer: Doer, keys: Unlocked, hear: Callable[[int], object] = lambda _hashes: None
) -> AddedList:
    """The verb behind ``hash-list add``: log a list as a case of its own.

    Whoever has the keys open compares it at the next look.

    Args:
        hear: Is told how many more hashes are kept.

    Raises:
        AuthorityError: There is no reason, or a name is none.
        HashListError: It may not be added.
        HomeError: A key was made anew since ``keys`` were opened.
    """
    require_provenance(home, declared.provenance, doer)
    with home.writing() as writer:
        writer.require_current(casework=keys.casework, matching=keys.matching)
        done = add_to_log(home.engine, writer.sequencer, declared, doer, keys, hear)
        return AddedList(done, writer.beat())


def hash_lists(home: Home, casework: Identity) -> list[HashList]:
    """The verb behind ``hash-list list``: the lists that were added and not removed, in the order of the log."""
    return standing_lists(home.engine, casework)


def remove_hash_list(home: Home, case_id: str, doer: Doer) -> RemovedList:
    """The verb behind ``hash-list remove``: end a list for a reason, and destroy its hashes.

    Its case, and the alerts that it raised, stay.

    Raises:
        UnknownItemError: There is no such list, or it was removed.
        AuthorityError: There is no reason.
    """
    require_reason(doer, act="hash-list")
    with home.writing() as writer:
        remove_from_log(home.engine, writer.sequencer, case_id, doer)
        return RemovedList(case_id, writer.beat())
