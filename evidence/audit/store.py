"""Audits ciphertexts and headers and, with the casework key, records and rows in clear.

Each leaf is read once with its rows, for every check that looks at them; a check says what it found there when it
is its turn.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa

from config.errors import Fact, Term
from evidence.audit.log import HEADERS_LEVEL, AuditInput, RecordReader, failed
from evidence.canonical import sha256_hex, sha256_hex_of
from evidence.custody.event import read_record
from evidence.custody.resealed import RESEALED, Resealed, read_resealed
from evidence.errors import EvidenceError, ObjectMissingError
from evidence.finding import Finding, Verdict
from evidence.log.leaf import Leaf, parse_leaf
from evidence.seal.age import parse_header, split_file
from evidence.seal.envelopes import open_whole
from evidence.store import database
from evidence.store.database import reading, store_errors
from evidence.store.projection import Placed, project, row_differences
from evidence.store.stored import stored_bytes

_CHUNK = 512
_HASHES = "hashes"
_ROWS = (_HASHES, "media_header", "prints", "record", RESEALED)
_IN_ROW = "media"
"""A payload that is small enough lies in a row of this name, and is then no object."""
_NO_ENVELOPE = frozenset({_IN_ROW, RESEALED})

_Look = Callable[[int, Leaf, Mapping[str, bytes]], Iterable[Finding]]
"""What one check finds at a leaf (its index, itself, and its rows by name)."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the checks found at the leaves, by check.

    Attributes:
        broken: What ended the reading before the last leaf; None when all were read.
    """

    found: Mapping[str, list[Finding]]
    broken: EvidenceError | None


@dataclass(frozen=True, slots=True)
class DestroyedParts:
    """The entries whose sealed parts an audit must not find.

    Attributes:
        hashes: Those whose hashes were destroyed with their list.
        erased: Those of which nothing sealed may be left.
    """

    hashes: frozenset[int] = frozenset()
    erased: frozenset[int] = frozenset()


class StoreAudit:
    """Compares what the leaves name with what is kept.

    Args:
        media: Leaf index by object address, from the pass over the leaves.
        size: Number of leaves.
        present: Addresses of the settled objects, listed before the database was first read.
        gone: Which entries lost what was sealed, as later entries say.

    Attributes:
        compared: Whether ``records`` ran to its end, so that every row in clear was compared.
    """

    def __init__(
        self,
        connection: sa.Connection,
        audit_input: AuditInput,
        *,
        media: Mapping[str, int],
        size: int,
        present: frozenset[str],
        gone: "DestroyedParts | None" = None,
    ) -> None:
        self._connection = connection
        self._input = audit_input
        self._media = media
        self._size = size
        self._present = present
        self._removed = gone.hashes if gone else frozenset[int]()
        self._erased = gone.erased if gone else frozenset[int]()
        self._rebuilt = _Rebuilt(audit_input.reader) if audit_input.reader else None
        self.compared = False

    def close(self) -> None:
        """Let go of what was made again in memory."""
        if self._rebuilt is not None:
            self._rebuilt.close()

    def rows(self) -> Iterable[Finding]:
        """Check that every sealed row is there and hashes to its leaf, and that there are no others."""
        yield from self._found_at_leaves("sealed.rows")
        yield from self._rows_without_leaf()

    def _found_at_leaves(self, check_id: str) -> Iterator[Finding]:
        yield from self._at_leaves.found[check_id]
        if self._at_leaves.broken:
            raise self._at_leaves.broken

    @cached_property
    def _resealed(self) -> Resealed:
        return read_resealed(self._connection)

    @cached_property
    def _at_leaves(self) -> _Seen:
        """Read every leaf with its rows, once, and have each check of the level look at them."""
        looks: dict[str, _Look] = {"sealed.rows": self._other_rows}
        if self._input.level >= HEADERS_LEVEL:
            looks["sealed.headers"] = _malformed_headers
            if self._rebuilt:
                looks["records.rows"] = self._rebuilt.look
        found: dict[str, list[Finding]] = {check_id: [] for check_id in looks}
        try:
            with store_errors(Term("place.database")):
                for index, leaf, rows in self._leaves_with_rows():
                    for check_id, look in looks.items():
                        found[check_id] += look(index, leaf, rows)
        except EvidenceError as error:
            return _Seen(found, error)
        return _Seen(found, None)

    def _other_rows(self, index: int, leaf: Leaf, rows: Mapping[str, bytes]) -> Iterator[Finding]:
        if index in self._erased:
            for name in sorted(rows):
                yield failed("sealed.rows", _row(name, index), "sealed.rows.erased_and_there")
            return
        for name in _ROWS:
            gone = name == _HASHES and index in self._removed
            expected, body = None if gone else self._resealed.expected(index, name, leaf), rows.get(name)
            found = None if body is None else sha256_hex(body)
            if expected != found:
                yield _other_row(name, index, self._item_at(index), expected, found)
        if _IN_ROW in rows and sha256_hex(rows[_IN_ROW]) != leaf.sealed.get(_IN_ROW):
            yield _other_small_object(index, leaf.sealed.get(_IN_ROW), sha256_hex(rows[_IN_ROW]))
        for name in sorted(rows.keys() - {*_ROWS, _IN_ROW}):
            yield failed("sealed.rows", _row(str(name), index), "sealed.rows.unknown_name")

    def _rows_without_leaf(self) -> Iterable[Finding]:
        table = database.sealed
        for index, name in self._connection.execute(sa.select(table.c.idx, table.c.name)):
            if type(index) is not int or not 0 <= index < self._size:
                yield failed("sealed.rows", _row(str(name), index), "sealed.rows.without_leaf")

    def _leaves_with_rows(self) -> Iterator[tuple[int, Leaf, dict[str, bytes]]]:
        """Every readable leaf with its rows by name; a body that is not bytes counts as empty."""
        event, sealed = database.event, database.sealed
        for first in range(0, self._size, _CHUNK):
            span = (first, first + _CHUNK - 1)
            rows: dict[int, dict[str, bytes]] = {}
            for row in self._connection.execute(sa.select(sealed).where(sealed.c.idx.between(*span))):
                # empty: it hashes to no leaf and has no header, so every check finds it
                rows.setdefault(row.idx, {})[str(row.name)] = row.body if isinstance(row.body, bytes) else b""
            for row in self._connection.execute(
                sa.select(event).where(event.c.idx.between(*span)).order_by(event.c.idx)
            ):
                try:
                    leaf = parse_leaf(stored_bytes(row.leaf, where=Term("place.leaf", index=row.idx)))
                except EvidenceError:
                    continue  # reported by log.leaves
                yield row.idx, leaf, rows.get(row.idx, {})

    def objects(self) -> Iterable[Finding]:
        """Check that every payload outside the rows is an object that hashes to its address, and no other is there."""
        in_rows = self._in_rows()
        erased = {address for address, index in self._media.items() if index in self._erased}
        expected = {
            address: index for address, index in self._media.items() if index not in in_rows and address not in erased
        }
        for path in self._input.objects.strangers():
            yield failed("objects.bytes", str(path), "objects.bytes.not_ours")
        for address in sorted(self._present & erased):
            where = Term("place.object", address=address)
            # undecided: nobody can open it, and whoever writes next removes it where the store allows that
            yield Finding("objects.bytes", Verdict.INDETERMINATE, "objects.bytes.erased_and_there", {"where": where})
        for address in sorted(self._present - expected.keys() - erased):
            yield failed(
                "objects.bytes",
                Term("place.object", address=address),
                "objects.bytes.lies_in_a_row" if address in self._media else "objects.bytes.not_in_log",
            )
        for address, index in expected.items():
            try:
                found = sha256_hex_of(self._input.objects.read(address))
            except ObjectMissingError:
                if not self._is_erased_since(index):
                    yield self._gone(address, index)
                continue
            if found != address:
                where = _object(address, index)
                yield failed("objects.bytes", where, "objects.bytes.changed", expected=address, found=found)

    def _is_erased_since(self, index: int) -> bool:
        """Whether an entry was erased while this audit ran, by an entry that is not audited: the next audit is."""
        stone = database.tombstone.c
        since = sa.select(stone.idx).where(stone.idx == index, stone.erased_idx >= self._size)
        with reading(self._input.engine) as now:
            return now.execute(since).first() is not None

    def _gone(self, address: str, index: int) -> Finding:
        """Report a lost payload with its item; the finding is undecided where the same was sealed again."""
        item = database.item
        seen = self._connection.execute(sa.select(item.c.seen).where(item.c.idx == index)).scalar_one_or_none()
        if seen is None:
            return failed("objects.bytes", _object(address, index), "objects.bytes.gone_without_item")
        facts: dict[str, Fact] = {"address": address, "index": index, **self._item_at(index)}
        again = sa.select(item.c.idx, item.c.payload_sha256).where(item.c.seen == seen, item.c.idx > index)
        for later in self._connection.execute(again.order_by(item.c.idx)):
            if later.payload_sha256 in self._present or later.idx in self._in_rows():
                facts |= {"again": later.idx}
                return Finding("objects.bytes", Verdict.INDETERMINATE, "objects.bytes.sealed_again", facts)
        return Finding("objects.bytes", Verdict.FAILED, "objects.bytes.gone", facts)

    def _item_at(self, index: int) -> Mapping[str, Fact]:
        """The item at a leaf as its row in clear names it; hyphens for an entry that is not an item."""
        table = database.item.c
        row = self._connection.execute(
            sa.select(table.item_id, table.channel_id, table.message_id).where(table.idx == index)
        ).one_or_none()
        named = ("-" if value is None else str(value) for value in row or (None, None, None))
        return dict(zip(("item", "channel", "message"), named, strict=True))

    def _in_rows(self) -> set[object]:
        """Indexes of the leaves whose payload lies in a row."""
        table = database.sealed
        return set(self._connection.execute(sa.select(table.c.idx).where(table.c.name == _IN_ROW)).scalars())

    def headers(self) -> Iterable[Finding]:
        """Check that every envelope begins with a header that age can read."""
        return self._found_at_leaves("sealed.headers")

    def records(self) -> Iterable[Finding]:
        """Check that every record opens its leaf, and that the rows in clear follow from the records."""
        if self._rebuilt is None:
            return
        yield from self._found_at_leaves("records.rows")
        yield from self._rebuilt.other_rows(self._connection)
        self.compared = True


class _Rebuilt:
    """The rows in clear, made again from the records in a database in memory."""

    def __init__(self, reader: RecordReader) -> None:
        self._reader = reader
        # no foreign keys: one record that cannot be opened hides no other row
        self._scratch = sa.create_engine("sqlite://")
        self._rows = self._scratch.connect()
        database.metadata.create_all(self._rows)

    def close(self) -> None:
        """Let go of the database, in the thread that has it: SQLite lets no other one close it."""
        self._rows.close()
        self._scratch.dispose()

    def look(self, index: int, leaf: Leaf, rows: Mapping[str, bytes]) -> Iterator[Finding]:
        """Open the record of a leaf, and add the rows that follow from it."""
        if "record" not in rows:
            return
        try:
            record = read_record(open_whole(rows["record"], identities=(self._reader.casework,)), leaf)
            placed = Placed(index, leaf.event_id, leaf.type, record.values, leaf.sealed.get("media"))
            with store_errors(Term("place.rows", index=index)):
                project(self._rows, [placed], self._reader.seen)
        except EvidenceError as error:
            yield failed("records.rows", _row("record", index), "records.rows.unreadable", cause=error)

    def other_rows(self, kept: sa.Connection) -> Iterator[Finding]:
        """Every row in clear that does not follow from the records, or is missing."""
        for table, row in row_differences(kept, self._rows):
            yield failed("records.rows", Term("place.key_of_row", name=table, key=row), "records.rows.differ")


def _malformed_headers(index: int, _leaf: Leaf, rows: Mapping[str, bytes]) -> Iterator[Finding]:
    for name, body in ((name, body) for name, body in rows.items() if name not in _NO_ENVELOPE):
        try:
            parse_header(body if name == "media_header" else split_file(body)[0])
        except EvidenceError as error:
            yield failed("sealed.headers", _row(name, index), "sealed.headers.malformed", cause=error)


def _other_row(name: str, index: int, item: Mapping[str, Fact], expected: str | None, found: str | None) -> Finding:
    facts: dict[str, Fact] = {"name": name, "index": index, **item}
    if found is None:
        return Finding("sealed.rows", Verdict.FAILED, "sealed.rows.missing", {**facts, "expected": expected or ""})
    if expected is None:
        return Finding("sealed.rows", Verdict.FAILED, "sealed.rows.added", {**facts, "found": found})
    facts |= {"expected": expected, "found": found}
    return Finding("sealed.rows", Verdict.FAILED, "sealed.rows.changed", facts)


def _other_small_object(index: int, expected: str | None, found: str) -> Finding:
    where = _row(_IN_ROW, index)
    if expected is None:
        return failed("sealed.rows", where, "sealed.rows.small_object_added", found=found)
    return failed("sealed.rows", where, "sealed.rows.small_object_changed", expected=expected, found=found)


def _row(name: str, index: object) -> Term:
    return Term("place.row", name=name, index=str(index))


def _object(address: str, index: int) -> Term:
    return Term("place.object_of_leaf", address=address, index=index)
