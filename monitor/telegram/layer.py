"""The pinned layer, as Telethon's generated classes state it: constructors, their fields, and the fields' types.

Read from the signatures of the classes, so that a table about the layer can be compared with the layer itself and
a newer Telethon cannot change it unseen. ``docs/adr/0028-telethon-without-pyaes.md`` says which version is pinned.
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from zlib import crc32

from telethon.tl import alltlobjects

LAYER: int = alltlobjects.LAYER

_TYPES = "telethon.tl.types"
_TYPE = re.compile(r"\bType(\w+)")
_PLAIN = re.compile(r"\b(bytes|int|str|bool|float|datetime)\b")
PLAIN = frozenset({"bytes", "int", "str", "bool", "float", "datetime"})
"""Types of fields that are not constructors."""


@dataclass(frozen=True, slots=True)
class TlField:
    """A field of a constructor.

    Attributes:
        type: Base type in the layer's words, such as ``Photo``; or ``bytes``, ``int``, ``str``, ``bool``, ``float``,
            ``datetime``.
        many: It is a vector of these.
        is_optional: May be left out; a flag that is left out reads as false.
    """

    name: str
    type: str
    many: bool
    is_optional: bool


@dataclass(frozen=True, slots=True)
class Constructor:
    """One of the forms that a type of the layer has.

    Attributes:
        name: As ``to_dict`` writes it under ``_``.
        namespace: Empty for most.
        base: CRC-32 of its type's name.
    """

    name: str
    namespace: str
    base: int
    fields: Mapping[str, TlField]


@functools.cache
def constructors() -> tuple[Constructor, ...]:
    """Every constructor of Telegram's layer, without the requests."""
    return tuple(_constructor(one) for listed in _classes().values() for one in listed)


@functools.cache
def of_type(name: str) -> tuple[Constructor, ...]:
    """The constructors of a type of Telegram's layer.

    Fields spell it without its namespace; a type that has none goes first.
    """
    for space in _namespaces():
        if found := _by_base().get(crc32(f"{space}{name}".encode())):
            return found
    return ()


@functools.cache
def fields_of(name: str) -> Mapping[str, TlField]:
    """The fields of the layer's constructors that ``to_dict`` calls by this name; empty if the layer has none."""
    found = {key: one for generated in _classes().get(name, ()) for key, one in _fields(generated).items()}
    return MappingProxyType(found)


@functools.cache
def _classes() -> Mapping[str, tuple[type, ...]]:
    found: dict[str, tuple[type, ...]] = {}
    for one in _bare_classes():
        found[one.__name__] = (*found.get(one.__name__, ()), one)
    return MappingProxyType(found)


@functools.cache
def _bare_classes() -> tuple[type, ...]:
    """The generated classes; Telethon registers classes of its own in place of three of them."""
    every = (
        next((one for one in c.__mro__ if one.__module__.startswith(_TYPES)), None)
        for c in alltlobjects.tlobjects.values()
    )
    return tuple(one for one in every if one is not None)


@functools.cache
def _namespaces() -> tuple[str, ...]:
    return tuple(sorted({_namespace(one) for one in _bare_classes()}))


@functools.cache
def _by_base() -> Mapping[int, tuple[Constructor, ...]]:
    found: dict[int, tuple[Constructor, ...]] = {}
    for one in constructors():
        found[one.base] = (*found.get(one.base, ()), one)
    return MappingProxyType(found)


def _namespace(generated: type) -> str:
    """Empty, or with its full stop."""
    space = generated.__module__.removeprefix(_TYPES).lstrip(".")
    return f"{space}." if space else ""


def _constructor(generated: type) -> Constructor:
    base: int = vars(generated)["SUBCLASS_OF_ID"]
    return Constructor(generated.__name__, _namespace(generated), base, _fields(generated))


def _fields(generated: type) -> Mapping[str, TlField]:
    init = vars(generated).get("__init__")
    if init is None:
        return MappingProxyType({})
    optional = len(init.__defaults__ or ())
    names = list(init.__annotations__)
    first = len(names) - optional
    return MappingProxyType(
        {name: _field(name, init.__annotations__[name], is_optional=at >= first) for at, name in enumerate(names)}
    )


def _field(name: str, annotation: object, *, is_optional: bool) -> TlField:
    spelled = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    found = _TYPE.search(spelled) or _PLAIN.search(spelled)
    if found is None:
        raise TypeError(f"a field of no known type: {name}: {spelled}")
    return TlField(name, found[1], "List[" in spelled, is_optional)
