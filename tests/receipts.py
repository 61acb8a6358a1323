"""Holes and items of a few messages, in any order, and a plain reading of which hole an item is the part of.

The reading walks every pair and knows reasons by their names alone; it shares no line with what it is compared with.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from evidence.content import message_sha256
from evidence.observation import HoleReason, Kind, Mode

Fact = tuple[str, dict[str, Any]]
"""The type of an event, and its values."""

READ = {
    "missing_file", "not_included", "too_large", "unavailable", "unknown_reason", "refused", "broke_off",
    "outside_the_export", "not_exported", "taken_off", "paywall", "self_destructing", "frozen",
}  # fmt: skip
"""Reasons that end where the bytes of the file were read."""
KEPT = {"mode"}
"""Reasons that end where the bytes are kept."""
OTHERS = {
    "gap", "hidden_history", "ban", "channel_gone", "difference_too_long", "difference_unread", "downtime", "flood",
    "cut_off", "own_messages_only", "unnamed_files", "other_size", "not_decoded", "unsupported", "unknown", "unread",
    "bad_date", "dates_differ",
    "says_nothing",
}  # fmt: skip
"""Reasons that no item ends: of a channel, of a time, or of what is kept."""

_CHANNELS = st.sampled_from(["7", "user5"])
_MESSAGES = st.sampled_from(["5", "6", None])
_TEXTS = st.sampled_from(["one", "two"])
_PLACES = st.sampled_from(["0", "1"])


def said(channel: str, message: str | None, text: str) -> dict[str, Any]:
    return {"kind": "message", "channel_id": channel, "message_id": message, "text": text}


def state(channel: str, message: str | None, text: str) -> str:
    return message_sha256(said(channel, message, text))


@st.composite
def holes(draw: st.DrawFn) -> Fact:
    channel, message, text = draw(_CHANNELS), draw(_MESSAGES), draw(_TEXTS)
    reason = draw(st.sampled_from([*READ, *KEPT]) | st.sampled_from([reason.value for reason in HoleReason]))
    values = {"channel_id": channel, "hole": reason, "lo": message, "hi": draw(st.just(message) | _MESSAGES)}
    values |= {"position": draw(_PLACES | st.none())}
    return "hole", values | {"message_sha256": draw(st.just(state(channel, message, text)) | st.none())}


@st.composite
def items(draw: st.DrawFn) -> Fact:
    channel, message, text, mode = draw(_CHANNELS), draw(_MESSAGES), draw(_TEXTS), draw(st.sampled_from(Mode))
    values = said(channel, message, text) | {"mode": mode.value, "action": None}
    if draw(st.booleans()):
        digest = draw(st.just(state(channel, message, text)) | st.none())
        values |= {"kind": "file", "text": None, "position": draw(_PLACES | st.none()), "message_sha256": digest}
    else:
        values |= {"kind": draw(st.sampled_from([kind.value for kind in Kind if kind is not Kind.FILE]))}
    return "observed", values


facts = st.lists(holes() | items(), max_size=12)


def reading(listed: Sequence[Fact]) -> Mapping[int, tuple[set[int], set[int]]]:
    """Of each hole that something fits, by its place: which items are its part, and which perhaps are."""
    found = {}
    for at, (kind, hole) in enumerate(listed):
        if kind == "hole":
            same = {place for place, (other, item) in enumerate(listed) if other == "observed" and is_it(hole, item)}
            near = {place for place, (other, item) in enumerate(listed) if other == "observed" and may_be(hole, item)}
            if same or near:
                found[at] = (same, set() if same else near)
    return found


def is_it(hole: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    """Whether the item is what the hole misses: it has it, it is of this place, and of this state of the message."""
    if not has_it(hole, item) or not at_it(hole, item):
        return False
    if item["kind"] == "file":
        return hole["message_sha256"] is not None and hole["message_sha256"] == item["message_sha256"]
    return hole["message_sha256"] == message_sha256(item)


def may_be(hole: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    """Whether nobody can tell: a file of this place of a message that everybody calls by this number."""
    numbered = hole["channel_id"] == "7" and hole["lo"] is not None
    return numbered and item["kind"] == "file" and has_it(hole, item) and at_it(hole, item)


def has_it(hole: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    if hole["hole"] in READ:
        return item["kind"] == "file" and item["mode"] != "metadata_only"
    return hole["hole"] in KEPT and item["mode"] == "sealed"


def at_it(hole: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    if hole["channel_id"] != item["channel_id"] or not hole["lo"] == hole["hi"] == item["message_id"]:
        return False
    if item["kind"] == "file":
        return item["position"] is not None and hole["position"] == item["position"]
    return item["kind"] in ("message", "edit", "service", "channel") and hole["position"] is None
