"""A page of t.me/s says what it shows, and what it has no key for is named."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.content import Content, join_content
from evidence.observation import Hole, HoleReason, Kind, Observation
from monitor import web
from monitor.errors import BrokenExportError
from monitor.web import MOST_POSTS, read_web_page, web_observations
from tests.nonempty import nonempty
from tests.saved_pages import footer, post, saved_page

NOW = datetime(2026, 11, 28, tzinfo=UTC)
PHOTO = """<a class="tgme_widget_message_photo_wrap" style="background-image:url('https://example.org/one.jpg')"></a>"""


def seen(*posts: str) -> tuple[list[Observation], list[Hole]]:
    page = read_web_page(saved_page(*posts).encode())
    assert page is not None
    found = list(web_observations(page, channel_id="42", since=NOW))
    return [each for each in found if isinstance(each, Observation)], [each for each in found if isinstance(each, Hole)]


def said(observation: Observation) -> Content:
    return join_content({**observation.fields, "counters": observation.fields["counters"]})


def test_a_message_is_read_into_the_content_that_every_source_fills() -> None:
    text = 'A <b>bold</b> word<br/><i class="emoji"><b>x</b></i> &lt;b&gt; <a href="https://example.org/x">here</a>'
    forwarded = (
        '<div class="tgme_widget_message_forwarded_from">Forwarded from '
        '<span class="tgme_widget_message_forwarded_from_name">Tjeter</span></div>'
    )
    reply = '<a class="tgme_widget_message_reply" href="https://example.org/kanali/11"><div>quoted</div></a>'
    (message,), holes = seen(post(12, text, before=forwarded + reply + PHOTO, views="127"))
    assert (message.kind, message.channel_id, message.message_id) == (Kind.MESSAGE, "42", 12)
    assert message.posted_at == datetime(2026, 9, 30, 7, 37, tzinfo=UTC)
    assert message.fields["text"] == "A bold word\nx <b> here"
    assert (message.fields["reply_to"], message.fields["forwarded_from"]) == ("11", "Tjeter")
    assert (message.fields["channel_title"], message.fields["channel_type"]) == ("Kanali & co", "public_channel")
    found = said(message)
    assert [each.type for each in nonempty(found.entities)] == ["bold", "text_link"]  # type: ignore[arg-type,union-attr]
    assert [dict(each.fields) for each in nonempty(found.counters)] == [{"count": "127"}]  # type: ignore[arg-type,union-attr]
    assert [(each.reason, each.position) for each in holes] == [(HoleReason.UNKNOWN_REASON, 0)]  # the picture


@pytest.mark.parametrize("gone", ["js-message_text", "tgme_widget_message_text"])
def test_a_text_is_read_by_either_of_its_classes(gone: str) -> None:
    whole = saved_page(post(12, "a word", before=PHOTO))
    assert gone in whole
    page = read_web_page(whole.replace(gone, "").encode())
    assert page is not None
    (message,) = [each for each in web_observations(page, channel_id="42", since=NOW) if isinstance(each, Observation)]
    assert message.fields["text"] == "a word"


def test_what_a_page_rounds_or_does_not_date_is_a_hole_that_names_it() -> None:
    albums = post(7, "one", before=PHOTO + PHOTO, views="1.2K", meta="edited ")
    (message,), holes = seen(albums)
    assert message.fields["counters"] is None
    (unknown,) = [each.what for each in holes if each.reason is HoleReason.UNKNOWN]
    for name in nonempty(("views, rounded", "edited, without a time", "pictures of an album")):
        assert name in unknown


@pytest.mark.parametrize(
    ("block", "media_type"),
    [("video_player", "video_file"), ("roundvideo_player", "video_message"), ("voice_player", "voice_message")],
)
def test_a_video_and_a_voice_message_are_named_as_files_that_are_not_there(block: str, media_type: str) -> None:
    (message,), holes = seen(post(3, "", before=f'<a class="tgme_widget_message_{block}" href="#"></a>'))
    assert media_type in str(message.fields["content"])
    assert [each.reason for each in holes] == [HoleReason.UNKNOWN_REASON]


def test_a_poll_and_a_preview_have_no_key_and_are_named() -> None:
    more = '<div class="tgme_widget_message_poll">Who?</div><a class="tgme_widget_message_link_preview">A title</a>'
    _messages, holes = seen(post(3, "words", before=more))
    assert ["poll" in each.what and "link_preview" in each.what for each in holes] == [True]


def test_a_line_about_the_channel_is_a_service_message() -> None:
    (message,), _holes = seen(post(2, "Channel created").replace('data-post="', 'class2="service_message" data-post="'))
    assert message.kind is Kind.MESSAGE  # the control: another attribute says nothing
    (message,), _holes = seen(post(2, "Channel created", kind="service_message"))
    assert message.kind is Kind.SERVICE


def test_a_date_that_is_none_and_one_without_a_zone_are_no_moment() -> None:
    for date in nonempty(("yesterday", "2026-09-30T07:37:00", "9999-99-99T00:00:00+00:00")):
        (message,), holes = seen(post(1, "x", date=date))
        assert message.posted_at is None
        assert holes or message.fields["content"]


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_outside_of_all_calendars_is_a_hole(date: str) -> None:
    (message,), holes = seen(post(1, "x", date=date))
    assert message.posted_at is None
    assert [each.reason for each in holes] == [HoleReason.BAD_DATE]


def test_a_picture_that_a_browser_wrote_into_the_page_never_reaches_a_record() -> None:
    picture = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAA"
    (message,), _holes = seen(post(1, f'<img src="{picture}"/>words {picture}'))
    assert message.pictured
    assert "iVBOR" not in str(message.fields) + str(message.record)
    (plain,), _holes = seen(post(1, "words"))
    assert not plain.pictured  # the control


def test_what_looks_like_a_message_and_is_not_read_as_one_is_counted() -> None:
    posts = [post(1, "a"), post(2, "b", name="tjeter"), post(1, "c"), post(2**31, "d"), post(5, "e"), post(0, "f")]
    posts += [post(5, "e"), post(6, "g").replace("data-post", "data-other")]
    page = read_web_page(saved_page(*posts).encode())
    assert page is not None
    messages = [each for each in web_observations(page, channel_id="42", since=NOW) if isinstance(each, Observation)]
    assert [(each.message_id, each.fields["text"]) for each in messages] == [(1, "a"), (5, "e")]
    assert page.unread == ("1 of another channel", "1 again, with other words", "3 without a number")
    plain = read_web_page(saved_page(post(1, "a"), post(1, "a"), post(5, "e")).encode())
    assert plain is not None
    assert plain.unread == ()  # the control: the same again says nothing more


def test_no_more_messages_are_read_than_a_page_can_have() -> None:
    page = read_web_page(saved_page(*(post(each, "") for each in range(1, MOST_POSTS + 9))).encode())
    assert page is not None
    assert (len(page.posts), page.unread) == (MOST_POSTS, (f"8 behind the first {MOST_POSTS}",))


def test_what_lies_behind_the_beginning_of_a_long_page_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = saved_page(post(1, "fjal\u00eb"), post(2, "word")).encode()
    for at in nonempty((whole.index(b"\xab"), whole.index(b'Kanali/2"'))):
        monkeypatch.setattr(web, "MAX_WEB_BYTES", at)
        page = read_web_page(whole)
        assert page is not None
        assert page.unread == ("what lies behind the first 16 MiB",)
    assert [each.number for each in page.posts] == [1]
    monkeypatch.setattr(web, "MAX_WEB_BYTES", len(whole))
    page = read_web_page(whole)
    assert page is not None
    assert ([each.number for each in page.posts], page.unread) == ([1, 2], ())


@pytest.mark.parametrize("inner", ["<b></b>", '<i class="js-message_text">', "<a></a>x"])
def test_a_page_of_more_tags_than_any_is_refused_before_it_is_read(inner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    few = saved_page(post(1, "<b></b>" * 9)).encode()
    monkeypatch.setattr(web, "MOST_TAGS", few.count(b"<"))
    assert read_web_page(few)
    with pytest.raises(BrokenExportError) as refused:
        read_web_page(saved_page(post(1, inner * 500)).encode())
    assert refused.value.code == "broken_export.too_many_tags"


def test_a_tree_is_looked_through_twice_whatever_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[int] = []
    monkeypatch.setattr(web, "_by_class", lambda root, really=web._by_class: (passes.append(1), really(root))[1])
    seen(post(1, "<b></b>" * 50, before=PHOTO))
    assert len(passes) == 2


def test_the_innermost_of_texts_within_one_another_is_the_text() -> None:
    inner = '<div class="js-message_text">' * 40 + "words" + "</div>" * 40
    (message,), _holes = seen(post(1, inner))
    assert message.fields["text"] == "words"


def test_a_page_in_utf_16_is_read_and_one_in_another_charset_is_refused() -> None:
    whole = saved_page(post(1, "\u0437\u0431\u043e\u0440"))
    page = read_web_page(whole.encode("utf-16"))
    assert page is not None
    (message,) = [each for each in web_observations(page, channel_id="42", since=NOW) if isinstance(each, Observation)]
    assert message.fields["text"] == "\u0437\u0431\u043e\u0440"
    for other in nonempty((whole.encode("cp1251"), whole.encode("utf-16") + b"x")):
        with pytest.raises(BrokenExportError) as refused:
            read_web_page(other)
        assert refused.value.code == "broken_export.mhtml_charset"
    assert read_web_page("<p>\u0437\u0431\u043e\u0440</p>".encode("cp1251")) is None  # the page of another place


@pytest.mark.parametrize(
    "hostile",
    [
        post(1, "a").removesuffix("</div>"),
        post(1, post(2, "within")),
        '<div class="tgme_widget_message x" data-post="kanali/1">' + "<div>" * 100,
        post(1, "<b>" * 300 + "a" + "</b>" * 300),
    ],
    ids=["not closed", "a message in a message", "deep", "deeper than the parser reads"],
)
def test_a_page_that_telegram_does_not_write_is_refused(hostile: str) -> None:
    with pytest.raises(BrokenExportError):
        read_web_page(hostile.encode())


@pytest.mark.parametrize(
    "other", [b"", b"<html><body>words</body></html>", b"\x00\xff" * 999, b'data-post="kanali/1"', b"<div" * 99_999]
)
def test_a_page_without_messages_has_none(other: bytes) -> None:
    assert read_web_page(other) is None


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 4000), junk=st.binary(max_size=40))
def test_any_bytes_in_a_page_are_read_or_refused(at: int, junk: bytes) -> None:
    data = saved_page(post(1, "a <b>b</b>", before=PHOTO), post(2, "c")).encode()
    broken = data[: at % len(data)] + junk + data[at % len(data) + len(junk) :]
    try:
        page = read_web_page(broken)
    except BrokenExportError:
        return
    if page is not None:
        assert [*web_observations(page, channel_id="42", since=NOW), *page.unread]


def test_the_footer_of_these_pages_is_read_from_its_classes_alone() -> None:
    assert 'datetime="2026-09-30T07:37:00+00:00"' in footer()
