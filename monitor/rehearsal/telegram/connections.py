"""One connection of a client: transport, key exchange, sessions, answers, pushed updates.

Everything here runs in the loop of the servers' thread; ``Switchboard`` is what all connections of all data centres
share. A client that breaks the protocol loses its connection, as with Telegram.
"""

import asyncio
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from telethon.errors import TypeNotFoundError
from telethon.tl import functions, types

from monitor.rehearsal.telegram.accounts import Account, KnownKey
from monitor.rehearsal.telegram.faults import CutAnswer, Faults, Garbage
from monitor.rehearsal.telegram.handshake import Entropy, Exchange, HandshakeError, ServerKey
from monitor.rehearsal.telegram.refusals import BAD_REQUEST, RefusedError
from monitor.rehearsal.telegram.requests import dispatch
from monitor.rehearsal.telegram.requests.caller import Caller, Site
from monitor.rehearsal.telegram.sessions import Incoming, PacketError, Session, close_packet, open_packet, unpack
from monitor.rehearsal.telegram.transports import Transport, TransportError, read_or_end, recognise
from monitor.rehearsal.telegram.wire import Tl, method_name, packed, read_object
from monitor.rehearsal.telegram.world import World

UNKNOWN_KEY = struct.pack("<i", -404)

_RPC_RESULT = struct.pack("<I", 0xF35C6D01)
_HALF_HOUR = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Call:
    """One request that reached a server, whatever the answer was.

    Attributes:
        account_phone: That of whoever was logged in, or None.
        name: As the schema has it: ``channels.getMessages``; of an unknown constructor, its number in hex.
        request: The TL object without wrappers, or the bytes of one that this layer does not know.
    """

    account_phone: str | None
    name: str
    request: Tl
    dc: int
    at: datetime


@dataclass(slots=True, kw_only=True, repr=False)
class Switchboard:
    """What all connections share."""

    world: World
    faults: Faults
    server_key: ServerKey
    entropy: Entropy
    clock: Callable[[], datetime]
    sites: tuple[Site, ...] = ()
    connections: set["Connection"] = field(default_factory=set)
    sessions: dict[tuple[int, int], Session] = field(default_factory=dict)
    _calls: list[Call] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def calls(self) -> list[Call]:
        """Every request so far, in the order in which they came."""
        with self._lock:
            return list(self._calls)

    def note(self, key: KnownKey, name: str, request: Tl) -> None:
        """Remember a request."""
        phone = None if key.account is None else key.account.phone
        with self._lock:
            self._calls.append(Call(phone, name, request, key.dc, self.clock()))

    def session(self, key: KnownKey, number: int) -> Session:
        """The session of that number, new or known."""
        found = self.sessions.get((key.agreed.number, number))
        if found is None:
            found = Session(session_id=number, salt=key.agreed.salt, clock=self.clock)
            self.sessions[key.agreed.number, number] = found
        return found

    def push(self, account: Account, updates: bytes) -> None:
        """Send updates to every session of an account that wants them."""
        for connection in tuple(self.connections):
            if connection.hears(account):
                connection.push(updates)


@dataclass(frozen=True, slots=True)
class _Reply:
    """What goes back: a body, whether it wants an acknowledgement, and how it is spoiled."""

    body: bytes
    content: bool = False
    spoiled: CutAnswer | Garbage | None = None


@dataclass(eq=False, slots=True)
class Connection:
    """One TCP connection to one data centre."""

    board: Switchboard
    dc: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    _transport: Transport = field(init=False)
    _exchange: Exchange = field(init=False)
    _key: KnownKey | None = None
    _session: Session | None = None
    _later: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self) -> None:
        """Answer until the client goes or breaks the protocol."""
        self._exchange = Exchange(
            self.board.server_key, self.board.entropy, lambda: int(self.board.clock().timestamp())
        )
        self.board.connections.add(self)
        try:
            self._transport = await recognise(self.reader)
            while (packet := await read_or_end(self._transport)) is not None:
                await self._take(packet)
        except (HandshakeError, PacketError, TransportError, ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            await self._close()

    def hears(self, account: Account) -> bool:
        """Whether updates for an account are sent here."""
        key, session = self._key, self._session
        return key is not None and key.account is account and session is not None and session.awake

    def push(self, updates: bytes) -> None:
        """Send updates."""
        if not self.writer.is_closing():
            self._send([_Reply(packed(updates), content=True)], answers=False)

    async def _close(self) -> None:
        self.board.connections.discard(self)
        for task in self._later:
            task.cancel()
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()

    async def _take(self, packet: bytes) -> None:
        number = struct.unpack_from("<q", packet)[0]
        if number == 0:
            self._exchange_keys(packet)
            return
        self._key = self.board.world.keys.find(number, dc=self.dc)
        if self._key is None:
            self.writer.write(self._transport.frame(UNKNOWN_KEY))
            await self.writer.drain()
            raise PacketError("expected a key that this data centre knows")
        await self._take_message(self._key, open_packet(self._key.agreed.key, packet))

    def _exchange_keys(self, packet: bytes) -> None:
        length = struct.unpack_from("<i", packet, 16)[0]
        answer = bytes(self._exchange.answer(read_object(packet[20 : 20 + length])))
        number = int(self.board.clock().timestamp()) << 32 | 1
        self.writer.write(self._transport.frame(struct.pack("<qqi", 0, number, len(answer)) + answer))
        if self._exchange.agreed is not None:
            self.board.world.keys.add(self._exchange.agreed, dc=self.dc)

    async def _take_message(self, key: KnownKey, message: Incoming) -> None:
        self._session = session = self.board.session(key, message.session_id)
        objection = session.objection(message)
        if objection is not None:
            self._send([_Reply(bytes(objection))], answers=True)
            return
        replies = []
        if session.new:
            session.new = False
            created = types.NewSessionCreated(message.number, key.agreed.number, session.salt)
            replies.append(_Reply(bytes(created), content=True))
        for number, _, body in unpack(message.number, message.sequence, message.body):
            if not session.is_repeated(number):
                replies += self._replies(key, session, number, body)
        await self._deliver(replies)

    def _replies(self, key: KnownKey, session: Session, number: int, body: bytes) -> list[_Reply]:
        try:
            request = read_object(body)
        except TypeNotFoundError as error:
            self.board.note(key, f"{error.invalid_constructor_id:08x}", body)
            refused = types.RpcError(BAD_REQUEST, f"INPUT_METHOD_INVALID_{error.invalid_constructor_id}")
            return [_Reply(_result(number, bytes(refused)), content=True)]
        handled, service = self._service(number, request)
        if handled:
            return [] if service is None else [_Reply(bytes(service))]
        unwrapped = dispatch.unwrap(request)
        session.layer = unwrapped.layer or session.layer
        name = method_name(unwrapped.request)
        self.board.note(key, name, unwrapped.request)
        delay = self.board.faults.delay_of(name)
        if delay:
            self._answer_later(key, session, number, unwrapped, delay)
            return [_Reply(bytes(types.MsgsAck([number])))]  # an immediate answer needs none: it says that we have it
        return [self._reply(key, session, number, unwrapped)]

    def _service(self, number: int, request: Tl) -> tuple[bool, Tl | None]:
        """Whether a message belongs to the protocol itself, and what answers it."""
        match request:
            case functions.PingRequest() | functions.PingDelayDisconnectRequest():
                return True, types.Pong(number, request.ping_id)
            case functions.GetFutureSaltsRequest():
                return True, self._salts(number)
            case functions.DestroySessionRequest():
                return True, types.DestroySessionNone(request.session_id)
            case types.MsgsStateReq():
                return True, types.MsgsStateInfo(number, chr(4) * len(request.msg_ids))
            case (
                types.MsgsAck() | types.MsgResendReq() | types.MsgsStateInfo() | types.MsgsAllInfo() | types.HttpWait()
            ):
                return True, None
            case _:
                return False, None

    def _salts(self, number: int) -> Tl:
        now = self.board.clock().replace(microsecond=0)
        salt = 0 if self._session is None else self._session.salt
        return types.FutureSalts(number, int(now.timestamp()), [types.FutureSalt(now, now + _HALF_HOUR, salt)])

    def _reply(self, key: KnownKey, session: Session, number: int, unwrapped: dispatch.Unwrapped) -> _Reply:
        caller = Caller(self.board.world, key, self.dc, self.board.sites)
        name = method_name(unwrapped.request)
        self.board.faults.happen(name, key.account)
        try:
            result = bytes(dispatch.answer_request(caller, unwrapped.request, self.board.faults))
        except RefusedError as refused:
            result = bytes(types.RpcError(refused.code, refused.message))
        session.awake = session.awake or dispatch.is_awake_after(key, unwrapped)
        spoiled = self.board.faults.spoiling(name, key.account)
        if isinstance(spoiled, Garbage) and not spoiled.whole_packet:
            result = spoiled.data
        body = result if name == "upload.getFile" else packed(result)
        return _Reply(_result(number, body), content=True, spoiled=spoiled)

    def _answer_later(
        self, key: KnownKey, session: Session, number: int, unwrapped: dispatch.Unwrapped, delay: float
    ) -> None:
        async def answer() -> None:
            await asyncio.sleep(delay)
            with suppress(ConnectionError):  # the client did not wait
                await self._deliver([self._reply(key, session, number, unwrapped)])

        task = asyncio.get_running_loop().create_task(answer())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _deliver(self, replies: list[_Reply]) -> None:
        self._send([reply for reply in replies if reply.spoiled is None], answers=True)
        for reply in replies:
            if reply.spoiled is not None:
                await self._spoil(reply, reply.spoiled)
        if not self.writer.is_closing():
            await self.writer.drain()

    def _send(self, replies: list[_Reply], *, answers: bool) -> None:
        for frame in self._frames(replies, answers=answers):
            self.writer.write(frame)

    def _frames(self, replies: list[_Reply], *, answers: bool) -> list[bytes]:
        if not replies or self._key is None or self._session is None or self.writer.is_closing():
            return []
        agreed, session = self._key.agreed, self._session
        bodies = [(reply.body, reply.content) for reply in replies]
        return [
            self._transport.frame(
                close_packet(agreed.key, agreed.number, session.heading() + message, self.board.entropy)
            )
            for message in session.messages(bodies, answers=answers)
        ]

    async def _spoil(self, reply: _Reply, how: CutAnswer | Garbage) -> None:
        [frame] = self._frames([reply], answers=True) or [b""]
        if isinstance(how, CutAnswer):
            self.writer.write(frame[: how.after_bytes])
            await self.writer.drain()
            self.writer.close()
        else:
            self.writer.write(self._transport.frame(how.data) if how.whole_packet else frame)


def _result(number: int, body: bytes) -> bytes:
    return _RPC_RESULT + struct.pack("<q", number) + body
