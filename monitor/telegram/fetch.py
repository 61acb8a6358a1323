"""Fetches the files that logged messages name: newest first, streamed into the seal, resumed where they were cut.

A file waits in the database until it is kept or a hole says why not, so it is still fetched after a watch was killed.
Within a run, a cut of any length or a pause costs only the last part. After a kill the file starts again from the
beginning: to continue it would take its key and the state of its digests, and neither is on any disk.
"""

import heapq
import io
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from telethon.tl import functions, types

from evidence.authority import Doer
from evidence.intake.keep import Intake
from evidence.intake.preserve import FrozenMediumError
from evidence.intake.sight import Provenance
from evidence.observation import Hole, HoleReason, Observation
from evidence.store.database import reading
from evidence.store.freeze import is_frozen_message
from evidence.store.projection import Placed
from evidence.times import Clock
from monitor.errors import ChannelError, FloodError, RequestError, UnknownConstructorError, UnreachableError
from monitor.telegram.line import Line
from monitor.telegram.pace import PATIENCE_S
from monitor.telegram.pictures import File
from monitor.telegram.standing import RegisterChangedError, Require, WaitingFile, Watched

PART_BYTES = 512 << 10
"""What one request asks for: a multiple of 4 KiB that divides 1 MiB (core.telegram.org/api/files)."""
_EXPIRED = ("FILE_REFERENCE_EXPIRED", "FILE_REFERENCE_INVALID", "FILE_REFERENCE_EMPTY")
_MIGRATE = "FILE_MIGRATE_"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_SOON = timedelta(seconds=0.2)
_AGAIN_AFTER = timedelta(seconds=30)
_ATTEMPTS = 5
_MOVES = 4
"""How often a part is asked for, elsewhere or with a fresh reference, before that is a hole."""
_LONGER = timedelta(minutes=5)
IDLE_S = 1.0
"""How long an idle thread sleeps before it looks again."""

Refresh = Callable[[File], File | None]
"""The same file with a fresh reference; None if its message, or the file in it, is gone. It raises ChannelError or
UnknownConstructorError if that cannot be said now."""


@dataclass(frozen=True, slots=True)
class Job:
    """A file to be fetched from Telegram.

    Attributes:
        watched: What the register said about its channel when it was noticed.
        noticed_at: When its message was first seen: newer ones come first.
        asked_by: Who asked for its message, if that is not whoever runs the watch.
    """

    observation: Observation
    place: WaitingFile
    watched: Watched
    noticed_at: datetime
    attempts: int = 0
    asked_by: Doer | None = None


@dataclass(order=True, slots=True)
class _Waiting:
    due_at: datetime
    newest_first: tuple[float, int]
    job: Job = field(compare=False)


class Fetching:
    """The files that wait; several threads may fetch them, each the newest that no other fetches yet.

    Args:
        require: Checks that the register still says about a channel what it said.
        own: The provenance of what is logged about a channel that is not on the register.
        impatient: The run ends by itself, and does not wait out a long pause.

    Attributes:
        kept: How many files were kept, by channel.
        register_changed: Set when the register must be read again before a file can be fetched.
    """

    def __init__(
        self,
        engine: sa.Engine,
        clock: Clock,
        *,
        require: Require,
        own: Provenance,
        impatient: bool,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._require = require
        self._own = own
        self._impatient = impatient
        self._mine = threading.local()
        self.register_changed = threading.Event()
        self._waiting: list[_Waiting] = []
        self._places: set[WaitingFile] = set()
        self._aside: list[WaitingFile] = []
        self._changed = threading.Condition()
        self._busy = 0
        self._by_name: dict[str, Watched] = {}
        self._by_number: dict[int, Watched] = {}
        self.kept: Counter[int] = Counter()

    def keep_as(self, channels: Iterable[tuple[int | None, Watched]]) -> None:
        """Keep the files of these channels as the register says now, whatever it said when they were noticed.

        Args:
            channels: Each with its number, if it is known.
        """
        every = list(channels)
        self._by_name = {watched.entry.channel: watched for _number, watched in every}
        self._by_number = {number: watched for number, watched in every if number is not None}

    def _now(self, job: Job) -> Watched:
        """What the register last said about the channel of a file, or about the channel in whose comments it is."""
        by_name = self._by_name.get(job.watched.entry.channel, job.watched)
        return self._by_number.get(job.place.channel_id, by_name)

    def require_registered(self, watched: Watched) -> None:
        """Check, before any bytes of a file are asked for, that the register still allows it.

        Args:
            watched: What the register said when the file was begun, unless this thread began it itself.

        Raises:
            RegisterChangedError: It does not.
            FrozenMediumError: The message of the file that this thread fetches is frozen, or its album.
        """
        place: WaitingFile | None = getattr(self._mine, "place", None)
        with reading(self._engine) as connection:
            self._require(connection, getattr(self._mine, "watched", watched))
            if place is not None and is_frozen_message(connection, str(place.channel_id), place.message_id):
                raise FrozenMediumError

    def queue(self, job: Job) -> None:
        """Add a file to those that wait, unless it waits already or is being fetched."""
        with self._changed:
            if job.place in self._places:
                return
            self._places.add(job.place)
        self._add(job)

    def has(self, place: WaitingFile) -> bool:
        """Whether the file of this place waits here or is being fetched."""
        with self._changed:
            return place in self._places

    def take_aside(self) -> list[WaitingFile]:
        """The places whose files wait until their messages can be asked for; each is told once."""
        with self._changed:
            aside, self._aside = self._aside, []
            return aside

    def _add(self, job: Job, after: timedelta = timedelta()) -> None:
        now = self._clock()
        order = (-job.noticed_at.timestamp(), -job.place.message_id)
        with self._changed:
            heapq.heappush(self._waiting, _Waiting(now + after if after else _LONG_AGO, order, job))
            self._changed.notify()

    def wait_out(self, line: Line, waited: "Waited") -> None:
        """Wait within a file until Telegram may be asked for its next part: the parts before are already sealed.

        Raises:
            UnreachableError, FloodError: The file must start again later: the run ends by itself; or other files could
                be fetched meanwhile, since other requests are answered; or this is not a fetching thread, and every
                channel would wait.
            StoppedError: The line was stopped.
        """
        now, error = self._clock(), waited.error
        if not hasattr(self._mine, "watched"):
            raise error
        flood = isinstance(error, FloodError)
        until = error.until if isinstance(error, FloodError) else now + timedelta(seconds=2 ** min(waited.times, 6))
        late = waited.times >= _ATTEMPTS
        others = late and not flood and line.answers != waited.answers and self._others_wait()
        if others or (self._impatient and (late or until - now > timedelta(seconds=PATIENCE_S))):
            raise error
        while (now := self._clock()) < until:
            line.wait(min((until - now).total_seconds(), IDLE_S))

    def _others_wait(self) -> bool:
        with self._changed:
            return bool(self._waiting)

    def wake(self) -> None:
        """End the wait of the fetching threads."""
        with self._changed:
            self._changed.notify_all()

    @property
    def count(self) -> int:
        """How many files wait or are being fetched."""
        with self._changed:
            return len(self._waiting) + self._busy

    def next_due(self) -> datetime | None:
        """When the next file is due; None if none waits."""
        with self._changed:
            return self._waiting[0].due_at if self._waiting else None

    def fetch_next(self, intake: Intake, timeout_s: float) -> bool:
        """Fetch the next file that is due; return whether there was one.

        Args:
            intake: The thread's own.

        Raises:
            TelegramError: The account is lost, or the program was stopped; the file keeps waiting.
        """
        with self._changed:
            if not self._waiting or self._waiting[0].due_at > self._clock():
                self._changed.wait(timeout_s)
            if not self._waiting or self._waiting[0].due_at > self._clock():
                return False
            job = heapq.heappop(self._waiting).job
            self._busy += 1
        try:
            self._fetch(job, intake)
        except BaseException:
            self._add(job)
            raise
        finally:
            with self._changed:
                self._busy -= 1
        return True

    def _fetch(self, job: Job, intake: Intake) -> None:
        watched = self._mine.watched = self._now(job)
        self._mine.place = job.place
        provenance = replace(watched.provenance, doer=job.asked_by or watched.provenance.doer)

        def done(connection: sa.Connection, _placed: Sequence[Placed]) -> None:
            self._require(connection, watched)  # the register as it is now, however long the file took to come
            job.place.forget(connection)

        try:
            kept = intake.keep_batch([job.observation], provenance, done)
        except RegisterChangedError as error:
            if error.taken_off:
                self._leave(job, intake)
                return
            self.register_changed.set()
            self._add(job, _SOON)
            return
        except (ChannelError, UnknownConstructorError):  # its message cannot be asked for now
            with self._changed:
                self._places.discard(job.place)
                self._aside.append(job.place)
            return
        except FloodError as error:
            self._add(replace(job, attempts=job.attempts + 1), max(error.until - self._clock(), _AGAIN_AFTER))
            return
        except UnreachableError:
            wait = timedelta(seconds=2**job.attempts) if job.attempts < _ATTEMPTS else _LONGER
            self._add(replace(job, attempts=job.attempts + 1), wait)
            return
        with self._changed:
            self._places.discard(job.place)
            self.kept[job.place.channel_id] += kept.counts["media"]

    def _leave(self, job: Job, intake: Intake) -> None:
        """Leave a file unfetched, because its channel is no longer on the register."""
        name = job.observation.medium.name if job.observation.medium else ""
        carrier = job.observation.fields.get("message_sha256")
        hole = taken_off(job.place, self._clock(), name, carrier if isinstance(carrier, str) else None)
        intake.keep_batch([hole], self._own, job.place.forget)
        with self._changed:
            self._places.discard(job.place)


def taken_off(place: WaitingFile, now: datetime, name: str = "", message_sha256: str | None = None) -> Hole:
    """The hole of a file whose channel was taken off the register before the watch fetched it.

    Args:
        message_sha256: The identity of its message, if the run that noticed the file is the one that leaves it.
    """
    return Hole(
        str(place.channel_id),
        HoleReason.TAKEN_OFF,
        now,
        place.message_id,
        place.message_id,
        name,
        position=place.position,
        message_sha256=message_sha256,
    )


@dataclass(frozen=True, slots=True)
class Waited:
    """A part of a file that could not be fetched yet.

    Attributes:
        error: Why.
        times: How often it was waited for before.
        answers: How many answers the line had when it first failed.
    """

    error: FloodError | UnreachableError
    times: int
    answers: int


class Download(io.RawIOBase):
    """The bytes of one file on Telegram, part by part.

    Reading raises OSError if Telegram no longer has the file, or ends it early; the file is then a hole. It raises what
    ``refresh`` raises if nobody can say now where the file is; the file then waits.

    Args:
        require: Called before each part; raises if it may not be fetched.
        wait_out: Waits before a part is asked for again, or raises if it is not to be waited for.
    """

    def __init__(
        self,
        line: Line,
        file: File,
        refresh: Refresh,
        require: Callable[[], None],
        wait_out: Callable[[Waited], None],
    ) -> None:
        super().__init__()
        self._wait_out = wait_out
        self._require = require
        self._line = line
        self._file = file
        self._refresh = refresh
        self._dc = file.dc or line.home_dc
        self._offset = 0
        self._left = b""
        self._ended = False
        self._refreshed_at = -1

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        """Fill the buffer from the next part, as far as that goes; return 0 at the end."""
        if not self._left and not self._ended:
            self._left = self._part()
        taken = min(len(buffer), len(self._left))
        buffer[:taken] = self._left[:taken]
        self._left = self._left[taken:]
        return taken

    def _part(self) -> bytes:
        why = "it is said to lie elsewhere again and again"
        for _attempt in range(_MOVES):
            try:
                return self._taken(self._asked())
            except RequestError as error:
                self._look_elsewhere(error)
            except ChannelError as error:
                raise OSError(0, type(error).__name__) from error
            except UnknownConstructorError as error:  # garbage, perhaps: asked again, the part may come
                why = type(error).__name__
        raise OSError(0, why)

    def _asked(self) -> Any:  # noqa: ANN401 - an object of the schema
        """The next part, however long it takes; the first is not waited for: nothing is lost by starting again."""
        times, answers = 0, self._line.answers
        while True:
            self._require()
            request = functions.upload.GetFileRequest(self._file.location, self._offset, PART_BYTES, precise=False)
            try:
                return self._line.ask(request, dc=self._dc).said
            except (UnreachableError, FloodError) as error:
                if self._offset == 0:
                    raise
                self._wait_out(Waited(error, times, answers))
            times += 1

    def _look_elsewhere(self, error: RequestError) -> None:
        """Go to the data centre that has the file, or take a fresh reference, once for each part."""
        if error.name.startswith(_MIGRATE) and error.name.removeprefix(_MIGRATE).isdecimal():
            self._dc = int(error.name.removeprefix(_MIGRATE))
            return
        if error.name in _EXPIRED and self._refreshed_at != self._offset:
            self._refreshed_at = self._offset
            fresh = self._refresh(self._file)
            if fresh is not None:
                self._file = fresh
                return
        raise OSError(0, error.name) from error

    def _taken(self, said: Any) -> bytes:  # noqa: ANN401 - an object of the schema
        if not isinstance(said, types.upload.File):
            raise OSError(0, type(said).__name__)
        part = bytes(said.bytes)
        self._offset += len(part)
        self._ended = len(part) < PART_BYTES
        size = self._file.size
        if size is not None and (self._offset > size + PART_BYTES or (self._ended and self._offset < size)):
            raise OSError(0, f"{self._offset} of {size} bytes")
        return part
