"""Others keep the turn from any moment on: what a command says is what it did, and the next one makes up for it."""

import fcntl
import json
import os
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import evidence.custody.turn
from api.home import Home
from api.office.audit import run_audit
from api.office.health import store
from casefiles.case import open_case
from evidence.custody.turn import Turn
from evidence.log.note import open_checkpoint
from evidence.patience import Patience
from evidence.store.database import busy
from monitor.rehearsal.export import write_export
from tests.commands import DONE, REFUSED, REPORT, Ran, run
from tests.homes import PASSPHRASE, copy_of, doer, new_case, new_office, records_of, size_of

pytestmark = pytest.mark.repeats

UNSIGNED, NOT_NOW = "home.unsigned", "stamp_unreachable.not_now"
MOST_TURNS = 40


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("office")
    made = new_office(folder, messages=17, photos=1)
    home = copy_of(made, folder / "copy")
    new_case(home)
    os.utime(home.path / "beat", (0, 0))  # so that every command's beat is due
    write_export(folder / "copy" / "more", seed=9, messages=17, photos=1)
    home.engine.dispose()
    return home


@pytest.fixture(autouse=True)
def _person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NISISAMA_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("NISISAMA_ACTOR", "ann")


def copied(home: Home, folder: Path) -> Home:
    subprocess.run(["cp", "--archive", home.path.parent, folder], check=True)
    return Home.open(folder / "home")


def kept_from(monkeypatch: pytest.MonkeyPatch, number: int) -> Callable[[], int]:
    """The turn is had ``number`` times, and then others have it; gives how often it was asked for."""
    wait, asked = evidence.custody.turn._wait, [0]

    def counted(handle: int, home: Path, *, until: float, poll_s: float, wait_s: float, patience: Patience) -> None:
        asked[0] += 1
        if asked[0] > 2 * number:  # each turn is two locks
            raise busy(str(home), wait_s)
        wait(handle, home, until=until, poll_s=poll_s, wait_s=wait_s, patience=patience)

    monkeypatch.setattr(evidence.custody.turn, "_wait", counted)
    return lambda: asked[0] // 2 + asked[0] % 2


def signed_size(home: Home) -> int:
    return open_checkpoint(home.keys.signed.read_bytes(), key=home.verifier_key).size


def types_since(home: Home, size: int) -> list[str]:
    return [record.type for record in records_of(home, size)]


def commands(home: Home) -> dict[str, tuple[list[str | Path], str]]:
    """Each with the last entry that its work logs."""
    case = str(json.loads(run("case", "list", "--json", home=home.path).out)["cases"][0]["case_id"])
    item = str(json.loads(run("evidence", "list", "--json", home=home.path).out)["items"][0]["item_id"])
    out = home.path.parent / "case.asice"
    return {
        "case open": (["case", "open"], "case_opened"),
        "case show": (["case", "show", case], "case_viewed"),
        "case export": (
            ["case", "export", case, "--for", "court", "--reason", "a test", "--approved-by", "bo", "--out", out],
            "exported",
        ),
        "evidence list": (["evidence", "list"], "digests_viewed"),
        "evidence show": (["evidence", "show", item], "digests_viewed"),
        "import": (["import", home.path.parent / "more", "--declared-by", "mila"], "imported"),
        "watch add": (["watch", "add", "@prova", "--mode", "metadata_only", *REPORT.split()], "channel_added"),
    }


SLOW = ("case export", "case show", "evidence list", "evidence show", "import", "watch add")


@pytest.mark.parametrize("name", ["case open", *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_who_loses_the_turn_at_any_moment_says_what_is_kept(
    office: Home, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = set()
    for number in range(1, MOST_TURNS):
        home = copied(office, tmp_path / str(number))
        command, last = commands(home)[name]
        os.utime(home.path / "beat", (0, 0))
        before = size_of(home)
        with monkeypatch.context() as patch:
            asked = kept_from(patch, number)
            done = run(*command, "--json", home=home.path)
        kept = last in types_since(home, before)
        ended.add(require_truth(done, home, kept=kept))
        require_made_up(home)
        home.engine.dispose()
        if asked() <= number:
            break
    else:
        pytest.fail("the command asks for the turn without end")
    assert {"refused", UNSIGNED, NOT_NOW, "done"} <= ended


def require_truth(done: Ran, home: Home, *, kept: bool) -> str:
    """What is said is what is so; gives how it ended."""
    printed = json.loads(done.out)
    assert "nothing was" not in done.err.lower()
    if not kept:
        assert (done.code, printed["error"]["code"]) == (REFUSED, "home_busy.others_kept_writing")
        return "refused"
    assert done.code == DONE, done.err
    assert "error" not in printed
    codes = [warning["code"] for warning in printed["warnings"]]
    assert len(codes) <= 1
    assert (UNSIGNED in codes) == (signed_size(home) < size_of(home))
    assert ("note: kept" in done.err) == bool(codes)
    return codes[0] if codes else "done"


def require_made_up(home: Home) -> None:
    """The next command that writes signs and stamps it; and until then every command says so."""
    unsigned = signed_size(home) < size_of(home)
    assert ("not signed yet" in run("case", "list", home=home.path).err) == unsigned
    assert [finding.code for finding in store(home)] == ["home.unsigned_tail"] * unsigned
    os.utime(home.path / "beat", (0, 0))
    assert run("case", "open", home=home.path).code == DONE
    assert signed_size(home) == size_of(home)
    audited = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
    assert audited.report.problems == ()


@pytest.mark.slow
def test_others_that_really_have_the_lock_are_waited_for_in_vain(
    office: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = copied(office, tmp_path / "real")
    monkeypatch.setattr("api.home.Turn", partial(Turn, wait_s=0.05))
    with home.writing() as writer:
        open_case(writer.sequencer, doer(home))
        other = os.open(home.path / "lock", os.O_RDWR)
        fcntl.flock(other, fcntl.LOCK_EX)
        left = writer.beat()
    os.close(other)
    assert left is not None
    assert left.code == UNSIGNED
    assert signed_size(home) < size_of(home)
    home.engine.dispose()
