"""Each check of what is kept passes on one message and one file, and fails when one row or object is wrong."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence.audit.log import AuditInput, LogAudit, RecordReader
from evidence.audit.store import _CHUNK, StoreAudit
from evidence.canonical import sha256_hex
from evidence.errors import StoreError
from evidence.finding import Finding
from evidence.log.note import VerifierKey
from evidence.objects.local import LocalObjects
from evidence.seal.recipients import HybridIdentity, generate_identity
from evidence.store.database import open_engine, reading, sqlite_url, writing
from evidence.store.payload import ROW_BYTES
from tests.evidence.fingerprint.pictures import encoded, image
from tests.evidence.intake.live import file_of, live, message
from tests.evidence.log.ledger import CASEWORK, KEY, ORIGIN, SEEN

MESSAGE, FILE = 0, 1
"""Their leaves: the message's payload is small and lies in a row, the file's is an object."""
ROWS = [
    (MESSAGE, "media"),
    (MESSAGE, "media_header"),
    (MESSAGE, "record"),
    (FILE, "media_header"),
    (FILE, "prints"),
    (FILE, "record"),
]


@dataclass(frozen=True)
class DamagedStore:
    """A copy that a test may damage."""

    engine: sa.Engine
    objects: LocalObjects

    def find(self, check: str, reader: HybridIdentity | None = None) -> list[tuple[str, str]]:
        """Where and what a check finds; the item that a place also names in brackets is left out."""
        return [(each.where.partition(" (")[0], each.code) for each in self.run(check, reader)[0]]

    def run(
        self, check: str, reader: HybridIdentity | None = None, present: frozenset[str] | None = None
    ) -> tuple[list[Finding], bool]:
        """The findings of a check, and whether every row in clear was compared."""
        known = self.known(reader)
        listed = frozenset(self.objects.addresses()) if present is None else present
        with reading(self.engine) as connection:
            log = LogAudit(connection, known, lambda _more: None)
            list(log.leaves())
            store = StoreAudit(connection, known, media=log.media, size=log.size, present=listed)
            return list(getattr(store, check)()), store.compared

    def known(self, reader: HybridIdentity | None) -> AuditInput:
        opener = RecordReader(reader, SEEN) if reader else None
        key = VerifierKey(ORIGIN, KEY.public_key().public_bytes_raw())
        return AuditInput(self.engine, self.objects, key, {}, reader=opener)

    def change(self, statement: str, *values: object) -> None:
        with writing(self.engine) as connection:
            changed = connection.exec_driver_sql(statement, values)
            assert changed.rowcount > 0, "nothing was damaged"

    def body(self, index: int, name: str) -> bytes:
        with reading(self.engine) as connection:
            row = "SELECT body FROM sealed WHERE idx = ? AND name = ?"
            return bytes(connection.exec_driver_sql(row, (index, name)).scalar_one())

    def put(self, index: int, name: str, body: object) -> None:
        self.change("UPDATE sealed SET body = ? WHERE idx = ? AND name = ?", body, index, name)

    def object(self) -> tuple[str, Path]:
        """The one object, writable."""
        [address] = self.objects.addresses()
        path = self.objects.path(address)
        path.chmod(0o600)
        return address, path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    picture = encoded(image(width=40, height=30), "PNG")
    with live(folder) as source:
        source.keep(message(1), file_of(message(1), picture + bytes(ROW_BYTES)))
        source.ledger.engine.dispose()
    return folder


@pytest.fixture
def store(whole: Path, tmp_path: Path) -> Iterator[DamagedStore]:
    shutil.copytree(whole, tmp_path / "copy")
    engine = open_engine(sqlite_url(tmp_path / "copy" / "log.db"))
    yield DamagedStore(engine, LocalObjects(tmp_path / "copy" / "objects"))
    engine.dispose()


@pytest.mark.parametrize("check", ["rows", "objects", "headers", "records"])
def test_a_whole_store_has_no_findings(store: DamagedStore, check: str) -> None:
    assert store.find(check, CASEWORK) == []
    with reading(store.engine) as connection:
        rows = connection.exec_driver_sql("SELECT idx, name FROM sealed ORDER BY idx, name").all()
    assert [tuple(row) for row in rows] == ROWS
    assert len(list(store.objects.addresses())) == 1


def test_the_leaves_are_read_once_for_every_check_that_looks_at_them(store: DamagedStore) -> None:
    read: list[str] = []
    store.put(MESSAGE, "record", b"x")
    with reading(store.engine) as connection:
        audited = StoreAudit(connection, store.known(CASEWORK), media={}, size=2, present=frozenset())
        sa.event.listen(
            connection, "before_cursor_execute", lambda _c, _cursor, statement, *_more: read.append(statement)
        )
        found = [each.code for check in (audited.rows, audited.headers, audited.records) for each in check()]
    assert found == [
        "sealed.rows.changed",
        "sealed.headers.malformed",
        "records.rows.unreadable",
        "records.rows.differ",
    ]
    assert [statement for statement in read if "FROM event" in statement] == read[1:2]


def test_every_check_says_that_the_rows_could_not_be_read_to_the_end(store: DamagedStore) -> None:
    store.put(MESSAGE, "record", b"x")
    found: dict[str, list[str]] = {check: [] for check in ("rows", "headers", "records")}
    with reading(store.engine) as connection:
        audited = StoreAudit(connection, store.known(CASEWORK), media={}, size=_CHUNK + 1, present=frozenset())

        @sa.event.listens_for(connection, "before_cursor_execute", retval=True)
        def miss(_c: object, _cursor: object, statement: str, given: object, *_more: object) -> tuple[str, object]:
            return (statement.replace("FROM event", "FROM gone") if _CHUNK in given else statement), given  # type: ignore[operator]

        for check, codes in found.items():
            with pytest.raises(StoreError, match="no such table: gone"):
                codes += [each.code for each in getattr(audited, check)()]
    assert not audited.compared


# Sealed rows


@pytest.mark.parametrize(("index", "name"), ROWS)
def test_a_sealed_row_that_changed_is_named(store: DamagedStore, index: int, name: str) -> None:
    body = store.body(index, name)
    code = "sealed.rows.small_object_changed" if name == "media" else "sealed.rows.changed"
    for other in (body[:-1] + bytes([body[-1] ^ 1]), body[:-1], body + b"\0", b"", "text"):
        store.put(index, name, other)
        assert store.find("rows") == [(f"{name} of leaf {index}", code)]
    store.put(index, name, body)
    assert store.find("rows") == []


@pytest.mark.parametrize(("index", "name"), ROWS)
def test_a_sealed_row_that_is_missing_is_named(store: DamagedStore, index: int, name: str) -> None:
    store.change("DELETE FROM sealed WHERE idx = ? AND name = ?", index, name)
    if name == "media":  # a small payload that is in no row has to be an object
        assert store.find("rows") == []
        [(_where, code)] = store.find("objects")
        assert code == "objects.bytes.gone"
    else:
        assert store.find("rows") == [(f"{name} of leaf {index}", "sealed.rows.missing")]


@pytest.mark.parametrize(
    ("index", "name", "where", "code"),
    [
        (MESSAGE, "prints", "prints of leaf 0", "sealed.rows.added"),
        (FILE, "media", "media of leaf 1", "sealed.rows.small_object_changed"),
        (FILE, "notes", "notes of leaf 1", "sealed.rows.unknown_name"),
        (2, "record", "record of leaf 2", "sealed.rows.without_leaf"),
        (-1, "record", "record of leaf -1", "sealed.rows.without_leaf"),
    ],
)
def test_a_sealed_row_that_no_leaf_names_is_named(
    store: DamagedStore, index: int, name: str, where: str, code: str
) -> None:
    store.change("INSERT INTO sealed VALUES (?, ?, ?)", index, name, b"x")
    assert store.find("rows") == [(where, code)]


def test_two_rows_that_changed_places_are_both_named(store: DamagedStore) -> None:
    first, second = store.body(MESSAGE, "record"), store.body(FILE, "record")
    store.put(MESSAGE, "record", second)
    store.put(FILE, "record", first)
    assert [where for where, _code in store.find("rows")] == ["record of leaf 0", "record of leaf 1"]


# Objects


def test_an_object_with_any_other_bytes_is_named_with_its_leaf(store: DamagedStore) -> None:
    address, path = store.object()
    body = path.read_bytes()
    for other in (body[:-1], body + b"\0", b"", bytes([body[0] ^ 1]) + body[1:]):
        path.write_bytes(other)
        assert store.find("objects") == [(f"object {address} of leaf 1", "objects.bytes.changed")]
    path.write_bytes(body)
    assert store.find("objects") == []


def test_objects_that_are_missing_or_unknown_are_found(store: DamagedStore) -> None:
    address, path = store.object()
    other = store.objects.path("00" * 32)
    other.parent.mkdir(exist_ok=True)
    path.rename(other)
    assert store.find("objects") == [
        (f"object {'00' * 32}", "objects.bytes.not_in_log"),
        (f"object {address} of leaf 1", "objects.bytes.gone"),
    ]


def test_what_lies_among_the_objects_and_cannot_be_one_is_named(store: DamagedStore) -> None:
    _address, path = store.object()
    stranger = path.parent / "notes.txt"
    stranger.write_bytes(b"x")
    assert store.find("objects") == [(str(stranger), "objects.bytes.not_ours")]


def test_a_small_payload_is_a_row_or_an_object_and_never_both(store: DamagedStore) -> None:
    body = store.body(MESSAGE, "media")
    address = sha256_hex(body)
    path = store.objects.path(address)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(body)
    [doubled] = store.run("objects")[0]
    assert (doubled.where, doubled.code) == (f"object {address}", "objects.bytes.lies_in_a_row")
    store.change("DELETE FROM sealed WHERE idx = ? AND name = 'media'", MESSAGE)
    assert store.find("objects") == []
    path.unlink()
    assert store.find("objects") == [(f"object {address} of leaf 0", "objects.bytes.gone")]


def test_an_object_that_came_after_the_listing_is_no_finding(store: DamagedStore) -> None:
    present = frozenset(store.objects.addresses())
    late = store.objects.path("00" * 32)
    late.parent.mkdir(exist_ok=True)
    late.write_bytes(b"of a writer that logs it after this view of the log")
    assert store.run("objects", present=present)[0] == []
    assert store.find("objects") == [(f"object {'00' * 32}", "objects.bytes.not_in_log")]


# Headers


@pytest.mark.parametrize(("index", "name"), [row for row in ROWS if row[1] != "media"])
def test_an_envelope_without_a_readable_header_is_named(store: DamagedStore, index: int, name: str) -> None:
    body = store.body(index, name)
    for other in (b"", b"age-encryption.org/v2" + body[21:], body[:60], b"\xff" + body[1:]):
        store.put(index, name, other)
        assert store.find("headers") == [(f"{name} of leaf {index}", "sealed.headers.malformed")]
    store.put(index, name, body)
    assert store.find("headers") == []


def test_a_payload_has_its_header_in_a_row_of_its_own(store: DamagedStore) -> None:
    store.put(MESSAGE, "media", b"no header at all")
    assert store.find("headers") == []
    assert [where for where, _code in store.find("rows")] == ["media of leaf 0"]


# Records


def test_without_the_casework_key_no_record_is_compared_and_nobody_says_so(store: DamagedStore) -> None:
    store.put(MESSAGE, "record", b"x")
    assert store.run("records") == ([], False)
    assert store.run("records", CASEWORK)[1]


def test_a_record_that_another_key_opens_is_not_opened(store: DamagedStore) -> None:
    unreadable = [(f"record of leaf {index}", "records.rows.unreadable") for index in (MESSAGE, FILE)]
    assert store.find("records", generate_identity())[:2] == unreadable


def test_a_whole_record_of_another_leaf_does_not_open_this_one(store: DamagedStore) -> None:
    store.put(MESSAGE, "record", store.body(FILE, "record"))
    assert store.find("records", CASEWORK)[0] == ("record of leaf 0", "records.rows.unreadable")


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("UPDATE item SET message_id = 9 WHERE idx = 0", ["item 0"]),
        ("UPDATE item SET seen = x'00' WHERE idx = 1", ["item 1"]),
        ("UPDATE item SET channel_id = '43'", ["item 0", "item 1"]),
        ("DELETE FROM item WHERE idx = 1", ["item 1"]),
        ("INSERT INTO case_file VALUES ('case-1', 0, '', NULL, NULL)", ["case_file case-1"]),
    ],
)
def test_a_row_in_clear_that_does_not_follow_from_the_records_is_named(
    store: DamagedStore, statement: str, rows: list[str]
) -> None:
    store.change(statement)
    assert store.find("records", CASEWORK) == [(row, "records.rows.differ") for row in rows]


def test_a_record_that_cannot_be_opened_hides_no_other_row(store: DamagedStore) -> None:
    store.put(MESSAGE, "record", b"x")
    store.change("UPDATE item SET message_id = 9 WHERE idx = 1")
    findings, compared = store.run("records", CASEWORK)
    assert [(each.where, each.code) for each in findings] == [
        ("record of leaf 0", "records.rows.unreadable"),
        ("item 0", "records.rows.differ"),
        ("item 1", "records.rows.differ"),
    ]
    assert compared


def test_a_leaf_that_does_not_read_is_left_to_the_check_of_the_leaves(store: DamagedStore) -> None:
    store.change("UPDATE event SET leaf = ? WHERE idx = 0", b"{}")
    assert store.find("headers") == []
    assert store.find("rows") == []
    store.put(FILE, "record", b"x")
    assert store.find("rows") == [("record of leaf 1", "sealed.rows.changed")]
