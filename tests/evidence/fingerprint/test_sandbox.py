"""From inside of the walls nothing can be reached; the same acts succeed in a child without them."""

import json
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from evidence.fingerprint import sandbox
from evidence.fingerprint.decoder import Decoder
from evidence.fingerprint.sandbox import _MACHINES, Walls, _landlock_attribute, _program
from tests.evidence.fingerprint.pictures import encoded, image

ROOT = Path(__file__).parents[3]

# each probe in a process of its own: acts, and says whether it could
ACTS = {
    "open a file to read": "open('/etc/passwd').read(1)",
    "open a file to write": "open(target, 'w').write('x')",
    "open a directory": "os.listdir('/')",
    "make a directory": "os.mkdir(target)",
    "look at a file's status": "os.stat('/etc/passwd')",
    "delete a file": "os.unlink(existing)",
    "make an internet socket": "socket.socket(socket.AF_INET)",
    "make a local socket": "socket.socket(socket.AF_UNIX)",
    "make a pair of sockets": "socket.socketpair()",
    "make a pipe": "os.pipe()",
    "double a descriptor": "os.dup(0)",
    "fork": "os.fork() or os._exit(0)",
    "start a program": "os.posix_spawn('/bin/true', ['true'], {})",
    "become a program": "os.execv('/bin/echo', ['echo', json.dumps('done')])",
    "start a thread": "_thread.start_new_thread(lambda: None, ())",
    "signal the parent": "os.kill(os.getppid(), 0)",
    "write to another descriptor": "os.write(written, b'x')",
    "read another descriptor": "os.read(opened, 1)",
    "truncate an open file": "os.ftruncate(written, 0)",
    "make memory executable": "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)",
    "raise a limit": "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))",
    "read another process": "ctypes.CDLL(None).ptrace and libc_ptrace()",
    "take a gigabyte and a half": "mmap.mmap(-1, 1536 * 2**20)",
}
PROBE = """
import _thread, ctypes, json, mmap, os, resource, socket, sys
from evidence.fingerprint.sandbox import shut_process_in
sys.path[:] = []
target, existing, act, walled = sys.argv[1:5]
libc = ctypes.CDLL(None, use_errno=True)
def libc_ptrace():
    # PTRACE_TRACEME
    if libc.ptrace(0, 0, 0, 0) != 0:
        raise PermissionError
opened = os.open(existing, os.O_RDONLY)
written = os.open(existing, os.O_WRONLY)
say = compile("os.write(1, json.dumps(said).encode())", "say", "exec")
doing = compile(act, "act", "exec")
if walled == "walls":
    shut_process_in(max_memory=2**30)
try:
    exec(doing)
    said = "done"
except (OSError, MemoryError, RuntimeError, ValueError) as error:
    # resource says ValueError for EPERM
    said = type(error).__name__
exec(say)
os._exit(0)
"""
NEEDS_SECCOMP = pytest.mark.skipif(
    platform.system() != "Linux" or platform.machine() not in _MACHINES,
    reason="the walls are of Linux on x86_64 and aarch64; elsewhere the decoder says that they are missing",
)


def probe(tmp_path: Path, act: str, walled: str) -> str:
    existing = tmp_path / "existing"
    existing.write_text("content")
    result = subprocess.run(
        [sys.executable, "-P", "-s", "-c", PROBE, str(tmp_path / "target"), str(existing), act, walled],
        capture_output=True,
        check=False,
        cwd="/",
        env={"PYTHONPATH": str(ROOT)},
        timeout=60,
    )
    return str(json.loads(result.stdout))


@NEEDS_SECCOMP
@pytest.mark.parametrize("name", ACTS)
def test_behind_the_walls_one_cannot(tmp_path: Path, name: str) -> None:
    assert probe(tmp_path, ACTS[name], "walls") != "done"
    assert (tmp_path / "existing").read_text() == "content"
    assert not (tmp_path / "target").exists()


@pytest.mark.every(3)
@NEEDS_SECCOMP
@pytest.mark.parametrize("name", ACTS)
def test_the_control_without_walls_one_can(tmp_path: Path, name: str) -> None:
    assert probe(tmp_path, ACTS[name], "no walls") == "done"


@NEEDS_SECCOMP
def test_the_kernel_confirms_what_the_worker_says() -> None:
    with Decoder() as decoder:
        said = decoder.decode(encoded(image(width=64, height=64), "PNG")).sandbox
        proc = Path(f"/proc/{decoder._idle[0].pid}")
        status = dict(line.split(":\t", 1) for line in (proc / "status").read_text().splitlines() if ":\t" in line)
        limits = (proc / "limits").read_text()
    assert re.fullmatch(r"rlimits 1536 MiB, no_new_privs, landlock \d+, seccomp \d+", said), said
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert status["Threads"] == "1"
    for limit in ("Max file size", "Max processes", "Max open files", "Max core file size"):
        assert re.search(rf"{limit}\s+0\s+0\s", limits), limit


def test_nothing_of_the_parents_environment_reaches_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NISISAMA_PASSPHRASE", "canary")
    with Decoder() as decoder:
        decoder.decode(encoded(image(width=64, height=64), "PNG"))
        environment = Path(f"/proc/{decoder._idle[0].pid}/environ").read_bytes()
        descriptors = sorted(str(each.readlink()) for each in Path(f"/proc/{decoder._idle[0].pid}/fd").iterdir())
    assert b"canary" not in environment
    assert len(descriptors) == 3
    assert descriptors[0] == "/dev/null"


class OldKernel:
    """A kernel that knows none of it."""

    def prctl(self, *arguments: object) -> int:
        return -1

    def syscall(self, *arguments: object) -> int:
        return -1


def test_walls_that_the_kernel_lacks_are_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[int] = []
    monkeypatch.setattr(sandbox, "_libc", OldKernel)
    monkeypatch.setattr(sandbox, "_limit", limits.append)
    walls = sandbox.shut_process_in(max_memory=2**30)
    assert walls == Walls(("rlimits 1024 MiB",), ("no_new_privs", "landlock", "seccomp"))
    assert limits == [2**30]


def test_an_unknown_processor_has_no_filter_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox.platform, "machine", lambda: "riscv64")
    monkeypatch.setattr(sandbox, "_libc", OldKernel)
    monkeypatch.setattr(sandbox, "_limit", lambda _: None)
    assert "seccomp" in sandbox.shut_process_in(max_memory=2**30).missing


def test_missing_walls_are_named() -> None:
    assert str(Walls(("rlimits 1 MiB",), ("landlock", "seccomp"))) == "rlimits 1 MiB; missing: landlock, seccomp"
    assert str(Walls(("a", "b"), ())) == "a, b"


@pytest.mark.parametrize(
    ("version", "fields"), [(1, [2**13 - 1]), (3, [2**15 - 1]), (4, [2**15 - 1, 3]), (7, [2**16 - 1, 3, 3])]
)
def test_each_landlock_version_denies_all_that_it_knows(version: int, fields: list[int]) -> None:
    attribute = _landlock_attribute(version)
    assert [int.from_bytes(attribute[at : at + 8], sys.byteorder) for at in range(0, len(attribute), 8)] == fields


def run_filter(program: bytes, *, audit: int, number: int, arguments: tuple[int, ...] = ()) -> int:
    """A small interpreter of the classic BPF that the filter uses: what seccomp would return."""
    data = number.to_bytes(4, "little") + audit.to_bytes(4, "little") + bytes(8)
    data += b"".join(value.to_bytes(8, "little") for value in (*arguments, 0, 0, 0, 0, 0, 0)[:6])
    at = accumulator = 0
    while True:
        code = int.from_bytes(program[at * 8 : at * 8 + 2], "little")
        if_true, if_false = program[at * 8 + 2], program[at * 8 + 3]
        operand = int.from_bytes(program[at * 8 + 4 : at * 8 + 8], "little")
        at += 1
        if code == 0x06:
            return operand
        if code == 0x20:
            accumulator = int.from_bytes(data[operand : operand + 4], "little")
        elif code == 0x15:
            at += if_true if accumulator == operand else if_false
        else:
            assert code == 0x45
            at += if_true if accumulator & operand else if_false


@pytest.mark.parametrize("name", sorted(_MACHINES))
def test_the_filter_allows_its_list_and_nothing_else_on_either_processor(name: str) -> None:
    machine = _MACHINES[name]
    program = _program(machine)

    def answer(number: int, *arguments: int) -> int:
        return run_filter(program, audit=machine.audit, number=number, arguments=arguments)

    allow, refuse, kill = 0x7FFF0000, 0x00050001, 0x80000000
    always = {number for number in range(1024) if answer(number) == allow}
    assert always == {*machine.free, *machine.memory, machine.read}
    assert (answer(machine.read, 0), answer(machine.read, 1)) == (allow, refuse)
    assert [answer(machine.write, descriptor) for descriptor in range(4)] == [refuse, allow, refuse, refuse]
    for number in machine.memory:
        assert [answer(number, 0, 0, protection) for protection in (3, 4, 7)] == [allow, refuse, refuse]
    assert answer(999) == refuse
    assert answer(0x40000000 | machine.write, 1) == refuse
    assert run_filter(program, audit=0x40000003, number=1) == kill
