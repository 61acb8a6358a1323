"""The product's own source, read once."""

import ast
import functools
import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
PACKAGES = ("api", "casefiles", "config", "evidence", "monitor")


@dataclass(frozen=True)
class Source:
    """One module of the product."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """Its path from the root: ``evidence/custody/append.py``."""
        return self.path.relative_to(ROOT).as_posix()

    @functools.cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Each node of its tree; a walk costs more than most that is done with it."""
        return tuple(ast.walk(self.tree))


@functools.cache
def sources() -> tuple[Source, ...]:
    """Every module of the five packages."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return tuple(Source(path, text := path.read_text(), ast.parse(text)) for path in paths)


@functools.cache
def modules() -> tuple[ModuleType, ...]:
    """Every module of the five packages, imported; but for migrations, which alembic runs, and ``__main__``."""
    return tuple(importlib.import_module(name) for package in PACKAGES for name in _names(package))


def _names(package: str) -> Iterator[str]:
    yield package
    found = pkgutil.walk_packages([str(ROOT / package)], f"{package}.")
    yield from (info.name for info in found if "migrations" not in info.name and not info.name.endswith("__main__"))


def subclasses(root: type) -> Iterator[type]:
    """Every class below ``root`` that the product's modules define."""
    for below in root.__subclasses__():
        yield below
        yield from subclasses(below)
