"""Progress tells what is done with rate and time left, on one line, never more than there is, and only to a person."""

import io
import re
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cli.main import main
from api.cli.progress import ProgressLine, progress, stages, told_seconds, wait_told
from config.errors import Term
from tests import commands
from tests.commands import DONE, Life, Terminal, run


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def told(stream: io.StringIO) -> list[str]:
    """What stood on the line, one after the other."""
    return [line.strip() for line in re.split(r"[\r\n]", stream.getvalue()) if line.strip()]


def test_the_line_says_how_much_how_fast_and_how_long_it_takes() -> None:
    clock, stream = Clock(), io.StringIO()
    bar = ProgressLine("Sealing", "files", 10_000, stream=stream, clock=clock)
    bar(0)
    clock.now += 2
    bar(1000)
    clock.now += 0.1
    bar(10)  # too soon to be told
    clock.now += 1.9
    bar(990)
    clock.now += 16
    bar(8000)
    bar.end()
    assert told(stream) == [
        "Sealing: 0 of 10,000 files",
        "Sealing: 1,000 of 10,000 files, 500 a second, 18 s left",
        "Sealing: 2,000 of 10,000 files, 500 a second, 16 s left",
        "Sealing: 10,000 of 10,000 files, 500 a second, 0 s left",
        "Sealing: 10,000 of 10,000 files, 500 a second",
    ]
    assert stream.getvalue().endswith("\n")


def test_what_takes_long_is_counted_by_the_minute() -> None:
    clock, stream = Clock(), io.StringIO()
    bar = ProgressLine("Stamping", "stamps", 100, stream=stream, clock=clock)
    clock.now += 120
    bar(10)
    assert told(stream) == ["Stamping: 10 of 100 stamps, 5 a minute, 18 min 0 s left"]


@given(total=st.integers(0, 50), steps=st.lists(st.integers(0, 30)))
def test_it_never_goes_beyond_its_total(total: int, steps: list[int]) -> None:
    clock, stream = Clock(), io.StringIO()
    bar = ProgressLine("Sealing", "files", total, stream=stream, clock=clock)
    for step in steps:
        clock.now += 1
        bar(step)
    bar.end()
    for line in told(stream):
        done, of = re.findall(r"([0-9,]+) of ([0-9,]+)", line)[0]
        assert int(done.replace(",", "")) <= int(of.replace(",", ""))
    assert bar.done == sum(steps)


def test_a_line_that_is_cleared_leaves_its_place_to_others() -> None:
    clock, stream = Clock(), io.StringIO()
    bar = ProgressLine("Searching", "records", stream=stream, clock=clock)
    bar(7)
    shown = "Searching: 7 records"
    bar.clear()
    assert stream.getvalue() == f"\r{shown}\r{' ' * len(shown)}\r"
    bar.clear()
    bar.end()
    assert told(stream)[-1] == shown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (3600, "1 h 0 min"), (90_000, "25 h 0 min")],
)
def test_a_time_is_told_in_one_unit_or_two(seconds: float, words: str) -> None:
    assert told_seconds(seconds) == words


@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_only_a_person_is_told(monkeypatch: pytest.MonkeyPatch, stream: type[io.StringIO]) -> None:
    err = stream()
    monkeypatch.setattr("sys.stderr", err)
    with progress(Term("progress.sealing"), Term("unit.records"), 3) as bar:
        bar(3)
    assert told(err) == (["Sealing: 3 of 3 records"] * 2 if err.isatty() else [])


def test_what_breaks_off_leaves_no_line_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    err = Terminal()
    monkeypatch.setattr("sys.stderr", err)

    def stopped() -> None:
        with progress(Term("progress.sealing"), Term("unit.records"), 3) as bar:
            bar(1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert err.getvalue().endswith(" \r")


def test_it_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    stream = io.StringIO()
    ProgressLine("A very long label", "very long units", 5, stream=stream)(1)
    assert max(map(len, told(stream))) <= 19


def test_each_stage_has_a_line_and_an_error_leaves_none_unfinished(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", stream := Terminal())

    def work() -> None:
        with stages() as staged:
            opening = staged(Term("progress.opening"), Term("unit.records"))(2)
            opening(1)
            opening(1)
            staged(Term("progress.checking"), Term("unit.checks"))(3)(1)
            raise KeyError

    with pytest.raises(KeyError):
        work()
    lines = stream.getvalue().split("\n")
    assert lines[0].split("\r")[-1].strip() == "Opening: 2 of 2 records"
    assert "Checking: 1 of 3 checks of records and stamps" in lines[1]
    assert lines[1].split("\r")[-2].strip() == lines[1].split("\r")[-1] == ""


def test_export_and_verify_say_how_far_they_are_to_a_person_alone(
    life: Life, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = ("case", "export", life.case, "--for", "court", "--reason", "x", "--approved-by", "bo", "--out")
    for at, stream in enumerate((io.StringIO(), Terminal())):
        with monkeypatch.context() as patch:
            patch.setattr(commands, "redirect_stderr", lambda _err, stream=stream: redirect_stderr(stream))
            assert run(*export, home.parent / f"{at}.asice", home=home).code == DONE
            run("verify", home.parent / f"{at}.asice")
        ended = "\n".join(line.rsplit("\r", 1)[-1] for line in stream.getvalue().split("\n"))
        told = re.findall(r"([A-Z][a-z]+): ([0-9]+) of \2 ([a-z ]+)", ended)
        checking = ("Checking", "checks of records and stamps")
        expected = [("Opening", "records"), ("Stamping", "time stamps"), checking, checking]
        assert [(label, unit) for label, _number, unit in told] == (expected if at else [])
        assert at == 0 or int(told[2][1]) == int(told[3][1]) > len(life.items)


def test_what_is_waited_for_is_said_as_long_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", err := Terminal())
    said = "Waiting for a time stamp"
    with wait_told(Term("progress.waiting_for_a_stamp")):
        assert err.getvalue() == f"\r{said}"
    assert err.getvalue() == f"\r{said}\r{' ' * len(said)}\r"
    monkeypatch.setattr("sys.stderr", nobody := io.StringIO())
    with wait_told(Term("progress.waiting_for_a_stamp")):
        pass
    assert nobody.getvalue() == ""


def test_a_line_that_ended_says_no_more() -> None:
    stream = io.StringIO()
    bar = ProgressLine("Sealing", "files", 2, stream=stream)
    bar(2)
    bar.end()
    ended = stream.getvalue()
    bar(1)
    bar.clear()
    bar.end()
    assert stream.getvalue() == ended


def test_an_import_tells_messages_and_files_and_then_that_it_waits_for_a_stamp(life: Life, home: Path) -> None:
    err = Terminal()
    command = ("--home", str(home), "import", str(life.export.folder), "--declared-by", "x", "--json")
    with redirect_stdout(io.StringIO()), redirect_stderr(err):
        assert main([*command]) == DONE
    lines = err.getvalue().split("\n")
    count = re.fullmatch(
        r"Sealing: ([0-9]+) of \1 messages and files(, [0-9,]+ a second)?", lines[0].rsplit("\r", 1)[1]
    )
    assert count, lines
    assert "Waiting for a time stamp" in lines[1]
    assert lines[1].endswith(" \r")
