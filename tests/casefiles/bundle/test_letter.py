import re
from dataclasses import replace

import pytest

from casefiles.bundle.letter import Letter, make_letter, render_letter
from casefiles.format import layout
from casefiles.report.lines import WIDTH
from config.words import languages, load_words
from evidence.stamp.certificate import fingerprint
from tests.casefiles import forge
from tests.contracts.tree import ROOT

A4_LINES = 66


def letter_of(**changes: object) -> Letter:
    contents = forge.small_contents()
    made = make_letter(contents, facts=forge.build(contents)[1])
    return replace(made, **changes)  # type: ignore[arg-type]  # any field of the letter


def test_the_letter_has_digest_fingerprints_steps_and_room_to_sign() -> None:
    contents = forge.small_contents()
    _, facts = forge.build(contents)
    letter = render_letter(load_words("en"), make_letter(contents, facts=facts))
    joined = letter.replace("\n", " ").replace(" ", "")
    for digest in (facts.sha256, facts.seal_fingerprint, *map(fingerprint, forge.roots())):
        assert digest in joined
    assert "REHEARSAL, NOT FOR COURT" in letter
    assert contents.log_key in letter
    signed, steps = letter.split("\f")
    for line in ("Postal address:", "Telephone, e-mail:", "Name, role and signature:"):
        assert re.search(rf"^{line} +_+$", signed, re.MULTILINE)
    assert all(page.count("\n") < A4_LINES for page in (signed, steps))
    # as typed beside the roots, with one --trust for each root of the letter
    assert "bash verify.sh --trust ../ROOT1.pem --trust ../ROOT2.pem" in steps
    assert "name the copy .zip" in " ".join(steps.split())
    texts = [forge.text_of("data/report.en.txt"), forge.text_of(layout.HOW_TO_VERIFY), steps]
    assert all("python -m casefiles.verifier FILE" in text for text in texts)


@pytest.mark.every(4)
@pytest.mark.parametrize("language", languages())
def test_the_letter_has_two_pages_in_each_language_and_says_whether_its_words_are_a_draft(language: str) -> None:
    words, letter = load_words(language), letter_of()
    text = render_letter(words, letter)
    signed, steps = text.split("\f")
    assert all(page.count("\n") < A4_LINES for page in (signed, steps))
    assert [line for line in text.splitlines() if len(line) > WIDTH and line != f"    {letter.log_key}"] == []
    draft = words.say("draft") in " ".join(text.split())
    assert draft is words.draft is (language != "en")
    assert len(re.findall("^.{0,32}_+$", signed, re.MULTILINE)) == 5


def test_letter_report_and_verify_txt_ask_for_the_same_programs() -> None:
    contents = forge.small_contents()
    letter = render_letter(load_words("en"), make_letter(contents, facts=forge.build(contents)[1]))
    texts = [letter, forge.text_of("data/report.en.txt"), forge.text_of(layout.HOW_TO_VERIFY)]
    texts.append((ROOT / "README.md").read_text(encoding="utf-8"))
    programs = re.compile(r"bash, coreutils, grep,( sed,)? unzip and OpenSSL 3")  # the steps by hand need sed too
    assert all(programs.search(" ".join(text.split())) for text in texts)


def test_only_a_rehearsal_says_so() -> None:
    words = load_words("en")
    assert "REHEARSAL" in "".join(render_letter(words, letter_of()).splitlines()[:3])
    assert "REHEARSAL" not in render_letter(words, letter_of(rehearsal=False))


def test_a_letter_of_many_roots_fits_its_page_and_types_each() -> None:
    letter = letter_of(roots=tuple((f"Root of office {number}", "ab" * 32) for number in range(1, 6)))
    text = render_letter(load_words("en"), letter)
    assert [line for line in text.splitlines() if len(line) > WIDTH and line != f"    {letter.log_key}"] == []
    for number in range(1, 6):
        assert text.count(f"--trust ../ROOT{number}.pem") == text.count(f"--trust ROOT{number}.pem") == 1


def test_a_name_in_the_letter_cannot_rearrange_it() -> None:
    text = render_letter(
        load_words("en"), letter_of(organisation="Office \u202e evil", roots=(("a\x1b[2J", "ab" * 32),))
    )
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert r"Office \u202e evil" in text
