"""The revocation lists that a home keeps, one file each in ``HOME/revocation``: the newest of each issuer and scope.

They are hints and no truth: whoever uses one checks it under its issuer again. A list says by itself who made it and
when, so the log names none. An office may be gone when a bundle is made, so its lists are kept with each stamp.
"""

import hashlib
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import httpx

from config import oplog
from evidence.errors import CertificateError, EvidenceError, SignedDataError
from evidence.objects.durable import make_folder, replace_file
from evidence.stamp.certificate import AnyCertificate, Certificate, certificate_of
from evidence.stamp.chain import chain_to_root
from evidence.stamp.client import MAX_EXCHANGE_S, TimeStampOffice
from evidence.stamp.download import download_list
from evidence.stamp.revocation import RevocationList, addresses_in, read_list, require_listed
from evidence.stamp.token import TokenInfo

_ENDING = ".crl"
_FRESH = timedelta(hours=20)
"""For how long after it was made a list is not asked for again: less than the daily beat."""
_MAX_ADDRESSES = 2


@dataclass(frozen=True, slots=True)
class KeptLists:
    """The revocation lists in a folder."""

    folder: Path

    def keep(self, der: bytes, *, by: AnyCertificate) -> None:
        """Keep a list, unless a newer one of this issuer and scope is kept; on return it has reached the disk.

        Raises:
            SignedDataError, CertificateError: It is malformed, or ``by`` did not make it.
        """
        issuer, found = certificate_of(by), read_list(der)
        require_listed(found, by=issuer)
        file = self._file(issuer, found.scope)
        with suppress(OSError, SignedDataError, CertificateError):
            if read_list(file.read_bytes()).this_update >= found.this_update:
                return
        make_folder(self.folder, parents=True, exist_ok=True)
        replace_file(file, der)

    def readable(self) -> Iterator[RevocationList]:
        """Every list that can be read; who made it is not checked."""
        for file in sorted(self.folder.glob(f"*{_ENDING}")):
            with suppress(SignedDataError, CertificateError):
                yield read_list(file.read_bytes())

    def waits(self, certificate: Certificate, issuer: Certificate, at: datetime) -> bool:
        """Whether no list of ``issuer`` that covers ``certificate`` is fresh at that time."""
        return not any(
            found.names(issuer) and found.covers(certificate) and at < found.this_update + _FRESH
            for found in self.readable()
        )

    def _file(self, issuer: Certificate, scope: bytes) -> Path:
        return self.folder / f"{hashlib.sha256(issuer.der + scope).hexdigest()}{_ENDING}"


@dataclass(frozen=True, slots=True)
class ListFollowing:
    """Fetches the lists for a token's chain, and keeps them."""

    kept: KeptLists
    http: httpx.Client
    timeout_s: float

    def follow(self, office: TimeStampOffice, info: TokenInfo) -> None:
        """Keep the newest list of every issuer above a token that was verified; what cannot be had is passed over.

        A certificate's own addresses are asked first, then the office's. All of it takes little more than one exchange.
        """
        chain = chain_to_root(certificate=info.certificate, others=info.others, roots=office.roots, at=info.gen_time)
        until = time.monotonic() + MAX_EXCHANGE_S
        for certificate, issuer in pairwise(chain):
            if not self.kept.waits(certificate, issuer, info.gen_time):
                continue
            for address in [*sorted(addresses_in(certificate))[:_MAX_ADDRESSES], *office.lists]:
                if time.monotonic() < until and self._had(office, address, issuer):
                    break

    def _had(self, office: TimeStampOffice, address: str, issuer: Certificate) -> bool:
        try:
            der = download_list(address=address, http=self.http, timeout_s=self.timeout_s)
            self.kept.keep(der, by=issuer)
        except (EvidenceError, OSError) as error:  # a stamp that was logged is worth more than its list
            oplog.note("list_missed", office=office.name, error=type(error))
            return False
        oplog.note("list_kept", office=office.name)
        return True
