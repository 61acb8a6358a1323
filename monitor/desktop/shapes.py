"""Shapes of values in an export, and what becomes of a value that has another.

A reader of one message turns each value into what ``evidence.content`` takes, and notes what it
could not: a name whose value has no known shape (``unread``) or is no date where one should stand
(``undated``), local time that contradicts its seconds (``differing``), a name or kind that nobody knows
(``unknown``), and what the exporter itself says that it did not write (``unwritten``). A value that
says nothing (null, an empty text) is None and noted
nowhere.

Texts pass through ``clean``, so that no picture reaches a value.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from evidence.canonical import Value
from evidence.content import Link, Number, NumberKind, Person
from evidence.times import format_time
from monitor.desktop.values import JsonNumber as Digits
from monitor.desktop.values import Parsed, read_value_of_text
from monitor.errors import ExportError
from monitor.previews import is_uncut, strip_previews

_MAX_DIGITS = 19
_INTEGERS = 1 << 63
_LAST_SECOND = 253_402_300_799
"""9999-12-31T23:59:59Z; the exporter writes 32-bit times."""
_FIRST_SECOND = 1_375_315_200
"""2013-08-01T00:00:00Z, the month in which Telegram began: what claims to be older has no date."""

_DECIMAL = re.compile(r"-?[0-9]{1,19}(?:\.[0-9]{1,19})?")
_CODE = re.compile(r"[a-z0-9_]{1,64}")
_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")
_PEER = re.compile(r"(?:user|chat|channel)[0-9]{1,19}")
_WEST, _EAST, _QUARTER = timedelta(hours=-12), timedelta(hours=14), timedelta(minutes=15)
_USER_SHIFT, _CHAT_SHIFT = 1 << 32, 1 << 33
_RAW_CHAT, _RAW_CHANNEL = 1 << 48, 1 << 49


@dataclass(slots=True)
class PartReader:
    """What was noted while one message was read.

    Attributes:
        removed: How many pictures were cut out of texts.
        spelled: Keys of the message in whose words a picture was found once their pieces were joined.
    """

    unread: dict[str, None] = field(default_factory=dict)
    undated: dict[str, None] = field(default_factory=dict)
    differing: dict[str, None] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)
    unwritten: dict[str, None] = field(default_factory=dict)
    removed: int = 0
    spelled: set[str] = field(default_factory=set)

    @property
    def has_more(self) -> bool:
        """Whether the message says more than was read, but for a date."""
        return bool(self.unread or self.unknown or self.unwritten)

    def clean(self, value: str) -> Value:
        """A text of an export as a value of the log, without the pictures that are spelled in it."""
        stripped = strip_previews(str(value))
        self.removed += stripped.removed
        return stripped.value

    def join(self, pieces: Iterable[str], where: str) -> Value:
        """The words of a text that was cut into pieces, as ``clean``."""
        joined = self.clean("".join(pieces))
        if not is_uncut(joined):
            self.spelled.add(where.partition(".")[0])
        return joined

    def refuse(self, where: str) -> None:
        """Note that a value has no known shape."""
        self.unread[where] = None

    def undate(self, where: str) -> None:
        """Note that a date is none."""
        self.undated[where] = None

    def differ(self, where: str) -> None:
        """Note that local time in words contradicts the seconds beside it."""
        self.differing[where] = None

    def miss(self, where: str) -> None:
        """Note what nobody knows: a name, or a kind as ``name: kind``."""
        self.unknown[where] = None


Shape: TypeAlias = Callable[[PartReader, Parsed, str], Any]
"""Reads a value; the text says where it stands, for a note."""


def is_text(value: Parsed) -> bool:
    """Whether a value of an export is a text and not a number."""
    return isinstance(value, str) and not isinstance(value, Digits)


def integer_of(value: Parsed) -> int | None:
    """A number of an export, or digits in a text, within 64 bits."""
    if not isinstance(value, str):
        return None
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _MAX_DIGITS):
        return None
    number = int(value)
    return number if -_INTEGERS <= number < _INTEGERS else None


def text(reader: PartReader, value: Parsed, where: str) -> Value:
    """A text of an export that says something."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or isinstance(value, Digits):
        reader.refuse(where)
        return None
    return reader.clean(value)


def integer(reader: PartReader, value: Parsed, where: str) -> str | None:
    """A whole number of an export, quoted or not, in its one spelling."""
    if value is None or value == "":
        return None
    number = integer_of(value)
    if number is None:
        reader.refuse(where)
        return None
    return str(number)


def decimal(reader: PartReader, value: Parsed, where: str) -> str | None:
    """A number of an export with its digits as spelled."""
    if not (isinstance(value, str) and _DECIMAL.fullmatch(value)):
        reader.refuse(where)
        return None
    return str(value)


def flag(reader: PartReader, value: Parsed, where: str) -> str | None:
    """Yes or no in an export."""
    if not isinstance(value, bool):
        reader.refuse(where)
        return None
    return "yes" if value else "no"


def code(reader: PartReader, value: Parsed, where: str) -> str | None:
    """A word of Telegram Desktop's own in an export."""
    if not (isinstance(value, str) and _CODE.fullmatch(value)):
        reader.refuse(where)
        return None
    return str(value)


def one_of(*known: str) -> Shape:
    """A word of Telegram Desktop's own in an export, of these; another one is unknown and kept."""

    def shape(reader: PartReader, value: Parsed, where: str) -> str | None:
        found = code(reader, value, where)
        if found is not None and found not in known:
            reader.miss(f"{where}: {found}")
        return found

    return shape


def moment_of(value: Parsed) -> datetime | None:
    """Seconds since 1970 in an export, in a text or a number; None for what is no time of Telegram's."""
    seconds = integer_of(value)
    if seconds is None or not _FIRST_SECOND <= seconds <= _LAST_SECOND:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def moment(reader: PartReader, value: Parsed, where: str) -> str | None:
    """A time of an export; 0 says that there is none."""
    if value in (None, "", "0"):
        return None
    found = moment_of(value)
    if found is None:
        reader.undate(where)
        return None
    return format_time(found)


def is_local(value: Parsed) -> bool:
    """Whether a value of an export is local time in words, of a day that there was: ``2026-01-31T23:59:59``."""
    if not is_text(value) or _LOCAL.fullmatch(str(value)) is None:
        return False
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        return False
    return True


def is_local_time_of(local: str, moment: datetime) -> bool:
    """Whether a clock on earth shows an export's ``local`` at this moment.

    Zones are quarters of an hour from -12 to +14 hours.

    Raises:
        ValueError: ``local`` is no day or no time.
    """
    ahead = datetime.fromisoformat(local) - moment.replace(tzinfo=None)
    return _WEST <= ahead <= _EAST and not ahead % _QUARTER


def local_time(reader: PartReader, value: Parsed, where: str) -> Value:
    """Local time in words, as an export has it; what else stands there is kept where it is a text, and noted."""
    if value is None or value == "" or is_local(value):
        return text(reader, value, where)
    reader.undate(where)
    return reader.clean(str(value)) if is_text(value) else None


def link(reader: PartReader, value: Parsed, where: str) -> Link | None:
    """An address in an export."""
    address = text(reader, value, where)
    return None if address is None else Link(address)


def phone(reader: PartReader, value: Parsed, where: str) -> Number | None:
    """A telephone number in an export."""
    number = text(reader, value, where)
    return None if number is None else Number(NumberKind.PHONE, number)


def username(reader: PartReader, value: Parsed, where: str) -> Person | None:
    """A user name in an export, with its ``@`` or without."""
    found = text(reader, value, where)
    return None if found is None else Person(username=found)


def named(reader: PartReader, value: Parsed, where: str) -> Person | None:
    """A name in an export; null is an account that has none any more, and is somebody all the same."""
    if value is None:
        return Person(name="")
    name = text(reader, value, where)
    return None if name is None else Person(name=name)


def person_id(reader: PartReader, value: Parsed, where: str) -> Person | None:
    """``user123`` and its like, as an export has them."""
    found = peer(reader, value, where)
    return None if found is None else Person(id=found)


def user(reader: PartReader, value: Parsed, where: str) -> Person | None:
    """The bare number of a user in an export."""
    number = integer(reader, value, where)
    return None if number is None else Person(id=f"user{number}")


def channel(reader: PartReader, value: Parsed, where: str) -> Person | None:
    """The bare number of a channel in an export."""
    number = integer(reader, value, where)
    return None if number is None else Person(id=f"channel{number}")


def raw_peer(reader: PartReader, value: Parsed, where: str) -> Person | None:
    """A number of an export that carries the kind of peer in its bits from 48 on; three places still have it."""
    number = integer_of(value)
    if number is None or number < 0:
        reader.refuse(where)
        return None
    if number >= _RAW_CHANNEL:
        return Person(id=f"channel{number - _RAW_CHANNEL}")
    if number >= _RAW_CHAT:
        return Person(id=f"group{number - _RAW_CHAT}")
    return Person(id=f"user{number}")


def peer(reader: PartReader, value: Parsed, where: str) -> str | None:
    """``user123``, ``group123`` or ``channel123`` in an export; of the numbers without a kind, see ``old_peer``."""
    if value is None or value == "":
        return None
    if isinstance(value, Digits):
        return old_peer(reader, value, where)
    if not (isinstance(value, str) and _PEER.fullmatch(value)):
        found = text(reader, value, where)
        if found is not None:
            reader.refuse(where)
        return None
    return f"group{value[4:]}" if value.startswith("chat") else str(value)


def old_peer(reader: PartReader, value: Parsed, where: str) -> str | None:
    """A number without quotes, as versions of Telegram Desktop before 2.7.2 wrote it.

    2.4 to 2.7.1 add 2^32 to a user's and 2^33 to a basic group's or a channel's, which cannot be told
    apart then: such a number stays bare. Before 2.4 only users were written, unshifted.
    """
    number = integer_of(value)
    if number is None or number < 0:
        reader.refuse(where)
        return None
    if number >= _CHAT_SHIFT:
        return str(number - _CHAT_SHIFT)
    return f"user{number - _USER_SHIFT if number >= _USER_SHIFT else number}"


def list_of(shape: Shape) -> Shape:
    """An array of such in an export; one that says nothing is left out."""

    def of_each(reader: PartReader, value: Parsed, where: str) -> tuple[Any, ...] | None:
        if not isinstance(value, list):
            reader.refuse(where)
            return None
        found = (shape(reader, inner, where) for inner in value)
        return tuple(one for one in found if one is not None)

    return of_each


def in_a_text(shape: Shape) -> Shape:
    """JSON that Telegram Desktop wrote into a string, read again."""

    def inside(reader: PartReader, value: Parsed, where: str) -> Any:  # noqa: ANN401 - what the shape gives
        if not is_text(value):
            return shape(reader, value, where)
        try:
            return shape(reader, read_value_of_text(str(value)), where)
        except (ExportError, json.JSONDecodeError):
            reader.refuse(where)
            return None

    return inside


def required_mapping(reader: PartReader, value: Parsed, where: str) -> Mapping[str, Parsed] | None:
    """An object of an export."""
    if not isinstance(value, dict):
        reader.refuse(where)
        return None
    return value
