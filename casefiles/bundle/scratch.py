"""A file without a name, for what is too large to be held while a bundle is made.

What lies in it is what the bundle will show, and until the last gate has passed it, nobody may find it on a disk. So
every byte is enciphered with a key that is in this process's memory and nowhere else: after the process ends, or
after a kill, what is left on the disk is noise. It says nothing about whether it is still what was written; whoever
reads compares digests (``casefiles.format.kept``).
"""

import secrets
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from evidence.objects.durable import storage_errors

_BLOCK = 16


class Scratch:
    """A nameless file that grows at its end and can be read anywhere by this process alone.

    Each byte of the key's stream (NIST SP 800-38A, 6.5) is used once: nothing is written over.

    Args:
        folder: On whose disk it lies.

    Raises:
        StorageFullError: No space.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._key = folder, AES256(secrets.token_bytes(32))
        self._size = self._at = 0
        with storage_errors(folder):
            self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - closed with this

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, data: bytes, /) -> int:
        """Write all of ``data`` at the end of the scratch file.

        Raises:
            StorageFullError: No space.
        """
        with storage_errors(self._folder):
            at = self._file.seek(self._size)
            self._size += len(data)  # before it is written: part of it may be, and its place is never written again
            rest = memoryview(self._enciphered(data, at))
            while rest:
                rest = rest[self._file.write(rest) :]
        return len(data)

    def seek(self, offset: int, /) -> int:
        """Go to a byte, counted from the first, to read from there."""
        self._at = offset
        return offset

    def read(self, size: int, /) -> bytes:
        """The next ``size`` bytes of the scratch file, or fewer at its end."""
        self._file.seek(self._at)
        with storage_errors(self._folder):
            data = self._enciphered(self._file.read(size), self._at)
        self._at += len(data)
        return data

    def _enciphered(self, data: bytes, offset: int) -> bytes:
        """These bytes, which begin at ``offset``; the same again gives them back."""
        block, skipped = divmod(offset, _BLOCK)
        stream = Cipher(self._key, CTR(block.to_bytes(_BLOCK, "big"))).encryptor()
        stream.update(bytes(skipped))
        return stream.update(data)
