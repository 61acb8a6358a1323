"""A rehearsal goes the whole way by the verbs themselves, and keeps no more than it says."""

from dataclasses import replace
from pathlib import Path

import pytest

from api.office.home import create_home
from api.office.rehearsal import run_demo
from evidence.errors import HomeError
from evidence.finding import Verdict


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("api.office.rehearsal.MESSAGES", 16)
    monkeypatch.setattr("api.office.rehearsal.PHOTOS", 0)
    monkeypatch.setattr(
        "api.office.rehearsal.create_home", lambda plan, clock: create_home(replace(plan, log_n=10), clock)
    )


def test_a_rehearsal_tells_its_eight_steps_and_leaves_what_it_names(tmp_path: Path) -> None:
    steps: list[str] = []
    done = run_demo(None, steps.append)
    assert [line[0] for line in steps] == list("12345678")
    assert (done.verdict, done.home) == (Verdict.PASSED, None)
    assert {file.parent for file in (done.bundle, done.letter)} == {tmp_path / "nisisama-demo"}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["nisisama-demo"]
    assert len(done.trust) == 2
    assert all(file.is_file() for file in (done.bundle, done.letter, *done.trust))


def test_a_folder_with_something_in_it_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    with pytest.raises(HomeError, match="not empty"):
        run_demo(tmp_path / "mine", lambda _line: None)
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["file"]
