"""While the watch takes in a long history at full speed, every other command of the office succeeds on the same home.

The watch is a process of its own with the whole command line, the loopback Telegram serves it, and each command is
another process. (Of programs beside one another, ``test_many_programs`` is run each time, on both databases.) Before
and after each one the items are counted: a command that ran while the watch stood still would prove nothing.
"""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.rehearsal.export import write_export
from tests.commands import DONE, UNDECIDED
from tests.watching import Desk, desk, item_count, picture, program, require_clean, until

pytestmark = [pytest.mark.outside, pytest.mark.slow]

HISTORY = 60_000
EVERY = 200
"""One message of so many has a picture."""


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch) as made:
        yield made


def test_every_command_succeeds_while_the_watch_takes_in_a_history(at: Desk, tmp_path: Path) -> None:
    group = at.group(joined=tuple(at.accounts))
    for number in range(HISTORY):
        if number % EVERY:
            group.post(f"mesazh {number}")
        else:
            group.post_photo(picture(number), f"foto {number}")
    export = write_export(tmp_path / "export", seed=1, messages=30)
    asked = next(export.folder / name for name in sorted(export.media) if name.endswith(".jpg"))
    monitor = program(at, "monitor", "run", "--json")
    try:
        until(lambda: item_count(at) > 500, 60)
        sealed = ("--mode", "sealed", "--legal-basis", at.folder / "basis.toml", "--approved-by", "bo")
        assert _beside(at, "import", export.folder, "--declared-by", "mila", *sealed)["media"] > 0
        listed = _beside(at, "evidence", "list", "--kind", "file")["items"]
        case = _beside(at, "case", "open", "--reason", "she came")["case_id"]
        _beside(at, "case", "add", case, *(item["item_id"] for item in listed[:10]))
        assert _beside(at, "case", "show", case)["items"]
        assert _beside(at, "check", asked, "--case", case, "--reason", "she asked")["found"]
        wish = ("--out", tmp_path / "case.asice", "--for", "court", "--reason", "a test", "--approved-by", "bo")
        assert _beside(at, "case", "export", case, *wish)["items"]
        assert _beside(at, "audit", "--level", "3")["problems"] == []
        assert monitor.poll() is None
    finally:
        monitor.send_signal(signal.SIGTERM)
        _out, err = monitor.communicate(timeout=30)
    assert monitor.returncode == DONE, err
    trust = [word for file in (at.folder / "home" / "trust").glob("*.pem") for word in ("--trust", file)]
    assert _beside(at, "verify", tmp_path / "case.asice", *trust, moving=False)["verdict"] == "PASSED"
    require_clean(at)


def _beside(at: Desk, *arguments: str | Path, moving: bool = True) -> dict[str, object]:
    before = item_count(at)
    process = program(at, *map(os.fspath, arguments), "--json")
    out, err = process.communicate(timeout=120)
    good = {DONE, UNDECIDED} if arguments[0] == "audit" else {DONE}  # the newest time stamp may be on its way
    assert process.returncode in good, (arguments, out, err)
    assert not moving or item_count(at) > before, f"the watch stood still during {arguments[0]}"
    printed: dict[str, object] = json.loads(out)
    return printed
