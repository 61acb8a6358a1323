"""The program as a process of its own, forked from one that has imported it already: to import takes two seconds.

Its arguments, environment, streams, signals, exit code and end are those of the program, and it is a child of this
process. Where branches are counted it is started afresh: the counter begins with an interpreter.
"""

import ctypes
import gc
import importlib
import io
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from tests.contracts.tree import ROOT

_SET_CHILD_SUBREAPER: Final = 36
"""<sys/prctl.h>: who loses its parent below this process becomes its child, and is waited for here."""
_IMPORTED: Final = ("api.cli.main", "api.cli.serve", "api.http.server", "api.cli.monitor", "monitor.telegram.login")
_HERE: Final = f"import sys; sys.path.insert(0, {str(ROOT)!r})"
_MAIN: Final = "from api.cli.main import main; sys.exit(main())"
_PID_BYTES: Final = 4


class ForkedProgram(subprocess.Popen[str]):
    """``nisisama`` with these arguments; its three streams are pipes of text.

    Args:
        first: Python that runs before it.
        environment: Its variables; without them, those of this process.
        at: The folder that it starts in; without one, that of this process.
    """

    def __init__(
        self,
        arguments: Sequence[str | Path],
        first: str = "",
        environment: Mapping[str, str] | None = None,
        at: Path | None = None,
    ) -> None:
        super().__init__(
            [sys.executable, "-u", "-c", f"{_HERE}; {first}\n{_MAIN}", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**(os.environ if environment is None else environment)},
            cwd=at or Path.cwd(),
        )

    def _execute_child(self, *given: Any) -> None:  # noqa: ANN401 - as Popen gives them
        command, at, environment = given[0], given[5], given[6]
        if "COVERAGE_PROCESS_START" in environment:
            super()._execute_child(*given)  # type: ignore[misc]
            return
        streams = given[10], given[13], given[15]
        self.pid = _asked(command, environment, at, streams)
        self._child_created = True
        for each in streams:
            os.close(each)


class _Zygote:
    """A process that has imported the program, and forks when it is asked."""

    def __init__(self) -> None:
        self.socket, other = socket.socketpair()
        with other:
            code = f"{_HERE}; from tests.forking import answer; answer({other.fileno()})"
            self._process = subprocess.Popen([sys.executable, "-u", "-c", code], pass_fds=[other.fileno()])

    def end(self) -> None:
        self.socket.close()
        self._process.wait(timeout=60)


_zygotes: Final[list[_Zygote]] = []


def end() -> None:
    """End the process that forks, if one was needed."""
    while _zygotes:
        _zygotes.pop().end()


def _asked(command: Sequence[str], environment: Mapping[str, str], at: Path, streams: Sequence[int]) -> int:
    """The process id of a new child of this process, which is the program."""
    if not _zygotes:
        _zygotes.append(_Zygote())
    told = {"code": command[3], "argv": ["-c", *command[4:]], "env": dict(environment), "cwd": str(at)}
    body, calls = json.dumps(told).encode(), _zygotes[0].socket
    _adopt(orphans=True)
    try:
        socket.send_fds(calls, [len(body).to_bytes(_PID_BYTES, "big")], streams)
        calls.sendall(body)
        return int.from_bytes(calls.recv(_PID_BYTES, socket.MSG_WAITALL), "big")
    finally:
        _adopt(orphans=False)  # others, whose parent a test kills, are nobody's here


def _adopt(*, orphans: bool) -> None:
    if ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, int(orphans), 0, 0, 0):
        raise OSError("prctl: this system adopts no orphans")


def answer(descriptor: int) -> None:
    """Import the program, and fork for each call until nobody is left to call."""
    for name in _IMPORTED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=descriptor) as calls:
        while True:
            size, streams, _flags, _address = socket.recv_fds(calls, _PID_BYTES, 3)
            if not size:
                return
            asked = json.loads(calls.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL))
            pid = _fork_twice()
            if pid == 0:
                calls.close()
                _become(asked, streams)
            for each in streams:
                os.close(each)
            calls.sendall(pid.to_bytes(_PID_BYTES, "big"))


def _fork_twice() -> int:
    """0 in a process whose parent has ended; in this one its process id, once that parent ended."""
    told, tell = os.pipe()
    between = os.fork()
    if between == 0:
        child = os.fork()
        if child:
            os.write(tell, child.to_bytes(_PID_BYTES, "big"))
            os._exit(0)
    os.close(tell)
    pid = 0
    if between:
        pid = int.from_bytes(os.read(told, _PID_BYTES), "big")
        os.waitpid(between, 0)
    os.close(told)
    return pid


def _become(asked: Mapping[str, Any], streams: Sequence[int]) -> NoReturn:
    for number, each in enumerate(streams):
        os.dup2(each, number)
        os.close(each)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as an interpreter opens its streams
    sys.stdout = _unbuffered(1, "strict")
    sys.stderr = _unbuffered(2, "backslashreplace")
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    time.tzset()
    sys.argv[:] = asked["argv"]
    exec(asked["code"], {"__name__": "__main__"})  # noqa: S102 - what the interpreter would be given
    sys.exit(0)


def _unbuffered(descriptor: int, errors: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.FileIO(descriptor, "w", closefd=False), "utf-8", errors, write_through=True)
