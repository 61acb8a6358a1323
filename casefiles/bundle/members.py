"""What goes into a bundle, and the members that are made of it.

``BundleContents`` has everything. ``make_payload`` derives every member but the seal; the same contents
give the same bytes. Tables come from leaves and disclosures alone, by the functions that the verifier
uses to make them again.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from casefiles.bundle.presets import AUDIENCES
from casefiles.errors import BundleError
from casefiles.format import layout
from casefiles.format.bag import DECLARATION, info_of, manifest_of
from casefiles.format.entries import EarlierStamp, ShownEntry, encode_stamps, entry_lines
from casefiles.format.kept import MadeMembers, keep
from casefiles.format.records import (
    Bounds,
    DisclosedLeaf,
    ProvenTime,
    ProvenTimes,
    bag_facts,
    derived_case,
    events_of,
    items_csv,
    items_of,
    jsonl,
    proven_time,
    read_disclosed,
)
from casefiles.format.schema import require_schema, schema_bytes
from casefiles.report.closed import Closing, closed_of, gaps_told_closed
from casefiles.report.data import make_report
from casefiles.report.paged import PageMaker
from casefiles.report.received import unshown
from casefiles.verifier.texts import make_texts
from evidence.canonical import Json, jcs, sha256_hex
from evidence.log.note import VerifierKey, open_checkpoint
from evidence.stamp.certificate import Certificate, encode_pem
from evidence.stamp.revocation import RevocationList
from evidence.stamp.token import read_token
from evidence.times import format_time

_ONE_LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,2000}")


@dataclass(frozen=True, slots=True)
class BundleContents:
    """Everything that a bundle is made of.

    Attributes:
        bundle_id: Unique name of this bundle, ASCII.
        case_id: The case's pseudonym.
        audience: One of ``AUDIENCES``.
        language: BCP 47 tag of the report's language.
        created_at: Aware UTC.
        rehearsal: Marks every text as not for court.
        tool: Name, version and digest of this program, one line.
        entries: Items (``observed``) and the events that show how they came and were kept,
            holes among them; any order, each leaf once.
        records: What the entries show, in the order of the log, for a caller who has opened them; none where the
            lines of the entries are to be opened. Whoever builds a bundle has it verified: it reads the lines again.
        checkpoint: The final checkpoint, to which every path leads.
        checkpoint_token: DER of the token over it.
        stamps: Over earlier checkpoints: each token that a leaf names in ``after``, and for each leaf the one of the
            earliest time over a checkpoint that covers it; no other.
        log_key: The log's C2SP verifier key.
        received: The log indexes of holes whose part the store has, whether or not an item here is that part.
        closings: What closed gaps of the channels, also gaps that are not here.
        pages: Makes the report as PDF; None for a bundle without it.
        lists: Revocation lists that the sender has. Those of the issuers above the seal and the time stamps go into
            the seal.
    """

    bundle_id: str
    case_id: str
    organisation: str
    audience: str
    language: str
    created_at: datetime
    reason: str
    purpose: str
    rehearsal: bool
    tool: str
    entries: tuple[ShownEntry, ...]
    checkpoint: bytes
    checkpoint_token: bytes
    stamps: tuple[EarlierStamp, ...]
    log_key: str
    records: tuple[DisclosedLeaf, ...] = ()
    received: frozenset[int] = frozenset()
    closings: tuple[Closing, ...] = ()
    pages: PageMaker | None = None
    lists: tuple[RevocationList, ...] = ()

    def __post_init__(self) -> None:
        if self.audience not in AUDIENCES:
            raise BundleError("bundle.unknown_audience", expected=", ".join(AUDIENCES), found=self.audience[:40])
        for name in ("bundle_id", "case_id", "organisation", "reason", "purpose", "tool"):
            if not _ONE_LINE.fullmatch(getattr(self, name)):
                raise BundleError("bundle.not_one_line", where=name)
        if len({entry.index for entry in self.entries}) != len(self.entries):
            raise BundleError("bundle.entry_doubled")


@dataclass(frozen=True, slots=True)
class BundlePayload:
    """Every member of a bundle but the seal's, and what they say."""

    members: dict[str, bytes]
    records: tuple[DisclosedLeaf, ...]
    anchorage: ProvenTimes


def make_payload(contents: BundleContents, *, certificates: Iterable[Certificate] = ()) -> BundlePayload:
    """Make every member of a bundle but ``META-INF``: the same bytes for the same contents.

    Args:
        certificates: Those that seal and time stamps lead to, for receivers who have no other copy.

    Raises:
        PagesError: The report cannot be made as PDF.
        BundleError: A token that a leaf names is missing, or one is there that none needs.
        CatalogueError: There are no words in this language.
        LeafError, CommitmentError, NoteError, CheckpointError, TokenError: What was given does not hold.
    """
    members = dict[str, bytes]()
    records, anchorage = fill_payload(members, contents, certificates=certificates)
    return BundlePayload(members, records, anchorage)


def fill_payload(
    members: dict[str, bytes] | MadeMembers, contents: BundleContents, *, certificates: Iterable[Certificate] = ()
) -> tuple[tuple[DisclosedLeaf, ...], ProvenTimes]:
    """Make every member of a bundle but ``META-INF``, one after the other, and put each among ``members``.

    Raises:
        Explained: As ``make_payload``.
        StorageFullError: They are kept in a file, and there is no space.
    """
    records = contents.records or _opened(contents.entries)
    anchorage = _anchorage(contents, records)
    case = describe(contents, records, anchorage)
    for name, pieces in _derived(contents, case, records, anchorage):
        keep(members, name, pieces)
    for one in certificates:
        members[layout.certificate_name(sha256_hex(one.der))] = encode_pem(one)
    members[layout.BAG_INFO] = info_of(members, bag_facts(case))
    members[layout.BAG_MANIFEST] = manifest_of(members)
    return records, anchorage


def _derived(
    contents: BundleContents, case: Mapping[str, Json], records: tuple[DisclosedLeaf, ...], anchorage: ProvenTimes
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Each member that follows from the contents. What one needs is gone before the next is made."""
    yield layout.ENTRIES, entry_lines(contents.entries)
    for name, content in _of_format(contents, case).items():
        yield name, [content]
    for name, content in _tables(records, anchorage, gaps_told_closed(case["closed"])).items():
        yield name, [content]
    texts = make_texts(case=case, records=records, anchorage=anchorage, log_key=contents.log_key)
    while texts:
        name, content = texts.popitem()
        yield name, [content]
    for name, content in _pages(contents, case, records, anchorage).items():
        yield name, [content]


def _pages(
    contents: BundleContents, case: Mapping[str, Json], records: tuple[DisclosedLeaf, ...], anchorage: ProvenTimes
) -> Mapping[str, bytes]:
    if contents.pages is None:
        return {}
    report = make_report(case=case, records=records, anchorage=anchorage, log_key=contents.log_key)
    return contents.pages.make(report, contents.language, case["created_at"])


def _opened(entries: Iterable[ShownEntry]) -> tuple[DisclosedLeaf, ...]:
    return tuple(
        read_disclosed(index=entry.index, leaf=entry.leaf, lines=entry.lines)
        for entry in sorted(entries, key=lambda entry: entry.index)
    )


def describe(contents: BundleContents, records: tuple[DisclosedLeaf, ...], anchorage: ProvenTimes) -> dict[str, Json]:
    """Make ``case.json`` of a bundle: what the caller gave, and what follows from the leaves.

    Raises:
        RecordsError: It does not fit its schema.
    """
    case = {
        **derived_case(records, anchorage),
        "audience": contents.audience,
        "bundle": contents.bundle_id,
        "case": contents.case_id,
        "closed": closed_of(records, contents.closings),
        "created_at": format_time(contents.created_at),
        "language": contents.language,
        "organisation": contents.organisation,
        "pages": contents.pages.edition if contents.pages else None,
        "purpose": contents.purpose,
        "reason": contents.reason,
        "received": unshown(records, contents.received),
        "rehearsal": "yes" if contents.rehearsal else "no",
        "tool": contents.tool,
    }
    require_schema(case, "case", where=layout.CASE)
    return case


def _anchorage(contents: BundleContents, records: tuple[DisclosedLeaf, ...]) -> ProvenTimes:
    key = VerifierKey.parse(contents.log_key)
    earlier = [_proven(stamp.token, stamp.checkpoint, key) for stamp in contents.stamps]
    bounds = Bounds(_proven(contents.checkpoint_token, contents.checkpoint, key), earlier)
    needed = bounds.needed_by((record.index, record.leaf.after) for record in records)
    if odd := needed ^ {time.token_sha256 for time in earlier}:
        raise BundleError("bundle.tokens_not_as_needed", where=min(odd), length=len(odd))
    return ProvenTimes(open_checkpoint(contents.checkpoint, key=key), sha256_hex(contents.checkpoint), bounds)


def _proven(token: bytes, checkpoint: bytes, key: VerifierKey) -> ProvenTime:
    info = read_token(token, sha256=hashlib.sha256(checkpoint).digest())
    size = open_checkpoint(checkpoint, key=key).size
    return proven_time(gen_time=info.gen_time, latest=info.latest, size=size, token_sha256=sha256_hex(token))


def _of_format(contents: BundleContents, case: Mapping[str, Json]) -> dict[str, bytes]:
    return {
        **{layout.schema_name(name): schema_bytes(name) for name in layout.SCHEMA_NAMES},
        layout.CASE: jcs(case),
        layout.MIMETYPE: layout.MIMETYPE_TEXT,
        layout.BAGIT: DECLARATION,
        layout.STAMPS: encode_stamps(contents.stamps),
        layout.CHECKPOINT: contents.checkpoint,
        layout.CHECKPOINT_TOKEN: contents.checkpoint_token,
        layout.LOG_KEY: f"{contents.log_key}\n".encode("ascii"),
    }


def _tables(records: tuple[DisclosedLeaf, ...], anchorage: ProvenTimes, closed: frozenset[int]) -> dict[str, bytes]:
    items, events = items_of(records), events_of(records)
    return {
        layout.ITEMS_JSONL: jsonl(items, anchorage),
        layout.ITEMS_CSV: items_csv(items, anchorage),
        layout.EVENTS_JSONL: jsonl(events, anchorage, closed),
    }
