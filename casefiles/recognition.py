"""What the client states of an item of her case: that she recognises it, how, and what of hers it was compared with.

She never sees an item here. Either a file of hers was compared with the item's sealed prints, and then nothing of her
file is kept but how alike the two are; or she saw the item where it was posted. She can take back what she stated, and
taking back her consent takes back all of it (``casefiles.report.stated``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from casefiles.case_entries import events_of_case
from casefiles.report.stated import CONSENT, RECOGNISED, standing
from evidence.canonical import Value, text_value
from evidence.match.check import Tier
from evidence.seal.recipients import KeyIdentity


class HowAlike(StrEnum):
    """How a client recognises an item."""

    SAME_FILE = "same_file"
    VERY_SIMILAR = "very_similar"
    SEEN = "seen"
    """She saw it where it was posted; nothing was compared."""


class ComparedWith(StrEnum):
    """What of the client's an item was compared with."""

    FILE = "file"
    """A file that the office read."""
    QUESTION = "question"
    """Fingerprints that her own device made."""


OF_TIER: Mapping[Tier, HowAlike] = {Tier.IDENTICAL: HowAlike.SAME_FILE, Tier.MATCH: HowAlike.VERY_SIMILAR}
"""What a comparison bears out; in the tier below, a machine says too little for a statement."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What a client states of an item, or that she takes back what she stated of it.

    Attributes:
        person: The client's pseudonym.
        item_id: Of which item.
        told_on: The day on which she said so.
        language: Of what she said.
        text: Her words; None where nobody wrote them down.
        how: None where she takes it back.
        means: None where nothing was compared.
    """

    person: str
    item_id: str
    told_on: date
    language: str
    text: str | None = None
    how: HowAlike | None = None
    means: ComparedWith | None = None

    def values(self, case_id: str) -> dict[str, Value]:
        """What is logged beside who acts."""
        return {
            "case": case_id,
            "item": self.item_id,
            "person": text_value(self.person),
            "given": "no" if self.how is None else "yes",
            "recognition": self.how,
            "means": self.means,
            "date": self.told_on.isoformat(),
            "language": text_value(self.language),
            "text": None if self.text is None else text_value(self.text),
        }


@dataclass(frozen=True, slots=True)
class RecordedStatement:
    """A statement that stands, where in the log it is, and who recorded it."""

    statement: Statement
    index: int
    recorded_by: str

    def told(self) -> dict[str, Any]:
        """The statement with her words, for a program."""
        stated = self.statement
        return {
            "item_id": stated.item_id,
            "recognition": stated.how,
            "means": stated.means,
            "date": stated.told_on.isoformat(),
            "language": stated.language,
            "words": stated.text,
            "recorded_by": self.recorded_by,
        }


def statements_of(engine: sa.Engine, case_id: str, casework: KeyIdentity) -> Sequence[RecordedStatement]:
    """The client's statements of a case that stand, in the order of the log.

    Raises:
        LeafError: A record is missing or damaged.
    """
    told = events_of_case(engine, case_id, [CONSENT, RECOGNISED], casework)
    events = {event.index: record for event, record in told}
    stand = standing((index, record.type, record.values) for index, record in events.items())
    indexes = sorted(index for of_item in stand.values() for index in of_item)
    return [
        RecordedStatement(_read(events[index].values), index, str(events[index].values["actor"])) for index in indexes
    ]


def _read(values: Mapping[str, Value]) -> Statement:
    how, means, text = values["recognition"], values["means"], values["text"]
    return Statement(
        person=str(values["person"]),
        item_id=str(values["item"]),
        told_on=date.fromisoformat(str(values["date"])),
        language=str(values["language"]),
        text=None if text is None else str(text),
        how=None if how is None else HowAlike(str(how)),
        means=None if means is None else ComparedWith(str(means)),
    )
