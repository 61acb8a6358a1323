"""Whatever somebody types for an option or an argument of any command ends in a sentence, and never in a traceback.

The commands and their parameters are read from the program itself, so a new one is tried without being listed here.
Each call is a right one but for a single value. The plain run tries a few of the values at each parameter, in turn;
the slow one tries all. Each call of a command that makes a home makes one of its own.
"""

import io
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
import pytest

from api.cli.main import cli, main
from tests.commands import shorten_demo
from tests.evidence.fingerprint.pictures import encoded, image
from tests.homes import PASSPHRASE, Office, copy_of, items_of, legal_basis, new_case

pytestmark = pytest.mark.repeats

ODD = (
    "",
    " ",
    "-",
    "--",
    "\udcff",  # what Python makes of a byte that is not UTF-8
    "\N{CYRILLIC SMALL LETTER A}" * 24,
    "Ћирилица " * 40,
    "x" * 70_000,
    "👩‍👩‍👧‍👦" * 30,
    "\u202egnihtemos",
    "a\nb",
    "\x1b[31mred",
    "١٢",
    "\N{FULLWIDTH DIGIT NINE}",
    "9" * 5000,  # more than Python makes a number of
    "-1",
    "1e9",
    "0x10",
    "../../../etc/passwd",
    "/",
    "/dev/null",
    "/proc/self/mem",
    "'; DROP TABLE item; --",
    "${HOME}%s%n",
    "\ufeffx",
    "\u0301",
    "ﷺ" * 18,
    "https://",
    "t.me/+",
    "https://[::1",
    "@",
    "2026-02-30",
    "0000-01-01",
    "10000-01-01",
    "{",
    "[]",
    "b64:",
    "a" * 32,
    "A" * 64,
)
PLAIN = 3
"""How many of the values the plain run tries at a parameter."""
MAKES_A_HOME = frozenset({"init", "demo"})
OF_A_DEMO = {"keep": ("/dev/null", "\udcff")}
"""The values that the plain run tries at a demo, since a whole one takes a second or two."""
OF_THE_MACHINE = {"init": {"cards": "/"}}
"""Values that would leave something outside of the test's folder where whoever runs it may write there."""


@dataclass(frozen=True)
class Place:
    """Where a call is made: a home, and a right value for each parameter."""

    home: Path
    values: dict[str, str]


@pytest.fixture
def place(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    home = copy_of(office, tmp_path)
    case = new_case(home)
    home.engine.dispose()
    picture, secret, old = tmp_path / "client.png", tmp_path / "new", tmp_path / "old"
    picture.write_bytes(encoded(image(), "PNG"))
    secret.write_text("another long passphrase")
    old.write_text(PASSPHRASE)
    monkeypatch.setenv("NISISAMA_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("NISISAMA_KEYS__PASSPHRASE_LOG_N", "10")
    monkeypatch.setenv("NISISAMA_STAMP__OFFICES", "[]")  # asked for again and again, it would only take time
    shorten_demo(monkeypatch)
    monkeypatch.setattr("api.office.rehearsal._watch", lambda *_given: None)  # no word of a call gets there
    monkeypatch.setattr(
        "api.http.server.serve_until_told", lambda _home, port, began: began(port)
    )  # some words are ports
    monkeypatch.chdir(tmp_path)
    return Place(
        home.path,
        {
            "access": "public",
            "actor": "ann",
            "approved_by": "bo",
            "audience": "lawyer",
            "case_id": case,
            "channel": "@odd_words",
            "declared_by": "mila",
            "file": str(picture),
            "item": items_of(home)[0].item_id,
            "items": items_of(home)[0].item_id,
            "language": "en",
            "legal_basis": str(legal_basis(tmp_path)),
            "mode": "hash_only",
            "name": "A lawyer",
            "organisation": "An office",
            "new_passphrase_file": str(secret),
            "out": str(tmp_path / "out.asice"),
            "paper_sha256": "5" * 64,
            "passphrase_file": str(old),
            "path": str(office.export.folder),
            "person": "client 1",
            "picture": str(picture),
            "reason": "a test",
            "report_url": "https://example.org/report",
            "reported_by": "An organisation",
            "reported_on": "2026-01-02",
            "request": "a" * 32,
            "scope": "share",
            "told_on": "2026-01-02",
            "until": "2030-01-02",
            "words": "verify",
        },
    )


def commands(group: click.Group, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*above, name))
        elif command is not None:
            yield (*above, name), command


def open_to_words(command: click.Command) -> list[click.Parameter]:
    """The parameters whose value somebody types, with those of the program itself."""
    return [each for each in (*command.params, *cli.params) if not getattr(each, "is_flag", False)]


def words_for(name: str, odd: click.Parameter) -> list[str]:
    """The odd values that are tried at a parameter of a command."""
    return [value for value in ODD if value != OF_THE_MACHINE.get(name, {}).get(str(odd.name))]


def some_words_for(name: str, at: int, odd: click.Parameter) -> list[str]:
    """A few of them, others at each parameter."""
    share = len(ODD) // PLAIN
    return [*OF_A_DEMO.get(str(odd.name), ())] if name == "demo" else words_for(name, odd)[at % share :: share]


def call(place: Place, words: Sequence[str], command: click.Command, odd: click.Parameter, value: str) -> list[str]:
    """A right call but for one value."""
    home = value if odd.name == "home" else str(place.home)
    arguments, options = list[str](), list[str]()
    for each in command.params:
        if getattr(each, "is_flag", False):
            continue
        right = place.values.get(str(each.name))
        if each is odd:
            right = value
        elif right is None or not (each.required or each.name == "actor"):
            continue
        if isinstance(each, click.Option):
            options.append(f"{each.opts[0]}={right}")
        else:
            arguments.append(right)
    asked = ["--json"] if any(each.name == "as_json" for each in command.params) else []
    return [f"--home={home}", *words, *asked, *options, "--", *arguments]


COMMANDS = {" ".join(words): command for words, command in commands(cli)}


def fresh_folder(place: Place, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new folder, in which the next call is made."""
    folder = Path(tempfile.mkdtemp(dir=Path(place.values["out"]).parent))
    monkeypatch.chdir(folder)
    return folder


@dataclass(frozen=True)
class Tried:
    """How many calls were made, and what was wrong with which."""

    calls: int
    wrong: list[str]


def wrong_with(words: Sequence[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What is wrong with the end of a call; empty where nothing is."""
    try:
        code = main(list(words))
    except Exception as error:  # noqa: BLE001 - any is a traceback for who typed the words
        return f"{type(error).__name__} {error}"
    said = capsys.readouterr()
    if code not in {0, 1, 2, 3} or "Traceback" in said.err:
        return f"exit {code}, {said.err[-200:]}"
    try:
        printed = json.loads(said.out) if "--json" in words else {}
    except ValueError:
        return f"not one JSON object: {said.out[:200]}"
    return "" if isinstance(printed, dict) and (code == 0 or said.out or said.err) else "nothing is said"


def tried(
    place: Place, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, every: bool
) -> Tried:
    """Call a command with odd values at each parameter: a few, or every one."""
    command, calls, wrong = COMMANDS[name], 0, list[str]()
    for at, odd in enumerate(open_to_words(command)):
        for value in words_for(name, odd) if every else some_words_for(name, at, odd):
            if name in MAKES_A_HOME:
                place = replace(place, home=fresh_folder(place, monkeypatch) / "home")
            monkeypatch.setattr("sys.stdin", io.StringIO(""))
            sys.stderr.reconfigure(errors="backslashreplace")  # as the interpreter has it
            found = wrong_with(call(place, name.split(), command, odd, value), capsys)
            if found:
                wrong.append(ascii(f"{name} {odd.name}={value[:40]}: {found}"))
            calls += 1
    return Tried(calls, wrong)


@pytest.mark.every(4)
@pytest.mark.parametrize("name", COMMANDS)
def test_an_odd_word_ends_in_a_sentence(
    place: Place, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = tried(place, name, capsys, monkeypatch, every=False)
    assert found.wrong == []
    assert found.calls >= (PLAIN * len(open_to_words(COMMANDS[name])) if name != "demo" else 2)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_every_odd_word_ends_in_a_sentence(
    place: Place, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = tried(place, name, capsys, monkeypatch, every=True)
    assert found.wrong == []
    assert found.calls >= len(ODD) * len(open_to_words(COMMANDS[name])) - len(OF_THE_MACHINE.get(name, ()))


def test_a_command_that_breaks_at_a_word_is_found(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_home: object, _doer: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("api.office.case.open_case", breaks)
    assert any("ZeroDivisionError" in each for each in tried(place, "case open", capsys, monkeypatch, every=True).wrong)
