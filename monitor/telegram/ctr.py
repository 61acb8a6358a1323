"""AES in counter mode under the name ``pyaes``, for Telethon.

Telethon 1.45.0 imports ``pyaes`` unconditionally, and no wheel of it exists, so a machine without a
build chain cannot install it. Telethon calls it for two things: IGE where ``cryptg`` is absent, which
our lock rules out, and CTR for an obfuscated transport or a file from a CDN. This is that second part,
on ``cryptography`` (NIST SP 800-38A, section 6.5).
"""

import sys
from functools import cached_property
from types import ModuleType

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

NAME = "pyaes"


class _Counter:
    """Where Telethon puts the first counter block, as a list of 16 numbers."""

    def __init__(self) -> None:
        self._counter = [0] * 16


class AESModeOfOperationCTR:
    """A key stream from one key and one counter; ``encrypt`` and ``decrypt`` continue where the last call ended."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._counter = _Counter()

    @cached_property
    def _stream(self) -> CipherContext:
        # made at the first call: Telethon sets the counter after the key
        return Cipher(algorithms.AES(self._key), modes.CTR(bytes(self._counter._counter))).encryptor()  # noqa: SLF001 - Telethon's way in

    def encrypt(self, data: bytes) -> bytes:
        """The bytes combined with the key stream."""
        return self._stream.update(data)

    decrypt = encrypt


def stand_in() -> None:
    """Register this module as ``pyaes`` for Telethon, unless the real one is loaded already."""
    if NAME not in sys.modules:
        module = ModuleType(NAME, __doc__)
        module.AESModeOfOperationCTR = AESModeOfOperationCTR  # type: ignore[attr-defined]
        sys.modules[NAME] = module
