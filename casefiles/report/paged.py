"""Whoever can make the pages of a report, for whoever has to have them made: the exporter, and a verifier.

The typesetter is no part of what reads a bundle. It comes in here, where somebody has it. Standard library only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from casefiles.report.data import CaseReport

MakePages: TypeAlias = Callable[[CaseReport, str, str], Mapping[str, bytes]]
"""A report, its language and the time that its pages state; returns each volume by the name of its member."""


@dataclass(frozen=True, slots=True)
class PageMaker:
    """A typesetter with its fonts and sources.

    Attributes:
        edition: Names them: makers of one edition make the same bytes of one report.
        make: Raises PagesError where it cannot.
    """

    edition: str
    make: MakePages


@dataclass(frozen=True, slots=True)
class Remaking:
    """How a verifier makes pages again.

    Attributes:
        find: Finds who makes them, or nobody where a part is missing. Called only where they are to be made: to look
            for a typesetter and its fonts takes longer than most checks. None where nothing there can.
        asked: The caller wants it however many items there are; otherwise it is done where there are few.
    """

    find: Callable[[], PageMaker | None] | None = None
    asked: bool = False


NO_MAKER = Remaking()
"""Pages are not made again."""
