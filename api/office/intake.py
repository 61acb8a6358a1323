"""Takes an export into a home: the authority that its mode needs, then the one write path."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from api.home import Home
from config import oplog
from config.errors import Explained
from config.watchlist import Readable
from evidence.authority import Act, Doer, legal_basis_for, require_two, two_persons
from evidence.fingerprint.decoder import Decoder
from evidence.intake.keep import Counts, Intake
from evidence.intake.preserve import Preserver
from evidence.intake.sight import Provenance
from evidence.observation import Container, Hole, HoleReason, Mode, Observation
from monitor.desktop.json import read_export


@dataclass(frozen=True, slots=True)
class Wish:
    """What ``import`` was asked for.

    Attributes:
        path: A folder, or the ``result.json`` in it. An export is many files, which its messages name: it has no
            stream.
    """

    path: Path
    chat_id: str | None
    declared_by: str
    mode: Mode
    legal_basis: Readable | None
    doer: Doer


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of it.

    Attributes:
        missing: How many things the export lacks, for each reason, whether that was known before or not.
        walls: Those around the decoder of pictures, and those that this kernel lacks; None where none was decoded.
        unstamped: Why no time stamp could be had yet.
    """

    container: Container
    counts: Counts
    missing: Mapping[HoleReason, int]
    walls: str | None
    unstamped: Explained | None


def import_export(home: Home, wish: Wish, progress: Callable[[int], Callable[[int], object]]) -> Imported:
    """Read an export whole, then take it in.

    Args:
        progress: Given the number of messages, gives what hears of each durable batch.

    Raises:
        MonitorError: The export cannot be read; nothing was written.
        AuthorityError, LegalBasisError: The mode needs a second person and a legal basis.
        StorageFullError: No space; what was acknowledged is kept, and running it again completes the rest.
    """
    basis = legal_basis_for(wish.mode, wish.legal_basis, today=home.today())
    if basis:
        require_two(Act.IMPORT, wish.doer)  # before an export is read, which can take minutes
    container = read_export(wish.path, chat_id=wish.chat_id, now=home.clock)
    contents = container.contents
    # the digest, not the folder's name: people name folders after people
    grant = two_persons(Act.IMPORT, container.sha256, wish.doer) if basis else None
    provenance = Provenance(
        doer=wish.doer,
        declared_by=wish.declared_by,
        method=container.method,
        mode=wish.mode,
        authority=grant.request if grant else None,
        legal_basis=basis,
    )
    with home.writing() as writer, home.objects.pending() as pending, Decoder() as decoder:
        if grant:
            writer.sequencer.append(grant.drafts)
        preserver = Preserver(
            objects=pending,
            decoder=decoder,
            origin=writer.sequencer.origin,
            office=home.recipients.office,
            matching=home.recipients.matching,
        )
        intake = Intake(
            engine=home.engine,
            sequencer=writer.sequencer,
            preserver=preserver,
            seen=home.keys.seen_key(),
            clock=home.clock,
            batch=home.settings.intake.batch,
        )
        missing: Counter[HoleReason] = Counter()
        container = replace(container, contents=lambda: _tallied(contents(), missing))
        counts = intake.take_container(container, provenance, progress(container.total))
        oplog.note("import_finished", messages=counts.messages, media=counts.media, known=counts.already_known)
        return Imported(container, counts, missing, decoder.walls, writer.beat(now=True))


def _tallied(contents: Iterator[Observation | Hole], missing: Counter[HoleReason]) -> Iterator[Observation | Hole]:
    """The same contents; what is missing is counted as it passes."""
    for content in contents:
        if isinstance(content, Hole):
            missing[content.reason] += content.count
        yield content
