"""Rules of this house that no ready-made tool knows, checked in the product's source."""

import ast
import re
from collections.abc import Iterable, Iterator

import pytest

from tests.contracts.tree import ROOT, Source, sources

WRITER = "evidence/custody/append.py"
PUT = "evidence/store/database.py"
COPY = "evidence/store/move.py"
PRINTERS = (
    "api/cli/",
    "casefiles/verifier/__main__.py",
    "casefiles/pages/worker.py",  # a child of ours, as the next
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
    # for callers of put, the table counts; a copy of every table has events too, in a database that nobody uses yet
    assert {name for name, lines in writers.items() if lines} == {WRITER, PUT, COPY}
    assert len(writers[WRITER]) == len(writers[COPY]) == 1
    assert {source.name for source in sources() if "copy_rows(" in source.text} == {COPY, "api/office/database.py"}


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
    """``database.writing`` knows no lock between machines' programs; whoever writes takes the turn.

    Whoever moves rows has the turn of the home, and fills a database that nobody uses yet.
    """
    call = re.compile(r"(?<![\w.])(database\.)?writing\((?!self\))")
    writers = {source.name for source in sources() if call.search(source.text)}
    making = {"api/office/database.py", "evidence/store/database.py", "evidence/store/migrate.py"}
    assert writers == {"evidence/custody/turn.py", *making}


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


SAME_MEANING = {
    "audit": "the command, and the audit that it runs",
    "list_chats": "the verb, and the reading of an export that it asks",
    "log_in": "the verb, and the talk with Telegram that it keeps the session of",
    "main": "where a program begins",
    "status": "the command, and the verb whose answer it prints; their nouns are monitor and watch",
    "verify": "the command, and the checks that it runs",
}
"""Names that several public functions have with one meaning, and which that is."""
TWINS = {
    "monitor/desktop/shapes.py": "monitor/telegram/reading.py",
    "monitor/desktop/words.py": "monitor/telegram/entities.py",
}
"""Modules that read the same kinds of value from two sources, and so with the same words."""


def public_functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions of a module that others may import."""
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node


def is_command(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether the command line gave a function its name: ``list_`` of cases, of channels, of items."""
    calls = [each.func for each in node.decorator_list if isinstance(each, ast.Call)]
    return any(isinstance(each, ast.Attribute) and each.attr == "command" for each in calls)


def shared(tree: Iterable[Source]) -> dict[str, set[str]]:
    """Names of public functions -> the nouns that have one, where these are several; commands alone do not count.

    Modules of one file name are one noun, in several layers (``case``) or read from several sources (``rich``).
    """
    commands: dict[str, set[str]] = {}
    functions: dict[str, set[str]] = {}
    for source in tree:
        noun = TWINS.get(source.name, source.name).rsplit("/", 1)[-1]
        for node in public_functions(source):
            (commands if is_command(node) else functions).setdefault(node.name, set()).add(noun)
    found = {name: nouns | commands.get(name, set()) for name, nouns in functions.items()}
    return {name: nouns for name, nouns in found.items() if len(nouns) > 1}


def test_a_public_function_has_a_name_of_its_own_or_one_that_means_the_same() -> None:
    tree = [source for source in sources() if "/migrations/" not in source.name]  # alembic names what is in those
    assert sum(1 for source in tree for _ in public_functions(source)) > 500  # the search finds what there is
    assert shared(tree).keys() == SAME_MEANING.keys()


def source_of(name: str, code: str) -> Source:
    return Source(ROOT / name, code, ast.parse(code))


def test_two_meanings_of_one_name_would_be_found() -> None:
    verb, work = "def open_case(): ...", "@case.command('show')\ndef show(): ...\ndef _own(): ..."
    layers = [source_of(f"{layer}/case.py", verb) for layer in ("api/office", "casefiles")]
    commands = [source_of(f"api/cli/{noun}.py", work) for noun in ("case", "item")]
    twins = [source_of(name, "def phone(): ...") for pair in TWINS.items() for name in pair][:2]
    assert shared([*layers, *commands, *twins]) == {}
    other, shows = source_of("evidence/store/task.py", verb), source_of("config/oplog.py", "def show(): ...")
    assert shared([*layers, other]) == {"open_case": {"case.py", "task.py"}}
    assert shared([*commands, shows]) == {"show": {"case.py", "item.py", "oplog.py"}}


def described(tree: Iterable[Source]) -> dict[str, set[str]]:
    """First sentences of the docstrings of public functions and methods -> the folders that they are in."""
    folders: dict[str, set[str]] = {}
    for source in tree:
        classes = [
            each for each in source.tree.body if isinstance(each, ast.ClassDef) and not each.name.startswith("_")
        ]
        for body in (source.tree.body, *(each.body for each in classes)):
            for node in body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                    first = (ast.get_docstring(node) or "").split("\n\n")[0]
                    folders.setdefault(first, set()).add(source.path.parent.as_posix())
    return {first: where for first, where in folders.items() if first}


def test_a_docstring_says_which_room_its_function_is_in() -> None:
    """Somebody who reads it and has not read the code looks in one folder, so no two folders have the same."""
    assert len(described(sources())) > 1000  # the search finds what there is
    assert {first for first, where in described(sources()).items() if len(where) > 1} == set()


def test_a_docstring_of_two_rooms_would_be_found() -> None:
    code = 'class Reader:\n    def phone(self):\n        """A telephone number."""'
    two = [source_of(f"monitor/{folder}/shapes.py", code) for folder in ("desktop", "telegram")]
    assert [len(where) for where in described(two).values()] == [2]
