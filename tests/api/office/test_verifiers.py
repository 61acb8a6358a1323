"""What is handed out is whole, the same again, and never in the place of somebody's file."""

import hashlib
from pathlib import Path

import pytest

from api.office.verifiers import write_stick, write_verifiers
from casefiles.bundle.destination import Destination
from casefiles.bundle.stick import STICK_README
from casefiles.verifier.html.page import FILE_NAME, page_sha256
from casefiles.verifier.packed import PROGRAM_NAME, program_sha256
from evidence.errors import HomeError
from tests.casefiles import forge
from tests.nonempty import nonempty


def test_both_verifiers_are_written_with_the_digests_that_letters_print(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "stick"
    page, program = write_verifiers(folder)
    assert (page.file, program.file) == (folder / FILE_NAME, folder / PROGRAM_NAME)
    assert (page.sha256, program.sha256) == (page_sha256(), program_sha256())
    for each in nonempty((page, program)):
        assert hashlib.sha256(each.file.read_bytes()).hexdigest() == each.sha256
    assert write_verifiers(folder) == (page, program)


def test_another_file_of_the_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("mine")
    with pytest.raises(HomeError) as refused:
        write_verifiers(tmp_path)
    assert refused.value.code == "home.out_taken"
    assert (tmp_path / FILE_NAME).read_text() == "mine"


def test_a_stick_has_the_page_the_report_of_the_bundle_and_what_to_open_first(tmp_path: Path) -> None:
    destination = Destination(tmp_path / "case-7")
    destination.bundle.write_bytes(forge.good_bundle())
    files = {each.file.name: each.file.read_bytes() for each in write_stick(tmp_path, destination, "en")}
    assert files.keys() == {STICK_README, FILE_NAME, "report.en.txt"}
    assert files["report.en.txt"] == forge.good_members()["data/report.en.txt"]
    assert b"case-7.asice.letter.txt" in files[STICK_README]


def test_a_stick_has_the_report_as_pages_where_the_bundle_has_it_and_says_to_read_those(tmp_path: Path) -> None:
    destination = Destination(tmp_path / "case-7")
    destination.bundle.write_bytes(forge.paged_bundle())
    files = {each.file.name: each.file.read_bytes() for each in write_stick(tmp_path, destination, "en")}
    assert files["report.en.pdf"] == forge.members_of(forge.paged_bundle())["data/report.en.pdf"]
    assert "report.en.txt" in files
    assert b"report.en.pdf" in files[STICK_README]
