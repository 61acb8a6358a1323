"""The text on a stick says what to open first, and that only paper confirms the page."""

import pytest

from casefiles.bundle.stick import stick_readme
from casefiles.report.lines import WIDTH
from casefiles.verifier.html.page import FILE_NAME, page_sha256
from config.errors import CatalogueError


def test_it_names_each_file_and_the_digest_of_the_page() -> None:
    text = stick_readme("en", bundle="case-1.asice", letter="case-1.asice.letter.txt", report="report.en.txt")
    for name in (FILE_NAME, "case-1.asice", "case-1.asice.letter.txt", "report.en.txt"):
        assert name in text
    assert page_sha256() in "".join(text.split())
    assert "letter on paper" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= WIDTH


def test_a_language_without_words_is_refused() -> None:
    with pytest.raises(CatalogueError):
        stick_readme("xx", bundle="", letter="", report="")
