"""Hands pictures over: opened with the cards, sealed to the recipient in one stream, logged, and only then copied out.

The order, which an interruption at any byte leaves whole:

1. What is handed over is written below ``HOME/releases``, sealed to the recipient. No plaintext touches a disk.
2. In one turn, the rows are asked once more, the folder gets the name of its request, and ``released`` is logged.
3. Only now bytes leave: each file is copied to its place, compared with the log, and the receipt is written.
4. The folder in the home goes.

Cut off before (2), nothing was logged and the next run begins anew. Cut off after it, the next run goes on with the
same bytes and logs nothing.
"""

import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from api.home import Home
from api.made import LOCK, RELEASES
from api.office.approval import approver_of
from api.office.release import RELEASED, ReleaseWish, require_releasable, require_release, require_release_request
from api.office.request import find_request
from api.offline.media import PreservedFile, content_of, media_of
from casefiles.case import open_events
from casefiles.errors import PagesError
from casefiles.handover.receipt import ReceiptFile, ReleaseReceipt, receipt_pages, receipt_text
from config import oplog
from config.errors import Explained
from evidence.authority import Act, Doer, Grant, Request, approval, request_of, require_two
from evidence.canonical import Value, text_of, text_value
from evidence.custody.append import tree_size
from evidence.custody.event import Draft, Prepared
from evidence.errors import AuthorityError, EnvelopeError, HomeError, ReleaseError
from evidence.handover.cms import seal_cms
from evidence.handover.recipient import HandoverForm
from evidence.handover.zipped import ZippedFile, seal_zip
from evidence.names import is_one_person
from evidence.objects.durable import make_folder, move_file, replace_file, storage_errors, sync_directory, write_new
from evidence.seal.cards import require_cards_of
from evidence.seal.envelopes import seal_stream
from evidence.seal.recipients import KeyIdentity
from evidence.store.database import reading
from evidence.store.reviews import is_acted, types_of
from evidence.unseal import told_passphrase

RECEIPT, RECEIPT_PDF = "receipt.txt", "receipt.pdf"
_ARCHIVE_NAME = "files.zip"
_PART = ".part"
_CHUNK = 1 << 20
_DECISIVE = frozenset({RELEASED, "frozen"})
"""Types of entries that may forbid a release whose rows have not changed: another key, or a copy of what is frozen."""


@dataclass(frozen=True, slots=True)
class ReleaseMeans:
    """What whoever releases brings.

    Attributes:
        cards: Asked for only where they are needed: a release that goes on after an interruption may need none.
        out: The folder for the recipient: a new one, an empty one, or that of the release that goes on.
    """

    casework: KeyIdentity
    cards: Callable[[], Sequence[str]]
    out: Path


@dataclass(frozen=True, slots=True)
class Released:
    """What was handed over.

    Attributes:
        passphrase: Of an archive: told to the recipient by telephone, and kept nowhere.
        resumed: Whether it was logged before, and only the rest was done now.
        unprinted: Why the receipt is a text alone.
        unstamped: Why no time stamp could be had yet.
    """

    receipt: ReleaseReceipt
    out: Path
    passphrase: str | None
    resumed: bool
    unprinted: PagesError | None
    unstamped: Explained | None


def release_now(home: Home, wish: ReleaseWish, doer: Doer, means: ReleaseMeans) -> Released:
    """The verb behind ``release`` where both persons are named: hand over the files of a case.

    Raises:
        AuthorityError: Both persons are one, or as ``require_release``.
        UnknownItemError, ReleaseError: As ``require_release``.
        CardError: The cards are too few, mistyped, or of another office.
        EnvelopeError, ObjectMissingError: What is preserved is damaged; nothing was logged.
        HomeError: The folder is taken.
        StorageFullError: No space. Once it was logged, the same request goes on.
    """
    approver = require_two(Act.RELEASE, doer)
    since = _size(home)
    require_release(home, wish, doer, means.casework)
    request = request_of(Act.RELEASE, wish.target, doer, wish.order())
    agreed = approval(request.event_id, replace(doer, actor=approver))
    grant = Grant(request.event_id, (request, agreed), None)
    with _alone(home):
        return _release(home, wish, doer, grant, means, since)


def release_asked(home: Home, request: str, doer: Doer, means: ReleaseMeans) -> Released:
    """The verb behind ``release --request``: hand over what two persons agreed on, or go on after an interruption.

    Args:
        doer: One of the two.

    Raises:
        UnknownItemError: There is no such request; or as ``release_now``.
        AuthorityError: It is for another act, is not approved, was refused, or is of two others.
        ReleaseError: It was handed over already; or as ``release_now``.
        CardError, EnvelopeError, ObjectMissingError, HomeError, StorageFullError: As ``release_now``.
    """
    asked = find_request(home, request, means.casework)
    wish = require_release_request(asked)
    with reading(home.engine) as connection:
        acted = is_acted(connection, asked.request)
    if not acted and (asked.review is None or not asked.review.approved):
        raise AuthorityError("authority.release_not_approved", where=asked.request)
    by = _two(home, asked, doer, means.casework)
    with _alone(home):
        if acted:
            return _go_on(home, wish, asked.request, means)
        since = _size(home)
        require_release(home, wish, by, means.casework)
        return _release(home, wish, by, Grant(asked.request, (), None, waited=True), means, since)


def _size(home: Home) -> int:
    with reading(home.engine) as connection:
        return tree_size(connection)


def _two(home: Home, asked: Request, doer: Doer, casework: KeyIdentity) -> Doer:
    """Whoever asked and whoever approved, if ``doer`` is one of them."""
    approver = approver_of(home, asked, casework)
    if not any(is_one_person(doer.actor, each) for each in (asked.by.actor, approver)):
        raise AuthorityError("authority.release_of_others", where=asked.request)
    return replace(asked.by, approver=approver, at=doer.at, tool=doer.tool)


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """One release at a time; what an earlier one left that was not logged goes."""
    folder = home.path / RELEASES
    with storage_errors(folder):
        make_folder(folder, exist_ok=True)
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ReleaseError("release.busy") from error
        for part in folder.glob(f"*{_PART}"):
            shutil.rmtree(part)
        yield


def _release(home: Home, wish: ReleaseWish, doer: Doer, grant: Grant, means: ReleaseMeans, since: int) -> Released:
    """Release what may be released, as it was asked when the log had ``since`` entries."""
    cards = means.cards()
    require_cards_of(cards, home.recipients.office)
    _require_out(home, means.out, ())
    media = media_of(home, wish.items, means.casework)
    staged = home.path / RELEASES / grant.request
    part = staged.with_name(f"{staged.name}{_PART}")
    with storage_errors(staged.parent):
        make_folder(part)
    try:
        written = _seal(home, wish, media, cards, part, grant.request)  # (1)

        def as_asked(connection: sa.Connection) -> None:
            require_releasable(connection, wish)  # it may have been frozen or removed meanwhile
            if types_of(connection, _DECISIVE, first=since):
                require_release(home, wish, doer, means.casework)

        unstamped = _log(home, wish, grant, (doer, media, written), part, as_asked)  # (2)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    oplog.note("released", items=len(media))
    return replace(_hand_over(home, wish, grant.request, means, cards), unstamped=unstamped)


def _seal(
    home: Home, wish: ReleaseWish, media: Sequence[PreservedFile], cards: Sequence[str], part: Path, request: str
) -> Mapping[str, str]:
    """Write what will be handed over, sealed to the recipient; return the digest of each file by its name."""
    names = _names(media)
    sources = [(name, each, content_of(home, each, cards)) for name, each in zip(names, media, strict=True)]
    sealed = dict[str, Iterator[bytes]]()
    match wish.key.form:
        case HandoverForm.ZIP:
            members = [ZippedFile(name, each.size, source) for name, each, source in sources]
            sealed[_ARCHIVE_NAME] = seal_zip(members, passphrase=told_passphrase(cards, request), made_at=home.clock())
        case HandoverForm.AGE:
            for name, _, source in sources:
                sealed[_file_of(wish, name)] = seal_stream(source, recipients=(wish.key.age(),))
        case HandoverForm.CMS:
            holder = wish.key.certificate()
            for name, each, source in sources:
                sealed[_file_of(wish, name)] = seal_cms(source, size=each.size, certificate=holder)
    written = {name: write_new(part / name, pieces) for name, pieces in sealed.items()}
    with storage_errors(part):
        sync_directory(part)
    return written


def _names(media: Sequence[PreservedFile]) -> Sequence[str]:
    """What each file is called by the recipient: a number, and an ending that lets it be opened."""
    return [f"{number}{each.ending}" for number, each in enumerate(media, 1)]


def _file_of(wish: ReleaseWish, name: str) -> str:
    """The sealed file in which a file lies."""
    match wish.key.form:
        case HandoverForm.ZIP:
            return _ARCHIVE_NAME
        case HandoverForm.AGE:
            return f"{name}.age"
        case HandoverForm.CMS:
            return f"{name}.p7m"


def _log(
    home: Home,
    wish: ReleaseWish,
    grant: Grant,
    done: tuple[Doer, Sequence[PreservedFile], Mapping[str, str]],
    part: Path,
    as_asked: Callable[[sa.Connection], None],
) -> Explained | None:
    doer, media, written = done
    files = [written[_file_of(wish, name)] for name in _names(media)]
    drafts = [_draft(wish, doer, grant, each, file) for each, file in zip(media, files, strict=True)]
    with home.writing() as writer:
        prepared = writer.sequencer.prepare([*grant.drafts, *drafts])

        def choose(connection: sa.Connection) -> list[Prepared]:
            grant.require_open(connection)
            as_asked(connection)
            staged = part.with_name(grant.request)
            shutil.rmtree(staged, ignore_errors=True)  # of a run that was cut off here, before it was logged
            move_file(part, staged)
            return prepared

        writer.sequencer.turn(choose)
        return writer.beat()


def _draft(wish: ReleaseWish, doer: Doer, grant: Grant, medium: PreservedFile, file_sha256: str) -> Draft:
    told = {
        "case": text_value(wish.case_id),
        "item": medium.item_id,
        "sha256": medium.sha256,
        "audience": wish.audience.value,
        "recipient": text_value(wish.to),
        "recipient_sha256": wish.key.sha256,
        "released_sha256": file_sha256,
    }
    return Draft(RELEASED, doer.values(grant.request) | told)


def _go_on(home: Home, wish: ReleaseWish, request: str, means: ReleaseMeans) -> Released:
    """Hand over the rest of what was logged, unless an item was frozen or erased since."""
    staged = home.path / RELEASES / request
    if not staged.is_dir():
        raise ReleaseError("release.done", where=request)
    try:
        with reading(home.engine) as connection:
            require_releasable(connection, wish)
    except Explained:
        shutil.rmtree(staged)
        raise
    cards: Sequence[str] = ()
    if wish.key.form is HandoverForm.ZIP:
        cards = means.cards()
        require_cards_of(cards, home.recipients.office)
    return replace(_hand_over(home, wish, request, means, cards), resumed=True)


def _hand_over(home: Home, wish: ReleaseWish, request: str, means: ReleaseMeans, cards: Sequence[str]) -> Released:
    """Copy what was logged to the recipient's folder, write the receipt, and let go of it here."""
    receipt = _receipt(home, wish, request, means.casework)
    files = {each.file: each.file_sha256 for each in receipt.files}
    staged = home.path / RELEASES / request
    _require_out(home, means.out, (*files, RECEIPT, RECEIPT_PDF))
    with storage_errors(means.out.parent):
        make_folder(means.out, exist_ok=True)
    for name, sha256 in files.items():
        _copy(staged / name, means.out / name, sha256)
    replace_file(means.out / RECEIPT, receipt_text(receipt).encode("utf-8"))
    unprinted = None
    try:
        replace_file(means.out / RECEIPT_PDF, receipt_pages(receipt))
    except PagesError as why:
        unprinted = why
    passphrase = told_passphrase(cards, request) if wish.key.form is HandoverForm.ZIP else None
    shutil.rmtree(staged)
    return Released(receipt, means.out, passphrase, resumed=False, unprinted=unprinted, unstamped=None)


def _copy(staged: Path, out: Path, sha256: str) -> None:
    """Bring one sealed file to its place; one that lies there whole is left alone."""
    if out.exists():
        if _digest(out) != sha256:
            raise HomeError("home.out_taken", where=str(out))
        return
    part = out.with_name(f"{out.name}{_PART}")
    part.unlink(missing_ok=True)
    if write_new(part, _chunks(staged)) != sha256:
        part.unlink()
        raise EnvelopeError("envelope.release_changed", where=str(staged))
    move_file(part, out)


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        while chunk := source.read(_CHUNK):
            yield chunk


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    for chunk in _chunks(file):
        digest.update(chunk)
    return digest.hexdigest()


def _require_out(home: Home, out: Path, own: Sequence[str]) -> None:
    """Check that a folder may take a release: outside of the home, and with nothing in it but what is of it.

    Raises:
        HomeError: It may not.
    """
    if not out.parent.is_dir():
        raise HomeError("home.out_folder_missing", where=str(out.parent))
    if out.resolve().is_relative_to(home.path) or out.resolve().is_relative_to(home.keys.path.resolve()):
        raise HomeError("home.out_in_home", where=str(out))
    if out.exists():
        known = {*own, *(f"{name}{_PART}" for name in own), *(f"{name}.new" for name in own)}
        with suppress(NotADirectoryError):
            if {each.name for each in out.iterdir()} <= known:
                return
        raise HomeError("home.out_taken", where=str(out))


def _receipt(home: Home, wish: ReleaseWish, request: str, casework: KeyIdentity) -> ReleaseReceipt:
    """What the receipt says, by the log."""
    entries = _entries(home, request, casework)
    media = media_of(home, wish.items, casework)
    names = _names(media)
    files = list[ReceiptFile]()
    for name, medium in zip(names, media, strict=True):
        index, values = entries[medium.item_id]
        files.append(
            ReceiptFile(
                name=name,
                file=_file_of(wish, name),
                file_sha256=text_of(values["released_sha256"]),
                sha256=medium.sha256,
                size=medium.size,
                entry=index,
            )
        )
    _, first = next(iter(entries.values()))
    return ReleaseReceipt(
        rehearsal=home.settings.office.rehearsal,
        organisation=home.settings.office.organisation,
        log=home.settings.log.origin,
        request=request,
        recipient=wish.to,
        audience=wish.audience.value,
        reference=wish.reference,
        asked_on=wish.asked_on.isoformat(),
        form=wish.key.form.value,
        key_sha256=wish.key.sha256,
        requested_by=text_of(first["actor"]),
        approved_by=text_of(first["approver"]),
        released_at=text_of(first["at"]),
        files=tuple(files),
    )


def _entries(home: Home, request: str, casework: KeyIdentity) -> Mapping[str, tuple[int, Mapping[str, Value]]]:
    """The entries by which a request was done: index and values, by item."""
    with reading(home.engine) as connection:
        indexes = list(types_of(connection, {RELEASED}))
    found = dict[str, tuple[int, Mapping[str, Value]]]()
    for event in open_events(home.engine, indexes, casework):
        if event.record is not None and event.record.values["authority"] == request:
            found[text_of(event.record.values["item"])] = event.index, event.record.values
    return found
