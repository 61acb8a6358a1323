"""Lists of hashes as others write them; every hash is made up."""

import hashlib
import io
from collections.abc import Iterable

from evidence.match.hash_csv import HashKind, ReadHashes, read_hashes


def md5_of(number: int) -> str:
    return hashlib.md5(b"%d" % number, usedforsecurity=False).hexdigest()


def sha256_of(number: int) -> str:
    return hashlib.sha256(b"%d" % number).hexdigest()


def table(lines: Iterable[str], end: str = "\n") -> bytes:
    return end.join([*lines, ""]).encode()


def read_table(
    content: bytes | Iterable[str], kind: HashKind | None = None, *, skip_bad_lines: bool = False
) -> ReadHashes:
    data = content if isinstance(content, bytes) else table(content)
    return read_hashes(io.BytesIO(data), kind=kind, skip_bad_lines=skip_bad_lines)


def hashes_in(read: ReadHashes) -> dict[str, list[str]]:
    """What was read, in hex, by kind."""
    return {
        kind.value: [joined[at : at + kind.size].hex() for at in range(0, len(joined), kind.size)]
        for kind, joined in read.hashes.items()
    }
