"""Records that the client recognises an item of her case: with a file or a question of hers, or because she saw it.

Her file is read in memory, behind the walls of the decoder, and compared with the sealed prints of that one item. What
is kept of it is a code: the same file, or very similar. Whatever else the comparison says is logged as a check, and
every comparison counts for the day, so nobody learns here what a check would not tell.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

import sqlalchemy as sa

from api.home import Home
from api.office.check import log_size, require_checkable_still, spend_checks
from api.office.question import sealed_question
from api.office.task import taken
from casefiles.case import held_items, require_case
from casefiles.consent import CHECK, consent_of, require_consent
from casefiles.errors import RecognitionError
from casefiles.recognition import OF_TIER, ComparedWith, HowAlike, Statement, statements_of
from casefiles.report.stated import CONSENT, RECOGNISED
from casefiles.withdrawal import require_not_closed
from config.errors import Explained
from evidence.authority import Doer
from evidence.canonical import Value
from evidence.custody.event import Draft, Prepared
from evidence.errors import UnknownItemError
from evidence.fingerprint.decoder import MAX_BYTES, fingerprints_of
from evidence.keys import Unlocked
from evidence.match.check import PictureQuery, Tier
from evidence.match.pictures import Alike, Pictures, indexed_file
from evidence.match.question import open_question
from evidence.match.segments import Segment
from evidence.match.stored import prints_of
from evidence.names import is_one_person
from evidence.observation import Kind
from evidence.seal.recipients import KeyIdentity
from evidence.store import database
from evidence.store.database import reading
from evidence.store.freeze import is_hidden, not_frozen
from evidence.store.reviews import types_of
from evidence.times import is_ahead

_SEEN_KINDS = frozenset({Kind.FILE.value, Kind.MESSAGE.value, Kind.EDIT.value})
_DECISIVE = frozenset({CONSENT, RECOGNISED})
"""Types of entries that say whether a statement may be made, or stands."""


@dataclass(frozen=True, slots=True)
class RecordedRecognition:
    """What was logged; ``unstamped`` says why no time stamp could be had yet."""

    case_id: str
    statement: Statement
    unstamped: Explained | None


@dataclass(frozen=True, slots=True)
class _NamedItem:
    """An item of the case: where in the log it is, and what it is."""

    index: int
    kind: str


def recognise_file(
    home: Home, case_id: str, stated: Statement, picture: BinaryIO, doer: Doer, keys: Unlocked
) -> RecordedRecognition:
    """The verb behind ``case recognise --image``: record that a client's file is an item's, or shows much the same.

    Args:
        picture: Read to its end, or to where it is too long to be decoded; nothing of it is kept.

    Raises:
        NotDecodedError: It cannot be decoded, so nothing can be said about it.
        OSError: It cannot be read.
        Explained: As ``recognise_question``.
    """
    _require_comparable(home, case_id, stated, keys.casework)
    prints, crops = fingerprints_of(picture.read(MAX_BYTES + 1))
    asked = [PictureQuery.of(prints, crops.hashes)]
    return _compared(home, case_id, replace(stated, means=ComparedWith.FILE), asked, doer, keys)


def recognise_question(
    home: Home, case_id: str, stated: Statement, receipt: str, doer: Doer, keys: Unlocked
) -> RecordedRecognition:
    """The verb behind ``case recognise --question``: the same, by the fingerprints that her device made.

    Raises:
        UnknownItemError: There is no such case, no such question in it, or the item is not in it.
        QuestionError: It was withdrawn, was sealed to another office, is damaged, or malformed.
        AuthorityError: No consent to this is in force, or enough was looked for today.
        RecognitionError: The statement is another person's or of another day, the item is no file or has no prints, or
            the two are not alike enough.
        NoMatchingKeyError: A key is another home's.
    """
    _require_comparable(home, case_id, stated, keys.casework)
    asked = open_question(sealed_question(home, receipt, case_id), keys.matching).pictures
    return _compared(home, case_id, replace(stated, means=ComparedWith.QUESTION), asked, doer, keys)


def recognise_seen(
    home: Home, case_id: str, stated: Statement, doer: Doer, casework: KeyIdentity
) -> RecordedRecognition:
    """The verb behind ``case recognise --seen``: record that she saw the item where it was posted, in her words.

    Raises:
        UnknownItemError: There is no such case, or the item is not in it.
        AuthorityError: No consent to this is in force.
        RecognitionError: The statement is another person's, of another day or without words, or nobody can have seen
            an item of this kind.
    """
    if _require_stateable(home, case_id, stated, casework).kind not in _SEEN_KINDS:
        raise RecognitionError("recognition.nothing_to_see")
    if not (stated.text or "").strip():
        raise RecognitionError("recognition.without_words")
    return _record_stated(home, case_id, replace(stated, how=HowAlike.SEEN), doer, casework)


def take_back(home: Home, case_id: str, stated: Statement, doer: Doer, casework: KeyIdentity) -> RecordedRecognition:
    """The verb behind ``case recognise --withdrawn``: record that she takes it back; this needs no consent.

    The item may have been removed from the case, or be frozen: nothing of it is shown, and else the statement would
    stand again once the item is back.

    Raises:
        UnknownItemError: There is no such case.
        RecognitionError: She stated nothing of it that stands, or this is another person's or of another day.
    """
    require_case(home.engine, case_id)

    def require_stated() -> None:
        earlier = [each.statement for each in statements_of(home.engine, case_id, casework)]
        mine = [each for each in earlier if each.item_id == stated.item_id]
        if not mine:
            raise RecognitionError("recognition.nothing_stated")
        _require_hers(home, stated, mine[-1].person)

    return _record(home, case_id, stated, doer, require_stated, _nothing_more)


def _require_comparable(home: Home, case_id: str, stated: Statement, casework: KeyIdentity) -> None:
    if _require_stateable(home, case_id, stated, casework).kind != Kind.FILE.value:
        raise RecognitionError("recognition.no_file")


def _require_stateable(home: Home, case_id: str, stated: Statement, casework: KeyIdentity) -> _NamedItem:
    """The row of the item, if the client can state something of it."""
    row = _require_item(home, case_id, stated.item_id)
    consent = require_consent(consent_of(home.engine, case_id, casework), scope=CHECK, today=home.today())
    _require_hers(home, stated, consent.person)
    return row


def _require_item(home: Home, case_id: str, item_id: str) -> _NamedItem:
    require_case(home.engine, case_id)
    require_not_closed(home.engine, case_id)
    table = database.item
    with reading(home.engine) as connection:
        wanted = sa.select(table.c.idx, table.c.kind).where(table.c.item_id == item_id, not_frozen())
        row = connection.execute(wanted).one_or_none()
        if row is None or item_id not in held_items(connection, case_id):
            raise UnknownItemError("unknown_item.not_in_the_case", where=case_id, found=item_id[:64])
    return _NamedItem(row.idx, row.kind)


def _require_hers(home: Home, stated: Statement, client: str) -> None:
    """Check that a statement is the client's own, and not of a day to come.

    Raises:
        AuthorityError: One of the names is none.
        RecognitionError: It is another person's, or of a day to come.
    """
    if not is_one_person(stated.person, client):
        raise RecognitionError("recognition.of_another_person")
    if is_ahead(stated.told_on, home.clock()):
        raise RecognitionError("recognition.in_the_future", found=stated.told_on.isoformat())


def _compared(
    home: Home, case_id: str, stated: Statement, asked: Sequence[PictureQuery], doer: Doer, keys: Unlocked
) -> RecordedRecognition:
    """Record the statement that the comparison bears out; log a check where it bears out none."""
    since = log_size(home)
    entry = _require_stateable(home, case_id, stated, keys.casework).index
    with reading(home.engine) as connection:
        files = [indexed_file(*each) for each in prints_of(connection, keys.matching, [entry])]
    if not files:
        raise RecognitionError("recognition.nothing_to_compare")
    with taken(home) as connection:
        spend_checks(connection, home, case_id, len(asked))
    stored = Pictures()
    stored.take([Segment(entry, entry, files)])
    found = [stored.compare(each) for each in asked]
    tiers = {tier for each in found for tier in each.tiers.values()}
    for tier, how in OF_TIER.items():
        if tier in tiers:
            return _record_stated(home, case_id, replace(stated, how=how), doer, keys.casework)
    drafts = [Draft("checked", doer.values() | {"case": case_id} | _told(each, stated.item_id)) for each in found]

    def may_still(connection: sa.Connection, _placed: object) -> None:
        require_checkable_still(connection, home, case_id, keys.casework, since)

    with home.writing() as writer:
        writer.sequencer.append(drafts, may_still)
        writer.beat()
    raise RecognitionError("recognition.not_alike")


def _told(found: Alike, item_id: str) -> dict[str, Value]:
    """What ``checked`` says of a comparison with one item."""
    counts = {"compared": str(found.compared), "not_compared": str(sum(found.not_compared.values()))}
    tiers = {tier.value: [item_id for each in found.tiers.values() if each is tier] for tier in Tier}
    return {**counts, "found": str(len(found.tiers)), **tiers}


def _record_stated(
    home: Home, case_id: str, stated: Statement, doer: Doer, casework: KeyIdentity
) -> RecordedRecognition:
    """Record a statement, unless her consent or the item went while it was compared."""

    def require_stateable() -> None:
        _require_stateable(home, case_id, stated, casework)

    def require_held(connection: sa.Connection) -> None:
        if stated.item_id not in held_items(connection, case_id) or is_hidden(connection, stated.item_id):
            raise UnknownItemError("unknown_item.not_in_the_case", where=case_id, found=stated.item_id[:64])

    return _record(home, case_id, stated, doer, require_stateable, require_held)


def _nothing_more(_connection: sa.Connection) -> None:
    """What is asked in the turn of a statement that she takes back."""


def _record(
    home: Home,
    case_id: str,
    stated: Statement,
    doer: Doer,
    decide: Callable[[], None],
    inside: Callable[[sa.Connection], None],
) -> RecordedRecognition:
    """Log a statement, or that one is taken back, on a decision that nothing newer speaks against.

    Args:
        decide: Asked of the log's records, which takes too long for the turn; asked again while others add consents or
            statements.
        inside: Asked in the turn, of rows.
    """
    draft = Draft("recognised", doer.values() | stated.values(case_id))
    with home.writing() as writer:
        prepared = writer.sequencer.prepare([draft])

        def logged() -> bool:
            size = log_size(home)
            decide()

            def unless_newer(connection: sa.Connection) -> list[Prepared]:
                inside(connection)
                return [] if types_of(connection, _DECISIVE, first=size) else prepared

            return bool(writer.sequencer.turn(unless_newer))

        while not logged():
            pass  # of another case, perhaps: a record's case is sealed
        return RecordedRecognition(case_id, stated, writer.beat())
