"""MTProto 2.0: encrypted packets, message numbers, salts, containers (core.telegram.org/mtproto/description).

A ``Session`` is what the server remembers of one session of one key: it checks what comes in, in the order of the
specification, and numbers what goes out. It sends nothing itself.
"""

import struct
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

import cryptg
from telethon.tl import types

from monitor.rehearsal.telegram.handshake import Entropy
from monitor.rehearsal.telegram.wire import Tl

TOO_LOW, TOO_HIGH, NOT_BY_FOUR, WRONG_SALT = 16, 17, 18, 48
"""Codes of ``bad_msg_notification`` and ``bad_server_salt``."""

_CONTAINER = 0x73F1F8DC
_MAX_CONTAINER_BYTES = 1 << 19
_OLDEST_S, _NEWEST_S = 300, 30
_REMEMBERED = 1000
_FROM_CLIENT, _FROM_SERVER = 0, 8
_PADDING_BYTES = 12


class PacketError(Exception):
    """A packet that was not sealed with the key that it names. The connection ends."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a client's packet holds."""

    salt: int
    session_id: int
    number: int
    sequence: int
    body: bytes


def open_packet(key: bytes, packet: bytes) -> Incoming:
    """As the loopback Telegram, decrypt a client's packet, and check its message key.

    Raises:
        PacketError: Another key, or changed bytes.
    """
    sealed = packet[24 : len(packet) - (len(packet) - 24) % 16]  # a padded transport leaves up to 15 bytes behind
    plain = cryptg.decrypt_ige(sealed, *_cipher(key, packet[8:24], _FROM_CLIENT))
    if sha256(key[88:120] + plain).digest()[8:24] != packet[8:24]:
        raise PacketError("expected the message key of what it holds")
    salt, session_id, number, sequence, length = struct.unpack_from("<qqqii", plain)
    if not 0 <= length <= len(plain) - 32 - _PADDING_BYTES:
        raise PacketError("expected a length within the packet")
    return Incoming(salt, session_id, number, sequence, plain[32 : 32 + length])


def close_packet(key: bytes, key_number: int, plain: bytes, entropy: Entropy) -> bytes:
    """As the loopback Telegram, encrypt a packet to a client; ``plain`` begins with salt and session."""
    plain += entropy(_PADDING_BYTES + -(len(plain) + _PADDING_BYTES) % 16)
    message_key = sha256(key[96:128] + plain).digest()[8:24]
    sealed: bytes = cryptg.encrypt_ige(plain, *_cipher(key, message_key, _FROM_SERVER))
    return struct.pack("<q", key_number) + message_key + sealed


def _cipher(key: bytes, message_key: bytes, x: int) -> tuple[bytes, bytes]:
    first = sha256(message_key + key[x : x + 36]).digest()
    second = sha256(key[40 + x : 76 + x] + message_key).digest()
    return first[:8] + second[8:24] + first[24:], second[:8] + first[8:24] + second[24:]


def unpack(number: int, sequence: int, body: bytes) -> Iterator[tuple[int, int, bytes]]:
    """The messages in a body that the loopback Telegram received: number, sequence number and bytes of each.

    A container holds several.
    """
    if body[:4] != struct.pack("<I", _CONTAINER):
        yield number, sequence, body
        return
    place = 8
    for _ in range(struct.unpack_from("<i", body, 4)[0]):
        inner, at, length = struct.unpack_from("<qii", body, place)
        place += 16
        yield inner, at, body[place : place + length]
        place += length


@dataclass(slots=True, kw_only=True)
class Session:
    """One session of one key, as a loopback server keeps it.

    Attributes:
        salt: What every message of the client must carry.
        clock: The server's, which may differ from the client's.
        layer: As the client said in ``invokeWithLayer``; 0 before.
        awake: The client has made a request that entitles it to updates.
    """

    session_id: int
    salt: int
    clock: Callable[[], datetime]
    layer: int = 0
    awake: bool = False
    new: bool = True
    _seen: OrderedDict[int, None] = field(default_factory=OrderedDict)
    _last_number: int = 0
    _content_sent: int = 0

    def objection(self, message: Incoming) -> Tl | None:
        """What the protocol answers to a message that it does not accept, or None."""
        code = self._bad_number(message.number)
        if code:
            return types.BadMsgNotification(message.number, message.sequence, code)
        if message.salt != self.salt:
            return types.BadServerSalt(message.number, message.sequence, WRONG_SALT, self.salt)
        return None

    def is_repeated(self, number: int) -> bool:
        """Whether a message came before; it is remembered from now on."""
        if number in self._seen:
            return True
        self._seen[number] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return False

    def messages(self, bodies: Sequence[tuple[bytes, bool]], *, answers: bool) -> Iterator[bytes]:
        """Bodies as numbered messages, in one container if several fit in it.

        Args:
            bodies: Each with whether it wants to be acknowledged.
            answers: They answer a request (numbers are 1 modulo 4); else they are pushed (3 modulo 4).
        """
        numbered = [self._numbered(body, content=content, answers=answers) for body, content in bodies]
        if len(numbered) == 1 or sum(map(len, numbered)) > _MAX_CONTAINER_BYTES:
            yield from numbered
        else:
            inner = struct.pack("<Ii", _CONTAINER, len(numbered)) + b"".join(numbered)
            yield self._numbered(inner, content=False, answers=answers)

    def heading(self) -> bytes:
        """What precedes each message: salt and session."""
        return struct.pack("<qq", self.salt, self.session_id)

    def _numbered(self, body: bytes, *, content: bool, answers: bool) -> bytes:
        sequence = self._content_sent * 2 + content
        self._content_sent += content
        return struct.pack("<qii", self._next_number(answers=answers), sequence, len(body)) + body

    def _next_number(self, *, answers: bool) -> int:
        moment = self.clock().timestamp()
        number = int(moment * (1 << 32)) & ~3
        if self._last_number - number > _OLDEST_S << 32:  # the clock was set back
            self._last_number = 0
        self._last_number = max(number, (self._last_number & ~3) + 4) | (1 if answers else 3)
        return self._last_number

    def _bad_number(self, number: int) -> int:
        age = self.clock().timestamp() - (number >> 32)
        if age > _OLDEST_S:
            return TOO_LOW
        if -age > _NEWEST_S:
            return TOO_HIGH
        return NOT_BY_FOUR if number % 4 else 0
