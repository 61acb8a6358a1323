"""The result of a command: one JSON object in ASCII, or words that cannot act on a terminal."""

import pytest

from api.cli.output import emit, say


def test_a_result_is_one_json_object_of_ascii_or_words(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"name": "\u017d"}, as_json=True, text="unsaid")
    assert capsys.readouterr().out == '{"name": "\\u017d"}\n'
    emit({"name": "unsaid"}, as_json=False, text="\u017d")
    assert capsys.readouterr().out == "\u017d\n"


def test_words_cannot_act_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say("one\n\x1b[2Jtwo")
    first, second = capsys.readouterr().out.splitlines()
    assert first == "one"
    assert "\x1b" not in second
    assert second.endswith("two")
