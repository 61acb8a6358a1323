"""What the papers are made of: sides of blocks, all of it worded. ``paper.typ`` lays them out.

The blocks that a report has too are those of the report's pages. Standard library only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from casefiles.pages.blocks import Heading, LabelledRow, Paragraph, Rows, Typed


@dataclass(frozen=True, slots=True)
class CodedDigest:
    """A digest that can be scanned: its sentence, its QR code as SVG, and its digits in groups.

    Attributes:
        alt: What the code holds, for somebody who cannot see it; it stands below the digits, too.
    """

    text: str
    svg: str
    alt: str
    digest: Sequence[str]


@dataclass(frozen=True, slots=True)
class NamedDigest:
    """A name with its digest in groups."""

    name: str
    digest: Sequence[str]


@dataclass(frozen=True, slots=True)
class ByHand:
    """Lines to fill in by hand, each behind its label.

    Attributes:
        at_foot: They stand at the foot of the page, where there is room.
    """

    labels: Sequence[str]
    at_foot: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """One message of a sheet, kept together: its number and title, lines, and rows."""

    number: str
    title: str
    lines: Sequence[str]
    rows: Sequence[LabelledRow]


PaperBlock: TypeAlias = "Heading | Paragraph | Rows | Typed | CodedDigest | NamedDigest | ByHand | Card"


@dataclass(frozen=True, slots=True)
class Side:
    """What begins on a new page, in one language.

    Attributes:
        lang, script: For screen readers.
        warning: Of a rehearsal, a heading and its reason; empty otherwise.
        notes: What is said of the text itself: that it is a draft.
    """

    lang: str
    script: str
    warning: Sequence[str]
    title: str
    notes: Sequence[str]
    blocks: Sequence[PaperBlock]


@dataclass(frozen=True, slots=True)
class Paper:
    """A whole paper.

    Attributes:
        made_at: The time that it states, ``2026-11-21T09:00:00.000Z``.
        foot: What stands at the foot of each page, beside its number.
        fits: Each side is made so small that it fits one page, as far as it can still be read.
    """

    title: str
    author: str
    made_at: str
    foot: str
    fits: bool
    sides: Sequence[Side]
