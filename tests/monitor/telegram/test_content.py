"""A message of the layer says in the log what it said in Telegram, and never carries a picture there."""

from collections.abc import Mapping
from typing import Any

import pytest
from telethon.extensions import BinaryReader
from telethon.tl import TLObject, types

from casefiles.format.layout import ENTRIES
from evidence.canonical import jcs, text_value
from evidence.content import (
    NAMES,
    Entity,
    Link,
    Number,
    NumberKind,
    Part,
    Person,
    Span,
    join_content,
    message_sha256,
    plain,
    split_content,
)
from evidence.log.schema import SCHEMAS
from evidence.observation import Hole, HoleReason, Kind, Observation
from evidence.pictures import find_encoded
from monitor.telegram.peers import Peers
from tests.monitor.desktop.messages import JPEG
from tests.monitor.desktop.messages import read as read_desktop
from tests.monitor.telegram.generated import (
    DAY,
    Generator,
    document,
    message,
    photo,
    service,
    with_document,
    with_photo,
)
from tests.monitor.telegram.reads import PEERS, RAW, RAW_TYPE, SEEN, content, files, holes, parts, read, seen
from tests.nonempty import nonempty
from tests.searching import search_member

MIRA = PEERS.person("user77")
SEEDS = [*range(25), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(25, 1000))]


def text(words: str) -> types.TextWithEntities:
    return types.TextWithEntities(words, [])


# --- any message -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Message", "MessageService"])
@pytest.mark.parametrize("seed", SEEDS)
def test_any_message_is_read_and_no_picture_leaves_its_raw_bytes(kind: str, seed: int) -> None:
    drawn = Generator.of(seed)
    peers = Peers.of([drawn.named("User", id=3)], [drawn.named("Channel", id=42)])
    first, *rest = read(drawn.named(kind, peer_id=types.PeerChannel(42)), peers=peers)
    assert isinstance(first, Observation)
    assert first.fields.keys() <= {*SCHEMAS["observed"].subject}
    beside = [text_value(one.what) if isinstance(one, Hole) else one.fields for one in rest]
    said = jcs({**first.fields, "record": first.record, "beside": beside})
    assert not any(word in said for word in drawn.planted.values())
    assert not any(find_encoded(said))
    assert split_content(join_content(first.fields)) == {name: first.fields[name] for name in NAMES}
    search_member(ENTRIES, jcs(first.fields))
    for one in rest:
        assert isinstance(one, Hole) or one.kind is Kind.FILE
    reasons = {one.reason for one in rest if isinstance(one, Hole)}
    assert HoleReason.UNKNOWN not in reasons


# --- what an export says too -----------------------------------------------------------------

SAME: Mapping[str, tuple[TLObject, dict[str, Any]]] = {
    "words": (message("nga Shkup"), {"text": "nga Shkup"}),
    "words with entities": (
        message(
            "\U0001f33b see @mira at https://a.example",
            entities=[types.MessageEntityMention(7, 5), types.MessageEntityUrl(16, 17)],
        ),
        {
            "text": [
                "\U0001f33b see ",
                {"type": "mention", "text": "@mira"},
                " at ",
                {"type": "link", "text": "https://a.example"},
            ]
        },
    ),
    "a hidden link": (
        message("nga aty", entities=[types.MessageEntityTextUrl(4, 3, "https://a.example")]),
        {"text": ["nga ", {"type": "text_link", "text": "aty", "href": "https://a.example"}]},
    ),
    "an answer": (
        message("nga", reply_to=types.MessageReplyHeader(reply_to_msg_id=3)),
        {"text": "nga", "reply_to_message_id": 3},
    ),
    "an answer into another chat": (
        message("nga", reply_to=types.MessageReplyHeader(reply_to_msg_id=3, reply_to_peer_id=types.PeerChannel(5))),
        {"text": "nga", "reply_to_message_id": 3, "reply_to_peer_id": "channel5"},
    ),
    "an edit": (
        message("nga", edit_date=DAY),
        {"text": "nga", "edited": "2026-01-01T12:00:00", "edited_unixtime": "1767268800"},
    ),
    "an album": (message("nga", grouped_id=9), {"text": "nga", "media_group_id": "9"}),
    "a signature": (message("nga", post_author="K"), {"text": "nga", "author": "K"}),
    "a location": (
        message(media=types.MessageMediaGeo(types.GeoPoint(21.4, 41.9, 0))),
        {"text": "", "location_information": {"latitude": 41.9, "longitude": 21.4}},
    ),
    "a game score": (
        service(types.MessageActionGameScore(0, 5), reply_to=types.MessageReplyHeader(reply_to_msg_id=3)),
        {"action": "score_in_game", "score": 5, "game_message_id": 3, "text": ""},
    ),
    "a new title": (
        service(types.MessageActionChatEditTitle("Hedge")),
        {"action": "edit_group_title", "title": "Hedge", "text": ""},
    ),
    "a pin": (
        service(types.MessageActionPinMessage(), reply_to=types.MessageReplyHeader(reply_to_msg_id=3)),
        {"action": "pin_message", "message_id": 3, "text": ""},
    ),
    "a period": (
        service(types.MessageActionSetMessagesTTL(86400)),
        {"action": "set_messages_ttl", "period": 86400, "text": ""},
    ),
    "joining by request": (
        service(types.MessageActionChatJoinedByRequest()),
        {"action": "join_group_by_request", "text": ""},
    ),
    "reactions": (
        message(
            "nga",
            reactions=types.MessageReactions(
                [
                    types.ReactionCount(types.ReactionEmoji("\U0001f525"), 3),
                    types.ReactionCount(types.ReactionCustomEmoji(5), 1),
                    types.ReactionCount(types.ReactionPaid(), 2),
                ]
            ),
        ),
        {
            "text": "nga",
            "reactions": [
                {"type": "emoji", "count": 3, "emoji": "\U0001f525"},
                {"type": "custom_emoji", "count": 1, "document_id": "5"},
                {"type": "paid", "count": 2},
            ],
        },
    ),
    "a poll": (
        message(
            media=types.MessageMediaPoll(
                types.Poll(0, text("Who?"), [types.PollAnswer(text("A"), b"0"), types.PollAnswer(text("B"), b"1")], 0),
                types.PollResults(
                    total_voters=3,
                    results=[
                        types.PollAnswerVoters(b"1", voters=2, recent_voters=[]),
                        types.PollAnswerVoters(b"0", chosen=True, voters=1, recent_voters=[]),
                    ],
                ),
            )
        ),
        {
            "text": "",
            "poll": {
                "question": "Who?",
                "closed": False,
                "total_voters": 3,
                "answers": [
                    {"text": "A", "voters": 1, "chosen": True},
                    {"text": "B", "voters": 2, "chosen": False},
                ],
            },
        },
    ),
}
ABSENT_MEANS_NO = {"closed", "chosen"}
ONLY_LIVE = {"poll": {"id"}, "service": {"game_id"}}


def told(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values without what only one of the sources says: an export writes no, where the layer is silent."""
    both = {name: values[name] for name in ("sender_id", "reply_to", "action", "edited_at", *NAMES)}
    people = [{"id": one["id"]} if "id" in one else one for one in values["people"] or ()]  # as the identity has them
    return {name: _told(value) for name, value in both.items()} | {"people": people}


def _told(value: Any) -> Any:  # noqa: ANN401 - any value
    if isinstance(value, list):
        return [_told(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    left_out = ONLY_LIVE.get(value.get("kind", ""), set())
    return {
        name: _told(inner)
        for name, inner in value.items()
        if name not in left_out and not (name in ABSENT_MEANS_NO and inner == "no")
    }


@pytest.mark.parametrize("kind", SAME)
def test_the_layer_and_an_export_say_the_same(kind: str) -> None:
    live, export = SAME[kind]
    kind_of_it = "service" if "action" in export else "message"
    who = {"actor": "K", "actor_id": "user3"} if kind_of_it == "service" else {"from": "K", "from_id": "user3"}
    old = read_desktop({**export, **who}, kind_of_it)
    assert told(seen(live).fields) == told(old.fields)
    assert holes(live) == []


def test_what_comes_over_the_wire_says_what_was_built() -> None:
    built = [live for live, _ in SAME.values()] + [message(media=media) for _, media, _ in SAID]
    for one in nonempty([*built, *(service(action) for action, _, _ in DONE)]):
        received = BinaryReader(bytes(one)).tgread_object()
        assert seen(received) == seen(one)
        assert holes(received) == holes(one)


# --- the message -----------------------------------------------------------------------------


def test_a_message_has_its_place_time_and_sender() -> None:
    first = seen(message("nga"))
    assert (first.kind, first.channel_id, first.message_id, first.posted_at) == (Kind.MESSAGE, "42", 7, DAY)
    assert (first.raw, first.raw_type, first.pictured) == (RAW, RAW_TYPE, False)
    shown = {name: first.fields[name] for name in ("sender_id", "sender_name", "channel_title", "channel_type")}
    assert shown == {
        "sender_id": "user3",
        "sender_name": "K",
        "channel_title": "Hedge",
        "channel_type": "public_channel",
    }


def test_a_post_that_names_nobody_is_of_the_channel_itself() -> None:
    fields = seen(message("nga", from_id=None, post=True)).fields
    assert (fields["sender_id"], fields["sender_name"]) == ("channel42", "Hedge")


def test_a_forward_has_its_origin_and_its_saved_place() -> None:
    header = types.MessageFwdHeader(
        DAY, from_id=types.PeerChannel(5), channel_post=8, post_author="V", saved_from_peer=types.PeerUser(77),
        saved_from_msg_id=6, psa_type="covid",
    )  # fmt: skip
    (forward,), (saved,) = (parts(message("nga", fwd_from=header), kind) for kind in ("forward", "saved_from"))
    assert forward == {
        "person": PEERS.person("channel5"), "posted_at": "2026-01-01T12:00:00.000Z", "message_id": "8", "author": "V",
        "announcement": "covid",
    }  # fmt: skip
    assert saved == {"person": MIRA, "message_id": "6"}
    assert seen(message("nga", fwd_from=header)).fields["forwarded_from"] == "Elsewhere"
    hidden = message("nga", fwd_from=types.MessageFwdHeader(DAY, from_name="Somebody"))
    assert parts(hidden, "forward")[0]["person"] == Person(name="Somebody")


def test_an_answer_has_its_quote_its_thread_and_its_topic() -> None:
    header = types.MessageReplyHeader(
        reply_to_msg_id=3, reply_to_top_id=2, quote=True, quote_text="nga", quote_offset=4,
        quote_entities=[types.MessageEntityBold(0, 3)],
    )  # fmt: skip
    (reply,) = parts(message("po", reply_to=header), "reply")
    assert (plain(reply["quote"]), reply["quote_offset"], reply["thread_id"]) == ("nga", "4", "2")
    assert seen(message("po", reply_to=header)).fields["reply_to"] == "3"
    topic = types.MessageReplyHeader(reply_to_msg_id=3, reply_to_top_id=2, forum_topic=True)
    assert parts(message("po", reply_to=topic), "topic") == [{"id": "2"}]
    story = types.MessageReplyStoryHeader(types.PeerUser(77), 4)
    assert parts(message("po", reply_to=story), "reply") == [{"chat": MIRA, "story_id": "4"}]


def test_an_answer_to_what_another_chat_hides_has_its_author_and_picture() -> None:
    header = types.MessageReplyHeader(
        reply_from=types.MessageFwdHeader(DAY, from_name="Somebody"), reply_media=with_photo(photo(5))
    )
    shown = message("po", reply_to=header)
    assert parts(shown, "reply") == [{"sender": Person(name="Somebody"), "posted_at": "2026-01-01T12:00:00.000Z"}]
    assert parts(shown, "media")[0]["role"] == "reply"
    assert len(files(shown)) == 1


def test_counters_are_no_part_of_what_is_said() -> None:
    counted = message(
        "nga", views=12, forwards=3, pinned=True,
        replies=types.MessageReplies(4, 9, comments=True, channel_id=5, recent_repliers=[types.PeerUser(77)]),
        factcheck=types.FactCheck(1, country="MK", text=text("It is not so.")),
    )  # fmt: skip
    said = content(counted)
    assert [one.kind for one in said.counters if isinstance(one, Part)] == [
        "views", "forwards", "replies", "fact_check", "state",
    ]  # fmt: skip
    one, other = (message_sha256({**seen(each).fields, "kind": "message"}) for each in (counted, message("nga")))
    assert one == other


def test_limits_restrictions_and_the_way_of_sending_are_told() -> None:
    shown = message(
        "nga", noforwards=True, ttl_period=86400, silent=True, from_scheduled=True, from_rank="helper",
        restriction_reason=[types.RestrictionReason("ios", "porn", "This cannot be shown.")],
        paid_message_stars=5, via_bot_id=77,
    )  # fmt: skip
    assert parts(shown, "limits") == [{"noforwards": "yes", "delete_after_s": "86400"}]
    assert parts(shown, "restriction") == [
        {"platform": "ios", "reason": "porn", "explanation": "This cannot be shown."}
    ]
    assert parts(shown, "sent") == [{"silent": "yes", "scheduled": "yes", "stars": "5"}]
    assert parts(shown, "author") == [{"rank": "helper"}]
    assert parts(shown, "via_bot") == [{"person": MIRA}]


# --- media -----------------------------------------------------------------------------------


def test_a_contact_is_a_person_a_number_and_a_card() -> None:
    card = types.MessageMediaContact("+389", "Mira", "N", "BEGIN:VCARD\nTEL:+389", 77)
    shown = message(media=card)
    assert parts(shown, "contact") == [
        {"person": Person("user77", "Mira N", "@mira"), "number": Number(NumberKind.PHONE, "+389")}
    ]
    (file,) = files(shown)
    assert file.medium is not None
    with file.medium.open() as opened:
        assert opened.read() == b"BEGIN:VCARD\nTEL:+389"
    assert (file.fields["file_name"], file.medium.declared_type) == ("contact.vcf", "text/vcard")


PAGE = types.WebPage(1, "https://a.example/x", "a.example/x", 0, site_name="A", title="T", photo=photo(9))
SAID: list[tuple[str, types.TypeMessageMedia, dict[str, Any]]] = [
    (
        "venue",
        types.MessageMediaVenue(types.GeoPoint(21.4, 41.9, 0), "Sheshi", "Rruga 1", "foursquare", "v1", "park"),
        {
            "name": "Sheshi", "address": "Rruga 1", "provider": "foursquare", "venue_id": "v1", "venue_type": "park",
        },
    ),
    (
        "location",
        types.MessageMediaGeoLive(types.GeoPoint(21.4, 41.9, 0, accuracy_radius=30), 900, heading=90),
        {"latitude": "41.9", "longitude": "21.4", "accuracy_m": "30", "live_s": "900", "heading": "90"},
    ),
    ("dice", types.MessageMediaDice(6, "\U0001f3b2"), {"value": "6", "emoji": "\U0001f3b2"}),
    (
        "web_page",
        types.MessageMediaWebPage(PAGE),
        {"id": "1", "link": Link("https://a.example/x"), "site_name": "A", "title": "T"},
    ),
    (
        "web_page",
        types.MessageMediaWebPage(types.WebPagePending(1, DAY, "https://a.example")),
        {"id": "1", "link": Link("https://a.example"), "pending": "yes"},
    ),
    (
        "story",
        types.MessageMediaStory(types.PeerUser(77), 4, story=types.StoryItem(4, DAY, DAY, with_photo(), caption="c")),
        {
            "person": MIRA, "id": "4", "posted_at": "2026-01-01T12:00:00.000Z",
            "expires_at": "2026-01-01T12:00:00.000Z", "text": ("c",),
        },
    ),
    (
        "invoice",
        types.MessageMediaInvoice("t", "d", "EUR", 900, "s", test=True),
        {"title": "t", "description": "d", "currency": "EUR", "amount": "900", "start_param": "s", "test": "yes"},
    ),
    (
        "game",
        types.MessageMediaGame(types.Game(1, 2, "s", "t", "d", photo())),
        {"id": "1", "short_name": "s", "title": "t", "description": "d"},
    ),
    (
        "giveaway",
        types.MessageMediaGiveaway([5], 2, DAY, countries_iso2=["MK"], prize_description="p", stars=50),
        {
            "channels": (PEERS.person("channel5"),), "quantity": "2", "until_time": "2026-01-01T12:00:00.000Z",
            "countries": ("MK",), "additional_prize": "p", "stars": "50",
        },
    ),
    (
        "todo",
        types.MessageMediaToDo(types.TodoList(text("List"), [types.TodoItem(1, text("a"))])),
        {"title": ("List",), "tasks": (Part("task", {"id": "1", "text": ("a",)}),)},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "media", "fields"), SAID, ids=[kind for kind, _, _ in SAID])
def test_each_media_says_what_it_is(kind: str, media: TLObject, fields: dict[str, Any]) -> None:
    assert parts(message(media=media), kind) == [fields]
    assert holes(message(media=media)) == []


def test_locked_media_is_a_hole_with_its_price_and_its_sizes() -> None:
    locked = [types.MessageExtendedMediaPreview(w=800, h=600), types.MessageExtendedMediaPreview(video_duration=9)]
    shown = message(media=types.MessageMediaPaidMedia(50, locked))
    assert holes(shown) == [(HoleReason.PAYWALL, "50 stars: 800x600; size not said, 9 s")]
    assert parts(shown, "paid_media") == [
        {
            "stars": "50",
            "locked": (Part("locked", {"width": "800", "height": "600"}), Part("locked", {"duration_s": "9"})),
        }
    ]
    assert seen(shown).fields["unknown_sha256"] is None


def test_what_deletes_itself_is_a_hole_and_leaves_no_preview() -> None:
    shown = message("nga", media=with_photo(ttl_seconds=9))
    assert holes(shown) == [(HoleReason.SELF_DESTRUCTING, "photo12.jpg: 9 s")]
    assert files(shown) == []
    assert seen(shown).raw is None
    assert parts(shown, "media")[0]["self_destruct_s"] == "9"
    assert len(files(shown, self_destructing=True)) == 1
    assert seen(shown, self_destructing=True).raw == RAW


def test_what_is_not_there_any_more_is_a_hole_at_its_place() -> None:
    gone = message("nga", media=types.MessageMediaPhoto(photo=types.PhotoEmpty(12), ttl_seconds=9))
    (hole,) = (one for one in read(gone) if isinstance(one, Hole))
    assert (hole.reason, hole.position, hole.lo, hole.hi) == (HoleReason.UNAVAILABLE, 0, 7, 7)


def test_what_has_deleted_itself_is_told_and_a_hole() -> None:
    gone = message(media=types.MessageMediaPhoto(ttl_seconds=9))
    assert parts(gone, "media") == [{"type": "photo", "self_destruct_s": "9"}]
    assert holes(gone) == [(HoleReason.UNAVAILABLE, "MessageMediaPhoto.photo")]


def test_files_belong_to_their_message() -> None:
    shown = message(
        "nga", media=with_document(document(34, types.DocumentAttributeFilename("a.mp4")), video_cover=photo())
    )
    first, *rest = files(shown)
    digest = message_sha256({**seen(shown).fields, "kind": "message"})
    assert [one.fields["position"] for one in (first, *rest)] == ["0", "1"]
    assert {one.fields["message_sha256"] for one in (first, *rest)} == {digest}
    assert first.medium is not None
    with first.medium.open() as opened:
        assert opened.read() == b"document34"
    assert (first.medium.name, first.medium.declared_type) == ("a.mp4", "video/mp4")
    assert seen(shown).fields["media"] == ["a.mp4", "photo12.jpg"]


# --- service messages ------------------------------------------------------------------------

DONE: list[tuple[types.TypeMessageAction, str | None, dict[str, Any]]] = [
    (types.MessageActionChatCreate("t", [77]), "create_group", {"title": "t", "people": (MIRA,)}),
    (types.MessageActionChatDeleteUser(77), "remove_members", {"people": (MIRA,)}),
    (types.MessageActionChatJoinedByLink(77), "join_group_by_link", {"person": MIRA}),
    (
        types.MessageActionChannelMigrateFrom("t", 9),
        "migrate_from_group",
        {"title": "t", "chat": PEERS.person("group9")},
    ),
    (types.MessageActionChatMigrateTo(5), "migrate_to_supergroup", {"chat": PEERS.person("channel5")}),
    (types.MessageActionCustomAction("Something"), None, {"information": "Something"}),
    (types.MessageActionTopicEdit(closed=False), "topic_edit", {"closed": "no"}),
    (types.MessageActionBotAllowed(attach_menu=True), "attach_menu_bot_allowed", {}),
    (
        types.MessageActionPhoneCall(5, reason=types.PhoneCallDiscardReasonMissed()),
        "phone_call",
        {"call_id": "5", "discard_reason": "missed"},
    ),
    (
        types.MessageActionSuggestedPostSuccess(types.StarsTonAmount(2_500_000_000)),
        "suggested_post_success",
        {"amount": "2", "amount_nano": "500000000", "currency": "TON"},
    ),
    (types.MessageActionChangeCommunity(4), "change_community", {"community_id": "4"}),
]


@pytest.mark.parametrize(("action", "name", "fields"), DONE, ids=lambda value: type(value).__name__)
def test_an_action_has_its_name_and_its_values(action: TLObject, name: str | None, fields: dict[str, Any]) -> None:
    done = service(action)
    assert (seen(done).kind, seen(done).fields["action"]) == (Kind.SERVICE, name)
    assert parts(done, "service") == [fields]
    assert holes(done) == []


def test_words_that_come_with_a_gift_are_the_text() -> None:
    gift = types.StarGift(1, document(3), 50, 40)
    words = types.TextWithEntities("për ty", [types.MessageEntityBold(0, 3)])
    told_of_it = content(service(types.MessageActionStarGift(gift, name_hidden=True, message=words)))
    assert (told_of_it.text, told_of_it.entities) == ("për ty", (Entity("bold", Span(0, 3)),))


# --- what is not as it should be -------------------------------------------------------------


def test_a_message_that_is_not_there_is_a_gap() -> None:
    assert read(types.MessageEmpty(7, None)) == [Hole("42", HoleReason.GAP, SEEN, 7, 7)]


def test_a_message_that_says_nothing_is_a_hole() -> None:
    assert holes(message("")) == [(HoleReason.SAYS_NOTHING, "")]


@pytest.mark.parametrize("date", [None, DAY.replace(year=2001)])
def test_a_message_without_a_date_of_telegrams_has_none(date: Any) -> None:  # noqa: ANN401 - a date or none
    told_of_it = message("nga", date=date)
    assert seen(told_of_it).posted_at is None
    assert [reason for reason, _ in holes(told_of_it)] == [HoleReason.BAD_DATE]


def test_a_message_of_another_chat_is_noted() -> None:
    assert holes(message("nga", peer_id=types.PeerChannel(5))) == [(HoleReason.UNREAD, "peer_id")]


def test_a_picture_in_the_words_is_cut_out_and_counts_as_one() -> None:
    first = seen(message(f"see {JPEG}"))
    assert first.pictured
    assert first.fields["text"] == ["see ", {"stripped": str(len(JPEG))}]
    assert JPEG[:40].encode() not in jcs({**first.fields, "record": first.record})


def test_an_embedded_thumbnail_makes_the_raw_bytes_a_picture() -> None:
    assert seen(message("nga", media=with_photo())).pictured
    bare = types.Photo(1, 2, b"r", DAY, [types.PhotoSize("y", 9, 9, 9)], 4)
    assert not seen(message("nga", media=with_photo(bare))).pictured
