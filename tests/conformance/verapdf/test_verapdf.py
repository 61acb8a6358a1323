"""veraPDF, poppler and ZBar on reports, letters and sheets in every language, with texts that were made to break them.

Maven fetches veraPDF, once for a machine. ``Check.java`` asks it, offline. A machine without Java, Maven, poppler or
ZBar fails these tests.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from casefiles.bundle.letter import Letter
from casefiles.pages.blocks import Document, FrontPage, Rows, encode_document
from casefiles.pages.made import make_pages, typeset
from casefiles.paper.letter import letter_pages
from casefiles.paper.sheet import sheet_pages
from casefiles.sheet.data import PlatformSheet, SheetKind
from config.words import languages, load_words
from tests.casefiles.pages.reporting import MADE_AT, report_of
from tests.casefiles.pages.test_made import HOSTILE
from tests.casefiles.paper.test_letter import letter
from tests.casefiles.sheet.test_text import full
from tests.conformance.verapdf.page import PAGE, STANDARDS, page
from tests.nonempty import nonempty

pytestmark = pytest.mark.outside

HERE = Path(__file__).parent
JAVA = ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""It ends before more compiling would pay: less than half the processor time for one document."""
VERSION = "1.30.2"
LETTERS = "ѓ ќ ђ ћ љ њ џ ѐ ѝ ë ç č ž š đ Ѓ Ќ Ђ Ћ Ë Ç Č Ž"
IN_FULL = ("en",)
"""The language in which the texts that break pages stand whole; in the others, their beginnings."""
GAP = {"channel_id": "1234567890", "lo": "1002", "hi": "1004", "hole": "gap"}


@pytest.fixture(scope="session")
def class_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the jars of veraPDF lie; each is the one whose digest is listed."""
    for program, package in (("java", "default-jdk-headless"), ("mvn", "maven")):
        assert shutil.which(program), f"{program} is missing: apt-get install {package}"
    listed = tmp_path_factory.mktemp("maven") / "jars"
    with (HERE.parent / "dss" / "pom.xml").open("rb") as shared:
        fcntl.flock(shared, fcntl.LOCK_EX)  # Maven's folder has one writer, also among other validators
        run("mvn", "--quiet", "--batch-mode", "dependency:build-classpath", f"-Dmdep.outputFile={listed}", timeout=600)
    jars = [Path(jar) for jar in listed.read_text(encoding="utf-8").strip().split(os.pathsep)]
    wanted = {
        Path(name).name: digest for digest, name in map(str.split, (HERE / "jars.sha256").read_text().splitlines())
    }
    assert {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars} == wanted
    return os.pathsep.join(map(str, jars))


def run(*command: str, timeout: float = 300) -> str:
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def verapdf(class_path: str, *files: Path) -> dict[tuple[str, str, str], str]:
    """What veraPDF says of each file, by the two first parts of its name and the standard."""
    standards = [f"--as={standard}" for standard in STANDARDS]
    lines = run(*JAVA, "-cp", class_path, "Check.java", *standards, *map(str, files)).splitlines()
    told = [line.split(" ", 2) for line in lines]
    return {(*_named(file), standard): verdict.strip() for file, standard, verdict in told}


def _named(file: str) -> tuple[str, str]:
    document, language, _ = Path(file).name.split(".")
    return document, language


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    """What every run asks about: a language in each script."""
    return write_in(("mk", "sq"), tmp_path_factory.mktemp("pages"))


def write_in(chosen: Sequence[str], folder: Path) -> dict[tuple[str, str], Path]:
    """One report, its letter and the sheets, by document and language."""
    first = {"text": LETTERS, "sender_name": LETTERS, "message_id": "7"}
    around = [{**first, "kind": "edit", "text": f"{LETTERS} =1+1"}, {"message_id": "8", "reply_to": "7"}]
    for language in chosen:
        most = 20_000 if language in IN_FULL else 400
        items = [{"text": text[:most], "sender_name": text[:2_000], "channel_title": text[:2_000]} for text in HOSTILE]
        report = report_of(first, *around, *items, holes=[GAP])
        for name, pages in make_pages(report, language, MADE_AT).items():
            (folder / Path(name).name).write_bytes(pages)
        words = load_words(language)
        (folder / f"letter.{language}.pdf").write_bytes(letter_pages(words, hostile_letter()))
        for kind in SheetKind:
            sheet = sheet_pages(hostile_sheet(kind), [load_words("en"), words])
            (folder / f"sheet-{kind}.{language}.pdf").write_bytes(sheet)
    documents = ("report", "letter", *(f"sheet-{kind}" for kind in SheetKind))
    return {
        (document, language): folder / f"{document}.{language}.pdf" for document in documents for language in chosen
    }


def hostile_letter() -> Letter:
    roots = tuple((f"{LETTERS} {text[:200]}", "ab" * 32) for text in HOSTILE[:3])
    return replace(letter(), organisation=LETTERS, roots=roots)


def hostile_sheet(kind: SheetKind) -> PlatformSheet:
    sheet = full(kind)
    names = (LETTERS, *(text[:300] for text in HOSTILE))
    accounts = tuple(replace(each, names=names) for each in sheet.accounts)
    return replace(sheet, accounts=accounts, chats=tuple(replace(each, titles=names) for each in sheet.chats))


def test_every_document_keeps_both_standards(class_path: str, written: dict[tuple[str, str], Path]) -> None:
    said = verapdf(class_path, *written.values())
    assert set(said.values()) == {"yes"}
    rows = page(said, version=VERSION).splitlines()
    assert len(rows) > len(written)
    assert set(rows) <= set(PAGE.read_text(encoding="utf-8").splitlines())


@pytest.mark.slow
def test_every_document_keeps_both_standards_in_every_language(class_path: str, tmp_path: Path) -> None:
    said = verapdf(class_path, *write_in(languages(), tmp_path).values())
    assert set(said.values()) == {"yes"}
    made = page(said, version=VERSION)
    if os.environ.get("WRITE_CONFORMANCE"):
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made


@pytest.mark.slow
def test_pages_that_keep_neither_standard_are_told_apart(
    class_path: str, written: dict[tuple[str, str], Path], tmp_path: Path
) -> None:
    pages = written["report", "sq"].read_bytes()
    for name, (old, new) in {"lang": (b"/Lang", b"/Lxng"), "part": (b"<pdfaid:part>2", b"<pdfaid:part>9")}.items():
        assert old in pages
        (tmp_path / f"x.{name}.pdf").write_bytes(pages.replace(old, new))
    said = verapdf(class_path, *sorted(tmp_path.glob("*.pdf")))
    refused = {key[1:] for key, verdict in said.items() if verdict.startswith("no")}
    assert refused >= {("lang", "ua1"), ("part", "2a")}


def test_letters_of_our_languages_survive_the_extraction_of_text(written: dict[tuple[str, str], Path]) -> None:
    assert shutil.which("pdftotext"), "pdftotext is missing: apt-get install poppler-utils"
    for (document, _), file in nonempty(written.items()):
        text = " ".join(run("pdftotext", str(file), "-").split())
        # poppler takes a line of nothing but single letters for one spaced word
        letters = "".join(text.split()).count("".join(LETTERS.split()))
        assert text.count(LETTERS) >= 2 if document == "report" else letters
        assert "[U+0645" in text
        assert "\u200b" not in text


def test_further_lines_of_a_label_begin_where_its_first_does(tmp_path: Path) -> None:
    label = "\xa0\xa0\xa0\xa0" + "inner " * 12
    rows = Rows([("outer", "value"), (label.strip(" "), "value")])
    cover = FrontPage("-", "", (), ())
    document = Document("en", "latn", "-", "2000-01-01T00:00:00.000Z", "", "", "", cover, (rows,))
    (tmp_path / "rows.pdf").write_bytes(typeset(encode_document(document)))
    words = run("pdftotext", "-bbox", str(tmp_path / "rows.pdf"), "-")
    (outer,) = _left_of("outer", words)
    inner = _left_of("inner", words)
    assert inner.count(min(inner)) > 1  # it has several lines
    assert min(inner) - outer > 5  # in points: four spaces


def _left_of(word: str, words: str) -> list[float]:
    return [float(left) for left in re.findall(rf'xMin="([\d.]+)"[^>]*>\xa0*{word}<', words)]


def test_the_usual_tools_find_no_image_and_no_font_of_pictures(written: dict[tuple[str, str], Path]) -> None:
    for file in nonempty(written.values()):
        assert len(run("pdfimages", "-list", str(file)).splitlines()) == 2
        assert "Type 3" not in run("pdffonts", str(file))


def test_pages_are_of_a4_and_as_many_as_a_reader_can_print(written: dict[tuple[str, str], Path]) -> None:
    for file in nonempty(written.values()):
        told = run("pdfinfo", str(file))
        assert "(A4)" in told
        assert int(told.split("Pages:")[1].split()[0]) < 40


@pytest.mark.parametrize("dots_per_inch", [100, 300])
def test_a_reader_of_codes_reads_the_digits_of_a_letter(
    written: dict[tuple[str, str], Path], tmp_path: Path, dots_per_inch: int
) -> None:
    assert shutil.which("zbarimg"), "zbarimg is missing: apt-get install zbar-tools"
    file = written["letter", "mk"]
    run("pdftoppm", "-gray", "-png", "-r", str(dots_per_inch), "-l", "1", str(file), str(tmp_path / "side"))
    (side,) = tmp_path.iterdir()
    read = run("zbarimg", "--quiet", "--raw", str(side)).split()
    facts = letter().facts
    assert sorted(read) == sorted([facts.sha256, facts.seal_fingerprint])
