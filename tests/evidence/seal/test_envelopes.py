import hashlib
import math
import struct
import tracemalloc
from collections.abc import Callable, Iterable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import EnvelopeError, NoMatchingKeyError, SealError
from evidence.seal.age import new_file_key, open_header, seal_header
from evidence.seal.envelopes import (
    MAX_MANIFEST_BYTES,
    MediaContent,
    MediaSeal,
    open_whole,
    padme,
    rewrap,
    seal_media,
    seal_stream,
    seal_whole,
)
from evidence.seal.recipients import HybridIdentity, X25519Identity
from evidence.seal.stream import CHUNK_BYTES, open_payload, seal_payload
from tests.nonempty import nonempty
from tests.opening import open_media

OFFICE, OTHER = HybridIdentity(b"\x01" * 32), HybridIdentity(b"\x02" * 32)
QUICK = X25519Identity(b"\x03" * 32)
MANIFEST = b'{"event":"00"}'
SIZES = st.one_of(
    st.integers(min_value=0, max_value=300),
    st.builds(
        lambda chunks, near: max(0, chunks * CHUNK_BYTES + near),
        st.integers(min_value=0, max_value=9),
        st.integers(min_value=-80, max_value=80),
    ),
)


def sealed_media(content: Iterable[bytes], manifest: bytes = MANIFEST) -> tuple[MediaSeal, bytes]:
    payload = bytearray()
    seal = seal_media(content, manifest=lambda: manifest, recipients=[QUICK.recipient], sink=payload.extend)
    return seal, bytes(payload)


def opened_media(header: bytes, *payload: bytes) -> tuple[MediaContent, bytes]:
    content = bytearray()
    facts = open_media(header, payload, identities=[QUICK], sink=content.extend)
    return facts, bytes(content)


def sealed_frame(*frame: bytes) -> tuple[bytes, bytes]:
    """Seal any frame, also a wrong one, as an honest key would."""
    file_key = new_file_key()
    return seal_header(file_key, recipients=[QUICK.recipient]), b"".join(seal_payload(file_key, frame))


def footer(content_bytes: int, manifest_bytes: int) -> bytes:
    return b"NISI1\0\0\0" + struct.pack(">QQ", content_bytes, manifest_bytes)


def slow_padme(size: int) -> int:
    """PADME as its paper prints it."""
    if size < 2:
        return size
    exponent = math.floor(math.log2(size))
    bits = math.floor(math.log2(exponent)) + 1 if exponent else 0
    mask = (1 << (exponent - bits)) - 1 if exponent > bits else 0
    return size + mask & ~mask


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_a_whole_envelope_gives_back_what_was_sealed(plaintext: bytes) -> None:
    sealed = seal_whole(plaintext, recipients=[OFFICE.recipient])
    assert open_whole(sealed, identities=[OTHER, OFFICE]) == plaintext


def test_a_whole_envelope_opens_for_nobody_else() -> None:
    with pytest.raises(NoMatchingKeyError):
        open_whole(seal_whole(b"x", recipients=[OFFICE.recipient]), identities=[OTHER])


def test_every_flipped_bit_of_a_whole_envelope_is_found() -> None:
    sealed = seal_whole(b"a record", recipients=[QUICK.recipient])
    assert open_whole(sealed, identities=[QUICK]) == b"a record"
    for place in range(len(sealed)):
        for bit in range(8):
            damaged = bytearray(sealed)
            damaged[place] ^= 1 << bit
            with pytest.raises((EnvelopeError, NoMatchingKeyError)):
                open_whole(bytes(damaged), identities=[QUICK])


def test_every_flipped_byte_of_a_post_quantum_envelope_is_found() -> None:
    sealed = seal_whole(b"a record", recipients=[OFFICE.recipient])
    assert open_whole(sealed, identities=[OFFICE]) == b"a record"
    for place in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[place] ^= 1 << place % 8
        with pytest.raises((EnvelopeError, NoMatchingKeyError)):
            open_whole(bytes(damaged), identities=[OFFICE])


def test_every_cut_of_a_whole_envelope_is_found() -> None:
    sealed = seal_whole(b"a record", recipients=[QUICK.recipient])
    for length in nonempty(range(len(sealed))):
        with pytest.raises(EnvelopeError):
            open_whole(sealed[:length], identities=[QUICK])


@settings(max_examples=60, deadline=None)
@given(SIZES, st.binary(max_size=300), st.sampled_from([997, CHUNK_BYTES, CHUNK_BYTES + 16, 200_000]))
def test_a_medium_comes_back_exactly(size: int, manifest: bytes, step: int) -> None:
    content = (b"\x00picture\xff" * (size // 9 + 1))[:size]
    seal, payload = sealed_media((content[start : start + step] for start in range(0, size, step)), manifest)
    facts, opened = opened_media(
        seal.header, *(payload[start : start + step] for start in range(0, len(payload), step))
    )
    assert opened == content
    assert facts == MediaContent(manifest, hashlib.sha256(content).hexdigest(), size)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([0, 1, 100, CHUNK_BYTES - 24, CHUNK_BYTES, 5 * CHUNK_BYTES]), max_size=6), st.booleans()
)
def test_zeros_in_the_content_are_not_taken_for_padding(runs: list[int], begins: bool) -> None:  # noqa: FBT001 - drawn
    content = b"".join((b"\x00" if (place % 2 == 0) is begins else b"x") * run for place, run in enumerate(runs))
    seal, payload = sealed_media([content])
    assert opened_media(seal.header, payload)[1] == content


@pytest.mark.parametrize("manifest", [b"", b"\x00" * 1000, b"\x00" * MAX_MANIFEST_BYTES, b"m" * MAX_MANIFEST_BYTES])
@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, 6 * CHUNK_BYTES])
def test_any_manifest_up_to_the_limit_comes_back(manifest: bytes, size: int) -> None:
    seal, payload = sealed_media([bytes(size)], manifest)
    facts, content = opened_media(seal.header, payload)
    assert (facts.manifest, content) == (manifest, bytes(size))


def test_a_manifest_across_two_chunks_before_a_footer_in_a_third_comes_back() -> None:
    size, manifest = 7 * CHUNK_BYTES - 10, b"m" * MAX_MANIFEST_BYTES
    assert padme(size + len(manifest) + 24) > 8 * CHUNK_BYTES
    seal, payload = sealed_media([b"c" * size], manifest)
    facts, content = opened_media(seal.header, payload)
    assert (facts.manifest, content) == (manifest, b"c" * size)


def test_padding_of_more_than_a_chunk_is_written_and_read() -> None:
    size = 64 * CHUNK_BYTES
    seal, payload = sealed_media([b"c" * size])
    frame = open_whole(seal.header + payload, identities=[QUICK])
    assert len(frame) == padme(size + len(MANIFEST) + 24) == 66 * CHUNK_BYTES
    assert opened_media(seal.header, payload)[1] == b"c" * size


def test_a_longer_manifest_is_refused() -> None:
    with pytest.raises(EnvelopeError, match="manifest"):
        sealed_media([b"x"], b"m" * (MAX_MANIFEST_BYTES + 1))


def test_the_seal_names_the_payload() -> None:
    seal, payload = sealed_media([b"picture"])
    assert seal.payload_sha256 == hashlib.sha256(payload).hexdigest()


def test_the_manifest_is_asked_for_after_the_source_has_ended() -> None:
    asked: list[str] = []

    def source() -> Iterator[bytes]:
        yield b"picture"
        asked.append("source ended")

    def manifest() -> bytes:
        asked.append("manifest")
        return MANIFEST

    seal_media(source(), manifest=manifest, recipients=[QUICK.recipient], sink=lambda _piece: None)
    assert asked == ["source ended", "manifest"]


def test_header_and_payload_joined_are_one_age_file_that_begins_with_the_content() -> None:
    seal, payload = sealed_media([b"exact ", b"content"])
    frame = open_whole(seal.header + payload, identities=[QUICK])
    assert frame[: len(b"exact content")] == b"exact content"
    assert frame[len(b"exact content") :].startswith(MANIFEST)
    assert frame.endswith(footer(len(b"exact content"), len(MANIFEST)))
    assert not any(frame[len(b"exact content") + len(MANIFEST) : -24])
    assert len(frame) == padme(len(b"exact content") + len(MANIFEST) + 24)


def test_nobody_gets_nothing() -> None:
    written: list[bytes] = []
    with pytest.raises(SealError):
        seal_media([b"picture"], manifest=lambda: MANIFEST, recipients=[], sink=written.append)
    seal, payload = sealed_media([b"picture"])
    with pytest.raises(NoMatchingKeyError):
        open_media(seal.header, [payload], identities=[OTHER], sink=written.append)
    assert written == []


def test_no_plaintext_reaches_the_sink_of_sealing() -> None:
    marker = b"a picture that nobody may see " * 10_000
    _, payload = sealed_media([marker])
    assert all(marker[start : start + 8] not in payload for start in range(0, 30, 5))


def test_every_flipped_bit_of_a_media_payload_is_found() -> None:
    seal, payload = sealed_media([b"small"])
    assert opened_media(seal.header, payload)[1] == b"small"
    for place in range(len(payload)):
        for bit in (0, 7):
            damaged = bytearray(payload)
            damaged[place] ^= 1 << bit
            with pytest.raises(EnvelopeError):
                opened_media(seal.header, bytes(damaged))


def test_every_cut_of_a_media_payload_is_found() -> None:
    seal, payload = sealed_media([b"small"])
    for length in nonempty(range(len(payload))):
        with pytest.raises(EnvelopeError):
            opened_media(seal.header, payload[:length])


@pytest.mark.parametrize("chunks", [1, 3, 7])
def test_a_cut_between_chunks_is_found(chunks: int) -> None:
    seal, payload = sealed_media([b"x" * 8 * CHUNK_BYTES])
    with pytest.raises(EnvelopeError):
        opened_media(seal.header, payload[: 16 + chunks * (CHUNK_BYTES + 16)])


def test_a_payload_under_another_header_is_refused() -> None:
    first, second = sealed_media([b"first"]), sealed_media([b"second"])
    with pytest.raises(EnvelopeError):
        opened_media(first[0].header, second[1])


def frame_of(content: bytes, manifest: bytes, *, pad: int | None = None, end: bytes | None = None) -> list[bytes]:
    filled = len(content) + len(manifest) + 24
    padding = padme(filled) - filled if pad is None else pad
    return [content, manifest, bytes(padding), footer(len(content), len(manifest)) if end is None else end]


def test_a_frame_built_by_hand_is_accepted() -> None:
    header, payload = sealed_frame(*frame_of(b"c" * 1000, b"m" * 100))
    assert opened_media(header, payload)[1] == b"c" * 1000


@pytest.mark.parametrize(
    "frame",
    [
        [],
        [b"NISI1"],
        frame_of(b"c" * 1000, b"m" * 100, end=b"NISI2\0\0\0" + footer(1000, 100)[8:]),
        frame_of(b"c" * 1000, b"m" * 100, pad=0),
        frame_of(b"c" * 1000, b"m" * 100, pad=padme(1124) - 1124 + 1),
        frame_of(b"c" * 1000, b"m" * 100, end=footer(0, 0)),
        frame_of(b"c" * 1000, b"m" * 100, end=footer(2000, 100)),
        frame_of(b"c" * 1000, b"m" * 100, end=footer(2**64 - 1, 100)),
        frame_of(b"c" * 1000, b"m" * 100, end=footer(1000, 2**64 - 1)),
        frame_of(b"c" * 1000, b"m" * 100, end=footer(0, MAX_MANIFEST_BYTES + 1)),
        [b"c" * 20 * CHUNK_BYTES, *frame_of(b"", b"")],
        [b"c" * 20 * CHUNK_BYTES, footer(1, 20 * CHUNK_BYTES - 1)],
        frame_of(b"", b"m" * (MAX_MANIFEST_BYTES + 1)),
    ],
)
def test_a_frame_whose_footer_lies_is_refused(frame: list[bytes]) -> None:
    header, payload = sealed_frame(*frame)
    with pytest.raises(EnvelopeError) as caught:
        opened_media(header, payload)
    assert caught.value.where == "media frame"


@pytest.mark.parametrize("size", [1000, 300_000, 10_000_000])
@pytest.mark.parametrize("place", ["first", "last", "all"])
def test_padding_that_is_not_zero_is_refused(size: int, place: str) -> None:
    content, manifest, padding, end = frame_of(b"c" * size, b"m")
    assert len(padding) > 1
    damaged = {"first": b"\x01" + padding[1:], "last": padding[:-1] + b"\x01", "all": b"\x01" * len(padding)}[place]
    header, payload = sealed_frame(content, manifest, damaged, end)
    with pytest.raises(EnvelopeError):
        opened_media(header, payload)


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=2**20))
def test_padme_is_that_of_the_paper(size: int) -> None:
    assert padme(size) == slow_padme(size)


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=2**50))
def test_padme_never_shrinks_and_adds_at_most_an_eighth(size: int) -> None:
    assert size <= padme(size) <= size + size * 0.1201
    assert padme(padme(size)) == padme(size)


@settings(deadline=None)
@given(st.integers(min_value=CHUNK_BYTES + 1, max_value=2**50))
def test_a_footer_never_lies_across_two_chunks(size: int) -> None:
    assert padme(size) % 2048 == 0


def test_padme_leaves_few_lengths() -> None:
    assert len({padme(size) for size in range(1, 1_000_000)}) < 350


def test_a_new_header_opens_the_same_payload_for_another() -> None:
    seal, payload = sealed_media([b"picture"])
    header = rewrap(seal.header, identities=[QUICK], recipients=[OTHER.recipient])
    content = bytearray()
    open_media(header, [payload], identities=[OTHER], sink=content.extend)
    assert content == b"picture"
    with pytest.raises(NoMatchingKeyError):
        open_header(header, identities=[QUICK])
    assert open_header(seal.header, identities=[QUICK]) == open_header(header, identities=[OTHER])


def test_a_header_is_not_rewrapped_without_its_key_or_when_changed() -> None:
    seal, _ = sealed_media([b"picture"])
    with pytest.raises(NoMatchingKeyError):
        rewrap(seal.header, identities=[OTHER], recipients=[OTHER.recipient])
    with pytest.raises(EnvelopeError):
        rewrap(seal.header[:-3] + b"AA\n", identities=[QUICK], recipients=[OTHER.recipient])


def test_without_its_header_a_payload_is_closed_for_good() -> None:
    seal, payload = sealed_media([b"picture"])
    other = sealed_media([b"picture"])[0]
    with pytest.raises(EnvelopeError):
        list(open_payload(open_header(other.header, identities=[QUICK]), [payload]))
    assert list(open_payload(open_header(seal.header, identities=[QUICK]), [payload]))


@pytest.mark.parametrize("content", [b"x", b"\x00"])
def test_memory_does_not_grow_with_the_medium(content: bytes) -> None:
    def peak(run: Callable[[], object]) -> int:
        tracemalloc.start()
        run()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    def seal_and_open(blocks: int) -> None:
        file_key = new_file_key()
        block = content * CHUNK_BYTES
        header = seal_header(file_key, recipients=[QUICK.recipient])
        size = blocks * CHUNK_BYTES
        padding = padme(size + len(MANIFEST) + 24) - size - len(MANIFEST) - 24
        frame = [*[block] * blocks, MANIFEST, *[bytes(padding)], footer(size, len(MANIFEST))]
        open_media(header, seal_payload(file_key, frame), identities=[QUICK], sink=lambda _piece: None)

    seal_and_open(1)
    few, many = peak(lambda: seal_and_open(20)), peak(lambda: seal_and_open(640))
    assert many < few + 20 * CHUNK_BYTES


@pytest.mark.parametrize("pieces", [(), (b"",), (b"one", b"", b"two"), (bytes(CHUNK_BYTES), b"x")])
def test_what_is_sealed_as_a_stream_opens_as_one_file(pieces: tuple[bytes, ...]) -> None:
    sealed = b"".join(seal_stream(pieces, recipients=[QUICK.recipient]))
    assert open_whole(sealed, identities=[QUICK]) == b"".join(pieces)


def test_a_stream_without_a_recipient_is_refused_before_anything_is_read() -> None:
    def source() -> Iterator[bytes]:
        raise AssertionError
        yield b""

    with pytest.raises(SealError):
        next(seal_stream(source(), recipients=[]))
