"""The one write path: observations become sealed objects and custody events.

A batch is hashed and sealed (its objects are then on disk), logged in one transaction together with its
cursor if it has one, settled, and only then acknowledged. What the store knows already is left out, so
running again completes a run that was killed. An intake carries nothing from batch to batch, so a source
may go on for ever. No plaintext touches a disk.

An intake belongs to one thread, and shares its pending objects with no other: after an error in one batch,
recovery decides on everything that is pending, even on what another batch is about to log.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import chain, islice
from threading import Lock
from typing import TypeVar

import sqlalchemy as sa

from config import oplog
from evidence.canonical import Value, sha256_hex, text_value
from evidence.custody.append import tree_size
from evidence.custody.event import Draft, Prepared
from evidence.custody.sequencer import Also, Sequencer
from evidence.errors import HomeBusyError, StoreError
from evidence.intake.known import Held, Known, Wanted, wanted_item
from evidence.intake.preserve import FrozenMediumError, Preserver, UnreadableError
from evidence.intake.sight import Albums, Look, Provenance, Sighter, Sighting
from evidence.intake.slices import Packer, Slice
from evidence.observation import Container, Hole, HoleReason, Kind, Mode, Observation, Reply
from evidence.store.database import reading
from evidence.store.erase import is_erased_place
from evidence.store.freeze import is_frozen_message
from evidence.store.marks import SeenKey, place_mark
from evidence.store.projection import Placed
from evidence.times import Clock

MISSING = frozenset(
    {
        HoleReason.MISSING_FILE,
        HoleReason.NOT_INCLUDED,
        HoleReason.TOO_LARGE,
        HoleReason.UNAVAILABLE,
        HoleReason.UNKNOWN_REASON,
        HoleReason.REFUSED,
        HoleReason.BROKE_OFF,
        HoleReason.OUTSIDE,
        HoleReason.FROZEN,
    }
)
"""Why a file that a message names is not there, of those that count as missing."""
_COUNTED = {Kind.MESSAGE: "messages", Kind.EDIT: "messages", Kind.SERVICE: "service", Kind.FILE: "media"}
_OF_A_REPLY = frozenset({Kind.MESSAGE, Kind.SERVICE})
_ATTEMPTS = 4
"""How often a batch is prepared again because another writer's messages made edits of its own."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Counts:
    """What one intake added; ``already_known`` is what it did not."""

    messages: int = 0
    service: int = 0
    unsupported: int = 0
    media: int = 0
    sealed: int = 0
    missing_media: int = 0
    edits: int = 0
    already_known: int = 0


def _nothing() -> Iterable[Observation | Hole]:
    return ()


@dataclass(frozen=True, slots=True)
class AtEnd:
    """What is known of a container once all of it has passed.

    Attributes:
        more: Observations that depend on what was kept of it; asked for once all of it is on disk.
        extent: What it spans, as its entry says it.
    """

    more: Callable[[], Iterable[Observation | Hole]] = _nothing
    extent: Callable[[], Value] = lambda: None


_KNOWS_NOTHING = AtEnd()


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a batch.

    Attributes:
        counts: Only the names of ``Counts``, and only where something was counted.
        indexes: For each content, in order, the log index of the event that stands for it, new or known.
        added: Whether that event is new.
    """

    counts: Counter[str]
    indexes: tuple[int, ...]
    added: tuple[bool, ...]


class _KnownError(Exception):
    """A file turned out to be known when its last byte was read."""

    def __init__(self, held: Held) -> None:
        super().__init__("known")
        self.held = held


class _OutdatedError(Exception):
    """Another writer was first: these messages would now be of another kind."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        super().__init__(f"{len(kinds)} messages")
        self.kinds = kinds


class _OvertakenError(Exception):
    """Another writer was first with a message of a reply, which cannot be kept whole then."""


class Intake:
    """Takes what sources see into the store.

    Args:
        preserver: No other intake shares its pending objects.
        batch: How many observations and holes one transaction holds at most.
    """

    def __init__(
        self,
        *,
        engine: sa.Engine,
        sequencer: Sequencer,
        preserver: Preserver,
        seen: SeenKey,
        clock: Clock,
        batch: int,
    ) -> None:
        self._engine = engine
        self._sequencer = sequencer
        self._preserver = preserver
        self._seen = seen
        self._sighter = Sighter(preserver, seen, clock)
        self._clock = clock
        self._batch = batch
        self._busy = Lock()

    def take_container(
        self,
        container: Container,
        provenance: Provenance,
        acknowledge: Callable[[int], object],
        require: Callable[[sa.Connection, Counts], object] | None = None,
        at_end: AtEnd = _KNOWS_NOTHING,
    ) -> Counts:
        """Take in a whole container; ``acknowledge`` hears after each batch how many more messages are durable.

        Args:
            require: Called inside the turn that logs the container, with what was added; raises where it may not be
                logged any more. What was acknowledged is kept all the same.

        Raises:
            StorageFullError: No space; what was acknowledged is kept, and running it again completes the rest.
            HomeBusyError: Others kept writing; what was acknowledged is kept.
        """
        added: Counter[str] = Counter()
        slices = Packer()
        of_container = replace(provenance, container_sha256=container.sha256)
        # lazily: the second is asked for when all of the first is kept
        for group in chain(_groups(container.contents(), self._batch), _at_end(at_end, self._batch)):
            kept = self.keep_batch(group, of_container)
            for content, index in zip(group, kept.indexes, strict=True):
                _note_slice(slices, content, index)
            added += kept.counts
            acknowledge(sum(map(_is_message, group)))
        counts = Counts(**added)
        values = _imported(container, of_container, counts) | provenance.values(self._clock())
        values |= {"decoder": self._preserver.decoder.walls, "extent": at_end.extent()}
        draft = Draft("imported", values, source={"slices": slices.text()})
        inside = (lambda connection: require(connection, counts)) if require else None
        if container.pictured and provenance.mode is not Mode.SEALED:
            what = f"{provenance.mode.value}: what lies between the messages, with a picture in it, not kept"
            self.keep_batch([Hole(container.channel_id, HoleReason.MODE, self._clock(), what=what)], of_container)
            self._log_container(draft, inside)
            return counts
        with self._alone():
            self._log_container(self._preserver.with_bytes(draft, container.rest(), container.media_type), inside)
        return counts

    def take_reply(
        self, reply: Reply, contents: Sequence[Observation | Hole], provenance: Provenance, *, beside: Also, end: Also
    ) -> Kept:
        """Take in what one reply of a live source says, and the reply as it was received if all in it is new.

        Killed anywhere, the source asks again from its old cursor, and what was kept is known.

        Args:
            contents: What the reply says; their bytes become slices of it, unless it is one of those that are not
                kept whole.
            beside: Writes more in the transaction of each batch, such as what is still to be fetched for it.
            end: Writes more in the last transaction: the cursor that says that all of the reply is kept.

        Raises:
            StorageFullError: No space; the cursor has not moved.
            HomeBusyError: Others kept writing; the cursor has not moved.
        """
        if not contents:
            self._sequencer.turn(lambda _connection: (), end)
            return Kept(Counter(), (), ())
        with suppress(_OvertakenError), self._alone():
            whole = self._keep_whole(reply, contents, provenance, _both(beside, end))
            if whole is not None:
                return whole
        kept = Kept(Counter(), (), ())
        groups = list(_groups(contents, self._batch))
        for group in groups:
            added = self.keep_batch(group, provenance, _both(beside, end) if group is groups[-1] else beside)
            kept = Kept(kept.counts + added.counts, kept.indexes + added.indexes, kept.added + added.added)
        return kept

    def _keep_whole(
        self, reply: Reply, contents: Sequence[Observation | Hole], provenance: Provenance, also: Also
    ) -> Kept | None:
        """Log what a reply says and the reply itself, in one transaction; None where it may not be kept whole.

        A reply is never cut into batches: Telegram gives at most 100 messages in one.
        The rest of it would have the bytes of a message that was known before, and keep them when that one is erased.
        """
        if reply.again or not _may_be_kept_whole(contents, provenance.mode):
            return None
        of_reply = replace(provenance, container_sha256=sha256_hex(reply.body))
        looks, known = self._look(contents, of_reply)
        if not _are_all_new(looks, known):
            return None
        sighted = self._sight(looks, known, of_reply)
        whole = self._whole(reply, sighted, of_reply)
        fresh = [each for each in sighted if isinstance(each, Sighting)]
        return _kept(sighted, self._log(fresh, also, whole))

    def _whole(self, reply: Reply, sighted: Sequence["Sighting | _Found"], of_reply: Provenance) -> "_Whole":
        """The event of a reply, all but the places of its messages in the log."""
        places = _places(sighted)
        rest, at = bytearray(), 0
        for place in places:
            rest += reply.body[at : place.offset]
            at = place.offset + place.length
        rest += reply.body[at:]
        values = _replied(reply, of_reply) | of_reply.values(self._clock())
        values["decoder"] = self._preserver.decoder.walls
        draft = self._preserver.with_bytes(Draft("imported", values), bytes(rest), reply.media_type)
        return _Whole(draft, places, sighted)

    def keep_batch(
        self, contents: Sequence[Observation | Hole], provenance: Provenance, also: Also | None = None
    ) -> Kept:
        """Keep a batch of observations and holes in one transaction; on return it is on disk.

        Args:
            contents: At most ``batch`` of them.
            also: Writes more in the same transaction, such as the cursor of a live source; called also when
                everything was known.

        Raises:
            ValueError: The batch is too large.
            RuntimeError: Another batch of this intake is not finished; that one goes on, and nothing of this one
                was kept.
            StorageFullError: No space; nothing of this batch was kept.
            HomeBusyError: Others kept writing; nothing of this batch was kept.
        """
        if len(contents) > self._batch:
            raise ValueError(f"{len(contents)} in one batch, of at most {self._batch}")
        with self._alone():
            sighted = self._sight(*self._look(contents, provenance), provenance)
            fresh = [each for each in sighted if isinstance(each, Sighting)]
            return _kept(sighted, self._log(fresh, also) if fresh or also else _Logged())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep this intake for one batch: a second is refused before it can touch the pending objects of the first."""
        if not self._busy.acquire(blocking=False):
            raise RuntimeError("an intake keeps one batch at a time")
        try:
            yield
        except BaseException:
            self._preserver.objects.close()  # recovery asks the log which of them were logged
            raise
        finally:
            self._busy.release()

    # Outside the turn: whatever is known need not be sealed

    def _look(self, contents: Sequence[Observation | Hole], provenance: Provenance) -> tuple[Sequence[Look], Known]:
        looks = [self._sighter.look(content, provenance) for content in contents]
        with reading(self._engine) as connection:
            wanted = [look.wanted for look in looks if look.wanted]
            return looks, Known.read(connection, wanted, self._preserver.objects.require)

    def _sight(self, looks: Sequence[Look], known: Known, provenance: Provenance) -> list["Sighting | _Found"]:
        sighted: list[Sighting | _Found] = []
        albums = self._sighter.albums(looks)
        for look, wanted in zip(looks, known.in_no_doubt(look.wanted for look in looks), strict=True):
            each = (
                self._sight_one(replace(look, wanted=wanted), known, provenance)
                if wanted
                else self._sight_file(look, provenance, albums)
            )
            if isinstance(each, Sighting):
                known.add(each.wanted, each.held())
            sighted.append(each)
        return [each.finished() if isinstance(each, Sighting) else each for each in sighted]

    def _sight_one(self, look: Look, known: Known, provenance: Provenance) -> "Sighting | _Found":
        content, wanted = look.content, look.wanted
        if wanted is None:
            raise ValueError("a file is read before it is looked for")
        if held := known.find(wanted):
            return _Found(content, held)
        if isinstance(content, Hole):
            return self._sighter.hole(look, wanted)
        if content.medium is not None:
            if self._is_erased_place(content):
                hole = self._sighter.unreadable(content, UnreadableError(FrozenMediumError(), begun=False), provenance)
                return self._sight_one(hole, self._ask(hole.wanted), provenance)
            return self._sighter.file(look, content, provenance, self._require_new)
        sighting = self._sighter.message(look, wanted, content, provenance)
        return sighting.as_kind(Kind.EDIT) if known.is_edit(wanted) else sighting

    def _sight_file(self, look: Look, provenance: Provenance, albums: Albums) -> "Sighting | _Found":
        if not isinstance(look.content, Observation):
            raise TypeError("a hole has no bytes")
        try:
            self._require_not_frozen(look.content, albums.get((look.content.channel_id, look.content.message_id)))
            return self._sighter.file(look, look.content, provenance, self._require_new)
        except _KnownError as known:
            return _Found(look.content, known.held)
        except UnreadableError as error:
            if (erased := self._erased(look, provenance)) is not None:
                return _Found(look.content, erased)  # a hole would have the name of the file again
            hole = self._sighter.unreadable(look.content, error, provenance)
            return self._sight_one(hole, self._ask(hole.wanted), provenance)

    def _erased(self, look: Look, provenance: Provenance) -> Held | None:
        """The tombstone of a file that cannot be read, by what its message calls it."""
        if not look.values.get("message_sha256"):
            return None
        wanted = wanted_item(self._seen, look.values, provenance.mode, pictured=False)
        held = self._ask(wanted).find(wanted)
        return held if held is not None and held.erased else None

    def _require_not_frozen(self, content: Observation, album: bytes | None) -> None:
        """Check, before a byte of a file is asked for, that its message and album are not frozen (invariant 10).

        Nor may it be of a message of which something was erased because it may show a child.

        Args:
            album: The mark of the album of its message, where that is of the same batch.
        """
        if content.message_id is None:
            return
        with reading(self._engine) as connection:
            frozen = is_frozen_message(connection, content.channel_id, content.message_id, album=album)
        if frozen or self._is_erased_place(content):
            raise UnreadableError(FrozenMediumError(), begun=False)

    def _is_erased_place(self, content: Observation) -> bool:
        """Whether something of its message was erased because it may show a child: no file of it is kept, or named."""
        if content.message_id is None:
            return False
        place = place_mark(self._seen, content.channel_id, content.message_id)
        with reading(self._engine) as connection:
            return is_erased_place(connection, place)

    def _require_new(self, wanted: Wanted) -> None:
        if held := self._ask(wanted).find(wanted):
            raise _KnownError(held)

    def _ask(self, wanted: Wanted | None) -> Known:
        with reading(self._engine) as connection:
            return Known.read(connection, [wanted] if wanted else [], self._preserver.objects.require)

    # Inside the turn: another writer may have added the same meanwhile, so the store is asked again

    def _log(self, sightings: Sequence[Sighting], also: Also | None, whole: "_Whole | None" = None) -> "_Logged":
        of_whole = [] if whole is None else whole.addresses
        addresses = [address for each in sightings for address in each.addresses] + of_whole
        self._preserver.objects.sync(addresses)
        logged = self._in_turn(list(sightings), also, whole)
        kept = [address for each in sightings if each.event_id in logged.added for address in each.addresses] + of_whole
        self._tidy(kept, unwanted=sorted(set(addresses) - set(kept)))
        return logged

    def _tidy(self, kept: Sequence[str], *, unwanted: Sequence[str]) -> None:
        """Remove pending files after the commit; an error here undoes nothing, so the work does not fail with it."""
        objects = self._preserver.objects
        try:
            objects.take_back(unwanted)
            objects.settle(kept)
        except (StoreError, OSError) as error:
            oplog.note("tidying_put_off", error=type(error))
            objects.close()  # the next writer's recovery asks the log

    def _in_turn(self, sightings: list[Sighting], also: Also | None, whole: "_Whole | None") -> "_Logged":
        prepared: dict[str, list[Prepared]] = {}
        for _attempt in range(_ATTEMPTS):
            prepared |= {
                each.event_id: self._sequencer.prepare(each.drafts)
                for each in sightings
                if each.event_id not in prepared
            }
            choice = _Choice(sightings, prepared, self._preserver.objects.require, self._sequencer.prepare, whole)
            try:
                placed = self._sequencer.turn(choice.choose, also)
            except _OutdatedError as outdated:
                sightings = [
                    each.as_kind(kind) if (kind := outdated.kinds.get(each.event_id)) else each for each in sightings
                ]
                for event_id in outdated.kinds:
                    del prepared[event_id]
                continue
            return choice.logged({event.event_id: event.idx for event in placed})
        raise HomeBusyError("home_busy.others_kept_adding")

    def _log_container(self, draft: Draft, require: Callable[[sa.Connection], object] | None) -> None:
        put = [draft.payload.sha256] if draft.payload and draft.payload.body is None else []
        self._preserver.objects.sync(put)
        prepared = self._sequencer.prepare([draft])

        def choose(connection: sa.Connection) -> list[Prepared]:
            if require:
                require(connection)
            return prepared

        self._sequencer.turn(choose)
        self._tidy(put, unwanted=())


@dataclass(frozen=True, slots=True)
class _Found:
    """A content that the store knew before anything of it was sealed."""

    content: Observation | Hole
    held: Held


@dataclass(frozen=True, slots=True)
class _Logged:
    """What one turn logged.

    Attributes:
        added: The log index of each event that was added, by its identifier.
        known: The log index of what stands for a sighting that another writer added meanwhile, by identifier.
    """

    added: Mapping[str, int] = field(default_factory=dict)
    known: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the bytes of an event lie in a reply."""

    offset: int
    length: int
    event_id: str


@dataclass(frozen=True, slots=True)
class _Whole:
    """A reply that is logged with what it says.

    Attributes:
        draft: Its event, whose payload is what lies in no message.
        places: Of its messages, in its order.
        sighted: All that it says.
    """

    draft: Draft
    places: Sequence[_Place]
    sighted: Sequence[Sighting | _Found]

    @property
    def addresses(self) -> list[str]:
        """The address of the object that was put for it."""
        payload = self.draft.payload
        return [payload.sha256] if payload and payload.body is None else []

    def draft_at(self, logged: _Logged) -> Draft:
        """Its event, now that its messages have their places in the log.

        Raises:
            _OvertakenError: Another writer was first with one of them.
        """
        slices = Packer()
        for place in self.places:
            if place.event_id not in logged.added:
                raise _OvertakenError
            slices.add(Slice(place.offset, place.length, logged.added[place.event_id]))
        counts = Counts(**_kept(self.sighted, logged).counts)
        values = {**self.draft.values, "counts": _told(counts)}
        return replace(self.draft, values=values, source={"slices": slices.text()})


class _Choice:
    """Chooses, inside the turn, the events that are still new.

    Attributes:
        known: The rows of those that are not new any more, by event identifier.
    """

    def __init__(
        self,
        sightings: Sequence[Sighting],
        prepared: Mapping[str, Sequence[Prepared]],
        require: Callable[[str], object],
        prepare: Callable[[Sequence[Draft]], list[Prepared]],
        whole: _Whole | None,
    ) -> None:
        self._sightings = sightings
        self._require = require
        self._prepare = prepare
        self._whole = whole
        self._prepared = prepared
        self.known: dict[str, Held] = {}

    def choose(self, connection: sa.Connection) -> list[Prepared]:
        """The events to log.

        Raises:
            _OutdatedError: Messages are no longer of the kind that they were prepared as.
            _OvertakenError: Another writer was first with a message of the reply.
        """
        known = Known.read(connection, [each.wanted for each in self._sightings], self._require)
        chosen: list[Prepared] = []
        kinds: dict[str, Kind] = {}
        for each in self._sightings:
            if held := known.find(each.wanted):
                self.known[each.event_id] = held
                continue
            if known.is_edit(each.wanted) != (each.kind == Kind.EDIT):
                kinds[each.event_id] = Kind.MESSAGE if each.kind == Kind.EDIT else Kind.EDIT
            known.add(each.wanted, each.held())
            chosen += self._prepared[each.event_id]
        if kinds:
            raise _OutdatedError(kinds)
        if self._whole is not None:
            places = {event.event_id: idx for idx, event in enumerate(chosen, tree_size(connection))}
            # sealed here, in the turn, since it names the places of the others: one record, about a millisecond
            chosen += self._prepare([self._whole.draft_at(self.logged(places))])
        return chosen

    def logged(self, added: Mapping[str, int]) -> _Logged:
        """What the turn logged, by the log index of each event that was added."""
        return _Logged(added, {event_id: _index(held, added) for event_id, held in self.known.items()})


def _index(held: Held, added: Mapping[str, int]) -> int:
    """The log index of what is held: by the store, or earlier in the same batch."""
    return held.index if held.index is not None else added[held.event_id or ""]


def _kept(sighted: Sequence[Sighting | _Found], logged: _Logged) -> Kept:
    counts: Counter[str] = Counter()
    indexes: list[int] = []
    added: list[bool] = []
    everywhere = {**logged.added, **logged.known}
    for each in sighted:
        if isinstance(each, Sighting) and each.event_id in logged.added:
            _count(each, counts)
            added.append(True)
        else:
            counts["already_known"] += isinstance(each.content, Observation)
            added.append(False)
        indexes.append(everywhere[each.event_id] if isinstance(each, Sighting) else _index(each.held, everywhere))
    return Kept(counts, tuple(indexes), tuple(added))


def _count(each: Sighting, counts: Counter[str]) -> None:
    content, draft = each.content, each.drafts[0]
    if isinstance(content, Hole):
        counts["missing_media"] += content.reason in MISSING
    elif content.unsupported:
        counts["unsupported"] += 1
    elif name := _COUNTED.get(Kind(str(each.kind))):
        counts[name] += 1
        counts["edits"] += bool(draft.values.get("edited_at"))
        counts["sealed"] += name == "media" and draft.payload is not None


def _is_message(content: Observation | Hole) -> bool:
    """Whether a content is one of those that a container counts: no file, no hole, and nothing that it lacks."""
    return isinstance(content, Observation) and content.medium is None and content.kind is not Kind.DELETION


def _note_slice(slices: Packer, content: Observation | Hole, index: int) -> None:
    if isinstance(content, Observation) and content.raw is not None and content.offset is not None:
        slices.add(Slice(content.offset, len(content.raw), index))


def _groups(contents: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(contents)
    while group := list(islice(rest, size)):
        yield group


def _at_end(at_end: AtEnd, size: int) -> Iterator[Sequence[Observation | Hole]]:
    yield from _groups(at_end.more(), size)


def _may_be_kept_whole(contents: Sequence[Observation | Hole], mode: Mode) -> bool:
    """Whether all bytes of a reply may be sealed: not below ``sealed``, and not where a message is kept apart.

    The rest of a reply nearly always embeds a picture, that of the chat. A message without raw bytes is one that may
    not be kept as it came, because it deletes itself; one without a place came in another reply, in full. Of both the
    rest would have bytes that outlive the message's own erasure.
    """
    kept_apart = any(
        isinstance(each, Observation) and each.kind in _OF_A_REPLY and (each.raw is None or each.offset is None)
        for each in contents
    )
    return mode is Mode.SEALED and not kept_apart


def _places(sighted: Sequence[Sighting | _Found]) -> list[_Place]:
    """Where what is new lies in a reply, in its order; a place is taken once."""
    found: dict[int, _Place] = {}
    for each in sighted:
        content = each.content
        if isinstance(each, Sighting) and isinstance(content, Observation) and content.offset is not None:
            found[content.offset] = _Place(content.offset, len(content.raw or b""), each.event_id)
    return [found[offset] for offset in sorted(found)]


def _are_all_new(looks: Sequence[Look], known: Known) -> bool:
    """Whether every message of a reply is new, and there is one."""
    wanted = [
        look.wanted
        for look in looks
        if isinstance(look.content, Observation) and look.content.raw is not None and look.wanted is not None
    ]
    marks = {each.marks for each in wanted}
    return bool(wanted) and len(marks) == len(wanted) and not any(known.find(each) for each in wanted)


def _both(first: Also, second: Also) -> Also:
    def write(connection: sa.Connection, placed: Sequence[Placed]) -> None:
        first(connection, placed)
        second(connection, placed)

    return write


def _replied(reply: Reply, provenance: Provenance) -> dict[str, Value]:
    return {
        "mode": provenance.mode.value,
        "source_name": reply.name,
        "container_sha256": sha256_hex(reply.body),
        "container_bytes": str(len(reply.body)),
        "channel_id": reply.channel_id,
        "channel_title": None,
        "channel_type": None,
        "legal_basis": provenance.basis(),
    }


def _imported(container: Container, provenance: Provenance, counts: Counts) -> dict[str, Value]:
    return {
        "mode": provenance.mode.value,
        "source_name": text_value(container.name),
        "container_sha256": container.sha256,
        "container_bytes": str(container.length),
        "channel_id": container.channel_id,
        "channel_title": container.channel_title,
        "channel_type": container.channel_type,
        "legal_basis": provenance.basis(),
        "counts": _told(counts),
    }


def _told(counts: Counts) -> dict[str, Value]:
    return {name: str(number) for name, number in asdict(counts).items()}
