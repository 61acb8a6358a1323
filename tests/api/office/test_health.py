"""Each thing that a doctor can find is broken once, and found with its remedy."""

import base64
import hashlib
import importlib.metadata
import shutil
import sqlite3
from collections import namedtuple
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from api import TOOL
from api.home import Home, read_certificate
from api.office.approval import Means, approve
from api.office.channel import add_channel
from api.office.health import LEAST_FREE_BYTES, check_health, drills, seal, store
from api.office.health import decoder as real_decoder
from api.office.request import find_request
from config.watchlist import watch_entry
from evidence.authority import Doer
from evidence.backup import NotedDisk, note_of
from evidence.custody.event import Draft
from evidence.errors import NotDecodedError
from evidence.finding import Finding, Verdict, run_check
from evidence.fingerprint.decoder import Decoder
from evidence.objects.durable import replace_file
from evidence.observation import Mode
from evidence.times import Clock, format_time, system_clock
from tests.homes import PASSPHRASE, doer, reviews_of, size_of

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as shutil gives it


@pytest.fixture(autouse=True)
def _decoder_at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """One process for each check would cost more than all the rest; two tests below start it."""
    monkeypatch.setattr("api.office.health.decoder", lambda: None)


def problems(home: Home) -> list[Finding]:
    return list(check_health(home.path, system_clock).problems)


def only(home: Home, check_id: str, verdict: Verdict = Verdict.FAILED) -> Finding:
    """The one problem."""
    (problem,) = problems(home)
    assert (problem.id, problem.verdict) == (check_id, verdict), problem
    assert problem.fix
    return problem


def test_no_home_is_one_finding(tmp_path: Path) -> None:
    report = check_health(tmp_path / "none", system_clock)
    assert [finding.id for finding in report.problems] == ["home"]
    assert "init" in report.problems[0].fix


def test_an_unknown_setting_is_found(home: Home) -> None:
    (home.path / "nisisama.toml").write_text("nope = 1\n")
    assert only(home, "home").found == "unknown key: nope"


def test_a_home_that_others_may_look_into_is_found(home: Home) -> None:
    home.path.chmod(0o750)
    assert "chmod 700" in only(home, "home").fix


def test_a_home_that_is_a_file_or_without_its_database_is_found(home: Home, tmp_path: Path) -> None:
    (home.path / "nisisama.db").unlink()
    assert "Restore" in only(home, "home").fix


def test_keys_that_others_may_look_into_are_found(home: Home) -> None:
    home.keys.path.chmod(0o755)
    assert only(home, "keys.private").found == "others may look into this folder: mode 0755"
    home.keys.path.chmod(0o700)
    (home.keys.path / "seen.key").chmod(0o644)
    assert "chmod 600" in only(home, "keys.private").fix


def test_without_the_keys_folder_there_is_one_finding_that_names_it(home: Home) -> None:
    shutil.move(home.keys.path, home.path.parent / "away")
    problem = only(home, "keys.private")
    assert (problem.where, problem.found) == (str(home.keys.path), "the keys' folder is not there")
    assert problem.fix.startswith("Put it back")


@pytest.mark.parametrize("name", ["log.key", "seen.key"])
def test_a_missing_key_is_found(home: Home, name: str) -> None:
    (home.keys.path / name).unlink()
    assert only(home, "keys.private").where.endswith(name)


def test_the_log_key_of_another_home_is_found(home: Home) -> None:
    (home.keys.path / "log.key").write_bytes(base64.b64encode(bytes(32)))
    assert "not the one of this home" in only(home, "keys.private").found


@pytest.mark.parametrize("name", ["log.vkey", "recipients/office.txt"])
def test_a_damaged_or_missing_public_half_is_found(home: Home, name: str) -> None:
    file = home.path / name
    for damage in (lambda: file.write_text(file.read_text()[:-4] + "aaaa"), file.unlink):
        damage()
        assert "backup" in only(home, "keys.private").fix


def test_missing_objects_are_found(home: Home) -> None:
    shutil.rmtree(home.path / "objects")
    assert only(home, "home").where.endswith("objects")


def test_a_clock_behind_the_newest_time_stamp_is_found(home: Home) -> None:
    def slow() -> datetime:
        return system_clock() - timedelta(days=1)

    (problem,) = check_health(home.path, slow).problems
    assert (problem.id, problem.verdict) == ("clock", Verdict.FAILED)
    assert "time server" in problem.fix


def test_a_home_without_time_stamps_has_no_clock_to_compare(home: Home) -> None:
    with closing(sqlite3.connect(home.path / "nisisama.db")) as connection, connection:
        connection.execute("DELETE FROM token")
    assert problems(home) == []


def test_a_seal_that_ends_soon_or_is_not_valid_is_found(home: Home) -> None:
    ends = read_certificate(home.path / "seal.pem").not_valid_after_utc
    begins = read_certificate(home.path / "seal.pem").not_valid_before_utc
    for at, verdict in (
        (ends - timedelta(days=91), None),
        (ends - timedelta(days=89), Verdict.INDETERMINATE),
        (ends, Verdict.FAILED),
        (begins - timedelta(seconds=1), Verdict.FAILED),
    ):
        later = Home(home.path, lambda at=at: at)
        found = [each for each in seal(later) if each.where.endswith("seal.pem")]
        assert [each.verdict for each in found] == ([] if verdict is None else [verdict]), at
        assert all("renew-seal" in each.fix for each in found)
    (home.path / "seal.pem").unlink()
    assert [each.where for each in seal(home)] == []  # keys.private tells


def test_a_drill_that_is_late_or_was_never_done_is_found(home: Home) -> None:
    made_at = datetime.fromtimestamp((home.path / "log.vkey").stat().st_mtime, UTC)

    def found(after: timedelta) -> list[tuple[Verdict, str]]:
        return [(each.verdict, each.code) for each in drills(Home(home.path, lambda: made_at + after))]

    day = timedelta(days=1)
    assert found(350 * day) == []
    assert found(352 * day) == [(Verdict.INDETERMINATE, "drill.soon_never")]
    assert found(366 * day) == [(Verdict.FAILED, "drill.late_never")]
    values = doer(home).values() | {"at": format_time(made_at + 300 * day), "set": "1a2b", "backup_at": None}
    with home.writing() as writer:
        writer.sequencer.append([Draft("drilled", values | {"opened": "1", "kept": "1"})])
    assert found(650 * day) == []
    assert found(652 * day) == [(Verdict.INDETERMINATE, "drill.soon")]
    assert found(666 * day) == [(Verdict.FAILED, "drill.late")]
    assert found(-66 * day) == [(Verdict.FAILED, "drill.late")]  # a clock that ran ahead logged it
    (home.path / "log.vkey").touch()  # no file makes a drill younger
    assert found(666 * day) == [(Verdict.FAILED, "drill.late")]


def test_a_disk_that_is_nearly_full_is_found(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert LEAST_FREE_BYTES == 1_073_741_824  # 1 GiB
    monkeypatch.setattr("shutil.disk_usage", lambda _path: Usage(1 << 40, 1 << 40, LEAST_FREE_BYTES - 1))
    assert only(home, "disk").found == str(LEAST_FREE_BYTES - 1)
    monkeypatch.setattr("shutil.disk_usage", lambda _path: Usage(1 << 40, 1 << 40, LEAST_FREE_BYTES))
    assert problems(home) == []


def test_a_damaged_page_of_the_database_is_found(home: Home) -> None:
    file = home.path / "nisisama.db"
    home.engine.dispose()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pages = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_item_place'").fetchone()
        size = connection.execute("PRAGMA page_size").fetchone()
    with file.open("r+b") as database:
        database.seek((pages[0] - 1) * size[0])
        database.write(b"\xff" * 64)
    assert {finding.id for finding in problems(home)} == {"store"}
    assert all("backup" in finding.fix for finding in problems(home))


def test_a_home_of_another_version_is_found(home: Home) -> None:
    with closing(sqlite3.connect(home.path / "nisisama.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "9999" in only(home, "home").found


@pytest.mark.parametrize("offices", ['["nobody"]', "[]"])
def test_an_unknown_or_no_time_stamp_office_is_found(home: Home, monkeypatch: pytest.MonkeyPatch, offices: str) -> None:
    monkeypatch.setenv("NISISAMA_STAMP__OFFICES", offices)
    problem = only(home, "offices", Verdict.INDETERMINATE if offices == "[]" else Verdict.FAILED)
    assert problem.where == "stamp.offices"


def test_a_review_that_is_late_is_found(home: Home) -> None:
    entry = watch_entry(
        channel="kanali", report_url="https://x.y", reported_by="x", reported_on="2026-01-01", access="public"
    )
    add_channel(home, entry, Mode.METADATA_ONLY, None, doer(home, approver=None))
    assert problems(home) == []
    note_backup(home, size_of(home) + 9)
    (problem,) = check_health(home.path, lambda: system_clock() + timedelta(days=8)).problems
    assert (problem.id, problem.verdict) == ("reviews", Verdict.INDETERMINATE)
    assert problem.where.startswith("request ")
    (request,) = [request for request, _due in reviews_of(home)]
    assert f"approve {request}" in problem.fix
    casework = home.keys.unlock(PASSPHRASE).casework
    asked = find_request(home, request, casework)
    approve(home, asked, Doer("bo", TOOL, home.clock()), Means(casework))
    assert check_health(home.path, lambda: system_clock() + timedelta(days=8)).problems == ()


def test_a_home_that_was_not_backed_up_for_long_is_found(home: Home) -> None:
    later = lambda: system_clock() + timedelta(days=8)  # noqa: E731 - a clock
    (told,) = [each for each in check_health(home.path, system_clock).findings if each.id == "backups"]
    assert (told.verdict, "none yet" in told.found) == (Verdict.PASSED, True)
    (problem,) = check_health(home.path, later).problems
    assert (problem.verdict, problem.code, "nisisama backup" in problem.fix) == (Verdict.FAILED, "backups.none", True)
    note_backup(home, size_of(home))
    assert check_health(home.path, later).problems == ()  # nothing was added since
    note_backup(home, size_of(home) - 1)
    (problem,) = check_health(home.path, later).problems
    assert (problem.code, problem.facts) == ("backups.late", {"place": "/disk", "count": 1, "days": 8})
    note_backup(home, size_of(home), same_disk=True)
    (problem,) = check_health(home.path, later).problems
    assert (problem.verdict, problem.code) == (Verdict.FAILED, "backups.same_disk")
    assert backup_codes(home) == ["backups.same_disk_yet"]
    for damaged in (b"", b"x y", b"1 yesterday", b"1"):
        (home.path / "backup").write_bytes(damaged)
        assert [each.code for each in check_health(home.path, later).problems] == ["backups.none"]


def note_backup(home: Home, entries: int, *, same_disk: bool = False, **more: NotedDisk) -> None:
    now = system_clock()
    newest = NotedDisk("/disk", entries, now, now, same_disk=same_disk)
    replace_file(home.path / "backup", note_of([*more.values()], without="", more=newest))


def backup_codes(home: Home, clock: Clock = system_clock) -> list[str]:
    return [each.code for each in check_health(home.path, clock).findings if each.id == "backups"]


def test_each_disk_needs_its_own_backup_and_none_may_be_older_than_allowed(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, entries = system_clock(), size_of(home)
    old = NotedDisk("/other", entries - 1, now - timedelta(days=8), now - timedelta(days=31), same_disk=False)
    note_backup(home, entries, other=old)
    assert backup_codes(home) == ["backups.newest", "backups.late", "backups.too_old"]
    young = replace(old, made_at=now, oldest_at=now)
    note_backup(home, entries, other=young)
    assert backup_codes(home) == ["backups.newest", "backups.newest"]  # the control
    monkeypatch.setenv("NISISAMA_BACKUP__DISKS", '["/disk", "/third"]')
    assert backup_codes(home) == ["backups.none_there_yet", "backups.newest", "backups.newest"]
    later = lambda: system_clock() + timedelta(days=8)  # noqa: E731 - a clock
    assert backup_codes(home, later)[0] == "backups.none_there"


def installed(folder: Path, text: str) -> list[importlib.metadata.PackagePath]:
    """Files as an installer records them; one of them without a digest."""
    (folder / "a.py").write_text("first")
    (folder / "RECORD").write_text("")
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    (folder / "nisisama.dist-info").mkdir(exist_ok=True)
    (folder / "nisisama.dist-info" / "METADATA").write_text("Name: nisisama\nVersion: 0\n")
    (folder / "nisisama.dist-info" / "RECORD").write_text(
        f"a.py,sha256={digest},5\ngone.py,sha256={digest},5\nRECORD,,\nodd.py,md5=x,1\n"
    )
    files = importlib.metadata.PathDistribution(folder / "nisisama.dist-info").files
    assert files is not None
    return files


def test_changed_and_missing_files_of_the_program_are_found(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text, wrong in (("first", ["gone.py"]), ("second", ["a.py", "gone.py"])):
        files = installed(tmp_path, text)
        monkeypatch.setattr("importlib.metadata.files", lambda _name, files=files: files)
        assert [(each.id, each.where) for each in problems(home)] == [("program", name) for name in wrong]
    monkeypatch.setattr("importlib.metadata.files", lambda _name: None)
    assert problems(home) == []


def test_a_program_run_from_its_source_says_so(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_name: str) -> None:
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr("importlib.metadata.files", none)
    first = check_health(home.path, system_clock).findings[0]
    assert (first.id, first.verdict) == ("program", Verdict.PASSED)
    assert "source tree" in first.found


def test_a_database_that_sqlite_does_not_know_has_no_pages_to_check(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home.engine.dialect, "name", "postgresql")
    assert [each.code for each in store(home)] == ["store.old_database"]


def test_a_decoder_without_its_walls_or_without_a_picture_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    (whole,) = real_decoder()
    assert whole.verdict is Verdict.PASSED or "lacks walls" in whole.found
    monkeypatch.setattr(Decoder, "decode", lambda _self, _data: SimpleNamespace(sandbox="seccomp; missing: landlock"))
    (open_one,) = real_decoder()
    assert open_one.verdict is Verdict.INDETERMINATE
    assert open_one.found == "the process that decodes them lacks walls: landlock; it has: seccomp"
    assert "kernel" in open_one.fix

    def fail(_self: Decoder, _data: bytes) -> None:
        raise NotDecodedError("the decoder does not start", fix="Install it again")

    monkeypatch.setattr(Decoder, "decode", fail)
    assert [each.verdict for each in run_check("decoder", real_decoder)] == [Verdict.FAILED]


def test_a_healthy_home_passes_every_check(home: Home) -> None:
    report = check_health(home.path, system_clock)
    assert report.verdict is Verdict.PASSED
    names = [
        "program",
        "settings",
        "home.private",
        "keys.private",
        "home.pins",
        "seal",
        "drill",
        "clock",
        "disk",
        "store",
        "backups",
        "offices",
        "reviews",
        "releases",
        "freezes",
        "holds",
        "withdrawals",
        "captures",
        "retention",
    ]
    assert [finding.id for finding in report.findings] == [
        *names,
        "decoder",
        "pages",
        "alerts",
        "watch.accounts",
        "watch.channels",
        "watch.modes",
        "watch.probe",
        "watch.clock",
    ]
    report.require_passed()
