"""What is kept of one observation: sealed bytes, sealed fingerprints, and the draft of its event.

Media and raw bytes go to the office key, so nothing here, nor on this machine, can read them
again. Plaintext stays in memory and is streamed; no more than one picture is held at a time.
"""

import hashlib
import mimetypes
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from evidence.canonical import Value, jcs
from evidence.custody.event import Draft, Payload
from evidence.errors import NotDecodedError, ObjectDamagedError
from evidence.fingerprint.decoder import MAX_BYTES, Decoder
from evidence.fingerprint.prints import Prints
from evidence.objects.port import Pending, Sink
from evidence.observation import HoleReason, Medium, Mode, Observation
from evidence.seal.age import Recipient
from evidence.seal.envelopes import seal_media, seal_whole

CHUNK_BYTES = 1 << 20
RAW_TYPE = "application/json"
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,64}/[\w.+-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Facts:
    """What one pass over a medium gives.

    Attributes:
        sha256: Lower hex.
        md5: Lower hex; only because lists of known files still use it.
        length: Bytes.
    """

    sha256: str
    md5: str
    length: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A medium's event, and why parts of it are missing (reason, and words for the sealed record)."""

    draft: Draft
    holes: tuple[tuple[HoleReason, str], ...]


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

    def message(self, content: Observation, values: Mapping[str, Value], mode: Mode) -> Kept:
        """A message: its raw bytes sealed, unless they embed a picture and the mode keeps none."""
        draft = Draft("observed", values, source=content.record)
        if content.raw is None:
            return Kept(draft, ())
        if content.pictured and mode is not Mode.SEALED:
            return Kept(draft, ((HoleReason.MODE, f"{mode.value}, raw bytes with a picture not kept"),))
        return Kept(self._with_payload(draft, _Hashed([content.raw]), RAW_TYPE), ())

    def rest(self, rest: bytes, values: Mapping[str, Value], slices: Value) -> Draft:
        """A container: the bytes that lie in none of its slices, and where the slices lie (sealed)."""
        return self._with_payload(Draft("imported", values, source={"slices": slices}), _Hashed([rest]), RAW_TYPE)

    def medium(self, content: Observation, values: Mapping[str, Value], facts: Facts | None, mode: Mode) -> Kept:
        """A file: sealed, or only fingerprinted, or only named, as the mode says.

        Args:
            facts: Of the first pass; None when the mode forbids reading.
        """
        medium, draft = _medium_of(content), Draft("observed", values, source=content.record)
        if facts is None:
            return Kept(draft, ((HoleReason.MODE, f"{mode.value}, not read"),))
        picture: list[bytes] | None = [] if facts.length <= MAX_BYTES else None
        stream = _Hashed(_tee(chunks_of(medium), picture))
        holes: list[tuple[HoleReason, str]] = []
        if mode is Mode.SEALED:
            draft = self._with_payload(draft, stream, type_of(medium))
        else:
            for _chunk in stream:
                pass
            holes.append((HoleReason.MODE, f"{mode.value}, bytes not kept"))
        _require_same(stream, facts)
        prints, reason = self._fingerprints(picture, facts)
        if reason and _shows(medium):
            holes.append((HoleReason.NOT_DECODED, reason))
        sealed = seal_whole(prints.sealing_bytes(), recipients=(self.matching,))
        return Kept(replace(draft, prints=sealed), tuple(holes))

    def _fingerprints(self, picture: list[bytes] | None, facts: Facts) -> tuple[Prints, str]:
        if picture is None:
            return Prints.of_file(sha256=facts.sha256, md5=facts.md5, picture=None), "too_large"
        try:
            decoded = self.decoder.decode(b"".join(picture))
        except NotDecodedError as error:
            return Prints.of_file(sha256=facts.sha256, md5=facts.md5, picture=None), error.found or error.message
        return Prints.of_file(sha256=facts.sha256, md5=facts.md5, picture=decoded), ""

    def _with_payload(self, draft: Draft, content: "_Hashed", media_type: str) -> Draft:
        def manifest() -> bytes:
            told = {"event": draft.event_id, "log": self.origin, "media_type": media_type}
            return jcs(told | {"length": str(content.length), "sha256": content.digest.hexdigest()})

        headers: list[bytes] = []

        def fill(sink: Sink) -> str:
            sealed = seal_media(content, manifest=manifest, recipients=(self.office,), sink=sink)
            headers.append(sealed.header)
            return sealed.payload_sha256

        address = self.objects.put(fill)
        return replace(draft, payload=Payload(address, headers[0]))


class _Hashed:
    """Hashes and counts what passes through."""

    def __init__(self, source: Iterable[bytes]) -> None:
        self._source = source
        self.digest = hashlib.sha256()
        self.length = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._source:
            self.digest.update(chunk)
            self.length += len(chunk)
            yield chunk


def read_facts(medium: Medium) -> Facts:
    """Hash a medium in one pass.

    Raises:
        OSError: It cannot be read.
    """
    sha256, md5, length = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    for chunk in chunks_of(medium):
        sha256.update(chunk)
        md5.update(chunk)
        length += len(chunk)
    return Facts(sha256.hexdigest(), md5.hexdigest(), length)


def chunks_of(medium: Medium) -> Iterator[bytes]:
    """The bytes of a medium, a megabyte at a time."""
    with medium.open() as source:
        while chunk := source.read(CHUNK_BYTES):
            yield chunk


def _tee(chunks: Iterable[bytes], kept: list[bytes] | None) -> Iterator[bytes]:
    for chunk in chunks:
        if kept is not None:
            kept.append(chunk)
        yield chunk


def _require_same(stream: _Hashed, facts: Facts) -> None:
    if stream.digest.hexdigest() != facts.sha256:
        raise ObjectDamagedError(
            "a file changed while it was read; nothing of it was logged",
            fix="Stop whatever writes to it, and run it again",
        )


def _medium_of(content: Observation) -> Medium:
    if content.medium is None:
        raise ValueError("a file observation without its medium")
    return content.medium


def _shows(medium: Medium) -> bool:
    """Whether the medium should show something: then not decoding it is a hole."""
    return type_of(medium).partition("/")[0] in {"image", "video"}


def type_of(medium: Medium) -> str:
    """The media type that the source declares, if it is one, or else the one that the name suggests.

    The source may write anything there; a sealed manifest holds only what has the form of a type.
    """
    declared = medium.declared_type or ""
    if _MEDIA_TYPE.fullmatch(declared):
        return declared
    return mimetypes.guess_type(medium.name)[0] or "application/octet-stream"
