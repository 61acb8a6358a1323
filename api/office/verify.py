"""Checks a bundle, for command and route. It needs no home: nothing here opens one, or imports what does."""

from collections.abc import Sequence
from typing import BinaryIO

from casefiles.errors import PagesError
from casefiles.report.paged import NO_MAKER, PageMaker, Remaking
from casefiles.verifier.checks import Counting, unheard, verify_stream
from casefiles.verifier.held import HeldFile
from evidence.finding import Report
from evidence.log.note import VerifierKey
from evidence.stamp.certificate import AnyCertificate


def verify_bundle(  # noqa: PLR0913 - each is another thing from outside the bundle
    bundle: BinaryIO,
    *,
    roots: Sequence[AnyCertificate],
    log_key: VerifierKey | None = None,
    seal_pin: str | None = None,
    held: HeldFile | None = None,
    pages: Remaking = NO_MAKER,
    progress: Counting = unheard,
) -> Report:
    """The verb behind ``verify``, for command and route: check a bundle, without a home.

    Args:
        bundle: Can be sought in.
        roots: Those that the caller trusts; without any it is INDETERMINATE at best.
        seal_pin: Lower hex SHA-256 of the seal's certificate, as the letter prints it.
        held: Another bundle or a checkpoint of the same log, to compare.
        pages: How the report is made as PDF again, where it can be.
        progress: As ``verify_stream`` has it.
    """
    return verify_stream(
        bundle, roots=roots, log_key=log_key, seal_pin=seal_pin, held=held, pages=pages, progress=progress
    )


def remaking(*, asked: bool) -> Remaking:
    """How the verb ``verify`` makes the pages of a report again.

    Args:
        asked: However many items there are.

    Raises:
        PagesError: It was asked for, and a part of the program is missing.
    """
    if not asked:
        return Remaking(_maker_if_whole)
    maker = _maker()
    return Remaking(lambda: maker, asked=True)


def _maker() -> PageMaker:
    from casefiles.pages.made import page_maker  # noqa: PLC0415 - only where pages are made: it needs a typesetter

    return page_maker()


def _maker_if_whole() -> PageMaker | None:
    try:
        return _maker()
    except PagesError:
        return None
