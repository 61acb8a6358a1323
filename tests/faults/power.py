"""A disk that loses its power: what POSIX promises of an import's writes, played back from its trace.

strace records every call of an import that changes a folder, with its bytes. The model keeps, of
each file and each folder, what an fsync has brought to the disk and what is still on its way. At
any call the power may go: what is on its way is then there or not, each change for itself. That is
less than any file system of today promises, so whatever holds here holds there. LIMIT: a single
write is there whole or not at all.
"""

import ast
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TRACED = (
    *("openat", "write", "pwrite64", "ftruncate", "fallocate", "fsync", "fdatasync", "sync_file_range"),
    *("rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir"),
    *("copy_file_range", "sendfile", "symlink", "symlinkat", "pwritev", "writev"),
)
"""Every call by which a folder changes; one that ``Disk`` does not know makes the test fail."""
ACKNOWLEDGED = "/acknowledged"
"""A path that is nowhere: the child asks for it to say, in its trace, that a batch was acknowledged."""

Choice = Callable[[int], bool]
"""Whether a change that was on its way has reached the disk, by its number."""

_LINE = re.compile(r"(\w+)\((.*)\) += (-?\d+)(?:<(.*)>)?(?: .*)?$")
_ARGUMENT = re.compile(r' *("(?:[^"\\]|\\.)*"|[^,]+)')
_HANDLE = re.compile(r"(\d+)<(.*)>$")


@dataclass(frozen=True, slots=True)
class Recording:
    """What strace is told in place of a fault."""

    def arguments(self) -> tuple[str, ...]:
        return ("-y", "-x", "-s", str(1 << 26), "-e", f"trace={','.join(TRACED)},access", "-e", "signal=none")


@dataclass(frozen=True, slots=True)
class Call:
    """One call that succeeded; ``handle`` is the number and the path of what it was made upon, or made."""

    name: str
    arguments: tuple[str, ...]
    handle: tuple[int, str] | None
    result: int

    def path(self, at: int) -> str:
        return _bytes(self.arguments[at]).decode()

    def data(self) -> bytes:
        data = _bytes(self.arguments[1])
        assert len(data) >= self.result, "strace cut what was written"
        return data[: self.result]


def calls(trace: str) -> Iterator[Call]:
    """The calls of a trace, in order; those that failed changed nothing."""
    for line in trace.splitlines():
        if not (found := _LINE.match(line)):
            continue
        name, arguments_text, result, made = found.groups()
        arguments = tuple(part.strip() for part in _ARGUMENT.findall(arguments_text))
        if int(result) < 0 and name != "access":
            continue
        handle = _HANDLE.match(arguments[0])
        if made is not None:
            yield Call(name, arguments, (int(result), made), int(result))
        else:
            yield Call(name, arguments, (int(handle[1]), handle[2]) if handle else None, int(result))


def _bytes(quoted: str) -> bytes:
    value = ast.literal_eval("b" + quoted)
    assert isinstance(value, bytes)
    return value


@dataclass(slots=True)
class _File:
    """Bytes on the disk, and changes on their way: offset and bytes, or a new size and None."""

    mode: int
    kept: bytes = b""
    waiting: list[tuple[int, int, bytes | None]] = field(default_factory=list)

    def content(self, choice: Choice) -> bytes:
        content = bytearray(self.kept)
        for number, at, data in self.waiting:
            if choice(number):
                _change(content, at, data)
        return bytes(content)

    def sync(self) -> None:
        self.kept = self.content(lambda _number: True)
        self.waiting.clear()


@dataclass(slots=True)
class _Folder:
    """Entries on the disk, and changes on their way: a name and what it names from then on, if anything."""

    mode: int
    kept: "dict[str, _File | _Folder]" = field(default_factory=dict)
    waiting: "list[tuple[int, dict[str, _File | _Folder | None]]]" = field(default_factory=list)

    def entries(self, choice: Choice) -> "dict[str, _File | _Folder]":
        entries: dict[str, _File | _Folder | None] = dict(self.kept)
        for number, change in self.waiting:
            if choice(number):
                entries |= change
        return {name: node for name, node in entries.items() if node is not None}

    def sync(self) -> None:
        self.kept = self.entries(lambda _number: True)
        self.waiting.clear()


def _change(content: bytearray, at: int, data: bytes | None) -> None:
    content.extend(bytes(max(0, at - len(content))))
    if data is None:
        del content[at:]
    else:
        content[at : at + len(data)] = data


class Disk:
    """A folder as the disk has it.

    Args:
        root: The folder; what lies in it now is on the disk.
        parts: The folders whose changes are played.
        leave: Files, by their path below the root, that are left out: none of the program's, or no evidence.
    """

    def __init__(self, root: Path, parts: Sequence[Path], *, leave: Sequence[str] = ()) -> None:
        self._root = root
        self._parts = parts
        self._leave = frozenset(root / name for name in leave)
        self._top = _read(root, {})
        self._number = 0
        self._at: dict[int, int] = {}

    def play(self, call: Call) -> None:
        """Make one call of a trace."""
        self._number += 1
        if call.handle and not self._is_ours(Path(call.handle[1])):
            return  # a pipe, a socket, a file elsewhere
        getattr(self, f"_{call.name}")(call)

    def lose_power(self, place: Path, choice: Choice) -> None:
        """Write what is left of the folder to ``place``, which is made."""
        _write(self._top, place, choice, {})

    def _openat(self, call: Call) -> None:
        assert call.handle is not None
        handle, name = call.handle
        self._at[handle] = 0
        path, flags = Path(name), call.arguments[2].split("|")
        if "O_CREAT" in flags and path.name not in self._folder(path.parent).entries(_all):
            self._enter(path, _File(int(call.arguments[3], 8)))
        elif "O_TRUNC" in flags:
            self._file(name).waiting.append((self._number, 0, None))
        assert "O_APPEND" not in flags

    def _write(self, call: Call) -> None:
        assert call.handle is not None
        handle, name = call.handle
        self._file(name).waiting.append((self._number, self._at[handle], call.data()))
        self._at[handle] += call.result

    def _pwrite64(self, call: Call) -> None:
        assert call.handle is not None
        self._file(call.handle[1]).waiting.append((self._number, int(call.arguments[3]), call.data()))

    def _ftruncate(self, call: Call) -> None:
        assert call.handle is not None
        self._file(call.handle[1]).waiting.append((self._number, int(call.arguments[1]), None))

    def _fsync(self, call: Call) -> None:
        assert call.handle is not None
        self._node(Path(call.handle[1])).sync()

    _fdatasync = _fsync

    def _rename(self, call: Call) -> None:
        old, new = Path(call.path(0)), Path(call.path(1))
        if self._is_ours(old):
            assert old.parent == new.parent
            change = {old.name: None, new.name: self._node(old)}
            self._folder(old.parent).waiting.append((self._number, change))

    def _link(self, call: Call) -> None:
        old, new = Path(call.path(0)), Path(call.path(1))
        if self._is_ours(old):
            self._enter(new, self._node(old))

    def _unlink(self, call: Call) -> None:
        path = Path(call.path(0))
        if self._is_ours(path):
            self._folder(path.parent).waiting.append((self._number, {path.name: None}))

    def _mkdir(self, call: Call) -> None:
        path = Path(call.path(0))
        if self._is_ours(path):
            self._enter(path, _Folder(int(call.arguments[1], 8)))

    def _rmdir(self, call: Call) -> None:
        path = Path(call.path(0))
        if self._is_ours(path):
            assert self._folder(path).entries(_all) == {}
            self._folder(path.parent).waiting.append((self._number, {path.name: None}))

    def _is_ours(self, path: Path) -> bool:
        return path not in self._leave and any(path.is_relative_to(part) for part in self._parts)

    def _enter(self, path: Path, node: _File | _Folder) -> None:
        self._folder(path.parent).waiting.append((self._number, {path.name: node}))

    def _node(self, path: Path) -> _File | _Folder:
        node: _File | _Folder = self._top
        for name in path.relative_to(self._root).parts:
            assert isinstance(node, _Folder)
            node = node.entries(_all)[name]
        return node

    def _folder(self, path: Path) -> _Folder:
        node = self._node(path)
        assert isinstance(node, _Folder)
        return node

    def _file(self, name: str) -> _File:
        node = self._node(Path(name))
        assert isinstance(node, _File)
        return node


def _all(_number: int) -> bool:
    return True


def _read(path: Path, known: dict[int, _File]) -> _Folder:
    folder = _Folder(path.stat().st_mode & 0o777)
    for entry in path.iterdir():
        status = entry.stat()
        if entry.is_dir():
            folder.kept[entry.name] = _read(entry, known)
        else:
            made = known.setdefault(status.st_ino, _File(status.st_mode & 0o777, entry.read_bytes()))
            folder.kept[entry.name] = made
    return folder


def _write(node: _Folder, place: Path, choice: Choice, written: dict[int, Path]) -> None:
    place.mkdir(mode=node.mode)
    for name, entry in node.entries(choice).items():
        if isinstance(entry, _Folder):
            _write(entry, place / name, choice, written)
        elif known := written.get(id(entry)):
            os.link(known, place / name)
        else:
            written[id(entry)] = place / name
            (place / name).write_bytes(entry.content(choice))
            (place / name).chmod(entry.mode)
