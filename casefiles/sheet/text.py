"""A sheet for the platform as text, 78 columns wide: in English, and behind it in her language where that is another.

The platform reads English; she, her lawyer and the authority read their own language.
"""

from collections.abc import Iterator, Sequence

from casefiles.report.lines import heading, joined, labelled, paragraph, row, title
from casefiles.report.text import banner
from casefiles.sheet.data import PlatformSheet
from casefiles.sheet.parts import (
    SheetCard,
    SheetHeading,
    SheetLines,
    SheetPart,
    SheetRow,
    SheetText,
    sheet_parts,
    sheet_title,
)
from config.words import Words

_RULE = "_" * 52
_NEW_PAGE = "\f"
_IN = "   "


def sheet_text(sheet: PlatformSheet, languages: Sequence[Words]) -> str:
    """The sheet for the platform in each of these languages once, each on a page of its own."""
    pages = [joined(_page(words, sheet)) for words in {words.language: words for words in languages}.values()]
    return _NEW_PAGE.join(pages)


def _page(words: Words, sheet: PlatformSheet) -> Iterator[str]:
    yield from banner(words, rehearsal=sheet.rehearsal)
    yield from title(sheet_title(words, sheet))
    for part in sheet_parts(words, sheet):
        yield from part_text(part)


def part_text(part: SheetPart) -> Iterator[str]:
    """The lines of one part of a sheet."""
    match part:
        case SheetHeading():
            yield from heading(part.text)
        case SheetText():
            lines = [paragraph(part.text, indent=f"{part.mark} " if part.mark else "")]
            yield from ("", *lines, "") if part.apart else lines
        case SheetLines():
            for label in part.labels:
                yield from labelled(label, _RULE)
        case SheetRow():
            indent = _IN if part.below else ""
            made = labelled if part.ours else row
            yield from made(part.label, part.value, indent=indent)
        case SheetCard():
            yield from ("", f"{part.number}. {part.title}")
            yield from (_IN + line for line in part.lines)
            for below in part.rows:
                yield from part_text(below)
