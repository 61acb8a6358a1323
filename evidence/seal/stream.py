"""The payload of an age v1 file: a nonce and STREAM over chunks of 64 KiB (c2sp.org/age, "Payload").

Generators over iterables of bytes, in constant memory. Each chunk is authenticated before it
is handed on, with its number and whether it is the last, so that nobody can change, move, drop or
add one. A missing end shows only at the end, where these raise.
"""

import secrets
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from config.errors import Fact
from evidence.errors import EnvelopeError
from evidence.seal.age import derive

CHUNK_BYTES = 64 * 1024
TAG_BYTES = 16
NONCE_BYTES = 16

Chunk: TypeAlias = bytes | memoryview

_COUNTER_BYTES = 11
_MORE, _LAST = b"\x00", b"\x01"


def seal_payload(file_key: bytes, source: Iterable[bytes]) -> Iterator[bytes]:
    """The age payload of ``source`` under a fresh nonce; pieces of 64 KiB and a tag.

    Args:
        file_key: 16 bytes, used for one payload only.
        source: Pieces of any size. They are not copied: none may change after it is yielded.
    """
    nonce = secrets.token_bytes(NONCE_BYTES)
    yield nonce
    cipher = _cipher(file_key, nonce)
    for number, (chunk, mark) in enumerate(_chunks(source, CHUNK_BYTES)):
        yield cipher.encrypt(number.to_bytes(_COUNTER_BYTES, "big") + mark, chunk, None)


def open_payload(file_key: bytes, payload: Iterable[Chunk]) -> Iterator[bytes]:
    """The plaintext of an age ``payload``, in pieces of at most 64 KiB, each authenticated.

    Args:
        payload: Pieces of any size. They are not copied: none may change after it is yielded.

    Raises:
        EnvelopeError: A chunk is damaged or not in its place, or the end is missing.
    """
    nonce, rest = _cut_nonce(iter(payload))
    cipher = _cipher(file_key, nonce)
    for number, (chunk, mark) in enumerate(_chunks(rest, CHUNK_BYTES + TAG_BYTES)):
        try:
            plain = cipher.decrypt(number.to_bytes(_COUNTER_BYTES, "big") + mark, chunk, None)
        except InvalidTag:
            # the place says more than the cipher's error; no part of the chunk may be quoted
            raise _damaged(number, "envelope.chunk_damaged") from None
        if not plain and number:
            raise _damaged(number, "envelope.last_chunk_empty")
        yield plain


def sealed_bytes(plain_bytes: int) -> int:
    """Size of the age payload for this many bytes of plaintext, nonce included."""
    chunks = max(1, -(-plain_bytes // CHUNK_BYTES))
    return NONCE_BYTES + plain_bytes + chunks * TAG_BYTES


def _cipher(file_key: bytes, nonce: bytes) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(derive(file_key, salt=nonce, info=b"payload"))


def _cut_nonce(pieces: Iterator[Chunk]) -> tuple[bytes, Iterator[Chunk]]:
    nonce = b""
    for piece in pieces:
        missing = NONCE_BYTES - len(nonce)
        nonce += piece[:missing]
        if len(nonce) == NONCE_BYTES:
            return nonce, chain((memoryview(piece)[missing:],), pieces)
    raise EnvelopeError("envelope.no_nonce", nonce_bytes=NONCE_BYTES, found=len(nonce))


def _chunks(source: Iterable[Chunk], size: int) -> Iterator[tuple[bytearray | memoryview, bytes]]:
    """Cut ``source`` into chunks of ``size``, each with its mark; the last has 1 to ``size`` bytes, or 0 if alone.

    A chunk is held back until more follows: only then is it known not to be the last.
    """
    held: memoryview | bytearray = bytearray()
    for piece in source:
        view = memoryview(piece)
        if 0 < len(held) < size:
            if isinstance(held, memoryview):
                held = bytearray(held)
            missing = size - len(held)
            held += view[:missing]
            view = view[missing:]
        while view:
            if held:
                yield held, _MORE
            held, view = view[:size], view[size:]
    yield held, _LAST


def _damaged(number: int, code: str, **facts: Fact) -> EnvelopeError:
    return EnvelopeError(code, where=number, **facts)
