"""Two who approve at once make one act, and who is killed on the way finishes by approving again.

Each program is a process of its own with the whole command line. Both approvers are held until both have seen
that the request waits, so that only the turn can tell them apart; in the control it does not.
"""

import contextlib
import io
import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import api.home
import evidence.custody.sequencer
from api.cli.main import main
from api.home import Home
from casefiles.bundle.destination import Parts
from evidence.authority import Grant
from evidence.intake.keep import Intake
from evidence.store.database import reading
from evidence.store.reviews import types_of
from tests.faults.rig import (
    FORK,
    PASSPHRASE,
    TIMEOUT_S,
    OfficeFolder,
    ask,
    message,
    prepare,
    problems_of,
    write_messages,
)

pytestmark = pytest.mark.outside

ACTS = {"watch": "channel_added", "import": "imported", "receiver": "receiver_added", "export": "exported"}
"""The acts that are asked for, and the entry that each one is."""
Alteration = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """An office in which each act was asked for; orders hold paths, so it always lies at the same place."""

    office: OfficeFolder
    requests: Mapping[str, str]

    def words(self, act: str, by: str) -> list[str]:
        return ["--home", str(self.office.home), "approve", self.requests[act], "--yes", "--by", by]

    def counts(self, act: str) -> Counter[str]:
        """How many entries there are of the act and of approvals."""
        with reading((home := Home.open(self.office.home)).engine) as connection:
            found = Counter(types_of(connection, ["approved", ACTS[act]]).values())
        home.engine.dispose()
        return found


def _printed(*words: str) -> dict[str, Any]:
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()):
        main([*words, "--json"])
    printed: dict[str, Any] = json.loads(out.getvalue())
    return printed


def _ask_for_all(office: OfficeFolder) -> dict[str, str]:
    home, ann = ("--home", str(office.home)), ("--by", "ann")
    basis = ("--mode", "sealed", "--legal-basis", str(office.folder / "legal-basis.toml"))
    report = ("--report", "https://x.y", "--reported-by", "Org", "--reported-on", "2026-01-01")
    _printed(*home, "import", str(office.folder / "export"), "--declared-by", "mila", *ann)
    items = [str(item["item_id"]) for item in _printed(*home, "evidence", "list", *ann)["items"]]
    case = str(_printed(*home, "case", "open", "--reason", "x", *ann)["case_id"])
    _printed(*home, "case", "add", case, *items, *ann)
    out = ("--out", str(office.folder / "case.asice"), "--for", "court", "--reason", "x")
    asking = {
        "watch": ("watch", "add", "kanal", *report, *basis),
        "import": ("import", str(office.folder / "more"), "--declared-by", "mila", *basis),
        "receiver": ("receiver", "add", "Court", "--for", "court"),
        "export": ("case", "export", case, *out),
    }
    return {act: str(_printed(*home, *words, *ann)["request"]) for act, words in asking.items()}


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Asked]]:
    """Gives the office with all its requests anew, as often as it is asked."""
    folder = tmp_path_factory.mktemp("answers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NISISAMA_PASSPHRASE", PASSPHRASE)
        first = prepare(folder / "first", messages=[message(1), message(2)], batch=2)
        office = first.copy(folder / "office")
        write_messages(office.folder / "more", [message(at) for at in range(10, 16)])
        requests = ask(lambda: _ask_for_all(office))
        assert all(len(request) == len("0" * 32) for request in requests.values()), requests
        asked = office.copy(folder / "asked")
        yield lambda: Asked(asked.copy(folder / "office"), requests)


@pytest.fixture(autouse=True)
def _passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NISISAMA_PASSPHRASE", PASSPHRASE)


# Running


@dataclass(frozen=True, slots=True)
class ProgramEnd:
    """How a program ended, and what it said."""

    code: int | None
    said: str


def run(folder: Path, programs: Sequence[Sequence[str]], alter: Alteration) -> list[ProgramEnd]:
    """Run programs at once."""
    notes = [folder / f"program-{at}.txt" for at in range(len(programs))]
    children = [
        FORK.Process(target=_program, args=(words, note, alter)) for words, note in zip(programs, notes, strict=True)
    ]
    for child in children:
        child.start()
    try:
        for child in children:
            child.join(TIMEOUT_S)
    finally:
        for child in children:
            child.kill()
    return [ProgramEnd(child.exitcode, note.read_text()) for child, note in zip(children, notes, strict=True)]


def _program(words: Sequence[str], note: Path, alter: Alteration) -> None:
    alter()
    with note.open("w", buffering=1) as sink, contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
        code = main(list(words))
        sink.flush()
    os._exit(code)


def honest() -> None:
    """The program as it is."""


def killed_at(owner: object, name: str, call: int = 1) -> Alteration:
    """The program killed when it calls a function for the n-th time."""

    def alter() -> None:
        left, honestly = [call], getattr(owner, name)

        def deadly(*told: object, **more: object) -> object:
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            return honestly(*told, **more)

        setattr(owner, name, deadly)

    return alter


_COMMIT = (evidence.custody.sequencer, "require_projected")
_BEAT = (api.home.Writer, "beat")
MOMENTS = {
    ("watch", "before the commit"): killed_at(*_COMMIT),
    ("watch", "after it"): killed_at(*_BEAT),
    ("receiver", "before the commit"): killed_at(*_COMMIT),
    ("receiver", "after it"): killed_at(*_BEAT),
    ("import", "before the approval"): killed_at(*_COMMIT),
    ("import", "between approval and act"): killed_at(Intake, "take_container"),
    ("import", "in the middle of the act"): killed_at(Intake, "keep_batch", 2),
    ("import", "after it"): killed_at(*_BEAT),
    ("export", "before the commit"): killed_at(Grant, "log"),
    ("export", "without its names"): killed_at(Parts, "hand_over"),
    ("export", "after it"): killed_at(*_BEAT),
}
DONE_ALREADY = "already answered"


@pytest.mark.every(7)
@pytest.mark.parametrize(("act", "moment"), MOMENTS)
def test_who_is_killed_finishes_by_approving_again(start: Callable[[], Asked], act: str, moment: str) -> None:
    asked = start()
    words = asked.words(act, "bo")
    (killed,) = run(asked.office.folder, [words], MOMENTS[act, moment])
    assert killed.code == -signal.SIGKILL, killed.said
    (again,) = run(asked.office.folder, [words], honest)
    assert again.code == 0 or (moment == "after it" and DONE_ALREADY in again.said), again.said
    assert ask(lambda: asked.counts(act)) == {"approved": 1, ACTS[act]: 1 if act != "import" else 2}
    assert ask(lambda: problems_of(Home.open(asked.office.home))[1]) == []
    assert act != "export" or (asked.office.folder / "case.asice").exists()


# Two at once


def together() -> Alteration:
    """Both have seen that the request waits before either logs."""
    barrier = FORK.Barrier(2)

    def alter() -> None:
        honestly, seen = Grant.require_open, list[bool]()

        def held(self: Grant, connection: sa.Connection) -> None:
            honestly(self, connection)
            if not seen:
                seen.append(True)
                barrier.wait(TIMEOUT_S)

        Grant.require_open = held  # type: ignore[method-assign]

    return alter


def without_the_question() -> None:
    """CONTROL: nobody asks in the turn whether another was first."""
    Grant.require_open = lambda _self, _connection: None  # type: ignore[method-assign]


def approved_by_two(asked: Asked, act: str, alter: Alteration) -> list[str]:
    """Every promise that does not hold of two approvers at once."""
    ended = run(asked.office.folder, [asked.words(act, name) for name in ("bo", "cy")], alter)
    broken = (
        [] if sorted(each.code or 0 for each in ended) == [0, 1] else [f"{each.code}: {each.said}" for each in ended]
    )
    counts = ask(lambda: asked.counts(act))
    if counts != {"approved": 1, ACTS[act]: 1 if act != "import" else 2}:
        broken.append(f"logged {counts}")
    broken += [file.name for file in asked.office.folder.iterdir() if file.suffix == ".part"]
    return broken + list(ask(lambda: problems_of(Home.open(asked.office.home))[1]))


@pytest.mark.every(2)
@pytest.mark.parametrize("act", ACTS)
def test_two_approvers_at_once_make_one_act(start: Callable[[], Asked], act: str) -> None:
    assert approved_by_two(start(), act, together()) == []


def test_without_the_question_two_approvers_make_two_acts(start: Callable[[], Asked]) -> None:
    for _attempt in range(5):
        if approved_by_two(start(), "receiver", without_the_question):
            return
    pytest.fail("without the question in the turn nothing broke")
