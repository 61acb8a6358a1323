"""What the write path would add is counted as it counts, without a byte sealed."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from evidence.authority import Doer
from evidence.intake.foresee import foresee
from evidence.intake.keep import Counts
from evidence.intake.sight import Provenance
from evidence.observation import Hole, HoleReason, Kind, Mode, Observation
from evidence.store import database
from evidence.store.marks import SeenKey

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = SeenKey(b"k" * 32)


def message(number: int, text: str) -> Observation:
    return Observation(Kind.MESSAGE, "7", number, NOW, {"text": text})


@pytest.mark.parametrize("batch", [1, 2, 9])
def test_what_stands_twice_in_a_batch_is_counted_once(batch: int) -> None:
    engine = sa.create_engine("sqlite://")
    database.metadata.create_all(engine)
    contents = [
        message(1, "a"),
        message(1, "a"),
        message(2, "b"),
        Hole("7", HoleReason.MISSING_FILE, NOW, 2, 2, "photo"),
    ]
    provenance = Provenance(Doer("ann", "test", NOW), "mila", "desktop-json", Mode.METADATA_ONLY)
    found = foresee(engine, KEY, contents, provenance, batch=batch, require=lambda _address: None)
    twice = 1 if batch > 1 else 0
    assert found == Counts(messages=3 - twice, missing_media=1, already_known=twice)
