"""Compares the schema of a database with the program's own, object by object.

A foreign trigger, rule or column can remove what was acknowledged, or add to it, while every remaining row
still fits the log. So the objects themselves are compared, and not only the rows. On SQLite that is the
text of each, as SQLite keeps it. On PostgreSQL it is tables with their columns, defaults and constraints,
indexes, triggers, rules, policies, functions, and whatever else a statement could meet.

The expected side comes from ``database.metadata``; a test compares the migrations with it.
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from evidence.errors import StoreError
from evidence.store import database

_VERSION = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
_SHOWN = 1000
"""Characters shown of one side of a difference: our tables are shorter, so that their ends show too."""
_POSTGRESQL: sa.Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
_SQLITE: sa.Dialect = sqlite.dialect()
_TABLES = (*database.metadata.sorted_tables, _VERSION)

Objects = Mapping[str, str]
"""What each object is, by kind and name: ``trigger keep_out``."""


@dataclass(frozen=True, slots=True)
class Difference:
    """An object that is not as the program makes it.

    Attributes:
        what: Kind and name.
        expected: Empty where there should be none.
        found: Empty where there is none.
    """

    what: str
    expected: str
    found: str


def differences(connection: sa.Connection) -> Iterator[Difference]:
    """Every object of a database's schema that is missing, changed or not ours, by kind and name."""
    expected, found = expected_objects(connection.dialect.name), found_objects(connection)
    for what in sorted(expected.keys() | found.keys()):
        ours, theirs = expected.get(what, ""), found.get(what, "")
        if ours != theirs:
            yield Difference(what, ours, theirs)


def require_own_schema(connection: sa.Connection) -> None:
    """Check that the database has the objects that the program makes, and no other.

    Raises:
        StoreError: The first that differs.
    """
    for difference in differences(connection):
        expected, found = one_line(difference.expected), one_line(difference.found)
        raise StoreError("store.foreign_schema", where=difference.what, expected=expected, found=found)


def one_line(description: str) -> str:
    """One side of a difference between schemas, short enough to show; a hyphen where there is no such object."""
    return " ".join(description.split())[:_SHOWN] or "-"


def found_objects(connection: sa.Connection) -> Objects:
    """The schema that the database has, object by object."""
    return _found_sqlite(connection) if connection.dialect.name == "sqlite" else _found_postgresql(connection)


@functools.cache
def expected_objects(dialect: str) -> Objects:
    """The schema that the program makes, object by object."""
    return dict(_expected_sqlite() if dialect == "sqlite" else _expected_postgresql())


# SQLite keeps the text of every object but the indexes that a constraint of a table makes


def _found_sqlite(connection: sa.Connection) -> Objects:
    rows = connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_master")
    return {
        f"{kind} {name}": str(sql)
        for kind, name, sql in rows
        if not (kind == "index" and sql is None and str(name).startswith("sqlite_autoindex_"))
    }


def _expected_sqlite() -> Iterator[tuple[str, str]]:
    for table in _TABLES:
        yield f"table {table.name}", str(CreateTable(table).compile(dialect=_SQLITE)).strip()
        for index in table.indexes:
            yield f"index {index.name}", str(CreateIndex(index).compile(dialect=_SQLITE)).strip()


# PostgreSQL keeps no text: what a statement on our tables could meet is asked for, kind by kind

_ASKED = {
    "relation": """
        SELECT c.relname, concat_ws(' ', c.relkind, c.relpersistence,
               CASE WHEN c.relrowsecurity THEN 'row security' END, CASE WHEN c.relhassubclass THEN 'inherited' END,
               CASE WHEN c.relispartition THEN 'partition' END)
        FROM pg_class c
        WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind NOT IN ('i', 'I', 'c')""",
    "column": """
        SELECT c.relname || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
               CASE WHEN a.attnotnull THEN 'not null' END, 'default ' || pg_get_expr(d.adbin, d.adrelid),
               'generated ' || nullif(a.attgenerated::text, ''), 'identity ' || nullif(a.attidentity::text, ''))
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND a.attnum > 0
        AND NOT a.attisdropped""",
    "constraint": """
        SELECT n.conname, concat_ws(' ', n.conrelid::regclass::text, pg_get_constraintdef(n.oid))
        FROM pg_constraint n WHERE n.connamespace = quote_ident(current_schema())::regnamespace AND n.contype <> 'n'""",
    "index": """
        SELECT c.relname, replace(pg_get_indexdef(i.indexrelid), quote_ident(current_schema()) || '.', '')
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND i.indisvalid
        AND NOT EXISTS
        (SELECT FROM pg_constraint n WHERE n.conindid = i.indexrelid AND n.contype IN ('p', 'u', 'x'))""",
    "trigger": """
        SELECT t.tgname || ' of ' || c.relname, pg_get_triggerdef(t.oid)
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
        AND (NOT t.tgisinternal OR t.tgenabled <> 'O')""",
    "rule": """
        SELECT r.rulename || ' of ' || c.relname, pg_get_ruledef(r.oid)
        FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
        WHERE c.relnamespace = quote_ident(current_schema())::regnamespace""",
    "policy": """
        SELECT p.polname || ' of ' || c.relname, concat_ws(' ', p.polcmd, pg_get_expr(p.polqual, p.polrelid))
        FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
        WHERE c.relnamespace = quote_ident(current_schema())::regnamespace""",
    "function": """
        SELECT p.proname, p.oid::regprocedure::text FROM pg_proc p
        WHERE p.pronamespace = quote_ident(current_schema())::regnamespace""",
    "operator": """
        SELECT o.oprname, o.oid::regoperator::text FROM pg_operator o
        WHERE o.oprnamespace = quote_ident(current_schema())::regnamespace""",
    "cast": "SELECT c.oid::text, c.castsource::regtype || ' as ' || c.casttarget::regtype FROM pg_cast c "
    "WHERE c.oid >= 16384",  # FirstNormalObjectId: what initdb made lies below
    "event trigger": "SELECT e.evtname, e.evtevent FROM pg_event_trigger e",
    "table before ours": """
        SELECT c.relname, c.oid::regclass::text FROM pg_class c
        WHERE pg_table_is_visible(c.oid) AND c.relnamespace <> quote_ident(current_schema())::regnamespace
        AND EXISTS (SELECT FROM pg_class o
                    WHERE o.relname = c.relname AND o.relnamespace = quote_ident(current_schema())::regnamespace)""",
}
"""What is asked for, by kind: name and description of each object."""


def _found_postgresql(connection: sa.Connection) -> Objects:
    return {
        f"{kind} {name}": str(description)
        for kind, asked in _ASKED.items()
        for name, description in connection.exec_driver_sql(asked)
    }


def _expected_postgresql() -> Iterator[tuple[str, str]]:
    for table in _TABLES:
        yield f"relation {table.name}", "r p"
        for column in table.columns:
            null = "" if column.nullable else " not null"
            yield f"column {table.name}.{column.name}", _type(column.type.compile(dialect=_POSTGRESQL)) + null
        for constraint in table.constraints:
            yield from _constraint(table, constraint)
        for index in table.indexes:
            columns = ", ".join(column.name for column in index.columns)
            yield f"index {index.name}", f"CREATE INDEX {index.name} ON {table.name} USING btree ({columns})"


def _type(ddl: str) -> str:
    return ddl.lower().replace("varchar", "character varying")


def _constraint(table: sa.Table, constraint: sa.Constraint) -> Iterator[tuple[str, str]]:
    if not isinstance(constraint, (sa.PrimaryKeyConstraint, sa.UniqueConstraint, sa.ForeignKeyConstraint)):
        raise TypeError(f"{table.name} has a constraint of another kind")
    name = _POSTGRESQL.identifier_preparer.format_constraint(constraint)
    yield f"constraint {name}", f"{table.name} {_defined(constraint)}"


def _defined(constraint: sa.PrimaryKeyConstraint | sa.UniqueConstraint | sa.ForeignKeyConstraint) -> str:
    columns = ", ".join(column.name for column in constraint.columns)
    if isinstance(constraint, sa.PrimaryKeyConstraint):
        return f"PRIMARY KEY ({columns})"
    if isinstance(constraint, sa.UniqueConstraint):
        return f"UNIQUE ({columns})"
    (element,) = constraint.elements
    return f"FOREIGN KEY ({columns}) REFERENCES {element.column.table.name}({element.column.name})"
