"""What is kept of one observation: sealed bytes, sealed fingerprints, and the draft of its event.

Media and raw bytes go to the office key, so nothing here, nor on this machine, can read them
again. A medium is read once: it is hashed, counted, held for the decoder and sealed as it streams
by. Plaintext stays in memory: one picture that is read, and those that the decoder works on meanwhile.
"""

import hashlib
import mimetypes
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from evidence.canonical import jcs
from evidence.content import Content, Part, split_content
from evidence.custody.event import Draft, SealedPayload
from evidence.fingerprint.decoder import MAX_BYTES, Decoder, FileSeen
from evidence.fingerprint.prints import Prints
from evidence.fingerprint.whole import sniff_video
from evidence.objects.port import Pending, Sink
from evidence.observation import HoleReason, Medium, Mode
from evidence.seal.age import Recipient
from evidence.seal.envelopes import seal_media, seal_whole
from evidence.store.payload import ROW_BYTES

CHUNK_BYTES = 1 << 20
_TOO_LARGE = "too_large"
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,64}/[\w.+-]{1,64}", re.ASCII)

IN_PLACE_OF_A_FILE = (HoleReason.FROZEN, HoleReason.BROKE_OFF, HoleReason.MISSING_FILE, HoleReason.REFUSED)
"""Why a hole is where a file would be, rather than beside it."""

MissingPart = tuple[HoleReason, str]
"""Why a part of an observation is not kept, and words for the sealed record."""


class FrozenMediumError(OSError):
    """What is read was frozen, since it may show a child: nothing more of it is read, and nothing of it is kept."""

    def __init__(self) -> None:
        super().__init__(0, "frozen")


class UnreadableError(Exception):
    """The source failed; nothing of the medium is kept.

    Attributes:
        reason: Of the hole in its place: its message is frozen, the file was gone, the system refused it, or reading
            it broke off.
        system: What the system says.
    """

    def __init__(self, error: OSError, *, begun: bool) -> None:
        self.system = error.strerror or type(error).__name__
        super().__init__(self.system)
        if isinstance(error, FrozenMediumError):
            self.reason = HoleReason.FROZEN
        elif begun:
            self.reason = HoleReason.BROKE_OFF
        elif isinstance(error, FileNotFoundError | NotADirectoryError):
            self.reason = HoleReason.MISSING_FILE
        else:
            self.reason = HoleReason.REFUSED


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A medium that was read and kept, while its fingerprints may still be in the making.

    Attributes:
        draft: All of its draft but the prints.
        finish: Waits for the fingerprints; gives the whole draft, and the parts that are not kept.
    """

    draft: Draft
    finish: Callable[[], tuple[Draft, tuple[MissingPart, ...]]]


@dataclass(frozen=True, slots=True)
class Preserver:
    """Seals what one observation shows.

    Attributes:
        origin: Name of the log; each sealed manifest names it.
        office: Recipient of media and raw bytes.
        matching: Recipient of prints.
    """

    objects: Pending
    decoder: Decoder
    origin: str
    office: Recipient
    matching: Recipient

    def with_bytes(self, draft: Draft, content: bytes, media_type: str) -> Draft:
        """The draft with ``content`` sealed as its payload."""
        return self._with_payload(draft, _Stream((content,)), media_type, lambda: None)

    def with_medium(
        self, draft: Draft, medium: Medium, mode: Mode, require_new: Callable[[Draft], object]
    ) -> Unfinished:
        """The draft with its medium sealed, or only fingerprinted, or not even read, as the mode says.

        Args:
            require_new: Given the draft with ``sha256`` and ``bytes``; raises to keep nothing.

        Raises:
            UnreadableError: The source failed.
        """
        if mode is Mode.METADATA_ONLY:
            return Unfinished(draft, lambda: (draft, ((HoleReason.MODE, f"{mode.value}, not read"),)))
        stream = _Stream(_chunks(medium), hold=MAX_BYTES)
        missing: list[MissingPart] = []
        if mode is Mode.SEALED:
            draft = self._with_payload(draft, stream, type_of(medium), lambda: require_new(_with_digest(draft, stream)))
        else:
            for _chunk in stream:
                pass
            require_new(_with_digest(draft, stream))
            missing.append((HoleReason.MODE, f"{mode.value}, bytes not kept"))
        draft, held = _with_digest(draft, stream), stream.held()
        is_cut = len(held) < stream.length
        # of a longer video, the key frames at its beginning are better than none
        # of a file that is not kept, nobody could look up what it said of itself
        claims = mode is Mode.SEALED
        decoding = self.decoder.begin(held, claims=claims) if not is_cut or sniff_video(held) else None

        def finish() -> tuple[Draft, tuple[MissingPart, ...]]:
            seen = decoding.result() if decoding else FileSeen(None, _TOO_LARGE)
            if seen.reason and _shows(medium):
                missing.append((HoleReason.NOT_DECODED, _TOO_LARGE if is_cut else seen.reason))
            prints = Prints.of_file(sha256=stream.sha256, md5=stream.md5, picture=seen.decoded)
            sealed = seal_whole(prints.sealing_bytes(), recipients=(self.matching,))
            return replace(_with_claims(draft, seen.claims), prints=sealed), tuple(missing)

        return Unfinished(draft, finish)

    def _with_payload(
        self, draft: Draft, content: "_Stream", media_type: str, require_new: Callable[[], object]
    ) -> Draft:
        """Seal into memory what a row takes, and everything else into an object."""
        head, rest = _split(content, ROW_BYTES)

        def manifest() -> bytes:
            facts = {"event": draft.event_id, "log": self.origin, "media_type": media_type}
            return jcs(facts | {"length": str(content.length), "sha256": content.sha256})

        def seal(source: Iterable[bytes], sink: Sink) -> SealedPayload:
            sealed = seal_media(source, manifest=manifest, recipients=(self.office,), sink=sink)
            return SealedPayload(sealed.payload_sha256, sealed.header)

        if rest is None:
            require_new()
            body: list[bytes] = []
            payload = seal(head, body.append)
            return replace(draft, payload=replace(payload, body=b"".join(body)))
        made: list[SealedPayload] = []

        def fill(sink: Sink) -> str:
            made.append(seal(chain(head, rest), sink))
            require_new()  # here, before the disk is waited for
            return made[0].sha256

        self.objects.put(fill)
        return replace(draft, payload=made[0])


class _Stream:
    """A one-shot source: hashed, counted, and held up to ``hold`` bytes, as it passes through.

    Attributes:
        md5: Only because lists of known files still use it.
    """

    def __init__(self, source: Iterable[bytes], *, hold: int = 0) -> None:
        self._source = source
        self._hold = hold
        self._held: list[bytes] = []
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self.length = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._source:
            self._sha256.update(chunk)
            self._md5.update(chunk)
            if self.length < self._hold:
                self._held.append(chunk[: self._hold - self.length])
            self.length += len(chunk)
            yield chunk

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    @property
    def md5(self) -> str:
        return self._md5.hexdigest()

    def held(self) -> bytes:
        """What passed first, once."""
        held, self._held = self._held, []
        return b"".join(held)


def _chunks(medium: Medium) -> Iterator[bytes]:
    """The bytes of a medium, a megabyte at a time; what fails here is the source, and not the store's own disk."""
    begun = False
    try:
        with medium.open() as source:
            begun = True
            while chunk := source.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise UnreadableError(error, begun=begun) from error


def _split(content: Iterable[bytes], most: int) -> tuple[list[bytes], Iterator[bytes] | None]:
    """The first chunks, and the others; None for the others when all of it is at most ``most`` bytes."""
    head: list[bytes] = []
    rest = iter(content)
    for chunk in rest:
        head.append(chunk)
        if sum(map(len, head)) > most:
            return head, rest
    return head, None


def _with_digest(draft: Draft, stream: _Stream) -> Draft:
    return replace(draft, values={**draft.values, "sha256": stream.sha256, "bytes": str(stream.length)})


def _with_claims(draft: Draft, claims: Mapping[str, str]) -> Draft:
    """The draft of a file with what the file says of itself, behind whatever else is said of it."""
    if not claims:
        return draft
    said = split_content(Content(parts=(Part("file_says", dict(claims)),)))["content"]
    return replace(draft, values={**draft.values, "content": [*(draft.values.get("content") or ()), *(said or ())]})


def _shows(medium: Medium) -> bool:
    """Whether the medium should show something: then not decoding it is a hole."""
    return type_of(medium).partition("/")[0] in {"image", "video"}


def type_of(medium: Medium) -> str:
    """The media type of what is kept: the one that the source declares, if it is one, or else what the name suggests.

    The source may write anything there; a sealed manifest holds only what has the form of a type.
    """
    declared = medium.declared_type or ""
    if _MEDIA_TYPE.fullmatch(declared):
        return declared
    return mimetypes.guess_type(medium.name)[0] or "application/octet-stream"
