"""Fetches revocation lists over HTTP from where certificates say (RFC 5280, 4.2.1.13; RFC 2585).

A list is signed, so plain HTTP loses nothing but privacy: whoever watches the line learns that somebody uses this
office. No cookie, no user agent and no header of the caller's client leave. Whatever goes wrong, nothing depends on
it but the list itself.
"""

import time

import httpx

from evidence.errors import StampRefusedError, StampUnreachableError
from evidence.stamp.client import MAX_EXCHANGE_S, TIMEOUT_S
from evidence.stamp.revocation import MAX_LIST_BYTES

LIST_TYPE = "application/pkix-crl"
_SCHEMES = ("http", "https")


def download_list(*, address: str, http: httpx.Client, timeout_s: float = TIMEOUT_S) -> bytes:
    """Fetch a revocation list from its address, at most ``MAX_LIST_BYTES``; nothing of it is read yet.

    Args:
        address: From a certificate whose chain was checked, or the operator's own; ``http`` or ``https``.
        http: Its connections, proxy and TLS settings are used; its headers, cookies and
            credentials are not, and redirects are not followed.
        timeout_s: For connecting, and for each silence; all of it takes at most ``MAX_EXCHANGE_S`` and one silence.

    Raises:
        StampUnreachableError: No answer, too late, or too long: ask again later.
        StampRefusedError: This is no such address, or nothing lies there.
    """
    try:
        # not http.get: a request built by the client carries the client's headers and cookies
        request = httpx.Request(
            "GET",
            address,
            headers={"Accept": LIST_TYPE},
            extensions={"timeout": httpx.Timeout(timeout_s).as_dict()},
        )
        if request.url.scheme not in _SCHEMES:
            raise StampRefusedError("stamp_refused.not_an_address", where=address, found=address)
        response = http.send(request, stream=True, auth=None, follow_redirects=False)
        try:
            return _read(address, response)
        finally:
            response.close()
    except httpx.InvalidURL as error:
        raise StampRefusedError("stamp_refused.not_an_address", where=address, found=address) from error
    except httpx.HTTPError as error:
        raise StampUnreachableError("stamp_unreachable.no_list", where=address, found=type(error).__name__) from error


def _read(address: str, response: httpx.Response) -> bytes:
    if response.status_code != httpx.codes.OK:
        raise StampRefusedError("stamp_refused.by_http", where=address, status=response.status_code)
    # raw: as of a time stamp's answer, and a packed one could unpack to any size
    body, deadline = b"", time.monotonic() + MAX_EXCHANGE_S
    for piece in response.iter_raw():
        body += piece
        if len(body) > MAX_LIST_BYTES:
            raise StampUnreachableError("stamp_unreachable.list_too_long", where=address, limit=MAX_LIST_BYTES)
        if time.monotonic() > deadline:
            raise StampUnreachableError("stamp_unreachable.too_slow", where=address, limit=MAX_EXCHANGE_S)
    return body
