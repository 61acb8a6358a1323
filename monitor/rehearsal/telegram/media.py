"""Files of the rehearsal: their bytes, where they lie, and references to them that expire.

Telegram gives each photo and document a file reference, which is valid for hours; a client must fetch the message
again for a new one. Here they expire when the world says so. Objects stay registered, so that a message that holds one
shows the new reference from then on; a copy of an object keeps the old one.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from telethon.tl import types

from monitor.rehearsal.telegram.refusals import SEE_OTHER, RefusedError, bad
from monitor.rehearsal.telegram.wire import Tl

MAX_PART_BYTES = 1 << 20

_PLAIN_STEP, _PRECISE_STEP = 4096, 1024
_REFERENCE_BYTES = 25
_LARGEST = "y"


@dataclass(slots=True)
class StoredFile:
    """One photo or document that the loopback servers have.

    Attributes:
        sizes: Bytes by size letter; a document itself has the letter "".
        sends: How many of its bytes are sent, whatever its size says.
    """

    described: Tl
    sizes: Mapping[str, bytes]
    sends: int | None = None


@dataclass(slots=True, kw_only=True)
class MediaShelf:
    """All files of a world.

    Attributes:
        secret: References and hashes are made with it.
        epoch: Rises when references expire.
    """

    secret: bytes
    clock: Callable[[], datetime]
    home_dc: int
    epoch: int = 0
    _files: dict[int, StoredFile] = field(default_factory=dict)

    def add_photo(
        self,
        data: bytes,
        *,
        dc: int | None = None,
        size: tuple[int, int] = (640, 480),
        smaller: Mapping[str, bytes] | None = None,
        inline: Sequence[Tl] = (),
    ) -> Tl:
        """A photo to put into messages.

        Args:
            dc: Where its bytes are; the first data centre when None.
            size: The width and height that it claims.
            smaller: Bytes of smaller sizes by letter.
            inline: Sizes whose bytes are in the message, such as ``photoStrippedSize``.
        """
        number = self._next()
        letters = {**(smaller or {}), _LARGEST: data}
        sizes = [*inline, *(types.PhotoSize(letter, *size, len(each)) for letter, each in letters.items())]
        photo = types.Photo(
            number, self._hash(number), self._reference(number), self.clock(), sizes, dc or self.home_dc
        )
        self._files[number] = StoredFile(photo, letters)
        return photo

    def add_document(
        self,
        data: bytes,
        *,
        file_name: str | None = None,
        mime_type: str = "application/octet-stream",
        thumbnails: Sequence[Tl] = (),
        stored: Mapping[str, bytes] | None = None,
        **fields: object,
    ) -> Tl:
        """A document to put into messages.

        Args:
            thumbnails: ``PhotoSize`` objects, inline or of a letter whose bytes ``stored`` has.
            fields: Of the document itself: ``dc_id``, ``attributes``, ``size`` (what is claimed), ``video_thumbs``.
        """
        number = self._next()
        named = [types.DocumentAttributeFilename(file_name)] if file_name else []
        given = {
            "size": len(data),
            "dc_id": self.home_dc,
            "attributes": [],
            "thumbs": list(thumbnails) or None,
            **fields,
        }
        given["attributes"] = [*named, *given["attributes"]]  # type: ignore[misc]
        document = types.Document(
            number, self._hash(number), self._reference(number), self.clock(), mime_type=mime_type, **given
        )
        self._files[number] = StoredFile(document, {**(stored or {}), "": data})
        return document

    def expire_references(self) -> None:
        """Make all references out of date; messages show new ones."""
        self.epoch += 1
        for number, file in self._files.items():
            file.described.file_reference = self._reference(number)

    def shorten(self, number: int, *, sends: int) -> None:
        """From now on send only this many bytes of a file, whatever its size says."""
        self._files[number].sends = sends

    def part(self, request: Tl, *, dc: int) -> Tl:
        """The answer to ``upload.getFile`` at a data centre.

        Raises:
            RefusedError: Another data centre, an old or wrong reference, or a part that the rules do not allow.
        """
        file = self._located(request.location)
        if file.described.dc_id != dc:
            raise RefusedError(SEE_OTHER, f"FILE_MIGRATE_{file.described.dc_id}")
        _require_part(request.offset, request.limit, precise=bool(request.precise))
        data = file.sizes.get(request.location.thumb_size)
        if data is None:
            raise bad("LOCATION_INVALID")
        end = min(request.offset + request.limit, len(data) if file.sends is None else file.sends)
        return types.upload.File(_kind(data), int(self.clock().timestamp()), data[request.offset : end])

    def _located(self, location: Tl) -> StoredFile:
        match location:
            case types.InputPhotoFileLocation() | types.InputDocumentFileLocation():
                file = self._files.get(location.id)
            case _:
                raise bad("LOCATION_INVALID")
        if file is None or file.described.access_hash != location.access_hash:
            raise bad("FILE_ID_INVALID")
        if location.file_reference != file.described.file_reference:
            raise bad(self._fault_of(location))
        return file

    def _fault_of(self, location: Tl) -> str:
        if not location.file_reference:
            return "FILE_REFERENCE_EMPTY"
        old = {self._reference(location.id, epoch) for epoch in range(self.epoch)}
        return "FILE_REFERENCE_EXPIRED" if location.file_reference in old else "FILE_REFERENCE_INVALID"

    def _next(self) -> int:
        return 5_000_000_000_000_000_000 + len(self._files) + 1

    def _hash(self, number: int) -> int:
        return int.from_bytes(
            sha256(self.secret + b"file" + struct.pack("<q", number)).digest()[:8], "little", signed=True
        )

    def _reference(self, number: int, epoch: int | None = None) -> bytes:
        at = self.epoch if epoch is None else epoch
        return sha256(self.secret + b"reference" + struct.pack("<qI", number, at)).digest()[:_REFERENCE_BYTES]


def _require_part(offset: int, limit: int, *, precise: bool) -> None:
    """Check the rules of core.telegram.org/api/files#downloading-files."""
    step = _PRECISE_STEP if precise else _PLAIN_STEP
    if offset < 0 or offset % step:
        raise bad("OFFSET_INVALID")
    if not 0 < limit <= MAX_PART_BYTES or limit % step or not (precise or MAX_PART_BYTES % limit == 0):
        raise bad("LIMIT_INVALID")
    if offset // MAX_PART_BYTES != (offset + limit - 1) // MAX_PART_BYTES:
        raise bad("LIMIT_INVALID")


def _kind(data: bytes) -> Tl:
    if data.startswith(b"\xff\xd8"):
        return types.storage.FileJpeg()
    return types.storage.FilePng() if data.startswith(b"\x89PNG") else types.storage.FileUnknown()
