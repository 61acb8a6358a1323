"""Every place of a message of every kind, and another value put there."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from monitor.desktop.layout import Chat
from monitor.desktop.message import Message, read_message
from monitor.desktop.scan import ByteSpan
from monitor.desktop.values import Parsed, read_value
from tests.monitor.desktop.kinds import Named, every_sample

CHAT = Chat(42, "public_channel", "Hedge", 0, 0, (), ())
DATED = {"date": "2026-01-01T00:00:00", "date_unixtime": "1767222000"}
DELETED = object()
Path = tuple[str | int, ...]


def message_of(named: Named) -> dict[str, Any]:
    message = {"id": 7, "type": named.sample.kind, **DATED} | deepcopy(dict(named.sample.members))
    return message if named.sample.kind == "service" else message | {"from": "K", "from_id": "user3"}


def parsed(message: dict[str, Any]) -> dict[str, Parsed]:
    raw = json.dumps(message).encode()
    value = read_value(raw, ByteSpan(0, len(raw)))
    assert isinstance(value, dict)
    return value


def read(message: dict[str, Any]) -> Message:
    return read_message(parsed(message), number=7, chat=CHAT)


def places(value: object, path: Path = ()) -> Iterator[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*path, key)
        yield from places(one, (*path, key))


def put(message: dict[str, Any], path: Path, value: object) -> dict[str, Any]:
    changed = deepcopy(message)
    at: Any = changed
    for key in path[:-1]:
        at = at[key]
    if value is DELETED:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return changed


def at(message: dict[str, Any], path: Path) -> object:
    found: Any = message
    for key in path:
        found = found[key]
    return found


def every_place() -> dict[str, list[Path]]:
    """The places of each sample, by its name; one that is like another one, of the same kinds, only once."""
    seen: set[tuple[object, ...]] = set()
    found: dict[str, list[Path]] = {}
    for named in every_sample():
        good, group = message_of(named), named.name.partition("-")[0] == "action"
        found[named.name] = []
        for path in places(good):
            like = (group, *_like(good, path))
            if path != ("id",) and like not in seen:  # a message without a number is none: the export is refused
                seen.add(like)
                found[named.name].append(path)
    return found


def _like(good: dict[str, Any], path: Path) -> Iterator[object]:
    """Its keys, the kinds of what it stands in, and the type of what is there."""
    for end, key in enumerate(path):
        inside = at(good, path[:end])
        yield key if isinstance(key, str) else "a list"
        if end and isinstance(inside, dict):
            yield str(inside.get("type", ""))
    yield type(at(good, path)).__name__
