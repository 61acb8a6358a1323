"""Pages of the web that a browser saved: one file, or a file with a folder of its parts beside it.

Each part is kept as a file of its own, as it lies there. Nothing in a page is read: no message of it, and no address
but the one that whoever brings it names. Messages of a page of ``t.me/s`` are read by ``monitor.web``.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from config.link import MessageLink
from evidence.content import Content, Link, Part, split_content
from monitor.errors import BroughtFileError
from monitor.files import BroughtFile
from monitor.links import message_link, names_message, require_link

MAX_FILES = 5000
"""Of one page; a page of a hundred pictures has some hundreds."""
FOLDERS = (
    "_files", ".files", "-Dateien", "_fichiers", "_bestanden", "_file", "-filer", "_tiedostot", "_pliki", "_soubory",
    "_elemei", "_ficheiros", "_arquivos", "_archivos", "_dosyalar", "_datoteke", "_fitxers", "_failid", "_fails",
    "_bylos", "_fajlovi", "_fitxategiak",
)  # fmt: skip
"""What browsers and Windows put behind the name of a page to name the folder of its parts, in their languages."""


@dataclass(frozen=True, slots=True)
class SavedPage:
    """A page that a browser saved.

    Attributes:
        address: Where it was, in the words of whoever brings it.
        file: HTML, or one file that holds everything (MHTML, a web archive).
        chat: The number of the channel that it shows, as whoever brings it says; None where they do not.

    Raises:
        BroughtLinkError: The address is no link.
    """

    address: str
    file: Path
    chat: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "address", require_link(self.address))


def page_files(page: SavedPage, channel_of: Callable[[MessageLink], str | None]) -> Sequence[BroughtFile]:
    """The files of a saved page, itself first; it says where it was, and which message its address names.

    Args:
        channel_of: The number of a channel that a link names; None where the register does not know it.

    Raises:
        BroughtFileError: A part leads elsewhere, cannot be read, or there are more than ``MAX_FILES``.
    """
    named = message_link(page.address)
    parts = [Part("saved_page", {"link": Link(page.address)})]
    if named is not None:
        parts.append(names_message(named, channel_of(named)))
    said = {name: value for name, value in split_content(Content(parts=tuple(parts))).items() if value is not None}
    files = [BroughtFile(page.file, page.file.name, said)]
    for folder in (page.file.with_name(page.file.stem + end) for end in FOLDERS):
        for path in _below(folder):
            if len(files) == MAX_FILES:
                raise BroughtFileError("brought_file.too_many_parts", where=str(folder), limit=MAX_FILES)
            files.append(BroughtFile(path, path.relative_to(page.file.parent).as_posix()))
    return files


def _below(folder: Path) -> Iterator[Path]:
    """All files below a folder, in one order; a link out of it is refused and never followed."""

    def refused(error: OSError) -> None:
        raise BroughtFileError("brought_file.refused", where=str(folder), system=error.strerror or "") from error

    if folder.is_symlink():
        raise BroughtFileError("brought_file.no_file", where=str(folder))
    if not folder.is_dir():
        return
    for within, folders, names in os.walk(folder, onerror=refused):
        folders.sort()
        for path in (Path(within, name) for name in sorted([*names, *folders])):
            if path.is_symlink():
                raise BroughtFileError("brought_file.no_file", where=str(path))
            if path.name in names:
                yield path
