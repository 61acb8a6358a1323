"""The answer as PDF has the words of the answer as text."""

from casefiles.pages.blocks import Heading, Paragraph
from casefiles.paper.answer import answer_paper
from casefiles.sheet.answer import answer_parts
from config.words import load_words
from tests.casefiles.sheet.test_answer import WHOLE


def test_the_paper_says_what_the_text_says_in_its_order() -> None:
    words = load_words("mk")
    (side,) = answer_paper(words, WHOLE).sides
    said = [block.text for block in side.blocks if isinstance(block, (Heading, Paragraph))]
    assert said == [part.text for part in answer_parts(words, WHOLE)]  # type: ignore[union-attr] - it has texts alone
