"""The typesetter's process: pages on standard output, or a reason and nothing else."""

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from casefiles.pages import worker
from casefiles.pages.blocks import Document, FrontPage, Paragraph, encode_document
from casefiles.pages.made import _folder
from tests.nonempty import nonempty

DOCUMENT = encode_document(
    Document("mk", "cyrl", "o", "2026-11-21T09:00:00.123Z", "", "", "", FrontPage("T", "", (), ()), (Paragraph("ѓ"),))
)


def run(
    monkeypatch: pytest.MonkeyPatch, document: bytes = DOCUMENT, folder: Path | None = None
) -> tuple[int, bytes, str]:
    out, err = io.BytesIO(), io.StringIO()
    monkeypatch.setattr(sys, "argv", ["worker.py", str(folder or _folder()), "pages.typ"])
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(document)))
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=out))
    monkeypatch.setattr(sys, "stderr", err)
    return worker.main(), out.getvalue(), err.getvalue()


def test_a_document_becomes_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    code, pages, reason = run(monkeypatch)
    assert (code, reason) == (0, "")
    assert pages.startswith(b"%PDF-1.7")


def test_a_missing_font_is_refused_and_not_replaced_by_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    for source in nonempty((_folder() / "source").iterdir()):
        (tmp_path / "source" / source.name).write_bytes(source.read_bytes())
    code, pages, reason = run(monkeypatch, folder=tmp_path)
    assert (code, pages) == (1, b"")
    assert reason


def test_a_letter_without_a_glyph_that_came_so_far_stops_the_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    code, pages, reason = run(monkeypatch, DOCUMENT.replace("ѓ".encode(), "\U0001f40d".encode()))
    assert (code, pages) == (1, b"")
    assert reason


def test_a_panic_of_the_typesetter_ends_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    class Panic(BaseException):
        pass

    def panics(*_: object, **__: object) -> None:
        raise Panic("in the typesetter")

    monkeypatch.setattr("typst.compile_with_warnings", panics)
    assert run(monkeypatch) == (1, b"", "in the typesetter\n")
