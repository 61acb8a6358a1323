"""How long the verifier's page takes for a bundle in each browser, from the press of the button to the answer.

Beside it stands `nisisama verify` on the same bundle, and for 1,000 and 10,000 items the limits that we set: 2 s and
10 s. Times are of the clock, since browsers have many processes: take them on a quiet machine.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from casefiles.verifier.checks import verify
from casefiles.verifier.html.page import FILE_NAME, verifier_page
from evidence.finding import Verdict
from tests.browser.drive import CHROMIUM, FIREFOX, installed, play
from tests.casefiles import forge

LIMITS_S = {1_000: 2.0, 10_000: 10.0}
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
        return {"rows": [row for items in LIMITS_S for row in _rows(stage, folder, items)]}


def _rows(stage: Path, folder: Path, items: int) -> Iterator[dict[str, object]]:
    bundle, _ = forge.build(forge.contents_of(forge.small_log(items)))
    file = folder / f"{items}.asice"
    file.write_bytes(bundle)
    begun = time.perf_counter()
    verify(file, roots=forge.roots()).require_passed()
    python_s = time.perf_counter() - begun
    yield _row(f"nisisama verify, {items} items", python_s, items)
    for browser in (CHROMIUM, FIREFOX):
        visits = [{"file": str(file), "pem": [str(folder / "roots.pem")]}] * ROUNDS
        told = play(stage, "verifying", browser=browser, page=(folder / FILE_NAME).as_uri(), visits=visits)["told"]
        if {each["verdict"] for each in told} != {str(Verdict.PASSED)}:
            raise RuntimeError(browser)
        yield _row(f"the page in {browser}, {items} items", min(each["ms"] for each in told) / 1000, items)


def _row(name: str, ours: float, items: int) -> dict[str, object]:
    limit = LIMITS_S[items]
    return {
        "name": name,
        "unit": "s",
        "ours": ours,
        "peer": limit,
        "peer_name": "limit, at most",
        "ratio": ours / limit,
    }
