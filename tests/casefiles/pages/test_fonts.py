"""Every letter of eight languages has a glyph; what has none is shown as its number, and counted."""

import struct

import pytest

from casefiles.pages.fonts import FACES, MAX_CHARACTERS, MAX_LINES, MONO, Tamer, coverage, font_bytes, read_coverage
from config.words import languages, load_words
from tests.nonempty import nonempty

LETTERS = "ѓќђћѐѝљњџЃЌЂЋ ëçčžšđćľ ËÇČŽŠĐĆ „“”…·"


def test_every_letter_of_our_languages_has_a_glyph_in_every_face() -> None:
    said = {
        letter
        for language in languages()
        for text in load_words(language).texts.values()
        for one in ([text] if isinstance(text, str) else text.values())
        for letter in one
    }
    assert {letter for letter in said | set(LETTERS) if ord(letter) not in coverage()} <= {"\n"}


@pytest.mark.parametrize("face", [*FACES, MONO])
def test_the_coverage_of_a_face_is_that_of_letters_and_digits_but_not_of_emoji(face: str) -> None:
    covered = read_coverage(font_bytes(face))
    assert set(map(ord, "azAZ09ѓћ")) <= covered
    assert not {0x1F40D, 0x0645, 0x4E2D, 0xFFFF} & covered


def test_a_font_without_a_character_map_is_refused() -> None:
    # one table, with a map of another format alone
    font = struct.pack(">IHHHH4sIII", 1, 1, 0, 0, 0, b"cmap", 0, 28, 16) + struct.pack(">HHHHIH", 0, 1, 3, 1, 12, 6)
    with pytest.raises(ValueError, match="character map"):
        read_coverage(font)


def test_the_licence_lies_beside_the_fonts() -> None:
    assert b"SIL OPEN FONT LICENSE Version 1.1" in font_bytes("OFL.txt")


@pytest.mark.parametrize(
    ("posted", "shown", "replaced", "cut"),
    [
        ("Ѓорѓи Ќ, Ђ и ћ; Çelik ë, Žan č", "Ѓорѓи Ќ, Ђ и ћ; Çelik ë, Žan č", 0, 0),
        ("a\U0001f40db", "a[U+1F40D]b", 1, 0),
        ("مر", "[U+0645 U+0631]", 2, 0),
        ("x\u202eevil\u202c", "x[U+202E]evil[U+202C]", 2, 0),
        ("\x00\x07\t", "[U+0000 U+0007 U+0009]", 3, 0),
        ("e\u0301", "é", 0, 0),
        ("z" + "\u0301" * 9, "ź\u0301\u0301\u0301…", 0, 5),
        ("\u200b\ufeff", "[U+200B U+FEFF]", 2, 0),
    ],
)
def test_what_would_move_a_line_or_has_no_glyph_is_spelled_out(
    posted: str, shown: str, replaced: int, cut: int
) -> None:
    tamer = Tamer()
    assert tamer.line(posted) == shown
    assert (tamer.replaced, tamer.cut, tamer.shortened) == (replaced, cut, 0)
    assert {ord(letter) for letter in shown} <= coverage()


def test_what_is_shown_twice_is_counted_twice() -> None:
    tamer = Tamer()
    for text in nonempty(["\u202e", "\u202e", "plain", "plain"]):
        tamer.line(text)
    assert tamer.replaced == 2


def test_a_text_that_would_fill_a_book_is_shortened_and_counted_once() -> None:
    tamer = Tamer()
    lines = tamer.lines("\n".join(f"line {number}" for number in range(100_000))).split("\n")
    assert len(lines) == MAX_LINES
    assert lines[-1].endswith("…")
    assert tamer.shortened == 1
    assert len(tamer.lines("word " * 200_000)) == MAX_CHARACTERS + 2
    assert tamer.shortened == 2


def test_a_sentence_of_ours_may_be_longer_than_a_text_of_others() -> None:
    listed = ", ".join(map(str, range(1, 5_000, 2)))
    assert Tamer(longest=20_000).line(listed) == listed
    assert Tamer().line(listed).endswith("…")


def test_a_run_without_a_space_can_be_broken() -> None:
    shown = Tamer().line("x" * 300)
    assert max(map(len, shown.split("\u200b"))) < 40
    assert shown.replace("\u200b", "") == "x" * 300
