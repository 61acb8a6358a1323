"""Hostile files go to a worker that may die; this process, and the next picture, do not notice."""

import hashlib
import os
import signal
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence.errors import NotDecodedError
from evidence.fingerprint import decoder as decoder_module
from evidence.fingerprint.crops import crop_hashes
from evidence.fingerprint.decoded import Decoded
from evidence.fingerprint.decoder import MAX_BYTES, Decoder, fingerprints_of
from evidence.fingerprint.picture import read_picture, read_scaled
from tests.evidence.fingerprint.heics import Layout, heic
from tests.evidence.fingerprint.pictures import encoded, image, turned_by_exif

PICTURE = image(width=200, height=150)
PNG = encoded(PICTURE, "PNG")
JPEG = encoded(PICTURE, "JPEG")


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as made:
        yield made


def word_of(decoder: Decoder, data: bytes) -> str:
    with pytest.raises(NotDecodedError) as caught:
        decoder.decode(data)
    return caught.value.reason


def worker_pid(decoder: Decoder) -> int:
    return decoder._idle[-1].pid


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of_zeros(*, width: int, height: int) -> bytes:
    """A real PNG: gray, one bit, all of its rows there, most of it compressed away."""
    squeeze = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    body = b"".join(squeeze.compress(row) for _ in range(height)) + squeeze.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", body) + png_chunk(b"IEND", b"")


# --- what comes back ---


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF"])
def test_the_worker_says_what_the_decoder_says_outside_of_the_walls(decoder: Decoder, kind: str) -> None:
    data = encoded(PICTURE, kind)
    inside, outside = decoder.decode(data), read_picture(data)
    assert outside.pdq is not None
    assert inside.pdq == tuple(value.hex() for value in outside.pdq.hashes)
    assert (inside.quality, inside.phash) == (outside.pdq.quality, outside.phash)
    assert (inside.width, inside.height, inside.media_type) == (200, 150, f"image/{kind.lower()}")
    assert not inside.first_frame_only


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1", "I;16"])
def test_every_mode_is_decoded_behind_the_walls(decoder: Decoder, mode: str) -> None:
    picture = PICTURE.convert("L").convert(mode) if mode == "I;16" else PICTURE.convert(mode)
    assert decoder.decode(encoded(picture, "PNG")).width == 200


def test_exif_and_animations_are_read_behind_the_walls(decoder: Decoder) -> None:
    assert decoder.decode(turned_by_exif(PICTURE, 6, "JPEG")).width == 200
    for kind in ("GIF", "WEBP", "PNG", "AVIF"):
        frames = encoded(PICTURE, kind, save_all=True, append_images=[image(width=200, height=150, seed=2)])
        assert decoder.decode(frames).first_frame_only


def test_what_was_in_force_and_which_versions_counted_is_said(decoder: Decoder) -> None:
    found = decoder.decode(PNG)
    assert found.sandbox.startswith("rlimits ")
    assert {"pillow", "numpy", "imagehash"} <= found.versions.keys()


# --- hostile files ---


@pytest.mark.parametrize("data", [b"", b"x", b"some text", os.urandom(4096), b"\0" * 100_000])
def test_what_is_not_a_picture_is_said_to_be_none(decoder: Decoder, data: bytes) -> None:
    assert word_of(decoder, data) == "not_a_picture"


def test_a_header_of_forty_thousand_squared_is_refused_before_decoding(decoder: Decoder) -> None:
    data = png_of_zeros(width=40_000, height=2)
    lying = data[:16] + struct.pack(">II", 40_000, 40_000) + data[24:]
    repaired = lying[:29] + struct.pack(">I", zlib.crc32(lying[12:29])) + lying[33:]
    assert word_of(decoder, repaired) == "too_many_pixels"


def test_a_real_bomb_is_refused_before_decoding(decoder: Decoder) -> None:
    data = png_of_zeros(width=40_000, height=40_000)
    assert len(data) < 300_000
    assert word_of(decoder, data) == "too_many_pixels"


def test_a_bomb_just_within_the_limit_is_decoded(decoder: Decoder) -> None:
    found = decoder.decode(png_of_zeros(width=9_990, height=9_990))
    assert (found.width, found.quality) == (9_990, 0)


@pytest.mark.parametrize(("width", "height"), [(65_536, 5), (5, 65_536), (10_001, 10_000)])
def test_a_side_or_an_area_beyond_the_limit_is_refused(decoder: Decoder, width: int, height: int) -> None:
    assert word_of(decoder, png_of_zeros(width=width, height=height)) == "too_many_pixels"


def test_a_gif_whose_frame_is_larger_than_its_screen_is_refused(decoder: Decoder) -> None:
    screen = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0" * 6
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0) + b"\x02\x02\x44\x01\x00"
    assert word_of(decoder, screen + frame + b"\x3b") == "too_many_pixels"


def test_a_webp_canvas_beyond_the_limit_is_refused(decoder: Decoder) -> None:
    header = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + (16_383 - 1).to_bytes(3, "little") * 2
    assert word_of(decoder, b"RIFF" + struct.pack("<I", 4 + len(header)) + b"WEBP" + header) == "too_many_pixels"


def test_a_text_chunk_bomb_does_not_hurt(decoder: Decoder) -> None:
    bomb = png_chunk(b"zTXt", b"k\0\0" + zlib.compress(b"\0" * 200_000_000, 9))
    data = PNG[:33] + bomb + PNG[33:]
    assert word_of(decoder, data) == "damaged"
    assert decoder.decode(PNG).width == 200


@pytest.mark.parametrize("tail", [b"PK\x05\x06" + b"\0" * 18, b"<script>", b"%PDF-1.4", JPEG])
def test_a_polyglot_is_the_picture_that_viewers_show(decoder: Decoder, tail: bytes) -> None:
    assert decoder.decode(JPEG + tail).pdq == decoder.decode(JPEG).pdq


def test_more_bytes_than_the_limit_are_not_even_sent() -> None:
    with Decoder() as unused:
        assert word_of(unused, bytes(MAX_BYTES + 1)) == "too_large"
        assert not unused._idle


def test_as_many_bytes_as_the_limit_pass_through_the_pipe(decoder: Decoder) -> None:
    assert decoder.decode(PNG + bytes(MAX_BYTES - len(PNG))).width == 200


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF"])
def test_a_file_cut_at_many_points_is_refused_by_the_same_worker(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(decoder_module, "RECYCLE_AFTER", 10**6)
    data = encoded(PICTURE, kind)
    decoder.decode(data)
    pid = worker_pid(decoder)
    for part in range(1, 40):
        assert word_of(decoder, data[: len(data) * part // 40]) in {"truncated", "damaged", "not_a_picture"}
    assert worker_pid(decoder) == pid


# --- fuzz ---

SEEDS = {
    "jpeg": JPEG,
    "progressive": encoded(PICTURE, "JPEG", progressive=True),
    "exif": turned_by_exif(PICTURE, 6, "JPEG"),
    "png": PNG,
    "palette": encoded(PICTURE.convert("P"), "PNG", transparency=0),
    "gif": encoded(PICTURE, "GIF"),
    "webp": encoded(PICTURE, "WEBP"),
    "avif": encoded(PICTURE, "AVIF"),
    "heic": heic(PICTURE),
    "heic grid": heic(PICTURE, Layout(tile=64, turns=1)),
    "bmp": encoded(PICTURE, "BMP"),
    "tiff": encoded(PICTURE, "TIFF"),
    "tiff lzw": encoded(PICTURE, "TIFF", compression="tiff_lzw"),
}
MUTATIONS = st.lists(st.tuples(st.integers(0, 2**20), st.binary(min_size=1, max_size=4)), min_size=1, max_size=12)


def mutated(data: bytes, mutations: list[tuple[int, bytes]]) -> bytes:
    changed = bytearray(data)
    for at, new in mutations:
        # most of what parsers read lies in the first bytes
        start = at % min(len(changed), 700 if at % 3 else len(changed))
        changed[start : start + len(new)] = new
    return bytes(changed)


def decode_any(decoder: Decoder, data: bytes) -> None:
    try:
        word = "decoded" if decoder.decode(data).width else ""
    except NotDecodedError as error:
        word = error.reason
    assert word in {"decoded", "not_a_picture", "unsupported", "truncated", "damaged", "too_many_pixels"}


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(SEEDS)), mutations=MUTATIONS)
def test_a_damaged_file_is_decoded_or_refused_and_nothing_dies(
    decoder: Decoder, name: str, mutations: list[tuple[int, bytes]]
) -> None:
    decode_any(decoder, mutated(SEEDS[name], mutations))


@pytest.mark.slow
@settings(max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(SEEDS)), mutations=MUTATIONS)
def test_thousands_of_damaged_files_are_decoded_or_refused(
    decoder: Decoder, name: str, mutations: list[tuple[int, bytes]]
) -> None:
    decode_any(decoder, mutated(SEEDS[name], mutations))


# --- a worker that dies, hangs or lies ---


def test_a_worker_killed_between_pictures_is_replaced_unnoticed(decoder: Decoder) -> None:
    before = decoder.decode(PNG)
    pid = worker_pid(decoder)
    os.kill(pid, signal.SIGKILL)
    assert decoder.decode(PNG).pdq == before.pdq
    assert worker_pid(decoder) != pid


def test_a_worker_killed_in_the_middle_of_a_picture_is_replaced_and_asked_again() -> None:
    slow = png_of_zeros(width=7_000, height=7_000)
    with Decoder() as decoder:
        decoder.decode(PNG)
        pid = worker_pid(decoder)
        killer = threading.Timer(0.1, os.kill, (pid, signal.SIGKILL))
        killer.start()
        assert decoder.decode(slow).width == 7_000
        killer.join()
        assert worker_pid(decoder) != pid


SCRIPT = """
import os, sys, time
HELLO = b'{"sandbox": "none: a test"}'
def say(body): os.write(1, len(body).to_bytes(4, "big") + body)
"""


def with_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> Decoder:
    """A decoder whose worker is this script."""
    file = tmp_path / "worker.py"
    file.write_text(SCRIPT + script)
    python = decoder_module._COMMAND[0]
    monkeypatch.setattr(decoder_module, "_COMMAND", (python, "-I", str(file)))
    return Decoder(timeout_s=0.5, start_timeout_s=10)


@pytest.mark.parametrize(
    "script",
    [
        "sys.exit(3)",
        "os.kill(os.getpid(), 9)",
        "say(b'not json')",
        "say(b'[]')",
        "say(b'{\"sandbox\": 1}')",
        "os.write(1, b'\\xff\\xff\\xff\\xff')",
        "say(HELLO + b'x'); time.sleep(9)",
        "say(HELLO); sys.exit(0)",
        "say(HELLO); os.read(0, 9); say(b'{}')",
        'say(HELLO); os.read(0, 9); say(b\'{"not_decoded": "anything else"}\')',
        "say(HELLO); os.read(0, 9); say(b'[' * 4000)",
        "say(HELLO); os.read(0, 9); say(b'{\"width\": 1}')",
        "say(HELLO); os.read(0, 9); say(b' ' * 5000)",
        "say(HELLO); os.read(0, 9); say(b'{}' ); say(b'{}'); time.sleep(9)",
    ],
)
def test_a_worker_that_dies_or_talks_nonsense_is_a_dead_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str
) -> None:
    with with_worker(monkeypatch, tmp_path, script) as decoder:
        assert word_of(decoder, PNG) == "worker_died"
        assert not decoder._idle


@pytest.mark.parametrize(
    "script",
    [
        "say(HELLO); time.sleep(60)",
        "say(HELLO); os.read(0, 9); time.sleep(60)",
        "say(HELLO); os.read(0, 9); os.write(1, b'\\0\\0'); time.sleep(60)",
        "say(HELLO); os.read(0, 9); os.write(1, b'\\0\\0\\0\\x09{'); time.sleep(60)",
    ],
)
def test_a_worker_that_hangs_is_ended_in_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    with with_worker(monkeypatch, tmp_path, script) as decoder:
        # more than a pipe holds, so that sending blocks as well
        assert word_of(decoder, PNG + bytes(2**20)) == "timeout"
        assert not decoder._idle


def test_a_worker_that_cannot_be_started_is_a_dead_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder_module, "_COMMAND", ("/nonexistent/python",))
    before = open_descriptors()
    assert word_of(Decoder(), PNG) == "worker_died"
    assert open_descriptors() == before


def test_after_a_failure_the_next_picture_is_decoded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with monkeypatch.context() as patched:
        decoder = with_worker(patched, tmp_path, "sys.exit(3)")
        assert word_of(decoder, PNG) == "worker_died"
    with decoder:
        decoder._timeout_s = 60
        assert decoder.decode(PNG).width == 200


def test_a_worker_is_replaced_after_its_share_of_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder_module, "RECYCLE_AFTER", 2)
    with Decoder() as decoder:
        pids = []
        for _ in range(3):
            decoder.decode(PNG)
            pids.append(worker_pid(decoder))
    assert pids[0] == pids[1] != pids[2]


def test_nothing_is_left_of_a_closed_decoder() -> None:
    before = open_descriptors()
    with Decoder() as decoder:
        decoder.decode(PNG)
        pid = worker_pid(decoder)
    assert open_descriptors() == before
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_threads_get_their_own_answers(decoder: Decoder) -> None:
    pictures = [encoded(image(width=100 + n, height=90), "PNG") for n in range(8)]
    widths: dict[int, int] = {}

    def decode(index: int) -> None:
        widths[index] = decoder.decode(pictures[index]).width

    threads = [threading.Thread(target=decode, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert widths == {n: 100 + n for n in range(8)}


def test_pictures_that_are_begun_are_decoded_while_others_are_begun() -> None:
    pictures = [encoded(image(width=100 + n, height=90), "PNG") for n in range(6)]
    with Decoder(workers=2) as decoder:
        begun = [decoder.begin(data) for data in pictures]
        assert [each.result().decoded.width for each in begun] == [100 + n for n in range(6)]
        assert 1 <= len(decoder._idle) <= 2
        assert decoder.begin(b"no picture").result().reason == "not_a_picture"


def test_no_more_pictures_are_held_than_there_are_workers() -> None:
    entered, leave = threading.Semaphore(0), threading.Event()

    class Slow(Decoder):
        def decode(self, data: bytes) -> Decoded:
            entered.release()
            leave.wait()
            return super().decode(data)

    with Slow(workers=2) as decoder:
        begin = threading.Thread(target=lambda: [decoder.begin(PNG) for _ in range(3)])
        begin.start()
        assert entered.acquire(timeout=10)
        assert entered.acquire(timeout=10)
        assert not entered.acquire(timeout=0.2)
        leave.set()
        begin.join()


def test_fingerprints_of_a_picture_do_not_show_themselves() -> None:
    prints, crops = fingerprints_of(JPEG)
    assert crops.hashes == crop_hashes(read_scaled(JPEG))
    assert repr(crops) == "<DecodedCrops: not shown>"
    assert prints.sha256 == hashlib.sha256(JPEG).hexdigest()
    assert prints.sha256 not in repr(prints)


def test_nothing_can_be_said_of_a_picture_that_cannot_be_decoded() -> None:
    with pytest.raises(NotDecodedError, match="nothing can be said"):
        fingerprints_of(b"no picture")
