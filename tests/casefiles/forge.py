"""Makes real logs, stamps and bundles for the tests of the bundle, entirely in memory.

Everything is what the program makes: leaves, disclosures, tiles, checkpoints, tokens of the
rehearsal time-stamp office, a seal. Only the clock and the contents are made up.
"""

import hashlib
import io
import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from casefiles.bundle.countersign import countersign_bundle
from casefiles.bundle.members import BundleContents, make_payload
from casefiles.bundle.renew import with_newer_stamp
from casefiles.bundle.sign import BundleFacts, Sealer, build_bundle, make_seal, with_lists
from casefiles.format import layout
from casefiles.format.archive import links_of
from casefiles.format.bag import info_of, manifest_of
from casefiles.format.entries import EarlierStamp, ShownEntry, encode_entries, encode_stamps, read_entries, read_stamps
from casefiles.format.manifest import make_manifest, render_manifest
from casefiles.format.records import Bounds, ProvenTime, bag_facts
from casefiles.format.zip import container_bytes, read_container
from casefiles.pages.made import page_maker
from casefiles.report.paged import NO_MAKER, Remaking
from casefiles.verifier.checks import verify
from casefiles.verifier.held import read_held
from evidence.canonical import Value, jcs
from evidence.finding import Report
from evidence.log.commit import commit_digest, commitment, withheld_line
from evidence.log.merkle import leaf_hash
from evidence.log.note import Checkpoint, VerifierKey, sign_checkpoint
from evidence.log.schema import FORMAT, NO_TOKEN, SCHEMAS
from evidence.log.tiles import consistency_path, grow, inclusion_paths, tree_root
from evidence.rehearsal import tsa
from evidence.rehearsal.tsa import RehearsalOffice
from evidence.stamp.certificate import certificates_of, fingerprint
from evidence.stamp.revocation import read_list
from evidence.stamp.token import build_query, token_of_reply
from evidence.times import format_time
from tests.disclosing import disclose

CASE = "case-7"
ORIGIN = "ngo.example/5f3a9c01"
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
LOG_KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"test log key").digest())
VKEY = VerifierKey(ORIGIN, LOG_KEY.public_key().public_bytes_raw())
BEFORE = START - timedelta(days=30)
LATER = START + timedelta(days=365)
ROOT_KEYS: dict[x509.Certificate, ec.EllipticCurvePrivateKey] = {}
HELD_BACK = frozenset({"sender_name", "sender_id"})


@cache
def stamp_office() -> RehearsalOffice:
    """One rehearsal time-stamp office for the whole run."""
    key = ec.generate_private_key(ec.SECP256R1())
    return unit_under(tsa._root_certificate(key, BEFORE), key)


def unit_under(root: x509.Certificate, root_key: ec.EllipticCurvePrivateKey) -> RehearsalOffice:
    """A time-stamp unit whose certificate this root issues; the root's key is kept for the tests."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = tsa._stamping_certificate(key, root, root_key, BEFORE)
    ROOT_KEYS[root] = root_key
    return RehearsalOffice(key=key, certificate=certificate, root=root)


@cache
def another_office() -> RehearsalOffice:
    """A time-stamp office under a root of its own, which no receiver trusts yet."""
    root_key = ec.generate_private_key(ec.SECP256R1())
    return unit_under(tsa._root_certificate(root_key, BEFORE), root_key)


@dataclass(frozen=True)
class Listing:
    """A revocation list that a root makes, right but for what is changed.

    Attributes:
        revoked: When each certificate was revoked, by its serial number; and why, if ``reason`` is there.
        more: A critical extension.
        key: Who signs it; None for the root.
    """

    root: x509.Certificate
    at: datetime = BEFORE
    until: datetime = START + timedelta(days=3_000)
    revoked: Mapping[int, datetime] = field(default_factory=dict)
    reason: x509.ReasonFlags | None = None
    more: x509.ExtensionType | None = None
    key: ec.EllipticCurvePrivateKey | None = None

    def der(self) -> bytes:
        builder = x509.CertificateRevocationListBuilder(issuer_name=self.root.subject)
        builder = builder.last_update(self.at).next_update(self.until)
        if self.more:
            builder = builder.add_extension(self.more, critical=True)
        for serial, since in self.revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
            if self.reason:
                entry = entry.add_extension(x509.CRLReason(self.reason), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.key or ROOT_KEYS[self.root], hashes.SHA256()).public_bytes(Encoding.DER)


@cache
def lists() -> tuple[bytes, ...]:
    """The revocation lists of a bundle's seal and time stamps, which revoke nothing."""
    return tuple(Listing(root).der() for root in roots())


@cache
def sealer() -> Sealer:
    """One seal for the whole run."""
    root, root_key, certificate, key = make_seal("Test organisation", BEFORE)
    ROOT_KEYS[root] = root_key
    return Sealer(certificate, key, (root,))


def sealer_under(root: x509.Certificate, *extensions: x509.ExtensionType, usage: x509.KeyUsage | None = None) -> Sealer:
    """A certificate that ``root`` issues to whoever asks, used as a seal."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder().issuer_name(root.subject).public_key(key.public_key()).serial_number(7)
    builder = builder.subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "www.mallory.example")]))
    builder = builder.not_valid_before(BEFORE).not_valid_after(START + timedelta(days=300))
    usage = usage or sealer().certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    for extension in (x509.BasicConstraints(ca=False, path_length=None), usage, *extensions):
        builder = builder.add_extension(extension, critical=False)
    return Sealer(builder.sign(ROOT_KEYS[root], hashes.SHA256()), key)


def roots() -> list[x509.Certificate]:
    """What a receiver trusts."""
    return [sealer().chain[0], stamp_office().root]


def stamping(at: datetime, *, by: RehearsalOffice | None = None) -> Callable[[bytes], bytes]:
    """Stamps digests at times that go on by a second each."""
    ticks = itertools.count()

    def stamp(sha256: bytes) -> bytes:
        query = build_query(sha256=sha256, nonce=next(ticks))
        return token_of_reply((by or stamp_office()).stamp_reply(query, at + timedelta(seconds=next(ticks))))

    return stamp


class Tiles:
    """Tiles in memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[int, int], bytes] = {}

    def tile(self, *, level: int, n: int) -> bytes:
        return self.kept[level, n]


@dataclass
class Log:
    """A log in memory, with every disclosure of every leaf."""

    leaves: list[bytes] = field(default_factory=list)
    disclosures: list[dict[str, str]] = field(default_factory=list)
    stamps: dict[str, EarlierStamp] = field(default_factory=dict)
    times: list[ProvenTime] = field(default_factory=list)
    after: str = NO_TOKEN
    tiles: Tiles = field(default_factory=Tiles)
    added: set[str] = field(default_factory=set)

    def add(self, kind: str, values: Mapping[str, Value], *, public: Mapping[str, str] | None = None) -> int:
        """Append one event with its secrets; every NAME is committed."""
        body, disclosures = self.made(kind, values, public=public)
        return self.append(jcs(body), disclosures)

    def made(
        self, kind: str, values: Mapping[str, Value], *, public: Mapping[str, str] | None = None
    ) -> tuple[dict[str, Value], dict[str, str]]:
        """The leaf that would be next, and its disclosures."""
        index, schema = len(self.leaves), SCHEMAS[kind]
        subject, act = (hashlib.sha256(f"{word} {index}".encode()).digest() for word in ("subject", "act"))
        disclosures = {name: disclose(subject, name, values.get(name)) for name in schema.subject}
        disclosures |= {name: disclose(act, name, values.get(name)) for name in schema.act}
        sealed = {"record": hashlib.sha256(f"record {index}".encode()).hexdigest()} if disclosures else {}
        body: dict[str, Value] = {
            "after": self.after,
            "commit": commit_digest({name: commitment(disclosure) for name, disclosure in disclosures.items()}),
            "event": hashlib.sha256(f"event {index}".encode()).hexdigest()[:32],
            "format": FORMAT,
            "log": ORIGIN,
            "public": dict(public or {}),
            "sealed": sealed,
            "type": kind,
        }
        return body, disclosures

    def append(self, leaf: bytes, disclosures: dict[str, str]) -> int:
        index = len(self.leaves)
        self.tiles.kept |= grow(self.tiles, size=index, leaf_hashes=[leaf_hash(leaf)])
        self.leaves.append(leaf)
        self.disclosures.append(disclosures)
        return index

    def checkpoint(self, size: int | None = None, *, key: Ed25519PrivateKey = LOG_KEY) -> bytes:
        size = len(self.leaves) if size is None else size
        return sign_checkpoint(Checkpoint(ORIGIN, size, tree_root(self.tiles, size=size)), key=key)

    def anchor(self, at: datetime) -> str:
        """Stamp the log as it stands, log the token, and let later leaves name it."""
        digest = self.stamped(at)
        public = {
            "checkpoint_sha256": hashlib.sha256(self.stamps[digest].checkpoint).hexdigest(),
            "gen_time": format_time(at + timedelta(seconds=1)),
            "office": "Rehearsal",
            "reply_sha256": "0" * 64,
            "token_sha256": digest,
        }
        self.add("anchor", {}, public=public)
        self.after = digest
        return digest

    def stamped(self, at: datetime) -> str:
        """Stamp the log as it stands; the token is not logged."""
        checkpoint = self.checkpoint()
        token = stamping(at)(hashlib.sha256(checkpoint).digest())
        digest = hashlib.sha256(token).hexdigest()
        self.stamps[digest] = EarlierStamp(token, checkpoint, ())
        self.times.append(proven(at + timedelta(seconds=1), len(self.leaves), digest))
        return digest

    def entry(self, index: int, *, size: int | None = None, withhold: frozenset[str] = HELD_BACK) -> ShownEntry:
        """An entry under the checkpoint of this size, by default of the whole log."""
        (found,) = self.entries([index], size=size, withhold=withhold)
        return found

    def entries(
        self, indexes: Sequence[int], *, size: int | None = None, withhold: frozenset[str] = HELD_BACK
    ) -> tuple[ShownEntry, ...]:
        size = len(self.leaves) if size is None else size
        paths = inclusion_paths(self.tiles, indexes=indexes, size=size)
        return tuple(
            ShownEntry(index, self.leaves[index], lines_of(self.disclosures[index], withhold=withhold), tuple(path))
            for index, path in zip(indexes, paths, strict=True)
        )

    def stamp(self, digest: str, *, size: int | None = None) -> EarlierStamp:
        """An earlier stamp, with its path to the checkpoint of this size, by default of the whole log."""
        earlier = self.stamps[digest]
        new_size = len(self.leaves) if size is None else size
        return replace(
            earlier, consistency=tuple(consistency_path(self.tiles, old_size=earlier.size, new_size=new_size))
        )


def proven(at: datetime, size: int, token_sha256: str) -> ProvenTime:
    """What a token of this time proves."""
    return ProvenTime(
        format_time(at), size, token_sha256, format_time(at + timedelta(microseconds=-at.microsecond % 1000))
    )


def lines_of(disclosures: Mapping[str, str], *, withhold: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """What shows a leaf with these disclosures: one line for each name."""
    return tuple(
        withheld_line(name, commitment(disclosures[name])) if name in withhold else disclosures[name]
        for name in sorted(disclosures)
    )


def act(at: datetime) -> dict[str, Value]:
    """The names of every act."""
    return {
        "actor": "coordinator",
        "at": format_time(at),
        "reason": "reported by a client",
        "authority": None,
        "approver": None,
        "tool": "nisisama test",
    }


def item(number: int, *, at: datetime = START + timedelta(minutes=10)) -> dict[str, Value]:
    """A message, made up."""
    at += timedelta(seconds=number % 3600)
    return {
        **act(at),
        "kind": "message",
        "channel_id": "1234567890",
        "channel_title": "=Test \u202e channel",
        "message_id": str(1000 + number),
        "posted_at": format_time(START - timedelta(days=1) + timedelta(seconds=number)),
        "sender_id": "55501",
        "sender_name": "someone",
        "text": f'Text {number}, \u010dista zmija \U0001f40d, quotes " and , commas\nand a second line',
        "media": {"kind": "photo", "parts": ["one", None]},
        "sha256": hashlib.sha256(f"file {number}".encode()).hexdigest(),
        "bytes": "12345",
        "method": "desktop-json",
        "mode": "metadata_only",
        "declared_by": "coordinator",
    }


def opening(rehearsal: str = "yes", *, seal: Sealer | None = None) -> dict[str, Value]:
    """What entry 0 of every log says."""
    own = fingerprint((seal or sealer()).certificate)
    told = {"organisation": "Test organisation", "log_key": str(VKEY), "rehearsal": rehearsal}
    return {**act(START), **told, "seal_certificate_sha256": own}


def small_log(items: int, *, rehearsal: str = "yes", seal: Sealer | None = None) -> Log:
    """Opened, anchored, a case opened, observed, one hole, anchored again, one more observed, all added to the case."""
    log = Log()
    log.add("log_opened", opening(rehearsal, seal=seal))
    log.anchor(START + timedelta(minutes=5))
    log.add("case_opened", {**act(START + timedelta(minutes=9)), "case": CASE})
    for number in range(items - 1):
        log.add("observed", item(number))
    log.add(
        "hole", {**act(START + timedelta(hours=1)), "channel_id": "1234567890", "lo": "7", "hi": "9", "hole": "gap"}
    )
    log.anchor(START + timedelta(hours=2))
    log.add("observed", item(items, at=START + timedelta(hours=3)))
    add_to_case(log)
    return log


def add_to_case(log: Log, *, at: datetime = START + timedelta(hours=5)) -> Log:
    """Open the case unless it is open, and add every item that is in none yet."""
    leaves = [json.loads(leaf) for leaf in log.leaves]
    if not any(leaf["type"] == "case_opened" for leaf in leaves):
        log.add("case_opened", {**act(at), "case": CASE})
    for event in [leaf["event"] for leaf in leaves if leaf["type"] == "observed"]:
        if event not in log.added:
            log.added.add(event)
            log.add("case_item_added", {**act(at), "case": CASE, "item": event})
    return log


def contents_of(log: Log, *, only: Sequence[int] | None = None) -> BundleContents:
    """Everything in the log but its anchors, under one stamped checkpoint."""
    checkpoint, at = log.checkpoint(), START + timedelta(hours=12)
    token = stamping(at)(hashlib.sha256(checkpoint).digest())
    wanted = [index for index, disclosures in enumerate(log.disclosures) if disclosures] if only is None else only
    entries = log.entries(wanted)
    final = proven(at + timedelta(seconds=1), len(log.leaves), hashlib.sha256(token).hexdigest())
    bounds = ((entry.index, entry.leaf.split(b'"')[3].decode()) for entry in entries)
    needed = Bounds(final, log.times).needed_by(bounds)
    return BundleContents(
        bundle_id="case-7-bundle-1",
        case_id=CASE,
        organisation="Test organisation",
        audience="prosecutor",
        language="en",
        created_at=START + timedelta(days=1),
        reason="asked for by the client's lawyer",
        purpose="criminal complaint",
        rehearsal=True,
        tool="nisisama 0.1.0 (test)",
        entries=entries,
        checkpoint=checkpoint,
        checkpoint_token=token,
        stamps=tuple(log.stamp(digest) for digest in sorted(needed)),
        log_key=str(VKEY),
        lists=tuple(map(read_list, lists())),
    )


@cache
def good_log() -> Log:
    """The log of the good bundle; not to be changed."""
    return small_log(3)


@cache
def small_contents(items: int = 3, *, rehearsal: bool = True) -> BundleContents:
    log = good_log() if (items, rehearsal) == (3, True) else small_log(items, rehearsal="yes" if rehearsal else "no")
    return changed(contents_of(log), rehearsal=rehearsal)


def build(contents: BundleContents) -> tuple[bytes, BundleFacts]:
    """A sealed bundle and what the letter says of it."""
    out = io.BytesIO()
    facts = build_bundle(contents, sealer=sealer(), stamp=stamping(contents.created_at), roots=roots(), out=out)
    return out.getvalue(), facts


@cache
def good_bundle() -> bytes:
    """One small good bundle for the whole run."""
    return build(small_contents())[0]


@cache
def paged_bundle() -> bytes:
    """The good bundle with its report as PDF."""
    return build(changed(small_contents(), pages=page_maker()))[0]


def members_of(bundle: bytes) -> dict[str, bytes]:
    return read_container(io.BytesIO(bundle))


def good_members() -> dict[str, bytes]:
    """The members of the good bundle, to change."""
    return dict(members_of(good_bundle()))


def entries_of(members: Mapping[str, bytes]) -> dict[int, ShownEntry]:
    """The entries that members show, by index."""
    return {entry.index: entry for entry in read_entries(members[layout.ENTRIES])}


def with_entry(members: Mapping[str, bytes], entry: ShownEntry) -> dict[str, bytes]:
    """The members with another entry at its index."""
    entries = {**entries_of(members), entry.index: entry}
    return {**members, layout.ENTRIES: encode_entries(entries.values())}


def stamps_of(members: Mapping[str, bytes]) -> list[EarlierStamp]:
    """The earlier stamps of members, in their order."""
    return read_stamps([members[layout.STAMPS]])


def with_stamps(members: Mapping[str, bytes], stamps: Iterable[EarlierStamp]) -> dict[str, bytes]:
    """The members with these earlier stamps."""
    return {**members, layout.STAMPS: encode_stamps(stamps)}


def text_of(name: str) -> str:
    """A text of the good bundle."""
    return good_members()[name].decode("utf-8")


def reseal(
    members: Mapping[str, bytes],
    *,
    by: Sealer | None = None,
    stamp: Callable[[bytes], bytes] | None = None,
    rebag: bool = True,
    at: datetime = START + timedelta(days=1),
    listed: Sequence[bytes] = (),
) -> bytes:
    """Bag and seal changed members again, as a forger who holds the seal would."""
    stamp = stamp or stamping(at)
    body = {name: content for name, content in members.items() if not name.startswith(layout.META_INF)}
    if by:
        body.pop(layout.certificate_name(fingerprint(sealer().chain[0])), None)  # another seal leads elsewhere
    if rebag:
        body |= rebagged(body)
    sealed = make_manifest(signature=layout.SEAL_SIGNATURE, members=those(body, layout.is_sealed))
    body[layout.SEAL_MANIFEST] = render_manifest(sealed)
    signature = (by or sealer()).sign(body[layout.SEAL_MANIFEST], stamp=stamp, at=at)
    body[layout.SEAL_SIGNATURE] = with_lists(signature, listed)
    return rearchive(body, stamp=stamp)


def sealed_by(seal: Sealer, *, stamp: Callable[[bytes], bytes] | None = None) -> bytes:
    """A good bundle of an office whose log names this seal."""
    members = make_payload(contents_of(small_log(3, seal=seal))).members
    return reseal(members, by=seal, stamp=stamp)


def rebagged(body: Mapping[str, bytes]) -> dict[str, bytes]:

    facts = bag_facts(json.loads(body[layout.CASE]))
    return {layout.BAG_INFO: info_of(body, facts), layout.BAG_MANIFEST: manifest_of(body)}


def rearchive(members: Mapping[str, bytes], *, stamp: Callable[[bytes], bytes] | None = None) -> bytes:
    """Make the archive manifest and its token again over changed members."""
    body = dict(members)
    archived = make_manifest(signature=layout.ARCHIVE_TOKEN, members=those(body, layout.is_archived))
    body[layout.ARCHIVE_MANIFEST] = render_manifest(archived)
    stamp = stamp or stamping(START + timedelta(days=1, minutes=1))
    body[layout.ARCHIVE_TOKEN] = stamp(hashlib.sha256(body[layout.ARCHIVE_MANIFEST]).digest())
    return container_bytes(body)


def renewed(
    members: Mapping[str, bytes] | None = None, *, times: int = 1, by: RehearsalOffice | None = None
) -> dict[str, bytes]:
    """The members with more archive stamps, a year apart: those of the good bundle unless others are given."""
    kept = dict(good_members() if members is None else members)
    begun, office = len(links_of(kept)), by or stamp_office()
    listed = [read_list(Listing(office.root).der())]
    for year in range(begun, begun + times):
        at = START + timedelta(days=365 * year)
        kept = with_newer_stamp(kept, stamp=stamping(at, by=office), roots=certificates_of([office.root]), lists=listed)
    return kept


@cache
def another_sealer() -> Sealer:
    """The seal of a receiving office, under a root of its own."""
    root, root_key, certificate, key = make_seal("Receiving office", BEFORE)
    ROOT_KEYS[root] = root_key
    return Sealer(certificate, key, (root,))


def counter_roots() -> list[x509.Certificate]:
    """What a receiver of a counter-sealed bundle trusts."""
    return [*roots(), another_sealer().chain[0]]


def countersigned(bundle: bytes | None = None, *, by: Sealer | None = None, at: datetime = LATER) -> bytes:
    """A bundle with a counter-seal and a newer archive stamp: the good one unless another is given."""
    office = by or another_sealer()
    known = [*counter_roots(), *office.chain]
    listed = [read_list(Listing(root).der()) for root in dict.fromkeys([stamp_office().root, *office.chain])]
    return countersign_bundle(
        io.BytesIO(bundle or good_bundle()), sealer=office, stamp=stamping(at), at=at, roots=known, lists=listed
    )[0]


def recovered(members: Mapping[str, bytes], *, by: RehearsalOffice | None = None) -> bytes:
    """A bundle with the newest archive stamp made again, over changed counter-seals, as whoever adds one can do."""
    newest = {layout.ARCHIVE_MANIFEST, layout.renewal_token(1)}
    kept = {name: content for name, content in members.items() if name not in newest}
    kept[layout.ARCHIVE_MANIFEST] = kept.pop(layout.kept_manifest(1))
    return container_bytes(renewed(kept, by=by))


def those(members: Mapping[str, bytes], wanted: Callable[[str], bool]) -> list[tuple[str, bytes]]:
    return [(name, content) for name, content in members.items() if wanted(name)]


def checked(
    bundle: bytes,
    directory: Path,
    *,
    trust: Sequence[x509.Certificate] | None = None,
    log_key: VerifierKey | None = VKEY,
    seal_pin: str | None = None,
    held: bytes | None = None,
    pages: Remaking = NO_MAKER,
) -> Report:
    """Verify bytes as a file."""
    file = directory / "bundle.asice"
    file.write_bytes(bundle)
    return verify(
        file,
        roots=roots() if trust is None else trust,
        log_key=log_key,
        seal_pin=seal_pin,
        held=read_held(held) if held else None,
        pages=pages,
    )


def failed(report: Report) -> set[str]:
    """The checks that say FAILED."""
    return {finding.id for finding in report.findings if finding.verdict == "FAILED"}


def undecided(report: Report) -> set[str]:
    """The checks that say INDETERMINATE."""
    return {finding.id for finding in report.findings if finding.verdict == "INDETERMINATE"}


def changed(contents: BundleContents, **changes: object) -> BundleContents:
    return replace(contents, **changes)  # type: ignore[arg-type]  # any field of the contents
