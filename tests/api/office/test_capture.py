"""A caseworker captures a message whether a watch runs or not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.office.capture import Captured, capture_message
from config.link import read_message_link
from evidence.errors import UnknownItemError
from evidence.store.database import reading
from monitor.errors import AccountError, AccountState
from monitor.telegram.capture import Seen, asked_for
from monitor.telegram.session import Sessions
from monitor.telegram.watch import account_states
from tests.homes import doer
from tests.watching import Desk, desk, kinds, observed, picture, require_clean, running, until


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch) as made:
        yield made


def capture(at: Desk, text: str, wait_s: float = 20.0) -> tuple[Captured, int]:
    """What came of it, and how often it was said that another process is asked."""
    home, said = at.home, list[int]()
    try:
        done = capture_message(home, read_message_link(text), doer(home), lambda: said.append(1), wait_s=wait_s)
    finally:
        home.engine.dispose()
    return done, len(said)


def test_what_was_captured_is_signed_and_stamped(at: Desk) -> None:
    number = at.group().post("një")
    done, told = capture(at, f"t.me/grupa/{number}")
    assert (done.unstamped, done.error, told) == (None, None, 0)
    home = at.home
    assert home.unsigned_tail() is None
    assert home.known_times().stamped_at is not None
    home.engine.dispose()


def test_a_running_watch_is_asked_and_goes_on(at: Desk) -> None:
    group = at.group()
    group.post("një")
    with running(at) as home:
        until(lambda: kinds(home)["message"] == 1)
        number = group.post_photo(picture(1), "dy")
        done, told = capture(at, f"t.me/grupa/{number}")
        assert (done.error, done.handed_over, done.answer.seen, told) == (None, True, Seen.THERE, 1)
        stranger = at.telegram.world.add_channel("Tjetër", username="tjeter")
        refused, _told = capture(at, f"t.me/tjeter/{stranger.post('e huaj')}")
        assert isinstance(refused.error, UnknownItemError)
        until(lambda: kinds(home)["file"] == 1)
        again, _told = capture(at, f"t.me/c/{group.id}/{group.post('tri')}")
        assert [each.messages for each in again.answer.looked] == [1]
        assert kinds(home)["message"] == 3
    require_clean(at)


def test_another_account_is_taken_where_the_first_is_in_use(at: Desk) -> None:
    at.log_in("xtra", "+38160000002")
    number = at.group().post("një")
    home = at.home
    with Sessions(home.keys.path).locked("watch"):
        done, told = capture(at, f"t.me/grupa/{number}")
    assert (done.error, done.handed_over, told) == (None, False, 0)
    (message,) = observed(at, "message")
    assert "xtra" in str(message["acquisition"])
    home.engine.dispose()


def test_an_account_that_nobody_answers_for_is_told_and_the_request_withdrawn(at: Desk) -> None:
    number = at.group().post("një")
    home = at.home
    with Sessions(home.keys.path).locked("watch"), pytest.raises(AccountError) as raised:
        capture(at, f"t.me/grupa/{number}", wait_s=1.0)
    assert raised.value.code == "account.in_use"
    with reading(home.engine) as connection:
        assert asked_for(connection) == []
    home.engine.dispose()


def test_a_lost_account_is_logged_and_the_next_one_captures(at: Desk) -> None:
    at.log_in("xtra", "+38160000002")
    number = at.group().post("një")
    at.telegram.faults.fail("channels.getMessages", "USER_DEACTIVATED_BAN", times=1)
    done, _told = capture(at, f"t.me/grupa/{number}")
    assert (done.error, done.answer.seen) == (None, Seen.THERE)
    home = at.home
    assert account_states(home.engine) == {"watch": AccountState.BANNED}
    home.engine.dispose()
    require_clean(at)
