"""What is held nobody erases, until two persons end the hold; the log says who held it, and why."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from api.home import Home
from api.office import keep_health
from api.office.approval import Means, approve
from api.office.erase import ErasureCause
from api.office.freeze import freeze, lift_freeze, list_freezes
from api.office.hold import EndedHolds, HoldWish, PlacedHold, end_holds, hold_reasons, list_holds, place_hold
from api.office.request import Waiting, find_request
from evidence.errors import AuthorityError, UnknownItemError
from evidence.store.hold import HoldKind
from evidence.times import system_clock
from tests.between import while_sealing
from tests.erasing import COUNSEL, erase_now, problems_of
from tests.freezing import ALONE, OTHER, Posts, ruled
from tests.homes import PASSPHRASE, doer, new_case


@pytest.fixture
def home(posted_home: Home) -> Home:
    return posted_home


def later(home: Home, days: int = 30) -> date:
    return home.today() + timedelta(days=days)


def test_what_is_held_is_not_erased_until_two_persons_end_the_hold(home: Home, posts: Posts) -> None:
    item, keys = posts.messages[OTHER], home.keys.unlock(PASSPHRASE)
    held = place_hold(home, HoldWish(HoldKind.LEGAL, later(home), items=(item,)), replace(doer(home), reason="a trial"))
    with pytest.raises(AuthorityError) as caught:
        erase_now(home, item, cause=ErasureCause.MISTAKE)
    assert (caught.value.code, caught.value.facts["found"]) == ("authority.held", held.hold_id)
    assert hold_reasons(home, keys.casework, [held.hold_id]) == ["a trial"]
    asked = end_holds(home, [held.hold_id[:8]], doer(home, approver=None))
    assert isinstance(asked, Waiting)
    with pytest.raises(AuthorityError):
        erase_now(home, item, cause=ErasureCause.MISTAKE)
    request = find_request(home, asked.request, keys.casework)
    done = approve(home, request, replace(doer(home, approver=None), actor="bo"), Means(keys.casework)).done
    assert isinstance(done, EndedHolds)
    erase_now(home, item, cause=ErasureCause.MISTAKE)  # the control: only the hold stood in the way
    assert problems_of(home) == []


def test_a_case_is_held_with_what_it_has_and_the_childrens_path_waits_too(home: Home, posts: Posts) -> None:
    item, case = posts.messages[ALONE], new_case(home, [posts.messages[ALONE]])
    place_hold(home, HoldWish(HoldKind.LEGAL, later(home), case), doer(home))
    with pytest.raises(AuthorityError, match="held"):
        erase_now(home, item, case=case)
    other = posts.messages[OTHER]
    freeze(home, [other], replace(doer(home, approver=None), actor="zana"))
    wish = HoldWish(HoldKind.POLICE, later(home), items=(other,), counsel=COUNSEL)
    place_hold(home, wish, doer(home), home.keys.unlock(PASSPHRASE))
    with pytest.raises(AuthorityError, match="held"):
        erase_now(home, other, cause=ErasureCause.CHILD)
    assert problems_of(home) == []


def test_two_who_end_one_hold_end_it_once(home: Home, posts: Posts) -> None:
    held = place_hold(home, HoldWish(HoldKind.LEGAL, later(home), items=(posts.messages[OTHER],)), doer(home)).hold_id
    waits = end_holds(home, [held], doer(home, approver=None))
    assert isinstance(waits, Waiting)
    end_holds(home, [held], doer(home))
    casework = home.keys.unlock(PASSPHRASE).casework
    with pytest.raises(UnknownItemError, match="no current hold"):
        approve(home, find_request(home, waits.request, casework), replace(doer(home), actor="bo"), Means(casework))
    assert problems_of(home) == []


def test_the_list_says_who_and_why_only_with_the_passphrase_and_doctor_asks_after_the_day(
    home: Home, posts: Posts
) -> None:
    place_hold(home, HoldWish(HoldKind.LEGAL, later(home, 1), items=(posts.messages[OTHER],)), doer(home))
    (closed,) = list_holds(home, None).entries
    (opened,) = list_holds(home, home.keys.unlock(PASSPHRASE).casework).entries
    assert (closed.by, closed.reason, opened.by, opened.reason) == (None, None, "ann", "a test")
    assert list(keep_health.holds(home)) == []
    then = Home.open(home.path, lambda: system_clock() + timedelta(days=3))
    assert [each.code for each in keep_health.holds(then)] == ["holds.late"]
    assert [each.late for each in list_holds(then, None).entries] == [True]
    then.engine.dispose()


@pytest.mark.parametrize("days", [-2, -400])
def test_a_hold_needs_a_day_to_come_a_reason_and_something_that_is_there(home: Home, posts: Posts, days: int) -> None:
    wish = HoldWish(HoldKind.LEGAL, later(home, days), items=(posts.messages[OTHER],))
    with pytest.raises(AuthorityError, match="passed"):
        place_hold(home, wish, doer(home))
    with pytest.raises(AuthorityError, match="reason"):
        place_hold(home, replace(wish, until=later(home)), replace(doer(home), reason=None))
    with pytest.raises(UnknownItemError):
        place_hold(home, replace(wish, until=later(home), items=("f" * 32,)), doer(home))
    with pytest.raises(UnknownItemError):
        end_holds(home, ["f" * 32], doer(home))
    assert list_holds(home, None).entries == ()


def police(home: Home, *items: str, case: str | None = None) -> HoldWish:
    return HoldWish(HoldKind.POLICE, later(home), case, items, COUNSEL)


def frozen_by(home: Home, item: str, name: str = "zana") -> None:
    """Freeze it by another opening of the home."""
    other = Home.open(home.path)
    freeze(other, [item], replace(doer(other, approver=None), actor=name))
    other.engine.dispose()


def test_what_is_frozen_while_its_hold_is_sealed_waits_for_a_second_person(home: Home, posts: Posts) -> None:
    wish, alone = police(home, posts.files[OTHER]), doer(home, approver=None)
    with while_sealing("held", lambda: frozen_by(home, posts.messages[OTHER])):
        asked = place_hold(home, wish, alone)
    assert isinstance(asked, Waiting)
    assert list_holds(home, None).entries == ()
    assert [each.held for each in list_freezes(home, None).entries] == [False]
    free = place_hold(home, police(home, posts.files[ALONE]), alone)  # the control: what is not frozen waits for nobody
    assert isinstance(free, PlacedHold)
    assert problems_of(home) == []


def test_a_case_of_which_something_is_frozen_meanwhile_is_not_held_where_the_rule_forbids_it(
    home: Home, posts: Posts
) -> None:
    home, case = ruled(home, "destroy"), new_case(home, [posts.messages[ALONE]])
    with while_sealing("held", lambda: frozen_by(home, posts.messages[ALONE])), pytest.raises(AuthorityError) as caught:
        place_hold(home, police(home, case=case), doer(home, approver=None))
    assert caught.value.code == "authority.child_rule_destroys"
    assert list_holds(home, None).entries == ()
    home.engine.dispose()


def test_whoever_freezes_it_again_meanwhile_is_not_the_second_person(home: Home, posts: Posts) -> None:
    item, keys = posts.messages[OTHER], home.keys.unlock(PASSPHRASE)
    frozen_by(home, item)

    def again() -> None:
        other = Home.open(home.path)
        lift_freeze(other, [item], doer(other), keys.casework)
        other.engine.dispose()
        frozen_by(home, item, "bo")

    with while_sealing("held", again), pytest.raises(AuthorityError) as caught:
        place_hold(home, police(home, item), doer(home), keys)
    assert caught.value.code == "authority.answered"
    with pytest.raises(AuthorityError) as caught:
        place_hold(home, police(home, item), doer(home), keys)
    assert caught.value.code == "authority.froze_it"
    assert list_holds(home, None).entries == ()
