"""What a source says again is no new item, and what is an edit."""

import io
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from evidence.observation import HoleReason, Kind, Medium, Mode, Observation
from evidence.store.marks import GUESSABLE_BYTES
from tests.evidence.intake.live import NOW, Live, deletion, file_of, hole, live, message

LATER = "2026-01-01T10:00:00.000Z"
LATER_STILL = "2026-01-01T11:00:00.000Z"


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path) as ready:
        yield ready
    ready.ledger.engine.dispose()


# What is known again


def test_the_deletion_of_a_nameless_photos_message_is_an_item(source: Live) -> None:
    photo = message(1, "", sender_name=None)
    source.keep(photo, file_of(photo, b"bytes"), mode=Mode.METADATA_ONLY)
    assert source.keep(deletion(1), mode=Mode.METADATA_ONLY).counts["already_known"] == 0
    assert source.kinds() == ["message", "file", "deletion"]
    assert source.keep(deletion(1), mode=Mode.METADATA_ONLY).counts["already_known"] == 1


def test_a_changed_view_count_is_no_new_item(source: Live) -> None:
    for views in ("1", "2", "3"):
        source.keep(message(1, counters={"views": views}))
    assert source.kinds() == ["message"]


def test_a_second_downtime_is_another_hole(source: Live) -> None:
    first, second = hole(until=NOW + timedelta(hours=1)), hole(since=NOW + timedelta(hours=5))
    source.keep(first)
    source.keep(second)
    source.keep(first, second)
    assert [row.since for row in source.holes()] == ["2026-01-01T00:00:00.000Z", "2026-01-01T05:00:00.000Z"]


def test_a_downtime_that_ended_is_told_with_its_end(source: Live) -> None:
    source.keep(hole())
    source.keep(hole(until=NOW + timedelta(hours=2)))
    assert [row.until for row in source.holes()] == [None, "2026-01-01T02:00:00.000Z"]


def test_a_gap_that_is_noticed_again_is_the_same_hole(source: Live) -> None:
    for hours in (0, 3):
        source.keep(hole(HoleReason.GAP, lo=7, since=NOW + timedelta(hours=hours)))
    assert len(source.holes()) == 1


def test_a_second_clients_independent_copy_is_an_item_of_its_own(source: Live) -> None:
    both = message(1), file_of(message(1), b"bytes")
    assert source.keep(*both, by="mila").counts["already_known"] == 0
    assert source.keep(*both, by="vera").counts["already_known"] == 0
    assert source.keep(*both, by="mila", method="desktop-json").counts["already_known"] == 0
    assert source.keep(*both, by="mila").counts["already_known"] == 2
    assert source.kinds() == ["message", "file"] * 3


def test_two_files_of_one_message_with_the_same_bytes_are_two_items(source: Live) -> None:
    carrier = message(1)
    source.keep(carrier, file_of(carrier, b"same"), file_of(carrier, b"same", position=1))
    assert source.kinds() == ["message", "file", "file"]


def test_a_file_that_was_read_is_known_where_it_may_not_be_read(source: Live) -> None:
    carrier = message(1)
    source.keep(carrier, file_of(carrier, b"bytes"))
    assert source.keep(carrier, file_of(carrier, b"bytes"), mode=Mode.METADATA_ONLY).counts["already_known"] == 2


def test_a_loose_file_that_may_not_be_read_is_refused(source: Live) -> None:
    medium = Medium("a.jpg", lambda: (_ for _ in ()).throw(AssertionError))
    loose = Observation(Kind.FILE, "local0011223344556677", None, None, medium=medium)
    with pytest.raises(ValueError, match="belongs to no message"):
        source.keep(loose, mode=Mode.METADATA_ONLY)


def test_a_loose_file_is_known_by_its_bytes(source: Live) -> None:
    def loose(content: bytes) -> Observation:
        return Observation(
            Kind.FILE,
            "local0011223344556677",
            None,
            None,
            medium=Medium("a.txt", lambda: nullcontext(io.BytesIO(content))),
        )

    assert source.keep(loose(b"one"), loose(b"two"), loose(b"one")).indexes == (0, 1, 0)
    assert source.keep(loose(b"two")).counts["already_known"] == 1


# Edits


def edited(number: int, text: str, at: str = LATER, **fields: object) -> Observation:
    return message(number, text, edited_at=at, **fields)


def test_other_words_of_a_known_message_that_says_it_was_edited_are_an_edit(source: Live) -> None:
    source.keep(message(1, "one"))
    source.keep(edited(1, "two"))
    source.keep(edited(1, "two"))
    assert source.kinds() == ["message", "edit"]


def test_in_one_batch_too(source: Live) -> None:
    source.keep(message(1, "one"), edited(1, "two"), edited(1, "three", LATER_STILL))
    assert source.kinds() == ["message", "edit", "edit"]


def test_a_message_first_seen_after_its_edit_is_a_message(source: Live) -> None:
    source.keep(edited(1, "two"))
    assert source.kinds() == ["message"]


@pytest.mark.parametrize("content", [b"a picture", bytes(GUESSABLE_BYTES + 1)])
@pytest.mark.parametrize("mode", Mode)
def test_a_reaction_or_a_new_name_is_no_new_item_and_no_new_file(source: Live, mode: Mode, content: bytes) -> None:
    forward: dict[str, Any] = {"people": [{"id": "user9", "name": "Owl"}], "forwarded_from": "Owl"}
    forward["content"] = [{"kind": "forward", "person": "0"}]
    renamed = forward | {"people": [{"id": "user9", "name": "Kite"}], "forwarded_from": "Kite"}
    first = edited(1, "one", **forward)
    source.keep(first, file_of(first, content), mode=mode)
    before = len(source.holes())
    for again in (
        edited(1, "one", **forward, counters=[{"kind": "reactions", "count": "1"}]),
        edited(1, "one", LATER_STILL, **forward),  # Telegram moves the time of the edit for a reaction alone
        edited(1, "one", **forward, sender_name="Sova"),
        edited(1, "one", **renamed),
    ):
        assert source.keep(again, file_of(again, content), mode=mode).counts == {"already_known": 2}
    assert (source.kinds(), len(source.holes())) == (["message", "file"], before)


def test_a_file_outlives_other_words_of_its_message_unless_its_bytes_could_be_guessed(source: Live) -> None:
    for content, kinds in ((bytes(GUESSABLE_BYTES), ["edit", "file"]), (bytes(GUESSABLE_BYTES + 1), ["edit"])):
        number, before = len(content), len(source.kinds())
        first, second = message(number, "one"), edited(number, "two")
        source.keep(first, file_of(first, content))
        source.keep(second, file_of(second, content))
        assert source.kinds()[before:] == ["message", "file", *kinds]


def test_what_another_source_saw_of_a_renamed_sender_is_no_edit(source: Live) -> None:
    source.keep(message(1, "one"), edited(1, "two"))
    source.keep(edited(1, "two", sender_name="Sova"), by="vera")
    assert source.kinds() == ["message", "edit", "message"]


def test_another_accounts_message_with_the_same_number_is_no_edit(source: Live) -> None:
    source.keep(message(1, "one", channel_type="private_group"))
    other = replace(edited(1, "two", channel_type="private_group"), posted_at=NOW + timedelta(hours=1))
    source.keep(other, by="vera")
    assert source.kinds() == ["message", "message"]


def in_a_chat(seen: Observation, chat: str) -> Observation:
    return replace(seen, channel_id=chat)


@pytest.mark.parametrize("chat", ["group7", "user7", "chat7", "export00000000000000aa"])
@pytest.mark.parametrize("order", [1, -1])
def test_where_accounts_number_messages_an_edit_needs_one_that_is_known_again(
    source: Live, chat: str, order: int
) -> None:
    first = [in_a_chat(message(1, "one"), chat), in_a_chat(message(2, "other"), chat)]
    again = in_a_chat(edited(1, "two"), chat)
    source.keep(*first)
    source.keep(*[again, first[1]][::order])
    assert source.kinds() == ["message", "message", "edit"]


@pytest.mark.parametrize(("chat", "kind"), [("group7", "message"), ("user7", "message"), ("7", "edit")])
@pytest.mark.parametrize("others", [0, 1, 3])
def test_two_accounts_messages_of_one_number_and_second_are_two_messages(
    source: Live, chat: str, kind: str, others: int
) -> None:
    """Whatever else both chats hold; a channel numbers its messages for everybody, and there it is an edit."""
    source.keep(*(in_a_chat(message(number, f"a{number}"), chat) for number in range(1, 2 + others)))
    theirs = [in_a_chat(message(number, f"b{number}"), chat) for number in range(2, 2 + others)]
    source.keep(in_a_chat(edited(1, "two", sender_id="user9"), chat), *theirs)
    assert source.kinds()[1 + others] == kind


def test_an_edit_that_another_source_saw_is_an_edit(source: Live) -> None:
    source.keep(message(1, "one"), by="vera", method="desktop-json")
    source.keep(edited(1, "two"))
    assert source.kinds() == ["message", "edit"]
