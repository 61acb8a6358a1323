"""How long an erasure takes, of one item and of a thousand, among many, and a run of the retention rule.

Some text messages are imported into a new rehearsal home, and ready ones lie beside them (``_many``). Two persons erase
at once: records are opened, what is kept of them is sealed, rows and tombstones are written in one transaction, and the
journal is emptied; the audit without a key is clean afterwards. The peers are the limits that we set, and SQLite alone
in the same run: it deletes as many rows of ``item`` and ``sealed`` from a copy of the database, with ``secure_delete``
and an emptied journal, and seals, logs and signs nothing. A run of the rule goes through all items, and erases those
that are due: few, and three times as many; its peer for each item is the shorter run. ``BENCH_ITEMS`` and
``BENCH_ERASED`` make it smaller.
"""

import gc
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from api.home import DATABASE_FILE, Home
from api.office.retention import agree_to_rule, run_retention
from evidence.store import database
from evidence.store.database import reading, writing
from evidence.store.retention import RetentionTerms, due_items
from evidence.times import format_time, system_clock
from tests.bench._many import home_of_many
from tests.erasing import erase_now, problems_of
from tests.homes import PASSPHRASE, doer

_SIZES = (("ITEMS", "100000"), ("ERASED", "1000"))
ITEMS, ERASED = (int(os.environ.get(f"BENCH_{name}", default)) for name, default in _SIZES)
ONE_S, MANY_S = 0.5, 30.0
FEW = ERASED // 4
"""So many are due in the shorter run of the rule, and three times as many in the longer one."""
YEAR = timedelta(days=400)

Row = dict[str, object]


def run() -> dict[str, object]:
    """Seconds to erase one item, many at once, and what is due."""
    with tempfile.TemporaryDirectory() as name:
        home, items = home_of_many(Path(name), items=ITEMS, imported=ERASED + 4 * FEW + 100)
        bare = Path(name) / "bare.db"
        shutil.copy(home.path / DATABASE_FILE, bare)
        erase_now(home, items.pop())  # what is compiled once is not measured
        some, items = items[:ERASED], items[ERASED:]
        one, many = _timed(lambda: erase_now(home, items.pop())), _timed(lambda: erase_now(home, *some))
        alone = _timed(lambda: _bare(bare, some))
        if problems := problems_of(home, passphrase=None):
            raise RuntimeError(f"the audit is not clean: {problems[0].id}")
        rule = list(_of_a_rule(home, items))
        home.engine.dispose()
    limit = "limit, at most"
    return {
        "rows": [
            _row(f"erase one item of {ITEMS}", one, ONE_S, limit),
            _row(f"erase {ERASED} items of {ITEMS}", many, MANY_S, limit),
            _row(f"erase {ERASED} items of {ITEMS}", many, alone, "bare DELETE with secure_delete"),
            *rule,
        ]
    }


def _of_a_rule(home: Home, items: Sequence[str]) -> list[Row]:
    """Runs of the retention rule: with nothing due, with few, and with three times as many."""
    later = Home.open(home.path, lambda: system_clock() + YEAR)
    item = database.item.c
    young = format_time(later.clock())

    def only_due(due: Sequence[str]) -> None:
        with writing(home.engine) as connection:
            connection.execute(sa.update(database.item).where(item.item_id.not_in(due)).values(acquired_at=young))

    agree_to_rule(later, doer(later))
    every = _timed(lambda: _paged(later, later.clock()))
    few_items, more_items, old = items[:FEW], items[FEW : 4 * FEW], format_time(system_clock())
    only_due(few_items)
    few = _timed(lambda: _ruled(later, FEW))
    with writing(home.engine) as connection:
        connection.execute(sa.update(database.item).where(item.item_id.in_(more_items)).values(acquired_at=old))
    more = _timed(lambda: _ruled(later, 3 * FEW))
    none = _timed(lambda: _ruled(later, 0))
    later.engine.dispose()
    each, before = (more - none) / (3 * FEW) * 1000, (few - none) / FEW * 1000
    return [
        _row(f"list what is due, all of {ITEMS}", every, None, None),
        _row(f"a run of the rule, nothing due of {ITEMS}", none, None, None),
        _row(f"a run of the rule, {FEW} due of {ITEMS}", few, None, None),
        _row(f"a run of the rule, each of {3 * FEW} due", each, before, f"each of {FEW} due", unit="ms"),
    ]


def _ruled(home: Home, due: int) -> None:
    done = run_retention(home, doer(home, approver=None), home.keys.unlock(PASSPHRASE).casework)
    if (done.erased, done.left) != (due, 0):
        raise RuntimeError(f"the rule erased {done.erased} and left {done.left} of {due}")


def _paged(home: Home, now: datetime) -> None:
    """Go through all that is due, as a run does."""
    after = -1
    while True:
        with reading(home.engine) as connection:
            due = due_items(connection, RetentionTerms(365, 90), now, after=after, limit=200)
        if not due:
            return
        after = due[-1][0]


def _bare(file: Path, items: Sequence[str]) -> None:
    """What SQLite alone needs to forget the rows of these items."""
    with closing(sqlite3.connect(file)) as connection:
        for pragma in ("secure_delete = ON", "journal_mode = WAL", "synchronous = FULL"):
            connection.execute(f"PRAGMA {pragma}")
        for each in items:
            (index,) = connection.execute("SELECT idx FROM item WHERE item_id = ?", (each,)).fetchone()
            connection.execute("DELETE FROM sealed WHERE idx = ?", (index,))
            connection.execute("DELETE FROM item WHERE idx = ?", (index,))
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _row(what: str, spent: float, peer: float | None, peer_name: str | None, *, unit: str = "s") -> Row:
    ratio = None if peer is None else spent / peer
    return {"name": what, "unit": unit, "ours": spent, "peer": peer, "peer_name": peer_name, "ratio": ratio}


def _timed(do: Callable[[], object]) -> float:
    gc.collect()
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun
