"""The two commands of the README, on a machine with nothing but Python 3.11 and pip.

    python3 run.py demo [ARGS]         rehearse the whole way with harmless pictures
    python3 run.py test [ARGS]         run the tests; --outside and --slow add more of them
    python3 run.py COMMAND [ARGS]      any other command of nisisama

The first call makes ``.venv`` from a lock in ``requirements/``; later calls find it ready and go
on at once. A bare Debian 12 is the measure: it has pip, but no ``ensurepip``, compiler or git,
and pip may not touch the system (PEP 668). So the environment is made without pip, the pip
outside fills it (``--python``), and every package is a wheel whose SHA-256 stands in the lock.

Standard library only; nothing is written outside this folder. The syntax is one that an older
Python 3 can read as far as the refusal.
LIMIT: a program still running from ``.venv`` while a changed lock replaces it loses its files.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

if sys.platform != "win32":
    import fcntl

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "nisisama-stamp"
SCRATCH = ROOT / ".venv-scratch"
"""What pip fetches and unpacks; gone when the environment is ready."""
WHEELS = SCRATCH / "wheels"

RUN_LOCK = ROOT / "requirements" / "run.lock"
DEV_LOCK = ROOT / "requirements" / "dev.lock"

OLDEST_PYTHON = (3, 11)
USAGE = "usage: python3 run.py demo [ARGS] | test [--outside] [--slow] [PYTEST ARGS] | COMMAND [ARGS]"
PIP_QUIETLY = ("--quiet", "--no-input", "--disable-pip-version-check")
NISISAMA = """
import signal, sys
before = signal.getsignal(signal.SIGINT)
if before is signal.default_int_handler:  # until the program can say that it was stopped; who ignores it goes on to
    signal.signal(signal.SIGINT, signal.SIG_DFL)
sys.argv[0] = 'nisisama'
from api.cli.main import main
signal.signal(signal.SIGINT, before)
sys.exit(main())
"""
ARRIVED = """
import importlib.metadata as metadata, sys
for name, pinned in zip(sys.argv[1::2], sys.argv[2::2]):
    found = next((part.version for part in metadata.distributions(name=name)), "nothing")
    if found != pinned:
        sys.exit(f"{name}: expected {pinned}, found {found}.")
import api.cli.main
"""
"""Run in ``.venv``: ends with an error unless each pinned package is there and the program can be imported."""

REMEDIES = (
    ("No space left on device", "Free about 1 GB of disk space here, then run this again."),
    ("no such option: --python", "This pip is older than 22.3. Update it: python3 -m pip install --user --upgrade pip"),
    ("DO NOT MATCH THE HASHES", "A package is not the one that was tested with this program. Do not go on; report it."),
    ("CERTIFICATE_VERIFY_FAILED", "The package index could not prove who it is. Check the clock and the proxy."),
    ("ConnectionError", "The package index was not reached. Connect this machine, then run this again."),
    ("TimeoutError", "The package index did not answer. Check the connection, then run this again."),
    ("No matching distribution", "No index was reached, or none has a wheel for this kind of Python and machine."),
)
"""What pip says, and what to do; the first that occurs is told."""


class RefusalError(Exception):
    """Two sentences: what is wrong, and what to do."""


def main(arguments: list[str]) -> int:
    """Make the environment if it is not ready, then become the program that was asked for."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, flush=True)
        if arguments and is_ready(RUN_LOCK):
            become(["--help"])
        if not arguments:
            print("Every COMMAND: python3 run.py --help", flush=True)
        return 0 if arguments else 2
    lock = DEV_LOCK if arguments[0] == "test" else RUN_LOCK
    try:
        require_system()
        if not is_ready(lock):
            make_ready(lock)
    except RefusalError as refusal:
        say(*refusal.args)
        return 1
    except KeyboardInterrupt:
        say("", "Interrupted; the next call begins again.")
        return 130
    return become(arguments)


def become(arguments: list[str]) -> NoReturn:
    """Replace this process by pytest or by nisisama: signals, terminal and exit code are then theirs."""
    if arguments[0] == "test":
        os.chdir(ROOT)
        os.execv(PYTHON, [str(PYTHON), "-I", "-m", "pytest", *pytest_arguments(arguments[1:])])
    # -I: a folder "config" where the user stands, or on PYTHONPATH, must not pass for ours
    os.execv(PYTHON, [str(PYTHON), "-I", "-c", NISISAMA, *arguments])


def pytest_arguments(arguments: list[str]) -> list[str]:
    """Plain tests by default; ``--outside`` adds those that need other programs, ``--slow`` adds all."""
    chosen = ["-m", "not outside and not slow"]
    if "--outside" in arguments:
        chosen = ["-m", "not slow"]
    if "--slow" in arguments:
        chosen = []
    others = [argument for argument in arguments if argument not in ("--outside", "--slow")]
    # three for two cores: a quarter of the time, tests wait for a process, a clock or a disk
    # file by file: what the tests of a file share is made once; in the order of tests/conftest.py, the longest first
    workers = max(2, 3 * (os.cpu_count() or 1) // 2)
    return [*chosen, "-n", str(workers), "--dist", "loadfile", "--no-loadscope-reorder", *others]


def require_system() -> None:
    """Refuse a Python that is too old, and Windows, which has no POSIX permissions and locks."""
    if sys.version_info[:2] < OLDEST_PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        raise RefusalError(f"NisiSama needs Python 3.11 or newer; this is {found}.", "Try: python3.11 run.py demo")
    if sys.platform == "win32":
        raise RefusalError("NisiSama runs on Linux and macOS.", "On Windows, use it inside WSL.")


def stamp_of(lock: Path) -> str:
    """What an environment is made of: the lock, the kind of Python, the machine, the place of this folder."""
    kind = f"{sys.implementation.cache_tag}\n{sysconfig.get_platform()}\n".encode()
    return hashlib.sha256(kind + os.fsencode(ROOT) + b"\n" + lock.read_bytes()).hexdigest()


def present_stamp() -> str:
    """What ``.venv`` was made of; empty if it is absent, half made, or its Python is gone."""
    if not os.access(PYTHON, os.X_OK):
        return ""
    try:
        return STAMP.read_text()
    except FileNotFoundError:
        return ""


def made_with() -> str:
    """With which Python ``.venv`` was made, and what that means for who may use it; empty if nothing is known."""
    with contextlib.suppress(OSError):
        found = re.search(r"^executable = (.+)$", (VENV / "pyvenv.cfg").read_text("utf-8"), re.MULTILINE)
        if found and os.access(found[1], os.X_OK):
            return f"\nIt was made ready with another one; run it with that: {found[1]} run.py"
        if found:
            return (
                f"\nIt was made ready with {found[1]}, which this account may not run. Whoever owns the folder runs "
                "run.py in it once with a Python that both accounts can run, such as /usr/bin/python3."
            )
    return ""


def is_ready(lock: Path) -> bool:
    """Whether ``.venv`` serves for ``lock``; made for the tests, it holds what the program needs as well."""
    return present_stamp() in (stamp_of(lock), stamp_of(DEV_LOCK))


def make_ready(lock: Path) -> None:
    """Make or complete ``.venv``; of several calls at once, one works and the others wait for it."""
    if not os.access(ROOT, os.W_OK):
        raise RefusalError(
            f"{ROOT} cannot be written to, and it is not ready for this Python ({sys.executable}).{made_with()}",
            "Copy the folder to a place of your own, and run it there.",
        )
    if Path(sys.prefix).resolve() == VENV:
        raise RefusalError("This Python lives in .venv, which must be made new.", "Use the system's: python3 run.py")
    try:
        with locked() as held:
            if not is_ready(lock):
                build(lock, held=held)
    except OSError as error:
        raise RefusalError(f"The environment could not be made: {error}.", "Mend that, then run this again.") from error


@contextlib.contextmanager
def locked() -> Iterator[int]:
    """Hold this folder's lock, and yield its descriptor for children that must hold it as well.

    It lies on this very file, so that no lock file is left behind or swept away.
    """
    with Path(__file__).open("rb") as own:
        fcntl.flock(own, fcntl.LOCK_EX)
        yield own.fileno()


def build(lock: Path, *, held: int) -> None:
    """Fill ``.venv`` from ``lock``, and touch nothing of an older one before everything has arrived.

    The stamp comes last, after the program could be imported: without it, the environment counts as half made.
    """
    began = time.monotonic()
    SCRATCH.mkdir(exist_ok=True)
    say(f"Fetching the packages of {lock.relative_to(ROOT)}; this can take a minute.")
    pip("download", "--no-cache-dir", "--dest", str(WHEELS), lock=lock, held=held)
    completes = present_stamp() == stamp_of(RUN_LOCK)
    STAMP.unlink(missing_ok=True)
    if not completes:
        if VENV.exists():
            shutil.rmtree(VENV)
        venv.create(VENV, symlinks=True, with_pip=False)
    say("Installing them into .venv.")
    pip(
        "--python",
        str(PYTHON),
        "install",
        "--no-compile",
        "--no-index",
        "--find-links",
        WHEELS.as_uri(),
        lock=lock,
        held=held,
    )
    site_packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(VENV)}))
    (site_packages / "nisisama.pth").write_bytes(os.fsencode(ROOT) + b"\n")
    require_arrived(lock)
    shutil.rmtree(SCRATCH)
    os.sync()  # a stamp that outlives a power cut must not vouch for files that did not
    STAMP.write_text(stamp_of(lock))
    say(f"Ready after {time.monotonic() - began:.0f} s.")


def pip(*arguments: str, lock: Path, held: int) -> None:
    """Run this Python's pip on exactly what ``lock`` pins; what it says is shown only if it fails.

    Raises:
        RefusalError: With the end of what pip said, and a remedy.
    """
    if not importlib.util.find_spec("pip"):
        raise RefusalError("This Python has no pip.", "Install it, on Debian: apt install python3-pip")
    exactly = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--requirement", str(lock)]
    log = SCRATCH / "pip.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            # -P and cwd: a "pip" that lies where the user stands must not run in place of pip
            [sys.executable, "-P", "-m", "pip", *PIP_QUIETLY, *arguments, *exactly],
            cwd=SCRATCH,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=pip_environment(),
            pass_fds=(held,),  # should this process be killed, the lock lasts until its pip has ended too
        )
    if wait(child) != 0:
        said = log.read_text(errors="replace").strip()
        remedy = next((words for sign, words in REMEDIES if sign in said), "Mend what pip says above.")
        raise RefusalError(said[-4000:], f"The packages could not be installed. {remedy}")


def require_arrived(lock: Path) -> None:
    """Check that the environment holds every package of ``lock`` in its version, and can import the program.

    Raises:
        RefusalError: It does not, whatever pip said.
    """
    done = subprocess.run(
        [PYTHON, "-I", "-c", ARRIVED, *(part for pin in unconditional_pins(lock.read_text("utf-8")) for part in pin)],
        check=False,
        cwd=SCRATCH,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise RefusalError(said[-4000:], "The packages were installed but do not work. Report what is said above.")


def unconditional_pins(lock: str) -> list[tuple[str, str]]:
    """Name and version of every package that a lock pins for each system.

    A pin with a marker (``; sys_platform == 'win32'``) is left out: only pip can tell whether it is meant here.
    """
    return re.findall(r"^([A-Za-z0-9._-]+)==(\S+)(?= *(?:\\|--hash|$))", lock, re.MULTILINE)


def wait(child: subprocess.Popen[bytes]) -> int:
    """Wait for ``child``, on a terminal with the seconds that have passed; return its exit code."""
    began = time.monotonic()
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(timeout=1)
        if sys.stderr.isatty():
            print(f"  {time.monotonic() - began:.0f} s", end="\r", file=sys.stderr, flush=True)


def pip_environment() -> dict[str, str]:
    """The user's own settings of pip, less those that lead out of this folder or to packages outside it."""
    astray = ("PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")
    kept = {name: value for name, value in os.environ.items() if name not in astray}
    return {**kept, "TMPDIR": str(SCRATCH)}


def say(*lines: str) -> None:
    """To standard error: standard output belongs to the program that was asked for."""
    print(*lines, sep="\n", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
