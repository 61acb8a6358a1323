"""Of one thing that was kept in several modes, the item of the highest stands for it; all of them stay in the log."""

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from evidence.custody.event import Draft
from evidence.observation import OF_A_PART, HoleReason, Mode
from evidence.store import database
from evidence.store.database import reading
from evidence.store.marks import observed_marks
from evidence.store.upgrade import same_thing, stands, was_left
from tests.evidence.log.ledger import NOBODY, SEEN, Ledger, new_ledger

MODES = {mode: rank for rank, mode in enumerate(Mode)}
BIG = {"bytes": "5000"}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = new_ledger(tmp_path)
    yield ledger
    ledger.engine.dispose()


def file(mode: Mode, *, position: int = 0, digest: str = "ab", message: int = 5, **more: Any) -> Draft:  # noqa: ANN401 - values
    values = {"kind": "file", "channel_id": "7", "message_id": str(message), "position": str(position), **BIG}
    values |= {"mode": mode.value, "message_sha256": "cd" * 32, **more}
    read = {} if mode is Mode.METADATA_ONLY else {"sha256": digest * 32}
    return Draft("observed", NOBODY | values | read)


def message(mode: Mode, text: str = "x", number: int = 5) -> Draft:
    values = {"kind": "message", "channel_id": "7", "message_id": str(number), "mode": mode.value, "text": text}
    return Draft("observed", NOBODY | values)


def standing(ledger: Ledger, *drafts: Draft) -> list[int]:
    """The places in ``drafts`` of those that stand."""
    ledger.sequencer.append(drafts)
    with reading(ledger.engine) as connection:
        found = set(connection.execute(sa.select(database.item.c.item_id).where(stands())).scalars())
    return [at for at, draft in enumerate(drafts) if draft.event_id in found]


@pytest.mark.parametrize("modes", list(permutations(Mode)), ids=lambda modes: "-".join(mode.value for mode in modes))
def test_the_highest_mode_stands_in_whatever_order_they_came(ledger: Ledger, modes: tuple[Mode, ...]) -> None:
    assert standing(ledger, *(file(mode) for mode in modes)) == [modes.index(Mode.SEALED)]
    with reading(ledger.engine) as connection:
        item = database.item
        assert connection.execute(sa.select(sa.func.count()).select_from(item)).scalar_one() == len(modes)
        this, other = item.alias("this"), item.alias("other")
        pairs = sa.select(sa.func.count()).select_from(this.join(other, same_thing(this, other)))
        assert connection.execute(pairs).scalar_one() == len(modes) * (len(modes) - 1)


def test_of_one_mode_the_later_stands_since_the_earlier_lost_a_part(ledger: Ledger) -> None:
    assert standing(ledger, file(Mode.SEALED), file(Mode.SEALED)) == [1]


def test_a_message_that_is_kept_whole_later_stands_for_the_one_without_its_bytes(ledger: Ledger) -> None:
    assert standing(ledger, message(Mode.METADATA_ONLY), message(Mode.SEALED)) == [1]


@pytest.mark.parametrize(
    "other",
    [
        file(Mode.SEALED, position=1),
        file(Mode.SEALED, message=6),
        file(Mode.SEALED, declared_by="another"),
        file(Mode.SEALED, channel_id="8"),
        message(Mode.SEALED),
    ],
    ids=["another place", "another message", "another source", "another channel", "a message"],
)
def test_another_thing_stands_beside_it(ledger: Ledger, other: Draft) -> None:
    assert standing(ledger, file(Mode.METADATA_ONLY), other) == [0, 1]


def test_two_files_that_one_place_had_stay_two(ledger: Ledger) -> None:
    assert standing(ledger, file(Mode.HASH_ONLY), file(Mode.SEALED, digest="ef")) == [0, 1]
    assert standing(ledger, message(Mode.SEALED, "a", 9), message(Mode.SEALED, "b", 9)) == [0, 1]


IDENTITY = "cd" * 32
LEFT = [Mode.METADATA_ONLY], [Mode.HASH_ONLY], [Mode.METADATA_ONLY, Mode.HASH_ONLY]


def left(ledger: Ledger, *drafts: Draft, mode: Mode = Mode.SEALED, **now: Any) -> bool:  # noqa: ANN401 - values
    """Whether the file was left, of which a look says what is said by ``file``, and this besides."""
    ledger.sequencer.append(drafts)
    marks = observed_marks(SEEN, file(Mode.METADATA_ONLY, **now).values)
    with reading(ledger.engine) as connection:
        return was_left(connection, "7", 5, marks=marks, mode=mode)


def missed(reason: HoleReason, *, waited: bool = False) -> Draft:
    values = {"channel_id": "7", "lo": "5", "hi": "5", "hole": reason.value, "what": "x", "position": "0"}
    values |= {"message_sha256": None if waited else IDENTITY, "since": "2026-01-01T00:00:00.000Z"}
    return Draft("hole", NOBODY | values)


@pytest.mark.parametrize("modes", LEFT, ids=str)
def test_what_a_lower_mode_alone_left_is_told_from_what_is_kept(ledger: Ledger, modes: list[Mode]) -> None:
    assert left(ledger, *(file(mode) for mode in modes), missed(HoleReason.MODE))
    assert not left(ledger, mode=Mode.METADATA_ONLY)
    assert left(ledger, message_sha256="ef" * 32), "it is the same file, whatever its message says now"
    assert not left(ledger, position=1)
    assert not left(ledger, file(Mode.SEALED))


def test_a_file_that_was_exchanged_was_left_if_its_own_item_says_so(ledger: Ledger) -> None:
    first, second = (file(Mode.METADATA_ONLY, media=["document", number]) for number in "12")
    assert not left(ledger, first, media=["document", "2"])
    assert left(ledger, second, media=["document", "2"])


@pytest.mark.parametrize("reason", [HoleReason.MODE, HoleReason.FROZEN])
def test_a_file_whose_wait_ended_with_the_mode_or_a_freeze_was_left(ledger: Ledger, reason: HoleReason) -> None:
    assert left(ledger, missed(reason, waited=True))
    assert not left(ledger, mode=Mode.METADATA_ONLY)
    assert not left(ledger, position=1)
    assert not left(ledger, file(Mode.SEALED))


LEFT_OUT = {HoleReason.MISSING_FILE, HoleReason.NOT_INCLUDED, HoleReason.TOO_LARGE, HoleReason.UNKNOWN_REASON}
LEFT_OUT |= {HoleReason.OUTSIDE, HoleReason.NOT_EXPORTED}


@pytest.mark.parametrize("reason", sorted(LEFT_OUT))
def test_what_an_export_left_out_may_still_be_had(ledger: Ledger, reason: HoleReason) -> None:
    assert left(ledger, file(Mode.METADATA_ONLY), missed(reason))


@pytest.mark.parametrize("waited", [False, True])
@pytest.mark.parametrize("reason", sorted(OF_A_PART.keys() - LEFT_OUT - {HoleReason.MODE, HoleReason.FROZEN}))
def test_what_could_not_be_had_is_not_asked_for_again(ledger: Ledger, reason: HoleReason, *, waited: bool) -> None:
    assert not left(ledger, file(Mode.METADATA_ONLY), missed(reason, waited=waited))


def test_what_nobody_kept_was_not_left(ledger: Ledger) -> None:
    assert not left(ledger, message(Mode.METADATA_ONLY))
