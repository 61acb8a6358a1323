"""What keyholders do with their cards: the yearly drill, that they open this office."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.home import Home
from evidence.seal.cards import require_cards_of


@dataclass(frozen=True, slots=True)
class Drilled:
    """Cards that open the office key of an organisation."""

    cards: int
    organisation: str


def drill(home: Home, cards: Sequence[str]) -> Drilled:
    """Check that cards open this office: every card is tried, and nothing is kept or logged.

    Args:
        cards: The texts of the cards, as they are printed or as words alone.

    Raises:
        CardError: They are too few, mistyped, or of another office.
    """
    require_cards_of(cards, home.recipients.office)
    return Drilled(len(cards), home.settings.office.organisation)
