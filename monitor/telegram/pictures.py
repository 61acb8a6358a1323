"""Every picture, video and file in a TL object, found by walking the whole tree.

Never through ``.media``, ``.photo``, ``.document`` or ``.file``: those miss what is in a rich message, a poll or paid
media, and the video of a live photo. ``CARRIERS`` lists each field of the layer that leads to a picture, a file or a
preview, and ``BYTES`` each field of bytes; a test walks the layer and fails for one that is in neither.

**What is fetched as evidence**: every photo in its largest size, and every document, that the message itself carries
or shows, including those of a web page, of the article behind it, of a story and of the message that is replied to.
Not fetched: thumbnails, another quality of the same video if the video itself is there, what Telegram draws (gifts,
sticker sets, themes), profile pictures of accounts, and files for which Telegram gives no location. Each has its reason
in the table.

**Positions** count from 0: first what is in the message itself, then what else it shows, each in the order of the
layer's fields. A photo or document that comes twice is one file, at its first place. A photo that is no longer there
keeps its position.

Pure functions; the TL locations that they build are the only Telethon objects here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from telethon.tl import types

from monitor.telegram.tree import TlTree, is_told


@dataclass(frozen=True, slots=True)
class Carrier:
    """A field that leads to a picture.

    Attributes:
        role: What the picture is there; empty for what was sent itself.
        unfetched: Why it is not fetched; empty where it is.
    """

    role: str = ""
    unfetched: str = ""


_DRAWN = "Telegram's own drawing, the same for everybody"
_PREVIEW = "a preview: never fetched, its bytes never leave the raw message"
_PROFILE = "the profile picture of an account or a chat: named by its id, its full size stands elsewhere"
_BOT = "a bot's advertisement of itself, not part of the message"
_SECRET = "of a secret chat, which no watch can see"  # noqa: S105 - no password
_SEALED = "a document of Telegram Passport, encrypted for a bot"
_SELLER = "lies on a seller's server; its address is told"
_SAME = "the same video in another quality; fetched only where the video itself is missing"

CARRIERS: Mapping[str, Carrier] = MappingProxyType(
    {
        "MessageMediaPhoto.photo": Carrier(),
        "MessageMediaPhoto.video": Carrier("live_video"),
        "MessageMediaDocument.document": Carrier(),
        "MessageMediaDocument.alt_documents": Carrier("alternative", _SAME),
        "MessageMediaDocument.video_cover": Carrier("cover"),
        "MessageMediaInvoice.photo": Carrier("invoice", _SELLER),
        "MessageExtendedMediaPreview.thumb": Carrier("locked", _PREVIEW),
        "MessageActionChatEditPhoto.photo": Carrier(),
        "MessageActionSuggestProfilePhoto.photo": Carrier(),
        "RichMessage.photos": Carrier("rich"),
        "RichMessage.documents": Carrier("rich"),
        "WebPage.photo": Carrier("web_page"),
        "WebPage.document": Carrier("web_page"),
        "Page.photos": Carrier("article"),
        "Page.documents": Carrier("article"),
        "Game.photo": Carrier("game"),
        "Game.document": Carrier("game"),
        "StoryItem.music": Carrier("music"),
        "WallPaper.document": Carrier("wallpaper"),
        "RequestedPeerChannel.photo": Carrier("profile"),
        "RequestedPeerChat.photo": Carrier("profile"),
        "RequestedPeerUser.photo": Carrier("profile"),
        "ChannelFull.chat_photo": Carrier("profile"),
        "ChatFull.chat_photo": Carrier("profile"),
        "CommunityFull.chat_photo": Carrier("profile"),
        "Photo.sizes": Carrier("size", "the largest is the photo; the others are previews of it"),
        "Photo.video_sizes": Carrier("animated"),
        "Document.thumbs": Carrier("preview", _PREVIEW),
        "Document.video_thumbs": Carrier("preview", _PREVIEW),
        "StickerSet.thumbs": Carrier("preview", _PREVIEW),
        "Channel.photo": Carrier("profile", _PROFILE),
        "Chat.photo": Carrier("profile", _PROFILE),
        "Community.photo": Carrier("profile", _PROFILE),
        "User.photo": Carrier("profile", _PROFILE),
        "BotApp.photo": Carrier("app", _BOT),
        "BotApp.document": Carrier("app", _BOT),
        "BotInfo.description_photo": Carrier("app", _BOT),
        "BotInfo.description_document": Carrier("app", _BOT),
        "StarGift.sticker": Carrier("gift", _DRAWN),
        "StarGiftAttributeModel.document": Carrier("gift", _DRAWN),
        "StarGiftAttributePattern.document": Carrier("gift", _DRAWN),
        "WebPageAttributeStarGiftCollection.icons": Carrier("gift", _DRAWN),
        "WebPageAttributeStickerSet.stickers": Carrier("sticker_set", _DRAWN),
        "WebPageAttributeTheme.documents": Carrier("theme", _DRAWN),
        "Theme.document": Carrier("theme", _DRAWN),
        "ChannelFull.stickerset": Carrier("sticker_set", _DRAWN),
        "ChannelFull.emojiset": Carrier("sticker_set", _DRAWN),
        "UpdateNewStickerSet.stickerset": Carrier("sticker_set", _DRAWN),
        "SecureValue.front_side": Carrier("passport", _SEALED),
        "SecureValue.reverse_side": Carrier("passport", _SEALED),
        "SecureValue.selfie": Carrier("passport", _SEALED),
        "SecureValue.translation": Carrier("passport", _SEALED),
        "SecureValue.files": Carrier("passport", _SEALED),
        "EncryptedMessage.file": Carrier("secret", _SECRET),
    }
)
"""Every field of the layer that leads to a picture, a video, a file or a preview."""

CONTEXTS: Mapping[str, str] = MappingProxyType(
    {
        "MessageReplyHeader.reply_media": "reply",
        "MessageMediaStory.story": "story",
        "WebPageAttributeStory.story": "story",
        "MessageMediaPoll.attached_media": "poll",
        "PollAnswer.media": "answer",
        "PollResults.solution_media": "solution",
        "MessageMediaPaidMedia.extended_media": "paid",
        "MessageMediaInvoice.extended_media": "invoice",
        "ChannelFull.stories": "story",
        "ChannelFull.wallpaper": "wallpaper",
    }
)
"""What a picture is, if its own field does not say so."""

PREVIEW_BYTES = frozenset(
    {
        "PhotoStrippedSize.bytes",
        "PhotoCachedSize.bytes",
        "PhotoPathSize.bytes",
        "ChatPhoto.stripped_thumb",
        "UserProfilePhoto.stripped_thumb",
        "BotAppSettings.placeholder_path",
    }
)
"""The fields whose bytes are a picture, or the outline of one."""

_REFERENCE = "where the file lies, for an account and some hours"
_CHOICE = "what a bot or a poll calls a choice"
_CIPHER = "keys and encrypted bytes"
BYTES: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(PREVIEW_BYTES, "a picture")
    | dict.fromkeys(("Photo.file_reference", "Document.file_reference"), _REFERENCE)
    | dict.fromkeys(("InputDocument.file_reference", "InputPhoto.file_reference"), _REFERENCE)
    | {"DocumentAttributeAudio.waveform": "how loud a voice message is, in 63 steps of 5 bits"}
    | dict.fromkeys(
        (
            "InlineButtonTypeCallback.data", "MessageReplyHeader.poll_option", "PollAnswer.option",
            "PollAnswerVoters.option", "InputReplyToMessage.poll_option", "UpdateMessagePollVote.options",
            "UpdateBotCallbackQuery.data", "UpdateBusinessBotCallbackQuery.data", "UpdateInlineBotCallbackQuery.data",
            "UpdateEphemeralBotCallbackQuery.data",
        ),
        _CHOICE,
    )
    | dict.fromkeys(
        (
            "MessageActionPaymentRefunded.payload", "MessageActionPaymentSentMe.payload", "InputMediaInvoice.payload",
            "UpdateBotPrecheckoutQuery.payload", "UpdateBotShippingQuery.payload", "UpdateBotStarsSubscription.payload",
        ),
        "what a bot calls a purchase",
    )
    | dict.fromkeys(
        (
            "DcOption.secret", "EncryptedChat.g_a_or_b", "EncryptedChatRequested.g_a", "EncryptedMessage.bytes",
            "EncryptedMessageService.bytes", "PhoneCall.g_a_or_b", "PhoneCallAccepted.g_b",
            "PhoneCallRequested.g_a_hash", "PhoneConnection.peer_tag", "SecureCredentialsEncrypted.data",
            "SecureCredentialsEncrypted.hash", "SecureCredentialsEncrypted.secret", "SecureData.data",
            "SecureData.data_hash", "SecureData.secret", "SecureFile.file_hash", "SecureFile.secret",
            "SecureValue.hash", "SentCodeTypeFirebaseSms.nonce", "SentCodeTypeFirebaseSms.play_integrity_nonce",
            "UpdateGroupCallChainBlocks.blocks", "UpdateGroupCallEncryptedMessage.encrypted_message",
            "UpdatePhoneCallSignalingData.data", "EmojiGameOutcome.seed", "InputMediaStakeDice.client_seed",
        ),
        _CIPHER,
    )
)  # fmt: skip
"""Every field of bytes, and what it holds."""

_FILES = frozenset({"Photo", "PhotoEmpty", "Document", "DocumentEmpty"})
_ELSEWHERE = frozenset({"WebDocument", "WebDocumentNoProxy", "SecureFile", "EncryptedFile"})
FILE_CONSTRUCTORS = _FILES | _ELSEWHERE
"""The constructors that are a picture, a video or a file themselves."""
_SIZES = frozenset({"PhotoSize", "PhotoSizeProgressive", "PhotoCachedSize"})
_NUMBER = re.compile(r"\[([0-9]+)\]")


# --- the walk --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Carried:
    """A picture, a video or a file that stands in an object.

    Attributes:
        path: Where it is, such as ``media.alt_documents[1]``.
        edge: The field that leads to it, such as ``MessageMediaDocument.alt_documents``.
        holder: The object that has this field.
        role: What it is there; empty for what was sent itself.
        unfetched: Why it is not fetched; empty where it is.
    """

    path: str
    edge: str
    told: TlTree
    holder: TlTree
    role: str
    unfetched: str

    @property
    def identity(self) -> str:
        """``photo123`` or ``document123``, which finds it in a message that was fetched again."""
        kind = "photo" if self.told["_"].startswith("Photo") else "document"
        return f"{kind}{self.told.get('id', self.path)}"

    @property
    def numbers(self) -> tuple[int, ...]:
        """The indexes in vectors on the way to it."""
        return tuple(int(number) for number in _NUMBER.findall(self.path))


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A preview whose bytes are in the object itself."""

    path: str
    length: int


@dataclass(frozen=True, slots=True)
class _Visit:
    path: str
    edge: str
    value: Any
    holder: TlTree
    contexts: tuple[str, ...]


def carried_in(found: TlTree) -> tuple[Carried, ...]:
    """The pictures and files of a TL object: first what was sent itself, then the rest, in the order of the layer."""
    every = [
        _carried(visit) for visit in _walk(found) if is_told(visit.value) and visit.value["_"] in FILE_CONSTRUCTORS
    ]
    first = [one for one in every if not one.role]
    return tuple(_once([*first, *(one for one in every if one.role)]))


def thumbnails_in(found: TlTree) -> tuple[Thumbnail, ...]:
    """Every preview that is embedded in a TL object, in the order of the layer."""
    return tuple(
        Thumbnail(visit.path, len(visit.value))
        for visit in _walk(found)
        if isinstance(visit.value, bytes) and visit.edge in PREVIEW_BYTES
    )


def _once(every: Iterable[Carried]) -> Iterator[Carried]:
    seen: set[str] = set()
    for one in every:
        if one.identity not in seen:
            seen.add(one.identity)
            yield one


def _carried(visit: _Visit) -> Carried:
    # a field that nobody listed is fetched: a test finds it, and until then nothing in it is lost
    carrier = CARRIERS.get(visit.edge, Carrier("unlisted"))
    role = "_".join((*visit.contexts[-1:], *((carrier.role,) if carrier.role else ())))
    return Carried(visit.path, visit.edge, visit.value, visit.holder, role, carrier.unfetched)


def _walk(found: TlTree, path: str = "", contexts: tuple[str, ...] = ()) -> Iterator[_Visit]:
    """Every object and byte string in an object: no text or number is or holds a picture."""
    for key, value in found.items():
        if not isinstance(value, (dict, list, bytes)):
            continue
        edge, here = f"{found['_']}.{key}", f"{path}.{key}" if path else key
        inner = (*contexts, CONTEXTS[edge]) if edge in CONTEXTS else contexts
        if isinstance(value, list):
            for at, one in enumerate(value):
                yield from _visit(_Visit(f"{here}[{at}]", edge, one, found, inner))
        else:
            yield from _visit(_Visit(here, edge, value, found, inner))


def _visit(visit: _Visit) -> Iterator[_Visit]:
    yield visit
    if is_told(visit.value):
        yield from _walk(visit.value, visit.path, visit.contexts)


# --- the files -------------------------------------------------------------------------------


class AskedWith(StrEnum):
    """What must be asked for to get a fresh reference to a file."""

    MESSAGE = "message"
    RICH_MESSAGE = "rich_message"
    STORY = "story"
    FULL_CHAT = "full_chat"


@dataclass(frozen=True, slots=True)
class File:
    """A file that can be downloaded.

    Attributes:
        position: Its place among the files of its message, from 0.
        kind: ``photo`` or ``document``.
        identity: Finds it again in a message that was fetched again, for a fresh reference.
        location: ``InputPhotoFileLocation`` or ``InputDocumentFileLocation``, with a reference that expires.
        dc: The data centre that has it.
        size: Bytes, as the server claims.
        name: As its sender called it; else made from its kind and number.
        asked_with: What must be asked for again when the reference has expired.
    """

    position: int
    kind: str
    identity: str
    location: Any = field(repr=False, compare=False)
    dc: int
    size: int | None
    name: str = field(repr=False)
    declared_type: str | None
    message_id: int | None
    path: str
    asked_with: AskedWith


@dataclass(frozen=True, slots=True)
class Slot:
    """A place among the files of a message.

    Attributes:
        file: None if there is nothing left to download.
    """

    position: int
    carried: Carried
    file: File | None


def slots_in(found: TlTree, carried: tuple[Carried, ...] | None = None) -> tuple[Slot, ...]:
    """The files of a message or a chat of Telegram that are evidence; also those that are no longer there.

    Args:
        carried: What ``carried_in`` found in it, if the caller already has that.
    """
    every = carried_in(found) if carried is None else carried
    return tuple(
        Slot(position, one, _file(found, one, position, size)) for position, (one, size) in enumerate(_wanted(every))
    )


def files_in(found: TlTree) -> tuple[File, ...]:
    """The files of ``slots_in`` that can be downloaded from Telegram."""
    return tuple(slot.file for slot in slots_in(found) if slot.file is not None)


def is_cut_short(found: TlTree) -> bool:
    """Whether the message is only the beginning of a rich one, the rest of which Telegram must be asked for."""
    rich = found.get("rich_message")
    return is_told(rich) and bool(rich.get("part"))


def largest(photo: TlTree) -> TlTree | None:
    """The largest size of a photo that is on Telegram's server; None if only previews are embedded."""
    sizes = [one for one in photo.get("sizes", ()) if one["_"] in _SIZES]
    return max(sizes, key=lambda one: (one["w"] * one["h"], size_of(one)), default=None)


def size_of(size: TlTree) -> int:
    """How many bytes a size of a photo has on Telegram's server."""
    match size["_"]:
        case "PhotoSizeProgressive":
            return max(size.get("sizes", ()), default=0)
        case "PhotoCachedSize":
            return len(size["bytes"])
        case _:
            return int(size["size"])


def name_of(document: TlTree) -> str | None:
    """The name that the sender of a document on Telegram gave it."""
    names = [one["file_name"] for one in document.get("attributes", ()) if one["_"] == "DocumentAttributeFilename"]
    return names[0] or None if names else None


def _wanted(every: tuple[Carried, ...]) -> Iterator[tuple[Carried, TlTree | None]]:
    """What is fetched, and in which size; a moving profile picture is one more file."""
    there = {one.path for one in every if one.told["_"] == "Document"}
    for one in every:
        if one.told["_"] not in _FILES or not _is_wanted(one, there):
            continue
        yield one, largest(one.told)
        for size in one.told.get("video_sizes", ()):
            if size["_"] == "VideoSize":
                yield one, size


def _is_wanted(one: Carried, there: set[str]) -> bool:
    if one.edge == "MessageMediaDocument.alt_documents":
        return one.path.rpartition(".")[0] + ".document" not in there
    return not one.unfetched


def _file(found: TlTree, carried: Carried, position: int, size: TlTree | None) -> File | None:
    held = carried.told
    if held["_"] == "Document":
        name = name_of(held) or carried.identity
        location = types.InputDocumentFileLocation(held["id"], held["access_hash"], held["file_reference"], "")
        about = (held["size"], name, held["mime_type"] or None)
    elif held["_"] == "Photo" and size is not None:
        location = types.InputPhotoFileLocation(held["id"], held["access_hash"], held["file_reference"], size["type"])
        suffix, kind = (".mp4", "video/mp4") if size["_"] == "VideoSize" else (".jpg", "image/jpeg")
        about = (size_of(size), f"{carried.identity}{suffix}", kind)
    else:
        return None
    variant = size["type"] if size is not None and size["_"] == "VideoSize" else ""
    return File(
        position=position,
        kind="photo" if held["_"] == "Photo" else "document",
        identity=f"{carried.identity}{variant}",
        location=location,
        dc=held["dc_id"],
        size=about[0],
        name=about[1],
        declared_type=about[2],
        message_id=found["id"] if found["_"] in ("Message", "MessageService") else None,
        path=carried.path,
        asked_with=_asked_with(found, carried.path),
    )


def _asked_with(found: TlTree, path: str) -> AskedWith:
    if found["_"] not in ("Message", "MessageService"):
        return AskedWith.FULL_CHAT
    if ".story." in path:
        return AskedWith.STORY
    rich = path.startswith("rich_message.") and is_cut_short(found)
    return AskedWith.RICH_MESSAGE if rich else AskedWith.MESSAGE
