"""What an object store owes its caller."""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Protocol

Sink = Callable[[bytes], object]


class Objects(Protocol):
    """Write-once objects, addressed by the lower hex SHA-256 of their bytes."""

    def put(self, fill: Callable[[Sink], str]) -> str:
        """Store what ``fill`` writes and return its address, which ``fill`` returns.

        On return the bytes have reached the disk; from ``sync`` on they can be read at the address.
        Until ``settle`` the object counts as unfinished: after a crash ``recover`` takes it back.

        Raises:
            StorageFullError: No space is left.
        """

    def sync(self) -> None:
        """On return everything that was put has reached the disk at its address: now it may be logged.

        Raises:
            ObjectConflictError: Other bytes lie at an address.
            StorageFullError: No space is left.
            StoreError: Something that is not ours lies in the way.
        """

    def settle(self) -> None:
        """The log holds every object that was synced since the last call: keep them for good."""

    def recover(self, logged: Callable[[], AbstractSet[str]]) -> int:
        """Remove what an interrupted run put and never logged; return how many.

        ``logged`` gives every address that the log names, and is asked only when something is unfinished.

        Such an object has no header anywhere, so nobody could ever have opened it.

        Raises:
            StoreError: Something lies among the unfinished that is not ours; nothing was removed.
        """

    def read(self, address: str) -> Iterator[bytes]:
        """The object's bytes in chunks.

        Raises:
            ObjectMissingError: No such object.
        """

    def addresses(self) -> Iterator[str]:
        """Every address, in order, unfinished ones left out."""

    def strangers(self) -> Iterator[Path]:
        """Whatever lies in the store and cannot be its own, in order."""
