"""Many programs on one home at once, one of them killed at any moment: the others succeed, and nothing is lost.

Two imports, an export, eight looks at a case, a check and an audit, each a process of its own with the
whole command line. Victim and moment follow from a seed. The control takes the turn away: then the same
programs fail.
"""

import contextlib
import hashlib
import io
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

import pytest

import evidence.custody.turn
from api.cli.main import main
from api.home import Home
from evidence.store import database
from tests.faults.rig import (
    FORK,
    PASSPHRASE,
    TIMEOUT_S,
    OfficeFolder,
    ask,
    ledger_of,
    loose_objects,
    message,
    prepare,
    problems_of,
    write_messages,
)
from tests.postgresql import move, new_database, serving

pytestmark = pytest.mark.outside

DONE, UNDECIDED = 0, 3
MESSAGES = 16
"""In each of the two exports."""
SHARED = 6
"""In both of them, so that each import has to know what the other one brought."""

Programs = dict[str, list[list[str]]]


@dataclass(frozen=True, slots=True)
class Crowd:
    """An office with a case, and two exports that wait to be imported."""

    office: OfficeFolder
    case_id: str

    def programs(self, attempt: int = 1) -> Programs:
        """The command lines of each program, which runs them one after the other."""
        folder, case, by = self.office.folder, self.case_id, ("--by", "ann")
        home = ("--home", str(self.office.home))
        picture = str(next((folder / "export" / "photos").iterdir()))
        out = str(folder / f"case-{attempt}.asice")
        return {
            "import": [self.office.arguments(folder / "one")],
            "other import": [self.office.arguments(folder / "two")],
            "export": [
                [
                    *home,
                    "case",
                    "export",
                    case,
                    "--out",
                    out,
                    "--for",
                    "court",
                    "--reason",
                    "a test",
                    "--approved-by",
                    "bo",
                    *by,
                ]
            ],
            "views": [[*home, "case", "show", case, *by]] * 8,
            "check": [[*home, "check", picture, "--case", case, "--reason", "a test", *by]],
            "audit": [[*home, "audit"]] * 2,
        }


def _printed_by(words: Sequence[str]) -> Mapping[str, Any]:
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()):
        assert main([*words, "--json"]) == DONE
    printed: dict[str, Any] = json.loads(out.getvalue())
    return printed


def _open_case(office: OfficeFolder) -> str:
    home = ("--home", str(office.home))
    _printed_by(office.arguments())
    case_id: str = _printed_by([*home, "case", "open", "--by", "ann"])["case_id"]
    items = [item["item_id"] for item in _printed_by([*home, "evidence", "list", "--by", "ann"])["items"]]
    _printed_by([*home, "case", "add", case_id, *items, "--by", "ann"])
    return case_id


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NISISAMA_PASSPHRASE", PASSPHRASE)
        photo = {"photo": "photos/photo_1.jpg", "width": 480, "height": 360}
        office = prepare(
            tmp_path_factory.mktemp("prepared") / "office", messages=[message(1), message(2, **photo)], batch=2
        )
        for first, name in ((100, "one"), (200, "two")):
            more = [message(first, **photo), *(message(first + at) for at in range(1, MESSAGES))]
            write_messages(office.folder / name, [*more, *(message(300 + at) for at in range(SHARED))])
        yield Crowd(office, ask(lambda: _open_case(office)))


@pytest.fixture(autouse=True)
def _passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NISISAMA_PASSPHRASE", PASSPHRASE)


@pytest.fixture(scope="module")
def socket() -> Iterator[Path]:
    with serving() as folder:
        yield folder


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def start(
    request: pytest.FixtureRequest, prepared: Crowd, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Crowd]]:
    """Gives the prepared crowd anew, as often as it is asked."""
    folder = tmp_path_factory.mktemp("crowd")
    office = prepared.office.copy(folder / "first")
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "postgresql":
            socket = request.getfixturevalue("socket")
            move(office.home, new_database(socket, "first"))

        def again() -> Crowd:
            if request.param == "postgresql":
                patch.setenv("NISISAMA_DATABASE__URL", new_database(socket, "office", template="first"))
            return Crowd(office.copy(folder / "office"), prepared.case_id)

        yield again


# Running


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: the codes of its commands, as far as it came, and what it said."""

    codes: list[int]
    said: str

    @property
    def succeeded(self) -> bool:
        """An audit may meet a log whose newest time stamp is just being asked for."""
        return set(self.codes) <= {DONE, UNDECIDED} and bool(self.codes) and "Traceback" not in self.said


def run(
    programs: Programs, folder: Path, *, victim: str = "", after_s: float = 0, alter: Callable[[], None]
) -> dict[str, Ended]:
    """Run all programs at once, and kill one of them after so many seconds, if it still runs."""
    began = time.monotonic()
    children = {name: _child(commands, folder / name, alter) for name, commands in programs.items()}
    if victim:
        time.sleep(max(0.0, began + after_s - time.monotonic()))
        children[victim].kill()
    try:
        for child in children.values():
            child.join(TIMEOUT_S)
            assert child.exitcode is not None, "a program did not end"
    finally:
        for child in children.values():
            child.kill()
            child.join()
    return {name: _ended(folder / name) for name in programs}


def _child(commands: Sequence[Sequence[str]], note: Path, alter: Callable[[], None]) -> ForkProcess:
    def work() -> None:
        alter()
        with note.with_suffix(".txt").open("w") as sink, note.with_suffix(".codes").open("w") as codes:
            with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
                for command in commands:
                    print(main(list(command)), file=codes, flush=True)
            sink.flush()
        os._exit(0)

    child = FORK.Process(target=work)
    child.start()
    return child


def _ended(note: Path) -> Ended:
    codes = [int(line) for line in note.with_suffix(".codes").read_text().split()]
    return Ended(codes, note.with_suffix(".txt").read_text())


def honest() -> None:
    """The program as it is."""


def without_turn() -> None:
    """CONTROL: nobody waits for anybody; each works on the state that it finds."""
    evidence.custody.turn._wait = lambda *_args, **_options: None
    database._take_writers_lock = lambda _connection: None
    database._sqlite_begin = lambda connection: connection.exec_driver_sql("BEGIN")


# What must hold


def broken_by(crowd: Crowd, ended: Mapping[str, Ended], victim: str) -> list[str]:
    """Every promise that does not hold: 1. the others succeeded, 2. the victim's commands run again, 3. what was
    imported is there once, 4. the audit passes with records, 5. nothing is left over."""
    broken = [
        f"{name}: {each.codes} {each.said}" for name, each in ended.items() if not each.succeeded and name != victim
    ]
    seen = ask(lambda: _rerun_and_look(crowd, victim))
    broken += seen["rerun"]  # (2)
    messages = Counter(entry[2] for entry in seen["ledger"] if entry[0] == "item" and entry[3] == "message")
    expected = [*range(1, 3), *range(100, 100 + MESSAGES), *range(200, 200 + MESSAGES), *range(300, 300 + SHARED)]
    if messages != Counter(expected):  # (3)
        broken.append(f"missing {Counter(expected) - messages}, too many {messages - Counter(expected)}")
    if seen["problems"] != ["PASSED", []]:  # (4)
        broken.append(f"audit: {seen['problems']}")
    return broken + [f"left over: {name}" for name in seen["loose"]]  # (5)


def _rerun_and_look(crowd: Crowd, victim: str) -> dict[str, Any]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        rerun = [
            f"run again, {name} exits {code}: {said.getvalue()}"
            for name in (victim, "import")  # the last one has everything stamped
            for command in crowd.programs(attempt=2).get(name, [])
            if (code := main(command)) not in {DONE, UNDECIDED}
        ]
    home = Home.open(crowd.office.home)
    return {
        "rerun": rerun,
        "ledger": ledger_of(home),
        "problems": problems_of(home),
        "loose": loose_objects(home),
    }


def drawn(seed: int) -> tuple[str, float]:
    """Who is killed, and after how many seconds."""
    digest = hashlib.sha256(f"many programs {seed}".encode()).digest()
    names = ("import", "other import", "export", "views", "check", "audit")
    return names[digest[0] % len(names)], 0.2 + digest[1] / 256 * 4


def require_whole(start: Callable[[], Crowd], seed: int) -> None:
    crowd = start()
    victim, after_s = drawn(seed)
    ended = run(crowd.programs(), crowd.office.folder, victim=victim, after_s=after_s, alter=honest)
    assert (victim, after_s, broken_by(crowd, ended, victim)) == (victim, after_s, [])


@pytest.mark.parametrize("seed", range(1))
def test_one_of_many_programs_is_killed_and_the_others_succeed(start: Callable[[], Crowd], seed: int) -> None:
    require_whole(start, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 40))
def test_one_of_many_programs_is_killed_at_many_moments_and_the_others_succeed(
    start: Callable[[], Crowd], seed: int
) -> None:
    require_whole(start, seed)


def test_without_the_turn_the_same_programs_fail(start: Callable[[], Crowd]) -> None:
    for _attempt in range(5):
        crowd = start()
        if broken_by(crowd, run(crowd.programs(), crowd.office.folder, alter=without_turn), ""):
            return
    pytest.fail("without the turn nothing broke")
