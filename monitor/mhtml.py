"""The HTML in a page that a browser saved as one file (MHTML, RFC 2557): mail with the page first, then its parts.

Chromium, Edge and older browsers write such files. The page is the part that ``start`` names, or the first one of HTML.
Python's ``email`` reads headers and undoes the encoding of that one part. The boundaries are found here, so that no
depth of parts within parts costs time or stack. Nothing else in the file is decoded: it is kept whole, as it came.

What is damaged is refused and never repaired: half a text would look like all that the page said.
"""

import codecs
import re
from email.errors import MessageDefect
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32

from monitor.errors import BrokenExportError

MOST_DEPTH = 3
"""How deep the page may lie in parts within parts; browsers write one level, mail programs two."""
MOST_PARTS = 5000
_HEADER_BYTES = 64 << 10
_TYPE_CHARACTERS = 1000
"""Of a page's own content type, which takes a browser a hundred: Python takes the square of its length to read it."""
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n")
_IS_MHTML = re.compile(rb"^content-type:\s*multipart/(?:related|mixed|alternative)\b", re.IGNORECASE | re.MULTILINE)
_NO_QUOTED = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*\r?\n|[ \t]*\Z)")
_PLAIN = frozenset({"", "7bit", "8bit", "binary"})
_NO_CHARSETS = frozenset(
    codecs.lookup(name).name for name in ("idna", "punycode", "raw_unicode_escape", "unicode_escape", "utf-7")
)
"""Codecs that make other text of text (what was escaped would become HTML), or take the square of its length."""
_HTML = frozenset({"text/html", "application/xhtml+xml"})


def is_mhtml(data: bytes) -> bool:
    """Whether a file begins as mail of several parts does, whatever its name."""
    found = _END_OF_HEADER.search(data, 0, _HEADER_BYTES)
    return found is not None and _IS_MHTML.search(data, 0, found.start()) is not None


def page_in(data: bytes) -> bytes | None:
    """The HTML of the page in a file that is MHTML, in UTF-8; None if no part is HTML.

    Raises:
        BrokenExportError: The part is cut off, its encoding is damaged, or it does not fit its charset.
    """
    try:
        return _page(data, MOST_DEPTH)
    except ValueError as error:  # so Python's reader of parameters answers a NUL, or a number of 4,301 digits
        raise BrokenExportError("broken_export.mhtml_without_page") from error


def _page(data: bytes, depth: int) -> bytes | None:
    header, body = _split(data)
    if len(str(header.get("Content-Type", ""))) > _TYPE_CHARACTERS:
        raise BrokenExportError("broken_export.mhtml_without_page")
    if header.get_content_maintype() != "multipart":
        return _decoded(header, body) if header.get_content_type() in _HTML else None
    boundary = header.get_boundary()
    if depth == 0 or not boundary:
        raise BrokenExportError("broken_export.mhtml_without_page")
    start = str(header.get_param("start") or "").strip("<>")
    parts, closed = _parts(body, boundary)
    named = [part for part in parts if start and str(_split(part)[0].get("Content-ID", "")).strip(" <>") == start]
    for part in [*named, *parts] if named or closed or not start else []:
        if (page := _page_of_part(part, depth)) is not None:
            return page
    if not closed:
        raise BrokenExportError("broken_export.mhtml_cut_off")
    return None


def _page_of_part(part: bytes, depth: int) -> bytes | None:
    kind = _split(part)[0].get_content_type()
    return _page(part, depth - 1) if kind in _HTML or kind.startswith("multipart/") else None


def _split(data: bytes) -> tuple[Message, bytes]:
    """The header of a part, and what follows it."""
    found = _END_OF_HEADER.search(data, 0, _HEADER_BYTES)
    if found is None:
        raise BrokenExportError("broken_export.mhtml_without_page")
    return BytesHeaderParser(policy=compat32).parsebytes(data[: found.end()]), data[found.end() :]


def _parts(body: bytes, boundary: str) -> tuple[list[bytes], bool]:
    """What lies between the lines that bound the parts, and whether the last of these lines is there."""
    line = re.compile(rb"^--" + re.escape(boundary.encode("latin-1", "replace")) + rb"(--)?[ \t]*\r?$", re.MULTILINE)
    parts, start = list[bytes](), None
    for found in line.finditer(body):
        if start is not None:
            parts.append(body[start : found.start()])
        if found[1]:
            return parts, True
        if len(parts) == MOST_PARTS:
            raise BrokenExportError("broken_export.mhtml_without_page")
        start = found.end() + 1
    return parts, False


def _decoded(header: Message, body: bytes) -> bytes:
    """The bytes of a page, in UTF-8."""
    encoding = str(header.get("Content-Transfer-Encoding", "")).strip().lower()
    if encoding == "quoted-printable" and _NO_QUOTED.search(body):
        raise BrokenExportError("broken_export.mhtml_damaged", encoding=encoding)
    if encoding not in _PLAIN | {"quoted-printable", "base64"}:
        raise BrokenExportError("broken_export.mhtml_damaged", encoding=encoding[:40])
    header.set_payload(body.decode("ascii", "surrogateescape"))
    decoded = body if encoding in _PLAIN else header.get_payload(decode=True)
    if not isinstance(decoded, bytes) or any(isinstance(defect, MessageDefect) for defect in header.defects):
        raise BrokenExportError("broken_export.mhtml_damaged", encoding=encoding)
    charset = (header.get_content_charset() or "utf-8").lower()
    try:
        if codecs.lookup(charset).name in _NO_CHARSETS:
            raise BrokenExportError("broken_export.mhtml_charset", charset=charset[:40])
        return decoded.decode(charset).encode("utf-8")
    except (LookupError, ValueError) as error:
        raise BrokenExportError("broken_export.mhtml_charset", charset=charset[:40]) from error
