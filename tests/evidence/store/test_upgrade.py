"""Of one thing that was kept in several modes, the item of the highest stands for it; all of them stay in the log."""

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence.custody.event import Draft
from evidence.observation import Mode
from evidence.store import database
from evidence.store.database import reading
from evidence.store.upgrade import same_thing, stands
from tests.evidence.log.ledger import NOBODY, Ledger, new_ledger

MODES = {mode: rank for rank, mode in enumerate(Mode)}
BIG = {"bytes": "5000"}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = new_ledger(tmp_path)
    yield ledger
    ledger.engine.dispose()


def file(mode: Mode, *, position: int = 0, digest: str = "ab", message: int = 5, **more: str) -> Draft:
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
