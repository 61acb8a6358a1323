"""The rehearsed watch goes through posts, an edit, a deletion and a gap, and says what it saw."""

from pathlib import Path

import pytest

from api.office.channel import add_channel, every_channel
from api.office.completeness import completeness_of
from api.office.rehearsed_watch import ACCOUNT, HANDLE, POSTS, rehearse_watch
from api.office.watch_status import status
from config.watchlist import watch_entry
from evidence.errors import AuthorityError, HomeError
from evidence.observation import HoleReason, Mode
from monitor.errors import AccountError, ChannelState
from monitor.telegram.session import Sessions
from tests.homes import doer, legal_basis, new_home


def test_the_rehearsed_watch_keeps_all_of_it_and_names_what_nobody_saw(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    kept = rehearse_watch(home, legal_basis(tmp_path), doer(home))
    assert (kept.messages, kept.edits, kept.deletions, kept.media) == (6 + POSTS + 1, 1, 1, 1)
    assert kept.completeness.observed == ((1, 6 + POSTS), (8 + POSTS, 8 + POSTS))
    assert kept.completeness.holes == ((7 + POSTS, 7 + POSTS),)
    assert HoleReason.DIFFERENCE_TOO_LONG in {each.reason for each in kept.completeness.gaps}
    home.engine.dispose()


def test_a_real_office_is_never_rehearsed_in(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home", rehearsal=False)
    with pytest.raises(HomeError, match="real office"):
        rehearse_watch(home, None, doer(home))
    home.engine.dispose()


def test_without_a_legal_basis_no_file_is_read_and_the_account_is_forgotten(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    assert rehearse_watch(home, None, doer(home)).media == 0
    assert Sessions(home.keys.path).names() == []
    home.engine.dispose()


@pytest.mark.slow
def test_a_second_rehearsal_is_of_another_group_and_an_audit_is_clean(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    first, second = (rehearse_watch(home, None, doer(home)) for _each in range(2))
    assert first.channel != second.channel
    assert first.completeness.channel_id != second.completeness.channel_id
    assert (second.messages, second.completeness.observed) == (first.messages, first.completeness.observed)
    home.engine.dispose()


def test_no_other_group_is_looked_at_and_none_of_a_rehearsal_stays(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    for channel in ("square_hexagon", HANDLE):  # the second one was left behind by a rehearsal that was killed
        entry = watch_entry(
            channel=channel, report_url="https://e.org", reported_by="X", reported_on="2026-01-01", access="public"
        )
        add_channel(home, entry, Mode.METADATA_ONLY, None, doer(home))
    kept = rehearse_watch(home, None, doer(home))
    (left,) = status(home).channels
    assert (left.channel, left.state, left.looked_at) == ("square_hexagon", ChannelState.OK, None)
    assert completeness_of(home, kept.channel).observed == kept.completeness.observed
    home.engine.dispose()


def test_two_rehearsals_at_once_are_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    with Sessions(home.keys.path).locked(ACCOUNT), pytest.raises(AccountError, match="another process"):
        rehearse_watch(home, None, doer(home))
    assert list(every_channel(home)) == []
    home.engine.dispose()


def test_with_a_legal_basis_and_nobody_who_agrees_nothing_is_begun(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    with pytest.raises(AuthorityError):
        rehearse_watch(home, legal_basis(tmp_path), doer(home, approver=None))
    assert Sessions(home.keys.path).names() == []
    home.engine.dispose()


def test_nothing_of_the_practice_telegram_is_left_behind(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    before = {file.relative_to(tmp_path) for file in tmp_path.rglob("*") if file.suffix in {".pem", ".session"}}
    rehearse_watch(home, None, doer(home))
    after = {file.relative_to(tmp_path) for file in tmp_path.rglob("*") if file.suffix in {".pem", ".session"}}
    assert after == before
    home.engine.dispose()
