import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefiles.report.lines import (
    LABEL,
    WIDTH,
    barred,
    grouped,
    heading,
    joined,
    labelled,
    paragraph,
    pieces,
    row,
    spelled,
    title,
)

TEXTS = st.text(st.sampled_from("ab |>\u00e9\u202e\n\\") | st.characters(codec="utf-8"), max_size=400)
VISIBLE_FORMATS = {chr(code) for code in (*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD)}
JOINERS = {"\u200c", "\u200d"}
DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def test_no_character_that_moves_or_hides_is_left_on_a_page() -> None:
    for code in range(0x110000):
        character = chr(code)
        kind = unicodedata.category(character)
        moves = kind in {"Cc", "Cf", "Zl", "Zp", "Cs", "Co"} or unicodedata.bidirectional(character) in DIRECTIONS
        blank = kind == "Zs" and character != " "
        if (moves or blank) and character not in VISIBLE_FORMATS | JOINERS:
            assert spelled(character)[0] == "\\", hex(code)
            assert unspelled(spelled(character)) == character


def unspelled(text: str) -> str:
    """The text that was spelled: an odd number of backslashes ends in one of ours."""

    def read(found: re.Match[str]) -> str:
        slashes, number = found[1], found[2]
        half = slashes[: len(slashes) // 2]
        return half + (chr(int(number[1:], 16)) if len(slashes) % 2 else number)

    return re.sub(r"(\\+)(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})", read, text)


@pytest.mark.parametrize("repeated", ["\\", "\\x", " ", "\n", "a", "\u202e", "\\\u202e", "a ", "| "])
def test_a_text_of_one_thing_again_and_again_is_shown_in_one_pass(repeated: str) -> None:
    """A search that begins anew at each of a million backslashes would not come back."""
    text = repeated * (1_000_000 // len(repeated))
    assert len(spelled(text)) >= len(text)
    assert sum(1 for _line in barred(text)) > 1_000


@given(st.text(st.sampled_from("\\xuU0123aefnrt\n\r\t\u202e\x07\U000e0001 o/")))
def test_no_text_is_spelled_like_another(text: str) -> None:
    assert unspelled(spelled(text)) == text


def test_a_backslash_that_spells_nothing_stays() -> None:
    assert spelled(r"\o/ C:\new") == r"\o/ C:\new"
    assert spelled(r"\u202e") == r"\\u202e"


@pytest.mark.parametrize("blank", ["\u3164", "\u115f", "\u1160", "\uffa0", "\u2800", "\u034f"])
def test_a_name_of_blanks_alone_is_spelled_out(blank: str) -> None:
    assert spelled(blank) == ascii(blank)[1:-1]


def test_what_can_be_read_stays() -> None:
    text = "Kanali i Provës · проба שלום مرحبا \U0001f469\u200d\U0001f4bb\ufe0f 漢字 e\u0301"
    assert spelled(text) == text


@given(TEXTS)
def test_a_text_is_shown_with_each_space_and_with_its_own_lines_told_from_ours(text: str) -> None:
    lines = list(barred(text))
    assert max(map(len, lines)) <= WIDTH
    posted = "".join(f"\n{line[6:]}" if line[4] == "|" else line[6:] for line in lines)[1:]
    assert posted.split("\n") == [spelled(line) for line in text.split("\n")]


@given(st.text("abc ", min_size=1, max_size=40), TEXTS)
def test_a_value_is_whole_in_its_column(label: str, value: str) -> None:
    lines = row(label, spelled(value), indent="  ")
    assert max(map(len, lines)) <= WIDTH
    first = lines[0][LABEL + 1 :] if len(label) + 3 <= LABEL else ""
    assert first + "".join(line[LABEL + 1 :] for line in lines[1:]) == spelled(value)
    assert all(line[: LABEL + 1].isspace() for line in lines[1:])


@given(TEXTS.map(lambda text: text.replace("\n", "")), st.integers(min_value=1, max_value=20))
def test_pieces_in_order_are_the_line_again(line: str, width: int) -> None:
    found = pieces(spelled(line), width)
    assert "".join(found) == spelled(line)
    assert max(map(len, found)) <= width


def test_a_long_line_goes_on_at_a_word_under_a_mark_of_its_own() -> None:
    words, unbroken = "word  " * 14, "x" * 90
    assert list(barred(f"{words}\n\n{unbroken}")) == [
        "    | " + "word  " * 12,
        "    > " + "word  " * 2,
        "    | ",
        "    | " + "x" * 72,
        "    > " + "x" * 18,
    ]


def test_a_paragraph_breaks_at_words_and_keeps_a_digest_whole() -> None:
    digest = "ab" * 32
    lines = paragraph(f"{'word ' * 14}{digest}", indent="1. ").splitlines()
    assert lines == [f"1. {'word ' * 14}".rstrip(), f"   {digest}"]


def test_words_of_ours_break_at_spaces_and_leave_none_at_the_end_of_a_line() -> None:
    lines = labelled("withheld", "one, " * 30, indent="  ")
    assert len(lines) > 1
    assert [line for line in lines if len(line) > WIDTH or line.endswith(" ")] == []
    assert all(line[: LABEL + 1].isspace() for line in lines[1:])


def test_a_digest_is_shown_in_groups_of_four() -> None:
    assert grouped("0123456789abcdef" * 4) == ["    " + " ".join(["0123", "4567", "89ab", "cdef"] * 2)] * 2


def test_titles_and_headings_are_underlined() -> None:
    assert joined([*title("Ab"), *heading("Abc")]) == "Ab\n==\n\n\nAbc\n---\n"
