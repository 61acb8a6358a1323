"""Digests lie in sealed records: whoever looks at them is logged first, and sees nothing else of the record."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.home import Home
from api.office import item as listing
from api.office.audit import run_audit
from api.office.item import Chosen, DigestLook, ItemRow, LookedAt, list_items, show_item
from api.office.page import every_entry, every_page
from casefiles.case import OpenedEvent, open_events
from evidence.custody.turn import Turn
from evidence.errors import HomeBusyError, UnknownItemError
from evidence.observation import Kind, Mode
from evidence.seal.age import Identity
from evidence.store import database
from evidence.store.database import reading
from monitor.rehearsal.export import write_export
from tests.homes import PASSPHRASE, Office, doer, items_of, new_home, records_of, size_of, take_in, write_pictured
from tests.nonempty import nonempty


@pytest.fixture
def look(home: Home) -> DigestLook:
    return DigestLook(doer(home, approver=None), home.keys.unlock(PASSPHRASE).casework)


@pytest.fixture
def opened(home: Home, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The size of the log, whenever records were about to be opened."""
    sizes: list[int] = []

    def watched(engine: Any, indexes: Sequence[int], casework: Identity) -> Iterator[OpenedEvent]:  # noqa: ANN401 - passed on
        sizes.append(size_of(home))
        return open_events(engine, indexes, casework)

    monkeypatch.setattr(listing, "open_events", watched)
    return sizes


def test_without_a_key_nothing_is_opened_and_nothing_is_logged(home: Home, opened: list[int]) -> None:
    before = size_of(home)
    items = items_of(home)
    assert {item.seen for item in items} == {None}
    assert show_item(home, items[0].item_id).item.seen is None
    assert (size_of(home), opened) == (before, [])


Ask = Callable[[Home, str, str, DigestLook], Any]
LOOKS: dict[str, tuple[Ask, dict[str, str]]] = {
    "all": (lambda home, _channel, _item, look: list_items(home, look=look), {}),
    "channel": (
        lambda home, channel, _item, look: list_items(home, Chosen(channel), look=look),
        {"channel": "CHANNEL"},
    ),
    "item": (lambda home, _channel, item, look: show_item(home, item, look), {"item": "ITEM", "items": "1"}),
}


@pytest.mark.parametrize("asked", LOOKS)
def test_a_look_is_logged_before_any_record_is_opened(
    office: Office, home: Home, look: DigestLook, opened: list[int], asked: str
) -> None:
    before, items = size_of(home), items_of(home)
    item, channel = items[0].item_id, office.export.channel_id
    ask, expected = LOOKS[asked]
    answer = ask(home, channel, item, look)
    assert len(opened) == 1
    assert opened[0] > before
    (record,) = records_of(home, before)
    logged = {"channel": None, "item": None, "items": str(len(items))} | expected
    named = {"CHANNEL": channel, "ITEM": item}
    assert record.type == "digests_viewed"
    assert {name: record.values[name] for name in logged} == {
        name: named.get(value or "", value) for name, value in logged.items()
    }
    assert (record.values["actor"], record.values["reason"]) == ("ann", "a test")
    assert answer.unstamped is None


def test_a_look_that_cannot_be_logged_opens_nothing(
    home: Home, look: DigestLook, opened: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    item = items_of(home)[0].item_id
    monkeypatch.setattr("api.home.Turn", partial(Turn, wait_s=0))
    with Turn(home.engine, home.path / "lock").take():
        for ask in (lambda: list_items(home, look=look), lambda: show_item(home, item, look)):
            with pytest.raises(HomeBusyError):
                ask()
    assert opened == []


def test_where_nothing_is_shown_nothing_is_logged(home: Home, look: DigestLook, opened: list[int]) -> None:
    before = size_of(home)
    assert list_items(home, Chosen("1"), look=look).entries == ()
    with pytest.raises(UnknownItemError):
        show_item(home, "nothing", look)
    assert (size_of(home), opened) == (before, [])


def test_nothing_but_digests_kinds_and_lengths_leaves_the_records(office: Office, home: Home, look: DigestLook) -> None:
    places, seen = items_of(home), items_of(home, look)
    assert [replace(item, seen=None) for item in seen] == places
    looked = {item.item_id: item.seen or LookedAt() for item in seen}
    files = [looked[item.item_id] for item in seen if item.kind == "file"]
    assert {file.sha256 for file in files} == set(office.export.media.values())
    assert all(file.bytes and file.characters is None for file in files)
    assert any(file.media_type for file in files)
    others = [looked[item.item_id] for item in seen if item.kind != "file"]
    assert {each.characters for each in others} >= {len(text) for text in office.export.texts.values()}
    assert all(len(each.sha256 or "") == 64 for each in looked.values())
    assert all(each.bytes is None and each.media_type is None for each in others)
    locked = show_item(home, seen[0].item_id)
    shown = show_item(home, seen[0].item_id, look)
    assert shown.item == seen[0]
    assert replace(shown, item=locked.item, checkpoint=locked.checkpoint) == locked


def test_how_much_is_sealed_of_an_item_is_told_without_a_key(office: Office, home: Home, look: DigestLook) -> None:
    for item in nonempty(items_of(home, look)):
        assert item.sealed_bytes is not None
        if item.kind == "file":
            assert item.seen is not None
            assert item.seen.bytes is not None
            assert item.seen.bytes < item.sealed_bytes < item.seen.bytes * 1.13 + 2000
    big = max(items_of(home), key=lambda item: item.sealed_bytes or 0)
    with reading(home.engine) as connection:
        table = database.item
        address = connection.execute(
            sa.select(table.c.payload_sha256).where(table.c.item_id == big.item_id)
        ).scalar_one()
    home.objects.path(address).unlink()
    assert show_item(home, big.item_id).item.sealed_bytes is None


@pytest.mark.parametrize(
    ("chosen", "wanted"),
    [
        (Chosen(), lambda _item: True),
        (Chosen(kind=Kind.FILE), lambda item: item.kind == "file"),
        (Chosen(kind=Kind.DELETION), lambda _item: False),
        (Chosen(first=date.min), lambda item: item.posted_at is not None),
        (Chosen(last=date.max), lambda item: item.posted_at is not None),
        (Chosen(first=date.max), lambda _item: False),
    ],
    ids=["all", "files", "none of the kind", "every time from", "every time to", "after all"],
)
def test_items_are_chosen_by_what_stands_in_clear(
    home: Home, chosen: Chosen, wanted: Callable[[ItemRow], bool]
) -> None:
    found = list(every_entry(lambda after: list_items(home, chosen, after=after, limit=3)))
    assert found == [item for item in items_of(home) if wanted(item)]


def test_both_days_of_a_span_are_in_it(home: Home) -> None:
    dated = sorted({str(item.posted_at)[:10] for item in items_of(home) if item.posted_at})
    for first, last in nonempty(product(dated, repeat=2)):
        chosen = Chosen(first=date.fromisoformat(first), last=date.fromisoformat(last))
        found = [str(item.posted_at)[:10] for item in list_items(home, chosen).entries]
        every = [str(item.posted_at)[:10] for item in items_of(home) if item.posted_at]
        assert found == [day for day in every if first <= day <= last]


def test_an_export_in_several_modes_is_one_item_each_that_was_upgraded(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    folder = write_export(tmp_path / "export", seed=7, messages=16, photos=0).folder
    seen: list[list[ItemRow]] = []
    for mode in (Mode.METADATA_ONLY, Mode.HASH_ONLY, Mode.SEALED, Mode.METADATA_ONLY):
        take_in(home, folder, mode)
        seen.append(items_of(home))
    places = [sorted((item.kind, item.message_id or 0, item.posted_at or "") for item in items) for items in seen]
    assert places == [places[0]] * 4
    files = [{item.mode for item in items if item.kind == "file"} for items in seen]
    assert files == [{"metadata_only"}, {"hash_only"}, {"sealed"}, {"sealed"}]
    assert seen[2] == seen[3]
    first, last = ({item.item_id for item in items if item.kind == "file"} for items in (seen[0], seen[2]))
    assert first & last == set()
    for item in nonempty(first):
        others = show_item(home, item).others
        assert [other.mode for other in others] == ["hash_only", "sealed"]
        assert others[-1].item_id in last
    audited = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
    assert not {problem.id for problem in audited.report.problems} - {"log.anchored"}
    home.engine.dispose()


def test_a_hole_of_a_part_that_came_later_names_the_item_that_it_is(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    take_in(home, write_pictured(tmp_path / "export"), Mode.METADATA_ONLY)
    message = next(item.item_id for item in items_of(home) if item.kind == "message")
    assert [(hole.received, hole.perhaps) for hole in show_item(home, message).holes] == [((), ())]
    take_in(home, write_pictured(tmp_path / "export", text="look again"))
    kept = {item.item_id for item in items_of(home) if item.mode == "sealed"}
    first, *_ = (hole for hole in show_item(home, message).holes if hole.reason == "mode")
    assert (first.received, len(kept.intersection(first.perhaps))) == ((), 1)
    take_in(home, write_pictured(tmp_path / "export"))
    (same,) = ({item.item_id for item in items_of(home) if item.kind == "file"} - kept) - {message}
    first, *_ = (hole for hole in show_item(home, message).holes if hole.reason == "mode")
    assert (first.received, first.perhaps) == ((same,), ())
    home.engine.dispose()


def test_after_a_look_the_audit_is_clean(home: Home, look: DigestLook) -> None:
    list_items(home, look=look)
    audited = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
    assert audited.report.problems == ()


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_pages_of_any_length_give_every_item_once_in_the_order_of_the_log(home: Home, limit: int) -> None:
    pages = list(every_page(lambda after: list_items(home, after=after, limit=limit)))
    assert [item for page in pages for item in page.entries] == items_of(home)
    assert all(len(page.entries) == limit for page in pages[:-1])
    assert 0 < len(pages[-1].entries) <= limit


def test_what_is_added_meanwhile_neither_repeats_an_item_nor_skips_one(home: Home, tmp_path: Path) -> None:
    first = list_items(home, limit=3)
    before = items_of(home)
    export = write_export(tmp_path / "more", seed=8, messages=16, photos=0)
    take_in(home, export.folder, Mode.METADATA_ONLY)
    assert len(items_of(home)) > len(before)
    rest = every_entry(lambda after: list_items(home, after=after or first.more_after, limit=3))
    assert [*first.entries, *rest] == items_of(home)


def test_a_page_after_an_item_that_is_not_there_is_refused(home: Home, look: DigestLook, opened: list[int]) -> None:
    before = size_of(home)
    with pytest.raises(UnknownItemError, match="no such item"):
        list_items(home, after="nothing", look=look)
    assert (size_of(home), opened) == (before, [])


def test_each_page_with_digests_is_a_look_of_its_own(home: Home, look: DigestLook) -> None:
    before = size_of(home)
    pages = list(every_page(lambda after: list_items(home, look=look, after=after, limit=9)))
    looks = [record for record in records_of(home, before) if record.type == "digests_viewed"]
    assert [record.values["items"] for record in looks] == [str(len(page.entries)) for page in pages]
