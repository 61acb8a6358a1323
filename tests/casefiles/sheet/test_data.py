"""A sheet as data: what is taken of an item, until when an address may be there, and what is left out."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from casefiles.report.said import CutPicture, Run
from casefiles.sheet.data import (
    Deleted,
    Origin,
    PlatformSheet,
    SentFile,
    SheetKind,
    SheetOrder,
    make_sheet,
    months_after,
)
from config.catalogues import sheet_platform
from evidence.content import Content, Link, Part, Person, split_content
from tests.nonempty import nonempty

POSTED = "2025-03-01T21:14:03.512Z"


def said(message: str | None = "5", kind: str = "message", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - values
    values = {"kind": kind, "channel_id": "42", "channel_type": "public_supergroup", "channel_title": "Kanali"}
    values |= {"message_id": message, "posted_at": POSTED, "sender_id": "user7", "sender_name": "Zogu"}
    return values | {"at": "2025-03-02T00:00:00.000Z"} | more


def with_parts(*parts: Part, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - values
    return said(**more) | split_content(Content("words", parts=parts))


def sheet_of(*items: Mapping[str, Any], kind: SheetKind = SheetKind.DISCLOSURE, **more: Any) -> PlatformSheet:  # noqa: ANN401 - fields of an order
    order = SheetOrder(kind, "case-1", POSTED, rehearsal=True, platform=sheet_platform(), **more)
    return make_sheet(order, {str(at): values for at, values in enumerate(items)}, ())


def test_a_message_its_edits_its_file_and_its_deletion_are_one_post() -> None:
    photo = Part("media", {"type": "photo", "id": "12", "dc": "4", "link": Link("https://elsewhere.example/her")})
    sheet = sheet_of(
        with_parts(photo),
        said(kind="file", posted_at=None, sender_name=None),
        with_parts(photo, kind="edit", edited_at="2025-03-03T00:00:00.000Z"),
        with_parts(photo, kind="edit", edited_at="2025-03-02T00:00:00.000Z"),
        said(kind="deletion", posted_at=None, sender_id=None, sender_name=None, action="told"),
    )
    (post,) = sheet.posts
    assert (post.chat, post.message, post.account, post.posted_at) == ("42", "5", "user7", POSTED)
    assert post.edited_at == ("2025-03-02T00:00:00.000Z", "2025-03-03T00:00:00.000Z")
    assert post.deleted == (Deleted("told", "2025-03-02T00:00:00.000Z"),)
    assert post.files == (SentFile("photo", "12", "4"),)
    assert [(account.id, account.names) for account in sheet.accounts] == [("user7", ("Zogu",))]
    assert sheet.items == ("0", "1", "2", "3", "4")


def test_of_a_deletion_alone_the_place_is_told_and_no_date() -> None:
    (post,) = sheet_of(said(kind="deletion", posted_at=None, sender_id=None, action="missing")).posts
    assert (post.account, post.address_until, post.links) == (None, None, ("https://t.me/c/42/5",))


def test_the_most_urgent_comes_first_and_what_has_no_date_last() -> None:
    sheet = sheet_of(
        said("9", posted_at=None),
        said("10", posted_at="2025-03-02T00:00:00.000Z"),
        said("8", posted_at="2025-03-02T00:00:00.000Z"),
        said("7", posted_at="2025-03-01T00:00:00.000Z"),
    )
    assert [post.message for post in sheet.posts] == ["7", "8", "10", "9"]
    assert [post.address_until for post in sheet.posts][:3] == [date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 2)]


@pytest.mark.parametrize(
    ("day", "months", "after"),
    [
        (date(2025, 12, 31), 12, date(2026, 12, 31)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2025, 12, 31), 2, date(2026, 2, 28)),
        (date(2025, 1, 1), 11, date(2025, 12, 1)),
    ],
)
def test_a_month_that_is_shorter_ends_the_clock_on_its_last_day(day: date, months: int, after: date) -> None:
    assert months_after(day, months) == after


def test_names_and_usernames_are_those_of_the_account_and_of_nobody_whom_it_names() -> None:
    reply = Part("reply", {"sender": Person("user8", "Mila", "@mila"), "message_id": "3"})
    via = Part("author", {"person": Person("user7", "Zogu", "@zogu")})
    sheet = sheet_of(with_parts(reply, via), said("6", sender_name="Zogu 2"), said("7", sender_name=None))
    (account,) = sheet.accounts
    assert (account.names, account.usernames) == (("Zogu", "Zogu 2"), ("@zogu",))
    assert "ila" not in str(sheet)


def test_where_it_was_forwarded_from_is_told_by_its_number() -> None:
    origin = Part("forward", {"person": Person("channel9", "Other"), "message_id": "3", "posted_at": POSTED})
    unnamed = Part("forward", {"person": Person(name="Somebody")})
    bare = Part("forward", {"person": Person("user9")})
    (first, second) = sheet_of(
        with_parts(origin, unnamed), with_parts(origin, kind="edit"), with_parts(bare, message="6")
    ).posts
    assert first.origins == (Origin("channel9", "3", POSTED),)
    assert second.origins == (Origin("user9", None, None),)


def test_a_channel_says_its_public_names_and_what_it_belongs_with() -> None:
    about = Part(
        "channel",
        {"usernames": ("kanali", "kanali_2"), "community": Person("channel77"), "linked_chats": (Person("channel78"),)},
    )
    (chat,) = sheet_of(said(), with_parts(about, message=None, kind="channel", sender_id=None)).chats
    assert (chat.usernames, chat.community) == (("kanali", "kanali_2"), ("channel77", "channel78"))
    sheet = sheet_of(said(), with_parts(about, message=None, kind="channel"))
    assert sheet.posts[0].links == (
        "https://t.me/kanali/5",
        "https://t.me/kanali_2/5",
        "https://t.me/c/42/5",
    )


@pytest.mark.parametrize(("channel", "message"), [("group42", "5"), ("user42", "5"), ("42", "-5")])
def test_what_telegram_has_no_link_for_has_none(channel: str, message: str) -> None:
    (post,) = sheet_of(said(message, channel_id=channel)).posts
    assert post.links == ()


@pytest.mark.parametrize("channel", ["local0123456789abcdef", "export0123456789abcdef", None])
def test_what_is_not_at_the_platform_is_counted_and_not_told(channel: str | None) -> None:
    sheet = sheet_of(said(), said("6", channel_id=channel))
    assert (sheet.elsewhere, sheet.items, len(sheet.posts)) == (1, ("0",), 1)


def test_content_of_another_form_leaves_the_numbers() -> None:
    (post,) = sheet_of(said(content=[{"kind": "no_such"}], people="x")).posts
    assert (post.account, post.files) == ("user7", ())


def test_a_name_with_a_picture_in_it_is_told_without() -> None:
    (account,) = sheet_of(said(sender_name=["Zogu ", {"stripped": "900"}])).accounts
    assert account.names == (Run(("Zogu ", CutPicture("900"))),)


def test_the_rules_are_those_of_the_sheet_and_the_country() -> None:
    for kind in nonempty(SheetKind):
        none, croatia = sheet_of(said(), kind=kind).rules, sheet_of(said(), kind=kind, country="HR").rules
        assert all(kind in rule.sheets for rule in croatia)
        assert {rule.country for rule in none} == {None}
        assert {rule.country for rule in croatia} == {None, "HR"}
    said_of = [rule.says for rule in sheet_of(said(), kind=SheetKind.PRESERVATION, country="HR").rules]
    assert any("European Preservation Order" in each for each in said_of)
    said_of = [rule.says for rule in sheet_of(said(), kind=SheetKind.PRESERVATION, country="RS").rules]
    assert not any("European Preservation Order" in each for each in said_of)
