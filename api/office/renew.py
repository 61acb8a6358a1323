"""Renews a bundle, of this office or of another, or adds this office's seal to another's: always in a new file.

A renewal is not in the home's log: no evidence is read, no key is used, and whoever has the bundle has everything that
the new file says. A counter-seal is: the office says something with its own key.
"""

import io
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from api.home import Home
from api.office.bundle import Stages, load_sealer, stamper, trusted_roots, unstaged
from casefiles.bundle.countersign import countersign_bundle
from casefiles.bundle.destination import Destination, give_name
from casefiles.bundle.renew import renew_bundle
from casefiles.errors import ContainerError
from casefiles.format.zip import read_container
from casefiles.verifier.cades import on_the_way
from casefiles.verifier.checks import OpenedBundle
from config import oplog
from config.errors import Explained, Term
from evidence.authority import Doer
from evidence.canonical import sha256_hex
from evidence.custody.event import Draft
from evidence.errors import HomeError
from evidence.finding import Report, Verdict
from evidence.objects.durable import storage_errors, sync_directory, write_file
from evidence.seal.recipients import KeyIdentity
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
    """The verb behind ``case renew``: write a bundle again, with one more archive stamp by the home's first office.

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
    with stamper(home, lambda _more: None, follow_lists=True) as stamp, _opened(bundle) as stream:
        lists = home.lists.readable()
        data, report = renew_bundle(stream, stamp=stamp, roots=known, lists=lists, progress=checking)
    with _held(destination.bundle, data) as part:
        _name(part, destination.bundle)
    return _told(destination.bundle, data, known, report)


def countersign(
    home: Home,
    bundle: Path,
    destination: Destination,
    *,
    roots: Sequence[AnyCertificate],
    doer: Doer,
    casework: KeyIdentity,
) -> tuple[RenewedBundle, Explained | None]:
    """The verb behind ``case countersign``: write a bundle again with this home's seal and one more archive stamp.

    It is logged, and then the file gets its name.

    Args:
        roots: Those that the bundle's seal and time stamps lead to, beside the home's own.

    Returns:
        What was written, and why the entry has no time stamp yet.

    Raises:
        ContainerError: The file cannot be read, or is no bundle.
        BundleError: A check of it fails, or this seal is in it already; nothing was written or logged.
        HomeError: Something lies at the place of the new file, or there is no such folder.
        StampError: No time stamp could be had; nothing was written or logged.
        StorageFullError: No space; nothing was written or logged.
    """
    destination.require_folder()
    destination.require_free()
    known = certificates_of([*trusted_roots(home), *roots])
    with stamper(home, lambda _more: None, follow_lists=True) as stamp, _opened(bundle) as stream:
        sealer, lists = load_sealer(home, casework), tuple(home.lists.readable())
        data, report = countersign_bundle(stream, sealer=sealer, stamp=stamp, at=home.clock(), roots=known, lists=lists)
    with home.writing() as writer, _held(destination.bundle, data) as part:
        values = doer.values() | {"bundle_sha256": sha256_hex(data)}
        writer.sequencer.append([Draft("counter_sealed", values)])
        _name(part, destination.bundle)
        unstamped = writer.beat()
    return _told(destination.bundle, data, known, report), unstamped


@contextmanager
def _opened(bundle: Path) -> Iterator[BinaryIO]:
    try:
        with bundle.open("rb") as stream:
            yield stream
    except OSError as error:
        raise ContainerError(
            "container.unreadable", where=bundle.name, system=error.strerror or type(error).__name__
        ) from error


def _told(bundle: Path, data: bytes, known: Sequence[Certificate], report: Report) -> RenewedBundle:
    stamps = OpenedBundle(read_container(io.BytesIO(data)), roots=known, log_key=None).archive_stamps
    newest = stamps[-1]
    led = on_the_way(certificate=newest.certificate, others=newest.others, roots=known, at=newest.gen_time)
    oplog.note("bundle_renewed", count=len(stamps) - 1, bytes=len(data))
    return RenewedBundle(
        bundle=bundle,
        sha256=sha256_hex(data),
        bytes=len(data),
        renewals=len(stamps) - 1,
        stamped_at=format_time(newest.latest),
        office=newest.office,
        roots=tuple(dict.fromkeys(root for root in known if root in led)),
        verdict=report.verdict,
    )


def _name(part: Path, file: Path) -> None:
    """Give the new file its name; what came to lie there meanwhile is not replaced."""
    with storage_errors(file.parent):
        try:
            give_name(part, file)
        except FileExistsError as error:
            raise HomeError("home.out_taken", where=str(file)) from error
        sync_directory(file.parent)


@contextmanager
def _held(file: Path, data: bytes) -> Iterator[Path]:
    """The new file, whole and on the disk, under a name that nobody mistakes for a bundle's; it is gone in the end."""
    part = file.with_name(f"{file.name}.{secrets.token_hex(4)}.part")
    write_file(part, data)
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)
