"""Who takes her consent back is hidden at once, gone within a day, and told so; nobody else loses anything."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.home import Home
from api.office import keep_health, withdrawal
from api.office.approval import Means, approve
from api.office.backup import back_up
from api.office.case import add_items, record_consent, show_case
from api.office.erase import Erased
from api.office.freeze import freeze
from api.office.hold import HoldWish, place_hold
from api.office.request import Waiting, find_request
from api.office.withdrawal import WithdrawalWish, Withdrawn, withdraw_case, write_answer
from evidence.errors import AuthorityError, HomeError, UnknownItemError
from evidence.store.database import reading
from evidence.store.freeze import is_frozen
from evidence.store.hold import HoldKind
from evidence.times import system_clock
from tests.api.office.test_erase import put_back, untold
from tests.appearing import look_out
from tests.between import before_a_turn
from tests.erasing import canaries_of, erase_now, problems_of
from tests.freezing import AGAIN, ALONE, FIRST, OTHER, SECOND, Posts
from tests.homes import PASSPHRASE, consent_to, doer, export_of, items_of, new_case
from tests.nonempty import nonempty


@pytest.fixture
def home(posted_home: Home) -> Home:
    return posted_home


def take_back(home: Home, case: str, *, approver: str | None = None) -> Withdrawn:
    wish = WithdrawalWish(case, "mila", home.today(), "sq")
    return withdraw_case(home, wish, doer(home, approver=approver), home.keys.unlock(PASSPHRASE))


def at(home: Home, **ahead: int) -> Home:
    return Home.open(home.path, lambda: system_clock() + timedelta(**ahead))


def test_one_person_hides_all_of_it_at_once_and_a_second_destroys_it(home: Home, posts: Posts) -> None:
    hers, case = posts.of(OTHER), new_case(home, sorted(posts.of(OTHER)))
    record_consent(home, case, consent_to(home, "check", "lawyer"), doer(home))
    assert hers <= {each.item_id for each in items_of(home)}  # the control
    asked = take_back(home, case).erasure
    assert isinstance(asked, Waiting)
    assert not hers & {each.item_id for each in items_of(home)}
    casework = home.keys.unlock(PASSPHRASE).casework
    shown = show_case(home, case, doer(home), casework)
    assert (shown.items.entries, shown.frozen) == ((), 2)
    assert [each.code for each in keep_health.withdrawals(home)] == ["withdrawals.waiting"]
    done = approve(
        home, find_request(home, asked.request, casework), replace(doer(home), actor="bo"), Means(casework)
    ).done
    assert isinstance(done, Erased)
    assert (set(done.items), list(keep_health.withdrawals(home))) == (hers, [])
    assert problems_of(home) == []


def test_what_another_case_has_stays_there_and_what_is_hidden_is_taken_by_nobody(home: Home, posts: Posts) -> None:
    ours = posts.messages[OTHER]
    mine, theirs = new_case(home, sorted(posts.of(OTHER, ALONE))), new_case(home, [ours])
    done = take_back(home, mine)
    assert set(done.closed.goes) == posts.of(OTHER, ALONE) - {ours}
    casework = home.keys.unlock(PASSPHRASE).casework
    shown = show_case(home, theirs, doer(home), casework)
    assert [each.item_id for each in shown.items.entries] == [ours]
    with pytest.raises(UnknownItemError, match="took back"):
        add_items(home, theirs, (posts.messages[ALONE],), doer(home))
    with pytest.raises(AuthorityError, match="took back"):
        add_items(home, mine, (posts.messages[FIRST],), doer(home))
    take_back(home, mine, approver="bo")
    assert [each.item_id for each in show_case(home, theirs, doer(home), casework).items.entries] == [ours]
    assert problems_of(home) == []


def test_what_is_held_or_may_show_a_child_waits_and_the_rest_goes(home: Home, posts: Posts) -> None:
    case = new_case(home, sorted(posts.of(OTHER, ALONE, FIRST)))
    held = HoldWish(HoldKind.LEGAL, home.today() + timedelta(days=9), items=(posts.files[OTHER],))
    place_hold(home, held, replace(doer(home), reason="the court asked"))
    freeze(home, [posts.files[FIRST]], doer(home))
    done = take_back(home, case, approver="bo")
    assert isinstance(done.erasure, Erased)
    assert set(done.erasure.items) == posts.of(ALONE) | {posts.messages[OTHER]}
    assert (set(done.closed.held), done.closed.frozen) == ({posts.files[OTHER]}, posts.of(FIRST))
    assert take_back(home, case).erasure is None
    assert posts.files[OTHER] not in {each.item_id for each in items_of(home)}
    assert problems_of(home) == []


def test_no_copy_of_what_she_took_back_is_frozen_or_compared(home: Home, posts: Posts) -> None:
    """A frozen file's copies are frozen as well; hers were posted elsewhere, and concern nobody's decision."""
    take_back(home, new_case(home, sorted(posts.of(FIRST, SECOND))))
    look_out(home)
    with reading(home.engine) as connection:
        assert not is_frozen(connection, posts.files[AGAIN])
    assert posts.files[AGAIN] in {each.item_id for each in items_of(home)}


def test_doctor_warns_before_the_day_is_over_and_is_red_after_it(home: Home, posts: Posts) -> None:
    take_back(home, new_case(home, sorted(posts.of(OTHER))))
    for hours, code in nonempty([(1, "withdrawals.waiting"), (20, "withdrawals.soon"), (25, "withdrawals.late")]):
        then = at(home, hours=hours)
        assert [each.code for each in keep_health.withdrawals(then)] == [code]
        then.engine.dispose()


def test_who_gives_her_consent_again_in_time_has_her_case_back(home: Home, posts: Posts) -> None:
    case = new_case(home, sorted(posts.of(OTHER)))
    take_back(home, case)
    record_consent(home, case, consent_to(home, "check"), doer(home))
    assert posts.of(OTHER) <= {each.item_id for each in items_of(home)}
    with pytest.raises(AuthorityError, match="has not taken back"):
        write_answer(home, case, "en", home.path / "x.txt", doer(home), home.keys.unlock(PASSPHRASE).casework)
    assert problems_of(home) == []


def test_her_answer_says_what_went_what_stays_and_why_in_her_language(home: Home, posts: Posts, tmp_path: Path) -> None:
    case, casework = new_case(home, sorted(posts.of(OTHER, ALONE))), home.keys.unlock(PASSPHRASE).casework
    held = HoldWish(HoldKind.LEGAL, home.today(), items=tuple(sorted(posts.of(OTHER))))
    place_hold(home, held, replace(doer(home), reason="the court asked"))
    take_back(home, case, approver="bo")
    for language in nonempty(["sq", "sr-Latn"]):
        done = write_answer(home, case, language, tmp_path / f"{language}.txt", doer(home), casework)
        text = done.out.read_text()
        assert (done.answer.destroyed[0].items, done.answer.held, done.answer.left) == (2, 2, 0)
        assert "the court asked" in text
        assert not any(telling in text for number in (OTHER, ALONE) for telling in posts.telling(number))
        assert done.pdf is not None
        assert done.pdf.read_bytes().startswith(b"%PDF")


@pytest.mark.slow
def test_scenario_12_the_next_day_no_backup_has_it_the_log_verifies_and_she_is_told_who_has_it(
    home: Home, posts: Posts, tmp_path: Path
) -> None:
    hers, case = sorted(posts.of(OTHER)), new_case(home, sorted(posts.of(OTHER)))
    record_consent(home, case, consent_to(home, "lawyer"), doer(home))
    export_of(home, case, tmp_path / "her.asice", "lawyer")
    backup = back_up(home, tmp_path / "disk", with_keys=False, progress=untold).path
    take_back(home, case, approver="bo")
    assert problems_of(home) == []
    casework = home.keys.unlock(PASSPHRASE).casework
    answer = write_answer(home, case, "en", tmp_path / "answer.txt", doer(home), casework)
    assert "for: the lawyer." in " ".join(answer.out.read_text().split())
    home.engine.dispose()
    with pytest.raises(HomeError, match="it is older"):  # so nobody adds to it; reading is what is tried here
        put_back(home, backup)
    restored = Home.open(home.path)
    held = canaries_of(restored, hers, {})
    assert (held.raw, [each for each in hers if each in {row.item_id for row in items_of(restored)}]) == ({}, [])
    restored.engine.dispose()


def test_a_request_from_before_she_consented_again_destroys_nothing(home: Home, posts: Posts) -> None:
    case = new_case(home, sorted(posts.of(OTHER)))
    asked = take_back(home, case).erasure
    record_consent(home, case, consent_to(home, "check"), doer(home))
    assert isinstance(asked, Waiting)
    casework = home.keys.unlock(PASSPHRASE).casework
    request = find_request(home, asked.request, casework)
    with pytest.raises(AuthorityError, match="changed meanwhile"):
        approve(home, request, replace(doer(home), actor="bo"), Means(casework))
    assert posts.of(OTHER) <= {each.item_id for each in items_of(home)}
    again = take_back(home, case, approver="bo").erasure  # the control
    assert isinstance(again, Erased)


def test_what_a_hold_of_her_case_keeps_stays_when_the_other_case_gives_it_up(home: Home, posts: Posts) -> None:
    ours = posts.files[OTHER]
    mine, theirs = new_case(home, [ours]), new_case(home, [ours])
    held = place_hold(home, HoldWish(HoldKind.LEGAL, home.today() + timedelta(days=9), case_id=mine), doer(home))
    take_back(home, mine)
    with pytest.raises(AuthorityError, match=held.hold_id):
        erase_now(home, ours, case=theirs)


def agree_again(home: Home, case: str) -> None:
    """Her consent, recorded by another opening of the home."""
    other = Home.open(home.path)
    record_consent(other, case, consent_to(other, "lawyer"), doer(other))
    other.engine.dispose()


def test_who_consents_again_while_two_persons_destroy_loses_nothing(
    home: Home, posts: Posts, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = new_case(home, sorted(posts.of(OTHER)))
    take_back(home, case)
    with before_a_turn(lambda: agree_again(home, case)), pytest.raises(AuthorityError) as caught:
        take_back(home, case, approver="bo")
    assert caught.value.code == "authority.erase_changed"
    take_back(home, case)
    erase = withdrawal.erase_items

    def consented(*given: Any, **more: Any) -> Any:  # noqa: ANN401 - passed on
        agree_again(home, case)
        return erase(*given, **more)

    monkeypatch.setattr(withdrawal, "erase_items", consented)
    with pytest.raises(AuthorityError) as caught:
        take_back(home, case, approver="bo")
    assert caught.value.code == "authority.erase_changed"
    assert posts.of(OTHER) <= {each.item_id for each in items_of(home)}
    monkeypatch.undo()
    assert isinstance(take_back(home, case, approver="bo").erasure, Erased)  # the control
