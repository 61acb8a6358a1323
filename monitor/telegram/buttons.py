"""Buttons of a bot's keyboard, under the names that Telegram Desktop gives them."""

import base64
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from evidence.content import Part
from evidence.observation import HoleReason
from monitor.telegram.reading import Reading, constructor_of, integer, link, text
from monitor.telegram.tree import TlTree

_STYLES = ("bg_primary", "bg_danger", "bg_success")
STYLE_FIELDS = frozenset({*_STYLES, "icon"})
BUTTON_FIELDS = frozenset({"text", "type", "style"})


def _callback(reading: Reading, told: TlTree) -> dict[str, Any]:
    kind = "callback_with_password" if told.get("requires_password") else "callback"
    return {"type": kind, "data_b64": reading.clean(base64.b64encode(told["data"]).decode("ascii"))}


def _switch(reading: Reading, told: TlTree) -> dict[str, Any]:
    kinds = tuple(constructor_of(one).removeprefix("InlineQueryPeerType") for one in told.get("peer_types", ()))
    fields = {"type": "switch_inline_same" if told.get("same_peer") else "switch_inline"}
    return fields | _some(query=text(reading, told["query"], "query"), peer_types=kinds or None)


def _some(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of a button
    return {name: value for name, value in fields.items() if value is not None}


def _auth(reading: Reading, told: TlTree) -> dict[str, Any]:
    return {"type": "auth"} | _some(
        link=link(reading, told["url"], "url"),
        id=integer(reading, told["button_id"], "button_id"),
        forward_text=text(reading, told.get("fwd_text"), "fwd_text"),
    )


def _to(kind: str) -> Callable[[Reading, TlTree], dict[str, Any]]:
    """A button that opens an address."""
    return lambda reading, told: {"type": kind} | _some(link=link(reading, told["url"], "url"))


def _plain(kind: str) -> Callable[[Reading, TlTree], dict[str, Any]]:
    return lambda _reading, _told: {"type": kind}


def _peer(reading: Reading, told: TlTree) -> dict[str, Any]:
    wanted = constructor_of(told["peer_type"]).removeprefix("RequestPeerType")
    return {"type": "request_peer", "id": integer(reading, told["button_id"], "button_id"), "peer_types": (wanted,)}


BUTTONS: Mapping[str, tuple[Callable[[Reading, TlTree], dict[str, Any]], frozenset[str]]] = MappingProxyType(
    {
        "ButtonTypeDefault": (_plain("default"), frozenset()),
        "ButtonTypeRequestPhone": (_plain("request_phone"), frozenset()),
        "ButtonTypeRequestGeoLocation": (_plain("request_location"), frozenset()),
        "ButtonTypeRequestPoll": (_plain("request_poll"), frozenset({"quiz"})),
        "ButtonTypeRequestPeer": (_peer, frozenset({"button_id", "peer_type", "max_quantity"})),
        "ButtonTypeSimpleWebView": (_to("simple_web_view"), frozenset({"url"})),
        "InlineButtonTypeUrl": (_to("url"), frozenset({"url"})),
        "InlineButtonTypeWebView": (_to("web_view"), frozenset({"url"})),
        "InlineButtonTypeUrlAuth": (_auth, frozenset({"url", "button_id", "fwd_text"})),
        "InlineButtonTypeCallback": (_callback, frozenset({"data", "requires_password"})),
        "InlineButtonTypeSwitchInline": (_switch, frozenset({"query", "same_peer", "peer_types"})),
        "InlineButtonTypeGame": (_plain("game"), frozenset()),
        "InlineButtonTypeBuy": (_plain("buy"), frozenset()),
        "InlineButtonTypeDisabled": (_plain("disabled"), frozenset()),
        "InlineButtonTypeCopy": (
            lambda reading, told: (
                {"type": "copy_text"} | _some(copy_text=text(reading, told["copy_text"], "copy_text"))
            ),
            frozenset({"copy_text"}),
        ),
        "InlineButtonTypeUserProfile": (
            lambda reading, told: {"type": "user_profile", "person": reading.account(told["user_id"])},
            frozenset({"user_id"}),
        ),
    }
)
"""Every kind of button that the server sends, with the fields that it has."""

BUTTON_HOLES: Mapping[str, str] = MappingProxyType(
    {
        "InputButtonTypeRequestPeer": "only a bot sends it",
        "InputInlineButtonTypeUrlAuth": "only a bot sends it",
        "InputInlineButtonTypeUserProfile": "only a bot sends it",
    }
)
"""Kinds of button that only a bot sends."""


def inline_button(reading: Reading, kind: TlTree) -> dict[str, Any]:
    """What a button under a message from Telegram does."""
    name = constructor_of(kind)
    if name not in BUTTONS:
        reason = HoleReason.UNSUPPORTED if name in BUTTON_HOLES else HoleReason.UNKNOWN
        reading.note(reason, f"button: {name}", kind)
        return {}
    read, known = BUTTONS[name]
    for key in kind.keys() - {"_"} - known:
        reading.note(HoleReason.UNKNOWN, f"{name}.{key}", kind[key])
    return read(reading, kind)


def rows_of_buttons(reading: Reading, rows: list[TlTree], where: str) -> tuple[Part, ...]:
    """The rows of a keyboard under a message from Telegram."""
    return tuple(Part("row", {"buttons": tuple(_buttons(reading, row, where))}) for row in rows)


def _buttons(reading: Reading, row: TlTree, where: str) -> list[Part]:
    found = []
    for told in row.get("buttons", ()):
        for key in told.keys() - {"_"} - BUTTON_FIELDS:
            reading.note(HoleReason.UNKNOWN, f"{told['_']}.{key}", told[key])
        fields = inline_button(reading, told["type"]) | _some(text=_words(reading, told["text"], where))
        found.append(Part("button", fields | _style(reading, told.get("style", {}))))
    return found


def _words(reading: Reading, said: str, where: str) -> tuple[Any, ...] | None:
    cleaned = text(reading, said, where)
    return None if cleaned is None else (cleaned,)


def _style(reading: Reading, style: TlTree) -> dict[str, Any]:
    styles = [name.removeprefix("bg_") for name in _STYLES if style.get(name)]
    icon = {"icon_id": integer(reading, style["icon"], "icon")} if "icon" in style else {}
    return icon | ({"style": styles[0]} if styles else {})
