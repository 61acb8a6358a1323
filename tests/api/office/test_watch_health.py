"""What a doctor says of the watch, with its remedy."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from api.home import Home
from api.office.channel import add_channel
from api.office.watch_health import ENDS_SOON, modes
from config.watchlist import watch_entry
from evidence.finding import Finding, Verdict
from evidence.observation import Mode
from tests.homes import doer, legal_basis

ENTRY = watch_entry(
    channel="@kanali", report_url="https://x.y", reported_by="Org", reported_on="2026-01-01", access="public"
)


def sealed_until(home: Home, folder: Path, ends: date) -> None:
    basis = legal_basis(folder)
    lines = [f'expires = "{ends}"' if line.startswith("expires") else line for line in basis.read_text().splitlines()]
    basis.write_text("\n".join(lines))
    add_channel(home, ENTRY, Mode.SEALED, basis, doer(home))


@pytest.mark.parametrize(
    ("left", "codes"),
    [
        (ENDS_SOON + timedelta(days=1), []),
        (ENDS_SOON, ["watch.mode_ends_soon"]),
        (timedelta(), ["watch.mode_ends_soon"]),
    ],
)
def test_a_legal_basis_is_told_two_weeks_before_it_ends(
    home: Home, tmp_path: Path, left: timedelta, codes: list[str]
) -> None:
    assert list(modes(home)) == []
    sealed_until(home, tmp_path, home.today() + left)
    found: list[Finding] = list(modes(home))
    assert [(each.code, each.verdict) for each in found] == [(code, Verdict.INDETERMINATE) for code in codes]
    for each in found:
        assert "kanali" in each.where
        assert each.fix


def test_a_legal_basis_that_ended_is_told_until_somebody_decides(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed_until(home, tmp_path, home.today())
    later = home.today() + timedelta(days=1)
    with monkeypatch.context() as patch:
        patch.setattr(Home, "today", lambda _home: later)
        assert [each.code for each in modes(home)] == ["watch.mode_ended"]
    add_channel(home, ENTRY, Mode.METADATA_ONLY, None, doer(home))
    assert list(modes(home)) == []
