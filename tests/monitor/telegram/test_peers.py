"""Accounts and chats are known by their identifiers, as they are spelled everywhere."""

import pytest
from telethon.tl import types

from evidence.content import Person
from monitor.telegram.peers import Peers, identifier_of, usernames_of
from monitor.telegram.tree import told
from tests.monitor.telegram.reads import PEERS

NO_PHOTO = types.ChatPhotoEmpty()


@pytest.mark.parametrize(
    ("peer", "spelled"),
    [
        (types.PeerUser(3), "user3"),
        (types.PeerChat(9), "group9"),
        (types.PeerChannel(42), "channel42"),
        (types.User(3), None),
    ],
)
def test_a_peer_is_spelled_with_its_kind(peer: object, spelled: str | None) -> None:
    assert identifier_of(told(peer)) == spelled


def test_people_have_the_names_of_their_reply() -> None:
    assert PEERS.person("user77") == Person("user77", "Mira N", "@mira")
    assert PEERS.person("user78") == Person("user78")  # deleted: it has no name any more
    assert PEERS.person("channel42") == Person("channel42", "Hedge", "@hedge")
    assert PEERS.person("user1") == Person("user1")
    assert "Mira" not in repr(PEERS)


@pytest.mark.parametrize(
    ("chat", "kind"),
    [
        (types.Channel(1, "t", NO_PHOTO, None, broadcast=True), "private_channel"),
        (types.Channel(1, "t", NO_PHOTO, None, broadcast=True, username="t"), "public_channel"),
        (types.Channel(1, "t", NO_PHOTO, None, megagroup=True), "private_supergroup"),
        (
            types.Channel(1, "t", NO_PHOTO, None, usernames=[types.Username("t", active=True)]),
            "public_supergroup",
        ),
        (types.ChannelForbidden(1, 2, "t", broadcast=True), "private_channel"),
    ],
)
def test_a_channel_has_the_type_that_telegram_desktop_gives_it(chat: object, kind: str) -> None:
    peer = Peers.of([], [chat]).chat("1")
    assert (peer.chat_type, peer.name) == (kind, "t")


def test_user_names_in_use_and_not_in_use_are_told_apart() -> None:
    listed = [types.Username("a", active=True), types.Username("b")]
    chat = told(types.Channel(1, "t", NO_PHOTO, None, usernames=listed))
    assert (usernames_of(chat), usernames_of(chat, active=False)) == (["a"], ["b"])


def test_of_two_replies_the_later_one_names() -> None:
    later = Peers.of([types.User(77, first_name="Vera")], [])
    assert (PEERS | later).person("user77").name == "Vera"
    assert (PEERS | later).person("user3").name == "K"
