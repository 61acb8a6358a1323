"""``nisisama database move``: to Debian's server, refused, killed anywhere, and beside running programs."""

import contextlib
import fcntl
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

import api.office.database
from api.cli.main import main
from api.home import DATABASE_FILE, SETTINGS_FILE, Home
from api.office.api_key import make_key
from api.office.audit import run_audit
from api.office.case import open_case
from api.office.database import MOVING_FILE, move_rows
from api.office.health import check_health
from evidence.errors import HomeError
from evidence.finding import Verdict
from evidence.store.api_key import Scope
from evidence.store.database import reading
from evidence.times import system_clock
from monitor.rehearsal.export import write_export
from tests.commands import DONE, ENVIRONMENT, REFUSED, run
from tests.contracts.tree import ROOT
from tests.faults.rig import FORK, TIMEOUT_S, Fault, Gate, exit_code
from tests.homes import PASSPHRASE, Office, copy_of, doer, legal_basis, records_of
from tests.nonempty import nonempty
from tests.postgresql import new_database, url_of
from tests.serving import started
from tests.watching import desk, item_count, program, require_clean, until

pytestmark = pytest.mark.outside


@pytest.fixture
def home(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home on SQLite, with the environment of somebody who works there."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    made = copy_of(office, tmp_path)
    made.engine.dispose()
    return made.path


@pytest.fixture
def url(socket: Path) -> str:
    return new_database(socket, "office")


@dataclass(frozen=True, slots=True)
class State:
    """What a home says of itself."""

    database: str
    verdict: Verdict
    entries: int
    signed: bytes


def state_of(folder: Path) -> State:
    home = Home.open(folder)
    try:
        done = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
        return State(home.engine.dialect.name, done.report.verdict, done.entries, home.keys.signed.read_bytes())
    finally:
        home.engine.dispose()


def left_in(home: Path) -> list[str]:
    """Files of the old database, and of a move."""
    return sorted(file.name for file in home.iterdir() if file.name.startswith((DATABASE_FILE, MOVING_FILE)))


def findings(home: Path) -> set[str]:
    return {finding.code for finding in check_health(home, system_clock).findings if finding.id == "store"}


# Moved


def test_a_home_in_use_moves(home: Path, url: str) -> None:
    before, settings = state_of(home), (home / SETTINGS_FILE).read_text()
    ran = run("database", "move", url, "--json", home=home)
    assert ran.printed.keys() == {"home", "entries", "rows", "ended"}
    assert (ran.printed["entries"], ran.printed["ended"], ran.err) == (before.entries, False, "")
    assert state_of(home) == State("postgresql", Verdict.PASSED, before.entries, before.signed)
    assert left_in(home) == []
    assert (home / SETTINGS_FILE).read_text() == f'{settings}\n[database]\nurl = "{url}"\n'
    assert stat.S_IMODE((home / SETTINGS_FILE).stat().st_mode) == 0o600
    assert findings(home) == {""}
    opened = run("case", "open", "--json", home=home)
    assert (opened.code, state_of(home).entries > before.entries) == (DONE, True)
    assert run("database", "move", url, "--json", home=home).error["code"] == "database_move.there_already"


def test_the_text_output_says_what_to_restart(home: Path, url: str) -> None:
    ran = run("database", "move", url, home=home)
    assert (ran.code, "copied and compared" in ran.out, "Restart serve" in ran.out) == (DONE, True, True)


# Refused


def foreign(url: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE somebody_elses (a integer)")
    engine.dispose()


def _admin(socket: Path, *statements: str) -> None:
    admin = sa.create_engine(url_of(socket, "postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    admin.dispose()


def _not_empty(socket: Path) -> str:
    foreign(made := new_database(socket, "refusing"))
    return made


def _another_homes(socket: Path) -> str:
    """A database of another home: it has our tables."""
    made = new_database(socket, "refusing")
    engine = sa.create_engine(made)
    with engine.begin() as connection:
        api.office.database.copy_rows.__globals__["upgrade_within"](connection)
    engine.dispose()
    return made


def _latin(socket: Path) -> str:
    _admin(
        socket,
        "DROP DATABASE IF EXISTS latin",
        "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0",
    )
    return url_of(socket, "latin")


def _powerless(socket: Path) -> str:
    new_database(socket, "refusing")
    _admin(socket, "DROP ROLE IF EXISTS clerk", "CREATE ROLE clerk LOGIN")
    return url_of(socket, "refusing").replace("postgres@", "clerk@")


def _guarded(socket: Path, word: str) -> str:
    """The address of an account that needs a password, and of a file that has ``word`` for it."""
    new_database(socket, "guarded")
    _admin(socket, "DROP ROLE IF EXISTS keeper", "CREATE ROLE keeper LOGIN PASSWORD 'right'")
    rules = socket / "data" / "pg_hba.conf"
    if "keeper" not in (said := rules.read_text()):
        rules.write_text(f"local all keeper scram-sha-256\n{said}")
    _admin(socket, "SELECT pg_reload_conf()")
    file = socket / f"pgpass-{word or 'empty'}"
    file.write_text(f"*:*:*:keeper:{word}\n" if word else "")
    file.chmod(0o600)
    return url_of(socket, "guarded").replace("postgres@", "keeper@") + f"&passfile={file}"


REFUSALS: dict[str, tuple[Callable[[Path], str], str]] = {
    "no server": (lambda socket: url_of(socket / "nowhere", "office"), "store.no_connection"),
    "no such database": (lambda socket: url_of(socket, "absent"), "store.no_connection"),
    "a wrong password": (lambda socket: _guarded(socket, "wrong"), "store.no_connection"),
    "no password": (lambda socket: _guarded(socket, ""), "store.no_password"),
    "not empty": (_not_empty, "database_move.not_empty"),
    "another home's": (_another_homes, "database_move.not_empty"),
    "another encoding": (_latin, "database_move.encoding"),
    "no rights": (_powerless, "database_move.may_not_create"),
    "a password in the address": (lambda _socket: "postgresql://me:canary@host/db", "database_move.password"),
    "a password in the query": (lambda _socket: "postgresql://me@host/db?password=canary", "database_move.password"),
    "a key's password": (lambda _socket: "postgresql://me@host/db?sslpassword=canary", "database_move.password"),
    "no name": (lambda _socket: "postgresql://me@host", "database_move.no_name"),
    "SQLite": (lambda _socket: "sqlite:///there.db", "database_move.not_postgresql"),
    "another driver": (lambda _socket: "postgresql+pg8000://me@host/db", "store.no_driver"),
    "no address": (lambda _socket: "me:canary on host", "store.not_an_address"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_does_not_fit_is_refused_and_the_home_stays_as_it_is(home: Path, socket: Path, name: str) -> None:
    make, code = REFUSALS[name]
    settings = (home / SETTINGS_FILE).read_bytes()
    ran = run("database", "move", make(socket), "--json", home=home)
    assert ran.error["code"] == code
    assert ran.error["fix"]
    assert "canary" not in ran.out + ran.err + (home / "nisisama.log").read_text()
    assert (home / SETTINGS_FILE).read_bytes() == settings
    assert left_in(home) == [DATABASE_FILE]
    assert state_of(home).database == "sqlite"


def test_the_right_password_from_its_file_lets_the_home_in(home: Path, socket: Path) -> None:
    guarded = _guarded(socket, "right")
    _admin(socket, "ALTER DATABASE guarded OWNER TO keeper")
    assert run("database", "move", guarded, home=home).code == DONE
    assert state_of(home).database == "postgresql"
    assert "right" not in (home / SETTINGS_FILE).read_text().replace("pgpass-right", "")


def test_a_password_that_somebody_wrote_into_the_settings_is_named_by_doctor(home: Path, url: str) -> None:
    assert run("database", "move", url, home=home).code == DONE
    file = home / SETTINGS_FILE
    file.write_text(file.read_text().replace("postgres@", "postgres:canary@"))
    assert findings(home) == {"store.password_in_settings"}
    assert "canary" not in run("doctor", home=home).out


# Killed


def killed(home: Path, url: str, fault: Fault | None, alter: Callable[[], None] = lambda: None) -> tuple[int, str]:
    """Move in a child that is killed at a system call; return its exit code, and the calls that strace saw."""
    gate, record = Gate(), home.parent / "strace.txt"
    record.write_text("")

    def work() -> None:
        alter()
        sink = (home.parent / "said.txt").open("w")
        with sink, contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
            gate.stand()
            code = main(["--home", str(home), "database", "move", url])
        os._exit(code)

    child = FORK.Process(target=work)
    return exit_code(child, gate, fault, record), record.read_text()


CHANGING = ("rename", "unlink", "fsync", "sendto")
"""System calls that change something: names, files, what is on the disk, and what the server is told."""
FEW = 8
"""Up to this many calls of a name are killed one by one; of more, the first, the last ones, and some between."""


def places(count: int) -> Sequence[int]:
    if count <= FEW:
        return range(1, count + 1)
    last = range(count - FEW // 2 + 1, count + 1)
    return [*range(1, count - FEW // 2, count // (FEW // 2)), *last]


@pytest.mark.every(4)
@pytest.mark.parametrize("syscall", CHANGING)
def test_killed_anywhere_the_home_is_whole_and_the_move_ends_when_it_is_run_again(
    office: Office, home: Path, socket: Path, tmp_path: Path, syscall: str
) -> None:
    before = state_of(home)
    calm = Fault(syscall, "error=EIO", "65535")
    fresh = _fresh(office, tmp_path / "counted")
    code, calls = killed(fresh, new_database(socket, "killed"), calm)
    assert code == DONE
    count = sum(f"{syscall}(" in line for line in calls.splitlines())
    found = set()
    for number in nonempty(places(count)):
        fresh, url = _fresh(office, tmp_path / "killed"), new_database(socket, "killed")
        code, _calls = killed(fresh, url, Fault(syscall, "signal=SIGKILL", str(number)))
        assert code == -signal.SIGKILL, number
        found.add(require_whole_then_moved(fresh, url, before))
    assert "sqlite" in found or syscall == "unlink", found


def _fresh(office: Office, folder: Path) -> Path:
    subprocess.run(["rm", "-rf", folder], check=True)
    folder.mkdir()
    made = copy_of(office, folder)
    made.engine.dispose()
    return made.path


def require_whole_then_moved(home: Path, url: str, before: State) -> str:
    """Check that the home is whole, in the database that it names, and that another run completes the move."""
    found = state_of(home)
    assert (found.verdict, found.entries, found.signed) == (Verdict.PASSED, before.entries, before.signed)
    if found.database == "sqlite":
        written = Home.open(home)  # it can still be used there
        open_case(written, doer(written))
        written.engine.dispose()
    entries = state_of(home).entries
    left = left_in(home)
    assert (findings(home) != {""}) is (MOVING_FILE in left)
    if found.database == "sqlite" or left:
        assert run("database", "move", url, home=home).code == DONE
    after = state_of(home)
    assert (after.database, after.verdict, after.entries) == ("postgresql", Verdict.PASSED, entries)
    assert (left_in(home), findings(home)) == ([], {""})
    return found.database


def test_a_move_that_switched_before_its_copy_was_committed_would_be_found(
    office: Office, home: Path, socket: Path, url: str
) -> None:
    """CONTROL: the steps in the wrong order, killed where the real ones are."""
    before = state_of(home)

    def wrong() -> None:
        copy = api.office.database._copy

        def switched_first(home: Home, *more: object) -> int:
            text = (home.path / SETTINGS_FILE).read_text()
            (home.path / SETTINGS_FILE).write_text(f'{text}\n[database]\nurl = "{url}"\n')
            return copy(home, *more)  # type: ignore[arg-type]

        api.office.database._copy = switched_first

    code, _calls = killed(home, url, Fault("rename", "signal=SIGKILL", "1"), wrong)
    assert code == -signal.SIGKILL
    with pytest.raises(Exception, match=r"not a database of ours|this program"):
        require_whole_then_moved(home, url, before)


# Beside running programs

WRITER = """
import sys; sys.path.insert(0, {root!r})
from pathlib import Path
from api.home import Home
from api.office.case import open_case
from config.errors import Explained
from tests.homes import doer
{alter}
home = Home.open(Path({home!r}))
try:
    while True:
        print(open_case(home, doer(home)).case_id, flush=True)
        if sys.stdin.readline() == "": break
except Explained as error:
    print(error.code, flush=True)
"""


@pytest.fixture
def writer(home: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts a program that opens a case for each line that it is sent, and prints its number, or what refused it."""
    running: list[subprocess.Popen[str]] = []

    def start(alter: str = "") -> "subprocess.Popen[str]":
        code = WRITER.format(root=str(ROOT), home=str(home), alter=alter)
        command = [sys.executable, "-c", code]
        running.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return running[-1]

    yield start
    for each in running:
        each.communicate(timeout=60)


def asked(process: "subprocess.Popen[str]") -> str:
    assert process.stdin is not None
    process.stdin.write("again\n")
    process.stdin.flush()
    return said(process)


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def cases_of(home: Path) -> set[str]:
    opened = Home.open(home)
    with reading(opened.engine) as connection:
        found = set(connection.exec_driver_sql("SELECT case_id FROM case_file").scalars())
    opened.engine.dispose()
    return found


def test_who_has_the_old_database_open_writes_nothing_more_there(
    home: Path, url: str, writer: Callable[..., "subprocess.Popen[str]"]
) -> None:
    process = writer()
    acknowledged = {said(process), asked(process)}
    assert run("database", "move", url, home=home).code == DONE
    assert asked(process) == "home.moved"
    assert cases_of(home) == acknowledged
    assert left_in(home) == []


@pytest.mark.slow
def test_without_the_check_of_the_settings_a_case_would_be_lost(
    home: Path, url: str, writer: Callable[..., "subprocess.Popen[str]"]
) -> None:
    """CONTROL: the same program without the check."""
    process = writer("from evidence.store import database; database._require_current = lambda _engine: None")
    kept = said(process)
    assert run("database", "move", url, home=home).code == DONE
    lost = asked(process)
    assert len(lost) == len(kept)
    assert cases_of(home) == {kept}


@pytest.mark.slow
def test_who_waits_for_the_turn_while_the_rows_move_is_told_and_does_its_work_when_run_again(
    home: Path, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import has the old database open and waits for the turn: the copy does not go on until it waits."""
    before = state_of(home)
    export = write_export(tmp_path / "more", seed=9, messages=20, photos=1).folder
    words = ["import", str(export), "--declared-by", "client", "--mode", "sealed", "--by", "ann"]
    words += ["--legal-basis", str(legal_basis(tmp_path)), "--approved-by", "bo", "--json"]
    copy, copying, waits = api.office.database._copy, threading.Event(), threading.Event()

    def slowly(*more: object) -> int:
        copying.set()
        assert waits.wait(TIMEOUT_S)
        return copy(*more)  # type: ignore[arg-type]

    monkeypatch.setattr(api.office.database, "_copy", slowly)
    codes: list[int] = []
    mover = threading.Thread(target=lambda: codes.append(run("database", "move", url, home=home).code))
    mover.start()
    assert copying.wait(TIMEOUT_S)
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from api.cli.main import main; sys.exit(main())"
    importing = subprocess.Popen(
        [sys.executable, "-c", code, "--home", str(home), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    until(lambda: (home / "lock.next").exists() and _is_locked(home / "lock.next"))
    waits.set()
    mover.join(TIMEOUT_S)
    out, err = importing.communicate(timeout=TIMEOUT_S)
    assert (codes, importing.returncode) == ([DONE], REFUSED)
    assert b'"code": "home.moved"' in out
    assert b"start it again" in err
    assert state_of(home) == State("postgresql", Verdict.PASSED, before.entries, before.signed)
    assert run(*words, home=home).printed["messages"] > 0
    assert state_of(home).verdict is Verdict.PASSED


def _is_locked(file: Path) -> bool:
    with file.open() as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@pytest.mark.slow
def test_a_served_home_writes_nothing_more_and_ends(home: Path, url: str) -> None:
    opened = Home.open(home)
    headers = {"Authorization": f"Bearer {make_key(opened, 'mira', list(Scope), None, None).secret}"}
    opened.engine.dispose()
    process, address = started(home)
    try:
        with httpx.Client(base_url=f"{address}/api/v1", headers=headers, timeout=60, trust_env=False) as client:
            items = client.get("/items").json()
            assert items["items"]
            assert run("database", "move", url, home=home).code == DONE
            with contextlib.suppress(httpx.TransportError):  # it may have ended already
                answer = client.post("/cases", json={"reason": "r"})
                assert (answer.status_code, answer.json()["code"]) == (503, "home.moved")
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, '"home.moved"' in out) == (REFUSED, True), err
    process, address = started(home)
    try:
        with httpx.Client(base_url=f"{address}/api/v1", headers=headers, timeout=60, trust_env=False) as client:
            assert client.get("/items").json() == items
    finally:
        process.terminate()
        process.communicate(timeout=60)
    assert left_in(home) == []


def test_a_running_watch_ends_and_goes_on_in_the_new_database(
    socket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database(socket, "watched")
    with desk(tmp_path, monkeypatch) as at:
        group = at.group(joined=tuple(at.accounts))
        group.post("një")
        monitor = program(at, "monitor", "run", "--json")
        until(lambda: item_count(at) >= 1)
        assert run("database", "move", url, home=at.folder / "home").code == DONE
        group.post("dy")
        out, err = monitor.communicate(timeout=TIMEOUT_S)
        assert (monitor.returncode, '"home.moved"' in out) == (REFUSED, True), err
        before = item_count(at)
        at.once()
        assert item_count(at) > before
        require_clean(at)


def test_an_old_file_with_entries_of_its_own_is_not_removed(home: Path, url: str) -> None:
    shadow = home.parent / "shadow.db"
    with closing(sqlite3.connect(home / DATABASE_FILE)) as source, closing(sqlite3.connect(shadow)) as copy:
        source.backup(copy)
    assert run("database", "move", url, home=home).code == DONE
    with closing(sqlite3.connect(shadow)) as copy, copy:
        copy.execute("UPDATE event SET leaf = leaf WHERE idx = 0")
        copy.execute("DELETE FROM tile WHERE level = 0 AND n = 0")
        (last,) = copy.execute("SELECT max(idx) FROM event").fetchone()
        copy.execute("INSERT INTO event SELECT idx + 100, leaf FROM event WHERE idx = ?", (last,))
    _require_refused_end(home, shadow, url)


def test_an_old_file_in_which_a_key_was_revoked_since_is_not_removed(home: Path, url: str) -> None:
    """The log of both is the same; what is no entry, such as a revoked key, counts too."""
    shadow = home.parent / "shadow.db"
    with closing(sqlite3.connect(home / DATABASE_FILE)) as source, closing(sqlite3.connect(shadow)) as copy:
        source.backup(copy)
        copy.execute("INSERT INTO follower (name, position) SELECT name || 'x', position FROM follower")
        copy.commit()
    assert run("database", "move", url, home=home).code == DONE
    _require_refused_end(home, shadow, url)


def _require_refused_end(home: Path, shadow: Path, url: str) -> None:
    """Put a file in the place of the old database, as if the move had been cut off before its last step."""
    shadow.rename(home / DATABASE_FILE)
    (home / MOVING_FILE).write_text(f"0\n{url}\n")
    refused = run("database", "move", url, "--json", home=home)
    assert (refused.code, refused.error["code"]) == (REFUSED, "database_move.old_file_differs")
    assert (home / DATABASE_FILE).exists()


@pytest.mark.parametrize("said", [None, "", "sqlite:///{}"])
def test_a_variable_of_a_running_program_hides_no_move_from_it(
    home: Path, url: str, monkeypatch: pytest.MonkeyPatch, said: str | None
) -> None:
    if said is not None:
        monkeypatch.setenv("NISISAMA_DATABASE__URL", said.format(home / DATABASE_FILE))
    running = Home.open(home)
    open_case(running, doer(running))
    monkeypatch.delenv("NISISAMA_DATABASE__URL", raising=False)
    before = state_of(home)
    assert run("database", "move", url, home=home).code == DONE
    with pytest.raises(HomeError) as refused:
        open_case(running, doer(running))
    running.engine.dispose()
    assert refused.value.code == "home.moved"
    assert state_of(home).entries == before.entries


def test_a_move_that_was_cut_off_is_ended_where_it_began(home: Path, url: str, socket: Path) -> None:
    (home / MOVING_FILE).write_text(f"0\n{url}\n")
    refused = run("database", "move", new_database(socket, "other"), "--json", home=home)
    assert (refused.code, refused.error["code"]) == (REFUSED, "database_move.begun_elsewhere")
    assert run("database", "move", url, home=home).code == DONE


def test_a_setting_that_is_changed_during_a_move_stays_changed(home: Path, url: str) -> None:
    @contextlib.contextmanager
    def progress(_rows: int) -> Iterator[Callable[[int], object]]:
        with (home / SETTINGS_FILE).open("a", encoding="utf-8") as file:
            file.write("\n[serve]\nkeep_days = 3\n")
        yield lambda _more: None

    moving = Home.open(home)
    move_rows(moving, url, progress)
    moved = Home.open(home)
    assert (moved.settings.serve.keep_days, moved.settings.database.url) == (3, url)
    moved.engine.dispose()


def test_a_backup_of_a_home_on_a_server_is_not_put_back_onto_the_living_rows(
    home: Path, url: str, socket: Path, tmp_path: Path
) -> None:
    assert run("database", "move", url, home=home).code == DONE
    made = run("backup", tmp_path / "disk", "--json", home=home).printed["backup"]
    place = tmp_path / "again" / "home"
    refused = run("restore", made, place, "--json")
    assert (refused.code, refused.error["code"]) == (REFUSED, "backup.needs_database")
    assert not place.exists()
    other = new_database(socket, "restored", template="office")
    run("restore", made, place, "--database", other, "--json")
    back = Home.open(place)
    assert back.settings.database.url == other
    back.engine.dispose()


def test_a_drill_opens_a_backup_whose_rows_were_brought_to_another_database(
    home: Path, url: str, socket: Path, office: Office, tmp_path: Path
) -> None:
    run("database", "move", url, home=home)
    made = run("backup", tmp_path / "disk", "--json", home=home).printed["backup"]
    other, cards = new_database(socket, "drilled", template="office"), []
    for number, text in enumerate(office.cards[:2], start=1):
        cards.append(tmp_path / f"card-{number}.txt")
        cards[-1].write_text(text)
    for named, code in (((), "backup.needs_database"), (("--database", url), "backup.living_database")):
        refused = run("key", "drill", made, *cards, *named, "--json", home=home)
        assert refused.error["code"] == code
    drilled = run("key", "drill", made, *cards, "--database", other, "--json", home=home)
    assert (drilled.code, drilled.printed["fits"]) == (DONE, True)
    opened = Home.open(home)
    assert "drilled" in {each.type for each in records_of(opened)}
    opened.engine.dispose()
