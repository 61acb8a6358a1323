"""Tries the office cards: the key is made from them and compared with whom the home seals to; no medium is opened."""

from collections.abc import Sequence

from api.home import Home
from evidence.errors import CardError
from evidence.seal.cards import read_cards
from evidence.seal.recipients import HybridIdentity


def require_office_cards(home: Home, cards: Sequence[str]) -> None:
    """Check that these cards, each of them, give the office key of this home.

    Raises:
        CardError: A card is mistyped, of another set or another office, or there are too few.
    """
    if HybridIdentity(read_cards(cards)).recipient != home.recipients.office:
        raise CardError(
            "these cards fit together and are of another office",
            where=str(home.path),
            fix="Take the cards that were made with this home, or name theirs with --home",
        )
