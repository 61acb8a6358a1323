"""Asks for a release: that the pictures of a case are handed to an authority, or to the person shown (invariant 7).

Nothing here opens media, so the API may reach it. Two persons decide; then ``api.offline.release`` does it, on the
office's machine and with the cards. What may show a child is never released: what is frozen is refused when it is asked
for, and again inside the turn that logs it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import sqlalchemy as sa

from api.home import Home
from api.office.freeze import require_no_frozen_copy
from api.office.request import Waiting, ask
from casefiles.case import held_items, open_events, require_client
from evidence.authority import Act, Doer, Ordered, Request, require_reason
from evidence.canonical import Value, text_of, text_value
from evidence.errors import AuthorityError, ReleaseError, UnknownItemError
from evidence.handover.recipient import HandoverForm, RecipientKey, require_usable
from evidence.names import is_one_person, require_name
from evidence.observation import Kind
from evidence.seal.recipients import KeyIdentity
from evidence.store import database
from evidence.store.database import reading
from evidence.store.erase import require_not_erased
from evidence.store.freeze import require_shown
from evidence.store.reviews import types_of

MOST_ITEMS = 200
"""What one release has at most: each is opened and sealed again."""
RELEASED = "released"


class ReleasedTo(StrEnum):
    """Who may have a picture: an authority on its written request, the person shown, or her lawyer, on hers."""

    AUTHORITY = "authority"
    PERSON = "person"
    LAWYER = "lawyer"


@dataclass(frozen=True, slots=True)
class ReleaseWish:
    """What should be handed over, to whom, and on what written request.

    Attributes:
        to: The recipient's name, as the office calls them.
        reference: What names the written request: a file number, or where the paper is kept.
        asked_on: The date of that request.
    """

    case_id: str
    items: tuple[str, ...]
    to: str
    audience: ReleasedTo
    reference: str
    asked_on: date
    key: RecipientKey

    @property
    def target(self) -> str:
        """What the request says in the log's list of what waits: no item and no case."""
        return f"{self.audience.value} {len(self.items)}"

    def order(self) -> dict[str, Value]:
        """All that the act needs, by name."""
        return {
            "case": text_value(self.case_id),
            "items": " ".join(self.items),
            "to": text_value(self.to),
            "audience": self.audience.value,
            "reference": text_value(self.reference),
            "asked_on": self.asked_on.isoformat(),
            "form": self.key.form.value,
            "key": text_value(self.key.text),
            "key_sha256": self.key.sha256,
            "key_ends": self.key.ends,
        }


def release_wish(order: Ordered) -> ReleaseWish:
    """What a request for a release asks for."""
    ends, sha256 = order["key_ends"], order["key_sha256"]
    key = RecipientKey(
        HandoverForm(text_of(order["form"])),
        text_of(order["key"]),
        None if sha256 is None else text_of(sha256),
        None if ends is None else text_of(ends),
    )
    return ReleaseWish(
        case_id=text_of(order["case"]),
        items=tuple(text_of(order["items"]).split()),
        to=text_of(order["to"]),
        audience=ReleasedTo(text_of(order["audience"])),
        reference=text_of(order["reference"]),
        asked_on=date.fromisoformat(text_of(order["asked_on"])),
        key=key,
    )


def ask_release(home: Home, wish: ReleaseWish, doer: Doer, casework: KeyIdentity) -> Waiting:
    """The verb behind ``release`` without its second person: ask for it.

    Raises:
        UnknownItemError, AuthorityError, ReleaseError: As ``require_release``.
    """
    require_release(home, wish, doer, casework)
    return ask(home, Act.RELEASE, wish.target, wish.order(), doer)


def require_release(home: Home, wish: ReleaseWish, doer: Doer, casework: KeyIdentity) -> None:
    """Check that media may be handed over as somebody wishes, before anything is opened.

    (1) there is a reason, a name and a written request, (2) the key may be sealed to today, (3) each item is a file of
    the case and neither frozen nor erased, nor are its bytes those of a frozen one, (4) the name is not that of
    somebody else who got media before.

    Raises:
        UnknownItemError: There is no such case; or an item is not in it, is frozen or was erased.
        AuthorityError: There is no reason, or the name is none.
        ReleaseError: Of what is asked for, something cannot be handed over, or not to this key.
    """
    require_reason(doer, act=Act.RELEASE.value)  # (1)
    require_name(wish.to)
    if not wish.reference.strip() or wish.asked_on > home.today():
        raise ReleaseError("release.no_written_request", found=wish.asked_on.isoformat())
    if not 0 < len(wish.items) <= MOST_ITEMS:
        raise ReleaseError("release.number_of_items", limit=MOST_ITEMS, found=len(wish.items))
    require_usable(wish.key, now=home.clock())  # (2)
    require_client(home.engine, wish.case_id)  # (3)
    with reading(home.engine) as connection:
        require_releasable(connection, wish)
    require_no_frozen_copy(home, wish.case_id, casework)
    _require_same_key(home, wish, casework)  # (4)


def require_releasable(connection: sa.Connection, wish: ReleaseWish) -> None:
    """Check, also inside the turn that logs it, that each item may be handed over: a file of the case, not hidden.

    Raises:
        UnknownItemError: One is not in the case, is frozen, was erased, or the client took her consent back.
        ReleaseError: One has no file.
    """
    require_not_erased(connection, wish.items)
    held, table = held_items(connection, wish.case_id), database.item.c
    for item in wish.items:
        require_shown(connection, item)
        if item not in held:
            raise UnknownItemError("unknown_item.not_in_the_case", where=wish.case_id, found=item)
        row = connection.execute(sa.select(table.kind, table.payload_sha256).where(table.item_id == item)).one()
        if row.kind != Kind.FILE.value or row.payload_sha256 is None:
            raise ReleaseError("release.no_media", found=item)


def _require_same_key(home: Home, wish: ReleaseWish, casework: KeyIdentity) -> None:
    """Check that nobody of a name that a reader may take for this one got media, or should, under another key."""
    for name, sha256, at in _earlier(home, casework):
        if is_one_person(name, wish.to) and sha256 != wish.key.sha256:
            raise ReleaseError("release.another_key", since=at, name=name)


def _earlier(home: Home, casework: KeyIdentity) -> Sequence[tuple[str, str | None, str]]:
    """To whom media were released: name, digest of the key, and when; archives, which have no key, left out."""
    with reading(home.engine) as connection:
        indexes = list(types_of(connection, {RELEASED}))
    records = [event.record for event in open_events(home.engine, indexes, casework)]
    values = [record.values for record in records if record is not None]
    return [
        (text_of(each["recipient"]), text_of(each["recipient_sha256"]), text_of(each["at"]))
        for each in values
        if each["recipient_sha256"] is not None
    ]


def require_release_request(asked: Request) -> ReleaseWish:
    """What a request asks for, if it is one for a release.

    Raises:
        AuthorityError: It is for another act.
    """
    if asked.act is not Act.RELEASE or not asked.order:
        raise AuthorityError("authority.no_release", where=asked.request, found=asked.act.value)
    return release_wish(asked.order)
