"""Faults of the rehearsal, scripted: what is refused, cut, held back or spoiled, and how many times.

Each fault names a request as the schema does (``messages.getHistory``), acts the given number of times, and is then
used up. Methods may be called from any thread.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from monitor.rehearsal.telegram.accounts import Account
from monitor.rehearsal.telegram.media import MediaShelf
from monitor.rehearsal.telegram.refusals import FLOOD, RefusedError
from monitor.rehearsal.telegram.rooms import Room

ANY = "*"
"""Every request."""


@dataclass(slots=True)
class _Scripted:
    """One fault that waits for its request."""

    request: str
    left: int
    account: Account | None
    effect: object

    def meets(self, request: str, account: Account | None) -> bool:
        return self.left > 0 and self.request in (request, ANY) and self.account in (None, account)


@dataclass(frozen=True, slots=True)
class CutAnswer:
    """Let the loopback server send this many bytes of an answer, then close the connection."""

    after_bytes: int


@dataclass(frozen=True, slots=True)
class Garbage:
    """Let the loopback server send these bytes instead of the result, or instead of the whole packet."""

    data: bytes
    whole_packet: bool


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happens to the world just before a request is answered."""

    act: Callable[[], object]


class HasMedia(Protocol):
    """What a fault needs from the world."""

    media: MediaShelf


@dataclass(slots=True)
class Faults:
    """The script of faults.

    Attributes:
        skew_s: How far the server's clock is ahead of ours.
        withheld: No updates are pushed.
    """

    world: HasMedia
    skew_s: float = 0
    withheld: bool = False
    _scripted: list[_Scripted] = field(default_factory=list)
    _delays: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(
        self, request: str, message: str, *, code: int = FLOOD, times: int = 1, account: Account | None = None
    ) -> None:
        """Answer with an RPC error, such as ``FLOOD_WAIT_30``."""
        self._script(_Scripted(request, times, account, RefusedError(code, message)))

    def cut_connections(self, *, after_bytes: int, request: str = ANY, times: int = 1) -> None:
        """Close the connection in the middle of an answer."""
        self._script(_Scripted(request, times, None, CutAnswer(after_bytes)))

    def garbage(self, request: str = ANY, *, times: int = 1, data: bytes = b"", whole_packet: bool = False) -> None:
        """Answer with bytes that are not a TL object, or not even a packet."""
        self._script(_Scripted(request, times, None, Garbage(data or bytes(range(1, 41)), whole_packet)))

    def meanwhile(self, act: Callable[[], object], *, request: str = ANY, after: int = 0) -> None:
        """Let something happen just before a request is answered, after this many of them were answered without it."""
        self._script(_Scripted(request, after, None, Happening(_nothing)))
        self._script(_Scripted(request, 1, None, Happening(act)))

    def withhold_pushes(self, withheld: bool) -> None:  # noqa: FBT001 - on or off
        """Push no updates, or push them again; what was held back is lost, as on the real network."""
        self.withheld = withheld

    def unknown_constructor(self, room: Room, number: int, *, inside: str | None = "message") -> None:
        """Put a constructor that no client knows inside a message (``media``) or in its place; None takes it out."""
        room.garble(number, inside=inside)

    def short_file(self, file_id: int, *, sends: int = 10) -> None:
        """Send only this many bytes of a photo or document, whatever its size says."""
        self.world.media.shorten(file_id, sends=sends)

    def delay_s(self, request: str, seconds: float) -> None:
        """Answer a request only after this many seconds; 0 ends the delay."""
        with self._lock:
            self._delays[request] = seconds

    def clear(self) -> None:
        """Forget the script, the delays, the skew and the withholding."""
        with self._lock:
            self._scripted, self._delays = [], {}
        self.skew_s, self.withheld = 0, False

    def delay_of(self, request: str) -> float:
        """How long the answer to a request waits."""
        with self._lock:
            return self._delays.get(request, 0)

    def refusal(self, request: str, account: Account | None) -> RefusedError | None:
        """The scripted error of a request; asking uses it up."""
        effect = self._take(request, account, RefusedError)
        return effect if isinstance(effect, RefusedError) else None

    def spoiling(self, request: str, account: Account | None) -> CutAnswer | Garbage | None:
        """What is done to the answer of a request; asking uses it up."""
        effect = self._take(request, account, CutAnswer | Garbage)
        return effect if isinstance(effect, CutAnswer | Garbage) else None

    def happen(self, request: str, account: Account | None) -> None:
        """Let happen what was scripted to happen before this request is answered; asking uses it up."""
        effect = self._take(request, account, Happening)
        if isinstance(effect, Happening):
            effect.act()

    def _script(self, fault: _Scripted) -> None:
        with self._lock:
            self._scripted.append(fault)

    def _take(self, request: str, account: Account | None, kind: object) -> object:
        with self._lock:
            for fault in self._scripted:
                if fault.meets(request, account) and isinstance(fault.effect, kind):  # type: ignore[arg-type]
                    fault.left -= 1
                    return fault.effect
        return None


def _nothing() -> None:
    """Let a request pass by."""
