"""Where the slices of a container lie, packed: what ``source`` of an ``imported`` record says.

For each slice in the order of the container three numbers: how far it begins behind the end of the
one before, its length, and the log index of its item as the difference to that of the one before,
zigzag (0, -1, 1, -2 ... as 0, 1, 2, 3 ...). Each number is a LEB128 varint, the whole is base64url.
A text message takes 4 to 6 bytes. docs/format.md, "Records", is the specification.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from evidence.canonical import b64u, from_b64u
from evidence.errors import CanonicalError

_MORE = 0x80
_MAX_SHIFT = 63


@dataclass(frozen=True, slots=True)
class Slice:
    """Bytes of a container that one item keeps.

    Attributes:
        offset: Where they begin in the container.
        index: Log index of the item.
    """

    offset: int
    length: int
    index: int


class Packer:
    """Packs slices as they come, in the order of the container; keeps their packed bytes and nothing else."""

    def __init__(self) -> None:
        self._packed = bytearray()
        self._end = 0
        self._index = 0

    def add(self, piece: Slice) -> None:
        """Add the next slice of the container.

        Raises:
            ValueError: It does not lie behind the one before.
        """
        if piece.offset < self._end or piece.length < 0:
            raise ValueError(f"a slice at {piece.offset} behind one that ends at {self._end}")
        for number in (piece.offset - self._end, piece.length, _zigzag(piece.index - self._index)):
            _append(self._packed, number)
        self._end, self._index = piece.offset + piece.length, piece.index

    def text(self) -> str:
        """All slices, packed and in base64url."""
        return b64u(bytes(self._packed))


def read_slices(text: str) -> Iterator[Slice]:
    """The slices of a kept container that were packed into one text, in order.

    Raises:
        CanonicalError: It is not base64url, or ends within a slice, or a number is longer than 64 bits.
    """
    end = index = 0
    numbers = _numbers(from_b64u(text))
    for gap in numbers:
        try:
            length, change = next(numbers), next(numbers)
        except StopIteration as error:
            raise _cut() from error
        index += (change >> 1) ^ -(change & 1)
        yield Slice(end + gap, length, index)
        end += gap + length


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def _append(packed: bytearray, number: int) -> None:
    while number >= _MORE:
        packed.append(number & 0x7F | _MORE)
        number >>= 7
    packed.append(number)


def _numbers(packed: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in packed:
        number |= (byte & 0x7F) << shift
        if byte & _MORE:
            shift += 7
            if shift > _MAX_SHIFT:
                raise CanonicalError("canonical.slice_number_too_long")
            continue
        yield number
        number = shift = 0
    if shift:
        raise _cut()


def _cut() -> CanonicalError:
    return CanonicalError("canonical.slices_end_early")
