"""A decoded TL object as plain mappings, lists and values, and as a record.

``told`` gives each object as its fields by name, with its constructor under ``_``, and leaves out what the layer
leaves out: optional fields that are absent, flags that are not set, empty vectors. So its reader meets what somebody
said and nothing else. What nests deeper than ``MAX_DEPTH`` is cut off there and named.

``record_of`` is the same for the casework key: dates as UTC text, numbers as decimal text, bytes as their length,
every thumbnail as its length (``monitor.previews``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeAlias, TypeGuard

from telethon.tl import TLObject

from evidence.canonical import Value
from evidence.times import format_time
from monitor.previews import strip_previews
from monitor.telegram.layer import fields_of

MAX_DEPTH = 150
"""Telegram allows 16 levels of lists in a rich message, each of which nests four deep here; a record allows 192."""

CUT_OFF = "CutOff"
"""In place of the constructor of what nests too deep."""

SAYS_NO = frozenset(
    {
        "ButtonTypeRequestPoll.quiz", "CommunityPeer.visible", "MessageActionTopicEdit.closed",
        "MessageActionTopicEdit.hidden", "PeerNotifySettings.show_previews", "PeerNotifySettings.silent",
        "PeerNotifySettings.stories_hide_sender", "PeerNotifySettings.stories_muted",
        "RequestPeerTypeBroadcast.has_username", "RequestPeerTypeChat.forum", "RequestPeerTypeChat.has_username",
        "RequestPeerTypeUser.bot", "RequestPeerTypeUser.premium", "UpdateWebBrowserException.open_external_browser",
    }
)  # fmt: skip
"""Optional fields that say yes or no when they are there; every other optional no is a flag that is not set."""

_PASSING = frozenset({"access_hash", "file_reference"})
SIZES_WITH_BYTES = frozenset({"PhotoStrippedSize", "PhotoCachedSize", "PhotoPathSize"})
_PREVIEWS = frozenset({"thumb", "thumbs", "video_thumbs", "stripped_thumb"})
"""Fields of the layer that ``strip_previews`` replaces by their length."""

TlTree: TypeAlias = Mapping[str, Any]
"""An object by its fields; ``_`` is its constructor."""


@dataclass(slots=True)
class Cut:
    """Where an object was cut off, as ``Constructor.field``."""

    at: dict[str, None] = field(default_factory=dict)


def told(value: object, cut: Cut | None = None) -> TlTree:
    """One TL object as plain values.

    Args:
        cut: Collects where it nests too deep.
    """
    found: TlTree = _plain(value, cut or Cut(), "", 0)
    return found


def is_told(value: object) -> TypeGuard[TlTree]:
    """Whether a value is an object of Telegram's layer."""
    return isinstance(value, dict) and "_" in value


def _plain(value: object, cut: Cut, where: str, depth: int) -> Any:  # noqa: ANN401 - any value of the layer
    if isinstance(value, TLObject):
        if depth > MAX_DEPTH:
            cut.at[where] = None
            return {"_": CUT_OFF}
        name = type(value).__name__
        found = {"_": name}
        for each in _fields(name):
            inner = getattr(value, each.key, None)
            # most fields of most objects end here: to recurse for each of them costs four times as much
            if inner is None or (each.is_flag and inner is False):
                continue
            if isinstance(inner, (TLObject, list, tuple)):
                inner = _plain(inner, cut, each.where, depth + 1)
                if inner == []:
                    continue
            found[each.key] = inner
        return found
    if isinstance(value, (list, tuple)):
        return [_plain(one, cut, where, depth + 1) for one in value]
    return value


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of a constructor.

    Attributes:
        where: ``Constructor.field``.
        is_flag: Whether a no in it is a flag that is not set.
    """

    key: str
    where: str
    is_flag: bool


@cache
def _fields(name: str) -> tuple[_Field, ...]:
    return tuple(
        _Field(key, f"{name}.{key}", listed.is_optional and f"{name}.{key}" not in SAYS_NO)
        for key, listed in fields_of(name).items()
    )


@dataclass(frozen=True, slots=True)
class TlRecord:
    """An object for the record.

    Attributes:
        spelled: How many pictures were spelled out in its texts.
    """

    value: Value
    spelled: int


def lasting(value: object) -> Value:
    """A value of Telegram's layer as it may enter a record, without what differs for another account or day."""
    return strip_previews(_lasting(_spelled(value, []))).value


def _lasting(value: Any) -> Any:  # noqa: ANN401 - any value of the layer
    match value:
        case Mapping():
            return {key: _lasting(inner) for key, inner in value.items() if key not in _PASSING}
        case list():
            return [_lasting(inner) for inner in value]
        case _:
            return value


def record_of(found: TlTree) -> TlRecord:
    """What ``told`` gave of a TL object, as it may enter a record.

    Raises:
        CanonicalError: It holds something that is not a value of the layer.
    """
    previews: list[int] = []
    stripped = strip_previews(_spelled(found, previews))
    return TlRecord(stripped.value, stripped.removed - len(previews))


def _spelled(value: Any, previews: list[int]) -> Any:  # noqa: ANN401 - any value of the layer
    """Values with times and lengths as text; counts what ``strip_previews`` will take out by name."""
    match value:
        case bytes():
            return {"stripped": str(len(value))}
        case datetime():
            return format_time(value.astimezone(UTC))
        case Mapping():
            return {key: _member(value, key, inner, previews) for key, inner in value.items()}
        case str():
            return value
        case Sequence():
            return [_spelled(inner, previews) for inner in value]
        case _:
            return value


def _member(holder: TlTree, key: str, value: Any, previews: list[int]) -> Any:  # noqa: ANN401 - any value of the layer
    is_preview = key in _PREVIEWS and not isinstance(value, int | float)
    if is_preview or (key == "bytes" and holder.get("_") in SIZES_WITH_BYTES):
        previews.append(1)
        return _undated(value)
    return _spelled(value, previews)


def _undated(value: Any) -> Any:  # noqa: ANN401 - any value of the layer
    """A preview without its dates; only its length will be told."""
    match value:
        case datetime():
            return None
        case Mapping():
            return {key: _undated(inner) for key, inner in value.items()}
        case list():
            return [_undated(inner) for inner in value]
        case _:
            return value
