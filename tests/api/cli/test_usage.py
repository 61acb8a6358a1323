"""A wrong call of any command is one error with code, facts and words."""

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from api.cli.main import cli
from api.cli.usage import TOLD_ELSEWHERE, BlankError, Filled, NotUnicodeError, explained
from tests.commands import USAGE, run


def every(group: click.Group, *before: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command and group below this one, with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*before, name), command
        if isinstance(command, click.Group):
            yield from every(command, *before, name)


COMMANDS = dict(every(cli))
LEAVES = {words: command for words, command in COMMANDS.items() if not isinstance(command, click.Group)}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_slip_in_any_command_offers_the_command(words: tuple[str, ...]) -> None:
    for slip in (words[-1] + "x", words[-1][0] + words[-1][2:]):
        error = run(*words[:-1], slip, "--json").error
        assert (error["type"], error["code"], error["found"]) == ("UsageError", "usage.mistyped_command", slip)
        assert words[-1] in error["fix"]


OPTIONS = [
    (words, option)
    for words, command in LEAVES.items()
    for each in command.params
    if isinstance(each, click.Option)
    for option in each.opts
    if option.startswith("--")
]


@pytest.mark.parametrize(
    ("words", "option"), OPTIONS, ids=lambda each: " ".join(each) if isinstance(each, tuple) else each
)
def test_a_slip_in_any_option_offers_the_option(words: tuple[str, ...], option: str) -> None:
    error = run(*words, option + "x", "--json").error
    assert (error["code"], error["found"]) == ("usage.mistyped_option", option + "x")
    assert option in error["fix"]


BEFORE = sorted({(words[:at], option) for words, option in OPTIONS for at in range(len(words)) if option != "--json"})


@pytest.mark.parametrize(("words", "option"), BEFORE)
def test_an_option_before_the_name_of_its_command_is_told_to_follow_it(words: tuple[str, ...], option: str) -> None:
    error = run(*words, option, "x", "--json").error
    assert (error["code"], error["found"]) == ("usage.option_of_a_command", option)


def test_what_is_like_nothing_is_answered_with_the_way_to_the_help() -> None:
    assert run("zzzz", "--json").error["fix"] == "See nisisama --help"
    error = run("case", "list", "--zzzz", "--json").error
    assert (error["code"], error["fix"]) == ("usage.unknown_option", "See nisisama case list --help")


@pytest.mark.parametrize(
    "words", [words for words, each in LEAVES.items() if any(p.required for p in each.params)], ids=" ".join
)
def test_what_a_command_needs_is_named(words: tuple[str, ...]) -> None:
    ran = run(*words, "--json")
    assert (ran.code, ran.error["code"]) == (USAGE, "usage.missing")
    for each in LEAVES[words].params:
        assert (
            not each.required or each.get_error_hint(click.Context(LEAVES[words])).strip("'") in ran.error["expected"]
        )
    assert ran.printed["error"]["facts"]["name"] in {
        name for each in LEAVES[words].params for name in (*each.opts, each.make_metavar(click.Context(LEAVES[words])))
    }


def test_a_person_reads_how_the_command_is_called_and_what_was_wrong() -> None:
    ran = run("case", "list", "--jsn")
    assert ran.err.splitlines() == [
        "Usage: nisisama case list [OPTIONS]",
        "error: nisisama case list: no such option (found --jsn). Did you mean --json?",
    ]
    assert ran.out == ""


def test_a_value_that_does_not_fit_names_its_option() -> None:
    error = run("audit", "--level", "5", "--json").error
    assert (error["code"], error["where"]) == ("usage.out_of_range", "--level")


@pytest.mark.parametrize(
    ("call", "code", "where"),
    [
        ("audit --against /nowhere", "usage.path_not_there", "--against"),
        ("audit --against /", "usage.path_a_folder", "--against"),
        (f"restore {__file__}", "usage.path_no_folder", "BACKUP"),
        ("watch add x --mode metadata-only", "usage.mistyped_choice", "--mode"),
        ("case export case-x --out x.asice --reason x --lang en --for bad", "usage.no_such_choice", "--for"),
        ("case export case-x --for court --out x.asice --reason x --lang xx", "usage.no_such_choice", "--lang"),
    ],
)
def test_a_wrong_value_is_told_by_what_the_option_takes(call: str, code: str, where: str) -> None:
    error = run(*call.split(), "--json").error
    assert (error["code"], error["where"]) == (code, where)


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_more_than_a_command_takes_is_told_with_quotation_marks(words: tuple[str, ...]) -> None:
    params = LEAVES[words].params
    if any(isinstance(each, click.Argument) and each.nargs < 0 for each in params):
        return
    others = [text for each in params if each.required for text in filled(each)]
    spare = ["x" for each in params if isinstance(each, click.Argument) and not each.required]
    error = run(*words, *others, *spare, "of", "two", "--json").error
    if error["code"].startswith("usage.path"):
        return  # what a path leads to is looked at first
    assert (error["code"], error["found"]) == ("usage.too_much", '"of two"')
    assert "quotation marks" in error["fix"]


def test_what_may_not_be_read_is_told_from_what_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_asked: False)
    error = run("audit", "--home", tmp_path, "--json").error
    assert (error["code"], error["found"]) == ("usage.path_not_readable", f'"{tmp_path}"')

    def refuse(_path: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(click.BadParameter) as raised:
        Filled(click.Path(exists=True)).convert(str(tmp_path / "y"), None, None)
    assert explained(raised.value).code == "usage.path_not_readable"


def test_a_choice_and_an_option_that_are_like_nothing_offer_nothing() -> None:
    error = run("watch", "add", "x", "--mode", "everything", "--json").error
    assert (error["code"], error["found"]) == ("usage.no_such_choice", '"everything"')
    error = run("watch", "add", "x", "--mode", "metadata-only", "--json").error
    assert error["fix"] == "Did you mean metadata_only?"
    assert run("monitor", "run", "--onec", "--json").error["fix"] == "Did you mean --once?"


def test_what_an_entry_of_the_register_lacks_is_told_at_once() -> None:
    error = run("watch", "add", "@kanali", "--reported-by", "x", "--json").error
    assert error["code"] == "usage.entry_incomplete"
    assert all(name in error["message"] for name in ("--report,", "--reported-on", "--mode"))
    assert "--reported-by" not in error["message"]
    assert "--reported-as" in error["fix"]


def test_whatever_click_says_beside_these_is_told_as_it_is() -> None:
    error = explained(click.UsageError("Something is wrong."))
    assert (error.code, str(error)) == (
        "usage.other",
        'nisisama: the call does not fit (found "Something is wrong"). See nisisama --help',
    )
    assert json.dumps(error.as_json())


TEXTS = [
    (words, option.opts[0])
    for words, command in LEAVES.items()
    for option in command.params
    if isinstance(option, click.Option) and isinstance(option.type, Filled) and option.name not in TOLD_ELSEWHERE
]


def test_no_text_is_taken_that_was_not_utf8_but_a_path_may_be_any_bytes() -> None:
    text, path = Filled(click.STRING), Filled(click.Path(path_type=Path))
    with pytest.raises(NotUnicodeError):
        text.convert("a\udcff", None, None)
    assert path.convert("a\udcff", None, None) == Path("a\udcff")
    with pytest.raises(BlankError):
        path.convert(" ", None, None)
    assert Filled(click.STRING, blank=True).convert(" ", None, None) == ""
    assert text.convert(" a b\t", None, None) == "a b"
    assert path.convert(" a", None, None) == Path(" a")
    assert [each.type for each in path.shell_complete(click.Context(click.Command("c")), click.Argument(["p"]), "")]


@pytest.mark.parametrize("blank", ["", " \t"])
@pytest.mark.parametrize(
    ("words", "option"), TEXTS, ids=lambda each: " ".join(each) if isinstance(each, tuple) else each
)
def test_no_option_takes_a_blank_text(words: tuple[str, ...], option: str, blank: str) -> None:
    others = [text for each in LEAVES[words].params if each.required for text in filled(each) if each.opts[0] != option]
    error = run(*words, *others, option, blank, "--json").error
    assert (error["code"], error["where"], error["message"]) == ("usage.blank", option, "this text is blank")


def filled(each: click.Parameter) -> list[str]:
    """A parameter with what fits it, but for files."""
    value = str(each.type.choices[0]) if isinstance(each.type, click.Choice) else "x"
    if not isinstance(each, click.Option):
        return [value]
    return [each.opts[0]] if each.is_flag else [each.opts[0], value]


def test_every_text_but_those_told_elsewhere_is_looked_at() -> None:
    assert ("import", "--declared-by") in {(" ".join(words), option) for words, option in TEXTS}
    assert [each.name for command in LEAVES.values() for each in command.params if each.type is click.STRING] == []
