"""Asks a time-stamp office over HTTP (RFC 3161, section 3.4) and believes nothing unchecked.

Only a digest and a random number leave: no cookie, no user agent, no header of the caller's
client. Three failures are kept apart, because each calls for something else: nobody or somebody
else answered (try again later), the office refused (the operator looks), or the answer does not
hold (an incident).
"""

import functools
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.request import getproxies

import httpx

from evidence.errors import CertificateError, StampRefusedError, StampUnreachableError, TokenError
from evidence.stamp.certificate import AnyCertificate
from evidence.stamp.token import TokenInfo, build_query, token_of_reply, verify_token

QUERY_TYPE = "application/timestamp-query"
REPLY_TYPE = "application/timestamp-reply"
MAX_REPLY_BYTES = 64 * 1024
TIMEOUT_S = 10.0
MAX_EXCHANGE_S = 30.0

_HERE = "http://127.0.0.1:"
_TRY_LATER = (408, 425, 429)


@dataclass(frozen=True, slots=True)
class TimeStampOffice:
    """Where to ask, and whom to believe.

    Attributes:
        name: What the log and bundles call it.
        url: ``http`` or ``https``; the answer is signed, so plain HTTP loses nothing but the digest's privacy.
        roots: They come from the catalogue or the operator, never from an answer.
        policy: Requested, and required in the token, dotted; None takes any.
        lists: Where revocation lists of its issuers are to be had, beside the places that its certificates name.
    """

    name: str
    url: str
    roots: tuple[AnyCertificate, ...]
    policy: str | None = None
    lists: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stamped:
    """A token that was verified on arrival, and the reply that carried it, both byte for byte."""

    token: bytes
    reply: bytes
    info: TokenInfo


def stamping_client(offices: Sequence[TimeStampOffice]) -> httpx.Client:
    """An HTTP client to ask time-stamp offices; it trusts no certificate authority if all are on this machine.

    To read the authorities takes 25 ms, which every command that writes would pay with a rehearsal's office.
    """
    beyond = any(not office.url.startswith(_HERE) for office in offices) or bool(getproxies())
    return httpx.Client(verify=_authorities() if beyond else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


@functools.cache
def _authorities() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def request_stamp(
    *, office: TimeStampOffice, sha256: bytes, http: httpx.Client, nonce: int, timeout_s: float = TIMEOUT_S
) -> Stamped:
    """Ask an office to stamp ``sha256``, and verify the token: imprint, signature, chain, nonce, policy.

    Args:
        office: Whom to ask.
        sha256: The digest to stamp, 32 bytes; the office learns nothing else.
        http: Its connections, proxy and TLS settings are used; its headers, cookies and
            credentials are not, and redirects are not followed.
        nonce: Random, at least 64 bits, never used before.
        timeout_s: For connecting, and for each silence; the exchange takes at most ``MAX_EXCHANGE_S``
            and one such silence.

    Raises:
        StampUnreachableError: No answer, or none from a time-stamp office: ask again later.
        StampRefusedError: The office answered and refused.
        TokenError: The answer does not hold.
    """
    query = build_query(sha256=sha256, nonce=nonce, policy=office.policy)
    reply = _exchange(office, query, http, timeout_s)
    token = token_of_reply(reply)
    try:
        info = verify_token(token=token, sha256=sha256, roots=office.roots, nonce=nonce)
    except CertificateError as error:
        raise TokenError("token.not_trusted", office=office.name, cause=error) from error
    if office.policy is not None and info.policy != office.policy:
        raise TokenError("token.another_policy", expected=office.policy, found=info.policy)
    return Stamped(token=token, reply=reply, info=info)


def _exchange(office: TimeStampOffice, query: bytes, http: httpx.Client, timeout_s: float) -> bytes:
    try:
        # not http.post: a request built by the client carries the client's headers and cookies
        request = httpx.Request(
            "POST",
            office.url,
            headers={"Content-Type": QUERY_TYPE, "Accept": REPLY_TYPE},
            content=query,
            extensions={"timeout": httpx.Timeout(timeout_s).as_dict()},
        )
        response = http.send(request, stream=True, auth=None, follow_redirects=False)
        try:
            _require_answer(office, response)
            return _read(office, response)
        finally:
            response.close()
    except httpx.InvalidURL as error:
        raise StampRefusedError("stamp_refused.not_an_address", where=office.name, found=office.url) from error
    except httpx.HTTPError as error:
        raise StampUnreachableError(
            "stamp_unreachable.no_answer", where=office.name, found=type(error).__name__
        ) from error


def _require_answer(office: TimeStampOffice, response: httpx.Response) -> None:
    status = response.status_code
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status in _TRY_LATER:
        raise StampUnreachableError("stamp_unreachable.cannot_answer_now", where=office.name, status=status)
    if status != httpx.codes.OK:
        raise StampRefusedError("stamp_refused.by_http", where=office.name, status=status)
    if kind != REPLY_TYPE:
        raise StampUnreachableError(
            "stamp_unreachable.somebody_else_answered", where=office.name, expected=REPLY_TYPE, kind=kind[:60]
        )


def _read(office: TimeStampOffice, response: httpx.Response) -> bytes:
    # LIMIT: if an office drips its headers, only each silence is bounded, not the whole exchange
    # raw: RFC 3161 knows no compressed answer, and one could unpack to any size
    reply, deadline = b"", time.monotonic() + MAX_EXCHANGE_S
    for piece in response.iter_raw():
        reply += piece
        if len(reply) > MAX_REPLY_BYTES:
            raise TokenError("token.answer_too_long", where=office.name, limit=MAX_REPLY_BYTES)
        if time.monotonic() > deadline:
            raise StampUnreachableError("stamp_unreachable.too_slow", where=office.name, limit=MAX_EXCHANGE_S)
    return reply
