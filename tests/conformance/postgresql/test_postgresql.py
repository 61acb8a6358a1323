"""The same home on a PostgreSQL server: Debian's, made for this test, on a socket in its own folder.

A home of SQLite moves over row by row; then the whole way goes on there.
"""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.home import Home
from api.office.audit import run_audit
from api.office.hash_list import remove_hash_list
from api.office.item import EVERYTHING, _page_statement
from api.office.log import entry_bundle, entry_time, hash_tile, prove_entry
from casefiles.case import add_items, open_case
from evidence.errors import HomeBusyError, StoreError, UnknownItemError
from evidence.finding import Verdict
from evidence.log.place import TilePlace
from evidence.observation import Mode
from evidence.patience import Patience
from evidence.store import database
from evidence.store.database import glancing, reading, writing
from evidence.store.schema import differences
from evidence.store.stored import MOST
from monitor.rehearsal.export import write_export
from tests.appearing import look_out
from tests.bench.api import multiply
from tests.homes import PASSPHRASE, Office, copy_of, doer, export_of, items_of, take_in
from tests.listing import give_list
from tests.nonempty import nonempty
from tests.postgresql import move, new_database, url_of

pytestmark = pytest.mark.outside


@pytest.fixture
def moved(socket: Path, office: Office, tmp_path: Path) -> Iterator[Home]:
    """The office's home with its database on the server."""
    url = new_database(socket, "office")
    here = copy_of(office, tmp_path)
    here.engine.dispose()
    move(here.path, url)
    home = Home.open(here.path)
    yield home
    home.engine.dispose()


def _audited(home: Home) -> tuple[Verdict, int]:
    done = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
    return done.report.verdict, done.entries


def test_a_home_that_moved_is_audited_as_before(moved: Home, office: Office) -> None:
    assert _audited(moved) == _audited(office.home)
    assert items_of(moved) == items_of(office.home)


def test_damage_on_the_server_is_found(moved: Home) -> None:
    with writing(moved.engine) as connection:
        connection.execute(sa.delete(database.sealed).where(database.sealed.c.idx == 3))
    assert _audited(moved)[0] is Verdict.FAILED


def test_the_whole_way_goes_on_there(moved: Home, tmp_path: Path) -> None:
    more = write_export(tmp_path / "more", seed=8, messages=18, photos=2)
    before = _audited(moved)[1]
    assert take_in(moved, more.folder, Mode.SEALED).counts.messages > 0
    items = [item.item_id for item in items_of(moved)]
    with moved.writing() as writer:
        case_id = open_case(writer.sequencer, doer(moved))
        add_items(moved.engine, writer.sequencer, case_id, items[:3], doer(moved))
    remove_hash_list(moved, give_list(moved, b"0f" * 16).done.case_id, doer(moved))
    give_list(moved, b"1f" * 16)
    assert look_out(moved).raised == 0
    done = export_of(moved, case_id, tmp_path / "case.asice")
    assert done.facts.items == 3
    verdict, entries = _audited(moved)
    assert (verdict, entries > before) == (Verdict.PASSED, True)
    assert take_in(moved, more.folder, Mode.SEALED).counts.messages == 0


def test_the_log_is_told_as_before(moved: Home, office: Office) -> None:
    entries = _audited(moved)[1]
    for index in nonempty(range(entries)):
        told = entry_time(moved, str(index))
        assert told == entry_time(office.home, str(index))
        assert entry_time(moved, told.event_id) == told
        assert prove_entry(moved, told.event_id) == prove_entry(office.home, str(index))
    with pytest.raises(UnknownItemError):
        entry_time(moved, "0" * 32)
    place = TilePlace(0, 5)
    assert entry_bundle(moved, place) == entry_bundle(office.home, place)
    assert hash_tile(moved, 0, place) == hash_tile(office.home, 0, place)


def test_a_reader_keeps_its_view_while_somebody_writes(moved: Home) -> None:
    """An audit reads its tables one after the other: it must not see a batch in one of them alone."""
    count = sa.select(sa.func.count()).select_from(database.event)
    with reading(moved.engine) as connection:
        before = connection.execute(count).scalar_one()
        with moved.writing() as writer:
            open_case(writer.sequencer, doer(moved))
        assert connection.execute(count).scalar_one() == before
    with reading(moved.engine) as connection:
        assert connection.execute(count).scalar_one() > before


def _payloads_read(home: Home, statement: sa.Select[Any]) -> int:
    """How many rows of sealed payloads the server reads for a page deep in the list."""
    asked = statement.compile(home.engine)
    bounds = asked.params | {"after": 10_800_000, "last": MOST, "most": 101}
    with reading(home.engine) as connection:
        (told,) = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {asked}", bounds).scalar_one()
    return sum(each["Actual Rows"] * each["Actual Loops"] for each in _nodes(told["Plan"]) if _of_payloads(each))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", []):
        yield from _nodes(each)


def _of_payloads(node: dict[str, Any]) -> bool:
    return node.get("Relation Name") == "sealed"


def test_a_page_reads_no_payload_of_the_items_before_it(moved: Home) -> None:
    multiply(moved, 10_000)
    page = _page_statement(EVERYTHING, after_item=False)
    assert 0 < _payloads_read(moved, page) <= 101
    # the control: what this program asked before
    item, kept = database.item, database.sealed
    joined = page.add_columns(kept.c.body).outerjoin_from(
        item, kept, sa.and_(kept.c.idx == item.c.idx, kept.c.name == "media")
    )
    assert _payloads_read(moved, joined) > 101


def test_a_glance_asks_the_server_once_and_a_view_three_times(moved: Home) -> None:
    with glancing(moved.engine) as connection:
        assert connection.connection.dbapi_connection.autocommit  # type: ignore[union-attr]
        assert connection.exec_driver_sql("SHOW max_parallel_workers_per_gather").scalar() == "0"
    with reading(moved.engine) as connection:  # the same connection, and as before
        assert not connection.connection.dbapi_connection.autocommit  # type: ignore[union-attr]
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar() == "repeatable read"


def test_a_burst_of_readers_opens_no_connection_twice(moved: Home) -> None:
    opened = list[object]()
    moved.engine.dispose()
    sa.event.listen(moved.engine, "connect", lambda *_given: opened.append(None))

    def read(_number: int) -> None:
        with reading(moved.engine) as connection:
            connection.execute(sa.select(sa.func.pg_sleep(0.01)))

    with ThreadPoolExecutor(10) as readers:
        list(readers.map(read, range(200)))
    assert 0 < len(opened) <= 12


# Turns on the server, where no file is locked: as between two machines


def elsewhere(moved: Home, folder: Path) -> Home:
    """The same home as another machine has it: one database, and a lock file of its own."""
    shutil.copytree(moved.path, folder / "home")
    shutil.copytree(moved.keys.path, folder / "home.keys")
    return Home.open(folder / "home")


def test_two_machines_neither_double_nor_lose_a_place(moved: Home, tmp_path: Path) -> None:
    homes = (moved, elsewhere(moved, tmp_path / "elsewhere"))
    before = _audited(moved)[1]
    start = threading.Barrier(2)

    def write(home: Home) -> None:
        start.wait()
        for _ in range(25):
            with home.writing() as writer:
                open_case(writer.sequencer, doer(home))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, homes))
    for home in nonempty(homes):
        assert _audited(home) == (Verdict.PASSED, before + 50)
    homes[1].engine.dispose()


def test_a_turn_works_on_the_newest_state_though_it_was_waited_for(moved: Home) -> None:
    """In REPEATABLE READ the view would be from before the wait; the control takes it so."""
    count = sa.select(sa.func.count()).select_from(database.event)

    def size_after_waiting(take: Callable[[], AbstractContextManager[sa.Connection]]) -> tuple[int, int]:
        asked = threading.Event()

        def wait() -> int:
            asked.set()
            with take() as connection:
                return int(connection.execute(count).scalar_one())

        with ThreadPoolExecutor(1) as pool:
            with writing(moved.engine) as connection:
                waiting = pool.submit(wait)
                asked.wait()
                _await_a_waiter(connection)
                connection.execute(sa.insert(database.event), {"idx": _far(connection), "leaf": b"x"})
                size = int(connection.execute(count).scalar_one())
            return waiting.result(), size

    @contextmanager
    def from_before() -> Iterator[sa.Connection]:
        with moved.engine.connect() as connection, connection.begin():
            database._take_writers_lock(connection, Patience())
            yield connection

    seen, size = size_after_waiting(lambda: writing(moved.engine))
    assert seen == size
    seen, size = size_after_waiting(from_before)
    assert seen == size - 1


def _far(connection: sa.Connection) -> int:
    return int(connection.execute(sa.select(sa.func.max(database.event.c.idx))).scalar_one()) + 1


def _await_a_waiter(connection: sa.Connection) -> None:
    waiters = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    while connection.execute(waiters).scalar_one() == 0:
        time.sleep(0.01)


def test_who_waits_in_vain_is_told_so(moved: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "WAIT_S", 0.05)
    with (
        writing(moved.engine),
        pytest.raises(HomeBusyError, match="other programs kept writing"),
        writing(moved.engine),
    ):
        pass


def test_a_server_that_is_not_there_is_explained(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = copy_of(office, tmp_path)
    monkeypatch.setenv("NISISAMA_DATABASE__URL", url_of(tmp_path, "office"))
    with pytest.raises(StoreError):
        Home.open(home.path)


# What somebody else put into the database

FOREIGN = {
    "a trigger": (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER t BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION f()",
    ),
    "a rule": ("CREATE RULE r AS ON INSERT TO sealed DO INSTEAD NOTHING",),
    "row security": ("ALTER TABLE item ENABLE ROW LEVEL SECURITY",),
    "a policy": ("CREATE POLICY p ON item FOR SELECT USING (false)",),
    "a function": ("CREATE FUNCTION length(bytea) RETURNS integer LANGUAGE sql AS 'SELECT 0'",),
    "a view": ("CREATE VIEW v AS SELECT * FROM item",),
    "a table": ("CREATE TABLE t (a integer)",),
    "a column": ("ALTER TABLE event ADD COLUMN more text",),
    "a default": ("ALTER TABLE item ALTER COLUMN mode SET DEFAULT 'sealed'",),
    "a generated column": ("ALTER TABLE event ADD COLUMN more integer GENERATED ALWAYS AS (length(leaf)) STORED",),
    "no NOT NULL": ("ALTER TABLE token ALTER COLUMN reply DROP NOT NULL",),
    "another type": ("ALTER TABLE channel ALTER COLUMN mode TYPE text",),
    "a check": ("ALTER TABLE item ADD CONSTRAINT c CHECK (idx >= 0)",),
    "no unique items": ("ALTER TABLE item DROP CONSTRAINT uq_item_item_id CASCADE",),
    "an index": ("CREATE INDEX i ON item (mode)",),
    "a heir": ("CREATE TABLE heir () INHERITS (event)",),
    "an unlogged table": ("ALTER TABLE task SET UNLOGGED",),
    "no foreign keys": ("ALTER TABLE case_item DISABLE TRIGGER ALL",),
    "an event trigger": (
        "CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION e()",
    ),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_this_program_did_not_make_is_named_and_the_home_is_not_opened(moved: Home, name: str) -> None:
    with reading(moved.engine) as connection:
        assert list(differences(connection)) == []  # CONTROL
    with writing(moved.engine) as connection:
        for statement in FOREIGN[name]:
            connection.exec_driver_sql(statement)
    with pytest.raises(StoreError, match="not built as this program builds it") as raised:
        Home.open(moved.path)
    assert raised.value.where
    moved.engine.dispose()


def test_a_row_that_a_rule_swallows_while_a_program_runs_is_not_acknowledged(moved: Home) -> None:
    before = _audited(moved)[1]
    with moved.writing() as writer:
        with writing(moved.engine) as connection:
            connection.exec_driver_sql("CREATE RULE r AS ON INSERT TO sealed DO INSTEAD NOTHING")
        with pytest.raises(StoreError, match="does not hold"):
            open_case(writer.sequencer, doer(moved))
        with writing(moved.engine) as connection:
            connection.exec_driver_sql("DROP RULE r ON sealed")
    assert _audited(moved) == (Verdict.PASSED, before)
