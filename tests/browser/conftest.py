"""The page's scenarios, installed once a session; a missing browser is a failure."""

from pathlib import Path

import pytest

from tests.browser.drive import installed
from tests.browser.office import AskedOffice


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which scenarios run."""
    return installed(tmp_path_factory.mktemp("browser"))


@pytest.fixture
def asked(tmp_path: Path) -> AskedOffice:
    return AskedOffice(tmp_path)
