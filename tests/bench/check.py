"""How long it takes to look for a client's picture among those that are stored, once the keys are open.

Generated pictures are imported as sealed media into a new rehearsal home, and one of them is looked for by
the program's own check: decoded in the sandboxed worker, every stored prints envelope opened and compared, the
look logged and signed. Processor time is that of the process and of the worker that it started.
The peers are the limit of one second that we set, and the worker alone.
"""

import gc
import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from api.office.check import check_picture
from evidence.fingerprint.decoder import fingerprints_of
from tests.homes import PASSPHRASE, doer, new_case, new_office

PICTURES = 500
LIMIT_S = 1.0


def run() -> dict[str, object]:
    """Seconds of one check, and of what its worker took."""
    with tempfile.TemporaryDirectory() as folder:
        office = new_office(Path(folder), messages=PICTURES + 16, photos=PICTURES)
        home, case = office.home, new_case(office.home, [])
        photo = next(name for name in office.export.media if name.startswith("photos/"))
        picture = (office.export.folder / photo).read_bytes()
        keys = home.keys.unlock(PASSPHRASE)

        def look() -> None:
            checked = check_picture(home, io.BytesIO(picture), case, doer(home), keys)
            (one,) = checked.pictures
            if not one.matches or one.compared < PICTURES:
                raise RuntimeError("the check did not compare every picture, or found none")

        alone_s, whole_s = _spent(lambda: fingerprints_of(picture)), _spent(look)
    name = f"check a picture against the prints of {PICTURES}"
    rows = [
        {"name": name, "unit": "s", "ours": whole_s, "peer": peer_s, "peer_name": peer, "ratio": whole_s / peer_s}
        for peer, peer_s in (("limit, at most", LIMIT_S), ("its fingerprints alone", alone_s))
    ]
    return {"rows": rows}


def _spent(task: Callable[[], object]) -> float:
    """Seconds of processor time, children that ended included."""
    gc.collect()
    before = sum(os.times()[:4])
    task()
    return sum(os.times()[:4]) - before
