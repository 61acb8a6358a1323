"""The process that decodes: ``python -P -s -m evidence.fingerprint.worker``.

It shuts itself in before the first byte of a picture arrives, says which walls stand, and then
answers requests until its input ends. A request is one byte that says what is wanted (``WantedOfFile``), an 8-byte
big-endian length and a file's bytes. An answer is a 4-byte length and one JSON object: the hello, then for each
request the fields of ``Decoded``, ``DecodedVideo`` or ``DecodedCrops``, ``{"claims": {...}}``, or
``{"not_decoded": WORD}``. If a decoder fails by its own fault, the process ends and the parent starts another: there
is nothing here to lose.
"""

import json
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from io import BytesIO
from typing import BinaryIO, Final

import av
import numpy as np
from PIL import Image, features

from evidence.errors import NotDecodedError
from evidence.fingerprint.claims import read_claims
from evidence.fingerprint.crops import crop_hashes
from evidence.fingerprint.decoder import REPLY_HEADER, REQUEST_HEADER, WantedOfFile
from evidence.fingerprint.pdq import Pdq
from evidence.fingerprint.phash import phash
from evidence.fingerprint.picture import Picture, Trimmed, read_picture, read_scaled
from evidence.fingerprint.sandbox import shut_process_in
from evidence.fingerprint.video import Video, read_video
from evidence.fingerprint.whole import sniff_video

MAX_MEMORY: Final = 1536 * 2**20
"""Address space in bytes; a JPEG of 100 megapixels peaks at 0.94 GB, libraries included."""

_SMALLEST: Final = 16
_CODECS: Final = ("libjpeg_turbo", "zlib_ng", "zlib", "webp", "avif", "libtiff")


def main() -> None:
    """The sandboxed decoder: answer requests to decode pictures, from standard input, until it ends."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    versions = _versions()
    _load_what_is_loaded_late()
    walls = shut_process_in(max_memory=MAX_MEMORY)
    _send(sink, {"sandbox": str(walls)})
    while header := source.read(REQUEST_HEADER):
        data = source.read(int.from_bytes(header[1:]))
        _send(sink, _answer(WantedOfFile(header[:1]), data, versions))


def _answer(wanted: WantedOfFile, data: bytes, versions: Mapping[str, str]) -> dict[str, object]:
    try:
        if wanted is WantedOfFile.CROPS:
            return {"crops": b"".join(crop_hashes(read_scaled(data))).hex()}
        if wanted is WantedOfFile.CLAIMS:
            return {"claims": read_claims(data)}
        kind = sniff_video(data)
        fields = _fields(read_picture(data)) if kind is None else _video_fields(read_video(kind, data))
        return fields | {"versions": versions}
    except NotDecodedError as error:
        # its code, not its words: the catalogue lies outside the walls
        return {"not_decoded": error.reason}
    except MemoryError:
        # even fewer pixels than the limit can need more memory than the limit
        return {"not_decoded": "too_many_pixels"}


def _fields(picture: Picture) -> dict[str, object]:
    return {
        "width": picture.width,
        "height": picture.height,
        "media_type": picture.media_type,
        "first_frame_only": picture.animated,
        "phash": picture.phash,
        "trimmed": [_trimmed(each) for each in picture.trimmed],
        **(_hashes(picture.pdq) if picture.pdq else {"pdq": [], "quality": 0}),
    }


def _video_fields(video: Video) -> dict[str, object]:
    return {
        "width": video.width,
        "height": video.height,
        "media_type": video.media_type,
        "key_frames": [{"at_ms": frame.at_ms, **_hashes(frame.pdq)} for frame in video.frames],
    }


def _trimmed(trimmed: Trimmed) -> dict[str, object]:
    box = trimmed.box
    return {"left": box.left, "top": box.top, "width": box.width, "height": box.height, **_hashes(trimmed.pdq)}


def _hashes(pdq: Pdq) -> dict[str, object]:
    return {"pdq": [value.hex() for value in pdq.hashes], "quality": pdq.quality}


def _send(sink: BinaryIO, fields: Mapping[str, object]) -> None:
    body = json.dumps(fields).encode("ascii")
    sink.write(len(body).to_bytes(REPLY_HEADER) + body)
    sink.flush()


def _versions() -> dict[str, str]:
    packages = {name: version(name) for name in ("pillow", "av", "numpy", "scipy", "imagehash")}
    codecs = {name: features.version(name) for name in _CODECS}
    return packages | {name: found for name, found in codecs.items() if found}


def _load_what_is_loaded_late() -> None:
    """Import what libraries would import at first use: behind the walls no module can be opened."""
    import_module("PIL.TiffImagePlugin")
    phash(Image.new("L", (1, 1)))
    read_video("video/webm", _smallest_video())


def _smallest_video() -> bytes:
    """One grey frame; to decode it loads all that decoding any video needs."""
    made = BytesIO()
    with av.open(made, "w", format="matroska") as container:
        stream = container.add_stream("mpeg4", rate=1)
        stream.width = stream.height = _SMALLEST
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.full((_SMALLEST, _SMALLEST, 3), 128, np.uint8), format="rgb24")
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return made.getvalue()


if __name__ == "__main__":
    main()
