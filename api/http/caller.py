"""Who calls: a key of the right scope, within its limits. Its owner is the actor of every event."""

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Request, Security
from fastapi.security import HTTPBearer

from api import TOOL
from api.home import Home
from api.http.bodies import BodyLimit
from api.http.keyring import Keyring
from api.http.tally import CallTally
from api.office.api_key import find_key, key_opens
from api.office.room import RESERVE_BYTES, require_room
from config.errors import CallError, Explained
from evidence.authority import Doer
from evidence.errors import UnknownItemError
from evidence.store import api_key
from evidence.store.api_key import ApiKey, Scope

T = TypeVar("T")
WRONG_PER_MINUTE = 10
"""How many wrong keys an address may bring before it must wait."""
PAGES_PER_MINUTE = 30
"""How often an address may call without a key, about a question: words of 80 bits are not guessed like that."""
TURN_WAITED_S = 1.0
"""How long a short read waits for another one. Much less, and under load all wait in vain and then read at once."""
LONG_AT_ONCE = 4
"""How many calls may unpack an archive or check a bundle at once, in threads of their own: the others go on."""
USE_NOTED = timedelta(minutes=1)
"""How old the note of a key's last use may be."""

_MINUTE_S = 60.0

_bearer = HTTPBearer(auto_error=False, scheme_name="key", description="A key: nisisama key api create")


@dataclass(slots=True)
class Limits:
    """How much a key, and an address, may ask for in a minute; in the memory of this process."""

    per_minute: int
    _calls: OrderedDict[tuple[str, ...], deque[float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, *of: str) -> None:
        """Count a call.

        Raises:
            CallError: It is one too many.
        """
        self._take(self.per_minute, of)

    def wrong_key(self, address: str) -> None:
        """Count a wrong key.

        Raises:
            CallError: It is one too many.
        """
        self._take(WRONG_PER_MINUTE, ("wrong key", address))

    def of_page(self, address: str) -> None:
        """Count a call of her page, which has no key.

        Raises:
            CallError: It is one too many.
        """
        self._take(PAGES_PER_MINUTE, ("page", address))

    def _take(self, most: int, of: tuple[str, ...]) -> None:
        """Count a call, unless the minute before had as many as are allowed; the latest caller is at the end."""
        now = time.monotonic()
        with self._lock:
            while self._calls and next(iter(self._calls.values()))[-1] <= now - _MINUTE_S:
                self._calls.popitem(last=False)  # all that it has is older
            calls = self._calls.get(of, deque())
            while calls and calls[0] <= now - _MINUTE_S:
                calls.popleft()
            if len(calls) >= most:
                raise CallError("call.too_many", seconds=max(1, math.ceil(calls[0] + _MINUTE_S - now)))
            calls.append(now)
            self._calls[of] = calls
            self._calls.move_to_end(of)


@dataclass(slots=True)
class ServedOffice:
    """What the routes share: one home, its keys while they are open, and limits.

    Attributes:
        wake: Called once something was asked for that a worker does.
    """

    home: Home
    keyring: Keyring
    limits: Limits
    wake: Callable[[], object] = lambda: None
    tally: CallTally = field(default_factory=CallTally)
    _long: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(LONG_AT_ONCE))
    _used: dict[str, datetime] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _reads: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def short_read(self) -> Iterator[None]:
        """Read rows for some milliseconds, one call after the other; whoever waits too long reads all the same.

        Python's sqlite3 gives up the interpreter at every row, so threads that read at once mostly wait for one
        another: eight callers got 82 pages of items a second, and 143 like this.
        """
        had = self._reads.acquire(timeout=TURN_WAITED_S)
        try:
            yield
        finally:
            if had:
                self._reads.release()

    async def at_length(self, work: Callable[[], T]) -> T:
        """Do what takes long in a thread, once there are few others; whoever waits for that holds no thread."""
        return await to_thread.run_sync(work, limiter=self._long)

    def require_room(self) -> None:
        """Check that the disk still has what a large body leaves free; asked as one comes.

        Raises:
            StorageFullError: It has not.
        """
        require_room(self.home.path, RESERVE_BYTES)

    def admit(self, authorization: str | None, address: str, limit: BodyLimit, length: int) -> ApiKey:
        """The key of a call, from its header alone: before anything of its body is read.

        Args:
            limit: Of the body.
            length: What the call says of its body, in bytes; 0 where it says nothing.

        Raises:
            CallError: There is none, or it opens nothing, lacks the scope or a case, or was used too often.
            StorageFullError: The disk has too little room for the body.
        """
        scheme, _space, secret = (authorization or "").partition(" ")
        is_bearer = scheme.lower() == "bearer"
        with self.short_read():
            key = find_key(self.home, secret.strip()) if is_bearer else None
        if key is None:
            self.limits.wrong_key(address)
            raise CallError(("call.wrong_key" if is_bearer else "call.no_bearer") if authorization else "call.no_key")
        self.limits.take("key", key.key_id)
        self._require_fit(key, limit, length)
        now = self.home.clock()
        if key.used_at is None or now - key.used_at >= USE_NOTED:
            with self._lock:
                self._used[key.key_id] = now
        return key

    def _require_fit(self, key: ApiKey, limit: BodyLimit, length: int) -> None:
        if limit.scope is not None:
            require_scope(key, limit.scope)
        if limit.every_case:
            if key.cases is not None:
                raise CallError("call.only_some_cases")
            require_room(self.home.path, min(length, limit.most_bytes) + RESERVE_BYTES)

    def note_uses(self) -> None:
        """Write down which keys were used. No call waits for it: what cannot be written now is written later."""
        with self._lock:
            used = dict(self._used)
        if not used or self.home.read_only:
            return
        with suppress(Explained, OSError):
            with self.home.writing() as writer, writer.sequencer.take() as connection:
                for key_id, at in used.items():
                    api_key.note_use(connection, key_id, at)
            with self._lock:
                self._used = {key_id: at for key_id, at in self._used.items() if used.get(key_id) != at}


@dataclass(frozen=True, slots=True)
class ApiCaller:
    """A call that may be answered."""

    office: ServedOffice
    key: ApiKey

    @property
    def home(self) -> Home:
        """The home that is asked about."""
        return self.office.home

    def doer(self, reason: str | None = None) -> Doer:
        """The owner of the key, who acts now."""
        return Doer(self.key.owner, TOOL, self.home.clock(), reason=reason)

    def require_case(self, case_id: str) -> str:
        """The case, if the key reaches it. Of any other, it learns the same as of one that is not there.

        Raises:
            UnknownItemError: It does not.
        """
        if not self.key.reaches(case_id):
            raise UnknownItemError("unknown_item.no_such_case", found=case_id[:64])
        return case_id

    def require_open(self) -> None:
        """Check that the key opens something still: the body of this call may have taken hours.

        Raises:
            CallError: It ended or was revoked meanwhile.
        """
        if not key_opens(self.home, self.key.key_id):
            raise CallError("call.wrong_key")

    def require_every_case(self) -> None:
        """Check that the key is not one for some cases alone.

        Raises:
            CallError: It is.
        """
        if self.key.cases is not None:
            raise CallError("call.only_some_cases")


def require_scope(key: ApiKey, *scopes: Scope) -> None:
    """Check that the key of a call has one of these scopes.

    Raises:
        CallError: It has none of them.
    """
    if key.scopes.isdisjoint(scopes):
        raise CallError("call.scope_missing", expected=", ".join(scopes))


def calls_with(*scopes: Scope) -> Callable[..., Awaitable[ApiCaller]]:
    """A dependency of a route: the caller, whose key has one of these scopes. Who calls is known before (``Guard``)."""

    async def caller(request: Request, _shown: Annotated[object, Security(_bearer, scopes=list(scopes))]) -> ApiCaller:
        office: ServedOffice = request.app.state.office
        key: ApiKey = request.scope["nisisama.key"]
        require_scope(key, *scopes)
        return ApiCaller(office, key)

    return caller
