"""Who writes to a home takes turns, signs what it wrote, and has it stamped on the beat."""

import base64
import hashlib
import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from api.home import Home, Writer, require_private
from api.office.audit import run_audit
from casefiles.case import open_case
from evidence.errors import CheckpointError, HomeError
from evidence.finding import Finding
from evidence.log.note import open_checkpoint
from evidence.times import system_clock
from tests.homes import PASSPHRASE, doer, size_of


def signed_size(home: Home) -> int:
    return open_checkpoint(home.keys.signed.read_bytes(), key=home.verifier_key).size


def problems(home: Home) -> tuple[Finding, ...]:
    audited = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
    return audited.report.problems


def test_two_writers_take_turns(home: Home) -> None:
    other = Home.open(home.path)
    with home.writing() as one, other.writing() as two:
        for writer in (one, two, one):
            open_case(writer.sequencer, doer(home))
        assert (one.beat(now=True), two.beat(now=True)) == (None, None)
    other.engine.dispose()
    assert problems(home) == ()


def test_a_command_that_ends_or_fails_leaves_no_unsigned_entry(home: Home) -> None:
    with home.writing() as writer:
        open_case(writer.sequencer, doer(home))
    assert signed_size(home) == size_of(home)
    with suppress(ZeroDivisionError), home.writing() as writer:
        open_case(writer.sequencer, doer(home))
        raise ZeroDivisionError
    assert signed_size(home) == size_of(home)
    before = home.keys.signed.stat().st_mtime_ns
    with home.writing():
        pass
    assert home.keys.signed.stat().st_mtime_ns == before


def test_what_stopped_a_command_is_told_though_its_end_cannot_be_signed(home: Home) -> None:
    def stop(writer: Writer) -> None:
        open_case(writer.sequencer, doer(home))
        home.keys.signed.write_bytes(b"damaged")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), home.writing() as writer:
        stop(writer)


def test_another_log_key_writes_nothing(home: Home) -> None:
    (home.keys.path / "log.key").write_bytes(base64.b64encode(bytes(32)))
    with pytest.raises(HomeError, match="not the one of this home") as raised, home.writing():
        pass
    assert raised.value.expected == str(home.verifier_key)


def test_a_database_put_back_is_refused_before_anything_is_appended(home: Home, tmp_path: Path) -> None:
    file = home.path / "nisisama.db"
    older = file.read_bytes()
    with home.writing() as writer:
        open_case(writer.sequencer, doer(home))
        writer.beat(now=True)
    home.engine.dispose()
    file.write_bytes(older)
    again = Home.open(home.path)
    before = size_of(again)
    with pytest.raises(CheckpointError, match="behind"), again.writing() as writer:
        open_case(writer.sequencer, doer(home))
    assert size_of(again) == before
    again.engine.dispose()


def test_what_an_interrupted_run_put_is_taken_back_and_what_is_logged_is_kept(home: Home) -> None:
    kept = list(home.objects.addresses())
    body = b"never logged"
    with home.objects.pending() as pending:
        address = pending.put(lambda sink: (sink(body), hashlib.sha256(body).hexdigest())[1])
        pending.sync([address])
    dead = next((home.path / "objects" / "pending").iterdir())
    again = dead / "0"
    again.hardlink_to(home.objects.path(kept[0]))  # logged, and killed before it was settled
    with home.writing():
        pass
    assert list(home.objects.addresses()) == kept
    assert not home.objects.path(address).exists()


def test_a_beat_without_news_signs_nothing(home: Home) -> None:
    with home.writing() as writer:
        open_case(writer.sequencer, doer(home))
        assert writer.beat(now=True) is None
        before = (size_of(home), home.keys.signed.read_bytes())
        os.utime(home.path / "beat", (0, 0))
        assert writer.beat() is None
        assert (size_of(home), home.keys.signed.read_bytes()) == before


@pytest.mark.parametrize("lost", ["gone", "damaged"])
def test_a_home_that_does_not_know_its_last_beat_is_due(home: Home, lost: str) -> None:
    beat = home.path / "beat"
    beat.write_text("damaged") if lost == "damaged" else beat.unlink()
    os.utime(home.path, (0, 0))
    with home.writing() as writer:
        open_case(writer.sequencer, doer(home))
        if lost == "damaged":
            os.utime(beat, (0, 0))
        assert home.beat.asked_size() is None
        assert writer.beat() is None
        assert home.beat.asked_size() == size_of(home) - 1  # all but the anchor


def test_within_the_beat_nobody_asks_for_a_stamp_and_the_audit_says_so(home: Home) -> None:
    os.utime(home.path / "beat")  # asked for just now, however slow this machine is
    for _ in range(2):
        with home.writing() as writer:
            open_case(writer.sequencer, doer(home))
            before = size_of(home)
            assert writer.beat() is None
            assert size_of(home) == before
    assert problems(home) == ()


def test_a_stamp_that_was_asked_for_in_vain_is_missed_by_the_audit(home: Home) -> None:
    with home.writing() as writer:
        open_case(writer.sequencer, doer(home))
    home.beat.begin()
    assert problems(home) == ()  # somebody asks just now
    home.beat.end(size_of(home))
    assert [problem.id for problem in problems(home)] == ["log.anchored"]


def test_a_clock_that_went_back_does_not_put_off_the_beat(home: Home) -> None:
    with home.writing() as writer:
        home.clock = lambda: system_clock() - timedelta(hours=1)
        open_case(writer.sequencer, doer(home))
        before = size_of(home)
        error = writer.beat()  # the rehearsal office has the same clock, so its time stamp goes back and is not logged
        assert error is not None
        assert error.code == "token.before_the_newest"
        assert size_of(home) == before


def test_a_file_is_no_home(home: Home, tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="not a folder"):
        require_private(home.path / "nisisama.toml")
