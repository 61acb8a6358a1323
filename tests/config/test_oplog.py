"""The operational log takes what is on its list and nothing else; it is private, and never fails the work."""

import fcntl
import json
import logging.config
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import oplog
from config.errors import LANGUAGE, catalogue

ROOT = Path(__file__).parents[2]
TELLING = {"at": "2026-01-01T00:00:00.000Z"}
TEXTS = (
    "mila",
    "Mila Petrova",
    "+38970123456",
    "/home/mila/result.json",
    "photo_1.jpg",
    "She came.",
    "123456",
    "a\nb",
    "",
)


class Verdict(StrEnum):
    PASSED = "PASSED"


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    oplog.start()
    yield
    oplog.start()


def kept(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home / oplog.FILE).read_text("ascii").splitlines()]


def keep_in(home: Path, *, max_bytes: int = 1_000_000, files: int = 2) -> None:
    oplog.keep_in(home, max_bytes=max_bytes, files=files)


def test_what_was_noted_before_there_was_a_home_is_kept_in_order(tmp_path: Path) -> None:
    oplog.note("command_began", command="evidence list")
    keep_in(tmp_path)
    oplog.note("batch_committed", first=3, count=2, duration_s=0.01249)
    first, second = kept(tmp_path)
    assert (first["event"], first["command"], first["pid"]) == ("command_began", "evidence list", os.getpid())
    assert (second["first"], second["count"], second["duration_s"]) == (3, 2, 0.012)
    assert first["at"] <= second["at"]
    assert first["at"].endswith("Z")


def test_a_new_command_begins_with_nothing_of_the_last(tmp_path: Path) -> None:
    oplog.note("command_began", command="audit")
    oplog.start()
    keep_in(tmp_path)
    oplog.note("command_began", command="doctor")
    assert [line["command"] for line in kept(tmp_path)] == ["doctor"]


def test_standard_error_is_quiet_unless_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep_in(tmp_path)
    oplog.note("command_began", command="audit")
    assert capsys.readouterr() == ("", "")
    oplog.start()
    oplog.note("command_began", command="audit")
    oplog.show_on(sys.stderr)
    keep_in(tmp_path)
    oplog.note("command_ended", exit_code=0, duration_s=1)
    out, err = capsys.readouterr()
    assert out == ""
    assert [json.loads(line)["event"] for line in err.splitlines()] == ["command_began", "command_ended"]


def test_a_library_that_sets_up_logging_neither_stops_it_nor_hears_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep_in(tmp_path)
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": True})
    oplog.note("command_began", command="audit")
    assert [line["command"] for line in kept(tmp_path)] == ["audit"]
    assert caplog.records == []


@pytest.mark.parametrize("text", TEXTS)
def test_no_field_but_a_word_of_ours_takes_a_text(text: str) -> None:
    words = {"command", "office"}  # one lower-case word passes there: the contract test says who gives them
    for name, shape in oplog.FIELDS.items():
        assert shape(text) is None or (name in words and text == "mila"), name


CODES = [*catalogue(LANGUAGE)]


@given(
    st.text() | st.binary() | st.lists(st.text()) | st.dictionaries(st.text(), st.text()) | st.none() | st.booleans()
)
def test_what_a_line_holds_is_no_text_that_came_from_outside(value: Any) -> None:  # noqa: ANN401 - anything at all
    for event, fields in oplog.EVENTS.items():
        line = oplog.allowed_fields(None, "info", {**TELLING, "event": event, **dict.fromkeys(fields, value)})
        taken = line.keys() - {"at", "event", "pid", "dropped"}
        assert taken <= {"command", "office"} | ({"code"} if value in CODES else set())  # hypothesis knows our words
        assert line.get("dropped", 0) == len(fields) - len(taken)


def test_a_number_a_verdict_an_error_and_a_digest_pass() -> None:
    fields = {"level": 3, "problems": 0, "verdict": Verdict.PASSED, "entries": True, "objects": float("nan")}
    line = oplog.allowed_fields(None, "info", {**TELLING, "event": "audit_finished", **fields})
    assert (line["level"], line["problems"], line["verdict"], line["dropped"]) == (3, 0, "PASSED", 2)
    refused = {**TELLING, "event": "command_refused"}
    line = oplog.allowed_fields(None, "info", {**refused, "error": KeyError, "place": "api/home.py:7"})
    assert (line["error"], line["place"]) == ("KeyError", "api/home.py:7")
    line = oplog.allowed_fields(None, "info", {**refused, "error": KeyError("secret")})
    assert "secret" not in json.dumps(line)


def test_an_unknown_event_and_a_field_of_another_event_are_not_written() -> None:
    line = oplog.allowed_fields(None, "info", {**TELLING, "event": "she_came", "reason": "x", "count": 1})
    assert (line["event"], line["dropped"]) == ("unknown", 2)
    assert line.keys() == {"at", "event", "pid", "dropped"}
    line = oplog.allowed_fields(None, "info", {**TELLING, "event": "stamp_asked", "size": 4, "exit_code": 1})
    assert (line["size"], line["dropped"]) == (4, 1)
    assert "exit_code" not in line


def test_the_place_of_an_error_is_a_line_of_ours() -> None:
    def broken() -> None:
        raise ValueError("secret")

    with pytest.raises(ValueError, match="secret") as raised:
        broken()
    assert oplog.source_place(raised.value) == f"tests/config/test_oplog.py:{broken.__code__.co_firstlineno + 1}"
    assert oplog.source_place(ValueError("never raised")) == ""


def test_the_file_is_its_owners_alone_and_no_link_is_followed(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        keep_in(tmp_path)
        oplog.note("command_began", command="audit")
    finally:
        os.umask(before)
    file = tmp_path / oplog.FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere")
    oplog.note("command_began", command="audit")
    assert not (tmp_path / "elsewhere").exists()


def test_a_full_file_is_turned_over_and_the_oldest_goes(tmp_path: Path) -> None:
    keep_in(tmp_path, max_bytes=300, files=2)
    for number in range(20):
        oplog.note("batch_committed", first=number, count=1, duration_s=0)
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == [oplog.FILE, f"{oplog.FILE}.1", f"{oplog.FILE}.2", oplog.LINE_LOCK]
    assert all((tmp_path / name).stat().st_size <= 300 for name in names)
    assert kept(tmp_path)[-1]["first"] == 19
    assert all(stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600 for name in names)


WRITER = """
import sys
from pathlib import Path
from config import oplog
oplog.LINE_WAIT_S = float(sys.argv[2])
oplog.keep_in(Path(sys.argv[1]), max_bytes=2000, files=100)
print("ready", flush=True)
sys.stdin.read()
for number in range(100):
    oplog.note("batch_committed", first=number, count=1, duration_s=0)
"""


def test_a_line_that_waits_for_the_lock_is_written_before_another_home_is_opened(tmp_path: Path) -> None:
    keep_in(tmp_path)
    oplog.note("command_began", command="audit")
    with (tmp_path / oplog.LINE_LOCK).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        oplog.note("command_began", command="verify")
    keep_in(tmp_path)
    oplog.note("command_began", command="doctor")
    assert [line["command"] for line in kept(tmp_path)] == ["audit", "verify", "doctor"]


LAST = """
import sys
from pathlib import Path
from config import oplog
oplog.keep_in(Path(sys.argv[1]), max_bytes=2000, files=100)
oplog.note("command_began", command="verify")
print("noted", flush=True)
"""


def test_whoever_holds_the_lock_of_the_log_stops_no_work(tmp_path: Path) -> None:
    keep_in(tmp_path)
    oplog.note("command_began", command="audit")
    with (tmp_path / oplog.LINE_LOCK).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        began = time.monotonic()
        oplog.note("command_began", command="verify")
        assert time.monotonic() - began < 20 * oplog.LINE_WAIT_S
    oplog.note("command_began", command="doctor")
    assert [line["command"] for line in kept(tmp_path)] == ["audit", "verify", "doctor"]


def test_of_what_waits_for_the_lock_no_more_is_held_than_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oplog, "LINE_WAIT_S", 0.0)
    keep_in(tmp_path)
    oplog.note("command_began", command="audit")
    with (tmp_path / oplog.LINE_LOCK).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for number in range(oplog.MAX_HELD + 5):
            oplog.note("batch_committed", first=number, count=1, duration_s=0)
    oplog.note("command_began", command="doctor")
    numbers = [line["first"] for line in kept(tmp_path)[1:-1]]
    assert numbers == [*range(oplog.MAX_HELD)]
    assert kept(tmp_path)[-1]["command"] == "doctor"


def test_a_line_that_waits_for_the_lock_is_written_at_the_end_of_the_program(tmp_path: Path) -> None:
    keep_in(tmp_path)
    oplog.note("command_began", command="audit")
    with (tmp_path / oplog.LINE_LOCK).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        last = subprocess.Popen(
            [sys.executable, "-c", LAST, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert last.stdout is not None
        assert last.stdout.readline() == "noted\n"
    assert last.wait() == 0
    last.stdout.close()
    assert [line["command"] for line in kept(tmp_path)] == ["audit", "verify"]


def test_a_lock_on_the_home_is_not_the_lock_of_the_log(tmp_path: Path) -> None:
    """Such as ``flock HOME cp -a HOME COPY`` takes."""
    keep_in(tmp_path)
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    oplog.note("command_began", command="audit")
    os.close(handle)
    assert [line["command"] for line in kept(tmp_path)] == ["audit"]


@pytest.mark.parametrize("wait_s", [oplog.LINE_WAIT_S, 0.0], ids=["patient", "in a hurry"])
def test_processes_at_once_lose_no_line_while_files_turn_over(wait_s: float, tmp_path: Path) -> None:
    """Not on a machine so busy that the others are always the faster ones either: without patience it is like that."""
    command = [sys.executable, "-c", WRITER, str(tmp_path), str(wait_s)]
    pipe = subprocess.PIPE
    writers = [subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) for _ in range(3)]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.close()
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.close()
    lines = [
        json.loads(line) for file in tmp_path.glob(f"{oplog.FILE}*") for line in file.read_text("ascii").splitlines()
    ]
    assert len(list(tmp_path.iterdir())) > 10
    assert sorted(line["first"] for line in lines) == sorted([*range(100)] * 3)
    assert {line["pid"] for line in lines} == {writer.pid for writer in writers}


def test_a_log_that_cannot_be_written_fails_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep_in(tmp_path / "nowhere")
    oplog.note("command_began", command="audit")
    (tmp_path / oplog.FILE).mkdir()
    keep_in(tmp_path)
    oplog.note("command_began", command="audit")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("event", oplog.EVENTS)
def test_a_line_has_the_name_of_its_event_also_where_it_has_no_field(event: str) -> None:
    assert oplog.allowed_fields(None, "", {"event": event, "at": "x"})["event"] == event
    assert oplog.allowed_fields(None, "", {"event": event + "x", "at": "x"})["event"] == "unknown"
