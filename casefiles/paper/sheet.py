"""A sheet for the platform as PDF: the words of the sheet as text, in English and behind it in her language."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from casefiles.pages.blocks import Heading, LabelledRow, Paragraph, Rows
from casefiles.pages.fonts import Tamer
from casefiles.paper.blocks import ByHand, Card, Paper, PaperBlock
from casefiles.paper.printed import printed, side_of
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

_DEEP = "\u00a0\u00a0\u00a0"
_MARKS = {"-": "\u2013"}


def sheet_pages(sheet: PlatformSheet, languages: Sequence[Words]) -> bytes:
    """The sheet for the platform as PDF; the same sheet gives the same bytes.

    Raises:
        PagesError: The typesetter is missing, or refuses it.
    """
    return printed(sheet_paper(sheet, languages), "sheet.pdf")


def sheet_paper(sheet: PlatformSheet, languages: Sequence[Words]) -> Paper:
    """The sheet for the platform as blocks, in each of these languages once, each on a side of its own."""
    tamer = Tamer()
    each = list({words.language: words for words in languages}.values())
    return Paper(
        title=sheet_title(each[0], sheet),
        author="",  # a notice may be passed on to the account holder: nothing says who made it
        made_at=sheet.made_at,
        foot=tamer.line(sheet.case_id),
        fits=False,
        sides=[
            side_of(
                words,
                sheet_title(words, sheet),
                list(part_blocks(tamer, sheet_parts(words, sheet))),
                rehearsal=sheet.rehearsal,
            )
            for words in each
        ],
    )


def part_blocks(tamer: Tamer, parts: Iterable[SheetPart]) -> Iterator[PaperBlock]:
    """The parts of a sheet as blocks."""
    for kind, alike in groupby(parts, key=type):
        if kind is SheetRow:
            yield Rows([_row(tamer, part) for part in alike if isinstance(part, SheetRow)])
        else:
            yield from (_block(tamer, part) for part in alike)


def _block(tamer: Tamer, part: SheetPart) -> PaperBlock:
    match part:
        case SheetHeading():
            return Heading(part.text, level=2)
        case SheetText():
            return Paragraph(tamer.line(part.text), _MARKS.get(part.mark, part.mark))
        case SheetLines():
            return ByHand(part.labels)
        case SheetCard():
            rows = [(row.label, tamer.line(row.value)) for row in part.rows]
            return Card(f"{part.number}.", tamer.line(part.title), [tamer.line(line) for line in part.lines], rows)
        case _:
            return Rows([_row(tamer, part)])


def _row(tamer: Tamer, part: SheetRow) -> LabelledRow:
    return (_DEEP if part.below else "") + part.label, tamer.line(part.value)
