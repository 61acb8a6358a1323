r"""The two shapes of an envelope: whole (record, prints) and media, whose age header lies apart.

Everything sealed is an age v1 file. A media envelope is cut in two: the payload is immutable
and may be WORM, the header is a row that erasure destroys; joined they are a standard file.
Its plaintext is a frame, which binds meaning to content and makes the length reveal little:

    content | manifest | zeros to a PADME size | "NISI1\0\0\0" | u64be content length | u64be manifest length

``age -d FILE | head -c LENGTH`` is the exact content. Pure: no disk, no clock, constant memory.
"""

import hashlib
import struct
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass

from config.errors import Fact
from evidence.errors import EnvelopeError
from evidence.seal.age import Identity, Recipient, new_file_key, open_header, seal_header, split_file
from evidence.seal.stream import CHUNK_BYTES, Chunk, open_payload, seal_payload

MAX_MANIFEST_BYTES = CHUNK_BYTES
"""A manifest has some hundred bytes; the limit lets a reader hold one in memory."""

_FOOTER = struct.Struct(">8sQQ")
_MAGIC = b"NISI1\x00\x00\x00"
_ZEROS = bytes(CHUNK_BYTES)


@dataclass(frozen=True, slots=True)
class MediaSeal:
    """What sealing a medium gives besides the payload.

    Attributes:
        header: The age header: the only way to the file key, and what erasure destroys.
        payload_sha256: SHA-256 of the payload (nonce and STREAM), hex.
    """

    header: bytes
    payload_sha256: str


@dataclass(frozen=True, slots=True)
class MediaContent:
    """What a media envelope holds, once every part of it has been checked.

    Attributes:
        manifest: The bytes that the sealer bound to the content; not interpreted here.
        content_sha256: SHA-256 of the content that went to the sink, hex.
        content_bytes: Its length.
    """

    manifest: bytes
    content_sha256: str
    content_bytes: int


def seal_whole(plaintext: bytes, *, recipients: Sequence[Recipient]) -> bytes:
    """One complete age file that holds ``plaintext``.

    Raises:
        SealError: There is no recipient, or they may not share a header.
    """
    file_key = new_file_key()
    return b"".join((seal_header(file_key, recipients=recipients), *seal_payload(file_key, (plaintext,))))


def seal_stream(source: Iterable[bytes], *, recipients: Sequence[Recipient]) -> Iterator[bytes]:
    """One complete age file that holds what ``source`` streams, and nothing else.

    Args:
        source: Pieces of any size. They are not copied: none may change after it is yielded.

    Raises:
        SealError: There is no recipient, or they may not share a header; nothing was yielded.
    """
    file_key = new_file_key()
    yield seal_header(file_key, recipients=recipients)
    yield from seal_payload(file_key, source)


def open_whole(sealed: bytes, *, identities: Sequence[Identity]) -> bytes:
    """The plaintext of one complete age file.

    Raises:
        EnvelopeError: The file is malformed, cut or damaged.
        NoMatchingKeyError: None of the identities is a recipient.
    """
    header, payload = split_file(sealed)
    return b"".join(open_payload(open_header(header, identities=identities), (payload,)))


def seal_media(
    source: Iterable[bytes],
    *,
    manifest: Callable[[], bytes],
    recipients: Sequence[Recipient],
    sink: Callable[[bytes], object],
) -> MediaSeal:
    """Seal a medium into its envelope as it streams by; only ciphertext is passed on.

    Args:
        source: Pieces of any size. They are not copied: none may change after it is yielded.
        manifest: Called once, after ``source`` is exhausted: it may name the content's digest.
        sink: Takes each piece of the payload whole, or raises.

    Raises:
        SealError: There is no recipient, or they may not share a header; nothing was written.
        EnvelopeError: The manifest is longer than 64 KiB; what the sink has so far is not a payload.
    """
    file_key = new_file_key()
    header = seal_header(file_key, recipients=recipients)
    digest = hashlib.sha256()
    for piece in seal_payload(file_key, _frame(source, manifest)):
        digest.update(piece)
        sink(piece)
    return MediaSeal(header, digest.hexdigest())


def opened_media(
    header: bytes, payload: Iterable[Chunk], *, identities: Sequence[Identity]
) -> Generator[bytes, None, MediaContent]:
    """Open the envelope of a medium; yields exactly the content, each piece authenticated.

    (1) the header is opened, (2) every chunk is authenticated, (3) the footer's lengths are
    those of this frame, (4) the padding is zeros. Until this returns, the reader does not know
    whether the end is missing. The caller must compare what the manifest says about the content.

    Args:
        payload: Pieces of any size, none of which may change after it is yielded.

    Raises:
        EnvelopeError: Header, payload or frame is malformed, cut or damaged.
        NoMatchingKeyError: None of the identities is a recipient; nothing was yielded.
    """
    file_key = open_header(header, identities=identities)  # (1)
    digest, released = hashlib.sha256(), 0
    tail: deque[bytes] = deque()
    for piece in _release(open_payload(file_key, payload), tail):  # (2)
        digest.update(piece)
        released += len(piece)
        yield piece
    content_bytes, manifest_bytes = _read_footer(tail, released=released)  # (3)
    rest = _Cursor(tail)
    for piece in rest.take(content_bytes - released):
        digest.update(piece)
        yield piece
    manifest = b"".join(rest.take(manifest_bytes))
    if any(piece != _ZEROS[: len(piece)] for piece in rest.take_but(_FOOTER.size)):  # (4)
        raise _bad_frame("envelope.padding_not_zeros")
    return MediaContent(manifest, digest.hexdigest(), content_bytes)


def rewrap(header: bytes, *, identities: Sequence[Identity], recipients: Sequence[Recipient]) -> bytes:
    """A new age header for the payload of an envelope, for other recipients.

    This is a release, not a revocation: whoever kept the old header and its key can still read.

    Raises:
        EnvelopeError: The header is malformed or was changed.
        NoMatchingKeyError: None of the identities is a recipient.
        SealError: There is no new recipient, or they may not share a header.
    """
    return seal_header(open_header(header, identities=identities), recipients=recipients)


def padme(size: int) -> int:
    """The size to which ``size`` bytes of an envelope are padded: at most 12 percent more.

    So lengths fall into few classes.

    PADME of "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs" (PETS 2019), section 4.
    """
    exponent = max(size, 1).bit_length() - 1
    free = exponent - exponent.bit_length()
    return size if free <= 0 else -(-size >> free) << free


def _frame(source: Iterable[bytes], manifest: Callable[[], bytes]) -> Iterator[bytes]:
    content_bytes = 0
    for piece in source:
        content_bytes += len(piece)
        yield piece
    bound = manifest()
    if len(bound) > MAX_MANIFEST_BYTES:
        raise _bad_frame("envelope.manifest_too_long", limit=MAX_MANIFEST_BYTES, found=len(bound))
    yield bound
    filled = content_bytes + len(bound) + _FOOTER.size
    yield from _zeros(padme(filled) - filled)
    yield _FOOTER.pack(_MAGIC, content_bytes, len(bound))


def _zeros(size: int) -> Iterator[bytes]:
    whole, rest = divmod(size, len(_ZEROS))
    for _ in range(whole):
        yield _ZEROS
    yield _ZEROS[:rest]


_END_CHUNKS = 3
"""The largest number of not-all-zero chunks that the end of a frame can touch.

Two for the manifest, which is no longer than a chunk; one for the footer, which never lies
across a border, because a PADME size above 64 KiB is a multiple of 2048.
"""


def _release(chunks: Iterable[bytes], tail: deque[bytes]) -> Iterator[bytes]:
    """Pass on what must be content, and leave in ``tail`` what may be manifest, padding or footer.

    The footer, which says where the content ends, comes last. But only a manifest, zeros and a
    footer follow the content, so whatever precedes the last three chunks that are not all zeros
    is content. Chunks of zeros are held as one shared object.
    """
    telling = 0
    for chunk in chunks:
        shared = _ZEROS if chunk == _ZEROS else chunk
        tail.append(shared)
        telling += shared is not _ZEROS
        while telling > _END_CHUNKS:
            sure = tail.popleft()
            telling -= sure is not _ZEROS
            yield sure


def _read_footer(tail: deque[bytes], *, released: int) -> tuple[int, int]:
    """The lengths of content and manifest, checked against the size of the whole frame."""
    total = released + sum(map(len, tail))
    end = tail[-1][-_FOOTER.size :]
    if len(end) < _FOOTER.size:
        raise _bad_frame("envelope.no_footer_at_this_size", size=_FOOTER.size, found=len(end))
    magic, content_bytes, manifest_bytes = _FOOTER.unpack(end)
    if magic != _MAGIC:
        raise _bad_frame("envelope.no_footer")
    if manifest_bytes > MAX_MANIFEST_BYTES or content_bytes < released:
        raise _bad_frame("envelope.footer_does_not_fit")
    expected = padme(content_bytes + manifest_bytes + _FOOTER.size)
    if expected != total:
        raise _bad_frame("envelope.wrong_frame_size", expected=expected, found=total)
    return content_bytes, manifest_bytes


class _Cursor:
    """Takes pieces off the front of a queue by length."""

    def __init__(self, pieces: deque[bytes]) -> None:
        self._pieces = pieces
        self._left = sum(map(len, pieces))

    def take(self, size: int) -> Iterator[bytes]:
        """Take the next ``size`` bytes of the plaintext, which must be there."""
        while size:
            piece = self._pieces.popleft()
            if len(piece) > size:
                self._pieces.appendleft(piece[size:])
                piece = piece[:size]
            size -= len(piece)
            self._left -= len(piece)
            yield piece

    def take_but(self, size: int) -> Iterator[bytes]:
        """Take all of the plaintext but its last ``size`` bytes."""
        return self.take(self._left - size)


def _bad_frame(code: str, **facts: Fact) -> EnvelopeError:
    return EnvelopeError(code, **facts)
