"""Renews a bundle: one more archive time stamp, over everything that is there (ETSI EN 319 162-1, annex A.7).

A time stamp proves something only while its office's certificate and its algorithms are good. A newer one over all
that is there carries the proof on. No byte that was there changes: the earlier archive manifest only gets a number in
its name. Anybody may renew, with any office: it needs no key, and says nothing about the records.
"""

import hashlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import BinaryIO

from casefiles.bundle.gate import require_holds
from casefiles.bundle.sign import with_lists
from casefiles.errors import BundleError
from casefiles.format import layout
from casefiles.format.archive import ArchiveLink, counter_seals_of, links_of, listed_by
from casefiles.format.layout import kept_manifest, renewal_token
from casefiles.format.manifest import make_manifest, render_manifest
from casefiles.format.zip import container_bytes, read_container
from casefiles.verifier.checks import Counting, OpenedBundle, examine, require_newest_trusted, stamp_uses, unheard
from casefiles.verifier.revocation import needed_lists
from config.errors import Explained
from evidence.errors import CertificateError
from evidence.finding import Report
from evidence.stamp.certificate import AnyCertificate, Certificate, certificates_of
from evidence.stamp.revocation import RevocationList
from evidence.stamp.token import read_token


def renew_bundle(
    bundle: BinaryIO,
    *,
    stamp: Callable[[bytes], bytes],
    roots: Sequence[AnyCertificate],
    lists: Iterable[RevocationList] = (),
    progress: Counting = unheard,
) -> tuple[bytes, Report]:
    """Make a renewed bundle of one that holds: add one more archive time stamp, and verify the result.

    Args:
        stamp: SHA-256 in, DER of a time-stamp token over it out.
        roots: Those of its seal, of its time stamps and of the office that stamps now.
        lists: Revocation lists, read once the stamp is there; those of its issuers go into it.
        progress: That of ``examine``, for the first of the two verifications.

    Raises:
        ContainerError: It is not a bundle.
        BundleError: A check fails, before or after.
        StampError: There is no time stamp.
        OSError: It cannot be read.
    """
    members = read_container(bundle)
    require_holds(examine(OpenedBundle(members, roots=roots, log_key=None), progress), "bundle.does_not_hold")
    newer = with_newer_stamp(members, stamp=stamp, roots=certificates_of(roots), lists=lists)
    renewed = container_bytes(newer)
    opened = OpenedBundle(read_container(io.BytesIO(renewed)), roots=roots, log_key=None)
    report = examine(opened)
    require_holds(report, "bundle.own_verifier_refuses")
    require_own_stamp(opened)
    return renewed, report


def require_own_stamp(opened: OpenedBundle) -> None:
    """Refuse a renewal whose own time stamp leads to no root that was given: a verifier would only leave it undecided.

    Raises:
        BundleError: It does not.
    """
    try:
        require_newest_trusted(opened)
    except Explained as error:
        raise BundleError("bundle.own_verifier_refuses", where=opened.links[-1].token, found=str(error)) from error


def with_newer_stamp(
    members: Mapping[str, bytes],
    *,
    stamp: Callable[[bytes], bytes],
    roots: Sequence[Certificate],
    lists: Iterable[RevocationList] = (),
) -> dict[str, bytes]:
    """Make the members of a renewed bundle: those that are there, and one more archive time stamp over all of them.

    The lists that tell of the new time stamp go into its token, where nothing covers them until the next renewal. An
    office that did not stamp before has no list in the seal, and without one EU DSS decides nothing about its stamp.

    Raises:
        StampError: There is no time stamp.
    """
    *before, newest = links_of(members)
    number = len(before) + 1
    kept = dict(members)
    kept[kept_manifest(number)] = kept.pop(newest.manifest)
    earlier = [*before, ArchiveLink(kept_manifest(number), newest.token)]
    listed = listed_by(kept, earlier, counter_seals_of(kept))
    token = renewal_token(number)
    manifest = make_manifest(signature=token, members=((name, kept[name]) for name in listed))
    kept[layout.ARCHIVE_MANIFEST] = render_manifest(manifest)
    digest = hashlib.sha256(kept[layout.ARCHIVE_MANIFEST]).digest()
    kept[token] = _with_own_lists(stamp(digest), digest, roots, lists)
    return kept


def _with_own_lists(
    token: bytes, digest: bytes, roots: Sequence[Certificate], lists: Iterable[RevocationList]
) -> bytes:
    """A token with the lists that tell of its chain; with none if it leads to no root, which the verifier reports."""
    info = read_token(token, sha256=digest)
    try:
        uses = list(stamp_uses([info], roots))
    except CertificateError:
        return token
    return with_lists(token, [one.der for one in needed_lists(lists, uses, made_by=info.gen_time)])
