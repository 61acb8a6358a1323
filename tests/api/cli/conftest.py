"""A home in which every command was run once; each test that changes it takes a copy."""

import shutil
from pathlib import Path

import pytest

from tests.commands import ENVIRONMENT, Life, lived


@pytest.fixture(scope="session")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    return lived(tmp_path_factory.mktemp("life"))


@pytest.fixture
def me(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def home(life: Life, tmp_path: Path, me: None) -> Path:
    """A copy of the home, for what changes it."""
    for name in ("home", "home.keys"):
        shutil.copytree(life.folder / name, tmp_path / name, copy_function=shutil.copy2)
    return tmp_path / "home"
