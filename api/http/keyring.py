"""The keys that the passphrase opens: opened by one call, locked by another, or once nobody has used them for a while.

Nothing here opens media.
"""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from api.home import Home
from api.office.opened import OpenOffice
from config import oplog
from config.errors import CallError
from evidence.errors import PassphraseError
from evidence.keys import Unlocked
from evidence.seal.recipients import KeyIdentity, Recipients
from evidence.times import uptime_s

TRIES = 5
"""How many wrong passphrases are taken before the next one must wait."""
FIRST_WAIT_S = 30.0
MOST_WAIT_S = 3600.0
MOST_DOUBLED = 7
"""How often the wait is doubled: by then it is the longest."""


@dataclass(slots=True)
class Keyring:
    """The open keys of one home; safe for threads.

    Attributes:
        idle_s: After how long without use the keys are locked.
        now: A clock that never goes back, in seconds; it counts the time in which the machine slept.
    """

    home: Home
    idle_s: float
    now: Callable[[], float] = uptime_s
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _trying: threading.Lock = field(default_factory=threading.Lock)
    _open: OpenOffice | None = field(default=None, repr=False)
    _fits: Recipients | None = None
    _used_at: float = 0.0
    _wrong: int = 0
    _waits_until: float = 0.0

    def unlock(self, passphrase: str) -> None:
        """Open the keys. One passphrase is tried at a time: each costs a good part of a second and much memory.

        Raises:
            PassphraseError: It is wrong.
            CallError: Another one is being tried, or too many were wrong.
        """
        if not self._trying.acquire(blocking=False):
            raise CallError("call.too_many", seconds=1)
        try:
            if (left := self._waits_until - self.now()) > 0:
                raise CallError("call.too_many_passphrases", seconds=math.ceil(left))
            recipients, opened = self.home.recipients, self._opened(passphrase)
            with self._lock:
                is_open = self._open is not None and not self._is_over()
                self._open = self._open if is_open else opened  # what was made with open keys stays of use
                self._used_at, self._fits = self.now(), recipients
            oplog.note("office_unlocked")
        finally:
            self._trying.release()

    def _opened(self, passphrase: str) -> OpenOffice:
        try:
            opened = OpenOffice.of(self.home, self.home.unlock(passphrase))
        except PassphraseError:
            self._wrong += 1
            if self._wrong >= TRIES:
                wait_s = min(FIRST_WAIT_S * 2 ** min(self._wrong - TRIES, MOST_DOUBLED), MOST_WAIT_S)
                self._waits_until = self.now() + wait_s
            oplog.note("office_unlock_refused")
            raise
        self._wrong = 0
        return opened

    def lock(self) -> None:
        """Forget the keys."""
        with self._lock:
            was_open, self._open = self._open is not None, None
        if was_open:
            oplog.note("office_locked")

    def lock_if_idle(self) -> None:
        """Forget the keys if nobody has used them for ``idle_s``, or they were changed."""
        with self._lock:
            is_over = self._open is not None and self._is_over()
            if is_over:
                self._open = None
        if is_over:
            oplog.note("office_locked")

    @property
    def is_open(self) -> bool:
        """Whether records can be read; asking is no use."""
        return self.seen_open() is not None

    def seen_open(self) -> OpenOffice | None:
        """What is open, for work that nobody asked for: it keeps nothing open. None while the office is locked."""
        with self._lock:
            return None if self._open is None or self._is_over() else self._open

    @property
    def casework(self) -> KeyIdentity:
        """The key of records; to ask for it is to use it.

        Raises:
            CallError: The office is locked.
        """
        return self.keys().casework

    def keys(self) -> Unlocked:
        """The open keys; to ask for them is to use them.

        Raises:
            CallError: The office is locked.
        """
        return self.opened().keys

    def opened(self) -> OpenOffice:
        """The open keys, with what is made with them; to ask for them is to use them.

        Raises:
            CallError: The office is locked.
        """
        with self._lock:
            if self._open is None or self._is_over():
                raise CallError("call.locked")
            self._used_at = self.now()
            return self._open

    def _is_over(self) -> bool:
        """Whether nobody used the keys for long, or the home seals to other keys since."""
        return self.now() - self._used_at >= self.idle_s or self.home.recipients != self._fits
