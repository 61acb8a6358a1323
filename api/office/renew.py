"""Renews a bundle, of this office or of another: one more archive time stamp, in a new file.

Nothing of it is logged in the home's log: no evidence is read, and whoever has the bundle has everything that the new
file says. The time stamp is in the file.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from api.home import Home
from api.office.bundle import Stages, stamper, trusted_roots, unstaged
from casefiles.bundle.destination import Destination
from casefiles.bundle.renew import renew_bundle
from casefiles.errors import ContainerError
from casefiles.format.zip import read_container
from casefiles.verifier.cades import on_the_way
from casefiles.verifier.checks import OpenedBundle
from config import oplog
from config.errors import Term
from evidence.canonical import sha256_hex
from evidence.finding import Verdict
from evidence.objects.durable import move_file, storage_errors, write_file
from evidence.stamp.certificate import AnyCertificate, Certificate, certificates_of
from evidence.times import format_time


@dataclass(frozen=True, slots=True)
class RenewedBundle:
    """A bundle with a newer archive time stamp.

    Attributes:
        sha256: Lower hex, of the new file.
        renewals: How many archive time stamps were added to it since it was sealed.
        stamped_at: By when the newest was made, as the log writes times.
        roots: Those that the newest leads to, which whoever gets the file needs too.
        verdict: What the verifier says of the new file.
    """

    bundle: Path
    sha256: str
    bytes: int
    renewals: int
    stamped_at: str
    office: str
    roots: tuple[Certificate, ...]
    verdict: Verdict


def renew(
    home: Home, bundle: Path, destination: Destination, *, roots: Sequence[AnyCertificate], stages: Stages = unstaged
) -> RenewedBundle:
    """Write a bundle again, with one more archive time stamp by the first office of this home.

    Args:
        roots: Those that another office's seal and time stamps lead to, beside the home's own.

    Raises:
        ContainerError: The file cannot be read, or is no bundle.
        BundleError: A check of it fails; nothing was written.
        HomeError: Something lies at the place of the new file, or there is no such folder.
        StampError: No time stamp could be had; nothing was written.
        StorageFullError: No space; nothing was written.
    """
    destination.require_folder()
    destination.require_free()
    known = certificates_of([*trusted_roots(home), *roots])
    checking = stages(Term("progress.checking"), Term("unit.checks"))
    with stamper(home, lambda _more: None, follow_lists=True) as stamp:
        try:
            with bundle.open("rb") as stream:
                data, report = renew_bundle(
                    stream, stamp=stamp, roots=known, lists=home.lists.readable(), progress=checking
                )
        except OSError as error:
            raise ContainerError(
                "container.unreadable", where=bundle.name, system=error.strerror or type(error).__name__
            ) from error
    _write(destination.bundle, data)
    with destination.bundle.open("rb") as stream:
        stamps = OpenedBundle(read_container(stream), roots=known, log_key=None).archive_stamps
    newest = stamps[-1]
    led = on_the_way(certificate=newest.certificate, others=newest.others, roots=known, at=newest.gen_time)
    oplog.note("bundle_renewed", count=len(stamps) - 1, bytes=len(data))
    return RenewedBundle(
        bundle=destination.bundle,
        sha256=sha256_hex(data),
        bytes=len(data),
        renewals=len(stamps) - 1,
        stamped_at=format_time(newest.latest),
        office=newest.office,
        roots=tuple(root for root in known if root in led),
        verdict=report.verdict,
    )


def _write(file: Path, data: bytes) -> None:
    """Write a file whole: until it is, it has a name that nobody mistakes for a bundle's."""
    part = file.with_name(f"{file.name}.{secrets.token_hex(4)}.part")
    with storage_errors(file.parent):
        write_file(part, data)
        move_file(part, file)
