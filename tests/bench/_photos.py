"""Importing photos: how many a second are durable with every fingerprint, beside the parts of it.

An export of generated photos of 1280x960, no two alike, is imported as ``sealed`` into a new SQLite home by the
program's own import: read, decoded in the sandboxed workers, fingerprinted, sealed, on disk, logged and signed. The
parts are processor time: of this process (reading, sealing, logging), and of one picture's decoding and fingerprints
in this process, outside of the walls. ``load`` is the machine's, over the last minute, when the import began.
"""

import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from evidence.fingerprint.picture import read_picture
from evidence.observation import Mode
from tests.bench.fingerprint import jpeg, photo
from tests.homes import new_home, take_in

PHOTOS = 300
LIMIT_PER_SECOND = 60
ROUNDS = 15

Row = dict[str, object]


def write_photos(folder: Path, count: int) -> None:
    """An export of ``count`` messages, each with a photo of its own."""
    (folder / "photos").mkdir(parents=True)
    pixels, messages = np.asarray(photo()).copy(), []
    for number in range(count):
        pixels[:64, :64] = number * 7 % 256
        pixels[64 : 64 + number % 64, 0:8] = number % 251
        (folder / f"photos/{number}.jpg").write_bytes(jpeg(Image.fromarray(pixels)))
        message = {"id": number + 1, "type": "message", "date": "2024-11-14T10:00:00"}
        message |= {"date_unixtime": str(1_731_574_800 + number), "from": "Zogu", "from_id": "user7", "text": "x"}
        messages.append(message | {"photo": f"photos/{number}.jpg", "width": 1280, "height": 960})
    export = {"name": "Grupa", "type": "public_supergroup", "id": 1_234_567_890, "messages": messages}
    (folder / "result.json").write_text(json.dumps(export), encoding="utf-8")


def rows() -> list[Row]:
    """Import once, beside the limit; then the parts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home, _cards = new_home(folder / "home")
        write_photos(folder / "export", PHOTOS)
        load, before, began = os.getloadavg()[0], os.times(), time.perf_counter()
        take_in(home, folder / "export", Mode.SEALED)
        wall_s, after = time.perf_counter() - began, os.times()
        home.engine.dispose()
    own_ms = 1e3 * (after.user + after.system - before.user - before.system) / PHOTOS
    workers_ms = (
        1e3 * (after.children_user + after.children_system - before.children_user - before.children_system) / PHOTOS
    )
    rate = PHOTOS / wall_s
    return [
        {
            "name": f"import {PHOTOS} photos of 1280x960, durable, with every fingerprint",
            "unit": "1/s",
            "ours": rate,
            "peer": LIMIT_PER_SECOND,
            "peer_name": "limit, at least",
            "ratio": rate / LIMIT_PER_SECOND,
        },
        alone("processor time a photo: reading, sealing, logging", "ms", own_ms),
        alone("the same of the workers, their start included", "ms", workers_ms),
        alone("of which decoding and fingerprints, in this process", "ms", _one_picture_ms()),
        alone("load when it began", "", load),
    ]


def _one_picture_ms() -> float:
    data = jpeg(photo())
    read_picture(data)
    began = time.process_time()
    for _ in range(ROUNDS):
        read_picture(data)
    return (time.process_time() - began) * 1e3 / ROUNDS


def alone(name: str, unit: str, ours: float) -> Row:
    return {"name": name, "unit": unit, "ours": ours, "peer": None, "peer_name": None, "ratio": None}
