"""Strict outline of DER (ITU-T X.690), checked before any ASN.1 library reads the bytes.

asn1crypto reads BER, and reads it lazily: it takes lengths in several spellings and looks at a
field only on access. A token in which a byte may change unnoticed is weaker evidence, so this
module requires DER of the outline (tags, lengths, nesting, nothing left over). It leaves out one
rule on purpose, the order of a SET OF: well-known offices send their certificates unsorted, and
nothing depends on that order. Standard library only.
"""

from collections.abc import Iterator

from evidence.errors import SignedDataError

MAX_DEPTH = 48

_SEQUENCE, _SET = 0x10, 0x11
_CONSTRUCTED = 0x20
_NUMBER = 0x1F
_LONG_LENGTH = 0x80
_MAX_LENGTH_BYTES = 4


def require_der(data: bytes) -> None:
    """Check that ``data`` is exactly one DER element, down to its innermost elements.

    Raises:
        SignedDataError: It is cut short, something is left over, it is nested deeper than ``MAX_DEPTH``, or it has
            a tag or length in a spelling that DER does not have.
    """
    if not data:
        raise SignedDataError("signed_data.empty")
    tag, start, end = _header(data, 0, len(data))
    if end != len(data):
        raise SignedDataError("signed_data.bytes_after_end", end=end, length=len(data))
    waiting = [(tag, start, end, 0)]
    while waiting:
        tag, start, end, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise SignedDataError("signed_data.nested_too_deep", limit=MAX_DEPTH)
        _require_form(data, tag, start, end)
        if tag & _CONSTRUCTED:
            waiting.extend((*inner, depth + 1) for inner in _elements(data, start, end))


def element(tag: int, contents: bytes) -> bytes:
    """One DER element of ASN.1, with a one-byte ``tag``."""
    length = len(contents)
    if length < _LONG_LENGTH:
        return bytes((tag, length)) + contents
    size = (length.bit_length() + 7) // 8
    return bytes((tag, _LONG_LENGTH | size)) + length.to_bytes(size, "big") + contents


def _elements(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    while start < end:
        tag, inner, start = _header(data, start, end)
        yield tag, inner, start


def _header(data: bytes, at: int, limit: int) -> tuple[int, int, int]:
    """The tag of the element at ``at``, and the start and end of its contents."""
    if at + 2 > limit:
        raise SignedDataError("signed_data.cut_short", at=at)
    tag, length, start = data[at], data[at + 1], at + 2
    if tag & _NUMBER == _NUMBER or tag == 0:
        raise SignedDataError("signed_data.unknown_tag", at=at, found=tag)
    if length >= _LONG_LENGTH:
        size = length - _LONG_LENGTH
        spelled = data[start : start + size]
        length, start = int.from_bytes(spelled, "big"), start + size
        if not 1 <= size <= _MAX_LENGTH_BYTES or length < _LONG_LENGTH or spelled[0] == 0:
            raise SignedDataError("signed_data.length_not_der", at=at + 1)
    if start + length > limit:
        raise SignedDataError("signed_data.element_too_long", at=at)
    return tag, start, start + length


def _require_form(data: bytes, tag: int, start: int, end: int) -> None:
    """Universal types in their one form: X.690, 8.2 (boolean), 8.3 (integer), 8.8 (null), 10.2 (strings)."""
    if tag >> 6:
        return
    number, contents = tag & _NUMBER, data[start:end]
    wrong = (number in (_SEQUENCE, _SET)) != bool(tag & _CONSTRUCTED)
    match number:
        case 0x01:  # BOOLEAN
            wrong = wrong or contents not in (b"\x00", b"\xff")
        case 0x02:  # INTEGER
            wrong = wrong or not contents or contents[:1] + _sign(contents[1:2]) in (b"\x00\x00", b"\xff\xff")
        case 0x05:  # NULL
            wrong = wrong or contents != b""
        case _:
            pass
    if wrong:
        raise SignedDataError("signed_data.element_not_der", start=start, tag=tag)


def _sign(octet: bytes) -> bytes:
    """The value of a redundant leading octet of an INTEGER, given the octet after it."""
    if not octet:
        return b""
    return b"\xff" if octet[0] & 0x80 else b"\x00"
