"""How long it takes to export a case, by how many items it has; an item must not cost more among many.

An export of text messages is imported into a new rehearsal home, all of it put into one case, and the case exported
into memory: records opened, paths made, tables and report written, sealed, and verified by the verifier itself
before a byte leaves. Times are processor time of the one process, which also runs the rehearsal's time-stamp office.

The peer of the largest is the middle one; that of the middle one is the limit of 5 seconds that we set.
"""

import gc
import io
import tempfile
import time
from pathlib import Path

from api.office.bundle import Order, stream_case
from tests.homes import PASSPHRASE, doer, new_case, new_office

SIZES = (100, 1_000, 10_000)
LIMIT_S = 5.0


def run() -> dict[str, object]:
    """Seconds to export, and milliseconds an item, for each size."""
    timed = {items: _timed(items) for items in SIZES}
    middle = SIZES[1]
    rows: list[dict[str, object]] = [
        {
            "name": f"export a case of {middle} items",
            "unit": "s",
            "ours": timed[middle],
            "peer": LIMIT_S,
            "peer_name": "limit, at most",
            "ratio": timed[middle] / LIMIT_S,
        }
    ]
    rows += [
        {
            "name": f"export a case of {items} items, an item",
            "unit": "ms",
            "ours": timed[items] / items * 1000,
            "peer": timed[middle] / middle * 1000,
            "peer_name": f"the same among {middle}",
            "ratio": timed[items] / items / (timed[middle] / middle),
        }
        for items in SIZES
    ]
    return {"rows": rows}


def _timed(items: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        home = new_office(Path(folder), messages=items).home
        case = new_case(home)
        casework = home.keys.unlock(PASSPHRASE).casework
        gc.collect()
        begun = time.process_time()
        stream_case(home, Order(case, "court", "en", doer(home)), casework, bundle=io.BytesIO(), letter=io.BytesIO())
        return time.process_time() - begun
