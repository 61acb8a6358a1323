import tracemalloc
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import EnvelopeError
from evidence.seal.age import derive
from evidence.seal.stream import CHUNK_BYTES, NONCE_BYTES, TAG_BYTES, open_payload, seal_payload, sealed_bytes

KEY = bytes(range(16))
BORDERS = [
    0,
    1,
    CHUNK_BYTES - 1,
    CHUNK_BYTES,
    CHUNK_BYTES + 1,
    2 * CHUNK_BYTES,
    2 * CHUNK_BYTES + 1,
    3 * CHUNK_BYTES - 1,
]


def pattern(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def slow_payload(plaintext: bytes, *, nonce: bytes) -> bytes:
    """The format as the specification's sentences say it, all in memory."""
    chunks = [plaintext[start : start + CHUNK_BYTES] for start in range(0, len(plaintext), CHUNK_BYTES)] or [b""]
    cipher = ChaCha20Poly1305(derive(KEY, salt=nonce, info=b"payload"))
    marks = [b"\x00"] * (len(chunks) - 1) + [b"\x01"]
    numbered = enumerate(zip(chunks, marks, strict=True))
    return nonce + b"".join(cipher.encrypt(n.to_bytes(11, "big") + mark, chunk, None) for n, (chunk, mark) in numbered)


def opened(*pieces: bytes) -> bytes:
    return b"".join(open_payload(KEY, pieces))


@pytest.mark.parametrize("size", BORDERS)
def test_the_payload_is_that_of_the_plain_reference(size: int) -> None:
    payload = b"".join(seal_payload(KEY, [pattern(size)]))
    assert payload == slow_payload(pattern(size), nonce=payload[:NONCE_BYTES])
    assert len(payload) == sealed_bytes(size)


@settings(deadline=None)
@given(
    st.sampled_from(BORDERS),
    st.lists(st.integers(min_value=0), max_size=6),
    st.lists(st.integers(min_value=0), max_size=6),
)
def test_pieces_may_be_cut_anywhere_on_both_ways(size: int, before: list[int], after: list[int]) -> None:
    plaintext = pattern(size)
    payload = b"".join(seal_payload(KEY, cut(plaintext, before)))
    assert opened(*cut(payload, after)) == plaintext


@pytest.mark.parametrize("step", [1, 7, 65_535, 65_552, 65_553])
def test_pieces_of_one_size_are_opened(step: int) -> None:
    plaintext = pattern(CHUNK_BYTES + 100)
    payload = slow_payload(plaintext, nonce=bytes(16))
    assert opened(*(payload[start : start + step] for start in range(0, len(payload), step))) == plaintext


def test_every_payload_has_its_own_nonce() -> None:
    nonces = {next(seal_payload(KEY, [b"x"])) for _ in range(100)}
    assert len(nonces) == 100


def test_every_flipped_bit_is_found() -> None:
    payload = slow_payload(b"a small file", nonce=bytes(16))
    assert opened(payload) == b"a small file"
    for place in range(len(payload)):
        for bit in range(8):
            damaged = bytearray(payload)
            damaged[place] ^= 1 << bit
            with pytest.raises(EnvelopeError):
                opened(bytes(damaged))


@pytest.mark.parametrize("plaintext", [b"", b"a small file"])
def test_every_cut_of_a_small_payload_is_found(plaintext: bytes) -> None:
    payload = slow_payload(plaintext, nonce=bytes(16))
    assert opened(payload) == plaintext
    for length in range(len(payload)):
        with pytest.raises(EnvelopeError):
            opened(payload[:length])


LARGE = slow_payload(pattern(3 * CHUNK_BYTES), nonce=bytes(16))
SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES
CHUNKS = [LARGE[start : start + SEALED_CHUNK] for start in range(NONCE_BYTES, len(LARGE), SEALED_CHUNK)]


@pytest.mark.parametrize(
    "damage",
    [
        lambda chunks: chunks[:2],
        lambda chunks: chunks[:1],
        lambda chunks: [],
        lambda chunks: [chunks[0], chunks[2]],
        lambda chunks: [chunks[1], chunks[0], chunks[2]],
        lambda chunks: [chunks[0], chunks[0], chunks[1], chunks[2]],
        lambda chunks: [*chunks, chunks[2]],
        lambda chunks: [*chunks, b"\x00"],
        lambda chunks: [*chunks[:2], chunks[2][:-1]],
        lambda chunks: [*chunks[:2], chunks[2][:TAG_BYTES]],
        lambda chunks: [*chunks[:2], chunks[2][: TAG_BYTES - 1]],
    ],
)
def test_chunks_cannot_be_dropped_moved_repeated_or_added(damage: Callable[[list[bytes]], list[bytes]]) -> None:
    assert opened(LARGE[:NONCE_BYTES], *CHUNKS) == pattern(3 * CHUNK_BYTES)
    with pytest.raises(EnvelopeError):
        opened(LARGE[:NONCE_BYTES], *damage(CHUNKS))


def test_an_empty_last_chunk_after_others_is_refused() -> None:
    cipher = ChaCha20Poly1305(derive(KEY, salt=bytes(16), info=b"payload"))
    first = cipher.encrypt(bytes(12), pattern(CHUNK_BYTES), None)
    last = cipher.encrypt((1).to_bytes(11, "big") + b"\x01", b"", None)
    with pytest.raises(EnvelopeError, match="empty"):
        opened(bytes(16), first, last)


def test_the_error_names_the_chunk() -> None:
    damaged = bytearray(LARGE)
    damaged[NONCE_BYTES + SEALED_CHUNK] ^= 1
    with pytest.raises(EnvelopeError) as caught:
        opened(bytes(damaged))
    assert caught.value.where == "age payload chunk 1"


def test_no_byte_of_a_damaged_chunk_is_handed_on() -> None:
    damaged = bytearray(LARGE)
    damaged[-1] ^= 1
    got = []
    with pytest.raises(EnvelopeError):
        got.extend(open_payload(KEY, [bytes(damaged)]))
    received: list[bytes] = []
    chunks = open_payload(KEY, [bytes(damaged)])
    received.extend((next(chunks), next(chunks)))
    with pytest.raises(EnvelopeError):
        next(chunks)
    assert b"".join(received) == pattern(2 * CHUNK_BYTES)


def test_an_error_of_the_source_passes_through() -> None:
    def failing() -> Iterator[bytes]:
        yield b"first"
        raise OSError(5, "input/output error")

    with pytest.raises(OSError, match="input/output"):
        list(seal_payload(KEY, failing()))


def test_memory_does_not_grow_with_the_stream() -> None:
    def peak(blocks: int) -> int:
        tracemalloc.start()
        block = pattern(CHUNK_BYTES // 2)
        for _ in open_payload(KEY, seal_payload(KEY, (block for _ in range(blocks)))):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(400) < peak(20) + CHUNK_BYTES
