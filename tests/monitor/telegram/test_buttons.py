"""Every kind of button says what it does, under the names that Telegram Desktop has."""

import pytest
from telethon.tl import TLObject, types

from evidence.content import Link, Part
from evidence.observation import HoleReason
from monitor.desktop.known import BUTTON_TYPES
from monitor.telegram.buttons import BUTTONS, inline_button, rows_of_buttons
from monitor.telegram.layer import of_type
from monitor.telegram.reading import Reading
from monitor.telegram.tree import told
from tests.monitor.telegram.generated import Generator
from tests.monitor.telegram.reads import PEERS

DOES = [
    (types.InlineButtonTypeUrl("https://a.example"), {"type": "url", "link": Link("https://a.example")}),
    (types.InlineButtonTypeCallback(b"\x00\xff"), {"type": "callback", "data_b64": "AP8="}),
    (
        types.InlineButtonTypeCallback(b"", requires_password=True),
        {"type": "callback_with_password", "data_b64": ""},
    ),
    (
        types.InlineButtonTypeSwitchInline("q", same_peer=True, peer_types=[types.InlineQueryPeerTypePM()]),
        {"type": "switch_inline_same", "query": "q", "peer_types": ("PM",)},
    ),
    (
        types.InlineButtonTypeUrlAuth("https://a.example", 4, fwd_text="f"),
        {"type": "auth", "link": Link("https://a.example"), "id": "4", "forward_text": "f"},
    ),
    (types.InlineButtonTypeUserProfile(77), {"type": "user_profile", "person": PEERS.person("user77")}),
    (types.InlineButtonTypeCopy("c"), {"type": "copy_text", "copy_text": "c"}),
    (types.InlineButtonTypeDisabled(), {"type": "disabled"}),
    (
        types.ButtonTypeRequestPeer(5, types.RequestPeerTypeUser(), 1),
        {"type": "request_peer", "id": "5", "peer_types": ("User",)},
    ),
    (types.ButtonTypeDefault(), {"type": "default"}),
]


@pytest.mark.parametrize(("kind", "fields"), DOES, ids=lambda value: type(value).__name__)
def test_a_button_says_what_it_does(kind: TLObject, fields: dict[str, object]) -> None:
    reading = Reading(PEERS)
    assert inline_button(reading, told(kind)) == fields
    assert not reading.notes


@pytest.mark.parametrize("name", BUTTONS)
def test_every_button_is_called_as_telegram_desktop_calls_it(name: str) -> None:
    reading = Reading(PEERS)
    assert inline_button(reading, told(Generator.of(1).named(name)))["type"] in BUTTON_TYPES
    assert not reading.notes


def test_a_keyboard_is_rows_of_buttons() -> None:
    reading = Reading(PEERS)
    button = types.KeyboardInlineButton(
        "Go", types.InlineButtonTypeBuy(), types.KeyboardButtonStyle(bg_danger=True, icon=9)
    )
    rows = rows_of_buttons(reading, [told(types.KeyboardInlineButtonRow([button]))], "rows")
    said = Part("button", {"type": "buy", "text": ("Go",), "style": "danger", "icon_id": "9"})
    assert rows == (Part("row", {"buttons": (said,)}),)


def test_a_button_that_only_a_bot_sends_is_a_hole() -> None:
    reading = Reading(PEERS)
    assert inline_button(reading, told(Generator.of(1).named("InputButtonTypeRequestPeer"))) == {}
    assert list(reading.notes) == [HoleReason.UNSUPPORTED]
    assert {one.name for kind in ("ButtonType", "InlineButtonType") for one in of_type(kind)} > BUTTONS.keys()
