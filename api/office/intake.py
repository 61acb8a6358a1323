"""Takes an export into a home: the authority that its mode needs, then the one write path."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import sqlalchemy as sa

from api.home import Home, Writer
from api.office.brought import opened_export
from api.office.request import NOTHING_BESIDE, Inside, Waiting, ask
from api.office.room import BYTES_OF_A_MESSAGE, folder_bytes, require_room
from casefiles.received import ReceivedExport
from config import oplog
from config.errors import Explained
from config.watchlist import LegalBasis, Readable
from evidence.authority import Act, Doer, Grant, Ordered, Request, legal_basis_for, require_two, two_persons
from evidence.canonical import Value, text_of, text_value
from evidence.errors import AuthorityError
from evidence.fingerprint.decoder import Decoder
from evidence.intake.absent import Absences
from evidence.intake.keep import AtEnd, Counts, Intake
from evidence.intake.preserve import Preserver
from evidence.intake.sight import Provenance
from evidence.names import require_name
from evidence.observation import Container, Gone, Hole, HoleReason, Kind, Mode, Observation
from evidence.store import database
from evidence.store.database import reading
from monitor.desktop.json import ListedChat, chats_of, is_private, read_export

ABSENT = (
    HoleReason.MISSING_FILE,
    HoleReason.NOT_INCLUDED,
    HoleReason.TOO_LARGE,
    HoleReason.UNAVAILABLE,
    HoleReason.UNKNOWN_REASON,
    HoleReason.REFUSED,
    HoleReason.BROKE_OFF,
    HoleReason.NOT_EXPORTED,
    HoleReason.FROZEN,
)
"""Why a file that a message names is not there."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is told how far an import has come, counted in what takes the time.

    Attributes:
        durable: How many more messages are on disk, after each batch.
        read: How many more files were read; they are on disk after their batch.
        stamping: Lasts as long as a time stamp is waited for, once everything is on disk.
    """

    durable: Callable[[int], object] = lambda _more: None
    read: Callable[[int], object] = lambda _more: None
    stamping: Callable[[], AbstractContextManager[object]] = nullcontext


Progress: TypeAlias = Callable[[int, int], Heard]
"""Given the numbers of messages and of files that are read, returns what is told about them."""


def unheard_import(_messages: int, _files: int) -> Heard:
    """Progress of ``import`` that nobody hears."""
    return Heard()


@dataclass(frozen=True, slots=True)
class Wish:
    """What ``import`` was asked for.

    Attributes:
        path: A folder, the JSON file in it, or a ZIP archive. An export is many files, which its messages name: it
            has no stream.
        declared_by: A pseudonym.
        private: A chat that is no group and no channel may be taken in out of an export of several.
        more: The other archives over which the export is split.

    Raises:
        AuthorityError: Nobody is declared, or by a name that is none.
    """

    path: Path
    chat_id: str | None
    declared_by: str
    mode: Mode
    legal_basis: Readable | None
    doer: Doer
    private: bool = False
    more: tuple[Path, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """Everything that was given."""
        return (self.path, *self.more)

    def __post_init__(self) -> None:
        object.__setattr__(self, "declared_by", require_name(self.declared_by))


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of it.

    Attributes:
        missing: How many things the export lacks, for each reason, whether that was known before or not.
        walls: Those around the decoder of pictures, and those that this kernel lacks; None where none was decoded.
        unstamped: Why no time stamp could be had yet.
        absent: How many messages of older sources it lacks within its own span, and was the first to lack.
        lacked: How many of its messages an export lacks that goes as far, and was brought before.
    """

    container: Container
    counts: Counts
    missing: Mapping[HoleReason, int]
    walls: str | None
    unstamped: Explained | None
    absent: int = 0
    lacked: int = 0

    @property
    def private(self) -> bool:
        """Whether the chat is no group and no channel."""
        return is_private(self.container.channel_type)

    def received(self, home: Home, mode: Mode) -> ReceivedExport:
        """What came of it, for the client who brought it."""
        return ReceivedExport(
            organisation=home.settings.office.organisation,
            at=home.clock(),
            mode=mode,
            sha256=self.container.sha256,
            messages=self.container.total,
            files=self.container.files,
            known=self.counts.already_known,
            missing=self.missing,
            rehearsal=home.settings.office.rehearsal,
        )

    def told(self) -> dict[str, Any]:
        """What came of it, for a program."""
        return {
            "channel_id": self.container.channel_id,
            **asdict(self.counts),
            "container_sha256": self.container.sha256,
            "gaps": self.missing.get(HoleReason.GAP, 0),
            "unnamed_files": self.missing.get(HoleReason.UNNAMED, 0),
            "own_messages_only": HoleReason.OWN_ONLY in self.missing,
            "cut_off": HoleReason.CUT_OFF in self.missing,
            "absent": absent_of(self.missing),
            "outside_the_export": self.missing.get(HoleReason.OUTSIDE, 0),
            "not_in_this_export": self.absent,
            "not_in_newer_exports": self.lacked,
            "decoder": self.walls,
        }


def absent_of(missing: Mapping[HoleReason, int]) -> Mapping[str, int]:
    """How many files that messages name are not there, for each reason, for a program."""
    return {reason.value: missing[reason] for reason in ABSENT if reason in missing}


def list_chats(home: Home, paths: Sequence[Path]) -> tuple[ListedChat, ...]:
    """The verb that lists an export's chats by title, kind, messages and size, for whoever brought it to choose.

    Raises:
        MonitorError: The export cannot be read.
    """
    with opened_export(home, paths) as path:
        return chats_of(path)


def import_export(
    home: Home, wish: Wish, progress: Progress = unheard_import, inside: Inside = NOTHING_BESIDE
) -> Imported | Waiting:
    """The verb behind ``import``: read an export whole, then take it in.

    Without the second person whom its mode needs, it is asked for.

    Raises:
        TaskLostError: ``inside`` no longer has its task; what was taken in is kept, and not recorded as an import.
        MonitorError: The export cannot be read; nothing was written.
        AuthorityError, LegalBasisError: The mode needs a legal basis, or takes none; or it is a private chat among
            the chats of an account, and nobody said that it may be taken in.
        StorageFullError: No space, or too little for what is not kept yet; what was acknowledged is kept, and running
            it again completes the rest.
    """
    with ExitStack() as reading:
        # before an export is read, which can take minutes
        basis = legal_basis_for(wish.mode, wish.legal_basis, today=home.today())
        if basis and wish.doer.approver is not None:
            require_two(Act.IMPORT, wish.doer)
        place = reading.enter_context(opened_export(home, wish.paths))
        return _import_held(home, wish, _Held(place, reading, basis), progress, inside)


def _import_held(home: Home, wish: Wish, held: "_Held", progress: Progress, inside: Inside) -> Imported | Waiting:
    basis = held.basis
    container = read_export(held.place, chat_id=wish.chat_id, now=home.clock)
    # whoever exported one chat chose it; in an export of an account, somebody chooses by its title
    if is_private(container.channel_type) and not container.alone and not wish.private:
        raise AuthorityError("authority.private_chat", where=container.channel_id)
    # the digest, not the folder's name: people name folders after people
    target = container.sha256
    if basis and wish.doer.approver is None:
        return ask(home, Act.IMPORT, target, _order(wish, container, basis), wish.doer, inside)
    grant = two_persons(Act.IMPORT, target, wish.doer) if basis else None
    provenance = Provenance(
        doer=wish.doer,
        declared_by=wish.declared_by,
        method=container.method,
        mode=wish.mode,
        authority=grant.request if grant else None,
        legal_basis=basis,
    )
    _require_room(home, held.place, container, wish.mode)
    return _take_in(home, container, provenance, _Logging(grant, inside), progress, held.reading)


def import_asked(
    home: Home, asked: Request, doer: Doer, grant: Grant, progress: Progress, inside: Inside = NOTHING_BESIDE
) -> Imported:
    """Take in an export once a second person approved it, as the request says.

    Raises:
        MonitorError: The export cannot be read; nothing was written.
        AuthorityError: Another export lies at its place than when that was asked for; or somebody answered it, or
            approved it at the same time and was done first. What was taken in is kept, and recorded once.
        LegalBasisError: The legal basis is not valid today.
        StorageFullError: As ``import_export``; approving again completes the rest.
    """
    with ExitStack() as reading:
        basis = asked.legal_basis(home.today())
        place = reading.enter_context(opened_export(home, _paths(asked)))
        return _import_asked_held(home, asked, doer, _Held(place, reading, basis), progress, _Logging(grant, inside))


def _paths(asked: Request) -> tuple[Path, ...]:
    more = asked.order.get("more")
    return (Path(asked.text("path")), *(Path(text_of(each)) for each in (more if isinstance(more, list) else [])))


def _import_asked_held(
    home: Home, asked: Request, doer: Doer, held: "_Held", progress: Progress, logging: "_Logging"
) -> Imported:
    chat = asked.value("chat")
    container = read_export(held.place, chat_id=None if chat is None else asked.text("chat"), now=home.clock)
    if container.sha256 != (expected := asked.text("container_sha256")):
        raise AuthorityError("authority.changed_export", where=asked.request, expected=expected, found=container.sha256)
    provenance = Provenance(
        doer=doer,
        declared_by=asked.text("declared_by"),
        method=container.method,
        mode=Mode(asked.text("mode")),
        authority=logging.grant.request if logging.grant else None,
        legal_basis=held.basis,
    )
    _require_room(home, held.place, container, provenance.mode)
    return _take_in(home, container, provenance, logging, progress, held.reading)


def _order(wish: Wish, container: Container, basis: LegalBasis) -> Ordered:
    more: list[Value] = [text_value(str(each.absolute())) for each in wish.more]
    return {
        "path": text_value(str(wish.path.absolute())),
        **({"more": more} if more else {}),
        "chat": None if wish.chat_id is None else text_value(wish.chat_id),
        "container_sha256": container.sha256,
        "declared_by": text_value(wish.declared_by),
        "mode": wish.mode.value,
        "legal_basis": basis.values(),
    }


@contextmanager
def opened_intake(writer: Writer, decoder: Decoder) -> Iterator[Intake]:
    """The one write path of a home, opened for a verb, with pending objects of its own."""
    home = writer.home
    with home.objects.pending() as pending:
        preserver = Preserver(
            objects=pending,
            decoder=decoder,
            origin=writer.sequencer.origin,
            office=home.recipients.office,
            matching=home.recipients.matching,
        )
        yield Intake(
            engine=home.engine,
            sequencer=writer.sequencer,
            preserver=preserver,
            seen=home.keys.seen_key(),
            clock=home.clock,
            batch=home.settings.intake.batch,
        )


@dataclass(frozen=True, slots=True)
class _Held:
    """An export that is held open: where it can be read, until when, and on what legal basis."""

    place: Path
    reading: ExitStack
    basis: LegalBasis | None


@dataclass(frozen=True, slots=True)
class _Logging:
    """What gives an import authority, if it needs any, and what else is written when it is logged."""

    grant: Grant | None
    inside: Inside


def _take_in(
    home: Home,
    container: Container,
    provenance: Provenance,
    logging: _Logging,
    progress: Progress,
    reading: ExitStack,
) -> Imported:
    """Take in what an export holds.

    Args:
        reading: Held as long as the export is read; to have it stamped may take longer than anybody waits.
    """
    with home.writing() as writer, Decoder() as decoder, opened_intake(writer, decoder) as intake:
        if logging.grant:
            logging.grant.log(writer.sequencer, [])  # before what names it, which is logged a batch at a time
        tally = _Tally()
        missing, absences = tally.missing, Absences(home.engine, container.channel_id)
        at_end = AtEnd(lambda: tally.passing(absences.lacked()), absences.extent)
        contents = container.contents
        hear = progress(container.total, 0 if provenance.mode is Mode.METADATA_ONLY else container.files)
        container = replace(
            container, contents=lambda: heard_files(tally.passing(absences.passing(contents())), hear.read)
        )

        def require(connection: sa.Connection, counts: Counts) -> None:
            if logging.grant:
                logging.grant.require_undone(connection)
            done = Imported(container, counts, missing, decoder.walls, None, tally.absent, tally.lacked)
            logging.inside.acts(connection, done.told())

        counts = intake.take_container(container, provenance, hear.durable, require, at_end)
        reading.close()
        oplog.note("import_finished", messages=counts.messages, media=counts.media, known=counts.already_known)
        with hear.stamping():
            unstamped = writer.beat(now=True)
        return Imported(container, counts, missing, decoder.walls, unstamped, tally.absent, tally.lacked)


def _require_room(home: Home, path: Path, container: Container, mode: Mode) -> None:
    """Check that the disk has room for what an export has beyond what is kept of its chat.

    It counts and does not compare: it refuses nothing that would fit, and what is kept may be other messages or
    other files than these.

    Raises:
        StorageFullError: It has not.
    """
    messages, files = _kept_of(home, container.channel_id)
    new = _share(container.total - messages, container.total)
    needed = new * (container.total * BYTES_OF_A_MESSAGE + container.length)
    if mode is Mode.SEALED:
        needed += _share(container.files - files, container.files) * folder_bytes(path)
    require_room(home.path, math.ceil(needed))


def _share(new: int, total: int) -> Fraction:
    return Fraction(max(new, 0), max(total, 1))


def _kept_of(home: Home, channel_id: str) -> tuple[int, int]:
    """How many messages of a chat are kept, and how many sealed files."""
    table = database.item.c
    of_chat = table.channel_id == channel_id
    is_file = table.kind == Kind.FILE.value
    messages = sa.select(sa.func.count(table.message_id.distinct())).where(of_chat, ~is_file)
    files = sa.select(sa.func.count()).where(of_chat, is_file, table.mode == Mode.SEALED.value)
    with reading(home.engine) as connection:
        return connection.execute(messages).scalar_one(), connection.execute(files).scalar_one()


@dataclass(slots=True)
class _Tally:
    """What is missing, counted as the contents of an export pass."""

    missing: Counter[HoleReason] = field(default_factory=Counter)
    absent: int = 0
    lacked: int = 0

    def passing(self, contents: Iterable[Observation | Hole]) -> Iterator[Observation | Hole]:
        for content in contents:
            if isinstance(content, Hole):
                self.missing[content.reason] += content.count
            self.absent += isinstance(content, Observation) and content.gone is Gone.MISSING
            self.lacked += isinstance(content, Observation) and content.gone is Gone.LACKED
            yield content


def heard_files(contents: Iterable[Observation | Hole], read: Callable[[int], object]) -> Iterator[Observation | Hole]:
    """The contents that a verb takes in; ``read`` is told of each file once it was read, or could not be."""
    for content in contents:
        if isinstance(content, Observation) and content.medium:
            yield replace(content, medium=replace(content.medium, open=_counted(content.medium.open, read)))
        else:
            yield content


def _counted(
    opened: Callable[[], AbstractContextManager[BinaryIO]], read: Callable[[int], object]
) -> Callable[[], AbstractContextManager[BinaryIO]]:
    @contextmanager
    def counted() -> Iterator[BinaryIO]:
        try:
            with opened() as file:
                yield file
        finally:
            read(1)

    return counted
