"""One served home on each kind of database, for all tests of the routes; each test has keys of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.postgresql import new_database
from tests.postgresql import serving as serving_database
from tests.serving import ServedHome, serving

Database = Callable[[str], str | None]
"""The address of an empty database of this name; None for SQLite in the home."""


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.outside)])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    if request.param == "sqlite":
        yield lambda _name: None
        return
    with serving_database() as socket:
        yield lambda name: new_database(socket, name)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, database: Database) -> Iterator[ServedHome]:
    with serving(tmp_path_factory.mktemp("served"), url=database("served")) as served:
        yield served


ON_POSTGRESQL = ("test_hostile_access.py", "test_while_unlocked_and_along_its_links_too")
"""What each run asks of a home on PostgreSQL: with wrong keys, and with schemathesis along the links of answers."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """On SQLite, each run has every test of the routes; on PostgreSQL, all but those above are slow."""
    for item in items:
        here = item.path.parent == Path(__file__).parent
        if here and "postgresql" in item.name and not any(name in item.nodeid for name in ON_POSTGRESQL):
            item.add_marker(pytest.mark.slow)
