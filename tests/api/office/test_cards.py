"""New cards of the same office key: the older ones are named and refused by the drill, and nothing else changes."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from api.home import Home
from api.office.audit import run_audit
from api.office.cards import CardPlan, NewCards, renew_cards, require_newest_set
from api.office.key import drill
from evidence.custody.sequencer import Sequencer
from evidence.errors import AuthorityError, CardError, HomeError
from evidence.finding import Verdict
from evidence.seal.cards import read_cards, set_of
from tests.homes import Office, copy_of, doer, new_home, records_of, size_of


def given(plan: CardPlan | None, home: Home, cards: Sequence[str]) -> tuple[NewCards, list[str]]:
    """A new set, and its cards as they were shown."""
    shown = list[str]()
    return renew_cards(home, cards, plan or CardPlan(), doer(home), show=shown.extend), shown


def test_new_cards_open_the_same_key_and_the_drill_refuses_the_old_ones(office: Office, tmp_path: Path) -> None:
    home = copy_of(office, tmp_path)
    before, old = size_of(home), set_of(office.cards)
    assert drill(home, office.cards[1:]).set_name == old
    done, shown = given(CardPlan(3, 5), home, office.cards[:2])  # the third is lost
    assert (done.old_set, done.set_name, len(shown)) == (old, set_of(shown), 5)
    assert f"set {done.set_name}" in shown[0].splitlines()[0]
    assert drill(home, shown[2:]).set_name == done.set_name
    assert read_cards(shown[:3]) == read_cards(office.cards)
    with pytest.raises(CardError, match="replaced") as refused:
        drill(home, office.cards[:2])
    assert (refused.value.expected, refused.value.found) == (f"set {done.set_name}", f"set {old}")
    with pytest.raises(CardError, match="different sets"):  # the lost card, beside new ones
        drill(home, [office.cards[2], *shown[:2]])
    assert [record.type for record in records_of(home, before)] == ["requested", "approved", "key_changed"]
    told = records_of(home, before)[-1].values
    assert (told["key"], told["old"], told["new"]) == ("cards", old, done.set_name)
    assert home.unpinned(recovery=True) == []
    audit = run_audit(home, level=3, against=None, passphrase=None, progress=lambda _more: None)
    assert audit.report.verdict is Verdict.PASSED
    home.engine.dispose()


def test_cards_of_an_older_set_make_newer_ones_where_the_newest_are_lost(office: Office, tmp_path: Path) -> None:
    home = copy_of(office, tmp_path)
    lost, _cards = given(None, home, office.cards[:2])
    done, shown = given(None, home, office.cards[:2])
    assert (done.old_set, require_newest_set(home, shown)) == (lost.set_name, done.set_name)
    home.engine.dispose()


def test_cards_are_made_by_two_persons_and_not_beside_others(office: Office, tmp_path: Path) -> None:
    home, (other, strange) = copy_of(office, tmp_path), new_home(tmp_path / "other")
    before = size_of(home)
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "card-1.txt").write_text("another office's")
    with pytest.raises(AuthorityError):
        renew_cards(home, office.cards[:2], CardPlan(), doer(home, approver=None))
    for cards in (office.cards[:1], strange[:2]):
        with pytest.raises(CardError):
            given(None, home, cards)
    for folder in (tmp_path / "there", home.path / "cards", home.keys.path):
        with pytest.raises(HomeError):
            given(CardPlan(folder=folder), home, office.cards[:2])
    with pytest.raises(CardError, match="cannot be made so"):
        given(CardPlan(4, 3), home, office.cards[:2])
    assert size_of(home) == before
    home.engine.dispose()
    other.engine.dispose()


def test_what_is_stopped_before_the_log_leaves_no_card_and_after_it_all(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = copy_of(office, tmp_path)
    turn = Sequencer.turn

    def stop(*_told: object, **_more: object) -> None:
        raise KeyboardInterrupt

    def stop_after(self: Sequencer, *told: object) -> None:
        turn(self, *told)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    for folder, stopped, left in ((tmp_path / "a", stop, 0), (tmp_path / "b", stop_after, 3)):
        with monkeypatch.context() as patched:
            patched.setattr(Sequencer, "turn", stopped)
            with pytest.raises(KeyboardInterrupt):
                given(CardPlan(folder=folder), home, office.cards[:2])
        cards = [file.read_text() for file in sorted(folder.glob("*"))]
        assert len(cards) == left
    assert drill(home, cards).cards == 3
    home.engine.dispose()


def test_two_who_make_cards_at_once_leave_one_set(office: Office, tmp_path: Path) -> None:
    home = copy_of(office, tmp_path)
    first = list[str]()

    def others(_shown: object) -> None:
        there = Home.open(home.path)
        renew_cards(there, office.cards[:2], CardPlan(), doer(home), show=first.extend)
        there.engine.dispose()

    with pytest.raises(AuthorityError, match="meanwhile"):
        renew_cards(home, office.cards[:2], CardPlan(), doer(home), show=others)
    assert drill(home, first).cards == 3
    home.engine.dispose()
