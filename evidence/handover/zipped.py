"""Files in a ZIP archive under AES-256, for a recipient without a key: 7-Zip and others open it with its passphrase.

The archive is written as a stream by ``stream-zip`` (WinZip's AE-2). The names in it are seen by everybody, so they
say nothing.

LIMIT: the format derives its key in 1,000 rounds of PBKDF2-SHA-1. The passphrase must therefore be of full strength.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from stream_zip import ZIP_AUTO, stream_zip

_MODE = 0o100600
_LEVEL = 1
"""Pictures and videos are compressed already."""


@dataclass(frozen=True, slots=True)
class ZippedFile:
    """A file of an archive: its name, how many bytes it has, and those bytes."""

    name: str
    size: int
    source: Iterable[bytes]


def seal_zip(files: Iterable[ZippedFile], *, passphrase: str, made_at: datetime) -> Iterator[bytes]:
    """An encrypted ZIP archive of ``files``, one after the other.

    Args:
        made_at: The time that each file in it has.
    """
    members = ((each.name, made_at, _MODE, ZIP_AUTO(each.size, level=_LEVEL), each.source) for each in files)
    yield from stream_zip(members, password=passphrase)
