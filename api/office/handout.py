"""Hands out the files of a bundle that a call asked for: logged before the first byte leaves."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from api.home import Home
from api.office.bundle import shows_hidden
from api.office.task import TaskKind, bundle_of, show_task
from config.errors import Explained
from evidence.authority import Doer
from evidence.custody.event import Draft
from evidence.errors import HomeError, UnknownItemError
from evidence.store import work
from evidence.store.database import reading
from evidence.store.work import TaskState


class HandedFile(StrEnum):
    """Which file of a bundle."""

    BUNDLE = "bundle"
    LETTER = "letter"
    LETTER_PDF = "letter_pdf"


@dataclass(frozen=True, slots=True)
class Handout:
    """A file that may be handed out.

    Attributes:
        sha256: Of the file, lower hex.
        bundle_sha256: Of the bundle that it belongs to.
        name: What to call it where it arrives.
    """

    file: Path
    which: HandedFile
    case_id: str
    sha256: str
    bundle_sha256: str
    name: str

    def log(self, home: Home, doer: Doer) -> Explained | None:
        """Log that ``doer`` gets it; return why there is no signature or time stamp yet.

        Raises:
            HomeError: Nothing can be logged here, so nothing leaves.
        """
        if home.read_only:
            raise HomeError("home.look_not_logged", where=str(home.path))
        values = {"case": self.case_id, "bundle_sha256": self.bundle_sha256, "what": self.which.value}
        return home.log_look(Draft("downloaded", doer.values() | values))


def hand_out(home: Home, bundle_id: str, which: HandedFile, reaches: Callable[[str], bool]) -> Handout:
    """The verb behind a download: log it, then hand out a file of the bundle that a call asked for.

    Args:
        reaches: Whether the caller may know of a case.

    Raises:
        UnknownItemError: There is no such bundle for this caller, it is no longer kept, or it shows what is frozen.
    """
    unknown = UnknownItemError("unknown_item.no_such_bundle", found=bundle_id[:64])
    try:
        with reading(home.engine) as connection:
            task = work.find_task(connection, bundle_id)
    except UnknownItemError:
        raise unknown from None
    if task.kind != TaskKind.BUNDLE or task.state is not TaskState.DONE or not reaches(task.case_id or ""):
        raise unknown
    told = show_task(home, task).result or {}
    files = bundle_of(home, bundle_id)
    file: Path = getattr(files, which.value)
    if not file.is_file():
        raise unknown
    if shows_hidden(home, files.bundle):
        raise UnknownItemError("unknown_item.bundle_is_frozen")
    sha256 = told["sha256"] if which is HandedFile.BUNDLE else hashlib.sha256(file.read_bytes()).hexdigest()
    name = f"{task.case_id}-{bundle_id[:8]}{file.name.removeprefix(bundle_id)}"
    return Handout(file, which, task.case_id or "", sha256, told["sha256"], name)
