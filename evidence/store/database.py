"""The tables, and how they are opened: SQLite in WAL mode with synchronous=FULL, or PostgreSQL.

Truth: ``event`` (leaves), ``sealed`` (records, prints, hashes of lists, media headers, small media), ``checkpoint`` and
``token`` (signed answers that the log names by digest), ``pin`` (what a leaf commits to and the home must use,
disclosed). Everything else is a projection
(``evidence.store.projection``) or work (``task``, ``follower``). Rows in clear hold ids, times,
kinds, sizes and digests; nothing else.
"""

import functools
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, OperationalError

from config.errors import Fact, Term, Where
from evidence.errors import HomeBusyError, HomeError, SchemaVersionError, StorageFullError, StoreError
from evidence.patience import SLICE_S, Patience

SCHEMA_VERSION = "0001y"
"""The alembic revision that this program reads and writes; until 1.0 the first one is rewritten, under a new name."""
_OLDER = ("0001", *(f"0001{letter}" for letter in "cdefghijklmnopqrstuvwx"))

PAGE_BYTES = 16384
"""Of a new SQLite file: rows of 0.5 to 8 KB waste half of a page of 4 KiB. A home keeps the size it was made with."""
_WAL_BYTES = 16 << 20
_CACHE_BYTES = 16 << 20

WAIT_S = 30
"""How long a writer waits for others, in seconds."""
SILENT_S = 60
"""For how long a writer on PostgreSQL may have its turn and ask nothing, in seconds: then it is taken for dead. Who
waits for a turn has none, and asks: this time is not that one's."""
_POLL_S = 0.01
_KEEPALIVE = {"idle": 10, "interval": 5, "count": 3}
"""Seconds of silence before a peer is asked whether it is there, between two questions, and how many it may miss."""
_WRITERS = 0x6E697369_73616D61
"""The advisory lock that every writer of a PostgreSQL database takes: "nisisama" in ASCII."""

_POOL = {"pool_size": 12, "max_overflow": 36, "pool_use_lifo": True}
"""What is kept open of the connections to a server that one process uses at once: to open one takes longer than to read
a page of rows, and beyond SQLAlchemy's five, a burst of calls opened and closed them."""

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)


class Bytes(sa.LargeBinary):
    """Bytes as they are: both drivers take and give them, and the detour over memoryview costs a third of an append."""

    def bind_processor(self, dialect: sa.Dialect) -> None:  # noqa: ARG002 - SQLAlchemy's signature
        """Nothing to do on the way in."""
        return

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> None:  # noqa: ARG002 - SQLAlchemy's signature
        """Nothing to do on the way out."""
        return


_IDX = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

event = sa.Table(
    "event",
    metadata,
    sa.Column("idx", _IDX, primary_key=True, autoincrement=False),
    sa.Column("leaf", Bytes, nullable=False),
)
sealed = sa.Table(
    "sealed",
    metadata,
    sa.Column("idx", _IDX, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("body", Bytes, nullable=False),
)
checkpoint = sa.Table(
    "checkpoint",
    metadata,
    sa.Column("size", _IDX, primary_key=True, autoincrement=False),
    sa.Column("note", Bytes, nullable=False),
    sa.Column("cosigned", Bytes),
)
token = sa.Table(
    "token",
    metadata,
    sa.Column("idx", _IDX, primary_key=True, autoincrement=False),
    sa.Column("size", _IDX, nullable=False),
    sa.Column("token", Bytes, nullable=False),
    sa.Column("reply", Bytes, nullable=False),
)
pin = sa.Table(
    "pin",
    metadata,
    sa.Column("idx", _IDX, primary_key=True, autoincrement=False),
    sa.Column("lines", Bytes, nullable=False),
)
tile = sa.Table(
    "tile",
    metadata,
    sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("n", _IDX, primary_key=True, autoincrement=False),
    sa.Column("hashes", Bytes, nullable=False),
)
item = sa.Table(
    "item",
    metadata,
    sa.Column("idx", _IDX, primary_key=True, autoincrement=False),
    sa.Column("item_id", sa.String(32), nullable=False, unique=True),
    sa.Column("seen", Bytes(32), nullable=False),
    sa.Column("said", Bytes(32)),
    sa.Column("part", Bytes(16)),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("channel_id", sa.String(32), nullable=False),
    sa.Column("message_id", sa.BigInteger),
    sa.Column("posted_at", sa.String(24)),
    sa.Column("acquired_at", sa.String(24), nullable=False),
    sa.Column("mode", sa.String(16), nullable=False),
    sa.Column("payload_sha256", sa.String(64)),
    sa.Column("gone", sa.String(8)),  # of a deletion: how it is known (``Gone``)
    sa.Column("album", Bytes(8)),  # of a message: the mark of the album that it was posted in
    sa.Column("capture", sa.String(32)),  # the request under which it was captured, of a channel nobody had registered
    # marks behind their places: an index of marks alone would dirty a page for each of them
    sa.Index("ix_item_place", "channel_id", "message_id", "seen"),
)
hole = sa.Table(
    "hole",
    metadata,
    sa.Column("idx", _IDX, primary_key=True, autoincrement=False),
    sa.Column("seen", Bytes(32), nullable=False),
    sa.Column("part", Bytes(16)),
    sa.Column("channel_id", sa.String(32), nullable=False),
    sa.Column("lo", sa.BigInteger),
    sa.Column("hi", sa.BigInteger),
    sa.Column("reason", sa.String(32), nullable=False),
    sa.Column("since", sa.String(24), nullable=False),
    sa.Column("until", sa.String(24)),
    sa.Column("capture", sa.String(32)),  # as in ``item``
    sa.Index("ix_hole_place", "channel_id", "lo", "seen"),
)
extent = sa.Table(
    "extent",
    metadata,
    sa.Column("idx", _IDX, primary_key=True, autoincrement=False),  # the entry of an export of everybody's messages
    sa.Column("channel_id", sa.String(32), nullable=False),
    # the numbers of its first and its last message, and when those were posted, as far as it says so
    sa.Column("lo", sa.BigInteger, nullable=False),
    sa.Column("hi", sa.BigInteger, nullable=False),
    sa.Column("since", sa.String(24)),
    sa.Column("until", sa.String(24)),
    sa.Index("ix_extent_channel_id", "channel_id"),
)
channel = sa.Table(
    "channel",
    metadata,
    sa.Column("channel", sa.String(64), primary_key=True),
    sa.Column("idx", _IDX, nullable=False),
    sa.Column("mode", sa.String(16), nullable=False),
    sa.Column("access", sa.String(16), nullable=False),
    # of a probe, these three are null, and what the office's account may do there is not
    sa.Column("report_url", sa.Text),
    sa.Column("reported_by", sa.Text),
    sa.Column("reported_on", sa.String(10)),
    sa.Column("reported_as", sa.Text),
    sa.Column("follows", sa.String(64)),  # the channel that it reopens
    sa.Column("channel_id", sa.String(32)),
    sa.Column("expires", sa.String(10)),  # of the legal basis: the last day of the mode
    sa.Column("rights", sa.String(16)),
)
case_file = sa.Table(
    "case_file",
    metadata,
    sa.Column("case_id", sa.String(32), primary_key=True),
    sa.Column("idx", _IDX, nullable=False),
    sa.Column("opened_at", sa.String(24), nullable=False),
    sa.Column("withdrawn_idx", _IDX),  # the newest record of her consent, if it says that she took it back
    sa.Column("withdrawn_at", sa.String(24)),
)
case_item = sa.Table(
    "case_item",
    metadata,
    sa.Column("idx", _IDX, primary_key=True, autoincrement=False),
    sa.Column("case_id", sa.String(32), sa.ForeignKey("case_file.case_id"), nullable=False),
    sa.Column("item_id", sa.String(32), nullable=False),  # also of an item that was erased since
    # set, and not deleted: so every adding and every removal has its row, and an audit without a key can ask for it
    sa.Column("removed_idx", _IDX),
    sa.Index("ix_case_item_place", "case_id", "item_id"),
)
alert = sa.Table(
    "alert",
    metadata,
    sa.Column("idx", _IDX, primary_key=True, autoincrement=False),
    sa.Column("case_id", sa.String(32), sa.ForeignKey("case_file.case_id"), nullable=False),
    sa.Column("item_id", sa.String(32), nullable=False),  # also of an item that was erased since
    sa.Column("raised_at", sa.String(24), nullable=False),
    sa.Column("dismissed_idx", _IDX),
    sa.Index("ix_alert_place", "case_id", "item_id"),
)
frozen = sa.Table(
    "frozen",
    metadata,
    sa.Column("idx", _IDX, primary_key=True, autoincrement=False),
    sa.Column("item_id", sa.String(32), primary_key=True),
    # the place again: whoever watches asks for it without a join, and so does every list; "" once it was erased
    sa.Column("channel_id", sa.String(32), nullable=False),
    sa.Column("message_id", sa.BigInteger),
    sa.Column("frozen_at", sa.String(24), nullable=False),
    sa.Column("lifted_idx", _IDX),
    sa.Index("ix_frozen_item", "item_id"),
    sa.Index("ix_frozen_place", "channel_id", "message_id"),
)
hold = sa.Table(
    "hold",
    metadata,
    sa.Column("idx", _IDX, primary_key=True, autoincrement=False),
    sa.Column("item_id", sa.String(32), primary_key=True),  # "": of all that the case has
    sa.Column("hold_id", sa.String(32), nullable=False),
    sa.Column("case_id", sa.String(32)),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("until", sa.String(24), nullable=False),
    sa.Column("ended_idx", _IDX),
    sa.Index("ix_hold_item_id", "item_id"),
)
tombstone = sa.Table(
    "tombstone",
    metadata,
    sa.Column("idx", _IDX, primary_key=True, autoincrement=False),  # the entry that was erased
    sa.Column("erased_idx", _IDX),  # null: by an entry that this log lost, because an older copy was put back
    sa.Column("item_id", sa.String(32)),  # null: a hole
    # keyed marks: what was erased is known by them when it comes again, and is not kept
    sa.Column("seen", Bytes(32), nullable=False),
    sa.Column("said", Bytes(32)),
    sa.Column("place", Bytes(8)),  # of what may show a child: nothing of its message is fetched again
    sa.Index("ix_tombstone_item_id", "item_id"),
    sa.Index("ix_tombstone_place", "place"),
    sa.Index("ix_tombstone_said", "said"),
    sa.Index("ix_tombstone_seen", "seen"),
)
hash_part = sa.Table(
    "hash_part",
    metadata,
    sa.Column("idx", _IDX, primary_key=True, autoincrement=False),
    sa.Column("case_id", sa.String(32), sa.ForeignKey("case_file.case_id"), nullable=False),
    sa.Column("removed_idx", _IDX),
    sa.Index("ix_hash_part_case_id", "case_id"),
)
authority = sa.Table(
    "authority",
    metadata,
    sa.Column("request", sa.String(32), primary_key=True),
    sa.Column("idx", _IDX, nullable=False),
    sa.Column("what", sa.String(16), nullable=False),
    sa.Column("case_id", sa.String(32)),
    sa.Column("due_at", sa.String(24)),
    sa.Column("approved_idx", _IDX),
    sa.Column("acted_idx", _IDX),
    sa.Column("closed_idx", _IDX),
)
follower = sa.Table(
    "follower",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("position", _IDX, nullable=False),
)
task = sa.Table(
    "task",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("subject", sa.String(128), nullable=False),
    sa.Column("due_at", sa.String(24), nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=False, default=0),
    sa.Column("leased_until", sa.String(24)),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("progress", sa.Text),
    sa.Column("done_at", sa.String(24)),
    sa.Column("state", sa.String(24)),  # null: a note of work that goes on
    sa.Column("owner", sa.Text),
    sa.Column("asked_at", sa.String(24)),
    sa.Column("case_id", sa.String(64)),
    sa.Column("request", sa.String(32)),
    sa.Column("asked", sa.LargeBinary),
    sa.Column("outcome", sa.LargeBinary),
    sa.UniqueConstraint("kind", "subject"),
    sa.Index("ix_task_state", "state", "due_at"),
)

api_key = sa.Table(
    "api_key",
    metadata,
    sa.Column("key_id", sa.String(16), primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("cases", sa.Text),  # null: every case
    sa.Column("created_at", sa.String(24), nullable=False),
    sa.Column("expires_at", sa.String(24)),
    sa.Column("revoked_at", sa.String(24)),
    sa.Column("mac", sa.String(64), nullable=False),
    sa.Column("used_at", sa.String(24)),
)

print_segment = sa.Table(
    "print_segment",
    metadata,
    sa.Column("first", _IDX, primary_key=True, autoincrement=False),
    sa.Column("last", _IDX, nullable=False),
    sa.Column("body", Bytes, nullable=False),
)

PROJECTIONS = (
    item, hole, extent, channel, case_file, case_item, alert, frozen, hold, tombstone, hash_part, authority, tile,
)  # fmt: skip
"""Rebuilt from the log by ``evidence.store.projection`` and ``evidence.custody.append``; a test compares."""
WORK = (follower, task)
"""Not built from the log: how far work has come."""
SNAPSHOTS = (print_segment,)
"""Sealed copies of what sealed rows say, for a quick start: made again where they are missing. What erasure destroys
of an item goes from these too (``evidence.store.erase``)."""
ACCESS = (api_key,)
"""Not built from the log: whose programs may call the API."""


Current = Callable[[], object]
"""Raises if the rows are no longer in this database."""


def sqlite_url(file: Path) -> sa.URL:
    """The SQLAlchemy address of a SQLite file; not as text, which cannot spell a path that is not UTF-8."""
    return sa.URL.create("sqlite", database=str(file))


def existing_url(file: Path, mode: str = "rw", **more: str) -> sa.URL:
    """The SQLAlchemy address of a SQLite file that exists: if it is gone, opening it creates no other."""
    query = {"mode": mode, "uri": "true"} | more
    return sa.URL.create("sqlite", database=f"file:{quote(os.fsencode(file))}", query=query)


def open_engine(url: str | sa.URL, current: Current | None = None) -> sa.Engine:
    """A database engine with the durability that "acknowledged" needs.

    Args:
        current: Called before each view, and inside each turn to write.

    Raises:
        StoreError: The address is none, or its driver is not installed.
    """
    try:
        # A reader keeps one view from its first look on: SQLite's way, and not PostgreSQL's own.
        view: dict[str, Any] = {}
        if (address := sa.make_url(url)).get_backend_name() != "sqlite":
            view = {"isolation_level": "REPEATABLE READ", "connect_args": _kept_alive(address)} | _POOL
        # an error must not carry what was to be written
        engine = sa.create_engine(url, hide_parameters=True, execution_options={"current": current}, **view)
    except ModuleNotFoundError as error:
        raise unusable("store.no_driver", name=str(error.name)) from error
    except (sa.exc.ArgumentError, ValueError):
        raise unusable("store.not_an_address") from None  # those errors quote the address, and so its password
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _sqlite_connect)
        sa.event.listen(engine, "begin", _sqlite_begin)
    elif engine.dialect.name == "postgresql":
        sa.event.listen(engine, "connect", _postgresql_connect)
    return engine


def open_read_only(file: Path) -> sa.Engine:
    """A database engine for a SQLite file that nobody can write to, as on a read-only medium.

    Raises:
        HomeError: A journal lies beside it that cannot be read there.
    """
    # a home that was closed has no journal, and none can come: nobody else can write to it either
    journal = file.with_name(f"{file.name}-wal")
    unchanging = {} if journal.exists() else {"immutable": "1"}
    engine = sa.create_engine(existing_url(file, "ro", **unchanging), hide_parameters=True)
    sa.event.listen(engine, "connect", _read_only_connect)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
    except OperationalError as error:
        engine.dispose()
        if journal.exists():
            raise HomeError("home.journal_left", where=str(journal)) from error
    except DatabaseError:
        engine.dispose()  # whoever reads it is told what is wrong with it
    return engine


def _read_only_connect(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "query_only=ON", f"cache_size=-{_CACHE_BYTES >> 10}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def has_password(address: sa.URL) -> bool:
    """Whether a database's address has a password in it, of an account or of a key.

    These are libpq's ``password`` and ``sslpassword``.
    """
    return address.password is not None or any("password" in name for name in address.query)


def unusable(code: str, **facts: Fact) -> StoreError:
    """An error that says why a database cannot be used."""
    return StoreError(code, **facts)


def _sqlite_connect(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
    connection.isolation_level = None  # we write BEGIN ourselves
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={WAIT_S * 1000}",  # first: turning WAL on can already meet another process
        f"page_size={PAGE_BYTES}",  # before the first page is written; later it has no effect
        "journal_mode=WAL",
        "synchronous=FULL",  # WAL with NORMAL loses acknowledged commits when the power goes
        "foreign_keys=ON",
        "secure_delete=ON",
        "trusted_schema=OFF",
        "cell_size_check=ON",
        f"cache_size=-{_CACHE_BYTES >> 10}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    page_bytes = cursor.execute("PRAGMA page_size").fetchone()[0]
    # every batch of a thousand leaves would else copy the WAL back
    cursor.execute(f"PRAGMA wal_autocheckpoint={_WAL_BYTES // page_bytes}")
    cursor.close()


def _kept_alive(url: sa.URL) -> dict[str, int]:
    """Settings by which the driver notices that the server is gone; those in the address itself prevail."""
    wanted = {f"keepalives_{name}": value for name, value in _KEEPALIVE.items()}
    wanted |= {"tcp_user_timeout": WAIT_S * 1000, "connect_timeout": WAIT_S}  # milliseconds, and seconds
    return {name: value for name, value in wanted.items() if name not in url.query}


def _postgresql_connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's connection
    """Make the server keep what it acknowledges, and notice when we are gone.

    Raises:
        StoreError: The server may lose what it committed.
    """
    connection.autocommit = True  # a setting that is made in a transaction goes with it
    with connection.cursor() as cursor:
        for name in ("fsync", "full_page_writes"):  # the server's alone
            if cursor.execute(f"SHOW {name}").fetchone()[0] != "on":
                raise unusable("store.server_loses", name=name)
        if cursor.execute("SHOW synchronous_commit").fetchone()[0] != "remote_apply":  # which is more than we need
            cursor.execute("SET synchronous_commit = on")
        # a page of rows is read in less time than a second process of the server takes to begin
        cursor.execute("SET max_parallel_workers_per_gather = 0")
        for name, value in _KEEPALIVE.items():
            cursor.execute(f"SET tcp_keepalives_{name} = {value}")
        cursor.execute(f"SET tcp_user_timeout = '{WAIT_S}s'")
    connection.autocommit = False


def _sqlite_begin(connection: sa.Connection) -> None:
    patience = connection.get_execution_options().get("patience")
    if patience is None:
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql("PRAGMA busy_timeout=0")  # while SQLite itself sleeps, nobody can end the wait
    try:
        # IMMEDIATE: a reader that turns writer in the middle would meet SQLITE_BUSY without a retry
        _until_free(patience, lambda _left_s: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={WAIT_S * 1000}")


def _until_free(patience: Patience, attempt: Callable[[float], object]) -> None:
    """Try again while others write, for ``WAIT_S`` seconds or until patience ends; then raise what the last try did.

    Args:
        attempt: Given how many seconds are left.
    """
    until = time.monotonic() + WAIT_S
    while True:
        try:
            attempt(patience.until(until) - time.monotonic())
        except OperationalError as error:
            if not _is_busy(error.orig) or time.monotonic() >= patience.until(until):
                raise
            time.sleep(_POLL_S)
        else:
            return


@contextmanager
def store_errors(where: Where) -> Iterator[None]:
    """Turn the database's own failures into ours.

    Raises:
        StorageFullError: The disk is full.
        HomeBusyError: Others kept writing.
        StoreError: The server does not answer or refuses access, or the database refused anything else.
    """
    try:
        yield
    except DatabaseError as error:
        reason = " ".join(str(error.orig).split())  # a server explains itself in several lines
        if _is_busy(error.orig):
            raise busy(where, WAIT_S) from error
        if server := getattr(error.orig, "pgconn", None):  # the driver's state of a connection that failed
            code = "store.no_password" if server.needs_password else "store.no_connection"
            raise _refused(where, code, system=reason) from None  # the driver's error carries the whole connection
        if _is_unreached(error.orig):
            raise _refused(where, "store.no_connection", system=reason) from None
        if isinstance(error, OperationalError) and any(sign in reason for sign in _FULL):
            raise StorageFullError("storage_full.or_disk_failed", where=where, system=reason) from error
        raise _refused(where, "store.refused", system=reason) from error
    except UnicodeDecodeError as error:  # from the driver, where SQLite's own message quotes a damaged name
        raise _refused(where, "store.schema_damaged") from error


_FULL = ("full", "disk I/O", "No space left on device")
"""What SQLite, and a server in its own words, say of a disk."""


def _is_unreached(error: BaseException | None) -> bool:
    """Whether no server answered: nobody knows its name, it is gone, or it is full of others (SQLSTATE 53300)."""
    state = getattr(error, "sqlstate", "")
    return (state is None and type(error).__name__ == "OperationalError") or state == "53300"


def _is_busy(error: BaseException | None) -> bool:
    """SQLite's busy_timeout ran out, or PostgreSQL's lock_timeout did."""
    name, state = getattr(error, "sqlite_errorname", ""), getattr(error, "sqlstate", "")
    return name.startswith("SQLITE_BUSY") or state == "55P03"


def busy(where: Where, waited_s: float) -> HomeBusyError:
    """Why a writer to the database gave up waiting."""
    return HomeBusyError("home_busy.others_kept_writing", where=where, waited_s=waited_s)


def _refused(where: Where, code: str, **facts: Fact) -> StoreError:
    return StoreError(code, where=where, **facts)


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A consistent view of the database for reading; never committed."""
    _require_current(engine)
    with store_errors(Term("place.database")), engine.connect() as connection:
        connection.begin()
        yield connection


@contextmanager
def glancing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A database connection for one statement that reads: it sees one state by itself.

    A server then is not asked to begin a view and to end it, which ``reading`` waits for as well.
    """
    _require_current(engine)
    single = engine if engine.dialect.name == "sqlite" else engine.execution_options(isolation_level="AUTOCOMMIT")
    with store_errors(Term("place.database")), single.connect() as connection:
        yield connection


@contextmanager
def writing(engine: sa.Engine, patience: Patience | None = None) -> Iterator[sa.Connection]:
    """One database transaction that writes; committed, and on disk, when the block ends without a raise.

    There is one writer at a time, so what the block reads is the newest state until the commit.

    Args:
        patience: Ends the wait for others early, once somebody ends it.

    Raises:
        HomeBusyError: Others wrote for all of ``WAIT_S`` seconds, or until patience ended.
    """
    patience = patience or Patience()
    _require_current(engine)  # first, so that nobody connects to a database that is gone
    with store_errors(Term("place.database")), _writer(engine, patience).connect() as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            _take_writers_lock(connection, patience)
        _require_current(engine)  # again: whoever had the turn before may have moved the rows
        yield connection


def _require_current(engine: sa.Engine) -> None:
    if current := engine.get_execution_options().get("current"):
        current()


def put(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows, and read them back: what a trigger or a rule of the database takes away is not acknowledged.

    Raises:
        StoreError: A row is not there as it was given.
    """
    if not rows:
        return
    names = tuple(column.name for column in table.columns if column.name in rows[0])
    if odd := rows[0].keys() - set(names):
        raise ValueError(f"{table.name} has no column {min(odd)}")
    keys = tuple(column.name for column in table.primary_key)
    given = [tuple(row[name] for name in names) for row in rows]
    _insert(connection, table, names, given)
    found = _found(connection, table, names, keys, rows)
    if given != found and (lost := set(given).difference(found)):  # in another order, or beside others, they are there
        gone = dict(zip(names, min(lost, key=str), strict=True))
        raise StoreError(
            "store.row_lost",
            where=Term("place.key_of_row", name=table.name, key=" ".join(str(gone[name]) for name in keys)),
        )


def _insert(connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: list[tuple[object, ...]]) -> None:
    """Hand the rows to the driver as they are: what SQLAlchemy does with each costs as much as SQLite itself."""
    text = _insertion(table, names, connection.dialect)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(text, tuple(map(list, zip(*rows, strict=True))))
    else:
        connection.exec_driver_sql(text, rows)


@functools.lru_cache(maxsize=64)
def _insertion(table: sa.Table, names: Sequence[str], dialect: sa.Dialect) -> str:
    """The statement that adds rows, their columns in the table's order, in the driver's own words."""
    text = str(sa.insert(table).compile(dialect=dialect, column_keys=list(names)))
    if dialect.name != "postgresql":
        return text
    # a column at a time, since each row would be a message to the server; without a length, at which a cast would cut
    types = [table.c[name].type.compile(dialect).partition("(")[0] for name in names]
    columns = ", ".join(f"%b::{each}[]" for each in types)
    return text.partition(" VALUES ")[0] + f" SELECT * FROM unnest({columns})"  # noqa: S608 - types alone


def _found(
    connection: sa.Connection,
    table: sa.Table,
    names: Sequence[str],
    keys: Sequence[str],
    rows: Sequence[Mapping[str, object]],
) -> list[tuple[object, ...]]:
    """What is kept of these columns at the keys of these rows, as the driver gives it, in the order of the keys."""
    if keys[0] == "idx":  # a span, since they follow one another
        at: dict[str, object] = {"first": rows[0]["idx"], "last": rows[-1]["idx"]}
    else:
        at = {"keys": [tuple(row[name] for name in keys) for row in rows]}
    with closing(connection.execute(_finding(table, names, keys), at)) as result:
        return list(result.cursor.fetchall())


@functools.lru_cache(maxsize=64)
def _finding(table: sa.Table, names: Sequence[str], keys: Sequence[str]) -> sa.Select[Any]:
    """Built once for a table: to build it takes longer than to run it."""
    if keys[0] == "idx":
        there = table.c.idx.between(sa.bindparam("first"), sa.bindparam("last"))
    else:
        there = sa.tuple_(*(table.c[key] for key in keys)).in_(sa.bindparam("keys", expanding=True))
    return sa.select(*(table.c[name] for name in names)).where(there).order_by(*(table.c[key] for key in keys))


def _writer(engine: sa.Engine, patience: Patience) -> sa.Engine:
    if engine.dialect.name == "sqlite":
        return engine.execution_options(writes=True, patience=patience)
    # A view from before the lock was had would be an old one: each statement takes its own, and the lock makes
    # them agree.
    return engine.execution_options(isolation_level="READ COMMITTED")


def _take_writers_lock(connection: sa.Connection, patience: Patience) -> None:
    """Wait for the lock of all writers; it is kept until the transaction has ended."""

    def attempt(left_s: float) -> None:
        with connection.begin_nested():  # a wait in vain would else end the transaction
            wait_ms = max(min(left_s, SLICE_S) * 1000, 1)  # 0 would be for ever
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {wait_ms:.0f}")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")

    _until_free(patience, attempt)
    # a machine that lost its network says nothing more: the server ends its transaction, and so its turn
    connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = {SILENT_S * 1000:.0f}")


def require_version(connection: sa.Connection) -> None:
    """Check that the database is of this program's version.

    Raises:
        SchemaVersionError: It is older, newer or no database of ours.
    """
    if not sa.inspect(connection).has_table("alembic_version"):
        raise SchemaVersionError("schema_version.not_ours", expected=SCHEMA_VERSION)
    rows = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars().all()
    found = rows[0] if len(rows) == 1 else ", ".join(map(str, rows)) or None
    if found in _OLDER:
        raise SchemaVersionError("schema_version.older_pre_release", expected=SCHEMA_VERSION, found=str(found))
    if found != SCHEMA_VERSION:
        raise SchemaVersionError("schema_version.another", expected=SCHEMA_VERSION, found=str(found))
