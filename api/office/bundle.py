"""Exports a case as a bundle without pictures, with its covering letter as text and PDF, and verifies bundles.

The order: have a stamped checkpoint cover the case; build in a file without a name, enciphered; write the files whole
under names of their own; log who sends what to whom; only then give them their names. Nothing leaves without its event.
"""

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from api import TOOL
from api.home import (
    SEAL_FILE,
    SEAL_KEY_FILE,
    SEAL_ROOT_FILE,
    SETTINGS_FILE,
    Home,
    Writer,
    no_office,
    read_certificate,
    read_roots,
)
from api.made import shows_too_much
from api.office.freeze import require_no_frozen_copy
from api.office.gap import closed_gaps
from api.office.left_out import require_replies_told
from api.office.request import NOTHING_BESIDE, Inside, Waiting, ask
from api.office.room import BYTES_OF_AN_ITEM, require_room
from casefiles.bundle.destination import Destination
from casefiles.bundle.letter import make_letter, render_letter
from casefiles.bundle.members import BundleContents
from casefiles.bundle.presets import withheld
from casefiles.bundle.scratch import Scratch
from casefiles.bundle.sign import BundleFacts, SealedBundle, Sealer, StampOver, seal_bundle
from casefiles.case import (
    OpenedEvent,
    authority_indexes,
    case_event_indexes,
    case_items,
    open_events,
    require_case,
    require_whole,
)
from casefiles.case_entries import OF_NO_CASE, events_of_case
from casefiles.consent import consent_events, consent_of, require_consent
from casefiles.errors import PagesError
from casefiles.format.entries import EarlierStamp, ShownEntry
from casefiles.format.records import ITEM, Bounds, DisclosedLeaf, ProvenTime
from casefiles.left_out import LEFT_OUT
from casefiles.pages.made import page_maker
from casefiles.paper.letter import letter_pages
from casefiles.receivers import receivers, require_receiver
from casefiles.report.closed import Closing
from casefiles.verifier.checks import Counting, unheard
from casefiles.withdrawal import require_not_closed
from config import oplog
from config.errors import Explained, Term
from config.words import load_words
from evidence.authority import Act, Doer, Grant, Ordered, Request, one_person
from evidence.canonical import Value, jcs, sha256_hex, text_value
from evidence.custody.anchoring import NONCE_BITS
from evidence.custody.append import TileRows, tree_size
from evidence.custody.event import Draft, Record
from evidence.custody.pins import SEAL
from evidence.custody.stamps import LoggedStamp, newest, newest_first
from evidence.errors import AuthorityError, HomeError, TaskLostError, UnknownItemError
from evidence.log.schema import TIERS
from evidence.log.tiles import consistency_path, inclusion_paths
from evidence.names import require_name
from evidence.objects.durable import storage_errors
from evidence.seal.recipients import KeyIdentity
from evidence.stamp.certificate import Certificate, fingerprint
from evidence.stamp.client import request_stamp, stamping_client
from evidence.stamp.kept_lists import ListFollowing
from evidence.store.database import reading
from evidence.store.erase import erased_among, erasures_of_case, lost_of_case
from evidence.store.freeze import freezes_of_case, frozen_of_case
from evidence.store.received import received_parts
from evidence.store.reviews import review_of, types_of
from evidence.times import format_time, parse_time

Stages: TypeAlias = Callable[[Term, Term], Counting]
"""Given what is done and its unit, gives progress: an export opens records, has the bundle stamped, then checks it."""
_SCRATCHES = 2
"""How many times a bundle lies in the home while it is made: its members, and whole."""
_STAMPS = 2
"""How many time stamps are asked for while a bundle is made: over its seal and over its archive."""


def unstaged(_label: Term, _unit: Term) -> Counting:
    """The stages of ``case export`` where nobody hears of them."""
    return unheard


@dataclass(frozen=True, slots=True)
class Order:
    """What an export was asked for.

    Attributes:
        receiver: Whom it goes to, as the register of approved receivers names them; None where nobody is named.
    """

    case_id: str
    audience: str
    language: str
    doer: Doer
    receiver: str | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """What left, and what is still to do.

    Attributes:
        finished: It was made and logged by an earlier run that was stopped; this one only gave the files their names.
        unstamped: Why the export's own event has no time stamp yet.
        review_by: By when a second person must review it, if nobody has.
        unprinted: Why there is no letter as PDF; the text is there.
    """

    facts: BundleFacts
    finished: bool
    unstamped: Explained | None
    review_by: datetime | None
    unprinted: PagesError | None = None

    def told(self) -> dict[str, Any]:
        """What left, for a program."""
        return told_of(self.facts, self.review_by)


def told_of(facts: BundleFacts, review_by: datetime | None) -> dict[str, Any]:
    """A bundle as a verb tells a program: its digest, its seal, what it holds, and by when it is reviewed."""
    return {
        "items": facts.items,
        "sha256": facts.sha256,
        "bytes": facts.bytes,
        "seal_fingerprint": facts.seal_fingerprint,
        "review_by": review_by and format_time(review_by),
    }


@dataclass(frozen=True, slots=True)
class _Made:
    """A bundle that is not logged yet.

    Attributes:
        letter_pdf: The letter as PDF, or why it could not be made.
        shown: How many holes it tells of, and the names of values that it withholds, by type of entry.
        items: Those that it shows.
        since: How many leaves the log had before its consents were read.
    """

    bundle: SealedBundle
    letter: bytes
    letter_pdf: bytes | PagesError
    facts: BundleFacts
    shown: Mapping[str, Any]
    items: frozenset[str]
    since: int


@dataclass(frozen=True, slots=True)
class Making:
    """What a bundle is made with.

    Attributes:
        inside: What is written with the export.
    """

    casework: KeyIdentity
    stages: Stages = unstaged
    inside: Inside = NOTHING_BESIDE


def require_exportable(home: Home, case_id: str, destination: Destination) -> None:
    """Check, before ``case export`` asks for a passphrase, that there is something to export and a place for it.

    Raises:
        HomeError: Something lies at the place where the bundle or a letter should go, or there is no such folder.
        UnknownItemError: There is no such case, or it has no items.
        ObjectMissingError: A sealed part of an item is gone.
        StorageFullError: The disk has too little room.
    """
    require_contents(home, case_id)
    destination.require_folder()  # before anything is logged: the event would name a file that never was
    if not destination.has_leftovers():
        destination.require_free()
    needed = require_case(home.engine, case_id).items * BYTES_OF_AN_ITEM
    require_room(destination.bundle.parent, needed)
    require_room(home.path, _SCRATCHES * needed)


def export_case(
    home: Home,
    order: Order,
    casework: KeyIdentity,
    destination: Destination,
    stages: Stages = unstaged,
    inside: Inside = NOTHING_BESIDE,
) -> Exported | Waiting:
    """The verb behind ``case export``: export a case into files: the bundle, and its letter as text and PDF.

    The same again after it was stopped finishes what was logged.

    Where one person may not and no second is named, ask for it.

    Raises:
        TaskLostError: ``inside`` no longer has its task; nothing was logged.
        UnknownItemError: There is no such case, or it has no items.
        ObjectMissingError: A sealed part of an item is gone.
        HomeError: Something lies at the place where the bundle should go, or there is no such folder;
            or an export to this place that was asked for otherwise was logged and cut short.
        AuthorityError: There is no reason; a reply to a message of the case is neither in it nor left out for a
            reason; or the receiver's name has a character that a reader does not see; or an
            item was frozen, or the client's consent recorded anew or withdrawn, while it was made.
        StampError: No stamped checkpoint covers the case, or the seal could not be time-stamped; nothing was written.
        GateError: Something in it may not leave; nothing was written.
        LeafError: The record of an entry is gone; nothing was written.
        StorageFullError: No space for the files; nothing was written or logged.
        StoreError: The export could not be logged, or may have been; the next run asks the log.
    """
    if order.receiver is not None:
        order = replace(order, receiver=require_name(order.receiver))
    require_exportable(home, order.case_id, destination)
    if earlier := _finish(home, order, casework, destination):
        return earlier
    destination.require_free()
    _require_fit_to_leave(home, order.case_id, casework)
    grant, making = one_person(Act.EXPORT, _target(order), order.doer), Making(casework, stages, inside)
    since = _size(home)
    if grant.review_by:
        try:
            _require_agreed(home, order, casework)
        except AuthorityError as why:
            asked = _ordered(home, order, casework, destination)
            return replace(ask(home, Act.EXPORT, _target(order), asked, order.doer, inside), why=why)
    make = partial(_make, order=order, making=making, since=since)
    return _export(home, order, destination, grant, make, making)


def export_asked(home: Home, asked: Request, doer: Doer, grant: Grant, making: Making) -> Exported:
    """Export a case once a second person approved it, as the request says.

    Raises:
        AuthorityError: The case or the client's consent is another than when that was asked for, or somebody answered.
        Explained: As ``export_case``; approving again makes up for it.
    """
    order, destination = _order_of(asked, doer), Destination(Path(asked.text("out")))
    casework = making.casework
    require_exportable(home, order.case_id, destination)
    if earlier := finish_asked(home, asked, doer, casework):
        return earlier
    destination.require_free()

    def require_as_asked() -> None:
        found = _ordered(home, order, casework, destination)
        for name in ("items_sha256", "consent"):
            if found[name] != (expected := asked.value(name)):
                told = str(expected or "-"), str(found[name] or "-")
                raise AuthorityError(
                    "authority.changed_case", where=asked.request, name=name, expected=told[0], found=told[1]
                )

    _require_fit_to_leave(home, order.case_id, casework)
    since = _size(home)

    def make(writer: Writer, file: Scratch) -> _Made:
        made = _make(writer, file, order, making, since)
        require_as_asked()  # once more, of what went into it
        return made

    require_as_asked()
    return _export(home, order, destination, grant, make, making)


def finish_asked(home: Home, asked: Request, doer: Doer, casework: KeyIdentity) -> Exported | None:
    """Finish an approved ``case export`` that was logged and cut short: name its files; None where there are none.

    Raises:
        HomeError: Another export to the same place was cut short.
    """
    destination = Destination(Path(asked.text("out")))
    return _finish(home, _order_of(asked, doer), casework, destination, authority=asked.request)


def _order_of(asked: Request, doer: Doer) -> Order:
    receiver = None if asked.value("receiver") is None else asked.text("receiver")
    return Order(asked.text("case"), asked.text("audience"), asked.text("language"), doer, receiver)


def _ordered(home: Home, order: Order, casework: KeyIdentity, destination: Destination) -> Ordered:
    """What a request says of an export: what was asked for, and the case and consent as they stand."""
    items = [item.item_id for item in case_items(home.engine, order.case_id)]
    consents = list(consent_events(home.engine, order.case_id, casework))
    return _asked(order) | {
        "out": text_value(str(destination.bundle.absolute())),
        "items": str(len(items)),
        "items_sha256": sha256_hex(jcs(items)),
        "consent": consents[-1].leaf.event_id if consents else None,
    }


def _export(
    home: Home,
    order: Order,
    destination: Destination,
    grant: Grant,
    make: Callable[[Writer, Scratch], _Made],
    making: Making,
) -> Exported:
    with home.writing() as writer, Scratch(home.path) as file:
        made = make(writer, file)
        printed = made.letter_pdf
        held = destination.hold(made.bundle.pieces(), made.letter, None if isinstance(printed, PagesError) else printed)
        try:
            _log(writer, order, grant, made, making)
            held.hand_over()
        except (AuthorityError, TaskLostError):
            held.drop()  # another was first, or it was cancelled: this one was not logged
            raise
        finally:
            held.close()  # not dropped: a commit that reports an error may be done; the next run asks the log
        unprinted = printed if isinstance(printed, PagesError) else None
        return Exported(
            made.facts,
            finished=False,
            unstamped=writer.beat(now=True),
            review_by=grant.review_by,
            unprinted=unprinted,
        )


def stream_case(home: Home, order: Order, casework: KeyIdentity, *, bundle: BinaryIO, letter: BinaryIO) -> Exported:
    """The verb ``case export`` into two streams; it is logged before the first byte leaves.

    Raises:
        AuthorityError: There is no second person, and no approved receiver or no consent in force; or an item was
            frozen, or the client's consent recorded anew or withdrawn, while it was made.
        Explained: As ``export_case``, but for what it says of files; nothing was logged.
        OSError: A stream refused; the export is logged.
    """
    require_contents(home, order.case_id)
    _require_fit_to_leave(home, order.case_id, casework)
    grant, making, since = one_person(Act.EXPORT, _target(order), order.doer), Making(casework), _size(home)
    if grant.review_by:
        _require_agreed(home, order, casework)
    with home.writing() as writer, Scratch(home.path) as file:
        made = _make(writer, file, order, making, since)
        _log(writer, order, grant, made, making)
        bundle.writelines(made.bundle.pieces())
        letter.write(made.letter)
        return Exported(made.facts, finished=False, unstamped=writer.beat(now=True), review_by=grant.review_by)


def require_contents(home: Home, case_id: str) -> None:
    """Check, before a case is exported, that it has items whose sealed parts are there.

    Raises:
        UnknownItemError: There is no such case, it has no items, or all of them are frozen or erased; or one was erased
            by an entry that this log lost.
        AuthorityError: Its client took her consent back.
        ObjectMissingError: A sealed part of an item is gone.
    """
    require_not_closed(home.engine, case_id)
    if not case_items(home.engine, case_id, limit=1):
        with reading(home.engine) as connection:
            if frozen_of_case(connection, case_id):
                raise UnknownItemError("unknown_item.case_is_frozen", where=case_id)
            if erasures_of_case(connection, case_id):
                raise UnknownItemError("unknown_item.case_is_erased", where=case_id)
        raise UnknownItemError("unknown_item.case_is_empty", where=case_id)
    with reading(home.engine) as connection:
        if lost := lost_of_case(connection, case_id):
            raise UnknownItemError("unknown_item.erased_before", where=case_id, found=lost[0])
    require_whole(home.engine, case_id, home.objects.require)


def _target(order: Order) -> str:
    return f"{order.case_id} for {order.audience}"


def _require_fit_to_leave(home: Home, case_id: str, casework: KeyIdentity) -> None:
    """Check what only records tell: what contradicts the case is told, and nothing is a copy of what is frozen.

    Raises:
        AuthorityError: A reply is not in the case, and nobody said why.
        UnknownItemError: A file has the digest of a frozen one.
    """
    require_replies_told(home, case_id, casework)
    require_no_frozen_copy(home, case_id, casework)


def _require_agreed(home: Home, order: Order, casework: KeyIdentity) -> None:
    """Check that one person may export: receiver and client have agreed before (invariant 7).

    Raises:
        AuthorityError: There is no approved receiver, or no consent in force.
    """
    require_receiver(order.receiver, order.audience, receivers(home.engine, casework))
    consent = consent_of(home.engine, order.case_id, casework)
    require_consent(consent, scope=order.audience, today=home.today())


def _size(home: Home) -> int:
    """How many leaves the log has, asked before the consents are read: what is newer counts for the turn."""
    with reading(home.engine) as connection:
        return tree_size(connection)


def _make(writer: Writer, file: Scratch, order: Order, making: Making, since: int) -> _Made:
    home, casework, stages = writer.home, making.casework, making.stages
    sealer, roots = load_sealer(home, casework), trusted_roots(home)
    contents = _opened_contents(writer, order, making)
    checking = stages(Term("progress.checking"), Term("unit.checks"))
    with stamper(home, stages(Term("progress.stamping"), Term("unit.stamps"))(_STAMPS)) as stamp:
        bundle = seal_bundle(contents, sealer=sealer, stamp=stamp, roots=roots, file=file, folder=home.path)
    shown = _shown(contents.records)
    items = frozenset(record.leaf.event_id for record in contents.records if record.leaf.type == ITEM)
    # the verifier reads all of it again from the bundle: to hold it twice would take twice the memory
    contents = replace(contents, entries=(), records=())
    facts = bundle.require_fit_to_leave(roots, checking)
    letter, letter_pdf = _letters(contents, facts)
    return _Made(bundle, letter, letter_pdf, facts, shown, items, since)


def _opened_contents(writer: Writer, order: Order, making: Making) -> BundleContents:
    """What goes into the bundle; the events that it is made of are let go of here."""
    progress = making.stages(Term("progress.opening"), Term("unit.records"))
    events = _events(writer.home, order.case_id, making.casework, progress)
    anchor = stamped_checkpoint(writer, covers=max(event.index for event in events))
    closings = _closings(writer.home, events, making.casework)
    return _contents(writer.home, order, events, anchor, closings)


def _letters(contents: BundleContents, facts: BundleFacts) -> tuple[bytes, bytes | PagesError]:
    """The covering letter as a text, and as PDF where that can be made: a bundle can go without it."""
    words, letter = load_words(contents.language), make_letter(contents, facts=facts)
    text = render_letter(words, letter).encode("utf-8")
    try:
        return text, letter_pages(words, letter)
    except PagesError as why:
        return text, why


def _shown(records: Iterable[DisclosedLeaf]) -> Mapping[str, Any]:
    holes, withheld = 0, defaultdict[str, set[str]](set)
    for record in records:
        holes += record.leaf.type == "hole"
        withheld[record.leaf.type].update(record.withheld)
    return {"holes": holes, "withheld": {kind: sorted(names) for kind, names in sorted(withheld.items()) if names}}


def _log(writer: Writer, order: Order, grant: Grant, made: _Made, making: Making) -> None:
    facts = made.facts
    values = _asked(order) | {"bundle_sha256": facts.sha256, "items": str(facts.items)}
    exported = Draft("exported", order.doer.values(grant.request) | values)
    told = {**told_of(facts, grant.review_by), **made.shown}

    def beside(connection: sa.Connection, _placed: object) -> None:
        _require_consent_as_read(writer.home, connection, order, made, making.casework)
        if made.items & frozen_of_case(connection, order.case_id):
            raise AuthorityError("authority.frozen_meanwhile", where=order.case_id)
        if erased_among(connection, made.items):
            raise AuthorityError("authority.erased_meanwhile", where=order.case_id)
        making.inside.acts(connection, told)

    grant.log(writer.sequencer, [exported], beside)
    oplog.note("export_made", items=facts.items, bytes=facts.bytes)


def _require_consent_as_read(
    home: Home, connection: sa.Connection, order: Order, made: _Made, casework: KeyIdentity
) -> None:
    """Check, in the turn, that no consent or withdrawal of the case came behind those that the bundle was made with.

    Raises:
        AuthorityError: One did.
    """
    new = tuple(types_of(connection, ["consent"], first=made.since))
    if new and any(
        event.record is None or event.record.values["case"] == order.case_id
        for event in open_events(home.engine, new, casework)
    ):
        raise AuthorityError("authority.consent_meanwhile", where=order.case_id)


def _asked(order: Order) -> dict[str, Value]:
    """What was asked for, by NAME of ``exported``."""
    receiver = None if order.receiver is None else text_value(order.receiver)
    asked: dict[str, Value] = {"case": order.case_id, "audience": order.audience, "receiver": receiver}
    return asked | {"language": text_value(order.language)}


def _finish(
    home: Home, order: Order, casework: KeyIdentity, destination: Destination, *, authority: str | None = None
) -> Exported | None:
    """Give the files of an export that was logged and cut short their names; those of one that was not logged go.

    Args:
        authority: The request that it must name; None for any.

    Raises:
        HomeError: What was logged was asked for otherwise.
    """
    with destination.leftovers() as leftovers:
        logged = {record.values["bundle_sha256"]: record for record in _exports(home, casework)} if leftovers else {}
        for held in leftovers:
            sha256, length = _digest_of(held.bundle)
            record = logged.get(sha256)
            if record is None or shows_hidden(home, held.bundle):
                held.drop()
                continue
            expected = _asked(order) | ({"authority": authority} if authority else {})
            if any(record.values[name] != value for name, value in expected.items()):
                raise HomeError(
                    "home.export_cut_short",
                    where=str(held.bundle),
                    case=str(record.values["case"]),
                    audience=str(record.values["audience"]),
                )
            held.hand_over(again=True)
            own = fingerprint(read_certificate(home.path / SEAL_FILE))
            facts = BundleFacts(sha256, length, own, int(str(record.values["items"])))
            with home.writing() as writer:
                unstamped = writer.beat(now=True)
            return Exported(facts, finished=True, unstamped=unstamped, review_by=_review_by(home, record))
    return None


def _digest_of(bundle: Path) -> tuple[str, int]:
    """The SHA-256 of a file in lower hex, and its length."""
    with bundle.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()


def _exports(home: Home, casework: KeyIdentity) -> Iterator[Record]:
    """The records of every export that was logged."""
    with reading(home.engine) as connection:
        indexes = tuple(types_of(connection, ["exported"]))
    for opened in open_events(home.engine, indexes, casework):
        if opened.record:
            yield opened.record


def _review_by(home: Home, record: Record) -> datetime | None:
    with reading(home.engine) as connection:
        review = review_of(connection, str(record.values["authority"]))
    return parse_time(review.due_at) if review and review.due_at else None


def stamped_checkpoint(writer: Writer, *, covers: int) -> LoggedStamp:
    """The newest stamped checkpoint for a verb that hands out, made now if none covers the leaf ``covers``.

    What others logged after that leaf does not matter: with a busy monitor there is always news.

    Raises:
        StampError: No time stamp could be had.
        HomeBusyError: Others kept writing.
    """
    found = _newest_anchored(writer.home, covers)
    if found is None:
        with storage_errors(writer.home.path):
            error = writer.stamp()
        found = _newest_anchored(writer.home, covers)
        if found is None:
            raise error or no_office(writer.home.path / SETTINGS_FILE)
    return found


def _newest_anchored(home: Home, covers: int) -> LoggedStamp | None:
    with reading(home.engine) as connection:
        stamp = newest(connection)
    return stamp if stamp and stamp.size > covers else None


def _events(home: Home, case_id: str, casework: KeyIdentity, progress: Counting) -> Sequence[OpenedEvent]:
    """The opening of the log and each renewal of its seal, what speaks of the case, and the authority for it."""
    held = {item.item_id for item in case_items(home.engine, case_id)}
    told = events_of_case(home.engine, case_id, ["checked", "consent", LEFT_OUT, "recognised"], casework)
    beside = [event.index for event, record in told if _is_told(record, held)]
    changed = events_of_case(home.engine, OF_NO_CASE, ["key_changed"], casework)
    beside += [event.index for event, record in changed if record.values["key"] == SEAL]
    with reading(home.engine) as connection:
        ended = [*freezes_of_case(connection, case_id), *erasures_of_case(connection, case_id)]
    of_case = {*case_event_indexes(home.engine, case_id), *beside, *ended}
    hear, events = progress(1 + len(of_case)), list[OpenedEvent]()
    for event in open_events(home.engine, [0, *sorted(of_case)], casework):
        events.append(event)
        hear(1)
    return [*events, *open_events(home.engine, authority_indexes(home.engine, events[1:]), casework)]


def _is_told(record: Record, held: Collection[str]) -> bool:
    """Whether a bundle tells it: each consent, what was left out, what found something, what is stated of an item."""
    match record.type:
        case "checked":
            return record.values["found"] != "0"
        case "recognised":
            return record.values["item"] in held
        case _:
            return True


def _contents(
    home: Home, order: Order, events: Sequence[OpenedEvent], anchor: LoggedStamp, closings: Iterable[Closing]
) -> BundleContents:
    opening = events[0].record.values if events[0].record else {}
    at = home.clock()
    return BundleContents(
        bundle_id=f"{order.case_id}-{at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}",
        case_id=order.case_id,
        organisation=str(opening["organisation"]),  # as the log says, not as a setting of today says
        audience=order.audience,
        language=order.language,
        created_at=at,
        reason=order.doer.reason or "",
        purpose=f"evidence for the {order.audience}",
        rehearsal=opening["rehearsal"] != "no",
        tool=TOOL,
        entries=tuple(_entries(home, events, anchor, order.audience)),
        records=tuple(_disclosed(events, order.audience)),
        checkpoint=anchor.note,
        checkpoint_token=anchor.token,
        stamps=tuple(_stamps(home, events, anchor)),
        log_key=str(home.verifier_key),
        received=_received(home, events),
        closings=tuple(closings),
        pages=page_maker(),
        lists=tuple(home.lists.readable()),
    )


def _received(home: Home, events: Sequence[OpenedEvent]) -> frozenset[int]:
    """The holes whose part the store has, received at another time; some of the parts are not of the case."""
    records = [event.record.values for event in events if event.record and event.leaf.type == "hole"]
    found = set[int]()
    with reading(home.engine) as connection:
        for channel in {str(values["channel_id"]) for values in records}:
            found |= {index for index, receipt in received_parts(connection, channel).items() if receipt.same}
    return frozenset(found)


def _closings(home: Home, events: Sequence[OpenedEvent], casework: KeyIdentity) -> Iterable[Closing]:
    """What closed the gaps of the channels that a bundle tells of."""
    records = [event.record.values for event in events if event.record and event.leaf.type == "hole"]
    return (
        gap.closing for gap in closed_gaps(home, sorted({str(values["channel_id"]) for values in records}), casework)
    )


def _entries(home: Home, events: Sequence[OpenedEvent], anchor: LoggedStamp, audience: str) -> Iterator[ShownEntry]:
    present = _present(events)
    with reading(home.engine) as connection:
        tiles = TileRows(connection)
        paths = inclusion_paths(tiles, indexes=[event.index for event in events], size=anchor.size)
        for event, path in zip(events, paths, strict=True):
            hidden = _hidden(event, present, audience)
            lines = event.record.lines(withhold=hidden) if event.record else ()
            yield ShownEntry(event.index, event.data, lines, tuple(path))


def _disclosed(events: Sequence[OpenedEvent], audience: str) -> Iterator[DisclosedLeaf]:
    present = _present(events)
    for event in sorted(events, key=lambda event: event.index):
        values, hidden = event.record.values if event.record else {}, _hidden(event, present, audience)
        shown = {name: value for name, value in values.items() if name not in hidden}
        yield DisclosedLeaf(event.index, event.leaf, shown, tuple(sorted(values.keys() & hidden)))


def _present(events: Sequence[OpenedEvent]) -> frozenset[str]:
    return frozenset(event.leaf.event_id for event in events)


def _hidden(event: OpenedEvent, present: Collection[str], audience: str) -> frozenset[str]:
    """What is withheld: what the preset says, and each value that names an item that is not of the case now."""
    values = event.record.values if event.record else {}
    unnamed = {
        name
        for name in ("item", "frozen_items", *TIERS)
        if any(item not in present for item in _named(values.get(name)))
    }
    return withheld(audience, event.leaf.type) | unnamed


def shows_hidden(home: Home, bundle: Path) -> bool:
    """Whether a bundle that an office keeps shows an item that was frozen or erased since: it may not be handed out."""
    with reading(home.engine) as connection:
        return shows_too_much(connection, bundle)


def _named(value: Value) -> Iterator[str]:
    """The items that a value names."""
    yield from (item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str))


def _stamps(home: Home, events: Sequence[OpenedEvent], anchor: LoggedStamp) -> Iterator[EarlierStamp]:
    """The earlier tokens that bound the entries, with what each stamps and the path from there to the final checkpoint.

    A case is exported long after it was preserved: the first stamp over an entry proves the older time.
    """
    with reading(home.engine) as connection:
        earlier = [stamp for stamp in newest_first(connection) if stamp.size < anchor.size]
        bounds = Bounds(_proven(anchor), [_proven(stamp) for stamp in earlier])
        needed = bounds.needed_by((event.index, event.leaf.after) for event in events)
        tiles = TileRows(connection)
        for stamp in reversed(earlier):
            if stamp.token_sha256 in needed:
                path = consistency_path(tiles, old_size=stamp.size, new_size=anchor.size)
                yield EarlierStamp(stamp.token, stamp.note, tuple(path))


def _proven(stamp: LoggedStamp) -> ProvenTime:
    at = format_time(stamp.gen_time)
    return ProvenTime(at, stamp.size, stamp.token_sha256, at)  # asked only which tokens are needed


def load_sealer(home: Home, casework: KeyIdentity) -> Sealer:
    """The organisation's seal, loaded from the home for the verbs that sign a bundle.

    Raises:
        NoMatchingKeyError: The casework key is another home's.
    """
    certificate = read_certificate(home.path / SEAL_FILE)
    key = load_pem_private_key(home.keys.read_sealed(SEAL_KEY_FILE, casework), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise HomeError("home.seal_key_of_another_kind", where=SEAL_KEY_FILE)
    root = read_certificate(home.trust / SEAL_ROOT_FILE)
    return Sealer(certificate, key, (root,))


@contextmanager
def stamper(home: Home, hear: Callable[[int], object], *, follow_lists: bool = False) -> Iterator[StampOver]:
    """What has the digests of a verb that makes bundles stamped, by the first office of a home.

    Args:
        hear: Called with how many more time stamps were had.
        follow_lists: Keep the newest revocation lists of each token's issuers.

    Raises:
        StampError: There is no office.
    """
    with home.time_stamping() as offices, stamping_client(offices) as http:
        if not offices:
            raise no_office(home.path / SETTINGS_FILE)

        def stamp(sha256: bytes) -> bytes:
            timeout_s = home.settings.stamp.timeout_s
            nonce = secrets.randbits(NONCE_BITS)
            hear(0)
            answer = request_stamp(office=offices[0], sha256=sha256, http=http, nonce=nonce, timeout_s=timeout_s)
            hear(1)
            if follow_lists:
                ListFollowing(home.lists, http, timeout_s).follow(offices[0], answer.info)
            return answer.token

        yield stamp


def trusted_roots(home: Home) -> list[Certificate]:
    """The roots that a home trusts, for the verbs that check seals and time stamps."""
    return [root for file in sorted(home.trust.glob("*.pem")) for root in read_roots(file)]
