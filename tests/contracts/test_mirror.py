"""Every module has a test file that mirrors it: ``tests/api/office/test_case.py`` for ``api/office/case.py``."""

from pathlib import Path

import pytest

from tests.contracts.tree import PACKAGES, ROOT

NO_FILE_OF_THEIR_OWN = {
    "casefiles/errors.py": ("tests/contracts/test_errors.py", "a tree of classes, drawn and compared there"),
    "evidence/errors.py": ("tests/contracts/test_errors.py", "a tree of classes, drawn and compared there"),
    "monitor/errors.py": ("tests/contracts/test_errors.py", "a tree of classes, drawn and compared there"),
}
"""Module -> where it is tested instead, and why there."""
NOT_MODULES = {"__init__.py", "__main__.py"}


def modules() -> list[str]:
    """Every module of the five packages but migrations, which alembic runs (tests/evidence/store/test_migrate.py)."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    names = [path.relative_to(ROOT) for path in paths if path.name not in NOT_MODULES]
    return [name.as_posix() for name in names if "migrations" not in name.parts]


def mirror_of(module: str) -> Path:
    path = Path(module)
    return ROOT / "tests" / path.parent / f"test_{path.name}"


@pytest.mark.parametrize("module", modules())
def test_a_module_has_its_test_file(module: str) -> None:
    if module in NO_FILE_OF_THEIR_OWN:
        instead, why = NO_FILE_OF_THEIR_OWN[module]
        assert (ROOT / instead).is_file()
        assert why
        assert not mirror_of(module).exists(), "it has one now: take it off the list"
    else:
        assert mirror_of(module).is_file()
        assert "def test_" in mirror_of(module).read_text(encoding="utf-8")


def test_only_trees_of_errors_that_are_there_are_excepted() -> None:
    assert {name for name in modules() if name.endswith("/errors.py")} > set(NO_FILE_OF_THEIR_OWN)


def test_a_module_without_one_would_be_found() -> None:
    assert "api/office/case.py" in modules()
    assert not mirror_of("api/office/nothing.py").exists()
