"""Preserved files as the offline commands open them: found by the log, and compared with it."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import sqlalchemy as sa

from api.home import Home
from casefiles.case import open_events
from evidence.canonical import Value, text_of
from evidence.errors import EnvelopeError, ObjectMissingError, ReleaseError
from evidence.observation import Kind
from evidence.seal.recipients import KeyIdentity
from evidence.store import database
from evidence.store.database import reading
from evidence.store.freeze import not_frozen
from evidence.store.payload import read_payload
from evidence.unseal import opened_evidence

_ENDINGS: Mapping[str, str] = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "application/pdf": ".pdf",
}
"""What the name of a file ends with, by its type."""
_UNKNOWN = ".bin"


@dataclass(frozen=True, slots=True)
class PreservedFile:
    """A file that is preserved, as its entry of the log says it.

    Attributes:
        index: Where in the log the entry is; its event is the item.
        sha256: Of the content, as the entry commits to it.
        ending: What its name ends with, by its type or by its name; it says no more than that.
        address: SHA-256 of the payload.
    """

    item_id: str
    index: int
    sha256: str
    size: int
    ending: str
    address: str


def medium_indexes(home: Home) -> Sequence[int]:
    """Where in the log the entries of files are whose content is sealed and that are not frozen."""
    table = database.item.c
    wanted = sa.select(table.idx).where(table.kind == Kind.FILE.value, table.payload_sha256.is_not(None), not_frozen())
    with reading(home.engine) as connection:
        return connection.execute(wanted.order_by(table.idx)).scalars().all()


def media_at(home: Home, indexes: Sequence[int], casework: KeyIdentity) -> Sequence[PreservedFile]:
    """The preserved files in these entries of the log, in their order.

    Raises:
        LeafError: A record is missing or damaged.
        ReleaseError: An entry is of no file that is sealed.
    """
    found = list[PreservedFile]()
    for event in open_events(home.engine, indexes, casework):
        values = event.record.values if event.record else {}
        address, sha256, size = event.leaf.sealed.get("media"), values.get("sha256"), values.get("bytes")
        if address is None or sha256 is None or size is None:
            raise ReleaseError("release.no_media", found=event.leaf.event_id)
        ending = _ending(values.get("media_type"), values.get("file_name"))
        found.append(
            PreservedFile(event.leaf.event_id, event.index, text_of(sha256), int(text_of(size)), ending, address)
        )
    return found


def _ending(media_type: Value, file_name: Value) -> str:
    if isinstance(media_type, str) and media_type in _ENDINGS:
        return _ENDINGS[media_type]
    named = PurePosixPath(file_name).suffix.lower() if isinstance(file_name, str) else ""
    return named if named in _ENDINGS.values() else _UNKNOWN


def media_of(home: Home, items: Sequence[str], casework: KeyIdentity) -> Sequence[PreservedFile]:
    """The preserved files that are these items, in their order.

    Raises:
        LeafError: A record is missing or damaged.
        ReleaseError: One of them is no file that is sealed.
    """
    table = database.item.c
    with reading(home.engine) as connection:
        wanted = sa.select(table.item_id, table.idx).where(table.item_id.in_(items), not_frozen())
        indexes = {row.item_id: row.idx for row in connection.execute(wanted)}
    if gone := [item for item in items if item not in indexes]:
        raise ReleaseError("release.no_media", found=gone[0])
    found = {each.item_id: each for each in media_at(home, sorted(indexes.values()), casework)}
    return [found[item] for item in items]


def content_of(home: Home, medium: PreservedFile, cards: Sequence[str]) -> Generator[bytes, None, None]:
    """The content of a preserved file, piece by piece; nothing is certain before it ends.

    Raises:
        CardError: The cards are too few, mistyped, or of different sets.
        NoMatchingKeyError: It was not sealed for this office.
        EnvelopeError: What lies there is damaged, is another item's, or is not the content that the log names.
        ObjectMissingError: Its header or its payload is gone.
    """
    table = database.sealed.c
    with reading(home.engine) as connection:
        wanted = sa.select(table.body).where(table.idx == medium.index, table.name == "media_header")
        header = connection.execute(wanted).scalar()
        if header is None:
            raise ObjectMissingError("object_missing.media_header", where=medium.item_id)
        payload = read_payload(connection, home.objects, index=medium.index, address=medium.address)
        origin = home.settings.log.origin
        content = yield from opened_evidence(header, payload, cards=cards, event=medium.item_id, origin=origin)
    if (content.content_sha256, content.content_bytes) != (medium.sha256, medium.size):
        raise EnvelopeError("envelope.not_the_logged_content", where=medium.item_id)
