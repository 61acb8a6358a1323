"""Importing in every form, and large: what JSON, HTML pages and an archive take, and how much memory each holds.

Each import runs in a process of its own, text messages alone, mode ``metadata_only``: one invented chat as JSON, as
HTML pages and in a ZIP archive. ``python -m tests.bench.intake 20000 --form html`` makes one; ``--bytes 2000000000``
makes each message longer, so that all of them have this many bytes together. The peak is of memory that is no file's
(RssAnon and RssShmem, looked at 50 times a second): a large JSON file is mapped, and the system takes that back.
"""

import html
import json
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from api.office.intake import Wish, import_export
from evidence.observation import Mode
from tests.homes import doer, new_home

FORMS = ("json", "html", "zip")
COUNT = 3_000
MEMORY_BYTES = 300_000_000
"""The most that an import of 2 GB may hold."""
HALF = 0.5
"""HTML is to be at least this fast, beside JSON."""
_EACH_PAGE = 1_000
_LOOK_S = 0.02

Row = dict[str, object]


def texts(count: int, size: int) -> Iterator[tuple[int, str]]:
    """Invented messages: number and text, of ``size`` characters each."""
    words = "danas utre sonce grad ulica broj zdravo grupa "
    for number in range(1, count + 1):
        yield number, f"{number} {words * (size // len(words) + 1)}"[:size]


def write_as_json(folder: Path, count: int, size: int) -> None:
    """The export of a chat as JSON."""
    folder.mkdir()
    with (folder / "result.json").open("w", encoding="utf-8") as file:
        file.write('{"name": "Grupa", "type": "public_supergroup", "id": 1234567890, "messages": [')
        for number, text in texts(count, size):
            seconds = 1_700_000_000 + 37 * number
            local = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()
            said = {"id": number, "type": "message", "date": local, "date_unixtime": str(seconds), "from": "Ime"}
            said |= {"from_id": "user1000000000", "text": text}
            file.write(("" if number == 1 else ",\n") + json.dumps(said))
        file.write("]}")


def write_as_html(folder: Path, count: int, size: int) -> None:
    """The same chat as HTML pages of 1,000 messages."""
    folder.mkdir()
    page, group = 1, list[str]()
    last = (count + _EACH_PAGE - 1) // _EACH_PAGE
    for number, text in texts(count, size):
        group.append(
            f'<div class="message default clearfix" id="message{number}">\n<div class="body">\n'
            f'<div class="pull_right date details" title="14.07.2024 09:12:44 UTC+01:00">\n09:12\n</div>\n'
            f'<div class="from_name">\nIme \n</div>\n<div class="text">\n{html.escape(text)}\n</div>\n</div>\n</div>\n'
        )
        if len(group) == _EACH_PAGE or number == count:
            following = f"messages{page + 1}.html"
            more = f'<a class="pagination block_link" href="{following}">\nNext messages</a>' if page < last else ""
            name = f"messages{page if page > 1 else ''}.html"
            (folder / name).write_text(f"<html><body>{''.join(group)}{more}</body></html>\n", encoding="utf-8")
            page, group = page + 1, []


def write_as_zip(folder: Path, count: int, size: int) -> None:
    """The JSON export in an archive, stored: what is packed better has fewer bytes to read."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        write_as_json(Path(name) / "export", count, size)
        with zipfile.ZipFile(folder, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            archive.write(Path(name) / "export" / "result.json", "ChatExport/result.json")


WRITE: dict[str, Callable[[Path, int, int], None]] = {
    "json": write_as_json,
    "html": write_as_html,
    "zip": write_as_zip,
}


def anonymous_bytes() -> int:
    """The memory that this process holds now, but for what is a file's."""
    held = (line.split() for line in Path("/proc/self/status").read_text("ascii").splitlines())
    return sum(int(words[1]) * 1024 for words in held if words[0] in ("RssAnon:", "RssShmem:"))


@contextmanager
def watched_memory() -> Iterator[Callable[[], int]]:
    """Looks at the memory of this process until the block ends; what it gives tells the most that it saw."""
    most, ended = [anonymous_bytes()], threading.Event()

    def look() -> None:
        while not ended.wait(_LOOK_S):
            most[0] = max(most[0], anonymous_bytes())

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield lambda: max(most[0], anonymous_bytes())
    finally:
        ended.set()
        looking.join()


def import_form(form: str, count: int, size: int) -> dict[str, float]:
    """One import in this process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home, _cards = new_home(folder / "home")
        given = folder / ("sent.zip" if form == "zip" else "given")
        WRITE[form](given, count, size)
        files = [given] if given.is_file() else list(given.iterdir())
        length = sum(each.stat().st_size for each in files)
        before = anonymous_bytes()
        with watched_memory() as most:
            wall, processor = time.perf_counter(), time.process_time()
            import_export(home, Wish(given, None, "mila", Mode.METADATA_ONLY, None, doer(home)))
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            peak = most()
        home.engine.dispose()
    rates = {"wall": count / wall, "processor": count / processor, "bytes": float(length)}
    return rates | {"peak": float(peak), "before": float(before)}


def in_a_process(form: str, count: int) -> dict[str, float]:
    """One import in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.intake", str(count), "--form", form]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rates: dict[str, float] = json.loads(done.stdout)
    return rates


def rows() -> list[Row]:
    """Each form once, small; the 2 GB are for whoever asks for them."""
    found = {form: in_a_process(form, COUNT) for form in FORMS}
    plain = found["json"]["processor"]
    told: list[Row] = []
    for form in ("html", "zip"):
        ours = found[form]["processor"]
        told.append(
            {
                "name": f"{COUNT} text messages from {form}, of processor time",
                "unit": "1/s",
                "ours": ours,
                "peer": plain,
                "peer_name": "the same from JSON",
                "ratio": ours / plain,
            }
        )
    return told
