"""The loss of any one card, person, passphrase, key folder or machine loses nothing: the others open all of it."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from api.home import Home
from api.office.audit import run_audit
from api.office.backup import back_up, restore
from api.office.cards import CardPlan, renew_cards
from api.office.key import change_passphrase, drill, recover
from api.offline.audit import audit_media
from config.errors import SecretFileError
from evidence.errors import CardError, PassphraseError
from evidence.finding import Verdict
from evidence.keys import Unlocked, keys_beside
from evidence.match.stored import prints_of
from evidence.seal.cards import read_cards
from evidence.store.database import reading
from evidence.times import system_clock
from tests.handing import posted_office
from tests.homes import PASSPHRASE, Office, copy_of, doer, records_of, size_of
from tests.nonempty import nonempty

FILES = 5
NEW = "an eel sang at noon"


@contextmanager
def unheard(_total: int) -> Iterator[object]:
    yield lambda _more: None


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NISISAMA_KEYS__PASSPHRASE_LOG_N", "10")


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An office, with a backup on two disks: one without keys, one with them."""
    made = posted_office(tmp_path_factory)
    for name, with_keys in (("one", False), ("two", True)):
        back_up(made.home, made.home.path.parent / name, with_keys=with_keys, progress=unheard)  # type: ignore[arg-type]
    return made


@dataclass
class Left:
    """What people still have: the home, cards by number, and the passphrase; who is there, by name."""

    home: Home
    cards: dict[int, str]
    passphrase: str | None = PASSPHRASE
    people: list[str] = field(default_factory=lambda: ["ann", "bo", "cy"])

    def two(self) -> list[str]:
        return [self.cards[each] for each in sorted(self.cards)[:2]]


def _card(left: Left, number: int) -> None:
    """The card is found by somebody, who cannot use it; new ones are made, and the others of its set destroyed."""
    found = left.cards.pop(number)
    with pytest.raises(CardError):
        read_cards([found])
    _make_new_cards(left)
    with pytest.raises(CardError):
        read_cards([found, left.cards[0]])


def _make_new_cards(left: Left) -> None:
    shown = list[str]()
    renew_cards(left.home, left.two(), CardPlan(), doer(left.home), show=shown.extend)
    left.cards = dict(enumerate(shown))


def _passphrase(left: Left) -> None:
    left.passphrase = NEW
    recover(left.home, left.two(), NEW, doer(left.home))


def _person(left: Left, number: int) -> None:
    """Whoever is gone knew the passphrase and had a card; the two others are at the machine."""
    left.people.pop(number)
    left.cards.pop(number)
    one, other = left.people
    by = doer(left.home, approver=other)
    assert by.actor == "ann" or one != "ann"
    _make_new_cards(left)
    left.passphrase = NEW
    change_passphrase(left.home, left.home.keys.unlock(PASSPHRASE), NEW, by)
    with pytest.raises(PassphraseError):
        left.home.keys.unlock(PASSPHRASE)


def _backup_in(left: Left, disk: str) -> Path:
    return next(left.home.path.parent.parent.joinpath("disks", disk).glob("*_*"))


def _machine(left: Left) -> None:
    """The home and its keys' folder burn; the disk with keys is left."""
    backup, path = _backup_in(left, "two"), left.home.path
    left.home.engine.dispose()
    for folder in (path, keys_beside(path).path):
        shutil.rmtree(folder)
    restore(backup, path, system_clock, passphrase=lambda: PASSPHRASE, progress=unheard)  # type: ignore[arg-type]
    left.home = Home.open(path)


LOSSES: Mapping[str, Callable[[Left], None]] = {
    "nothing, the control": lambda _left: None,
    **{f"card {number}": lambda left, number=number: _card(left, number) for number in range(3)},
    **{f"person {number}": lambda left, number=number: _person(left, number) for number in range(3)},
    "the passphrase": _passphrase,
    "the machine": _machine,
}


_OFTEN = ("nothing, the control", "card 1", "person 0", "the passphrase", "the machine")


@pytest.mark.parametrize(
    "lost", [each if each in _OFTEN else pytest.param(each, marks=pytest.mark.slow) for each in nonempty(LOSSES)]
)
def test_after_the_loss_of_one_everything_opens_and_the_log_goes_on(posted: Office, tmp_path: Path, lost: str) -> None:
    for disk in ("one", "two"):
        shutil.copytree(posted.home.path.parent / disk, tmp_path / "disks" / disk)
    left = Left(copy_of(posted, tmp_path / "office"), dict(enumerate(posted.cards)))
    try:
        LOSSES[lost](left)
        _require_all_open(left)
    finally:
        left.home.engine.dispose()


def _require_all_open(left: Left) -> None:
    home = left.home
    assert left.passphrase is not None
    identities = home.keys.unlock(left.passphrase)
    assert drill(home, list(left.cards.values())).cards == len(left.cards)
    _require_contents(home, identities, left.two())
    before = size_of(home)
    with home.writing() as writer:
        assert writer.beat(now=True) is None  # the log goes on
    assert size_of(home) >= before
    told = run_audit(home, level=3, against=None, passphrase=left.passphrase, progress=lambda _more: None)
    assert (told.report.verdict, told.compared) == (Verdict.PASSED, True)


def _require_contents(home: Home, identities: Unlocked, cards: Sequence[str]) -> None:
    """Every record, all fingerprints and every file open."""
    found = audit_media(home, identities.casework, cards, sample=None, progress=lambda _one: None, by=None)
    assert (found.opened, [each.verdict for each in found.findings]) == (FILES, [Verdict.PASSED])
    with reading(home.engine) as connection:
        assert list(nonempty(prints_of(connection, identities.matching, range(size_of(home)))))


def test_what_takes_two_losses_at_once_is_said(posted: Office, tmp_path: Path) -> None:
    """The control: with two cards gone nobody opens a picture, and without passphrase and cards nothing opens."""
    home = copy_of(posted, tmp_path)
    with pytest.raises(CardError, match="too few"):
        recover(home, posted.cards[:1], NEW, doer(home))
    with pytest.raises(CardError, match="too few"):
        audit_media(
            home, home.keys.unlock(PASSPHRASE).casework, posted.cards[:1], sample=1, progress=lambda _one: None, by=None
        )
    assert records_of(home)  # they still open with the passphrase
    home.engine.dispose()


def test_without_the_keys_folder_two_cards_read_all_of_it(posted: Office, tmp_path: Path) -> None:
    home = copy_of(posted, tmp_path)
    shutil.rmtree(home.keys.path)
    assert recover(home, posted.cards[1:], NEW, doer(home)).logged is False
    _require_contents(home, home.keys.unlock(NEW), posted.cards[:2])
    told = run_audit(home, level=3, against=None, passphrase=NEW, progress=lambda _more: None)
    assert told.report.verdict is Verdict.INDETERMINATE
    with pytest.raises(SecretFileError):
        home.keys.seen_key()  # so its log cannot go on
    home.engine.dispose()
