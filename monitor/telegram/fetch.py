"""Fetches the files that logged messages name: newest first, streamed into the seal, resumed where a cut came.

A file waits in the database until it is kept, or a hole says why not; so a watch that was killed fetches it still.
Within a run a cut connection costs the last part. After a kill the file begins anew: no plaintext is left on a disk.
"""

import heapq
import io
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from telethon.tl import functions, types

from evidence.intake.keep import Intake
from evidence.intake.sight import Provenance
from evidence.observation import Observation
from evidence.store import task
from evidence.store.projection import Placed
from evidence.times import Clock
from monitor.errors import ChannelError, FloodError, RequestError, UnknownConstructorError, UnreachableError
from monitor.telegram.line import Line
from monitor.telegram.pictures import File
from monitor.telegram.standing import FETCH

PART_BYTES = 512 << 10
"""What one request asks for: a multiple of 4 KiB that divides 1 MiB (core.telegram.org/api/files)."""
_EXPIRED = ("FILE_REFERENCE_EXPIRED", "FILE_REFERENCE_INVALID", "FILE_REFERENCE_EMPTY")
_MIGRATE = "FILE_MIGRATE_"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_AGAIN_AFTER = timedelta(seconds=30)
_ATTEMPTS = 5
_MOVES = 4
"""How often a part is asked for: elsewhere, and with a fresh reference, before that is a hole."""
_LONGER = timedelta(minutes=5)

Refresh = Callable[[File], File | None]
"""The same file with a fresh reference; None where its message, or the file in it, is gone."""


@dataclass(frozen=True, slots=True)
class Job:
    """A file that is to be fetched.

    Attributes:
        noticed_at: When its message was first seen: newer ones come first.
    """

    observation: Observation
    provenance: Provenance
    channel_id: int
    message_id: int
    position: int
    noticed_at: datetime
    attempts: int = 0

    @classmethod
    def of(cls, observation: Observation, provenance: Provenance, channel_id: int, now: datetime) -> "Job":
        """The job of a file's observation."""
        position = int(str(observation.fields.get("position") or 0))
        return cls(observation, provenance, channel_id, observation.message_id or 0, position, now)


def subject_of(channel_id: int, message_id: int, position: int) -> str:
    """How a file that waits is named in the database."""
    return f"{channel_id}/{message_id}/{position}"


@dataclass(order=True, slots=True)
class _Waiting:
    due_at: datetime
    newest_first: tuple[float, int]
    job: Job = field(compare=False)


class Fetching:
    """The files that wait; several threads may fetch them, each the newest that nobody fetches yet.

    Attributes:
        kept: How many files were kept, by channel.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._changed = threading.Condition()
        self._busy = 0
        self._now: dict[int, Provenance] = {}
        self.kept: Counter[int] = Counter()

    def keep_as(self, channel_id: int, provenance: Provenance) -> None:
        """Keep the files of a channel as the register says now, whatever it said when they were noticed."""
        self._now[channel_id] = provenance

    def add(self, job: Job, after: timedelta = timedelta()) -> None:
        """Let a file wait for its turn."""
        now = self._clock()
        order = (-job.noticed_at.timestamp(), -job.message_id)
        with self._changed:
            heapq.heappush(self._waiting, _Waiting(now + after if after else _LONG_AGO, order, job))
            self._changed.notify()

    def wake(self) -> None:
        """End the wait of whoever fetches."""
        with self._changed:
            self._changed.notify_all()

    @property
    def count(self) -> int:
        """How many files wait or are being fetched."""
        with self._changed:
            return len(self._waiting) + self._busy

    def next_due(self) -> datetime | None:
        """When the next file is due; None where none waits."""
        with self._changed:
            return self._waiting[0].due_at if self._waiting else None

    def fetch_next(self, intake: Intake, timeout_s: float) -> bool:
        """Fetch the next file that is due; whether there was one.

        Args:
            intake: One of the thread's own.

        Raises:
            TelegramError: The account is lost, or the program was stopped; the file waits on.
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
            self.add(job)
            raise
        finally:
            with self._changed:
                self._busy -= 1
        return True

    def _fetch(self, job: Job, intake: Intake) -> None:
        def done(connection: sa.Connection, _placed: Sequence[Placed]) -> None:
            subject = subject_of(job.channel_id, job.message_id, job.position)
            task.forget(connection, kind=FETCH, subject=subject)

        try:
            provenance = self._now.get(job.channel_id, job.provenance)
            kept = intake.keep_batch([job.observation], provenance, done)
        except FloodError as error:
            self.add(replace(job, attempts=job.attempts + 1), max(error.until - self._clock(), _AGAIN_AFTER))
            return
        except UnreachableError:
            wait = timedelta(seconds=2**job.attempts) if job.attempts < _ATTEMPTS else _LONGER
            self.add(replace(job, attempts=job.attempts + 1), wait)
            return
        with self._changed:
            self.kept[job.channel_id] += kept.counts["media"]


class Download(io.RawIOBase):
    """The bytes of one file of Telegram's, part by part.

    Reading raises OSError where Telegram has the file no longer, or ends it early: then it is a hole.
    """

    def __init__(self, line: Line, file: File, refresh: Refresh) -> None:
        super().__init__()
        self._line = line
        self._file = file
        self._refresh = refresh
        self._dc = file.dc or line.home_dc
        self._offset = 0
        self._left = b""
        self._ended = False
        self._refreshed_at = -1

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        """Fill the buffer as far as the next part goes; 0 at the end."""
        if not self._left and not self._ended:
            self._left = self._part()
        taken = min(len(buffer), len(self._left))
        buffer[:taken] = self._left[:taken]
        self._left = self._left[taken:]
        return taken

    def _part(self) -> bytes:
        for _attempt in range(_MOVES):
            request = functions.upload.GetFileRequest(self._file.location, self._offset, PART_BYTES, precise=False)
            try:
                return self._taken(self._line.ask(request, dc=self._dc).said)
            except RequestError as error:
                self._look_elsewhere(error)
            except (ChannelError, UnknownConstructorError) as error:
                raise OSError(0, type(error).__name__) from error
        raise OSError(0, "it is said to lie elsewhere again and again")

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
