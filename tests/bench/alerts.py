"""How long after it is logged an edited repost is told to its case, by the program that serves the API.

A home with 10,000 pictures that have nothing to do with it, of which only prints are kept; a case with one picture; and
the served program, unlocked. Reposts are edited otherwise each time and imported one by one by another process of the
office, while the server looks. From when the file's entry can be read to when that of the alert can, both by polling.
The peer is the limit of two seconds that we set.
"""

import secrets
import tempfile
import threading
import time
from pathlib import Path

import sqlalchemy as sa

from api.home import Home
from evidence.custody.event import Draft
from evidence.fingerprint.orientation import Orientation
from evidence.fingerprint.prints import Prints
from evidence.seal.envelopes import seal_whole
from evidence.store import database
from evidence.store.database import reading
from evidence.times import format_time
from tests.appearing import case_with, edits, jpeg, photo, post
from tests.serving import serving

OTHERS, REPOSTS = 10_000, 21
LIMIT_S = 2.0
_POLL_S = 0.01
_WAIT_S = 60


def run() -> dict[str, object]:
    """The median and the longest time until a case is told, in seconds."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as served:
        _fill(served.home)
        (original,) = post(served.home, Path(folder) / "first", {1: jpeg(photo())})
        case_with(served.home, original)
        served.unlock()
        _settle(served.home)
        times = sorted(_told(served.home, Path(folder), number) for number in range(REPOSTS))
    rows = [
        {"name": f"until a case is told of a repost among {OTHERS}, {what}", "unit": "s", "ours": ours}
        | {"peer": LIMIT_S, "peer_name": "limit, at most", "ratio": ours / LIMIT_S}
        for what, ours in (("median", times[len(times) // 2]), ("longest", times[-1]))
    ]
    return {"rows": rows}


def _fill(home: Home) -> None:
    """Files of which only random prints are kept."""
    at = format_time(home.clock())
    with home.writing() as writer:
        for first in range(0, OTHERS, 500):
            numbers = range(first, min(first + 500, OTHERS))
            writer.sequencer.append([_file(home, number, at) for number in numbers])


def _file(home: Home, number: int, at: str) -> Draft:
    sha256 = secrets.token_hex(32)
    pdq = {"quality": "100", **{name: secrets.token_hex(32) for name in Orientation}}
    prints = Prints(
        {"format": "nisisama/prints/1", "sha256": sha256, "md5": sha256[:32], "key_frames": []}
        | {"media_type": "image/jpeg", "width": "640", "height": "480", "frame": "only", "pdq": pdq, "trimmed": []}
        | {"phash": sha256[:16], "decoder": {"route": "full-rgb"}}
    )
    sealed = seal_whole(prints.sealing_bytes(), recipients=(home.recipients.matching,))
    values = {"at": at, "kind": "file", "channel_id": "7", "message_id": str(number), "mode": "hash_only"}
    return Draft("observed", values | {"sha256": sha256}, prints=sealed)


def _settle(home: Home) -> None:
    """Wait until the server has looked at all that there is."""
    follower = database.follower.c
    while True:
        with reading(home.engine) as connection:
            position = connection.execute(sa.select(follower.position).where(follower.name == "alerts")).scalar()
            size = connection.execute(sa.select(sa.func.max(database.event.c.idx))).scalar_one() + 1
        if position == size:
            return
        time.sleep(0.1)


def _told(home: Home, folder: Path, number: int) -> float:
    """Seconds from when a repost can be seen in the log to when its alert can."""
    with reading(home.engine) as connection:
        end = connection.execute(sa.select(sa.func.max(database.event.c.idx))).scalar_one()
    file = sa.select(database.item.c.idx).where(database.item.c.idx > end, database.item.c.kind == "file")
    alert = sa.select(database.alert.c.idx).where(database.alert.c.idx > end)
    again = list(edits(photo()).values())[number % 7]
    posting = threading.Thread(target=post, args=(home, folder / f"again-{number}", {100 + number: again}))
    posting.start()
    logged, told = _seen(home, file), _seen(home, alert)
    posting.join()
    return told - logged


def _seen(home: Home, wanted: sa.Select[tuple[int]]) -> float:
    """When a row was there, by a clock of this process."""
    until = time.perf_counter() + _WAIT_S
    while (now := time.perf_counter()) < until:
        with reading(home.engine) as connection:
            if connection.execute(wanted).first() is not None:
                return now
        time.sleep(_POLL_S)
    raise RuntimeError("nobody told the case")
