"""No fact of an error or a finding is English: the catalogue alone has words, in as many languages as it has."""

import ast
import functools
import re
from collections.abc import Iterator

import pytest

from config.errors import LANGUAGE, catalogue
from tests.contracts import codes
from tests.contracts.facts import PHRASE, Index, Scope, Text, called, index_of, texts
from tests.contracts.tree import ROOT, Source, sources

WORDS = catalogue(LANGUAGE)


@functools.cache
def product() -> Index:
    return index_of(sources())


@functools.cache
def saying() -> frozenset[str]:
    return codes.kinds() | {name for source in sources() for name, _ in codes.helpers(source)}


OF_OTHERS = frozenset({"system"})
"""What the operating system, the database or a library says, in its own words; the catalogue quotes it."""

KEYS_OF_TEXTS = "config.words"
"""It says which text is missing: a mistake of the program, and a name."""

NAMES = frozenset({"maximum", "ip_address", "uniform_resource_identifier"})
"""Names of RFC 5280 that stand where a code is said."""


def facts(index: Index) -> Iterator[tuple[str, ast.expr, Scope]]:
    """The name, value and place of every fact that is given where a code is said, but for words of others.

    A fact of a term is named ``term.NAME``: terms name rows and members.
    """
    for name in saying():
        for scope, call in index.calls.get(name, ()):
            for fact, value in _facts(call):
                if fact not in OF_OTHERS and scope.module != KEYS_OF_TEXTS:
                    yield f"term.{fact}" * (name == "Term") or fact, value, scope


def _facts(call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    yield from ((each.arg or "**", each.value) for each in call.keywords if each.arg != "code")
    for argument in call.args:
        if isinstance(argument, ast.Dict):
            for key, value in zip(argument.keys, argument.values, strict=True):
                yield str(getattr(key, "value", "**")), value
        elif called(call) not in ("Term", "Explained"):
            yield "", argument  # of a helper, or a mapping of facts


def english(index: Index) -> set[str]:
    """Every phrase that can reach a fact, with its place."""
    found = {text for _, value, scope in facts(index) for text in texts(index, value, scope)}
    return {f"{text.source}:{text.line} {text.value!r}" for text in found if PHRASE.search(text.value)}


def spelled(index: Index) -> set[str]:
    """Every word that is a fact where it stands, and so neither a term nor a name from elsewhere."""
    return {
        f"{scope.module} {value.value!r}"
        for fact, value, scope in facts(index)
        if fact
        if not fact.startswith("term.")
        if isinstance(value, ast.Constant) and isinstance(value.value, str)
        if re.fullmatch(r"[A-Za-z][A-Za-z_ ]*", value.value) and value.value not in NAMES
    }


def module(text: str, name: str = "evidence/made_up.py") -> Source:
    return Source(ROOT / name, text, ast.parse(text))


def test_no_english_can_reach_a_fact() -> None:
    assert english(product()) == set()


def test_a_word_where_a_code_is_said_is_a_term() -> None:
    assert spelled(product()) == set()


def test_prompts_and_notes_of_the_command_line_are_terms() -> None:
    """``warn``, ``ask`` and ``progress`` take a term; nothing else may write words beside the result."""
    direct = {
        f"{scope.module}:{call.lineno}"
        for name in ("UsageError", "BadParameter", "ClickException", "Abort", "prompt", "confirm", "progressbar")
        for scope, call in product().calls.get(name, ())
        if isinstance(call.func, ast.Attribute) and any(PHRASE.search(text.value) for text in _texts(call, scope))
    }
    assert direct == set()


def _texts(call: ast.Call, scope: Scope) -> Iterator[Text]:
    for argument in (*call.args, *(each.value for each in call.keywords)):
        yield from texts(product(), argument, scope)


def test_the_search_follows_what_there_is() -> None:
    assert sum(1 for _ in facts(product())) > 800
    reached = {text.value for _, value, scope in facts(product()) for text in texts(product(), value, scope)}
    assert {"result.json", "seal.pem", "token_sha256", "channel_added", "--reported-on"} <= reached


def test_what_others_say_is_quoted_and_nothing_else_is_called_so() -> None:
    said = {code: text for code, parts in WORDS.items() for text in parts.values() if "{system" in text}
    assert said
    assert {code: text for code, text in said.items() if '"{system}"' not in text} == {}


def borrowed(index: Index) -> set[str]:
    """Every fact that is what a foreign error says, under another name than ``system``."""
    return {
        f"{scope.module}:{value.lineno} {fact}"
        for fact, value, scope in facts(index)
        if scope.functions and fact not in OF_OTHERS
        for caught in _caught(scope.functions[-1])
        if any(_says(node, caught) for node in ast.walk(value))
    }


def _caught(function: ast.AST) -> set[str]:
    """Names of the errors that a function catches, but for those of ours."""
    return {
        node.name
        for node in ast.walk(function)
        if isinstance(node, ast.ExceptHandler) and node.name and not _is_ours(node.type)
    }


def _is_ours(kind: ast.expr | None) -> bool:
    names = [node.id for node in ast.walk(kind) if isinstance(node, ast.Name)] if kind else []
    return bool(names) and all(name in codes.kinds() for name in names)


def _says(node: ast.AST, caught: str) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="str" | "repr"), args=[ast.Name(id=name)]):
            return name == caught
        case ast.Attribute(value=ast.Name(id=name), attr="strerror" | "msg" | "reason" | "orig"):
            return name == caught
        case ast.FormattedValue(value=ast.Name(id=name)):
            return name == caught
        case _:
            return False


def test_what_a_foreign_error_says_is_the_fact_system() -> None:
    assert borrowed(product()) == set()


@pytest.mark.parametrize("said", ["str(error)", "error.strerror", "repr(error)", 'f"{error}"'])
def test_words_of_a_foreign_error_under_another_name_would_be_found(said: str) -> None:
    text = "def f():\n    try:\n        g()\n    except {} as error:\n        raise LeafError('leaf.x', {}={})"
    assert borrowed(index_of([module(text.format("OSError", "found", said))]))
    assert not borrowed(index_of([module(text.format("OSError", "system", said))]))
    assert not borrowed(index_of([module(text.format("LeafError", "found", said))]))


PLANTED = {
    "where it is raised": 'raise LeafError("leaf.x", found="no such row")',
    "in a pattern": 'def f(n):\n    raise LeafError("leaf.x", where=f"leaf {n}")',
    "in a name": 'def f():\n    why = "no such row"\n    raise LeafError("leaf.x", found=why)',
    "of two": 'def f(a):\n    raise LeafError("leaf.x", found="-" if a else "no row here")',
    "of a caller": 'def f(*, why):\n    raise LeafError("leaf.x", found=why)\ndef g():\n    f(why="no such row")',
    "by its place": 'def f(a, why):\n    raise LeafError("leaf.x", found=why)\ndef g():\n    f(1, "no such row")',
    "by default": 'def f(why="no such row"):\n    raise LeafError("leaf.x", found=why)',
    "of a function": 'def why():\n    return "no such row"\ndef f():\n    raise LeafError("leaf.x", found=why())',
    "of a module": 'WHY = "no such row"\ndef f():\n    raise LeafError("leaf.x", found=WHY)',
    "of a table": 'WHY = {1: "no such row"}\ndef f(n):\n    raise LeafError("leaf.x", found=WHY[n])',
    "joined": 'def f(a):\n    raise LeafError("leaf.x", found=", ".join(["no such row", a]))',
    "walked through": 'def f():\n    for why in ("x", "no such row"):\n        raise LeafError("leaf.x", found=why)',
    "of a generator": "def g():\n    yield 1, 'line one'\n"
    'def f():\n    for n, why in g():\n        raise LeafError("leaf.x", where=why)',
    "of a field": "class Why:\n    text: str\ndef f(why: Why):\n    raise LeafError('leaf.x', found=why.text)\n"
    'def g():\n    f(Why("no such row"))',
    "of a property": "class Why:\n    @property\n    def text(self):\n        return 'no such row'\n"
    "def f(why: Why):\n    raise LeafError('leaf.x', found=why.text)",
    "of a finding": 'def f():\n    return Finding("a.b", 1, "a.c", {"found": "no such row"})',
    "of a term": 'def f():\n    return Term("a.b", name="the other row")',
}


@pytest.mark.parametrize("text", PLANTED.values(), ids=PLANTED)
def test_english_among_the_facts_would_be_found(text: str) -> None:
    assert english(index_of([module(text)]))


def test_english_of_another_module_would_be_found() -> None:
    other = module('WHY = "no such row"\ndef why():\n    return WHY', "evidence/other.py")
    head = "from evidence.other import WHY, why\nfrom evidence import other\n"
    text = head + "def f():\n    raise LeafError('leaf.x', found={})"
    for said in ("WHY", "why()", "other.WHY", "other.why()"):
        assert english(index_of([other, module(text.format(said))])), said


@pytest.mark.parametrize(
    "text",
    [
        'raise LeafError("leaf.x", found=Term("found.no_such_row"))',
        'def f(n):\n    raise LeafError("leaf.x", where=Term("place.leaf", index=n))',
        'def f(path):\n    raise LeafError("leaf.x", where=str(path / "seal.pem"))',
        'def f(error):\n    raise LeafError("leaf.x", system=f"it says {error}")',
        'def f(text):\n    raise LeafError("leaf.x", found=text.removeprefix("Input should be "))',
        'def f(error):\n    raise LeafError("leaf.x", cause=error)',
        'def f(names):\n    raise LeafError("leaf.x", expected=", ".join(names))',
    ],
)
def test_what_is_data_is_let_through(text: str) -> None:
    assert english(index_of([module(text)])) == set()


def test_a_single_word_would_be_found_where_it_is_raised() -> None:
    assert spelled(index_of([module('raise LeafError("leaf.x", found="timeout")')]))
    assert not spelled(index_of([module('raise LeafError("leaf.x", found="maximum")')]))


SPELLING = frozenset({"canonical.not_the_one_time"})
"""It says how a time must be spelled, and so shows the spelling."""


def times(index: Index) -> Iterator[tuple[str, str, ast.expr, Scope]]:
    """Code, name, value and place of every fact that is made a time where it stands."""
    for name in saying():
        for scope, call in index.calls.get(name, ()):
            found = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            for fact, value in _facts(call):
                if any(called(each) == "format_time" for each in ast.walk(value) if isinstance(each, ast.Call)):
                    yield from ((code, fact, value, scope) for code in found if code in WORDS)


def test_a_time_is_a_fact_as_the_log_writes_it_and_is_told_to_the_second() -> None:
    found = [(code, fact) for code, fact, _, _ in times(product()) if code not in SPELLING]
    assert len(found) > 15
    told = {code: " ".join(parts.values()) for code, parts in WORDS.items()}
    assert {f"{code} {{{fact}}}" for code, fact in found if f"{{{fact}}}" in told[code]} == set()
    cut = {
        f"{scope.module}:{value.lineno}"
        for _, value, scope in facts(product())
        if any(isinstance(each, ast.Constant) and "%H" in str(each.value) for each in ast.walk(value))
    }
    assert cut == set()
