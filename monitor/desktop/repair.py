r"""A readable copy of JSON that Telegram Desktop itself wrote wrongly.

Three faults of the exporter are known. All are repaired in a copy that is only parsed; the
bytes that are kept stay as they were written.

- A control character is written ``\x0B``, which JSON does not know; the exporter still does it
  (``SerializeString`` in export_output_json.cpp, tdesktop issue 27571). It becomes ``\u000B``.
- U+2028 and U+2029 are written as an escape and then once more as the last two of their three
  bytes, which is not UTF-8: ``\u2028`` and 80 A8. The two bytes go.
- Version 4.1.1 wrote the file of a custom emoji without quotes (tdesktop issue 24961):
  ``"document_id": stickers/sticker.webp`` at the end of a line.
"""

import re

# every escape is consumed whole, so that the x of an escaped backslash is never taken for one
_ESCAPE = re.compile(rb"\\(?:x([01][0-9A-Fa-f])|.)", re.DOTALL)
_SEPARATOR = re.compile(rb"(?<!\\)((?:\\\\)*\\u202([89]))\x80(?:\xa8|\xa9)")
_BARE_PATH = re.compile(rb'(?<!\\)"document_id": ([^"\s\[\]{},0-9-][^"\r\n]*)(?=\r?\n)')


def repaired(raw: bytes) -> bytes:
    r"""A copy of an export's ``raw`` JSON with the known faults of Telegram Desktop repaired, or just the same."""
    return _ESCAPE.sub(_unicode_escape, _BARE_PATH.sub(_quoted, _SEPARATOR.sub(rb"\1", raw)))


def _quoted(bare: re.Match[bytes]) -> bytes:
    return b'"document_id": "' + bare[1].replace(b"\\", b"\\\\") + b'"'


def _unicode_escape(escape: re.Match[bytes]) -> bytes:
    return b"\\u00" + escape[1] if escape[1] else escape[0]
