"""A case holds its own items and what speaks of them, and is the one way to their records."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import casefiles.case as case_module
from casefiles.case import (
    CaseRow,
    HeldItem,
    add_items,
    authority_indexes,
    case_event_indexes,
    case_items,
    closings_of,
    list_cases,
    open_case,
    open_events,
    remove_items,
    removed_items,
    require_case,
    require_items,
    require_whole,
)
from evidence.authority import Act, Doer, one_person, two_persons
from evidence.custody.event import Draft, Prepared
from evidence.errors import LeafError, NoMatchingKeyError, ObjectMissingError, UnknownItemError
from evidence.observation import OF_A_CHANNEL, Kind
from evidence.seal.recipients import generate_identity
from evidence.store.database import reading
from evidence.times import parse_time
from tests.evidence.log.ledger import CASEWORK, NOBODY, Ledger, new_ledger

ANN = Doer("ann", "nisisama/0", parse_time("2026-01-01T00:00:00.000Z"), reason="she came")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = new_ledger(tmp_path)
    yield ledger
    ledger.engine.dispose()


def observed(message: int | None, channel: str = "7", kind: str = "message") -> Draft:
    values = {"kind": kind, "channel_id": channel, "message_id": None if message is None else str(message)}
    return Draft("observed", NOBODY | values | {"mode": "sealed", "sha256": "ab" * 32, "text": f"text {message}"})


def hole(lo: int | None, hi: int | None, channel: str = "7", why: str = "gap") -> Draft:
    span = {"lo": None if lo is None else str(lo), "hi": None if hi is None else str(hi)}
    return Draft("hole", NOBODY | span | {"channel_id": channel, "hole": why, "since": NOBODY["at"]})


def log(ledger: Ledger, *drafts: Draft) -> list[str]:
    ledger.sequencer.append(drafts)
    return [draft.event_id for draft in drafts]


def add(ledger: Ledger, case: str, *items: str) -> int:
    return add_items(ledger.engine, ledger.sequencer, case, items, ANN)


def test_an_unknown_case_has_no_items_and_takes_none(ledger: Ledger) -> None:
    items = log(ledger, observed(1))
    unknown = "case-0" * 20
    for ask in (
        lambda: require_case(ledger.engine, unknown),
        lambda: case_items(ledger.engine, unknown),
        lambda: add(ledger, unknown, *items),
    ):
        with pytest.raises(UnknownItemError, match="no such case") as raised:
            ask()
        assert len(raised.value.found) == 64
    assert len(ledger.leaves()) == 1


def test_one_unknown_item_stops_all_of_them(ledger: Ledger) -> None:
    items, case = log(ledger, observed(1)), open_case(ledger.sequencer, ANN)
    with pytest.raises(UnknownItemError, match="no such item") as raised:
        add(ledger, case, *items, "nothing")
    assert raised.value.found == "nothing"
    assert case_items(ledger.engine, case) == []
    assert require_items(ledger.engine, items) is None


def test_a_hole_is_no_item(ledger: Ledger) -> None:
    holes, case = log(ledger, hole(1, 2)), open_case(ledger.sequencer, ANN)
    with pytest.raises(UnknownItemError):
        add(ledger, case, *holes)


def test_another_key_opens_no_record(ledger: Ledger) -> None:
    log(ledger, observed(1))
    with pytest.raises(NoMatchingKeyError):
        list(open_events(ledger.engine, [0], generate_identity()))


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM sealed WHERE idx = 1",
        "DELETE FROM event WHERE idx = 1",
        "UPDATE sealed SET body = 'text' WHERE idx = 1",
        "UPDATE sealed SET body = x'00' WHERE idx = 1",
        "UPDATE sealed SET body = (SELECT body FROM sealed WHERE idx = 0) WHERE idx = 1",
        "UPDATE sealed SET body = CAST(substr(body, 1, length(body) - 1) || x'00' AS BLOB) WHERE idx = 1",
        "UPDATE sealed SET body = CAST(substr(body, 1, 100) || x'41' || substr(body, 102) AS BLOB) WHERE idx = 1",
    ],
)
def test_a_record_that_is_damaged_is_named_with_what_to_do(ledger: Ledger, damage: str) -> None:
    log(ledger, observed(1), observed(2))
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql(damage)
    with pytest.raises((LeafError, NoMatchingKeyError)) as raised:
        list(open_events(ledger.engine, [0, 1], CASEWORK))
    assert raised.value.where == "record of leaf 1"
    assert "nisisama audit" in raised.value.fix


def test_each_case_has_a_name_of_its_own(ledger: Ledger) -> None:
    names = {open_case(ledger.sequencer, ANN) for _ in range(3)}
    assert len(names) == 3
    assert all(len(name) == len("case-") + 12 and int(name.removeprefix("case-"), 16) >= 0 for name in names)


def test_items_are_added_once_and_come_in_the_order_of_the_log(ledger: Ledger) -> None:
    first, second, third = log(ledger, observed(1), observed(2), observed(3))
    case, other = open_case(ledger.sequencer, ANN), open_case(ledger.sequencer, ANN)
    assert add(ledger, case, third, first, third) == 2
    assert add(ledger, case, first, second) == 1
    assert add(ledger, case) == 0
    assert add(ledger, other, first) == 1
    assert case_items(ledger.engine, case) == [HeldItem(first, 0), HeldItem(second, 1), HeldItem(third, 2)]
    assert case_items(ledger.engine, other) == [HeldItem(first, 0)]
    assert [leaf.type for leaf in ledger.leaves()[5:]] == ["case_item_added"] * 4


def remove(ledger: Ledger, case: str, *items: str) -> int:
    return remove_items(ledger.engine, ledger.sequencer, case, items, ANN)


def test_what_is_removed_is_in_the_case_no_more_and_can_be_added_again(ledger: Ledger) -> None:
    first, second = log(ledger, observed(1), observed(2))  # 0 1
    case, other = open_case(ledger.sequencer, ANN), open_case(ledger.sequencer, ANN)  # 2 3
    add(ledger, case, first, second)  # 4 5
    add(ledger, other, first)  # 6
    assert remove(ledger, case, first, first) == 1  # 7
    assert case_items(ledger.engine, case) == [HeldItem(second, 1)]
    assert case_items(ledger.engine, other) == [HeldItem(first, 0)]
    assert removed_items(ledger.engine, case) == [first]
    assert removed_items(ledger.engine, other) == []
    assert require_case(ledger.engine, case).items == 1
    assert case_event_indexes(ledger.engine, case) == [1, 2, 4, 5, 7]
    assert add(ledger, case, first) == 1  # 8
    assert case_items(ledger.engine, case) == [HeldItem(first, 0), HeldItem(second, 1)]
    assert removed_items(ledger.engine, case) == []
    assert case_event_indexes(ledger.engine, case) == [0, 1, 2, 4, 5, 7, 8]
    assert remove(ledger, case, first, second) == 2
    assert case_items(ledger.engine, case) == []
    assert removed_items(ledger.engine, case) == [first, second]
    assert require_case(ledger.engine, case).items == 0


def test_what_is_not_in_the_case_is_not_removed_and_stops_the_others(ledger: Ledger) -> None:
    first, second = log(ledger, observed(1), observed(2))
    case, size = open_case(ledger.sequencer, ANN), 4
    add(ledger, case, first)
    for wrong in (second, "nothing"):
        with pytest.raises(UnknownItemError, match="not in the case") as raised:
            remove(ledger, case, first, wrong)
        assert raised.value.found == wrong
    with pytest.raises(UnknownItemError, match="no such case"):
        remove(ledger, "case-0", first)
    assert (len(ledger.leaves()), remove(ledger, case, first)) == (size, 1)
    with pytest.raises(UnknownItemError, match="not in the case"):
        remove(ledger, case, first)


def test_a_lost_part_of_what_was_removed_keeps_nothing_from_leaving(ledger: Ledger) -> None:
    first, second = log(ledger, observed(1), observed(2))
    case = open_case(ledger.sequencer, ANN)
    add(ledger, case, first, second)
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM sealed WHERE idx = 0")
    with pytest.raises(ObjectMissingError):
        require_whole(ledger.engine, case, lambda _address: None)
    remove(ledger, case, first)
    assert require_whole(ledger.engine, case, lambda _address: None) is None


def test_what_another_added_before_our_turn_is_not_added_again(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    items, case = log(ledger, observed(1), observed(2), observed(3)), open_case(ledger.sequencer, ANN)
    prepare = ledger.sequencer.prepare

    def overtaken(drafts: Sequence[Draft]) -> list[Prepared]:
        monkeypatch.undo()
        prepared = prepare(drafts)
        assert add(ledger, case, items[1]) == 1
        return prepared

    monkeypatch.setattr(ledger.sequencer, "prepare", overtaken)
    assert add(ledger, case, *items) == 2
    assert [held.item_id for held in case_items(ledger.engine, case)] == items


def test_what_is_frozen_before_our_turn_is_not_added(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    items, case = log(ledger, observed(1), observed(2)), open_case(ledger.sequencer, ANN)
    prepare = ledger.sequencer.prepare

    def overtaken(drafts: Sequence[Draft]) -> list[Prepared]:
        monkeypatch.undo()
        ledger.sequencer.append([Draft("frozen", NOBODY | {"frozen_items": items[1:]})])
        return prepare(drafts)

    monkeypatch.setattr(ledger.sequencer, "prepare", overtaken)
    with pytest.raises(UnknownItemError) as caught:
        add(ledger, case, *items)
    assert caught.value.code == "unknown_item.frozen"
    assert case_items(ledger.engine, case) == []


def test_cases_are_listed_as_they_were_opened_with_how_many_items_each_has(ledger: Ledger) -> None:
    items = log(ledger, observed(1), observed(2))
    assert list_cases(ledger.engine) == []
    cases = [open_case(ledger.sequencer, ANN) for _ in range(3)]
    add(ledger, cases[2], *items)
    add(ledger, cases[1], items[0])
    at = "2026-01-01T00:00:00.000Z"
    rows = [CaseRow(case, at, held, 2 + held, is_list=False) for held, case in enumerate(cases)]
    assert list_cases(ledger.engine) == rows
    assert [require_case(ledger.engine, case) for case in cases] == rows


@pytest.mark.parametrize("limit", [1, 2, 9])
def test_cases_and_their_items_come_in_parts_after_one_that_is_named(ledger: Ledger, limit: int) -> None:
    items = log(ledger, *(observed(number) for number in range(4)))
    cases = [open_case(ledger.sequencer, ANN) for _ in range(3)]
    add(ledger, cases[0], *items)
    held, rows = case_items(ledger.engine, cases[0]), list_cases(ledger.engine)
    assert case_items(ledger.engine, cases[0], after=items[1], limit=limit) == held[2 : 2 + limit]
    assert list_cases(ledger.engine, after=cases[0], limit=limit) == rows[1 : 1 + limit]
    assert case_items(ledger.engine, cases[0], after=items[-1]) == list_cases(ledger.engine, after=cases[-1]) == []


def test_a_part_after_what_is_not_there_is_refused(ledger: Ledger) -> None:
    case = open_case(ledger.sequencer, ANN)
    with pytest.raises(UnknownItemError, match="no such item"):
        case_items(ledger.engine, case, after="nothing")
    with pytest.raises(UnknownItemError, match="no such case"):
        list_cases(ledger.engine, after="nothing")


def test_events_are_opened_and_an_anchor_has_no_record(ledger: Ledger) -> None:
    anchor = Draft(
        "anchor",
        public=dict.fromkeys(("checkpoint_sha256", "gen_time", "office", "reply_sha256", "token_sha256"), "x"),
    )
    log(ledger, observed(1), anchor)
    first, second = open_events(ledger.engine, [0, 1], CASEWORK)
    assert first.record is not None
    assert (first.record.values["text"], first.leaf.type) == ("text 1", "observed")
    assert (second.record, second.index, second.leaf.type) == (None, 1, "anchor")


def test_events_come_in_the_order_asked_for_however_many_are_fetched_at_once(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_module, "_AT_ONCE", 3)
    log(ledger, *map(observed, range(8)))
    asked = (7, 0, 5, 3, 1, 6, 2)
    opened = list(open_events(ledger.engine, asked, CASEWORK))
    assert tuple(event.index for event in opened) == asked
    assert [event.record.values["text"] for event in opened if event.record] == [f"text {index}" for index in asked]


def test_what_speaks_of_a_case_is_its_items_their_holes_and_its_own_acts(ledger: Ledger) -> None:
    mine = log(ledger, observed(5), observed(5, kind="file"), observed(None, kind="channel"))  # 0 1 2
    log(ledger, observed(6), observed(5, channel="8"))
    unread = [hole(5, 5, why="mode"), hole(1, 9, why="mode"), hole(6, 6, why="missing_file")]
    log(ledger, *unread, hole(5, 5, channel="8"), hole(None, None, why="mode"))  # 5 6 7 8 9
    case = open_case(ledger.sequencer, ANN)  # 10
    other = open_case(ledger.sequencer, ANN)
    add(ledger, case, *mine)  # 12 13 14
    add(ledger, other, mine[0])
    assert case_event_indexes(ledger.engine, case) == [0, 1, 2, 5, 6, 9, 10, 12, 13, 14]
    assert case_event_indexes(ledger.engine, other) == [0, 5, 6, 9, 11, 15]
    assert case_event_indexes(ledger.engine, "case-0") == []


@pytest.mark.parametrize(("kind", "fills"), [(kind, kind in ("message", "edit", "service")) for kind in Kind])
def test_only_what_saw_the_message_fills_a_gap(ledger: Ledger, kind: str, *, fills: bool) -> None:
    mine = log(ledger, observed(5))
    log(ledger, hole(7, 7), observed(7, kind=kind), hole(7, 7))  # 1 2 3
    case = open_case(ledger.sequencer, ANN)
    add(ledger, case, *mine)
    with reading(ledger.engine) as connection:
        assert closings_of(connection, "7") == ({1: 2} if fills else {})
    # what was closed is told with what closed it; what was known before it was recorded was never open
    assert {1, 3}.intersection(case_event_indexes(ledger.engine, case)) == ({1} if fills else {1, 3})


@pytest.mark.parametrize("why", sorted(OF_A_CHANNEL))
def test_what_nobody_saw_of_the_channel_is_told_with_every_item_of_it(ledger: Ledger, why: str) -> None:
    mine = log(ledger, observed(5))
    log(ledger, hole(1, 2, why=why), hole(8, 9, channel="8", why=why))
    case = open_case(ledger.sequencer, ANN)
    assert case_event_indexes(ledger.engine, case) == [3]
    add(ledger, case, *mine)
    assert case_event_indexes(ledger.engine, case) == [0, 1, 3, 4]


def test_the_authority_of_an_event_is_its_request_and_the_approval(ledger: Ledger) -> None:
    alone = one_person(Act.EXPORT, "a", ANN)
    agreed = two_persons(Act.EXPORT, "b", replace(ANN, approver="bo"))
    log(ledger, *alone.drafts, *agreed.drafts, *two_persons(Act.EXPORT, "c", replace(ANN, approver="bo")).drafts)
    for authority in (alone.request, agreed.request, None, "ab" * 16):
        log(ledger, Draft("case_opened", ANN.values(authority) | {"case": f"case-{authority}"}))
    events = list(open_events(ledger.engine, range(5, 9), CASEWORK))
    assert authority_indexes(ledger.engine, events) == [0, 1, 2]
    assert authority_indexes(ledger.engine, events[2:]) == []
