"""The drill: every card of an office opens it with enough others, and nobody else's does."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest

from api.home import Home, certificate_sha256
from api.office.key import Drilled, Renewed, drill, renew_seal
from evidence.errors import AuthorityError, CardError, HomeError
from evidence.objects.durable import move_file
from evidence.seal.envelopes import seal_whole
from tests.homes import Office, copy_of, doer, export_of, new_case, new_home, records_of, size_of


def test_any_two_or_all_three_cards_open_their_office_and_nothing_is_logged(office: Office) -> None:
    before = size_of(office.home)
    for count in (2, 3):
        for cards in itertools.combinations(office.cards, count):
            assert drill(office.home, cards) == Drilled(count, "Office of tests")
    assert size_of(office.home) == before


@pytest.mark.parametrize("number", [0, 1])
def test_too_few_cards_open_nothing(office: Office, number: int) -> None:
    with pytest.raises(CardError):
        drill(office.home, office.cards[:number])


def test_cards_of_another_office_are_told_apart(office: Office, tmp_path: Path) -> None:
    other, cards = new_home(tmp_path / "other")
    with pytest.raises(CardError, match="another office"):
        drill(office.home, cards[:2])
    assert drill(other, cards[:2]).cards == 2
    other.engine.dispose()


@pytest.mark.parametrize("name", ["casework.age", "matching.age", "seal-root.age"])
def test_a_drill_opens_what_the_cards_must_recover(office: Office, tmp_path: Path, name: str) -> None:
    home, (other, _cards) = copy_of(office, tmp_path), new_home(tmp_path / "other")
    file = home.path / "recovery" / name
    drill(home, office.cards[:2])
    sealed_here = seal_whole(b"nothing of ours", recipients=(home.recipients.office,))
    swapped = file.with_name("casework.age" if name != "casework.age" else "matching.age").read_bytes()
    for data in (b"", (other.path / "recovery" / name).read_bytes(), sealed_here, swapped):
        file.write_bytes(data)
        with pytest.raises(HomeError, match="cards") as raised:
            drill(home, office.cards[:2])
        assert raised.value.where == str(file)
    file.unlink()
    with pytest.raises(HomeError, match="not there"):
        drill(home, office.cards[:2])
    home.engine.dispose()
    other.engine.dispose()


def renewed(home: Home, cards: Sequence[str]) -> Renewed:
    return renew_seal(home, cards, doer(home))


def test_a_renewed_seal_seals_the_next_bundle_and_the_log_pins_it(office: Office, tmp_path: Path) -> None:
    home = copy_of(office, tmp_path)
    case, before = new_case(home), size_of(home)
    old = certificate_sha256(home.path / "seal.pem")
    done = renewed(home, office.cards[:2])
    assert certificate_sha256(home.path / "seal.pem") == done.fingerprint != old
    assert [record.type for record in records_of(home, before)] == ["requested", "approved", "key_changed"]
    assert records_of(home, before)[-1].values["new"] == done.fingerprint
    assert home.unpinned(recovery=True) == []
    assert export_of(home, case, tmp_path / "case.asice").facts.seal_fingerprint == done.fingerprint
    again = renewed(home, office.cards[:2])
    assert again.fingerprint == certificate_sha256(home.path / "seal.pem") != done.fingerprint
    assert not list(tmp_path.rglob("seal*.next"))
    home.engine.dispose()


def test_a_seal_is_renewed_by_two_persons_with_the_cards_of_this_office(office: Office, tmp_path: Path) -> None:
    home, (other, cards) = copy_of(office, tmp_path), new_home(tmp_path / "other")
    before, seal = size_of(home), (home.path / "seal.pem").read_bytes()
    with pytest.raises(AuthorityError):
        renew_seal(home, office.cards[:2], doer(home, approver=None))
    for given in (cards[:2], office.cards[:1]):
        with pytest.raises(CardError):
            renewed(home, given)
    assert (size_of(home), (home.path / "seal.pem").read_bytes()) == (before, seal)
    home.engine.dispose()
    other.engine.dispose()


@pytest.mark.parametrize("cut", range(4))
def test_a_renewal_that_is_cut_short_leaves_the_old_seal_or_the_new_one(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    """Before the event, after it, between the two files, and after both."""
    home = copy_of(office, tmp_path)
    case = new_case(home)

    def stop(*_told: object, **_more: object) -> None:
        raise KeyboardInterrupt

    moves = iter([move_file] * (cut - 1) + [stop])
    if cut == 0:
        monkeypatch.setattr("evidence.custody.sequencer.Sequencer.append", stop)
    elif cut < 3:
        monkeypatch.setattr("api.home.move_file", lambda *told: next(moves)(*told))  # noqa: PLW0108 - each call takes the next
    else:
        monkeypatch.setattr("api.home.Writer.beat", stop)
    with pytest.raises(KeyboardInterrupt):
        renewed(home, office.cards[:2])
    monkeypatch.undo()
    home.engine.dispose()
    fresh = Home.open(home.path)
    export_of(fresh, case, tmp_path / "case.asice")
    assert fresh.unpinned(recovery=True) == []
    assert renewed(fresh, office.cards[:2]).fingerprint
    fresh.engine.dispose()
