"""Files of an export folder that a stranger filled.

An export comes on a stick or in a mail, and its names cannot be trusted: one may be
``../../etc/shadow``, a link or a pipe. A file is opened only if it is a regular file that lies, with
links resolved, inside the folder. The path is walked directory by directory without following
links, so that nobody can replace a part of it meanwhile.

LIMIT: POSIX only (``dir_fd``). A hard link to a file outside cannot be told from a file.
"""

import errno
import hashlib
import json
import os
import re
import stat
import unicodedata
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

from config.errors import Fact
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

    def require_medium(self, name: str) -> None:
        """Check that a message may carry the file that the export calls ``name``: that it is no part of the export.

        Whose message named ``result.json`` would else have all chats and contacts of the donor among its files.

        Raises:
            MediumOutsideError: It is a page or a JSON file that does not lie among the files of messages.
            MediumError: As ``open``.
        """
        try:
            place = self._resolved(_relative(name))
        except OSError as error:
            raise _medium_error(error) from error
        if place.suffix.lower() in _OF_THE_EXPORT and not any(part in _MEDIA for part in place.parts[:-1]):
            raise _outside("medium_outside.the_export_itself")

    def length(self, name: str) -> int:
        """How many bytes the export's file ``name`` has now.

        Raises:
            MediumError: As ``open``.
        """
        with self.open(name) as file:
            return os.fstat(file.fileno()).st_size

    def names(self, relative: str) -> list[str]:
        """The regular files of one directory inside the folder, as relative names; links are not followed."""
        try:
            with os.scandir(self._root / self._resolved(relative)) as entries:
                return sorted(f"{relative}/{entry.name}" for entry in entries if entry.is_file(follow_symlinks=False))
        except (OSError, MediumError):
            return []

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
            raise _outside("medium_outside.link_leads_out")
        return PurePosixPath(real.relative_to(self._root))

    def _real(self, relative: str) -> Path:
        # archives made on a Mac spell an accented name in the other normal form
        for spelling in dict.fromkeys((relative, *(unicodedata.normalize(form, relative) for form in ("NFC", "NFD")))):
            try:
                return Path(os.path.realpath(self._root / spelling, strict=True))
            except FileNotFoundError:
                continue
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

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
        raise _outside("medium_outside.not_a_regular_file")


def _relative(name: str) -> str:
    windows = PureWindowsPath(name)
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or windows.drive or windows.root or ".." in parts or "\0" in name:
        raise _outside("medium_outside.name_leads_out")
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise MediumMissingError("medium_missing.impossible_name") from error
    return "/".join(parts)


def _outside(code: str, **facts: Fact) -> MediumOutsideError:
    return MediumOutsideError(code, **facts)


def _medium_error(error: OSError) -> MediumError:
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    if error.errno in _ABSENT:
        return MediumMissingError("medium_missing.not_in_folder", system=reason)
    if error.errno in _MISLEADING:
        return _outside("medium_outside.refused_by_system", system=reason)
    return MediumUnreadableError("medium_unreadable.refused_by_system", system=reason)


_MEDIA = (
    "animations", "contacts", "files", "photos", "round_video_messages", "stickers", "video_files", "voice_messages",
)  # fmt: skip
"""The directories that Telegram Desktop puts the files of messages into."""
_OF_THE_EXPORT = frozenset({".html", ".json"})
_PREVIEW = "_thumb.jpg"
_PATH = re.compile(
    rb'"((?:chats/chat_[^"/\\\\]+/(?:topic_[^"/\\\\]+/)?)?)((?:%s)[/\\\\][^"\n]*)"' % "|".join(_MEDIA).encode()
)
_KEY_BYTES = 8


class NamedPaths:
    """The files that the messages of one chat name, to find those that no message names; 8 bytes for each path.

    Of a full export only the directories of the chosen chat are looked into: those that its messages name.
    """

    def __init__(self) -> None:
        self._keys = array("Q")
        self._places: set[str] = set()

    def note(self, raw: bytes) -> None:
        """Note every path in a message as the export writes it, previews and custom emoji among them."""
        for found in _PATH.finditer(raw):
            place = found[1].decode("utf-8", "replace")
            self._places.add(place)
            self._keys.append(_key(place + _spelled(found[2])))

    def missing_in(self, folder: ExportFolder, *, whole: bool) -> list[str]:
        """The files of the folder that no message names, but for previews of files that are there or are named.

        Args:
            whole: The chat is the whole export, and so is its folder.
        """
        places = self._places | {""} if whole else self._places - {""}
        known = set(self._keys)
        listed = [name for place in sorted(places) for media in _MEDIA for name in folder.names(f"{place}{media}")]
        known |= {_key(preview) for name in listed for preview in previews_of(name)}
        return [name for name in listed if _key(name) not in known]


def previews_of(name: str) -> tuple[str, str]:
    """What the exporter calls the preview of a file of an export, in JSON and in HTML pages.

    ``a.mp4_thumb.jpg`` of ``a.mp4``, and ``photo_1_thumb.jpg`` of ``photo_1.jpg``.
    """
    path = PurePosixPath(name)
    return f"{name}{_PREVIEW}", str(path.with_name(f"{path.stem}{_PREVIEW}"))


def _spelled(raw: bytes) -> str:
    """The path that a JSON string spells; a string that cannot be read names no file."""
    try:
        return str(json.loads(b'"' + raw + b'"')).replace("\\", "/")
    except ValueError:
        return raw.decode("utf-8", "replace")


def _key(name: str) -> int:
    normal = unicodedata.normalize("NFC", name).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(normal, digest_size=_KEY_BYTES).digest(), "big")
