"""The page for a client whose export was taken in: what was read, kept and missing, and why, in her language.

It names neither her, nor the chat, nor anybody in it, so that it tells nobody else more than that she was here. It is
a receipt and no evidence, and says so. The words for what is missing are those of the report.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from casefiles.report.lines import heading, joined, paragraph, spelled, title
from casefiles.report.text import banner
from config.words import Words
from evidence.observation import HoleReason, Mode
from evidence.times import format_time


@dataclass(frozen=True, slots=True)
class ReceivedExport:
    """What came of an export that a client brought.

    Attributes:
        organisation: Who took it in.
        sha256: Of what was read as messages, hex.
        messages, files: How many the export has.
        known: How many of both were kept before.
        missing: How many things it lacks, for each reason.
    """

    organisation: str
    at: datetime
    mode: Mode
    sha256: str
    messages: int
    files: int
    known: int
    missing: Mapping[HoleReason, int]
    rehearsal: bool


def received_text(words: Words, received: ReceivedExport) -> str:
    """The page as a text of at most 78 columns."""
    return joined(
        [
            *banner(words, rehearsal=received.rehearsal),
            *title(words.say("received.title")),
            paragraph(
                words.say(
                    "received.by",
                    organisation=spelled(received.organisation),
                    day=format_time(received.at)[:10],
                )
            ),
            *heading(words.say("received.what")),
            *_read(words, received),
            paragraph(words.say(f"received.mode.{received.mode.value}")),
            *heading(words.say("received.missing")),
            *_missing(words, received.missing),
            *heading(words.say("received.next")),
            *(paragraph(words.say(f"received.next.{what}")) + "\n" for what in ("again", "originals", "page")),
            paragraph(words.say("received.digest")),
            f"  {received.sha256[:32]}\n  {received.sha256[32:]}",
        ]
    )


def _read(words: Words, received: ReceivedExport) -> Iterator[str]:
    numbers = {"messages": received.messages, "files": received.files, "known": received.known}
    for name, number in numbers.items():
        yield paragraph(words.say(f"received.{name}", number=str(number)))
    yield ""


def _missing(words: Words, missing: Mapping[HoleReason, int]) -> Iterator[str]:
    if not any(missing.values()):
        yield paragraph(words.say("received.missing.none"))
    for reason in sorted(reason for reason, number in missing.items() if number):
        why = words.say(f"hole.{reason.value}")
        yield paragraph(words.say("received.missing.line", number=str(missing[reason]), why=why))
