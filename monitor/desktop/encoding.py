"""The JSON file of an export as it lies there, and the same in UTF-8 to be read.

Telegram Desktop writes UTF-8. Some editors save it again with a byte order mark, or as UTF-16 (which Windows calls
Unicode). What is kept are the bytes of the file, whatever they are; only the copy that is read is in UTF-8.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace

from monitor.desktop.layout import Chat
from monitor.desktop.scan import Buffer
from monitor.errors import BrokenExportError, ExportTooLargeError

MAX_UTF16_BYTES = 64 << 20
"""It is read into memory several times over; no common editor saves a longer file."""
_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be", b"{\x00": "utf-16-le", b"\x00{": "utf-16-be"}
"""By the first two bytes: a byte order mark, or the bracket with which an export begins."""


@dataclass(frozen=True, slots=True)
class ExportText:
    """The JSON file of an export.

    Attributes:
        data: Its bytes.
        text: The same in UTF-8; the same object where that is what they are.
        codec: None for UTF-8.
    """

    data: Buffer
    text: Buffer
    codec: str | None = None

    @property
    def media_type(self) -> str:
        """Of ``data``, and of every slice of it."""
        return f"application/json; charset={self.codec}" if self.codec else "application/json"

    def plain(self, raw: bytes) -> bytes:
        """A slice of ``data`` in UTF-8."""
        return raw.decode(self.codec).encode() if self.codec else raw

    def chat(self, read: Chat) -> Chat:
        """A chat of ``text`` with the places that it has in ``data``."""
        if self.codec is None:
            return read
        ends = [edge for span in read.spans() for edge in (span.start, span.end)]
        start, *edges, end = self._places([read.start, *ends, read.end])
        return replace(read, start=start, end=end, starts=array("q", edges[::2]), ends=array("q", edges[1::2]))

    def _places(self, offsets: Sequence[int]) -> list[int]:
        """Where in ``data`` the ascending offsets of ``text`` are."""
        found, before, place = [], 0, 0
        for offset in offsets:
            place += len(self.text[before:offset].decode().encode(self.codec or "utf-8"))
            before = offset
            found.append(place)
        return found


def export_text(data: Buffer, *, where: str) -> ExportText:
    """Recognise how the JSON file of an export is encoded, by its first bytes.

    Raises:
        ExportTooLargeError: It is UTF-16, and too large to be turned into UTF-8.
        BrokenExportError: It begins as UTF-16 and is none.
    """
    codec = _UTF16.get(bytes(data[:2]))
    if codec is None:
        return ExportText(data, data)
    if len(data) > MAX_UTF16_BYTES:
        raise ExportTooLargeError("export_too_large.utf16", where=where, limit=MAX_UTF16_BYTES, length=len(data))
    try:
        return ExportText(data, bytes(data).decode(codec).encode(), codec)
    except UnicodeError as error:
        raise BrokenExportError("broken_export.not_utf16", where=where) from error
