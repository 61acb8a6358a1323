"""Rules of this house that no ready-made tool knows, checked in the product's source."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.contracts.tree import ROOT, Source, sources

WRITER = "evidence/custody/append.py"
PUT = "evidence/store/database.py"
PRINTERS = (
    "api/cli/",
    "casefiles/verifier/__main__.py",
    "evidence/fingerprint/worker.py",  # a child of ours: its standard output is the pipe to its parent
)
WRITES = ("insert", "update", "delete")
RAW_WRITE = re.compile(
    r"\b(insert\s+(or\s+\w+\s+)?into|replace\s+into|update|delete\s+from)\s+\"?event\b", re.IGNORECASE
)
TABLES = "evidence/store"
RAW_SCHEMA = re.compile(
    r"\s*(create|alter|drop)\s+(temp\w*\s+)?(unique\s+)?(table|index|trigger|view)\b", re.IGNORECASE
)
BANNED_WORDS = re.compile(r"perpetrator|revenge[\s-]*porn", re.IGNORECASE)
PRODUCT_TEXT = ("api", "casefiles", "config", "docs", "evidence", "monitor")
TEXT_FILES = {".css", ".html", ".js", ".json", ".md", ".py", ".sh", ".toml", ".txt", ".typ"}


def writes_to_events(tree: ast.Module) -> Iterator[int]:
    """Lines that insert into the event table, change it or delete from it, or may do so out of sight.

    A table is spoken of as ``database.NAME`` or as a name bound to that. A statement of
    SQLAlchemy on anything else counts as a write to events, because it cannot be told.
    """
    bound = dict(_bound(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and RAW_WRITE.search(node.value):
            yield node.lineno
        if isinstance(node, ast.Call) and "event" in _written(node, bound):
            yield node.lineno


def _bound(tree: ast.Module) -> Iterator[tuple[str, set[str]]]:
    """Names -> the tables that they may stand for, anywhere in the module."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                pairs = list(zip(names, values, strict=True))
            case ast.Assign(targets=[name], value=value):
                pairs = [(name, value)]
            case ast.ImportFrom(module="evidence.store.database", names=aliases):
                pairs = []
                for alias in aliases:
                    found.setdefault(alias.asname or alias.name, set()).add(alias.name)
            case _:
                continue
        for name, value in pairs:
            if isinstance(name, ast.Name) and (table := _table(value)):
                found.setdefault(name.id, set()).add(table)
    yield from found.items()


def _table(node: ast.expr) -> str:
    match node:
        case ast.Attribute(value=ast.Name(id="database"), attr=table):
            return table
        case ast.Subscript(slice=ast.Constant(value=str(table))):
            return table
        case _:
            return ""


def _written(call: ast.Call, bound: dict[str, set[str]]) -> set[str]:
    """The tables that a call may write to; empty if it is no statement of SQLAlchemy."""

    def tables(node: ast.expr) -> set[str]:
        return bound.get(node.id, set()) if isinstance(node, ast.Name) else {_table(node)} - {""}

    match call:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="sa"), attr=verb), args=[to, *_]) if verb in WRITES:
            return tables(to) or {"event"}
        case ast.Call(func=ast.Name(id=verb), args=[to, *_]) if verb in WRITES:
            return tables(to) or {"event"}
        case ast.Call(func=ast.Name(id="put") | ast.Attribute(attr="put"), args=[_, to, *_]):
            return tables(to) or {"event"}
        case ast.Call(func=ast.Attribute(value=target, attr=verb)) if verb in WRITES:
            return tables(target)
        case _:
            return set()


def test_only_one_module_writes_custody_events() -> None:
    writers = {source.name: list(writes_to_events(source.tree)) for source in sources()}
    assert {name for name, lines in writers.items() if lines} == {WRITER, PUT}  # of who calls put, the table counts
    assert len(writers[WRITER]) == 1


@pytest.mark.parametrize(
    "code",
    [
        "sa.insert(database.event)",
        "sa.update(database.event)",
        "sa.delete(database.event).where(x)",
        "database.event.insert()",
        "put(connection, database.event, rows)",
        "database.put(connection, database.event, rows)",
        "put(connection, anything(), rows)",
        "events = database.event\nevents.insert().values(leaf=b'')",
        "item, log = database.item, database.event\nsa.insert(log)",
        "from evidence.store.database import event as e\nfrom sqlalchemy import insert\ninsert(e)",
        "t = database.metadata.tables['event']\nsa.insert(t)",
        "def f(any_table):\n    sa.insert(any_table)",
        "connection.exec_driver_sql('INSERT OR REPLACE INTO event VALUES (1)')",
    ],
)
def test_a_second_writer_would_be_found(code: str) -> None:
    assert list(writes_to_events(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    ["sa.insert(database.item)", "sa.select(database.event.c.leaf)", "known.update(x)", "names.insert(0, 'x')"],
)
def test_reading_events_and_writing_elsewhere_is_allowed(code: str) -> None:
    assert not list(writes_to_events(ast.parse(code)))


def prints(tree: ast.Module) -> Iterator[int]:
    """Lines that print, or write to a standard stream."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.Call(func=ast.Name(id="print")) | ast.Attribute(value=ast.Name(id="sys"), attr="stdout" | "stderr")
            ):
                yield node.lineno


def test_only_the_turn_and_the_making_of_tables_write_to_the_database() -> None:
    """``database.writing`` knows no lock between machines' programs; whoever writes takes the turn."""
    call = re.compile(r"(?<![\w.])(database\.)?writing\((?!self\))")
    writers = {source.name for source in sources() if call.search(source.text)}
    assert writers == {"evidence/custody/turn.py", "evidence/store/database.py", "evidence/store/migrate.py"}


def test_only_the_command_lines_print() -> None:
    printing = {source.name for source in sources() if list(prints(source.tree))}
    assert {name for name in printing if not name.startswith(PRINTERS)} == set()
    assert printing  # the search finds what there is


def test_no_check_of_the_product_vanishes_under_python_o() -> None:
    assert [source.name for source in sources() for node in ast.walk(source.tree) if isinstance(node, ast.Assert)] == []


def test_every_module_opens_with_its_contract() -> None:
    assert [source.name for source in sources() if source.text.strip() and not ast.get_docstring(source.tree)] == []


def test_no_text_of_the_product_uses_a_word_that_wrongs_a_person() -> None:
    files = [path for folder in PRODUCT_TEXT for path in (ROOT / folder).rglob("*") if path.suffix in TEXT_FILES]
    files += [path for path in ROOT.iterdir() if path.is_file() and path.suffix in TEXT_FILES]
    assert len(files) > len(sources())
    assert [path.name for path in files if BANNED_WORDS.search(path.read_text())] == []
    assert BANNED_WORDS.search("so-called Revenge-porn")


def public_classes(source: Source) -> Iterator[str]:
    """The classes of a module, and its names for types, that others may import."""
    for node in source.tree.body:
        match node:
            case ast.ClassDef(name=name) if not name.startswith("_"):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id="TypeAlias")) if name[0] != "_":
                yield name


def test_a_public_class_has_a_name_of_its_own() -> None:
    places: dict[str, list[str]] = {}
    for source in sources():
        for name in public_classes(source):
            places.setdefault(name, []).append(source.name)
    assert len(places) > 100  # the search finds what there is
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def makes_schema(tree: ast.Module) -> Iterator[int]:
    """Lines that declare a table or change one, in SQLAlchemy, alembic or SQL."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="sa"), attr="Table" | "MetaData")):
                yield node.lineno
            case ast.Call(func=ast.Attribute(attr="create_table" | "batch_alter_table" | "add_column")):
                yield node.lineno
            case ast.Constant(value=str(text)) if RAW_SCHEMA.match(text):
                yield node.lineno
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] == "alembic":
                yield node.lineno


def test_tables_and_their_migrations_live_in_one_package() -> None:
    makers = {source.name for source in sources() if list(makes_schema(source.tree))}
    assert {name.rsplit("/", 1)[0] for name in makers if not name.startswith(f"{TABLES}/migrations/")} == {TABLES}
    assert any("/versions/" in name for name in makers)  # the migrations are among them
    assert f"{TABLES}/database.py" in makers


@pytest.mark.parametrize(
    "code",
    [
        "t = sa.Table('t', database.metadata)",
        "op.create_table('t')",
        "from alembic import command",
        "connection.exec_driver_sql('CREATE TABLE t (a)')",
        "connection.exec_driver_sql(' alter table item ADD COLUMN a')",
    ],
)
def test_a_table_made_elsewhere_would_be_found(code: str) -> None:
    assert list(makes_schema(ast.parse(code)))
