"""The cards of an office: handed out as files or on a screen, and made anew where one was lost or a holder leaves.

A new set opens the same office key, so nothing that is sealed changes. Its cards reach people before the log names
it. Stopped before that, the older set counts, and the new cards open the key as well: whoever has them destroys them.

LIMIT: the older cards still open the office key with one another; only destroying them, or another office key, ends
that. A card of one set is of no use beside a card of another (SLIP-39).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from api.home import Home
from config.errors import Explained
from evidence.authority import Act, Doer, two_persons
from evidence.canonical import Value, sha256_hex
from evidence.custody.event import Draft, Prepared
from evidence.custody.pins import CARDS, read_pins
from evidence.errors import AuthorityError, CardError, HomeError
from evidence.objects.durable import make_folder, replace_file
from evidence.seal.cards import card_text, make_cards, read_cards, require_cards_of, set_of
from evidence.store.database import reading

Show = Callable[[Sequence[str]], object]
"""Hands the cards to people, as they are printed; returns when they have them, or raises."""


@dataclass(frozen=True, slots=True)
class CardPlan:
    """Which cards to make.

    Attributes:
        threshold: How many of them open the office key.
        folder: Where to write them, one file each; None: they are shown.
    """

    threshold: int = 2
    count: int = 3
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class NewCards:
    """A new set of cards, and the one in whose place it is.

    Attributes:
        unstamped: Why no time stamp could be had yet.
    """

    set_name: str
    old_set: str
    unstamped: Explained | None


def printed_cards(secret: Sequence[str], *, needed: int, organisation: str) -> list[str]:
    """The texts of the cards of one set, as they are printed."""
    count = len(secret)
    return [
        card_text(card, number=at, count=count, needed=needed, organisation=organisation)
        for at, card in enumerate(secret, start=1)
    ]


def card_files(folder: Path | None, texts: Sequence[str]) -> Mapping[Path, str]:
    """The file of each card in a folder; none where the cards are shown."""
    return {} if folder is None else {folder.resolve() / f"card-{at}.txt": text for at, text in enumerate(texts, 1)}


def require_place_for_cards(folder: Path, homes: Sequence[Path], unfinished: Mapping[Path, str]) -> None:
    """Check that cards can be written to a folder.

    Args:
        homes: Folders in which no card may lie.
        unfinished: Files of an unfinished home, whose cards open nothing: path -> lower hex SHA-256.

    Raises:
        HomeError: It lies in a home, or has cards.
    """
    for home in homes:
        if home in (folder.resolve(), *folder.resolve().parents):
            raise HomeError("home.cards_inside", where=str(folder))
    for file in sorted(folder.resolve().glob("card-*.txt")):
        if sha256_hex(file.read_bytes()) != unfinished.get(file):
            raise HomeError("home.cards_there_already", where=str(file))


def write_cards(files: Mapping[Path, str]) -> None:
    """Write cards to their files; on return they have reached the disk."""
    for file, text in files.items():
        make_folder(file.parent, parents=True, exist_ok=True)
        replace_file(file, text.encode())  # whole or not at all: no other card lies there


def require_newest_set(home: Home, cards: Sequence[str]) -> str:
    """Check that cards belong to the set that the log names, and return its name; before the first change, any does.

    Raises:
        CardError: They were replaced by another set, or are mistyped or of different sets.
    """
    found, named = set_of(cards), _named_set(home)
    if named is not None and named != found:
        raise CardError("card.replaced", expected=named, found=found)
    return found


def _named_set(home: Home) -> str | None:
    with reading(home.engine) as connection:
        pin = read_pins(connection, None).get(CARDS)
    return None if pin is None else str(pin.value)


def renew_cards(
    home: Home, cards: Sequence[str], plan: CardPlan, doer: Doer, *, show: Show = lambda _cards: None
) -> NewCards:
    """The verb behind ``key cards``: a new set of cards of the same office key; two persons decide it.

    It is logged. Older sets are taken too: the newest may be lost.

    Args:
        cards: Enough of one set.
        show: Called with the new cards, where no folder is named, before the log names their set.

    Raises:
        AuthorityError: Two persons are not named, or others made a set meanwhile.
        CardError: The cards are too few, mistyped, or of another office; or the numbers are impossible.
        HomeError: The folder has cards, or lies in the home.
    """
    grant = two_persons(Act.KEY, CARDS, doer)
    if plan.folder is not None:
        require_place_for_cards(plan.folder, (home.path, home.keys.path), {})
    require_cards_of(cards, home.recipients.office)
    with home.writing() as writer:
        old = _named_set(home) or set_of(cards)
        secret = make_cards(read_cards(cards), threshold=plan.threshold, count=plan.count, unlike=old)
        new = set_of(secret)
        texts = printed_cards(secret, needed=plan.threshold, organisation=home.settings.office.organisation)
        told: dict[str, Value] = {"key": CARDS, "old": old, "new": new}
        prepared = writer.sequencer.prepare([*grant.drafts, Draft("key_changed", doer.values(grant.request) | told)])

        def choose(connection: sa.Connection) -> list[Prepared]:
            pin = read_pins(connection, None).get(CARDS)
            if pin is not None and pin.value != old:
                raise AuthorityError("authority.changed_cards", expected=old, found=str(pin.value))
            return prepared

        with _handed_out(home, card_files(plan.folder, texts), new):
            if plan.folder is None:
                show(texts)
            writer.sequencer.turn(choose)
        return NewCards(new, old, writer.beat(now=True))


@contextmanager
def _handed_out(home: Home, files: Mapping[Path, str], set_name: str) -> Iterator[None]:
    """Write cards; if the block raises and the log does not name their set, take them away again."""
    try:
        write_cards(files)
        yield
    except BaseException:
        if _named_set(home) != set_name:
            for file in files:
                with suppress(OSError):  # report what stopped it
                    file.unlink(missing_ok=True)
        raise
