"""The life of a case: looking is logged before anything is opened, and each page is a look."""

from collections.abc import Iterator
from dataclasses import fields

import pytest

from api import TOOL
from api.home import Home
from api.office import case as verbs
from api.office.case import CaseItem, add_items, list_cases, open_case, remove_items, require_case, show_case
from api.office.page import every_entry, every_page
from casefiles.case import OpenedEvent, open_events
from evidence.authority import Doer
from evidence.errors import AuthorityError, HomeError, UnknownItemError
from evidence.log.schema import SCHEMAS
from evidence.seal.recipients import generate_identity
from tests.homes import PASSPHRASE, Office, doer, items_of, new_case, records_of, size_of


def test_a_case_is_opened_for_a_reason_and_listed(home: Home) -> None:
    before = size_of(home)
    done = open_case(home, doer(home, approver=None))
    (record,) = (record for record in records_of(home, before) if record.type == "case_opened")
    assert (record.values["case"], record.values["reason"]) == (done.case_id, "a test")
    assert done.unstamped is None
    assert [row.case_id for row in list_cases(home).entries] == [done.case_id]


def test_items_are_added_once_and_counted(home: Home) -> None:
    case, (first, second, *_others) = new_case(home, []), (item.item_id for item in items_of(home))
    assert add_items(home, case, (first, first), doer(home)).added == 1
    done = add_items(home, case, (second, first), doer(home))
    assert (done.case_id, done.added, done.items) == (case, 1, 2)
    assert require_case(home, case).items == 2


def test_an_item_that_is_not_there_adds_none(home: Home) -> None:
    case, first, before = new_case(home, []), items_of(home)[0].item_id, size_of(home)
    with pytest.raises(UnknownItemError, match="no such item"):
        add_items(home, case, (first, "nothing"), doer(home))
    assert require_case(home, case).items == 0
    assert "case_item_added" not in {record.type for record in records_of(home, before)}


def test_what_was_removed_is_told_and_not_shown(home: Home) -> None:
    case, items, casework = new_case(home), items_of(home), home.keys.unlock(PASSPHRASE).casework
    gone, before = items[0].item_id, size_of(home)
    done = remove_items(home, case, (gone,), doer(home))
    assert (done.removed, done.items) == (1, len(items) - 1)
    (record,) = (record for record in records_of(home, before) if record.type == "case_item_removed")
    assert (record.values["item"], record.values["case"], record.values["reason"]) == (gone, case, "a test")
    shown = show_case(home, case, doer(home), casework)
    assert shown.removed == (gone,)
    assert [item.item_id for item in shown.items.entries] == [item.item_id for item in items[1:]]
    assert [item.item_id for item in items_of(home)] == [item.item_id for item in items]
    assert add_items(home, case, (gone,), doer(home)).added == 1
    assert show_case(home, case, doer(home), casework).removed == ()


def test_nothing_is_removed_without_a_reason(home: Home) -> None:
    case, items = new_case(home), items_of(home)
    with pytest.raises(AuthorityError, match="needs a reason"):
        remove_items(home, case, (items[0].item_id,), Doer("ann", TOOL, home.clock()))
    assert require_case(home, case).items == len(items)


@pytest.mark.parametrize("limit", [1, 2, 9])
def test_cases_come_in_pages(home: Home, limit: int) -> None:
    cases = [new_case(home, []) for _ in range(3)]
    pages = list(every_page(lambda after: list_cases(home, after=after, limit=limit)))
    assert [row.case_id for page in pages for row in page.entries] == cases
    assert max(len(page.entries) for page in pages) <= limit


def test_a_case_says_what_its_items_say_in_the_order_of_the_log(home: Home, office: Office) -> None:
    case, casework = new_case(home), home.keys.unlock(PASSPHRASE).casework
    shown = show_case(home, case, doer(home), casework)
    assert (shown.case_id, shown.reason) == (case, "a test")
    assert [item.item_id for item in shown.items.entries] == [item.item_id for item in items_of(home)]
    assert {item.text for item in shown.items.entries} >= set(office.export.texts.values())


def test_what_is_shown_has_a_name_in_the_log() -> None:
    names = {field.name for field in fields(CaseItem)} - {"item_id"}
    assert names <= {*SCHEMAS["observed"].subject, *SCHEMAS["observed"].act}


def test_each_page_is_a_look_that_is_logged_before_it_is_opened(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    case, casework = new_case(home), home.keys.unlock(PASSPHRASE).casework
    before, sizes = size_of(home), list[int]()

    def watched(*arguments: object) -> Iterator[OpenedEvent]:
        sizes.append(size_of(home))
        return open_events(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(verbs, "open_events", watched)
    items = every_entry(lambda after: show_case(home, case, doer(home), casework, after=after, limit=9).items)
    shown = [item.item_id for item in items]
    assert shown == [item.item_id for item in items_of(home)]
    looks = [record for record in records_of(home, before) if record.type == "case_viewed"]
    assert len(looks) == len(sizes) == -(-len(shown) // 9)
    assert sizes[0] > before
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("after", [None, "nothing"])
def test_what_is_not_there_is_not_looked_at(home: Home, after: str | None) -> None:
    case, casework = new_case(home, []), home.keys.unlock(PASSPHRASE).casework
    before = size_of(home)
    with pytest.raises(UnknownItemError):
        show_case(home, case if after else "case-0", doer(home), casework, after=after)
    assert size_of(home) == before


def test_another_key_shows_nothing(home: Home) -> None:
    with pytest.raises(HomeError) as refused:
        show_case(home, new_case(home), doer(home), generate_identity())
    assert refused.value.code == "home.keys_changed"
