"""Makes the sheet for a hotline or the police from what is frozen, as text and as PDF, without a picture.

The order is that of a sheet for the platform (``api.office.sheet``): the look at the records is logged before they are
opened, and that the sheet was made is logged before its file gets its name. Nothing is sent. No case is needed, and
no consent: what may show a child is reported whoever brought it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from api.home import Home
from api.office.children import REPORT, hotlines_here, rule_here
from api.office.sheet import held_files, name_file, pdf_beside, require_sheet_file
from casefiles.case import open_events
from casefiles.errors import PagesError, SheetError
from casefiles.paper.hotline import hotline_pages
from casefiles.sheet.hotline import HotlineSheet, NamedFreeze, ReportedItem, hotline_text, reported_posts
from casefiles.sheet.made import MADE
from config.catalogues import sheet_platform
from config.errors import Explained
from config.words import load_words
from evidence.authority import Doer, require_reason
from evidence.canonical import Value, sha256_hex, text_of, text_value
from evidence.custody.event import Draft
from evidence.custody.stamps import newest
from evidence.errors import UnknownItemError
from evidence.seal.recipients import KeyIdentity
from evidence.store import database
from evidence.store.database import reading
from evidence.store.freeze import WaitingFreeze, freezes_among, frozen_among, of_posts, waiting_freezes
from evidence.store.reviews import types_of
from evidence.times import format_time

_ENGLISH = "en"
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class HotlineWish:
    """What somebody wants to report.

    Attributes:
        items: Each goes with its message and album; none of them means all that is frozen.
        language: Stands first; English stands behind it.
        country: Whose rule and hotlines are printed; None for the one in the settings.
    """

    out: Path
    items: tuple[str, ...] = ()
    language: str = _ENGLISH
    country: str | None = None


@dataclass(frozen=True, slots=True)
class WrittenHotline:
    """A sheet for a hotline that was written and logged.

    Attributes:
        pdf: The same sheet as PDF; None where it could not be made, and ``unprinted`` says why.
        unstamped: Why no time stamp could be had yet.
    """

    out: Path
    sheet: HotlineSheet
    sha256: str
    pdf: Path | None
    unprinted: PagesError | None
    unstamped: Explained | None


@dataclass(frozen=True, slots=True)
class _Frozen:
    """What is reported, as the rows show it: items by their place in the log, and their freezes."""

    items: dict[int, str]
    freezes: list[WaitingFreeze]


def write_hotline(home: Home, wish: HotlineWish, doer: Doer, casework: KeyIdentity) -> WrittenHotline:
    """The verb behind ``hotline``: write the sheet, and beside it the PDF, and log that it was made.

    Raises:
        UnknownItemError: An item is not frozen, or nothing is.
        AuthorityError: There is no reason.
        SheetError: Nothing is on record of this country.
        CatalogueError: The office's file with rules does not fit its schema.
        HomeError: The file has a name that is taken or of another kind, or there is no such folder.
        StorageFullError: No space for the file; nothing was logged.
    """
    require_reason(doer, act="hotline")
    require_sheet_file(wish.out)
    _require_country(home, wish.country)
    with reading(home.engine) as connection:
        frozen = _frozen(connection, wish.items)
    indexes = sorted(frozen.items)
    with home.writing() as writer:
        look: dict[str, Value] = {"channel": None, "item": None, "items": str(len(indexes))}
        writer.sequencer.append([Draft("digests_viewed", doer.values() | look)])
        sheet = _sheet(home, wish, frozen, doer, casework)
        languages = [load_words(language) for language in dict.fromkeys((wish.language, _ENGLISH))]
        data = hotline_text(sheet, languages).encode("utf-8")
        files, unprinted = {wish.out: data}, None
        try:
            files[pdf_beside(wish.out)] = hotline_pages(sheet, languages)
        except PagesError as why:
            unprinted = why
        made: dict[str, Value] = {"case": None, "sheet": REPORT, "sheet_items": list(sheet.items)}
        made |= {"sheet_sha256": sha256_hex(data), "language": text_value(wish.language)}
        with reading(home.engine) as connection:
            stamp = newest(connection)
        made["stamped"] = "yes" if stamp is not None and stamp.size > indexes[-1] else "no"

        def still_frozen(connection: sa.Connection, _placed: object) -> None:
            _require_frozen(connection, sheet.items)

        with (
            held_files(files) as parts,
            _named(home, parts),
        ):  # an erasure trusts the entry: the sheet is there before it
            writer.sequencer.append([Draft(MADE, doer.values() | made)], still_frozen)
        pdf = None if unprinted else pdf_beside(wish.out)
        return WrittenHotline(wish.out, sheet, sha256_hex(data), pdf, unprinted, writer.beat())


@contextmanager
def _named(home: Home, parts: Mapping[Path, Path]) -> Iterator[None]:
    """The files of a sheet under their names; they go again if what follows fails and the log has no new sheet.

    A commit may be done and reported as failed, and an entry without its sheet is worse than a sheet without entry.
    """
    before, named = _sheets_made(home), list[Path]()
    try:
        for out, part in parts.items():
            name_file(part, out)
            named.append(out)
        yield
    except BaseException:
        if _sheets_made(home) == before:
            for out in named:
                out.unlink(missing_ok=True)
        raise


def _sheets_made(home: Home) -> tuple[int, ...]:
    with reading(home.engine) as connection:
        return tuple(types_of(connection, [MADE]))


def _require_country(home: Home, country: str | None) -> None:
    if country is not None and rule_here(home, country).country is None:
        raise SheetError("sheet.no_rule_of_country", found=country[:8])


def _require_frozen(connection: sa.Connection, items: Sequence[str]) -> None:
    """Check that each of them is frozen: one question for many, since it is asked in the turn too."""
    if left := set(items) - frozen_among(connection, items):
        raise UnknownItemError("unknown_item.not_frozen", found=min(left)[:64])


def _frozen(connection: sa.Connection, named: Sequence[str]) -> _Frozen:
    waiting = waiting_freezes(connection)
    if not waiting:
        raise UnknownItemError("unknown_item.nothing_frozen")
    if named:
        _require_frozen(connection, named)
    chosen = named or sorted(frozen_among(connection, list({item for each in waiting for item in each.items})))
    posts = of_posts(connection, chosen)
    return _Frozen(dict(_places(connection, posts)), freezes_among(connection, posts))


def _places(connection: sa.Connection, items: Sequence[str]) -> Iterator[tuple[int, str]]:
    item = database.item.c
    for first in range(0, len(items), _AT_ONCE):
        rows = sa.select(item.idx, item.item_id).where(item.item_id.in_(items[first : first + _AT_ONCE]))
        for row in connection.execute(rows):
            yield row.idx, row.item_id


def _sheet(home: Home, wish: HotlineWish, frozen: _Frozen, doer: Doer, casework: KeyIdentity) -> HotlineSheet:
    (opening,) = open_events(home.engine, [0], casework)
    opened = open_events(home.engine, sorted(frozen.items), casework)
    items = [
        ReportedItem(each.leaf.event_id, each.index, "media" in each.leaf.sealed, each.record.values)
        for each in opened
        if each.record is not None
    ]
    return HotlineSheet(
        rehearsal=opening.record is None or opening.record.values["rehearsal"] != "no",
        organisation=home.settings.office.organisation,
        log=home.settings.log.origin,
        made_at=format_time(doer.at),
        rule=rule_here(home, wish.country),
        hotlines=hotlines_here(home, wish.country),
        freezes=tuple(_freezes(home, frozen.freezes, casework)),
        posts=reported_posts(items, sheet_platform().address_months),
    )


def _freezes(home: Home, freezes: Sequence[WaitingFreeze], casework: KeyIdentity) -> Iterator[NamedFreeze]:
    for each in open_events(home.engine, [freeze.index for freeze in freezes], casework):
        if each.record is not None and each.record.values["hint"] is not None:
            yield NamedFreeze(text_of(each.record.values["at"]), text_of(each.record.values["hint"]))
