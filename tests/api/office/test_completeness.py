"""What was seen of a channel, beside the numbers that an export has."""

from pathlib import Path

import pytest

from api.office.completeness import completeness_of
from evidence.errors import UnknownItemError
from evidence.observation import HoleReason
from monitor.rehearsal.export import write_export
from tests.homes import items_of, new_home, take_in
from tests.watching import desk


def test_an_export_says_which_numbers_it_has_and_which_it_skips(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    write_export(tmp_path / "export", seed=1, messages=40)
    take_in(home, tmp_path / "export")
    said = {item.message_id: item.channel_id for item in items_of(home) if item.kind in {"message", "service", "edit"}}
    (channel_id,) = set(said.values())
    found = completeness_of(home, f"-100{channel_id}")
    seen = {number for lo, hi in found.observed for number in range(lo, hi + 1)}
    holes = {number for lo, hi in found.holes for number in range(lo, hi + 1)}
    assert seen == {int(str(number)) for number in said}
    assert not seen & holes
    assert holes | seen >= set(range(min(seen), max(seen) + 1))
    assert {each.reason for each in found.gaps if each.lo} >= {HoleReason.GAP}
    assert found.ahead == ()
    assert found.first_look is not None
    home.engine.dispose()


def test_a_channel_that_nobody_saw_is_told(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    with pytest.raises(UnknownItemError):
        completeness_of(home, "@askush")
    home.engine.dispose()


def test_a_watched_channel_without_a_message_is_known_by_its_number_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(tmp_path, monkeypatch) as at:
        group = at.group()
        assert at.once().ended_by is None
        home = at.home
        for name in ("grupa", str(group.id), f"-100{group.id}"):
            assert completeness_of(home, name).channel == "grupa"
        home.engine.dispose()
