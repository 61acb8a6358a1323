"""Erasure, withdrawal, hold and retention while an export, an import or an audit runs, on both databases.

The one runs up to one of its turns (an audit: up to one of its statements), then the other is done from its beginning
to its end by another opening of the home, then the first goes on. So each order of the two is met, and not by chance.
Whoever is refused says so. Beside an export or an import, what forgets or keeps is never refused, and did its work.
Whatever the order was, the audit is clean, and what was erased is in no list, in no bundle that was logged later, and
comes back with no import.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.home import Home
from api.made import shown_items
from api.office.case import record_consent
from api.office.database import move_rows
from api.office.hold import HoldWish, list_holds, place_hold
from api.office.retention import agree_to_rule, run_retention
from api.office.withdrawal import WithdrawalWish, withdraw_case
from casefiles.consent import CHECK
from config.errors import Explained
from evidence.custody.sequencer import Sequencer
from evidence.errors import AuthorityError, UnknownItemError
from evidence.finding import Verdict
from evidence.observation import Mode
from evidence.store.database import reading
from evidence.store.erase import tombstones
from evidence.store.hold import HoldKind
from evidence.times import system_clock
from tests.erasing import erase_now, problems_of
from tests.freezing import AGAIN, ALONE, FIRST, OTHER, SAID, SECOND, Posts, take_posts, write_album
from tests.homes import PASSPHRASE, consent_to, copy_of, doer, export_of, items_of, new_case, new_home, take_in
from tests.homes import Office as Made
from tests.postgresql import new_database, serving

YEAR = timedelta(days=400)
Do = Callable[[Home], object]


def later() -> Any:  # noqa: ANN401 - a time
    return system_clock() + YEAR


@dataclass(frozen=True)
class Filled:
    """A home whose items no case has, but for those of one message, which a client's case has."""

    office: Made
    posts: Posts
    case: str


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    folder = tmp_path_factory.mktemp("filled")
    home, cards = new_home(folder / "home")
    posts = take_posts(home, folder / "export")
    case = new_case(home, sorted(posts.of(OTHER, ALONE)))
    home.engine.dispose()
    home = Home.open(home.path, later)
    record_consent(home, case, consent_to(home, CHECK, "lawyer"), doer(home))
    agree_to_rule(home, doer(home))
    home.engine.dispose()
    return Filled(Made(home, cards, None), posts, case)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def socket() -> Iterator[Path]:
    with serving() as folder:
        yield folder


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=(pytest.mark.outside, pytest.mark.slow))])
def begun(request: pytest.FixtureRequest, filled: Filled, tmp_path: Path) -> Callable[[], Home]:
    """Makes copies of the home, on one kind of database."""
    numbers = count()

    def begin() -> Home:
        folder = tmp_path / f"home-{next(numbers)}"
        home = copy_of(filled.office, folder)
        home.engine.dispose()
        if request.param == "postgresql":
            url = new_database(request.getfixturevalue("socket"), "raced")
            move_rows(Home.open(home.path, later), url, lambda _rows: nullcontext(lambda _more: None))
        return Home.open(home.path, later)

    return begin


# What forgets or keeps, and what is to be seen of it afterwards


@dataclass(frozen=True)
class Forgetting:
    """Forgets or keeps, by another opening of the home.

    Attributes:
        require_done: Checks that it happened.
    """

    name: str
    do: Callable[[Filled], Do]
    require_done: Callable[[Filled, Home], None]


def erases(filled: Filled) -> Do:
    return lambda home: erase_now(home, *sorted(filled.posts.of(OTHER)), case=filled.case)


def withdraws(filled: Filled) -> Do:
    def withdraw(home: Home) -> object:
        wish = WithdrawalWish(filled.case, "mila", home.today(), "sq")
        return withdraw_case(home, wish, doer(home), home.keys.unlock(PASSPHRASE))

    return withdraw


def holds(filled: Filled) -> Do:
    wish = HoldWish(HoldKind.LEGAL, (later() + YEAR).date(), case_id=filled.case)
    return lambda home: place_hold(home, wish, doer(home))


def retains(_filled: Filled) -> Do:
    return lambda home: run_retention(home, doer(home, approver=None), home.keys.unlock(PASSPHRASE).casework)


def shown(home: Home) -> set[str]:
    return {each.item_id for each in items_of(home)}


def require_gone(*numbers: int) -> Callable[[Filled, Home], None]:
    """What is of these messages is gone and destroyed, and the rest is there."""

    def require(filled: Filled, home: Home) -> None:
        gone = filled.posts.of(*numbers)
        with reading(home.engine) as connection:
            buried = {each.item_id for each in tombstones(connection)}
        assert (gone & shown(home), gone - buried) == (set(), set()), "it was to be erased"
        assert filled.posts.of(*(set(SAID) - set(numbers))) <= shown(home), "the rest was to stay"

    return require


def require_held(filled: Filled, home: Home) -> None:
    assert [each.hold.case_id for each in list_holds(home, None).entries] == [filled.case]
    with pytest.raises(AuthorityError) as refused:
        erase_now(home, *sorted(filled.posts.of(OTHER)), case=filled.case)
    assert refused.value.code == "authority.held"


FORGETTING = (
    Forgetting("erases", erases, require_gone(OTHER)),
    Forgetting("withdraws", withdraws, require_gone(OTHER, ALONE)),
    Forgetting("holds", holds, require_held),
    Forgetting("retains", retains, require_gone(FIRST, SECOND, AGAIN)),
)
ERASES, *_ = FORGETTING


# What runs


def exports(filled: Filled, folder: Path) -> Do:
    return lambda home: export_of(home, filled.case, folder / "out.asice", "lawyer")


def imports(_filled: Filled, folder: Path) -> Do:
    def again(home: Home) -> object:
        return take_in(home, write_album(folder / "export"), Mode.METADATA_ONLY)

    return again


def audits(_filled: Filled, _folder: Path) -> Do:
    def audit(home: Home) -> None:
        failed = [each for each in problems_of(home) if each.verdict is Verdict.FAILED]
        assert not failed

    return audit


def _turns(monkeypatch: pytest.MonkeyPatch, _home: Home, at: int, then: Callable[[], object]) -> None:
    """Do something before the turn of this number is taken."""
    turn, seen = Sequencer.turn, count()

    def beside(self: Sequencer, *arguments: Any, **more: Any) -> Any:  # noqa: ANN401
        if next(seen) == at:
            then()
        return turn(self, *arguments, **more)

    monkeypatch.setattr(Sequencer, "turn", beside)


def _statements(_monkeypatch: pytest.MonkeyPatch, home: Home, at: int, then: Callable[[], object]) -> None:
    """Do something before the statement of this number."""
    seen = count()

    def beside(*_arguments: object) -> None:
        if next(seen) == at:
            then()

    sa.event.listen(home.engine, "before_cursor_execute", beside)


RUNNING = {exports: (_turns, 1), imports: (_turns, 1), audits: (_statements, 23)}
"""How what runs is cut, and in which steps its cuts are walked."""
MAY_BE_REFUSED = {exports: (AuthorityError, UnknownItemError), imports: (), audits: ()}
"""What may be refused because of what was done beside it: a bundle of what is gone."""
MAY_KEEP_WAITING = {exports: (), imports: (), audits: (Explained,)}
"""By what the other may be refused, because of what runs beside it.

# LIMIT: of an audit this says nothing yet: its cuts were not walked to their end with every refusal told.
"""


@contextmanager
def cut(running: Callable[[Filled, Path], Do], home: Home, at: int, then: Do) -> Iterator[list[bool]]:
    """Have ``then`` done by another opening of the home, at one cut of what runs in this block.

    Yields:
        Empty if the cut was not met; else whether it was done, and not refused.
    """
    met = list[bool]()

    def once() -> None:
        if not met:
            met.append(False)
            other = Home.open(home.path, later)
            with suppress(*MAY_KEEP_WAITING[running]):
                then(other)
                met[0] = True
            other.engine.dispose()

    with pytest.MonkeyPatch.context() as patch:
        RUNNING[running][0](patch, home, at, once)
        yield met


def require_whole(home: Home, before: set[str]) -> None:
    """Check what holds whatever the order was; ``before`` are the items that there were at first."""
    with home.writing() as writer:  # finishes what a reader kept from being done
        writer.beat()
    assert [each.id for each in problems_of(home) if each.verdict is Verdict.FAILED] == []
    take_in(home, write_album(home.path.parent / "again"), Mode.METADATA_ONLY)
    assert shown(home) <= before, "something came back, or came twice"


def race(forgets: Forgetting, running: Callable[[Filled, Path], Do], filled: Filled, home: Home, at: int) -> bool:
    """One order of the two; whether the cut was met."""
    bundle, before = home.path.parent / "out.asice", shown(home)
    with (
        cut(running, home, at, forgets.do(filled)) as met,
        suppress(*MAY_BE_REFUSED[running]),
    ):
        running(filled, home.path.parent)(home)
    if any(met):
        forgets.require_done(filled, home)
    if met and at == BEFORE_ITS_ENTRY and bundle.exists():
        gone = before - shown(home)
        assert not gone & set(shown_items(bundle)), "a bundle shows what was erased before it was logged"
    require_whole(home, before)
    home.engine.dispose()
    return bool(met)


BEFORE_ITS_ENTRY = 0
"""The first cut of an export: nothing of it is logged."""


def test_an_erasure_while_a_bundle_is_made_is_in_the_bundle_or_refuses_it(
    filled: Filled, begun: Callable[[], Home]
) -> None:
    assert race(ERASES, exports, filled, begun(), 0)


def test_an_audit_beside_an_erasure_reports_no_object_as_lost(filled: Filled, begun: Callable[[], Home]) -> None:
    assert race(ERASES, audits, filled, begun(), 2)


@pytest.mark.parametrize("forgets", FORGETTING, ids=lambda each: each.name)
def test_forgetting_that_did_not_happen_is_found(
    forgets: Forgetting, filled: Filled, begun: Callable[[], Home]
) -> None:
    home = begun()
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        forgets.require_done(filled, home)
    home.engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("running", RUNNING)
@pytest.mark.parametrize("forgets", FORGETTING, ids=lambda each: each.name)
def test_whatever_the_order_nothing_is_half_done(
    forgets: Forgetting, running: Callable[[Filled, Path], Do], filled: Filled, begun: Callable[[], Home]
) -> None:
    step = RUNNING[running][1]
    for at in count(0, step):
        if not race(forgets, running, filled, begun(), at):
            break
    assert at > 0
