"""Answers that never change: an address names one content for ever (RFC 8246), and a reader who has it is told so."""

import hashlib

from starlette.requests import Request
from starlette.responses import Response

FOR_EVER = "private, max-age=31536000, immutable"
"""Only the caller's own program may keep it: whoever else asks needs a key."""


def immutable_answer(request: Request, content: bytes, media_type: str = "application/octet-stream") -> Response:
    """The answer with a strong entity tag; 304 and no content for a caller who has it (RFC 9110, 13.1.2)."""
    tag = f'"{hashlib.sha256(content).hexdigest()}"'
    headers = {"Cache-Control": FOR_EVER, "ETag": tag}
    if has_tag(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)


def has_tag(header: str, tag: str) -> bool:
    """Whether a call's ``If-None-Match`` names the tag; it compares weakly. Our tags have no comma in them."""
    return header.strip() == "*" or tag in (each.strip().removeprefix("W/") for each in header.split(","))
