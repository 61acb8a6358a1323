"""Objects of the pinned layer with generated values, and shorthands for those that tests build by hand."""

import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from telethon.tl import TLObject, types
from telethon.tl.alltlobjects import tlobjects

from monitor.telegram.layer import PLAIN, Constructor, TlField, constructors, of_type
from tests.monitor.desktop.messages import JPEG

DAY = datetime(2026, 1, 1, 12, tzinfo=UTC)
ROOTS = ("Message", "ChatFull", "Chat", "User", "Update", "Updates")
"""Types whose objects the collector meets."""
_DEEP = 99
_TEXTS = ("", "nga", "nga Shkup", "a\U0001f33fb \U0001f469‍\U0001f9b1 c", "two\nlines", "https://a.example/x", JPEG)


def reachable(*roots: str) -> Iterator[Constructor]:
    """Every constructor that an object of these types can hold, themselves included."""
    seen, todo = set[str](), list(roots)
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        for one in of_type(name):
            yield one
            todo += [field.type for field in one.fields.values() if field.type not in PLAIN]


@cache
def heights() -> dict[str, int]:
    """How deep each constructor nests at least."""
    found = {one.namespace + one.name: _DEEP for one in constructors()}
    changed = True
    while changed:
        changed = False
        for one in constructors():
            height = max((_least(each, found) for each in one.fields.values() if not each.is_optional), default=0)
            if height < found[one.namespace + one.name]:
                found[one.namespace + one.name], changed = height, True
    return found


def _least(each: TlField, found: dict[str, int]) -> int:
    if each.type in PLAIN or each.many:
        return 0
    return 1 + min(found[one.namespace + one.name] for one in of_type(each.type))


@cache
def _classes() -> dict[tuple[str, str], Callable[..., TLObject]]:
    found: dict[tuple[str, str], Callable[..., TLObject]] = {}
    for one in tlobjects.values():
        if ".tl.types" in one.__module__ or ".tl.patched" in one.__module__:
            space = one.__module__.partition(".types.")[2]
            found[(f"{space}." if space else "", one.__name__)] = one
    return found


Each = TypeVar("Each")


class Draws:
    """What looks like chance, and is the same for the same seed on every machine."""

    def __init__(self, seed: int) -> None:
        self._blocks = (hashlib.sha256(f"{seed} {count}".encode()).digest() for count in itertools.count())

    def below(self, limit: int) -> int:
        """A number from 0, under the limit."""
        return int.from_bytes(next(self._blocks)[:8]) % limit

    def chance(self, part: float) -> bool:
        """True in this share of the cases."""
        return self.below(1000) < 1000 * part

    def choice(self, of: Sequence[Each]) -> Each:
        """One of these."""
        return of[self.below(len(of))]


@dataclass
class Generator:
    """Draws objects of the layer; every field of bytes gets a word that is found again, a text may spell a picture.

    Attributes:
        depth: Beyond it only what the layer requires is drawn.
        full: The chance of an optional field.
    """

    draws: Draws
    depth: int = 5
    full: float = 0.4
    planted: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, seed: int) -> "Generator":
        """One that draws much."""
        return cls(Draws(seed), depth=6, full=0.6)

    def any_of(self, name: str, depth: int = 0) -> TLObject:
        """An object of a type."""
        listed = of_type(name)
        if depth >= self.depth:
            least = min(heights()[one.namespace + one.name] for one in listed)
            listed = tuple(one for one in listed if heights()[one.namespace + one.name] == least)
        return self.one(self.draws.choice(listed), depth)

    def named(self, name: str, **given: Any) -> TLObject:  # noqa: ANN401 - any field of the layer
        """An object of a constructor, some of its fields given."""
        return self.one(next(one for one in constructors() if one.name == name), 0, **given)

    def one(self, constructor: Constructor, depth: int, **given: Any) -> TLObject:  # noqa: ANN401 - any field of the layer
        values = {
            name: self._field(constructor, each, depth)
            for name, each in constructor.fields.items()
            if name not in given and (not each.is_optional or (depth < self.depth and self.draws.chance(self.full)))
        }
        if constructor.name == "MessageEmpty":
            values.setdefault("peer_id", None)
        return _classes()[constructor.namespace, constructor.name](**values, **given)

    def _field(self, constructor: Constructor, each: TlField, depth: int) -> Any:  # noqa: ANN401 - any field of the layer
        count = self.draws.below(3) if depth < self.depth else 0
        values = [self._value(constructor, each, depth) for _ in range(count if each.many else 1)]
        return values if each.many else values[0]

    def _value(self, constructor: Constructor, each: TlField, depth: int) -> Any:  # noqa: ANN401 - any field of the layer
        if each.type == "bytes":
            return self._plant(f"{constructor.name}.{each.name}")
        draw = _PLAIN.get(each.type)
        return draw(self.draws) if draw else self.any_of(each.type, depth + 1)

    def _plant(self, edge: str) -> bytes:
        word = f"planted{len(self.planted)}in{edge.replace('.', 'of')}".encode()
        self.planted[edge + str(len(self.planted))] = word
        return b"\xff\xd8\xff\xe0" + word


_PLAIN: dict[str, Callable[[Draws], Any]] = {
    "int": lambda draws: draws.choice((0, 1, draws.below(40), draws.below(1 << 31))),
    "str": lambda draws: draws.choice((*_TEXTS, f"word{draws.below(10**6)}")),
    "bool": lambda draws: draws.chance(0.7),
    "float": lambda draws: draws.below(18_000_000) / 100_000 - 90,
    "datetime": lambda draws: DAY + timedelta(seconds=draws.below(10**7)),
}

# --- by hand ---------------------------------------------------------------------------------


def photo(number: int = 12, **members: Any) -> types.Photo:  # noqa: ANN401 - any field of the layer
    sizes = [types.PhotoStrippedSize("i", b"\x01\x28\x28stripped"), types.PhotoSize("m", 320, 240, 9000)]
    sizes += [types.PhotoSizeProgressive("y", 1280, 960, [900, 20000, 90000])]
    return types.Photo(number, 99, b"reference", DAY, **{"sizes": sizes, "dc_id": 4} | members)


def document(number: int = 34, *attributes: TLObject, **members: Any) -> types.Document:  # noqa: ANN401 - any field of the layer
    given = {"mime_type": "video/mp4", "size": 5000, "dc_id": 2} | members
    return types.Document(number, 98, b"reference", DAY, attributes=list(attributes), **given)


def message(text: str = "", number: int = 7, **members: Any) -> types.Message:  # noqa: ANN401 - any field of the layer
    given = {"peer_id": types.PeerChannel(42), "from_id": types.PeerUser(3), "date": DAY} | members
    return types.Message(id=number, message=text, **given)


def service(action: TLObject, number: int = 7, **members: Any) -> types.MessageService:  # noqa: ANN401 - any field of the layer
    given = {"peer_id": types.PeerChannel(42), "from_id": types.PeerUser(3), "date": DAY} | members
    return types.MessageService(id=number, action=action, **given)


def with_photo(shown: TLObject | None = None, **members: Any) -> types.MessageMediaPhoto:  # noqa: ANN401 - any field of the layer
    return types.MessageMediaPhoto(photo=shown or photo(), **members)


def with_document(sent: TLObject | None = None, **members: Any) -> types.MessageMediaDocument:  # noqa: ANN401 - any field of the layer
    return types.MessageMediaDocument(document=sent or document(), **members)
