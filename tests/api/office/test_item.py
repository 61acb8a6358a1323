"""Digests lie in sealed records: whoever looks at them is logged first, and sees nothing else of the record."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from api.home import Home
from api.office import item as listing
from api.office.audit import run_audit
from api.office.item import DigestLook, list_items, show_item
from api.office.page import every_entry, every_page
from casefiles.case import OpenedEvent, open_events
from evidence.custody.turn import Turn
from evidence.errors import HomeBusyError, UnknownItemError
from evidence.observation import Mode
from evidence.seal.age import Identity
from monitor.rehearsal.export import write_export
from tests.homes import PASSPHRASE, Office, doer, items_of, records_of, size_of, take_in


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
    assert {item.sha256 for item in items} == {None}
    assert show_item(home, items[0].item_id).item.sha256 is None
    assert (size_of(home), opened) == (before, [])


Ask = Callable[[Home, str, str, DigestLook], Any]
LOOKS: dict[str, tuple[Ask, dict[str, str]]] = {
    "all": (lambda home, _channel, _item, look: list_items(home, look=look), {}),
    "channel": (
        lambda home, channel, _item, look: list_items(home, channel=channel, look=look),
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
    assert list_items(home, channel="1", look=look).entries == ()
    with pytest.raises(UnknownItemError):
        show_item(home, "nothing", look)
    assert (size_of(home), opened) == (before, [])


def test_nothing_but_digests_leaves_the_records(office: Office, home: Home, look: DigestLook) -> None:
    places, seen = items_of(home), items_of(home, look)
    assert [replace(item, sha256=None) for item in seen] == places
    assert {item.sha256 for item in seen if item.kind == "file"} == set(office.export.media.values())
    assert all(len(item.sha256 or "") == 64 for item in seen)
    locked = show_item(home, seen[0].item_id)
    shown = show_item(home, seen[0].item_id, look)
    assert shown.item == seen[0]
    assert replace(shown, item=locked.item, checkpoint=locked.checkpoint) == locked


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
