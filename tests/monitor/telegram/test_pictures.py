"""Every picture of the layer is found, wherever it stands, and no field that leads to one is unlisted."""

import pytest
from telethon.tl import types

from monitor.telegram.layer import of_type
from monitor.telegram.pictures import (
    BYTES,
    CARRIERS,
    CONTEXTS,
    FILE_CONSTRUCTORS,
    PREVIEW_BYTES,
    AskedWith,
    carried_in,
    files_in,
    is_cut_short,
    largest,
    slots_in,
    thumbnails_in,
)
from monitor.telegram.tree import told
from tests.monitor.telegram.generated import (
    DAY,
    ROOTS,
    Generator,
    document,
    message,
    photo,
    reachable,
    service,
    with_document,
    with_photo,
)
from tests.nonempty import nonempty

PICTURED = {
    "Photo", "Document", "PhotoSize", "VideoSize", "WebDocument", "SecureFile", "EncryptedFile", "ChatPhoto",
    "UserProfilePhoto", "StickerSet",
}  # fmt: skip
"""The types of the layer that are a picture, a file, or a preview of one."""


def text(words: str) -> types.TextWithEntities:
    return types.TextWithEntities(words, [])


# --- the layer -------------------------------------------------------------------------------


def test_every_field_of_the_layer_that_leads_to_a_picture_is_listed() -> None:
    edges = {
        f"{one.name}.{field.name}"
        for one in reachable(*ROOTS)
        for field in one.fields.values()
        if field.type in PICTURED
    }
    assert len(edges) >= 33
    assert edges - CARRIERS.keys() == set()
    assert CARRIERS.keys() - edges == set()
    assert "MessageMediaPhoto.hologram" not in CARRIERS  # so that the search can fail


def test_every_field_of_bytes_is_listed_with_what_it_holds() -> None:
    edges = {
        f"{one.name}.{field.name}"
        for one in reachable(*ROOTS)
        for field in one.fields.values()
        if field.type == "bytes"
    }
    assert edges == {*BYTES}
    assert edges >= PREVIEW_BYTES


def test_every_type_with_a_picture_in_its_bytes_is_known_as_pictured() -> None:
    holders = {edge.partition(".")[0] for edge in PREVIEW_BYTES} - {"BotAppSettings"}
    kinds = {kind for kind in PICTURED for one in of_type(kind) if one.name in holders}
    assert kinds == {"PhotoSize", "ChatPhoto", "UserProfilePhoto"}


def test_every_context_is_a_field_of_the_layer() -> None:
    edges = {f"{one.name}.{name}" for one in reachable(*ROOTS) for name in one.fields}
    assert CONTEXTS.keys() <= edges


@pytest.mark.parametrize("seed", range(40))
def test_the_walk_finds_what_a_plain_search_finds(seed: int) -> None:
    found = told(Generator.of(seed).any_of(ROOTS[seed % len(ROOTS)]))
    plain = list(everything(found))
    assert {one.identity for one in carried_in(found)} == {
        f"{'photo' if one['_'].startswith('Photo') else 'document'}{one.get('id')}"
        for one in plain
        if one["_"] in FILE_CONSTRUCTORS - {"WebDocument", "WebDocumentNoProxy"}
    } | {one.identity for one in carried_in(found) if one.told["_"].startswith("WebDocument")}
    embedded = [one for one in plain if f"{one['_']}.bytes" in PREVIEW_BYTES or one.get("stripped_thumb")]
    assert len(thumbnails_in(found)) == len(embedded) + sum("placeholder_path" in one for one in plain)


def everything(value: object) -> list[dict[str, object]]:
    if isinstance(value, dict):
        return [value, *(one for inner in value.values() for one in everything(inner))]
    return [one for inner in value for one in everything(inner)] if isinstance(value, list) else []


# --- by hand ---------------------------------------------------------------------------------

KINDS = {
    "a photo": (message(media=with_photo()), ["photo12"], [""]),
    "a live photo": (
        message(media=with_photo(live_photo=True, video=document())),
        ["photo12", "document34"],
        ["", "live_video"],
    ),
    "a video with a cover and other qualities": (
        message(media=with_document(document(34), alt_documents=[document(35), document(36)], video_cover=photo(5))),
        ["document34", "photo5"],
        ["", "cover"],
    ),
    "a video of which only another quality is there": (
        message(media=types.MessageMediaDocument(alt_documents=[document(35)])),
        ["document35"],
        ["alternative"],
    ),
    "a web page with its article": (
        message(
            media=types.MessageMediaWebPage(
                types.WebPage(
                    1,
                    "u",
                    "u",
                    0,
                    photo=photo(1),
                    document=document(2),
                    cached_page=types.Page("u", [], [photo(1), photo(3)], [document(4)]),
                )
            )
        ),
        ["photo1", "document2", "photo3", "document4"],
        ["web_page", "web_page", "article", "article"],
    ),
    "a rich message": (
        message(rich_message=types.RichMessage([], [photo(1), photo(2)], [document(3)])),
        ["photo1", "photo2", "document3"],
        ["rich", "rich", "rich"],
    ),
    "unlocked paid media": (
        message(media=types.MessageMediaPaidMedia(5, [types.MessageExtendedMedia(with_photo())])),
        ["photo12"],
        ["paid"],
    ),
    "locked paid media": (
        message(media=types.MessageMediaPaidMedia(5, [types.MessageExtendedMediaPreview(w=9, h=9)])),
        [],
        [],
    ),
    "pictures of a poll": (
        message(
            media=types.MessageMediaPoll(
                types.Poll(1, text("q"), [types.PollAnswer(text("a"), b"0", media=with_photo(photo(2)))], 0),
                types.PollResults(solution_media=with_photo(photo(3))),
                attached_media=with_photo(photo(1)),
            )
        ),
        ["photo2", "photo3", "photo1"],
        ["answer", "solution", "poll"],
    ),
    "a game": (
        message(media=types.MessageMediaGame(types.Game(1, 2, "s", "t", "d", photo(7), document(8)))),
        ["photo7", "document8"],
        ["game", "game"],
    ),
    "a story": (
        message(
            media=types.MessageMediaStory(
                types.PeerUser(3), 4, story=types.StoryItem(4, DAY, DAY, with_photo(photo(5)), music=document(6))
            )
        ),
        ["photo5", "document6"],
        ["story", "story_music"],
    ),
    "the media of the message that is answered": (
        message(
            media=with_photo(photo(1)),
            reply_to=types.MessageReplyHeader(reply_to_msg_id=3, reply_media=with_photo(photo(2))),
        ),
        ["photo1", "photo2"],
        ["", "reply"],
    ),
    "a new picture of the group, that moves": (
        service(
            types.MessageActionChatEditPhoto(
                photo(9, video_sizes=[types.VideoSize("u", 8, 8, 70), types.VideoSizeEmojiMarkup(1, [])])
            )
        ),
        ["photo9", "photo9u"],
        ["", ""],
    ),
    "a sticker": (
        message(media=with_document(document(1, types.DocumentAttributeSticker("x", types.InputStickerSetID(1, 2))))),
        ["document1"],
        [""],
    ),
    "an invoice": (
        message(
            media=types.MessageMediaInvoice(
                "t", "d", "EUR", 1, "s", photo=types.WebDocument("u", 1, 2, "image/png", [])
            )
        ),
        [],
        [],
    ),
    "the same photo twice": (
        message(media=with_photo(photo(1)), reply_to=types.MessageReplyHeader(reply_media=with_photo(photo(1)))),
        ["photo1"],
        [""],
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_of_a_message_are_found_in_their_order(kind: str) -> None:
    shown, identities, roles = KINDS[kind]
    files = files_in(told(shown))
    assert [file.identity for file in files] == identities
    assert [file.position for file in files] == list(range(len(files)))
    assert [slot.carried.role for slot in slots_in(told(shown))] == roles


def test_a_photo_is_asked_for_in_its_largest_size() -> None:
    (file,) = files_in(told(message(media=with_photo())))
    assert (file.location.id, file.location.access_hash, file.location.file_reference) == (12, 99, b"reference")
    assert isinstance(file.location, types.InputPhotoFileLocation)
    assert (file.location.thumb_size, file.size, file.dc, file.kind, file.message_id) == ("y", 90000, 4, "photo", 7)
    assert (file.name, file.declared_type, file.asked_with) == ("photo12.jpg", "image/jpeg", AskedWith.MESSAGE)


def test_a_document_is_asked_for_whole() -> None:
    named = document(34, types.DocumentAttributeFilename("Мира.mp4"))
    (file,) = files_in(told(message(media=with_document(named))))
    assert isinstance(file.location, types.InputDocumentFileLocation)
    assert (file.location.thumb_size, file.size, file.dc, file.kind) == ("", 5000, 2, "document")
    assert (file.name, file.declared_type) == ("Мира.mp4", "video/mp4")
    assert "Мира" not in repr(file)
    assert "reference" not in repr(file)


@pytest.mark.parametrize(
    "gone",
    [types.PhotoEmpty(12), photo(12, sizes=[types.PhotoStrippedSize("i", b"x"), types.PhotoSizeEmpty("m")])],
    ids=["empty", "previews only"],
)
def test_a_photo_that_is_not_there_keeps_its_position(gone: types.Photo) -> None:
    media = types.MessageMediaPhoto(photo=gone, video=document(3))
    slots = slots_in(told(message(media=media)))
    assert [(slot.position, slot.file is None) for slot in slots] == [(0, True), (1, False)]


def test_a_file_is_found_again_in_a_message_with_fresh_references() -> None:
    before = files_in(told(message(media=with_photo(live_photo=True, video=document()))))
    fresh = types.Photo(12, 99, b"later", DAY, [types.PhotoSize("y", 9, 9, 9)], 4)
    after = files_in(told(message(media=with_photo(fresh, video=document()))))
    assert [file.identity for file in before] == [file.identity for file in after]
    assert after[0].location.file_reference == b"later"


def test_a_file_says_with_what_its_reference_is_asked_for_anew() -> None:
    rich = types.RichMessage([], [photo(1)], [], part=True)
    story = KINDS["a story"][0]
    full = types.ChannelFull(42, "", 0, 0, 0, photo(1), types.PeerNotifySettings(), [], 1)
    asked = [files_in(told(shown))[0].asked_with for shown in (message(rich_message=rich), story, full)]
    assert asked == [AskedWith.RICH_MESSAGE, AskedWith.STORY, AskedWith.FULL_CHAT]
    assert is_cut_short(told(message(rich_message=rich)))
    assert not is_cut_short(told(message("nga")))


def test_the_largest_size_is_by_area_and_never_a_preview() -> None:
    sizes = [types.PhotoStrippedSize("i", b"x" * 99), types.PhotoPathSize("j", b"x"), types.PhotoSizeEmpty("x")]
    assert largest(told(photo(sizes=sizes))) is None
    sizes += [types.PhotoCachedSize("s", 90, 90, b"abc"), types.PhotoSize("m", 100, 100, 5)]
    found = largest(told(photo(sizes=sizes)))
    assert found is not None
    assert found["type"] == "m"


def test_every_embedded_preview_has_its_path_and_length() -> None:
    thumbs = [types.PhotoPathSize("j", b"12345"), types.PhotoCachedSize("s", 9, 9, b"123456")]
    shown = message(media=with_document(document(thumbs=thumbs), video_cover=photo()))
    found = {one.path: one.length for one in nonempty(thumbnails_in(told(shown)))}
    assert found == {
        "media.document.thumbs[0].bytes": 5,
        "media.document.thumbs[1].bytes": 6,
        "media.video_cover.sizes[0].bytes": 11,
    }
    user = types.User(3, photo=types.UserProfilePhoto(1, 2, stripped_thumb=b"1234"))
    assert [one.path for one in thumbnails_in(told(user))] == ["photo.stripped_thumb"]
