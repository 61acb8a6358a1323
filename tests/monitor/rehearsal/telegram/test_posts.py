"""A message keeps its bytes, its versions, and what is put inside it."""

from datetime import UTC, datetime

import pytest
from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import types

from monitor.rehearsal.telegram.posts import INSIDE, Post

AT = datetime(2026, 11, 26, 4, tzinfo=UTC)


def post(**fields: object) -> Post:
    return Post(1, types.Message(id=1, peer_id=types.PeerChannel(7), date=AT, message="first", **fields))


def test_bytes_are_made_once_and_again_after_a_change_or_an_epoch() -> None:
    one = post()
    first = one.encoded(0)
    one.described.message = "second"
    assert one.encoded(0) is first
    assert b"second" in one.encoded(1).data
    one.described.message = "third"
    one.changed()
    assert b"third" in one.encoded(1).data


def test_every_version_is_kept_as_it_was_served() -> None:
    one = post()
    one.keep_version(AT, 2, 0)
    one.described.message = "second"
    one.changed()
    one.keep_version(AT, 3, 0)
    truth = one.truth()
    assert [(version.text, version.pts) for version in truth.versions] == [("first", 2), ("second", 3)]
    assert BinaryReader(truth.versions[0].data).tgread_object().message == "first"


@pytest.mark.parametrize("inside", INSIDE)
def test_a_constructor_that_nobody_knows_stands_inside(inside: str) -> None:
    one = post()
    one.inside = inside
    with pytest.raises(TypeNotFoundError):
        BinaryReader(one.encoded(0).data).tgread_object()
    one.inside = None
    one.changed()
    assert BinaryReader(one.encoded(0).data).tgread_object().message == "first"


def test_a_message_names_its_sender_and_where_it_was_forwarded_from() -> None:
    forward = types.MessageFwdHeader(date=AT, from_id=types.PeerChannel(9))
    one = post(from_id=types.PeerUser(3), fwd_from=forward)
    assert set(map(str, one.peers())) == {str(types.PeerUser(3)), str(types.PeerChannel(7)), str(types.PeerChannel(9))}
