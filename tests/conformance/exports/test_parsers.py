"""Two parsers that we did not write count and read generated exports as an import into a home does.

telegram-export-md and tg-parser come from PyPI, into an environment of their own, without what they need for menus and
servers. Neither reads HTML pages, a chat of an export of an account, or files; of a service message both know the
number and the time.
"""

import json
import subprocess
import venv
from collections import Counter
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from api.home import Home
from api.office.intake import Imported, Wish, import_export
from evidence.observation import Mode
from monitor.rehearsal.export import write_export
from tests.homes import doer, new_home, records_of, size_of
from tests.monitor.desktop.layouts import ERAS, HERE, sample_histories, write_folder
from tests.nonempty import nonempty

pytestmark = [pytest.mark.slow, pytest.mark.outside]

FOLDER = Path(__file__).parent
PARSERS = {"telegram-export-md": sum(era.timed for era in ERAS) + 1, "tg-parser": len(ERAS) + 1}
"""How many of the exports each reads: telegram-export-md none from before 3.7.6 whose text is in pieces."""
_NOBODY = ("", "Unknown")
_SAID = ("message", "edit", "service")


@pytest.fixture(scope="session")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has both parsers."""
    home = tmp_path_factory.mktemp("parsers")
    venv.create(home, with_pip=True)
    wanted = ["--no-deps", "--require-hashes", "-r", FOLDER / "requirements.txt"]
    subprocess.run([home / "bin" / "pip", "install", "-q", *wanted], check=True, capture_output=True, timeout=300)
    return home / "bin" / "python"


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Exports of every version's layout, and one with one of everything."""
    folder = tmp_path_factory.mktemp("exports")
    drawn = enumerate(zip(ERAS, sample_histories(len(ERAS)), strict=True))
    found = [write_folder(history, era, folder / str(number)) for number, (era, history) in drawn]
    return [*found, write_export(folder / "realistic", seed=3, messages=200, photos=5).folder]


def said_by(interpreter: Path, exports: list[Path]) -> list[dict[str, list[list[Any]] | None]]:
    """What the parsers read of each export, by parser."""
    files = [export / "result.json" for export in exports]
    done = subprocess.run([interpreter, FOLDER / "foreign.py", *files], check=True, capture_output=True, timeout=60)
    return [json.loads(line) for line in done.stdout.splitlines()]


def imported(home: Home, export: Path) -> tuple[Imported, list[list[Any]]]:
    """What an import counts, and what it logged of each message, in the form of ``foreign.py``."""
    before = size_of(home)
    done = import_export(home, Wish(export, None, "mila", Mode.METADATA_ONLY, None, doer(home)))
    assert isinstance(done, Imported)
    values = [each.values for each in records_of(home, before) if each.values.get("kind") in _SAID]
    return done, [_as_foreign(each) for each in values]


def _as_foreign(values: Any) -> list[Any]:  # noqa: ANN401 - values of the log
    local = [part["posted"] for part in values["content"] or () if part["kind"] == "local_time"]
    at = local[0] if local else None
    if values["posted_at"]:
        at = datetime.fromisoformat(values["posted_at"]).astimezone(HERE).replace(tzinfo=None).isoformat()
    said = [values["sender_name"] or "", values["text"] or ""]
    answered = None if values["reply_to"] is None else int(values["reply_to"])
    return [int(values["message_id"]), values["kind"] == "service", at, *said, answered, values["forwarded_from"]]


def compared(messages: list[list[Any]], bare: Collection[int] = ()) -> list[list[Any]]:
    """What can be compared: no sender of a service message, and no name for nobody.

    Args:
        bare: Numbers of messages that Telegram Desktop could not export, and of which nothing but the number is there.
    """
    told: list[list[Any]] = []
    for number, is_service, at, sender, *said in messages:
        if number in bare:
            told.append([number])
        else:
            name = None if sender in _NOBODY else sender
            told.append([number, is_service, at, *(() if is_service else (name, *said))])
    return told


@pytest.mark.parametrize("parser", PARSERS)
def test_another_parser_reads_what_an_import_keeps(
    interpreter: Path, exports: list[Path], tmp_path: Path, parser: str
) -> None:
    home, _cards = new_home(tmp_path / "home")
    read = 0
    for export, said in zip(nonempty(exports), said_by(interpreter, exports), strict=True):
        done, ours = imported(home, export)
        if (told := said[parser]) is None:
            continue
        read += 1
        bare = {number for number, _is_service, at, *_said in ours if at is None}
        theirs = compared(told, bare)
        assert compared(ours, bare) == theirs
        services = sum(is_service for number, is_service, *_said in told if number not in bare)
        assert (done.counts.service, done.counts.unsupported) == (services, len(bare))
        assert done.counts.messages == len(told) - services - len(bare)
        assert senders(ours) == senders(told)
    assert read >= PARSERS[parser]
    home.engine.dispose()


def senders(messages: list[list[Any]]) -> Counter[str]:
    """How many messages each sender has."""
    return Counter(message[3] for message in messages if not message[1] and message[3] not in _NOBODY)


def test_a_message_that_an_import_lost_would_be_seen(interpreter: Path, exports: list[Path], tmp_path: Path) -> None:
    # the control
    home, _cards = new_home(tmp_path / "home")
    _done, ours = imported(home, exports[-1])
    (said,) = said_by(interpreter, exports[-1:])
    for told in nonempty(said.values()):
        assert told is not None
        assert compared(ours[1:]) != compared(told)
    home.engine.dispose()
