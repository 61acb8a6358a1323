"""An open office has one library for all its threads, which takes in what comes, and shows nothing of itself."""

import threading
from pathlib import Path

import pytest

from api.home import Home
from api.office.opened import OpenOffice, SharedLibrary
from config.errors import StoppedError
from evidence.errors import NoMatchingKeyError
from evidence.fingerprint.decoder import fingerprints_of
from evidence.match.check import PictureQuery
from evidence.seal.recipients import generate_identity
from tests.appearing import jpeg, photo, post
from tests.homes import PASSPHRASE


def test_the_library_is_begun_once_and_takes_in_what_comes(home: Home, tmp_path: Path) -> None:
    office = OpenOffice.of(home, home.keys.unlock(PASSPHRASE))
    with office.library.refreshed() as first:
        begun = first.end
    post(home, tmp_path / "first", {1: jpeg(photo())})
    with office.library.refreshed() as second:
        assert second is first
        assert second.end > begun


def test_one_thread_at_a_time_has_it(home: Home) -> None:
    office = OpenOffice.of(home, home.keys.unlock(PASSPHRASE))
    inside, order = threading.Event(), list[str]()

    def other() -> None:
        with office.library.refreshed():
            order.append("other")

    with office.library.refreshed():
        waiting = threading.Thread(target=other)
        waiting.start()
        assert not inside.wait(0.2)
        order.append("first")
    waiting.join(30)
    assert order == ["first", "other"]


def test_another_homes_key_fills_none(home: Home, tmp_path: Path) -> None:
    post(home, tmp_path / "first", {1: jpeg(photo())})
    shared = SharedLibrary(home.engine, generate_identity())
    for _look in range(2):
        with pytest.raises(NoMatchingKeyError), shared.refreshed():
            pytest.fail("it was opened")


def test_it_shows_nothing_of_its_keys(home: Home) -> None:
    office = OpenOffice.of(home, home.keys.unlock(PASSPHRASE))
    assert repr(office) == "OpenOffice()"


def test_a_library_that_broke_off_is_begun_again(home: Home, tmp_path: Path) -> None:
    post(home, tmp_path / "first", {1: jpeg(photo())})
    office = OpenOffice.of(home, home.keys.unlock(PASSPHRASE))
    with pytest.raises(StoppedError), office.library.refreshed(lambda: True):
        pytest.fail("it was stopped")
    with office.library.refreshed() as library:
        assert library.end > 0
        assert library.tiers(PictureQuery.of(fingerprints_of(jpeg(photo()))[0]))
