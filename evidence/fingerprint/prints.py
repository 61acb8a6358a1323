"""All fingerprints of one file, in the form in which they are sealed.

They are made once, at intake: afterwards nobody without the office key can see the picture again.
The only ways out are ``sealing_bytes``, for the prints envelope, and ``as_asked``, for a question, which is sealed too.
The only way to compare is ``pdq_for_matching``, for ``evidence.match``. A test finds every other caller.

The sealed form is JCS (RFC 8785) of strings, arrays and objects:

    format            "nisisama/prints/1"
    sha256, md5       of the file; MD5 only because lists of known files still use it
    key_frames        [{"at_ms", "pdq"}, ...]: of key frames of a video, in order

of a video that could be decoded, also ``media_type``, ``width`` and ``height`` of its first frame, and ``decoder``;
and, if the file is a picture that could be decoded:

    media_type        by content
    width, height     of the upright picture, decimal
    frame             "only", or "first" of an animation
    pdq               {"quality": decimal, ORIENTATION: 64 hex digits, ... all eight}, or null
                      for a picture with a side shorter than 5 pixels
    trimmed           [{"left", "top", "width", "height", "pdq"}, ...]: of the picture without its border,
                      and where that lies in it; at most two (``evidence.fingerprint.trim``)
    phash             16 hex digits
    decoder           {"route": "full-rgb", NAME: version, ...}
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Self, TypeAlias

from config.errors import Term
from evidence.canonical import Value, jcs, read_jcs
from evidence.errors import CanonicalError, PrintsError
from evidence.fingerprint.decoded import (
    MAX_TRIMS,
    MAX_VERSIONS,
    MEDIA_TYPE,
    PDQ_HEX,
    PHASH_HEX,
    VERSION,
    VIDEO_TYPE,
    Decoded,
    DecodedFrame,
    DecodedTrim,
    DecodedVideo,
)
from evidence.fingerprint.orientation import Orientation
from evidence.fingerprint.unspoken import Unspoken

FORMAT: Final = "nisisama/prints/1"
ROUTE: Final = "full-rgb"
"""Luma from a full-size RGB decode: the route that gives the reference's own hashes."""
MAX_BYTES: Final = 1 << 20

Eights: TypeAlias = tuple[tuple[bytes, ...], ...]
"""Of a picture and of each of its trims: eight hashes of 32 bytes, the first upright."""

_SHA256_HEX: Final = re.compile(r"[0-9a-f]{64}")
_MD5_HEX: Final = re.compile(r"[0-9a-f]{32}")
_SIDE: Final = re.compile(r"[1-9][0-9]{0,4}")
_QUALITY: Final = re.compile(r"0|[1-9][0-9]?|100")
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_FRAME: Final = re.compile(r"only|first")


class Prints(Unspoken):
    """One file's fingerprints. They cannot be shown, logged, copied or serialised; see ``sealing_bytes``."""

    __slots__ = ("_fields",)

    _fields: Mapping[str, Value]

    def __init__(self, fields: Mapping[str, Value]) -> None:
        """Take the fields of the sealed form.

        Raises:
            PrintsError: A field is missing, unknown or malformed.
        """
        checks = next((form for form in (_FILE, _VIDEO) if fields.keys() == form.keys()), _PICTURE)
        if fields.keys() != checks.keys():
            raise PrintsError("prints.other_fields", expected=FORMAT)
        for name, check in checks.items():
            if not check(fields[name]):
                raise PrintsError("prints.malformed", where=name)
        self._fill(_fields=fields)

    @classmethod
    def of_file(cls, *, sha256: str, md5: str, picture: Decoded | DecodedVideo | None) -> Self:
        """The prints of a file from its digests and what was decoded of it.

        Args:
            sha256: 64 lower hex digits.
            md5: 32 lower hex digits.
            picture: Or video; None for a file that is neither, or could not be decoded.
        """
        fields: dict[str, Value] = {
            "format": FORMAT,
            "sha256": sha256,
            "md5": md5,
            "key_frames": [],
        }
        match picture:
            case None:
                return cls(fields)
            case DecodedVideo():
                return cls(fields | _video_fields(picture))
            case Decoded():
                return cls(fields | _picture_fields(picture))

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the prints of a file from the form in which they are sealed.

        Raises:
            PrintsError: It is malformed, of another version, or not canonical.
        """
        if len(data) > MAX_BYTES:
            raise PrintsError("prints.too_long", limit=MAX_BYTES)
        try:
            fields = read_jcs(data, where=Term("what.prints"))
        except CanonicalError as error:
            # the error must not carry what was parsed
            raise PrintsError("prints.unreadable", cause=error) from None
        if not isinstance(fields, dict):
            raise PrintsError("prints.not_canonical")
        return cls(fields)

    def sealing_bytes(self) -> bytes:
        """The canonical bytes of these prints, for the prints envelope and nothing else."""
        return jcs(self._fields)

    @property
    def sha256(self) -> str:
        """SHA-256 of the file, 64 hex digits."""
        return str(self._fields["sha256"])

    @property
    def md5(self) -> str:
        """MD5 of the file, 32 hex digits, for lists of known files."""
        return str(self._fields["md5"])

    def pdq_for_matching(self, *, min_quality: int) -> Eights:
        """The PDQ hashes of the picture and of each trim or key frame, of enough quality, for ``evidence.match``."""
        parts = (self._fields.get("trimmed"), self._fields["key_frames"])
        return _eights(self._fields.get("pdq"), parts, min_quality)

    def as_asked(self) -> Mapping[str, Value]:
        """What a question says of the picture, for ``evidence.match.question`` alone: it seals it."""
        return {name: self._fields.get(name) for name in ("pdq", "sha256")} | {
            "trimmed": self._fields.get("trimmed") or []
        }


def read_asked(fields: Mapping[str, Value], *, min_quality: int) -> Eights:
    """The PDQ hashes, in the fingerprints that a question says of a picture, of enough quality.

    Raises:
        PrintsError: A field is malformed.
    """
    for name in ("pdq", "sha256", "trimmed"):
        if not _PICTURE[name](fields[name]):
            raise PrintsError("prints.malformed", where=name)
    return _eights(fields["pdq"], (fields["trimmed"],), min_quality)


def _eights(pdq: Value, parts: Iterable[Value], min_quality: int) -> Eights:
    others = (each for part in parts if isinstance(part, list) for each in part)
    eights = (pdq, *(each["pdq"] for each in others if isinstance(each, dict)))
    return tuple(
        tuple(bytes.fromhex(eight[name]) for name in Orientation)
        for eight in eights
        if isinstance(eight, dict) and int(eight["quality"]) >= min_quality
    )


def _picture_fields(picture: Decoded) -> dict[str, Value]:
    return {
        "media_type": picture.media_type,
        "width": str(picture.width),
        "height": str(picture.height),
        "frame": "first" if picture.first_frame_only else "only",
        "pdq": _pdq_fields(picture) if picture.pdq else None,
        "trimmed": [_trim_fields(trim) for trim in picture.trimmed],
        "phash": picture.phash,
        "decoder": {"route": ROUTE, **picture.versions},
    }


def _video_fields(video: DecodedVideo) -> dict[str, Value]:
    return {
        "media_type": video.media_type,
        "width": str(video.width),
        "height": str(video.height),
        "key_frames": [{"at_ms": str(frame.at_ms), "pdq": _pdq_fields(frame)} for frame in video.key_frames],
        "decoder": {"route": ROUTE, **video.versions},
    }


def _trim_fields(trim: DecodedTrim) -> Value:
    return {name: str(getattr(trim, name)) for name in _PLACE} | {"pdq": _pdq_fields(trim)}


def _pdq_fields(of: Decoded | DecodedTrim | DecodedFrame) -> Value:
    return {"quality": str(of.quality), **dict(zip(Orientation, of.pdq, strict=True))}


def _fits(pattern: re.Pattern[str]) -> Callable[[Value], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_pdq(value: Value) -> bool:
    if value is None:
        return True
    if not isinstance(value, dict) or value.keys() != {"quality", *Orientation}:
        return False
    hex_fits = _fits(PDQ_HEX)
    return _fits(_QUALITY)(value["quality"]) and all(hex_fits(value[name]) for name in Orientation)


def _is_decoder(value: Value) -> bool:
    fits = _fits(VERSION)
    return (
        isinstance(value, dict)
        and value.get("route") == ROUTE
        and len(value) <= MAX_VERSIONS + 1
        and all(fits(name) and fits(inner) for name, inner in value.items())
    )


_PLACE: Final = {name: _fits(_DECIMAL) for name in ("left", "top", "width", "height")}
_MOMENT: Final = {"at_ms": _fits(_DECIMAL)}


def _is_rendering(value: Value, place: Mapping[str, Callable[[Value], bool]]) -> bool:
    """The hashes of one rendering of a file, beside what says which."""
    return (
        isinstance(value, dict)
        and value.keys() == {*place, "pdq"}
        and all(check(value[name]) for name, check in place.items())
        and value["pdq"] is not None
        and _is_pdq(value["pdq"])
    )


def _is_trimmed(value: Value) -> bool:
    return isinstance(value, list) and len(value) <= MAX_TRIMS and all(_is_rendering(each, _PLACE) for each in value)


def _is_key_frames(value: Value) -> bool:
    return isinstance(value, list) and all(_is_rendering(frame, _MOMENT) for frame in value)


_FILE: Final[dict[str, Callable[[Value], bool]]] = {
    "format": lambda value: value == FORMAT,
    "sha256": _fits(_SHA256_HEX),
    "md5": _fits(_MD5_HEX),
    "key_frames": _is_key_frames,
}
_VIDEO: Final = _FILE | {
    "media_type": _fits(VIDEO_TYPE),
    "width": _fits(_SIDE),
    "height": _fits(_SIDE),
    "decoder": _is_decoder,
}
_PICTURE: Final = _FILE | {
    "media_type": _fits(MEDIA_TYPE),
    "width": _fits(_SIDE),
    "height": _fits(_SIDE),
    "frame": _fits(_FRAME),
    "pdq": _is_pdq,
    "trimmed": _is_trimmed,
    "phash": _fits(PHASH_HEX),
    "decoder": _is_decoder,
}
