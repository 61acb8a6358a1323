"""An object of the layer becomes plain values without loss, and a record without a picture."""

import base64
import inspect
import re

import pytest
from telethon.tl import types

from evidence.canonical import jcs
from evidence.pictures import find_encoded
from monitor.telegram.tree import CUT_OFF, MAX_DEPTH, SAYS_NO, Cut, lasting, record_of, told
from tests.monitor.telegram.generated import DAY, ROOTS, Generator, message, photo, reachable, service, with_photo

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffdb004300") + bytes(range(1, 65))


def test_what_the_layer_leaves_out_is_left_out() -> None:
    found = told(message("nga", silent=True, noforwards=False, entities=[]))
    assert found.keys() == {"_", "id", "peer_id", "from_id", "date", "message", "silent"}
    action = types.MessageActionNoForwardsToggle(prev_value=True, new_value=False)
    assert told(service(action))["action"]["new_value"] is False  # required, so it says something


def test_a_record_has_times_numbers_and_lengths_as_text() -> None:
    record = record_of(told(message("nga", media=with_photo()))).value
    assert isinstance(record, dict)
    assert (record["id"], record["date"], record["message"]) == ("7", "2026-01-01T12:00:00.000Z", "nga")
    shown = record["media"]["photo"]
    assert (shown["id"], shown["file_reference"]) == ("12", {"stripped": "9"})
    assert shown["sizes"][0] == {"_": "PhotoStrippedSize", "type": "i", "bytes": {"stripped": "11"}}


def test_a_picture_in_a_text_is_counted_and_a_preview_by_name_is_not() -> None:
    assert record_of(told(message("nga", media=with_photo()))).spelled == 0
    document = types.Document(1, 2, b"r", None, "video/mp4", 5, 2, [], thumbs=[types.PhotoStrippedSize("i", JPEG)])
    assert record_of(told(message("nga", media=types.MessageMediaDocument(document=document)))).spelled == 0
    assert record_of(told(message(base64.b64encode(JPEG).decode()))).spelled == 1


@pytest.mark.parametrize("seed", range(60))
def test_no_byte_of_any_field_reaches_a_record(seed: int) -> None:
    drawn = Generator.of(seed)
    record = jcs(record_of(told(drawn.any_of(ROOTS[seed % len(ROOTS)]))).value)
    assert not any(word in record for word in drawn.planted.values())
    assert not any(find_encoded(record))


def test_what_lasts_is_the_same_for_every_account_and_day() -> None:
    later = types.Photo(12, 1, b"later", DAY, photo().sizes, 4)
    assert lasting(told(photo())) == lasting(told(later))
    assert lasting(told(photo())) != lasting(told(photo(13)))


def test_a_no_that_is_said_stays_and_a_flag_that_is_not_set_does_not() -> None:
    assert told(types.MessageActionTopicEdit(closed=False)) == {"_": "MessageActionTopicEdit", "closed": False}
    said = {f"{one.name}.{field}" for one in reachable(*ROOTS) for field in said_as_bool(one.name)}
    assert said == SAYS_NO


def said_as_bool(name: str) -> set[str]:
    """The optional fields that the generated class reads as a yes or a no, and not as a flag."""
    readers = (vars(one).get("from_reader") for one in getattr(types, name, object).__mro__ if one.__name__ == name)
    reader = next(readers, None)
    source = inspect.getsource(reader) if reader else ""
    return set(re.findall(r"^ {12}_(\w+) = reader\.tgread_bool\(\)", source, re.MULTILINE))


def test_the_seeds_plant_something() -> None:
    drawn = [Generator.of(seed) for seed in range(12)]
    for one in drawn:
        one.any_of("Message")
    assert any(one.planted for one in drawn)


def test_what_nests_too_deep_is_cut_off_and_named() -> None:
    text = types.TextPlain("deep")
    for _ in range(5 * MAX_DEPTH):
        text = types.TextBold(text)
    rich = types.RichMessage([types.PageBlockParagraph(text)], [photo()], [])
    cut = Cut()
    found = told(message(rich_message=rich), cut)
    assert list(cut.at) == ["TextBold.text"]
    assert CUT_OFF in str(found)
    assert found["rich_message"]["photos"][0]["id"] == 12
    record_of(found)
