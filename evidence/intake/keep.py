"""The one write path: observations become sealed objects and custody events.

For each batch: hash and seal (objects on disk), log (one transaction), settle, acknowledge. What
is known already is left out, so a run that was killed is completed by running it again. No
plaintext touches a disk.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import islice
from typing import TypeVar

import sqlalchemy as sa

from evidence.authority import Doer
from evidence.canonical import Value, text_value
from evidence.custody.event import Draft
from evidence.custody.sequencer import Sequencer
from evidence.intake.preserve import Facts, Preserver, read_facts
from evidence.observation import Container, Hole, HoleReason, Kind, Mode, Observation
from evidence.store import database
from evidence.store.database import reading
from evidence.store.projection import SeenKey, hole_mark, observed_mark
from evidence.times import Clock, format_time

_MISSING = frozenset(
    {
        HoleReason.MISSING_FILE,
        HoleReason.NOT_INCLUDED,
        HoleReason.TOO_LARGE,
        HoleReason.UNAVAILABLE,
        HoleReason.OUTSIDE,
    }
)
_RANK = {Mode.METADATA_ONLY: 0, Mode.HASH_ONLY: 1, Mode.SEALED: 2}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who brings what, how, and on whose authority.

    Attributes:
        authority: Event id of the request that allows it, if the mode needs one.
        legal_basis: The legal basis in words, if the mode needs one.
    """

    doer: Doer
    declared_by: str
    method: str
    mode: Mode
    authority: str | None = None
    legal_basis: str | None = None

    def values(self, at: datetime) -> dict[str, Value]:
        """The values that every event of this intake carries, acquired at this time by our clock."""
        told: dict[str, Value] = {"declared_by": text_value(self.declared_by)}
        acquired = replace(self.doer, at=at).values(self.authority)
        return acquired | told | {"method": self.method, "mode": self.mode.value}


@dataclass(frozen=True, slots=True)
class Counts:
    """What one intake added; ``already_known`` is what it did not."""

    messages: int
    service: int
    unsupported: int
    media: int
    sealed: int
    missing_media: int
    edits: int
    already_known: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """An observation or a hole with the mark that it is known by."""

    content: Observation | Hole
    values: dict[str, Value]
    mark: bytes
    facts: Facts | None = None


class Intake:
    """Takes what a source yields into the store.

    Args:
        batch: How many observations one transaction holds.
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
        self._clock = clock
        self._batch = batch

    def take(self, container: Container, provenance: Provenance, acknowledge: Callable[[int], object]) -> Counts:
        """Take a whole container; ``acknowledge`` hears after each batch how much of it is durable.

        Raises:
            StorageFullError: No space; what was acknowledged is kept, and running it again completes the rest.
        """
        counts: Counter[str] = Counter()
        slices: list[Value] = []
        for group in _groups(container.contents(), self._batch):
            self._take_group(group, container, provenance, counts, slices)
            acknowledge(len(group))
        result = Counts(**{name: counts[name] for name in Counts.__dataclass_fields__})
        told = _imported(container, provenance.values(self._clock()), provenance.legal_basis, result)
        self._log([self._preserver.rest(container.rest(), told, slices)])
        return result

    def _take_group(
        self,
        group: Sequence[Observation | Hole],
        container: Container,
        provenance: Provenance,
        counts: Counter[str],
        slices: list[Value],
    ) -> None:
        seen = [self._look(content, container, provenance) for content in group]
        known = self._known([each.mark for each in seen], provenance.mode)
        drafts: list[Draft] = []
        fresh_ids: set[int | None] = set()
        for each in seen:
            item_id = known.get(each.mark)
            if item_id is None:
                fresh = self._drafts(self._as_edit(each, fresh_ids), provenance, counts)
                drafts += fresh
                if isinstance(each.content, Observation) and each.content.kind is not Kind.FILE:
                    fresh_ids.add(each.content.message_id)
                item_id = known[each.mark] = fresh[0].event_id
            elif isinstance(each.content, Observation):
                counts["already_known"] += 1
            _note_slice(each.content, item_id, slices)
        self._log(drafts)

    def _log(self, drafts: Sequence[Draft]) -> None:
        put = [draft.payload.sha256 for draft in drafts if draft.payload]
        self._preserver.objects.sync(put)
        if drafts:
            self._sequencer.append(drafts)
        self._preserver.objects.settle(put)

    # What was seen

    def _look(self, content: Observation | Hole, container: Container, provenance: Provenance) -> _Seen:
        if isinstance(content, Hole):
            return self._look_hole(content, provenance)
        facts = None
        if content.medium and provenance.mode is not Mode.METADATA_ONLY:
            try:
                facts = read_facts(content.medium)
            except OSError as error:
                return self._look_hole(self._unreadable(content, error), provenance)
        values = provenance.values(self._clock()) | dict(content.fields)
        values |= {"kind": content.kind.value, "container_sha256": container.sha256, "channel_id": content.channel_id}
        values |= {"message_id": _text(content.message_id), "offset": _text(content.offset)}
        if facts:
            values |= {"sha256": facts.sha256, "bytes": str(facts.length)}
        if content.raw is not None:
            values["raw_sha256"] = hashlib.sha256(content.raw).hexdigest()
        complete: dict[str, Value] = dict.fromkeys(("sha256", "raw_sha256", "file_name")) | values
        return _Seen(content, values, observed_mark(self._seen, complete), facts)

    def _look_hole(self, hole: Hole, provenance: Provenance) -> _Seen:
        values = replace(provenance.doer, at=self._clock()).values(provenance.authority)
        values |= {"channel_id": hole.channel_id, "lo": _text(hole.lo), "hi": _text(hole.hi)}
        values |= {"what": text_value(hole.what), "hole": hole.reason.value, "since": format_time(hole.since)}
        return _Seen(hole, values, hole_mark(self._seen, values))

    def _unreadable(self, content: Observation, error: OSError) -> Hole:
        name = content.medium.name if content.medium else ""
        what = f"{name}: {error.strerror or type(error).__name__}"
        return self._hole(content, HoleReason.UNAVAILABLE, what)

    def _hole(self, content: Observation, reason: HoleReason, what: str) -> Hole:
        return Hole(content.channel_id, reason, self._clock(), content.message_id, content.message_id, what)

    def _known(self, marks: Sequence[bytes], mode: Mode) -> dict[bytes, str]:
        """The item (or hole) that each known mark stands for; one of a lesser mode does not count."""
        item, hole = database.item, database.hole
        enough = [each.value for each in Mode if _RANK[each] >= _RANK[mode]]
        raw_is_kept = sa.and_(item.c.kind != Kind.FILE.value, item.c.payload_sha256.is_not(None))
        fits = sa.or_(item.c.mode.in_(enough), raw_is_kept)
        with reading(self._engine) as connection:
            of_marks = sa.or_(item.c.seen.in_(marks), item.c.named.in_(marks))
            items = connection.execute(sa.select(item.c.seen, item.c.named, item.c.item_id).where(of_marks, fits))
            known = {mark: row.item_id for row in items for mark in (row.seen, row.named) if mark}
            holes = connection.execute(sa.select(hole.c.seen, hole.c.idx).where(hole.c.seen.in_(marks)))
            return known | {bytes(mark): str(idx) for mark, idx in holes}

    def _as_edit(self, each: _Seen, fresh_ids: AbstractSet[int | None]) -> _Seen:
        """A message that says it was edited, and came before with other bytes (in this batch too), is an edit."""
        content = each.content
        if not isinstance(content, Observation) or content.kind is not Kind.MESSAGE or not each.values.get("edited_at"):
            return each
        item = database.item
        earlier = sa.select(item.c.idx).where(
            item.c.channel_id == content.channel_id,
            item.c.message_id == content.message_id,
            item.c.kind != Kind.FILE.value,
            item.c.seen != each.mark,
        )
        with reading(self._engine) as connection:
            is_known = connection.execute(earlier.limit(1)).first() is not None
        if not is_known and content.message_id not in fresh_ids:
            return each
        return replace(each, values=each.values | {"kind": Kind.EDIT.value})

    def _drafts(self, each: _Seen, provenance: Provenance, counts: Counter[str]) -> list[Draft]:
        content = each.content
        _count(each, counts)
        if isinstance(content, Hole):
            return [Draft("hole", each.values)]
        if content.medium is None:
            kept, name = self._preserver.message(content, each.values, provenance.mode), "message"
        else:
            kept, name = self._preserver.medium(content, each.values, each.facts, provenance.mode), content.medium.name
            counts["sealed"] += kept.draft.payload is not None
        holes = (self._hole(content, reason, f"{name}: {why}") for reason, why in kept.holes)
        return [kept.draft, *(Draft("hole", self._look_hole(hole, provenance).values) for hole in holes)]


def _count(each: _Seen, counts: Counter[str]) -> None:
    content = each.content
    if isinstance(content, Hole):
        counts["missing_media"] += content.reason in _MISSING
        return
    if content.unsupported:
        counts["unsupported"] += 1
        return
    name = {Kind.MESSAGE: "messages", Kind.EDIT: "messages", Kind.SERVICE: "service", Kind.FILE: "media"}
    counts[name.get(content.kind, "other")] += 1
    counts["edits"] += bool(each.values.get("edited_at"))


def _note_slice(content: Observation | Hole, item_id: str, slices: list[Value]) -> None:
    if isinstance(content, Observation) and content.raw is not None and content.offset is not None:
        slices.append([str(content.offset), str(len(content.raw)), item_id])


def _groups(contents: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(contents)
    while group := list(islice(rest, size)):
        yield group


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _imported(
    container: Container, acquired: dict[str, Value], legal_basis: str | None, counts: Counts
) -> dict[str, Value]:
    return acquired | {
        "source_name": text_value(container.name),
        "container_sha256": container.sha256,
        "container_bytes": str(container.length),
        "channel_id": container.channel_id,
        "channel_title": None if container.channel_title is None else text_value(container.channel_title),
        "channel_type": container.channel_type,
        "legal_basis": None if legal_basis is None else text_value(legal_basis),
        "counts": {name: str(number) for name, number in asdict(counts).items()},
    }
