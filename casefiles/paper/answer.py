"""The answer to a client who took her consent back as PDF: the words of the answer as text, in its order."""

from casefiles.pages.fonts import Tamer
from casefiles.paper.blocks import Paper
from casefiles.paper.printed import printed, side_of
from casefiles.paper.sheet import part_blocks
from casefiles.sheet.answer import WithdrawalAnswer, answer_parts
from config.words import Words


def answer_pages(words: Words, answer: WithdrawalAnswer) -> bytes:
    """The answer as PDF; the same answer gives the same bytes.

    Raises:
        PagesError: The typesetter is missing, or refuses it.
    """
    return printed(answer_paper(words, answer), "answer.pdf")


def answer_paper(words: Words, answer: WithdrawalAnswer) -> Paper:
    """The answer as one side of blocks."""
    tamer, heading = Tamer(), words.say("answer.title")
    blocks = list(part_blocks(tamer, answer_parts(words, answer)))
    return Paper(
        title=heading,
        author=tamer.line(answer.organisation),
        made_at=answer.made_at,
        foot=tamer.line(answer.case_id),
        fits=True,
        sides=[side_of(words, heading, blocks, rehearsal=answer.rehearsal)],
    )
