"""What waits for a second person follows from the log: no row that is deleted or changed ends a wait."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.home import Home
from api.office.approval import Means, approve
from api.office.channel import add_channel, remove_channel
from api.office.receiver import add_receiver
from api.office.request import find_request
from config.watchlist import watch_entry
from evidence.authority import Doer
from evidence.errors import AuthorityError, UnknownItemError
from evidence.observation import Mode
from evidence.store import database
from evidence.store.database import reading
from evidence.store.reviews import Stage, open_reviews, review_of, types_of
from tests.homes import PASSPHRASE, doer, new_home, reviews_of, size_of


def add(home: Home, name: str, *, approver: str | None = None) -> None:
    entry = watch_entry(
        channel=name, report_url="https://x.y", reported_by="x", reported_on="2026-01-01", access="public"
    )
    add_channel(home, entry, Mode.METADATA_ONLY, None, doer(home, approver=approver))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with one review that waits, and others that came to an end."""
    home, _cards = new_home(tmp_path / "home")
    add(home, "first", approver="bo")
    add(home, "second")
    remove_channel(home, "second", doer(home))
    add(home, "third")
    add(home, "third", approver="bo")
    add(home, "waits")
    return home


@pytest.mark.parametrize(
    "change",
    [
        sa.delete(database.authority),
        sa.update(database.authority).values(approved_idx=1, closed_idx=1),
        sa.update(database.authority).values(due_at=None),
        sa.update(database.authority).values(approved_idx=database.authority.c.idx),
        sa.delete(database.task),
    ],
)
def test_no_change_of_a_row_ends_a_wait(home: Home, change: sa.sql.dml.UpdateBase) -> None:
    ((request, _due),) = reviews_of(home)
    with home.engine.begin() as connection:
        connection.execute(change)
    assert request in {request for request, _due in reviews_of(home)}


def test_an_approval_ends_one_wait_and_not_two(home: Home) -> None:
    ((request, _due),) = reviews_of(home)
    with home.engine.begin() as connection:
        taken = sa.select(database.authority.c.approved_idx).where(database.authority.c.approved_idx.is_not(None))
        stolen = sa.select(sa.func.max(taken.subquery().c.approved_idx)).scalar_subquery()
        of_request = sa.update(database.authority).where(database.authority.c.request == request)
        connection.execute(of_request.values(approved_idx=stolen))
    assert len(reviews_of(home)) == 1


def test_a_second_person_ends_it_once_and_the_first_never(home: Home) -> None:
    ((request, _due),), casework = reviews_of(home), home.keys.unlock(PASSPHRASE).casework
    before, asked, means = size_of(home), find_request(home, request, casework), Means(casework)
    for name in ("ann", "Ann.", "\u0430nn"):
        with pytest.raises(AuthorityError):
            approve(home, asked, Doer(name, "test", home.clock()), means)
    assert size_of(home) == before
    done = approve(home, asked, Doer("bo", "test", home.clock()), means)
    assert (asked.act.value, asked.target, asked.by.actor, done.waiting) == ("watch", "waits", "ann", 0)
    assert reviews_of(home) == []
    for stale in (asked, find_request(home, request, casework)):
        with pytest.raises(AuthorityError, match="already answered"):
            approve(home, stale, Doer("bo", "test", home.clock()), means)
    with pytest.raises(UnknownItemError):
        find_request(home, "0" * 32, casework)


@pytest.mark.parametrize("at", [0, 1, 10_000])
def test_a_row_that_says_approved_does_not_make_it_so(home: Home, at: int) -> None:
    casework, means = home.keys.unlock(PASSPHRASE).casework, Means(home.keys.unlock(PASSPHRASE).casework)
    waits = add_receiver(home, "Court", "court", doer(home, approver=None))
    with home.engine.begin() as connection:
        of_request = sa.update(database.authority).where(database.authority.c.request == waits.request)
        connection.execute(of_request.values(approved_idx=at))
    asked = find_request(home, waits.request, casework)
    assert asked.review is not None
    assert (asked.review.stage("2026"), asked.review.approved) == (Stage.ASKED, False)
    assert approve(home, asked, Doer("bo", "test", home.clock()), means).done is not None


CHANGES = (
    sa.delete(database.authority),
    sa.update(database.authority).values(approved_idx=1, closed_idx=1),
    sa.update(database.authority).values(approved_idx=None, closed_idx=None),
    sa.update(database.authority).values(approved_idx=10_000),
    sa.update(database.authority).values(idx=database.authority.c.idx + 1),
    sa.update(database.authority).values(idx=1),
    sa.update(database.authority).values(due_at=None, what="odd"),
)


@pytest.mark.parametrize("change", [None, *CHANGES])
def test_a_request_asked_for_alone_stands_as_among_all(home: Home, change: sa.sql.dml.UpdateBase | None) -> None:
    with reading(home.engine) as connection:
        requests = connection.execute(sa.select(database.authority.c.request)).scalars().all()
    if change is not None:
        with home.engine.begin() as connection:
            connection.execute(change)
    with reading(home.engine) as connection:
        every = {review.request: review for review in reversed(open_reviews(connection))}
        assert {request: review_of(connection, request) for request in requests} == {
            request: every.get(request) for request in requests
        }
        assert len(requests) == 5


def test_one_request_asks_for_named_leaves_and_only_a_lost_row_for_all(home: Home) -> None:
    ((request, _due),), asked = reviews_of(home), list[str]()
    sa.event.listen(home.engine, "before_cursor_execute", lambda *told: asked.append(str(told[2])))

    def whole(ask: Callable[[sa.Connection], object]) -> bool:
        asked.clear()
        with reading(home.engine) as connection:
            ask(connection)
        return any("FROM event" in words and "WHERE" not in words for words in asked)

    assert whole(open_reviews)  # the control
    assert not whole(lambda connection: review_of(connection, request))
    with home.engine.begin() as connection:
        connection.execute(sa.delete(database.authority).where(database.authority.c.request == request))
    assert whole(lambda connection: review_of(connection, request))


def test_types_are_read_from_the_leaves(home: Home) -> None:
    with reading(home.engine) as connection:
        assert list(types_of(connection, ["log_opened"]).items()) == [(0, "log_opened")]
        assert set(types_of(connection, ["requested", "approved"]).values()) == {"requested", "approved"}
        assert [review.due_at is None for review in open_reviews(connection)] == [False]
