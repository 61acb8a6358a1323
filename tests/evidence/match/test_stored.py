"""The stored prints come in the order of the log, and no other key opens them."""

from pathlib import Path

import pytest

from evidence.errors import NoMatchingKeyError
from evidence.match.stored import prints_of, sealed_prints
from evidence.seal.recipients import generate_identity
from tests.evidence.match.libraries import Shelf, digests_only


def test_prints_come_in_order_from_behind_an_entry(tmp_path: Path) -> None:
    key = generate_identity()
    shelf = Shelf(tmp_path, key)
    shelf.add(*(digests_only(f"{number:064x}") for number in range(5)))
    with shelf.engine.connect() as connection:
        for after in (-1, 2, 4):
            found = [(entry, int(each.sha256, 16)) for entry, each in sealed_prints(connection, key, after=after)]
            assert found == [(number, number) for number in range(after + 1, 5)]
        assert [entry for entry, _each in sealed_prints(connection, key, after=0, before=3)] == [1, 2]
        assert [entry for entry, _each in prints_of(connection, key, [4, 0, 9])] == [0, 4]
        with pytest.raises(NoMatchingKeyError):
            list(sealed_prints(connection, generate_identity()))
    shelf.engine.dispose()
