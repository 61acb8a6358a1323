"""The fourth level of an audit: preserved files are opened with the cards, and compared with the log.

The three levels below prove that every ciphertext is the logged one. Whether what is in it is the file that the log
names, only whoever has the office key can tell. Each piece is hashed and let go; no file is written. That somebody
opens them is logged before the first is opened.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from api.errors import of_system
from api.home import Home
from api.offline.media import content_of, media_at, medium_indexes
from config import oplog
from config.errors import Explained, Fact
from evidence.authority import Doer
from evidence.canonical import Value
from evidence.custody.event import Draft
from evidence.errors import EvidenceError
from evidence.finding import Finding, Verdict
from evidence.seal.cards import require_cards_of
from evidence.seal.recipients import KeyIdentity

CHECK = "media.contents"


@dataclass(frozen=True, slots=True)
class MediaAudit:
    """What an audit of the fourth level found.

    Attributes:
        opened: How many files were opened, of so many that are kept (``kept``) and not frozen.
        findings: One for each that is damaged or not what the log names; or one that says that none is.
        unlogged: Why it is not in the log that they were opened, or why that entry has no time stamp yet.
    """

    opened: int
    kept: int
    findings: tuple[Finding, ...]
    unlogged: Explained | None = None


def audit_media(
    home: Home,
    casework: KeyIdentity,
    cards: Sequence[str],
    *,
    sample: int | None,
    progress: Callable[[int], object],
    by: Doer | None,
) -> MediaAudit:
    """The part of ``audit --level 4`` that needs the cards: open files, and compare what is in them with the log.

    Args:
        sample: How many, drawn by chance; None for all.
        progress: Called with the number of files opened since.
        by: Who looks, logged first as a look at so many digests; None where the drill has an entry of its own.

    Raises:
        CardError: The cards are too few, mistyped, or of another office.
    """
    require_cards_of(cards, home.recipients.office)
    kept = medium_indexes(home)
    drawn = kept if sample is None or sample >= len(kept) else secrets.SystemRandom().sample(kept, sample)
    findings, unlogged = list[Finding](), None
    if by is not None and drawn:
        look: dict[str, Value] = {"channel": None, "item": None, "items": str(len(drawn))}
        unlogged = home.log_look(Draft("digests_viewed", by.values() | look))
    for index in sorted(drawn):
        findings += _compared(home, index, casework, cards)
        progress(1)
    oplog.note("media_compared", count=len(drawn), problems=len(findings))
    if not findings:
        told: dict[str, Fact] = {"count": len(drawn), "kept": len(kept)}
        findings.append(Finding(CHECK, Verdict.PASSED, "media.contents.compared", told))
    return MediaAudit(len(drawn), len(kept), tuple(findings), unlogged)


def files_to_open(home: Home, sample: int | None) -> int:
    """How many files ``audit_media`` will open, for its progress."""
    kept = len(medium_indexes(home))
    return kept if sample is None else min(sample, kept)


def _compared(home: Home, index: int, casework: KeyIdentity, cards: Sequence[str]) -> Iterator[Finding]:
    """What is wrong with one preserved file."""
    where = str(index)
    try:
        (medium,) = media_at(home, [index], casework)
        where = medium.item_id
        for _piece in content_of(home, medium, cards):
            pass  # hashed where it is opened
    except EvidenceError as error:
        yield Finding(CHECK, Verdict.FAILED, "media.contents.differs", {"subject": where, "cause": error})
    except OSError as error:
        yield Finding(CHECK, Verdict.FAILED, "media.contents.differs", {"subject": where, "cause": of_system(error)})
