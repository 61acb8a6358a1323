"""The list of rows that were sealed again: the newest that has a row counts, and one that was changed does not."""

import hashlib
import struct
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import sqlalchemy as sa

from evidence.custody.event import Draft
from evidence.custody.resealed import Resealed, ResealedList, read_resealed, resealed_list, rows_listed
from evidence.log.leaf import Leaf
from evidence.store import database
from evidence.store.database import reading, writing
from tests.evidence.log.ledger import NOBODY, case_opened, new_ledger
from tests.nonempty import nonempty

NAMES = ("record", "prints", "hashes", "media_header")


def leaf(**sealed: str) -> Leaf:
    return Leaf("0" * 64, "0" * 64, "0" * 32, "nisisama/event/1", "x", {}, sealed, "observed")


def test_a_list_has_the_bytes_that_the_format_says() -> None:
    one, two = hashlib.sha256(b"1").digest(), hashlib.sha256(b"2").digest()
    body = resealed_list({(300, "record"): one, (7, "hashes"): two})
    assert body == b"nisisama/resealed/1\n" + struct.pack(">QB", 7, 3) + two + struct.pack(">QB", 300, 1) + one
    assert rows_listed(body) == 2


ROWS = st.dictionaries(st.tuples(st.integers(0, 60), st.sampled_from(NAMES)), st.binary(min_size=32, max_size=32))


@hypothesis.given(ROWS, ROWS, st.integers(0, 60), st.sampled_from([*NAMES, "media"]))
@hypothesis.settings(max_examples=80)
def test_the_newest_list_that_has_a_row_says_what_it_must_be(
    older: dict[tuple[int, str], bytes], newer: dict[tuple[int, str], bytes], index: int, name: str
) -> None:
    lists = Resealed((ResealedList(50, resealed_list(newer)), ResealedList(40, resealed_list(older))))
    first = "f" * 64
    expected = first
    for at, each in ((40, older), (50, newer)):
        if index < at and (index, name) in each:
            expected = each[index, name].hex()
    assert lists.expected(index, name, leaf(**{name: first})) == expected
    assert lists.expected(index, name, leaf()) is None  # an entry that has no such row gets none


def test_only_a_list_that_its_entry_names_counts(tmp_path: Path) -> None:
    ledger, body = new_ledger(tmp_path), resealed_list({(0, "record"): bytes(32)})
    changed = NOBODY | {"key": "casework", "old": "a", "new": "b"}
    other = Draft("drilled", NOBODY, resealed=resealed_list({(0, "record"): bytes([1] * 32)}))
    ledger.sequencer.append([case_opened(), Draft("key_changed", changed, resealed=body), other])

    def expected() -> str | None:
        with reading(ledger.engine) as connection:
            return read_resealed(connection).expected(0, "record", ledger.leaves()[0])

    assert expected() == bytes(32).hex()
    table = database.sealed
    for wrong in nonempty([body + b"x", body[:-1], b"", resealed_list({(0, "record"): bytes([2] * 32)})]):
        with writing(ledger.engine) as connection:
            connection.execute(sa.update(table).where(table.c.idx == 1, table.c.name == "resealed").values(body=wrong))
        assert expected() == ledger.leaves()[0].sealed["record"]
    ledger.engine.dispose()
