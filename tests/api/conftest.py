"""One home with an import for all tests of the verbs; each test that changes it takes a copy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.home import Home
from tests.homes import Office, copy_of, new_office


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return new_office(tmp_path_factory.mktemp("office"))


@pytest.fixture
def home(office: Office, tmp_path: Path) -> Iterator[Home]:
    """A copy of it."""
    home = copy_of(office, tmp_path)
    yield home
    home.engine.dispose()
