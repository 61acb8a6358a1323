"""What goes into a bundle, and the members that are made of it.

``BundleContents`` is everything; ``payload`` derives every member but the seal, the same bytes
for the same contents. What a table says comes from leaves and disclosures alone, by the very
functions with which the verifier makes it again.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from casefiles.bundle.presets import AUDIENCES
from casefiles.bundle.script import verify_script
from casefiles.errors import BundleError
from casefiles.format import layout
from casefiles.format.bag import DECLARATION, info_of, manifest_of
from casefiles.format.records import (
    DisclosedLeaf,
    ProvenTimes,
    bag_facts,
    derived_case,
    encode_lines,
    events_of,
    items_csv,
    items_of,
    jsonl,
    read_disclosed,
)
from casefiles.format.schema import require_schema, schema_bytes
from casefiles.report.beside import how_to_verify, readme
from casefiles.report.data import make_report
from casefiles.report.text import render
from casefiles.verifier.report import not_made_by
from config.words import load_words
from evidence.canonical import Json, jcs, sha256_hex
from evidence.log.note import VerifierKey, open_checkpoint
from evidence.log.schema import NO_TOKEN
from evidence.stamp.token import read_token
from evidence.times import format_time

_ONE_LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,2000}")
_CERTIFICATE_NAME = re.compile(r"[a-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One leaf, proven in the bundle's checkpoint, with what is disclosed of it.

    Attributes:
        index: Its place in the log, from 0.
        leaf: The leaf, byte for byte.
        lines: One for each NAME of its type, in their order: a disclosure, or the commitment of a withheld value.
        proof: Its C2SP tlog-proof file, with the bundle's checkpoint in it.
    """

    index: int
    leaf: bytes
    lines: tuple[str, ...]
    proof: bytes


@dataclass(frozen=True, slots=True)
class Stamp:
    """An earlier token that a leaf names in ``after``.

    Attributes:
        token: DER of the time-stamp token.
        checkpoint: The checkpoint file that it stamps, byte for byte.
    """

    token: bytes
    checkpoint: bytes


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
        exhibits: Items (``observed``) and the events that show how they came and were kept,
            holes among them; any order, each leaf once.
        checkpoint: The checkpoint file that every proof carries.
        checkpoint_token: DER of the token over it.
        stamps: For each distinct ``after`` of the leaves but 64 zeros, exactly one.
        log_key: The log's C2SP verifier key.
        certificates: PEM files by name, ``[a-z0-9-]``, for those who have no other copy.
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
    exhibits: tuple[Exhibit, ...]
    checkpoint: bytes
    checkpoint_token: bytes
    stamps: tuple[Stamp, ...]
    log_key: str
    certificates: tuple[tuple[str, bytes], ...] = ()

    def __post_init__(self) -> None:
        if self.audience not in AUDIENCES:
            raise BundleError("bundle.unknown_audience", expected=", ".join(AUDIENCES), found=self.audience[:40])
        for name in ("bundle_id", "case_id", "organisation", "reason", "purpose", "tool"):
            if not _ONE_LINE.fullmatch(getattr(self, name)):
                raise BundleError("bundle.not_one_line", where=name)
        if len({exhibit.index for exhibit in self.exhibits}) != len(self.exhibits):
            raise BundleError("bundle.entry_doubled")
        for name, _ in self.certificates:
            if not _CERTIFICATE_NAME.fullmatch(name):
                raise BundleError("bundle.not_a_certificate_name", found=ascii(name)[:80])


@dataclass(frozen=True, slots=True)
class BundlePayload:
    """Every member of a bundle but the seal's, and what they say."""

    members: dict[str, bytes]
    records: tuple[DisclosedLeaf, ...]
    anchorage: ProvenTimes


def make_payload(contents: BundleContents) -> BundlePayload:
    """Every member but ``META-INF``: the same bytes for the same contents.

    Raises:
        BundleError: A token that a leaf names is missing, or one is there that none names.
        CatalogueError: There are no words in this language.
        LeafError, CommitmentError, NoteError, CheckpointError, TokenError: What was given does not hold.
    """
    exhibits = sorted(contents.exhibits, key=lambda exhibit: exhibit.index)
    records = tuple(read_disclosed(index=exhibit.index, leaf=exhibit.leaf, lines=exhibit.lines) for exhibit in exhibits)
    anchorage = _anchorage(contents, records)
    case = describe(contents, records, anchorage)
    members = {
        **_log_members(contents),
        **_tables(records, anchorage),
        **{layout.schema_name(name): schema_bytes(name) for name in layout.SCHEMA_NAMES},
        **_texts(contents, case, records, anchorage),
        layout.CASE: jcs(case),
        layout.MIMETYPE: layout.MIMETYPE_TEXT,
        layout.BAGIT: DECLARATION,
    }
    members[layout.BAG_INFO] = info_of(members, bag_facts(case))
    members[layout.BAG_MANIFEST] = manifest_of(members)
    return BundlePayload(members, records, anchorage)


def describe(contents: BundleContents, records: tuple[DisclosedLeaf, ...], anchorage: ProvenTimes) -> dict[str, Json]:
    """``case.json``: what was told, and what follows from the leaves.

    Raises:
        RecordsError: It does not fit its schema.
    """
    case = {
        **derived_case(records, anchorage),
        "audience": contents.audience,
        "bundle": contents.bundle_id,
        "case": contents.case_id,
        "created_at": format_time(contents.created_at),
        "language": contents.language,
        "organisation": contents.organisation,
        "purpose": contents.purpose,
        "reason": contents.reason,
        "rehearsal": "yes" if contents.rehearsal else "no",
        "tool": contents.tool,
    }
    require_schema(case, "case", where=layout.CASE)
    return case


def _anchorage(contents: BundleContents, records: tuple[DisclosedLeaf, ...]) -> ProvenTimes:
    key = VerifierKey.parse(contents.log_key)
    stamps = {sha256_hex(stamp.token): stamp for stamp in contents.stamps}
    cited = {record.leaf.after for record in records} - {NO_TOKEN}
    if odd := cited ^ stamps.keys():
        raise BundleError("bundle.tokens_not_as_named", where=min(odd), length=len(odd))
    return ProvenTimes(
        checkpoint=open_checkpoint(contents.checkpoint, key=key),
        checkpoint_sha256=sha256_hex(contents.checkpoint),
        token_sha256=sha256_hex(contents.checkpoint_token),
        stamped_at=_gen_time(contents.checkpoint_token, contents.checkpoint),
        gen_times={digest: _gen_time(stamp.token, stamp.checkpoint) for digest, stamp in stamps.items()},
    )


def _gen_time(token: bytes, checkpoint: bytes) -> datetime:
    return read_token(token, sha256=hashlib.sha256(checkpoint).digest()).gen_time


def _log_members(contents: BundleContents) -> dict[str, bytes]:
    members = {
        layout.CHECKPOINT: contents.checkpoint,
        layout.CHECKPOINT_TOKEN: contents.checkpoint_token,
        layout.LOG_KEY: f"{contents.log_key}\n".encode("ascii"),
    }
    for exhibit in contents.exhibits:
        members[layout.leaf_name(exhibit.index)] = exhibit.leaf
        members[layout.proof_name(exhibit.index)] = exhibit.proof
        members[layout.disclosures_name(exhibit.index)] = encode_lines(exhibit.lines)
    for stamp in contents.stamps:
        token, checkpoint = layout.stamp_names(sha256_hex(stamp.token))
        members |= {token: stamp.token, checkpoint: stamp.checkpoint}
    return members | {f"data/certs/{name}.pem": pem for name, pem in contents.certificates}


def _tables(records: tuple[DisclosedLeaf, ...], anchorage: ProvenTimes) -> dict[str, bytes]:
    items, events = items_of(records), events_of(records)
    return {
        layout.ITEMS_JSONL: jsonl(items, anchorage),
        layout.ITEMS_CSV: items_csv(items, anchorage),
        layout.EVENTS_JSONL: jsonl(events, anchorage),
    }


def _texts(
    contents: BundleContents, case: dict[str, Json], records: tuple[DisclosedLeaf, ...], anchorage: ProvenTimes
) -> dict[str, bytes]:
    words = load_words(contents.language)
    report = make_report(case=case, records=records, anchorage=anchorage, log_key=contents.log_key)
    texts = {
        layout.README: readme(words, case),
        layout.HOW_TO_VERIFY: how_to_verify(
            words, case, not_made=[f"{listed.id}: {listed.title}" for listed in not_made_by("sh")]
        ),
        layout.VERIFY_SH: verify_script(),
        layout.report_name(contents.language): render(words, report),
    }
    return {name: text.encode("utf-8") for name, text in texts.items()}
