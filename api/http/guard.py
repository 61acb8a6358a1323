"""What stands before every route: a name for the call, bounds on its body, and refusals that need no route.

Pure ASGI, so that a body is counted as it comes. A page of another address can neither call this server through a
browser (``Origin``) nor reach it by a name of its own (``Host``, DNS rebinding). It may link to ``/check``.
"""

import asyncio
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Call

from api.errors import API, OURS, TYPES, http_status
from api.http import bodies, check_page
from api.http.bodies import BodyLimit
from api.http.problem import problem_answer
from api.http.tally import CallTally, Ending
from config import oplog
from config.errors import CallError, Explained
from evidence.store.api_key import ApiKey

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
OPEN = (f"{API}/openapi.json", TYPES)
"""What everybody may read: how the API is called, and what its refusals mean."""
OF_HER_PAGE = (f"{API}/questions", f"{API}/questions/state", f"{API}/questions/withdraw")
"""What her page calls, wherever it lies: without a key, and from any origin."""
_FROM_ANYWHERE = {"Access-Control-Allow-Origin": "*"}
_PREFLIGHT = Response(
    status_code=204,
    headers={
        "Access-Control-Allow-Headers": "content-type",
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Max-Age": "600",
    },
)
"""The answer to a browser that asks whether a page of another origin may make such a call (Fetch, CORS protocol)."""
MOST_AT_ONCE = 100
"""How many calls are worked on at once: the body has arrived, and the answer has not begun."""
MOST_OF_A_KEY = 20
"""How many calls of one key may be open, however slowly their bodies arrive and their answers leave."""
MOST_OF_HER_PAGE, MOST_OF_AN_ADDRESS = 100, 10
"""How many calls of her page may be open, which have no key: from everywhere, and from one address."""
ROOM_ASKED_BYTES = 16 << 20
_HER_PAGE = "her page"
_WITHOUT_BODY = ("GET", "HEAD", "OPTIONS", "TRACE")
_OF_NO_OTHER_PAGE = ("none", "same-origin")
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+))(?::[0-9]{1,5})?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(slots=True)
class Guard:
    """Wraps the application.

    Attributes:
        hosts: The names by which this server goes, without a port.
        limits: Of bodies; the first that fits counts.
        admit: Finds the key of a call from its header, the caller's address, the limit of its body and the length
            that it says of it, or raises an error.
        of_page: Counts a call of her page from an address, or raises an error.
        require_room: Raises an error where the disk has too little room for more of a large body.
        tally: Counts the calls.
    """

    app: ASGIApp
    hosts: Collection[str]
    limits: Sequence[BodyLimit]
    admit: Callable[[str | None, str, BodyLimit, int], ApiKey]
    of_page: Callable[[str], object]
    require_room: Callable[[], object]
    tally: CallTally = field(default_factory=CallTally)
    _worked_on: set[str] = field(default_factory=set)
    _of_key: Counter[str] = field(default_factory=Counter)

    async def __call__(self, scope: Call, receive: Receive, send: Send) -> None:
        """Answer one call."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["nisisama.request_id"] = secrets.token_hex(8)
        with self.tally.counted(scope) as ending:
            await self._answer(scope, receive, send, ending)

    async def _answer(self, scope: Call, receive: Receive, send: Send, ending: Ending) -> None:
        name, began = scope["nisisama.request_id"], time.monotonic()
        answer = self._headed(scope, send, ending)

        def work() -> None:
            self._worked_on.add(name)

        try:
            await self._require_call(scope)
            self._require_share(scope)
            if not _has_body(scope):
                work()
            answering = _PREFLIGHT if _is_preflight(scope) else self.app
            body = _bounded(receive, self._limit(scope["path"]), work, self.require_room)
            await answering(scope, body, answer)
        except Exception as error:  # noqa: BLE001 - whatever it is, a server's own words about it could tell of the call
            if not ending.status:
                await problem_answer(Request(scope), _ours(error, name))(scope, receive, answer)
        finally:
            self._worked_on.discard(name)
            self._release(scope)
            oplog.note("call_answered", request=name, status=ending.status, duration_s=time.monotonic() - began)

    def _headed(self, scope: Call, send: Send, ending: Ending) -> Send:
        """Sends an answer with the headers that every answer has."""
        name = scope["nisisama.request_id"]

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._worked_on.discard(name)
                ending.status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = name
                if _has_two_lengths(scope):
                    headers["Connection"] = "close"
                for header, value in _headers_of(scope["path"]).items():
                    headers.setdefault(header, value)
            await send(message)

        return answer

    def _require_head(self, scope: Call) -> None:
        """Check what the head of a call says, but for who calls.

        Raises:
            CallError: It is refused.
        """
        if _CONTROL.search(scope["path"]):
            raise CallError("call.no_such_route")  # a route's pattern would overlook a line feed at the end
        if b"%00" in scope["query_string"]:
            raise CallError("call.odd_query")
        limit = self._limit(scope["path"])
        if _has_body(scope) and _told_length(scope) > limit.most_bytes:
            raise CallError("call.body_too_large", limit=limit.most_bytes)
        headers = Headers(scope=scope)
        if host_of(headers.get("host", "")) not in self.hosts:
            raise CallError("call.other_host")
        followed = scope["path"] == check_page.PATH and scope["method"] == "GET"  # a link on the office's own site
        is_foreign = "origin" in headers or headers.get("sec-fetch-site", "none") not in _OF_NO_OTHER_PAGE
        if is_foreign and not (scope["path"] in OF_HER_PAGE or followed):
            raise CallError("call.foreign_origin")

    async def _require_call(self, scope: Call) -> None:
        """Check the head of a call; who calls is known before its body is read.

        Raises:
            CallError: It is refused.
        """
        self._require_head(scope)
        if len(self._worked_on) >= MOST_AT_ONCE:
            raise CallError("call.too_many", seconds=1)
        address, headers = _address(scope), Headers(scope=scope)
        if scope["path"] in OF_HER_PAGE:
            self.of_page(address)
        elif scope["path"].startswith(f"{API}/") and not scope["path"].startswith(OPEN):
            limit = self._limit(scope["path"])
            scope["nisisama.key"] = await run_in_threadpool(
                self.admit, headers.get("authorization"), address, limit, _told_length(scope)
            )

    def _require_share(self, scope: Call) -> None:
        """Check that neither one key, nor everybody without one, takes all places from the others.

        Raises:
            CallError: Too many calls of this key, or of her page, are open.
        """
        key: ApiKey | None = scope.get("nisisama.key")
        if scope["path"] in OF_HER_PAGE:
            shares = {_HER_PAGE: MOST_OF_HER_PAGE, f"{_HER_PAGE} {_address(scope)}": MOST_OF_AN_ADDRESS}
        else:
            shares = {} if key is None else {key.key_id: MOST_OF_A_KEY}
        if any(self._of_key[name] >= most for name, most in shares.items()):
            raise CallError("call.too_many", seconds=1)
        self._of_key.update(shares.keys())
        scope["nisisama.counted"] = tuple(shares)

    def _release(self, scope: Call) -> None:
        self._of_key.subtract(scope.pop("nisisama.counted", ()))
        self._of_key += Counter()  # what is zero goes

    def _limit(self, path: str) -> BodyLimit:
        return next(each for each in self.limits if path.startswith(each.begins) and path.endswith(each.ends))


def _ours(error: Exception, name: str) -> Explained:
    """The error to answer with if no route explained this one, for instance because none had been chosen yet."""
    said = error if isinstance(error, Explained) else CallError("call.broke")
    if http_status(said) >= OURS:
        oplog.note("call_broke", request=name, error=type(error), place=oplog.source_place(error))
    return said


def _address(scope: Call) -> str:
    return scope["client"][0] if scope.get("client") else ""


def _headers_of(path: str) -> Mapping[str, str]:
    return HEADERS | _FROM_ANYWHERE if path in OF_HER_PAGE else HEADERS


def _is_preflight(scope: Call) -> bool:
    return scope["method"] == "OPTIONS" and scope["path"] in OF_HER_PAGE


def host_of(header: str) -> str | None:
    """The name or address in a call's ``Host`` header, without its port and the brackets of IPv6.

    None where it is none.
    """
    found = _HOST.fullmatch(header)
    return None if found is None else (found[1] or found[2]).lower()


def _has_body(scope: Call) -> bool:
    """Whether a body follows the head of a call (RFC 9112, 6.3) that a route may read."""
    if scope["method"] in _WITHOUT_BODY:  # whoever sends one all the same waits for nothing of it
        return False
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _told_length(scope: Call) -> int:
    """What a call says of its body, in bytes; 0 where it says nothing."""
    told = Headers(scope=scope).get("content-length", "")
    return int(told) if told.isdecimal() else 0


def _has_two_lengths(scope: Call) -> bool:
    """Whether a call says twice where its body ends: then its connection ends with it (RFC 9112, 6.1)."""
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers and "content-length" in headers


def _bounded(
    receive: Receive, limit: BodyLimit, came: Callable[[], object], require_room: Callable[[], object]
) -> Receive:
    """A body that ends with an error once it is too long, takes too long, stands still, or fills the disk.

    Args:
        came: Called once the whole body has arrived.
        require_room: Called at each ``ROOM_ASKED_BYTES``: what a body says of its length need not be true.
    """
    had, is_whole, until = 0, False, time.monotonic() + limit.within_s
    asked_at = ROOM_ASKED_BYTES

    async def next_part() -> Message:
        nonlocal had, is_whole, asked_at
        if is_whole:  # what is left to hear is that the caller went away
            return await receive()
        try:
            async with asyncio.timeout(max(min(until - time.monotonic(), bodies.BODY_WITHIN_S), 0.0)):
                message = await receive()
        except TimeoutError:
            raise CallError("call.body_too_slow", seconds=int(limit.within_s)) from None
        had += len(message.get("body", b""))
        is_whole = not message.get("more_body", False)
        if is_whole and message["type"] == "http.request":  # else the caller went away
            came()
        if had > limit.most_bytes:
            raise CallError("call.body_too_large", limit=limit.most_bytes)
        if had >= asked_at:
            asked_at = had + ROOM_ASKED_BYTES
            await run_in_threadpool(require_room)
        return message

    return next_part
