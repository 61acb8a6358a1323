"""The tables of a bundle, derived from its leaves, disclosures and tokens and from nothing else.

The writer makes ``items.jsonl``, ``events.jsonl``, ``items.csv`` and ``case.json`` with these
functions; the verifier makes them again and compares the bytes. So a table can say nothing
that no leaf commits to. Three times are kept apart: ``posted_at`` as the source claims, ``at`` by
the clock of whoever acquired it, and the bounds that time-stamp tokens prove. The leaf was made
after ``not_before`` and was in the log by ``stamped_at``, which is the earliest time of any token here
over a checkpoint that includes it. Standard library only.
"""

import csv
import io
import itertools
import re
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from casefiles.errors import RecordsError
from casefiles.format.layout import BUNDLE_SCHEMA
from config.errors import Term
from evidence.canonical import Json, jcs
from evidence.errors import UnknownTypeError
from evidence.log.commit import open_commitments
from evidence.log.leaf import Leaf, parse_leaf
from evidence.log.note import Checkpoint
from evidence.log.schema import NO_TOKEN, SCHEMAS, require_names, schema_of
from evidence.times import format_time

ITEM = "observed"
"""The event type whose leaves are the items of a bundle."""

OPENING = "log_opened"
"""The type of entry 0 of every log, which names the organisation; every bundle shows both that and whether it is
a rehearsal, so that neither rests on the sender's word of today."""
_OPENING_TELLS = ("organisation", "rehearsal")

GAP_CLOSED = "gap_closed"
"""The type that a table gives a gap of which the sender says what closed it; its leaf says ``hole``."""
WITHHELD = "[withheld]"
_FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
_UNSHOWN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
"""Controls, and what turns the direction of a line: spelled out in a cell. These by number and not by what
Python calls printable, which another version may see otherwise: every verifier must make the same bytes."""

COLUMNS = ("index", "event", "not_before", "stamped_at", *SCHEMAS[ITEM].subject, *SCHEMAS[ITEM].act)


@dataclass(frozen=True, slots=True)
class DisclosedLeaf:
    """A leaf with what is disclosed of it.

    Attributes:
        values: By NAME, only what is disclosed.
        withheld: The NAMEs that the leaf commits to and that are not disclosed, sorted.
    """

    index: int
    leaf: Leaf
    values: Mapping[str, Json]
    withheld: tuple[str, ...]


@dataclass(frozen=True, slots=True, order=True)
class ProvenTime:
    """A time that a token proves for the first ``size`` entries of the log; the earliest comes first in order.

    Attributes:
        at: genTime, in the one form of times, which sorts as the times do; what is finer is cut off.
        size: Of the checkpoint that the token stamps.
        token_sha256: Lower hex SHA-256 of the token.
        by: genTime in the same form, rounded up: a bound from above.
    """

    at: str
    size: int
    token_sha256: str
    by: str


def proven_time(*, gen_time: datetime, latest: datetime, size: int, token_sha256: str) -> ProvenTime:
    """What a token in a bundle proves for the first ``size`` entries; its two times are those of ``TokenInfo``."""
    return ProvenTime(format_time(gen_time), size, token_sha256, format_time(latest))


class Bounds:
    """The proven times between which each entry of a log was made and logged.

    Args:
        final: The time of the checkpoint that covers every entry.
        earlier: Those of earlier checkpoints, in any order.
    """

    def __init__(self, final: ProvenTime, earlier: Iterable[ProvenTime]) -> None:
        every = [*sorted(earlier, key=lambda time: time.size), final]
        self.final = final
        self._sizes = [time.size for time in every[:-1]]
        self._at = {time.token_sha256: time.at for time in every}
        # a larger checkpoint covers what a smaller one does: for each place, the earliest from there on
        self._earliest = list(itertools.accumulate(reversed(every), min))[::-1]

    def in_log_by(self, index: int) -> ProvenTime:
        """The earliest proven time at which entry ``index`` was in the log."""
        return self._earliest[bisect_right(self._sizes, index)]

    def made_after(self, after: str) -> str | None:
        """When the token was made that a leaf names in ``after``; None before the first."""
        return None if after == NO_TOKEN else self._at[after]

    def needed_by(self, entries: Iterable[tuple[int, str]]) -> frozenset[str]:
        """Digests of the earlier tokens that bound these entries (index and ``after``) from below or above."""
        tokens = {token for index, after in entries for token in (after, self.in_log_by(index).token_sha256)}
        return frozenset(tokens - {NO_TOKEN, self.final.token_sha256})


@dataclass(frozen=True, slots=True)
class ProvenTimes:
    """The checkpoint that all leaves of a bundle are proven in, and the bounds that tokens prove."""

    checkpoint: Checkpoint
    checkpoint_sha256: str
    bounds: Bounds


def read_disclosed(*, index: int, leaf: bytes, lines: Iterable[str]) -> DisclosedLeaf:
    """Read a leaf in a bundle, and open what is disclosed of it.

    Raises:
        LeafError: The leaf is malformed, or of a type that is not known.
        CommitmentError: See ``open_disclosed``.
    """
    return open_disclosed(index=index, leaf=parse_leaf(leaf), lines=lines)


def open_disclosed(*, index: int, leaf: Leaf, lines: Iterable[str]) -> DisclosedLeaf:
    """Open what a bundle discloses of a leaf.

    For a type that is not known here, the names are those in the lines: the digest in the leaf binds them too.

    Raises:
        LeafError: The names are not those of the leaf's type.
        CommitmentError: A line is malformed, or together they do not hash to what the leaf commits to.
    """
    shown = open_commitments(leaf.commit, lines)
    with suppress(UnknownTypeError):
        require_names(shown.names, schema_of(leaf.type, leaf.format), where=Term("place.leaf", index=index))
    return DisclosedLeaf(index, leaf, shown.values, shown.withheld)


def items_of(records: Iterable[DisclosedLeaf]) -> list[DisclosedLeaf]:
    """The records of a bundle's tables that are items."""
    return [record for record in records if record.leaf.type == ITEM]


def events_of(records: Iterable[DisclosedLeaf]) -> list[DisclosedLeaf]:
    """The records of a bundle's tables that are not items: how the items came to be here."""
    return [record for record in records if record.leaf.type != ITEM]


def jsonl(records: Sequence[DisclosedLeaf], anchorage: ProvenTimes, closed: Container[int] = ()) -> bytes:
    """A table of a bundle: one canonical JSON object a line, for each record in its order."""
    return b"".join(json_lines(records, anchorage, closed))


def json_lines(
    records: Iterable[DisclosedLeaf], anchorage: ProvenTimes, closed: Container[int] = ()
) -> Iterator[bytes]:
    """The lines of a table of a bundle, with their ends.

    Args:
        closed: The log indexes of gaps that were closed: nobody who counts holes in the table counts these.
    """
    return (
        jcs(row_of(record, anchorage) | ({"type": GAP_CLOSED} if record.index in closed else {})) + b"\n"
        for record in records
    )


def row_of(record: DisclosedLeaf, anchorage: ProvenTimes) -> dict[str, Json]:
    """The JSON object of one record in a table of a bundle."""
    return {
        "after": record.leaf.after,
        "event": record.leaf.event_id,
        "index": str(record.index),
        "not_before": anchorage.bounds.made_after(record.leaf.after),
        "public": record.leaf.public,
        "sealed": record.leaf.sealed,
        "stamped_at": anchorage.bounds.in_log_by(record.index).by,
        "type": record.leaf.type,
        "values": record.values,
        "withheld": record.withheld,
    }


def items_csv(items: Sequence[DisclosedLeaf], anchorage: ProvenTimes) -> bytes:
    """The items as a bundle's table for people, as a spreadsheet of a country with a decimal comma opens it.

    Semicolons, since a comma would be read as part of a number there, and UTF-8 behind its mark, without which Excel
    takes another encoding. ``items.jsonl`` is the exact form.
    Every cell is quoted, and one that a spreadsheet would run as a formula begins with an apostrophe.
    Control characters are spelled out as their numbers, except tabs and ends of lines.
    """
    out = io.StringIO(newline="")
    table = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for item in items:
        row = row_of(item, anchorage)
        known = {**{name: row[name] for name in ("index", "event", "not_before", "stamped_at")}, **item.values}
        table.writerow([_cell(known.get(name, WITHHELD)) for name in COLUMNS])
    return out.getvalue().encode("utf-8-sig")


def derived_case(records: Sequence[DisclosedLeaf], anchorage: ProvenTimes) -> dict[str, Json]:
    """What a bundle's ``case.json`` says that follows from the leaves and tokens.

    Raises:
        RecordsError: Entry 0 of the log is not shown, or does not show the organisation, or whether it is a rehearsal.
    """
    return {
        **_opening_values(records),
        "checkpoint": {
            "root": anchorage.checkpoint.root.hex(),
            "sha256": anchorage.checkpoint_sha256,
            "size": str(anchorage.checkpoint.size),
            "stamped_at": anchorage.bounds.final.by,
            "token_sha256": anchorage.bounds.final.token_sha256,
        },
        "events": str(len(events_of(records))),
        "format": BUNDLE_SCHEMA,
        "items": str(len(items_of(records))),
        "log": anchorage.checkpoint.origin,
        "withheld": str(sum(len(record.withheld) for record in records)),
    }


def _opening_values(records: Sequence[DisclosedLeaf]) -> dict[str, Json]:
    opening = next((record for record in records if (record.index, record.leaf.type) == (0, OPENING)), None)
    if opening is None:
        raise RecordsError("records.opening_not_shown", expected=OPENING)
    if hidden := [name for name in _OPENING_TELLS if name not in opening.values]:
        raise RecordsError("records.opening_withholds", where=hidden[0])
    return {name: opening.values[name] for name in _OPENING_TELLS}


def bag_facts(case: Mapping[str, Json]) -> dict[str, str]:
    """What a bundle's ``bag-info.txt`` says, from ``case.json`` (RFC 8493, 2.2.2)."""
    return {
        "Bag-Software-Agent": case["tool"],
        "Bagging-Date": case["created_at"][: len("YYYY-MM-DD")],
        "Bundle-Schema": case["format"],
        "External-Identifier": case["bundle"],
        "Source-Organization": case["organisation"],
    }


def _cell(value: Json) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else jcs(value).decode("utf-8")
    shown = _UNSHOWN.sub(lambda found: ascii(found[0])[1:-1], text)
    return "'" + shown if shown.startswith(_FORMULA_STARTS) else shown
