"""No test passes because it looked at nothing, or because it compared a value with itself.

A loop over an empty list asserts nothing and passes: ``tests.nonempty`` fails then. pytest itself refuses an empty
list of parameters (``empty_parameter_set_mark``). And a reader of tests meets no two classes of one name.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.tree import ROOT
from tests.nonempty import nonempty

FILES = sorted((ROOT / "tests").rglob("test_*.py"))
NEVER_EMPTY = {"range", "len", "enumerate", "sorted", "set", "zip", "combinations", "itertools.combinations"}
"""Calls that give something whenever their first argument does."""


def each_test(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef) and each.name.startswith("test_"))


def judges(node: ast.AST) -> bool:
    """Whether a node is an assertion, or a block that must raise."""
    return isinstance(node, ast.Assert) or (isinstance(node, ast.With) and "raises(" in ast.unparse(node.items[0]))


def is_written_out(iterated: ast.expr) -> bool:
    """Whether what a loop goes through stands in the test or in a constant, and is not computed."""
    match iterated:
        case ast.Constant(value=value):
            return bool(value)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name[0].isupper()
        case ast.Tuple(elts=inner) | ast.List(elts=inner) | ast.Set(elts=inner) | ast.Dict(values=inner):
            return any(is_written_out(each.value) if isinstance(each, ast.Starred) else True for each in inner)
        case ast.BinOp(left=left, op=ast.Add() | ast.BitOr(), right=right):
            return is_written_out(left) or is_written_out(right)
        case ast.Call():
            return gives_something(iterated)
    return False


def gives_something(call: ast.Call) -> bool:
    """Whether a call is one of ``NEVER_EMPTY`` of something written out, or a view of a mapping that is."""
    match call:
        case ast.Call(func=ast.Name(id="nonempty")):
            return True
        case ast.Call(func=ast.Attribute(value=inner, attr="items" | "values" | "keys"), args=[]):
            return is_written_out(inner)
        case ast.Call(func=called, args=[first, *_]):
            return ast.unparse(called) in NEVER_EMPTY and is_written_out(first)
    return False


def outermost_loops(node: ast.AST) -> Iterator[ast.For]:
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.For):
            yield inner
        else:
            yield from outermost_loops(inner)


def may_look_at_nothing(test: ast.FunctionDef) -> bool:
    """Whether every assertion of a test stands in a loop over something computed, which may be empty.

    LIMIT: a loop in a loop is not judged, nor what hypothesis draws; there some turns may have nothing to look at.
    """
    if any("given(" in ast.unparse(decorator) for decorator in test.decorator_list):
        return False
    loops = [loop for loop in outermost_loops(test) if not is_written_out(loop.iter)]
    inside = {id(node) for loop in loops for line in loop.body for node in ast.walk(line)}
    judging = [node for node in ast.walk(test) if judges(node)]
    return bool(judging) and all(id(node) in inside for node in judging)


def compares_with_itself(node: ast.AST) -> bool:
    """Whether two sides of an asserted comparison are the same words; two calls may differ."""
    if not (isinstance(node, ast.Assert) and isinstance(node.test, ast.Compare)):
        return False
    sides = [node.test.left, *node.test.comparators]
    plain = [ast.unparse(side) for side in sides if not any(isinstance(each, ast.Call) for each in ast.walk(side))]
    return len(plain) > len(set(plain))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_no_test_of_a_file_can_pass_over_nothing(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assert [test.name for test in each_test(tree) if may_look_at_nothing(test)] == []
    assert [ast.unparse(node) for node in ast.walk(tree) if compares_with_itself(node)] == []


@pytest.mark.parametrize(
    ("body", "empty"),
    [
        ("for each in found(): assert each", True),
        ("for each in found:\n  with pytest.raises(E): f()", True),
        ("for each in found[1:]: assert each", True),
        ("for each in (): assert each", True),
        ("for each in (1, 2): assert each", False),
        ("for each in RULES.items(): assert each", False),
        ("for each in range(5): assert each", False),
        ("for each in range(len(found)): assert each", True),
        ("for each in sorted(found): assert each", True),
        ("rows = found()\nassert rows\nfor each in rows: assert each", False),
        ("for each in nonempty(found()): assert each", False),
        ("for each in range(len(TEXT)): assert each", False),
        ("for each in found():\n  for other in (1, 2): assert other", True),
    ],
)
def test_a_loop_over_what_is_computed_needs_an_assertion_beside_it(body: str, *, empty: bool) -> None:
    [test] = each_test(ast.parse("def test_it():\n  " + body.replace("\n", "\n  ")))
    assert may_look_at_nothing(test) is empty


def test_a_value_compared_with_itself_is_found() -> None:
    same, other, calls = ast.parse("assert A == A\nassert A == 5\nassert f() == f()").body
    assert compares_with_itself(same)
    assert not compares_with_itself(other)
    assert not compares_with_itself(calls)


def test_what_goes_through_something_is_told_when_there_is_nothing() -> None:
    assert list(nonempty([1, 2])) == [1, 2]
    with pytest.raises(AssertionError, match="nothing to look at"):
        list(nonempty([]))


def test_a_public_class_of_tests_has_a_name_of_its_own() -> None:
    places: dict[str, list[str]] = {}
    for file in sorted((ROOT / "tests").rglob("*.py")):
        for name in re.findall(r"^class ([A-Za-z]\w*)", file.read_text(encoding="utf-8"), re.MULTILINE):
            places.setdefault(name, []).append(file.relative_to(ROOT).as_posix())
    assert {"Office", "Life"} <= places.keys()
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
