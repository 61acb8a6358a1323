"""HTML that cannot be broken by what is put into it: whatever is not ``Markup`` already is escaped."""

from collections.abc import Iterable
from html import escape


class Markup(str):
    """A text that is HTML already."""

    __slots__ = ()


META = Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">')


def tag(name: str, /, *inner: str, **attributes: str) -> Markup:
    """An HTML element with an end. ``class_`` is the attribute ``class``, and ``data_about`` is ``data-about``."""
    return Markup(f"{_start(name, attributes)}{_joined(inner)}</{name}>")


def void(name: str, /, **attributes: str) -> Markup:
    """An HTML element that has no end and nothing in it, such as ``link``."""
    return _start(name, attributes)


def _joined(parts: Iterable[str]) -> str:
    return "".join(part if isinstance(part, Markup) else escape(part) for part in parts)


def _start(name: str, attributes: dict[str, str]) -> Markup:
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    return Markup(f"<{name}{given}>")
