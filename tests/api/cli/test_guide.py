"""``help COMMAND`` says what ``COMMAND --help`` says."""

import subprocess
import sys

import pytest

from tests.api.cli.test_usage import COMMANDS
from tests.commands import DONE, run
from tests.contracts.tree import ROOT


@pytest.mark.parametrize("words", [(), *COMMANDS], ids=" ".join)
def test_help_of_a_command_is_its_help(words: tuple[str, ...]) -> None:
    asked = run("help", *words)
    assert (asked.code, asked.err) == (DONE, "")
    for option in ("--help", "-h"):
        assert run(*words, option).out == asked.out
    assert run("help", *words, "--json").printed == {"help": asked.out.removesuffix("\n")}


def test_help_of_what_is_none_offers_the_nearest() -> None:
    assert run("help", "wach", "--json").error["fix"] == "Did you mean watch?"
    assert run("help", "case", "opne", "--json").error["where"] == "nisisama case"
    assert run("help", "case", "open", "more", "--json").error["code"] == "usage.unknown_command"


def test_the_version_is_told() -> None:
    assert run("--version").out == "nisisama 0.1.0\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion(shell: str) -> None:
    code = "import sys; from api.cli.main import main; sys.argv[0] = 'nisisama'; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"_NISISAMA_COMPLETE": f"{shell}_source", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
        cwd=ROOT,
    )
    assert (done.returncode, done.stderr) == (DONE, b"")
    assert b"_NISISAMA_COMPLETE" in done.stdout
