"""One imported home for the tests of the store; each test that changes it takes a copy."""

import pytest

from tests.homes import Office, new_office


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return new_office(tmp_path_factory.mktemp("office"))
