"""Nobody becomes two persons by typing, and people with different names stay two."""

import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import AuthorityError
from evidence.names import MOST_BYTES, is_one_person, require_name, require_others
from tests.contracts.tree import ROOT
from tests.vectors.names.generate import table

DATA = (ROOT / "config" / "data" / "confusables.txt").read_text("ascii")
PEOPLE = (
    "ann", "Mirjana", "lawyer-2", "O'Brien", "Šemsa", "Đorđe", "Zoë", "Çela", "Nikolić Jr.", "Ágnes",
    "Марија", "Љубица", "Ђорђе", "Ѓорѓи", "Ќире", "Наташа", "Νίκος", "Ελένη", "Дрита", "bo", "Ava", "Ana",
)  # fmt: skip
SMALL = "abcdefghjkmnopqrstuvwxyz"
"""Latin letters of which no two look alike in any case: i and l do."""


def pairs() -> dict[str, str]:
    lines = [line.split(";") for line in DATA.splitlines() if ";" in line and not line.startswith("#")]
    return {chr(int(one, 16)): "".join(chr(int(each, 16)) for each in other.split()) for one, other in lines}


def unseen() -> Iterator[str]:
    for first, last in re.findall(r"^([0-9A-F]+)\.\.([0-9A-F]+)$", DATA, re.MULTILINE):
        yield from map(chr, range(int(first, 16), int(last, 16) + 1))


@cache
def look_alikes() -> dict[str, set[str]]:
    """A letter -> every character of Unicode that looks like it, by the table or by compatibility."""
    shape, found = pairs(), dict[str, set[str]]()
    shapes, groups = set(shape.values()), dict[str, set[str]]()
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        plain = unicodedata.normalize("NFKC", character)
        seen = shape.get(plain, plain)
        if character != seen or character in shapes:
            groups.setdefault(seen, {seen}).add(character)
    for group in groups.values():
        for character in group:
            found[character] = group - {character}
    return found


def are_two(one: str, other: str) -> bool:
    """Whether the pair is taken for two persons; a name that is refused is nobody's."""
    try:
        require_others(one, other)
    except AuthorityError:
        return False
    return True


@pytest.mark.parametrize("name", ["ann", "Mirjana", "lawyer-2", "Đorđe", "Љубица", "Нина", "Νίκος"])
def test_no_look_alike_of_a_letter_makes_a_second_person(name: str) -> None:
    tried, two = 0, []
    for cased in {name, name.upper()}:
        for place, letter in enumerate(cased):
            for other in sorted(look_alikes().get(letter, ())):
                spelled = cased[:place] + other + cased[place + 1 :]
                tried += 1
                two += [(name, spelled)] if are_two(name, spelled) else []
    assert two == []
    assert tried > 2 * len(name)


@pytest.mark.parametrize("name", ["ann", "Марија"])
def test_nothing_that_a_reader_does_not_see_makes_a_second_person(name: str) -> None:
    hidden = {*unseen(), *map(chr, (*range(32), *range(127, 160), 0x2800, 0x1D159, 0xFFFC, 0xFFFD, 0xE000, 0xD800))}
    assert {"\u200d", "\ufe0f", "\u3164", "\u034f", "\u115f", "\u17b4", "\u202e", "\U000e0061", "\x1b"} <= hidden
    for character in hidden:
        for spelled in (name + character, character + name, name[:1] + character + name[1:]):
            with pytest.raises(AuthorityError):
                require_name(spelled)


@pytest.mark.parametrize("name", PEOPLE)
def test_neither_case_nor_width_nor_accents_nor_punctuation_make_a_second_person(name: str) -> None:
    wide = "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in name)
    spelled = [name.upper(), name.lower(), name.title(), wide, f" {name} ", f"{name}.", f"-{name}-", f"«{name}»"]
    spelled += [unicodedata.normalize(form, name) for form in ("NFC", "NFD")]
    spelled += [" ".join(name), f"{name}\u0301", re.sub(r"(\w)", "\\1\u0323", name)]
    assert [each for each in spelled if are_two(name, each)] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße", "STRASSE"),
        ("\u0391nn", "ann"),
        ("\u039d\u03c5n", "nun"),
        ("НИНА", "нина"),
        ("HИHA", "нина"),
        ("Ivan", "|van"),
        ("anna", "arma".replace("rm", "nn")),
        ("Mila", "rnila"),
        ("Saša", "sasa"),
        ("Ali", "All"),
        ("anno", "ann0"),
        ("\u4e3f", "\u4e3f."),
    ],
)
def test_names_that_a_reader_may_confuse_are_one_person(one: str, other: str) -> None:
    assert not are_two(one, other)
    assert not are_two(other, one)


def test_people_with_different_names_are_two() -> None:
    same = [(one, other) for one, other in combinations(PEOPLE, 2) if not are_two(one, other)]
    assert same == []


@given(st.text(SMALL, min_size=1, max_size=8), st.text(SMALL, min_size=1, max_size=8))
def test_names_of_letters_that_differ_visibly_are_two(one: str, other: str) -> None:
    drawn = [name.replace("rn", "m").replace("vv", "w") for name in (one, other)]
    assert are_two(one, other) == are_two(other, one) == (drawn[0].replace("m", "rn") != drawn[1].replace("m", "rn"))


@given(st.text(min_size=1, max_size=12))
def test_any_text_is_a_name_or_is_refused_with_words(text: str) -> None:
    try:
        name = require_name(text)
    except AuthorityError:
        return
    assert name == require_name(name)
    assert not are_two(name, name)


@pytest.mark.parametrize("name", PEOPLE)
def test_a_legitimate_name_is_kept_as_it_is_typed(name: str) -> None:
    assert require_name(f"  {name} ") == name


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (" ", "authority.name_blank"),
        ("...", "authority.name_blank"),
        ("\u0301nn", "authority.name_accent_alone"),
        ("ann \u0301", "authority.name_accent_alone"),
        ("a\u0301\u0301nn", "authority.name_accents_heaped"),
        ("a" + "".join(map(chr, range(0x316, 0x31C))) + "nn", "authority.name_accents_heaped"),
        ("ann\u00a0b", "authority.name_not_seen"),
        ("ann\n", "authority.name_not_seen"),
        ("é" * (MOST_BYTES // 2 + 1), "authority.name_too_long"),
    ],
)
def test_what_is_no_name_is_refused_and_said_without_the_name(text: str, code: str) -> None:
    with pytest.raises(AuthorityError) as raised:
        require_name(text)
    assert raised.value.code == code
    assert "nn" not in str(raised.value.facts)
    assert require_name("é" * (MOST_BYTES // 2))


def test_the_table_says_what_it_was_made_of_and_needs_one_step() -> None:
    head = [line for line in DATA.splitlines() if line.startswith("#")]
    assert "version 18.0.0, sha256 6ed3ee967c9dfdf6" in head[1]
    assert "Unicode-3.0" in head[3]
    shape = pairs()
    assert len(shape) > 6000
    assert {other for other in shape.values() if any(each in shape for each in other)} == set()


def test_the_generator_reads_files_of_unicode_and_no_others(tmp_path: Path) -> None:
    confusables = b"# Version: 1.0\n0430 ;\t0061 ;\tMA\t# x\n0021 ;\t01C3 0020 ;\tMA\t#* x\n"
    properties = b"# DerivedCoreProperties-1.0.txt\n00AD ; Default_Ignorable_Code_Point # Cf\n"
    lines = "".join(table(confusables, properties)).splitlines()
    assert lines[-3:] == ["00AD..00AD", "0021;01C3 0020", "0430;0061"]
    with pytest.raises(SystemExit, match="not the files"):
        list(table(b"", properties))


@pytest.mark.parametrize(
    ("one", "other", "same"), [("Saša", "sasa ", True), ("All", "Ali", True), ("Ann", "Bo", False)]
)
def test_one_person_is_who_a_reader_may_take_for_the_other(one: str, other: str, *, same: bool) -> None:
    assert is_one_person(one, other) is same
    with pytest.raises(AuthorityError):
        is_one_person(one, " ")
