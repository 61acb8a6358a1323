"""What the product offers, the product uses: code that tests alone call is not kept alive by them."""

import ast
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.contracts.tree import sources

AWAITED = {
    "release_header": "new cards for an office: each header is written again, and no payload",
    "stream_case": "the same export, for whoever has no folder to write into: the API",
    "build_bundle": "sealing and its check in one step: the bundles that tests hold are made so",
    "make_payload": "the same members that an export makes, in memory: a test compares and changes them",
    "encode_entries": "the whole member that an export writes line by line: a test reads it back",
    "read_slices": "reads what format.md says of an import's slices, as an auditor does",
    "verify_proof": "reads the file of a proof that format.md describes, as an auditor does",
    "_SIGNING_CERTIFICATE_FORMS": "importing it is what teaches asn1crypto these forms",
    "ACCESS": "with the other classes of tables it is every table: a test walks them",
    "WORK": "with the other classes of tables it is every table: a test walks them",
    "SNAPSHOTS": "with the other classes of tables it is every table: a test walks them",
    "BYTES": "what is left out on purpose: a test walks Telegram's layer and fails for a field in no list",
    "READ": "what is read: a test walks Telegram's layer and fails for a field in no list",
    "STYLE_FIELDS": "what is read: a test walks Telegram's layer and fails for a field in no list",
    "UNREAD_FIELDS": "what is left out on purpose: a test walks Telegram's layer and fails for a field in no list",
    "of_type": "the walk through Telegram's layer",
}
"""Public names that only tests use as yet, and why they are there."""
_OF_A_SCRIPT = "monitor/rehearsal/"  # the loopback Telegram offers what a test or a drill may script
_CALLED_FROM_OUTSIDE = (".command(", ".group(", "_error_handler", "router.get(", "router.post(", "problems.get(")


def offered(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """The public functions, classes and constants of a module."""
    for each in tree.body:
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if not any(word in ast.unparse(by) for by in each.decorator_list for word in _CALLED_FROM_OUTSIDE):
                yield each.name, each
        elif isinstance(each, ast.Assign | ast.AnnAssign):
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            yield from ((name.id, each) for name in targets if isinstance(name, ast.Name))


def taken(tree: ast.AST) -> Iterator[str]:
    """Every name that code reads, imports under another name, or names in a text (an annotation, a lazy import)."""
    for each in ast.walk(tree):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load):
            yield each.id
        elif isinstance(each, ast.Attribute):
            yield each.attr
        elif isinstance(each, ast.alias) and each.asname:
            yield each.name
        elif isinstance(each, ast.Constant) and isinstance(each.value, str) and "\n" not in each.value:
            yield from _named(each.value)


def _named(text: str) -> Iterator[str]:
    if text.replace(":", ".").replace(".", "").isidentifier():
        yield from text.replace(":", ".").split(".")
    elif "[" in text or "|" in text:  # an annotation
        try:
            yield from taken(ast.parse(text, mode="eval"))
        except SyntaxError:
            return


def unused(trees: dict[str, ast.Module]) -> set[str]:
    """The names of these modules that none of them uses, but where it defines them; a private one is its module's."""
    here = {module: Counter(taken(tree)) for module, tree in trees.items()}
    everywhere = sum(here.values(), Counter[str]())
    return {
        name
        for module, tree in trees.items()
        if not module.startswith(_OF_A_SCRIPT)
        for name, where in offered(tree)
        if not name.startswith("__")
        and _is_idle(name, where, (here[module] if name.startswith("_") else everywhere)[name])
    }


def _is_idle(name: str, where: ast.stmt, uses: int) -> bool:
    return uses == 0 or (isinstance(where, ast.FunctionDef | ast.ClassDef) and uses <= Counter(taken(where))[name])


def test_every_name_is_used_or_awaited() -> None:
    assert unused({source.name: source.tree for source in sources() if "migrations" not in source.name}) == {*AWAITED}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("def lone(): return lone()", {"lone"}),
        ("LIMIT = _LIMIT = 3", {"LIMIT", "_LIMIT"}),
        ("class Used: pass\ndef _lone(): return Used()", {"_lone"}),
        ("def used(): pass\nPLACE = 'a.b:used'\nprint(PLACE)", set()),
        ("class Named: pass\ndef _lone(one: 'Named | None'): pass", {"_lone"}),
        ("from a import lone as other\ndef lone(): pass", set()),
        ("@main.command('x')\ndef lone(): pass", set()),
    ],
)
def test_the_rule_sees_what_nobody_uses(text: str, found: set[str]) -> None:
    assert unused({"a.py": ast.parse(text)}) == found
