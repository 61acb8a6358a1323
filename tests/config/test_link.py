"""What people paste names one message, or is refused with what to copy instead."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import SettingsError
from config.link import MessageLink, read_message_link

NAMED, NUMBERED = MessageLink("grupa", None, 123), MessageLink(None, 123456, 789)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("t.me/grupa/123", NAMED),
        ("https://t.me/Grupa/123", NAMED),
        ("http://www.t.me/grupa/123/", NAMED),
        ("https://telegram.me/s/grupa/123", NAMED),
        ("https://t.me/grupa/5/123", NAMED),
        ("https://t.me/grupa/123?thread=5", NAMED),
        ("https://t.me/grupa/123?single", NAMED),
        ("https://t.me/grupa/123?comment=7", MessageLink("grupa", None, 123, 7)),
        ("tg://resolve?domain=grupa&post=123", NAMED),
        ("tg://resolve?domain=grupa&post=123&comment=7", MessageLink("grupa", None, 123, 7)),
        ("t.me/c/123456/789", NUMBERED),
        ("https://t.me/c/123456/5/789", NUMBERED),
        ("https://t.me/c/123456/789?thread=5", NUMBERED),
        ("tg://privatepost?channel=123456&post=789", NUMBERED),
        ("t.me/c/123456/789?comment=7", MessageLink(None, 123456, 789, 7)),
    ],
)
def test_every_form_of_a_link_is_one_message(text: str, expected: MessageLink) -> None:
    assert read_message_link(text) == expected
    assert expected.channel in ("grupa", "123456")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("https://example.org/grupa/123", "settings.link_elsewhere"),
        ("https://t.me.example.org/grupa/123", "settings.link_elsewhere"),
        ("https://example.org/?u=t.me/grupa/123", "settings.link_elsewhere"),
        ("ftp://t.me/grupa/123", "settings.link_elsewhere"),
        ("https://[t.me/grupa/123", "settings.link_elsewhere"),
        ("grupa 123", "settings.link_elsewhere"),
        ("", "settings.link_elsewhere"),
        ("t.me", "settings.link_to_no_message"),
        ("t.me/grupa", "settings.link_to_no_message"),
        ("t.me/c/123456", "settings.link_to_no_message"),
        ("t.me/grupa/0", "settings.link_to_no_message"),
        ("t.me/grupa/4294967296", "settings.link_to_no_message"),
        ("t.me/grupa/123?comment=2147483647", "settings.link_to_no_message"),
        ("t.me/grupa/1a", "settings.link_to_no_message"),
        ("t.me/grupa/\u0661", "settings.link_to_no_message"),
        ("t.me/grupa/1/2/3", "settings.link_to_no_message"),
        ("t.me/grupa/123?comment=x", "settings.link_to_no_message"),
        ("t.me/c/grupa/123", "settings.link_to_no_message"),
        ("t.me/\u0433\u0440\u0443\u043f\u0430/123", "settings.link_to_no_message"),
        ("t.me/+AbCdEfGhIjK", "settings.link_to_no_message"),
        ("t.me/joinchat/AbCdEfGhIjK", "settings.link_to_no_message"),
        ("tg://resolve?domain=grupa", "settings.link_to_no_message"),
        ("tg://join?invite=AbCdEfGhIjK", "settings.link_to_no_message"),
    ],
)
def test_what_is_no_link_of_a_message_is_refused(text: str, code: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_message_link(text)
    assert raised.value.code == code
    assert "AbCdEfGhIjK" not in str(raised.value)  # who has an invitation can use it


@given(st.text(max_size=40))
def test_any_text_is_a_link_or_refused(text: str) -> None:
    for pasted in (text, f"https://t.me/{text}", f"t.me/grupa/5?comment={text}"):
        with suppress(SettingsError):
            assert read_message_link(pasted).number > 0
