"""What an object store owes its caller."""

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

Sink = Callable[[bytes], object]


class Pending(Protocol):
    """The objects that one writer puts before the log names them. No two threads share it.

    An object that was put and not settled is unfinished: once its writer has died, or has closed this,
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
        """Bring these objects to their addresses; on return they have reached the disk and may be logged.

        Raises:
            ObjectMissingError: One of them was not put here, so nobody knows whether it is on the disk.
            ObjectConflictError: Other bytes lie at an address.
            StorageFullError: No space is left.
            StoreError: Something that is not ours lies in the way.
        """

    def require(self, address: str) -> None:
        """Check that an object lies at this address, whoever put it; its bytes are not read.

        Raises:
            ObjectMissingError: None does.
        """

    def settle(self, addresses: Iterable[str]) -> None:
        """Keep these objects for good: the log names them.

        Raises:
            ObjectMissingError: One of them was not put here.
        """

    def take_back(self, addresses: Iterable[str]) -> None:
        """Remove these objects: the log does not name them and never will.

        Raises:
            ObjectMissingError: One of them was not put here.
        """

    def close(self) -> None:
        """Leave every object that is not settled to recovery: after an error nobody may know what was logged.

        Whatever is put afterwards begins anew.
        """


class Objects(Protocol):
    """Write-once objects, addressed by the lower hex SHA-256 of their bytes."""

    def pending(self) -> AbstractContextManager[Pending]:
        """A writer's own pending objects, closed at the end; as long as it puts nothing it leaves no trace."""

    def recover(self, logged: Callable[[], AbstractSet[str]]) -> int:
        """Remove the objects that dead writers put and never logged; return how many. Those of living writers stay.

        No header of such an object is kept anywhere, so nobody could ever have opened it.

        Args:
            logged: Gives every address that the log names; called only if something is unfinished.

        Raises:
            StoreError: Something that is not ours lies among the unfinished objects; nothing was removed.
        """

    def read(self, address: str) -> Iterator[bytes]:
        """The object's bytes in chunks.

        Raises:
            ObjectMissingError: No such object.
        """

    def require(self, address: str) -> None:
        """Check that an object lies at this address; its bytes are not read.

        Raises:
            ObjectMissingError: None does.
        """

    def remove(self, address: str) -> bool:
        """Remove an object for good, because it was erased; whether there was one. On return it is gone from the disk.

        Where a store keeps objects for a time that nobody can shorten, it stays, and nobody can open it.
        """

    def addresses(self) -> Iterator[str]:
        """The address of every settled object, in order."""

    def strangers(self) -> Iterator[Path]:
        """Everything in the store that cannot belong to it, in order."""
