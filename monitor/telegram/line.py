"""The line to Telegram: one account's connections, and the one place where requests are sent.

Telethon's own sender speaks MTProto; nothing else of its client is used. Its event path silently loses edits, deletions
and whole gaps, so what it pushes is only a hint that there is news, and the truth is asked for.

Callers are synchronous: the connections live on an event loop in a thread of their own. A request that was not
answered is asked again on a new connection; everything that we ask may be asked twice.
"""

import asyncio
import collections
import concurrent.futures
import logging
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self, TypeVar

from telethon.crypto import AuthKey, rsa
from telethon.errors import AuthKeyNotFound
from telethon.network import ConnectionTcpFull, MTProtoSender
from telethon.tl import TLRequest, functions, types
from telethon.tl.alltlobjects import LAYER

from config.errors import StoppedError
from evidence.times import Clock
from monitor.errors import AccountError, AccountState, FloodError, UnreachableError
from monitor.telegram.allowed import method_of, require_allowed
from monitor.telegram.fault import Fault, meaning
from monitor.telegram.pace import Pace
from monitor.telegram.reply import Body, Received, read_reply
from monitor.telegram.session import AccountSession

T = TypeVar("T")

_PAUSES_S = (0.2, 1.0, 3.0)
"""How long to wait before each further attempt, in seconds."""
_PAUSES = 10
"""How often in a row Telegram may ask for a short pause before that is reported."""
_POLL_S = 0.2
_FIRST = asyncio.FIRST_COMPLETED
_NONE = logging.getLogger("nisisama.telethon")
_NONE.addHandler(logging.NullHandler())
_NONE.propagate = False  # Telethon writes what it could not read into its log, and that may be a message


@dataclass(frozen=True, slots=True)
class DataCentre:
    """Where a data centre answers.

    Attributes:
        public_key: Its RSA key in PEM (PKCS#1); None for Telegram's own, which Telethon knows.
    """

    host: str
    port: int = 443
    public_key: bytes | None = field(default=None, repr=False)


TELEGRAM: Mapping[int, DataCentre] = {
    1: DataCentre("149.154.175.53"),
    2: DataCentre("149.154.167.51"),
    3: DataCentre("149.154.175.100"),
    4: DataCentre("149.154.167.91"),
    5: DataCentre("91.108.56.130"),
}
"""Telegram's data centres, as built into its clients."""


@dataclass(frozen=True, slots=True)
class Network:
    """How Telegram is reached.

    Attributes:
        api_id: Of the office's own application (my.telegram.org).
        servers: The only ones that are contacted, by data centre.
        proxy: Host and port of a SOCKS5 proxy.
        timeout_s: The longest wait for one answer, in seconds.
    """

    api_id: int
    api_hash: str = field(repr=False)
    servers: Mapping[int, DataCentre]
    proxy: tuple[str, int] | None = None
    timeout_s: float = 30.0


class _Raw(TLRequest):  # type: ignore[misc]
    """A request whose answer is the body as it came.

    Attributes:
        told_at: When Telegram sent the answer, by its own clock.
    """

    def __init__(self, request: TLRequest) -> None:
        self.request = request
        self.told_at: datetime | None = None

    def _bytes(self) -> bytes:
        return bytes(self.request)

    @staticmethod
    def read_result(reader: Any) -> bytes:  # noqa: ANN401 - Telethon's reader
        return bytes(reader.get_bytes())


class _Sender(MTProtoSender):  # type: ignore[misc]
    """Telethon's sender, which sends only what is allowed, and reports errors by their names."""

    def send(self, request: Any, ordered: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - Telethon's signature
        require_allowed(request.request if isinstance(request, _Raw) else request)
        return super().send(request, ordered=ordered)

    async def _handle_rpc_result(self, message: Any) -> None:  # noqa: ANN401 - Telethon's message
        answer = message.obj
        state = self._pending_state.get(answer.req_msg_id)
        if state is not None and isinstance(state.request, _Raw):
            state.request.told_at = _sent_at(message.msg_id)
        if state is None or not answer.error:
            await super()._handle_rpc_result(message)
            return
        del self._pending_state[answer.req_msg_id]
        if not state.future.done():
            state.future.set_exception(Fault(str(answer.error.error_message), int(answer.error.error_code)))


class _LostError(Exception):
    """The connection ended before the answer came."""


class News:
    """Hints that there is news, by channel; Telethon's sender puts updates here."""

    def __init__(self) -> None:
        self._changed = threading.Event()
        self._channels: set[int | None] = set()
        self._lock = threading.Lock()

    def put_nowait(self, updates: object) -> None:
        """Note which channel an update is about; one that names no channel may be about any."""
        with self._lock:
            self._channels.update(_channels_of(updates))
        self._changed.set()

    def wait(self, timeout_s: float) -> frozenset[int | None]:
        """The channels that have news, at once or within a time; None among them means any channel."""
        self._changed.wait(timeout_s)
        with self._lock:
            self._changed.clear()
            found, self._channels = frozenset(self._channels), set()
        return found

    def wake(self) -> None:
        """End a wait without news."""
        self._changed.set()


_NEWS = frozenset(
    {
        "UpdatesTooLong",
        "UpdateChannel",
        "UpdateChannelTooLong",
        "UpdateChannelWebPage",
        "UpdateDeleteChannelMessages",
        "UpdateEditChannelMessage",
        "UpdateNewChannelMessage",
        "UpdatePinnedChannelMessages",
    }
)
"""The updates that are a reason to look. Somebody typing is not one, nor is a view, nor what is said elsewhere."""


def _channels_of(updates: object) -> set[int | None]:
    several = getattr(updates, "updates", None)
    single = getattr(updates, "update", None)
    found: set[int | None] = set()
    for update in several if isinstance(several, list) else [single if single is not None else updates]:
        if type(update).__name__ not in _NEWS:
            continue
        message = getattr(update, "message", None)
        channel = getattr(update, "channel_id", None) or getattr(getattr(message, "peer_id", None), "channel_id", None)
        found.add(channel)
    return found


class Line:
    """One account's connections.

    Args:
        session: The account's; keys are added to it as data centres are met.
        save: Writes the session.
        clock: Says until when a pause lasts.
        pace: How fast Telegram may be asked.

    Attributes:
        news: Hints from Telegram.
        asked: How often each method was asked.
        answers: How many answers came.
        ahead: How far our clock was ahead of Telegram's at the newest answer; zero if Telegram's time lies between
            asking and answering, None before an answer told the time.
    """

    def __init__(
        self,
        network: Network,
        session: AccountSession,
        save: Callable[[AccountSession], None],
        clock: Clock,
        pace: Pace,
    ) -> None:
        self._network = network
        self._session = session
        self._save = save
        self._clock = clock
        self.pace = pace
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="telegram", daemon=True)
        self._senders: dict[int, _Sender] = {}
        self._opening: dict[int, asyncio.Lock] = collections.defaultdict(asyncio.Lock)
        self._stopping = threading.Event()
        self.news = News()
        self.asked: collections.Counter[str] = collections.Counter()
        self.answers = 0
        self.ahead: timedelta | None = None
        for server in network.servers.values():
            if server.public_key is not None:
                rsa.add_key(server.public_key, old=False)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopping.set()
        with_all = asyncio.run_coroutine_threadsafe(self._close(), self._loop)
        concurrent.futures.wait([with_all], timeout=5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        if not self._thread.is_alive():
            self._loop.close()

    def stop(self) -> None:
        """End every waiting request at once, now and later; for a signal handler."""
        self._stopping.set()
        self.news.wake()

    @property
    def home_dc(self) -> int:
        """The data centre that has the account."""
        return self._session.home_dc

    def ask(self, request: TLRequest, *, dc: int | None = None) -> Received:
        """Ask Telegram, and read what it answers.

        Args:
            dc: The data centre of a file; None for the account's own.

        Raises:
            FloodError: It asks for a pause.
            AccountError: The account is lost.
            ChannelError: The channel cannot be seen.
            RequestError: It refuses for another reason.
            UnreachableError: No connection, or no answer.
            UnknownConstructorError: The answer cannot be read; its body is with the error.
            StoppedError: ``stop`` was called.
        """
        return read_reply(request, self.ask_raw(request, dc=dc))

    def ask_raw(self, request: TLRequest, *, dc: int | None = None) -> Body:
        """Like ``ask``, but the body of the answer as it came."""
        method = method_of(request)
        pauses = 0
        while True:
            if self._stopping.is_set():
                raise StoppedError("stopped.by_hand")
            self.pace.require_rested(method)
            self.pace.wait_for(method, self.wait)
            try:
                return self._run(self._ask(request, dc))
            except Fault as fault:
                error = meaning(fault, method, self._clock())
                if isinstance(error, FloodError):
                    self.pace.rest(method, error.until)
                    self.pace.keep()  # now: a program that is killed must not ask again too early
                    pauses += 1
                    if pauses < _PAUSES:
                        continue
                raise error from fault

    def wait(self, seconds: float) -> None:
        """Wait between two requests.

        Raises:
            StoppedError: ``stop`` was called.
        """
        if self._stopping.wait(seconds):
            raise StoppedError("stopped.by_hand")

    def log_in(self, request: TLRequest) -> Any:  # noqa: ANN401 - any object of the schema
        """Ask as part of a login, and follow the account to the data centre that has it."""
        for _attempt in range(3):
            try:
                return read_reply(request, self._run(self._ask(request, None))).said
            except Fault as fault:
                if (moved := fault.migrate_to) is None or moved not in self._network.servers:
                    raise meaning(fault, method_of(request), self._clock()) from fault
                self._session.home_dc = moved
        raise UnreachableError("unreachable.no_connection", system="MIGRATE")

    def logged_in(self, user_id: int) -> None:
        """Note whose account it is, and keep the session."""
        self._session.user_id = user_id
        self._save(self._session)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        while True:
            done, _ = concurrent.futures.wait([future], timeout=_POLL_S)
            if done:
                return future.result()
            if self._stopping.is_set():
                future.cancel()
                raise StoppedError("stopped.by_hand")

    # On the loop

    async def _ask(self, request: TLRequest, dc: int | None) -> Body:
        require_allowed(request)
        for pause_s in (*_PAUSES_S, None):
            try:
                return await self._try(request, dc)
            except UnreachableError:
                if pause_s is None or self._stopping.is_set():
                    raise
                await asyncio.sleep(pause_s)
        raise AssertionError("the last attempt ends this")

    async def _try(self, request: TLRequest, dc: int | None) -> Body:
        """Ask once.

        Raises:
            Fault: Telegram's error.
            AccountError: The account's own key is no longer known.
            UnreachableError: No answer; asked again, Telegram may give one.
        """
        try:
            # Telethon waits forever for a server that accepts and then says nothing
            sender = await asyncio.wait_for(self._sender(dc or self._session.home_dc), 2 * self._network.timeout_s)
            self.asked[method_of(request)] += 1
            return await self._answer(sender, _Raw(request))
        except AuthKeyNotFound as error:
            if self._forget_foreign(dc):
                raise UnreachableError("unreachable.no_connection", system="AUTH_KEY_NOT_FOUND") from error
            raise AccountError.lost(AccountState.KEY_LOST, "AUTH_KEY_NOT_FOUND") from error
        except Fault as fault:
            if fault.is_passing or (fault.name.startswith("AUTH_KEY_") and self._forget_foreign(dc)):
                raise UnreachableError("unreachable.in_trouble", system=fault.name) from fault
            raise
        except TimeoutError as error:
            raise UnreachableError("unreachable.no_answer", limit=self._network.timeout_s) from error
        except (_LostError, OSError, EOFError, BufferError) as error:
            raise UnreachableError("unreachable.no_connection", system=_system(error)) from error

    def _compare(self, told_at: datetime | None, asked_at: datetime) -> None:
        if told_at is not None:
            self.ahead = max(asked_at - told_at, timedelta()) - max(told_at - self._clock(), timedelta())

    def _forget_foreign(self, dc: int | None) -> bool:
        """Forget the key of a data centre that is not the account's own: a new one is agreed, and nothing is lost."""
        if dc is None or dc == self._session.home_dc:
            return False
        self._session.keys.pop(dc, None)
        return True

    async def _answer(self, sender: _Sender, request: _Raw) -> Body:
        asked_at = self._clock()
        future, ended = sender.send(request), sender._disconnected  # noqa: SLF001 - Telethon's own, as below
        # what is sent while the connection ends waits in Telethon's queue, and nobody would answer or cancel it
        done, _ = await asyncio.wait({future, ended}, timeout=self._network.timeout_s, return_when=_FIRST)
        if not done:
            await self._drop(sender)
            raise TimeoutError
        if not future.done() and not ended.cancelled() and (error := ended.exception()) is not None:
            raise error
        if not future.done() or future.cancelled():
            raise _LostError
        self.answers += 1
        self._compare(request.told_at, asked_at)
        return Body(bytes(future.result()), request.told_at)

    async def _sender(self, dc: int) -> _Sender:
        async with self._opening[dc]:
            sender = self._senders.get(dc)
            if sender is None or not sender.is_connected():
                if sender is not None:
                    await sender.disconnect()
                sender = await self._open(dc)
                self._senders[dc] = sender
            return sender

    async def _open(self, dc: int) -> _Sender:
        server = self._network.servers.get(dc)
        if server is None:
            raise _LostError(f"DC {dc}")
        known = self._session.keys.get(dc)
        loggers: Mapping[str, logging.Logger] = collections.defaultdict(lambda: _NONE)
        sender = _Sender(
            AuthKey(known),
            loggers=loggers,
            retries=1,
            auto_reconnect=False,
            connect_timeout=self._network.timeout_s,
            updates_queue=self.news,
        )
        proxy = ("socks5", *self._network.proxy) if self._network.proxy else None
        await sender.connect(ConnectionTcpFull(server.host, server.port, dc, loggers=loggers, proxy=proxy))
        ended = sender._disconnected  # noqa: SLF001 - Telethon's own, which nobody else awaits
        ended.add_done_callback(_retrieve)
        try:
            await self._begin(sender, dc, new=known is None)
        except BaseException:
            await sender.disconnect()
            raise
        if dc == self._session.home_dc:
            ended.add_done_callback(self._missed)
        return sender

    def _missed(self, _ended: object) -> None:
        """Note that any channel may have news from now on: whoever looks opens the line on which the next is pushed."""
        self.news.put_nowait(types.UpdatesTooLong())

    async def _begin(self, sender: _Sender, dc: int, *, new: bool) -> None:
        """Name the layer, and at a foreign data centre prove whose account it is; then keep the key."""
        query: TLRequest = functions.help.GetConfigRequest()
        home = self._session.home_dc
        if new and dc != home and self._session.user_id is not None:
            exported = read_reply(
                request := functions.auth.ExportAuthorizationRequest(dc),
                await self._answer(await self._sender(home), _Raw(request)),
            ).said
            query = functions.auth.ImportAuthorizationRequest(exported.id, exported.bytes)
        await self._answer(sender, _Raw(self._introduced(query)))
        if new:
            self._session.keys[dc] = bytes(sender.auth_key.key)
            if self._session.user_id is not None:
                self._save(self._session)

    def _introduced(self, query: TLRequest) -> TLRequest:
        introduced = functions.InitConnectionRequest(
            api_id=self._network.api_id,
            device_model="PC",
            system_version="1.0",
            app_version="1.0",
            lang_code="en",
            system_lang_code="en",
            lang_pack="",
            query=query,
        )
        return functions.InvokeWithLayerRequest(LAYER, introduced)

    async def _drop(self, sender: _Sender) -> None:
        await sender.disconnect()

    async def _close(self) -> None:
        for sender in self._senders.values():
            await sender.disconnect()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _sent_at(number: int) -> datetime | None:
    """When Telegram sent a message of this number: its upper half is seconds, its lower half fractions of one.

    Source: core.telegram.org/mtproto/description, "Message Identifier". None for a time that no clock shows.
    """
    try:
        return datetime.fromtimestamp(number / (1 << 32), UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _retrieve(ended: "asyncio.Future[None]") -> None:
    """Take note of why a connection ended; whoever waited for an answer was told."""
    if not ended.cancelled():
        ended.exception()


def _system(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or type(error).__name__)
