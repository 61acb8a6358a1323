"""A file that a message names is a path, or the exporter's words for why there is none."""

import pytest

from evidence.observation import HoleReason
from monitor.desktop.files import NamedFile, reason_of

WORDS = {
    "(File not included. Change data exporting settings to download.)": HoleReason.NOT_INCLUDED,
    "(Photo not included. Change data exporting settings to download.)": HoleReason.NOT_INCLUDED,
    "(File exceeds maximum size. Change data exporting settings to download.)": HoleReason.TOO_LARGE,
    "(File unavailable, please try again later)": HoleReason.UNAVAILABLE,
    "(Anything that a version of tomorrow says)": HoleReason.UNKNOWN_REASON,
    "(": HoleReason.UNKNOWN_REASON,
}


@pytest.mark.parametrize(("words", "reason"), WORDS.items())
def test_words_in_the_place_of_a_path_say_why(words: str, reason: HoleReason) -> None:
    assert reason_of(words) is reason
    assert NamedFile(words).withheld is reason


@pytest.mark.parametrize("path", ["photos/a.jpg", "files/(File not included. x)", "chats/chat_01/(1).pdf", " (x)", ""])
def test_a_path_is_withheld_by_no_words(path: str) -> None:
    assert reason_of(path) is None
    assert NamedFile(path).withheld is None


def test_a_key_of_the_exporters_own_counts_before_the_words() -> None:
    words = "(File not included. x)"
    assert NamedFile(words, skipped=HoleReason.TOO_LARGE).withheld is HoleReason.TOO_LARGE
    assert NamedFile("files/a", skipped=HoleReason.TOO_LARGE).withheld is HoleReason.TOO_LARGE


def test_what_is_missing_is_told_by_the_senders_name_where_there_is_one() -> None:
    assert NamedFile("(File unavailable)", shown="list.pdf").said == "list.pdf: (File unavailable)"
    assert NamedFile("(File unavailable)").said == "(File unavailable)"
