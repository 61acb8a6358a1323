"""What an item says, in parts: the one order in which the report, and whoever shows a case, tells it.

Pure functions over an item's values. A part carries codes and facts; the words for them are the renderer's.
A name that is withheld is a fact too. What this module does not know is a part that carries it whole, under its
name: nothing that an item says is left out. Standard library only.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from evidence.canonical import Json


class Unshown(Enum):
    """What stands in the place of a value that is committed to and not shown."""

    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class Code:
    """A value that a catalogue has words for, as ``family.value``; where it has none, the value is shown as it is."""

    family: str
    value: str


Fact: TypeAlias = "Json | Code | Unshown"
"""A value of an item: None says nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """One value under its name."""

    code: str
    value: Fact


@dataclass(frozen=True, slots=True)
class Quote:
    """A text as somebody posted it, lines and all."""

    code: str
    text: Fact


@dataclass(frozen=True, slots=True)
class Digest:
    """A SHA-256 in hex, to compare; None says that the file was not read."""

    code: str
    sha256: Fact


Part: TypeAlias = Row | Quote | Digest

_ALWAYS = ("channel_id", "channel_title", "message_id")
_PERSON = ("sender_name", "sender_id", "edited_at", "reply_to", "forwarded_from", "action")
_FILE = ("file_name", "media_type", "bytes")


def said(values: Mapping[str, Json], withheld: Collection[str] = ()) -> Iterator[Part]:
    """What an item says, in order; a name that says nothing has no part."""
    shown = Shown(values, withheld)
    yield Row("kind", shown.code("kind", "kind"))
    yield from shown.rows(_ALWAYS)
    yield from shown.rows(("posted_at",))
    yield from shown.rows(_PERSON)
    if shown.has("text"):
        yield Quote("text", shown.fact("text"))
    yield from shown.rows(_FILE)
    yield from _digest(shown)


@dataclass(frozen=True, slots=True)
class Shown:
    """The values of a record, with the names that are withheld."""

    values: Mapping[str, Json]
    withheld: Collection[str]

    def fact(self, name: str) -> Fact:
        """The value, that it is withheld, or None."""
        return Unshown.WITHHELD if name in self.withheld else self.values.get(name)

    def code(self, name: str, family: str) -> Fact:
        """The value as a code of a family."""
        value = self.fact(name)
        return Code(family, value) if isinstance(value, str) else value

    def has(self, name: str) -> bool:
        """Whether a value is shown and says something."""
        return name not in self.withheld and self.values.get(name) not in (None, "")

    def rows(self, names: Collection[str]) -> Iterator[Row]:
        """A row for each name that says something."""
        yield from (Row(name, self.fact(name)) for name in names if self.has(name))


def _digest(shown: Shown) -> Iterator[Digest]:
    """The digest of an item's file, or that it was not read; a message without a file has no such part."""
    if shown.has("sha256") or (shown.fact("kind") == "file" and "sha256" not in shown.withheld):
        yield Digest("sha256", shown.fact("sha256"))
