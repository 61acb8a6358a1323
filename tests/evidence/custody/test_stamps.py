"""A row of ``token`` counts only where the log names it: whoever can write to the database moves nothing by one."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.home import DATABASE_FILE, Home
from api.office.audit import run_audit
from api.office.case import open_case
from evidence.custody.sequencer import newest_token
from evidence.custody.stamps import LoggedStamp, first_over, newest, newest_first, over, stamped_size
from evidence.finding import Verdict
from evidence.log.leaf import parse_leaf
from evidence.store import database
from evidence.store.database import reading
from tests.homes import Office, copy_of, doer, size_of
from tests.nonempty import nonempty

STRAY = "INSERT INTO token SELECT {idx}, {size}, {token}, reply FROM token ORDER BY idx DESC LIMIT 1"
STRAYS = {
    "beyond the last entry": STRAY.format(idx="100000", size="size", token="x'05'"),
    "in the place of another entry": STRAY.format(idx="idx + 1", size="size", token="token"),
    "of a larger checkpoint": STRAY.format(idx="100000", size="(SELECT max(size) FROM checkpoint)", token="token"),
    "of a checkpoint that is to come": STRAY.format(idx="100000", size="100000", token="token"),
}
NEWEST = "WHERE idx = (SELECT max(idx) FROM token)"
CHANGED = {
    "other bytes": f"UPDATE token SET token = x'05' {NEWEST}",
    "another size": f"UPDATE token SET size = (SELECT min(size) FROM checkpoint) {NEWEST}",
    "a size to come": f"UPDATE token SET size = 100000 {NEWEST}",
    "another place": f"UPDATE token SET idx = idx + 100000 {NEWEST}",
    "gone": f"DELETE FROM token {NEWEST}",
}


@pytest.fixture
def home(office: Office, tmp_path: Path) -> Iterator[Home]:
    home = copy_of(office, tmp_path)
    yield home
    home.engine.dispose()


def change(home: Home, statement: str) -> None:
    home.engine.dispose()
    connection = sqlite3.connect(home.path / DATABASE_FILE)
    with connection:
        assert connection.execute(statement).rowcount == 1
    connection.close()


def known(home: Home) -> tuple[str, list[LoggedStamp], int]:
    """The token that a new entry would name, every stamp that counts, and how many entries are stamped."""
    with reading(home.engine) as connection:
        return newest_token(connection), list(newest_first(connection)), stamped_size(connection)


def problems(home: Home) -> set[tuple[str, str]]:
    audit = run_audit(home, level=1, against=None, passphrase=None, progress=lambda _more: None)
    return {(each.id, each.where) for each in audit.report.problems if each.verdict is Verdict.FAILED}


def test_each_stamp_is_the_one_that_its_anchor_names(home: Home) -> None:
    _token, stamps, size = known(home)
    with reading(home.engine) as connection:
        leaves = [parse_leaf(bytes(leaf)) for leaf in connection.execute(sa.select(database.event.c.leaf)).scalars()]
        last = newest(connection)
    anchors = [leaf.public["token_sha256"] for leaf in leaves if leaf.type == "anchor"]
    assert [stamp.token_sha256 for stamp in reversed(stamps)] == anchors
    assert (last, size) == (stamps[0], stamps[0].size)
    assert len(anchors) > 1


def test_stamps_are_read_in_pages(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = known(home)
    monkeypatch.setattr("evidence.custody.stamps._PAGE", 1)
    assert known(home) == whole


def test_stamps_are_read_from_a_place_on_in_both_directions(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with home.writing() as writer:
        open_case(home, doer(home))
        writer.stamp()
    _token, stamps, size = known(home)
    for page in (1, 32):
        monkeypatch.setattr("evidence.custody.stamps._PAGE", page)
        with reading(home.engine) as connection:
            anchors = list(
                connection.execute(sa.select(database.token.c.idx).order_by(database.token.c.idx.desc())).scalars()
            )
            for at, index in nonempty(enumerate(anchors)):
                assert list(newest_first(connection, before=index)) == stamps[at + 1 :]
            for index in range(size + 1):
                covering = [each for each in reversed(stamps) if each.size > index]
                assert list(over(connection, index)) == covering
                assert first_over(connection, index) == min(covering, key=lambda each: each.gen_time, default=None)


def test_the_earliest_time_counts_and_no_stamp_behind_it_is_read(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two offices' clocks differ by up to a minute; a later token may so prove an earlier time."""
    _token, (stamp, *_rest), _size = known(home)
    read = []

    def of(*seconds: int) -> LoggedStamp | None:
        found = [replace(stamp, gen_time=stamp.gen_time + timedelta(seconds=each)) for each in seconds]
        read.clear()
        monkeypatch.setattr("evidence.custody.stamps.over", lambda *_at: (read.append(each) or each for each in found))
        with reading(home.engine) as connection:
            return first_over(connection, 0)

    for seconds, earliest in (((0, -30, 30), -30), ((0, 61, -5), 0), ((0, 60, -1), -1), ((0,), 0)):
        found = of(*seconds)
        assert found is not None
        assert found.gen_time == stamp.gen_time + timedelta(seconds=earliest)
    of(0, 61, 62, 63)
    assert len(read) == 2
    assert of() is None


@pytest.mark.parametrize("statement", STRAYS.values(), ids=STRAYS)
def test_a_row_that_no_entry_names_moves_nothing(home: Home, statement: str) -> None:
    before = known(home)
    change(home, statement)
    assert known(home) == before
    written_and_stamped(home, {"log.tokens"})


@pytest.mark.parametrize("statement", CHANGED.values(), ids=CHANGED)
def test_a_row_that_was_changed_counts_no_more_and_new_entries_name_its_token_all_the_same(
    home: Home, statement: str
) -> None:
    token, stamps, _size = known(home)
    change(home, statement)
    assert known(home) == (token, stamps[1:], stamps[1].size)
    written_and_stamped(home, {"log.tokens"})


def written_and_stamped(home: Home, checks: set[str]) -> None:
    """A command that writes: its entries keep the order of the log, and get a stamp; the row alone is reported."""
    damaged = problems(home)
    assert {check for check, _where in damaged} == checks
    before = size_of(home)
    with home.writing() as writer:
        open_case(home, doer(home))
        writer.stamp()
    after = known(home)
    assert before < after[2] <= size_of(home)
    assert after[0] == after[1][0].token_sha256
    assert problems(home) == damaged
