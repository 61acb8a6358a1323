"""What a doctor says of the watch, with its remedy."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from api.home import Home
from api.office import watch_health
from api.office.channel import add_channel
from api.office.probe import LATE, Probe
from api.office.watch_health import ENDS_SOON, LONG_AGO_S, accounts, channels, modes, probed
from api.office.watch_status import AccountStatus, ChannelStatus, Status
from config.watchlist import watch_entry
from evidence.finding import Finding, Verdict
from evidence.observation import Mode
from monitor.errors import AccountState, ChannelState
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


SEEN = ChannelStatus(
    channel="kanali",
    channel_id="17",
    mode="metadata_only",
    expires=None,
    state=ChannelState.OK,
    since=None,
    looked_at=None,
    cursor=1,
    behind=False,
    waiting=0,
    lag_s=60,
    gaps=0,
    floods=0,
)


def standing(patch: pytest.MonkeyPatch, states: list[AccountState], *seen: ChannelStatus) -> None:
    named = [AccountStatus(f"a{index}", state, None) for index, state in enumerate(states)]
    patch.setattr(watch_health, "status", lambda _home: Status(named, seen, None))


OK, BANNED, FROZEN = AccountState.OK, AccountState.BANNED, AccountState.FROZEN


@pytest.mark.parametrize(
    ("states", "seen", "told"),
    [
        ([], [], [("watch.not_used", Verdict.PASSED)]),
        ([], [SEEN], [("watch.no_account", Verdict.PASSED)]),
        ([OK], [SEEN], []),
        ([AccountState.FLOOD], [SEEN], []),
        ([OK, BANNED], [SEEN], [("watch.account_lost", Verdict.INDETERMINATE)]),
        ([FROZEN, BANNED], [SEEN], [("watch.account_lost", Verdict.FAILED)] * 2),
    ],
)
def test_accounts_that_are_lost_are_told(
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    states: list[AccountState],
    seen: list[ChannelStatus],
    told: list[tuple[str, Verdict]],
) -> None:
    standing(monkeypatch, states, *seen)
    assert [(each.code, each.verdict) for each in accounts(home)] == told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, []),
        ({"lag_s": LONG_AGO_S}, []),
        ({"lag_s": LONG_AGO_S + 1}, [("watch.not_looked_at", Verdict.INDETERMINATE)]),
        ({"lag_s": None}, [("watch.never_looked_at", Verdict.INDETERMINATE)]),
        ({"lag_s": None, "refused": "CHANNEL_TOO_LARGE"}, [("watch.channel_refused", Verdict.INDETERMINATE)]),
        ({"refused": "CHANNEL_TOO_LARGE"}, [("watch.channel_refused", Verdict.INDETERMINATE)]),
        ({"state": ChannelState.PRIVATE}, [("watch.channel_unseen", Verdict.INDETERMINATE)]),
        ({"state": ChannelState.GONE}, [("watch.channel_unseen", Verdict.INDETERMINATE)]),
        ({"behind": True}, [("watch.behind", Verdict.PASSED)]),
    ],
)
def test_channels_that_nobody_sees_or_looks_at_are_told(
    home: Home, monkeypatch: pytest.MonkeyPatch, change: dict[str, object], told: list[tuple[str, Verdict]]
) -> None:
    standing(monkeypatch, [OK], replace(SEEN, **change))  # type: ignore[arg-type]
    found = list(channels(home))
    assert [(each.code, each.verdict) for each in found] == told
    for each in found:
        assert each.fix
        assert "kanali" in each.where
    standing(monkeypatch, [], replace(SEEN, **change))  # type: ignore[arg-type]
    assert list(channels(home)) == []


AT = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize("looked_at", [None, AT])
@pytest.mark.parametrize("state", list(ChannelState))
def test_without_an_account_nobody_says_what_a_channel_is(
    home: Home, monkeypatch: pytest.MonkeyPatch, state: ChannelState, looked_at: datetime | None
) -> None:
    of = replace(SEEN, state=state, looked_at=looked_at, lag_s=None if looked_at is None else 60)
    standing(monkeypatch, [FROZEN, BANNED], of)
    (found,) = channels(home)
    assert (found.code, found.verdict) == ("watch.nobody_looks", Verdict.INDETERMINATE)
    assert "watch remove" not in found.fix
    assert ("2026-03-01 09:00:00 UTC" in found.found) == (looked_at is not None)


@pytest.mark.parametrize(
    ("probe", "told"),
    [
        (Probe("kanali", "17", AT, AT, 60, late=False), ("watch.probe_arrived", Verdict.PASSED)),
        (Probe("kanali", "17", AT, AT, 93_661, late=True), ("watch.probe_late", Verdict.FAILED)),
        (Probe("kanali", None, None, None, None, late=True), ("watch.probe_silent", Verdict.FAILED)),
    ],
)
def test_a_probe_is_green_or_red_whether_a_watch_runs_or_not(
    home: Home, monkeypatch: pytest.MonkeyPatch, probe: Probe, told: tuple[str, Verdict]
) -> None:
    monkeypatch.setattr(watch_health, "probes", lambda _home: [probe])
    (finding,) = probed(home)
    assert (finding.code, finding.verdict) == told
    assert "kanali" in finding.where
    assert bool(finding.fix) == (finding.verdict is Verdict.FAILED)
    assert timedelta(hours=26) == LATE
