"""The operational log: what an operator needs to know about a run, and nothing about what is preserved.

It is one JSON object a line, in the home's ``nisisama.log`` and, on request, on standard error.
``EVENTS`` lists the events and their fields, each with the one shape that its value may have: a
number, a verdict, the class or code of an error, a digest of ciphertext, one of the program's own words. No
shape takes a text, so a name, a phone number, a path or a reason cannot pass. ``allowed_fields`` alone
enforces this. Losing this log loses no evidence: what cannot be written is silently left out. If other
programs leave it no room soon, a line waits for the next one, or for the end of the program, and stops no work.
"""

import fcntl
import logging
import logging.handlers
import math
import os
import re
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO

from config.errors import LANGUAGE, catalogue

FILE = "nisisama.log"
LINE_LOCK = "nisisama.log.lock"
LINE_WAIT_S = 0.1
"""How long a line waits for the lines of other programs, in seconds, before it waits for the next line instead."""
END_WAIT_S = 2.0
"""How long the remaining lines wait at the end of the program, in seconds."""
MAX_HELD = 100
"""How many lines are held back, before there is a home to keep them in or while others hold the lock."""
_POLL_S = 0.001
_ROOT = Path(__file__).parents[1]

LogValue = float | str | type[BaseException] | Enum
FieldShape = Callable[[object], float | str | None]
"""What to write for a value; None if it may not be written."""


def _number(value: object) -> float | str | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if fits and isinstance(value, int | float) else None


def _seconds(value: object) -> float | str | None:
    number = _number(value)
    return round(number, 3) if isinstance(number, int | float) else None


def _error(value: object) -> float | str | None:
    return value.__name__ if isinstance(value, type) and issubclass(value, BaseException) else None


def _code(value: object) -> float | str | None:
    return value if isinstance(value, str) and value in catalogue(LANGUAGE) else None


def _choice(value: object) -> float | str | None:
    return str(value.value) if isinstance(value, Enum) else None


def _spelled(pattern: str) -> FieldShape:
    known = re.compile(pattern)
    return lambda value: value if type(value) is str and known.fullmatch(value) else None


FIELDS: Mapping[str, FieldShape] = MappingProxyType(
    {
        "bytes": _number,
        "checkpoint_sha256": _spelled(r"[0-9a-f]{64}"),
        "code": _code,
        "command": _spelled(r"[a-z]{2,12}( [a-z]{2,12})?"),
        "count": _number,
        "database": _spelled(r"sqlite|postgresql"),
        "duration_s": _seconds,
        "entries": _number,
        "error": _error,
        "exit_code": _number,
        "first": _number,
        "items": _number,
        "known": _number,
        "level": _number,
        "media": _number,
        "messages": _number,
        "objects": _number,
        "office": _spelled(r"[a-z][a-z0-9-]{0,31}"),
        "place": _spelled(r"[a-z_/]{1,80}\.py:[0-9]{1,5}"),
        "problems": _number,
        "request": _spelled(r"[0-9a-f]{16}"),
        "task": _spelled(r"[0-9a-f]{32}"),
        "size": _number,
        "state": _choice,
        "status": _number,
        "verdict": _choice,
    }
)
"""Every field, with what it takes."""

EVENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "audit_finished": ("level", "entries", "objects", "problems", "verdict"),
        "backup_made": ("entries", "objects"),
        "batch_committed": ("first", "count", "duration_s"),
        "checkpoint_signed": ("size", "checkpoint_sha256"),
        "call_answered": ("request", "status", "duration_s"),
        "call_broke": ("request", "error", "place"),
        "capture_broke": ("error", "place"),
        "channel_unseen": ("code",),
        "command_began": ("command",),
        "clock_off": ("duration_s",),
        "command_broke": ("error", "place", "duration_s"),
        "command_ended": ("exit_code", "duration_s"),
        "command_refused": ("error", "code", "place"),
        "bundle_renewed": ("count", "bytes"),
        "export_made": ("items", "bytes"),
        "home_opened": ("database",),
        "files_added": ("media",),
        "import_finished": ("messages", "media", "known"),
        "erased": ("entries", "items"),
        "released": ("items",),
        "media_compared": ("count", "problems"),
        "erased_again": ("entries",),
        "erasure_finished": ("objects",),
        "source_removed": ("count",),
        "list_kept": ("office",),
        "list_missed": ("office", "error"),
        "lock_busy": ("duration_s",),
        "mail_failed": ("error", "code"),
        "mail_sent": ("count", "problems"),
        "mode_lowered": ("count",),
        "office_locked": (),
        "office_unlocked": (),
        "office_unlock_refused": (),
        "probe_late": ("code",),
        "recovery_took_back": ("objects",),
        "rows_moved": ("entries", "count"),
        "stamp_asked": ("office", "size"),
        "stamp_failed": ("office", "error", "duration_s"),
        "task_broke": ("error", "place"),
        "alerts_broke": ("error", "place"),
        "task_ended": ("task", "state"),
        "task_refused": ("task", "error", "code", "place"),
        "stamp_had": ("office", "size", "duration_s"),
        "tidying_put_off": ("error",),
        "turn_waited": ("duration_s",),
        "watch_waits": ("error", "code"),
    }
)
"""Every event, with the fields that it may carry."""


def allowed_fields(_logger: object, _method: str, event_dict: MutableMapping[str, Any]) -> dict[str, Any]:
    """A line of the operational log, with only the fields listed for its event; ``dropped`` counts the others."""
    event = event_dict.get("event")
    known = EVENTS.get(event) if isinstance(event, str) else None
    fields = known or ()
    line = {"at": event_dict["at"], "event": "unknown" if known is None else event, "pid": os.getpid()}
    others = {name: value for name, value in event_dict.items() if name not in ("at", "event")}
    fitting = {name: FIELDS[name](value) for name, value in others.items() if name in fields}
    line |= {name: value for name, value in fitting.items() if value is not None}
    dropped = len(others) - sum(value is not None for value in fitting.values())
    return line | ({"dropped": dropped} if dropped else {})


class _Quiet:
    """If the log fails, the work does not, and the log does not report its trouble among the words for people."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        pass


class _Stream(_Quiet, logging.StreamHandler[TextIO]):
    pass


class _File(_Quiet, logging.handlers.RotatingFileHandler):
    """A file of mode 0600 that several processes write: each line and each rotation holds a lock beside it.

    On a busy machine, other processes can be faster for longer than a line may stop the work. The line then waits
    here and is written before the next one.
    """

    def __init__(self, *where: Any, **how: Any) -> None:  # noqa: ANN401 - logging's own arguments
        super().__init__(*where, **how)
        self._late: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._late.append(record)
        self._write(LINE_WAIT_S)
        del self._late[MAX_HELD:]

    def close(self) -> None:
        """Write what is left: logging closes each of its handlers at the end of the program."""
        if self._late:
            self._write(END_WAIT_S)
        super().close()

    def _write(self, wait_s: float) -> None:
        with suppress(OSError), _locked(Path(self.baseFilename).with_name(LINE_LOCK), wait_s):
            for record in self._late:
                super().emit(record)
            self._late.clear()
            if self.stream:
                self.stream.close()
                # the next line opens it by name: another process may have rotated it
                self.stream = None

    def _open(self) -> Any:  # noqa: ANN401 - the type is logging's own
        return open(self.baseFilename, "a", encoding="ascii", opener=_private)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


@contextmanager
def _locked(lock: Path, wait_s: float) -> Iterator[None]:
    """Hold a lock that others hold for a few lines only.

    Raises:
        BlockingIOError: Others held it, one after the other, for all of ``wait_s`` seconds.
    """
    handle = _private(str(lock), os.O_RDWR | os.O_CREAT)
    try:
        _wait(handle, wait_s)
        yield
    finally:
        os.close(handle)


def _wait(handle: int, wait_s: float) -> None:
    until = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise
            time.sleep(_POLL_S)
        else:
            return


@dataclass(slots=True)
class _Log:
    """Where this process writes its lines.

    Attributes:
        handler: Writes the lines of ``file``.
        held: Events from before there was a home to keep them in.
        stays: Whether a home that is opened now is one that goes again, and keeps no lines.
    """

    handler: _File | None = None
    file: Any = None
    stream: Any = None
    held: list[dict[str, Any]] = field(default_factory=list)
    stays: bool = False


_LOG = _Log()


def start() -> None:
    """Begin the operational log of one command. It knows no home yet, and prints nothing."""
    _leave_file()
    _LOG.stream = None
    _LOG.held.clear()


def show_on(stream: TextIO) -> None:
    """Write the operational log to this stream (standard error) too, beginning with the lines held back."""
    _LOG.stream = _sink(_Stream(stream))
    for held in _LOG.held:
        _LOG.stream.info(**held)


def keep_in(home: Path, *, max_bytes: int, files: int) -> None:
    """Write the operational log to the home's file too, beginning with the lines held back.

    Args:
        max_bytes: Size at which a file is rotated.
        files: How many older files to keep.
    """
    if _LOG.stays:
        return
    _leave_file()
    _LOG.handler = _File(home / FILE, maxBytes=max_bytes, backupCount=files, delay=True)
    _LOG.file = _sink(_LOG.handler)
    for held in _LOG.held:
        _LOG.file.info(**held)
    _LOG.held.clear()


@contextmanager
def staying() -> Iterator[None]:
    """Keep the operational log where it is, although homes are opened in this block: they are removed again."""
    before, _LOG.stays = _LOG.stays, True
    try:
        yield
    finally:
        _LOG.stays = before


def _leave_file() -> None:
    """Write the lines that still wait into the home's file."""
    if _LOG.handler:
        _LOG.handler.close()
    _LOG.handler = _LOG.file = None


def note(event: str, **fields: LogValue) -> None:
    """Log an event of ``EVENTS`` in the operational log; a field that may not be written is dropped and counted."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line = {"at": at, "event": event, **fields}
    for sink in (_LOG.file, _LOG.stream):
        if sink:
            sink.info(**line)
    if _LOG.file is None and len(_LOG.held) < MAX_HELD:
        _LOG.held.append(line)


def source_place(error: BaseException) -> str:
    """The line of ours in which an error was raised, for the operational log: ``evidence/keys.py:12``.

    It is empty if none of our lines raised it.
    """
    places = [
        f"{Path(frame.filename).relative_to(_ROOT).as_posix()}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(_ROOT)
    ]
    return next((place for place in reversed(places) if FIELDS["place"](place)), "")


def _sink(handler: logging.Handler) -> Any:  # noqa: ANN401 - as structlog types it
    import structlog  # noqa: PLC0415 - 70 ms that neither --help nor verify pays

    # of nobody's registry: no library that sets up logging can switch it off, or listen in
    logger = logging.Logger("nisisama", logging.INFO)  # noqa: LOG001 - see above
    logger.addHandler(handler)
    return structlog.wrap_logger(
        logger, processors=[allowed_fields, structlog.processors.JSONRenderer()], wrapper_class=structlog.BoundLogger
    )
