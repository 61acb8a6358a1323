"""Every error and every verdict ends the program with a code that scripts can tell apart."""

import errno
import importlib
import os
import pkgutil
import re
from collections.abc import Iterator

import pytest

import casefiles
import config
import evidence
import monitor
from api.cli.main import main
from api.errors import (
    DONE,
    EXIT_CODES,
    OPTION,
    REFUSED,
    UNDECIDED,
    USAGE,
    VERDICT_CODES,
    exit_code,
    of_system,
    problem_of,
)
from casefiles.verifier.report import EXIT_CODES as VERIFIER_CODES
from config.errors import CallError, Explained, SettingsError, UsageError, catalogue
from evidence.errors import AuthorityError, LeafError, NobodyNamedError
from evidence.finding import Verdict
from tests.nonempty import nonempty

for package in (casefiles, config, evidence, monitor):
    importlib.import_module(f"{package.__name__}.errors")
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if not found.ispkg:
            importlib.import_module(found.name)


def below(kind: type[Explained]) -> Iterator[type[Explained]]:
    for each in kind.__subclasses__():
        yield each
        yield from below(each)


KINDS = sorted(set(below(Explained)), key=lambda kind: kind.__qualname__)


def answered(code: str, *, said_by: type[Explained] = AuthorityError) -> str:
    """What a caller of the API reads of an error, whatever its facts."""
    names = set(re.findall(r"\{(\w+)", " ".join(catalogue("en")[code].values())))
    told = problem_of(said_by(code, **dict.fromkeys(names, "1")))
    return f"{told['title']} {told['detail']}"


OF_NO_ROUTE = ("envelope.", "home.", "note.", "settings.", "trust.", "usage.")
"""Beginnings of codes whose own words, beside the remedy, speak of the command line: no route answers with them."""


def test_no_answer_of_the_api_names_an_option_of_the_command_line() -> None:
    codes = [code for code in catalogue("en") if not code.startswith(OF_NO_ROUTE)]
    assert [code for code in nonempty(codes) if OPTION.search(answered(code))] == []
    assert [
        code for code in codes if code.startswith("call.") and OPTION.search(answered(code, said_by=CallError))
    ] == []
    assert OPTION.search(str(AuthorityError("authority.needs_two_persons")))  # the control: on the command line it does
    assert "/api/v1/requests" in answered("authority.needs_two_persons")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_has_an_exit_code(kind: type[Explained]) -> None:
    codes = {USAGE} if issubclass(kind, (NobodyNamedError, UsageError)) else {REFUSED, UNDECIDED}
    assert exit_code(kind("a message")) in codes


def test_errors_of_all_four_packages_are_looked_at() -> None:
    assert {kind.__module__.partition(".")[0] for kind in KINDS} >= {"casefiles", "config", "evidence", "monitor"}
    assert len(KINDS) > 50


def test_an_error_takes_the_code_of_its_nearest_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.errors.EXIT_CODES", dict(EXIT_CODES) | {LeafError: UNDECIDED})
    assert exit_code(LeafError("x")) == UNDECIDED
    assert exit_code(SettingsError("x")) == REFUSED


def test_an_error_of_no_tree_has_no_code() -> None:
    with pytest.raises(StopIteration):
        exit_code(Explained("nobody's"))


def test_verdicts_end_alike_with_and_without_a_home() -> None:
    verdicts = {Verdict.PASSED: 0, Verdict.FAILED: 1, Verdict.INDETERMINATE: 3}
    assert dict(VERDICT_CODES) == dict(VERIFIER_CODES) == verdicts
    assert verdicts.keys() == set(Verdict)
    assert main(["--nonsense"]) == 2


def test_the_codes_are_the_numbers_that_scripts_rely_on() -> None:
    assert (DONE, REFUSED, USAGE, UNDECIDED) == (0, 1, 2, 3)


@pytest.mark.parametrize(
    ("number", "fix"),
    [
        (errno.EACCES, "account that owns"),
        (errno.EROFS, "can be written to"),
        (errno.EEXIST, "another place"),
        (errno.ENOSPC, "Make room"),
        (errno.EIO, "Look at the disk"),
    ],
)
def test_an_error_of_the_system_says_where_and_what_to_do(number: int, fix: str) -> None:
    error = of_system(OSError(number, os.strerror(number), "some/file"))
    assert (error.found, error.where) == (f'"{os.strerror(number)}"', "some/file")
    assert fix in error.fix
    assert "Errno" not in str(error)


def test_an_error_of_the_system_without_a_number_is_told_too() -> None:
    assert str(of_system(OSError("gone"))).startswith('the system refused (found "gone"). Look')
