"""Adds a counter-seal to a bundle: a receiving office's own seal over what the first covers, and over the first.

It says that this office had the whole bundle when it sealed it (ETSI EN 319 162-1: one more CAdES signature over an
ASiCManifest of its own). It says nothing about the sender and replaces nothing: no byte that was there changes, and an
archive time stamp over everything comes with it.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import BinaryIO

from casefiles.bundle.gate import require_holds
from casefiles.bundle.renew import require_own_stamp, with_newer_stamp
from casefiles.bundle.sign import Sealer, StampOver, with_lists
from casefiles.errors import BundleError
from casefiles.format import layout
from casefiles.format.archive import counter_seals_of
from casefiles.format.layout import counter_manifest, counter_signature
from casefiles.format.manifest import make_manifest, render_manifest
from casefiles.format.zip import container_bytes, read_container
from casefiles.verifier.cades import read_seal, read_time_stamp
from casefiles.verifier.checks import OpenedBundle, examine, stamp_uses
from casefiles.verifier.revocation import Use, needed_lists
from evidence.errors import CertificateError
from evidence.finding import Report
from evidence.stamp.certificate import AnyCertificate, Certificate, certificate_of, certificates_of
from evidence.stamp.chain import chain_to_root
from evidence.stamp.revocation import RevocationList


def countersign_bundle(
    bundle: BinaryIO,
    *,
    sealer: Sealer,
    stamp: StampOver,
    at: datetime,
    roots: Sequence[AnyCertificate],
    lists: Sequence[RevocationList] = (),
) -> tuple[bytes, Report]:
    """Make a counter-sealed bundle of one that holds: add the seal and an archive time stamp, and verify the result.

    Args:
        sealer: The office's own; not the one that sealed the bundle.
        stamp: Called twice: for the counter-seal's time stamp and for the archive's.
        at: What the counter-seal claims as its time, aware.
        roots: Those of its seal, of its time stamps, of the office that stamps now and of ``sealer``.
        lists: Revocation lists; those of the issuers above the new seal and stamps go into these.

    Raises:
        ContainerError: It is not a bundle.
        BundleError: A check fails, before or after; or this seal is in the bundle already.
        StampError: There is no time stamp.
        OSError: It cannot be read.
    """
    members = read_container(bundle)
    opened = OpenedBundle(members, roots=roots, log_key=None)
    require_holds(examine(opened), "bundle.does_not_hold")
    signatures = [(layout.SEAL_SIGNATURE, layout.SEAL_MANIFEST)]
    signatures += [(seal.signature, seal.manifest) for seal in opened.counter_seals]
    for signature, manifest in signatures:
        seal = read_seal(signature=members[signature], manifest=members[manifest])
        if seal.signer.certificate == certificate_of(sealer.certificate):
            raise BundleError("bundle.counter_sealed_before", where=signature)
    known = certificates_of(roots)
    sealed = _with_counter_seal(members, sealer=sealer, stamp=stamp, at=at, roots=known, lists=lists)
    data = container_bytes(with_newer_stamp(sealed, stamp=stamp, roots=known, lists=lists))
    made = OpenedBundle(read_container(io.BytesIO(data)), roots=roots, log_key=None)
    report = examine(made)
    require_holds(report)
    require_own_stamp(made)
    return data, report


def _with_counter_seal(
    members: Mapping[str, bytes],
    *,
    sealer: Sealer,
    stamp: StampOver,
    at: datetime,
    roots: Sequence[Certificate],
    lists: Iterable[RevocationList],
) -> dict[str, bytes]:
    """The members and one more counter-seal, which no archive covers yet."""
    number = len(counter_seals_of(members)) + 1
    signature, name = counter_signature(number), counter_manifest(number)
    covered = ((each, content) for each, content in members.items() if layout.is_counter_sealed(each))
    manifest = render_manifest(make_manifest(signature=signature, members=covered))
    signed = sealer.sign(manifest, stamp=stamp, at=at)
    return {**members, name: manifest, signature: _with_lists_of(signed, manifest, roots, lists)}


def _with_lists_of(
    signed: bytes, manifest: bytes, roots: Sequence[Certificate], lists: Iterable[RevocationList]
) -> bytes:
    """A counter-seal with the lists that tell of it; with none if it leads to no root, which the verifier reports."""
    seal = read_seal(signature=signed, manifest=manifest)
    info, signer = read_time_stamp(seal), seal.signer
    try:
        chain = chain_to_root(certificate=signer.certificate, others=signer.others, roots=roots, at=info.gen_time)
        uses = [Use(chain, info.gen_time, stamped=False), *stamp_uses([info], roots)]
    except CertificateError:
        return signed
    return with_lists(signed, [one.der for one in needed_lists(lists, uses, made_by=info.gen_time)])
