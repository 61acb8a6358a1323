"""What fingerprints of one 1280x960 JPEG cost, beside imagehash.phash of the same bytes.

The peer decodes in process and counts one hash; ours decodes in the sandboxed worker and
counts eight exact PDQ hashes and the same pHash. Rounds alternate between both, so that a
busy machine slows both. Ratios are the peer's time over ours: above 1, ours is faster.
Times are wall time, because most of ours passes in another process.
"""

import statistics
import time
from collections.abc import Callable
from io import BytesIO

import imagehash
import numpy as np
from PIL import Image

from evidence.fingerprint.decoder import Decoder
from evidence.fingerprint.pdq import pdq
from evidence.fingerprint.picture import read_picture

ROUNDS = 15
PEER = "imagehash.phash, decode included"

Row = dict[str, object]


def run() -> dict[str, object]:
    """Measure; no network, nothing written."""
    picture = photo()
    data = jpeg(picture)
    pixels = np.asarray(picture)
    with Decoder() as decoder:
        times = _alternate(
            {
                "peer": lambda: imagehash.phash(Image.open(BytesIO(data))),
                "fingerprints of a 1280x960 JPEG, sandboxed": lambda: decoder.decode(data),
                "the same in this process": lambda: read_picture(data),
                "eight PDQ hashes of its pixels": lambda: pdq(
                    lambda top, bottom: pixels[top:bottom], width=1280, height=960
                ),
            }
        )
        started = time.perf_counter()
        with Decoder() as cold:
            cold.decode(data)
        start_ms = (time.perf_counter() - started) * 1000
    peer = times.pop("peer")
    rows = [_row(name, "ms", ours, peer, PEER) for name, ours in times.items()]
    rows.append(_row("the first picture, worker started for it", "ms", start_ms))
    return {"rows": rows}


def _row(name: str, unit: str, ours: float, peer: float | None = None, peer_name: str | None = None) -> Row:
    ratio = None if peer is None else peer / ours
    return {"name": name, "unit": unit, "ours": ours, "peer": peer, "peer_name": peer_name, "ratio": ratio}


def _alternate(tasks: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median milliseconds of each task, one of each per round after one round to warm up."""
    samples: dict[str, list[float]] = {name: [] for name in tasks}
    for round_number in range(ROUNDS + 1):
        for name, task in tasks.items():
            started = time.perf_counter()
            task()
            if round_number:
                samples[name].append((time.perf_counter() - started) * 1000)
    return {name: statistics.median(values) for name, values in samples.items()}


def photo() -> Image.Image:
    """Soft shapes with grain, about as compressible as a photograph."""
    source = np.random.default_rng(1)
    shapes = Image.fromarray(source.integers(0, 256, (12, 16, 3), dtype=np.uint8)).resize(
        (1280, 960), Image.Resampling.BICUBIC
    )
    grain = source.normal(0, 6, (960, 1280, 1))
    return Image.fromarray(np.clip(np.asarray(shapes) + grain, 0, 255).astype(np.uint8))


def jpeg(picture: Image.Image) -> bytes:
    target = BytesIO()
    picture.save(target, "JPEG", quality=85)
    return target.getvalue()
