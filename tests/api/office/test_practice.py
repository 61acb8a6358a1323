"""The practice Telegram that stays is watched with the commands for the real one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.home import Home
from api.office import watch
from api.office.channel import add_channel, every_channel
from api.office.lookup import look_up_probe
from api.office.practice import Practice, practise
from api.office.probe import probes
from api.office.rehearsed_watch import rehearse_watch
from config.errors import Term
from config.watchlist import watch_entry
from evidence.errors import HomeError
from evidence.observation import Mode
from evidence.times import system_clock
from monitor.telegram.login import Asking
from tests.homes import doer, new_home
from tests.watching import kinds, until


@contextmanager
def practising(home: Home) -> Iterator[tuple[Practice, list[Term]]]:
    stopping, ready = threading.Event(), threading.Event()
    told: list[Practice] = []
    happened: list[Term] = []

    def hear(practice: Practice) -> None:
        told.append(practice)
        ready.set()

    def serve() -> None:
        practise(home, stopping, ready=hear, happened=happened.append)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        assert ready.wait(20)
        yield told[0], happened
    finally:
        stopping.set()
        thread.join(20)
    assert not thread.is_alive()


def watch_by_hand(folder: Path, practice: Practice, happened: list[Term]) -> None:
    """Log in with the code that is told, and watch the group and the probe."""

    def code(_place: object) -> str:
        until(lambda: any(each.code == "practice.code" for each in happened))
        said = next(each for each in happened if each.code == "practice.code")
        assert said.facts["phone"] == practice.phone
        return str(said.facts["text"])

    home = Home.open(folder, system_clock)
    before = kinds(home)["message"]
    watch.log_in(home, "watch", practice.phone, Asking(code=code, password=lambda: ""))
    entry = watch_entry(
        channel=f"@{practice.channel}",
        report_url="https://example.org/practice",
        reported_by="Practice",
        reported_on="2026-01-01",
        access="public",
    )
    add_channel(home, entry, Mode.METADATA_ONLY, None, doer(home))
    until(lambda: "practice.deleted" in [each.code for each in happened])
    own, _found = look_up_probe(home, f"@{practice.probe}")
    add_channel(home, own, Mode.METADATA_ONLY, None, doer(home))
    with watch.opened(home, doer(home)) as running:
        ran = running.once()
    assert (ran.ended_by, ran.late) == (None, [])
    (probe,) = [each for each in probes(home) if each.channel == practice.probe]
    assert not probe.late
    assert kinds(home)["message"] >= before + 3
    assert {"practice.posted", "practice.edited"} < {each.code for each in happened}
    home.engine.dispose()


def test_one_logs_in_with_the_code_that_is_told_and_watches_its_group_every_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.office.practice.TICK_S", 0.05)
    made, _cards = new_home(tmp_path / "home")
    rehearse_watch(made, None, doer(made))
    seen = []
    for _turn in range(2):
        with practising(made) as (practice, happened), monkeypatch.context() as patch:
            for name, value in practice.variables.items():
                patch.setenv(name, value)
            watch_by_hand(tmp_path / "home", practice, happened)
        seen += [practice.channel, practice.probe]
    assert len(set(seen)) == len(list(every_channel(made))) == 4
    made.engine.dispose()


def test_a_real_office_is_never_practised_in(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home", rehearsal=False)
    with pytest.raises(HomeError) as refused:
        practise(home, threading.Event(), ready=list, happened=list)
    assert refused.value.code == "home.no_rehearsal"
    home.engine.dispose()
