"""Whether a certificate was revoked when it was relied on: by the revocation lists in the seal (RFC 5280, 5).

Only the archive time-stamp covers the lists, so each must hold by itself: made by an issuer of a chain, before the
archive was stamped. ETSI EN 319 102-1, 5.2.5 and 5.2.6; RFC 3161, 4, for time stamps of units that were revoked later.

A bundle without a list for a certificate is not undecided for it: the sender may have had none, and who could
withhold a list could forge nothing with it. What has no list is named.
Standard library, cryptography and asn1crypto only.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TypeAlias

from casefiles.errors import UndecidedError
from casefiles.verifier.cades import has_issued
from evidence.errors import CertificateError
from evidence.stamp.certificate import Certificate
from evidence.stamp.revocation import RevocationList, cannot_be_revoked, require_listed
from evidence.times import MAX_SKEW, format_time

Pair: TypeAlias = tuple[Certificate, Certificate]
"""A certificate and its issuer."""

_RETIRED = frozenset({"unspecified", "affiliation_changed", "superseded", "cessation_of_operation"})
"""Reasons for which the time stamps that a unit made before stay good (RFC 3161, 4)."""


@dataclass(frozen=True, slots=True)
class Use:
    """A chain that was relied on at a time.

    Attributes:
        chain: From the certificate up to a root that was given.
        stamped: Whether the first certificate is of a time-stamp unit.
    """

    chain: Sequence[Certificate]
    at: datetime
    stamped: bool

    @property
    def pairs(self) -> Iterable[Pair]:
        """Each certificate of the chain with its issuer; the root has none."""
        return pairwise(self.chain)


def needed_lists(
    lists: Iterable[RevocationList], uses: Sequence[Use], *, made_by: datetime
) -> frozenset[RevocationList]:
    """The revocation lists that the verifier of a seal needs: of each pair the newest.

    One that ended before the last use is not needed.

    Args:
        made_by: When the bundle is made; a list from later is none of it.
    """
    last: dict[Pair, datetime] = {}
    for use in uses:
        for pair in use.pairs:
            last[pair] = max(use.at, last.get(pair, use.at))
    newest = _newest([one for one in lists if one.this_update <= made_by + MAX_SKEW], last)
    return frozenset(one for pair, one in newest.items() if one.next_update >= last[pair])


def require_unrevoked(
    lists: Sequence[RevocationList], uses: Sequence[Use], *, beside: Iterable[Certificate], archived_at: datetime
) -> frozenset[str]:
    """As a check of a bundle: no certificate of a chain was revoked when it was relied on.

    1. Each list is of an issuer in the chains or beside them, signed with its key, and speaks of what it issued.
    2. None was made after the archive's time stamp.
    3. No certificate is listed from a time before it was relied on. A time-stamp unit that was revoked later, for a
       reason that does not leave its earlier stamps good, is undecided.
    4. The newest list had not ended when the certificate was relied on, or that is undecided.

    Args:
        beside: Other certificates of the bundle: who trusts a certificate below a root follows no chain up to it.
        archived_at: When the archive was stamped, which covers the lists.

    Returns:
        The names of those of which no list speaks, and that do not say that none ever will.

    Raises:
        CertificateError: 1, 2 or 3 does not hold.
        UndecidedError: 3 or 4 leaves it open; what does not hold is reported before.
    """
    pairs = {pair for use in uses for pair in use.pairs}
    told_of = pairs | _issued_among({*beside, *_all(uses)})
    # (1) each has a use
    for one in lists:
        if not any(_speaks(one, *pair) for pair in told_of):
            raise CertificateError("certificate.list_strange", where=one.issuer_text)
        # (2) before it was archived
        if one.this_update > archived_at + MAX_SKEW:
            raise CertificateError(
                "certificate.list_later",
                where=one.issuer_text,
                gen_time=format_time(archived_at),
                found=format_time(one.this_update),
            )
    newest = _newest(lists, pairs)
    undecided = [open_ for use in uses for open_ in _left_open(use, newest)]
    if undecided:
        raise undecided[0]
    return frozenset(
        certificate.name for certificate, issuer in pairs - newest.keys() if not cannot_be_revoked(certificate)
    )


def tells_of(one: RevocationList, uses: Iterable[Use]) -> bool:
    """Whether a list, for the verifier, tells of a certificate of these chains."""
    return any(_speaks(one, *pair) for use in uses for pair in use.pairs)


def _all(uses: Iterable[Use]) -> Iterable[Certificate]:
    return (one for use in uses for one in use.chain)


def _issued_among(known: Collection[Certificate]) -> set[Pair]:
    return {(one, issuer) for one in known for issuer in known if one != issuer and has_issued(one, by=issuer)}


def _left_open(use: Use, newest: Mapping[Pair, RevocationList]) -> Iterable[UndecidedError]:
    for certificate, issuer in use.pairs:
        one = newest.get((certificate, issuer))
        if one is None:
            continue
        revoked = one.entries.get(certificate.serial)
        # (3) listed
        if revoked and revoked.at <= use.at:
            raise CertificateError(
                "certificate.revoked",
                where=certificate.name,
                expected=format_time(use.at),
                found=format_time(revoked.at),
                reason=revoked.reason or "-",
            )
        if revoked and use.stamped and certificate is use.chain[0] and revoked.reason not in _RETIRED:
            yield UndecidedError(
                "undecided.revoked_later",
                where=certificate.name,
                expected=format_time(use.at),
                found=format_time(revoked.at),
                reason=revoked.reason or "-",
            )
        # (4) or not any more
        if not revoked and one.next_update < use.at:
            yield UndecidedError(
                "undecided.list_ended",
                where=one.issuer_text,
                expected=format_time(use.at),
                found=format_time(one.next_update),
            )


def _newest(lists: Iterable[RevocationList], pairs: Iterable[Pair]) -> dict[Pair, RevocationList]:
    newest = {}
    for pair in pairs:
        if speaking := [one for one in lists if _speaks(one, *pair)]:
            newest[pair] = max(speaking, key=lambda one: one.this_update)
    return newest


def _speaks(one: RevocationList, certificate: Certificate, issuer: Certificate) -> bool:
    """Whether a list is the issuer's and tells of this certificate; of one that had ended it need not tell any more."""
    try:
        require_listed(one, by=issuer)
    except CertificateError:
        return False
    return one.covers(certificate) and one.this_update <= certificate.not_after
