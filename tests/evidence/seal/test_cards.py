import logging
from itertools import combinations, pairwise

import pytest
from shamir_mnemonic import generate_mnemonics
from shamir_mnemonic.wordlist import WORDLIST

from evidence.errors import CardError
from evidence.seal import cards as module
from evidence.seal.cards import card_text, make_cards, read_cards, require_card, require_cards_of, set_of
from evidence.seal.recipients import HybridIdentity
from tests.nonempty import nonempty

SEED = bytes(range(32))
CARDS = make_cards(SEED, threshold=2, count=3)
OTHERS = make_cards(SEED, threshold=2, count=3)


def changed(card: str, place: int, word: str) -> str:
    words = card.split()
    words[place] = word
    return " ".join(words)


def pairs_of(text: str) -> set[tuple[str, str]]:
    """Neighbouring words; a single word of a message may well be in the list."""
    return set(pairwise(text.split()))


@pytest.mark.parametrize(("threshold", "count"), [(2, 2), (2, 3), (3, 5), (16, 16)])
def test_any_threshold_of_cards_gives_the_seed_back(threshold: int, count: int) -> None:
    cards = make_cards(SEED, threshold=threshold, count=count)
    assert len(set(cards)) == count
    for some in list(combinations(cards, threshold))[:10]:
        assert read_cards(some) == SEED


def test_one_card_less_gives_nothing() -> None:
    for some in nonempty(combinations(make_cards(SEED, threshold=3, count=5), 2)):
        with pytest.raises(CardError) as caught:
            read_cards(some)
        assert caught.value.expected == "3 different cards"
        assert caught.value.found == "2"


def test_more_cards_than_needed_are_all_tested() -> None:
    assert read_cards(CARDS) == SEED


def test_a_card_has_thirty_three_words_of_the_list() -> None:
    for card in CARDS:
        words = card.split()
        assert len(words) == 33
        assert set(words) <= set(WORDLIST)


def test_case_and_spacing_do_not_matter() -> None:
    first, second = CARDS[:2]
    assert read_cards([f"  {first.upper()}\n", second.replace(" ", "\t\n ")]) == SEED


@pytest.mark.parametrize("organisation", ["Zyra", "The 33 words:", "Zyra 33 2. " * 18, "acid " * 40, "x" * 200])
def test_a_printed_card_says_what_it_is_and_is_read_as_its_words(organisation: str) -> None:
    texts = [
        card_text(card, number=number, count=3, needed=2, organisation=organisation)
        for number, card in enumerate(CARDS, 1)
    ]
    assert read_cards(texts) == SEED
    assert read_cards([texts[0].upper(), texts[2].rpartition(":\n")[2]]) == SEED
    assert all(len(line) <= 80 for text in texts for line in text.splitlines())
    said = " ".join(texts[1].split())
    for words in ("NisiSama", "card 2 of 3", "Any 2 of the 3 cards", "Keep this card secret, and apart", organisation):
        assert " ".join(words.split()) in said or len(organisation) == 200
    assert [line.split()[0] for line in texts[1].splitlines()[-5:]] == ["1", "9", "17", "25", "33"]


def test_the_same_card_twice_is_one_card() -> None:
    with pytest.raises(CardError, match="given twice"):
        read_cards([CARDS[0], CARDS[0].upper()])


def test_no_card_is_too_few() -> None:
    with pytest.raises(CardError, match="no card"):
        read_cards([])


def test_a_word_that_is_not_in_the_list_is_named_by_its_place() -> None:
    with pytest.raises(CardError, match="card 2: word 8 is not in the word list"):
        read_cards([CARDS[0], changed(CARDS[1], 7, "telegram")])


def test_every_wrong_word_of_the_list_is_found_and_the_card_named() -> None:
    for place, word in nonempty(enumerate(CARDS[0].split())):
        other = WORDLIST[(WORDLIST.index(word) + 1) % len(WORDLIST)]
        with pytest.raises(CardError, match="card 1: the words do not belong together"):
            read_cards([changed(CARDS[0], place, other), CARDS[1]])


def test_two_swapped_words_are_found() -> None:
    words = CARDS[0].split()
    at = next(at for at in range(10, 20) if words[at] != words[at + 1])
    words[at], words[at + 1] = words[at + 1], words[at]
    with pytest.raises(CardError, match="belong together"):
        read_cards([" ".join(words), CARDS[1]])


@pytest.mark.parametrize("damage", [lambda words: words[:-1], lambda words: [*words, words[-1]], lambda words: []])
def test_a_missing_or_doubled_word_is_counted(damage: object) -> None:
    assert callable(damage)
    card = " ".join(damage(CARDS[1].split()))
    with pytest.raises(CardError, match="card 2: the number of words is wrong"):
        read_cards([CARDS[0], card])


def test_cards_are_of_the_key_that_they_give_and_of_no_other() -> None:
    require_cards_of(CARDS, HybridIdentity(SEED).recipient)
    with pytest.raises(CardError) as caught:
        require_cards_of(OTHERS, HybridIdentity(SEED[::-1]).recipient)
    assert caught.value.code == "card.of_another_office"


def test_one_card_is_checked_before_the_next_is_typed() -> None:
    require_card(CARDS[1], 2)
    with pytest.raises(CardError, match="card 2: word 8 is not in the word list"):
        require_card(changed(CARDS[1], 7, "telegram"), 2)


def test_cards_of_two_sets_are_told_from_too_few() -> None:
    with pytest.raises(CardError, match="different sets"):
        read_cards([CARDS[0], OTHERS[1]])


def test_cards_of_two_sets_with_one_number_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shamir_mnemonic.shamir._random_identifier", lambda: 7)
    first, second = (make_cards(seed * 32, threshold=2, count=3) for seed in (b"\x01", b"\x02"))
    assert read_cards(first[:2]) == b"\x01" * 32
    with pytest.raises(CardError, match="do not fit together"):
        read_cards([first[0], second[1]])
    with pytest.raises(CardError, match="do not fit together"):
        read_cards([first[0], first[1], second[2]])


def test_a_set_with_groups_is_refused() -> None:
    groups = generate_mnemonics(1, [(2, 2), (2, 2)], SEED)
    with pytest.raises(CardError, match="groups"):
        read_cards(groups[0])


@pytest.mark.parametrize(("threshold", "count"), [(1, 1), (1, 3), (0, 2), (3, 2), (2, 17), (-1, 3)])
def test_numbers_that_make_no_sense_are_refused(threshold: int, count: int) -> None:
    with pytest.raises(CardError):
        make_cards(SEED, threshold=threshold, count=count)


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_only_a_seed_of_32_bytes_is_split(size: int) -> None:
    with pytest.raises(CardError):
        make_cards(bytes(size), threshold=2, count=3)


def test_a_new_set_has_another_name_than_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([[list(CARDS)], [list(CARDS)], [list(OTHERS)]])  # chance gave the old name twice
    monkeypatch.setattr(module.shamir_mnemonic, "generate_mnemonics", lambda *_given: next(drawn))
    made = make_cards(SEED, threshold=2, count=3, unlike=set_of(CARDS))
    assert made == OTHERS
    assert set_of(made[:1]) == set_of(OTHERS) != set_of(CARDS[1:])


def test_no_card_is_of_no_set() -> None:
    with pytest.raises(CardError, match="no card"):
        set_of([])


def test_cards_that_do_not_give_the_key_back_are_never_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "read_cards", lambda cards: bytes(32))
    with pytest.raises(CardError, match="do not give the key back"):
        make_cards(SEED, threshold=2, count=3)


def test_no_error_and_no_log_holds_words_of_a_card(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    card = CARDS[0]
    mistyped, swapped = changed(card, 3, "acidd"), " ".join(card.split()[::-1])
    for attempt in ([mistyped], [swapped], [f"{card} {card}"], [card], [card, OTHERS[0]]):
        with pytest.raises(CardError) as caught:
            read_cards(attempt)
        assert "acidd" not in str(caught.value)
        assert not pairs_of(attempt[0]) & pairs_of(str(caught.value))
        assert caught.value.__cause__ is None
    assert caplog.text == ""
