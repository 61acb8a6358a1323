"""A reply is read with the place of each message, and what cannot be read is said."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.tl import functions, types

from monitor.errors import UnknownConstructorError
from monitor.telegram.reply import Body, first_number, messages_before, read_reply

ASKED = functions.messages.GetHistoryRequest(types.InputPeerChannel(1, 2), 0, None, 0, 100, 0, 0, 0)
AT = datetime(2026, 11, 26, tzinfo=UTC)


def body_of(texts: list[str]) -> bytes:
    messages = [
        types.Message(id=number, peer_id=types.PeerChannel(1), date=AT, message=text)
        for number, text in enumerate(texts, 1)
    ]
    return bytes(types.messages.ChannelMessages(pts=1, count=3, messages=messages, topics=[], chats=[], users=[]))


@given(st.lists(st.text(max_size=300), max_size=5))
def test_each_message_lies_where_the_reply_says(texts: list[str]) -> None:
    body = body_of(texts)
    reply = read_reply(ASKED, Body(body))
    end = 0
    for message in reply.said.messages:
        start, raw = reply.raw(message)
        assert start >= end
        assert raw == bytes(message) == body[start : start + len(raw)]
        end = start + len(raw)


def test_a_constructor_that_nobody_knows_is_named() -> None:
    body = body_of(["a"]).replace(types.PeerChannel.CONSTRUCTOR_ID.to_bytes(4, "little"), b"\x01\x02\x03\x04")
    with pytest.raises(UnknownConstructorError) as error:
        read_reply(ASKED, Body(body))
    assert error.value.facts["number"] == "04030201"


@given(st.lists(st.text(max_size=40), min_size=1, max_size=5), st.data())
def test_what_cannot_be_read_behind_messages_leaves_them_whole(texts: list[str], data: st.DataObject) -> None:
    body = body_of(texts)
    reply = read_reply(ASKED, Body(body))
    cut = body[: data.draw(st.integers(0, len(body) - 1))]
    places = [(message, *reply.raw(message)) for message in reply.said.messages]
    part = messages_before(ASKED, Body(cut))
    assert [bytes(message) for message in part.said] == [
        raw for _message, start, raw in places if start + len(raw) <= len(cut)
    ]
    for message in part.said:
        assert part.raw(message)[1] == bytes(message)


@pytest.mark.parametrize("cut", range(0, 60, 3))
def test_a_reply_that_ends_early_is_not_read(cut: int) -> None:
    body = body_of(["a message that is long enough"])
    with pytest.raises(UnknownConstructorError):
        read_reply(ASKED, Body(body[:cut]))


@given(st.binary(max_size=200))
def test_garbage_never_ends_in_another_error(body: bytes) -> None:
    try:
        read_reply(ASKED, Body(body))
    except UnknownConstructorError:
        return


@given(
    st.integers(1, 2**31 - 1),
    st.sampled_from(["message", "service", "empty"]),
    st.booleans(),
)
def test_a_message_that_cannot_be_read_still_has_its_number(number: int, kind: str, topic: bool) -> None:  # noqa: FBT001
    peer = types.PeerChannel(1)
    message = {
        "message": types.Message(id=number, peer_id=peer, date=AT, message="a", noforwards=topic, offline=topic),
        "service": types.MessageService(id=number, peer_id=peer, date=AT, action=types.MessageActionEmpty()),
        "empty": types.MessageEmpty(id=number, peer_id=peer),
    }[kind]
    body = bytes(types.messages.ChannelMessages(pts=1, count=1, messages=[message], topics=[], chats=[], users=[]))
    spoilt = body.replace(types.PeerChannel.CONSTRUCTOR_ID.to_bytes(4, "little"), b"\x01\x02\x03\x04")
    with pytest.raises(UnknownConstructorError):
        read_reply(ASKED, Body(spoilt))
    assert first_number(ASKED, Body(spoilt)) == number


def test_of_a_message_of_another_layer_no_number_is_made_up() -> None:
    body = body_of(["a"]).replace(types.Message.CONSTRUCTOR_ID.to_bytes(4, "little"), b"\x01\x02\x03\x04")
    assert first_number(ASKED, Body(body)) is None
    assert first_number(ASKED, Body(body_of([]))) is None
