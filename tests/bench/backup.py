"""How long a nightly backup takes of many items of which few are new; the peers are our limit, and cp in the same run.

An export of messages with photos is imported into a new rehearsal home, ready messages lie beside them (``_many``),
and a first backup is made. A second export is
one hundredth of it. The peer copies the folder of the home as it lies, which no other program may write to meanwhile,
and neither reads back nor forgets anything. ``BENCH_ITEMS`` and ``BENCH_PHOTOS`` make it smaller or larger.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from api.home import Home
from api.office.backup import BackedUp, back_up
from monitor.rehearsal.export import write_export
from tests.bench._many import home_of_many
from tests.homes import take_in

_SIZES = (("ITEMS", "100000"), ("PHOTOS", "1000"))
ITEMS, PHOTOS = (int(os.environ.get(f"BENCH_{name}", default)) for name, default in _SIZES)
IMPORTED = 2000
"""So many messages are imported; the others are ready ones (``_many``)."""
NEW = 100
"""One item in so many is new."""
LIMIT_S = 30.0


def run() -> dict[str, object]:
    """Seconds for the first backup, and for one of the next night."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home, _items = home_of_many(folder, items=ITEMS, imported=IMPORTED, photos=PHOTOS)
        first = _timed(lambda: _made(home, folder))
        more = write_export(folder / "more", seed=8, messages=ITEMS // NEW, photos=PHOTOS // NEW)
        take_in(home, more.folder)
        night = _timed(lambda: _made(home, folder))
        done = _made(home, folder)
        if done.copied or done.description.missing:
            raise RuntimeError("the second backup left something out")
        home.engine.dispose()
        copied = _timed(lambda: subprocess.run(["cp", "-a", home.path, folder / "copy"], check=True))
    what = f"of {ITEMS} messages and {PHOTOS} photos"
    return {
        "rows": [
            _row(f"first backup {what}", first, copied, "cp -a of the home"),
            _row(f"nightly {what}, 1 % new", night, LIMIT_S, "limit, at most"),
            _row(f"nightly {what}, 1 % new", night, copied, "cp -a of the home"),
        ]
    }


def _made(home: Home, folder: Path) -> BackedUp:
    return back_up(home, folder / "disk", with_keys=False, progress=lambda _bytes: nullcontext(lambda _more: None))


def _timed(do: Callable[[], object]) -> float:
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun


def _row(name: str, ours: float, peer: float, peer_name: str) -> dict[str, object]:
    return {"name": name, "unit": "s", "ours": ours, "peer": peer, "peer_name": peer_name, "ratio": ours / peer}
