"""What is frozen, compared with a plain model of it: items, their messages and albums, and what comes later."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from evidence.custody.event import Draft
from evidence.store import database
from evidence.store.database import reading
from evidence.store.freeze import (
    freezes_of,
    frozen_files,
    is_frozen,
    is_frozen_message,
    lifted_among,
    lifted_files,
    no_hole_of_frozen,
    not_frozen,
    of_one_post,
    was_lifted,
)
from evidence.store.marks import album_mark
from tests.evidence.log.ledger import NOBODY, SEEN, Ledger, new_ledger
from tests.nonempty import nonempty
from tests.postgresql import new_database, serving


@dataclass(frozen=True)
class PlacedItem:
    """An item as the condition sees it."""

    channel: str
    message: int | None
    album: int | None
    is_file: bool


def rows_of(connection: sa.Connection, rows: list[PlacedItem], frozen: list[int], lifted: list[int]) -> None:
    """Write these items, freeze some by themselves, and end some of these freezes."""
    for table in (database.frozen, database.item):
        connection.execute(sa.delete(table))
    for at, row in enumerate(rows):
        values = {"idx": at, "item_id": f"{at:032x}", "seen": bytes([at]), "channel_id": row.channel}
        values |= {"message_id": row.message, "kind": "file" if row.is_file else "message"}
        values |= {"acquired_at": "", "mode": "sealed"}
        values["album"] = None if row.album is None or row.is_file else bytes([row.album])
        connection.execute(sa.insert(database.item), values)
    for at in frozen:
        row = rows[at]
        here = {"idx": 1000 + at, "item_id": f"{at:032x}", "channel_id": row.channel, "message_id": row.message}
        here |= {"frozen_at": "", "lifted_idx": 2000 + at if at in lifted else None}
        connection.execute(sa.insert(database.frozen), here)


def posts(rows: list[PlacedItem], at: int) -> set[int]:
    """The plain model: itself, what is of its message, and what is of a message of one of the message's albums."""
    mine = rows[at]
    if mine.message is None:
        return {at}
    albums = {row.album for row in rows if (row.channel, row.message) == (mine.channel, mine.message) and _posted(row)}
    numbers = {row.message for row in rows if row.channel == mine.channel and _posted(row) and row.album in albums}
    numbers.add(mine.message)
    return {
        other
        for other, row in enumerate(rows)
        if row.channel == mine.channel and row.message is not None and row.message in numbers
    }


def _posted(row: PlacedItem) -> bool:
    return row.album is not None and not row.is_file and row.message is not None


ROWS = st.lists(
    st.builds(
        PlacedItem,
        channel=st.sampled_from(["7", "8"]),
        message=st.sampled_from([None, 1, 2, 3, 4]),
        album=st.sampled_from([None, None, 1, 2]),
        is_file=st.booleans(),
    ),
    min_size=1,
    max_size=9,
)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.outside)])
def engine(request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    """An empty database of each kind, without any home."""
    if request.param == "sqlite":
        engine = sa.create_engine("sqlite://")
        database.metadata.create_all(engine)
        yield engine
        return
    with serving() as socket:
        engine = sa.create_engine(new_database(socket, "freezes"))
        database.metadata.create_all(engine)
        yield engine
        engine.dispose()


@given(rows=ROWS, data=st.data())
def test_frozen_is_what_the_plain_model_says(engine: sa.Engine, rows: list[PlacedItem], data: st.DataObject) -> None:
    places = st.integers(0, len(rows) - 1)
    frozen = data.draw(st.lists(places, unique=True, max_size=3))
    lifted = data.draw(st.lists(st.sampled_from(frozen), unique=True)) if frozen else []
    waiting = [at for at in frozen if at not in lifted]
    hidden = {other for other in range(len(rows)) if any(at in posts(rows, other) for at in waiting)}
    with engine.connect() as connection:
        connection.begin()
        rows_of(connection, rows, frozen, lifted)
        shown = set(connection.execute(sa.select(database.item.c.idx).where(not_frozen())).scalars())
        assert shown == set(range(len(rows))) - hidden
        other = database.item.alias("another_name")
        assert set(connection.execute(sa.select(other.c.idx).where(not_frozen(other))).scalars()) == shown
        assert frozen_files(connection) == {at for at in hidden if rows[at].is_file}
        assert lifted_files(connection) == set(lifted)
        for at in range(len(rows)):
            item = f"{at:032x}"
            assert is_frozen(connection, item) == (at in hidden)
            assert was_lifted(connection, item) == (at in lifted)
            assert {int(each, 16) for each in of_one_post(connection, item)} == posts(rows, at)
            assert freezes_of(connection, item) == sorted(1000 + each for each in waiting if each in posts(rows, at))
            if (number := rows[at].message) is not None:
                assert is_frozen_message(connection, rows[at].channel, number) == (at in hidden)
        connection.rollback()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = new_ledger(tmp_path)
    yield ledger
    ledger.engine.dispose()


def message(number: int, text: str = "x", *, album: str | None = None, **more: Any) -> Draft:  # noqa: ANN401 - values
    values = {"kind": "message", "channel_id": "7", "message_id": str(number), "mode": "sealed", "text": text, **more}
    content = None if album is None else [{"kind": "album", "id": album}]
    return Draft("observed", NOBODY | values | {"content": content})


def file(number: int, digest: str = "ab") -> Draft:
    values = {"kind": "file", "channel_id": "7", "message_id": str(number), "position": "0", "mode": "sealed"}
    return Draft("observed", NOBODY | values | {"sha256": digest * 32, "bytes": "5000"})


def freeze_of(*drafts: Draft) -> Draft:
    return Draft("frozen", {"at": "2026-11-27T10:00:00.000Z", "frozen_items": [each.event_id for each in drafts]})


def shown(ledger: Ledger, *drafts: Draft) -> list[bool]:
    with reading(ledger.engine) as connection:
        return [not is_frozen(connection, draft.event_id) for draft in drafts]


def test_what_comes_later_of_a_frozen_message_and_album_is_frozen_with_it(ledger: Ledger) -> None:
    first, beside, other = message(5, album="9"), message(6, album="9"), message(7, album="8")
    ledger.sequencer.append([first, beside, other, freeze_of(first)])
    assert shown(ledger, first, beside, other) == [False, False, True]
    later = (message(5, "edited", album="9"), file(5), message(8, album="9"), file(8, "cd"), message(7, "y"), file(7))
    ledger.sequencer.append(later)
    assert shown(ledger, *later) == [False, False, False, False, True, True]


def test_an_album_is_known_before_its_next_message_is_kept(ledger: Ledger) -> None:
    first = message(5, album="9")
    ledger.sequencer.append([first])
    marks = {
        album: album_mark(SEEN, {"channel_id": "7", "content": [{"kind": "album", "id": album}]}) for album in "98"
    }

    def found() -> list[bool]:
        with reading(ledger.engine) as connection:
            asked = [*marks.values(), None]
            return [is_frozen_message(connection, "7", 6, album=album) for album in asked]

    assert found() == [False, False, False]
    ledger.sequencer.append([freeze_of(first)])
    assert found() == [True, False, False]
    ledger.sequencer.append([Draft("unfrozen", {"frozen_items": [first.event_id]})])
    assert found() == [False, False, False]


def test_an_album_of_another_channel_is_another(ledger: Ledger) -> None:
    first, other = message(5, album="9"), message(5, album="9", channel_id="8")
    ledger.sequencer.append([first, other, freeze_of(first)])
    assert shown(ledger, first, other) == [False, True]


def test_the_end_of_a_freeze_ends_it_for_what_came_later_too(ledger: Ledger) -> None:
    first, later = message(5), file(5)
    ledger.sequencer.append([first, freeze_of(first), later])
    assert shown(ledger, first, later) == [False, False]
    ledger.sequencer.append([Draft("unfrozen", {"frozen_items": [first.event_id]})])
    assert shown(ledger, first, later) == [True, True]
    ledger.sequencer.append([freeze_of(later)])
    assert shown(ledger, first, later) == [False, False]


def test_the_files_of_a_post_are_met_again_where_its_freeze_ended(ledger: Ledger) -> None:
    first, own, beside = message(5, album="9"), file(5), message(6, album="9")
    later, other = file(6, "cd"), file(7)
    ledger.sequencer.append([first, own, beside, freeze_of(first), later, other, freeze_of(other)])
    ledger.sequencer.append([Draft("unfrozen", {"frozen_items": [first.event_id]})])
    with reading(ledger.engine) as connection:
        rows = connection.execute(sa.select(database.item.c.item_id, database.item.c.idx))
        names = {row.item_id: row.idx for row in rows}
        end = 1 + max(names.values())
        met = {names[own.event_id], names[later.event_id]}
        assert lifted_among(connection, end, end + 10) == met
        assert lifted_among(connection, end + 2, end + 10) == lifted_among(connection, 0, end) == set()
    ledger.sequencer.append([freeze_of(later)])
    with reading(ledger.engine) as connection:
        assert lifted_among(connection, end, end + 10) == set()


@pytest.mark.parametrize(
    ("lo", "hi", "seen"), [("5", "5", False), ("6", "6", True), ("5", "6", True), (None, None, True)]
)
def test_a_hole_of_a_frozen_message_alone_is_hidden(
    ledger: Ledger, lo: str | None, hi: str | None, *, seen: bool
) -> None:
    values = {"channel_id": "7", "lo": lo, "hi": hi, "hole": "not_decoded", "since": "2026-11-27T10:00:00.000Z"}
    first = message(5)
    ledger.sequencer.append([Draft("hole", values), first])

    def found() -> int:
        with reading(ledger.engine) as connection:
            counted = sa.select(sa.func.count()).select_from(database.hole).where(no_hole_of_frozen())
            return int(connection.execute(counted).scalar_one())

    assert found() == 1
    ledger.sequencer.append([freeze_of(first)])
    assert found() == seen


def test_nothing_is_frozen_where_nothing_was(ledger: Ledger) -> None:
    drafts = [message(5, album="9"), message(6, album="9"), file(5), file(6)]
    ledger.sequencer.append(drafts)
    assert all(nonempty(shown(ledger, *drafts)))
    with reading(ledger.engine) as connection:
        assert (frozen_files(connection), lifted_files(connection)) == (frozenset(), frozenset())
