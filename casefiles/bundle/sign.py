"""Seals a bundle: CAdES over the seal's manifest, then the archive time-stamp over everything.

Order (ETSI EN 319 162-1, 4.4 and annex A.7): payload; ASiCManifest001.xml; signature001.p7s with
its signature time-stamp and, beside it, revocation lists; ASiCArchiveManifest.xml over all of it;
timestamp002.tst. After that no byte of any of them may change. The archive manifest is not optional: nothing
else covers the time-stamp and the lists inside the signature.
"""

import hashlib
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TypeAlias

from asn1crypto import cms, crl
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from casefiles.bundle.gate import require_holds, require_may_leave
from casefiles.bundle.members import BundleContents, fill_payload
from casefiles.bundle.scratch import Scratch
from casefiles.errors import BundleError, BundleSealError
from casefiles.format import layout
from casefiles.format.kept import MadeMembers, sha256_of
from casefiles.format.manifest import Manifest, render_manifest
from casefiles.format.records import items_of
from casefiles.format.zip import kept_container, open_container
from casefiles.verifier.cades import on_the_way, read_seal, read_time_stamp
from casefiles.verifier.checks import Counting, OpenedBundle, examine, roots_on_the_way, stamp_uses, unheard
from casefiles.verifier.revocation import Use, needed_lists
from evidence.errors import EvidenceError
from evidence.log.note import VerifierKey
from evidence.stamp.certificate import AnyCertificate, Certificate, certificate_of, certificates_of, fingerprint
from evidence.stamp.chain import chain_to_root
from evidence.stamp.encoding import mend_asn1crypto
from evidence.stamp.issue import Issuer
from evidence.stamp.reading import Asn1
from evidence.stamp.token import read_token

mend_asn1crypto()

# asn1crypto and parts of pyHanko have no types
_CONTENT_INFO: Asn1 = cms.ContentInfo
_CRL: Asn1 = cms.RevocationInfoChoice
_CRLS: Asn1 = cms.RevocationInfoChoices
_CRL_LIST: Asn1 = crl.CertificateList

StampOver: TypeAlias = Callable[[bytes], bytes]
"""SHA-256 in, DER of a time-stamp token over it out; raises a StampError."""

_WHOLE = "bundle"
_ROOT_YEARS, _SEAL_YEARS = 20, 5
# X.520, ub-common-name and ub-organization-name: 64 characters. Libraries that count bytes of UTF-8 warn of more.
_MAX_NAME_BYTES = 64
_CUT, _JOINER = "\u2026", "\u200d"


@dataclass(frozen=True, slots=True)
class BundleFacts:
    """What the covering letter says of a finished bundle.

    Attributes:
        sha256: Lower hex, of the file.
        bytes: Size of the file.
        seal_fingerprint: Lower hex SHA-256 of the seal's certificate.
        items: How many items it shows.
        roots: Those that its seal and time stamps lead to.
    """

    sha256: str
    bytes: int
    seal_fingerprint: str
    items: int
    roots: tuple[Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class Sealer:
    """The organisation's seal: a key and its certificate chain.

    Attributes:
        chain: Issuers from the certificate's own up; a root among them is for comparison only.
    """

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    def __post_init__(self) -> None:
        if self.certificate.public_key() != self.key.public_key():
            raise BundleError("bundle.key_not_of_certificate")

    def sign(self, manifest: bytes, *, stamp: StampOver, at: datetime) -> bytes:
        """DER of a CAdES signature, detached over ``manifest``, with its signature time-stamp (B-T).

        Args:
            at: What the signature claims as its time, aware.

        Raises:
            StampError: No time-stamp could be had.
        """
        # 0.2 s to load, which only sealing pays
        from casefiles.bundle.signer import signature_over  # noqa: PLC0415

        return signature_over(manifest, (self.certificate, *self.chain), self.key, stamp=stamp, at=at)


def build_bundle(
    contents: BundleContents,
    *,
    sealer: Sealer,
    stamp: StampOver,
    roots: Sequence[AnyCertificate],
    out: BinaryIO,
    folder: Path | None = None,
) -> BundleFacts:
    """Derive, seal, stamp, verify, pass the gate and write one bundle; as ``seal_bundle`` and ``SealedBundle`` do.

    Args:
        folder: Where what is made lies until then, enciphered; the system's own for such files if None.
    """
    place = folder or Path(tempfile.gettempdir())
    with Scratch(place) as file:
        sealed = seal_bundle(contents, sealer=sealer, stamp=stamp, roots=roots, file=file, folder=place)
        facts = sealed.require_fit_to_leave(roots)
        out.writelines(sealed.pieces())
        return facts


def seal_bundle(
    contents: BundleContents,
    *,
    sealer: Sealer,
    stamp: StampOver,
    roots: Sequence[AnyCertificate],
    file: Scratch,
    folder: Path,
) -> "SealedBundle":
    """Derive, seal and stamp a bundle, which then lies in ``file`` and may not leave yet.

    Args:
        stamp: Called twice: for the seal's time-stamp and for the archive's. The checkpoint was
            stamped before.
        roots: Those that the receiver is given.
        folder: Where its members lie until they are all made, enciphered.

    Raises:
        BundleError, LogError, StampError, CatalogueError: The contents do not hold, or no
            time-stamp could be had.
        StorageFullError: There is no space.
    """
    with Scratch(folder) as scratch:
        members = MadeMembers(scratch)
        certificates = _certificates(contents, sealer, certificates_of(roots))
        records, _ = fill_payload(members, contents, certificates=certificates)
        sealed = _listed(members, layout.is_sealed, by=layout.SEAL_SIGNATURE)
        signature = sealer.sign(sealed, stamp=stamp, at=contents.created_at)
        uses = _uses(contents, signature, sealed, certificates_of(roots))
        needed = needed_lists(contents.lists, uses, made_by=contents.created_at)
        members[layout.SEAL_MANIFEST] = sealed
        members[layout.SEAL_SIGNATURE] = with_lists(signature, [one.der for one in needed])
        members[layout.ARCHIVE_MANIFEST] = _listed(members, layout.is_archived, by=layout.ARCHIVE_TOKEN)
        members[layout.ARCHIVE_TOKEN] = stamp(sha256_of(members, layout.ARCHIVE_MANIFEST))
        whole = MadeMembers(file)
        whole.add(_WHOLE, kept_container(members))
    return SealedBundle(file, whole, fingerprint(sealer.certificate), contents.log_key, len(items_of(records)))


@dataclass(frozen=True, slots=True)
class SealedBundle:
    """A bundle that is complete, and that nobody can read yet but this process.

    Attributes:
        file: Where it lies, from the first byte on.
        seal_fingerprint: Lower hex SHA-256 of the seal's certificate.
        items: How many items it shows.
    """

    file: Scratch
    whole: MadeMembers
    seal_fingerprint: str
    log_key: str
    items: int

    def require_fit_to_leave(self, roots: Sequence[AnyCertificate], progress: Counting = unheard) -> BundleFacts:
        """Have the verifier check the bundle, as a receiver will, and pass the gate: nothing is written before.

        The check costs about as much as making the bundle.

        Args:
            roots: Those that the receiver is given.
            progress: That of ``examine``.

        Raises:
            GateError: Something in it may not leave.
            BundleError: The verifier refuses what was made.
        """
        self.file.seek(0)
        opened = OpenedBundle(
            open_container(self.file),
            roots=roots,
            log_key=VerifierKey.parse(self.log_key),
            seal_pin=self.seal_fingerprint,
        )
        report = examine(opened, progress)
        require_may_leave(report)
        require_holds(report)
        place, used = self.whole.place(_WHOLE), tuple(roots_on_the_way(opened))
        return BundleFacts(place.sha256.hex(), place.size, self.seal_fingerprint, self.items, used)

    def pieces(self) -> Iterator[bytes]:
        """The bundle's bytes.

        Raises:
            ContainerError: They are others than those that were sealed.
        """
        return self.whole.pieces(_WHOLE)


def _listed(members: MadeMembers, wanted: Callable[[str], bool], *, by: str) -> bytes:
    """The manifest of these members, which ``by`` signs or stamps."""
    return render_manifest(Manifest(by, {name: sha256_of(members, name) for name in members if wanted(name)}))


def _certificates(contents: BundleContents, sealer: Sealer, roots: Sequence[Certificate]) -> frozenset[Certificate]:
    """The roots that the seal and the time stamps of the log lead to; a home may hold others."""
    certificate, chain = certificate_of(sealer.certificate), certificates_of(sealer.chain)
    found = on_the_way(certificate=certificate, others=chain, roots=roots, at=contents.created_at)
    for digest, token in _stamped(contents):
        info = read_token(token, sha256=digest)
        found |= on_the_way(certificate=info.certificate, others=info.others, roots=roots, at=info.gen_time)
    return found


def _uses(contents: BundleContents, signature: bytes, manifest: bytes, roots: Sequence[Certificate]) -> list[Use]:
    """The chains that a receiver will follow; that of the archive's time stamp, not made yet, is as the seal's own.

    None where one does not hold: the verifier will say so.
    """
    try:
        seal = read_seal(signature=signature, manifest=manifest)
        signer, at = seal.signer, contents.created_at
        chain = chain_to_root(certificate=signer.certificate, others=signer.others, roots=roots, at=at)
        stamped = [read_time_stamp(seal), *(read_token(token, sha256=digest) for digest, token in _stamped(contents))]
        return [Use(chain, at, stamped=False), *stamp_uses(stamped, roots)]
    except (BundleSealError, EvidenceError):
        return []


def _stamped(contents: BundleContents) -> Iterator[tuple[bytes, bytes]]:
    """SHA-256 of each stamped checkpoint, and its token."""
    for stamp in contents.stamps:
        yield hashlib.sha256(stamp.checkpoint).digest(), stamp.token
    yield hashlib.sha256(contents.checkpoint).digest(), contents.checkpoint_token


def with_lists(signature: bytes, lists: Iterable[bytes]) -> bytes:
    """The seal of a bundle in the making, with these revocation lists in it.

    No signature covers them; their order is that of a DER set (RFC 5652, 5.1).

    Args:
        signature: DER of a seal that has none.
        lists: DER of each.
    """
    choices = [_CRL("crl", _CRL_LIST.load(der)) for der in sorted(lists)]
    if not choices:
        return signature
    signed = _CONTENT_INFO.load(signature)
    signed["content"]["crls"] = _CRLS(choices)
    return bytes(signed.dump())


def make_seal(
    organisation: str, at: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey, x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Make the organisation's seal for bundles without a provider: root, seal certificate, their keys (P-256).

    The form is that of RFC 5280 and EN 319 412-3.

    For rehearsals and for organisations without a trust service provider: it is worth as much
    as the way by which the root's fingerprint reaches the receiver. The root signs nothing
    else: destroy its key, or keep it offline for the next seal. An organisation's name that is longer than X.520
    allows is cut in both certificates; entry 0 of the log and the report have it whole.
    """
    root_key = ec.generate_private_key(ec.SECP256R1())
    issuer = Issuer(_name(organisation, "root of the seal"), root_key)
    root = issuer.root(at=at, years=_ROOT_YEARS, usage=("key_cert_sign", "crl_sign"))
    return root, root_key, *issue_seal(organisation, issuer, at)


def issue_seal(organisation: str, issuer: Issuer, at: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Issue the certificate of the organisation's seal for bundles under its root, with a new key.

    LIMIT: it may outlive the root, which is valid for 20 years; a new root is a new home.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject, usage = _name(organisation, "seal"), ("digital_signature", "content_commitment")
    # a seal signs, and commits to content (EN 319 412-2, 4.3.2, type C)
    return issuer.issue(subject, key.public_key(), at=at, years=_SEAL_YEARS, usage=usage), key


def seal_revocations(root: x509.Certificate, key: ec.EllipticCurvePrivateKey, at: datetime) -> bytes:
    """DER of the revocation list that a bundle's seal carries of its root.

    It revokes nothing and lives as long as the root: no other is made.

    Args:
        at: When the list is made, aware.
    """
    return Issuer(root.subject, key).revocation_list(at=at, until=root.not_valid_after_utc)


def _name(organisation: str, role: str) -> x509.Name:
    common = f"{_shortened(organisation, _MAX_NAME_BYTES - len(role) - 2)}, {role}"
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _shortened(organisation, _MAX_NAME_BYTES)),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _shortened(text: str, room: int) -> str:
    """``text`` in at most ``room`` bytes of UTF-8, cut at a word if one ends in the latter half, or between letters.

    A sign that joins the one before it (a combining mark, a variation selector, a joiner) is never cut from it.
    """
    if len(text.encode()) <= room:
        return text
    kept = text.encode()[: room - len(_CUT.encode())].decode(errors="ignore")
    end = len(kept)
    while end and (_joins(text[end]) or text[end - 1] == _JOINER):
        end -= 1
    space = text.rfind(" ", 0, end + 1)
    return text[: space if space > len(kept) // 2 else end].rstrip() + _CUT


def _joins(sign: str) -> bool:
    return sign == _JOINER or unicodedata.category(sign) in ("Mn", "Mc", "Me") or "\U0001f3fb" <= sign <= "\U0001f3ff"
