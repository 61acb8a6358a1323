"""TL objects as bytes: kept ones stand among others, and names are those of the schema."""

import gzip
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import TLObject, functions, types

from monitor.rehearsal.telegram.wire import (
    NOBODY_KNOWS,
    Encoded,
    method_name,
    packed,
    read_object,
    string,
    unknown,
    vector,
)


def test_bytes_that_were_kept_stand_where_an_object_would() -> None:
    message = types.Message(id=1, peer_id=types.PeerChannel(7), message="text")
    whole = types.messages.ChannelMessages(pts=1, count=1, messages=[message], topics=[], chats=[], users=[])
    kept = types.messages.ChannelMessages(
        pts=1, count=1, messages=[Encoded(bytes(message))], topics=[], chats=[], users=[]
    )
    assert bytes(kept) == bytes(whole)


def test_a_constructor_of_no_layer_is_told_by_its_number() -> None:
    with pytest.raises(TypeNotFoundError) as refused:
        read_object(bytes(unknown()))
    assert refused.value.invalid_constructor_id == NOBODY_KNOWS


@given(st.binary(max_size=600))
def test_a_string_is_spelled_as_telethon_spells_it(data: bytes) -> None:
    assert string(data) == TLObject.serialize_bytes(data)
    assert BinaryReader(string(data)).tgread_bytes() == data


def test_what_is_long_and_even_is_packed_and_read_back() -> None:
    whole = bytes(types.messages.Chats([types.ChatEmpty(7)] * 200))
    small = packed(whole)
    assert len(small) < len(whole) / 4
    assert read_object(small).chats == [types.ChatEmpty(7)] * 200
    assert gzip.decompress(BinaryReader(small[4:]).tgread_bytes()) == whole


def test_what_gains_nothing_is_sent_as_it_is() -> None:
    assert packed(b"short") == b"short"
    assert packed(secrets.token_bytes(600))[:4] != packed(bytes(600))[:4]


def test_a_vector_is_read_as_one() -> None:
    assert read_object(bytes(vector([types.ChatEmpty(1), types.ChatEmpty(2)]))) == [
        types.ChatEmpty(1),
        types.ChatEmpty(2),
    ]


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (functions.messages.GetMessagesRequest([]), "messages.getMessages"),
        (functions.channels.GetMessagesRequest(types.InputChannelEmpty(), []), "channels.getMessages"),
        (functions.help.GetConfigRequest(), "help.getConfig"),
        (functions.PingRequest(1), "ping"),
    ],
)
def test_a_request_is_named_as_the_schema_names_it(request_: TLObject, name: str) -> None:
    assert method_name(request_) == name
