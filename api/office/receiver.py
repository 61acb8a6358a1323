"""The register of approved receivers of bundles: two persons approve each, and one may take it back."""

from dataclasses import dataclass

from api.home import Home
from api.office.page import Page
from api.office.request import Waiting, ask
from casefiles import receivers as register
from casefiles.receivers import Receiver
from config.errors import Explained
from evidence.authority import Act, Doer, Grant, Request, two_persons
from evidence.custody.event import Draft
from evidence.errors import AuthorityError, UnknownItemError
from evidence.names import require_name
from evidence.seal.recipients import KeyIdentity


@dataclass(frozen=True, slots=True)
class Settled:
    """A receiver that was approved or taken back; ``unstamped`` says why no time stamp could be had yet."""

    receiver: Receiver
    unstamped: Explained | None


def add_receiver(home: Home, name: str, audience: str, doer: Doer) -> Settled | Waiting:
    """The verb behind ``receiver add``: approve one for an audience; without a second person, ask for it.

    Raises:
        AuthorityError: The name is none, or both persons are one.
    """
    receiver = Receiver(require_name(name), audience)
    target = f"{receiver.name} for {audience}"
    if doer.approver is None:
        return ask(home, Act.RECEIVER, target, receiver.values(), doer)
    return _add(home, receiver, doer, two_persons(Act.RECEIVER, target, doer))


def add_asked_receiver(home: Home, asked: Request, doer: Doer, grant: Grant, casework: KeyIdentity) -> Settled:
    """Add a receiver once a second person approved it, as the request says.

    Raises:
        AuthorityError: The register says something else of them than when that was asked for, or somebody answered.
    """
    receiver = Receiver(asked.text("receiver"), asked.text("audience"))
    if changed := register.changed_after(home.engine, receiver, asked.index, casework):
        raise AuthorityError("authority.changed_receiver", where=asked.request, found=changed)
    return _add(home, receiver, doer, grant)


def _add(home: Home, receiver: Receiver, doer: Doer, grant: Grant) -> Settled:
    with home.writing() as writer:
        grant.log(writer.sequencer, [Draft("receiver_added", doer.values(grant.request) | receiver.values())])
        return Settled(receiver, writer.beat())


def list_receivers(home: Home, casework: KeyIdentity) -> Page[Receiver]:
    """The verb behind ``receiver list``: all approved receivers."""
    return Page(tuple(register.receivers(home.engine, casework)), None)


def remove_receiver(home: Home, name: str, audience: str, doer: Doer, casework: KeyIdentity) -> Settled:
    """The verb behind ``receiver remove``: one person may, since it only takes away.

    Raises:
        UnknownItemError: It is not on it.
    """
    receiver = Receiver(require_name(name), audience)
    approved = register.receivers(home.engine, casework)
    if not any((each.name, each.audience) == (receiver.name, audience) for each in approved):
        raise UnknownItemError("unknown_item.no_such_receiver", found=receiver.name, audience=audience)
    with home.writing() as writer:
        writer.sequencer.append([Draft("receiver_removed", doer.values() | receiver.values())])
        return Settled(receiver, writer.beat())
