"""Every command, as a person and a script meet it: one JSON object, four exit codes, a remedy for each error."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import click
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from api.cli.main import COMMANDS
from api.cli.usage import Filled
from config.catalogues import OfficeEntry, RootCertificate
from evidence.rehearsal.tsa import RehearsalOffice
from evidence.times import system_clock
from run import NISISAMA
from tests.api.cli.test_usage import LEAVES
from tests.commands import DONE, REFUSED, REPORT, UNDECIDED, USAGE, Life, Terminal, run
from tests.homes import PASSPHRASE

ROOT = Path(__file__).parents[2]


PROGRAM = "import sys; from api.cli.main import main; sys.exit(main())"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["--nonsense"],
        ["init"],
        ["init", "--org", "x", "--cards-needed", "4"],
        ["init", "--org", "x", "--card-count", "1"],
        ["watch", "add", "name", "--mode", "sealed"],
        ["watch", "nonsense"],
        ["import"],
        ["import", ".", "--declared-by", "x", "--mode", "everything"],
        ["evidence", "show"],
        ["audit", "--level", "5"],
        ["case", "add", "case-1"],
        ["case", "export", "case-1", "--out", "x", "--for", "press", "--reason", "x"],
        ["case", "export", "case-1", "--out", "x", "--for", "court"],
        ["check", "no such file", "--case", "x"],
        ["verify", "no such file"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_usage(arguments: list[str]) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.out) == (USAGE, "")
    assert "error: " in ran.err
    error = run(*arguments, "--json").error
    assert (error["type"], error["code"].partition(".")[0]) == ("UsageError", "usage")


def test_no_command_is_usage_and_shows_them_all() -> None:
    ran = run()
    assert ran.code == USAGE
    assert all(name in ran.err for name in COMMANDS)


NEEDED_BESIDE = {
    "case add": ["case-1", "item-1"],
    "case export": ["--reason", "why"],
    "evidence add": ["--link", "https://example.org/"],
    "evidence search": ["word"],
    "watch add": ["--reported-as", "Smokva", "--mode", "metadata_only"],
    "monitor login": ["--check"],
}
"""What a command cannot do without, though it can do without each: words or a sender, a reason or a preview."""


def call_of(words: tuple[str, ...], command: click.Command, file: Path) -> list[str]:
    """A call of a command with all that it needs, of the right kind."""
    call = [*words, *NEEDED_BESIDE.get(" ".join(words), ())]
    for each in command.params:
        if each.required:
            kind = each.type.inner if isinstance(each.type, Filled) else each.type
            value = kind.choices[0] if isinstance(kind, click.Choice) else "2026-01-01"
            value = str(file) if isinstance(kind, click.Path) else str(value)
            named = [each.opts[0]] if isinstance(each, click.Option) else []
            call += named if getattr(each, "is_flag", False) else [*named, value]
    return call


HOMELESS = {("init",), ("demo",), ("restore",), ("verifier",), ("verify",), ("help",), ("watch", "reported")}


@pytest.mark.parametrize("words", [words for words in LEAVES if words not in HOMELESS], ids=" ".join)
def test_without_an_office_every_command_says_how_to_make_one(tmp_path: Path, me: None, words: tuple[str, ...]) -> None:
    picture = tmp_path / "out.asice"
    picture.write_bytes(b"x")
    ran = run("--home", tmp_path / "none", *call_of(words, LEAVES[words], picture), "--json")
    told = ran.printed["error"] if "error" in ran.printed else ran.printed["findings"][-1]
    assert (ran.code, told["code"]) == (REFUSED, "settings.missing")
    assert told["where"] == str(tmp_path / "none" / "nisisama.toml")
    assert "nisisama init" in told["fix"]
    assert "--home" in told["fix"]
    assert "no office here" in json.dumps(told)


@pytest.mark.every(3)
@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("case add case-0 ITEM", "case-0"),
        ("case add CASE nothing", "nothing"),
        ("case show case-0", "case-0"),
        ("case export case-0 --out OUT --for court --reason x", "case-0"),
        ("check IMAGE --case case-0", "case-0"),
        ("evidence show nothing", "nothing"),
        ("watch remove nothing", "nothing"),
    ],
)
def test_what_is_not_known_is_named_with_a_way_to_look_it_up(life: Life, home: Path, command: str, found: str) -> None:
    named = {
        "CASE": life.case,
        "OUT": str(home.parent / "out"),
        "IMAGE": str(life.picture()),
        "ITEM": life.items[0]["item_id"],
    }
    before = run("audit", "--json", home=home).printed["entries"]
    error = run(*(named.get(word, word) for word in command.split()), "--json", home=home).error
    assert (error["type"], error["found"]) == ("UnknownItemError", found)
    assert "nisisama" in error["fix"]
    assert run("audit", "--json", home=home).printed["entries"] == before


def test_an_error_of_the_system_is_explained_too(life: Life, home: Path) -> None:
    unreadable = "/proc/self/mem"  # there, and its first byte cannot be read
    error = run("audit", "--against", unreadable, "--json", home=home).error
    assert (error["type"], error["found"]) == ("OSError", '"Input/output error"')
    assert run("audit", "--against", home.parent / "none", home=home).code == USAGE
    ran = run("verify", life.bundle, "--trust", home.parent / "none")
    assert (ran.code, ran.out) == (USAGE, "")


def test_a_mistake_of_ours_is_not_hidden(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_named: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("api.office.channel.list_channels", broken)
    with pytest.raises(ZeroDivisionError):
        run("watch", "list", home=home)


def test_a_command_that_was_stopped_says_that_nothing_is_lost(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_args: object, **_named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("api.office.channel.list_channels", stop)
    ran = run("watch", "list", "--json", home=home)
    assert (ran.code, ran.printed["error"]["code"]) == (REFUSED, "stopped.by_hand")
    assert "Nothing that was acknowledged is lost" in ran.err


KEYS: Mapping[str, set[str]] = {
    "init": {"home", "log_origin", "log_vkey", "trust"},
    "doctor": {"ok", "findings"},
    "watch add": {"channel", "mode"},
    "watch list": {"channels"},
    "watch remove": {"channel", "mode"},
    "import": {
        "channel_id",
        "messages",
        "service",
        "unsupported",
        "media",
        "sealed",
        "missing_media",
        "edits",
        "already_known",
    },
    "monitor status": {"accounts", "channels", "stamped_at"},
    "evidence list": {"items"},
    "evidence show": {"item_id", "channel_id", "message_id", "kind", "posted_at", "acquired_at", "sha256"},
    "audit": {"ok", "entries", "objects", "records", "problems"},
    "case open": {"case_id"},
    "case list": {"cases"},
    "case add": {"case_id"},
    "case show": {"case_id", "consent", "items"},
    "case consent": {"case_id", "given", "scope", "date", "until", "language", "paper_sha256"},
    "receiver add": {"receiver", "audience"},
    "receiver list": {"receivers"},
    "receiver remove": {"receiver", "audience"},
    "approve": {"request", "what", "target", "waiting"},
    "approve --list": {"requests"},
    "case export": {"bundle", "letter", "items", "sha256", "seal_fingerprint"},
    "check": {"found", "matches"},
    "key check": {"fits", "cards"},
    "verify": {"verdict", "checks"},
}


@pytest.mark.parametrize("name", KEYS)
def test_every_command_is_done_with_one_json_object(life: Life, name: str) -> None:
    ran = life.ran[name]
    assert ran.code == DONE, ran
    assert KEYS[name] <= ran.printed.keys()
    assert ran.err == ""


def test_every_command_was_run(life: Life) -> None:
    assert {name.split()[0] for name in life.ran} == COMMANDS.keys() - {
        "capture",
        "database",
        "demo",
        "help",
        "serve",
        "verifier",
    }


TEXTS = {
    "doctor": "PASSED",
    "watch list": "No channel is registered.",
    "evidence list": "message",
    "evidence show ITEM": "is:             a",
    "audit": "PASSED: ",
    "case open": "Opened case-",
    "case list": " items\n",
    "case add CASE ITEM": "Added 0",
    "case show CASE": "account name shown",
    "check IMAGE --case CASE": "found. Compared with",
    "verify BUNDLE": "verdict: INDETERMINATE",
    f"watch add name {REPORT} --mode metadata_only": "A second person",
    f"watch add name2 {REPORT} --mode metadata_only --approved-by bo": "Registered name2 as metadata_only.",
    "case export CASE --out OUT --for partner --reason x --approved-by bo": "no pictures",
    "import EXPORT --declared-by mila": "already known",
}


@pytest.mark.parametrize("command", TEXTS)
def test_every_command_speaks_to_a_person_too(life: Life, home: Path, command: str) -> None:
    named = {
        "CASE": life.case,
        "ITEM": life.items[0]["item_id"],
        "IMAGE": str(life.picture()),
        "BUNDLE": str(life.bundle),
    }
    named |= {"OUT": str(home.parent / "out.asice"), "EXPORT": str(life.export.folder)}
    ran = run(*(named.get(word, word) for word in command.split()), home=home)
    assert ran.code in {DONE, UNDECIDED}
    assert TEXTS[command] in ran.out
    assert not ran.out.startswith("{")


def test_without_the_keys_folder_every_other_command_names_it(
    life: Life, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.move(home.parent / "home.keys", home.parent / "away")
    monkeypatch.setattr("sys.stdin", Terminal())
    for given in (True, False):
        if not given:
            monkeypatch.delenv("NISISAMA_PASSPHRASE")
        for words in (("case", "open"), ("case", "show", life.case), ("check", life.picture(), "--case", life.case)):
            error = run(*words, "--json", home=home).error
            assert (error["type"], error["where"]) == ("HomeError", str(home.parent / "home.keys"))
            assert "not there" in error["message"]


def test_without_an_office_the_audit_is_undecided_and_an_export_refused(life: Life, tmp_path: Path, me: None) -> None:
    home = tmp_path / "home"
    made = run("init", "--org", "Zyra", "--json", home=home)
    assert (made.code, made.err.count("No time-stamp office is chosen")) == (DONE, 1)
    assert "Choose one before the first import: docs/operations.md.\n" in made.err
    settings, note = (
        home / "nisisama.toml",
        "note: kept, but without a time stamp yet: stamp.offices: no time-stamp",
    )
    for words in (("import", life.export.folder, "--declared-by", "mila"), ("case", "open"), ("case", "open")):
        ran = run(*words, home=home)
        assert (ran.code, ran.err.count("\n"), ran.err.startswith(note)) == (DONE, 1, True)
        assert ran.err.endswith('"digicert"]. A later command asks again.\n')
    case = run("case", "open", "--json", home=home).printed["case_id"]
    export = ("case", "export", case, "--out", tmp_path / "out.asice", "--for", "court", "--reason", "x", "--json")
    export = (*export, "--approved-by", "bo")
    assert "case add" in run(*export, home=home).error["fix"]
    item = run("evidence", "list", "--json", home=home).printed["items"][0]["item_id"]
    run("case", "add", case, item, home=home)
    ran = run("audit", "--json", home=home)
    assert (ran.code, ran.printed["ok"], ran.printed["verdict"]) == (UNDECIDED, False, "INDETERMINATE")
    assert [problem["id"] for problem in ran.printed["problems"]] == ["log.anchored"]
    error = run(*export, home=home).error
    assert error["where"] == "stamp.offices"
    assert error["fix"].startswith(f"In {settings}, under [stamp], change ")
    old, new = error["fix"].partition(" change ")[2].split(" to ")
    chosen = settings.read_text().replace(f"\n{old}\n", f"\n{new}\n")
    assert tomllib.loads(chosen)["stamp"]["offices"] == ["digicert"]
    assert not (tmp_path / "out.asice").exists()
    doctor = run("doctor", "--json", home=home)
    assert doctor.code == UNDECIDED
    assert [each["id"] for each in doctor.printed["findings"] if each["verdict"] != "PASSED"] == ["offices"]


def catalogue_with(url: str, office: RehearsalOffice) -> Mapping[str, OfficeEntry]:
    root = RootCertificate("office.pem", "Office", "", office.root.public_bytes(Encoding.PEM))
    return {"office": OfficeEntry("office", "Office", url, "MK", None, "a test", None, (root,))}


def choose(monkeypatch: pytest.MonkeyPatch, url: str, office: RehearsalOffice) -> None:
    for module in ("api.home", "api.office.home"):
        monkeypatch.setattr(f"{module}.time_stamp_offices", lambda: catalogue_with(url, office))


def test_an_office_that_does_not_answer_keeps_no_work_from_being_done(
    life: Life, tmp_path: Path, me: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, office = tmp_path / "home", RehearsalOffice.create(tmp_path / "office", at=system_clock())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        choose(monkeypatch, f"http://127.0.0.1:{probe.getsockname()[1]}/", office)
    made = run("init", "--org", "Zyra", "--tsa", "office", "--json", home=home)
    taken = run("import", life.export.folder, "--declared-by", "mila", "--json", home=home)
    for ran in (made, taken):
        assert ran.code == DONE
        assert "note: kept, but without a time stamp yet: office: the time-stamp office did not answer" in ran.err
        assert "error" not in ran.printed
    assert taken.printed["messages"] == life.export.ordinary
    case = run("case", "open", "--json", home=home)
    assert (case.code, case.err) == (DONE, "")  # the beat is not due again: nobody was asked
    export = (
        "case",
        "export",
        case.printed["case_id"],
        "--out",
        tmp_path / "out.asice",
        "--for",
        "court",
        "--reason",
        "x",
        "--approved-by",
        "bo",
        "--json",
    )
    item = run("evidence", "list", "--json", home=home).printed["items"][0]["item_id"]
    os.utime(tmp_path / "home" / "beat", (0, 0))
    added = run("case", "add", case.printed["case_id"], item, "--json", home=home)
    assert (added.code, "without a time stamp yet" in added.err) == (DONE, True)
    assert run(*export, home=home).error["type"] == "StampUnreachableError"
    assert not (tmp_path / "out.asice").exists()
    assert run("audit", home=home).code == UNDECIDED
    with office.serving(system_clock) as url:
        choose(monkeypatch, url, office)
        os.utime(tmp_path / "home" / "beat", (0, 0))
        later = run("case", "open", "--json", home=home)
        assert (later.code, later.err) == (DONE, "")
        assert run("audit", "--json", home=home).printed["ok"] is True
        assert run(*export, home=home).code == DONE
    roots = [each for file in (home / "trust").iterdir() for each in ("--trust", file)]
    assert run("verify", tmp_path / "out.asice", *roots).code == DONE


GROUPS = ("watch", "monitor", "evidence", "case", "question", "hash-list", "receiver", "key", "database", "retention")


def test_help_of_every_command_is_there(life: Life) -> None:
    assert all(name in run("--help").out for name in COMMANDS)
    for name in [*COMMANDS, *(name for name in KEYS if " " in name)]:
        ran = run(*name.split(), "--help")
        assert (ran.code, ran.err) == (DONE, "")
        assert ran.out.startswith("Usage: nisisama")
        if name not in GROUPS:
            assert "--json" in ran.out


def subprogram(code: str, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("NISISAMA_")} | environment
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], env=variables, capture_output=True, check=False, cwd=ROOT
    )


def test_the_overview_imports_nothing_that_is_slow() -> None:
    slow = {"sqlalchemy", "pydantic", "cryptography", "numpy", "PIL", "pyhanko", "alembic", "httpx", "asn1crypto"}
    code = "import sys, api.cli.main as m; m.main(['--help']); print('MODULES', *sys.modules)"
    done = subprogram(code)
    imported = {name.partition(".")[0] for name in done.stdout.decode().partition("MODULES")[2].split()}
    assert imported & slow == set()
    assert "click" in imported


def test_the_program_in_earnest_reads_variables_and_ends_with_its_code(life: Life) -> None:
    done = subprogram(PROGRAM, "audit", "--json", NISISAMA_HOME=str(life.home), NISISAMA_PASSPHRASE=PASSPHRASE)
    assert (done.returncode, done.stderr) == (DONE, b"")
    assert json.loads(done.stdout)["ok"] is True
    done = subprogram(PROGRAM, "--home", life.home, "watch", "remove", "x", "--by", "ann", "--json")
    assert done.returncode == REFUSED
    assert json.loads(done.stdout)["error"]["type"] == "UnknownItemError"
    assert subprogram(PROGRAM, "nonsense").returncode == USAGE


@pytest.mark.parametrize("while_importing", [True, False])
def test_ctrl_c_while_the_program_starts_shows_no_traceback(life: Life, *, while_importing: bool) -> None:
    imports, pressed = "from api.cli.main import main", "import os; os.kill(os.getpid(), signal.SIGINT)"
    assert imports in NISISAMA
    if while_importing:
        code = NISISAMA.replace(imports, f"{pressed}\n{imports}")
    else:  # as a command is imported, which wraps it
        broken = "class Name:\n    def __set_name__(self, *_named):\n        " + pressed.replace("; ", "\n        ")
        wrapped = broken + "\nimport click\ndef wrapped(**_named):\n    class Owner:\n        name = Name()"
        code = NISISAMA.replace(imports, f"{imports}\n{wrapped}\nimport api.cli.main as m\nm.cli.main = wrapped")
    done = subprogram(code, "--home", life.home, "case", "list")
    assert done.returncode == (-signal.SIGINT if while_importing else REFUSED)
    assert b"Traceback" not in done.stderr
    assert (b"Stopped" in done.stderr) is not while_importing


def test_who_ignores_ctrl_c_goes_on_to(life: Life) -> None:
    code = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{NISISAMA}".replace(
        "sys.exit(main())", "print(signal.getsignal(signal.SIGINT) == signal.SIG_IGN); sys.exit(main())"
    )
    done = subprogram(code, "--home", life.home, "--version")
    assert done.stdout.splitlines()[0] == b"True"


@pytest.mark.slow
def test_no_terminal_is_too_old_for_what_a_case_says(life: Life) -> None:
    latin = {"NISISAMA_PASSPHRASE": PASSPHRASE, "NISISAMA_ACTOR": "ann", "PYTHONIOENCODING": "latin-1"}
    show = ("--home", life.home, "case", "show", life.case)
    words, in_json = (subprogram(PROGRAM, *show, *more, **latin) for more in ([], ["--json"]))
    assert [(done.returncode, done.stderr) for done in (words, in_json)] == [(DONE, b"")] * 2
    assert {item["text"] for item in json.loads(in_json.stdout)["items"]} >= set(life.export.texts.values())
    assert "Prishtin\u00eb".encode("latin-1") in words.stdout or b"\\u" in words.stdout


def test_a_name_that_is_no_unicode_is_told_all_the_same(life: Life) -> None:
    done = subprogram(
        PROGRAM, "--home", life.home, "import", os.fsdecode(b"\xff"), "--declared-by", "x", "--by", "ann", "--json"
    )
    assert done.returncode == REFUSED
    assert b"Traceback" not in done.stderr
    assert "message" in json.loads(done.stdout)["error"]
