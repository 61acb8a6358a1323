"""What somebody meets who is new to it: a mistake is answered in words, with what to do, and without a traceback."""

import contextlib
import errno
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from api.cli.health import TITLES
from api.cli.main import cli, main
from api.home import Home
from api.office.health import check_health
from evidence.times import system_clock
from tests.homes import PASSPHRASE, legal_basis, new_case

PROGRAM = (sys.executable, "-P", "-c", "import sys; from api.cli.main import main; sys.exit(main())")
ROOT = Path(__file__).parents[2]


def run(*arguments: str | Path) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([*map(str, arguments)])
    return code, out.getvalue(), err.getvalue()


# A home that cannot be used


def refuse(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """``name`` may not be written to; a test that runs as root could not have it otherwise."""
    access = os.access
    monkeypatch.setattr(
        "os.access", lambda path, mode: not (mode & os.W_OK and Path(path).name == name) and access(path, mode)
    )


@pytest.mark.parametrize("name", ["home", "nisisama.db"])
def test_a_home_on_a_read_only_disk_is_read_and_says_what_it_cannot(
    home: Home, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    case = new_case(home)
    home.engine.dispose()
    for variable, value in (("NISISAMA_PASSPHRASE", PASSPHRASE), ("NISISAMA_ACTOR", "ann")):
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr("api.office.health.decoder", lambda: None)
    before = whole(home.path)
    refuse(monkeypatch, name)
    code, out, _err = run("--home", home.path, "audit")
    assert (code, "PASSED" in out, "records compared" in out) == (0, True, True)
    for look in (("case", "show", case), ("evidence", "list")):
        code, out, err = run("--home", home.path, *look, "--json")
        printed = json.loads(out)
        assert (code, len(printed["items"]) > 1, "this look is not in its log" in err) == (0, True, True)
        assert [each["code"] for each in printed["warnings"]] == ["home.look_not_logged"]
    assert printed["items"][0]["sha256"]
    code, _out, err = run("--home", home.path, "case", "open")
    assert (code, "cannot be written here" in err, "Copy the home" in err) == (1, True, True)
    assert [finding.code for finding in check_health(home.path, system_clock).problems] == ["home.read_only"]
    assert run("--home", home.path, "backup", home.path.with_name("disk"))[0] == 0
    assert whole(home.path) == before


def whole(folder: Path) -> dict[str, bytes]:
    """Every file but the operational log."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file() and not file.name.startswith("nisisama.log"))
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def test_a_home_that_may_not_be_read_is_refused_before_its_database_is_opened(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = os.access
    monkeypatch.setattr("os.access", lambda path, mode: Path(path).name != "nisisama.db" and access(path, mode))
    code, _out, err = run("--home", home.path, "evidence", "list")
    assert (code, "nisisama.db: this account may not read here" in err) == (1, True)
    assert [finding.id for finding in check_health(home.path, system_clock).problems] == ["home"]


def test_a_home_that_is_a_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("hello")
    code, _out, err = run("--home", tmp_path / "note.txt", "evidence", "list")
    assert (code, '(found "Not a directory"). Check the path' in err, "Errno" in err) == (1, True, False)


def test_a_refusal_of_the_system_is_one_finding_and_the_other_checks_are_made(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_home: Home) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "some/key")

    monkeypatch.setattr("api.office.health.keys", refused)
    monkeypatch.setattr("api.office.health.decoder", lambda: None)
    (problem,) = check_health(home.path, system_clock).problems
    assert (problem.id, problem.where) == ("keys.private", "some/key")
    assert problem.found == 'this account may not do this: "Permission denied"'
    assert "account that owns" in problem.fix


def test_a_doctor_says_below_each_problem_what_was_expected_and_what_to_do(home: Home) -> None:
    file = home.path / "nisisama.toml"
    file.write_text("".join(line for line in file.read_text().splitlines(keepends=True) if "origin" not in line))
    code, out, _err = run("--home", home.path, "doctor")
    assert code == 1
    head = f"FAILED        {'home':<{max(map(len, TITLES))}} The office can be opened"
    assert f"{head}\n{'':14}{file}: a key is missing (expected log.origin)\n{'':14}Write it" in out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "Name another place with --home"),
        (["--tsa", "nobody"], "Name another place with --home"),
        (["--tsa", "nobody", "NEW"], "Correct --tsa"),
        (["--cards", "new/cards", "NEW"], "the cards may not lie in the home"),
    ],
)
def test_a_home_that_cannot_be_made_is_refused_before_a_passphrase_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], words: str
) -> None:
    def ask(*_arguments: object, **_options: object) -> str:
        raise AssertionError("asked for the passphrase")

    monkeypatch.chdir(tmp_path)
    Path("home").mkdir()
    Path("home/notes.txt").touch()
    monkeypatch.setattr("api.cli.home.new_passphrase", ask)
    name = "new" if "NEW" in options else "home"
    code, _out, err = run(
        "--home", name, "init", "--by", "ann", "--org", "Zyra", *(word for word in options if word != "NEW")
    )
    assert (code, words in err) == (1, True), err
    assert [file.name for file in tmp_path.iterdir()] == ["home"]


def test_the_register_says_what_adding_a_channel_did(home: Home) -> None:
    add = ("watch", "add", "@kanal", "--reported-by", "Org", "--reported-on", "2026-01-02", "--by", "ann")
    modest = (*add, "--mode", "metadata_only", "--report")
    basis = legal_basis(home.path.parent)
    sealed = ("--mode", "sealed", "--legal-basis", basis, "--approved-by", "bo")
    for more, words in (
        ((*modest, "https://x.y/1"), "Registered kanal as metadata_only. A second person reviews it by"),
        ((*modest, "https://x.y/1"), "kanal is registered already, as metadata_only. Nothing was changed."),
        ((*modest, "https://x.y/2"), "Changed the entry of kanal: the mode is still metadata_only; new: the report. A"),
        (
            (*modest, "https://x.y/2", "--approved-by", "bo"),
            "kanal is registered already, as metadata_only. Its entry is unchanged; logged: a second person",
        ),
        ((*add, "--report", "https://x.y/2", *sealed), "Changed the entry of kanal: from metadata_only to sealed. No"),
    ):
        code, out, _err = run("--home", home.path, *more)
        assert (code, out.startswith(words)) == (0, True), out
    listed = run("--home", home.path, "watch", "list")[1].splitlines()
    assert [line.split() for line in listed[:1]] == [["kanal", "sealed", "public"]]
    assert listed[1:] == ["    2026-01-02  reported by Org: https://x.y/2"]
    changed = json.loads(run("--home", home.path, *modest, "https://x.y/2", "--json")[1])
    assert (changed["before"], changed["changed"], changed["mode"]) == ("sealed", ["mode"], "metadata_only")


# Where the home is named


@pytest.mark.parametrize(
    "words",
    [
        ["--home", "HOME", "evidence", "list"],
        ["evidence", "--home", "HOME", "list"],
        ["evidence", "list", "--home", "HOME"],
        ["evidence", "list", "--home=HOME", "--channel", "1"],
        ["--home", "nowhere", "evidence", "list", "--home", "HOME"],
    ],
    ids=" ".join,
)
def test_the_home_may_be_named_before_and_after_the_command(home: Home, words: list[str]) -> None:
    code, _out, err = run(*(word.replace("HOME", str(home.path)) for word in words))
    assert (code, err) == (0, "")


def test_a_home_without_its_name_and_one_beyond_the_options_are_mistakes_of_usage(home: Home) -> None:
    code, out, err = run("evidence", "list", "--home")
    assert (code, out, "--home" in err) == (2, "", True)
    code, out, _err = run("--home", home.path, "evidence", "list", "--", "--home", "elsewhere")
    assert (code, out) == (2, "")


def test_the_remedy_of_a_place_that_is_taken_works_as_people_type_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("PASSPHRASE", "correct horse battery"), ("KEYS__PASSPHRASE_LOG_N", "10")):
        monkeypatch.setenv(f"NISISAMA_{name}", value)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "notes.txt").touch()
    init = ("init", "--by", "ann", "--org", "Zyra", "--rehearsal", "--home")
    code, _out, err = run(*init, tmp_path / "home")
    assert (code, "Name another place with --home" in err) == (1, True)
    assert run(*init, tmp_path / "other")[0] == 0
    assert (tmp_path / "other" / "nisisama.toml").is_file()


# A bundle's roots


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--trust", "nowhere.pem"], 'there is no such file or folder (found "nowhere.pem")'),
        (["--trust", "folder"], 'this is a folder (expected a file, found "folder")'),
        (["--trust", "some.asice"], "a bundle cannot vouch for itself"),
        (["--trust", "note.txt"], "Give the root as a PEM file"),
        (["--log", "nonsense"], "--log: "),
        (["--log", "nonsense"], "from the covering letter"),
        (["--seal", "nonsense"], "--seal: "),
    ],
)
def test_a_root_or_key_that_cannot_be_read_is_a_mistake_of_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("note.txt").write_text("hello")
    Path("some.asice").write_bytes(b"PK\x03\x04")
    code, out, err = run("verify", "some.asice", *options)
    assert (code, out) == (2, "")
    assert words in err


# Output that nobody takes


def test_a_full_disk_under_the_output_is_said_and_no_traceback_is_shown(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        command = [*PROGRAM, "--home", tmp_path / "none", "evidence", "list", "--json"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, cwd=ROOT)
    assert done.returncode == 1
    assert b"no office here" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_pipe_that_was_closed_ends_a_command_quietly(home: Home, more: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [*PROGRAM, "--home", home.path, "evidence", "list", *more]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False, cwd=ROOT)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


# Help


def commands(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield before, group
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*before, name))
        else:
            yield (*before, name), command


COMMANDS = dict(commands(cli))


@pytest.mark.parametrize("name", COMMANDS, ids="-".join)
def test_help_fits_a_terminal_of_eighty_columns(monkeypatch: pytest.MonkeyPatch, name: tuple[str, ...]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _err = run(*name, "--help")
    assert code == 0
    assert [line for line in out.splitlines() if len(line) > 80] == []


def test_an_option_that_may_be_given_several_times_says_so() -> None:
    several = [
        option
        for command in COMMANDS.values()
        for option in command.params
        if isinstance(option, click.Option) and option.multiple
    ]
    assert {name for option in several for name in option.opts} >= {"--trust", "--tsa"}
    assert [option.opts for option in several if "several times" not in (option.help or "")] == []


def test_help_says_time_stamp_office() -> None:
    helps = json.dumps([run(*name, "--help")[1] for name in COMMANDS])
    assert "time-stamp office" in helps
    assert "stamp authorit" not in helps
