"""What is held nobody erases, until two persons end the hold; the log says who held it, and why."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from api.home import Home
from api.office import keep_health
from api.office.approval import Means, approve
from api.office.erase import ErasureCause
from api.office.freeze import freeze
from api.office.hold import EndedHolds, HoldWish, end_holds, hold_reasons, list_holds, place_hold
from api.office.request import Waiting, find_request
from evidence.errors import AuthorityError, UnknownItemError
from evidence.store.hold import HoldKind
from evidence.times import system_clock
from tests.erasing import COUNSEL, erase_now, problems_of
from tests.freezing import ALONE, OTHER, Posts, posts_of, take_posts
from tests.homes import PASSPHRASE, copy_of, doer, new_case, new_home
from tests.homes import Office as Made


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("posted")
    home, cards = new_home(folder / "home")
    take_posts(home, folder / "export")
    home.engine.dispose()
    return Made(home, cards, None)  # type: ignore[arg-type] - its export is another


@pytest.fixture
def home(posted: Made, tmp_path: Path) -> Iterator[Home]:
    made = copy_of(posted, tmp_path)
    yield made
    made.engine.dispose()


@pytest.fixture
def posts(home: Home) -> Posts:
    return posts_of(home)


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
