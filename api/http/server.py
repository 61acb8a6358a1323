"""Serves one home at one address of this machine, until it is told to stop."""

import asyncio
import gc
import json
import logging
import secrets
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.errors import problem_of
from api.home import Home
from api.http.app import application
from api.http.caller import Limits, ServedOffice
from api.http.guard import HEADERS
from api.http.keyring import Keyring
from api.http.problem import MEDIA_TYPE
from api.office.brought import UPLOADS
from api.worker import Worker
from config.errors import CallError, Explained
from evidence.errors import HomeError
from evidence.objects.durable import make_folder

LOOPBACK = ("127.0.0.1", "localhost", "::1")
GRACE_S = 10
"""How long calls may go on once the server was told to stop."""
MOST_CONNECTIONS = 1000
"""How many connections there may be; more get 503 from uvicorn, in no form of ours."""
MOST_HEADER_BYTES = 16_384
HEAD_WITHIN_S = 10.0
"""How long the head of a call may take to come, from the connection or from its own first byte."""
READ_WITHIN_S = 60.0
"""How long a caller may read nothing of an answer that waits for it."""
_POLL_S = 1.0


def office_of(home: Home) -> ServedOffice:
    """What the routes of the API share, of one home."""
    serve = home.settings.serve
    return ServedOffice(home, Keyring(home, serve.idle_minutes * 60.0), Limits(serve.per_minute))


def worker_of(office: ServedOffice) -> Worker:
    """Who does the tasks that calls ask for, with the office's keys while they are open; each such call wakes it."""
    keyring = office.keyring
    worker = Worker(office.home, keyring.opened, keyring.seen_open)
    office.wake = worker.wake
    return worker


def address_of(host: str, port: int) -> str:
    """The address of the API's server as callers write it (RFC 3986, 3.2.2)."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve_until_told(home: Home, port: int, began: Callable[[int], object]) -> None:
    """Serve the API until SIGINT or SIGTERM, or until the home moves; calls being answered are finished.

    Args:
        port: 0 for any that is free.
        began: Called with the port, once calls are taken.

    Raises:
        HomeError: The rows of the home were moved to another database; serve it again.
        OSError: Another program has the port, or this machine does not have the address.
    """
    logging.getLogger().addHandler(
        logging.NullHandler()
    )  # else Python prints libraries' words, such as of a broken form
    office, settings = office_of(home), home.settings.serve
    worker = worker_of(office)
    _keep_uploads_in(home)
    server = uvicorn.Server(
        uvicorn.Config(
            application(office, (*LOOPBACK, settings.address, *settings.hosts)),
            http=_TimedProtocol,
            log_config=None,
            log_level="critical",  # its words could tell of a call; ours are in the operational log
            access_log=False,
            server_header=False,
            # who the caller is, as the last proxy that is believed says it; what came before it in the header is not
            proxy_headers=bool(settings.proxies),
            forwarded_allow_ips=list(settings.proxies),
            timeout_graceful_shutdown=GRACE_S,
            timeout_keep_alive=5,
            limit_concurrency=MOST_CONNECTIONS,
            h11_max_incomplete_event_size=MOST_HEADER_BYTES,
        )
    )
    listening = _listening(settings.address, port)
    with listening, _ending_once_moved(home, server), _tending(office), worker.working(), _told_to_end(server):
        gc.collect()
        gc.freeze()  # what lives as long as the server is not looked at again: that held every call up for 0.2 s
        began(listening.getsockname()[1])
        server.run(sockets=[listening])


def _keep_uploads_in(home: Home) -> None:
    """Have the framework keep what is sent in unnamed files of the home, and not in the machine's common folder."""
    if not home.read_only:
        make_folder(home.path / UPLOADS, exist_ok=True)
        tempfile.tempdir = str(home.path / UPLOADS)


def _listening(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.create_server((address, port), family=family)
    # asyncio does this for sockets it makes itself; without it, each answer waits 40 ms for the caller's delayed ACK
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


@contextmanager
def _told_to_end(server: uvicorn.Server) -> Iterator[None]:
    """Let a signal end the server also before uvicorn hears it, and after: it raises again what it heard."""

    def end(_number: int, _frame: object) -> None:
        server.should_exit = True

    told = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(each, end) for each in told]
    try:
        yield
    finally:
        for each, handler in zip(told, before, strict=True):
            signal.signal(each, handler)


class _TimedProtocol(H11Protocol):
    """Closes a connection on which no whole head of a call comes in time, or nothing is read.

    uvicorn itself waits for ever, for both.
    """

    _head: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unwatch_head()
        self._unwatch_reader()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unwatch_reader()
        self._unread = self.loop.call_later(READ_WITHIN_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unwatch_reader()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - its words could tell of the call
        """Refuse what is no call, in the form of every refusal (RFC 9457), and close the connection."""
        name = secrets.token_hex(8)
        body = json.dumps({**problem_of(CallError("call.refused")), "request_id": name}).encode()
        told = {**HEADERS, "X-Request-Id": name, "Content-Type": MEDIA_TYPE, "Connection": "close"}
        headers = [*told.items(), ("Content-Length", str(len(body)))]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event))
        self.transport.close()

    def _unwatch_reader(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _watch_head(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._unwatch_head()
        elif self._head is None:
            self._head = self.loop.call_later(HEAD_WITHIN_S, self.transport.abort)

    def _unwatch_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None


@contextmanager
def _ending_once_moved(home: Home, server: uvicorn.Server) -> Iterator[None]:
    """End the server once the rows of its home lie elsewhere, and say so at the end; a service begins again."""
    ended, moved = threading.Event(), list[HomeError]()

    def look() -> None:
        while not ended.wait(_POLL_S):
            try:
                home.require_current()
            except HomeError as error:
                moved.append(error)
                server.should_exit = True
                return
            except (Explained, OSError):
                continue  # settings that cannot be read now: each call says so

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield
    finally:
        ended.set()
        looking.join()
    if moved:
        raise moved[0]


@contextmanager
def _tending(office: ServedOffice) -> Iterator[None]:
    """Forget keys of records that nobody uses, also while nobody calls; write down which keys of calls were used."""
    ended = threading.Event()

    def lock() -> None:
        while not ended.wait(_POLL_S):
            office.keyring.lock_if_idle()

    def note() -> None:
        while not ended.wait(_POLL_S):
            office.note_uses()

    tending = [threading.Thread(target=each, daemon=True) for each in (lock, note)]  # a busy home keeps no key open
    for each in tending:
        each.start()
    try:
        yield
    finally:
        office.keyring.lock()
        ended.set()
        for each in tending:
            each.join()
