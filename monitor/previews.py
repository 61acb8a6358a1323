"""What may stand in a record: everything but pictures.

The record envelope opens with the casework key, so no picture may reach it, however small.
``strip_previews`` replaces each preview by its length and turns what JSON or TL can hold into
what the log can hold: numbers and booleans become strings, text that is not valid Unicode its
``b64`` form.

Replaced by ``{"stripped": LENGTH}``, at any depth (LENGTH in bytes, decimal):

1. the value of a preview name (``thumbnail``, ``photoStrippedSize``, ``minithumbnail``...) and
   the ``bytes`` of a stripped, cached or path size of TL;
2. raw bytes;
3. a ``data:`` URI, Base64 in which ``evidence.pictures`` finds a picture or video at any
   alignment, and Base64 that begins as a JPEG, PNG, GIF or WebP does. Where such a thing stands
   inside a text, the text becomes an array: what stood before, the stripped picture, what stood after.

So every message that was taken in can leave: the last gate looks for no more than this.

LIMIT: a picture in another spelling (hexadecimal, a list of numbers, encrypted, Base64 in lines
under 16 characters) is not known as one.
The untouched bytes are in the media envelope either way, so what is stripped here is not lost.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from evidence.canonical import Value, jcs, text_value
from evidence.errors import CanonicalError
from evidence.pictures import encoded_spans, find_encoded

MAX_DEPTH = 192
_NAMES = 1024
"""Of the fields that a source has; what it cuts off is only looked at again."""

_PREVIEW_NAMES = frozenset(
    {
        "thumbnail",
        "thumbnails",
        "thumb",
        "thumbs",
        "minithumbnail",
        "strippedthumb",
        "strippedthumbnail",
        "photostrippedsize",
        "photocachedsize",
        "photopathsize",
        "videothumbs",
    }
)
_PREVIEW_SIZES = frozenset({"photostrippedsize", "photocachedsize", "photopathsize"})

_MAX_URI_HEAD = 1200
_MAX_PATH = 255
_URI = (
    # its parts have bounds, so that a text of a thousand beginnings is not searched a thousand times to its end
    r"(?<![A-Za-z])(?i:data:(?:[a-z]{1,32}/[a-z0-9.+-]{1,99}(?:;[^;,\s]{0,99}){0,9}|(?:;[^;,\s]{0,99}){0,9};base64)),"
)
_URI_HEAD = re.compile(_URI + r"\Z")
_B64 = r"[A-Za-z0-9+/_-]"
_WRAPPED = rf"(?:{_B64}{{32,}}\r?\n)*"
_EMBEDDED = re.compile(
    # a data: URI with a media type or Base64; the lines that it is wrapped into belong to it
    rf"{_URI}{_WRAPPED}[^\s\"'<>]*"
    # Base64, standard or URL-safe, of FF D8 FF Cx..Fx, the PNG signature, GIF87a, GIF89a, RIFF....WEBP
    r"|(?:[/_]9j[/_][w-z0-9+/_-]|iVBORw0KGgo|R0lGOD[dl]h|UklGR" + _B64 + r"{6}XRUJQ)"
    rf"(?={_B64}{{24}}){_WRAPPED}{_B64}*={{0,2}}"
)


@dataclass(frozen=True, slots=True)
class Stripped:
    """A value that may enter a record.

    Attributes:
        removed: How many previews were replaced.
        paths: How many of these were files that were only named.
    """

    value: Value
    removed: int
    paths: int = 0


def strip_previews(value: object) -> Stripped:
    """What a source may put in a record: each preview in ``value`` as its length, numbers and booleans as strings.

    Args:
        value: What a JSON parser or a TL ``to_dict`` gives: None, text, numbers, booleans,
            bytes, sequences, and mappings with text names.

    Raises:
        CanonicalError: Something else is inside, a name is not valid text, or it nests deeper
            than ``MAX_DEPTH``.
    """
    stripper = _Stripper()
    return Stripped(stripper.any(value, 0), stripper.removed, stripper.paths)


def is_uncut(text: Value) -> bool:
    """Whether ``strip_previews`` cut no picture out of a source's text: it is itself, or its ``b64`` form."""
    return isinstance(text, str) or (isinstance(text, dict) and text.keys() == {"b64"})


class _Stripper:
    def __init__(self) -> None:
        self.removed = 0
        self.paths = 0

    def any(self, value: object, depth: int) -> Value:
        if depth > MAX_DEPTH:
            raise CanonicalError("canonical.nested_too_deep", limit=MAX_DEPTH)
        match value:
            case None:
                return None
            case str():
                return self._text(str(value))
            case bytes() | bytearray() | memoryview():
                return self._length(len(value))
            case bool() | int() | float():
                return _number(value)
            case Mapping():
                return self._mapping(value, depth)
            case Sequence():
                return [self.any(inner, depth + 1) for inner in value]
            case _:
                raise CanonicalError("canonical.not_for_a_record", found=type(value).__name__)

    def _mapping(self, value: Mapping[object, object], depth: int) -> Value:
        constructor = value.get("_")
        is_size = isinstance(constructor, str) and _plain(constructor) in _PREVIEW_SIZES
        result: dict[str, Value] = {}
        for name, inner in value.items():
            if not isinstance(name, str) or text_value(name) != name:
                raise CanonicalError("canonical.name_not_unicode", found=type(name).__name__)
            preview = _plain(name) in _PREVIEW_NAMES or (is_size and name == "bytes")
            result[name] = self._preview(inner, depth + 1) if preview else self.any(inner, depth + 1)
        return result

    def _preview(self, value: object, depth: int) -> Value:
        """A preview name's value: a size in numbers may stay, anything else goes whole."""
        if value is None or isinstance(value, bool | int | float):
            return self.any(value, depth)
        self.paths += _is_path(value)
        return self._length(_size(value, depth))

    def _text(self, text: str) -> Value:
        parts = [part for piece in _pieces(text) for part in self._piece(piece)]
        return parts if len(parts) > 1 else parts[0] if parts else ""

    def _piece(self, piece: "str | _Picture") -> list[Value]:
        if isinstance(piece, _Picture):
            return [self._length(piece.length)]
        value = text_value(piece)
        # the b64 form of text that is not Unicode spells it anew
        if isinstance(value, Mapping) and any(find_encoded(jcs(value))):
            return [self._length(len(_utf8(piece)))]
        return [value] if value != "" else []

    def _length(self, length: int) -> Value:
        self.removed += 1
        return {"stripped": str(length)}


@dataclass(frozen=True, slots=True)
class _Picture:
    """Where one stood in a text: so many bytes of UTF-8."""

    length: int


def _pieces(text: str) -> Iterator[str | _Picture]:
    """A text in order, with its pictures separated: first all that the last gate would find, then what is left."""
    raw, end = _utf8(text), 0
    for start, after in encoded_spans(raw):
        before = _words(raw[end:start])
        uri = _URI_HEAD.search(before, max(0, len(before) - _MAX_URI_HEAD))
        kept = before[: uri.start()] if uri else before
        yield from _left_over(kept)
        yield _Picture(after - end - len(_utf8(kept)))
        end = after
    yield from _left_over(_words(raw[end:]))


def _left_over(text: str) -> Iterator[str | _Picture]:
    end = 0
    for found in _EMBEDDED.finditer(text):
        yield text[end : found.start()]
        yield _Picture(len(_utf8(found[0])))
        end = found.end()
    yield text[end:]


def _words(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")


def _is_path(value: object) -> bool:
    """Whether a preview is named, or words say why there is none: neither is Base64, which has no dot and no space."""
    if not isinstance(value, str) or len(value) > _MAX_PATH or not any(mark in value for mark in ". "):
        return False
    return not any(isinstance(piece, _Picture) for piece in _pieces(value))


def _number(value: float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


@lru_cache(_NAMES)
def _plain(name: str) -> str:
    """``photo_stripped_size`` and ``PhotoStrippedSize`` are one name."""
    return name.replace("_", "").lower()


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _size(value: object, depth: int) -> int:
    """How many bytes of text and data a value holds; a number counts one, names nothing."""
    if depth > MAX_DEPTH:
        raise CanonicalError("canonical.nested_too_deep", limit=MAX_DEPTH)
    match value:
        case str():
            return len(_utf8(value))
        case bytes() | bytearray() | memoryview():
            return len(value)
        case Mapping():
            return sum(_size(inner, depth + 1) for inner in value.values())
        case Sequence():
            return sum(_size(inner, depth + 1) for inner in value)
        case _:
            return 1
