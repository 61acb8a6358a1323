"""Which replies stand beside a case: direct ones in the same chat, near enough, that nobody left out."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.home import Home
from api.office.case import add_items
from api.office.freeze import freeze
from casefiles.left_out import LEFT_OUT, REACH, AnsweringItem, left_out_drafted, replies_beside
from evidence.custody.sequencer import Sequencer
from evidence.log.schema import SCHEMAS
from evidence.observation import Mode
from tests.homes import PASSPHRASE, copy_of, doer, items_of, new_case, new_home, records_of, take_in
from tests.homes import Office as SmallOffice

ANSWERS = {2: 1, 3: 1, 4: 9, 1 + REACH: 1, 2 + REACH: 1}
"""Number of a message -> the number that it answers."""


def export_of_replies(folder: Path) -> Path:
    """A group in which some messages answer message 1, one of them too far behind it."""
    folder.mkdir()
    said = {1: "look", 5: "hello", **dict.fromkeys(ANSWERS, "that is not her")}
    messages = [
        {"id": number, "type": "message", "date": "2024-11-14T10:00:00", "date_unixtime": str(1731574800 + number)}
        | {"from": "Zogu", "from_id": "user7", "text": text}
        | ({"reply_to_message_id": ANSWERS[number]} if number in ANSWERS else {})
        for number, text in sorted(said.items())
    ]
    export = {"name": "Grupa", "type": "public_supergroup", "id": 42, "messages": messages}
    (folder / "result.json").write_text(json.dumps(export), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> SmallOffice:
    folder = tmp_path_factory.mktemp("answered")
    home, cards = new_home(folder / "home")
    take_in(home, export_of_replies(folder / "export"), Mode.METADATA_ONLY)
    home.engine.dispose()
    return SmallOffice(home, cards, None)  # type: ignore[arg-type]  # of this export no facts were written


@pytest.fixture
def home(answered: SmallOffice, tmp_path: Path) -> Iterator[Home]:
    copied = copy_of(answered, tmp_path)
    yield copied
    copied.engine.dispose()


def ids_of(home: Home) -> dict[int, str]:
    return {int(str(item.message_id)): item.item_id for item in items_of(home)}


def beside(home: Home, case: str) -> list[tuple[int, int]]:
    return [(reply.message_id, reply.answers) for reply in found(home, case)]


def found(home: Home, case: str) -> list[AnsweringItem]:
    return list(replies_beside(home.engine, case, home.keys.unlock(PASSPHRASE).casework))


def test_direct_replies_within_reach_are_told_until_they_are_in_the_case(home: Home) -> None:
    ids = ids_of(home)
    case = new_case(home, [ids[1]])
    # message 4 answers one of which nobody knows, and the last is a number too far behind
    assert beside(home, case) == [(2, 1), (3, 1), (1 + REACH, 1)]
    assert {reply.item_id for reply in found(home, case)} == {ids[2], ids[3], ids[1 + REACH]}
    add_items(home, case, (ids[2], ids[3]), doer(home))
    # a message that joined the case is a place to look from, so one that was too far is found now
    assert beside(home, case) == [(1 + REACH, 1), (2 + REACH, 1)]
    assert beside(home, new_case(home, [ids[5]])) == []
    assert beside(home, new_case(home, [])) == []


def test_what_was_left_out_for_a_reason_is_told_no_more_in_that_case_alone(home: Home) -> None:
    ids = ids_of(home)
    case, other = new_case(home, [ids[1]]), new_case(home, [ids[1]])
    with home.writing() as writer:
        leave(writer.sequencer, home, case, found(home, case)[:2])
    assert beside(home, case) == [(1 + REACH, 1)]
    assert len(beside(home, other)) == 3


def test_a_reply_that_is_edited_after_it_was_left_out_is_told_again(home: Home, tmp_path: Path) -> None:
    ids = ids_of(home)
    case = new_case(home, [ids[1]])
    with home.writing() as writer:
        leave(writer.sequencer, home, case, found(home, case))
    assert beside(home, case) == []  # the control
    folder = export_of_replies(tmp_path / "later")
    export = json.loads((folder / "result.json").read_text("utf-8"))
    (reply,) = [each for each in export["messages"] if each["id"] == 2]
    reply |= {"text": "I was wrong", "edited": "2024-11-15T10:00:00", "edited_unixtime": "1731661200"}
    (folder / "result.json").write_text(json.dumps(export), encoding="utf-8")
    take_in(home, folder, Mode.METADATA_ONLY)
    assert beside(home, case) == [(2, 1)]


def leave(sequencer: Sequencer, home: Home, case: str, replies: list[AnsweringItem]) -> None:
    sequencer.append([left_out_drafted(case, replies, doer(home))])


def test_a_frozen_reply_is_not_told(home: Home) -> None:
    ids = ids_of(home)
    case = new_case(home, [ids[1]])
    freeze(home, [ids[2]], doer(home, approver=None))
    assert beside(home, case) == [(3, 1), (1 + REACH, 1)]


def test_the_entry_says_how_many_and_why_and_names_them(home: Home) -> None:
    ids = ids_of(home)
    case = new_case(home, [ids[1]])
    with home.writing() as writer:
        leave(writer.sequencer, home, case, found(home, case))
    record = records_of(home)[-1]
    assert record.type == LEFT_OUT
    assert record.values.keys() == SCHEMAS[LEFT_OUT].names
    told = {name: record.values[name] for name in ("case", "items", "left_items", "text")}
    assert told == {
        "case": case,
        "items": "3",
        "left_items": [ids[2], ids[3], ids[1 + REACH]],
        "text": "a test",
    }
