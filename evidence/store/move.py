"""Copies every row of one database into another, batch by batch, and says what each side holds.

Rows are read in the order of their keys, with text ordered by its UTF-8 bytes: SQLite does so, and PostgreSQL is told
to. A table is described by its number of rows and the SHA-256 of all of them in that order, each value with its type
and length. So two databases hold the same if, and only if, the descriptions of all their tables are equal.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from config.errors import Term
from evidence.canonical import jcs, sha256_hex
from evidence.errors import StoreError
from evidence.store import database
from evidence.store.migrate import upgrade_within
from evidence.store.schema import differences, found_objects, require_own_schema

BATCH_ROWS = 500
"""How many rows of a table are in memory at a time."""
_ENCODING = "UTF8"
Hear = Callable[[int], object]
"""Is told how many more rows are done."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TableRows:
    """What a table holds.

    Attributes:
        sha256: Lower hex, over all rows in the order of their keys.
    """

    rows: int
    sha256: str


def count_rows(connection: sa.Connection) -> int:
    """How many rows all tables of a database have together."""
    return sum(
        connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in database.metadata.sorted_tables
    )


def require_fit(connection: sa.Connection) -> None:
    """Check that a server's database can hold a home.

    Raises:
        StoreError: It stores text in another encoding than UTF-8, or this account may not create tables there.
    """
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != _ENCODING:
        raise StoreError("database_move.encoding", expected=_ENCODING, system=str(encoding))
    account, may = connection.exec_driver_sql(
        "SELECT current_user, coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)"
    ).one()
    if not may:
        raise StoreError("database_move.may_not_create", system=str(account))


def require_empty(connection: sa.Connection, left: str | None) -> None:
    """Check that a database is empty, after removing what a move that was cut off left there.

    Args:
        left: ``rows_sha256`` of what such a move had copied, if there was one. As long as it
            is that of the rows there, nobody has used them.

    Raises:
        StoreError: It holds something else.
    """
    if not (found := found_objects(connection)):
        return
    if left is None or next(differences(connection), None) or rows_sha256(held(connection)) != left:
        raise StoreError("database_move.not_empty", system=min(found))
    database.metadata.drop_all(connection)
    connection.exec_driver_sql("DROP TABLE alembic_version")


def copy_rows(source: sa.Connection, target: sa.Connection, hear: Hear) -> Mapping[str, TableRows]:
    """Create the tables in an empty database, fill them, and read them back; the caller commits.

    Returns:
        What each table holds, on both sides.

    Raises:
        StoreError: The two differ, or the target does not accept a row.
    """
    upgrade_within(target)
    require_own_schema(target)
    copied = {table.name: _copy(source, target, table, hear) for table in database.metadata.sorted_tables}
    for name, found in held(target).items():
        if found != copied[name]:
            where = Term("place.table", name=name)
            raise StoreError("database_move.differs", where=where, expected=copied[name].rows, found=found.rows)
    return copied


def _copy(source: sa.Connection, target: sa.Connection, table: sa.Table, hear: Hear) -> TableRows:
    digest, count = hashlib.sha256(), 0
    for batch in _batches(source, table):
        _take(digest, batch)
        database.put(target, table, batch)
        count += len(batch)
        hear(len(batch))
    return TableRows(count, digest.hexdigest())


def held(connection: sa.Connection) -> Mapping[str, TableRows]:
    """What each table of a database holds."""
    found = {}
    for table in database.metadata.sorted_tables:
        digest, count = hashlib.sha256(), 0
        for batch in _batches(connection, table):
            _take(digest, batch)
            count += len(batch)
        found[table.name] = TableRows(count, digest.hexdigest())
    return found


def rows_sha256(tables: Mapping[str, TableRows]) -> str:
    """Lower hex SHA-256 of what all tables of a database hold."""
    return sha256_hex(jcs({name: [str(each.rows), each.sha256] for name, each in tables.items()}))


def _batches(connection: sa.Connection, table: sa.Table) -> Iterator[Sequence[Row]]:
    """All rows of a table in the order of its key."""
    order = [_by_bytes(connection, column) for column in table.primary_key]
    ordered = sa.select(table).order_by(*order).execution_options(yield_per=BATCH_ROWS)
    for batch in connection.execute(ordered).mappings().partitions():
        yield [dict(row) for row in batch]


def _by_bytes(connection: sa.Connection, column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    is_text = isinstance(column.type, sa.String) and connection.dialect.name == "postgresql"
    return column.collate("C") if is_text else column


def _take(digest: "hashlib._Hash", batch: Sequence[Row]) -> None:
    for row in batch:
        for value in row.values():
            kind, data = _spelled(value)
            digest.update(b"%s%d:" % (kind, len(data)))
            digest.update(data)


def _spelled(value: object) -> tuple[bytes, bytes]:
    """The type of a value, and its bytes.

    Raises:
        StoreError: It is of a type that no column of ours has.
    """
    match value:
        case None:
            return b"n", b""
        case bytes():
            return b"b", value
        case str():
            return b"s", value.encode()
        case int():
            return b"i", str(value).encode()
        case _:
            raise StoreError("database_move.odd_value", found=type(value).__name__)
