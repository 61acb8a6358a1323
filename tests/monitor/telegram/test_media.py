"""Each picture and file of a message has one part that says what it is, as Telegram Desktop calls it."""

import pytest
from telethon.tl import TLObject, types

from evidence.observation import HoleReason
from monitor.desktop.known import MEDIA_TYPES
from tests.monitor.telegram.generated import document, message, photo, service, with_document, with_photo
from tests.monitor.telegram.reads import holes, parts

VIDEO = types.DocumentAttributeVideo(61.7, 640, 480)
STICKER = types.DocumentAttributeSticker("\U0001f33b", types.InputStickerSetID(5, 6))
KINDS = [
    ("sticker", [types.DocumentAttributeImageSize(512, 512), STICKER]),
    ("video_message", [types.DocumentAttributeVideo(3, 240, 240, round_message=True)]),
    ("voice_message", [types.DocumentAttributeAudio(5, voice=True, waveform=b"\x01")]),
    ("animation", [VIDEO, types.DocumentAttributeAnimated()]),
    ("video_file", [VIDEO]),
    ("audio_file", [types.DocumentAttributeAudio(5, title="Song", performer="Singer")]),
    ("file", [types.DocumentAttributeFilename("list.pdf")]),
]


@pytest.mark.parametrize(("kind", "attributes"), KINDS, ids=[kind for kind, _ in KINDS])
def test_a_document_is_called_as_telegram_desktop_calls_it(kind: str, attributes: list[TLObject]) -> None:
    (said,) = parts(message(media=with_document(document(34, *attributes))), "media")
    assert said["type"] == kind
    assert kind in (*MEDIA_TYPES, "file")
    assert holes(message(media=with_document(document(34, *attributes)))) == []


def test_a_photo_has_the_facts_of_its_largest_size() -> None:
    (said,) = parts(message(media=with_photo(spoiler=True, ttl_seconds=9)), "media")
    assert said == {
        "type": "photo", "id": "12", "dc": "4", "bytes": "90000", "width": "1280", "height": "960", "spoiler": "yes",
        "self_destruct_s": "9", "uploaded_at": "2026-01-01T12:00:00.000Z",
    }  # fmt: skip


def test_a_document_has_the_facts_of_its_attributes() -> None:
    attributes = [VIDEO, types.DocumentAttributeFilename("a.mp4"), types.DocumentAttributeHasStickers()]
    (said,) = parts(message(media=with_document(document(34, *attributes))), "media")
    assert said == {
        "type": "video_file", "id": "34", "dc": "2", "bytes": "5000", "width": "640", "height": "480",
        "duration_s": "61", "media_type": "video/mp4", "file_name": "a.mp4", "uploaded_at": "2026-01-01T12:00:00.000Z",
    }  # fmt: skip
    (said,) = parts(message(media=with_document(document(34, STICKER))), "media")
    assert (said["emoji"], said["sticker_set_id"]) == ("\U0001f33b", "5")


def test_each_picture_says_what_it_is_there() -> None:
    video = with_document(document(34, VIDEO), alt_documents=[document(35)], video_cover=photo(5))
    said = parts(message(media=video), "media")
    assert [(one["id"], one.get("role")) for one in said] == [("34", None), ("35", "alternative"), ("5", "cover")]


def test_the_picture_of_an_answer_says_of_which() -> None:
    words = types.TextWithEntities("a", [])
    answers = [types.PollAnswer(words, b"0"), types.PollAnswer(words, b"1", media=with_photo())]
    poll = types.MessageMediaPoll(types.Poll(1, words, answers, 0), types.PollResults())
    (said,) = parts(message(media=poll), "media")
    assert (said["role"], said["answer"]) == ("answer", "1")


def test_the_sticker_of_a_gift_is_not_what_somebody_sent() -> None:
    gift = types.MessageActionStarGift(types.StarGift(1, document(3), 50, 40))
    assert parts(service(gift), "media") == []
    assert holes(service(gift)) == []


def test_a_file_on_another_server_is_told_and_a_hole() -> None:
    shown = types.WebDocument("https://seller.example/p.png", 1, 22, "image/png", [])
    invoice = message(media=types.MessageMediaInvoice("t", "d", "EUR", 1, "s", photo=shown))
    (said,) = parts(invoice, "media")
    assert (said["type"], said["link"].address, said["bytes"]) == ("web_file", "https://seller.example/p.png", "22")
    assert holes(invoice) == [(HoleReason.UNSUPPORTED, "MessageMediaInvoice.photo: WebDocument")]


def test_an_unknown_attribute_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.telegram.media.ATTRIBUTES", {})
    assert holes(message(media=with_document(document(34, VIDEO)))) == [(HoleReason.UNKNOWN, "DocumentAttributeVideo")]
