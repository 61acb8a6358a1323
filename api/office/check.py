"""Looks for one picture in the store, for one case; logged before the answer is given."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, BinaryIO

import sqlalchemy as sa

from api.home import Home
from api.office.beside import beside
from api.office.opened import OpenOffice
from api.office.request import NOTHING_BESIDE, Inside
from casefiles.case import require_client
from casefiles.case_entries import keep_entries_of_cases, read_entries_of_cases
from casefiles.consent import CHECK, Consent, consent_of, require_consent
from config.errors import Explained
from evidence.authority import Doer
from evidence.canonical import Value
from evidence.custody.append import tree_size
from evidence.custody.event import Draft
from evidence.errors import AuthorityError
from evidence.fingerprint.decoder import MAX_BYTES, fingerprints_of
from evidence.keys import Unlocked
from evidence.match.check import CheckResult, NotCompared, PictureQuery, Tier
from evidence.match.segments import write_segments
from evidence.observation import Kind
from evidence.seal.recipients import KeyIdentity
from evidence.store import database
from evidence.store.database import reading
from evidence.store.freeze import not_frozen
from evidence.store.reviews import types_of
from evidence.store.task import note_work, noted
from evidence.store.upgrade import stands
from evidence.times import format_time

LIMITS = (
    "A picture that is not found may still have been posted. A check misses most crops of more than a fifth, most "
    "pictures of which the client has only a part, a picture turned by a few degrees, in a collage or before a blurred "
    "copy of itself, and a video with no key frame like the picture. It also misses every file that is not a picture "
    "or video, cannot be decoded, or was not read under its mode."
)
"""What every answer says of its limits."""
_DAY = timedelta(days=1)
_SPENT, _OFFICE = "checks", "office"


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
class ComparedPicture:
    """What was found of one picture: "none" speaks only of ``compared`` files.

    Attributes:
        not_compared: How many files are known and could not be compared, for each reason.
    """

    matches: tuple[PlacedMatch, ...]
    compared: int
    not_compared: Mapping[NotCompared, int]

    def told(self) -> dict[str, Any]:
        """What was found, for a program."""
        return {
            "found": bool(self.matches),
            "matches": [asdict(match) for match in self.matches],
            "compared": self.compared,
            "not_compared": sum(self.not_compared.values()),
            "not_compared_why": {reason.value: number for reason, number in self.not_compared.items()},
        }


@dataclass(frozen=True, slots=True)
class Checked:
    """A check's answer.

    Attributes:
        consented: Whether the case has a record of the client's consent.
        question: The receipt of the question that was asked; None of a picture that somebody at the office has.
        alike: How many other questions that are kept ask about a variant of one of these pictures.
    """

    pictures: tuple[ComparedPicture, ...]
    unstamped: Explained | None
    consented: bool
    question: str | None = None
    alike: int = 0

    def told(self) -> dict[str, Any]:
        """The answer, for a program: of one picture, or of all together and each; ``limits`` belongs to it."""
        each = [picture.told() for picture in self.pictures]
        more = {} if self.question is None else {"question": self.question, "alike": self.alike, "pictures": each}
        least = min(each, key=lambda told: int(told["compared"]))
        matches = [match for told in each for match in told["matches"]]
        return {**least, "found": bool(matches), "matches": matches, **more, "limits": LIMITS}


def check_picture(home: Home, picture: BinaryIO, case_id: str, doer: Doer, keys: Unlocked) -> Checked:
    """The verb behind ``check``: log it, and compare a picture with every stored one.

    Args:
        picture: Read to its end, or to where it is too long to be decoded.

    Raises:
        NotDecodedError: The picture cannot be decoded, so nothing can be said about it.
        OSError: The picture cannot be read.
        Explained: As ``check_pictures``.
    """
    require_checkable(home, case_id, keys.casework)
    prints, crops = fingerprints_of(picture.read(MAX_BYTES + 1))
    asked = AskedPictures([PictureQuery.of(prints, crops.hashes)])
    return check_pictures(home, asked, case_id, doer, OpenOffice.of(home, keys))


def require_checkable(home: Home, case_id: str, casework: KeyIdentity) -> Consent | None:
    """Check, before ``check`` looks for anything, that it may in this case; return the consent, if one is recorded.

    Raises:
        UnknownItemError: There is no such case, or it is a list of hashes.
        AuthorityError: Its consent was withdrawn, has ended or is not to this.
    """
    require_client(home.engine, case_id)
    consent = consent_of(home.engine, case_id, casework)
    if consent is not None:
        require_consent(consent, scope=CHECK, today=home.today())
    return consent


def log_size(home: Home) -> int:
    """How many entries the log has, before ``check`` asks what a newer one may change."""
    with reading(home.engine) as connection:
        return tree_size(connection)


def require_checkable_still(
    connection: sa.Connection, home: Home, case_id: str, casework: KeyIdentity, since: int
) -> None:
    """Check, in the turn of ``check``, what ``require_checkable`` did, if a consent was recorded from ``since`` on.

    Raises:
        UnknownItemError, AuthorityError: As ``require_checkable``; nothing is written.
    """
    if types_of(connection, ["consent"], first=since):
        require_checkable(home, case_id, casework)


def _still_asked(_connection: sa.Connection) -> None:
    """Of a picture that somebody at the office has."""


@dataclass(frozen=True, slots=True)
class AskedPictures:
    """What is looked for; ``question`` and ``alike`` as in ``Checked``.

    Attributes:
        require_asked: Raises, in the turn of ``check``, if nobody asks for them any more.
    """

    pictures: Sequence[PictureQuery]
    question: str | None = None
    alike: int = 0
    require_asked: Callable[[sa.Connection], None] = _still_asked


def check_pictures(
    home: Home,
    asked: AskedPictures,
    case_id: str,
    doer: Doer,
    office: OpenOffice,
    inside: Inside = NOTHING_BESIDE,
) -> Checked:
    """The verb ``check`` for several pictures; a client who withdrew her consent has nothing looked for.

    Raises:
        UnknownItemError: There is no such case.
        AuthorityError: Its consent was withdrawn, has ended or is not to this; or enough was looked for today.
        TaskLostError: ``inside`` no longer has its task; nothing was logged.
        HomeError: A key was made anew since the office was opened.
    """
    since = log_size(home)
    consent = require_checkable(home, case_id, office.keys.casework)
    with reading(home.engine) as connection:
        spend_checks(connection, home, case_id, len(asked.pictures), write=False)
    with office.library.refreshed() as library:
        results, segments = [library.compare(picture) for picture in asked.pictures], library.unsaved()
    snapshot = read_entries_of_cases(home.engine, office.keys.casework).sealed(office.keys.casework)
    files = _files(home)
    found = tuple(_compared(home, result, files) for result in results)
    done = Checked(found, None, consent is not None, asked.question, asked.alike)
    drafts = [Draft("checked", doer.values() | {"case": case_id} | _logged(one)) for one in done.pictures]

    def beside_it(connection: sa.Connection, _placed: object) -> None:
        require_checkable_still(connection, home, case_id, office.keys.casework, since)
        asked.require_asked(connection)
        spend_checks(connection, home, case_id, len(asked.pictures))
        inside.acts(connection, done.told())
        write_segments(connection, segments)
        keep_entries_of_cases(connection, snapshot)

    with home.writing() as writer:
        writer.require_current(casework=office.keys.casework, matching=office.keys.matching)
        writer.sequencer.append(drafts, beside_it)
        return replace(done, unstamped=writer.beat())


def _compared(home: Home, result: CheckResult, files: int) -> ComparedPicture:
    unread = max(files - result.compared - sum(result.not_compared.values()), 0)  # some may have come meanwhile
    left = {**result.not_compared, **({NotCompared.NOT_READ: unread} if unread else {})}
    return ComparedPicture(tuple(_places(home, result)), result.compared, left)


def _logged(one: ComparedPicture) -> dict[str, Value]:
    counts = {
        "compared": str(one.compared),
        "not_compared": str(sum(one.not_compared.values())),
        "found": str(len(one.matches)),
    }
    return {
        **counts,
        **{tier.value: [each.item_id for each in one.matches if each.tier == tier.value] for tier in Tier},
    }


def spend_checks(connection: sa.Connection, home: Home, case_id: str, pictures: int, *, write: bool = True) -> None:
    """Count pictures that a verb looks for; a case, and the office, may look for so many in a day.

    Raises:
        AuthorityError: They would be too many.
    """
    now, limits = home.clock(), home.settings.check
    since, kept = format_time(now - _DAY), noted(connection, _SPENT)
    for subject, limit in ((case_id, limits.daily_per_case), (_OFFICE, limits.daily)):
        times = kept[subject].progress.split() if subject in kept else []
        left = [at for at in times if at > since]
        if len(left) + pictures > limit:
            raise AuthorityError("authority.checked_enough", where=subject, limit=limit)
        if write:
            at = [*left, *[format_time(now)] * pictures]
            note_work(connection, kind=_SPENT, subject=subject, due_at=now + _DAY, progress=" ".join(at))


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
            row = connection.execute(place.where(table.c.item_id == match.item, not_frozen())).one_or_none()
            if row is None:  # frozen since it was compared
                continue
            yield PlacedMatch(**row._mapping, message_item=carried, tier=match.tier.value)  # noqa: SLF001 - SQLAlchemy's public accessor
