"""The two verifiers to hand out, and what lies on a stick beside a bundle."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from casefiles.bundle.destination import Destination
from casefiles.bundle.stick import STICK_README, stick_readme
from casefiles.format.layout import is_pages, report_name
from casefiles.format.zip import read_container
from casefiles.verifier.html.page import FILE_NAME, verifier_page
from casefiles.verifier.packed import PROGRAM_NAME, verifier_program
from evidence.errors import HomeError
from evidence.objects.durable import write_file


@dataclass(frozen=True, slots=True)
class HandedOut:
    """A file to hand out; ``sha256`` is of its bytes, lower hex."""

    file: Path
    sha256: str


def write_verifiers(folder: Path) -> tuple[HandedOut, HandedOut]:
    """The verb behind ``verifier``: write page and program into a folder, made if it is not there.

    What lies there already is left.

    Raises:
        HomeError: Another file lies in the place of one of them.
        StorageFullError: There is no space; nothing half written is left behind.
    """
    page = _handed_out(folder / FILE_NAME, verifier_page().encode("utf-8"))
    return page, _handed_out(folder / PROGRAM_NAME, verifier_program())


def write_stick(folder: Path, destination: Destination, language: str) -> tuple[HandedOut, ...]:
    """The verb behind ``case export --stick``: write beside a bundle the page, the report, and what to open first.

    The report is there as it is in the bundle: as pages if it has them, and as a text.

    Args:
        destination: Of the bundle, in this folder.

    Raises:
        HomeError: Another file lies in the place of one of them.
        StorageFullError: There is no space; nothing half written is left behind.
    """
    with destination.bundle.open("rb") as bundle:
        members = read_container(bundle)
    reports = {Path(name).name: members[name] for name in sorted(filter(is_pages, members))}
    reports[Path(report_name(language)).name] = members[report_name(language)]
    name = next(iter(reports))
    letter = destination.letter_pdf if destination.letter_pdf.exists() else destination.letter
    readme = stick_readme(language, bundle=destination.bundle.name, letter=letter.name, report=name)
    return (
        _handed_out(folder / STICK_README, readme.encode("utf-8")),
        _handed_out(folder / FILE_NAME, verifier_page().encode("utf-8")),
        *(_handed_out(folder / each, content) for each, content in reports.items()),
    )


def _handed_out(file: Path, content: bytes) -> HandedOut:
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        write_file(file, content, mode=0o644)
    elif file.read_bytes() != content:
        raise HomeError("home.out_taken", where=str(file))
    return HandedOut(file, hashlib.sha256(content).hexdigest())
