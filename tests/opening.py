"""Opening media into memory, as tests look at what was sealed."""

from collections.abc import Callable, Generator, Iterable, Sequence

from evidence.seal.age import Identity
from evidence.seal.envelopes import MediaContent, opened_media
from evidence.seal.stream import Chunk
from evidence.unseal import opened_evidence


def open_media(
    header: bytes, payload: Iterable[Chunk], *, identities: Sequence[Identity], sink: Callable[[bytes], object]
) -> MediaContent:
    """Give each piece of the content to ``sink``."""
    return drained(opened_media(header, payload, identities=identities), sink)


def evidence_of(
    header: bytes, payload: Iterable[Chunk], *, cards: Sequence[str], event: str, origin: str
) -> tuple[bytes, MediaContent]:
    """The content of a preserved medium, and what came with it."""
    content = bytearray()
    told = drained(opened_evidence(header, payload, cards=cards, event=event, origin=origin), content.extend)
    return bytes(content), told


def drained(pieces: Generator[bytes, None, MediaContent], sink: Callable[[bytes], object]) -> MediaContent:
    """Read to the end; what was checked is certain only then."""
    while True:
        try:
            piece = next(pieces)
        except StopIteration as end:
            content: MediaContent = end.value
            return content
        sink(piece)
