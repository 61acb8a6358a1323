"""The live watch on the command line: what people and programs read."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from api.cli.monitor import _status_lines, _Teller
from api.office.watch_status import AccountStatus, ChannelStatus, Status
from evidence.errors import StorageFullError
from monitor.errors import AccountState, ChannelState, UnknownConstructorError, UnreachableError
from monitor.rehearsal.telegram.accounts import Account
from tests.commands import DONE, ENVIRONMENT, REFUSED, REPORT, USAGE, run
from tests.contracts.tree import ROOT
from tests.homes import items_of, new_home
from tests.watching import PHONE, Desk, desk, picture, program, until

if TYPE_CHECKING:
    from monitor.telegram.follow import Following


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch) as made:
        yield made


def test_login_reads_code_and_password_as_lines(at: Desk) -> None:
    account = at.telegram.world.add_account("+38160000009", password="fjala e dytë")
    process = program(at, "monitor", "login", "--account", "second", "--json")
    assert process.stdin is not None
    process.stdin.write("+38160000009\n")
    process.stdin.flush()
    until(lambda: _code(at, account))
    process.stdin.write(f"{_code(at, account)}\nfjala e dytë\n")
    process.stdin.flush()
    out, err = process.communicate(timeout=30)
    assert (process.returncode, json.loads(out)) == (DONE, {"account": "second", "state": "ok"}), err
    assert "Telegram sends the code" in err
    assert "38160000009" not in out + err


def _code(at: Desk, account: Account) -> str | None:
    try:
        return at.telegram.world.login_code(account)
    except ValueError:
        return None


def test_a_login_without_a_number_is_usage(at: Desk) -> None:
    process = program(at, "monitor", "login", "--json")
    out, err = process.communicate("\n", timeout=30)
    assert (process.returncode, json.loads(out)["error"]["code"]) == (USAGE, "usage.missing"), err


@pytest.mark.parametrize(
    ("phone", "code", "says"),
    [("+38160000010", "00000", "this is not the code"), ("nothing", "", "does not accept this phone number")],
)
def test_a_wrong_login_says_what_to_do(at: Desk, phone: str, code: str, says: str) -> None:
    at.telegram.world.add_account("+38160000010")
    process = program(at, "monitor", "login", "--phone", phone, "--account", "second", "--json")
    out, err = process.communicate(f"{code}\n", timeout=30)
    assert process.returncode == REFUSED
    assert says in json.loads(out)["error"]["message"]
    assert "Traceback" not in err


def test_one_run_says_what_it_kept_and_status_how_things_stand(at: Desk) -> None:
    home = at.folder / "home"
    group = at.group()
    group.post("një")
    number = group.post_photo(picture(1), "dy")
    group.delete([group.post("tri")])
    group.post("katër")
    ran = run("monitor", "run", "--once", "--json", home=home)
    assert ran.code == DONE, ran.err
    (channel,) = ran.printed["channels"]
    assert {name: channel[name] for name in ("messages", "edits", "deletions", "media", "gaps", "state")} == {
        "messages": 3,
        "edits": 0,
        "deletions": 0,
        "media": 1,
        "gaps": 1,
        "state": "ok",
    }
    group.edit(number, text="ndryshe")
    group.delete([1])
    (channel,) = run("monitor", "run", "--once", "--json", home=home).printed["channels"]
    assert [channel[name] for name in ("messages", "edits", "deletions", "missing")] == [0, 1, 1, 0]
    said = run("monitor", "status", "--json", home=home).printed
    assert [each["state"] for each in said["accounts"]] == ["ok"]
    assert [(each["state"], each["behind"], each["waiting"]) for each in said["channels"]] == [("ok", False, 0)]
    assert said["stamped_at"]
    complete = run("evidence", "completeness", "grupa", "--json", home=home).printed
    assert (complete["observed"], complete["holes"]) == ([[1, 2], [4, 4]], [[3, 3]])
    listed = run("evidence", "list", "--json", home=home).printed
    assert sorted(item["kind"] for item in listed["items"]) == [
        "channel", "deletion", "edit", "file", "message", "message", "message",
    ]  # fmt: skip
    text = run("evidence", "completeness", "@grupa", home=home).out
    assert "##.#" in text
    assert all(len(line) <= 120 for line in text.splitlines())
    assert run("monitor", "status", home=home).out.startswith("Account watch: ok")


def test_a_channel_that_telegram_refuses_is_told_once_while_the_others_go_on(at: Desk) -> None:
    home = at.folder / "home"
    at.group().post("një")
    at.telegram.faults.fail("channels.getFullChannel", "CHANNEL_TOO_LARGE", code=400, times=1000)
    monitor = program(at, "monitor", "run", "--json")
    try:
        until(lambda: b"channel_unseen" in (home / "nisisama.log").read_bytes(), 30)
    finally:
        monitor.send_signal(signal.SIGTERM)
        out, err = monitor.communicate(timeout=30)
    assert monitor.returncode == DONE
    assert err.count("grupa could not be read this time") == 1
    assert "CHANNEL_TOO_LARGE" in err
    (warned,) = [each for each in json.loads(out)["warnings"] if each.get("channel")]
    assert (warned["channel"], warned["code"]) == ("grupa", "request.refused")
    assert "the last request failed (CHANNEL_TOO_LARGE)" in run("monitor", "status", home=home).out
    assert run("monitor", "status", "--json", home=home).printed["channels"][0]["refused"] == "CHANNEL_TOO_LARGE"
    at.telegram.faults.clear()
    assert at.once().ended_by is None
    assert run("monitor", "status", "--json", home=home).printed["channels"][0]["refused"] == ""


def test_one_kind_of_refusal_is_told_once_whatever_else_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    teller = _Teller()
    for number in range(1000):
        teller.refused("grupa", UnknownConstructorError("unknown_constructor.found", number=f"{number:08x}"))
    teller.refused("tjetra", UnknownConstructorError("unknown_constructor.found", number="00000001"))
    assert [each["channel"] for each in teller.end()] == ["grupa", "tjetra"]
    assert capsys.readouterr().err.count("could not be read this time") == 2


def test_a_run_tells_what_telegram_reported_from_what_was_only_missing(at: Desk) -> None:
    home = at.folder / "home"
    group = at.group()
    numbers = [group.post(f"mesazh {number}") for number in range(4)]
    assert run("monitor", "run", "--once", home=home).code == DONE
    group.set_limit(1)
    group.delete(numbers[:1])
    for number in range(3):
        group.post(f"e re {number}")
    assert (
        "1 deletion (1 of them not reported by Telegram, only missing)"
        in run("monitor", "run", "--once", home=home).out
    )
    group.set_limit(100)
    group.delete(numbers[1:3])
    assert "2 deletions, 0 gaps" in run("monitor", "run", "--once", home=home).out


def test_without_an_account_or_an_application_the_way_out_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    home = tmp_path / "home"
    assert run("init", "--org", "Zyra", "--rehearsal", "--cards", str(tmp_path / "cards"), home=home).code == DONE
    ran = run("monitor", "run", "--once", "--json", home=home)
    assert ran.code == REFUSED
    assert "api_id" in ran.printed["error"]["message"]
    monkeypatch.setenv("NISISAMA_TELEGRAM__API_ID", "1")
    monkeypatch.setenv("NISISAMA_TELEGRAM__API_HASH", "a")
    monkeypatch.setenv("NISISAMA_TELEGRAM__SERVERS", "[]")
    ran = run("monitor", "run", "--once", "--json", home=home)
    assert ran.code == REFUSED
    assert "nisisama monitor login" in ran.printed["error"]["fix"]
    assert "No account is logged in." in run("monitor", "status", home=home).out


def test_a_watch_ends_within_ten_seconds_on_sigterm_and_keeps_its_batch(at: Desk) -> None:
    group = at.group(joined=tuple(at.accounts))
    for number in range(300):
        group.post(f"mesazh {number}")
    process = program(at, "monitor", "run", "--json")
    home = at.home
    until(lambda: _count(at) > 64)
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    out, err = process.communicate(timeout=15)
    assert time.monotonic() - began < 10
    assert process.returncode == DONE, err
    assert json.loads(out)["channels"][0]["messages"] > 0
    home.engine.dispose()


def _count(at: Desk) -> int:
    home = at.home
    try:
        return len(items_of(home))
    finally:
        home.engine.dispose()


def test_a_second_process_on_the_same_account_is_refused(at: Desk) -> None:
    at.group()
    process = program(at, "monitor", "run", "--json")
    try:
        until(lambda: any(call.name == "contacts.resolveUsername" for call in at.telegram.calls))
        ran = run("monitor", "run", "--once", "--json", home=at.folder / "home")
        assert ran.code == REFUSED
        assert "another process" in ran.printed["error"]["message"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=15)


def test_a_second_watch_says_why_it_waits(at: Desk) -> None:
    at.group()
    first = program(at, "monitor", "run")
    second: subprocess.Popen[str] | None = None
    try:
        until(lambda: any(call.name == "contacts.resolveUsername" for call in at.telegram.calls))
        second = program(at, "monitor", "run", "--json")
        assert second.stderr is not None
        said = next(line for line in second.stderr if "the watch waits" in line)  # others may stand before it
        assert "another process uses this account" in said
    finally:
        for process in filter(None, (second, first)):
            process.send_signal(signal.SIGTERM)
        out, _err = second.communicate(timeout=15) if second else ("", "")
        first.communicate(timeout=15)
    assert [each["code"] for each in json.loads(out)["warnings"]] == ["account.in_use"]


def test_a_watch_that_does_not_reach_telegram_says_so_at_once_and_at_its_end(
    at: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    at.group().post("një")
    servers = json.loads(os.environ["NISISAMA_TELEGRAM__SERVERS"])
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("NISISAMA_TELEGRAM__SERVERS", json.dumps([{**each, "port": port} for each in servers]))
    process = program(at, "monitor", "run")
    assert process.stderr is not None
    assert "the watch waits" in (first := process.stderr.readline())
    assert "Telegram could not be reached" in first
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=15)
    assert process.returncode == DONE
    assert "when it was stopped, the watch was waiting: Telegram could not be reached" in err
    assert out.startswith("Kept in this run:")
    assert "grupa: not looked at yet" in run("monitor", "status", home=at.folder / "home").out


def test_no_log_carries_phone_code_text_or_session(at: Desk) -> None:
    group = at.group()
    group.post("fjalë e fshehtë")
    assert run("monitor", "run", "--once", "--json", home=at.folder / "home").code == DONE
    log = (at.folder / "home" / "nisisama.log").read_text()
    for secret in (PHONE, PHONE[1:], at.codes[0], "fjalë e fshehtë", "grupa", "Grupa"):
        assert secret not in log


def test_a_check_says_what_the_account_sees_and_exits_1_where_something_is_not_well(at: Desk) -> None:
    home = at.folder / "home"
    at.group(joined=tuple(at.accounts))
    ran = run("monitor", "login", "--check", "--json", home=home)
    assert (ran.code, ran.printed["ok"], ran.printed["state"]) == (DONE, True, "ok")
    assert ran.printed["channels"] == [{"channel": "grupa", "state": "ok", "joined": True, "pushed": True}]
    assert "grupa: ok, joined: news is pushed" in run("monitor", "login", "--check", home=home).out
    now = at.clock()
    at.telegram.world.freeze(at.accounts[0], now, now + timedelta(days=6), "https://t.me/spambot")
    ran = run("monitor", "login", "--check", "--json", home=home)
    assert (ran.code, ran.printed["state"]) == (REFUSED, "frozen")
    assert ran.printed["freeze"]["appeal_url"] == "https://t.me/spambot"
    assert "https://t.me/spambot" in run("monitor", "status", home=home).out
    (account,) = run("monitor", "status", "--json", home=home).printed["accounts"]
    assert (account["state"], account["freeze"]) == ("frozen", ran.printed["freeze"])


def test_a_watch_that_stumbles_says_one_line_a_minute(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [1000.0]
    monkeypatch.setattr("api.cli.monitor.time.monotonic", lambda: now[0])
    teller, cut = _Teller(), UnreachableError("unreachable.no_connection", system="x")
    full = StorageFullError("storage_full.no_space", where="home")
    following = cast("Following", None)  # only a terminal is told about it
    told: list[tuple[float, str]] = []
    for second in range(300):
        now[0] += 1
        if second < 200:
            teller.waits(cut if second % 10 < 5 else full)
        if second % 2 or second >= 200:
            teller.step(following)
        told += [(now[0], line) for line in capsys.readouterr().err.splitlines()]
    at = [moment for moment, _line in told]
    assert at[0] == 1001.0  # the first at once
    assert all(later - sooner >= 60 for sooner, later in pairwise(at)), at
    assert "goes on" in told[-1][1]
    assert teller.end() == []


def test_a_channel_is_called_as_the_register_calls_it_however_it_is_named(at: Desk) -> None:
    home, room = at.folder / "home", at.telegram.world.add_channel("Grupa", username="grupa")
    add = ("watch", "add", "--mode", "metadata_only", *REPORT.split())
    assert run(*add, "@grupa", home=home).code == DONE
    assert run(*add, f"-100{room.id}", home=home).out.startswith("grupa is registered already")
    assert run(*add, f"t.me/c/{room.id}/7", "--json", home=home).printed["channel"] == "grupa"


def test_a_status_without_an_account_does_not_say_what_a_channel_is() -> None:
    lost = AccountStatus("watch", AccountState.KEY_LOST, None)
    now = datetime(2026, 11, 26, 10, tzinfo=UTC)
    of = ChannelStatus("grupa", "7", "metadata_only", None, ChannelState.PRIVATE, now, now, 1, False, 0, 60, 0, 0)
    never = replace(of, looked_at=None, lag_s=None)
    told = _status_lines(Status([lost], [of, never], None))
    assert told[1].startswith("grupa: nobody looks, last seen 2026-11-26 10:00:00 UTC, 0 gaps")
    assert told[2].startswith("grupa: nobody looks, not looked at yet")
    well = AccountStatus("other", AccountState.OK, None)
    assert _status_lines(Status([lost, well], [of], None))[2].startswith("grupa: private, seen")


@pytest.mark.parametrize("state", [each for each in AccountState if each not in (AccountState.OK, AccountState.FLOOD)])
def test_a_lost_account_is_told_with_what_to_do(at: Desk, state: AccountState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.office.account.look_at_account", lambda _line: (state, None))
    ran = run("monitor", "login", "--check", home=at.folder / "home")
    again = "nisisama monitor login --account watch" in ran.out
    assert (ran.code, again) == (REFUSED, state in (AccountState.DUPLICATED, AccountState.KEY_LOST))
    assert "nisisama monitor login --account" in ran.out


def test_a_probe_is_registered_and_shown_as_what_it_is(at: Desk) -> None:
    home, account = at.folder / "home", at.accounts[0]
    room = at.telegram.world.add_channel(
        "Prova", username="zyra_prova", broadcast=True, joined=(account,), administrators=[account]
    )
    add = ("watch", "add", "@zyra_prova", "--probe")
    for option in (("--report", "https://x.y"), ("--access", "public"), ("--task", "7")):
        ran = run(*add, *option, "--json", home=home)
        assert (ran.code, ran.error["code"], ran.error["where"]) == (USAGE, "usage.not_of_a_probe", option[0])
    refused = run(*add, "--mode", "sealed", "--json", home=home)
    assert refused.printed["error"]["code"] == "settings.probe_keeps_metadata"
    added = run(*add, "--json", home=home)
    assert (added.printed["mode"], added.printed["found"]["rights"]) == ("metadata_only", "creator")
    assert "is registered already" in run(*add, home=home).out
    assert "nobody reported it" in run("watch", "list", home=home).out
    (row,) = run("watch", "list", "--json", home=home).printed["channels"]
    assert (row["rights"], row["report_url"]) == ("creator", None)
    assert "NO POST HAS ARRIVED YET" in run("monitor", "status", home=home).out
    ran = run("monitor", "run", "--once", "--json", home=home)
    assert [each["posted_at"] for each in ran.printed["late"]] == [None]
    assert "no post of the probe zyra_prova" in ran.err
    room.post("sot")
    assert run("monitor", "run", "--once", "--json", home=home).printed["late"] == []
    (probe,) = run("monitor", "status", "--json", home=home).printed["probes"]
    assert (probe["ok"], probe["channel_id"]) == (True, str(room.id))
    assert "the watch works" in run("monitor", "status", home=home).out
    assert "its post of" in run("doctor", home=home).out


def test_a_practice_telegram_stays_until_it_is_told_to_stop_and_says_how_to_use_it(tmp_path: Path) -> None:
    made, _cards = new_home(tmp_path / "home")
    made.engine.dispose()
    command = [sys.executable, "-m", "api.cli.main", "--home", str(tmp_path / "home"), "monitor", "rehearse", "--stay"]
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said = [next(process.stdout) for _each in range(10)]
        assert next(process.stderr) == "Message 1 was posted.\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == DONE, process.stderr.read()
    words = [shlex.split(line, comments=True) for line in said]
    assert [each[0] for each in words if each][1:] == ["export"] * 3 + ["nisisama"] * 4
    lines = [each for each in words if each]
    assert [each[1:3] for each in lines[4:]] == [["monitor", "login"], *[["watch", "add"]] * 2, ["monitor", "run"]]


@pytest.mark.every(2)
@pytest.mark.parametrize("option", ["--legal-basis", "--approved-by"])
def test_what_registers_a_group_is_refused_where_none_is_registered(tmp_path: Path, option: str) -> None:
    refused = run("monitor", "rehearse", "--stay", option, "mira", "--json", home=tmp_path / "home")
    error = json.loads(refused.out)["error"]
    assert (refused.code, error["code"], error["where"]) == (USAGE, "usage.not_with_stay", option)
