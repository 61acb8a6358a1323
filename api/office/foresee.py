"""What an import would take in, without taking it in: for whoever decides whether, and in which mode."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

from api.home import Home
from api.office.brought import opened_export
from api.office.intake import Wish, absent_of
from evidence.intake.absent import Absences
from evidence.intake.foresee import foresee
from evidence.intake.keep import Counts
from evidence.intake.sight import Provenance
from evidence.observation import Container, Gone, Hole, HoleReason, Kind, Observation
from evidence.times import format_time
from monitor.desktop.json import ListedChat, chats_of, is_private, read_export
from monitor.errors import ChatNotFoundError

NAMED = frozenset({HoleReason.UNNAMED, HoleReason.OTHER_SIZE})
"""Holes whose words name files of the folder, which whoever brought it can look for."""


@dataclass(slots=True)
class Holding:
    """What an export holds.

    Attributes:
        kinds: How many messages of each kind.
        present: How many files that messages name are there.
        missing: How many things it lacks, for each reason.
        named: The words of holes that name files.
        names: The files that were there, as messages name them.
        first, last: When the first and the last message were posted; None where the export has no such time.
        absent: How many messages of older sources it lacks within its own span, and is the first to lack.
        lacked: How many of its messages an export lacks that goes as far, and was brought before.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    present: int = 0
    missing: Counter[HoleReason] = field(default_factory=Counter)
    named: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None
    absent: int = 0
    lacked: int = 0

    def take(self, content: Observation | Hole) -> None:
        """Count one content."""
        if isinstance(content, Hole):
            self.missing[content.reason] += content.count
            if content.reason in NAMED:
                self.named.append(content.what)
        elif content.kind is Kind.DELETION:
            self.absent += content.gone is Gone.MISSING
            self.lacked += content.gone is Gone.LACKED
        elif content.kind is Kind.FILE:
            self.present += 1
            self.names.add(content.medium.name if content.medium else "")
        else:
            self.kinds["unsupported" if content.unsupported else content.kind.value] += 1
            if at := content.posted_at:
                self.first, self.last = min(self.first or at, at), max(self.last or at, at)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What came of a dry run.

    Attributes:
        new: What an import would add, counted as it counts.
        chats: Those to choose from, where the export has several and none was named; then nothing else is known.
    """

    container: Container | None
    held: Holding
    new: Counts
    chats: tuple[ListedChat, ...] = ()

    def told(self) -> dict[str, Any]:
        """What came of it, for a program."""
        if self.container is None:
            return {"dry_run": True, "chats": [asdict(chat) for chat in self.chats]}
        return {
            "dry_run": True,
            "channel_id": self.container.channel_id,
            "channel_type": self.container.channel_type,
            "private": is_private(self.container.channel_type) and not self.container.alone,
            "container_sha256": self.container.sha256,
            "holds": self._held(),
            "new": asdict(self.new),
        }

    def _held(self) -> Mapping[str, Any]:
        held = self.held
        return {
            **{name: held.kinds[name] for name in ("message", "service", "unsupported")},
            "media": held.present,
            "absent": absent_of(held.missing),
            "gaps": held.missing[HoleReason.GAP],
            "unnamed_files": held.missing[HoleReason.UNNAMED],
            "outside_the_export": held.missing[HoleReason.OUTSIDE],
            "not_in_this_export": held.absent,
            "not_in_newer_exports": held.lacked,
            "own_messages_only": HoleReason.OWN_ONLY in held.missing,
            "cut_off": HoleReason.CUT_OFF in held.missing,
            "named": held.named,
            "first": None if held.first is None else format_time(held.first),
            "last": None if held.last is None else format_time(held.last),
        }


def foresee_import(home: Home, wish: Wish) -> Foreseen:
    """The verb behind ``import --dry-run``: say what an import would take in. It writes nothing.

    Neither a legal basis nor a second person is needed, since nothing is kept. An archive is unpacked as for an import.

    Raises:
        MonitorError: The export cannot be read.
    """
    with opened_export(home, wish.paths) as place:
        try:
            container = read_export(place, chat_id=wish.chat_id, now=home.clock)
        except ChatNotFoundError:
            if wish.chat_id is not None:
                raise
            return Foreseen(None, Holding(), Counts(), chats_of(place))
        held = Holding()
        return Foreseen(container, held, new_of(home, wish, container, held))


def _lazily(absences: Absences) -> Iterator[Observation]:
    """Asked for when all of the export has passed."""
    yield from absences.lacked(kept=False)


def new_of(home: Home, wish: Wish, container: Container, held: Holding) -> Counts:
    """What of an export is not kept yet; ``held`` counts all that passes."""
    provenance = Provenance(wish.doer, wish.declared_by, container.method, wish.mode, container_sha256=container.sha256)

    def passing() -> Iterator[Observation | Hole]:
        absences = Absences(home.engine, container.channel_id)
        for content in chain(absences.passing(container.contents()), _lazily(absences)):
            held.take(content)
            yield content

    return foresee(
        home.engine,
        home.keys.seen_key(),
        passing(),
        provenance,
        batch=home.settings.intake.batch,
        require=home.objects.require,
    )
