"""Files of an export folder that a stranger filled.

An export comes on a stick or in a mail, and the names in it are not to be believed: one may
say ``../../etc/shadow`` or lie on a link or a pipe. A file is opened only when it is a regular
file that lies, links resolved, inside the folder; the way there is walked directory by
directory without following links, so that nothing can be put in its place meanwhile.

LIMIT: POSIX only (``dir_fd``). A hard link to a file outside cannot be told from a file.
"""

import errno
import os
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

from monitor.errors import MediumError, MediumMissingError, MediumOutsideError, MediumUnreadableError

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# non-blocking, because opening a pipe that took the file's place would wait for ever
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR})
_MISLEADING = frozenset({errno.ELOOP, errno.ENXIO})


class ExportFolder:
    """The folder that Telegram Desktop wrote.

    Args:
        path: An existing directory; links on the way to it are the caller's own and followed.

    Raises:
        OSError: It is not there.
    """

    def __init__(self, path: Path) -> None:
        self._root = path.resolve(strict=True)

    def require(self, name: str) -> None:
        """Check that ``name`` can be opened now.

        Raises:
            MediumError: As ``open``.
        """
        with self.open(name):
            pass

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        r"""Open the file that the export calls ``name``, for reading.

        Args:
            name: Relative path as the export spells it, with ``/`` or ``\`` between its parts.

        Raises:
            MediumOutsideError: Absolute, upwards, through a link that leads out, or no regular file.
            MediumMissingError: Nothing is there.
            MediumUnreadableError: The system refuses to open it.
        """
        try:
            descriptor = self._descriptor(self._resolved(_relative(name)))
        except OSError as error:
            raise _medium_error(error) from error
        with os.fdopen(descriptor, "rb") as file:
            yield file

    def _resolved(self, relative: str) -> PurePosixPath:
        real = self._real(relative)
        if not real.is_relative_to(self._root):
            raise _outside("a link that leads out of the export folder")
        return PurePosixPath(real.relative_to(self._root))

    def _real(self, relative: str) -> Path:
        # archives made on a Mac spell an accented name in the other normal form
        for spelling in dict.fromkeys((relative, *(unicodedata.normalize(form, relative) for form in ("NFC", "NFD")))):
            try:
                return Path(os.path.realpath(self._root / spelling, strict=True))
            except FileNotFoundError:
                continue
        raise FileNotFoundError(errno.ENOENT, "no such file")

    def _descriptor(self, relative: PurePosixPath) -> int:
        directory = os.open(self._root, _DIRECTORY)
        try:
            for part in relative.parts[:-1]:
                inner = os.open(part, _DIRECTORY, dir_fd=directory)
                os.close(directory)
                directory = inner
            return _open_regular(relative.name or ".", directory)
        finally:
            os.close(directory)


def _open_regular(name: str, directory: int) -> int:
    # before opening, because opening a device can already act on it
    _require_regular(os.stat(name, dir_fd=directory, follow_symlinks=False))
    descriptor = os.open(name, _FILE, dir_fd=directory)
    try:
        _require_regular(os.fstat(descriptor))
    except MediumOutsideError:
        os.close(descriptor)
        raise
    return descriptor


def _require_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _outside("something that is not a regular file")


def _relative(name: str) -> str:
    windows = PureWindowsPath(name)
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or windows.drive or windows.root or ".." in parts or "\0" in name:
        raise _outside("a name that leads out of the export folder")
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise MediumMissingError("the export names a file that no file system can hold") from error
    return "/".join(parts)


def _outside(found: str) -> MediumOutsideError:
    return MediumOutsideError(
        "a file of the export is not read", expected="a regular file inside the export folder", found=found
    )


def _medium_error(error: OSError) -> MediumError:
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    if error.errno in _ABSENT:
        return MediumMissingError("a file that the export names is not in its folder", found=reason)
    if error.errno in _MISLEADING:
        return _outside(reason)
    return MediumUnreadableError("a file of the export cannot be read", found=reason)
