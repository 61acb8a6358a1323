"""Every error is drawn where it stands in its tree, and has an exit code."""

import importlib
import inspect
import re
from collections import Counter
from types import ModuleType

import pytest

from api.errors import EXIT_CODES, exit_code
from config.errors import Explained
from tests.contracts.tree import PACKAGES, modules, sources, subclasses

ERROR_MODULES = ("config.errors", "evidence.errors", "monitor.errors", "casefiles.errors")


def drawn(docstring: str) -> dict[str, str]:
    """Each class of a drawing -> the one it hangs on."""
    parents: list[tuple[int, str]] = []
    edges: dict[str, str] = {}
    for match in re.finditer(r"^([ │├└─]+)([\w.]+)", docstring, re.MULTILINE):
        column, name = match.start(2) - match.start(), match[2].rpartition(".")[2]
        while parents and parents[-1][0] >= column:
            parents.pop()
        if parents:
            edges[name] = parents[-1][1]
        parents.append((column, name))
    return edges


def defined(module: ModuleType) -> dict[str, type]:
    """The errors that a module defines, but for the root."""
    classes = inspect.getmembers(module, inspect.isclass)
    return {
        name: kind
        for name, kind in classes
        if kind.__module__ == module.__name__ and issubclass(kind, Explained) and kind is not Explained
    }


@pytest.mark.parametrize("name", ERROR_MODULES)
def test_the_drawing_shows_every_error_under_its_parent(name: str) -> None:
    module = importlib.import_module(name)
    edges = drawn(module.__doc__ or "")
    for error, kind in defined(module).items():
        assert edges.get(error, kind.__bases__[0].__name__) == kind.__bases__[0].__name__, error
        assert error in (module.__doc__ or ""), f"{error} is not drawn"
    known = set(defined(module)) | {kind.__name__ for kind in subclasses(Explained)} | {"Explained"}
    assert set(edges) <= known, "the drawing shows what is not there"


def test_a_drawing_is_read_as_it_looks() -> None:
    picture = "\n    A\n    ├── B\n    │   ├── C   words\n    │   └── D\n    └── x.errors.E\n"
    assert drawn(picture) == {"B": "A", "C": "B", "D": "B", "E": "A"}


def test_every_error_lives_in_an_errors_module() -> None:
    ours = {kind for kind in subclasses(Explained) if kind.__module__.partition(".")[0] in PACKAGES}
    assert {f"{kind.__module__}.{kind.__name__}" for kind in ours if kind.__module__ not in ERROR_MODULES} == set()


def test_every_error_has_an_exit_code_by_its_nearest_class_in_the_table() -> None:
    assert modules()  # all are imported, so that no subclass is missed
    kinds = list(subclasses(Explained))
    assert len(kinds) > len(EXIT_CODES)
    for kind in kinds:
        assert exit_code(kind("a message")) in (1, 2, 3), kind


def test_every_error_is_raised_or_caught_somewhere() -> None:
    words = Counter(re.findall(r"\w+", " ".join(source.text for source in sources())))
    leaves = [kind.__name__ for kind in subclasses(Explained) if not kind.__subclasses__()]
    assert leaves
    assert {name for name in leaves if words[name] < 3} == set()  # more than its drawing and its definition
