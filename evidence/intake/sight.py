"""From what a source saw to the events that it makes: values, sealed bytes, and the holes beside them."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from config.watchlist import LegalBasis
from evidence.authority import Doer
from evidence.canonical import Value, text_value
from evidence.content import message_sha256
from evidence.custody.event import Draft
from evidence.intake.known import Held, Wanted, wanted_hole, wanted_item
from evidence.intake.preserve import MissingPart, Preserver, UnreadableError
from evidence.observation import Hole, HoleReason, Kind, Mode, Observation
from evidence.store.marks import Marks, SeenKey, album_mark, observed_marks
from evidence.times import Clock, format_time

Albums = Mapping[tuple[str, int | None], bytes]
"""The mark of the album of a message, by channel and number."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who brings what, how, and on whose authority.

    Attributes:
        authority: Event id of the request that allows it, if the mode needs one.
        legal_basis: What counsel wrote, or event id of the entry that has it, if the mode needs one.
        container_sha256: Of the untouched bytes in which offsets count; None outside a container.
    """

    doer: Doer
    declared_by: str
    method: str
    mode: Mode
    authority: str | None = None
    legal_basis: LegalBasis | str | None = None
    container_sha256: str | None = None

    def values(self, at: datetime) -> dict[str, Value]:
        """The values that every event of this intake carries, acquired at this time by our clock."""
        declared: dict[str, Value] = {"declared_by": text_value(self.declared_by), "method": self.method}
        return replace(self.doer, at=at).values(self.authority) | declared

    def basis(self) -> Value:
        """The legal basis as an event names it."""
        return self.legal_basis.values() if isinstance(self.legal_basis, LegalBasis) else self.legal_basis


@dataclass(frozen=True, slots=True)
class Look:
    """A content before anything of it is sealed.

    Attributes:
        wanted: None for a file whose bytes must be read before it can be known again.
    """

    content: Observation | Hole
    values: dict[str, Value]
    wanted: Wanted | None


@dataclass(frozen=True, slots=True)
class Sighting:
    """A content on its way into the log.

    Attributes:
        content: What the source gave; a file that could not be read has become a hole.
        drafts: The event itself, whose values say of what kind it is, then the holes beside it.
        finish: Gives the whole sighting of a file whose fingerprints are still in the making.
    """

    content: Observation | Hole
    wanted: Wanted
    drafts: tuple[Draft, ...]
    finish: "Callable[[], Sighting] | None" = None

    def finished(self) -> "Sighting":
        """The whole sighting, once its fingerprints are made."""
        return self.finish() if self.finish else self

    @property
    def event_id(self) -> str:
        """The identifier of the event that this sighting makes."""
        return self.drafts[0].event_id

    @property
    def kind(self) -> Value:
        """The kind of the event that this sighting makes; None for a hole."""
        return self.drafts[0].values.get("kind")

    @property
    def addresses(self) -> list[str]:
        """The addresses of the objects that were put for this sighting."""
        payloads = [draft.payload for draft in self.drafts if draft.payload]
        return [payload.sha256 for payload in payloads if payload.body is None]

    def as_kind(self, kind: Kind) -> "Sighting":
        """The same sighting, said to be of another kind."""
        first, *beside = self.drafts
        return replace(self, drafts=(replace(first, values={**first.values, "kind": kind.value}), *beside))

    def held(self) -> Held:
        """The row by which later contents of its batch find it."""
        draft = self.drafts[0]
        kind, mode = (_text(draft.values.get(name)) for name in ("kind", "mode"))
        return Held(self.wanted.marks, draft.event_id, None, kind=kind, mode=mode, payload=draft.payload is not None)


@dataclass(frozen=True, slots=True)
class Sighter:
    """Makes events of contents.

    Attributes:
        seen: The collector's key, for marks.
    """

    preserver: Preserver
    seen: SeenKey
    clock: Clock

    def look(self, content: Observation | Hole, provenance: Provenance) -> Look:
        """The values of a content that are known before anything is read or sealed.

        Raises:
            ValueError: A file that may not be read, and no message carries it.
        """
        return look_at(self.seen, self.clock(), content, provenance)

    def albums(self, looks: Iterable[Look]) -> Albums:
        """The marks of albums, of the messages among these that are of one."""
        marks = {
            (each.content.channel_id, each.content.message_id): album_mark(self.seen, each.values)
            for each in looks
            if isinstance(each.content, Observation) and each.content.medium is None
        }
        return {place: mark for place, mark in marks.items() if mark is not None}

    def unreadable(self, content: Observation, why: UnreadableError, provenance: Provenance) -> Look:
        """The hole in the place of a file whose source failed; of what may show a child it does not say the name."""
        named = f"{content.medium.name}: " if content.medium and why.reason is not HoleReason.FROZEN else ""
        values = _item_values(content, provenance)
        return self.look(self._hole(content, values, why.reason, f"{named}{why.system}"), provenance)

    def hole(self, look: Look, wanted: Wanted) -> Sighting:
        """The event of a hole."""
        return Sighting(look.content, wanted, (Draft("hole", look.values),))

    def message(self, look: Look, wanted: Wanted, content: Observation, provenance: Provenance) -> Sighting:
        """The event of anything but a file: its raw bytes sealed, unless they embed a picture that the mode forbids."""
        draft = Draft("observed", look.values, source=content.record)
        missing: tuple[MissingPart, ...] = ()
        if content.raw is not None:
            if content.pictured and provenance.mode is not Mode.SEALED:
                missing = ((HoleReason.MODE, f"message: {provenance.mode.value}, raw bytes with a picture not kept"),)
            else:
                draft = self.preserver.with_bytes(draft, content.raw, content.raw_type)
        return Sighting(content, wanted, (draft, *self._beside(content, look.values, missing, provenance)))

    def file(
        self, look: Look, content: Observation, provenance: Provenance, require_new: Callable[[Wanted], object]
    ) -> Sighting:
        """The event of a file, which is read here, once.

        Args:
            require_new: Hears, when the last byte was read, what the file is known again by; raises to keep nothing.

        Raises:
            UnreadableError: Its source failed.
        """
        if content.medium is None:
            raise ValueError("a file without its medium")
        wanted: list[Wanted] = []

        def ask(draft: Draft) -> None:
            wanted.append(wanted_item(self.seen, draft.values, provenance.mode, pictured=False))
            require_new(wanted[0])

        first = Draft("observed", look.values, source=content.record)
        kept, name = self.preserver.with_medium(first, content.medium, provenance.mode, ask), content.medium.name
        found = wanted[0] if wanted else look.wanted
        if found is None:
            raise ValueError("a file that was read and not asked for")

        def finish() -> Sighting:
            draft, missing = kept.finish()
            named = tuple((reason, f"{name}: {why}") for reason, why in missing)
            return Sighting(content, found, (draft, *self._beside(content, look.values, named, provenance)))

        return Sighting(content, found, (kept.draft,), finish)

    def _beside(
        self, content: Observation, values: dict[str, Value], missing: tuple[MissingPart, ...], provenance: Provenance
    ) -> list[Draft]:
        holes = (self._hole(content, values, reason, why) for reason, why in missing)
        return [Draft("hole", self.look(hole, provenance).values) for hole in holes]

    def _hole(self, content: Observation, values: dict[str, Value], reason: HoleReason, what: str) -> Hole:
        """A hole at a message or at one of its files."""
        number, position, carrier = content.message_id, values.get("position"), values.get("message_sha256")
        if content.medium is None:
            carrier = message_sha256(values)
        return Hole(
            content.channel_id,
            reason,
            self.clock(),
            number,
            number,
            what,
            position=None if position is None else int(str(position)),
            message_sha256=None if carrier is None else str(carrier),
        )


def look_at(seen: SeenKey, at: datetime, content: Observation | Hole, provenance: Provenance) -> Look:
    """The values of a content acquired at this time, and what it is known again by.

    Raises:
        ValueError: A file that may not be read, and no message carries it.
    """
    common = provenance.values(at)
    if isinstance(content, Hole):
        values = common | _hole_values(content, provenance)
        return Look(content, values, wanted_hole(seen, values))
    values = common | _item_values(content, provenance)
    if content.medium and provenance.mode is not Mode.METADATA_ONLY:
        return Look(content, values, None)
    return Look(content, values, wanted_item(seen, values, provenance.mode, pictured=content.pictured))


def marks_unread(key: SeenKey, content: Observation, provenance: Provenance) -> Marks:
    """The marks by which a content is known already of which nothing was read yet."""
    now = provenance.doer.at
    return observed_marks(key, provenance.values(now) | _item_values(content, provenance))


def _item_values(content: Observation, provenance: Provenance) -> dict[str, Value]:
    values: dict[str, Value] = {"mode": provenance.mode.value} | dict(content.fields)
    values |= {"kind": content.kind.value, "container_sha256": provenance.container_sha256}
    values |= {"channel_id": content.channel_id, "message_id": _text(content.message_id)}
    values |= {"posted_at": _time(content.posted_at)}
    values["offset"] = None if provenance.container_sha256 is None else _text(content.offset)
    if content.raw is not None:
        values["raw_sha256"] = hashlib.sha256(content.raw).hexdigest()
    return values


def _hole_values(hole: Hole, provenance: Provenance) -> dict[str, Value]:
    return {
        "channel_id": hole.channel_id,
        "lo": _text(hole.lo),
        "hi": _text(hole.hi),
        "position": _text(hole.position),
        "message_sha256": hole.message_sha256,
        "container_sha256": provenance.container_sha256,
        "what": text_value(hole.what),
        "hole": hole.reason.value,
        "since": _time(hole.since),
        "until": _time(hole.until),
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)
