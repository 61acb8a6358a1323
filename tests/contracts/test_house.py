"""The page that says where things lie names every folder of the packages, and no other."""

from tests.contracts.test_docs import rows, section
from tests.contracts.tree import PACKAGES, ROOT

HOUSE = (ROOT / "docs" / "house.md").read_text(encoding="utf-8")


def test_each_folder_has_its_row() -> None:
    inits = [init for package in PACKAGES for init in (ROOT / package).rglob("__init__.py")]
    folders = {init.parent.relative_to(ROOT).as_posix() for init in inits if "migrations" not in init.parts}
    named = [name.strip("`") for name, _holds in rows(section(HOUSE, "## The rooms"))]
    assert sorted(named) == sorted(folders)
