"""What pages are made of: headings, numbered paragraphs, rows, tables, drawings and exhibits, all of it worded.

Every text here has been made safe by ``fonts.Tamer`` or is our own. ``source/pages.typ`` lays the blocks out and knows
no word of any language. Standard library only.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeAlias

from evidence.canonical import Json

LabelledRow: TypeAlias = tuple[str, str]
"""A label and its value."""


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a part; of level 1, for a long part, with most of a page free behind it."""

    text: str
    level: int = 1
    on_new_page: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; ``number`` is empty where it has none, as under a heading that counts."""

    text: str
    number: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """Labels and values, one below the other."""

    rows: Sequence[LabelledRow]


@dataclass(frozen=True, slots=True)
class Typed:
    """Lines of digests, keys or commands, in characters of one width."""

    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class PageTable:
    """A table whose head is repeated on each page."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[int]


@dataclass(frozen=True, slots=True)
class Lane:
    """A strip of a drawing, as SVG, with its label."""

    label: str
    svg: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing of strips under one another, which share one scale.

    Attributes:
        alt: What it shows, for somebody who cannot see it.
        ends: What stands at the left and the right end of the scale.
        key: What the signs mean: a sign, as SVG, and its words.
    """

    caption: str
    alt: str
    lanes: Sequence[Lane]
    ends: tuple[str, str]
    key: Sequence[Lane] = ()


@dataclass(frozen=True, slots=True)
class GreyBox:
    """The grey box in place of a picture or file."""

    title: str
    rows: Sequence[LabelledRow]
    digest: Sequence[str]


@dataclass(frozen=True, slots=True)
class Marked:
    """A run of a text; ``mark`` is empty, ``new`` or ``gone``."""

    text: str
    mark: str


@dataclass(frozen=True, slots=True)
class DrawnItem:
    """One item of an exhibit: a message as it was first, an edit, a deletion, a file.

    Attributes:
        kind: What it is, in words.
        place: Its numbers in the report and in the log.
        name: Of the account, as it was shown at capture; empty where the item has none.
        number: Of the account.
        when: The time of posting, or of the edit.
        text: Line by line.
        marked: The text with what changed since the version above, line by line; empty where nothing did.
        gone: The words that say that the message is no longer there.
    """

    kind: str
    place: str
    name: str
    number: str
    when: str
    text: Sequence[str]
    boxes: Sequence[GreyBox]
    rows: Sequence[LabelledRow]
    gone: bool = False
    marked: Sequence[Sequence[Marked]] = ()


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A message that this one answers, or that answers it: what its own exhibit shows, in short.

    Attributes:
        place: Its numbers in the report.
    """

    place: str
    name: str
    number: str
    when: str
    text: str


@dataclass(frozen=True, slots=True)
class NeighbourList:
    """Messages beside an exhibit, under one label.

    Attributes:
        more: How many are not drawn, in words; empty where all are.
    """

    label: str
    those: Sequence[Neighbour]
    more: str = ""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """What is shown of one message, drawn.

    Attributes:
        before: The message that it answers.
        behind: Its direct replies.
    """

    title: str
    mark: str
    versions: Sequence[DrawnItem]
    before: Sequence[NeighbourList] = ()
    behind: Sequence[NeighbourList] = ()


@dataclass(frozen=True, slots=True)
class Ink:
    """Lines to fill in by hand, each with its label."""

    labels: Sequence[str]


PageBlock: TypeAlias = "Heading | Paragraph | Rows | Typed | PageTable | Figure | Exhibit | Ink"


@dataclass(frozen=True, slots=True)
class FrontPage:
    """The first page."""

    title: str
    subtitle: str
    about: Sequence[str]
    rows: Sequence[LabelledRow]


@dataclass(frozen=True, slots=True)
class Document:
    """One volume.

    Attributes:
        lang, script: Of its words, for screen readers.
        made_at: The time that it states, ``2026-11-21T09:00:00.000Z``.
        running: What stands at the top of each page.
        warning: Likewise, of a rehearsal; empty otherwise.
        contents: The title of the list of parts; empty where there is none.
    """

    lang: str
    script: str
    author: str
    made_at: str
    running: str
    warning: str
    contents: str
    cover: FrontPage
    blocks: Sequence[PageBlock]


def encode_document(document: object) -> bytes:
    """A document of frozen blocks as JSON for the typesetter of the PDF."""
    return json.dumps(_plain(document), ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _plain(value: Any) -> Json:  # noqa: ANN401 - any of the values above
    if isinstance(value, str | bool | int):
        return value
    if is_dataclass(value):
        named: dict[str, Json] = {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
        return {"is": type(value).__name__.lower(), **named}
    return [_plain(each) for each in value]
