"""What commands that take or make cards share."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from api.cli.common import prompt, warn
from casefiles.verifier.report import printable
from config.errors import Term, UsageError

count_option = click.option(
    "--card-count", type=click.IntRange(2, 16), default=3, show_default=True, metavar="N", help="How many cards."
)
needed_option = click.option(
    "--cards-needed",
    type=click.IntRange(2, 16),
    default=2,
    show_default=True,
    metavar="N",
    help="How many cards open the office key.",
)


def require_possible_numbers(count: int, needed: int) -> None:
    """Check that enough cards are made.

    Raises:
        UsageError: More are needed than are made.
    """
    if needed > count:
        raise UsageError("usage.more_cards_needed_than_made", limit=count, found=needed)


def show_cards(cards: Sequence[str], shown: list[str]) -> None:
    """Show the cards, and go on when they are written down; where nobody is at a terminal, at once.

    Args:
        shown: Gets each card that was shown.
    """
    warn(Term("note.cards_follow"))
    click.echo(err=True)
    for card in cards:
        shown.append(card)
        click.echo("\n".join(printable(line) for line in card.split("\n")), err=True)
    warn(Term("note.cards_shown"))
    click.echo(err=True)
    sys.stderr.flush()
    if sys.stdin.isatty():
        prompt(Term("prompt.cards_written"))


def card_texts(files: Sequence[Path]) -> list[str]:
    """The texts of the files CARD...; without any, the terminal asks people to type them."""
    return [file.read_text(encoding="utf-8", errors="replace") for file in files] or _typed()


def _typed() -> list[str]:
    """The cards that people type in, each line by line as it is printed; after a slip it asks for that card again."""
    from evidence.errors import CardError
    from evidence.seal.cards import require_card

    warn(Term("note.type_the_cards"))
    cards: list[str] = []
    while card := _typed_card(len(cards) + 1):
        try:
            require_card(card, len(cards) + 1)
        except CardError as error:
            warn(Term("note.error", cause=error))
        else:
            cards.append(card)
    return cards


def _typed_card(number: int) -> str:
    """The words of one card; none where the person is done."""
    from evidence.seal.cards import WORDS, words_of

    words: list[str] = []
    while len(words) < WORDS:
        line = prompt(Term("prompt.card", number=number, word=len(words) + 1))
        if not line.strip():
            break
        words += words_of(line)
    return " ".join(words)
