"""A caseworker captures a message whether a watch runs or not."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from api.office.capture import WAIT_S, Captured, capture_message
from config.link import read_message_link
from evidence.authority import Doer
from evidence.errors import AuthorityError
from evidence.store import task
from evidence.store.database import reading
from monitor.errors import AccountError, AccountState
from monitor.rehearsal.telegram.shown import ROOM
from monitor.telegram.capture import CAPTURE, WAITS_FOR, CaptureRequest, Seen, ask_for, asked_for, request_by, who_asks
from monitor.telegram.session import Sessions
from monitor.telegram.standing import account_states
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


def requests(at: Desk) -> list[str]:
    home = at.home
    with reading(home.engine) as connection:
        found = list(task.noted(connection, CAPTURE))
    home.engine.dispose()
    return found


def asked(at: Desk) -> list[CaptureRequest]:
    home = at.home
    with reading(home.engine) as connection:
        found = asked_for(connection, at.clock())
    home.engine.dispose()
    return found


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
        assert isinstance(refused.error, AuthorityError)  # nobody agreed to the rule that destroys it again
        until(lambda: kinds(home)["file"] == 1)
        again, _told = capture(at, f"t.me/c/{group.id}/{group.post('tri')}")
        assert [each.messages for each in again.answer.looked] == [1]
        assert kinds(home)["message"] == 3
        assert requests(at) == []  # which link a client brought stays nowhere in clear
        link = read_message_link("t.me/grupa/1")
        with at.home.writing() as writer, writer.sequencer.take() as connection:
            ask_for(connection, request_by(doer(at.home), link, at.clock(), Sessions(at.home.keys.path)))  # then killed
        until(lambda: not asked(at))
        with at.home.writing() as writer, writer.sequencer.take() as connection:
            ask_for(connection, CaptureRequest(link, "AAAA", at.clock()))  # by whoever has another key
        until(lambda: not asked(at))
        at.clock.pass_by(hours=1)
        until(lambda: requests(at) == [])
    require_clean(at)


def test_a_request_is_made_for_its_link_and_its_time_alone(at: Desk) -> None:
    home, sessions, now = at.home, Sessions(at.home.keys.path), at.clock()
    who = Doer("čelija", "nisisama/test", now.replace(microsecond=0), "the client's own link")
    asked_by_her = request_by(who, read_message_link("t.me/grupa/1"), now, sessions)
    assert "elija" not in asked_by_her.by
    assert who_asks(asked_by_her, sessions) == who
    for other in (
        replace(asked_by_her, link=read_message_link("t.me/grupa/2")),
        replace(asked_by_her, at=asked_by_her.at + timedelta(milliseconds=1)),
    ):
        with pytest.raises(ValueError, match="for this place"):
            who_asks(other, sessions)
    home.engine.dispose()


def test_a_request_waits_longer_than_whoever_made_it() -> None:
    assert timedelta(seconds=WAIT_S) < WAITS_FOR


def test_a_command_that_is_ended_leaves_no_request(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(*_asked: object) -> None:
        assert requests(at) == ["grupa/1/"]
        raise KeyboardInterrupt

    at.group()
    with Sessions(at.home.keys.path).locked("watch"):
        monkeypatch.setattr("api.office.capture.answer_of", end)
        with pytest.raises(KeyboardInterrupt):
            capture(at, "t.me/grupa/1")
    assert requests(at) == []


def test_a_running_watch_answers_in_the_middle_of_a_pass(at: Desk) -> None:
    groups = [at.group(f"Grupa {each}", f"grupa_{each}") for each in range(8)]
    number = groups[0].post("një")
    assert at.once().ended_by is None
    before = len(at.telegram.calls)
    at.telegram.faults.delay_s("updates.getChannelDifference", 1.5)  # one pass takes twelve seconds
    with running(at):
        until(lambda: "updates.getChannelDifference" in [each.name for each in at.telegram.calls[before:]])
        done, _told = capture(at, f"t.me/grupa_0/{number}", wait_s=7)
        at.telegram.faults.clear()
    assert (done.handed_over, done.answer.seen) == (True, Seen.THERE)


def test_what_a_running_watch_captures_names_who_asked_for_it(at: Desk) -> None:
    talk = at.telegram.world.add_channel("Biseda")
    channel = at.group("Kanali", "kanali", broadcast=True, linked=talk)
    talk.ban(at.accounts[0])
    channel.post("para")
    with running(at) as home:
        until(lambda: kinds(home)["message"] == 1)
        number = channel.post_photo(picture(2), "me foto")
        channel.comment(number, "koment")
        asker = Doer("čelija", "nisisama/test", at.clock(), "the client's own link")
        done = capture_message(home, read_message_link(f"t.me/kanali/{number}"), asker, wait_s=20)
        assert (done.error, done.handed_over) == (None, True)
        until(lambda: kinds(home)["file"] >= 1)
    said = [*observed(at, "message"), *observed(at, "file")]
    by_text = {each["text"]: (each["actor"], each["reason"], each["declared_by"]) for each in said}
    watcher = by_text["para"]
    assert by_text["koment"] == by_text["me foto"] == by_text[None] == ("čelija", "the client's own link", watcher[0])
    assert watcher[0] != "čelija"
    assert at.once().ended_by is None
    assert len(observed(at, "message")) == len([each for each in said if each["text"] is not None]), "known again"
    require_clean(at)


def test_a_fault_in_one_capture_ends_no_watch(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    group = at.group()
    number = group.post("një")

    def broken(*_arguments: object) -> None:
        raise ValueError("a message that nobody foresaw")

    with running(at) as home:
        until(lambda: kinds(home)["message"] == 1)
        with monkeypatch.context() as patched:
            patched.setattr("monitor.telegram.watch.capture", broken)
            done, _told = capture(at, f"t.me/grupa/{number}")
        assert done.error is not None
        assert (done.error.code, done.error.facts) == ("request.unforeseen", {"system": "ValueError"})
        assert capture(at, f"t.me/grupa/{number}")[0].error is None


def test_what_only_the_watching_account_sees_is_handed_over(at: Desk) -> None:
    at.log_in("xtra", "+38160000002")
    group = at.telegram.world.add_channel("Private", joined=(at.accounts[0],))
    group.post("një")
    home = at.home
    sessions = Sessions(home.keys.path)
    session = sessions.read("watch")
    session.channels[group.id] = at.telegram.world.hash_for(at.accounts[0], ROOM, group.id)
    sessions.save(session)
    home.engine.dispose()
    at.register(str(group.id))
    with running(at) as looker:
        until(lambda: kinds(looker)["message"] == 1)
        done, told = capture(at, f"t.me/c/{group.id}/{group.post('dy')}")
    assert (done.error, done.handed_over, done.answer.seen, told) == (None, True, Seen.THERE, 1)
    done, _told = capture(at, f"t.me/c/{group.id}/1")  # free again, and asked first
    assert (done.error, done.handed_over) == (None, False)
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
        assert asked_for(connection, at.clock()) == []
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
