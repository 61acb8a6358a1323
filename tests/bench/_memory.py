"""The most memory that a process and those that it starts ever have resident, seen every tenth of a second."""

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class WatchedRun:
    """What a program took: seconds on the clock, and MB of itself and of the largest process that it started."""

    seconds: float
    own_mb: float
    largest_below_mb: float


def watched_run(command: Sequence[str], environment: Mapping[str, str]) -> WatchedRun:
    """Run a program to its end.

    The system's own account of a process that ended (ru_maxrss) begins with the memory of whoever started it, so the
    high-water mark is read while the process lives; what it takes in its last moment may be missed.
    """
    begun, own, below = time.perf_counter(), 0.0, dict[int, float]()
    with subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            own = max(own, peak_mb(process.pid))
            # the latest and not the largest: until a child runs its own program, it has the memory of its parent
            below |= {each: peak for each in processes_below(process.pid) if (peak := peak_mb(each))}
            time.sleep(_EVERY_S)
        seconds = time.perf_counter() - begun
    if process.returncode:
        raise RuntimeError(f"{command[1:4]}: exit {process.returncode}")
    return WatchedRun(seconds, own, max(below.values(), default=0.0))


@contextmanager
def watched_below() -> Iterator[Mapping[int, float]]:
    """The high-water mark of each process that is started below this one meanwhile, in MB, as it was last seen.

    Linux accounts to a child the memory of whoever started it (``ru_maxrss``, also of RUSAGE_CHILDREN): one that took
    10 MB below a parent of 580 had 583. Its own high-water mark begins anew with its program.
    """
    below, ended = dict[int, float](), Event()

    def watch() -> None:
        while not ended.wait(_EVERY_S):
            below.update({each: peak for each in processes_below(os.getpid()) if (peak := peak_mb(each))})

    watching = Thread(target=watch)
    watching.start()
    try:
        yield below
    finally:
        ended.set()
        watching.join()


def processes_below(process: int) -> Iterator[int]:
    """The processes that a process started, and those that these started."""
    with suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                yield child
                yield from processes_below(child)


def peak_mb(process: int) -> float:
    """The high-water mark of a process that lives, in MB; 0 if it has ended, or still is what started it.

    Until its program begins, a child has the memory of its parent (``vfork``).
    """
    with suppress(OSError):
        if Path(f"/proc/{process}/cmdline").read_bytes() == Path("/proc/self/cmdline").read_bytes():
            return 0.0
        found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
        return int(found[1]) * 1024 / 1e6 if found else 0.0
    return 0.0
