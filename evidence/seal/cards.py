"""The office key as cards: SLIP-39 mnemonics of one 32-byte seed, any k of n (by ``shamir-mnemonic``).

Cards are secrets: nothing here writes them down, and no message holds a word of one. Errors
distinguish a slip of the pen, too few cards, and cards of two sets, because the reader stands in
an office with paper in hand.

LIMIT: the arithmetic of ``shamir-mnemonic`` is not constant in time; use it offline only.
"""

import textwrap
from collections.abc import Sequence

import shamir_mnemonic
from shamir_mnemonic import MnemonicError, Share
from shamir_mnemonic.wordlist import WORDLIST

from evidence.errors import CardError
from evidence.seal.age import Recipient
from evidence.seal.recipients import SEED_BYTES, HybridIdentity

WORDS = 33
"""Words of a card for 32 bytes (SLIP-39, "Format of the share mnemonic")."""

MIN_THRESHOLD = 2
"""One card alone is never enough: opening media takes two persons."""

MAX_CARDS = 16

_KNOWN = frozenset(WORDLIST)
_HEADS_WORDS = f"The {WORDS} words:"
_A_LINE = 8
_MAX_COLUMNS = 78


def card_text(card: str, *, number: int, count: int, needed: int, organisation: str) -> str:
    """A card as it is printed, on lines of at most 78 characters: what and whose it is, how to keep it, and its words.

    ``read_cards`` takes the printed card or the words alone.

    Args:
        card: As ``make_cards`` gives it.
        number: 1 to ``count``.
    """
    words = card.split()
    lines = (
        f"NisiSama office key, card {number} of {count}, set {_set_name(_read_card(card, number))}",
        f"Organisation: {organisation}",
        "",
        f"Any {needed} of the {count} cards open the office key, and with it every picture.",
        f"Keep this card secret, and apart from the others. If found, return it to {organisation}.",
        "",
        _HEADS_WORDS,
        *(f"{at + 1:>2}  {' '.join(words[at : at + _A_LINE])}" for at in range(0, len(words), _A_LINE)),
    )
    return "\n".join(textwrap.fill(line, _MAX_COLUMNS) for line in lines) + "\n"


def words_of(text: str) -> list[str]:
    """The words of a card, from its printed text or from the words alone; numbers between them are skipped."""
    written = text.lower().rpartition(_HEADS_WORDS.lower())[2].split()
    return [word for word in written if not word.strip(".:)").isdecimal()]


def make_cards(seed: bytes, *, threshold: int, count: int, unlike: str | None = None) -> tuple[str, ...]:
    """Split the office key's ``seed`` into ``count`` cards, any ``threshold`` of which give it back.

    The cards are read back before they are returned: they will be the only copy of the key.

    Args:
        seed: 32 bytes.
        threshold: 2 to ``count``.
        count: At most 16.
        unlike: The name of an older set of the same key, which the new one does not get.

    Raises:
        CardError: The numbers or the seed's length are out of range.
    """
    if len(seed) != SEED_BYTES:
        raise CardError("card.wrong_seed_length", seed_bytes=SEED_BYTES, found=len(seed))
    if not MIN_THRESHOLD <= threshold <= count <= MAX_CARDS:
        raise CardError(
            "card.impossible_numbers", least=MIN_THRESHOLD, limit=MAX_CARDS, threshold=threshold, count=count
        )
    while True:
        (cards,) = shamir_mnemonic.generate_mnemonics(1, [(threshold, count)], seed)
        if set_of(cards) != unlike:
            break
    if read_cards(cards) != seed:
        raise CardError("card.do_not_give_the_key")
    return tuple(cards)


def set_of(cards: Sequence[str]) -> str:
    """The name of the set that cards belong to, as they print it; no secret.

    Cards that were made together have it in common, and each set of one office key has another.

    Raises:
        CardError: A card is mistyped, there is none, or they belong to different sets.
    """
    if not cards:
        raise CardError("card.none_given")
    shares = [_read_card(card, number) for number, card in enumerate(cards, 1)]
    _require_one_set(shares)
    return _set_name(shares[0])


def _set_name(share: Share) -> str:
    # the random identifier of SLIP-39 ("Format of the share mnemonic"): 15 bits, in the first words of each card
    return f"{share.identifier:04x}"


def read_cards(cards: Sequence[str]) -> bytes:
    """The 32-byte seed of the office key that these cards give back.

    If there are more cards than needed, each is used in some combination, so that a drill tests all.
    (1) each card is read by itself, (2) all belong to one set, (3) there are enough, (4) they combine.

    Args:
        cards: The text or the words of one card each, in any case and spacing; a card given twice counts once.

    Raises:
        CardError: A card is mistyped, the cards belong to different sets, or there are too few.
    """
    if not cards:
        raise CardError("card.none_given")
    shares = list(dict.fromkeys(_read_card(card, number) for number, card in enumerate(cards, 1)))  # (1)
    _require_one_set(shares)  # (2)
    _require_enough(shares, given=len(cards))  # (3)
    threshold = shares[0].member_threshold
    windows = [(shares + shares)[start : start + threshold] for start in range(len(shares))]
    # (4) a combination with a card of another set fails: the secret carries a digest of itself
    seed, *_ = [_combine(window) for window in windows]
    return seed


def require_cards_of(cards: Sequence[str], recipient: Recipient) -> None:
    """Check that these cards, every one of them, give the key of ``recipient``; the caller never holds that key.

    Raises:
        CardError: A card is mistyped or belongs to another set or office, or there are too few.
    """
    if HybridIdentity(read_cards(cards)).recipient != recipient:
        raise CardError("card.of_another_office")


def require_card(card: str, number: int) -> None:
    """Check one card of the office key by itself, so that its reader learns of a slip before typing the next.

    Raises:
        CardError: It is mistyped.
    """
    _read_card(card, number)


def _read_card(card: str, number: int) -> Share:
    words = words_of(card)
    if len(words) != WORDS:
        raise CardError("card.wrong_number_of_words", number=number, expected=WORDS, found=len(words))
    for place, word in enumerate(words, 1):
        if word not in _KNOWN:
            raise CardError("card.unknown_word", place=place, number=number)
    try:
        return Share.from_mnemonic(" ".join(words))
    except MnemonicError:
        # the library's message quotes words of the card
        raise CardError("card.wrong_word", number=number) from None


def _require_one_set(shares: Sequence[Share]) -> None:
    for share in shares[1:]:
        if share.group_parameters() != shares[0].group_parameters():
            raise CardError("card.different_sets")
    if shares[0].group_count != 1:
        raise CardError("card.groups")


def _require_enough(shares: Sequence[Share], *, given: int) -> None:
    needed = shares[0].member_threshold
    if len(shares) < needed:
        if given > len(shares):
            raise CardError("card.too_few_one_given_twice", needed=needed, found=len(shares))
        raise CardError("card.too_few", needed=needed, found=len(shares))


def _combine(shares: Sequence[Share]) -> bytes:
    try:
        return shamir_mnemonic.combine_mnemonics(share.mnemonic() for share in shares)
    except MnemonicError:
        # the library's message quotes words of the card
        raise CardError("card.do_not_fit") from None
