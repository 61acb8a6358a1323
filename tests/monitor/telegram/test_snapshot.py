"""What a chat says of itself is told whole, counts apart, and no member is ever listed."""

import io
from collections.abc import Mapping
from typing import Any

import pytest
from telethon.tl import TLObject, types

from evidence.canonical import jcs
from evidence.content import PARTS, Person, join_content
from evidence.observation import Hole, HoleReason, Kind, Observation
from evidence.pictures import find_encoded
from evidence.store.marks import SeenKey, observed_marks
from monitor.telegram.layer import of_type
from monitor.telegram.peers import Peers
from monitor.telegram.snapshot import CHATS, Beside, beside_snapshot, snapshot_of
from tests.monitor.telegram.generated import DAY, Generator, photo
from tests.monitor.telegram.reads import RAW, RAW_TYPE, SEEN
from tests.nonempty import nonempty

NO_PHOTO = types.ChatPhotoEmpty()
USERS = [types.User(77, first_name="Mira", username="mira"), types.User(3, first_name="K")]
LINKED = types.Channel(5, "Talk", NO_PHOTO, None, megagroup=True)


def channel(**members: Any) -> types.Channel:  # noqa: ANN401 - any field of the layer
    given = {"title": "Hedge", "photo": NO_PHOTO, "date": DAY, "broadcast": True, "username": "hedge"} | members
    return types.Channel(42, **given)


def full(of: types.Channel | None = None, **members: Any) -> types.messages.ChatFull:  # noqa: ANN401 - the same
    given = {"about": "About it", "chat_photo": photo(9), "participants_count": 900} | members
    said = types.ChannelFull(
        id=42, read_inbox_max_id=1, read_outbox_max_id=2, unread_count=3, bot_info=[], pts=4,
        notify_settings=types.PeerNotifySettings(), **given,
    )  # fmt: skip
    return types.messages.ChatFull(said, [of or channel(), LINKED], USERS)


def admins(*listed: TLObject) -> types.channels.ChannelParticipants:
    return types.channels.ChannelParticipants(len(listed), list(listed), [], USERS)


def snapshot(said: TLObject, who: TLObject | None = None) -> Observation:
    peers = Peers.of(said.users, said.chats)
    return snapshot_of(said, Beside(who), peers, raw=RAW, raw_type=RAW_TYPE, channel_id="42")


def beside(said: TLObject, who: TLObject | None = None) -> list[Observation | Hole]:
    peers = Peers.of(said.users, said.chats)
    return beside_snapshot(
        said, Beside(who), peers, channel_id="42", seen_at=SEEN, fetch=lambda file: io.BytesIO(file.identity.encode())
    )


def parts(said: TLObject, kind: str, who: TLObject | None = None) -> list[Mapping[str, Any]]:
    content = join_content(snapshot(said, who).fields)
    assert isinstance(content.parts, tuple)
    assert isinstance(content.counters, tuple)
    return [one.fields for one in (*content.parts, *content.counters) if one.kind == kind]


def mark(said: TLObject, who: TLObject | None = None) -> bytes:
    values = {**snapshot(said, who).fields, "kind": "channel", "message_id": None}
    return observed_marks(SeenKey(bytes(32)), values).seen


def test_a_channel_says_who_it_is() -> None:
    seen = snapshot(full())
    assert (seen.kind, seen.channel_id, seen.message_id, seen.posted_at) == (Kind.CHANNEL, "42", None, None)
    assert (seen.fields["channel_title"], seen.fields["channel_type"]) == ("Hedge", "public_channel")
    assert parts(full(), "channel") == [{"about": "About it", "usernames": ("hedge",)}]
    assert [one["id"] for one in parts(full(), "media")] == ["9"]
    assert parts(full(), "members") == [{"count": "900"}]


def test_links_lineage_limits_and_marks_are_told() -> None:
    said = full(
        channel(
            verified=True, scam=True, fake=True, linked_community_id=8, linked_monoforum_id=6, usernames=[
                types.Username("a", active=True), types.Username("b"),
            ],
            restriction_reason=[types.RestrictionReason("all", "porn", "Not shown.")], left=True,
        ),
        linked_chat_id=5, migrated_from_chat_id=9, migrated_from_max_id=70, available_min_id=12, slowmode_seconds=30,
        ttl_period=60, location=types.ChannelLocation(types.GeoPoint(21.4, 41.9, 0), "Sheshi"), hidden_prehistory=True,
    )  # fmt: skip
    (told,) = parts(said, "channel")
    assert {name: getattr(value, "id", value) for name, value in told.items()} == {
        "about": "About it", "place": "Sheshi", "latitude": "41.9", "longitude": "21.4", "linked_chat": "channel5",
        "community": "community8", "direct_messages": "channel6", "migrated_from": "group9",
        "migrated_from_max_id": "70", "available_min_id": "12", "slow_mode_s": "30", "delete_after_s": "60",
        "created_at": "2026-01-01T12:00:00.000Z", "verified": "yes", "scam": "yes", "fake": "yes",
        "hidden_history": "yes", "usernames": ("hedge", "a"), "inactive_usernames": ("b",),
    }  # fmt: skip
    assert parts(said, "restriction") == [{"platform": "all", "reason": "porn", "explanation": "Not shown."}]


def test_administrators_are_told_with_their_rights_and_nobody_else() -> None:
    rights = types.ChatAdminRights(ban_users=True, anonymous=True, delete_messages=True)
    who = admins(
        types.ChannelParticipantCreator(77, rights, rank="owner"),
        types.ChannelParticipantAdmin(3, 77, DAY, types.ChatAdminRights(post_messages=True)),
        types.ChannelParticipant(4, DAY),
    )
    owner, admin = parts(full(), "administrator", who)
    assert (owner["person"].id, owner["owner"], owner["anonymous"], owner["rank"]) == ("user77", "yes", "yes", "owner")
    assert owner["rights"] == ("ban_users", "delete_messages")
    assert (admin["person"].id, admin["promoted_by"].id, admin["since"]) == (
        "user3", "user77", "2026-01-01T12:00:00.000Z",
    )  # fmt: skip
    assert b'"user_id":"4"' not in jcs(snapshot(full(), who).record)


def test_a_basic_group_lists_no_member() -> None:
    listed = types.ChatParticipants(
        42,
        [types.ChatParticipantCreator(77), types.ChatParticipant(4, 77, DAY), types.ChatParticipantAdmin(3, 77, DAY)],
        1,
    )
    said = types.messages.ChatFull(
        types.ChatFull(42, "About it", listed, types.PeerNotifySettings()),
        [types.Chat(42, "Old", NO_PHOTO, 3, None, 1, migrated_to=types.InputChannel(5, 6))],
        USERS,
    )
    peers = Peers.of(said.users, said.chats)
    seen = snapshot_of(said, Beside(), peers, raw=RAW, raw_type=RAW_TYPE, channel_id="group42")
    assert [one["person"].id for one in parts(said, "administrator")] == ["user77", "user3"]
    assert (seen.fields["channel_title"], seen.fields["channel_type"]) == ("Old", "private_group")
    assert parts(said, "channel")[0]["migrated_to"].id == "channel5"
    assert b'"user_id":"4"' not in jcs(seen.record)


def test_a_change_of_counts_alone_is_no_new_snapshot_and_any_other_is() -> None:
    first = mark(full())
    assert mark(full(online_count=5)) == first
    assert mark(full(participants_count=901)) == first
    changed = [
        mark(full(about="Other")),
        mark(full(channel(title="Other"))),
        mark(full(channel(username="other"))),
        mark(full(channel(scam=True))),
        mark(full(linked_chat_id=5)),
        mark(full(chat_photo=photo(10))),
        mark(full(), admins(types.ChannelParticipantCreator(77, types.ChatAdminRights()))),
    ]
    assert len({first, *changed}) == 1 + len(changed)


def test_a_channel_that_is_closed_to_the_account_says_so() -> None:
    said = full(types.ChannelForbidden(42, 1, "Hedge", broadcast=True))
    assert parts(said, "channel")[0]["forbidden"] == "yes"


def test_the_picture_of_the_chat_is_a_file_of_its_own() -> None:
    (file,) = beside(full())
    assert isinstance(file, Observation)
    assert file.medium is not None
    with file.medium.open() as opened:
        assert opened.read() == b"photo9"
    assert (file.kind, file.message_id, file.fields["position"]) == (Kind.FILE, None, "0")
    assert beside(full(chat_photo=types.PhotoEmpty(0))) == []  # it has none


def test_stories_are_a_hole() -> None:
    said = full(stories=types.PeerStories(types.PeerChannel(42), []))
    assert (HoleReason.UNSUPPORTED, "ChannelFull.stories") in [
        (one.reason, one.what) for one in beside(said) if isinstance(one, Hole)
    ]


def test_every_field_of_what_is_told_of_a_chat_has_its_place() -> None:
    for kind in ("ChatFull", "Chat"):
        for one in nonempty(of_type(kind)):
            assert one.fields.keys() - CHATS[one.name].keys() == set(), one.name
    for rows in nonempty(CHATS.values()):
        for row in rows.values():
            part, _, field = row.to.partition(".")
            assert not row.to or (part in PARTS and (not field or field in PARTS[part]))


@pytest.mark.parametrize("name", ["ChannelFull", "ChatFull", "CommunityFull"])
@pytest.mark.parametrize("seed", range(8))
def test_any_chat_is_read_and_no_picture_leaves_its_raw_bytes(name: str, seed: int) -> None:
    drawn = Generator.of(seed)
    of = drawn.named(name, id=42)
    said = types.messages.ChatFull(of, [drawn.any_of("Chat"), channel()], [drawn.any_of("User")])
    who = admins(drawn.any_of("ChannelParticipant"))
    seen = snapshot(said, who)
    told = jcs({**seen.fields, "record": seen.record})
    assert not any(word in told for word in drawn.planted.values())
    assert not any(find_encoded(told))
    beside(said, who)


def test_a_snapshot_is_pictured_where_a_thumbnail_is_embedded_in_its_reply() -> None:
    assert snapshot(full()).pictured
    bare = types.Photo(9, 1, b"r", DAY, [types.PhotoSize("y", 9, 9, 9)], 4)
    assert not snapshot(full(chat_photo=bare)).pictured


def test_the_topics_of_a_forum_are_told_with_who_opened_them() -> None:
    said = full(channel(forum=True))
    topics = [
        types.ForumTopic(
            id=7, date=DAY, peer=types.PeerChannel(42), title="Shkup", icon_color=1, top_message=9,
            read_inbox_max_id=0, read_outbox_max_id=0, unread_count=3, unread_mentions_count=0,
            unread_reactions_count=0, unread_poll_votes_count=0, from_id=types.PeerUser(77),
            notify_settings=types.PeerNotifySettings(),
        ),
        types.ForumTopicDeleted(8),
    ]  # fmt: skip
    peers = Peers.of(said.users, said.chats)
    asked = Beside(None, topics, topics_left=True)
    seen = snapshot_of(said, asked, peers, raw=RAW, raw_type=RAW_TYPE, channel_id="42")
    content = join_content(seen.fields)
    assert isinstance(content.parts, tuple)
    told = [{name: getattr(value, "id", value) for name, value in one.fields.items()} for one in content.parts]
    assert {"id": "7", "title": "Shkup", "person": "user77"} in told
    assert {"id": "8"} in told
    assert b"unread_mentions_count" not in jcs(seen.record)
    holes = beside_snapshot(said, asked, peers, channel_id="42", seen_at=SEEN, fetch=lambda _file: io.BytesIO())
    assert [each.what for each in holes if isinstance(each, Hole)] == ["topics: all but the newest 2"]


def test_whom_only_a_reply_beside_the_chat_names_is_called_by_name() -> None:
    who = admins(types.ChannelParticipantAdmin(5, 77, DAY, types.ChatAdminRights(post_messages=True)))
    said = full()
    beside = Beside(who, peers=Peers.of([types.User(5, first_name="Ana", username="ana")], []))
    seen = snapshot_of(said, beside, Peers.of(said.users, said.chats), raw=RAW, raw_type=RAW_TYPE, channel_id="42")
    parts_of_it = join_content(seen.fields).parts
    assert isinstance(parts_of_it, tuple)
    (person,) = (one.fields["person"] for one in parts_of_it if one.kind == "administrator")
    assert person == Person("user5", "Ana", "@ana")
