"""Whatever stands at a place in a shape that nobody expects there is content or a hole that names the place.

A generator: every place of a message of every kind, and at each every shape of JSON, in an otherwise good message.
"""

import re
from typing import Any

import pytest

from evidence.canonical import from_b64u, jcs
from evidence.content import NAMES, join_content, split_content
from evidence.observation import HoleReason
from monitor.desktop import known
from monitor.desktop.message import Message, named_files
from tests.monitor.desktop.kinds import Named, every_sample
from tests.monitor.desktop.messages import JPEG
from tests.monitor.desktop.places import CHAT, DATED, DELETED, Path, at, every_place, message_of, parsed, put, read

pytestmark = pytest.mark.repeats

WORD, NUMBER = "planted here", 73421953

SHAPES: dict[str, Any] = {
    "null": None,
    "yes": True,
    "no": False,
    "a number": NUMBER,
    "a fraction": float(f"0.{NUMBER}"),
    "a text": WORD,
    "an empty text": "",
    "a text that is no Unicode": f"{WORD}\ud800",
    "a text that is too long": WORD * 500,
    "an empty list": [],
    "a list": [WORD],
    "a list of the wrong": [{"x": WORD}, NUMBER, None, True, [[WORD]]],
    "an empty object": {},
    "an object": {"x": WORD},
    "a text in an object": {"text": {"deep": [WORD]}},
    "nested": [[{"x": [[{"y": WORD}]]}]],
}
SAYS_NOTHING = ("null", "an empty text", "an empty list", "an empty object")
PLACES = every_place()
OF_NO_WEIGHT = {
    row.key
    for table in (known.MESSAGE, *known.ACTIONS.values())
    for rows in table.values()
    for row in rows
    if row.goes is known.Goes.WEIGHTLESS
}


def values(message: Message) -> str:
    fields = {name: value for name, value in message.fields.items() if name != "unknown_sha256"}
    return jcs(readable(fields)).decode() + repr(message.files)


def readable(value: object) -> object:
    """What is no Unicode lies there in Base64."""
    match value:
        case {"b64": str(spelled)}:
            return from_b64u(spelled).decode("utf-8", "replace")
        case dict():
            return {name: readable(one) for name, one in value.items()}
        case list():
            return [readable(one) for one in value]
        case _:
            return value


def names_of(path: Path, shape: str) -> set[str]:
    """The key of a place; of an object, the keys in it will do."""
    inside = ("x", "text") if isinstance(SHAPES[shape], dict) else ()
    return {next(str(key) for key in reversed(path) if isinstance(key, str)), *inside}


def is_said(message: Message, told: str, before: str, path: Path, shape: str) -> bool:
    """Whether a value is content, or a hole names it."""
    words = " ".join(what for _, what in message.holes)
    if not names_of(path, shape).isdisjoint(re.findall(r"\w+", words)) or WORD in words:
        return True
    planted = {"a number": str(NUMBER), "a fraction": str(NUMBER)}.get(
        shape, WORD if WORD in str(SHAPES[shape]) else ""
    )
    return planted in told if planted else told != before


def is_expected(old: object, shape: str, key: object) -> bool:
    """A shape that may stand there and say nothing."""
    new = SHAPES[shape]
    if shape in ("null", "an empty text", "an empty list") or old is None or key == "invoice_information":
        return shape in SAYS_NOTHING
    if isinstance(old, bool) or isinstance(new, bool) or key in OF_NO_WEIGHT:
        return type(old) is type(new) or (shape == "a fraction" and isinstance(old, float))
    return shape == "an empty object" and isinstance(old, dict)


@pytest.mark.every(9)
@pytest.mark.parametrize("named", every_sample(), ids=lambda named: named.name)
def test_whatever_stands_anywhere_is_content_or_a_hole_that_names_it(named: Named) -> None:
    good = message_of(named)
    silent, lost = [], []
    for path in PLACES[named.name]:
        without = values(read(put(good, path, DELETED)))
        for shape, value in SHAPES.items():
            message = read(put(good, path, value))
            told, fields = values(message), {name: message.fields[name] for name in NAMES}
            assert split_content(join_content(fields)) == fields
            if not is_expected(at(good, path), shape, path[-1]) and not is_said(message, told, without, path, shape):
                silent.append((path, shape, message.holes))
            lost += [(path, shape, word) for word in named.sample.says if word in without and word not in told]
    assert silent == []
    assert lost == []


@pytest.mark.every(4)
@pytest.mark.parametrize("named", every_sample(), ids=lambda named: named.name)
def test_the_files_that_are_counted_beforehand_are_those_that_the_message_names(named: Named) -> None:
    message = message_of(named)
    for one in (message, *(put(message, path, DELETED) for path in PLACES[named.name])):
        assert named_files(parsed(one), chat=CHAT) == read(one).files


MANY = [f"key_of_tomorrow_{number}" for number in range(40)]


def test_very_many_unknown_keys_are_named_as_far_as_they_fit_and_counted_beyond() -> None:
    message = read({"id": 7, "type": "message", **DATED, "text": "x", **dict.fromkeys(MANY, WORD)})
    ((reason, what),) = message.holes
    assert reason is HoleReason.UNKNOWN
    named = [name for name in MANY if re.search(rf"\b{name}\b", what)]
    assert named == MANY[: len(named)] != []
    assert what.endswith(f" and {len(MANY) - len(named)} more")
    assert isinstance(message.record, dict)
    assert message.record.keys() >= set(MANY)


@pytest.mark.parametrize(
    "key", ["schedule_date", "scheduled_date", "date_unixtime", "date", "edited", "edited_unixtime"]
)
@pytest.mark.parametrize("value", ["soon", -5, [1], {"x": 1}, True])
def test_a_hole_about_a_date_is_about_a_date(key: str, value: object) -> None:
    actions = {"schedule_date": "group_call_scheduled", "scheduled_date": "process_suggested_post"}
    about = {"type": "service", "action": actions[key]} if key in actions else {"type": "message"}
    message = read({"id": 7, **DATED, "text": "x", **about, key: value})
    assert message.holes == ((HoleReason.BAD_DATE, key),)


PICTURES: dict[str, Any] = {
    "as Base64": JPEG,
    "in an address": f"data:image/jpeg;base64,{JPEG}",
    "in a list": ["x", {"y": JPEG}],
    "in a preview": {"thumbnail": {"bytes": "AQID"}},
}


@pytest.mark.every(4)
@pytest.mark.parametrize("named", every_sample(), ids=lambda named: named.name)
def test_a_picture_anywhere_is_told_so_that_no_mode_below_sealed_keeps_the_message(named: Named) -> None:
    good = message_of(named)
    assert not read(good).pictured
    kept = []
    for path in PLACES[named.name]:
        for spelling, picture in PICTURES.items():
            message = read(put(good, path, picture))
            everything = values(message) + jcs(message.record).decode() + str(message.holes)
            if not message.pictured or JPEG[40:70] in everything.replace(repr(message.files), ""):
                kept.append((path, spelling))
    assert kept == []
