"""One writer at a time, each for one commit; whoever waits too long is told so, and a dead holder holds nobody up."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import pytest
import sqlalchemy as sa

from config import oplog
from evidence.custody.turn import Turn
from evidence.errors import HomeBusyError
from evidence.store import database
from evidence.store.database import open_engine, reading, sqlite_url, writing

FORK = get_context("fork")


@pytest.fixture
def turn(tmp_path: Path) -> Iterator[Turn]:
    engine = open_engine(sqlite_url(tmp_path / "log.db"))
    with writing(engine) as connection:
        database.metadata.create_all(connection)
    yield Turn(engine, tmp_path / "lock", wait_s=0.05)
    engine.dispose()


def names(turn: Turn) -> list[str]:
    with reading(turn.engine) as connection:
        return list(connection.execute(sa.select(database.follower.c.name)).scalars())


def write(connection: sa.Connection, name: str) -> None:
    connection.execute(sa.insert(database.follower), {"name": name, "position": 0})


def test_who_waits_in_vain_is_told_so_and_wrote_nothing(turn: Turn, tmp_path: Path) -> None:
    with turn.take() as connection:
        write(connection, "first")
        with pytest.raises(HomeBusyError, match="other programs kept writing") as raised, turn.take() as other:
            write(other, "second")
    assert raised.value.where == str(tmp_path)
    assert "run it again" in raised.value.fix
    assert names(turn) == ["first"]


def test_a_wait_is_in_the_operational_log_and_so_is_one_in_vain(
    turn: Turn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evidence.custody.turn.NOTED_S", 0.0)
    oplog.start()
    oplog.keep_in(tmp_path, max_bytes=10_000, files=1)
    with turn.take(), pytest.raises(HomeBusyError), turn.take():
        pass
    in_vain, waited = map(json.loads, (tmp_path / oplog.FILE).read_text().splitlines())
    assert (waited["event"], in_vain["event"], in_vain["duration_s"]) == ("turn_waited", "lock_busy", 0.05)
    assert waited["duration_s"] < 0.05
    oplog.start()


def test_a_turn_that_failed_wrote_nothing_and_is_free(turn: Turn) -> None:
    with suppress(ZeroDivisionError), turn.take() as connection:
        write(connection, "failed")
        raise ZeroDivisionError
    with turn.take() as connection:
        write(connection, "next")
    assert names(turn) == ["next"]


def test_who_waits_has_the_turn_next_and_sees_what_was_written(turn: Turn) -> None:
    patient = replace(turn, wait_s=30)
    seen: list[list[str]] = []

    def wait() -> None:
        with patient.take() as connection:
            seen.append(list(connection.execute(sa.select(database.follower.c.name)).scalars()))

    with turn.take() as connection:
        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.05)
        write(connection, "first")
        assert seen == []
    thread.join()
    assert seen == [["first"]]


def test_a_killed_holder_holds_nobody_up(turn: Turn) -> None:
    turn.engine.dispose()

    def hang() -> None:
        with turn.take():
            os.kill(os.getpid(), signal.SIGSTOP)

    child = FORK.Process(target=hang)
    child.start()
    assert child.pid is not None
    os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
    with pytest.raises(HomeBusyError), turn.take():
        pass
    child.kill()
    child.join()
    with turn.take() as connection:
        write(connection, "next")
    assert names(turn) == ["next"]


def test_the_database_keeps_a_writer_out_that_knows_no_lock(turn: Turn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "WAIT_S", 0)
    other = open_engine(str(turn.engine.url))
    with turn.take() as connection:
        write(connection, "first")
        with pytest.raises(HomeBusyError, match="other programs kept writing"), writing(other):
            pass
    other.dispose()


def test_who_had_the_turn_goes_behind_those_who_wait(turn: Turn) -> None:
    """Eight writers that ask again at once; the one that had it cannot take it before the others."""
    patient, order, start = replace(turn, wait_s=30), list[int](), threading.Barrier(8)

    def ask_again(number: int) -> None:
        start.wait()
        for _ in range(6):
            with patient.take():
                order.append(number)
                time.sleep(0.02)  # long enough for everybody else to be waiting

    threads = [threading.Thread(target=ask_again, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    contended = order[: len(order) // 2]
    twice = [one for one, other in pairwise(contended) if one == other]
    assert (len(order), len(twice)) == (48, 0)
