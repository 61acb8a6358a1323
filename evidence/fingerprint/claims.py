"""What a picture or a video says of itself: when it was taken or recorded, and with which device.

A claim and no more: anybody can write it there, and clocks of devices are wrong. Read of pictures: EXIF, where a
camera writes it. Of videos: what the container says. Never read: the position, serial numbers, names of owners,
comments and whatever else such a file may hold about whoever brought it. Like ``picture``, this runs in the sandboxed
worker and, outside tests, nowhere else.

LIMIT: XMP and IPTC are not read, nor what documents say. What is malformed says nothing.
"""

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from datetime import datetime
from io import BytesIO
from typing import Final

import av
import av.error
from PIL import Image

from evidence.errors import NotDecodedError
from evidence.fingerprint.heic import heic_exif
from evidence.fingerprint.picture import MALFORMED, opened_picture
from evidence.fingerprint.video import opened_video
from evidence.fingerprint.whole import sniff_media_type, sniff_video
from evidence.times import format_time

MAX_CLAIM: Final = 64
"""Characters of a name; EXIF has room for more, and no device needs it."""
_EXIF_IFD: Final = 0x8769
_MAKER, _MODEL, _SOFTWARE, _CHANGED = 0x010F, 0x0110, 0x0131, 0x0132
_TAKEN, _DIGITISED = 0x9003, 0x9004
_CHANGED_OFFSET, _TAKEN_OFFSET, _DIGITISED_OFFSET = 0x9010, 0x9011, 0x9012
# strptime would import a module when it is first used, which the walls refuse
_EXIF_TIME: Final = re.compile(r"(\d{4}):(\d{2}):(\d{2}) (\d{2}):(\d{2}):(\d{2})", re.ASCII)
_ZONE: Final = re.compile(r"[+-]\d{2}:\d{2}", re.ASCII)
_LOCAL_LENGTH: Final = len("2026-05-01 12:34:56")
_NAMES: Final = {"maker": _MAKER, "model": _MODEL, "software": _SOFTWARE}
_KEYS: Final = {
    "maker": ("com.apple.quicktime.make", "com.android.manufacturer", "make"),
    "model": ("com.apple.quicktime.model", "com.android.model", "model"),
    "software": ("com.apple.quicktime.software", "com.android.version", "encoder"),
}
"""What containers call it, the most telling first."""
_LOCAL_KEYS: Final = ("com.apple.quicktime.creationdate", "date")


def read_claims(data: bytes) -> Mapping[str, str]:
    """What a file says of itself, by field of the content part ``file_says``; empty where it says nothing.

    Raises:
        MemoryError: The file needs more than this process may have.
    """
    said: dict[str, str] = {}
    with suppress(NotDecodedError, av.error.FFmpegError, *MALFORMED), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in picture
        kind = sniff_video(data)
        said.update(_of_picture(data) if kind is None else _of_container(kind, data))
    return said


def _of_picture(data: bytes) -> Iterator[tuple[str, str]]:
    kind = sniff_media_type(data)
    if kind == "image/heic":
        exif = Image.Exif()
        exif.load(heic_exif(data))
        yield from _of_exif(exif)
    # a PNG would be decoded whole in search of what it does not have
    elif kind != "image/png" or b"eXIf" in data:
        with closing(opened_picture(kind, data)) as image:
            yield from _of_exif(image.getexif())


def _of_exif(exif: Image.Exif) -> Iterator[tuple[str, str]]:
    inner = exif.get_ifd(_EXIF_IFD)
    taken = _exif_time(inner.get(_TAKEN), inner.get(_TAKEN_OFFSET))
    times = {
        "taken": taken,
        "digitised": _exif_time(inner.get(_DIGITISED), inner.get(_DIGITISED_OFFSET)),
        "changed": _exif_time(exif.get(_CHANGED), inner.get(_CHANGED_OFFSET)),
    }
    # a camera writes one time three times
    same = (taken or "")[:_LOCAL_LENGTH]
    yield from (
        (name, time) for name, time in times.items() if time and (name == "taken" or time[:_LOCAL_LENGTH] != same)
    )
    yield from _named((name, (exif.get(tag),)) for name, tag in _NAMES.items())


def _exif_time(time: object, offset: object) -> str | None:
    """A time by the device's own clock, with its offset to UTC where the device says it."""
    found = _EXIF_TIME.fullmatch(time.strip("\0 ")) if isinstance(time, str) else None
    if found is None:
        return None
    year, month, day, hour, minute, second = map(int, found.groups())
    with suppress(ValueError):
        shown = datetime(year, month, day, hour, minute, second).isoformat(" ")  # noqa: DTZ001 - it has no zone
        zone = _ZONE.fullmatch(offset.strip("\0 ")) if isinstance(offset, str) else None
        return f"{shown} {zone.group()}" if zone else shown
    return None


def _of_container(kind: str, data: bytes) -> Iterator[tuple[str, str]]:
    with opened_video(kind, BytesIO(data)) as container:
        said = dict(container.metadata)
    if local := next((at for at in map(_moment, map(said.get, _LOCAL_KEYS)) if at and at.tzinfo), None):
        shown = local.isoformat(" ", "seconds")
        yield "taken", f"{shown[:_LOCAL_LENGTH]} {shown[_LOCAL_LENGTH:]}"
    if (created := _moment(said.get("creation_time"))) and created.tzinfo:
        yield "created_at", format_time(created)
    yield from _named((name, map(said.get, keys)) for name, keys in _KEYS.items())


def _moment(text: object) -> datetime | None:
    """A time as containers write it."""
    with suppress(ValueError):
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    return None


def _named(names: "Iterator[tuple[str, Iterator[object] | tuple[object, ...]]]") -> Iterator[tuple[str, str]]:
    """Names of what made the file: the first value that is one."""
    for name, values in names:
        shown = (each.strip("\0 ")[:MAX_CLAIM].strip() for each in values if isinstance(each, str))
        if found := next((each for each in shown if each and each.isprintable()), None):
            yield name, found
