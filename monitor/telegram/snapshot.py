"""What a channel or group says about itself at one time: title, user names, description, administrators, topics ...

A snapshot is an observation of kind ``channel``. Its counters (members, administrators in all) change by themselves,
so a change of them alone is no new snapshot; a change of anything else is. No member is ever listed: of a basic group,
whose members the server sends unasked, only the administrators are taken, and the record has nobody else.

Its picture is a file, like that of a message. The tables have the form of those in ``monitor.telegram.known``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from evidence.canonical import Value
from evidence.content import Content, Part, message_sha256, split_content
from evidence.observation import Hole, HoleReason, Kind, Medium, Observation
from monitor import notes
from monitor.telegram.content import Fetch
from monitor.telegram.known import Rows, collect, near, part, parts_of, said, unused
from monitor.telegram.media import tell_media
from monitor.telegram.peers import Peers, usernames_of
from monitor.telegram.pictures import Carried, Slot, carried_in, slots_in, thumbnails_in
from monitor.telegram.reading import (
    Reading,
    channel,
    community,
    flag,
    fraction,
    group,
    integer,
    list_of,
    moment,
    peer,
    text,
)
from monitor.telegram.tree import Cut, TlTree, is_told, record_of, told

_NAME = "a NAME of its own"
_OURS = "about the account that watches, not about the chat"
_TYPE = "the type of the chat says it"
_SHOWN = "how a client shows it"
_SERVICE = "service messages tell it"
_PAID = "what can be bought there"
_OF_A_TOPIC = ("_", "id", "date", "title", "from_id", "closed", "pinned", "hidden", "icon_color", "icon_emoji_id")
_LEFT_OUT_OF_RECORD = frozenset({"participants", "recent_requesters", "bot_info"})


@dataclass(frozen=True, slots=True)
class Beside:
    """What was asked for besides a ``messages.ChatFull``.

    Attributes:
        admins: ``channels.ChannelParticipants`` that were asked for as administrators; None if they are not visible.
        topics: Every ``ForumTopic`` of a forum.
        topics_left: Whether there are more topics than were asked for.
        peers: Whom these replies name.
    """

    admins: object | None = None
    topics: Sequence[object] = ()
    topics_left: bool = False
    peers: Peers = field(default_factory=Peers)


def snapshot_of(
    full: object, beside: Beside, peers: Peers, *, raw: bytes | None, raw_type: str, channel_id: str
) -> Observation:
    """What a ``messages.ChatFull`` from Telegram's server says about its chat.

    Args:
        channel_id: As ``Observation`` spells it.
    """
    return _Snapshot.of(full, beside, peers, channel_id).observation(raw, raw_type)


def beside_snapshot(
    full: object, beside: Beside, peers: Peers, *, channel_id: str, seen_at: datetime, fetch: Fetch
) -> list[Observation | Hole]:
    """The picture of a watched chat, and the holes of its snapshot."""
    snapshot = _Snapshot.of(full, beside, peers, channel_id)
    digest = message_sha256({**snapshot.fields(), "kind": Kind.CHANNEL.value})
    return [*snapshot.files(digest, seen_at, fetch), *snapshot.holes(digest, seen_at)]


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """A chat while it is being read.

    Attributes:
        reply: The whole reply; the accounts that it names have thumbnails too.
        full: The ``ChannelFull``, ``ChatFull`` or ``CommunityFull``.
        chats: Those of the reply: the chat itself and those that it names.
    """

    channel_id: str
    reply: TlTree
    full: TlTree
    chats: tuple[TlTree, ...]
    admins: tuple[TlTree, ...]
    topics: tuple[TlTree, ...]
    reading: Reading

    @classmethod
    def of(cls, full: object, beside: Beside, peers: Peers, channel_id: str) -> "_Snapshot":
        cut = Cut()
        reply = told(full, cut)
        listed = told(beside.admins, cut).get("participants", ()) if beside.admins is not None else ()
        topics = tuple(told(topic, cut) for topic in beside.topics)
        reading = Reading(beside.peers | peers)
        if beside.topics_left:
            reading.note(HoleReason.UNREAD, f"topics: all but the newest {len(topics)}")
        for where in cut.at:
            reading.note(HoleReason.UNREAD, f"{where}: nests too deep")
        return cls(channel_id, reply, reply["full_chat"], tuple(reply.get("chats", ())), tuple(listed), topics, reading)

    def observation(self, raw: bytes | None, raw_type: str) -> Observation:
        fields = self.fields()
        record = record_of(self._record())
        return Observation(
            kind=Kind.CHANNEL,
            channel_id=self.channel_id,
            message_id=None,
            posted_at=None,
            fields=fields,
            raw=raw,
            raw_type=raw_type,
            record=record.value,
            pictured=record.spelled > 0 or bool(thumbnails_in(self.reply)),
        )

    def fields(self) -> dict[str, Value]:
        collect(self.reading, self.full, CHATS)
        for chat in self.chats:
            if chat["id"] == self.full["id"]:
                collect(self.reading, chat, CHATS)
        for one in self.admins:
            if one["_"] in ADMINISTRATORS:
                self.reading.tell("administrator", _administrator(self.reading, one))
        for one in self.topics:
            self.reading.tell("topic", _topic(self.reading, one))
        tell_media(self.reading, (each for each in carried_in(self.full) if not _is_none(each)))
        parts, counters = parts_of(self.reading)
        content = split_content(Content(None, (), parts, counters))
        return {**self._shared(), **content, "unknown_sha256": self.reading.unknown_sha256()}

    def _shared(self) -> dict[str, Value]:
        peer_of_it = self.reading.peers.known.get(_own(self.channel_id))
        return {
            "channel_id": self.channel_id,
            "channel_title": peer_of_it.name if peer_of_it else None,
            "channel_type": peer_of_it.chat_type if peer_of_it else None,
        }

    def _record(self) -> TlTree:
        kept = {key: value for key, value in self.full.items() if key not in _LEFT_OUT_OF_RECORD}
        return {
            "_": "ChatFull",
            "full_chat": kept,
            "chats": list(self.chats),
            "admins": list(self._visible()),
            **self._forum(),
        }

    def _forum(self) -> TlTree:
        """The topics for the record, without their counters and what is the account's own."""
        kept = [{name: one[name] for name in _OF_A_TOPIC if name in one} for one in self.topics]
        return {"topics": kept} if kept else {}

    def _visible(self) -> Iterator[TlTree]:
        yield from (one for one in (*self.admins, *_participants(self.full)) if one["_"] in ADMINISTRATORS)

    def files(self, digest: str, seen_at: datetime, fetch: Fetch) -> Iterator[Observation | Hole]:
        """The picture of the chat, or why there is none."""
        for slot in slots_in(self.full):
            if _is_none(slot.carried):
                continue
            if slot.file is None:
                yield self._hole(HoleReason.UNAVAILABLE, _named(slot), digest, seen_at, slot.position)
                continue
            file = slot.file
            values: dict[str, Value] = {"file_name": file.name, "media_type": file.declared_type}
            values |= {"position": str(slot.position), "message_sha256": digest}
            yield Observation(
                kind=Kind.FILE,
                channel_id=self.channel_id,
                message_id=None,
                posted_at=None,
                fields=self._shared() | values,
                medium=Medium(file.name, partial(fetch, file), file.declared_type),
            )

    def holes(self, digest: str, seen_at: datetime) -> Iterator[Hole]:
        """One hole for each reason, whatever it concerns."""
        for reason, noted in self.reading.holes():
            yield self._hole(reason, notes.listed(noted), digest, seen_at, None)

    def _hole(self, reason: HoleReason, what: str, digest: str, seen_at: datetime, position: int | None) -> Hole:
        words = notes.hole_words(what)
        return Hole(self.channel_id, reason, seen_at, what=words, position=position, message_sha256=digest)


def _is_none(carried: Carried) -> bool:
    """Whether it only says that a chat has no picture."""
    return bool(carried.told["_"] == "PhotoEmpty")


def _own(channel_id: str) -> str:
    return f"channel{channel_id}" if channel_id.isdecimal() else channel_id


def _named(slot: Slot) -> str:
    return f"{slot.carried.edge}: {slot.carried.told['_']}"


# --- the tables ------------------------------------------------------------------------------

ADMINISTRATORS: Mapping[str, bool] = MappingProxyType(
    {
        "ChannelParticipantCreator": True,
        "ChannelParticipantAdmin": False,
        "ChatParticipantCreator": True,
        "ChatParticipantAdmin": False,
    }
)
"""The participants that are told, and whether they own the chat."""


def _participants(full: TlTree) -> tuple[TlTree, ...]:
    listed = full.get("participants")
    return tuple(listed.get("participants", ())) if is_told(listed) else ()


def _administrator(reading: Reading, one: TlTree) -> Part:
    rights = one.get("admin_rights", {})
    fields: dict[str, Any] = {"person": reading.account(one["user_id"])}
    fields |= {"owner": "yes"} if ADMINISTRATORS[one["_"]] else {}
    fields |= {"anonymous": "yes"} if rights.get("anonymous") else {}
    if named := tuple(sorted(key for key in rights if key not in ("_", "anonymous"))):
        fields["rights"] = named
    if rank := text(reading, one.get("rank"), "rank"):
        fields["rank"] = rank
    if "promoted_by" in one:
        fields["promoted_by"] = reading.account(one["promoted_by"])
    if "date" in one:
        fields["since"] = moment(reading, one["date"], "date")
    return Part("administrator", {name: value for name, value in fields.items() if value is not None})


def _topic(reading: Reading, one: TlTree) -> Part:
    """A topic of a forum; of a deleted one, only the number is left."""
    fields: dict[str, Any] = {"id": integer(reading, one["id"], "topic")}
    if title := text(reading, one.get("title"), "topic"):
        fields["title"] = title
    if "from_id" in one and (opener := peer(reading, one["from_id"], "topic")):
        fields["person"] = opener
    return Part("topic", {name: value for name, value in fields.items() if value is not None})


def _usernames(reading: Reading, chat: TlTree) -> None:
    for name, active in (("usernames", True), ("inactive_usernames", False)):
        found = (reading.clean(one) for one in usernames_of(chat, active=active))
        reading.tell(f"channel.{name}", tuple(dict.fromkeys(found)))


def _created(reading: Reading, chat: TlTree) -> None:
    """When it was made; for a chat that the account has joined, the server gives the time of joining instead."""
    if chat.get("left"):
        reading.tell("channel.created_at", moment(reading, chat["date"], "date"))


def _forbidden(reading: Reading, _chat: TlTree) -> None:
    reading.tell("channel.forbidden", "yes")


def _group_administrators(reading: Reading, full: TlTree) -> None:
    admins = (_administrator(reading, one) for one in _participants(full) if one["_"] in ADMINISTRATORS)
    reading.tell("administrator", tuple(admins))


def _migrated_to(reading: Reading, chat: TlTree) -> None:
    if "channel_id" in chat["migrated_to"]:
        reading.tell("channel.migrated_to", channel(reading, chat["migrated_to"]["channel_id"], "migrated_to"))


def _place(reading: Reading, full: TlTree) -> None:
    location = full["location"]
    reading.tell("channel.place", text(reading, location.get("address"), "address"))
    geo = location.get("geo_point", {})
    for key, name in (("lat", "latitude"), ("long", "longitude"), ("accuracy_radius", "accuracy_m")):
        if key in geo:
            reading.tell(f"channel.{name}", fraction(reading, geo[key], key))


def _verifier(reading: Reading, full: TlTree) -> None:
    reading.tell("channel.verifier", reading.account(full["bot_verification"]["bot_id"]))


def _stories(reading: Reading, _full: TlTree) -> None:
    reading.note(HoleReason.UNSUPPORTED, "ChannelFull.stories", "yes")


def _linked(reading: Reading, full: TlTree) -> None:
    found = (peer(reading, one.get("peer"), "linked_peers") for one in full["linked_peers"])
    reading.tell("channel.linked_chats", tuple(one for one in found if one is not None))


_FLAGS = ("verified", "scam", "fake", "restricted", "noforwards", "join_to_send", "join_request", "forum", "gigagroup")
_FULL: Rows = {
    **unused(_NAME, "id"),
    **unused("told with the pictures and files", "chat_photo"),
    **unused(_OURS, "notify_settings", "can_set_username", "has_scheduled", "folder_id", "groupcall_default_join_as"),
    **unused("a bot's advertisement of itself", "bot_info"),
    **unused("told to administrators alone", "exported_invite", "requests_pending", "recent_requesters"),
    **unused(_SERVICE, "call"),
    **unused(_SHOWN, "translations_disabled", "available_reactions", "reactions_limit", "has_welcome_messages"),
    "about": said("channel.about", text),
    "pinned_msg_id": said("channel.pinned_id", integer),
    "ttl_period": said("channel.delete_after_s", integer),
    "theme_emoticon": said("channel.theme", text),
}

CHATS: Mapping[str, Rows] = MappingProxyType(
    {
        "ChannelFull": {
            **_FULL,
            "participants_count": said("members.count", integer),
            "admins_count": said("members.administrators", integer),
            "kicked_count": said("members.removed", integer),
            "banned_count": said("members.banned", integer),
            "online_count": said("members.online", integer),
            "linked_chat_id": said("channel.linked_chat", channel),
            "migrated_from_chat_id": said("channel.migrated_from", group),
            "migrated_from_max_id": said("channel.migrated_from_max_id", integer),
            "available_min_id": said("channel.available_min_id", integer),
            "slowmode_seconds": said("channel.slow_mode_s", integer),
            "location": near(_place),
            "hidden_prehistory": said("channel.hidden_history", flag),
            "participants_hidden": said("channel.hidden_members", flag),
            "antispam": said("channel.anti_spam", flag),
            "bot_verification": near(_verifier),
            "send_paid_messages_stars": said("channel.message_stars", integer),
            "stories": near(_stories),
            **unused(
                _OURS, "read_inbox_max_id", "read_outbox_max_id", "unread_count", "pts", "slowmode_next_send_date"
            ),
            **unused(
                _OURS, "can_view_participants", "can_set_stickers", "can_set_location", "can_view_stats", "blocked"
            ),
            **unused(_OURS, "can_delete_channel", "can_view_revenue", "can_view_stars_revenue", "stats_dc"),
            **unused(_OURS, "pending_suggestions", "default_send_as", "boosts_applied", "boosts_unrestrict"),
            **unused(_SHOWN, "stickerset", "emojiset", "wallpaper", "stories_pinned_available", "main_tab"),
            **unused(_SHOWN, "view_forum_as_messages", "restricted_sponsored"),
            **unused(_PAID, "paid_media_allowed", "paid_reactions_available", "stargifts_available", "stargifts_count"),
            **unused(_PAID, "paid_messages_available"),
            **unused("how members are let in", "guard_bot_id"),
        },
        "ChatFull": {**_FULL, "participants": near(_group_administrators)},
        "CommunityFull": {
            **unused(_NAME, "id"),
            **unused("told with the pictures and files", "chat_photo"),
            **unused("told to administrators alone", "peer_link_requests_pending"),
            "about": said("channel.about", text),
            "linked_peers": near(_linked),
            "admins_count": said("members.administrators", integer),
            "kicked_count": said("members.removed", integer),
        },
        "Channel": {
            **unused(_NAME, "id", "title"),
            **unused(_TYPE, "broadcast", "megagroup"),
            **unused("its full size stands in what is told of the chat", "photo"),
            **{name: said(f"channel.{name}", flag) for name in (*_FLAGS, "signatures", "monoforum")},
            "date": near(_created),
            "username": near(_usernames),
            "usernames": near(_usernames),
            "restriction_reason": said("restriction", list_of(part("restriction"))),
            "linked_community_id": said("channel.community", community),
            "linked_monoforum_id": said("channel.direct_messages", channel),
            "participants_count": said("members.count", integer),
            "send_paid_messages_stars": said("channel.message_stars", integer),
            **unused(_OURS, "creator", "left", "min", "access_hash", "admin_rights", "banned_rights", "stories_hidden"),
            **unused(_OURS, "stories_hidden_min", "stories_unavailable", "subscription_until_date"),
            **unused("what members may do", "default_banned_rights", "broadcast_messages_allowed"),
            **unused("told in full elsewhere", "has_link", "has_geo", "slowmode_enabled", "bot_verification_icon"),
            **unused(_SERVICE, "call_active", "call_not_empty"),
            **unused(_SHOWN, "signature_profiles", "autotranslation", "forum_tabs", "stories_max_id", "color"),
            **unused(_SHOWN, "profile_color", "emoji_status", "level"),
        },
        "ChannelForbidden": {
            **unused(_NAME, "id", "title"),
            **unused(_TYPE, "broadcast", "megagroup", "monoforum"),
            "access_hash": near(_forbidden),
            **unused(_OURS, "until_date"),
        },
        "Chat": {
            **unused(_NAME, "id", "title"),
            **unused("its full size stands in what is told of the chat", "photo"),
            "participants_count": said("members.count", integer),
            "date": near(_created),
            "deactivated": said("channel.deactivated", flag),
            "noforwards": said("channel.noforwards", flag),
            "migrated_to": near(_migrated_to),
            **unused(_OURS, "version", "creator", "left", "admin_rights"),
            **unused("what members may do", "default_banned_rights"),
            **unused(_SERVICE, "call_active", "call_not_empty"),
        },
        "ChatForbidden": {**unused(_NAME, "id"), "title": near(_forbidden)},
        "ChatEmpty": unused(_NAME, "id"),
        "Community": {
            **unused(_NAME, "id", "title"),
            **unused("its full size stands in what is told of the chat", "photo"),
            "date": near(_created),
            **unused(_OURS, "creator", "left", "min", "collapsed_in_dialogs", "access_hash", "admin_rights"),
            **unused("what members may do", "default_banned_rights"),
        },
        "CommunityForbidden": {
            **unused(_NAME, "title"),
            "id": near(_forbidden),
            **unused(_OURS, "access_hash"),
        },
    }
)
"""The fields of what the server says about a chat."""
