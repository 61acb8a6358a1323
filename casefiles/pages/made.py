"""The report as PDF: each volume typeset in a process of its own, with the same bytes for the same report.

PDF/A-2a with PDF/UA-1 (ISO 19005-2, ISO 14289-1). Only the report, the words, the fonts and the source that lie
here, and the typesetter's version, decide the bytes: not the folder, the clock, the time zone or the fonts of the
system. ``edition`` names those that are not in the bundle, so that a verifier with others says so and accuses nobody.
Needs the package ``typst``.
"""

import functools
import hashlib
import importlib.metadata
import importlib.resources
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from casefiles.errors import PagesError
from casefiles.format.layout import pages_name
from casefiles.pages.blocks import Document, FrontPage, Paragraph, encode_document
from casefiles.pages.content import make_documents
from casefiles.pages.fonts import FACES, MONO, font_bytes
from casefiles.pages.worker import MISSING
from casefiles.report.data import CaseReport
from casefiles.report.paged import PageMaker
from config.words import load_words

TIMEOUT_S = 300
_AT_ONCE = 2
"""Volumes that are typeset at the same time; each takes up to 400 MB."""
_SOURCES = ("pages.typ", "shared.typ")
"""Those that lay out a report; the others there lay out what is no part of a bundle."""


@functools.cache
def edition() -> str:
    """What makes the PDF, besides the report and its words: the typesetter, the fonts and the source.

    Raises:
        PagesError: The typesetter is not installed, or a file is missing.
    """
    try:
        version = importlib.metadata.version("typst")
        files = [font_bytes(name) for name in (*FACES, MONO)]
        files += [each.read_bytes() for each in sorted(_folder().glob("*.py"))]
        files += [_folder().joinpath("source", name).read_bytes() for name in _SOURCES]
    except (importlib.metadata.PackageNotFoundError, OSError) as error:
        raise PagesError("pages.incomplete", system=str(error)) from error
    digest = hashlib.sha256()
    for content in files:
        digest.update(hashlib.sha256(content).digest())
    # LIMIT: nobody measured whether another processor computes every place on a page alike, so it is named too
    return f"typst-{version} {sys.platform}-{platform.machine()}, {digest.hexdigest()[:16]}"


def page_maker() -> PageMaker:
    """The typesetter of this program, which makes the PDF.

    Raises:
        PagesError: It is not installed, or a file is missing.
    """
    return PageMaker(edition(), make_pages)


def typeset_trial() -> None:
    """Check that the typesetter, its fonts and its source make a PDF here.

    Raises:
        PagesError: They do not.
    """
    edition()
    cover = FrontPage("-", "", (), ())
    trial = Document("en", "latn", "-", "2000-01-01T00:00:00.000Z", "", "", "", cover, (Paragraph("-"),))
    typeset(encode_document(trial))


def make_pages(report: CaseReport, language: str, made_at: str) -> Mapping[str, bytes]:
    """Each volume of the report as PDF, by the name of its member.

    Args:
        made_at: The time that the pages state, as the log writes it.

    Raises:
        PagesError: The typesetter is missing, refuses a volume, or does not end.
        CatalogueError: There are no words in this language.
    """
    documents = make_documents(load_words(language), report, made_at=made_at)
    with ThreadPoolExecutor(_AT_ONCE) as typesetters:
        volumes: Iterable[bytes] = typesetters.map(typeset, map(encode_document, documents))
        return {pages_name(language, number): pages for number, pages in enumerate(volumes, start=1)}


def typeset(document: bytes, source: str = _SOURCES[0]) -> bytes:
    """The PDF of one document, typeset in a process of its own.

    Args:
        source: The file that lays it out.

    Raises:
        PagesError: The typesetter is missing, refuses the document, or does not end.
    """
    folder = _folder()
    # -I: neither the folder that a user happens to be in nor their variables decide what is imported
    command = [sys.executable, "-I", str(folder / "worker.py"), str(folder), source]
    try:
        done = subprocess.run(command, input=document, capture_output=True, timeout=TIMEOUT_S, check=False)  # noqa: S603 - ours
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PagesError("pages.not_made", system=str(error)) from error
    if done.returncode or not done.stdout:
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()
        system = reason[-1][:300] if reason else str(done.returncode)
        if done.returncode == MISSING:
            raise PagesError("pages.incomplete", system=system)
        raise PagesError("pages.not_made", system=system)
    return done.stdout


def _folder() -> Path:
    return Path(str(importlib.resources.files("casefiles.pages")))
