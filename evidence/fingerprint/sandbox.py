"""Shuts the calling process in: it can then only compute, read standard input and write standard output.

Four walls, each enough against most attacks, and none trusted alone:

- resource limits (setrlimit(2)): memory, processor time, and no new file, process or dump;
- no_new_privs (prctl(2));
- Landlock (landlock(7)) with an empty rule set: no path, no TCP port, no foreign socket or signal;
- seccomp (seccomp(2)): an allow-list of system calls; all others fail with EPERM, writing
  goes to standard output only, and no memory becomes executable.

If the kernel lacks a wall, this leaves it out and ``Walls`` names it as missing; the caller records
that. Import everything first: afterwards nothing can be opened.
Standard library only.
"""

import ctypes
import os
import platform
import resource
import struct
from dataclasses import dataclass
from typing import Final

MAX_CPU_S: Final = 900
"""Processor time of one worker over its whole life; the parent's time-out is the tighter limit."""

_PR_SET_NO_NEW_PRIVS: Final = 38

_LANDLOCK_CREATE_RULESET: Final = 444
_LANDLOCK_RESTRICT_SELF: Final = 446
_LANDLOCK_CREATE_RULESET_VERSION: Final = 1
# number of filesystem rights that each ABI version knows (linux/landlock.h)
_LANDLOCK_FS_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15}
_LANDLOCK_FS_RIGHTS_NEWEST: Final = 16
_LANDLOCK_ABI_WITH_TCP: Final = 4
_LANDLOCK_TCP: Final = 0b11
_LANDLOCK_ABI_WITH_SCOPES: Final = 6
_LANDLOCK_SCOPES: Final = 0b11

_SECCOMP_SET_MODE_FILTER: Final = 1
_SECCOMP_FILTER_FLAG_TSYNC: Final = 1
_RET_ALLOW: Final = 0x7FFF0000
_RET_EPERM: Final = 0x00050001
_RET_KILL_PROCESS: Final = 0x80000000
_LOAD_WORD: Final = 0x20
_JUMP_EQUAL: Final = 0x15
_JUMP_ANY_BIT: Final = 0x45
_RETURN: Final = 0x06
# struct seccomp_data (linux/seccomp.h): number, architecture, instruction pointer, six arguments
_OFFSET_NUMBER: Final = 0
_OFFSET_ARCHITECTURE: Final = 4
_OFFSET_FIRST_ARGUMENT: Final = 16
_OFFSET_THIRD_ARGUMENT: Final = 32
_PROT_EXEC: Final = 4


@dataclass(frozen=True, slots=True)
class Machine:
    """What seccomp must know of a processor: its audit number and its system call numbers.

    Attributes:
        free: Calls allowed with any arguments: own memory, own signals, time, exit.
        read: Allowed on standard input only.
        write: Allowed on standard output only.
        memory: Allowed unless they ask for executable memory (third argument).
    """

    audit: int
    seccomp: int
    free: tuple[int, ...]
    read: int
    write: int
    memory: tuple[int, ...]


# free, in this order: brk munmap mremap madvise, rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack,
# clock_gettime gettimeofday getrandom, futex sched_yield getpid gettid restart_syscall, exit exit_group
_MACHINES: Final = {
    "x86_64": Machine(
        audit=0xC000003E,
        seccomp=317,
        free=(12, 11, 25, 28, 13, 14, 15, 131, 228, 96, 318, 202, 24, 39, 186, 219, 60, 231),
        read=0,
        write=1,
        memory=(9, 10),
    ),
    "aarch64": Machine(
        audit=0xC00000B7,
        seccomp=277,
        free=(214, 215, 216, 233, 134, 135, 139, 132, 113, 169, 278, 98, 124, 172, 178, 128, 93, 94),
        read=63,
        write=64,
        memory=(222, 226),
    ),
}


MISSING = "; missing: "
"""Between the walls that stand and those that the kernel lacked."""


@dataclass(frozen=True, slots=True)
class Walls:
    """What is in force and what is missing, by name."""

    standing: tuple[str, ...]
    missing: tuple[str, ...]

    def __str__(self) -> str:
        text = ", ".join(self.standing)
        return f"{text}{MISSING}{', '.join(self.missing)}" if self.missing else text


def shut_process_in(*, max_memory: int) -> Walls:
    """Shut the calling process into the sandbox for good; return which walls stand and which are missing.

    The caller must be single-threaded, so that no thread stays outside.

    Args:
        max_memory: Total address space in bytes.
    """
    standing: list[str] = []
    missing: list[str] = []
    for name, build in (("no_new_privs", _no_new_privs), ("landlock", _landlock)):
        found = build()
        (standing if found else missing).append(found or name)
    # limit descriptors only now: the rule set above needed one
    _limit(max_memory)
    standing.insert(0, f"rlimits {max_memory // 2**20} MiB")
    found = _seccomp()
    (standing if found else missing).append(found or "seccomp")
    return Walls(tuple(standing), tuple(missing))


def _limit(max_memory: int) -> None:
    """Set hard limits; the files that are open stay open."""
    limits = {
        resource.RLIMIT_AS: max_memory,
        resource.RLIMIT_CPU: MAX_CPU_S,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_CORE: 0,
    }
    for which, limit in limits.items():
        # a limit that is already lower cannot be raised, and need not be
        hard = resource.getrlimit(which)[1]
        lower = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(which, (lower, lower))


def _no_new_privs() -> str:
    return "no_new_privs" if _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 else ""


def _landlock() -> str:
    """Forbid all that this kernel's Landlock can forbid; returns the name with its ABI version, or empty."""
    syscall = _libc().syscall
    version = syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), _LANDLOCK_CREATE_RULESET_VERSION)
    if version < 1:
        return ""
    rules = _landlock_attribute(version)
    ruleset = syscall(_LANDLOCK_CREATE_RULESET, rules, ctypes.c_size_t(len(rules)), 0)
    if ruleset < 0:
        return ""
    refused = syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return "" if refused else f"landlock {version}"


def _landlock_attribute(version: int) -> bytes:
    """``struct landlock_ruleset_attr`` with every right of this ABI version handled, hence denied."""
    filesystem = (1 << _LANDLOCK_FS_RIGHTS.get(version, _LANDLOCK_FS_RIGHTS_NEWEST)) - 1
    fields = [filesystem]
    if version >= _LANDLOCK_ABI_WITH_TCP:
        fields.append(_LANDLOCK_TCP)
    if version >= _LANDLOCK_ABI_WITH_SCOPES:
        fields.append(_LANDLOCK_SCOPES)
    return struct.pack(f"={len(fields)}Q", *fields)


def _seccomp() -> str:
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return ""
    program = _program(machine)
    # struct sock_fprog: the pointer follows at its own alignment
    count = len(program) // 8
    instructions = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", count, ctypes.addressof(instructions))
    refused = _libc().syscall(machine.seccomp, _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC, header)
    return "" if refused else f"seccomp {count}"


def _program(machine: Machine) -> bytes:
    """The filter as classic BPF; one block per rule, each ending in a return or falling to the next."""
    allow, refuse = _instruction(_RETURN, _RET_ALLOW), _instruction(_RETURN, _RET_EPERM)
    blocks = [
        _instruction(_LOAD_WORD, _OFFSET_ARCHITECTURE),
        # numbers mean other calls on another architecture
        _instruction(_JUMP_EQUAL, machine.audit, if_true=1),
        _instruction(_RETURN, _RET_KILL_PROCESS),
        _instruction(_LOAD_WORD, _OFFSET_NUMBER),
    ]
    for number in machine.free:
        blocks += [_instruction(_JUMP_EQUAL, number, if_false=1), allow]
    for number, descriptor in ((machine.read, 0), (machine.write, 1)):
        blocks += [
            _instruction(_JUMP_EQUAL, number, if_false=4),
            _instruction(_LOAD_WORD, _OFFSET_FIRST_ARGUMENT),
            _instruction(_JUMP_EQUAL, descriptor, if_false=1),
            allow,
            refuse,
        ]
    for number in machine.memory:
        blocks += [
            _instruction(_JUMP_EQUAL, number, if_false=4),
            _instruction(_LOAD_WORD, _OFFSET_THIRD_ARGUMENT),
            _instruction(_JUMP_ANY_BIT, _PROT_EXEC, if_true=1),
            allow,
            refuse,
        ]
    return b"".join([*blocks, refuse])


def _instruction(code: int, operand: int, *, if_true: int = 0, if_false: int = 0) -> bytes:
    """``struct sock_filter``; jumps count the instructions to skip."""
    return struct.pack("=HBBI", code, if_true, if_false, operand)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
