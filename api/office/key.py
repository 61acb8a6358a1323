"""What keyholders do with their cards: the yearly drill, that they open this office."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.home import SEAL_ROOT_FILE, Home, read_certificate
from evidence.keys import require_recovery
from evidence.seal.cards import require_cards_of


@dataclass(frozen=True, slots=True)
class Drilled:
    """Cards that open the office key of an organisation."""

    cards: int
    organisation: str


def drill(home: Home, cards: Sequence[str]) -> Drilled:
    """Check that cards open this office and what is sealed to it: every card is tried, nothing is kept or logged.

    Args:
        cards: The texts of the cards, as they are printed or as words alone.

    Raises:
        CardError: They are too few, mistyped, or of another office.
        HomeError: They do not open what they must recover, or it is another home's.
    """
    require_cards_of(cards, home.recipients.office)
    require_recovery(home.path, cards, seal_root=read_certificate(home.trust / SEAL_ROOT_FILE))
    return Drilled(len(cards), home.settings.office.organisation)
