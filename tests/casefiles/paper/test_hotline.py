"""The sheet for a hotline as PDF has the words of the text, a side for each language."""

from casefiles.pages.blocks import Heading
from casefiles.paper.blocks import Card
from casefiles.paper.hotline import hotline_pages, hotline_paper
from casefiles.sheet.hotline import hotline_parts
from casefiles.sheet.parts import SheetCard, SheetHeading
from config.words import load_words
from tests.casefiles.sheet.test_hotline import SHEET
from tests.nonempty import nonempty


def test_the_paper_has_the_headings_and_cards_of_the_text_in_their_order() -> None:
    languages = [load_words("mk"), load_words("en"), load_words("en")]
    sides = hotline_paper(SHEET, languages).sides
    for words, side in nonempty(list(zip(languages[:2], sides, strict=True))):
        parts = list(hotline_parts(words, SHEET))
        titles = [part.text for part in parts if isinstance(part, SheetHeading)]
        assert [block.text for block in side.blocks if isinstance(block, Heading)] == titles
        cards = [part.title for part in parts if isinstance(part, SheetCard)]
        assert [block.title for block in side.blocks if isinstance(block, Card)] == cards


def test_it_is_typeset() -> None:
    assert hotline_pages(SHEET, [load_words("sr-Cyrl")]).startswith(b"%PDF-")
