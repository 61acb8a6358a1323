"""Approved receivers of bundles: named persons or offices, each for one audience, approved by two persons.

The register is what the log says, read from it each time: no row exists that somebody could add to.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from casefiles.case_entries import OF_NO_CASE, events_of_case
from evidence.canonical import Value, text_value
from evidence.errors import AuthorityError
from evidence.seal.recipients import KeyIdentity


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who may get bundles of an audience.

    Attributes:
        name: As the office calls them.
        since: When they were approved, as values of the log are written.
    """

    name: str
    audience: str
    since: str = ""

    def values(self) -> dict[str, Value]:
        """What is logged beside who acts."""
        return {"receiver": text_value(self.name), "audience": self.audience}


def receivers(engine: sa.Engine, casework: KeyIdentity) -> Sequence[Receiver]:
    """Every approved receiver of bundles by the log, in the order in which they were approved.

    Raises:
        LeafError: A record is missing or damaged.
    """
    approved: dict[tuple[str, str], Receiver] = {}
    for event, record in events_of_case(engine, OF_NO_CASE, ["receiver_added", "receiver_removed"], casework):
        values = record.values
        key = str(values["receiver"]), str(values["audience"])
        approved.pop(key, None)
        if event.leaf.type == "receiver_added" and values["authority"] is not None and values["approver"] is not None:
            approved[key] = Receiver(*key, str(values["at"]))
    return tuple(approved.values())


def changed_after(engine: sa.Engine, receiver: Receiver, index: int, casework: KeyIdentity) -> int | None:
    """The newest entry behind ``index`` that approved this receiver of bundles or took them back.

    None where there is none.

    Raises:
        LeafError: A record is missing or damaged.
    """
    newest = None
    for event, record in events_of_case(engine, OF_NO_CASE, ["receiver_added", "receiver_removed"], casework):
        same = all(record.values[name] == value for name, value in receiver.values().items())
        if same and event.index > index:
            newest = event.index
    return newest


def require_receiver(name: str | None, audience: str, approved: Sequence[Receiver]) -> None:
    """Check that whoever a bundle goes to is an approved receiver for its audience.

    Raises:
        AuthorityError: Nobody was named, or they are not.
    """
    if name is None:
        raise AuthorityError("authority.receiver_not_named", audience=audience)
    if not any((each.name, each.audience) == (name, audience) for each in approved):
        raise AuthorityError("authority.receiver_not_approved", audience=audience)
