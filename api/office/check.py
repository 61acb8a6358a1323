"""Looks for one picture in the store, for one case; logged before the answer is given."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, BinaryIO

import sqlalchemy as sa

from api.home import Home
from api.office.beside import beside
from api.office.opened import OpenOffice
from api.office.request import NOTHING_BESIDE, Inside
from casefiles.case import require_case
from casefiles.consent import CHECK, Consent, consent_of, require_consent
from config.errors import Explained
from evidence.authority import Doer
from evidence.canonical import Value
from evidence.custody.event import Draft
from evidence.fingerprint.decoder import MAX_BYTES, fingerprints_of
from evidence.keys import Unlocked
from evidence.match.check import CheckResult, NotCompared, PictureQuery, Tier
from evidence.match.segments import write_segments
from evidence.observation import Kind
from evidence.seal.age import Identity
from evidence.store import database
from evidence.store.database import reading
from evidence.store.upgrade import stands

LIMITS = (
    "A picture that is not found may have been posted all the same: missed are most crops of more than a fifth, most "
    "pictures of which the client has only a part, a picture turned by a few degrees, in a collage or before a blurred "
    "copy of itself, and every video; and so is every file that is no picture, cannot be decoded, or was not read "
    "under its mode."
)
"""What every answer says of its limits."""


@dataclass(frozen=True, slots=True)
class PlacedMatch:
    """A stored file that may show the same picture, for a person to judge.

    Attributes:
        message_item: The item of the message that carried the file; None where there is none.
        tier: A ``Tier``; nothing else of how near it is leaves the check.
    """

    item_id: str
    channel_id: str
    message_id: int | None
    posted_at: str | None
    acquired_at: str
    message_item: str | None
    tier: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A check's answer: "none" speaks only of ``compared`` pictures.

    Attributes:
        not_compared: How many files are known and could not be compared, for each reason.
        consented: Whether the case has a record of the client's consent.
    """

    matches: tuple[PlacedMatch, ...]
    compared: int
    not_compared: Mapping[NotCompared, int]
    unstamped: Explained | None
    consented: bool

    def told(self) -> dict[str, Any]:
        """The answer, for a program; ``limits`` belongs to it."""
        return {
            "found": bool(self.matches),
            "matches": [asdict(match) for match in self.matches],
            "compared": self.compared,
            "not_compared": sum(self.not_compared.values()),
            "not_compared_why": {reason.value: number for reason, number in self.not_compared.items()},
            "limits": LIMITS,
        }


def check_picture(home: Home, picture: BinaryIO, case_id: str, doer: Doer, keys: Unlocked) -> Checked:
    """Compare a picture with every stored one.

    Args:
        picture: Read to its end, or to where it is too long to be decoded.

    Raises:
        NotDecodedError: The picture cannot be decoded, so nothing can be said about it.
        OSError: The picture cannot be read.
        Explained: As ``check_prints``.
    """
    require_checkable(home, case_id, keys.casework)
    prints, crops = fingerprints_of(picture.read(MAX_BYTES + 1))
    return check_prints(home, PictureQuery(prints, crops.hashes), case_id, doer, OpenOffice.of(home, keys))


def require_checkable(home: Home, case_id: str, casework: Identity) -> Consent | None:
    """Check that something may be looked for in this case; return the consent, where there is a record of one.

    Raises:
        UnknownItemError: There is no such case.
        AuthorityError: Its consent was withdrawn, has ended or is not to this.
    """
    require_case(home.engine, case_id)
    consent = consent_of(home.engine, case_id, casework)
    if consent is not None:
        require_consent(consent, scope=CHECK, today=home.today())
    return consent


def check_prints(
    home: Home, query: PictureQuery, case_id: str, doer: Doer, office: OpenOffice, inside: Inside = NOTHING_BESIDE
) -> Checked:
    """Compare a fingerprint with every stored picture; a client who withdrew her consent has nothing looked for.

    Raises:
        UnknownItemError: There is no such case.
        AuthorityError: Its consent was withdrawn, has ended or is not to this.
        TaskLostError: ``inside`` no longer has its task; nothing was logged.
    """
    consent = require_checkable(home, case_id, office.keys.casework)
    with office.library.refreshed() as library:
        result, segments = library.compare(query), library.unsaved()
    unread = _files(home) - result.compared - sum(result.not_compared.values())
    left = {**result.not_compared, **({NotCompared.NOT_READ: unread} if unread else {})}
    with home.writing() as writer:
        counts: dict[str, Value] = {
            "case": case_id,
            "compared": str(result.compared),
            "not_compared": str(sum(left.values())),
            "found": str(len(result.matches)),
        }
        items: dict[str, Value] = {
            tier.value: [match.item for match in result.matches if match.tier is tier] for tier in Tier
        }
        done = Checked(tuple(_places(home, result)), result.compared, left, None, consent is not None)
        checked = Draft("checked", doer.values() | counts | items)

        def beside_it(connection: sa.Connection, _placed: object) -> None:
            inside.acts(connection, done.told())
            write_segments(connection, segments)

        writer.sequencer.append([checked], beside_it)
        return replace(done, unstamped=writer.beat())


def _files(home: Home) -> int:
    table = database.item
    counted = sa.select(sa.func.count()).where(table.c.kind == Kind.FILE.value, stands())
    with reading(home.engine) as connection:
        return int(connection.execute(counted).scalar_one())


def _places(home: Home, result: CheckResult) -> Iterator[PlacedMatch]:
    table = database.item
    place = sa.select(*(table.c[name] for name in ("item_id", "channel_id", "message_id", "posted_at", "acquired_at")))
    with reading(home.engine) as connection:
        messages = beside(connection, [match.item for match in result.matches])
        for match in result.matches:
            carried = next((message.item_id for message in messages.get(match.item, ())), None)
            row = connection.execute(place.where(table.c.item_id == match.item)).one()
            yield PlacedMatch(**row._mapping, message_item=carried, tier=match.tier.value)  # noqa: SLF001 - SQLAlchemy's public accessor
