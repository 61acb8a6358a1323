"""How a channel stands is kept as it was, and known messages are found beside a plain reference."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from evidence.observation import Mode
from evidence.store import database
from evidence.store.database import reading, writing
from monitor.errors import ChannelState
from monitor.telegram.standing import (
    Standing,
    cursor,
    known_below,
    move_cursor,
    read_standing,
    standings,
    write_standing,
)

AT = datetime(2026, 11, 26, tzinfo=UTC)
TIMES = st.none() | st.integers(0, 10**9).map(lambda ms: AT + timedelta(milliseconds=ms))
SPANS = (
    st.lists(st.integers(1, 10**6), min_size=2, max_size=6, unique=True)
    .map(sorted)
    .map(lambda each: tuple((lo, lo) for lo in each))
)
STANDINGS = st.builds(
    Standing,
    channel_id=st.none() | st.integers(1, 2**52),
    state=st.sampled_from(ChannelState),
    since=TIMES,
    looked_at=TIMES,
    top=st.integers(0, 10**6),
    spans=SPANS,
    recheck=st.integers(0, 10**6),
    mode=st.none() | st.sampled_from(Mode),
    read_back=st.integers(0, 10**6),
    snapshot_at=TIMES,
    pushed=st.booleans(),
    linked=st.none() | st.integers(1, 2**52),
    round_at=TIMES,
    counted_at=TIMES,
    aged_at=TIMES,
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = database.open_engine(database.sqlite_url(tmp_path / "home.db"))
    database.metadata.create_all(engine)
    yield engine
    engine.dispose()


@given(STANDINGS)
def test_a_standing_is_read_as_it_was_written(standing: Standing) -> None:
    assert read_standing(standing.text()) == standing


def test_nothing_is_the_standing_of_a_channel_that_nobody_saw() -> None:
    assert read_standing("") == Standing()


def test_cursor_and_standing_are_kept(engine: sa.Engine) -> None:
    standing = Standing(channel_id=7, top=3)
    with writing(engine) as connection:
        assert cursor(connection, 7) == 0
        move_cursor(connection, 7, 12)
        move_cursor(connection, 7, 13)
        write_standing(connection, "grupa", Standing(), AT)
        write_standing(connection, "grupa", standing, AT)
    with reading(engine) as connection:
        assert cursor(connection, 7) == 13
        assert standings(connection) == {"grupa": standing}


@pytest.mark.parametrize("below", [0, 1, 5, 9, 100])
@pytest.mark.parametrize("limit", [1, 3, 100])
def test_known_messages_are_those_kept_and_not_gone(engine: sa.Engine, below: int, limit: int) -> None:
    rows = [("message", 1), ("message", 2), ("edit", 2), ("service", 4), ("file", 5), ("message", 6), ("message", 8)]
    rows += [("deletion", 6), ("deletion", 7)]
    with writing(engine) as connection:
        for idx, (kind, number) in enumerate(rows):
            for channel in ("7", "8"):
                row = {"idx": idx * 2 + int(channel == "8"), "item_id": f"{idx}-{channel}", "seen": b"", "kind": kind}
                row |= {"channel_id": channel, "message_id": number, "acquired_at": "", "mode": "sealed"}
                connection.execute(sa.insert(database.item), row)
    with reading(engine) as connection:
        found = known_below(connection, 7, below, limit)
    assert found == [number for number in (8, 4, 2, 1) if number < below][:limit]
