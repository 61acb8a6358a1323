"""How long `case export` and `nisisama verify` take, and how much memory, by how many items a case has.

Both are run as programs, as people run them, on a rehearsal home with text messages: with their start, the report as
PDF, and the check that an export makes before a byte leaves. Times are of the clock, since the typesetter is a process
of its own, and mean something on a quiet machine only. Memory is the high-water mark of each process. The peers are
the limits that we set: 10 s and 1 s for 1,000 items, and 500 MB for any process. Of the largest, the peer of an item
is the same among 1,000: an item must not cost more among many. The page is measured by `python -m tests.bench page`.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench._memory import WatchedRun, watched_run
from tests.homes import PASSPHRASE, new_case, new_office

SIZES = (1_000, 10_000)
LIMITS_S = {"case export": 10.0, "verify": 1.0}
LIMIT_MB = 500.0


def run() -> dict[str, object]:
    """Seconds and memory of each program, for each size."""
    few, many = SIZES
    load = _row("load of the machine before, one minute", "", os.getloadavg()[0], 2.0, "cores")
    took = {items: _took(items) for items in SIZES}
    rows = [
        _row(f"{what} of {few} items", "s", took[few][what].seconds, LIMITS_S[what], "limit, at most")
        for what in LIMITS_S
    ]
    for what in LIMITS_S:
        each, peer = (took[items][what].seconds / items * 1000 for items in (many, few))
        rows.append(_row(f"{what} of {many} items, an item", "ms", each, peer, f"the same among {few}"))
    for items in SIZES:
        rows += _memory(items, took[items])
    return {"rows": [load, *rows]}


def _memory(items: int, took: dict[str, WatchedRun]) -> Iterator[dict[str, object]]:
    for what, each in took.items():
        yield _row(f"memory of {what}, {items} items", "MB", each.own_mb, LIMIT_MB, "limit, at most")
    typesetter = took["case export"].largest_below_mb
    yield _row(f"memory of a typesetter, {items} items", "MB", typesetter, LIMIT_MB, "limit, at most")


def _took(items: int) -> dict[str, WatchedRun]:
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        home = new_office(folder, messages=items).home
        case = new_case(home)
        home.engine.dispose()
        out, passphrase = folder / "bundle.asice", {"NISISAMA_PASSPHRASE": PASSPHRASE}
        program = [sys.executable, "-m", "api.cli.main"]
        order = ["--out", str(out), "--for", "court", "--lang", "en", "--reason", "bench"]
        exporting = [*program, "--home", str(home.path), "case", "export", case, *order]
        by = ["--by", "ann", "--approved-by", "bo"]
        trust = [word for root in sorted(home.trust.glob("*.pem")) for word in ("--trust", str(root))]
        return {
            "case export": watched_run([*exporting, *by], passphrase),
            "verify": watched_run([*program, "verify", str(out), *trust], {}),
        }


def _row(name: str, unit: str, ours: float, peer: float, peer_name: str) -> dict[str, object]:
    return {"name": name, "unit": unit, "ours": ours, "peer": peer, "peer_name": peer_name, "ratio": ours / peer}
