"""LibreOffice opens ``items.csv`` as columns, with its letters right; what it takes for numbers and dates is told.

Its window for text files proposes what ``FILTER`` says: tab, comma and semicolon between cells, quotation marks around
them, and UTF-8 where a file begins with its mark. Without a window nothing is proposed, so the test says it.
"""

import csv
import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias
from xml.etree import ElementTree as ET

import pytest

from casefiles.bundle.members import make_payload
from casefiles.format import layout
from tests.casefiles import forge

# a first start of LibreOffice makes a profile of its own
pytestmark = [pytest.mark.outside, pytest.mark.slow]

FILTER = "CSV:9/44/59,34,76,1"
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

Cells: TypeAlias = list[dict[str, str]]
"""The rows of a sheet; a cell by its column (``A``), as it is shown."""

SHOWN = (
    "Здраво, ѓ ќ ѕ љ њ џ; „Ниси сама“ 1,5 и 2.5",  # noqa: RUF001 - a letter of Macedonian
    'Përshëndetje, ç ë Ç Ë; "nuk je vetëm"',
    "Čuvaj se; đ š ž",
    "two\nlines;\tand a tab, 'quoted'",
    '"',
    "12.11.2026 во 9 ч.",
)
"""Texts that stand in their cell as they were posted."""
APART = ("=1+1", "+389 70 123 456", "-5", "@somebody")
"""Texts that a spreadsheet would run; each has an apostrophe before it."""
READ = {"007": "7", "1e5": "100000", "12345678901234567": "12345678901234600", "TRUE": "1"}
"""Texts that a spreadsheet takes for numbers, whatever the quotation marks around them."""


@pytest.fixture(scope="module")
def table() -> bytes:
    """The table of a bundle with one message of each text."""
    log = forge.Log()
    log.add("log_opened", forge.opening())
    log.anchor(forge.START)
    log.add("case_opened", {**forge.act(forge.START), "case": forge.CASE})
    for number, text in enumerate((*SHOWN, *APART, *READ)):
        log.add("observed", {**forge.item(number), "text": text})
    return make_payload(forge.contents_of(forge.add_to_case(log))).members[layout.ITEMS_CSV]


@pytest.fixture(scope="module")
def opened(table: bytes, tmp_path_factory: pytest.TempPathFactory) -> Cells:
    """What LibreOffice shows."""
    return opened_by_libreoffice(table, tmp_path_factory.mktemp("libreoffice"))


def opened_by_libreoffice(table: bytes, folder: Path, *, how: str = FILTER) -> Cells:
    assert shutil.which("soffice"), "soffice is missing: apt-get install --no-install-recommends libreoffice-calc-nogui"
    file = folder / "items.csv"
    file.write_bytes(table)
    command = ["soffice", f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", f"--infilter={how}"]
    command += ["--convert-to", "xlsx", "--outdir", folder, file]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    with zipfile.ZipFile(folder / "items.xlsx") as book:
        shared = ET.fromstring(book.read("xl/sharedStrings.xml"))  # noqa: S314 - LibreOffice wrote it
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - LibreOffice wrote it
    assert sheet.find(f".//{_SHEET}f") is None, "a cell is run as a formula"
    texts = ["".join(piece.text or "" for piece in each.iter(f"{_SHEET}t")) for each in shared]
    return [row_of(row, texts) for row in sheet.iter(f"{_SHEET}row")]


def row_of(row: ET.Element, texts: list[str]) -> dict[str, str]:
    cells = {}
    for cell in row:
        value = cell.findtext(f"{_SHEET}v")
        if value is not None:
            column = re.sub(r"[0-9]+", "", cell.attrib["r"])
            cells[column] = texts[int(value)] if cell.get("t") == "s" else value
    return cells


def columns(table: bytes) -> Mapping[str, str]:
    """The letters of each column by its name, in the order of the file."""
    names = next(csv.reader(io.StringIO(table.decode("utf-8-sig")), delimiter=";"))
    letters = [chr(65 + at) for at in range(26)]
    return dict(zip(names, [*letters, *(first + second for first in "AB" for second in letters)], strict=False))


def texts_of(opened: Cells, table: bytes) -> list[str]:
    return [row[columns(table)["text"]] for row in opened[1:]]


def test_each_name_and_each_value_stands_in_a_column_of_its_own(opened: Cells, table: bytes) -> None:
    at = columns(table)
    assert {letters: name for name, letters in at.items()} == opened[0]
    assert len(opened) == 1 + len((*SHOWN, *APART, *READ))
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"), newline=""), delimiter=";"))
    for row, cells in zip(rows, opened[1:], strict=True):
        filled = {name: value for name, value in row.items() if value and name != "text"}
        assert filled == {name: cells[at[name]] for name in filled}
        assert set(cells) == {at[name] for name in (*filled, "text")}


def test_the_letters_of_every_language_are_right(opened: Cells, table: bytes) -> None:
    assert texts_of(opened, table)[: len(SHOWN)] == list(SHOWN)


def test_nothing_is_run_and_the_apostrophe_shows(opened: Cells, table: bytes) -> None:
    assert texts_of(opened, table)[len(SHOWN) :][: len(APART)] == [f"'{text}" for text in APART]


def test_a_text_that_looks_like_a_number_is_shown_as_one(opened: Cells, table: bytes) -> None:
    # the limit of every CSV: the report and items.jsonl have it as it was posted
    assert texts_of(opened, table)[-len(READ) :] == list(READ.values())


def test_in_another_encoding_or_with_commas_alone_the_test_sees_it(table: bytes, tmp_path: Path) -> None:
    for how in ("CSV:9/44/59,34,1,1", "CSV:44,34,76,1"):
        other = opened_by_libreoffice(table, tmp_path, how=how)
        assert {letters: name for name, letters in columns(table).items()} != other[0]
