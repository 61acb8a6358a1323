"""The sheets that were made of a case, as the log records them: nothing is asked twice without saying so."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from casefiles.case_entries import events_of_case
from casefiles.sheet.data import AskedBefore, SheetKind
from evidence.canonical import Value, text_value
from evidence.seal.recipients import KeyIdentity

MADE = "sheet_made"


@dataclass(frozen=True, slots=True)
class MadeSheet:
    """A sheet that was made, as the log has it beside who acted.

    Attributes:
        sha256: Of the file, lower hex.
        language: Of what stands behind the English page.
        stamped: Whether every item was under a time-stamped checkpoint by then.
    """

    case_id: str
    kind: SheetKind
    items: tuple[str, ...]
    sha256: str
    language: str
    stamped: bool

    def values(self) -> dict[str, Value]:
        """The values of the entry that says that a sheet was made, beside who acts."""
        return {
            "case": self.case_id,
            "sheet": self.kind.value,
            "sheet_items": list(self.items),
            "sheet_sha256": self.sha256,
            "language": text_value(self.language),
            "stamped": "yes" if self.stamped else "no",
        }


def asked_before(
    engine: sa.Engine, case_id: str, items: Collection[str], casework: KeyIdentity
) -> Iterator[AskedBefore]:
    """The sheets made before of a case that had any of these items, in the order of the log.

    Of other cases, nothing is said.

    Raises:
        LeafError: A record is missing or damaged.
    """
    for _event, record in events_of_case(engine, case_id, [MADE], casework):
        listed = record.values["sheet_items"]
        had = set(listed) if isinstance(listed, list) else set()
        if same := len(had & set(items)):
            kind = SheetKind(str(record.values["sheet"]))
            yield AskedBefore(kind, str(record.values["at"]), same, len(had))
