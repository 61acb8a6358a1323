"""A PostgreSQL server of Debian's packages, made for a test, on a socket in its own folder; and moving a home to it."""

import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import sqlalchemy as sa

from api.home import Home
from api.office.database import move_rows

ACCOUNT = "postgres"
"""Made by Debian's package; the server refuses to run as root."""


def _programs() -> Path:
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))


def _as_postgres(*command: str | Path) -> None:
    subprocess.run(["setpriv", "--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups", *command], check=True, cwd="/")


@contextmanager
def serving(*settings: str) -> Iterator[Path]:
    """Folder of a server's socket; it listens nowhere else, unless a setting, ``name=value``, says so."""
    folder = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())  # a socket's path is short
    shutil.chown(folder, pwd.getpwnam(ACCOUNT).pw_uid)
    data, programs = folder / "data", _programs()
    _as_postgres(programs / "initdb", "--pgdata", data, "--auth", "trust", "--encoding", "UTF8", "--no-sync")
    control = (programs / "pg_ctl", "--pgdata", data, "--wait")
    options = " ".join(f"-c {each}" for each in ("listen_addresses=''", f"unix_socket_directories={folder}", *settings))
    _as_postgres(*control, "--log", folder / "log", "--options", options, "start")
    try:
        yield folder
    finally:
        _as_postgres(*control, "--mode", "immediate", "stop")
        shutil.rmtree(folder)


def url_of(socket: Path, name: str) -> str:
    return f"postgresql+psycopg://{ACCOUNT}@/{name}?host={socket}"


def new_database(socket: Path, name: str, *, template: str = "template1") -> str:
    """The address of an empty database, or of a copy of another; one of this name goes."""
    admin = sa.create_engine(url_of(socket, "postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    admin.dispose()
    return url_of(socket, name)


def move(home: Path, url: str) -> None:
    """Move the rows of a home to an empty database, as ``nisisama database move`` does."""
    opened = Home.open(home)
    move_rows(opened, url, lambda _rows: nullcontext(lambda _more: None))
