"""Checks a bundle from first byte to last, offline: ``verify``.

``checks.json`` lists what must hold, in order. This module says, under the same ids, how each is
checked. Primitives raise; ``verify`` turns each raise into a Finding and returns one Finding for
every check. A check whose ground did not hold is not made, and says so.

The verdict is PASSED when all hold; FAILED when one does not; INDETERMINATE when nothing
speaks against the bundle but no roots were given, because whoever forges a bundle can forge
the roots in it too; or when the seal and a time stamp lead to one and the same root, because one
list of roots serves both: then whoever holds a certificate under the time-stamp office's root
could have made "the seal", or the organisation its own time. ``--seal``, the fingerprint of the
seal's certificate from outside, settles who sealed; it never settles when.

What anybody can add to a sealed bundle, a renewal or a counter-seal, has checks of its own. Undecided, such a check
is reported and leaves the verdict on what was sealed as it is; wrong, it fails the file.

Roots never come from the bundle. Of a certificate without a revocation list in the bundle, nobody
can tell here whether it was revoked: the check says which those are.

Standard library, cryptography and asn1crypto only.
"""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import BinaryIO, TypeAlias, TypeVar

from casefiles.errors import (
    BundleSealError,
    ContainerError,
    ManifestError,
    RecordsError,
    UndecidedError,
    VerificationError,
)
from casefiles.format import layout
from casefiles.format.archive import ArchiveLink, CounterSeal, counter_seals_of, links_of, listed_by
from casefiles.format.bag import require_info, require_manifest
from casefiles.format.entries import EarlierStamp, ReadEntries, ShownEntry, read_stamps
from casefiles.format.kept import count_lines, length_of, lines_of, longest_line, pieces_of, sha256_of
from casefiles.format.manifest import Manifest, parse_manifest, require_complete, require_digests
from casefiles.format.pictures import require_no_picture, require_no_picture_in_entries
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
    json_lines,
    open_disclosed,
    proven_time,
)
from casefiles.format.schema import load_schema, require_schema, schema_bytes
from casefiles.format.zip import open_container, read_container
from casefiles.report.closed import gaps_told_closed, require_closings
from casefiles.report.data import make_report
from casefiles.report.paged import NO_MAKER, PageMaker, Remaking
from casefiles.report.received import require_received
from casefiles.verifier.cades import (
    Seal,
    on_the_way,
    read_seal,
    read_time_stamp,
    require_nothing_beside,
    root_keys,
)
from casefiles.verifier.held import HeldFile, HeldLog, open_held, require_one_history
from casefiles.verifier.references import (
    require_closed,
    require_closings_within,
    require_logged_seal,
    require_made_between,
    require_within,
)
from casefiles.verifier.revocation import Use, require_unrevoked, tells_of
from casefiles.verifier.texts import make_texts
from config.errors import Explained
from config.words import languages
from evidence.canonical import Json, read_jcs, read_json, sha256_hex
from evidence.errors import CertificateError, ConsistencyProofError, LeafError, TokenError, UnknownTypeError
from evidence.finding import Basis, Finding, Report, Verdict
from evidence.log.leaf import Leaf, read_leaf, require_type
from evidence.log.merkle import verify_consistency, verify_inclusion
from evidence.log.note import Checkpoint, VerifierKey, open_checkpoint
from evidence.log.schema import NO_TOKEN
from evidence.stamp.certificate import AnyCertificate, Certificate, certificates_of, encode_pem, fingerprint, read_pem
from evidence.stamp.chain import chain_to_root, is_self_issued
from evidence.stamp.cms import SignerFacts
from evidence.stamp.revocation import RevocationList, read_list
from evidence.stamp.token import TokenInfo, read_token
from evidence.times import MAX_SKEW, format_time

T = TypeVar("T")
ITEMS_UNASKED = 100
"""Of how many items the report is typeset again although nobody asked for it: it takes under a second."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """An earlier token and the checkpoint that it stamps, the mathematics of both checked."""

    info: TokenInfo
    checkpoint: Checkpoint
    stamp: EarlierStamp


class OpenedBundle:
    """A container whose members are known, and what the checks read out of it, each part once.

    Args:
        roots: From outside the bundle; empty when the caller has none.
        log_key: From outside the bundle; None when the caller has none.
        seal_pin: Lower hex SHA-256 of the seal's certificate, from outside; None when the caller has none.
        held: What the caller holds of the same log; None when he has nothing to compare.
        pages: How the report is made as PDF again.

    Attributes:
        hear: Called with how many more records and stamps a check has looked at.
    """

    def __init__(
        self,
        members: Mapping[str, bytes],
        *,
        roots: Sequence[AnyCertificate],
        log_key: VerifierKey | None,
        seal_pin: str | None = None,
        held: HeldFile | None = None,
        pages: Remaking = NO_MAKER,
    ) -> None:
        self.members = members
        self.roots = certificates_of(roots)
        self.trusted_log_key = log_key
        self.seal_pin = seal_pin
        self.held = held
        self.pages = pages
        self.hear: Callable[[int], object] = lambda _more: None

    @cached_property
    def digests(self) -> Mapping[str, bytes]:
        """The SHA-256 of each member of the opened bundle: the bag, the seal and the archive name it."""
        return {name: sha256_of(self.members, name) for name in self.members}

    @cached_property
    def entries(self) -> ReadEntries:
        """Every entry that the opened bundle shows, ascending by index."""
        size = length_of(self.members, layout.ENTRIES)
        return ReadEntries(lambda: pieces_of(self.members, layout.ENTRIES), size=size)

    @cached_property
    def earlier(self) -> list[EarlierStamp]:
        """The stamps over earlier checkpoints that the opened bundle has, ascending by size."""
        return read_stamps(pieces_of(self.members, layout.STAMPS))

    @cached_property
    def case(self) -> Mapping[str, Json]:
        """``case.json`` of the opened bundle, valid by its schema."""
        case = read_jcs(self.members[layout.CASE], where=layout.CASE)
        require_schema(case, "case", where=layout.CASE)
        checked: Mapping[str, Json] = case
        return checked

    @cached_property
    def closed(self) -> frozenset[int]:
        """The gaps that the description of the opened bundle says were closed; none where it cannot be read."""
        try:
            return gaps_told_closed(self.case["closed"])
        except Explained:
            return frozenset()

    @cached_property
    def seal_manifest(self) -> Manifest:
        """The list of members that the seal of the opened bundle signs."""
        return parse_manifest(self.members[layout.SEAL_MANIFEST], signature=layout.SEAL_SIGNATURE)

    @cached_property
    def seal(self) -> Seal:
        """The seal of the opened bundle, its mathematics checked."""
        return read_seal(signature=self.members[layout.SEAL_SIGNATURE], manifest=self.members[layout.SEAL_MANIFEST])

    @cached_property
    def seal_stamp(self) -> TokenInfo:
        """The time-stamp of the opened bundle's seal, its mathematics checked."""
        return read_time_stamp(self.seal)

    @cached_property
    def links(self) -> Sequence[ArchiveLink]:
        """The archive time stamps that the opened bundle names, oldest first."""
        return links_of(self.members)

    @cached_property
    def archive_manifests(self) -> Sequence[Manifest]:
        """The lists of the opened bundle's archive time stamps, oldest first."""
        return [parse_manifest(self.members[link.manifest], signature=link.token) for link in self.links]

    @cached_property
    def counter_seals(self) -> Sequence[CounterSeal]:
        """The counter-seals that the opened bundle names, oldest first."""
        return counter_seals_of(self.members)

    def counter_seals_at(self, link: int) -> Sequence[CounterSeal]:
        """Those that were there when the link of this place in the chain was made: all by the newest, none goes."""
        if link == len(self.links) - 1:
            return self.counter_seals
        named = [
            sum(seal.signature in manifest.digests for seal in self.counter_seals)
            for manifest in self.archive_manifests[: link + 1]
        ]
        return self.counter_seals[: max(named)]

    @cached_property
    def first_archive_stamp(self) -> TokenInfo:
        """The time stamp of the opened bundle's archive that its sender made, its mathematics checked."""
        return self._read(self.links[0].token, self.links[0].manifest)

    @cached_property
    def archive_stamps(self) -> Sequence[TokenInfo]:
        """The time stamps of the opened bundle's archive, oldest first, their mathematics checked."""
        return [self._read(link.token, link.manifest) for link in self.links]

    @cached_property
    def archive_lists(self) -> Sequence[Sequence[bytes]]:
        """The revocation lists in each of the opened bundle's archive time stamps; nothing else lies beside these."""
        return [
            require_nothing_beside(self.members[link.token], info, renewed=at > 0)
            for at, (link, info) in enumerate(zip(self.links, self.archive_stamps, strict=True))
        ]

    @cached_property
    def checkpoint_stamp(self) -> TokenInfo:
        """The time-stamp of the opened bundle's checkpoint, its mathematics checked."""
        return self._read(layout.CHECKPOINT_TOKEN, layout.CHECKPOINT)

    @cached_property
    def log_key(self) -> VerifierKey:
        """The log's key as the opened bundle names it."""
        text = self.members[layout.LOG_KEY].decode("ascii", "replace")
        return VerifierKey.parse(text.removesuffix("\n"))

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint that all leaves are proven in, its signature checked."""
        return open_checkpoint(self.members[layout.CHECKPOINT], key=self.log_key)

    @cached_property
    def leaves(self) -> dict[int, Leaf]:
        """Every leaf of the opened bundle, by index; its type need not be known here."""
        leaves: dict[int, Leaf] = {}
        for entry in self.entries:
            leaf = read_leaf(entry.leaf)
            if leaf.log != self.checkpoint.origin:
                raise LeafError(
                    "leaf.of_another_log_than_checkpoint", index=entry.index, expected=self.checkpoint.origin
                )
            leaves[entry.index] = leaf
        return leaves

    @cached_property
    def records(self) -> list[DisclosedLeaf]:
        """Every leaf of the opened bundle with what is disclosed of it, in the order of the log."""
        return [
            open_disclosed(index=entry.index, leaf=self.leaves[entry.index], lines=entry.lines)
            for entry in self.heard(self.entries)
        ]

    @cached_property
    def anchors(self) -> dict[str, Anchor]:
        """The tokens over earlier checkpoints, by their digest, in order of size; those that the leaves need."""
        anchors = {stamp.token_sha256: self._anchor(stamp) for stamp in self.heard(self.earlier)}
        cited = {leaf.after for leaf in self.leaves.values()} - {NO_TOKEN}
        if missing := cited - anchors.keys():
            raise TokenError("token.named_and_missing", where=min(missing), length=len(missing))
        return anchors

    @cached_property
    def anchorage(self) -> ProvenTimes:
        """The proven bounds of time."""
        token = sha256_hex(self.members[layout.CHECKPOINT_TOKEN])
        final = _proven(self.checkpoint_stamp, self.checkpoint.size, token)
        earlier = (_proven(anchor.info, anchor.checkpoint.size, digest) for digest, anchor in self.anchors.items())
        return ProvenTimes(self.checkpoint, sha256_hex(self.members[layout.CHECKPOINT]), Bounds(final, earlier))

    @cached_property
    def sealed_under(self) -> "_SealedUnder":
        """Who sealed, under which roots; under none when the seal does not hold, which its own checks say."""
        try:
            signer, at = self.seal.signer, self.seal_stamp.gen_time
        except Explained:
            return _SealedUnder("", frozenset())
        return _sealed_under(self, signer, at)

    @cached_property
    def uses(self) -> list[Use]:
        """What was relied on and when, up to the first archive time stamp: chains of seal and time stamps that hold."""
        signer, at = self.seal.signer, self.seal_stamp.gen_time
        chain = chain_to_root(certificate=signer.certificate, others=signer.others, roots=self.roots, at=at)
        infos = [self.seal_stamp, self.first_archive_stamp, self.checkpoint_stamp]
        infos += [anchor.info for anchor in self.heard(self.anchors.values())]
        return [Use(chain, at, stamped=False), *stamp_uses(infos, self.roots)]

    def readable_entries(self) -> Iterable[ShownEntry] | None:
        """Every entry that the opened bundle shows, each heard of; None where they cannot be read, which fails."""
        try:
            return self.heard(self.entries)
        except RecordsError:
            return None

    def kept_certificates(self) -> Iterator[Certificate]:
        """The certificates that the opened bundle has for convenience; what is wrong with one is said elsewhere."""
        for name in filter(layout.is_certificate, self.members):
            with suppress(Explained):
                yield from read_pem(self.members[name])

    def sound_stamps(self, *, added: bool = True) -> Iterator[TokenInfo]:
        """Every time stamp whose mathematics holds; the others fail in checks of their own.

        Args:
            added: Also those of renewals, which anybody can add.
        """
        for name in ("seal_stamp", "checkpoint_stamp"):
            with suppress(Explained):
                yield getattr(self, name)
        for link in self.links if added else self.links[:1]:
            with suppress(Explained):
                yield self._read(link.token, link.manifest)
        with suppress(Explained):
            yield from (anchor.info for anchor in self.anchors.values())

    def lines(self, member: str) -> int:
        """How many records or stamps a member has, one a line, whether or not they can be read."""
        return count_lines(self.members, member) if member in self.members else 0

    def heard(self, those: Iterable[T]) -> Iterator[T]:
        """Those records or stamps, each heard of once it was looked at."""
        for one in those:
            yield one
            self.hear(1)

    def _read(self, token: str, stamped: str) -> TokenInfo:
        return read_token(self.members[token], sha256=hashlib.sha256(self.members[stamped]).digest())

    def _anchor(self, stamp: EarlierStamp) -> Anchor:
        info = read_token(stamp.token, sha256=hashlib.sha256(stamp.checkpoint).digest())
        return Anchor(info, open_checkpoint(stamp.checkpoint, key=self.log_key), stamp)


def stamp_uses(infos: Iterable[TokenInfo], roots: Sequence[Certificate]) -> Iterator[Use]:
    """The chains of time stamps that a bundle's verifier relied on up to a root, each followed once.

    Raises:
        CertificateError: One leads to none of them.
    """
    chains: dict[tuple[Certificate, ...], Sequence[Certificate]] = {}
    for info in infos:
        key = (info.certificate, *info.others)
        if key not in chains:
            chains[key] = chain_to_root(certificate=info.certificate, others=info.others, roots=roots, at=info.gen_time)
        yield Use(chains[key], info.gen_time, stamped=True)


Counting: TypeAlias = Callable[[int], Callable[[int], object]]


def unheard(_total: int) -> Callable[[int], object]:
    """Counting of the verifier's checks that nobody hears."""
    return lambda _more: None


def verify(
    file: Path,
    *,
    roots: Sequence[AnyCertificate],
    log_key: VerifierKey | None = None,
    seal_pin: str | None = None,
    held: HeldFile | None = None,
    pages: Remaking = NO_MAKER,
) -> Report:
    """Check a bundle: make every check of ``checks.json`` on it.

    Args:
        roots: Roots that the caller trusts, for the seal and for the time-stamp offices.
        log_key: The log's verifier key, when the caller knows it from elsewhere.
        seal_pin: Lower hex SHA-256 of the seal's certificate, when the caller knows it from elsewhere.
        held: Another bundle or a checkpoint of the same log, to compare.
        pages: How the report is made as PDF again, where it can be.

    Returns:
        One finding for each check, in order. ``found`` says what a passed check rests on.

    Raises:
        ContainerError: There is no such file, or it cannot be read.
    """
    try:
        with file.open("rb") as stream:
            return verify_stream(stream, roots=roots, log_key=log_key, seal_pin=seal_pin, held=held, pages=pages)
    except OSError as error:
        raise ContainerError(
            "container.unreadable", where=file.name, system=error.strerror or type(error).__name__
        ) from error


def verify_stream(  # noqa: PLR0913 - each is another thing from outside the bundle
    stream: BinaryIO,
    *,
    roots: Sequence[AnyCertificate],
    log_key: VerifierKey | None = None,
    seal_pin: str | None = None,
    held: HeldFile | None = None,
    pages: Remaking = NO_MAKER,
    progress: Counting = unheard,
) -> Report:
    """Check a bundle as ``verify`` does, which is open already, or that no file holds yet.

    Args:
        progress: As ``examine`` has it.

    Raises:
        OSError: It cannot be read.
    """
    try:
        members: Mapping[str, bytes] = open_container(stream) if _can_seek(stream) else read_container(stream)
    except ContainerError as error:
        first, *others = _checks(held)
        return Report((Finding.of_error(first.id, error), *(_not_made(check.id, first.id) for check in others)))
    opened = OpenedBundle(members, roots=roots, log_key=log_key, seal_pin=seal_pin, held=held, pages=pages)
    return examine(opened, progress)


def _can_seek(stream: BinaryIO) -> bool:
    """Whether a bundle can be read where it is, and not only once, as from a pipe: then all of it is held."""
    try:
        return stream.seek(stream.tell()) >= 0
    except OSError:
        return False


def roots_on_the_way(opened: OpenedBundle) -> list[Certificate]:
    """Of the roots that were given, those that a bundle's seal and time stamps lead to or across, in their order."""
    used = _led_to(opened, list(opened.sound_stamps()), opened.roots)
    return [root for root in opened.roots if root in used]


def _led_to(
    opened: OpenedBundle, stamps: Iterable[TokenInfo], certificates: Sequence[Certificate]
) -> frozenset[Certificate]:
    """Of these certificates, those that the bundle's seal and these time stamps lead to or across."""
    signer, at = opened.seal.signer, opened.seal_stamp.gen_time
    used = on_the_way(certificate=signer.certificate, others=signer.others, roots=certificates, at=at)
    for info in stamps:
        if len(used) == len(certificates):
            break
        used |= on_the_way(certificate=info.certificate, others=info.others, roots=certificates, at=info.gen_time)
    return used


def _checks(held: HeldFile | None) -> Sequence["Check"]:
    return CHECKS if held is None else (*CHECKS, AGAINST)


def examine(opened: OpenedBundle, progress: Counting = unheard) -> Report:
    """Make every check of the verifier on a container that could be read.

    Args:
        progress: Given how often the checks will look at a record or a stamp, returns what is called for each look.
            A check that is not made, or ends early, counts in full.
    """
    findings: dict[str, Finding] = {}
    holds, checks = set[str](), _checks(opened.held)
    lines = cache(opened.lines)  # most checks look at the same member
    looks = [sum(map(lines, check.each)) for check in checks]
    hear, heard, due = progress(sum(looks)), 0, 0

    def hear_of(more: int) -> None:
        nonlocal heard
        heard += more
        hear(more)

    opened.hear = hear_of
    hear_of(0)
    for check, more in zip(checks, looks, strict=True):
        missing = next((need for need in check.needs if need not in holds), None)
        finding = _not_made(check.id, missing) if missing else _make(check, opened)
        findings[check.id] = finding
        if not missing and finding.verdict is not Verdict.FAILED:
            holds.add(check.id)
        due += more
        hear_of(max(0, due - heard))
    return Report(tuple(findings.values()))


@dataclass(frozen=True, slots=True)
class Check:
    """How one check of the list is made.

    Attributes:
        run: Raises when it does not hold; says what it rests on when it does.
        needs: Checks that must not have failed before this one means anything.
        each: Members of which every line takes this check time: records, or stamps.
        added: It is about what anybody can add to a sealed bundle: undecided, it leaves the verdict as it is.
    """

    id: str
    run: Callable[[OpenedBundle], Basis]
    needs: tuple[str, ...]
    each: tuple[str, ...] = ()
    added: bool = False


def _make(check: Check, opened: OpenedBundle) -> Finding:
    try:
        basis = check.run(opened)
        return Finding(check.id, Verdict.PASSED, basis.code, basis.facts)
    except UndecidedError as error:
        return replace(Finding.of_error(check.id, error, Verdict.INDETERMINATE), added=check.added)
    except Explained as error:
        return Finding.of_error(check.id, error)


def _not_made(check_id: str, missing: str) -> Finding:
    return Finding(check_id, Verdict.INDETERMINATE, "finding.not_made", {"missing": missing})


def _form(opened: OpenedBundle) -> Basis:
    # reading the container has checked it
    return Basis("basis.members", {"members": len(opened.members)})


def _members(opened: OpenedBundle) -> Basis:
    layout.require_members(opened.members)
    for name in opened.members:
        size, line = length_of(opened.members, name), longest_line(opened.members, name)
        layout.require_size(name, size=size, longest_line=line)
    return Basis("basis.files", {"files": len(opened.members)})


def _no_pictures(opened: OpenedBundle) -> Basis:
    for name in opened.members:
        if name == layout.ENTRIES and (entries := opened.readable_entries()) is not None:
            require_no_picture_in_entries(entries)
        else:
            require_no_picture(name, pieces_of(opened.members, name))
    return Basis()


def _bag_manifest(opened: OpenedBundle) -> Basis:
    require_manifest(opened.members[layout.BAG_MANIFEST], opened.digests)
    return Basis()


def _bag_info(opened: OpenedBundle) -> Basis:
    require_info(opened.members, bag_facts(opened.case))
    return Basis("basis.bundle_name", {"name": str(opened.case["bundle"])})


def _seal_complete(opened: OpenedBundle) -> Basis:
    require_complete(opened.seal_manifest, filter(layout.is_sealed, opened.members))
    return Basis()


def _seal_digests(opened: OpenedBundle) -> Basis:
    require_digests(opened.seal_manifest, opened.digests)
    return Basis("basis.files", {"files": len(opened.seal_manifest.digests)})


def _seal_signature(opened: OpenedBundle) -> Basis:
    certificate = opened.seal.signer.certificate
    return Basis("basis.sealed_by", {"certificate": certificate.name, "fingerprint": fingerprint(certificate)})


def _seal_time_stamp(opened: OpenedBundle) -> Basis:
    return _trusted(opened, opened.seal_stamp)


def _seal_chain(opened: OpenedBundle) -> Basis:
    signer = opened.seal.signer
    own = fingerprint(signer.certificate)
    if opened.seal_pin not in (None, own):
        raise BundleSealError("bundle_seal.another_certificate", expected=opened.seal_pin, found=own)
    _require_root(opened, signer.certificate, signer.others, at=opened.seal_stamp.gen_time)
    if opened.seal_pin:
        return Basis("basis.certificate_valid_and_given", {"gen_time": format_time(opened.seal_stamp.gen_time)})
    for info in opened.sound_stamps(added=False):
        _require_other_root(opened, info, opened.sealed_under, code="undecided.who_sealed")
    return Basis("basis.certificate_valid", {"gen_time": format_time(opened.seal_stamp.gen_time)})


def _archive_manifest(opened: OpenedBundle) -> Basis:
    for link, manifest in zip(opened.links, opened.archive_manifests, strict=True):
        at = opened.links.index(link)
        require_complete(manifest, listed_by(opened.members, opened.links[:at], opened.counter_seals_at(at)))
        require_digests(manifest, opened.digests)
    return Basis("basis.files", {"files": len(opened.archive_manifests[-1].digests)})


def _archive_time_stamp(opened: OpenedBundle) -> Basis:
    link, info = opened.links[0], opened.first_archive_stamp
    require_nothing_beside(opened.members[link.token], info)
    return _trusted(opened, info)


def _archive_renewals(opened: OpenedBundle) -> Basis:
    """Each renewal: its token holds and has nothing beside it; and whether its office is trusted.

    Anybody can add one, so an office without a root leaves it undecided.
    """
    held, renewals, undecided = sum(map(len, opened.archive_lists)), opened.archive_stamps[1:], list[UndecidedError]()
    for info in renewals:
        try:
            _require_trusted_addition(opened, info)
        except UndecidedError as error:
            undecided.append(error)
    if undecided:
        raise undecided[0]
    if not renewals:
        return Basis("basis.no_renewal")
    newest = renewals[-1]
    told = {"newest": format_time(newest.latest), "newest_office": newest.office}
    return Basis("basis.renewed", {"renewals": len(renewals), "lists": held, **told})


def _require_trusted_addition(opened: OpenedBundle, info: TokenInfo) -> None:
    """Add trust to the token of a renewal, as ``_trusted`` does.

    Raises:
        UndecidedError: Also where no root was given for its office.
        CertificateError: Its certificate does not hold by itself.
    """
    try:
        _trusted(opened, info)
    except VerificationError as error:
        if error.code != "verification.no_root":
            raise
        found = f"{info.certificate.name} {fingerprint(info.certificate)}"
        raise UndecidedError("undecided.renewal", found=found) from error


def require_newest_trusted(opened: OpenedBundle) -> None:
    """Check that the newest renewal of a bundle's archive is trusted: for whoever has just added it.

    Raises:
        UndecidedError: No root was given for its office, or it is the seal's.
        CertificateError: Its certificate does not hold by itself.
    """
    _require_trusted_addition(opened, opened.archive_stamps[-1])


def _archive_order(opened: OpenedBundle) -> Basis:
    infos = (opened.checkpoint_stamp, opened.seal_stamp, *opened.archive_stamps)
    for earlier, later in itertools.pairwise(infos):
        _require_order(earlier, later)
    checkpoint, seal, archive, *_ = (format_time(info.latest) for info in infos)
    return Basis("basis.order", {"checkpoint": checkpoint, "seal": seal, "archive": archive})


def _seal_counter(opened: OpenedBundle) -> Basis:
    """Each counter-seal: what it signs, by whom, when; and whether that is trusted, which never touches the seal."""
    undecided, told, newest = list[UndecidedError](), list[str](), opened.seal_stamp
    by = {opened.seal.signer.certificate}
    for at, names in enumerate(opened.counter_seals):
        manifest = opened.members[names.manifest]
        listed = parse_manifest(manifest, signature=names.signature)
        require_complete(listed, filter(layout.is_counter_sealed, opened.members))
        require_digests(listed, opened.digests)
        seal = read_seal(signature=opened.members[names.signature], manifest=manifest)
        info, signer = read_time_stamp(seal), seal.signer
        if signer.certificate in by:
            raise BundleSealError("bundle_seal.sealed_before", where=names.signature, found=signer.certificate.name)
        by.add(signer.certificate)
        covering = [link for link in range(len(opened.links)) if names in opened.counter_seals_at(link)]
        for earlier, later in itertools.pairwise((opened.seal_stamp, info, opened.archive_stamps[covering[0]])):
            _require_order(earlier, later)
        try:
            _require_trusted_counter_seal(opened, seal, info, archived=[opened.archive_stamps[one] for one in covering])
        except UndecidedError as error:
            undecided.append(error)
        by_whom = f"{signer.certificate.name}, {fingerprint(signer.certificate)}"
        told.append(f"{at + 1}. {by_whom}, {format_time(info.latest)}")
        newest = info
    if undecided:
        raise undecided[0]
    if not told:
        return Basis("basis.no_counter_seal")
    stamped = {"stamped": format_time(newest.latest), "office": newest.office}
    return Basis("basis.counter_sealed", {"seals": len(told), "names": "; ".join(told), **stamped})


def _require_trusted_counter_seal(
    opened: OpenedBundle, seal: Seal, info: TokenInfo, *, archived: Sequence[TokenInfo]
) -> None:
    """Check that a counter-seal leads to a root, its time stamp to another, and that neither was revoked before.

    Args:
        archived: The archive's time stamps that cover it, oldest first. Nothing else covers its lists.

    Raises:
        UndecidedError: No root was given for it: whoever relies on the sender's seal alone need not know this office.
            Or it may be trusted, and no archive time stamp over it is.
    """
    signer = seal.signer
    try:
        _require_root(opened, signer.certificate, signer.others, at=info.gen_time)
    except VerificationError as error:
        if error.code != "verification.no_root":
            raise
        own = fingerprint(signer.certificate)
        raise UndecidedError("undecided.counter_seal", found=f"{signer.certificate.name} {own}") from error
    _require_trusted_addition(opened, info)
    archived_at = _first_trusted(opened, archived).gen_time
    roots, at = opened.roots, info.gen_time
    _require_other_root(opened, info, _sealed_under(opened, signer, at), code="undecided.when_stamped")
    lists = _lists_of(signer)
    chain = chain_to_root(certificate=signer.certificate, others=signer.others, roots=roots, at=at)
    uses = [Use(chain, at, stamped=False), *stamp_uses([info], roots)]
    require_unrevoked(lists, uses, beside=signer.others, archived_at=archived_at)


def _first_trusted(opened: OpenedBundle, infos: Sequence[TokenInfo]) -> TokenInfo:
    """The first of these time stamps that is trusted.

    Raises:
        UndecidedError: None is.
        CertificateError: The certificate of one does not hold by itself.
    """
    undecided: UndecidedError | None = None
    for info in infos:
        try:
            _require_trusted_addition(opened, info)
        except UndecidedError as error:
            undecided = undecided or error
        else:
            return info
    raise undecided or UndecidedError("undecided.no_roots", found="-")


def _log_key(opened: OpenedBundle) -> Basis:
    key = opened.log_key
    if opened.members[layout.LOG_KEY] != f"{key}\n".encode("ascii"):
        raise VerificationError("verification.log_key_not_the_one_spelling", where=layout.LOG_KEY, expected=str(key))
    if opened.trusted_log_key is None:
        return Basis("basis.log_key_as_sealed", {"key": str(key)})
    if opened.trusted_log_key != key:
        raise VerificationError("verification.another_log_key", expected=str(opened.trusted_log_key), found=str(key))
    return Basis("basis.log_key_as_given", {"key": str(key)})


def _log_checkpoint(opened: OpenedBundle) -> Basis:
    return Basis("basis.tree", {"size": opened.checkpoint.size, "root": opened.checkpoint.root.hex()})


def _log_checkpoint_stamp(opened: OpenedBundle) -> Basis:
    return _trusted(opened, opened.checkpoint_stamp)


def _log_leaves(opened: OpenedBundle) -> Basis:
    _require_known_types(opened)
    return Basis("basis.log_entries", {"entries": len(opened.leaves)})


def _require_known_types(opened: OpenedBundle) -> None:
    """Decide nothing where an entry is of a type that is not known here; what is wrong with another outweighs that.

    Raises:
        LeafError: An entry is not of its type.
        UndecidedError: The type of an entry is not known.
    """
    unknown: list[UndecidedError] = []
    for index, leaf in opened.leaves.items():
        try:
            require_type(leaf)
        except UnknownTypeError as error:
            unknown.append(UndecidedError("undecided.unknown_type", cause=error, index=index))
    if unknown:
        raise unknown[0]


def _log_form(opened: OpenedBundle) -> Basis:
    return Basis("basis.log_form", {"entries": len(opened.entries), "stamps": len(opened.earlier)})


def _log_inclusion(opened: OpenedBundle) -> Basis:
    checkpoint = opened.checkpoint
    for entry in opened.entries:
        verify_inclusion(
            leaf=entry.leaf, index=entry.index, tree_size=checkpoint.size, path=entry.path, root=checkpoint.root
        )
    return Basis("basis.entries_shown", {"shown": len(opened.entries), "size": checkpoint.size})


def _log_consistency(opened: OpenedBundle) -> Basis:
    final = opened.checkpoint
    for anchor in opened.anchors.values():
        earlier = anchor.checkpoint
        if earlier.size >= final.size:
            raise ConsistencyProofError("consistency_proof.not_earlier", size=earlier.size, final=final.size)
        verify_consistency(
            old_size=earlier.size,
            old_root=earlier.root,
            new_size=final.size,
            new_root=final.root,
            path=anchor.stamp.consistency,
        )
    return Basis("basis.one_history", {"checkpoints": len({anchor.checkpoint for anchor in opened.anchors.values()})})


def _log_disclosures(opened: OpenedBundle) -> Basis:
    withheld = sum(len(record.withheld) for record in opened.records)
    return Basis("basis.values", {"shown": sum(len(record.values) for record in opened.records), "withheld": withheld})


def _log_stamps(opened: OpenedBundle) -> Basis:
    _all_trusted(opened, (anchor.info for anchor in opened.heard(opened.anchors.values())))
    return Basis("basis.earlier_time_stamps", {"stamps": len(opened.anchors)})


def _seal_revocation(opened: OpenedBundle) -> Basis:
    signer = opened.seal.signer
    of_seal, *of_renewals = _lists_of(signer), *map(_lists, opened.archive_lists[1:])
    if not opened.roots:
        raise _no_roots(signer.certificate, signer.others)
    beside = (*signer.others, *opened.kept_certificates())
    first, *renewals = opened.archive_stamps
    without = set(require_unrevoked(of_seal, opened.uses, beside=beside, archived_at=first.gen_time))
    for lists, info in zip(of_renewals, renewals, strict=True):
        if not _leads_to_a_root(opened, info):
            continue  # whoever renewed is not known, and neither is who made its lists: that check is undecided
        # those of a renewal tell of its own time stamp, and the seal's too where the office is the same
        uses = [*stamp_uses([info], opened.roots)]
        both = (*lists, *(one for one in of_seal if tells_of(one, uses)))
        without |= require_unrevoked(both, uses, beside=info.others, archived_at=info.gen_time)
    count = len(of_seal) + sum(map(len, of_renewals))
    if without:
        return Basis("basis.unrevoked_but", {"lists": count, "names": ", ".join(sorted(without))})
    return Basis("basis.unrevoked", {"lists": count})


def _leads_to_a_root(opened: OpenedBundle, info: TokenInfo) -> bool:
    try:
        chain_to_root(certificate=info.certificate, others=info.others, roots=opened.roots, at=info.gen_time)
    except CertificateError:
        return False
    return True


def _lists_of(signer: SignerFacts) -> Sequence[RevocationList]:
    """The lists in a seal, which may carry revocation information of no other kind."""
    if signer.other_revocation:
        raise BundleSealError("bundle_seal.other_revocation")
    return _lists(signer.lists)


def _lists(ders: Iterable[bytes]) -> Sequence[RevocationList]:
    lists = tuple(map(read_list, ders))
    if len(set(lists)) != len(lists):
        raise BundleSealError("bundle_seal.list_doubled")
    return lists


def _log_order(opened: OpenedBundle) -> Basis:
    latest: TokenInfo | None = None
    for index, leaf in opened.leaves.items():
        anchor = opened.anchors.get(leaf.after)
        if latest and not anchor:
            raise LeafError("leaf.names_no_token", index=index)
        if not anchor:
            continue
        # the token's own anchor lies between the checkpoint that it stamps and the leaf that names it
        if anchor.checkpoint.size >= index:
            raise LeafError("leaf.names_a_later_token", index=index, size=anchor.checkpoint.size)
        if latest:
            _require_order(latest, anchor.info)
        # with the latest, not the one before: else times could creep back by the skew at every token
        latest = max(latest or anchor.info, anchor.info, key=lambda info: info.gen_time)
    for anchor in opened.anchors.values():
        _require_order(anchor.info, opened.checkpoint_stamp)
    return Basis()


def _proven(info: TokenInfo, size: int, token_sha256: str) -> ProvenTime:
    return proven_time(gen_time=info.gen_time, latest=info.latest, size=size, token_sha256=token_sha256)


def _log_times(opened: OpenedBundle) -> Basis:
    """Every earlier token bounds an entry, and the bounds of the entries."""
    bounds = opened.anchorage.bounds
    needed = bounds.needed_by((index, leaf.after) for index, leaf in opened.leaves.items())
    if idle := opened.anchors.keys() - needed:
        raise TokenError("token.bounds_nothing", where=min(idle), length=len(idle))
    by = sorted(bounds.in_log_by(index) for index in opened.leaves)
    if not by:
        return Basis()
    first = opened.anchors.get(by[0].token_sha256)
    info = first.info if first else opened.checkpoint_stamp
    return Basis(
        "basis.in_log_by",
        {"earliest": by[0].by, "latest": by[-1].by, "size": by[0].size, "office": info.office},
    )


def _log_against(opened: OpenedBundle) -> Basis:
    if opened.held is None:
        raise UndecidedError("undecided.nothing_held")
    checkpoints = [anchor.checkpoint for anchor in opened.anchors.values()] + [opened.checkpoint]
    ours = HeldLog(checkpoints, {entry.index: entry.leaf for entry in opened.entries})
    theirs = open_held(opened.held, key=opened.log_key)
    require_one_history(ours, theirs)
    return Basis("basis.one_log", {"size": theirs.checkpoints[-1].size, "ours": opened.checkpoint.size})


def _records_schemas(opened: OpenedBundle) -> Basis:
    for name in layout.SCHEMA_NAMES:
        if opened.members[layout.schema_name(name)] != schema_bytes(name):
            raise RecordsError("records.another_schema", where=layout.schema_name(name))
    require_schema(opened.case, "case", where=layout.CASE)
    for member, name in ((layout.ITEMS_JSONL, "item"), (layout.EVENTS_JSONL, "event")):
        for number, (line, _) in enumerate(itertools.pairwise(lines_of(pieces_of(opened.members, member))), start=1):
            opened.hear(1)
            where = f"{member}:{number}"
            row = read_json(line, where=where)  # in its one spelling, or records.items finds another
            require_schema(row, name, where=where)
            if name == "item":
                said = load_schema("content")["properties"].keys() & row["values"].keys()
                require_schema({key: row["values"][key] for key in said}, "content", where=where)
    return Basis()


def _records_items(opened: OpenedBundle) -> Basis:
    items, events = items_of(opened.records), events_of(opened.records)
    for member, expected in (
        (layout.ITEMS_JSONL, json_lines(items, opened.anchorage)),
        (layout.EVENTS_JSONL, json_lines(events, opened.anchorage, opened.closed)),
        (layout.ITEMS_CSV, (items_csv(items, opened.anchorage),)),
    ):
        _require_lines(opened, member, expected)
    return Basis("basis.items_and_events", {"items": len(items), "events": len(events)})


def _records_case(opened: OpenedBundle) -> Basis:
    for name, expected in derived_case(opened.records, opened.anchorage).items():
        if opened.case[name] != expected:
            found = ascii(opened.case[name])[:120]
            raise RecordsError("records.description_differs", where=name, expected=str(expected), found=found)
    require_received(opened.records, opened.case["received"])
    require_closings(opened.records, opened.case["closed"], size=opened.checkpoint.size)
    if opened.case["rehearsal"] == "yes":
        return Basis("basis.rehearsal")
    return Basis("basis.made_for", {"case": opened.case["audience"]})


def _records_references(opened: OpenedBundle) -> Basis:
    require_closed(opened.records, case_id=opened.case["case"], log_key=str(opened.log_key))
    return Basis()


def _records_seal(opened: OpenedBundle) -> Basis:
    require_logged_seal(opened.records, certificate_sha256=fingerprint(opened.seal.signer.certificate))
    return Basis()


def _records_times(opened: OpenedBundle) -> Basis:
    require_within(opened.records, opened.anchorage.bounds)
    require_closings_within(opened.case["closed"], opened.records, opened.anchorage.bounds)
    made_at, sealed_at = opened.checkpoint_stamp.gen_time, opened.seal_stamp.gen_time
    require_made_between(opened.case["created_at"], checkpoint=made_at, seal=sealed_at)
    return Basis()


def _content_texts(opened: OpenedBundle) -> Basis:
    _require_known_types(opened)
    case = opened.case
    if case["language"] not in languages():
        raise UndecidedError("undecided.no_words", expected=", ".join(languages()), found=case["language"])
    texts = make_texts(case=case, records=opened.records, anchorage=opened.anchorage, log_key=str(opened.log_key))
    report = layout.report_name(case["language"])
    for name in filter(layout.is_report, opened.members):
        if name != report:
            raise RecordsError("records.another_report", where=name, expected=report)
    for name, text in texts.items():
        _require_lines(opened, name, (text,), code="records.text_differs")
    return Basis("basis.files", {"files": len(texts)})


def _content_pages(opened: OpenedBundle) -> Basis:
    """The report as PDF is there in its volumes, if at all; and made again, it has the same bytes."""
    case, items = opened.case, len(items_of(opened.records))
    edition, found = case["pages"], sorted(filter(layout.is_pages, opened.members))
    expected = [] if edition is None else layout.pages_names(case["language"], items)
    if odd := set(found) ^ set(expected):
        raise RecordsError("records.other_pages", where=min(odd), expected=str(len(expected)), found=str(len(found)))
    if edition is None:
        return Basis("basis.no_pages")
    find, asked = opened.pages.find, opened.pages.asked
    if find and not asked and items > ITEMS_UNASKED:
        return Basis("basis.pages_not_asked", {"files": len(found), "items": items})
    maker = find() if find else None
    if maker is None or maker.edition != edition:
        return _pages_unmade(edition, maker, files=len(found), asked=asked)
    _require_same_pages(opened, maker)
    return Basis("basis.pages_made", {"files": len(found)})


def _pages_unmade(edition: str, maker: PageMaker | None, *, files: int, asked: bool) -> Basis:
    """What is said of pages that cannot be made again here.

    Raises:
        UndecidedError: That was asked for.
    """
    if maker is None:
        if asked:
            raise UndecidedError("undecided.no_pages_maker", expected=edition, files=files)
        return Basis("basis.pages_no_maker", {"files": files})
    if asked:
        raise UndecidedError("undecided.other_pages_maker", expected=edition, found=maker.edition)
    return Basis("basis.pages_other_maker", {"files": files, "expected": edition, "found": maker.edition})


def _require_same_pages(opened: OpenedBundle, maker: PageMaker) -> None:
    _require_known_types(opened)
    case = opened.case
    report = make_report(case=case, records=opened.records, anchorage=opened.anchorage, log_key=str(opened.log_key))
    for name, pages in maker.make(report, case["language"], case["created_at"]).items():
        if pages != opened.members[name]:
            raise RecordsError("records.pages_differ", where=name)


def _content_certificates(opened: OpenedBundle) -> Basis:
    certificates: list[Certificate] = []
    for name in filter(layout.is_certificate, opened.members):
        (certificate,) = read_pem(opened.members[name])[:1]
        whole = (layout.certificate_name(fingerprint(certificate)), encode_pem(certificate))
        if whole != (name, opened.members[name]):
            raise RecordsError("records.certificate_not_one_pem", where=name)
        certificates.append(certificate)
    # not the archive's: whoever renews that stamp cannot change what was sealed
    stamps = [opened.seal_stamp, opened.checkpoint_stamp, *(anchor.info for anchor in opened.anchors.values())]
    for strange in set(certificates) - _led_to(opened, stamps, certificates):
        raise RecordsError("records.strange_certificate", where=strange.name)
    return Basis("basis.files", {"files": len(certificates)})


def _require_lines(
    opened: OpenedBundle, member: str, expected: Iterable[bytes], *, code: str = "records.table_differs"
) -> None:
    """Check that a member has these bytes, whatever else it has and however much."""
    found, held, at, line = pieces_of(opened.members, member), b"", 0, 1
    for part in expected:
        while len(held) < at + len(part) and (piece := next(found, b"")):
            held, at = held[at:] + piece, 0
        if not held.startswith(part, at):
            raise RecordsError(code, member=member, number=line + _line_of_difference(part, held[at:]))
        line += part.count(b"\n")
        at += len(part)
    if at < len(held) or next(found, b""):
        raise RecordsError(code, member=member, number=line)


def _line_of_difference(one: bytes, other: bytes) -> int:
    """In which line, from 0 on, two texts begin to differ, where the second may end before the first."""
    lines = zip(one.split(b"\n"), other[: len(one)].split(b"\n"), strict=False)
    return next((number for number, (mine, theirs) in enumerate(lines) if mine != theirs), other.count(b"\n"))


def _require_order(earlier: TokenInfo, later: TokenInfo) -> None:
    if earlier.gen_time > later.gen_time + MAX_SKEW:
        raise ManifestError(
            "manifest.stamps_unordered",
            gen_time=format_time(earlier.gen_time),
            found=format_time(later.gen_time),
        )


@dataclass(frozen=True, slots=True)
class _SealedUnder:
    """Who sealed, and the keys of the roots that were given to which that leads."""

    name: str
    keys: frozenset[bytes]


def _sealed_under(opened: OpenedBundle, signer: SignerFacts, at: datetime) -> _SealedUnder:
    keys = root_keys(certificate=signer.certificate, others=signer.others, roots=opened.roots, at=at)
    return _SealedUnder(signer.certificate.name, keys)


def _require_other_root(opened: OpenedBundle, info: TokenInfo, sealed: _SealedUnder, *, code: str) -> None:
    """Refuse to decide where a seal and a time stamp lead to one and the same root."""
    keys = root_keys(certificate=info.certificate, others=info.others, roots=opened.roots, at=info.gen_time)
    if keys & sealed.keys:
        raise UndecidedError(code, certificate=sealed.name, office=info.office)


def _trusted(opened: OpenedBundle, info: TokenInfo) -> Basis:
    """Add trust to a token that was read: leads to a root, and not to the seal's, or cannot be decided."""
    _require_root(opened, info.certificate, info.others, at=info.gen_time)
    _require_other_root(opened, info, opened.sealed_under, code="undecided.when_stamped")
    return Basis("basis.stamped", {"latest": format_time(info.latest), "office": info.office})


def _all_trusted(opened: OpenedBundle, infos: Iterable[TokenInfo]) -> list[Basis]:
    """``_trusted`` for each; one that is wrong outweighs those that cannot be decided."""
    undecided, held = list[UndecidedError](), list[Basis]()
    for info in infos:
        try:
            held.append(_trusted(opened, info))
        except UndecidedError as error:
            undecided.append(error)
    if undecided:
        raise undecided[0]
    return held


def _require_root(
    opened: OpenedBundle, certificate: Certificate, others: Sequence[Certificate], *, at: datetime
) -> None:
    """Check that a certificate led to a given root. A fault of its own is reported before a missing root.

    Raises:
        UndecidedError: No roots were given at all.
        CertificateError: It was not valid then, or may not be relied on.
        VerificationError: It led to none of the roots that were given.
    """
    if not opened.roots:
        raise _no_roots(certificate, others)
    chain_to_root(certificate=certificate, others=(), roots=[certificate], at=at)
    try:
        chain_to_root(certificate=certificate, others=others, roots=opened.roots, at=at)
    except CertificateError as error:
        raise VerificationError(
            "verification.no_root",
            certificate=certificate.name,
            issuer=certificate.issuer_text,
            cause=error,
        ) from error


def _no_roots(certificate: Certificate, others: Sequence[Certificate]) -> UndecidedError:
    """What to compare with what was received by another way."""
    own = [one for one in others if is_self_issued(one) and one != certificate]
    named = "; ".join(f"{one.name} {fingerprint(one)}" for one in (*own, certificate))
    return UndecidedError("undecided.no_roots", found=named)


_RECORDS, _STAMPS = (layout.ENTRIES,), (layout.STAMPS,)
_MEMBERS = ("container.form", "container.members")
_READ = (*_MEMBERS, "log.key", "log.checkpoint", "log.form")
_STAMPED = (*_READ, "log.checkpoint_stamp", "log.leaves", "log.stamps")

CHECKS: tuple[Check, ...] = (
    Check("container.form", _form, ()),
    Check("container.members", _members, ("container.form",)),
    Check("content.no_pictures", _no_pictures, _MEMBERS, each=_RECORDS),
    Check("bag.manifest", _bag_manifest, _MEMBERS),
    Check("bag.info", _bag_info, _MEMBERS),
    Check("seal.complete", _seal_complete, _MEMBERS),
    Check("seal.digests", _seal_digests, _MEMBERS),
    Check("seal.signature", _seal_signature, _MEMBERS),
    Check("seal.time_stamp", _seal_time_stamp, (*_MEMBERS, "seal.signature")),
    Check("seal.chain", _seal_chain, (*_MEMBERS, "seal.signature", "seal.time_stamp"), each=_STAMPS),
    Check("archive.manifest", _archive_manifest, _MEMBERS),
    Check("archive.time_stamp", _archive_time_stamp, _MEMBERS),
    Check("log.key", _log_key, _MEMBERS),
    Check("log.checkpoint", _log_checkpoint, (*_MEMBERS, "log.key")),
    Check("log.checkpoint_stamp", _log_checkpoint_stamp, _MEMBERS),
    Check("archive.renewals", _archive_renewals, (*_MEMBERS, "archive.time_stamp"), added=True),
    Check(
        "archive.order",
        _archive_order,
        (
            *_MEMBERS,
            "log.checkpoint_stamp",
            "seal.signature",
            "seal.time_stamp",
            "archive.time_stamp",
            "archive.renewals",
        ),
    ),
    Check(
        "seal.counter",
        _seal_counter,
        (*_MEMBERS, "seal.signature", "seal.time_stamp", "archive.manifest", "archive.time_stamp", "archive.renewals"),
        added=True,
    ),
    Check("log.form", _log_form, _MEMBERS),
    Check("log.leaves", _log_leaves, _READ),
    Check("log.inclusion", _log_inclusion, _READ),
    Check("log.disclosures", _log_disclosures, (*_READ, "log.leaves"), each=_RECORDS),
    Check("log.stamps", _log_stamps, (*_READ, "log.leaves"), each=_STAMPS),
    Check(
        "seal.revocation",
        _seal_revocation,
        (*_STAMPED, "seal.signature", "seal.time_stamp", "seal.chain", "archive.time_stamp", "archive.renewals"),
        each=_STAMPS,
    ),
    Check("log.consistency", _log_consistency, (*_READ, "log.leaves", "log.stamps")),
    Check("log.order", _log_order, _STAMPED),
    Check("log.times", _log_times, _STAMPED),
    Check("records.schemas", _records_schemas, _MEMBERS, each=_RECORDS),
    Check("records.items", _records_items, (*_STAMPED, "log.disclosures"), each=_RECORDS),
    Check("records.case", _records_case, (*_STAMPED, "log.disclosures", "records.schemas")),
    Check(
        "records.references", _records_references, (*_STAMPED, "log.disclosures", "records.schemas", "records.items")
    ),
    Check(
        "records.seal",
        _records_seal,
        (*_STAMPED, "seal.signature", "log.disclosures", "records.schemas", "records.items"),
    ),
    Check(
        "records.times",
        _records_times,
        (*_STAMPED, "seal.signature", "seal.time_stamp", "log.disclosures", "records.schemas", "records.items"),
    ),
    Check(
        "content.texts",
        _content_texts,
        (*_STAMPED, "log.consistency", "records.schemas", "records.items", "records.case"),
        each=_RECORDS,
    ),
    Check(
        "content.pages",
        _content_pages,
        (*_STAMPED, "log.consistency", "records.schemas", "records.items", "records.case"),
    ),
    Check("content.certificates", _content_certificates, (*_STAMPED, "seal.signature", "seal.time_stamp")),
)

AGAINST = Check("log.against", _log_against, (*_READ, "log.leaves", "log.inclusion", "log.stamps", "log.consistency"))
"""Made only where the caller holds something to compare with."""
