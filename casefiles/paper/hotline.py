"""The sheet for a hotline as PDF: the words of the sheet as text, a side for each language."""

from collections.abc import Sequence

from casefiles.pages.fonts import Tamer
from casefiles.paper.blocks import Paper
from casefiles.paper.printed import printed, side_of
from casefiles.paper.sheet import part_blocks
from casefiles.sheet.hotline import HotlineSheet, hotline_parts
from config.words import Words


def hotline_pages(sheet: HotlineSheet, languages: Sequence[Words]) -> bytes:
    """The sheet for a hotline as PDF; the same sheet gives the same bytes.

    Raises:
        PagesError: The typesetter is missing, or refuses it.
    """
    return printed(hotline_paper(sheet, languages), "hotline.pdf")


def hotline_paper(sheet: HotlineSheet, languages: Sequence[Words]) -> Paper:
    """The sheet for a hotline as blocks, in each of these languages once, each on a side of its own."""
    tamer = Tamer()
    each = list({words.language: words for words in languages}.values())
    return Paper(
        title=each[0].say("hotline.title"),
        author=tamer.line(sheet.organisation),
        made_at=sheet.made_at,
        foot=tamer.line(sheet.log),
        fits=False,
        sides=[
            side_of(
                words,
                words.say("hotline.title"),
                list(part_blocks(tamer, hotline_parts(words, sheet))),
                rehearsal=sheet.rehearsal,
            )
            for words in each
        ],
    )
