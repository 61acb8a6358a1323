"""Messages of an export, read as the reader of an export reads them."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from evidence.canonical import jcs
from evidence.content import message_sha256
from monitor.desktop.layout import Chat
from monitor.desktop.message import Message, read_message
from monitor.desktop.scan import ByteSpan
from monitor.desktop.shapes import PartReader
from monitor.desktop.values import read_value

CHAT = Chat(42, "public_channel", "Hedge", 0, 0, (), ())

DATED = {"date": "2026-01-01T00:00:00", "date_unixtime": "1767222000"}
JPEG = base64.b64encode(
    bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffdb004300") + bytes(range(1, 65))
).decode()
"""The beginning of a picture, as a text may spell it."""


def read(members: Mapping[str, Any], kind: str = "message", chat: Chat = CHAT) -> Message:
    message = {"id": 7, "type": kind, **DATED, "from": "K", "from_id": "user3"} | dict(members)
    if kind == "service" and members.get("action") != "proximity_reached":
        del message["from"], message["from_id"]
    raw = _twice(json.dumps(message, ensure_ascii=False)).encode()
    parsed = read_value(raw, ByteSpan(0, len(raw)))
    assert isinstance(parsed, dict)
    return read_message(parsed, number=7, chat=chat)


def _twice(text: str) -> str:
    """What a page sends is written as a first ``text``, as the exporter does."""
    if '"send_webview_data"' not in text:
        return text
    return text.replace('"text": ""', '"text": "sent by a page", "text": ""')


def said(message: Message) -> str:
    return jcs(dict(message.fields)).decode()


def identity(message: Message) -> str:
    return message_sha256({**message.fields, "kind": message.kind.value})


def depth(value: object) -> int:
    match value:
        case dict():
            return 1 + max(map(depth, value.values()), default=0)
        case list():
            return 1 + max(map(depth, value), default=0)
        case _:
            return 0


def has_notes(reader: PartReader) -> bool:
    """Whether anything was noted while a message was read."""
    return bool(reader.undated or reader.differing) or reader.has_more
