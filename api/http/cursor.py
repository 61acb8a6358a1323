"""Where the next page of a listing begins, as a caller gets it: opaque, of one home, one key and one listing."""

import base64
import binascii
import hmac
from typing import Annotated

from pydantic import Field

from api.http.model import CallBody
from config.errors import CallError
from evidence.keys import KeyFolder

_MAC_BYTES = 16
LIMIT = 200
"""How many entries a page has at most."""

Limit = Annotated[int, Field(ge=1, le=LIMIT, description="How many entries at most")]
CursorText = Annotated[str | None, Field(max_length=400, description="`next` of the page before")]


class PageQuery(CallBody):
    """Which page of a listing."""

    limit: Limit = 100
    cursor: CursorText = None


def cursor_of(keys: KeyFolder, after: str | None, *of: str) -> str | None:
    """The cursor, in an answer, of the page after this entry.

    Args:
        keys: Of the home: every process that serves it signs alike.
        of: The listing, what was asked of it, and the key that asked.
    """
    return (
        None if after is None else base64.urlsafe_b64encode(_mac(keys, after, of) + after.encode()).decode().rstrip("=")
    )


def after_of(keys: KeyFolder, cursor: str | None, *of: str) -> str | None:
    """The entry after which a page begins, from the cursor that a call brings.

    Raises:
        CallError: The cursor is of another listing or key, or of another home.
    """
    if cursor is None:
        return None
    try:
        told = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        mac, after = told[:_MAC_BYTES], told[_MAC_BYTES:].decode()
    except (binascii.Error, ValueError):
        mac, after = b"", ""
    if not hmac.compare_digest(mac, _mac(keys, after, of)):
        raise CallError("call.stale_cursor")
    return after


def _mac(keys: KeyFolder, after: str, of: tuple[str, ...]) -> bytes:
    return hmac.digest(keys.cursor_secret(), "\n".join([*of, after]).encode(), "sha256")[:_MAC_BYTES]
