"""One message of the layer while it is being read, and the shapes of its values.

A reader turns each value into what ``evidence.content`` takes. What it cannot say is noted with its place and its
value: a constructor for which the program has no words (``unsupported``), a field or constructor that is in no table
(``unknown``), a value that does not fit (``unread``), what Telegram names but no longer has (``unavailable``). Each
becomes a hole. The first three, with impossible dates, make the digest ``unknown_sha256``, so that another such value
makes another message.

Texts pass through ``clean``, so that no picture reaches a value.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from evidence.canonical import Value, jcs, sha256_hex, text_value
from evidence.content import Link, Number, NumberKind, Person
from evidence.observation import HoleReason
from evidence.times import format_time
from monitor.previews import strip_previews
from monitor.telegram.peers import Peers, identifier_of
from monitor.telegram.tree import is_told, lasting

_FRACTION = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?")
_INTEGERS = 1 << 127
_NOT_UNDERSTOOD = frozenset({HoleReason.UNSUPPORTED, HoleReason.UNKNOWN, HoleReason.UNREAD, HoleReason.BAD_DATE})


@dataclass(slots=True)
class Reading:
    """What is found and noted while one object is being read.

    Attributes:
        found: Fields by kind of part, or whole parts by kind.
        notes: What each reason is about, by its place.
    """

    peers: Peers
    found: dict[str, Any] = field(default_factory=dict)
    notes: dict[HoleReason, dict[str, Value]] = field(default_factory=dict)

    def note(self, reason: HoleReason, where: str, value: object = None) -> None:
        """Note what cannot be said."""
        self.notes.setdefault(reason, {})[where] = lasting(value)

    def holes(self) -> Iterator[tuple[HoleReason, list[str]]]:
        """The places of each reason, in the order in which they came."""
        for reason, noted in self.notes.items():
            yield reason, list(noted)

    def unknown_sha256(self) -> str | None:
        """The digest of what was not understood; None if there was nothing of the kind."""
        told: list[Value] = sorted(
            (
                [reason.value, text_value(where), value]
                for reason, noted in self.notes.items()
                for where, value in noted.items()
                if reason in _NOT_UNDERSTOOD
            ),
            key=jcs,
        )
        return sha256_hex(jcs(told)) if told else None

    def clean(self, value: str) -> Value:
        """A text as a value of the log, without the pictures that are spelled out in it."""
        return strip_previews(value).value

    def tell(self, to: str, value: object) -> None:
        """Set a field of a part, or add whole parts of a kind; a field that is already set stays."""
        if value is None or value == ():
            return
        kind, _, name = to.partition(".")
        if name:
            self.found.setdefault(kind, {}).setdefault(name, value)
        else:
            self.found.setdefault(kind, []).extend(value if isinstance(value, tuple) else [value])

    def account(self, number: int) -> Person:
        """The account of this number."""
        return self.peers.person(f"user{number}")


TlShape: TypeAlias = Callable[[Reading, Any, str], Any]
"""Reads a value; the text says where it is, for a note."""


def text(reading: Reading, value: Any, where: str) -> Value:  # noqa: ANN401, ARG001 - a shape
    """A text from Telegram's server; None if it is empty."""
    return reading.clean(value) if value else None


def integer(reading: Reading, value: Any, where: str) -> str | None:  # noqa: ANN401 - a shape
    """A whole number from Telegram's server."""
    if not -_INTEGERS < value < _INTEGERS:
        reading.note(HoleReason.UNREAD, where, value)
        return None
    return str(int(value))


def fraction(reading: Reading, value: Any, where: str) -> str | None:  # noqa: ANN401 - a shape
    """A number from Telegram's server in digits, as short as it can be and still be read back."""
    spelled = repr(float(value)).removesuffix(".0")
    if "e" in spelled:
        spelled = f"{value:.18f}".rstrip("0").rstrip(".")
    if not _FRACTION.fullmatch(spelled):
        reading.note(HoleReason.UNREAD, where, spelled)
        return None
    return spelled


def flag(reading: Reading, value: Any, where: str) -> str:  # noqa: ANN401, ARG001 - a shape
    """Yes or no from Telegram's server."""
    return "yes" if value else "no"


def moment(reading: Reading, value: Any, where: str) -> str | None:  # noqa: ANN401 - a shape
    """A time from Telegram's server."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        reading.note(HoleReason.BAD_DATE, where, str(value))
        return None
    return format_time(value)


def link(reading: Reading, value: Any, where: str) -> Link | None:  # noqa: ANN401 - a shape
    """An address from Telegram's server, in a message that is read live."""
    address = text(reading, value, where)
    return None if address is None else Link(address)


def phone(reading: Reading, value: Any, where: str) -> Number | None:  # noqa: ANN401 - a shape
    """A telephone number from Telegram's server."""
    number = text(reading, value, where)
    return None if number is None else Number(NumberKind.PHONE, number)


def named(reading: Reading, value: Any, where: str) -> Person | None:  # noqa: ANN401 - a shape
    """Somebody of whom Telegram's server gives only the name."""
    name = text(reading, value, where)
    return None if name is None else Person(name=name)


def user(reading: Reading, value: Any, where: str) -> Person:  # noqa: ANN401, ARG001 - a shape
    """The bare number of an account, from Telegram's server."""
    return reading.account(value)


def group(reading: Reading, value: Any, where: str) -> Person:  # noqa: ANN401, ARG001 - a shape
    """The bare number of a basic group, from Telegram's server."""
    return reading.peers.person(f"group{value}")


def channel(reading: Reading, value: Any, where: str) -> Person:  # noqa: ANN401, ARG001 - a shape
    """The bare number of a channel or supergroup, from Telegram's server."""
    return reading.peers.person(f"channel{value}")


def community(reading: Reading, value: Any, where: str) -> Person:  # noqa: ANN401, ARG001 - a shape
    """The bare number of a community, from Telegram's server."""
    return reading.peers.person(f"community{value}")


def peer(reading: Reading, value: Any, where: str) -> Person | None:  # noqa: ANN401 - a shape
    """An account, a group or a channel, from Telegram's server."""
    identifier = identifier_of(value)
    if identifier is None:
        reading.note(HoleReason.UNKNOWN, f"{where}: {constructor_of(value)}", value)
        return None
    return reading.peers.person(identifier)


def always(value: str) -> TlShape:
    """What a field of TL from Telegram's server says by being there."""
    return lambda _reading, _value, _where: value


def code_after(prefix: str) -> TlShape:
    """The name of a constructor from Telegram's server without the prefix of its type: ``busy``."""
    return lambda _reading, value, _where: _snake(constructor_of(value).removeprefix(prefix)) or "none"


def list_of(shape: TlShape) -> TlShape:
    """A vector from Telegram's server of these; one that says nothing is left out."""

    def of_each(reading: Reading, value: Any, where: str) -> tuple[Any, ...]:  # noqa: ANN401 - a shape
        found = (shape(reading, one, where) for one in value)
        return tuple(one for one in found if one is not None)

    return of_each


def constructor_of(value: object) -> str:
    """The name of the constructor of a TL object from Telegram's server; of a plain value, of its type."""
    return str(value["_"]) if is_told(value) else type(value).__name__


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
