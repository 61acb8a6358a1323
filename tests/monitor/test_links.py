"""A link that somebody brings is kept as it was given, and read only for the message that it names."""

import pytest

from config.link import MessageLink
from evidence.content import join_content
from evidence.observation import Kind
from monitor.errors import BroughtLinkError
from monitor.links import MAX_LINK, brought_links, message_link, require_link
from tests.nonempty import nonempty

PLACE = "local0011223344556677"
LINKS = (
    "https://t.me/kanali/5",
    "t.me/kanali/5",
    "HTTPS://T.me/kanali",
    "tg://resolve?domain=kanali&post=5",
    "https://example.org/a?b=1#c",
    "http://[2001:db8::1]/",
    "http://localhost:8080/",
    "https://t.me/+AbCdEf",
    "https://пример.example.org/слика",
)


@pytest.mark.parametrize("link", LINKS)
def test_what_a_browser_or_telegram_opens_is_a_link(link: str) -> None:
    assert require_link(f" {link}\n") == link


@pytest.mark.parametrize(
    "text",
    [
        "",
        "her phone",
        "kanali/5",
        "@kanali",
        "example.org",
        "https://",
        "https://kanali",
        "https://exa mple.org/",
        "https://example.org/\u202egpj.exe",
        "https://example.org/\0",
        "https://[1/",
        "tg:",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "ftp://example.org/a",
        "https://example.org/" + "a" * MAX_LINK,
    ],
)
def test_what_leads_nowhere_is_refused(text: str) -> None:
    with pytest.raises(BroughtLinkError) as raised:
        require_link(text)
    assert raised.value.code == "brought_link.no_link"


def test_an_invitation_is_not_told_in_full() -> None:
    with pytest.raises(BroughtLinkError) as raised:
        require_link("https://t.me/+SECRET of hers")
    assert "SECRET" not in str(raised.value.found)


def registered(link: MessageLink) -> str | None:
    return "42" if link.channel == "kanali" else None


def test_a_link_names_its_message_with_the_number_of_a_registered_channel() -> None:
    links = ["https://t.me/kanali/5?comment=7", "https://t.me/tjeter/6", "https://t.me/c/9/3", "https://example.org"]
    seen = brought_links(links, place=PLACE, source="her phone", random=str, channel_of=registered)
    assert {(each.kind, each.channel_id, each.message_id) for each in nonempty(seen)} == {(Kind.LINK, PLACE, None)}
    said = [join_content(each.fields) for each in seen]
    assert [each.text for each in said] == links
    named = [dict(part.fields) for each in said for part in nonempty(each.parts or ("none",)) if part != "none"]
    people = [each["person"] for each in named]
    assert [(each.id, each.username) for each in people] == [
        ("channel42", "@kanali"),
        (None, "@tjeter"),
        ("channel9", None),
    ]
    assert [(each["message_id"], each.get("comment_id")) for each in named] == [("5", "7"), ("6", None), ("3", None)]
    randoms = {each.fields["acquisition"]["random"] for each in seen}
    assert len(randoms) == len(links)


def test_a_link_that_leads_elsewhere_names_no_message() -> None:
    assert message_link("https://example.org/kanali/5") is None
