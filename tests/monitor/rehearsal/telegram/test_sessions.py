"""MTProto 2.0 against Telethon's own state: what one closes the other opens, and every check has its failure."""

import secrets
import struct
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.crypto import AuthKey
from telethon.extensions import BinaryReader
from telethon.network.mtprotostate import MTProtoState
from telethon.tl import types
from telethon.tl.core import MessageContainer

from monitor.rehearsal.telegram.handshake import key_number
from monitor.rehearsal.telegram.sessions import (
    NOT_BY_FOUR,
    TOO_HIGH,
    TOO_LOW,
    Incoming,
    PacketError,
    Session,
    close_packet,
    open_packet,
    unpack,
)

KEY = secrets.token_bytes(256)


class Quiet(dict):
    def __missing__(self, name: str) -> "Quiet":
        return self

    def debug(self, *_: object) -> None: ...

    warning = debug


def telethon_state() -> MTProtoState:
    return MTProtoState(AuthKey(KEY), Quiet())


def session(at: datetime | None = None) -> Session:
    return Session(session_id=7, salt=11, clock=lambda: at or datetime.now(UTC))


@given(st.binary(min_size=4, max_size=2000))
def test_what_telethon_seals_is_opened(body: bytes) -> None:
    state = telethon_state()
    state.salt = 11
    inner = struct.pack("<qii", 8, 1, len(body)) + body
    opened = open_packet(KEY, state.encrypt_message_data(inner))
    assert opened == Incoming(11, state.id, 8, 1, body)


def test_what_we_seal_telethon_opens() -> None:
    state = telethon_state()
    ours = Session(session_id=state.id, salt=11, clock=lambda: datetime.now(UTC))
    [message] = ours.messages([(bytes(types.MsgsAck([1])), False)], answers=True)
    packet = close_packet(KEY, key_number(KEY), ours.heading() + message, secrets.token_bytes)
    assert state.decrypt_message_data(packet).obj == types.MsgsAck([1])


@pytest.mark.parametrize("place", [8, 23, 24, 60])
def test_a_changed_byte_is_found(place: int) -> None:
    packet = bytearray(telethon_state().encrypt_message_data(struct.pack("<qii", 8, 1, 16) + bytes(16)))
    open_packet(KEY, bytes(packet))
    packet[place] ^= 1
    with pytest.raises(PacketError):
        open_packet(KEY, bytes(packet))


@pytest.mark.parametrize(
    ("seconds", "more", "code"),
    [(-301, 0, TOO_LOW), (31, 0, TOO_HIGH), (0, 1, NOT_BY_FOUR), (-290, 0, 0), (25, 0, 0)],
)
def test_a_message_number_must_be_of_our_time(seconds: int, more: int, code: int) -> None:
    at = datetime(2026, 11, 26, 4, tzinfo=UTC)
    number = (int((at + timedelta(seconds=seconds)).timestamp()) << 32) + more
    objection = session(at).objection(Incoming(11, 7, number, 1, b""))
    assert (objection.error_code if objection else 0) == code


def test_another_salt_is_told_the_right_one() -> None:
    at = datetime(2026, 11, 26, 4, tzinfo=UTC)
    objection = session(at).objection(Incoming(0, 7, int(at.timestamp()) << 32, 1, b""))
    assert isinstance(objection, types.BadServerSalt)
    assert objection.new_server_salt == 11


def test_a_repeated_message_is_known_again() -> None:
    ours = session()
    assert [ours.is_repeated(number) for number in (4, 8, 4)] == [False, False, True]


def test_several_bodies_go_in_one_container_and_come_out_again() -> None:
    ours = session()
    bodies = [(bytes(types.MsgsAck([number])), False) for number in (1, 2, 3)]
    [message] = ours.messages(bodies, answers=True)
    read = BinaryReader(message[16:]).tgread_object()
    assert isinstance(read, MessageContainer)
    assert [each.obj.msg_ids for each in read.messages] == [[1], [2], [3]]
    assert [body for _, _, body in unpack(4, 0, message[16:])] == [body for body, _ in bodies]


def test_numbers_rise_and_tell_an_answer_from_a_push() -> None:
    ours = session()
    answer, push = ((struct.unpack_from("<q", next(ours.messages([(b"", True)], answers=a)))[0]) for a in (True, False))
    assert (answer % 4, push % 4) == (1, 3)
    assert push > answer


def test_a_clock_that_is_put_back_takes_the_numbers_with_it() -> None:
    moments = [datetime(2036, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)]
    ours = Session(session_id=7, salt=11, clock=lambda: moments[0])
    next(ours.messages([(b"", True)], answers=True))
    moments.pop(0)
    number = struct.unpack_from("<q", next(ours.messages([(b"", True)], answers=True)))[0]
    assert number >> 32 == int(moments[0].timestamp())
