"""The life of a bundle: a case exported without pictures, with its covering letter beside it; and verified.

The order: have everything stamped; build in memory; take the room for the files on their disk;
log who sends what to whom; only then write the files. Nothing leaves without its event.
"""

import io
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import httpx
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from api import TOOL
from api.home import SEAL_FILE, SEAL_KEY_FILE, SEAL_ROOT_FILE, SETTINGS_FILE, Home, Writer, no_office, read_certificate
from casefiles.bundle.letter import covering_letter
from casefiles.bundle.members import BundleContents, Exhibit, Stamp
from casefiles.bundle.sign import BundleFacts, Sealer, StampOver, build_bundle
from casefiles.case import OpenedEvent, authority_indexes, case_event_indexes, case_items, open_events
from casefiles.verifier.checks import verify_stream
from config import oplog
from evidence.authority import Act, Doer, one_person
from evidence.canonical import sha256_hex, text_value
from evidence.content import NAMES
from evidence.custody.anchoring import NONCE_BITS, has_news
from evidence.custody.append import TileRows, tree_size
from evidence.custody.event import Draft
from evidence.errors import HomeError, StampError, UnknownItemError
from evidence.finding import Report
from evidence.log.note import VerifierKey
from evidence.log.proof import TlogProof
from evidence.log.schema import NO_TOKEN
from evidence.log.tiles import inclusion_path
from evidence.objects.durable import fill_file, write_file
from evidence.seal.age import Identity
from evidence.stamp.client import request_stamp
from evidence.store import database
from evidence.store.database import reading

_OBSERVER = frozenset({"actor", "approver", "declared_by", "reason", "target", "acquisition"})
"""Committed and withheld from every bundle, since the accused reads it; revealed to the court on request.
Reasons are free words of the house: the bundle's own stands in its description."""
_WORDS = frozenset(
    {"text", "sender_id", "sender_name", "forwarded_from", "channel_title", "action", "file_name", "media", *NAMES}
)
_TRACES = frozenset(
    {"raw_sha256", "container_sha256", "container_bytes", "source_name", "offset", "message_sha256", "position"}
)
"""Digests, lengths and places of what the source said: whoever guesses at a withheld word could test the guess."""
_CONTENT = _WORDS | _TRACES
_HOLE_CONTENT = frozenset({"what"})
"""Of a hole, what is missing, in words; of a request, ``what`` is only the kind of act."""
WITHHELD = {
    "court": _OBSERVER,
    "prosecutor": _OBSERVER,
    "lawyer": _OBSERVER,
    "partner": _OBSERVER | _CONTENT,
}


@dataclass(frozen=True, slots=True)
class Order:
    """What ``case export`` was asked for."""

    case_id: str
    out: Path
    audience: str
    language: str
    doer: Doer


@dataclass(frozen=True, slots=True)
class Exported:
    """A written bundle and its letter."""

    bundle: Path
    letter: Path
    facts: BundleFacts
    unstamped: StampError | None
    review_by: datetime | None


def require_exportable(home: Home, case_id: str, out: Path) -> Path:
    """Check that there is something to export and where to write it, and return the letter's file.

    Raises:
        HomeError: Something lies at the place where bundle or letter should go, or there is no such folder.
        UnknownItemError: There is no such case, or it has no items.
    """
    if not case_items(home.engine, case_id):
        raise UnknownItemError("the case has no items", where=case_id, fix="Add some: nisisama case add")
    letter_file = out.with_name(out.name + ".letter.txt")
    if not out.parent.is_dir():  # before anything is logged: the event would name a file that never was
        raise HomeError("no such folder", where=str(out.parent), fix="Name a file in one that exists: --out")
    for file in (out, letter_file):
        if os.path.lexists(file):
            raise HomeError("something lies there already", where=str(file), fix="Name another file with --out")
    return letter_file


def export_case(home: Home, order: Order, casework: Identity) -> Exported:
    """Export a case.

    Raises:
        UnknownItemError: There is no such case, or it has no items.
        HomeError: Something lies at the place where the bundle should go, or there is no such folder.
        AuthorityError: There is no reason.
        StampError: The log, or the seal, could not be time-stamped; nothing was written.
        GateError: Something in it may not leave; nothing was written.
        LeafError: The record of an entry is gone; nothing was written.
        StorageFullError: No space for the files; nothing was written or logged.
    """
    letter_file = require_exportable(home, order.case_id, order.out)
    grant = one_person(Act.EXPORT, f"{order.case_id} for {order.audience}", order.doer)
    sealer = load_sealer(home, casework)
    with home.writing() as writer:
        anchor = anchored(writer)
        contents, roots = _contents(home, order, casework, anchor), _roots(home)
        bundle = io.BytesIO()
        with _stamper(home) as stamp:
            facts = build_bundle(contents, sealer=sealer, stamp=stamp, roots=roots, out=bundle)
        letter = covering_letter(contents, facts=facts, roots=roots)
        exported = Draft(
            "exported",
            order.doer.values(grant.request)
            | {
                "case": order.case_id,
                "bundle_sha256": facts.sha256,
                "audience": order.audience,
                "language": text_value(order.language),
                "items": str(facts.items),
            },
        )

        files = {order.out: bundle.getvalue(), letter_file: letter.encode("utf-8")}
        with _room_for(files):
            writer.sequencer.append([*grant.drafts, exported], also=grant.ask_for_review)
        for file, data in files.items():
            fill_file(file, data)
        oplog.note("export_made", items=facts.items, bytes=facts.bytes)
        return Exported(order.out, letter_file, facts, writer.beat(now=True), grant.review_by)


@contextmanager
def _room_for(files: Mapping[Path, bytes]) -> Iterator[None]:
    """Files of zeros of these sizes: a full disk is met before anything is logged, and nothing has left till then.

    Raises:
        StorageFullError: No space; no file is left behind, nor is one if the block raises.
    """
    taken: list[Path] = []
    try:
        for file, data in files.items():
            write_file(file, bytes(len(data)))
            taken.append(file)
        yield
    except BaseException:
        for file in taken:
            file.unlink()
        raise


@dataclass(frozen=True, slots=True)
class Anchored:
    """A stamped checkpoint that covers everything but anchors."""

    note: bytes
    token: bytes
    size: int


def anchored(writer: Writer) -> Anchored:
    """The newest stamped checkpoint, made now if anything is newer than it.

    Raises:
        StampError: No time stamp could be had.
    """
    found = _newest_anchored(writer)
    if found is None:
        if error := writer.beat(now=True):
            raise error
        found = _newest_anchored(writer)
    if found is None:
        raise no_office(writer.home.path / SETTINGS_FILE)
    return found


def _newest_anchored(writer: Writer) -> Anchored | None:
    table, notes = database.token, database.checkpoint
    with reading(writer.home.engine) as connection:
        row = connection.execute(sa.select(table).order_by(table.c.idx.desc()).limit(1)).one_or_none()
        if row is None or has_news(connection, row.size, tree_size(connection)):
            return None
        note = connection.execute(sa.select(notes.c.note).where(notes.c.size == row.size)).scalar_one()
        return Anchored(bytes(note), bytes(row.token), row.size)


def _contents(home: Home, order: Order, casework: Identity, anchor: Anchored) -> BundleContents:
    opening, *events = open_events(home.engine, [0, *case_event_indexes(home.engine, order.case_id)], casework)
    told = opening.record.values if opening.record else {}
    events += open_events(home.engine, authority_indexes(home.engine, events), casework)
    at = home.clock()
    return BundleContents(
        bundle_id=f"{order.case_id}-{at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}",
        case_id=order.case_id,
        organisation=str(told["organisation"]),  # as the log says, not as a setting of today says
        audience=order.audience,
        language=order.language,
        created_at=at,
        reason=order.doer.reason or "",
        purpose=f"evidence for the {order.audience}",
        rehearsal=told["rehearsal"] != "no",
        tool=TOOL,
        exhibits=tuple(_exhibits(home, [opening, *events], anchor, WITHHELD[order.audience])),
        checkpoint=anchor.note,
        checkpoint_token=anchor.token,
        stamps=tuple(_stamps(home, {event.leaf.after for event in [opening, *events]} - {NO_TOKEN})),
        log_key=str(home.verifier_key),
        certificates=tuple((file.stem, file.read_bytes()) for file in sorted(home.trust.glob("*.pem"))),
    )


def _exhibits(
    home: Home, events: Sequence[OpenedEvent], anchor: Anchored, withhold: frozenset[str]
) -> Iterator[Exhibit]:
    with reading(home.engine) as connection:
        tiles = TileRows(connection)
        for event in events:
            path = tuple(inclusion_path(tiles, index=event.index, size=anchor.size))
            proof = TlogProof(event.index, path, anchor.note).encode()
            hidden = withhold | _HOLE_CONTENT if event.leaf.type == "hole" and withhold >= _CONTENT else withhold
            disclosures = event.record.disclosures(withhold=hidden) if event.record else ()
            yield Exhibit(event.index, event.data, disclosures, proof)


def _stamps(home: Home, cited: set[str]) -> Iterator[Stamp]:
    """The tokens that leaves name as the newest before them, with what each stamps."""
    table, notes = database.token, database.checkpoint
    both = sa.select(table.c.token, notes.c.note).join(notes, notes.c.size == table.c.size).order_by(table.c.idx)
    with reading(home.engine) as connection:
        for row in connection.execute(both):
            if sha256_hex(bytes(row.token)) in cited:
                yield Stamp(bytes(row.token), bytes(row.note))


def load_sealer(home: Home, casework: Identity) -> Sealer:
    """The organisation's seal.

    Raises:
        NoMatchingKeyError: The casework key is another home's.
    """
    certificate = read_certificate(home.path / SEAL_FILE)
    key = load_pem_private_key(home.keys.read_sealed(SEAL_KEY_FILE, casework), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise HomeError("the seal's key is of another kind", where=SEAL_KEY_FILE, expected="an elliptic curve key")
    root = read_certificate(home.trust / SEAL_ROOT_FILE)
    return Sealer(certificate, key, (root,))


@contextmanager
def _stamper(home: Home) -> Iterator[StampOver]:
    with home.time_stamping() as authorities, httpx.Client() as http:
        if not authorities:
            raise no_office(home.path / SETTINGS_FILE)

        def stamp(sha256: bytes) -> bytes:
            timeout_s = home.settings.stamp.timeout_s
            nonce = secrets.randbits(NONCE_BITS)
            return request_stamp(
                authority=authorities[0], sha256=sha256, http=http, nonce=nonce, timeout_s=timeout_s
            ).token

        yield stamp


def _roots(home: Home) -> list[x509.Certificate]:
    return [read_certificate(file) for file in sorted(home.trust.glob("*.pem"))]


def verify_bundle(
    bundle: BinaryIO,
    *,
    roots: Sequence[x509.Certificate],
    log_key: VerifierKey | None = None,
    seal_pin: str | None = None,
) -> Report:
    """Check a bundle, without a home.

    Args:
        bundle: Can be sought in.
        roots: Those that the caller trusts; without any it is INDETERMINATE at best.
        seal_pin: Lower hex SHA-256 of the seal's certificate, as the letter prints it.
    """
    return verify_stream(bundle, roots=roots, log_key=log_key, seal_pin=seal_pin)
