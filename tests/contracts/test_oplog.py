"""Each call of the operational log names an event and fields of its list, and the documentation lists them all."""

import ast
import re
from collections.abc import Iterator

import pytest

from config.oplog import EVENTS, FIELDS
from tests.contracts.test_docs import OPERATIONS, rows, section
from tests.contracts.tree import sources

GIVES_WORDS = {
    "command": {"api/cli/main.py"},
    "office": {"evidence/custody/anchoring.py", "evidence/stamp/kept_lists.py"},
}
"""Fields that take a lower-case word -> who may give it: one that gives words of the program's own."""


def calls(tree: ast.Module) -> Iterator[tuple[str, set[str]]]:
    """Event and fields of each call; what cannot be told before it runs is an event of no name."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="oplog"), attr="note"), args=[event], keywords=given):
                names = {each.arg for each in given}
                named = event.value if isinstance(event, ast.Constant) and None not in names else ""
                yield str(named), {str(name) for name in names}


def wrong(tree: ast.Module) -> list[str]:
    return [event for event, fields in calls(tree) if event not in EVENTS or not fields <= {*EVENTS[event]}]


def test_each_call_names_an_event_and_fields_of_the_list() -> None:
    assert {source.name: found for source in sources() if (found := wrong(source.tree))} == {}


def test_each_event_and_each_field_is_noted_somewhere() -> None:
    noted = [call for source in sources() for call in calls(source.tree)]
    assert {event for event, _fields in noted} == EVENTS.keys()
    assert {name for _event, fields in noted for name in fields} == FIELDS.keys()
    assert {name for fields in EVENTS.values() for name in fields} == FIELDS.keys()


@pytest.mark.parametrize(
    "code",
    [
        "oplog.note('she_came')",
        "oplog.note('stamp_had', reason=x)",
        "oplog.note(x)",
        "oplog.note('stamp_had', **x)",
    ],
)
def test_a_call_off_the_list_would_be_found(code: str) -> None:
    assert wrong(ast.parse(code))


@pytest.mark.parametrize("field", GIVES_WORDS)
def test_a_word_comes_from_one_module_only(field: str) -> None:
    givers = {source.name for source in sources() for _event, fields in calls(source.tree) if field in fields}
    assert givers == GIVES_WORDS[field]


def test_each_event_has_its_row_with_its_fields() -> None:
    table = {
        row[0].strip("`"): tuple(re.findall(r"`(\w+)`", row[1]))
        for row in rows(section(OPERATIONS, "## Operational log"))
    }
    assert table == dict(EVENTS)
