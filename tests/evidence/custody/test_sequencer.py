"""One writer, one order, and no signature over a log that went back."""

import shutil
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from config import oplog
from evidence.canonical import sha256_hex
from evidence.custody.event import Draft, Prepared
from evidence.custody.sequencer import newest_checkpoint, newest_token
from evidence.custody.turn import Turn
from evidence.errors import CheckpointError, LeafError, StoreError
from evidence.log.note import open_checkpoint
from evidence.log.schema import NO_TOKEN
from evidence.store import database
from evidence.store.database import open_engine, reading, sqlite_url, writing
from evidence.store.projection import Placed
from tests.evidence.log.ledger import Ledger, case_opened, new_ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = new_ledger(tmp_path)
    yield ledger
    ledger.engine.dispose()


def put_back(ledger: Ledger, folder: Path, name: str) -> Ledger:
    """The log as it is now, in another database, beside the same key."""
    with writing(ledger.engine) as connection:
        connection.exec_driver_sql("SELECT 1")
    with ledger.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(folder / "log.db", folder / name)
    return ledger.fresh(open_engine(sqlite_url(folder / name)))


def notes(ledger: Ledger) -> list[int]:
    with reading(ledger.engine) as connection:
        return list(connection.execute(sa.select(database.checkpoint.c.size)).scalars())


# Going back


def test_a_log_behind_its_signed_checkpoint_is_refused_before_anything_is_signed(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.sequencer.append([case_opened(1)])
    ledger.sequencer.checkpoint()
    older = put_back(ledger, tmp_path, "older.db")
    ledger.sequencer.append([case_opened(2)])
    signed = ledger.sequencer.checkpoint()
    for refuse in (older.sequencer.require_growth, older.sequencer.checkpoint):
        with pytest.raises(CheckpointError, match="behind") as raised:
            refuse()
        assert (raised.value.expected, raised.value.found) == ("2 entries", "1")
    assert (ledger.signed.read_bytes(), notes(older)) == (signed, [1])
    older.engine.dispose()


@pytest.mark.parametrize("more", [1, 2])
def test_a_fork_is_refused_before_anything_is_signed(ledger: Ledger, tmp_path: Path, more: int) -> None:
    ledger.sequencer.append([case_opened(1)])
    ledger.sequencer.checkpoint()
    older = put_back(ledger, tmp_path, "older.db")
    ledger.sequencer.append([case_opened(2)])
    signed = ledger.sequencer.checkpoint()
    older.sequencer.append([case_opened(10 + at) for at in range(more)])
    for refuse in (older.sequencer.require_growth, older.sequencer.checkpoint):
        with pytest.raises(CheckpointError, match="forks") as raised:
            refuse()
        assert raised.value.where == "log at 2 entries"
    assert (ledger.signed.read_bytes(), notes(older)) == (signed, [1])
    older.engine.dispose()


def test_the_newest_state_put_back_goes_on(ledger: Ledger, tmp_path: Path) -> None:
    ledger.sequencer.append([case_opened(1)])
    ledger.sequencer.checkpoint()
    newest = put_back(ledger, tmp_path, "newest.db")
    newest.sequencer.append([case_opened(2)])
    assert open_checkpoint(newest.sequencer.checkpoint(), key=newest.sequencer.verifier_key).size == 2
    newest.engine.dispose()


def test_a_signed_checkpoint_that_is_gone_or_damaged_is_refused(ledger: Ledger) -> None:
    ledger.sequencer.require_growth()  # a log that never had one
    ledger.sequencer.append([case_opened()])
    note = ledger.sequencer.checkpoint()
    ledger.sequencer.append([case_opened(2)])
    for damage in (lambda: ledger.signed.write_bytes(note[:-2]), ledger.signed.unlink):
        damage()
        for refuse in (ledger.sequencer.require_growth, ledger.sequencer.checkpoint):
            with pytest.raises(CheckpointError, match="signed last") as raised:
                refuse()
            assert raised.value.where == str(ledger.signed)


# Checkpoints


def test_the_same_tree_is_signed_once(ledger: Ledger) -> None:
    ledger.sequencer.append([case_opened()])
    first = ledger.sequencer.checkpoint()
    assert ledger.sequencer.checkpoint() == first == ledger.signed.read_bytes()
    assert notes(ledger) == [1]
    ledger.sequencer.append([case_opened(2)])
    assert ledger.sequencer.checkpoint() != first
    assert notes(ledger) == [1, 2]


def test_a_checkpoint_killed_between_file_and_row_is_made_again(ledger: Ledger) -> None:
    ledger.sequencer.append([case_opened()])
    note = ledger.sequencer.checkpoint()
    with writing(ledger.engine) as connection:
        connection.execute(sa.delete(database.checkpoint))
    assert ledger.sequencer.checkpoint() == note
    assert notes(ledger) == [1]


def test_an_empty_log_has_a_checkpoint_too(ledger: Ledger) -> None:
    with reading(ledger.engine) as connection:
        assert newest_checkpoint(connection) is None
    note = ledger.sequencer.checkpoint()
    assert open_checkpoint(note, key=ledger.sequencer.verifier_key).size == 0
    ledger.sequencer.append([case_opened()])
    ledger.sequencer.checkpoint()
    with reading(ledger.engine) as connection:
        assert newest_checkpoint(connection) == ledger.signed.read_bytes()


# Appending


def test_a_bad_draft_stops_all_of_them(ledger: Ledger) -> None:
    with pytest.raises(LeafError):
        ledger.sequencer.append([case_opened(1), Draft("nonsense")])
    with pytest.raises(StoreError):  # one case twice
        ledger.sequencer.append([case_opened(1), case_opened(1)])
    assert ledger.leaves() == []


def test_what_is_written_beside_the_events_stands_or_falls_with_them(ledger: Ledger) -> None:
    def fail(connection: sa.Connection, placed: Sequence[Placed]) -> None:
        connection.execute(sa.insert(database.follower), {"name": "a", "position": placed[0].idx})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ledger.sequencer.append([case_opened()], also=fail)
    with reading(ledger.engine) as connection:
        assert connection.execute(sa.select(database.follower)).all() == []
        assert connection.execute(sa.select(database.case_file)).all() == []
    assert ledger.leaves() == []


def test_events_have_their_places_in_the_order_given(ledger: Ledger) -> None:
    seen: list[list[int]] = []
    drafts = [case_opened(at) for at in range(3)]
    placed = ledger.sequencer.append(
        drafts, also=lambda _connection, events: seen.append([each.idx for each in events])
    )
    assert [(each.idx, each.event_id) for each in placed] == list(enumerate(draft.event_id for draft in drafts))
    assert seen == [[0, 1, 2]]
    assert ledger.sequencer.append([]) == []
    assert [each.idx for each in ledger.sequencer.append([case_opened(9)])] == [3]


def test_each_leaf_names_the_newest_token(ledger: Ledger) -> None:
    def keep(token: bytes) -> None:
        public = dict.fromkeys(("checkpoint_sha256", "gen_time", "office", "reply_sha256"), "x")
        ledger.sequencer.append([Draft("anchor", public=public | {"token_sha256": sha256_hex(token)})])

    ledger.sequencer.append([case_opened(1)])
    keep(b"first")
    ledger.sequencer.append([case_opened(2)])
    keep(b"second")
    ledger.sequencer.append([case_opened(3), case_opened(4)])
    first, second = sha256_hex(b"first"), sha256_hex(b"second")
    assert [leaf.after for leaf in ledger.leaves()] == [NO_TOKEN, NO_TOKEN, first, first, second, second]
    with reading(ledger.engine) as connection:
        assert newest_token(connection) == second


def test_a_turn_logs_what_was_chosen_in_it_and_nothing_else(ledger: Ledger) -> None:
    prepared = ledger.sequencer.prepare([case_opened(at) for at in range(3)])
    assert ledger.sequencer.turn(lambda _connection: []) == []
    placed = ledger.sequencer.turn(lambda _connection: [prepared[2], prepared[0]])
    assert [each.event_id for each in placed] == [prepared[2].event_id, prepared[0].event_id]
    assert [leaf.event_id for leaf in ledger.leaves()] == [each.event_id for each in placed]


def test_what_was_prepared_before_a_token_is_logged_behind_it(ledger: Ledger) -> None:
    late = ledger.sequencer.prepare([case_opened(7)])
    public = dict.fromkeys(("checkpoint_sha256", "gen_time", "office", "reply_sha256"), "x")
    ledger.sequencer.append([Draft("anchor", public=public | {"token_sha256": "05" * 32})])
    ledger.sequencer.turn(lambda _connection: late)
    assert [leaf.after for leaf in ledger.leaves()] == [NO_TOKEN, "05" * 32]


def test_a_choice_that_fails_logs_nothing(ledger: Ledger) -> None:
    def fail(_connection: sa.Connection) -> list[Prepared]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ledger.sequencer.turn(fail)
    assert ledger.leaves() == []


def test_two_writers_on_one_file_neither_double_nor_lose_a_place(ledger: Ledger, tmp_path: Path) -> None:
    other = ledger.fresh(open_engine(sqlite_url(tmp_path / "log.db")))
    drafts = [[case_opened(at) for at in range(first, first + 60)] for first in (100, 200)]
    places: list[int] = []
    start = threading.Barrier(2)

    def write(writer: Ledger, mine: Sequence[Draft]) -> None:
        start.wait()
        for at in range(0, len(mine), 3):
            places.extend(placed.idx for placed in writer.sequencer.append(mine[at : at + 3]))

    threads = [threading.Thread(target=write, args=each) for each in zip((ledger, other), drafts, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(places) == list(range(120))
    order = [leaf.event_id for leaf in ledger.leaves()]
    assert sorted(order) == sorted(draft.event_id for each in drafts for draft in each)
    for each in drafts:
        assert [name for name in order if name in {draft.event_id for draft in each}] == [
            draft.event_id for draft in each
        ]
    note = open_checkpoint(ledger.sequencer.checkpoint(), key=ledger.sequencer.verifier_key)
    assert (note.size, other.sequencer.checkpoint()) == (120, ledger.signed.read_bytes())
    other.engine.dispose()


def test_a_checkpoint_is_noted_when_the_turn_is_over(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever keeps the log from being written does not keep others from their turn."""
    noted = []

    def note(event: str, **_fields: object) -> None:
        with Turn(ledger.engine, ledger.signed.with_name("lock"), wait_s=0).take():
            noted.append(event)

    ledger.sequencer.append([case_opened()])
    monkeypatch.setattr(oplog, "note", note)
    ledger.sequencer.checkpoint()
    ledger.sequencer.checkpoint()
    assert noted == ["checkpoint_signed"]


@pytest.mark.parametrize("table", ["case_file", "checkpoint"])
def test_a_row_that_a_trigger_swallows_is_not_acknowledged(ledger: Ledger, table: str) -> None:
    with writing(ledger.engine) as connection:
        connection.exec_driver_sql(f"CREATE TRIGGER t BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END")
    ends = {"case_file": lambda: ledger.sequencer.append([case_opened()]), "checkpoint": ledger.sequencer.checkpoint}
    if table == "checkpoint":
        ledger.sequencer.append([case_opened()])
    with pytest.raises(StoreError, match="does not hold"):
        ends[table]()
    assert len(ledger.leaves()) == (0 if table == "case_file" else 1)
