"""Digests lie in sealed records: whoever looks at them is logged first, and sees nothing else of the record."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from api.home import Home
from api.office import item as listing
from api.office.audit import run_audit
from api.office.item import Look, list_items, show_item
from casefiles.case import Opened, open_events
from evidence.custody.append import tree_size
from evidence.custody.event import Record
from evidence.errors import HomeBusyError, StampError, UnknownItemError
from evidence.seal.age import Identity
from evidence.store.database import reading
from tests.homes import PASSPHRASE, Office, copy_of, doer


@pytest.fixture
def home(office: Office, tmp_path: Path) -> Iterator[Home]:
    home = copy_of(office, tmp_path)
    yield home
    home.engine.dispose()


@pytest.fixture
def heard() -> list[StampError | None]:
    return []


@pytest.fixture
def look(home: Home, heard: list[StampError | None]) -> Look:
    return Look(doer(home, approver=None), home.keys.unlock(PASSPHRASE).casework, heard.append)


@pytest.fixture
def opened(home: Home, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The size of the log, whenever records were about to be opened."""
    sizes: list[int] = []

    def watched(engine: Any, indexes: Sequence[int], casework: Identity) -> Iterator[Opened]:  # noqa: ANN401 - passed on
        sizes.append(size(home))
        return open_events(engine, indexes, casework)

    monkeypatch.setattr(listing, "open_events", watched)
    return sizes


def size(home: Home) -> int:
    with reading(home.engine) as connection:
        return tree_size(connection)


def records(home: Home, since: int) -> list[Record]:
    events = open_events(home.engine, range(since, size(home)), home.keys.unlock(PASSPHRASE).casework)
    return [event.record for event in events if event.record]


def test_without_a_key_nothing_is_opened_and_nothing_is_logged(home: Home, opened: list[int]) -> None:
    before = size(home)
    items = list_items(home, None, None)
    assert {item["sha256"] for item in items} == {None}
    assert show_item(home, items[0]["item_id"], None)["sha256"] is None
    assert (size(home), opened) == (before, [])


Ask = Callable[[Home, str, str, Look], object]
LOOKS: dict[str, tuple[Ask, dict[str, str]]] = {
    "all": (lambda home, _channel, _item, look: list_items(home, None, look), {}),
    "channel": (lambda home, channel, _item, look: list_items(home, channel, look), {"channel": "CHANNEL"}),
    "item": (lambda home, _channel, item, look: show_item(home, item, look), {"item": "ITEM", "items": "1"}),
}


@pytest.mark.parametrize("asked", LOOKS)
def test_a_look_is_logged_before_any_record_is_opened(
    office: Office, home: Home, look: Look, opened: list[int], heard: list[StampError | None], asked: str
) -> None:
    before, items = size(home), list_items(home, None, None)
    item, channel = items[0]["item_id"], office.export.channel_id
    ask, expected = LOOKS[asked]
    ask(home, channel, item, look)
    assert len(opened) == 1
    assert opened[0] > before
    (record,) = records(home, before)
    told = {"channel": None, "item": None, "items": str(len(items))} | expected
    named = {"CHANNEL": channel, "ITEM": item}
    assert record.type == "digests_viewed"
    assert {name: record.values[name] for name in told} == {
        name: named.get(value or "", value) for name, value in told.items()
    }
    assert (record.values["actor"], record.values["reason"]) == ("ann", "a test")
    assert heard == [None]


def test_a_look_that_cannot_be_logged_opens_nothing(home: Home, look: Look, opened: list[int]) -> None:
    item = list_items(home, None, None)[0]["item_id"]
    with home.writing():
        for ask in (lambda: list_items(home, None, look), lambda: show_item(home, item, look)):
            with pytest.raises(HomeBusyError):
                ask()
    assert opened == []


def test_where_nothing_is_shown_nothing_is_logged(home: Home, look: Look, opened: list[int]) -> None:
    before = size(home)
    assert list_items(home, "1", look) == []
    with pytest.raises(UnknownItemError):
        show_item(home, "nothing", look)
    assert (size(home), opened) == (before, [])


def test_nothing_but_digests_leaves_the_records(office: Office, home: Home, look: Look) -> None:
    places, seen = list_items(home, None, None), list_items(home, None, look)
    assert [item | {"sha256": None} for item in seen] == places
    assert {item["sha256"] for item in seen if item["kind"] == "file"} == set(office.export.media.values())
    assert all(len(item["sha256"]) == 64 for item in seen)
    shown = show_item(home, seen[0]["item_id"], look)
    assert shown.keys() == show_item(home, seen[0]["item_id"], None).keys()
    assert shown["sha256"] == seen[0]["sha256"]


def test_after_a_look_the_audit_is_clean(home: Home, look: Look) -> None:
    list_items(home, None, look)
    audited = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
    assert audited.report.problems == ()
