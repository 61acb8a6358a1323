"""Every place of the product that says a code, read from its source; and ``docs/errors.md``, made of them.

Make the page anew: ``python -m tests.contracts.codes > docs/errors.md``.
"""

import ast
import functools
import re
import string
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from config.errors import LANGUAGE, Explained, catalogue
from tests.contracts.tree import Source, modules, sources, subclasses

CODE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")
ROOT_MODULES = ("config/errors.py", "evidence/finding.py")
"""They put any code into words, and so take it as an argument."""


@dataclass(frozen=True)
class Use:
    """One call that says a code.

    Attributes:
        kind: The class that says it.
        code: None where the call is given it, as a helper is by its callers.
        facts: Names of the facts that it is given; None where they cannot be told from the source.
    """

    source: str
    line: int
    kind: str
    code: str | None
    facts: frozenset[str] | None


@dataclass(frozen=True)
class Helper:
    """A function that builds what it is given a code for.

    Attributes:
        facts: Those that it adds itself.
    """

    kind: str
    parameters: tuple[str, ...]
    facts: frozenset[str] = field(default_factory=frozenset)


@functools.cache
def kinds() -> frozenset[str]:
    """Names of every class that has a code."""
    assert modules()
    return frozenset({"Explained", "Finding", "Basis", "Term", *(kind.__name__ for kind in subclasses(Explained))})


def constructors(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.Call, str]]:
    known = kinds()
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in known:
            yield node, node.func.id


def helpers(source: Source) -> Iterator[tuple[str, Helper]]:
    for node in source.nodes:
        if not isinstance(node, ast.FunctionDef):
            continue
        parameters = tuple(each.arg for each in (*node.args.args, *node.args.kwonlyargs))
        if "code" not in parameters:
            continue
        for call, kind in constructors(ast.walk(node)):
            said = code_of(call, kind)
            if isinstance(said, ast.Name) and said.id == "code":
                yield node.name, Helper(kind, parameters, given(call, kind) or frozenset())


def code_of(call: ast.Call, kind: str) -> ast.expr | None:
    at = 2 if kind == "Finding" else 0
    named = [each.value for each in call.keywords if each.arg == "code"]
    return call.args[at] if len(call.args) > at else next(iter(named), None)


def given(call: ast.Call, kind: str, parameters: tuple[str, ...] = ()) -> frozenset[str] | None:
    """Names of the facts of a call; None where a mapping that is no literal carries them."""
    if kind in ("Finding", "Basis") and not parameters:
        at = 3 if kind == "Finding" else 1
        if len(call.args) <= at:
            return frozenset()
        argument = call.args[at]
        if not isinstance(argument, ast.Dict) or None in argument.keys:
            return None
        return frozenset(str(key.value) for key in argument.keys if isinstance(key, ast.Constant))
    return frozenset(each.arg for each in call.keywords if each.arg and each.arg not in parameters)


@functools.cache
def uses() -> tuple[Use, ...]:
    """Every call of the product that says a code."""
    return tuple(_uses())


def _uses() -> Iterator[Use]:
    known = {(source.name, name): helper for source in sources() for name, helper in helpers(source)}
    for source in sources():
        if source.name in ROOT_MODULES:
            continue
        for call, kind in constructors(source.nodes):
            said = code_of(call, kind)
            for each in choices(said) if said is not None else ():  # None: a check that passed, with nothing to say
                yield use(source, call, kind, each, given(call, kind))
        here = imported(source)
        reached = {
            name: helper for (module, name), helper in known.items() if module == source.name or (module, name) in here
        }
        yield from through(source, reached)


def through(source: Source, reached: Mapping[str, Helper]) -> Iterator[Use]:
    """Every call of a helper that says the code that it is given."""
    for node in source.nodes:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in reached:
            continue
        helper = reached[node.func.id]
        at = helper.parameters.index("code")
        named = [each.value for each in node.keywords if each.arg == "code"]
        said = node.args[at] if len(node.args) > at else next(iter(named), None)
        facts = given(node, helper.kind, helper.parameters)
        for each in choices(said) if said is not None else ():
            yield use(source, node, helper.kind, each, None if facts is None else facts | helper.facts)


def choices(said: ast.expr) -> Iterator[ast.expr]:
    """Each of the codes between which a call chooses where it stands."""
    if isinstance(said, ast.IfExp):
        yield from choices(said.body)
        yield from choices(said.orelse)
    else:
        yield said


def imported(source: Source) -> set[tuple[str, str]]:
    """The module, as a path from the root, and the name of each ``from MODULE import NAME``."""
    return {
        (f"{node.module.replace('.', '/')}.py", each.name)
        for node in source.nodes
        if isinstance(node, ast.ImportFrom) and node.module
        for each in node.names
    }


def use(source: Source, call: ast.Call, kind: str, said: ast.expr, facts: frozenset[str] | None) -> Use:
    code = said.value if isinstance(said, ast.Constant) and isinstance(said.value, str) else None
    return Use(source.name, call.lineno, kind, code, facts)


def placeholders(words_of: Mapping[str, str]) -> set[str]:
    """The facts that the words of a code need."""
    fields = (name for text in words_of.values() for _, name, _, _ in string.Formatter().parse(text) if name)
    return {re.split(r"[.\[]", name)[0] for name in fields}


def mentioned() -> set[str]:
    """Every text of the source that looks like a code of the catalogue."""
    known = catalogue(LANGUAGE).keys()
    nodes = (node for source in sources() for node in source.nodes)
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return texts & known


def classes() -> dict[str, set[str]]:
    """Each code -> the classes that say it; the errors of the system are told by the root."""
    found: dict[str, set[str]] = {code: set() for code in catalogue(LANGUAGE)}
    for each in uses():
        if each.code:
            found.setdefault(each.code, set()).add(each.kind)
    return {code: of or {"Explained"} for code, of in found.items()}


HEAD = """# Errors and findings

Every error and every finding has a code, which never changes its meaning, and facts. The words are made from
both, in one place: `config/data/errors/en.json`. With `--json` an error is
`{"error": {"type", "code", "message", "where", "expected", "found", "fix", "facts"}}`; a finding of `doctor` and
`audit` and a check of `verify` have `code` and `facts` too. `{name}` stands for a fact, `{name:time}` for a time, which
the words tell to the second and the facts have whole; `{name:by}` is a time by which something was there; if it
has a fraction of a second, the words tell it as the next second. A fact that has words is a `Term`, in JSON
`{"code", "facts"}`; what the system or a library says is the fact `system`, in quotes. What to do about a whole
class of errors: [operations](operations.md#errors).

This page is what `python -m tests.contracts.codes` prints; a test compares it.

| code | class | says | what to do |
|---|---|---|---|
"""


def page() -> str:
    """The text of ``docs/errors.md``."""
    rows = []
    of = classes()
    for code, words in sorted(catalogue(LANGUAGE).items()):
        says = words.get("message") or words.get("found") or f"expected {words['expected']}"
        cells = (f"`{code}`", " ".join(f"`{kind}`" for kind in sorted(of[code])), says, words.get("fix", ""))
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(page())
