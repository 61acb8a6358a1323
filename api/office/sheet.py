"""Makes a sheet for the platform from a case's items, as text and as PDF with the same words. Nothing is sent.

The order: the consent is asked; the look at the records is logged before they are opened; the sheet is written whole
under a name of its own; only then it is logged, unless an item was frozen or removed or the consent changed meanwhile;
then the file gets its name.
"""

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from api.home import Home, Writer
from api.office.bundle import stamped_checkpoint
from casefiles.case import HeldItem, case_items, held_items, open_events, require_client
from casefiles.consent import consent_of, require_consent
from casefiles.errors import PagesError, SheetError
from casefiles.paper.sheet import sheet_pages
from casefiles.sheet.data import PlatformSheet, SheetKind, SheetOrder, make_sheet
from casefiles.sheet.made import MADE, MadeSheet, asked_before
from casefiles.sheet.text import sheet_text
from casefiles.withdrawal import require_not_closed
from config.catalogues import Platform, sheet_platform
from config.errors import Explained
from config.words import load_words
from evidence.authority import Doer, require_reason
from evidence.canonical import sha256_hex
from evidence.custody.append import tree_size
from evidence.custody.event import Draft
from evidence.custody.stamps import newest
from evidence.errors import HomeError, StampError, UnknownItemError
from evidence.objects.durable import storage_errors, sync_directory, write_new
from evidence.seal.recipients import KeyIdentity
from evidence.store.database import reading
from evidence.store.freeze import frozen_of_case
from evidence.store.reviews import types_of
from evidence.times import format_time

SCOPE = {SheetKind.DISCLOSURE: "prosecutor", SheetKind.PRESERVATION: "prosecutor", SheetKind.NOTICE: "lawyer"}
"""What the client must have agreed to, by kind of sheet: to whom her case may go."""
_ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class SheetWish:
    """What somebody wants a sheet of.

    Attributes:
        items: None of them means every item of the case.
        language: Hers; English stands first in any case.
        country: Of the authority, or hers for a notice.
        before_stamp: A notice may be made before its items are under a stamped checkpoint.
    """

    case_id: str
    kind: SheetKind
    out: Path
    items: tuple[str, ...] = ()
    language: str = _ENGLISH
    country: str | None = None
    before_stamp: bool = False


@dataclass(frozen=True, slots=True)
class WrittenSheet:
    """A sheet that was written and logged.

    Attributes:
        frozen: How many items of the case are frozen, and so are on no sheet.
        unstamped: Why no time stamp could be had yet.
        pdf: The same sheet as PDF; None where it could not be made, and ``unprinted`` says why.
    """

    out: Path
    sheet: PlatformSheet
    made: MadeSheet
    frozen: int
    unstamped: Explained | None
    pdf: Path | None
    unprinted: PagesError | None


def write_sheet(home: Home, wish: SheetWish, doer: Doer, casework: KeyIdentity) -> WrittenSheet:
    """The verb behind ``case sheet``: write a sheet as text, and beside it as PDF, and log that it was made.

    Raises:
        UnknownItemError: There is no such case, it is a list of hashes, or an item is not in it or frozen.
        AuthorityError: There is no reason, or no consent to this is in force.
        SheetError: No law of this country is known; nothing of the items is at the platform; it is a notice, and an
            item is not under a stamped checkpoint yet; or the consent or an item changed while it was made.
        HomeError: The file has a name that is taken or of another kind, or there is no such folder.
        StorageFullError: No space for the file; nothing was logged.
    """
    require_reason(doer, act="sheet")
    require_sheet_file(wish.out)
    platform = _platform(wish)
    chosen, since = _chosen(home, wish), _size(home)
    require_consent(consent_of(home.engine, wish.case_id, casework), scope=SCOPE[wish.kind], today=home.today())
    with home.writing() as writer:
        stamped = _stamped(writer, wish, chosen)
        writer.sequencer.append([Draft("case_viewed", doer.values() | {"case": wish.case_id})])
        sheet = _sheet(home, _order(home, wish, platform, doer, casework), chosen, casework)
        languages = [load_words(language) for language in dict.fromkeys((_ENGLISH, wish.language))]
        data = sheet_text(sheet, languages).encode("utf-8")
        made = MadeSheet(wish.case_id, wish.kind, sheet.items, sha256_hex(data), wish.language, stamped)
        files, unprinted = {wish.out: data}, None
        try:
            files[pdf_beside(wish.out)] = sheet_pages(sheet, languages)
        except PagesError as why:
            unprinted = why
        with held_files(files) as parts:
            frozen = _log(writer, made, doer, casework, since)
            for out, part in parts.items():
                name_file(part, out)
        pdf = None if unprinted else pdf_beside(wish.out)
        return WrittenSheet(wish.out, sheet, made, frozen, writer.beat(), pdf, unprinted)


def pdf_beside(out: Path) -> Path:
    """The PDF of a sheet, beside its text."""
    return out.with_suffix(".pdf")


def _size(home: Home) -> int:
    with reading(home.engine) as connection:
        return tree_size(connection)


def require_sheet_file(out: Path) -> None:
    """Check that ``case sheet`` can write there, before a passphrase is asked for.

    Raises:
        HomeError: The file has a name that is taken or of another kind, or there is no such folder.
    """
    if out.suffix.lower() != ".txt":
        raise HomeError("home.sheet_another_kind", where=str(out), expected=".txt", found=out.suffix)
    if not out.parent.is_dir():
        raise HomeError("home.out_folder_missing", where=str(out.parent))
    for file in (out, pdf_beside(out)):
        if os.path.lexists(file):
            raise HomeError("home.out_taken", where=str(file))


def _chosen(home: Home, wish: SheetWish) -> Sequence[HeldItem]:
    """The items of the case that the sheet is made of; a frozen one is never among them."""
    require_client(home.engine, wish.case_id)
    require_not_closed(home.engine, wish.case_id)
    held = case_items(home.engine, wish.case_id)
    if unknown := set(wish.items) - {item.item_id for item in held}:
        raise UnknownItemError("unknown_item.not_in_the_case", where=wish.case_id, found=min(unknown)[:64])
    chosen = [item for item in held if not wish.items or item.item_id in wish.items]
    if not chosen:
        with reading(home.engine) as connection:
            if frozen_of_case(connection, wish.case_id):
                raise UnknownItemError("unknown_item.case_is_frozen", where=wish.case_id)
        raise UnknownItemError("unknown_item.case_is_empty", where=wish.case_id)
    return chosen


def _stamped(writer: Writer, wish: SheetWish, chosen: Sequence[HeldItem]) -> bool:
    """Whether a stamped checkpoint covers every item; for a notice, one is asked for, since removal ends the proof.

    Raises:
        SheetError: None covers a notice's items, and nobody said that it may go out before.
    """
    last = max(item.index for item in chosen)
    if wish.kind is SheetKind.NOTICE:
        try:
            stamped_checkpoint(writer, covers=last)
        except StampError as error:
            if not wish.before_stamp:
                raise SheetError("sheet.not_stamped", cause=error) from error
    with reading(writer.home.engine) as connection:
        stamp = newest(connection)
    return stamp is not None and stamp.size > last


def _platform(wish: SheetWish) -> Platform:
    """The platform with its rules.

    Raises:
        SheetError: There is no law of this country among them.
    """
    platform = sheet_platform()
    if wish.country is not None and wish.country not in platform.countries:
        raise SheetError("sheet.no_such_country", expected=", ".join(platform.countries), found=wish.country[:8])
    return platform


def _order(home: Home, wish: SheetWish, platform: Platform, doer: Doer, casework: KeyIdentity) -> SheetOrder:
    (opening,) = open_events(home.engine, [0], casework)
    rehearsal = opening.record is None or opening.record.values["rehearsal"] != "no"
    return SheetOrder(wish.kind, wish.case_id, format_time(doer.at), rehearsal, platform, wish.country)


def _sheet(home: Home, order: SheetOrder, chosen: Sequence[HeldItem], casework: KeyIdentity) -> PlatformSheet:
    events = open_events(home.engine, [item.index for item in chosen], casework)
    items = {event.leaf.event_id: event.record.values if event.record else {} for event in events}
    sheet = make_sheet(order, items, tuple(asked_before(home.engine, order.case_id, items, casework)))
    if not sheet.posts:
        raise SheetError("sheet.nothing_there", where=order.case_id)
    return sheet


def _log(writer: Writer, made: MadeSheet, doer: Doer, casework: KeyIdentity, since: int) -> int:
    """Log the sheet, and return how many items of the case are frozen.

    Raises:
        SheetError: An item of it was frozen or removed, or a consent of the case recorded, since they were read.
    """
    home, frozen = writer.home, set[str]()

    def as_read(connection: sa.Connection, _placed: object) -> None:
        frozen.update(frozen_of_case(connection, made.case_id))
        gone = set(made.items) - (held_items(connection, made.case_id) - frozen)
        new = tuple(types_of(connection, ["consent"], first=since))
        if gone or any(
            event.record is None or event.record.values["case"] == made.case_id
            for event in open_events(home.engine, new, casework)
        ):
            raise SheetError("sheet.changed_meanwhile", where=made.case_id)

    writer.sequencer.append([Draft(MADE, doer.values() | made.values())], as_read)
    return len(frozen)


@contextmanager
def held_files(files: Mapping[Path, bytes]) -> Iterator[Mapping[Path, Path]]:
    """The files of a sheet or an answer, whole and on the disk, under names for a while that nobody takes for one."""
    middle = secrets.token_hex(4)
    parts = {out: out.with_name(f"{out.name}.{middle}.part") for out in files}
    try:
        for out, part in parts.items():
            write_new(part, [files[out]])
        yield parts
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def name_file(part: Path, out: Path) -> None:
    """Give a written sheet or answer its name.

    Raises:
        HomeError: The name is taken.
    """
    with storage_errors(out.parent):
        try:
            os.link(part, out)  # unlike rename, link(2) refuses to replace
        except FileExistsError:
            raise HomeError("home.out_taken", where=str(out)) from None
        except OSError:
            part.replace(out)  # a file system without hard links, as most sticks have
        sync_directory(out.parent)
