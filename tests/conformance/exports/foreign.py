"""What two parsers of exports that we did not write say of a file; run by an interpreter that has them.

Told the path of each ``result.json`` as an argument. It prints one JSON object a line and file: by parser, the messages
as ``[number, is service, local time, sender, text, answered number, forwarded from]``; null where one fails.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from tg_export_md.converter import load_export, parse_chat
from tg_parser.infrastructure.readers.telegram_json import TelegramJSONReader


def by_export_md(path: Path) -> list[list[object]]:
    found = []
    for each in parse_chat(load_export(path)[1]).messages:
        text = "".join(one.text for one in each.segments)
        said = [each.sender, text, each.reply_to, each.forwarded_from]
        found.append([each.id, each.service is not None, each.date.isoformat(), *said])
    return found


def by_tg_parser(path: Path) -> list[list[object]]:
    found = []
    for each in TelegramJSONReader().read(path).messages:
        reply = each.reply_to and each.reply_to.message_id
        said = [each.author_name, each.text, reply, each.forward_from]
        found.append([each.id, each.is_service, each.timestamp.isoformat(), *said])
    return found


def read_by(read: Callable[[Path], list[list[object]]], path: Path) -> list[list[object]] | None:
    try:
        return read(path)
    except AttributeError:  # telegram-export-md, of a text in pieces without ``text_entities``
        return None


for argument in sys.argv[1:]:
    file = Path(argument)
    said = {"telegram-export-md": read_by(by_export_md, file), "tg-parser": read_by(by_tg_parser, file)}
    print(json.dumps(said))
