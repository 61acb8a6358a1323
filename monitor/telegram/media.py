"""What a message says about the pictures, videos and files in it, as ``media`` parts, and why some are not kept.

A photo or document has one part, wherever it is in the message: ``role`` says what it is there, unless it is what was
sent itself. The kinds have Telegram Desktop's names. Previews have no part, nor has what Telegram draws itself.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from evidence.content import Part
from evidence.observation import HoleReason
from monitor.telegram.pictures import Carried, largest, size_of
from monitor.telegram.reading import Reading, fraction, integer, link, moment, text
from monitor.telegram.tree import TlTree

SILENT = frozenset({"preview", "size", "locked", "gift", "sticker_set", "theme", "app", "passport", "secret"})
"""Roles of pictures that nobody in the chat sent."""

ATTRIBUTES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "DocumentAttributeAnimated": frozenset(),
        "DocumentAttributeHasStickers": frozenset(),
        "DocumentAttributeFilename": frozenset({"file_name"}),
        "DocumentAttributeImageSize": frozenset({"w", "h"}),
        "DocumentAttributeVideo": frozenset({"duration", "w", "h", "round_message"}),
        "DocumentAttributeAudio": frozenset({"duration", "voice", "title", "performer"}),
        "DocumentAttributeSticker": frozenset({"alt", "stickerset"}),
        "DocumentAttributeCustomEmoji": frozenset({"alt", "stickerset"}),
    }
)
"""Every attribute of a document, with the fields that are read."""

READ: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "Photo": frozenset({"id", "date", "dc_id", "sizes", "video_sizes", "access_hash", "file_reference"}),
        "PhotoEmpty": frozenset({"id"}),
        "Document": frozenset(
            {"id", "date", "dc_id", "mime_type", "size", "attributes", "access_hash", "file_reference"}
        ),
        "DocumentEmpty": frozenset({"id"}),
        "WebDocument": frozenset({"url", "size", "mime_type", "attributes"}),
        "WebDocumentNoProxy": frozenset({"url", "size", "mime_type", "attributes"}),
    }
)
"""The fields of a picture or file that are read here or in ``monitor.telegram.pictures``."""

UNREAD_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "Photo.has_stickers": "whether a sticker was put on it, which it shows itself",
        "Document.thumbs": "a preview",
        "Document.video_thumbs": "a preview",
        "WebDocument.access_hash": "belongs to the account that watches",
        "DocumentAttributeAudio.waveform": "how a client draws it",
        **dict.fromkeys(
            (
                "DocumentAttributeVideo.supports_streaming", "DocumentAttributeVideo.nosound",
                "DocumentAttributeVideo.preload_prefix_size", "DocumentAttributeVideo.video_start_ts",
                "DocumentAttributeVideo.video_codec",
            ),
            "how a client plays it",
        ),
        **dict.fromkeys(
            (
                "DocumentAttributeSticker.mask", "DocumentAttributeSticker.mask_coords",
                "DocumentAttributeCustomEmoji.free", "DocumentAttributeCustomEmoji.text_color",
            ),
            "how a client draws it",
        ),
    }
)  # fmt: skip
"""Fields of these that are left out, and why."""


def tell_media(reading: Reading, every: Iterable[Carried], *, inside: Collection[str] = ()) -> None:
    """Tell a part for each picture and file of a TL object, and note those for which Telegram gives no location.

    Args:
        inside: Identities that are already in a block of a rich message.
    """
    for carried in every:
        if carried.role.rpartition("_")[2] in SILENT or carried.role in SILENT:
            continue
        if carried.identity not in inside:
            reading.tell("media", Part("media", media_fields(reading, carried)))
        if carried.told["_"] not in ("Photo", "PhotoEmpty", "Document", "DocumentEmpty"):
            reading.note(HoleReason.UNSUPPORTED, f"{carried.edge}: {carried.told['_']}", carried.told)


def media_fields(reading: Reading, carried: Carried) -> dict[str, Any]:
    """What Telegram says about one picture or file."""
    one = carried.told
    photo = one["_"].startswith("Photo")
    fields = _photo(reading, one) if photo else _document(reading, one, carried.edge)
    if "dc_id" in one:
        fields["dc"] = integer(reading, one["dc_id"], f"{carried.edge}.dc_id")
    if "id" in one:
        fields["id"] = integer(reading, one["id"], f"{carried.edge}.id")
    if "date" in one:
        fields["uploaded_at"] = moment(reading, one["date"], f"{carried.edge}.date")
    fields |= _beside(carried) | ({"role": carried.role} if carried.role else {})
    if carried.role.startswith("answer") and carried.numbers:
        fields["answer"] = str(carried.numbers[0])
    return {name: value for name, value in fields.items() if value is not None}


def _beside(carried: Carried) -> dict[str, str]:
    """What the message says about how it is shown."""
    holder = carried.holder
    beside = {"spoiler": "yes"} if holder.get("spoiler") else {}
    return beside | ({"self_destruct_s": str(int(holder["ttl_seconds"]))} if "ttl_seconds" in holder else {})


def _photo(reading: Reading, photo: TlTree) -> dict[str, Any]:
    size = largest(photo)
    if size is None:
        return {"type": "photo"}
    sizes = {"bytes": size_of(size), "width": size["w"], "height": size["h"]}
    return {"type": "photo"} | {name: integer(reading, value, f"Photo.{name}") for name, value in sizes.items()}


def _document(reading: Reading, one: TlTree, edge: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"type": "web_file" if one["_"].startswith("Web") else _type(one)}
    if "size" in one:
        fields["bytes"] = integer(reading, one["size"], f"{edge}.size")
    if one.get("mime_type"):
        fields["media_type"] = text(reading, one["mime_type"], f"{edge}.mime_type")
    if "url" in one:
        fields["link"] = link(reading, one["url"], f"{edge}.url")
    for attribute in one.get("attributes", ()):
        for name, value in _attribute(reading, attribute):
            fields.setdefault(name, value)
    return fields


def _type(document: TlTree) -> str:
    """The kind, as Telegram Desktop calls it; ``file`` if it is no other kind."""
    by_name = {one["_"]: one for one in document.get("attributes", ())}
    video, audio = by_name.get("DocumentAttributeVideo"), by_name.get("DocumentAttributeAudio")
    kinds = (
        ("sticker", {"DocumentAttributeSticker", "DocumentAttributeCustomEmoji"} & by_name.keys()),
        ("video_message", video and video.get("round_message")),
        ("voice_message", audio and audio.get("voice")),
        ("animation", "DocumentAttributeAnimated" in by_name),
        ("video_file", video),
        ("audio_file", audio),
    )
    return next((kind for kind, said in kinds if said), "file")


def _attribute(reading: Reading, one: TlTree) -> Iterator[tuple[str, Any]]:
    where = str(one["_"])
    if where not in ATTRIBUTES:
        reading.note(HoleReason.UNKNOWN, where, one)
        return
    for key, name in (("w", "width"), ("h", "height")):
        if key in one:
            yield name, integer(reading, one[key], f"{where}.{key}")
    if "duration" in one and (seconds := fraction(reading, one["duration"], f"{where}.duration")):
        yield "duration_s", seconds.partition(".")[0].replace("-0", "0")
    for key, name in (("file_name", "file_name"), ("title", "title"), ("performer", "performer"), ("alt", "emoji")):
        if one.get(key):
            yield name, text(reading, one[key], f"{where}.{key}")
    if "id" in one.get("stickerset", ()):
        yield "sticker_set_id", integer(reading, one["stickerset"]["id"], f"{where}.stickerset")
