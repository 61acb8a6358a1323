"""One served home for all tests of the routes, each with keys of its own."""

from collections.abc import Iterator

import pytest

from tests.serving import ServedHome, serving


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedHome]:
    with serving(tmp_path_factory.mktemp("served")) as served:
        yield served
