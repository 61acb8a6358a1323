"""The rehearsal's data centres on 127.0.0.1, in a thread of their own.

``with LoopbackTelegram.running(folder) as telegram`` starts them on free ports and writes the public keys that a
client must be told. When the block ends, every connection is closed and the thread has ended.
"""

import asyncio
import secrets
import socket
import threading
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from evidence.times import Clock, system_clock
from monitor.rehearsal.telegram.accounts import Account
from monitor.rehearsal.telegram.connections import Call, Connection, Switchboard
from monitor.rehearsal.telegram.faults import Faults
from monitor.rehearsal.telegram.handshake import Entropy, ServerKey
from monitor.rehearsal.telegram.requests.caller import Site
from monitor.rehearsal.telegram.rooms import Event, Room
from monitor.rehearsal.telegram.shown import View
from monitor.rehearsal.telegram.wire import Tl
from monitor.rehearsal.telegram.world import World

HOST = "127.0.0.1"
DATA_CENTRES = (2, 4)

_BUFFER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Server:
    """One data centre, as a client is told about it."""

    dc: int
    host: str
    port: int
    public_key_file: Path


@dataclass(slots=True, kw_only=True, repr=False)
class LoopbackTelegram:
    """Data centres that share one world and one RSA key.

    Attributes:
        servers: One for each data centre, in the order asked for.
        faults: The script of what goes wrong.
    """

    world: World
    faults: Faults
    _board: Switchboard
    servers: tuple[Server, ...] = ()
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _accepting: set[asyncio.Task[None]] = field(default_factory=set)
    _meeting: set[asyncio.Task[None]] = field(default_factory=set)
    _listening: list[socket.socket] = field(default_factory=list)
    _broken: list[BaseException] = field(default_factory=list)

    @classmethod
    @contextmanager
    def running(
        cls,
        folder: Path,
        *,
        dcs: Sequence[int] = DATA_CENTRES,
        clock: Clock = system_clock,
        entropy: Entropy = secrets.token_bytes,
    ) -> Iterator[Self]:
        """Serve until the block ends; then raise what broke inside the servers meanwhile.

        Args:
            folder: Where the public keys are written, as PEM; it must exist.
            dcs: Numbers of the data centres; accounts and files live in the first one unless said otherwise.
            entropy: Gives random bytes; with a seeded one, numbers and codes repeat.
        """
        telegram = cls._with_world(dcs[0], clock, entropy)
        thread = threading.Thread(target=telegram._loop.run_forever, name="loopback-telegram", daemon=True)  # noqa: SLF001 - its own
        thread.start()
        try:
            telegram._start(folder, dcs)  # noqa: SLF001 - its own
            yield telegram
        finally:
            telegram._stop(thread)  # noqa: SLF001 - its own

    @property
    def calls(self) -> list[Call]:
        """Every request that reached a server, in order."""
        return self._board.calls

    def cut(self) -> None:
        """Close every connection, even if no answer is under way."""

        async def close() -> None:
            for connection in tuple(self._board.connections):
                connection.writer.close()

        asyncio.run_coroutine_threadsafe(close(), self._loop).result()

    @classmethod
    def _with_world(cls, home_dc: int, clock: Clock, entropy: Entropy) -> Self:
        def skewed() -> datetime:
            return clock() + timedelta(seconds=faults.skew_s)

        world = World(clock=skewed, entropy=entropy, home_dc=home_dc)
        faults = Faults(world)
        board = Switchboard(world=world, faults=faults, server_key=ServerKey.create(), entropy=entropy, clock=skewed)
        made = cls(world=world, faults=faults, _board=board)
        world.listener = made._happened
        return made

    def _start(self, folder: Path, dcs: Sequence[int]) -> None:
        servers = []
        for dc in dcs:
            listening = socket.create_server((HOST, 0))
            listening.setblocking(False)
            self._listening.append(listening)
            public = folder / f"telegram-dc{dc}.pem"
            self._board.server_key.write_public(public)
            host, port = listening.getsockname()
            servers.append(Server(dc, host, port, public))
        self.servers = tuple(servers)
        self._board.sites = tuple(Site(server.dc, server.host, server.port) for server in servers)
        asyncio.run_coroutine_threadsafe(self._listen(dcs), self._loop).result()

    async def _listen(self, dcs: Sequence[int]) -> None:
        self._loop.set_exception_handler(self._note_broken)
        for dc, listening in zip(dcs, self._listening, strict=True):
            self._keep(self._accept(dc, listening), self._accepting)

    async def _accept(self, dc: int, listening: socket.socket) -> None:
        # not asyncio.start_server: when it closes, it forgets a connection that it has just accepted
        while True:
            peer, _ = await self._loop.sock_accept(listening)
            self._keep(self._meet(dc, peer), self._meeting)

    async def _meet(self, dc: int, peer: socket.socket) -> None:
        try:
            reader, writer = await asyncio.open_connection(sock=peer, limit=_BUFFER_BYTES)
        except asyncio.CancelledError:
            peer.close()
            raise
        await Connection(self._board, dc, reader, writer).serve()

    def _keep(self, running: Coroutine[None, None, None], among: set[asyncio.Task[None]]) -> None:
        """Run something until it ends or the servers stop, and note what breaks it."""

        def ended(task: asyncio.Task[None]) -> None:
            among.discard(task)
            error = None if task.cancelled() else task.exception()
            if error is not None:
                self._broken.append(error)

        task = self._loop.create_task(running)
        among.add(task)
        task.add_done_callback(ended)

    def _happened(self, account: Account, room: Room, event: Event | None) -> None:
        """Called by the world, in any thread and under its lock, for an account that has joined a room."""
        update = self._counted_in_box(account, room, event) if room.basic and event is not None else None
        if self.faults.withheld or not any(each.hears(account) for each in tuple(self._board.connections)):
            return
        updates = View(self.world, account).pushed(room, event, update)
        self._loop.call_soon_threadsafe(self._board.push, account, updates)

    def _counted_in_box(self, account: Account, room: Room, event: Event) -> Tl:
        account.pts += len(event.numbers)
        update = View(self.world, account).box_update(room, event)
        account.log.append((account.pts, update))
        return update

    def _stop(self, thread: threading.Thread) -> None:
        self.world.listener = None
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        thread.join()
        self._loop.close()
        if self._broken:
            raise self._broken[0]

    def _note_broken(self, _: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        self._broken.append(error if isinstance(error, BaseException) else RuntimeError(str(context["message"])))

    async def _close(self) -> None:
        for among in (self._accepting, self._meeting):
            await asyncio.sleep(0)  # a connection accepted just now must have begun before it can be closed
            tasks = tuple(among)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for listening in self._listening:
            listening.close()
