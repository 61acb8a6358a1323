"""Where the facts of errors and findings come from: the texts that can reach one, read from the source.

An expression is followed to the texts that it can be: through names, parameters and what callers give for them,
constants of modules, tables, fields of classes, and what our own functions return. What comes from outside the
program has no text in the source, and so cannot be English of ours.

LIMIT: a value that is kept on an object whose class no annotation tells is not followed.
"""

import ast
import functools
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.contracts.tree import Source

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
PHRASE = re.compile(r"[A-Za-z]{2,}[,;:]?\s|\s[A-Za-z]{2,}")
"""A word beside a space: names of files, keys, members and types have none."""
_DEPTH = 12
"""Steps that are followed at most; nothing of ours is as far from its text."""
_CODED = frozenset({"Term", "Explained"})
_SILENT = frozenset(
    {"len", "type", "count", "index", "isoformat", "strftime", "getattr", "read_text", "group", "decode"}
)
"""Calls that give nothing of the texts in them."""
_OF_ITSELF = frozenset({"removeprefix", "removesuffix", "split", "partition", "rpartition", "get", "strip", "encode"})
"""Calls that give a part of what they are called on, and nothing of their arguments."""
_COMMON = frozenset(name for kind in (str, bytes, list, dict, set, tuple) for name in dir(kind))
"""Methods that any value has, so that their name alone does not tell whose they are."""


@dataclass(frozen=True)
class Text:
    """One text of the source that can reach a fact."""

    value: str
    source: str
    line: int


@dataclass(frozen=True)
class Scope:
    """Where an expression stands: its module, the functions around it, the innermost last, and their class."""

    module: str
    functions: tuple[Function, ...] = ()
    within: ast.ClassDef | None = None


@dataclass
class Index:
    """The whole source, by name."""

    functions: dict[str, list[tuple[Scope, Function]]] = field(default_factory=lambda: defaultdict(list))
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    calls: dict[str, list[tuple[Scope, ast.Call]]] = field(default_factory=lambda: defaultdict(list))
    constants: dict[tuple[str, str], tuple[Scope, ast.expr]] = field(default_factory=dict)
    imported: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)


def index_of(sources: Sequence[Source]) -> Index:
    """Read every module once."""
    made = Index()
    for source in sources:
        module = source.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        _read(made, source.tree, Scope(module))
    return made


def _read(made: Index, node: ast.AST, scope: Scope) -> None:
    for child in ast.iter_child_nodes(node):
        inner = scope
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            made.functions[child.name].append((scope, child))
            inner = Scope(scope.module, (*scope.functions, child), scope.within)
        elif isinstance(child, ast.ClassDef):
            made.classes[child.name] = child
            inner = Scope(scope.module, scope.functions, child)
        elif isinstance(child, ast.Call):
            made.calls[called(child)].append((scope, child))
        else:
            _read_name(made, child, scope)
        _read(made, child, inner)


def _read_name(made: Index, node: ast.AST, scope: Scope) -> None:
    match node:
        case ast.ImportFrom(module=str(module), names=names):
            for name in names:
                made.imported[scope.module, name.asname or name.name] = (module, name.name)
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if not scope.functions:
            made.constants[scope.module, name] = (scope, value)
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if not scope.functions:
            made.constants[scope.module, name] = (scope, value)
        case _:
            pass


def called(call: ast.Call) -> str:
    """The last name of what a call calls."""
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def texts(index: Index, value: ast.expr, scope: Scope) -> frozenset[Text]:
    """Every text of the source that can be, or can be in, this expression."""
    return frozenset(_Follower(index).follow(value, scope, 0))


class _Follower:
    """Follows one expression; no step is taken twice."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._seen: set[tuple[int, int]] = set()
        self._steps: Mapping[type[ast.AST], Callable[..., Iterator[Text]]] = {
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Call: self._call,
        }

    def follow(self, value: ast.AST, scope: Scope, depth: int) -> Iterator[Text]:
        key = (id(value), id(scope.functions[-1]) if scope.functions else 0)
        if depth > _DEPTH or key in self._seen:
            return
        self._seen.add(key)
        if isinstance(value, ast.Constant):
            if isinstance(value.value, str):
                yield Text(value.value, scope.module, value.lineno)
        elif type(value) in self._steps:
            yield from self._steps[type(value)](value, scope, depth + 1)
        else:
            for part in _parts(value):
                yield from self.follow(part, scope, depth + 1)

    def _name(self, name: ast.Name, scope: Scope, depth: int) -> Iterator[Text]:
        for at in range(len(scope.functions), 0, -1):
            function = scope.functions[at - 1]
            outer = Scope(scope.module, scope.functions[:at], scope.within)
            bound = _bindings(function).get(name.id, ())
            for each in bound:
                yield from self.follow(each, outer, depth)
            if name.id in _parameters(function):
                yield from self._parameter(function, name.id, outer, depth)
                return
            if bound:
                return
        yield from self._global(scope.module, name.id, depth)

    def _global(self, module: str, name: str, depth: int) -> Iterator[Text]:
        if (module, name) in self._index.constants:
            where, value = self._index.constants[module, name]
            yield from self.follow(value, where, depth)
        elif (module, name) in self._index.imported and depth <= _DEPTH:
            yield from self._global(*self._index.imported[module, name], depth + 1)

    def _parameter(self, function: Function, name: str, scope: Scope, depth: int) -> Iterator[Text]:
        names = _parameters(function)
        known = scope.within.name if function.name == "__init__" and scope.within else function.name
        for where, call in self._index.calls[known]:
            if self._reaches(where, call, scope):
                yield from self._given(where, call, name, names.index(name) - (names[0] in ("self", "cls")), depth)
        for default in _default(function, name):
            yield from self.follow(default, scope, depth)

    def _given(self, where: Scope, call: ast.Call, name: str, place: int, depth: int) -> Iterator[Text]:
        """What a call gives for a parameter or a field."""
        given = [each.value for each in call.keywords if each.arg == name] or call.args[place : place + 1]
        for each in given if place >= 0 else ():
            yield from self.follow(each, where, depth)

    def _reaches(self, where: Scope, call: ast.Call, scope: Scope) -> bool:
        """Whether a call is of the function of ``scope``, as far as names, imports and annotations tell."""
        name = called(call)
        match call.func:
            case ast.Name():
                of = self._index.imported.get((where.module, name), (where.module, name))
                return of == (scope.module, name) and (scope.within is None or name == scope.within.name)
            case ast.Attribute(value=ast.Name(id=receiver) as value):
                if (where.module, receiver) in self._index.imported:
                    return ".".join(self._index.imported[where.module, receiver]) == scope.module
                if of_type := self._type(value, where):
                    return scope.within is not None and of_type == scope.within.name
            case _:
                pass
        return len(self._index.functions[name]) == 1 and name not in _COMMON

    def _attribute(self, value: ast.Attribute, scope: Scope, depth: int) -> Iterator[Text]:
        if isinstance(value.value, ast.Name):
            module = self._index.imported.get((scope.module, value.value.id))
            if module is not None:
                yield from self._global(".".join(module), value.attr, depth)
            yield from self._field(self._type(value.value, scope), value.attr, depth)

    def _type(self, value: ast.Name, scope: Scope) -> str:
        if value.id in ("self", "cls") and scope.within is not None:
            return scope.within.name
        for function in reversed(scope.functions):
            for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
                if argument.arg == value.id and argument.annotation is not None:
                    return _last_name(argument.annotation)
            for each in _bindings(function).get(value.id, ()):
                if isinstance(each, ast.Call):
                    made = [node.returns for _, node in self._index.functions.get(called(each), ()) if node.returns]
                    return _last_name(made[0]) if made else called(each)
        return ""

    def _field(self, name: str, attribute: str, depth: int) -> Iterator[Text]:
        node = self._index.classes.get(name)
        if node is None:
            return
        own = [
            each.target.id
            for each in node.body
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
        ]
        for where, call in self._index.calls[name] if attribute in own else ():
            yield from self._given(where, call, attribute, own.index(attribute), depth)
        for where, function in self._index.functions.get(attribute, ()):
            if where.within is node:
                yield from self._returned(function, Scope(where.module, (function,), node), depth)

    def _call(self, call: ast.Call, scope: Scope, depth: int) -> Iterator[Text]:
        name = called(call)
        if name in _CODED or name in self._index.classes or name in _SILENT:
            return  # a term, a cause, a value that is no text, or nothing of what is in it
        ours = [(at, node) for at, node in self._index.functions.get(name, ()) if self._reaches(scope, call, at)]
        for at, node in ours:
            yield from self._returned(node, Scope(at.module, (*at.functions, node), at.within), depth)
        if not ours:
            if isinstance(call.func, ast.Attribute):
                yield from self.follow(call.func.value, scope, depth)
            for argument in () if name in _OF_ITSELF else call.args:
                yield from self.follow(argument, scope, depth)

    def _returned(self, function: Function, scope: Scope, depth: int) -> Iterator[Text]:
        for value in _returns(function):
            yield from self.follow(value, scope, depth)


def _parts(value: ast.AST) -> Iterator[ast.AST]:
    """What an expression is made of, as far as its texts come into its value."""
    match value:
        case ast.Subscript(slice=ast.Constant(value=str())):
            return  # a field of a row, which is no table of ours
        case ast.Subscript() | ast.FormattedValue():
            yield value.value
        case ast.IfExp():
            yield from (value.body, value.orelse)
        case ast.Dict():
            yield from value.values
        case ast.GeneratorExp() | ast.ListComp() | ast.SetComp():
            yield value.elt
        case ast.Compare() | ast.Lambda():
            return
        case _:
            yield from ast.iter_child_nodes(value)


def _own(function: Function) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions within it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


@functools.cache
def _returns(function: Function) -> tuple[ast.expr, ...]:
    return tuple(
        node.value for node in _own(function) if isinstance(node, ast.Return | ast.Yield) and node.value is not None
    )


@functools.cache
def _bindings(function: Function) -> Mapping[str, tuple[ast.expr, ...]]:
    """What each name is bound to within a function; each element of a table that is walked through."""
    bound: dict[str, list[ast.expr]] = defaultdict(list)
    for node in _own(function):
        for target, value in _pairs(node):
            for name, part in _bound(target, value):
                bound[name].append(part)
    return {name: tuple(values) for name, values in bound.items()}


def _pairs(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((target, value) for target in targets)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield target, value
        case ast.NamedExpr(target=target, value=value) | ast.AugAssign(target=target, value=value):
            yield target, value
        case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
            elements = value.elts if isinstance(value, ast.Tuple | ast.List) else (value,)
            yield from ((target, each) for each in elements)
        case _:
            return


def _bound(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple):
        parts = value.elts if isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts) else None
        keyed = isinstance(value, ast.Call) and called(value) == "items"
        for at, inner in enumerate(target.elts):
            if not keyed or at:  # a key is a name
                yield from _bound(inner, value if parts is None else parts[at])


@functools.cache
def _parameters(function: Function) -> tuple[str, ...]:
    of = function.args
    return tuple(each.arg for each in (*of.posonlyargs, *of.args, *of.kwonlyargs))


def _default(function: Function, name: str) -> Iterator[ast.expr]:
    of = function.args
    placed = [*of.posonlyargs, *of.args]
    for each, value in zip(placed[len(placed) - len(of.defaults) :], of.defaults, strict=True):
        if each.arg == name:
            yield value
    for each, default in zip(of.kwonlyargs, of.kw_defaults, strict=True):
        if each.arg == name and default is not None:
            yield default


def _last_name(annotation: ast.expr) -> str:
    match annotation:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str(name)):
            return name
        case ast.BinOp(left=left):
            return _last_name(left)
        case _:
            return ""
