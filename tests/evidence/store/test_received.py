"""The store finds of each hole which items are the part that it misses, by marks alone."""

from collections.abc import Sequence
from functools import cache

import pytest
import sqlalchemy as sa
from hypothesis import example, given

from evidence.completeness import Receipt
from evidence.observation import Mode
from evidence.store import database
from evidence.store.marks import SeenKey
from evidence.store.projection import Placed, project
from evidence.store.received import received_parts
from tests.receipts import READ, Fact, facts, reading, state

SEEN = SeenKey(b"s" * 32)
AT = "2026-11-26T12:00:00.000Z"
NOTHING = {"at": AT, "since": AT, "until": None, "posted_at": None, "declared_by": "ann", "method": "desktop-json"}


@cache
def empty() -> sa.Engine:
    """A store in memory; who writes to it rolls back."""
    engine = sa.create_engine("sqlite://")
    database.metadata.create_all(engine)
    return engine


def found(listed: Sequence[Fact], message: int | None = None) -> dict[int, Receipt]:
    """What the store finds once these events are in the log, in their order."""
    placed = [Placed(idx, f"{idx:032x}", kind, NOTHING | values, None) for idx, (kind, values) in enumerate(listed)]
    every: dict[int, Receipt] = {}
    with empty().connect() as connection:
        project(connection, placed, SEEN)
        for channel in ("7", "user5"):
            every |= received_parts(connection, channel, message_id=message)
        connection.rollback()
    return every


def told(receipts: dict[int, Receipt]) -> dict[int, tuple[set[int], set[int]]]:
    return {idx: (set(receipt.same), set(receipt.perhaps)) for idx, receipt in receipts.items()}


def hole(reason: str, *, position: str | None = "0", text: str | None = "one", message: str = "5") -> Fact:
    digest = None if text is None else state("7", message, text)
    return "hole", {
        "channel_id": "7", "hole": reason, "lo": message, "hi": message, "position": position, "message_sha256": digest,
    }  # fmt: skip


def file(mode: Mode, *, position: str = "0", text: str = "one", message: str = "5", **more: str) -> Fact:
    values = {"kind": "file", "channel_id": "7", "message_id": message, "position": position, "mode": mode.value}
    return "observed", values | {"message_sha256": state("7", message, text), **more}


@given(facts)
@example([file(Mode.METADATA_ONLY), hole("mode"), file(Mode.SEALED)])
@example([hole("missing_file"), file(Mode.SEALED)])
@example([file(Mode.SEALED), hole("missing_file")])
@example([hole("unavailable"), file(Mode.SEALED, text="two")])
def test_the_store_finds_what_a_plain_reading_of_every_pair_finds(listed: list[Fact]) -> None:
    assert told(found(listed)) == reading(listed)
    one = {at for at, (_kind, values) in enumerate(listed) if values.get("lo") == "5"}
    assert told(found(listed, 5)) == {at: receipt for at, receipt in reading(listed).items() if at in one}


def test_a_file_that_comes_after_its_hole_or_before_it_is_what_it_misses() -> None:
    for reason in sorted(READ):
        assert found([hole(reason), file(Mode.HASH_ONLY)]) == {0: Receipt(same=(1,))}, reason
        assert found([file(Mode.SEALED), hole(reason)]) == {1: Receipt(same=(0,))}, reason


def test_what_the_mode_did_not_keep_is_there_once_it_is_sealed() -> None:
    kept = [file(Mode.METADATA_ONLY), hole("mode"), file(Mode.HASH_ONLY), hole("mode")]
    assert found(kept) == {}
    assert found([*kept, file(Mode.SEALED)]) == {1: Receipt(same=(4,)), 3: Receipt(same=(4,))}


@pytest.mark.parametrize(
    "other",
    [
        file(Mode.METADATA_ONLY),
        file(Mode.SEALED, position="1"),
        file(Mode.SEALED, message="6"),
        file(Mode.SEALED, channel_id="8"),
    ],
    ids=["not read", "another place", "another message", "another channel"],
)
def test_another_thing_is_not_what_a_hole_misses(other: Fact) -> None:
    assert found([hole("missing_file"), other]) == {}


def test_by_whom_and_by_what_way_it_came_does_not_matter() -> None:
    live = file(Mode.SEALED, declared_by="watch", method="telegram")
    assert found([hole("missing_file"), live]) == {0: Receipt(same=(1,))}


def test_of_a_message_that_read_otherwise_nobody_can_tell() -> None:
    edited = file(Mode.SEALED, text="two")
    assert found([hole("unavailable"), edited]) == {0: Receipt(perhaps=(1,))}
    assert found([hole("taken_off", text=None), edited]) == {0: Receipt(perhaps=(1,))}
    assert found([hole("unavailable"), edited, file(Mode.SEALED)]) == {0: Receipt(same=(2,))}
