"""A home in a bad state says what is wrong and what to do, exits 1, and is whole again when the state is mended.

Each state is made on a home that holds an import; each is seen by a command that meets it. The
control: with the state mended, the same command works and the audit passes.
"""

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.cli.main import main
from evidence.store.database import SCHEMA_VERSION
from tests.faults.rig import FEW, PASSPHRASE, OfficeFolder, message, prepare, write_messages

pytestmark = pytest.mark.repeats

DONE, REFUSED, UNDECIDED = 0, 1, 3
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> OfficeFolder:
    """An office that holds an import; tests work on copies."""
    office = prepare(tmp_path_factory.mktemp("imported") / "office", messages=FEW, batch=2)
    shutil.copyfile(office.home / "nisisama.db", office.folder / "before.db")
    assert main(office.arguments()) == DONE
    _whole(office.home / "nisisama.db")
    return office


@pytest.fixture
def office(imported: OfficeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OfficeFolder:
    monkeypatch.setenv("NISISAMA_PASSPHRASE", PASSPHRASE)
    return imported.copy(tmp_path / "office")


def _audit(office: OfficeFolder, capsys: Capture) -> tuple[int, dict[str, object]]:
    capsys.readouterr()
    code = main(["--home", str(office.home), "audit", "--json"])
    return code, json.loads(capsys.readouterr().out)


def _require_clean(office: OfficeFolder, capsys: Capture) -> None:
    code, printed = _audit(office, capsys)
    assert (code, printed["problems"]) == (DONE, [])


# A state is made on entry and mended on exit


@contextmanager
def _mode(path: Path, mode: int) -> Iterator[None]:
    before = path.stat().st_mode
    path.chmod(mode)
    yield
    path.chmod(before)


@contextmanager
def _moved_away(path: Path) -> Iterator[None]:
    away = path.with_name(path.name + ".away")
    path.rename(away)
    yield
    away.rename(path)


@contextmanager
def _bytes(path: Path, change: Callable[[bytes], bytes]) -> Iterator[None]:
    before = _whole(path) if path.suffix == ".db" else path.read_bytes()
    _put(path, change(before))
    yield
    _put(path, before)


def _whole(database: Path) -> bytes:
    """The database's bytes with everything that its write-ahead log held."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return database.read_bytes()


def _put(path: Path, data: bytes) -> None:
    """Put a file in the place of another, as a restore does: no write-ahead log of the other stays beside it."""
    fresh = path.with_name(f"{path.name}.fresh")
    fresh.write_bytes(data)
    fresh.chmod(0o600)
    for name in (f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
    fresh.replace(path)


@contextmanager
def _newer_schema(database: Path) -> Iterator[None]:
    _set_version(database, "9999")
    yield
    _set_version(database, SCHEMA_VERSION)


def _set_version(database: Path, version: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))


def _flipped_letter(data: bytes) -> bytes:
    at = len(data) // 2
    return data[:at] + (b"q" if data[at : at + 1] != b"q" else b"p") + data[at + 1 :]


@dataclass(frozen=True, slots=True)
class _State:
    """A bad state: how it is made, the command that meets it, and words that its error must have."""

    make: Callable[[OfficeFolder], object]
    command: str
    says: tuple[str, ...]


def _database(office: OfficeFolder) -> Path:
    return office.home / "nisisama.db"


STATES = {
    "others may look into the home": _State(lambda o: _mode(o.home, 0o755), "list", ("chmod 700", "0755")),
    "others may look into the keys": _State(lambda o: _mode(o.keys, 0o755), "import", ("chmod 700", "0755")),
    "others may read the log key": _State(lambda o: _mode(o.keys / "log.key", 0o644), "import", ("chmod 600",)),
    "others may read the seen key": _State(lambda o: _mode(o.keys / "seen.key", 0o644), "import", ("chmod 600",)),
    "others may read the casework key": _State(
        lambda o: _mode(o.keys / "casework.age", 0o640), "list", ("chmod 600", "0640")
    ),
    "no home": _State(lambda o: _moved_away(o.home), "list", ("nisisama init",)),
    "no settings": _State(lambda o: _moved_away(o.home / "nisisama.toml"), "list", ("--home",)),
    "settings that are not TOML": _State(
        lambda o: _bytes(o.home / "nisisama.toml", lambda data: data + b"\n[[["),
        "list",
        ("nisisama.toml", "Look at that line"),
    ),
    "no keys": _State(lambda o: _moved_away(o.keys), "import", ("home.keys", "backup")),
    "no log key": _State(lambda o: _moved_away(o.keys / "log.key"), "import", ("log.key", "backup")),
    "another log key": _State(
        lambda o: _bytes(o.keys / "log.key", lambda data: b"A" * 43 + b"=\n"), "import", ("log key", "home.keys")
    ),
    "no seen key": _State(lambda o: _moved_away(o.keys / "seen.key"), "import", ("seen.key", "backup")),
    "an empty log key": _State(lambda o: _bytes(o.keys / "log.key", lambda _data: b""), "import", ("empty", "backup")),
    "a log key that is none": _State(
        lambda o: _bytes(o.keys / "log.key", lambda _data: b"?"), "import", ("not a key", "backup")
    ),
    "no casework key": _State(lambda o: _moved_away(o.keys / "casework.age"), "list", ("casework.age", "backup")),
    "no database": _State(lambda o: _moved_away(_database(o)), "list", ("nisisama.db", "backup")),
    "an empty database": _State(lambda o: _bytes(_database(o), lambda _data: b""), "list", ("backup",)),
    "a database cut short": _State(
        lambda o: _bytes(_database(o), lambda data: data[:100_000]), "import", ("database", "backup")
    ),
    "a database that is none": _State(
        lambda o: _bytes(_database(o), lambda data: b"no" * (len(data) // 2)), "list", ("database", "backup")
    ),
    "a database of a newer program": _State(lambda o: _newer_schema(_database(o)), "list", ("9999", "upgrade")),
    "no log key to check with": _State(lambda o: _moved_away(o.home / "log.vkey"), "audit", ("log.vkey", "backup")),
    "a log key to check with that is none": _State(
        lambda o: _bytes(o.home / "log.vkey", _flipped_letter), "audit", ("log.vkey", "backup")
    ),
    "no recipients": _State(
        lambda o: _moved_away(o.home / "recipients" / "office.txt"), "import", ("recipients", "backup")
    ),
    "a damaged recipient": _State(
        lambda o: _bytes(o.home / "recipients" / "office.txt", _flipped_letter), "import", ("recipients", "backup")
    ),
    "no objects": _State(lambda o: _moved_away(o.objects), "import", ("objects", "backup")),
    "a checkpoint beside the key that is none": _State(
        lambda o: _bytes(o.keys / "log.signed", lambda data: data[:40]), "import", ("log.signed",)
    ),
}


def _command(office: OfficeFolder, name: str) -> list[str]:
    if name == "import":
        return office.arguments()
    look = ("evidence", "list", "--by", "caseworker", "--json")
    return ["--home", str(office.home), *{"list": look, "audit": ("audit",)}[name]]


@pytest.mark.every(2)
@pytest.mark.parametrize("name", STATES)
def test_a_bad_state_is_refused_with_its_remedy_and_mended(name: str, office: OfficeFolder, capsys: Capture) -> None:
    state = STATES[name]
    command = _command(office, state.command)
    with state.make(office):
        capsys.readouterr()
        assert main(command) == REFUSED
        said = capsys.readouterr().err
        assert said.startswith("error: ")
        assert [word for word in state.says if word not in said] == [], said
    assert main(command) == DONE
    _require_clean(office, capsys)


@pytest.mark.parametrize(
    ("given", "says"), [("another one", "the passphrase there is wrong"), ("", "missing"), (None, "missing")]
)
def test_without_the_right_passphrase_nothing_is_opened(
    given: str | None, says: str, office: OfficeFolder, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = ["--home", str(office.home), "case", "open", "--by", "caseworker", "--json"]
    assert main(case) == DONE
    case_id = json.loads(capsys.readouterr().out)["case_id"]
    picture = next((office.folder / "export" / "photos").iterdir())
    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    if given is not None:
        monkeypatch.setenv("NISISAMA_PASSPHRASE", given)
    command = ["--home", str(office.home), "check", str(picture), "--case", case_id, "--by", "caseworker"]
    assert main(command) == REFUSED
    assert says in capsys.readouterr().err
    monkeypatch.setenv("NISISAMA_PASSPHRASE", PASSPHRASE)
    assert main(command) == DONE
    _require_clean(office, capsys)


# A database that was put back


def _more(office: OfficeFolder) -> list[str]:
    export = office.folder / "more"
    write_messages(export, [message(6), message(7)])
    return office.arguments(export)


def test_a_database_put_back_takes_nothing_in_and_loses_no_object(
    prepared_database: bytes, office: OfficeFolder, capsys: Capture
) -> None:
    objects = sorted(office.objects.rglob("*"))
    with _bytes(_database(office), lambda _data: prepared_database):
        assert main(_more(office)) == REFUSED
        assert "newest backup" in capsys.readouterr().err
        with closing(sqlite3.connect(_database(office))) as connection:
            entries = connection.execute("SELECT count(*) FROM event").fetchone()[0]
        assert entries == _entries(prepared_database, office.folder / "copy.db")
        assert _audit(office, capsys)[0] == REFUSED
    assert sorted(office.objects.rglob("*")) == objects
    _require_clean(office, capsys)
    assert main(office.arguments(office.folder / "more")) == DONE
    _require_clean(office, capsys)


def test_a_database_put_back_after_a_crash_takes_no_logged_object_away(
    prepared_database: bytes, office: OfficeFolder, capsys: Capture
) -> None:
    """An unfinished name of an object that the newer database logged says nothing about the older one."""
    logged = next(file for file in sorted(office.objects.rglob("*")) if file.is_file())
    dead = office.objects / "pending" / ("0" * 32)
    dead.mkdir()
    os.link(logged, dead / "0")
    with _bytes(_database(office), lambda _data: prepared_database):
        assert main(_more(office)) == REFUSED
        assert logged.exists()
    assert main(office.arguments()) == DONE
    assert list((office.objects / "pending").iterdir()) == []
    _require_clean(office, capsys)


@pytest.fixture(scope="module")
def prepared_database(imported: OfficeFolder) -> bytes:
    """The database of the same office before its import: the state of an older backup."""
    return (imported.folder / "before.db").read_bytes()


def _entries(database: bytes, at: Path) -> int:
    at.write_bytes(database)
    with closing(sqlite3.connect(at)) as connection:
        return int(connection.execute("SELECT count(*) FROM event").fetchone()[0])


# A medium that nobody can write to


@contextmanager
def _read_only(folder: Path) -> Iterator[None]:
    """A folder that the system lets nobody write to; making it needs root."""
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.outside
def test_a_home_on_a_medium_that_nobody_can_write_to_is_audited_and_shown(
    office: OfficeFolder, capsys: Capture
) -> None:
    open_case = ["--home", str(office.home), "case", "open", "--by", "caseworker", "--json"]
    with _read_only(office.folder):
        _require_clean(office, capsys)
        assert main(_command(office, "list")) == DONE
        assert "home.look_not_logged" in capsys.readouterr().out
        assert main(open_case) == REFUSED
        assert "home.read_only" in capsys.readouterr().out
    assert main(open_case) == DONE


@pytest.mark.outside
def test_a_journal_that_a_read_only_medium_hides_is_told_and_not_passed_over(
    office: OfficeFolder, capsys: Capture
) -> None:
    with closing(sqlite3.connect(_database(office))) as connection:
        connection.execute("CREATE TABLE of_a_program_that_still_runs (x)")
        connection.commit()
        taken = office.folder / "taken" / "home"
        shutil.copytree(office.home, taken, ignore=shutil.ignore_patterns("*-shm"))
    with _read_only(taken.parent):
        assert main(["--home", str(taken), "evidence", "list"]) == REFUSED
        assert "only a writer can read" in capsys.readouterr().err
