"""A backup is the home at one moment, whoever writes meanwhile; put back, it passes its audit or is not put back."""

import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from api.home import Home
from api.office import backup as verbs
from api.office.audit import run_audit
from api.office.backup import BackedUp, Restored, Wishes, back_up, forget_place, restore
from config.errors import SettingsError
from evidence.backup import copy_database, kept_backups
from evidence.backup_objects import shelve
from evidence.custody.event import Draft
from evidence.errors import CheckpointError, HomeError, NoMatchingKeyError, PassphraseError, StorageFullError
from evidence.finding import Verdict
from evidence.objects.durable import make_folder
from evidence.seal.age import open_header, split_file
from evidence.seal.recipients import generate_identity
from evidence.times import parse_time, system_clock
from tests.homes import (
    PASSPHRASE,
    Office,
    copy_of,
    doer,
    items_of,
    new_case,
    new_home,
    size_of,
    take_in,
    write_pictured,
)
from tests.nonempty import nonempty


@contextmanager
def unheard(_total: int) -> Iterator[object]:
    yield lambda _more: None


def backup_of(home: Home, dest: Path, *, with_keys: bool = False) -> BackedUp:
    return back_up(home, dest, with_keys=with_keys, progress=unheard)  # type: ignore[arg-type]


def restored(
    backup: Path, path: Path, *, passphrase: str = PASSPHRASE, damaged: bool = False, address: str | None = None
) -> Restored:
    return restore(
        backup,
        path,
        system_clock,
        passphrase=lambda: passphrase,
        progress=unheard,  # type: ignore[arg-type]
        wishes=Wishes(damaged, address),
    )


def write(home: Home) -> None:
    with home.writing() as writer:
        case = f"case-{secrets.token_hex(6)}"
        writer.sequencer.append([Draft("case_opened", doer(home).values() | {"case": case})])


def verdict(home: Home) -> Verdict:
    return run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None).report.verdict


def names(folder: Path) -> Sequence[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*"))


def test_a_backup_put_back_beside_its_keys_is_the_home_again(home: Home, tmp_path: Path) -> None:
    done = backup_of(home, tmp_path / "disk")
    kept = items_of(home)
    assert (done.description.entries, done.rows, done.description.missing) == (size_of(home), True, 0)
    (newest,) = kept_backups(home.path)
    assert (newest.entries, newest.same_disk, done.same_disk) == (size_of(home), True, True)
    assert (newest.place, newest.made_at) == (str(tmp_path / "disk"), newest.oldest_at)
    home.engine.dispose()
    home.path.rename(tmp_path / "lost")
    back = restored(done.path, home.path)
    assert (back.keys, back.report.verdict) == (False, Verdict.PASSED)
    again = Home.open(home.path)
    assert items_of(again) == kept
    write(again)
    assert verdict(again) is Verdict.PASSED
    assert kept_backups(again.path) == [newest]
    modes = {
        file.stat().st_mode & 0o777 for file in again.path.rglob("*") if file.is_file() and "objects" not in file.parts
    }
    assert modes == {0o600}
    again.engine.dispose()


def test_a_place_that_is_not_there_is_refused_and_not_made(home: Home, tmp_path: Path) -> None:
    for place in (tmp_path / "stick" / "nisisama", tmp_path / "a" / "b" / "c"):
        with pytest.raises(HomeError) as raised:
            backup_of(home, place)
        assert raised.value.code == "backup.no_place"
    assert kept_backups(home.path) == []
    assert not (tmp_path / "stick").exists()
    assert not (tmp_path / "a").exists()
    assert backup_of(home, tmp_path / "made").path.parent == tmp_path / "made"


def test_a_backup_on_another_disk_is_told_from_one_beside_the_home(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verbs, "_on_one_disk", lambda _home, _dest: False)
    assert not backup_of(home, tmp_path / "disk").same_disk
    assert [each.same_disk for each in kept_backups(home.path)] == [False]


def test_what_others_write_meanwhile_is_not_in_it_and_breaks_nothing(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the objects are copied, between them and the copy of rows, and between its pages."""
    writers = iter([Home.open(home.path) for _ in range(3)])
    before = size_of(home)

    def beside(do: object) -> object:
        def step(*told: object, **more: object) -> object:
            other = next(writers)
            write(other)
            other.engine.dispose()
            return do(*told, **more)  # type: ignore[operator]

        return step

    def in_pages(connection: object, to: Path, hear: object) -> None:
        left = iter(range(3))

        def heard(more: int) -> None:
            if next(left, None) == 1:
                beside(lambda: None)()  # type: ignore[operator]
            hear(more)  # type: ignore[operator]

        monkeypatch.setattr("evidence.backup._PAGES", 2)
        copy_database(connection, to, heard)  # type: ignore[arg-type]

    monkeypatch.setattr(verbs, "copy_database", beside(in_pages))
    monkeypatch.setattr(verbs, "shelve", beside(shelve))
    done = backup_of(home, tmp_path / "disk", with_keys=True)
    assert next(writers, None) is None
    assert (done.description.entries, size_of(home)) == (before, before + 3)
    monkeypatch.undo()
    back = restored(done.path, tmp_path / "elsewhere")
    assert (back.keys, back.report.verdict) == (True, Verdict.PASSED)
    again = Home.open(back.path)
    assert size_of(again) == before
    again.engine.dispose()


def test_a_copy_of_files_while_others_write_is_broken(home: Home, tmp_path: Path) -> None:
    """CONTROL: the view is what makes a backup one moment."""
    write(home)  # and stays open, as an import does
    shutil.copytree(home.path, tmp_path / "copy", ignore=shutil.ignore_patterns("nisisama.db-*"))
    shutil.copytree(home.keys.path, tmp_path / "copy.keys")
    broken = Home.open(tmp_path / "copy")
    assert verdict(broken) is Verdict.FAILED
    broken.engine.dispose()


def shelves(backup: Path) -> Path:
    (found,) = backup.parent.glob("*.objects")
    return found


def test_a_second_backup_copies_no_sealed_file_again(home: Home, tmp_path: Path) -> None:
    first = backup_of(home, tmp_path / "disk")
    second = backup_of(home, tmp_path / "disk")
    assert first.copied == first.description.objects > 0
    assert (second.copied, second.description.objects) == (0, first.description.objects)
    assert len(list(shelves(second.path).rglob("*"))) <= 2 * first.copied
    shutil.rmtree(first.path)
    assert restored(second.path, tmp_path / "elsewhere").report.verdict is Verdict.INDETERMINATE  # the keys are away


def test_backups_end_at_their_age_with_the_files_that_no_other_names(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = backup_of(home, tmp_path / "disk")
    later = lambda: system_clock() + timedelta(days=30)  # noqa: E731 - a clock
    monkeypatch.setattr(home, "clock", later)
    ahead = backup_of(home, tmp_path / "disk")
    assert (ahead.ended, first.path.exists()) == (0, True)  # no time stamp says that it is so late
    new_case(home, [])  # its time stamp does
    stray = shelves(first.path) / "ab" / f"ab{'0' * 62}"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"of no backup")
    second = backup_of(home, tmp_path / "disk")
    assert (first.ended, second.ended, first.path.exists()) == (0, 1, False)
    assert not stray.exists()
    (noted,) = kept_backups(home.path)
    assert noted.made_at > noted.oldest_at == parse_time(ahead.description.made_at)
    assert restored(second.path, tmp_path / "elsewhere").report.verdict is Verdict.INDETERMINATE


def test_what_another_organisation_keeps_opens_nothing_and_gives_the_home_back_to_the_office(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, cards = new_home(tmp_path / "home")
    take_in(home, write_pictured(tmp_path / "export", channel=4242424242))
    kept, size = items_of(home), size_of(home)
    own = backup_of(home, tmp_path / "own").path
    with pytest.raises(HomeError) as raised:
        back_up(home, tmp_path / "org", with_keys=True, progress=unheard, keeper="Org")  # type: ignore[arg-type]
    assert raised.value.code == "backup.keys_for_others"
    done = back_up(home, tmp_path / "org", with_keys=False, progress=unheard, keeper="Org")  # type: ignore[arg-type]
    home.engine.dispose()
    # they learn neither which channel it is nor how it is set up, and have no key for any of it
    told = [b"4242424242", b"SQLite format 3", b"[office]", b"AGE-SECRET-KEY"]
    everything = b"".join(file.read_bytes() for file in (tmp_path / "org").rglob("*") if file.is_file())
    assert [each for each in told if each in everything] == []
    beside = b"".join(file.read_bytes() for file in own.rglob("*") if file.is_file())
    assert [each for each in told[:3] if each in beside] == told[:3]  # the control
    assert not list(home.path.glob("*.part"))
    stranger = generate_identity()
    for file in nonempty(file for file in done.path.rglob("*.age")):
        header, _payload = split_file(file.read_bytes())
        with pytest.raises(NoMatchingKeyError):
            open_header(header, identities=[stranger])
    # the office has it back with its keys, or with two cards alone
    shutil.rmtree(home.path)
    assert restored(done.path, home.path).report.verdict is Verdict.PASSED
    again = Home.open(home.path)
    assert (items_of(again), size_of(again)) == (kept, size)
    again.engine.dispose()
    with pytest.raises(HomeError) as raised:
        restored(done.path, tmp_path / "bare")
    assert raised.value.code == "backup.needs_cards"
    wishes = Wishes(cards=cards[:2])
    restore(done.path, tmp_path / "bare", system_clock, passphrase=str, progress=unheard, wishes=wishes)  # type: ignore[arg-type]
    bare = Home.open(tmp_path / "bare")
    assert items_of(bare) == kept
    bare.engine.dispose()


def test_rows_that_a_killed_backup_left_in_the_home_go_with_the_next(home: Home, tmp_path: Path) -> None:
    (left := home.path / "rows.part").mkdir()
    (left / ".nisisama-part").touch()
    (left / "nisisama.db").write_bytes(b"rows")
    backup_of(home, tmp_path / "disk")
    assert not left.exists()


@pytest.mark.parametrize("comes", ["a command", "a restore"])
def test_a_proof_that_a_kill_left_where_there_is_no_home_goes_with_whatever_comes_next(
    home: Home, tmp_path: Path, comes: str
) -> None:
    backup, place = backup_of(home, tmp_path / "disk").path, tmp_path / "place"
    (left := tmp_path / "place.proof.part").mkdir()
    (strange := tmp_path / "other.proof.part").mkdir()
    for each in (left, strange):
        (each / "home").mkdir()
        (each / "home" / "nisisama.db").write_bytes(b"rows")
    (left / ".nisisama-part").touch()
    if comes == "a restore":
        restored(backup, place)
    else:
        for name in ("place", "other"):
            with pytest.raises(SettingsError):
                Home.open(tmp_path / name)
    assert not left.exists()
    assert (strange / "home" / "nisisama.db").exists()  # the control: it has no file that says that it is ours


def test_a_folder_that_is_lost_is_forgotten_and_no_other(home: Home, tmp_path: Path) -> None:
    for name in ("one", "two"):
        backup_of(home, tmp_path / name)
    forget_place(home, tmp_path / "one")
    assert [each.place for each in kept_backups(home.path)] == [str(tmp_path / "two")]
    with pytest.raises(HomeError) as raised:
        forget_place(home, tmp_path / "one")
    assert raised.value.code == "backup.not_noted"


def test_without_keys_no_secret_is_in_a_backup_and_with_keys_none_is_in_clear(home: Home, tmp_path: Path) -> None:
    seed = (home.keys.path / "log.key").read_bytes().strip()
    seen = (home.keys.path / "seen.key").read_bytes().strip()
    without = backup_of(home, tmp_path / "one").path
    assert not (without / "keys").exists()
    assert not {"casework.age", "log.key"} & {file.name for file in without.iterdir()}
    with_keys = backup_of(home, tmp_path / "two", with_keys=True).path
    for file in with_keys.rglob("*"):
        if file.is_file():
            assert not any(secret in file.read_bytes() for secret in (seed, seen))
    assert "keys/log.key.sealed" in names(with_keys)


def test_keys_are_restored_with_the_passphrase_alone_and_never_over_others(home: Home, tmp_path: Path) -> None:
    done = backup_of(home, tmp_path / "disk", with_keys=True)
    with pytest.raises(PassphraseError):
        restored(done.path, tmp_path / "new", passphrase="a wrong passphrase")
    assert not list(tmp_path.glob("new*"))
    back = restored(done.path, tmp_path / "new")
    assert names(tmp_path / "new.keys") == names(home.keys.path)
    for file in home.keys.files():
        assert (tmp_path / "new.keys" / file.relative_to(home.keys.path)).read_bytes() == file.read_bytes()
    again = Home.open(back.path)
    write(again)
    again.engine.dispose()
    shutil.rmtree(back.path)
    with pytest.raises(HomeError, match="older than the log was"):
        restored(done.path, tmp_path / "new")  # the keys that lie there know more


def test_a_backup_older_than_its_keys_know_can_be_read_and_not_continued(home: Home, tmp_path: Path) -> None:
    done = backup_of(home, tmp_path / "disk")
    write(home)
    home.engine.dispose()
    home.path.rename(tmp_path / "lost")
    with pytest.raises(HomeError, match="older than the log was") as raised:
        restored(done.path, home.path)
    assert "init" in raised.value.fix
    old = Home.open(home.path)
    assert items_of(old)
    with pytest.raises(CheckpointError):
        write(old)
    old.engine.dispose()


def test_keys_of_another_home_beside_the_place_are_refused(home: Home, tmp_path: Path) -> None:
    done = backup_of(home, tmp_path / "disk")
    other, _cards = new_home(tmp_path / "other")
    other.engine.dispose()
    shutil.rmtree(other.path)
    with pytest.raises(HomeError, match="log key"):
        restored(done.path, tmp_path / "other")
    assert sorted(file.name for file in tmp_path.glob("other*")) == ["other.keys"]


def _cut(file: Path) -> None:
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-1])


def _object(backup: Path) -> Path:
    return next(file for file in sorted(shelves(backup).rglob("*")) if file.is_file())


def _entry(backup: Path) -> None:
    with closing(sqlite3.connect(backup / "home" / "nisisama.db")) as connection, connection:
        connection.execute("DELETE FROM event WHERE idx = (SELECT max(idx) FROM event)")


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda backup: _cut(_object(backup)), "backup.does_not_hold"),
        (lambda backup: _object(backup).unlink(), "backup.does_not_hold"),
        (_entry, "backup.file_changed"),
        (lambda backup: (backup / "home/recipients/office.txt").unlink(), "backup.file_changed"),
        (lambda backup: _cut(backup / "home/recovery/casework.age"), "backup.file_changed"),
        (lambda backup: (backup / "backup.json").unlink(), "backup.not_one"),
        (lambda backup: (backup / "home/nisisama.db").unlink(), "home.database_missing"),
    ],
)
def test_a_damaged_backup_is_not_put_in_its_place(home: Home, tmp_path: Path, damage: object, code: str) -> None:
    done = backup_of(home, tmp_path / "disk")
    damage(done.path)  # type: ignore[operator]
    with pytest.raises(HomeError) as raised:
        restored(done.path, tmp_path / "new")
    assert raised.value.code == code
    assert not list(tmp_path.glob("new*"))
    if code == "backup.does_not_hold" or damage is _entry:
        assert restored(done.path, tmp_path / "new", damaged=True).report.verdict is Verdict.FAILED


def test_what_lies_at_the_place_is_never_replaced(home: Home, tmp_path: Path) -> None:
    done = backup_of(home, tmp_path / "disk")
    with pytest.raises(HomeError, match="already"):
        restored(done.path, home.path)
    (home.path / "unfinished").touch()
    with pytest.raises(HomeError):
        restored(done.path, home.path)
    (home.path / "unfinished").unlink()
    assert verdict(home) is Verdict.PASSED
    (tmp_path / "empty").mkdir()
    assert restored(done.path, tmp_path / "empty").path == tmp_path / "empty"


def test_a_journal_beside_a_backups_database_is_not_taken_over(home: Home, tmp_path: Path) -> None:
    done = backup_of(home, tmp_path / "disk")
    assert not list((done.path / "home").glob("nisisama.db-*"))
    for end in ("-wal", "-shm", "-journal"):
        (done.path / "home" / f"nisisama.db{end}").write_bytes(b"of another state")
    assert restored(done.path, tmp_path / "new").report.verdict is Verdict.INDETERMINATE
    assert not list((tmp_path / "new").glob("nisisama.db-*"))


@pytest.mark.parametrize("inside", ["home", "home/backups", "home.keys/x"])
def test_a_backup_lies_outside_the_home_and_its_keys(home: Home, inside: str) -> None:
    with pytest.raises(HomeError, match="may not lie"):
        backup_of(home, home.path.parent / inside)


def test_a_full_disk_is_met_before_anything_is_begun(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = backup_of(home, tmp_path / "disk")
    free = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr("shutil.disk_usage", lambda _path: free)
    with pytest.raises(StorageFullError, match="too little room"):
        backup_of(home, tmp_path / "disk")
    with pytest.raises(StorageFullError, match="too little room"):
        restored(done.path, tmp_path / "new")
    assert sorted(os.listdir(tmp_path / "disk")) == sorted([shelves(done.path).name, done.path.name])  # noqa: PTH208 - names alone
    assert not list(tmp_path.glob("new*"))


def test_what_is_gone_from_the_home_is_counted(home: Home, tmp_path: Path) -> None:
    gone = next(file for file in (home.path / "objects").rglob("*") if file.is_file())
    gone.unlink()
    done = backup_of(home, tmp_path / "disk")
    assert (done.description.missing, len(list(home.objects.addresses()))) == (1, done.description.objects)


def test_keys_are_sealed_to_nobody_whom_the_log_does_not_pin(home: Home, tmp_path: Path) -> None:
    (home.path / "recipients" / "casework.txt").write_text(f"{generate_identity().recipient}\n")
    home.engine.dispose()
    changed = Home.open(home.path)
    with pytest.raises(HomeError, match="pins"):
        backup_of(changed, tmp_path / "disk", with_keys=True)
    assert not (tmp_path / "disk").exists()
    changed.engine.dispose()


def test_an_import_goes_on_after_a_backup_and_the_next_one_has_it(office: Office, tmp_path: Path) -> None:
    home = copy_of(office, tmp_path)
    make_folder(tmp_path / "disk")
    first = backup_of(home, tmp_path / "disk")
    take_in(home, office.export.folder)
    second = backup_of(home, tmp_path / "disk")
    assert second.description.entries > first.description.entries
    home.engine.dispose()


@pytest.mark.parametrize("name", ["recipients", "recovery", "trust"])
def test_a_home_that_lost_a_folder_is_not_backed_up_without_it(home: Home, tmp_path: Path, name: str) -> None:
    shutil.rmtree(home.path / "revocation")  # the control: without lists, which an office may not have had, it is
    backup_of(home, tmp_path)
    shutil.rmtree(home.path / name)
    with pytest.raises((HomeError, FileNotFoundError)):
        backup_of(home, tmp_path)
