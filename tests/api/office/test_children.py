"""Counsel's written rule says what becomes of what may show a child; another's list may be the second person."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from api import TOOL
from api.home import Home
from api.office import health
from api.office.approval import Means, approve
from api.office.children import hotlines_here, rule_here
from api.office.erase import Erased, ErasureCause, ErasureWish, erase_items
from api.office.freeze import freeze, lift_freeze, list_freezes
from api.office.hash_list import hash_lists, remove_hash_list
from api.office.hold import EndedHolds, HoldWish, PlacedHold, end_holds, place_hold
from api.office.request import Waiting, find_request
from config.errors import CatalogueError
from evidence.authority import Doer
from evidence.errors import AuthorityError, UnknownItemError
from evidence.finding import Verdict
from evidence.store.database import reading
from evidence.store.freeze import of_one_post
from evidence.store.hold import HoldKind
from evidence.times import system_clock
from tests.appearing import jpeg, photo
from tests.between import while_sealing
from tests.erasing import COUNSEL, erase_now, problems_of, report_now
from tests.freezing import ALONE, FIRST, OTHER, SEEDS, posts_of, ruled
from tests.homes import PASSPHRASE, copy_of, doer, items_of, new_case, records_of, size_of
from tests.homes import Office as Made
from tests.listing import ABUSE, SHARED, give_list, rows_of
from tests.nonempty import nonempty

CHILD = ErasureCause.CHILD


@pytest.fixture(scope="module")
def feared(posted: Made, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A home in which one person froze a message with its picture, and another an album."""
    home = copy_of(posted, tmp_path_factory.mktemp("feared"))
    posts = posts_of(home)
    for number, by in ((OTHER, "zana"), (FIRST, "mira")):
        freeze(home, [posts.files[number]], Doer(by, TOOL, home.clock(), reason="she looks very young"))
    home.engine.dispose()
    return replace(posted, home=home)


@pytest.fixture
def home(feared: Made, tmp_path: Path) -> Iterator[Home]:
    made = copy_of(feared, tmp_path)
    yield made
    made.engine.dispose()


@pytest.fixture
def item(home: Home) -> str:
    """The message that zana froze, with its picture."""
    return list_freezes(home, None).entries[0].freeze.items[0]


@pytest.fixture
def album(home: Home) -> str:
    """A part of the album that mira froze."""
    return list_freezes(home, None).entries[1].freeze.items[0]


def refused(home: Home, item: str, *, counsel: str | None = None, by: Doer | None = None) -> AuthorityError:
    """Why two persons may not destroy it; nothing is logged."""
    before = size_of(home)
    with pytest.raises(AuthorityError) as caught:
        erase_items(home, ErasureWish((item,), CHILD, None, counsel), by or doer(home), home.keys.unlock(PASSPHRASE))
    assert size_of(home) == before
    return caught.value


def hold_police(
    home: Home, item: str, days: int = 9, *, by: Doer | None = None, **more: object
) -> PlacedHold | Waiting:
    wish = HoldWish(HoldKind.POLICE, home.today() + timedelta(days=days), items=(item,))
    return place_hold(home, replace(wish, **more), by or doer(home), home.keys.unlock(PASSPHRASE))  # type: ignore[arg-type]


def order_of(home: Home, since: int) -> dict[str, object]:
    """What the log has of a request made from there on."""
    (asked,) = [each for each in records_of(home, since) if each.type == "requested"]
    order = asked.values["order"]
    assert isinstance(order, dict)
    return dict(order)


def test_without_a_written_rule_counsel_is_asked_and_nothing_goes_before_it_was_reported(home: Home, item: str) -> None:
    error = refused(home, item)
    assert error.code == "authority.child_rule_asks"
    assert "report what was found the same day, and ask counsel" in str(error).lower()
    assert "to be verified by counsel" in str(error)
    assert "no country, or one without a rule: Report" in str(error)
    assert "(no counsel has written a rule yet; " in str(error)
    assert refused(home, item, counsel=" ").code == "authority.child_rule_asks"
    assert refused(home, item, counsel=COUNSEL).code == "authority.child_not_reported"
    report_now(home, item)
    since = size_of(home)
    erase_now(home, item, cause=CHILD)
    order = order_of(home, since)
    assert order["counsel"] == COUNSEL
    assert order["rule"]["then"] == "ask"  # type: ignore[index]
    assert problems_of(home) == []


def test_a_rule_that_destroys_forbids_to_hold_and_names_itself(home: Home, item: str) -> None:
    home = ruled(home, "destroy")
    with pytest.raises(AuthorityError) as caught:
        hold_police(home, item)
    assert caught.value.code == "authority.child_rule_destroys"
    assert "SI: Once it is reported: destroy. (written by A. Counsel on 2026-01-02)" in str(caught.value)
    whole = HoldWish(HoldKind.POLICE, home.today() + timedelta(days=9), new_case_of(home, item))
    with pytest.raises(AuthorityError) as caught:  # a case that has it is not held for the police either
        place_hold(home, whole, doer(home))
    assert caught.value.code == "authority.child_rule_destroys"
    assert refused(home, item).code == "authority.child_not_reported"
    report_now(home, item)
    keys = home.keys.unlock(PASSPHRASE)
    assert isinstance(erase_items(home, ErasureWish((item,), CHILD, None), doer(home), keys), Erased)


def new_case_of(home: Home, item: str) -> str:
    """A case that has an item which is frozen again afterwards."""
    casework, ann = home.keys.unlock(PASSPHRASE).casework, doer(home)
    lift_freeze(home, [item], ann, casework)
    case = new_case(home, [item])
    freeze(home, [item], Doer("zana", TOOL, home.clock(), reason="again"))
    return case


def test_a_rule_that_holds_is_followed_and_once_the_police_have_it_it_may_go(home: Home, item: str) -> None:
    home = ruled(home, "hold", days=10)
    report_now(home, item)
    assert refused(home, item, counsel=COUNSEL).code == "authority.child_rule_holds"
    with pytest.raises(AuthorityError) as caught:
        hold_police(home, item, 11)
    assert (caught.value.code, caught.value.facts["expected"]) == (
        "authority.child_rule_days",
        (home.today() + timedelta(days=10)).isoformat(),
    )
    with pytest.raises(AuthorityError) as caught:
        hold_police(home, item, by=doer(home, approver="zana"))
    assert caught.value.code == "authority.froze_it"
    placed = hold_police(home, item)
    assert isinstance(placed, PlacedHold)
    assert refused(home, item).code == "authority.held"
    assert isinstance(end_holds(home, [placed.hold_id], doer(home)), EndedHolds)
    erase_now(home, item, cause=CHILD)
    assert problems_of(home) == []


@pytest.mark.slow
def test_a_rule_that_nobody_has_verified_decides_nothing(home: Home, item: str) -> None:
    home = ruled(home, "destroy", verified_by=None)
    error = refused(home, item)
    assert error.code == "authority.child_rule_asks"
    assert "to be verified by counsel" in str(error)
    assert isinstance(hold_police(home, item, counsel=COUNSEL), PlacedHold)


def test_what_one_person_wants_held_for_the_police_waits_for_another_and_then_doctor_is_content(
    home: Home, item: str, album: str
) -> None:
    asked = hold_police(home, item, 60, by=doer(home, approver=None), counsel=COUNSEL)
    assert isinstance(asked, Waiting)
    late = Home.open(home.path, lambda: system_clock() + timedelta(days=2))
    assert [each.code for each in health.freezes(late)] == ["freezes.late"] * 2
    casework = home.keys.unlock(PASSPHRASE).casework
    request = find_request(home, asked.request, casework)
    with pytest.raises(AuthorityError):  # whoever froze it agrees to no end of the wait
        approve(home, request, replace(doer(home, approver=None), actor="zana"), Means(casework))
    done = approve(home, request, replace(doer(home, approver=None), actor="bo"), Means(casework)).done
    assert isinstance(done, PlacedHold)
    assert [(each.code, each.verdict) for each in health.freezes(late)] == [("freezes.late", Verdict.FAILED)]
    told = {each.freeze.items[0]: (each.late, each.held) for each in list_freezes(late, None).entries}
    assert told == {item: (False, True), album: (True, False)}
    end_holds(home, [done.hold_id], doer(home))
    assert [each.code for each in health.freezes(late)] == ["freezes.late"] * 2, "it waits again"
    late.engine.dispose()
    assert problems_of(home) == []


@pytest.mark.slow
def test_a_hold_from_before_the_freeze_and_one_of_another_kind_decide_nothing(home: Home, item: str) -> None:
    lift_freeze(home, [item], doer(home), home.keys.unlock(PASSPHRASE).casework)
    until = home.today() + timedelta(days=60)
    for kind in nonempty((HoldKind.POLICE, HoldKind.LEGAL)):
        place_hold(home, HoldWish(kind, until, items=(item,)), doer(home, approver=None))
    freeze(home, [item], Doer("zana", TOOL, home.clock(), reason="again"))
    assert [each.held for each in list_freezes(home, None).entries] == [False, False]


def test_an_authoritys_list_that_has_the_very_file_stands_for_the_second_person_and_the_log_says_which(
    home: Home, item: str
) -> None:
    wish, keys = ErasureWish((item,), CHILD, None, COUNSEL, on_list=True), home.keys.unlock(PASSPHRASE)
    alone = doer(home, approver=None)
    report_now(home, item)
    picture = jpeg(photo(seed=SEEDS[OTHER]))

    def not_listed(by: Doer = alone) -> None:
        with pytest.raises(AuthorityError) as caught:
            erase_items(home, wish, by, keys)
        assert caught.value.code == "authority.child_not_listed"

    not_listed()
    give_list(home, rows_of(sha256=[picture]), SHARED)  # it says nothing of a child
    not_listed()
    give_list(home, rows_of(pdq=[picture]), ABUSE)  # a picture that is only like it
    not_listed()
    give_list(home, rows_of(md5=[picture]), ABUSE)
    not_listed()  # ann brought the list: that would be one person twice
    by = replace(alone, actor="bo")
    with reading(home.engine) as connection:
        beside = of_one_post(connection, item)
    other = next(each.item_id for each in items_of(home) if each.item_id not in beside)
    freeze(home, [other], Doer("zana", TOOL, home.clock(), reason="no list knows it"))
    report_now(home, item, other)
    for both in ((item, other), (other, item)):
        with pytest.raises(AuthorityError) as caught:
            erase_items(home, replace(wish, items=both), by, keys)
        assert (caught.value.code, str(caught.value.where)) == ("authority.child_not_listed", other)
    lift_freeze(home, [other], doer(home), keys.casework)
    since = size_of(home)
    assert isinstance(erase_items(home, wish, by, keys), Erased)
    asked, word, erased = [each for each in records_of(home, since) if each.type != "frozen"]
    assert [each.type for each in (asked, word, erased)] == ["requested", "approved", "erased"]
    assert (word.values["actor"], word.values["approver"], erased.values["actor"]) == (None, None, "bo")
    assert order_of(home, since)["list"] == hash_lists(home, keys.casework)[-1].event_id
    assert problems_of(home) == []
    assert problems_of(home, passphrase=None) == []
    assert [each.code for each in health.reviews(home)] == []


@pytest.mark.slow
def test_a_list_decides_on_a_hold_too(home: Home, item: str) -> None:
    give_list(home, rows_of(sha256=[jpeg(photo(seed=SEEDS[OTHER]))]), ABUSE)
    by = replace(doer(home, approver=None), actor="bo")
    assert isinstance(hold_police(home, item, by=by, counsel=COUNSEL, on_list=True), PlacedHold)
    assert [each.held for each in list_freezes(home, None).entries] == [True, False]


def test_a_list_that_was_removed_meanwhile_decides_nothing(home: Home, item: str) -> None:
    listed = give_list(home, rows_of(sha256=[jpeg(photo(seed=SEEDS[OTHER]))]), ABUSE).done.case_id
    report_now(home, item)
    by, keys = replace(doer(home, approver=None), actor="bo"), home.keys.unlock(PASSPHRASE)

    def gone() -> None:
        other = Home.open(home.path)
        remove_hash_list(other, listed, doer(other))
        other.engine.dispose()

    with while_sealing("held", gone), pytest.raises(AuthorityError) as caught:
        hold_police(home, item, by=by, counsel=COUNSEL, on_list=True)
    assert caught.value.code == "authority.child_not_listed"
    listed = give_list(home, rows_of(sha256=[jpeg(photo(seed=SEEDS[OTHER]))]), ABUSE).done.case_id
    with while_sealing("erased", gone), pytest.raises(AuthorityError) as caught:
        erase_items(home, ErasureWish((item,), CHILD, None, COUNSEL, on_list=True), by, keys)
    assert caught.value.code == "authority.child_not_listed"
    assert {"held", "erased"}.isdisjoint(record.type for record in records_of(home))


def test_what_is_not_frozen_is_held_for_the_police_at_once_and_asks_no_rule(home: Home) -> None:
    home = ruled(home, "destroy")
    shown = posts_of(home).messages[ALONE]
    assert isinstance(hold_police(home, shown, by=doer(home, approver=None)), PlacedHold)
    frozen = list_freezes(home, None).entries[0].freeze.items[0]
    home = ruled_again(home)
    wish = HoldWish(HoldKind.POLICE, home.today(), items=(shown, frozen), counsel=COUNSEL)
    with pytest.raises(UnknownItemError, match="not frozen"):  # one decision is not of both
        place_hold(home, wish, doer(home), home.keys.unlock(PASSPHRASE))


def ruled_again(home: Home) -> Home:
    """The home without the rule."""
    file = home.path / "nisisama.toml"
    file.write_text(file.read_text().partition("\n[children]")[0])
    return Home.open(home.path, home.clock)


def test_the_rule_and_the_hotlines_are_of_the_country_and_a_file_that_does_not_fit_is_refused(home: Home) -> None:
    assert rule_here(home).country is None
    assert (rule_here(home, "RS").country, [each.name for each in hotlines_here(home, "RS")]) == ("RS", ["Net Patrola"])
    home = ruled(home, "hold", days=3)
    assert (rule_here(home).hold_days, rule_here(home).written_on) == (3, date(2026, 1, 2))
    (home.path.parent / "children.json").write_text("{}")
    with pytest.raises(CatalogueError):
        rule_here(home)


def test_what_waits_is_refused_once_counsels_rule_is_another_than_the_order_names(home: Home, item: str) -> None:
    casework, bo = home.keys.unlock(PASSPHRASE).casework, replace(doer(home, approver=None), actor="bo")
    alone = doer(home, approver=None)
    report_now(home, item)
    held = hold_police(home, item, by=alone, counsel=COUNSEL)
    erased = erase_items(home, ErasureWish((item,), CHILD, None, COUNSEL), alone, None)
    newer = ruled(home, "ask")  # it asks counsel as before, and is counsel's own
    before = size_of(newer)
    for asked in nonempty((held, erased)):
        assert isinstance(asked, Waiting)
        with pytest.raises(AuthorityError) as caught:
            approve(newer, find_request(newer, asked.request, casework), bo, Means(casework))
        assert caught.value.code == "authority.child_rule_changed"
        assert "SI: Once it is reported: ask. (written by A. Counsel on 2026-01-02)" in str(caught.value)
    assert size_of(newer) == before
    newer.engine.dispose()
    approve(home, find_request(home, held.request, casework), bo, Means(casework))  # the control: the same rule
