"""The rehearsed watch goes through posts, an edit, a deletion and a gap, and says what it saw."""

from pathlib import Path

import pytest

from api.office.rehearsed_watch import POSTS, rehearse_watch
from evidence.errors import AuthorityError, HomeError
from evidence.observation import HoleReason
from monitor.telegram.session import Sessions
from tests.homes import doer, legal_basis, new_home


def test_the_rehearsed_watch_keeps_all_of_it_and_names_what_nobody_saw(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    kept = rehearse_watch(home, tmp_path, legal_basis(tmp_path), doer(home))
    assert (kept.messages, kept.edits, kept.deletions, kept.media) == (6 + POSTS + 1, 1, 1, 1)
    assert kept.completeness.observed == ((1, 6 + POSTS), (8 + POSTS, 8 + POSTS))
    assert kept.completeness.holes == ((7 + POSTS, 7 + POSTS),)
    assert HoleReason.DIFFERENCE_TOO_LONG in {each.reason for each in kept.completeness.gaps}
    home.engine.dispose()


def test_a_real_office_is_never_rehearsed_in(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home", rehearsal=False)
    with pytest.raises(HomeError, match="real office"):
        rehearse_watch(home, tmp_path, None, doer(home))
    home.engine.dispose()


def test_without_a_legal_basis_no_file_is_read_and_the_account_is_forgotten(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    assert rehearse_watch(home, tmp_path, None, doer(home)).media == 0
    assert Sessions(home.keys.path).names() == []
    home.engine.dispose()


def test_a_second_rehearsal_is_of_another_group_and_an_audit_is_clean(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    first, second = (rehearse_watch(home, tmp_path, None, doer(home)) for _each in range(2))
    assert first.channel != second.channel
    assert first.completeness.channel_id != second.completeness.channel_id
    assert (second.messages, second.completeness.observed) == (first.messages, first.completeness.observed)
    home.engine.dispose()


def test_with_a_legal_basis_and_nobody_who_agrees_nothing_is_begun(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    with pytest.raises(AuthorityError):
        rehearse_watch(home, tmp_path, legal_basis(tmp_path), doer(home, approver=None))
    assert Sessions(home.keys.path).names() == []
    home.engine.dispose()
