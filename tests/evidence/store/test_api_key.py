"""The rows of keys hold what they were given, and the digest alone of what opens."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence.store import database
from evidence.store.api_key import ApiKey, Scope, add_key, every_key, key_of, note_use, revoke_key
from tests.evidence.log.ledger import Ledger, new_ledger

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEY = ApiKey(
    "ab" * 8, "Јована", frozenset({Scope.ADMIN}), frozenset({"case-1", "case-2"}), NOW, NOW + timedelta(days=1)
)

SECRET = bytes(32)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = new_ledger(tmp_path)
    yield ledger
    ledger.engine.dispose()


def test_a_key_comes_back_as_it_was(ledger: Ledger) -> None:
    with ledger.sequencer.take() as connection:
        add_key(connection, KEY, "cd" * 32, SECRET)
        assert key_of(connection, "cd" * 32, SECRET) == KEY
        assert key_of(connection, "ce" * 32, SECRET) is None
        note_use(connection, KEY.key_id, NOW + timedelta(hours=1))
        (found,) = every_key(connection)
        assert found.used_at == NOW + timedelta(hours=1)
        assert revoke_key(connection, KEY.key_id, NOW, SECRET)
        assert not revoke_key(connection, KEY.key_id, NOW, SECRET)
        assert not every_key(connection)[0].opens_at(NOW)


def test_it_opens_until_its_end() -> None:
    assert [KEY.opens_at(NOW + timedelta(seconds=after)) for after in (0, 86_399, 86_400)] == [True, True, False]


COLUMNS = {"key_id": "ff" * 8, "owner": "ana", "scopes": "[]", "cases": None, "created_at": "2020", "expires_at": None}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_row_that_somebody_changed_without_the_secret_opens_nothing(ledger: Ledger, column: str) -> None:
    table = database.api_key
    with ledger.sequencer.take() as connection:
        add_key(connection, KEY, "cd" * 32, SECRET)
        connection.execute(sa.update(table).values({column: COLUMNS[column]}))
        assert key_of(connection, "cd" * 32, SECRET) is None
        connection.execute(sa.delete(table))
        add_key(connection, KEY, "cd" * 32, b"1" * 32)
        assert key_of(connection, "cd" * 32, SECRET) is None
