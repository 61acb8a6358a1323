"""What no case claims in time is destroyed by a rule that two persons agreed to, unless somebody keeps it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from api.home import Home
from api.office import keep_health
from api.office.approval import Means, approve
from api.office.case import remove_items
from api.office.hold import HoldWish, place_hold
from api.office.intake import Wish, import_export
from api.office.request import Waiting, find_request
from api.office.retention import RetentionRun, Ruled, agree_to_rule, count_soon, run_retention
from evidence.errors import AuthorityError
from evidence.observation import Mode
from evidence.store.hold import HoldKind
from evidence.times import system_clock
from tests.between import while_sealing
from tests.erasing import problems_of
from tests.freezing import ALONE, FIRST, OTHER, SAID, SECOND, Posts, write_album
from tests.homes import (
    LEGAL_BASIS,
    PASSPHRASE,
    doer,
    items_of,
    new_case,
    new_home,
    records_of,
    size_of,
    take_in,
)


@pytest.fixture
def home(posted_home: Home) -> Home:
    return posted_home


def after(home: Home, days: int) -> Home:
    """The same home so many days later."""
    home.engine.dispose()
    return Home.open(home.path, lambda: system_clock() + timedelta(days=days))


def run(home: Home) -> RetentionRun:
    return run_retention(home, doer(home, approver=None), home.keys.unlock(PASSPHRASE).casework)


def test_a_year_later_what_no_case_has_goes_and_what_somebody_keeps_stays(home: Home, posts: Posts) -> None:
    agree_to_rule(home, doer(home))
    new_case(home, sorted(posts.of(OTHER)))
    held = posts.messages[ALONE]
    place_hold(home, HoldWish(HoldKind.LEGAL, home.today() + timedelta(days=9), items=(held,)), doer(home))
    renewed = HoldWish(HoldKind.RENEWAL, home.today() + timedelta(days=500), items=(posts.messages[FIRST],))
    place_hold(home, renewed, doer(home))
    early = after(home, 300)
    agree_to_rule(early, doer(early))  # the control: a run before the year is over destroys nothing
    assert run(early).erased == 0
    year = after(early, 370)
    agree_to_rule(year, doer(year))
    assert run(year).erased > 0
    left = {each.item_id for each in items_of(year)}
    assert left >= posts.of(OTHER) | {held, posts.messages[FIRST]}
    assert not left & (posts.of(SECOND) | {posts.files[ALONE], posts.files[FIRST]})
    assert run(year).erased == 0
    assert problems_of(year) == []
    later = after(year, 501)
    agree_to_rule(later, doer(later))
    assert run(later).erased == 1
    assert held in {each.item_id for each in items_of(later)}
    later.engine.dispose()


def test_nothing_is_destroyed_by_a_rule_that_two_did_not_agree_to(home: Home) -> None:
    year = after(home, 370)
    with pytest.raises(AuthorityError, match="not agreed"):
        run(year)
    agree_to_rule(year, doer(year))
    with (year.path / "nisisama.toml").open("a") as settings:
        settings.write("\n[retention]\nunclaimed_days = 200\n")
    changed = after(year, 371)
    with pytest.raises(AuthorityError, match="not the one that two persons agreed to"):
        run(changed)
    agree_to_rule(changed, doer(changed))
    assert run(changed).erased > 0  # the control
    changed.engine.dispose()


def test_a_second_person_agrees_later_and_each_run_names_that_request(home: Home, posts: Posts) -> None:
    asked = agree_to_rule(home, doer(home, approver=None))
    assert isinstance(asked, Waiting)
    casework = home.keys.unlock(PASSPHRASE).casework
    done = approve(
        home, find_request(home, asked.request, casework), replace(doer(home), actor="bo"), Means(casework)
    ).done
    assert isinstance(done, Ruled)
    year = after(home, 370)
    new_case(year, [posts.messages[OTHER]])  # its stamp says that a year is over
    before = size_of(year)
    assert run(year).erased > 0
    erased = [record for record in records_of(year, before) if record.type == "erased"]
    assert {record.values["authority"] for record in erased} == {asked.request}
    assert {record.values["approver"] for record in erased} == {"bo"}
    assert problems_of(year) == []
    year.engine.dispose()


def test_a_clock_that_runs_ahead_destroys_nothing(home: Home) -> None:
    agree_to_rule(home, doer(home))
    ahead = after(home, 370)
    assert count_soon(ahead) == (0, 0)  # no time stamp says that a year is over
    agree_to_rule(ahead, doer(ahead))
    assert count_soon(ahead)[0] > 0  # the control
    ahead.engine.dispose()


def test_doctor_gives_notice_and_asks_for_the_run(home: Home) -> None:
    soon = after(home, 350)
    agree_to_rule(soon, doer(soon))
    assert [each.code for each in keep_health.retention_due(soon)] == ["retention.notice"]
    due = after(soon, 370)
    agree_to_rule(due, doer(due))
    assert [each.code for each in keep_health.retention_due(due)] == ["retention.due"]
    due.engine.dispose()


def test_one_person_cannot_have_anything_destroyed_by_taking_it_out_of_a_case(home: Home, posts: Posts) -> None:
    agree_to_rule(home, doer(home))
    case = new_case(home, sorted(posts.of(OTHER, ALONE)))
    year = after(home, 370)
    agree_to_rule(year, doer(year))
    remove_items(year, case, tuple(posts.of(OTHER)), doer(year))
    assert run(year).erased > 0
    assert posts.of(OTHER) <= {each.item_id for each in items_of(year)}
    assert count_soon(year) == (0, 2)  # it is told, for the days of notice
    stamped = after(year, 371)
    agree_to_rule(stamped, doer(stamped))  # its stamp says when the case no longer had it
    later = after(stamped, 402)
    agree_to_rule(later, doer(later))
    assert run(later).erased == 2  # the control
    later.engine.dispose()


def test_what_was_kept_lately_in_another_mode_keeps_the_older(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    export = write_album(tmp_path / "export", {OTHER: SAID[OTHER]})
    take_in(home, export, Mode.METADATA_ONLY)
    older = {each.item_id for each in items_of(home)}
    then = after(home, 370)
    (basis := tmp_path / "basis.toml").write_text(LEGAL_BASIS.format(expires=then.today()))
    import_export(then, Wish(export, None, "mila", Mode.SEALED, basis, doer(then)))
    younger = {each.item_id for each in items_of(then)} - older
    agree_to_rule(then, doer(then))
    run(then)
    assert younger
    assert younger <= {each.item_id for each in items_of(then)}
    later = after(then, 741)
    agree_to_rule(later, doer(later))
    run(later)
    assert not younger & {each.item_id for each in items_of(later)}  # the control
    later.engine.dispose()


def test_a_run_destroys_nothing_by_a_rule_that_two_persons_replaced_meanwhile(home: Home, posts: Posts) -> None:
    agree_to_rule(home, doer(home))
    home = after(home, 400)
    agree_to_rule(home, doer(home))  # stamped now

    def again() -> None:
        other = Home.open(home.path, home.clock)
        agree_to_rule(other, doer(other))
        other.engine.dispose()

    with while_sealing("erased", again), pytest.raises(AuthorityError) as caught:
        run(home)
    assert caught.value.code == "authority.retention_changed"
    assert posts.of(OTHER) <= {each.item_id for each in items_of(home)}
    assert run(home).erased > 0  # the control
