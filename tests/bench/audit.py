"""How long an audit with records takes, by how many messages a home has; a message must not cost more among many.

An export of text messages is imported into a new rehearsal home, and the home audited at level 3 with the passphrase:
leaves, tiles, checkpoints and tokens checked, every sealed row hashed, every record opened against its leaf, and every
row in clear compared with what follows from them. Times are processor time of the one process.

The peer of the largest is the limit of 12 seconds that we set, and that of each message the same among fewer.
"""

import gc
import tempfile
import time
from pathlib import Path

from api.office.audit import run_audit
from evidence.audit.log import HEADERS_LEVEL
from tests.homes import PASSPHRASE, new_office

SIZES = (1_000, 10_000)
LIMIT_S = 12.0


def run() -> dict[str, object]:
    """Seconds to audit, and milliseconds a message, for each size."""
    timed = {messages: _timed(messages) for messages in SIZES}
    few, many = SIZES
    rows: list[dict[str, object]] = [
        {
            "name": f"audit a home of {many} messages, with records",
            "unit": "s",
            "ours": timed[many],
            "peer": LIMIT_S,
            "peer_name": "limit, at most",
            "ratio": timed[many] / LIMIT_S,
        }
    ]
    rows += [
        {
            "name": f"audit a home of {messages} messages, a message",
            "unit": "ms",
            "ours": timed[messages] / messages * 1000,
            "peer": timed[few] / few * 1000,
            "peer_name": f"the same among {few}",
            "ratio": timed[messages] / messages / (timed[few] / few),
        }
        for messages in SIZES
    ]
    return {"rows": rows}


def _timed(messages: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        home = new_office(Path(folder), messages=messages).home
        gc.collect()
        begun = time.process_time()
        done = run_audit(home, level=HEADERS_LEVEL, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
        spent_s = time.process_time() - begun
        done.report.require_passed()
        if not done.compared:
            raise RuntimeError("the audit did not compare the records")
        return spent_s
