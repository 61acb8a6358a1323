"""README.txt names every folder of a bundle; VERIFY.txt gives each check as a command to type as it stands."""

import re
import shlex

import pytest

from casefiles.format import layout
from casefiles.report.beside import how_to_verify, readme
from casefiles.report.lines import WIDTH
from config.words import load_words

WORDS = load_words("en")
CASE = {"language": "en", "pages": None, "rehearsal": "no"}
REHEARSAL = CASE | {"rehearsal": "yes"}
NOT_MADE = ("log.leaves: every leaf is one of the log", "x" * 30 + " " + "word " * 30)
VERIFY = how_to_verify(WORDS, CASE, not_made=NOT_MADE)
README = readme(WORDS, CASE)


def commands() -> list[str]:
    """Each indented command, its lines joined."""
    blocks = re.findall(r"(?:^    \S.*\n(?:^      .*\n)*)", VERIFY, re.MULTILINE)
    return [re.sub(r" *\\\n *", " ", block).strip() for block in blocks]


def test_the_readme_names_every_folder_of_a_bundle() -> None:
    folders = {"/".join(member.name.split("/")[:-1]) for member in layout.MEMBERS} - {"", "data"}
    assert folders > {"META-INF", "data/log"}
    assert {folder for folder in folders if f"{folder}:" not in README} == set()


def test_only_a_rehearsal_says_so_on_top() -> None:
    notice = "REHEARSAL, NOT FOR COURT"
    for text in (readme(WORDS, REHEARSAL), how_to_verify(WORDS, REHEARSAL, not_made=NOT_MADE)):
        assert notice in "".join(text.splitlines()[:3])
    assert notice not in README + VERIFY


def test_a_language_is_that_of_the_report_that_is_named() -> None:
    assert "data/report.en.txt" in README
    assert "data/report.sq.txt" in readme(WORDS, CASE | {"language": "sq"})


def test_the_pages_are_named_only_where_they_lie() -> None:
    assert "data/report.en.pdf" not in README
    assert "data/report.en.pdf: the same report as pages" in readme(WORDS, CASE | {"pages": "typst"})


def test_each_command_is_whole_and_of_a_program_that_is_named() -> None:
    found = commands()
    assert len(found) > len({"openssl", "sha256sum", "bash"})
    for command in found:
        assert shlex.split(command)
        known = r"(openssl|sha256sum|bash|sed|done|python -m casefiles\.verifier|[NT]=\$\(\w+) ?"
        assert re.match(known, command), command


def test_each_file_that_a_command_names_is_one_of_a_bundle_or_outside_of_it() -> None:
    names = {
        word
        for command in commands()
        for word in re.findall(r"(?:META-INF|data)/[\w./]+|\b[\w-]+\.(?:sh|txt)\b", command)
    }
    assert names >= {"META-INF/signature001.p7s", "data/log/checkpoint", "verify.sh", "manifest-sha256.txt"}
    assert {name for name in names if not any(re.fullmatch(member.name, name) for member in layout.MEMBERS)} == set()


@pytest.mark.parametrize("line", NOT_MADE)
def test_each_check_that_is_not_made_is_told_and_fits_the_page(line: str) -> None:
    assert f"- {line.split(maxsplit=1)[0]}" in VERIFY
    assert " ".join(line.split()) in " ".join(VERIFY.split())
    assert line.split(maxsplit=1)[0] not in how_to_verify(WORDS, CASE, not_made=())
    assert all(len(each) <= WIDTH for each in VERIFY.splitlines())
