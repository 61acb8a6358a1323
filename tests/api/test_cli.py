"""The command line as a person and a script meet it: one JSON object, four exit codes, and a remedy for each error."""

import io
import json
import os
import shlex
import shutil
import socket
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
import pytest

from api.cli.main import COMMANDS, cli, main
from api.office.home import create_home
from config.catalogues import AuthorityEntry, RootCertificate
from evidence.rehearsal.authority import RehearsalAuthority
from evidence.seal.cards import read_cards
from evidence.seal.recipients import HybridIdentity
from evidence.times import system_clock
from monitor.rehearsal.export import ExportFacts, write_export
from tests.homes import LEGAL_BASIS, PASSPHRASE

DONE, REFUSED, USAGE, UNDECIDED = 0, 1, 2, 3
ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"NISISAMA_PASSPHRASE": PASSPHRASE, "NISISAMA_ACTOR": "ann", "NISISAMA_KEYS__PASSPHRASE_LOG_N": "10"}
PROGRAM = "import sys; from api.cli.main import main; sys.exit(main())"


@dataclass(frozen=True)
class Ran:
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> Any:  # noqa: ANN401 - JSON
        """The one JSON object; and nothing else stands on standard output."""
        told = json.loads(self.out)
        assert isinstance(told, dict)
        assert self.out.count("\n") == 1
        return told

    @property
    def error(self) -> dict[str, str]:
        """What the error says, which standard error says too."""
        assert self.code == REFUSED
        error: dict[str, str] = self.told["error"]
        assert self.told.keys() == {"error"}
        assert self.err.startswith("error: ")
        assert error["message"] in self.err
        return error


def run(*arguments: str | Path, home: Path | None = None) -> Ran:
    at = [] if home is None else ["--home", str(home)]
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([*at, *map(str, arguments)])
    return Ran(code, out.getvalue(), err.getvalue())


@dataclass
class Life:
    """A home in which every command was run once, with what each said."""

    folder: Path
    export: ExportFacts
    cards: list[str] = field(default_factory=list)
    ran: dict[str, Ran] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def bundle(self) -> Path:
        return self.folder / "case.asice"

    @property
    def case(self) -> str:
        return str(self.ran["case open"].told["case_id"])

    @property
    def items(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.ran["evidence list"].told["items"]
        return items

    def picture(self) -> Path:
        return next(self.export.folder / name for name in sorted(self.export.media) if name.endswith(".jpg"))

    def keep(self, name: str, *arguments: str | Path) -> Ran:
        self.ran[name] = run(*name.split(" "), *arguments, "--json", home=self.home)
        return self.ran[name]

    def trust(self) -> list[str | Path]:
        return [each for file in sorted((self.home / "trust").iterdir()) for each in ("--trust", file)]


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    folder = tmp_path_factory.mktemp("life")
    life = Life(folder, write_export(folder / "export", seed=7, messages=16, photos=0))
    basis = write_basis(folder)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        life.keep("init", "--org", 'Zyra "Drita" \\ Ђ', "--rehearsal", "--cards", folder / "cards")
        watched = ("--report", "https://example.org/r", "--reported-by", "Raporti", "--reported-on", "2026-01-02")
        life.keep("watch add", "@Nje_Kanal", *watched, "--mode", "metadata_only")
        life.keep("watch list")
        life.keep("watch remove", "@Nje_Kanal", "--reason", "gone")
        sealed = ("--mode", "sealed", "--legal-basis", basis, "--approved-by", "bo")
        life.keep("import", life.export.folder, "--declared-by", "mila", *sealed)
        life.keep("evidence list")
        life.keep("evidence show", life.items[0]["item_id"])
        life.keep("case open", "--reason", "she came")
        life.keep("case add", life.case, *(item["item_id"] for item in life.items))
        life.keep("case list")
        life.keep("case show", life.case)
        life.keep("check", life.picture(), "--case", life.case)
        life.keep("case export", life.case, "--out", life.bundle, "--for", "court", "--reason", "the hearing")
        life.keep("verify", life.bundle, *life.trust(), "--log", life.ran["init"].told["log_vkey"])
        life.keep("audit")
        life.keep("doctor")
        life.keep("key check", *sorted((folder / "cards").iterdir()))
    return life


def write_basis(folder: Path) -> Path:
    file = folder / "basis.toml"
    file.write_text(LEGAL_BASIS.format(expires=date.today() + timedelta(days=2)))  # noqa: DTZ011 - a date in a test
    return file


@pytest.fixture
def me(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def home(life: Life, tmp_path: Path, me: None) -> Path:
    """A copy of the home, for what changes it."""
    for name in ("home", "home.keys"):
        shutil.copytree(life.folder / name, tmp_path / name, copy_function=shutil.copy2)
    return tmp_path / "home"


# What goes wrong


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
        ["audit", "--level", "4"],
        ["case", "add", "case-1"],
        ["case", "export", "case-1", "--out", "x", "--for", "press", "--reason", "x"],
        ["case", "export", "case-1", "--out", "x", "--for", "court"],
        ["check", "no such file", "--case", "x"],
        ["verify", "no such file"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_usage(arguments: list[str]) -> None:
    for more in ([], ["--json"]):
        ran = run(*arguments, *more)
        assert (ran.code, ran.out) == (USAGE, "")
        assert "Error:" in ran.err


def test_no_command_is_usage_and_shows_them_all() -> None:
    ran = run()
    assert ran.code == USAGE
    assert all(name in ran.err for name in COMMANDS)


HOMELESS = ("watch list", "evidence list", "audit", "case open", "evidence show x", "import . --declared-by x")


@pytest.mark.parametrize("command", HOMELESS)
def test_without_a_home_the_remedy_is_told(tmp_path: Path, me: None, command: str) -> None:
    error = run(*command.split(), "--json", home=tmp_path / "none").error
    assert error["type"] == "SettingsError"
    assert error["where"] == str(tmp_path / "none" / "nisisama.toml")
    assert "init" in error["fix"]


@pytest.mark.parametrize(
    "command", ["case show CASE", "case export CASE --out OUT --for court --reason x", "check IMAGE --case CASE"]
)
@pytest.mark.parametrize("given", [None, "", "wrong"])
def test_a_missing_or_wrong_passphrase_is_told(
    life: Life, home: Path, monkeypatch: pytest.MonkeyPatch, command: str, given: str | None
) -> None:
    if given is None:
        monkeypatch.delenv("NISISAMA_PASSPHRASE")
    else:
        monkeypatch.setenv("NISISAMA_PASSPHRASE", given)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    named = {"CASE": life.case, "OUT": str(home.parent / "out"), "IMAGE": str(life.picture())}
    error = run(*(named.get(word, word) for word in command.split()), "--json", home=home).error
    assert error["type"] == "PassphraseError"
    assert (
        ("wrong" in error["message"] + error["fix"] or "Type it again" in error["fix"])
        if given
        else "--passphrase-file" in error["fix"]
    )
    assert not (home.parent / "out").exists()


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (b"wrong\n", 0o600, "passphrase"),
        (PASSPHRASE.encode(), 0o644, "chmod 600"),
        (b"\xff\xfe", 0o600, "UTF-8"),
        (b"\n", 0o600, "missing"),
    ],
)
def test_a_passphrase_file_that_does_not_serve_is_told(
    life: Life, home: Path, content: bytes, mode: int, words: str
) -> None:
    file = home.parent / "passphrase"
    file.write_bytes(content)
    file.chmod(mode)
    error = run("case", "show", life.case, "--passphrase-file", file, "--json", home=home).error
    assert words in json.dumps(error)


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
    before = run("audit", "--json", home=home).told["entries"]
    error = run(*(named.get(word, word) for word in command.split()), "--json", home=home).error
    assert (error["type"], error["found"]) == ("UnknownItemError", found)
    assert "nisisama" in error["fix"]
    assert run("audit", "--json", home=home).told["entries"] == before


@pytest.mark.parametrize(
    "command", ["case show case-0", "case export case-0 --out OUT --for court --reason x", "check IMAGE --case case-0"]
)
def test_an_unknown_case_is_refused_before_a_passphrase_is_asked_for(
    life: Life, home: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def ask(*_words: object, **_options: object) -> str:
        raise AssertionError("asked for the passphrase")

    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("click.prompt", ask)
    named = {"OUT": str(home.parent / "out"), "IMAGE": str(life.picture())}
    error = run(*(named.get(word, word) for word in command.split()), "--json", home=home).error
    assert (error["type"], error["found"]) == ("UnknownItemError", "case-0")
    assert "case list" in error["fix"]


@pytest.mark.parametrize("name", ["out.asice", "out.asice.letter.txt"])
def test_an_export_overwrites_nothing(life: Life, home: Path, name: str) -> None:
    (home.parent / name).write_bytes(b"mine")
    export = ("case", "export", life.case, "--for", "court", "--reason", "x", "--json")
    assert run(*export, "--out", home.parent / "out.asice", home=home).error["where"] == str(home.parent / name)
    assert (home.parent / name).read_bytes() == b"mine"


def test_nobody_is_no_actor(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NISISAMA_ACTOR")
    for by in ([], ["--by", " "]):
        error = run("watch", "remove", "nje_kanal", *by, "--json", home=home).error
        assert error["type"] in {"AuthorityError", "UnknownItemError"}
    add = ("watch", "add", "name", "--report", "https://x.y", "--reported-by", "x", "--reported-on", "2026-01-01")
    assert run(*add, "--mode", "metadata_only", "--json", home=home).error["type"] == "AuthorityError"


@pytest.mark.parametrize(
    "command",
    [
        "case open",
        "case add CASE ITEM",
        "case show CASE",
        "case export CASE --out OUT --for court --reason x",
        "check IMAGE --case CASE",
        "evidence list --json",
        "evidence show ITEM",
    ],
)
def test_a_command_that_logs_nobody_says_so_once(
    life: Life, home: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    named = {"CASE": life.case, "OUT": str(home.parent / "out"), "IMAGE": str(life.picture())}
    words = [(named | {"ITEM": life.items[0]["item_id"]}).get(word, word) for word in command.split()]
    monkeypatch.delenv("NISISAMA_ACTOR")
    ran = run(*words, home=home)
    assert ran.code == DONE
    assert ran.err.count("\n") == ran.err.count("NISISAMA_ACTOR") == 1
    assert ran.err.startswith("note: nobody is named")
    Path(named["OUT"]).unlink(missing_ok=True)
    Path(named["OUT"] + ".letter.txt").unlink(missing_ok=True)
    assert run(*words, "--by", "ann", home=home).err == ""


def test_where_nothing_is_logged_nobody_need_be_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NISISAMA_ACTOR")
    for command in ("case list", "evidence list", "audit"):
        assert run(*command.split(), home=home).err == ""
    error = run("case", "show", "case-0", home=home)
    assert (error.code, "note" in error.err) == (REFUSED, False)


def test_an_error_of_the_system_is_explained_too(life: Life, home: Path) -> None:
    unreadable = "/proc/self/mem"  # there, and its first byte cannot be read
    error = run("audit", "--against", unreadable, "--json", home=home).error
    assert (error["type"], error["message"]) == ("OSError", "Input/output error")
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
    assert (ran.code, ran.out) == (REFUSED, "")
    assert "Nothing that was acknowledged is lost" in ran.err


def test_a_missing_and_a_false_token_are_told_apart_by_their_codes(life: Life, home: Path) -> None:
    assert run("verify", life.bundle).code == UNDECIDED  # roots never come from the bundle
    damaged = home.parent / "damaged.asice"
    damaged.write_bytes(life.bundle.read_bytes()[:-1])
    ran = run("verify", damaged, *life.trust(), "--json")
    assert (ran.code, ran.told["verdict"]) == (REFUSED, "FAILED")
    other = "prova/00c0ffee+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    assert run("verify", life.bundle, "--log", other, "--json").code == USAGE


def test_an_audit_says_whether_it_has_compared_the_rows_in_clear(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(home / "nisisama.db")) as connection, connection:
        connection.execute("UPDATE item SET posted_at = '2000-01-01T00:00:00.000Z'")
    keyed = run("audit", "--json", home=home)
    assert (keyed.code, keyed.told["records"], keyed.told["problems"][0]["id"]) == (REFUSED, "compared", "records.rows")
    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    for level, records in (("3", "not compared: no passphrase"), ("2", "not compared: level 2")):
        keyless = run("audit", "--level", level, "--json", home=home)
        assert (keyless.code, keyless.told["verdict"], keyless.told["records"]) == (DONE, "PASSED", records)
        assert run("audit", "--level", level, home=home).out.count(f", level {level}; records {records}.\n") == 1


def test_a_finding_is_told_in_one_form_by_doctor_and_audit(life: Life) -> None:
    for finding in life.ran["doctor"].told["findings"]:
        assert list(finding) == ["id", "verdict", "where", "expected", "found", "fix"]
        assert finding["verdict"] == "PASSED"


def test_a_store_that_fails_its_audit_exits_with_one(life: Life, home: Path) -> None:
    thing = next(file for file in (home / "objects").rglob("*") if file.is_file())
    thing.unlink()
    ran = run("audit", "--json", home=home)
    assert (ran.code, ran.told["ok"], ran.told["verdict"]) == (REFUSED, False, "FAILED")
    problem = ran.told["problems"][0]
    assert list(problem) == ["id", "verdict", "where", "expected", "found", "fix"]
    assert (problem["verdict"], thing.name in problem["where"]) == ("FAILED", True)
    assert thing.name in run("audit", home=home).out
    assert run("audit", "--level", "1", home=home).code == DONE


# What every command says


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
    "evidence list": {"items"},
    "evidence show": {"item_id", "channel_id", "message_id", "kind", "posted_at", "acquired_at", "sha256"},
    "audit": {"ok", "entries", "objects", "records", "problems"},
    "case open": {"case_id"},
    "case list": {"cases"},
    "case add": {"case_id"},
    "case show": {"case_id", "items"},
    "case export": {"bundle", "letter", "items", "sha256", "seal_fingerprint"},
    "check": {"found", "matches"},
    "key check": {"fits", "cards"},
    "verify": {"verdict", "checks"},
}


@pytest.mark.parametrize("name", KEYS)
def test_every_command_is_done_with_one_json_object(life: Life, name: str) -> None:
    ran = life.ran[name]
    assert ran.code == DONE, ran
    assert KEYS[name] <= ran.told.keys()
    assert ran.err == ""


def test_every_command_was_run(life: Life) -> None:
    assert {name.split()[0] for name in life.ran} == COMMANDS.keys() - {"demo"}


def test_a_new_home_names_its_log_and_the_roots_to_hand_out(life: Life) -> None:
    told = life.ran["init"].told
    assert told["home"] == str(life.home)
    assert told["log_vkey"].startswith(f"{told['log_origin']}+")
    assert told["log_origin"].startswith("zyra-drita/")
    names = [Path(file).name for file in told["trust"]]
    assert names == ["seal-root.pem", "time-stamp-rehearsal-1.pem"]


def test_any_two_cards_give_the_office_key(life: Life) -> None:
    cards = [file.read_text() for file in sorted((life.folder / "cards").iterdir())]
    office = (life.home / "recipients" / "office.txt").read_text().strip()
    for pair in ((0, 1), (1, 2), (0, 2)):
        assert str(HybridIdentity(read_cards([cards[at] for at in pair])).recipient) == office


def test_the_register_names_the_public_report(life: Life) -> None:
    added, listed = life.ran["watch add"].told, life.ran["watch list"].told["channels"]
    assert (added["channel"], added["mode"]) == ("nje_kanal", "metadata_only")
    assert date.fromisoformat(added["review_by"][:10]) == date.today() + timedelta(days=7)  # noqa: DTZ011 - the machine's day
    assert [row["report_url"] for row in listed] == ["https://example.org/r"]
    assert life.ran["watch remove"].told == {"channel": "nje_kanal", "mode": None}


def test_an_import_counts_what_the_export_holds(life: Life) -> None:
    told, facts = life.ran["import"].told, life.export
    assert (told["channel_id"], told["messages"]) == (facts.channel_id, facts.ordinary)
    assert told["media"] == told["sealed"] == len(facts.media)
    assert told["already_known"] == 0


def test_digests_are_shown_with_the_passphrase_only(life: Life, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = {item["sha256"] for item in life.items if item["kind"] == "file"}
    assert digests == set(life.export.media.values())
    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    locked = run("evidence", "list", "--json", home=home).told
    assert (locked["unlocked"], {item["sha256"] for item in locked["items"]}) == (False, {None})
    assert [item | {"sha256": None} for item in life.items] == locked["items"]
    shown = run("evidence", "show", life.items[0]["item_id"], "--json", home=home).told
    assert shown["sha256"] is None
    then = life.ran["evidence show"].told
    assert shown | {"sha256": life.items[0]["sha256"], "checkpoint": then["checkpoint"]} == then


def test_only_a_look_at_digests_is_logged(life: Life, home: Path) -> None:
    def logs(*arguments: str | Path) -> bool:
        before = looks(home)
        assert run(*arguments, "--reason", "a doubt", home=home).code == DONE
        return looks(home) > before

    assert not logs("evidence", "list")  # for a person it shows no digest, so it opens nothing
    assert logs("evidence", "list", "--json")
    assert logs("evidence", "show", life.items[0]["item_id"])
    file = home.parent / "passphrase"
    file.write_text(PASSPHRASE)
    ran = run("evidence", "list", "--passphrase-file", file, home=home)
    assert (ran.code, ran.out) == (USAGE, "")
    assert "--json" in ran.err


def looks(home: Path) -> int:
    """How many looks at digests are logged."""
    with closing(sqlite3.connect(home / "nisisama.db")) as connection:
        leaves = connection.execute("SELECT leaf FROM event").fetchall()
    return sum(json.loads(leaf)["type"] == "digests_viewed" for (leaf,) in leaves)


def test_one_channels_items_are_listed(life: Life, home: Path) -> None:
    listed = run("evidence", "list", "--channel", life.export.channel_id, "--json", home=home).told["items"]
    assert listed == life.items
    empty = run("evidence", "list", "--channel", "1", home=home)
    assert (empty.code, empty.out) == (DONE, "Nothing is preserved of channel 1.\n")


@pytest.mark.parametrize("channel", ["@square", "-1001234", "12a", "", "\u0661"])
def test_what_is_no_channels_number_is_refused_with_what_to_give(home: Path, channel: str) -> None:
    ran = run("evidence", "list", "--channel", channel, home=home)
    assert (ran.code, ran.out) == (USAGE, "")
    assert "the channel's number, digits alone" in " ".join(ran.err.split())


def test_a_hole_is_shown_beside_its_item(life: Life, home: Path) -> None:
    shown = [
        run("evidence", "show", item["item_id"], "--json", home=home).told for item in life.items if item["message_id"]
    ]
    reasons = {hole["reason"] for each in shown for hole in each["holes"]}
    assert reasons
    assert all(each["checkpoint"].isdecimal() for each in shown)
    with_hole = next(each for each in shown if each["holes"])
    assert with_hole["holes"][0]["reason"] in run("evidence", "show", with_hole["item_id"], home=home).out


def test_a_case_shows_its_texts(life: Life) -> None:
    told = life.ran["case show"].told
    assert told["case_id"] == life.case
    assert told["reason"] == "she came"
    assert {item["text"] for item in told["items"]} >= set(life.export.texts.values())
    assert [item["item_id"] for item in told["items"]] == [item["item_id"] for item in life.items]


def test_a_case_says_why_it_was_opened_and_nothing_of_what_is_missing(life: Life, home: Path) -> None:
    out = run("case", "show", life.case, home=home).out
    assert out.splitlines()[1] == "    reason: she came"
    assert "None" not in out
    assert any(item["posted_at"] is None or item["message_id"] is None for item in life.items)
    bare = run("case", "open", "--json", home=home).told["case_id"]
    assert run("case", "show", bare, home=home).out.count("\n") == 1


def test_one_is_counted_as_one(life: Life, home: Path) -> None:
    case = run("case", "open", "--json", home=home).told["case_id"]
    assert run("case", "list", "--json", home=home).told["cases"][-1]["items"] == 0
    for item, words in zip(
        life.items[:2], ("Added 1 to CASE; it has 1 item.", "Added 1 to CASE; it has 2 items."), strict=True
    ):
        assert run("case", "add", case, item["item_id"], home=home).out == words.replace("CASE", case) + "\n"
    cases = run("case", "list", home=home).out.splitlines()
    assert [line.partition("  ")[0] for line in cases] == [life.case, case]
    assert cases[1].endswith("Z  2 items")


def test_the_same_items_again_add_nothing(life: Life, home: Path) -> None:
    ran = run("case", "add", life.case, life.items[0]["item_id"], life.items[0]["item_id"], "--json", home=home)
    assert ran.told == {"case_id": life.case, "added": 0, "items": len(life.items)}


def test_the_same_export_again_adds_nothing(life: Life, home: Path) -> None:
    sealed = ("--mode", "sealed", "--legal-basis", life.folder / "basis.toml", "--approved-by", "bo")
    told = run("import", life.export.folder, "--declared-by", "mila", *sealed, "--json", home=home).told
    assert (told["messages"], told["media"], told["already_known"]) == (0, 0, len(life.items))


def test_an_exported_bundle_verifies_and_its_letter_lies_beside_it(life: Life) -> None:
    told = life.ran["case export"].told
    assert told["bundle"] == str(life.bundle)
    assert told["items"] == len(life.items)
    assert "".join(Path(told["letter"]).read_text().split()).count(told["sha256"]) == 1
    assert life.ran["verify"].told["verdict"] == "PASSED"
    assert all(check.keys() == {"id", "verdict", "detail"} for check in life.ran["verify"].told["checks"])


def test_an_audit_is_clean_against_an_older_checkpoint(life: Life, home: Path) -> None:
    older = home.parent / "older"
    shutil.copy(life.folder / "home.keys" / "log.signed", older)
    run("case", "open", home=home)
    assert run("audit", "--against", older, home=home).code == DONE
    foreign = older.read_text().splitlines()
    older.write_text("\n".join([foreign[0], str(int(foreign[1]) + 1), *foreign[2:], ""]))
    assert run("audit", "--against", older, home=home).code == REFUSED


REPORT = "--report https://x.y --reported-by Org --reported-on 2026-01-01"
TEXTS = {
    "doctor": "PASSED",
    "watch list": "No channel is registered.",
    "evidence list": "message",
    "evidence show ITEM": "log_index",
    "audit": "PASSED: ",
    "case open": "Opened case-",
    "case list": " items\n",
    "case add CASE ITEM": "Added 0",
    "case show CASE": "account name shown",
    "check IMAGE --case CASE": "found. Compared with",
    "verify BUNDLE": "verdict: INDETERMINATE",
    f"watch add name {REPORT} --mode metadata_only": "A second person",
    f"watch add name2 {REPORT} --mode metadata_only --approved-by bo": "Registered name2 as metadata_only. This",
    "case export CASE --out OUT --for partner --reason x": "no pictures",
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


def test_watched_channels_are_listed_for_a_person(home: Path) -> None:
    assert run("watch", "add", "@njekanal", *REPORT.split(), "--mode", "metadata_only", home=home).code == DONE
    assert "reported by Org: https://x.y" in run("watch", "list", home=home).out
    assert run("watch", "remove", "NjeKanal", home=home).out == "Removed njekanal from the register.\n"


def test_a_mode_above_metadata_needs_counsel_and_a_second_person(life: Life, home: Path) -> None:
    watch = ["watch", "add", "kanal", *REPORT.split(), "--mode", "sealed", "--json"]
    taken = ["import", str(life.export.folder), "--declared-by", "mila", "--mode", "hash_only", "--json"]
    basis = ["--legal-basis", str(life.folder / "basis.toml")]
    for command in (watch, taken):
        assert "legal basis" in run(*command, "--approved-by", "bo", home=home).error["message"]
        assert "--approved-by" in run(*command, *basis, home=home).error["fix"]
        assert "--approved-by" in run(*command, *basis, "--approved-by", " ", home=home).error["fix"]
        assert run(*command, *basis, "--approved-by", "bo", home=home).code == DONE


# The keys' folder is away


def test_without_the_keys_folder_an_audit_goes_on_and_says_what_it_left_out(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.move(home.parent / "home.keys", home.parent / "away")
    ran = run("audit", "--json", home=home)
    assert (ran.code, [each["id"] for each in ran.told["problems"]]) == (UNDECIDED, ["log.signed"])
    assert ran.told["records"] == "not compared: no keys' folder"
    against = run("audit", "--against", home.parent / "away" / "log.signed", "--json", home=home)
    assert [each["id"] for each in against.told["problems"]] == ["log.signed"]


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


# The cards' drill


def test_cards_of_this_office_are_told_from_all_others(life: Life, home: Path, me: None) -> None:
    mine = sorted((life.folder / "cards").iterdir())
    assert run("key", "check", *mine[1:], home=home).out == 'These 2 cards open the office key of Zyra "Drita" \\ Ђ.\n'
    foreign = home.parent / "foreign"
    run("init", "--org", "Other", "--rehearsal", "--cards", foreign, home=home.parent / "other")
    theirs = sorted(foreign.iterdir())
    assert oct(theirs[0].stat().st_mode & 0o777) == "0o600"
    for cards, words in (
        (theirs[:2], "are of another office"),
        ([mine[0], theirs[1]], "of different sets"),
        (mine[:1], "too few cards"),
        ([mine[0], mine[0]], "the same card was given twice"),
        ([home / "nisisama.db", mine[0]], "card 1: the number of words is wrong"),
    ):
        error = run("key", "check", *cards, "--json", home=home).error
        assert (error["type"], words in error["message"] or words in f"{error['where']}: {error['message']}") == (
            "CardError",
            True,
        )


def test_typed_cards_leave_no_file_and_a_slip_is_told_at_once(
    life: Life, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (
        file.read_text().partition("words:\n")[2].splitlines() for file in sorted((life.folder / "cards").iterdir())[:2]
    )
    slip = [first[0].replace(first[0].split()[1], "telegram"), *first[1:]]
    lines = iter([*slip, *first, *(line[4:] for line in second), ""])
    monkeypatch.setattr("click.prompt", lambda *_words, **_options: next(lines))
    before = set(home.parent.rglob("*"))
    ran = run("key", "check", home=home)
    assert (ran.code, ran.out.startswith("These 2 cards open")) == (DONE, True)
    assert "error: card 1: word 1 is not in the word list" in ran.err
    assert set(home.parent.rglob("*")) <= before
    lines = iter([""])
    assert "no card was given" in run("key", "check", home=home).err


def test_a_new_home_says_where_its_cards_are_and_what_to_do(tmp_path: Path, me: None) -> None:
    ran = run("init", "--org", "Zyra", "--rehearsal", "--cards", tmp_path / "c", home=tmp_path / "h")
    last = ran.out.splitlines()[-1]
    assert last == f"Cards: {tmp_path / 'c'}  (print each, hand it to another person, then delete the files)"


# Making a home


def test_a_new_home_prints_its_cards_once_where_scripts_do_not_look(tmp_path: Path, me: None) -> None:
    ran = run(
        "init",
        "--org",
        "Zyra",
        "--rehearsal",
        "--cards-needed",
        "3",
        "--card-count",
        "4",
        "--json",
        home=tmp_path / "h",
    )
    cards = ran.err.partition("Write each card down")[2].split("NisiSama office key")[1:]
    cards[-1] = cards[-1].partition("The cards are not shown again")[0]
    assert ran.code == DONE
    assert ran.told["home"] == str(tmp_path / "h")
    office = (tmp_path / "h" / "recipients" / "office.txt").read_text().strip()
    assert len(cards) == 4
    assert str(HybridIdentity(read_cards(cards[1:])).recipient) == office


def test_a_folder_that_is_there_is_not_touched(tmp_path: Path, me: None) -> None:
    for name in ("home", "home.keys"):
        (tmp_path / name).mkdir()
        error = run("init", "--org", "Zyra", "--json", home=tmp_path / "home").error
        assert (error["type"], error["where"]) == ("HomeError", str(tmp_path / name))
        (tmp_path / name).rmdir()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["--org", "Zyra", "--tsa", "nobody"], "SettingsError"),
        (["--org", ""], "SettingsError"),
        (["--org", "a\nb"], "SettingsError"),
        (["--org", "Zyra \udcff"], "SettingsError"),
        (["--org", "x" * 201], "SettingsError"),
        (
            ["--org", "Zyra", "--cards-needed", "16", "--card-count", "16", "--cards", "file/cards"],
            "NotADirectoryError",
        ),
    ],
)
def test_a_home_that_cannot_be_made_leaves_nothing_behind(
    tmp_path: Path, me: None, monkeypatch: pytest.MonkeyPatch, arguments: list[str], kind: str
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert run("init", *arguments, "--json", home=tmp_path / "home").error["type"] == kind
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("value", ["9", "21", "ten", "1e1", "-12"])
def test_a_work_factor_out_of_range_is_refused(
    tmp_path: Path, me: None, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("NISISAMA_KEYS__PASSPHRASE_LOG_N", value)
    error = run("init", "--org", "Zyra", "--json", home=tmp_path / "home").error
    assert (error["where"], error["found"]) == ("NISISAMA_KEYS__PASSPHRASE_LOG_N", value)
    assert list(tmp_path.iterdir()) == []


def test_without_a_work_factor_the_settings_one_counts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NISISAMA_KEYS__PASSPHRASE_LOG_N")
    assert run("init", "--org", "Zyra", "--json", home=home).error["type"] == "HomeError"


def test_a_home_without_a_passphrase_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert run("init", "--org", "Zyra", "--json", home=tmp_path / "home").error["type"] == "PassphraseError"
    assert list(tmp_path.iterdir()) == []


class Terminal(io.StringIO):
    """Standard input or error of a person."""

    def isatty(self) -> bool:
        return True


def test_at_a_terminal_the_passphrase_is_asked_for(life: Life, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []

    def ask(text: str, _default: None, **options: object) -> str:
        asked.append({"text": text, **{name: options[name] for name in ("hide_input", "confirmation_prompt")}})
        return PASSPHRASE

    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("click.prompt", ask)
    assert run("case", "show", life.case, home=home).code == DONE
    assert asked == [{"text": "Passphrase", "hide_input": True, "confirmation_prompt": False}]


@pytest.mark.parametrize("wrong", [0, 1, 2, 3])
def test_at_a_terminal_a_wrong_passphrase_is_asked_for_again(
    life: Life, home: Path, monkeypatch: pytest.MonkeyPatch, wrong: int
) -> None:
    answers = iter([*["wrong"] * wrong, PASSPHRASE])
    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("click.prompt", lambda *_words, **_options: next(answers))
    ran = run("case", "show", life.case, home=home)
    if wrong < 3:
        assert (ran.code, ran.err) == (DONE, "Wrong passphrase. Try again.\n" * wrong)
    else:
        assert ran.code == REFUSED
        assert ran.err == "Wrong passphrase. Try again.\n" * 2 + "error: wrong passphrase. Run the command again\n"
        assert next(answers) == PASSPHRASE


@pytest.mark.parametrize("stop", [KeyboardInterrupt, EOFError])
@pytest.mark.parametrize("command", ["init --org Zyra", "case show CASE"])
def test_who_stops_at_a_prompt_is_told_that_nothing_was_changed(
    life: Life, home: Path, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException], command: str
) -> None:
    def getpass(_prompt: str) -> str:
        raise stop

    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("click.termui.hidden_prompt_func", getpass)
    at = home.parent / "new" if command.startswith("init") else home
    ran = run(*(life.case if word == "CASE" else word for word in command.split()), home=at)
    assert (ran.code, ran.out) == (REFUSED, "")
    assert ran.err.endswith("Stopped. Nothing was changed.\n")
    assert not (home.parent / "new").exists()


def test_help_says_whether_a_command_asks_for_the_passphrase() -> None:
    for name in ("init", "case show", "case export", "check"):
        assert "or a prompt asks" in " ".join(run(*name.split(), "--help").out.split())
    for name in ("audit", "evidence list", "evidence show"):
        assert "No prompt asks" in " ".join(run(*name.split(), "--help").out.split())


def test_an_audit_says_how_to_compare_the_records(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hint = "To compare the records too: --passphrase-file FILE, or NISISAMA_PASSPHRASE.\n"
    assert hint not in run("audit", home=home).out
    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    assert run("audit", home=home).out.endswith(f"records not compared: no passphrase.\n{hint}")
    assert hint not in run("audit", "--level", "2", home=home).out


def test_a_new_passphrase_is_asked_for_until_it_is_long_enough(
    tmp_path: Path, me: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, asked = iter(["a", "fourteen signs", PASSPHRASE]), set[str]()
    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    monkeypatch.setattr("sys.stdin", Terminal())

    def ask(text: str, *_default: object, **_options: object) -> str:
        asked.add(text)
        return next(answers)

    monkeypatch.setattr("click.prompt", ask)
    ran = run("init", "--org", "Zyra", "--rehearsal", "--json", home=tmp_path / "home")
    assert ran.code == DONE
    assert ran.err.count("error: the new passphrase is too short (expected at least 15 characters). Choose") == 2
    assert asked == {"New passphrase (15 characters or more)"}
    assert "fourteen signs" not in ran.err
    assert list(answers) == []


def test_a_short_passphrase_from_a_script_is_refused_before_anything_is_made(
    tmp_path: Path, me: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NISISAMA_PASSPHRASE", "fourteen signs")
    error = run("init", "--org", "Zyra", "--rehearsal", "--json", home=tmp_path / "home").error
    assert (error["type"], error["expected"]) == ("PassphraseError", "at least 15 characters")
    assert list(tmp_path.iterdir()) == []


def test_a_person_sees_progress_and_a_script_does_not(life: Life, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = io.StringIO(), Terminal()
    with redirect_stdout(out), redirect_stderr(err):
        assert main(["--home", str(home), "import", str(life.export.folder), "--declared-by", "x", "--json"]) == DONE
    json.loads(out.getvalue())
    assert "Sealing" in err.getvalue()


# Without a time-stamp authority, and with one that does not answer


def test_without_an_authority_the_audit_is_undecided_and_an_export_refused(
    life: Life, tmp_path: Path, me: None
) -> None:
    home = tmp_path / "home"
    made = run("init", "--org", "Zyra", "--json", home=home)
    assert (made.code, made.err.count("No time-stamp office is chosen")) == (DONE, 1)
    assert "Choose one before the first import: docs/operations.md.\n" in made.err
    settings, note = (
        home / "nisisama.toml",
        "note: kept, but without a time stamp yet: stamp.authorities: no time-stamp",
    )
    for words in (("import", life.export.folder, "--declared-by", "mila"), ("case", "open"), ("case", "open")):
        ran = run(*words, home=home)
        assert (ran.code, ran.err.count("\n"), ran.err.startswith(note)) == (DONE, 1, True)
        assert ran.err.endswith('"digicert"]. A later command asks again.\n')
    case = run("case", "open", "--json", home=home).told["case_id"]
    export = ("case", "export", case, "--out", tmp_path / "out", "--for", "court", "--reason", "x", "--json")
    assert "case add" in run(*export, home=home).error["fix"]
    item = run("evidence", "list", "--json", home=home).told["items"][0]["item_id"]
    run("case", "add", case, item, home=home)
    ran = run("audit", "--json", home=home)
    assert (ran.code, ran.told["ok"], ran.told["verdict"]) == (UNDECIDED, False, "INDETERMINATE")
    assert [problem["id"] for problem in ran.told["problems"]] == ["log.anchored"]
    error = run(*export, home=home).error
    assert error["where"] == "stamp.authorities"
    assert error["fix"].startswith(f"In {settings}, under [stamp], change ")
    old, new = error["fix"].partition(" change ")[2].split(" to ")
    chosen = settings.read_text().replace(f"\n{old}\n", f"\n{new}\n")
    assert tomllib.loads(chosen)["stamp"]["authorities"] == ["digicert"]
    assert not (tmp_path / "out").exists()
    doctor = run("doctor", "--json", home=home)
    assert doctor.code == UNDECIDED
    assert [each["id"] for each in doctor.told["findings"] if each["verdict"] != "PASSED"] == ["authorities"]


def catalogue_with(url: str, authority: RehearsalAuthority) -> Mapping[str, AuthorityEntry]:
    root = RootCertificate("office.pem", "Office", "", authority.root_pem)
    return {"office": AuthorityEntry("office", "Office", url, "MK", None, "a test", None, (root,))}


def choose(monkeypatch: pytest.MonkeyPatch, url: str, authority: RehearsalAuthority) -> None:
    for module in ("api.home", "api.office.home"):
        monkeypatch.setattr(f"{module}.time_stamp_authorities", lambda: catalogue_with(url, authority))


def test_an_authority_that_does_not_answer_keeps_no_work_from_being_done(
    life: Life, tmp_path: Path, me: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, authority = tmp_path / "home", RehearsalAuthority.create(tmp_path / "authority", at=system_clock())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        choose(monkeypatch, f"http://127.0.0.1:{probe.getsockname()[1]}/", authority)
    made = run("init", "--org", "Zyra", "--tsa", "office", "--json", home=home)
    taken = run("import", life.export.folder, "--declared-by", "mila", "--json", home=home)
    for ran in (made, taken):
        assert ran.code == DONE
        assert "note: kept, but without a time stamp yet: office: the authority did not answer" in ran.err
        assert "error" not in ran.told
    assert taken.told["messages"] == life.export.ordinary
    case = run("case", "open", "--json", home=home)
    assert (case.code, case.err) == (DONE, "")  # the beat is not due again: nobody was asked
    export = (
        "case",
        "export",
        case.told["case_id"],
        "--out",
        tmp_path / "out",
        "--for",
        "court",
        "--reason",
        "x",
        "--json",
    )
    item = run("evidence", "list", "--json", home=home).told["items"][0]["item_id"]
    os.utime(tmp_path / "home" / "beat", (0, 0))
    added = run("case", "add", case.told["case_id"], item, "--json", home=home)
    assert (added.code, "without a time stamp yet" in added.err) == (DONE, True)
    assert run(*export, home=home).error["type"] == "StampUnreachableError"
    assert not (tmp_path / "out").exists()
    assert run("audit", home=home).code == UNDECIDED
    with authority.serving(system_clock) as url:
        choose(monkeypatch, url, authority)
        os.utime(tmp_path / "home" / "beat", (0, 0))
        later = run("case", "open", "--json", home=home)
        assert (later.code, later.err) == (DONE, "")
        assert run("audit", "--json", home=home).told["ok"] is True
        assert run(*export, home=home).code == DONE
    roots = [each for file in (home / "trust").iterdir() for each in ("--trust", file)]
    assert run("verify", tmp_path / "out", *roots).code == DONE


# Starting


def test_help_of_every_command_is_there(life: Life) -> None:
    assert all(name in run("--help").out for name in COMMANDS)
    for name in [*COMMANDS, *(name for name in KEYS if " " in name)]:
        ran = run(*name.split(), "--help")
        assert (ran.code, ran.err) == (DONE, "")
        assert ran.out.startswith("Usage: nisisama")
        if name not in {"watch", "evidence", "case", "key"}:
            assert "--json" in ran.out


def subprogram(code: str, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    told = {name: value for name, value in os.environ.items() if not name.startswith("NISISAMA_")} | environment
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], env=told, capture_output=True, check=False, cwd=ROOT
    )


def test_commands_are_completed_in_the_order_of_a_days_work() -> None:
    assert list(COMMANDS) == cli.list_commands(click.Context(cli))


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


def test_no_terminal_is_too_old_for_what_a_case_says(life: Life) -> None:
    latin = {"NISISAMA_PASSPHRASE": PASSPHRASE, "NISISAMA_ACTOR": "ann", "PYTHONIOENCODING": "latin-1"}
    show = ("--home", life.home, "case", "show", life.case)
    words, told = (subprogram(PROGRAM, *show, *more, **latin) for more in ([], ["--json"]))
    assert [(done.returncode, done.stderr) for done in (words, told)] == [(DONE, b"")] * 2
    assert {item["text"] for item in json.loads(told.stdout)["items"]} >= set(life.export.texts.values())
    assert "Prishtin\u00eb".encode("latin-1") in words.stdout or b"\\u" in words.stdout


def test_a_name_that_is_no_unicode_is_told_all_the_same(life: Life) -> None:
    done = subprogram(PROGRAM, "--home", life.home, "import", os.fsdecode(b"\xff"), "--declared-by", "x", "--json")
    assert done.returncode == REFUSED
    assert b"Traceback" not in done.stderr
    assert "message" in json.loads(done.stdout)["error"]


@pytest.fixture
def small_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.office.rehearsal.MESSAGES", 16)
    monkeypatch.setattr("api.office.rehearsal.PHOTOS", 0)
    monkeypatch.setattr(
        "api.office.rehearsal.create_home", lambda plan, clock: create_home(replace(plan, log_n=10), clock)
    )


def test_a_demo_that_is_kept_goes_into_a_new_folder(tmp_path: Path, me: None, small_demo: None) -> None:
    (tmp_path / "mine").write_bytes(b"")
    assert run("demo", "--keep", tmp_path, "--json").error["type"] == "HomeError"
    ran = run("demo", "--keep", tmp_path / "kept", "--json")
    assert (ran.code, ran.told["verdict"]) == (DONE, "PASSED")
    assert ran.told["messages"] > 0
    assert ran.told["media"] > 0
    assert [Path(ran.told[name]).parent for name in ("bundle", "home")] == [tmp_path / "kept"] * 2
    assert (tmp_path / "kept" / "home.keys").is_dir()


def test_a_demo_leaves_bundle_letter_and_roots_beside_older_ones(
    tmp_path: Path, me: None, small_demo: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nisisama-demo").mkdir()
    (tmp_path / "nisisama-demo" / "older").write_bytes(b"")
    ran = run("demo")
    made = tmp_path / "nisisama-demo-2"
    assert ran.code == DONE
    assert sorted(file.name for file in made.iterdir()) == ["bundle.asice", "bundle.asice.letter.txt", "trust"]
    line = next(line for line in ran.out.splitlines() if "verify.sh" in line)
    assert {Path(word).parent for word in shlex.split(line) if word.endswith(".pem")} == {made / "trust"}
