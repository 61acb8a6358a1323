"""schemathesis, which we did not write, calls the served program as its document says, and as it does not.

All of its checks, one call after the other, with examples that are the same in every run. ``schemathesis.toml`` says
what it takes for a fault and is none, each with its reason. Each answer that it got is searched as those of every other
client are.
"""

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.homes import new_case
from tests.serving import ServedHome, serving

Database = Callable[[str], str | None]
SETTINGS = Path(__file__).with_name("schemathesis.toml")
NO_LIMITS = "import api.http.caller; api.http.caller.WRONG_PER_MINUTE = 10**6"
"""It calls without a key at every turn, and so would learn of the limit alone."""
BROKEN = f"{NO_LIMITS}; import api.http.session; api.http.session._locked = lambda caller: 1 / 0"
UNLOCKS = ("--exclude-operation-id", "post_lock", "--exclude-operation-id", "post_unlock")


@contextmanager
def office(
    folder: Path, monkeypatch: pytest.MonkeyPatch, first: str = NO_LIMITS, url: str | None = None
) -> Iterator[ServedHome]:
    monkeypatch.setenv("NISISAMA_SERVE__PER_MINUTE", "100000")
    with serving(folder, first, url=url) as served:
        yield served


def tried(served: ServedHome, folder: Path, *arguments: str) -> tuple[int, str, list[tuple[str, int]]]:
    """The exit code of a run, what it said, and where and how every call was answered."""
    program, har = Path(sys.executable).with_name("schemathesis"), folder / "har.json"
    command: Sequence[str | Path] = (
        *(program, "--config-file", SETTINGS, "--no-color", "run", f"{served.url}/api/v1/openapi.json"),
        *("--checks", "all", "--generation-deterministic", "--continue-on-failure", "--report-har-path", har),
        *("--header", f"Authorization: Bearer {served.secret()}", *arguments),
    )
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr, list(searched(served, har))


def searched(served: ServedHome, har: Path) -> Iterator[tuple[str, int]]:
    for entry in json.loads(har.read_text(encoding="utf-8"))["log"]["entries"]:
        answer, path = entry["response"], urlsplit(entry["request"]["url"]).path
        text = answer["content"].get("text") or ""
        body = base64.b64decode(text) if answer["content"].get("encoding") == "base64" else text.encode()
        headers = [(each["name"].encode(), each["value"].encode()) for each in answer["headers"]]
        served.secrets.search(body, headers, path)
        yield path, answer["status"]


@pytest.mark.repeats
def test_while_locked_every_call_is_answered_as_the_document_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    with office(tmp_path, monkeypatch, url=database("locked")) as served:
        new_case(served.home)
        code, said, calls = tried(served, tmp_path, "--phases", "coverage")
    assert code == 0, said
    assert len(calls) > 300
    assert {401, 405, 422, 423} <= {status for _path, status in calls}


@pytest.mark.repeats
@pytest.mark.parametrize("most", ["2", pytest.param("20", marks=pytest.mark.slow)])
def test_while_unlocked_and_along_its_links_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database, most: str
) -> None:
    with office(tmp_path, monkeypatch, url=database(f"unlocked{most}")) as served:
        new_case(served.home)
        served.unlock()
        run = ("--phases", "examples,fuzzing,stateful", "--max-examples", most, *UNLOCKS)  # nothing may lock it
        code, said, calls = tried(served, tmp_path, *run)
    assert code == 0, said
    assert ("/api/v1/cases", 201) in calls
    assert any(path.startswith("/api/v1/cases/") and status == 200 for path, status in calls)
    assert any(path.startswith("/api/v1/items/") and status == 200 for path, status in calls)


@pytest.mark.repeats
def test_a_broken_route_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with office(tmp_path, monkeypatch, BROKEN) as served:
        run = ("--phases", "examples,fuzzing", "--max-examples", "2", "--include-operation-id", "post_lock")
        code, said, calls = tried(served, tmp_path, *run)
    assert code == 1
    assert "Server error" in said
    assert {status for _path, status in calls} == {500}
