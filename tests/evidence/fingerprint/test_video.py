"""Key frames of a video are hashed as the pictures that they are, whatever holds them."""

from collections.abc import Iterator

import pytest

from evidence.errors import NotDecodedError
from evidence.fingerprint.decoded import DecodedVideo
from evidence.fingerprint.decoder import Decoder, fingerprints_of
from evidence.fingerprint.pdq import pdq
from evidence.fingerprint.video import MOST_FRAMES, read_video
from evidence.fingerprint.whole import sniff_video
from tests.evidence.fingerprint.videos import CODECS, KINDS, film, sound, view
from tests.nonempty import nonempty


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder(workers=1) as decoder:
        yield decoder


def bits(number: int, frame: bytes) -> int:
    """In how many bits a frame differs from the scene that was filmed."""
    rgb = view(number)
    made = pdq(lambda top, bottom: rgb[top:bottom], width=rgb.shape[1], height=rgb.shape[0])
    assert made is not None
    return (int.from_bytes(made.hashes[0]) ^ int.from_bytes(frame)).bit_count()


@pytest.mark.every(3)
@pytest.mark.parametrize(("kind", "made"), [*KINDS.items(), *((None, each) for each in CODECS)], ids=str)
def test_key_frames_are_those_of_the_scenes_in_their_order(
    decoder: Decoder, kind: str | None, made: tuple[str, str]
) -> None:
    data = film(container=made[0], codec=made[1])
    assert kind is None or sniff_video(data) == kind
    found = decoder.decode(data)
    assert isinstance(found, DecodedVideo)
    assert (found.width, found.height, found.media_type) == (320, 240, sniff_video(data))
    assert 6 <= len(found.key_frames) <= MOST_FRAMES
    for frame in nonempty(found.key_frames):
        assert bits(1 + min(frame.at_ms, 5999) // 2000, bytes.fromhex(frame.pdq[0])) <= 24, frame.at_ms
    times = [frame.at_ms for frame in found.key_frames]
    assert times == sorted(times)
    assert times[0] == 0
    assert "av" in found.versions
    assert "seccomp" in found.sandbox


@pytest.mark.slow
def test_of_a_long_video_frames_are_spread_over_all_of_it() -> None:
    found = read_video("video/mp4", film(scenes=20))
    assert len(found.frames) == MOST_FRAMES
    assert (found.frames[0].at_ms, found.frames[-1].at_ms) == (0, 39_000)
    gaps = [later.at_ms - earlier.at_ms for earlier, later in zip(found.frames, found.frames[1:], strict=False)]
    assert max(gaps) <= 2 * min(gaps)


def test_a_turned_video_is_hashed_as_it_is_shown() -> None:
    upright = read_video("video/mp4", film(1, seconds=1))
    turned = read_video("video/mp4", rotated(film(1, seconds=1)))
    assert (turned.width, turned.height) == (upright.height, upright.width)
    assert upright.frames[0].pdq.hashes[0] in turned.frames[0].pdq.hashes
    assert upright.frames[0].pdq.hashes[0] != turned.frames[0].pdq.hashes[0]


def rotated(data: bytes) -> bytes:
    """The same file with another matrix in its track header (ISO/IEC 14496-12, 8.3.2): a quarter to the right."""
    at = data.index(b"tkhd") + 4 + 40
    matrix = (0, 0x10000, 0, -0x10000 & 0xFFFFFFFF, 0, 0, 240 << 16, 0, 0x40000000)
    return data[:at] + b"".join(value.to_bytes(4) for value in matrix) + data[at + 36 :]


def test_the_beginning_of_a_video_gives_its_first_frames() -> None:
    data = film(scenes=6, movflags="frag_keyframe+empty_moov")
    whole, half = read_video("video/mp4", data), read_video("video/mp4", data[: len(data) // 2])
    assert 0 < len(half.frames) < len(whole.frames)
    assert half.frames[0].pdq.hashes == whole.frames[0].pdq.hashes


def test_whoever_brings_a_video_asks_with_its_frames_and_no_crops() -> None:
    prints, crops = fingerprints_of(film())
    assert (len(prints.pdq_for_matching(min_quality=50)), crops.hashes) == (6, ())


DATA = film(2, seconds=1)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (sound(), "unsupported"),
        (b"\0\0\0\x18ftypisom" + bytes(100), "damaged"),
        (b"\x1aE\xdf\xa3" + b"x" * 1000, "damaged"),
        (b"RIFF\xff\xff\xff\xffAVI LIST" + b"\xff" * 1000, "unsupported"),
        (b"FLV\x01\x05" + b"\xff" * 1000, "damaged"),
        (DATA[: len(DATA) // 2], "damaged"),  # its index is at its end
        (b"no video", "not_a_picture"),
    ],
    ids=range(7),
)
def test_what_cannot_be_decoded_is_told_by_a_word(decoder: Decoder, data: bytes, reason: str) -> None:
    with pytest.raises(NotDecodedError) as raised:
        decoder.decode(data)
    assert raised.value.reason == reason


@pytest.mark.parametrize("at", range(0, len(DATA), max(1, len(DATA) // 40)))
def test_a_damaged_video_never_ends_the_decoder(decoder: Decoder, at: int) -> None:
    damaged = DATA[:at] + bytes(byte ^ 0x5A for byte in DATA[at : at + 64]) + DATA[at + 64 :]
    reason = ""
    try:
        decoder.decode(damaged)
    except NotDecodedError as error:
        reason = error.reason
    assert reason in {"", "damaged", "unsupported", "too_many_pixels", "not_a_picture"}


@pytest.mark.parametrize(("container", "codec"), [("avi", "wmv2"), ("matroska", "ffv1")])
def test_a_codec_that_nobody_posts_is_not_reached(decoder: Decoder, container: str, codec: str) -> None:
    with pytest.raises(NotDecodedError) as raised:
        decoder.decode(film(1, seconds=1, container=container, codec=codec))
    assert raised.value.reason == "unsupported"


def test_one_damaged_key_frame_spoils_no_other() -> None:
    data = film(4, seconds=1, movflags="frag_keyframe+empty_moov")
    whole = read_video("video/mp4", data)
    starts = [at for at in range(len(data) - 4) if data[at : at + 4] == b"mdat"]
    damaged = data[: starts[1] + 200] + b"\xff" * 4000 + data[starts[1] + 4200 :]
    left = read_video("video/mp4", damaged)
    known = {frame.pdq.hashes[0] for frame in whole.frames}
    assert {frame.pdq.hashes[0] for frame in nonempty(left.frames)} <= known  # nothing that nobody saw
    assert len(whole.frames) > len(left.frames) >= len(whole.frames) - 2
