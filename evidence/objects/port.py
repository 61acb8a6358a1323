"""What an object store owes its caller."""

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

Sink = Callable[[bytes], object]


class Pending(Protocol):
    """What one writer puts before the log names it. No two threads share it.

    What is put and not settled counts as unfinished: when the writer has died, or has closed this,
    ``Objects.recover`` asks the log about it.
    """

    def put(self, fill: Callable[[Sink], str]) -> str:
        """Store the object that ``fill`` writes and return its address, which ``fill`` returns.

        On return the bytes have reached the disk; from ``sync`` on they can be read at the address.
        No two writers ever put the same bytes, since each seals under a random key.

        Raises:
            StorageFullError: No space is left.
        """

    def sync(self, addresses: Iterable[str]) -> None:
        """On return these objects have reached the disk at their addresses: now they may be logged.

        Raises:
            ObjectMissingError: One of them was not put here, so nobody knows whether it is on the disk.
            ObjectConflictError: Other bytes lie at an address.
            StorageFullError: No space is left.
            StoreError: Something that is not ours lies in the way.
        """

    def settle(self, addresses: Iterable[str]) -> None:
        """The log holds these objects: keep them for good.

        Raises:
            ObjectMissingError: One of them was not put here.
        """

    def take_back(self, addresses: Iterable[str]) -> None:
        """The log does not hold these objects and never will: remove them.

        Raises:
            ObjectMissingError: One of them was not put here.
        """

    def close(self) -> None:
        """Leave every object that is not settled to recovery: after an error nobody may know what was logged.

        What is put afterwards begins anew.
        """


class Objects(Protocol):
    """Write-once objects, addressed by the lower hex SHA-256 of their bytes."""

    def pending(self) -> AbstractContextManager[Pending]:
        """A writer's own pending objects, closed at the end; as long as it puts nothing it leaves no trace."""

    def recover(self, logged: Callable[[], AbstractSet[str]]) -> int:
        """Remove what dead writers put and never logged; return how many. What the living put stays.

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
