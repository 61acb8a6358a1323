"""A file that a message names, or the reason why the export has none."""

import re
from dataclasses import dataclass

from evidence.observation import HoleReason

_MARKER = re.compile(r"\(\w+ (not included|exceeds maximum size|unavailable)")
_REASONS = {
    "not included": HoleReason.NOT_INCLUDED,
    "exceeds maximum size": HoleReason.TOO_LARGE,
    "unavailable": HoleReason.UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that a message names.

    Attributes:
        name: Relative path as the export spells it, or the words in its place.
        declared_type: ``mime_type``, for a document.
        declared_bytes: 0 where the exporter does not know it.
        shown: The name that the sender gave it; empty where there is none.
        preview: The path of its preview, or the words in its place; empty where there is none.
        skipped: Why there is no path, where the exporter says so by a key of its own.
    """

    name: str
    declared_type: str | None = None
    declared_bytes: int | None = None
    shown: str = ""
    preview: str = ""
    skipped: HoleReason | None = None

    @property
    def withheld(self) -> HoleReason | None:
        """Why the exporter wrote no path: ``(File not included. ...)``; None for a path."""
        return self.skipped or reason_of(self.name)

    @property
    def said(self) -> str:
        """What is missing, in words, where the file is missing."""
        return f"{self.shown}: {self.name}" if self.shown else self.name


def reason_of(path: str) -> HoleReason | None:
    """Why an export has words in the place of a file's path; None for a path.

    A path of Telegram Desktop begins with a folder's name, never with a parenthesis.
    """
    if not path.startswith("("):
        return None
    marker = _MARKER.match(path)
    return _REASONS[marker[1]] if marker else HoleReason.UNKNOWN_REASON
