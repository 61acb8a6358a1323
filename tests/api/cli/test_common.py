"""What commands share: the passphrase, who acts, progress."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from api.cli.main import main
from api.home import Home
from tests.commands import DONE, REFUSED, USAGE, Life, Terminal, run
from tests.homes import PASSPHRASE, records_of, size_of


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
        (error["where"], "key recover" in error["fix"]) == ("NISISAMA_PASSPHRASE", True)
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


WRITES = (
    "watch add @name --report https://x.y --reported-by x --reported-on 2026-01-01 --mode metadata_only",
    "watch remove nje_kanal",
    "import EXPORT --declared-by mila",
    "case open",
    "case add CASE ITEM",
    "case show CASE",
    "case export CASE --out OUT --for court --reason x",
    "check IMAGE --case CASE",
    "evidence list",
    "evidence show ITEM",
)


def of_life(life: Life, home: Path, command: str) -> list[str]:
    """The words of a command, with what is named in capitals."""
    named = {"CASE": life.case, "OUT": str(home.parent / "out"), "IMAGE": str(life.picture())}
    named |= {"ITEM": str(life.items[0]["item_id"]), "EXPORT": str(life.export.folder)}
    return [named.get(word, word) for word in command.split()]


@pytest.mark.parametrize("command", WRITES)
def test_nobody_writes_without_a_name_or_under_one_that_is_none(
    life: Life, home: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.delenv("NISISAMA_ACTOR")
    words, before = of_life(life, home, command), size_of(Home(home))
    for by, code, kind in (
        ([], USAGE, "NobodyNamedError"),
        (["--by", " "], USAGE, "NobodyNamedError"),
        (["--by", "a\u200dnn"], REFUSED, "AuthorityError"),
    ):
        ran = run(*words, *by, "--json", home=home)
        assert (ran.code, ran.error["type"]) == (code, kind)
        assert ran.error["fix"]
    assert size_of(Home(home)) == before
    assert not Path(home.parent / "out.asice").exists()


def test_a_name_comes_from_the_option_or_the_variable(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NISISAMA_ACTOR")
    assert run("case", "open", "--by", "ann", home=home).code == DONE
    monkeypatch.setenv("NISISAMA_ACTOR", "bo")
    assert run("case", "open", home=home).code == DONE
    assert [record.values["actor"] for record in records_of(Home(home))[-2:]] == ["ann", "bo"]


def test_where_nothing_is_logged_nobody_need_be_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NISISAMA_ACTOR")
    monkeypatch.delenv("NISISAMA_PASSPHRASE")  # it would unlock the list, and that look is logged
    for command in ("case list", "evidence list", "audit"):
        assert run(*command.split(), home=home).err == ""
    error = run("case", "show", "case-0", home=home)
    assert (error.code, "note" in error.err) == (REFUSED, False)


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
        assert ran.err == "Wrong passphrase. Try again.\n" * 2 + (
            "error: wrong passphrase. Run the command again. If nobody knows it any more, "
            "two people bring their cards: nisisama key recover\n"
        )
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


def test_a_new_passphrase_is_asked_for_until_it_is_long_enough(
    tmp_path: Path, me: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, asked = iter(["a", "fourteen signs", PASSPHRASE, ""]), set[str]()
    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    monkeypatch.setattr("sys.stdin", Terminal())

    def ask(text: str, *_default: object, **_options: object) -> str:
        asked.add(text)
        return next(answers)

    monkeypatch.setattr("click.prompt", ask)
    ran = run("init", "--org", "Zyra", "--rehearsal", "--json", home=tmp_path / "home")
    assert ran.code == DONE
    assert ran.err.count("error: the new passphrase is too short (expected at least 15 characters). Choose") == 2
    assert asked == {"New passphrase (15 characters or more)", "When all of them are written down, press Enter"}
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
