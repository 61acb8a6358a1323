"""The same report gives the same bytes, wherever and whenever it is typeset; and nothing hostile stops it."""

import os
import resource
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from casefiles.errors import PagesError
from casefiles.format import layout
from casefiles.pages import made
from casefiles.pages.blocks import encode_document
from casefiles.pages.content import make_documents
from casefiles.pages.made import edition, make_pages, page_maker, typeset_trial
from config.words import languages, load_words
from tests.bench._memory import processes_below, watched_below
from tests.casefiles.pages.reporting import MADE_AT, report_of
from tests.contracts.tree import ROOT
from tests.nonempty import nonempty
from tests.searching import search_member

NAME = "data/report.en.pdf"
ELSEWHERE = """
import sys
from casefiles.pages.made import typeset
sys.stdout.buffer.write(typeset(sys.stdin.buffer.read()))
"""
HOSTILE = (
    "مرحبا بالعالم " * 20,
    "#panic(1) ] $x$ <l> @r <b>html</b> =1+1",
    "z" + "\u0301" * 400,
    "x" * 70_000,
    "a" * 1_000_000,
    "line\n" * 100_000,
    "\U0001f600\U0001f1f2\U0001f1f0 ქართული ไทย 漢字",
    "\u200f\u202e\u2066\x00\x07\ufeff\ue000\U000e0041",
    "({[<>]})\\/ %PDF-1.4 endobj stream",
)


def test_the_same_report_gives_the_same_pages_in_another_folder_process_and_zone(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "TZ": "Asia/Tokyo", "LANG": "C", "PYTHONPATH": str(ROOT)}
    # one document for both: the time stamps that another process makes are other ones, and stand in part 9
    document = encode_document(next(make_documents(load_words("en"), report_of({}), made_at=MADE_AT)))
    there = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        input=document,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=True,
    ).stdout
    assert there == made.typeset(document)
    assert there.startswith(b"%PDF-1.7")


def test_another_text_gives_other_pages() -> None:
    one, other = (make_pages(report_of({"text": text}), "en", MADE_AT)[NAME] for text in ("one", "two"))
    assert one != other


def test_hostile_texts_and_names_are_typeset_and_pass_the_gate() -> None:
    items = [
        {"text": text, "sender_name": text[:5_000], "channel_title": text[:5_000], "file_name": text[:5_000]}
        for text in HOSTILE
    ]
    pages = make_pages(report_of(*items), "en", MADE_AT)[NAME]
    search_member(NAME, pages)
    assert b"/Image" not in pages.replace(b"/ImageB", b"").replace(b"/ImageC", b"")


@pytest.mark.parametrize("language", languages())
def test_every_language_is_typeset_and_passes_the_gate(language: str) -> None:
    message = {"message_id": "7", "text": "ѓ ќ ђ ћ ë ç č ž"}
    edit, reply = {**message, "kind": "edit", "text": "ѓ č ž"}, {"reply_to": "7", "text": "x" * 300}
    pages = make_pages(report_of(message, edit, reply), language, MADE_AT)
    ((name, content),) = pages.items()
    assert name == f"data/report.{language}.pdf"
    search_member(name, content)


def test_volumes_are_typeset_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casefiles.pages.content.ITEMS_A_VOLUME", 2)
    pages = make_pages(report_of({}, {}, {}, {}, {}), "en", MADE_AT)
    assert list(pages) == [NAME, "data/report.en.2.pdf", "data/report.en.3.pdf"]
    for name, content in nonempty(pages.items()):
        search_member(name, content)


def test_an_edition_names_the_typesetter_and_changes_with_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert edition().startswith("typst-0.15.2 ")
    assert page_maker().edition == edition()
    monkeypatch.setattr(made, "font_bytes", lambda name: b"another")
    assert edition.__wrapped__() != edition()


def test_a_missing_typesetter_or_font_is_a_fault_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    typeset_trial()  # the control: nothing is missing

    def missing(name: str) -> bytes:
        raise FileNotFoundError(name)

    monkeypatch.setattr(made, "font_bytes", missing)
    with pytest.raises(PagesError) as refused:
        edition.__wrapped__()
    assert refused.value.code == "pages.incomplete"


@pytest.mark.parametrize("program", ["/bin/false", "/nowhere/python"])
def test_a_typesetter_that_fails_says_so(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made.sys, "executable", program)
    with pytest.raises(PagesError) as refused:
        typeset_trial()
    assert refused.value.code == "pages.not_made"


def test_a_python_without_the_typesetter_is_an_incomplete_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tmp_path / "bare"
    venv.create(bare, with_pip=False)
    monkeypatch.setattr(made.sys, "executable", str(bare / "bin" / "python"))
    with pytest.raises(PagesError) as refused:
        typeset_trial()
    assert refused.value.code == "pages.incomplete"
    assert "typst" in str(refused.value)


def test_what_the_typesetter_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PagesError) as refused:
        made.typeset(b'{"made_at": "2026-11-21T09:00:00.000Z"}')
    assert refused.value.code == "pages.not_made"
    assert "cover" in str(refused.value)


@pytest.mark.slow
def test_ten_thousand_exhibits_are_ten_volumes_and_no_process_takes_500_mb() -> None:
    with watched_below() as peaks:
        pages = make_pages(report_of(*({} for _ in range(10_000))), "en", MADE_AT)
    assert list(pages) == layout.pages_names("en", 10_000)
    assert len(pages) == 10
    for name, content in nonempty(pages.items()):
        search_member(name, content)
    assert len(peaks) >= len(pages)
    assert 100 < max(peaks.values()) < 500  # the first is the control: a volume takes some 400


def test_what_a_process_takes_is_told_without_what_its_parent_has() -> None:
    held = bytearray(200_000_000)
    held[:: os.sysconf("SC_PAGESIZE")] = b"x" * len(held[:: os.sysconf("SC_PAGESIZE")])  # resident
    others = set(processes_below(os.getpid()))  # of other tests in this process
    with watched_below() as peaks:
        subprocess.run([sys.executable, "-I", "-c", "import time; time.sleep(0.6)"], check=True)
    assert 0 < max(peak for each, peak in peaks.items() if each not in others) < 100
    # the control: the system counts what the parent had
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 > len(held)
