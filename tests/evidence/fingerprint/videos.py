"""Generated videos: scenes that follow one another, in every container and codec that is read."""

from io import BytesIO

import av
import numpy as np

from tests.evidence.fingerprint.pictures import Rgb, scene

RATE = 25
KINDS = {
    "video/mp4": ("mp4", "libx264"),
    "video/webm": ("webm", "libvpx-vp9"),
    "video/x-msvideo": ("avi", "mpeg4"),
    "video/x-flv": ("flv", "flv1"),
    "video/mpeg": ("mpeg", "mpeg1video"),
}
"""Media type -> a container of it, and a codec."""
CODECS = (("mov", "mpeg4"), ("matroska", "libx265"), ("webm", "libvpx"), ("mp4", "libsvtav1"))


def film(
    scenes: int = 3,
    *,
    container: str = "mp4",
    codec: str = "libx264",
    seconds: int = 2,
    size: tuple[int, int] = (320, 240),
    first: int = 1,
    **options: str,
) -> bytes:
    """A video of so many scenes, each of some seconds, with a key frame every second."""
    made = BytesIO()
    with av.open(made, "w", format=container, options=options) as target:
        stream = target.add_stream(codec, rate=RATE)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = RATE
        for rgb in (view(number, size) for number in range(first, first + scenes) for _frame in range(seconds * RATE)):
            for packet in stream.encode(av.VideoFrame.from_ndarray(np.asarray(rgb), format="rgb24")):
                target.mux(packet)
        for packet in stream.encode(None):
            target.mux(packet)
    return made.getvalue()


def view(number: int, size: tuple[int, int] = (320, 240)) -> Rgb:
    return scene(width=size[0], height=size[1], seed=number)


def sound() -> bytes:
    """A file of a video's container that has sound alone."""
    made = BytesIO()
    with av.open(made, "w", format="mp4") as target:
        stream = target.add_stream("aac", rate=44_100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44_100
        for packet in (*stream.encode(frame), *stream.encode(None)):
            target.mux(packet)
    return made.getvalue()
