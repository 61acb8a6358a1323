"""The covering letter on one sheet of two sides, as PDF: the words and facts of the letter as text, in its order.

The digests that a reader compares can be scanned too. What each QR code holds is those digits and nothing else, so
that they can be pasted where fingerprints are typed.
"""

from collections.abc import Iterator

from casefiles.bundle.letter import (
    TO_REACH,
    TO_SIGN,
    Letter,
    about_bundle,
    between_whom,
    compared_digests,
    letter_commands,
    named_roots,
    named_verifiers,
)
from casefiles.pages.blocks import Paragraph, Typed
from casefiles.pages.exhibits import in_fours
from casefiles.pages.fonts import Tamer
from casefiles.paper.blocks import ByHand, CodedDigest, NamedDigest, Paper, PaperBlock
from casefiles.paper.code import code_drawn
from casefiles.paper.printed import printed, side_of
from config.words import Words


def letter_pages(words: Words, letter: Letter) -> bytes:
    """The covering letter as PDF; the same letter gives the same bytes.

    Raises:
        PagesError: The typesetter is missing, or refuses it.
    """
    return printed(letter_paper(words, letter), "letter.pdf")


def letter_paper(words: Words, letter: Letter) -> Paper:
    """The covering letter as two sides of blocks."""
    tamer = Tamer()
    title, how = words.say("letter.title"), words.say("letter.how")
    signed = side_of(words, title, list(_signed(words, letter, tamer)), rehearsal=letter.rehearsal)
    steps = side_of(words, how, list(_steps(words, len(letter.roots))), rehearsal=letter.rehearsal, notes=False)
    return Paper(
        title=title,
        author=tamer.line(letter.organisation),
        made_at=letter.created_at.at,
        foot=tamer.line(letter.bundle),
        fits=True,
        sides=[signed, steps],
    )


def _signed(words: Words, letter: Letter, tamer: Tamer) -> Iterator[PaperBlock]:
    for text in (*between_whom(words, letter), *about_bundle(words, letter)):
        yield Paragraph(tamer.line(text))
    for says, digest in compared_digests(words, letter):
        yield CodedDigest(says, code_drawn(digest), words.say("letter.code"), in_fours(digest))
    yield Paragraph(words.say("letter.roots"))
    for name, digest in named_roots(words, letter):
        yield NamedDigest(tamer.line(name), in_fours(digest))
    yield Paragraph(words.say("letter.log"))
    yield Typed([letter.log_key])
    yield Paragraph(words.say("letter.reach"))
    yield ByHand([words.say(f"letter.{key}") for key in TO_REACH])
    yield ByHand([words.say(f"letter.{key}") for key in TO_SIGN], at_foot=True)
    yield Paragraph(words.say("letter.next"))


def _steps(words: Words, roots: int) -> Iterator[PaperBlock]:
    yield Paragraph(words.say("letter.page"))
    for name, digest in named_verifiers():
        yield NamedDigest(name, in_fours(digest))
    yield Paragraph(words.say("letter.need"))
    for number, commands in enumerate(letter_commands(roots), start=1):
        yield Paragraph(words.say(f"letter.how.{number}"), f"{number}.")
        if commands:
            yield Typed(commands)
