"""How long the verifier's page takes for a bundle in each browser, from the press of the button to the answer.

The peer is `nisisama verify` on the same bundle in the same run; a second row has the limits that we set: 2 s for 1,000
items and 10 s for 10,000, and 500 MB for the largest process that the browser starts (its high-water mark of resident
memory, which counts what processes share). Times are of the clock, since browsers have many processes: take them on a
quiet machine. The load before a run is a row of its own.
"""

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from casefiles.verifier.checks import verify
from casefiles.verifier.html.page import FILE_NAME, verifier_page
from evidence.finding import Verdict
from tests.bench._memory import peak_mb, processes_below
from tests.browser.drive import CHROMIUM, FIREFOX, installed, play
from tests.casefiles import forge

LIMITS_S = {1_000: 2.0, 10_000: 10.0}
LIMIT_MB = 500.0
_EVERY_S = 0.1
ROUNDS = 3
"""Of which the quickest counts: the first of a browser also compiles the page."""


def run() -> dict[str, object]:
    """Seconds in each browser, for each size."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        stage = installed(folder)
        (folder / FILE_NAME).write_text(verifier_page(), encoding="utf-8")
        pem = folder / "roots.pem"
        pem.write_bytes(b"".join(root.public_bytes(Encoding.PEM) for root in forge.roots()))
        load = _row(
            "load of the machine before, one minute", "", os.getloadavg()[0], len(os.sched_getaffinity(0)), "cores"
        )
        return {"rows": [load, *(row for items in LIMITS_S for row in _rows(stage, folder, items))]}


def _rows(stage: Path, folder: Path, items: int) -> Iterator[dict[str, object]]:
    bundle, _ = forge.build(forge.contents_of(forge.small_log(items)))
    file = folder / f"{items}.asice"
    file.write_bytes(bundle)
    begun = time.perf_counter()
    verify(file, roots=forge.roots()).require_passed()
    python_s = time.perf_counter() - begun
    for browser in (CHROMIUM, FIREFOX):
        visits = [{"file": str(file), "pem": [str(folder / "roots.pem")]}] * ROUNDS
        with _largest_process() as largest:
            heard = play(stage, "verifying", browser=browser, page=(folder / FILE_NAME).as_uri(), visits=visits)
        if {each["verdict"] for each in heard["told"]} != {str(Verdict.PASSED)}:
            raise RuntimeError(browser)
        name, ours = f"the page in {browser}, {items} items", min(each["ms"] for each in heard["told"]) / 1000
        yield _row(name, "s", ours, python_s, "nisisama verify, this run")
        yield _row(name, "s", ours, LIMITS_S[items], "limit, at most")
        yield _row(f"largest process of {browser}, {items} items", "MB", max(largest), LIMIT_MB, "limit, at most")


@contextmanager
def _largest_process() -> Iterator[list[float]]:
    """The high-water marks, in MB, of the processes that are started meanwhile, seen every tenth of a second."""
    seen, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(_EVERY_S):
            seen.append(max(map(peak_mb, processes_below(os.getpid())), default=0.0))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield seen
    finally:
        done.set()
        watching.join()


def _row(name: str, unit: str, ours: float, peer: float, peer_name: str) -> dict[str, object]:
    return {"name": name, "unit": unit, "ours": ours, "peer": peer, "peer_name": peer_name, "ratio": ours / peer}
