"""``doctor`` says nothing of what is kept as long as all of it is in order."""

from pathlib import Path

from api.office import keep_health
from tests.homes import new_home


def test_a_new_home_has_nothing_that_somebody_should_look_at(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    assert list(keep_health.holds(home)) == []
