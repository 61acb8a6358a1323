"""How long an erasure takes, of one item and of a thousand, among many; the peers are the limits that we set.

An export of text messages is imported into a new rehearsal home. Two persons erase at once: records are opened, what is
kept of them is sealed, rows and tombstones are written in one transaction, and the journal is emptied; the audit is
clean afterwards. ``BENCH_ITEMS`` and ``BENCH_ERASED`` make it smaller.
"""

import gc
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from api.home import Home
from tests.erasing import erase_now, problems_of
from tests.homes import items_of, new_office

_SIZES = (("ITEMS", "100000"), ("ERASED", "1000"))
ITEMS, ERASED = (int(os.environ.get(f"BENCH_{name}", default)) for name, default in _SIZES)
ONE_S, MANY_S = 0.5, 30.0


def run() -> dict[str, object]:
    """Seconds to erase one item, and many at once."""
    with tempfile.TemporaryDirectory() as folder:
        home = new_office(Path(folder), messages=ITEMS).home
        items = [item.item_id for item in items_of(home) if item.kind == "message"]
        one, many = _timed(home, items[:1]), _timed(home, items[1 : 1 + ERASED])
        if problems := problems_of(home):
            raise RuntimeError(f"the audit is not clean: {problems[0].id}")
        home.engine.dispose()
    return {"rows": [_row("one item", one, ONE_S), _row(f"{ERASED} items", many, MANY_S)]}


def _row(what: str, spent_s: float, limit_s: float) -> dict[str, object]:
    return {
        "name": f"erase {what} of {ITEMS}",
        "unit": "s",
        "ours": spent_s,
        "peer": limit_s,
        "peer_name": "limit, at most",
        "ratio": spent_s / limit_s,
    }


def _timed(home: Home, items: Sequence[str]) -> float:
    gc.collect()
    begun = time.perf_counter()
    erase_now(home, *items)
    return time.perf_counter() - begun
