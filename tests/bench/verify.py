"""How long a bundle takes to verify, by how many items it has; an item must not cost more among many.

The peer is this same verifier on a bundle of 100 items: there is no other that knows the format.
A bundle of one item pays for its four time stamps and its seal alone. Times are processor time of
the one thread, because wall time on a shared machine measures the neighbours. Making a bundle ends
with verifying it: beside the time of the whole stands that of the verifying within it. The peer of verifying 1,000
items is the limit of one second that we set.
"""

import gc
import tempfile
import time
from pathlib import Path

from casefiles.verifier.checks import verify
from tests.casefiles import forge

SIZES = (1, 100, 1_000, 10_000)
LIMIT_S, LIMITED = 1.0, 1_000


def run() -> dict[str, object]:
    """Seconds to make and to verify, and milliseconds and bytes an item, for each size."""
    timed = [_timed(items) for items in SIZES]
    each = {items: row["verify_s"] / items for items, row in zip(SIZES, timed, strict=True)}
    rows = [
        {
            "name": f"verify a bundle of {items} items, an item",
            "unit": "ms",
            "ours": each[items] * 1000,
            "peer": each[SIZES[1]] * 1000,
            "peer_name": f"the same among {SIZES[1]}",
            "ratio": each[items] / each[SIZES[1]],
        }
        for items in SIZES
    ]
    rows += [_whole(items, row["verify_s"]) for items, row in zip(SIZES, timed, strict=True)]
    rows += [
        {
            "name": f"make a bundle of {items} items, verified before it is written",
            "unit": "s",
            "ours": row["build_s"],
            "peer": row["verify_s"],
            "peer_name": "the verifying in it",
            "ratio": row["build_s"] / row["verify_s"],
        }
        for items, row in zip(SIZES, timed, strict=True)
    ]
    rows += [
        _plain(f"size of a bundle of {items} items, an item", "bytes", row["bytes"] / items)
        for items, row in zip(SIZES, timed, strict=True)
    ]
    return {"rows": rows}


def _whole(items: int, spent_s: float) -> dict[str, object]:
    name = f"verify a bundle of {items} items"
    if items != LIMITED:
        return _plain(name, "s", spent_s)
    limit = {"peer": LIMIT_S, "peer_name": "limit, at most", "ratio": spent_s / LIMIT_S}
    return _plain(name, "s", spent_s) | limit


def _plain(name: str, unit: str, ours: float) -> dict[str, object]:
    return {"name": name, "unit": unit, "ours": ours, "peer": None, "peer_name": None, "ratio": None}


def _timed(items: int) -> dict[str, float]:
    contents = forge.contents_of(forge.small_log(items))
    gc.collect()
    begun = time.process_time()
    bundle, _ = forge.build(contents)
    build_s = time.process_time() - begun
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "bundle.asice"
        file.write_bytes(bundle)
        gc.collect()
        begun = time.process_time()
        verify(file, roots=forge.roots(), log_key=forge.VKEY).require_passed()
        return {"verify_s": time.process_time() - begun, "build_s": build_s, "bytes": len(bundle)}
