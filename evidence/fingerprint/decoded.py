"""What the decoder found in a picture, read from the worker's reply.

A worker that decoded a hostile picture may be under its control, so this module treats the reply
as hostile too: it takes exact names, types and lengths, and nothing else.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Self

from evidence.errors import PrintsError
from evidence.fingerprint.grid import GRID
from evidence.fingerprint.orientation import Orientation
from evidence.fingerprint.unspoken import Unspoken
from evidence.pictures import find_encoded

PDQ_HEX: Final = re.compile(r"[0-9a-f]{64}")
PHASH_HEX: Final = re.compile(r"[0-9a-f]{16}")
MEDIA_TYPE: Final = re.compile(r"image/[a-z0-9]{1,20}")
VIDEO_TYPE: Final = re.compile(r"video/[a-z0-9-]{1,20}")
VERSION: Final = re.compile(r"[A-Za-z0-9._+-]{1,60}")
MAX_QUALITY: Final = 100
MAX_SIDE: Final = 65_535
MAX_VERSIONS: Final = 16
HASH_BYTES: Final = 32
_CROPS_HEX: Final = re.compile(f"[0-9a-f]{{{4 * HASH_BYTES * len(GRID)}}}")
MAX_TRIMS: Final = 2
MAX_FRAMES: Final = 24
"""Key frames of one video; a packet may hold two pictures."""
MAX_MS: Final = 10**12
_LOCAL: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?: [+-][0-9]{2}:[0-9]{2})?")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_NAME: Final = re.compile(r".{1,64}")
CLAIMS: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        "taken": _LOCAL,
        "digitised": _LOCAL,
        "changed": _LOCAL,
        "created_at": _TIME,
        "maker": _NAME,
        "model": _NAME,
        "software": _NAME,
    }
)
"""What a file may say of itself, in the order in which people read it: the fields of the content part ``file_says``."""


class Decoded(Unspoken):
    """One picture's fingerprints, all of them of the upright picture.

    Attributes:
        width: Columns, after the EXIF orientation.
        height: Rows.
        media_type: From the content, not the name: ``image/jpeg``.
        first_frame_only: The file is an animation; later frames were not looked at.
        pdq: Eight times 64 hex digits in the order of ``Orientation``, the first upright;
            empty if a side is shorter than 5 pixels.
        quality: Quality of the PDQ, 0 to 100; below 50 it is unfit for matching.
        trimmed: The picture without its border, where one was found: the strict trim, the loose one, or both.
        phash: 16 hex digits.
        versions: Versions of the decoder and of what computed the fingerprints, by name.
        sandbox: The walls in force around the decoder, and those that the kernel lacked.
    """

    __slots__ = (
        "first_frame_only",
        "height",
        "media_type",
        "pdq",
        "phash",
        "quality",
        "sandbox",
        "trimmed",
        "versions",
        "width",
    )

    width: int
    height: int
    media_type: str
    first_frame_only: bool
    pdq: tuple[str, ...]
    quality: int
    trimmed: "tuple[DecodedTrim, ...]"
    phash: str
    versions: Mapping[str, str]
    sandbox: str

    def __init__(self, reply: Mapping[str, Any], *, sandbox: str) -> None:
        """Read a worker's reply.

        Raises:
            PrintsError: An honest worker would not say this.
        """
        if reply.keys() != set(self.__slots__) - {"sandbox"}:
            raise PrintsError("prints.reply_other_names")
        self._fill(
            width=_whole(reply["width"], 1, MAX_SIDE),
            height=_whole(reply["height"], 1, MAX_SIDE),
            media_type=_fitting(reply["media_type"], MEDIA_TYPE),
            first_frame_only=_flag(reply["first_frame_only"]),
            pdq=_hashes(reply["pdq"]),
            quality=_whole(reply["quality"], 0, MAX_QUALITY),
            trimmed=tuple(map(DecodedTrim, _objects(reply["trimmed"], MAX_TRIMS))),
            phash=_fitting(reply["phash"], PHASH_HEX),
            versions=_versions(reply["versions"]),
            sandbox=sandbox,
        )

    @classmethod
    def of_reply(cls, reply: object, *, sandbox: str) -> Self:
        """Read the worker's reply, which may be any JSON value.

        Raises:
            PrintsError: An honest worker would not say this.
        """
        if not isinstance(reply, dict):
            raise PrintsError("prints.reply_no_object")
        return cls(reply, sandbox=sandbox)


class DecodedCrops(Unspoken):
    """The hashes of a picture's crops, as ``crop_hashes`` gives them."""

    __slots__ = ("hashes",)

    hashes: tuple[bytes, ...]

    @classmethod
    def none(cls) -> Self:
        """Those of a video, which has none."""
        made = cls()
        made._fill(hashes=())
        return made

    @classmethod
    def of_reply(cls, reply: object, *, sandbox: str) -> Self:  # noqa: ARG003 - read like a picture's own reply
        """Read the worker's reply, which may be any JSON value.

        Raises:
            PrintsError: An honest worker would not say this.
        """
        if not isinstance(reply, dict) or reply.keys() != {"crops"}:
            raise PrintsError("prints.reply_other_names")
        hashes = bytes.fromhex(_fitting(reply["crops"], _CROPS_HEX))
        made = cls()
        made._fill(hashes=tuple(hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)))
        return made


class DecodedVideo(Unspoken):
    """One video's fingerprints.

    Attributes:
        width: Columns of its first frame.
        media_type: From the content: ``video/mp4``.
        key_frames: In their order; empty if a side is shorter than 5 pixels.
    """

    __slots__ = ("height", "key_frames", "media_type", "sandbox", "versions", "width")

    width: int
    height: int
    media_type: str
    key_frames: "tuple[DecodedFrame, ...]"
    versions: Mapping[str, str]
    sandbox: str

    def __init__(self, reply: Mapping[str, Any], *, sandbox: str) -> None:
        """Read a worker's reply.

        Raises:
            PrintsError: An honest worker would not say this.
        """
        if reply.keys() != set(self.__slots__) - {"sandbox"}:
            raise PrintsError("prints.reply_other_names")
        self._fill(
            width=_whole(reply["width"], 1, MAX_SIDE),
            height=_whole(reply["height"], 1, MAX_SIDE),
            media_type=_fitting(reply["media_type"], VIDEO_TYPE),
            key_frames=tuple(map(DecodedFrame, _objects(reply["key_frames"], MAX_FRAMES))),
            versions=_versions(reply["versions"]),
            sandbox=sandbox,
        )


class DecodedFrame(Unspoken):
    """A key frame of a video.

    Attributes:
        at_ms: From the beginning of the video.
        pdq: As of a picture, and never empty.
    """

    __slots__ = ("at_ms", "pdq", "quality")

    at_ms: int
    pdq: tuple[str, ...]
    quality: int

    def __init__(self, told: Mapping[str, Any]) -> None:
        """Read what a worker tells of a frame.

        Raises:
            PrintsError: An honest worker would not say this.
        """
        if told.keys() != set(self.__slots__):
            raise PrintsError("prints.reply_other_names")
        self._fill(
            at_ms=_whole(told["at_ms"], 0, MAX_MS),
            pdq=_eight(told["pdq"]),
            quality=_whole(told["quality"], 0, MAX_QUALITY),
        )


def read_decoded(reply: object, *, sandbox: str) -> Decoded | DecodedVideo:
    """Read the sandboxed decoder's reply about a picture or video, which may be any JSON value.

    Raises:
        PrintsError: An honest worker would not say this.
    """
    if isinstance(reply, dict) and "key_frames" in reply:
        return DecodedVideo(reply, sandbox=sandbox)
    return Decoded.of_reply(reply, sandbox=sandbox)


def read_decoded_claims(reply: object, *, sandbox: str) -> Mapping[str, str]:  # noqa: ARG001 - read like a picture's own
    """Read the sandboxed decoder's reply about what a file says of itself, which may be any JSON value.

    Raises:
        PrintsError: An honest worker would not say this.
    """
    if not isinstance(reply, dict) or reply.keys() != {"claims"} or not isinstance(reply["claims"], dict):
        raise PrintsError("prints.reply_other_names")
    claims = reply["claims"]
    if not claims.keys() <= CLAIMS.keys():
        raise PrintsError("prints.reply_other_names")
    read = {name: _claim(claims[name], CLAIMS[name]) for name in CLAIMS if name in claims}
    # a camera spells no picture; one that whoever made the file put there would keep its case from leaving
    return MappingProxyType({name: claim for name, claim in read.items() if not any(find_encoded(claim.encode()))})


def _claim(value: object, pattern: re.Pattern[str]) -> str:
    claim = _fitting(value, pattern)
    if not claim.isprintable():
        raise PrintsError("prints.text_of_another_form", expected=pattern.pattern)
    return claim


class DecodedTrim(Unspoken):
    """The part of a picture inside its border.

    Attributes:
        left: Where it begins, in pixels of the upright picture.
        pdq: As of the whole picture, and never empty.
    """

    __slots__ = ("height", "left", "pdq", "quality", "top", "width")

    left: int
    top: int
    width: int
    height: int
    pdq: tuple[str, ...]
    quality: int

    def __init__(self, told: Mapping[str, Any]) -> None:
        """Read what a worker tells of a trim.

        Raises:
            PrintsError: An honest worker would not say this.
        """
        if told.keys() != set(self.__slots__):
            raise PrintsError("prints.reply_other_names")
        self._fill(
            left=_whole(told["left"], 0, MAX_SIDE),
            top=_whole(told["top"], 0, MAX_SIDE),
            width=_whole(told["width"], 1, MAX_SIDE),
            height=_whole(told["height"], 1, MAX_SIDE),
            pdq=_eight(told["pdq"]),
            quality=_whole(told["quality"], 0, MAX_QUALITY),
        )


def _objects(value: object, most: int) -> list[dict[str, Any]]:
    if not isinstance(value, list) or len(value) > most or not all(isinstance(each, dict) for each in value):
        raise PrintsError("prints.not_renderings")
    return value


def _whole(value: object, lowest: int, highest: int) -> int:
    # bool is an int in Python, not in JSON
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise PrintsError("prints.number_out_of_range", lowest=lowest, highest=highest)
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise PrintsError("prints.not_a_truth_value")
    return value


def _fitting(value: object, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise PrintsError("prints.text_of_another_form", expected=pattern.pattern)
    return value


def _hashes(value: object) -> tuple[str, ...]:
    return () if value == [] else _eight(value)


def _eight(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) != len(Orientation):
        raise PrintsError("prints.not_eight_hashes")
    return tuple(_fitting(inner, PDQ_HEX) for inner in value)


def _versions(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict) or len(value) > MAX_VERSIONS:
        raise PrintsError("prints.not_versions")
    return MappingProxyType({_fitting(name, VERSION): _fitting(inner, VERSION) for name, inner in value.items()})
