"""How long a bundle with its report as PDF takes to make and to verify, by how many items it has, on the clock.

The typesetter is a process of its own, so processor time of this one would not count it: times here are wall time,
and mean something on a quiet machine only. Memory is the most that any process took that was started here. The peers
of 1,000 items are the limits that we set. Of 10,000 items the peer is the same among 1,000: an item must not cost more
among many.
"""

import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from casefiles.pages.made import page_maker
from casefiles.report.paged import Remaking
from casefiles.verifier.checks import verify
from tests.casefiles import forge

SIZES = (1_000, 10_000)
LIMITS_S = {"make": 10.0, "verify": 1.0}
LIMIT_MB = 500.0


def run() -> dict[str, object]:
    """Seconds to make, to verify, and to verify with the pages made again; and the memory of the typesetter."""
    few, many = SIZES
    timed = {items: _timed(items) for items in SIZES}
    rows = [_row(f"{what} a bundle of {few} items", "s", timed[few][what], LIMITS_S.get(what)) for what in timed[few]]
    for what in timed[many]:
        each, peer = timed[many][what] / many * 1000, timed[few][what] / few * 1000
        named = f"{what} a bundle of {many} items, an item"
        rows.append(_row(named, "ms", each, peer) | {"peer_name": f"the same among {few}"})
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    rows.append(_row("memory of a typesetter", "MB", megabytes, LIMIT_MB))
    return {"rows": rows}


def _row(name: str, unit: str, ours: float, limit: float | None) -> dict[str, object]:
    if limit is None:
        return {"name": name, "unit": unit, "ours": ours, "peer": None, "peer_name": None, "ratio": None}
    return {
        "name": name,
        "unit": unit,
        "ours": ours,
        "peer": limit,
        "peer_name": "limit, at most",
        "ratio": ours / limit,
    }


def _timed(items: int) -> dict[str, float]:
    contents = forge.changed(forge.contents_of(forge.small_log(items)), pages=page_maker())
    made: list[bytes] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bundle.asice"
        seconds = {"make": _clocked(lambda: made.append(forge.build(contents)[0]))}
        file.write_bytes(made[0])

        def verified(pages: Remaking) -> None:
            verify(file, roots=forge.roots(), log_key=forge.VKEY, pages=pages).require_passed()

        seconds["verify"] = _clocked(lambda: verified(Remaking(page_maker())))
        seconds["verify, with its pages made again,"] = _clocked(lambda: verified(Remaking(page_maker(), asked=True)))
        return seconds


def _clocked(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun
