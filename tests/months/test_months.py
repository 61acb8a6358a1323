"""Over months of acts, kills and restores, everybody reads exactly what the rules say (``tests.months.model``).

    MONTHS=0:200 pytest -m slow tests/months    these seeds, each of forty acts

``WALK`` meets each rule once and is not drawn; the faults below are found by it.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.office import item
from evidence.store.erase import CLASSES
from evidence.store.upgrade import stands
from tests.months.model import Exhibit, KeptBy, PostPlace, Thing
from tests.months.office import OTHER, POSTS, WATCHED, MonthsOffice
from tests.months.schedule import Months

SAMPLE = 6
MANY = range(100, 112)
STEPS = 40


def sealed(channel: str, number: int, kind: str) -> Exhibit:
    return Exhibit(Thing(PostPlace(channel, number), kind), "sealed")


HERS, ITS_FILE = sealed(WATCHED, 2, "message"), sealed(WATCHED, 2, "file")
SHARED = sealed(OTHER, 3, "file")
HELD, FREE = sealed(OTHER, 1, "message"), sealed(OTHER, 3, "message")
CHILD, BYSTANDER = sealed(WATCHED, 3, "file"), sealed(WATCHED, 1, "message")


@contextmanager
def months(folder: Path, seed: int) -> Iterator[Months]:
    office = MonthsOffice.begin(folder)
    try:
        yield Months(office, seed)
    finally:
        office.close()


def walk(on: Months) -> None:
    """Each rule once."""
    everything, hers = set(POSTS), {HERS, ITS_FILE, SHARED}

    def take_in() -> None:
        at = on.office.clock.now
        on.both("take in", lambda o: o.take_in(everything, "sealed"), lambda m: m.take_in(everything, "sealed", at))

    def withdraw() -> None:
        at = on.office.clock.now
        on.keep_traces({HERS, ITS_FILE})
        on.both("withdraw", lambda o: o.withdraw(0, destroy=False), lambda m: m.withdraw(0, at))

    def retain() -> None:
        now = on.office.clock.now
        on.both("retain", lambda o: o.retain(), lambda m: m.retain(now))

    def hold() -> None:
        kept = KeptBy(binds=True, until=on.office.clock.now, since=on.model.step, exhibits=frozenset({HELD}))
        on.both("hold", lambda o: o.hold(1, kept), lambda m: m.hold(1, kept))

    steps: Sequence[tuple[int, Callable[[], object]]] = (
        (0, take_in),
        (0, on.open_case),
        (0, on.open_case),
        (0, lambda: on.both("add", lambda o: o.add(0, hers), lambda m: m.add(0, hers))),
        (0, lambda: on.both("add", lambda o: o.add(1, {SHARED}), lambda m: m.add(1, {SHARED}))),
        (0, on.back_up),
        (1, lambda: on.both("freeze", lambda o: o.freeze(CHILD), lambda m: m.freeze(CHILD))),
        (1, hold),
        (9, withdraw),
        (1, lambda: on.both("destroy", lambda o: o.withdraw(0, destroy=True), lambda m: m.destroy(0))),
        (1, lambda: on.both("erase", lambda o: o.erase({HELD}, None), lambda m: m.erase({HELD}, None))),
        (9, take_in),
        (1, on.put_back_beside),
        (95, retain),
        (300, retain),
    )  # fmt: skip
    for days, act in steps:
        on.step(act, days)
    on.require_sound()


def test_each_rule_of_what_may_be_read_is_met_once(tmp_path: Path) -> None:
    with months(tmp_path, 1) as on:
        walk(on)
        assert on.model.kept.keys() >= {HELD, CHILD}
        assert not on.model.kept.keys() & {HERS, BYSTANDER, FREE}


@pytest.mark.repeats
def test_nothing_more_and_nothing_less_can_be_read_than_the_rules_say(tmp_path: Path) -> None:
    with months(tmp_path, SAMPLE) as on:
        on.play(6)


@pytest.mark.slow
def test_over_many_months_nothing_more_and_nothing_less_can_be_read(tmp_path: Path) -> None:
    first, _, end = os.environ.get("MONTHS", "").rpartition(":")
    seeds = range(int(first or 0), int(end)) if end else MANY
    failed = dict[int, str]()
    for seed in seeds:
        with months(tmp_path / str(seed), seed) as on:
            try:
                on.play(STEPS)
                on.require_exported()
                on.require_sound()
            except AssertionError as error:
                failed[seed] = str(error)
    assert not failed


# Faults that it must find


def lists_what_is_frozen(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(item.Chosen, "conditions", lambda _self: [stands()])


def nothing(*_arguments: Any, **_more: Any) -> None:  # noqa: ANN401
    """Does nothing."""


def freezes_no_copy(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("api.office.freeze.freeze_copies", nothing)
    patch.setattr("casefiles.appearance.freeze_copies", nothing)


def shows_her_case(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("api.office.item.require_shown", nothing)


def takes_anothers_exhibit(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("api.office.case.shared_items", lambda *_arguments: [])


def erases_what_is_held(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("api.office.erase.require_not_held", nothing)


def revives_by_import(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("evidence.intake.known.erased_marks", lambda *_arguments: [])


def revives_by_restore(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("api.home.risen", lambda *_arguments: [])


def keeps_without_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("api.office.retention.due_items", lambda *_arguments, **_more: [])


def ends_what_is_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("evidence.store.retention.not_held", lambda *_arguments, **_more: sa.true())
    patch.setattr("api.office.erase.require_not_held", nothing)


def leaves_what_is_sealed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("evidence.store.erase.CLASSES", {**CLASSES, "sealed": "left by a fault"})


FAULTS = (
    lists_what_is_frozen,
    freezes_no_copy,
    shows_her_case,
    takes_anothers_exhibit,
    erases_what_is_held,
    revives_by_import,
    revives_by_restore,
    keeps_without_end,
    ends_what_is_kept,
    leaves_what_is_sealed,
)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(
    fault: Callable[[pytest.MonkeyPatch], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item._page_statement.cache_clear()
    fault(monkeypatch)
    with months(tmp_path, 1) as on, pytest.raises(Exception):  # noqa: B017, PT011 - a command may meet it first
        walk(on)
    item._page_statement.cache_clear()
