"""One served home on each kind of database, for all tests of the routes; each test has keys of its own."""

from collections.abc import Callable, Iterator

import pytest

from tests.postgresql import new_database
from tests.postgresql import serving as serving_database
from tests.serving import ServedHome, serving

Database = Callable[[str], str | None]
"""The address of an empty database of this name; None for SQLite in the home."""


@pytest.fixture(
    scope="session", params=["sqlite", pytest.param("postgresql", marks=(pytest.mark.outside, pytest.mark.slow))]
)
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
