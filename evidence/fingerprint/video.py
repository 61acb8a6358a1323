"""From a video's bytes to the fingerprints of some of its key frames: FFmpeg demuxes and decodes, ``pdq`` computes.

Like ``picture``, this runs in the sandboxed worker and, outside tests, nowhere else. A key frame decodes by itself, so
a dozen of them cost half a second however long the video is; they are spread evenly over all that it has. Each is
hashed as a viewer shows it, turned by the rotation that the video states.

LIMIT: pixels that are not square are taken for square, and HDR is not mapped to what a screen shows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import BinaryIO, Final, TypeAlias

import av
import av.error
import numpy as np
from av.container import InputContainer

from config.errors import Term
from evidence.errors import NotDecodedError
from evidence.fingerprint.pdq import Pdq, Rgb, pdq

MOST_FRAMES: Final = 12
MAX_PIXELS: Final = 40_000_000
"""Of one frame; 8K has 33 million."""
_MOST_PACKETS: Final = 2_000_000
_MILLISECONDS: Final = 1000
_QUARTER: Final = 90
_Packet: TypeAlias = "av.Packet[av.VideoStream]"
_MALFORMED: Final = (av.error.FFmpegError, ArithmeticError, LookupError, TypeError, ValueError)
"""What FFmpeg and its binding let through when a file is malformed."""
_DEMUXERS: Final = {
    "video/mp4": "mov,mp4,m4a,3gp,3g2,mj2",
    "video/webm": "matroska,webm",
    "video/x-msvideo": "avi",
    "video/x-flv": "flv",
    "video/mpeg": "mpeg",
}
"""The one demuxer that each kind gets, by all of its names: nothing is guessed from the content."""
_DECODERS: Final = frozenset(
    {"av1", "flv", "h263", "h264", "hevc", "libdav1d", "mjpeg", "mpeg1video", "mpeg2video", "mpeg4", "vp8", "vp9"}
)
"""What phones and Telegram make. FFmpeg has hundreds more, which nothing that somebody posted may reach."""


@dataclass(frozen=True, slots=True, repr=False)
class KeyFrame:
    """One frame.

    Attributes:
        at_ms: From the beginning of the video.
    """

    at_ms: int
    pdq: Pdq


@dataclass(frozen=True, slots=True, repr=False)
class Video:
    """What was computed of a video.

    Attributes:
        width: Of its first frame, as a viewer shows it.
        frames: In their order.
    """

    media_type: str
    width: int
    height: int
    frames: tuple[KeyFrame, ...]


def read_video(kind: str, data: bytes) -> Video:
    """Decode key frames of a video.

    Args:
        kind: What ``evidence.fingerprint.whole.sniff_video`` said.

    Raises:
        NotDecodedError: ``damaged``, ``too_many_pixels``, or ``unsupported``: it has no moving picture.
        MemoryError: A frame needs more than this process may have.
    """
    frames, sides = list[KeyFrame](), (0, 0)
    try:
        for at_ms, rgb in _frames(kind, data):  # one in memory at a time
            sides = sides if any(sides) else (rgb.shape[1], rgb.shape[0])
            if (found := _hashed(rgb)) is not None:
                frames.append(KeyFrame(at_ms, found))
    except _MALFORMED as error:
        raise NotDecodedError("not_decoded.decoder_gave_up", found=Term("undecoded.damaged")) from error
    if not any(sides):
        raise NotDecodedError("not_decoded.decoder_gave_up", found=Term("undecoded.damaged"))
    return Video(kind, *sides, tuple(frames))


def opened_video(kind: str, file: BinaryIO) -> InputContainer:
    """A video's container, opened by the one demuxer of its kind; raises what FFmpeg and its binding let through."""
    only = {"codec_whitelist": ",".join(sorted(_DECODERS)), "format_whitelist": _DEMUXERS[kind]}
    demuxer = _DEMUXERS[kind].partition(",")[0]
    return av.open(file, "r", format=demuxer, options=only, metadata_errors="replace")


def _hashed(rgb: Rgb) -> Pdq | None:
    return pdq(lambda top, bottom: rgb[top:bottom], width=rgb.shape[1], height=rgb.shape[0])


def _frames(kind: str, data: bytes) -> Iterator[tuple[int, Rgb]]:
    """Key frames with their times, evenly spread over all that there are."""
    with opened_video(kind, BytesIO(data)) as container:
        if not container.streams.video or container.streams.video[0].codec_context.name not in _DECODERS:
            raise NotDecodedError("not_decoded.kind", found=Term("undecoded.unsupported"))
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1  # none could be started behind the walls
        stream.codec_context.options = {"err_detect": "explode"}  # what is guessed was never shown to anybody
        packets = islice(container.demux(stream), _MOST_PACKETS)
        keys = [packet for packet in packets if packet.is_keyframe and not packet.is_corrupt]
        begin = min((_at(packet) for packet in keys), default=0.0)
        for number in _spread(len(keys)):
            at_ms = round((_at(keys[number]) - begin) * _MILLISECONDS)
            for rgb in _decoded(stream.codec_context, keys[number]):
                yield at_ms, rgb


def _at(packet: _Packet) -> float:
    """When a packet is shown, in seconds."""
    ticks = packet.dts if packet.pts is None else packet.pts
    return float((ticks or 0) * (packet.time_base or 0))


def _spread(count: int) -> Sequence[int]:
    """Numbers of the frames to look at, the first and the last among them."""
    if count <= MOST_FRAMES:
        return range(count)
    return [at * (count - 1) // (MOST_FRAMES - 1) for at in range(MOST_FRAMES)]


def _decoded(context: av.VideoCodecContext, packet: _Packet) -> Iterator[Rgb]:
    """The frames of one packet alone: what came before it does not count, and nothing is held back.

    One that is damaged gives none, and spoils no other.
    """
    try:
        frames = [*context.decode(packet), *context.decode(None)]
    except _MALFORMED:
        frames = []
    for frame in frames:
        if frame.width * frame.height > MAX_PIXELS:
            raise NotDecodedError("not_decoded.too_many_pixels_in_file", found=Term("undecoded.too_many_pixels"))
        if not frame.is_corrupt:
            turns = round(frame.rotation / _QUARTER)
            yield np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), turns))
    context.flush_buffers()
