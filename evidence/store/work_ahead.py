"""The headers that were made ahead for rows that are sealed again: a file of its own, beside the keys.

What is kept is marked under the new key, so that a header which was damaged since, or put there by somebody else, is
made again: in the place of the old one, it would close its row to everybody.
"""

import hmac
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from evidence.errors import StorageFullError

_ROWS_FILE = "rows"
_PURPOSE = b"nisisama/work-ahead/1"
_COLUMNS = "idx, name, before, body, mark"
_TABLE = (
    "CREATE TABLE IF NOT EXISTS header (idx INTEGER, name TEXT, before BLOB NOT NULL, body BLOB NOT NULL,"
    " mark BLOB NOT NULL, PRIMARY KEY (idx, name)) WITHOUT ROWID"
)
_NO_DAMAGE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
    }
)
"""Errors that say nothing of what the file holds."""


class WorkAhead:
    """The headers that were made ahead, in a file; none of them is a secret.

    Args:
        connection: Of that file, for one thread.
        seed: Of the new key, by which it is known what was made for it.
    """

    def __init__(self, connection: sqlite3.Connection, seed: bytes) -> None:
        self._rows = connection
        self._key = HKDF(SHA256(), 32, None, _PURPOSE).derive(seed)

    def at(self, first: int, last: int) -> Mapping[tuple[int, str], tuple[str, bytes]]:
        """What was made of entries: by index and name, the digest of the row before, and its new header.

        What is not as it was kept is not among them.
        """
        rows = self._rows.execute(f"SELECT {_COLUMNS} FROM header WHERE idx BETWEEN ? AND ?", (first, last))  # noqa: S608 - a constant
        found = dict[tuple[int, str], tuple[str, bytes]]()
        for index, name, before, body, mark in rows:
            # a damaged file can hold any type anywhere
            if not (isinstance(index, int) and all(isinstance(each, bytes) for each in (name, before, body, mark))):
                continue
            if hmac.compare_digest(self._mark(index, name, before, body), mark):
                found[index, name.decode()] = before.hex(), body
        return found

    def keep(self, made: Mapping[tuple[int, str], tuple[str, bytes]]) -> None:
        """Keep new headers; on return they have reached the disk."""
        rows = list[tuple[int, str, bytes, bytes, bytes]]()
        for (index, name), (sha256_before, body) in made.items():
            before = bytes.fromhex(sha256_before)
            rows.append((index, name, before, body, self._mark(index, name.encode(), before, body)))
        with self._rows:
            self._rows.executemany("INSERT OR REPLACE INTO header VALUES (?, ?, ?, ?, ?)", rows)

    def _mark(self, index: int, name: bytes, before: bytes, body: bytes) -> bytes:
        sizes = b"".join(len(each).to_bytes(8) for each in (name, before))
        return hmac.digest(self._key, b"".join((index.to_bytes(8, signed=True), sizes, name, before, body)), sha256)


@contextmanager
def work_ahead(folder: Path, seed: bytes) -> Iterator[WorkAhead]:
    """The work for a new key that lies in a folder; begun anew where its file is damaged.

    Args:
        seed: Of that key.

    Raises:
        StorageFullError: There is no room, or the disk failed.
    """
    file = folder / _ROWS_FILE
    try:
        with closing(_opened(file)) as connection:
            yield WorkAhead(connection, seed)
    except sqlite3.Error as error:
        raise StorageFullError("storage_full.or_disk_failed", where=str(file), system=str(error)) from error


def _opened(file: Path) -> sqlite3.Connection:
    file.touch(mode=0o600)
    connection = sqlite3.connect(file)
    if not _is_sound(connection):
        connection.close()
        file.with_name(f"{file.name}-journal").unlink(missing_ok=True)  # it would be played back into the new file
        file.write_bytes(b"")
        connection = sqlite3.connect(file)
        connection.execute(_TABLE)
    connection.text_factory = bytes  # what is no UTF-8 must not end the reading
    return connection


def _is_sound(connection: sqlite3.Connection) -> bool:
    """Whether the file, which may be new, can be read and written as far as SQLite knows."""
    try:
        connection.execute(_TABLE)
        connection.execute(f"SELECT {_COLUMNS} FROM header LIMIT 0")  # noqa: S608 - a constant
        found = connection.execute("PRAGMA quick_check(1)").fetchall()
        connection.execute("BEGIN IMMEDIATE")
        connection.rollback()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in _NO_DAMAGE:
            connection.close()
            raise
        return False
    return found == [("ok",)]
