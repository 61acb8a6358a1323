"""The headers that were made ahead for rows that are sealed again, in a file of their own beside the keys."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from evidence.errors import StorageFullError

_ROWS_FILE = "rows"


class WorkAhead:
    """The headers that were made ahead, in a file; none of them is a secret.

    Args:
        connection: Of that file, for one thread.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._rows = connection
        self._rows.execute(
            "CREATE TABLE IF NOT EXISTS header (idx INTEGER, name TEXT, before BLOB NOT NULL, body BLOB NOT NULL,"
            " PRIMARY KEY (idx, name)) WITHOUT ROWID"
        )

    def at(self, first: int, last: int) -> Mapping[tuple[int, str], tuple[str, bytes]]:
        """What was made for these entries: by index and name, the digest of the row before and its new header."""
        rows = self._rows.execute("SELECT idx, name, before, body FROM header WHERE idx BETWEEN ? AND ?", (first, last))
        return {(index, name): (before.hex(), body) for index, name, before, body in rows}

    def keep(self, made: Mapping[tuple[int, str], tuple[str, bytes]]) -> None:
        """Keep new headers; on return they have reached the disk."""
        with self._rows:
            self._rows.executemany(
                "INSERT OR REPLACE INTO header VALUES (?, ?, ?, ?)",
                [(index, name, bytes.fromhex(before), body) for (index, name), (before, body) in made.items()],
            )


@contextmanager
def work_ahead(folder: Path) -> Iterator[WorkAhead]:
    """The work that lies in a folder; begun anew if its file is damaged.

    Raises:
        StorageFullError: There is no room, or the disk failed.
    """
    file = folder / _ROWS_FILE
    try:
        with closing(_opened(file)) as connection:
            yield WorkAhead(connection)
    except sqlite3.Error as error:
        raise StorageFullError("storage_full.or_disk_failed", where=str(file), system=str(error)) from error


def _opened(file: Path) -> sqlite3.Connection:
    file.touch(mode=0o600)
    connection = sqlite3.connect(file)
    try:
        connection.execute("SELECT idx, name, before, body FROM header LIMIT 1").fetchall()
    except sqlite3.OperationalError:
        pass  # it is new
    except sqlite3.DatabaseError:
        connection.close()
        file.write_bytes(b"")
        return sqlite3.connect(file)
    return connection
