"""Audits the custody log: leaves, tiles, checkpoints and tokens. It needs no secret key."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from config.errors import Fact, Term, Where
from evidence.canonical import sha256_hex
from evidence.custody.pins import InUse
from evidence.errors import CheckpointError, EvidenceError, LeafError, LogError, NoteError, StoreError, TileError
from evidence.finding import Finding, Verdict
from evidence.log.leaf import Leaf, named_entries, parse_leaf
from evidence.log.merkle import HASH_BYTES, leaf_hash
from evidence.log.note import Checkpoint, VerifierKey, open_checkpoint, open_kept_checkpoint
from evidence.log.schema import NO_TOKEN
from evidence.log.tiles import TILE, grow, tree_root
from evidence.objects.port import Objects
from evidence.seal.age import Identity
from evidence.stamp.certificate import AnyCertificate
from evidence.stamp.token import verify_token
from evidence.store import database
from evidence.store.erase import ERASABLE
from evidence.store.marks import SeenKey
from evidence.store.stored import stored_bytes, stored_int
from evidence.times import MAX_SKEW, format_time, parse_time

BYTES_LEVEL = 2
HEADERS_LEVEL = 3
_CHUNK = 512
_ERASED = "erased"
_MOST_LEVEL = 7
"""A tile of level 8 would stand for more leaves than an index can number."""


@dataclass(frozen=True, slots=True)
class RecordReader:
    """What a casework key adds to an audit."""

    casework: Identity = field(repr=False)
    seen: SeenKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class AuditInput:
    """What is audited, and what the caller knows from elsewhere.

    Attributes:
        roots: Trusted roots by the name of the time-stamp office.
        signed: The newest checkpoint that was signed, from beside the log key; None when the file is not there.
        against: Checkpoints from outside, as whoever kept them has them.
        reader: With the casework key: compare records and rows.
        keys: Whether the keys' folder is there, so that a missing ``signed`` was taken away.
        in_use: What the home would use of what the log pins.
        graves: What a file beside the keys says was erased, by entry: SHA-256 of its leaf, lower hex.
        asked: Over how many entries a time stamp was last asked for, if it is known: later ones wait for the beat.
    """

    engine: sa.Engine
    objects: Objects
    key: VerifierKey
    roots: Mapping[str, Sequence[AnyCertificate]]
    level: int = HEADERS_LEVEL
    signed: bytes | None = None
    against: Sequence[bytes] = ()
    reader: RecordReader | None = None
    keys: bool = False
    asked: int | None = None
    in_use: Sequence[InUse] = ()
    graves: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """What a leaf says of the row in clear that follows from it.

    Attributes:
        media: Address of its object, if it has one.
        entries: What it names as destroyed.
    """

    event_id: str
    type: str
    media: str | None
    entries: frozenset[int] = frozenset()


def failed(check_id: str, where: Where, code: str, **facts: Fact) -> Finding:
    """The audit's finding of a failed check, with its code and facts."""
    return Finding(check_id, Verdict.FAILED, code, {"where": where, **facts})


def damage(check_id: str, where: Where, error: EvidenceError) -> Finding:
    """The audit's finding of the damage that ``error`` reports."""
    return Finding(check_id, Verdict.FAILED, "audit.damage", {"where": where, "cause": error})


class _Memory:
    """Tiles in memory, rebuilt from the leaves."""

    def __init__(self) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}

    def tile(self, *, level: int, n: int) -> bytes:
        try:
            return self.tiles[level, n]
        except KeyError as error:
            raise TileError("tile.not_rebuilt", level=level, n=n) from error


class LogAudit:
    """Reads every leaf once and compares everything that follows from the leaves.

    Attributes:
        size: Number of leaves, after ``leaves`` ran to its end.
        media: Leaf index by object address, after ``leaves`` ran to its end.
        places: By leaf index, every leaf but anchors that could be read, after ``leaves`` ran to its end.
    """

    def __init__(self, connection: sa.Connection, audit_input: AuditInput, progress: Callable[[int], object]) -> None:
        self._connection = connection
        self._input = audit_input
        self._progress = progress
        self._tree = _Memory()
        self._hashes: list[bytes] = []
        self._anchors: dict[int, Leaf] = {}
        self.media: dict[str, int] = {}
        self.places: dict[int, Place] = {}
        self._news = 0
        self.size = 0

    def integrity(self) -> Iterable[Finding]:
        """Ask the database that is audited to check its own pages."""
        if self._connection.dialect.name != "sqlite":
            return
        for row in self._connection.exec_driver_sql("PRAGMA integrity_check(20)"):
            if row[0] != "ok":
                yield failed(
                    "database.integrity", Term("place.database"), "database.integrity.not_ok", system=str(row[0])[:200]
                )

    def leaves(self) -> Iterable[Finding]:
        """Check that every leaf parses, is of this log, in its place, and names the newest token before it."""
        newest = NO_TOKEN
        for index, data in self._each_leaf():
            where = Term("place.leaf", index=index)
            try:
                leaf = parse_leaf(stored_bytes(data, where=where))
                self._require_place(leaf, newest)
                entries = named_entries(leaf)
            except EvidenceError as error:
                yield damage("log.leaves", where, error)
                continue
            if leaf.type == "anchor":
                newest = leaf.public["token_sha256"]
                self._anchors[index] = leaf
            else:
                self._news = index + 1
                self.places[index] = Place(leaf.event_id, leaf.type, leaf.sealed.get("media"), entries)
            if media := leaf.sealed.get("media"):
                self.media[media] = index

    def removed_hashes(self) -> frozenset[int]:
        """The entries with hashes of a list that a later entry says were destroyed."""
        named = ((index, entry) for index, place in self.places.items() for entry in place.entries)
        return frozenset(
            entry
            for index, entry in named
            if self.places[index].type == "hashes_removed"
            and entry < index
            and entry in self.places
            and self.places[entry].type == "hashes_added"
        )

    def erased_entries(self) -> Mapping[int, int]:
        """The entries that later entries say were erased, and which entry says so of each."""
        return {
            entry: index
            for index, place in sorted(self.places.items())
            if place.type == _ERASED
            for entry in place.entries
            if entry < index and entry in self.places and self.places[entry].type in ERASABLE
        }

    def _each_leaf(self) -> Iterator[tuple[int, object]]:
        """Every leaf in order; hashes and tiles are collected on the way."""
        table = database.event
        rows = self._connection.execution_options(yield_per=_CHUNK).execute(
            sa.select(table.c.idx, table.c.leaf).order_by(table.c.idx)
        )
        for part in rows.partitions():
            hashes: list[bytes] = []
            for index, data in part:
                if index != self.size + len(hashes):
                    raise LeafError("leaf.missing", index=self.size + len(hashes), found=index)
                hashes.append(leaf_hash(data if isinstance(data, bytes) else b""))  # no leaf hashes as if empty
                yield index, data
            self._tree.tiles |= grow(self._tree, size=self.size, leaf_hashes=hashes)
            self.size += len(hashes)
            self._progress(len(hashes))

    def _require_place(self, leaf: Leaf, newest: str) -> None:
        if leaf.log != self._input.key.name:
            raise LeafError("leaf.of_another_log", expected=self._input.key.name, found=leaf.log[:80])
        if leaf.after != newest:
            raise LeafError("leaf.names_another_token", expected=newest, found=leaf.after)

    def tiles(self) -> Iterable[Finding]:
        """Check that the tiles are those of the leaves: none is missing and none is added."""
        table = database.tile
        kept: dict[tuple[int, int], bytes] = {}
        for row in self._connection.execute(sa.select(table.c.level, table.c.n, table.c.hashes)):
            where = Term("place.tile", level=str(row.level), n=str(row.n))
            try:
                level, n = stored_int(row.level, where=where, most=_MOST_LEVEL), stored_int(row.n, where=where)
                kept[level, n] = stored_bytes(row.hashes, where=where)
            except StoreError as error:
                yield damage("log.tiles", where, error)
        for level, n in sorted(kept.keys() | self._tree.tiles.keys()):
            ours, theirs = self._tree.tiles.get((level, n)), kept.get((level, n))
            if ours != theirs:
                yield self._tile_finding(level, n, ours or b"", theirs or b"")

    def _tile_finding(self, level: int, n: int, ours: bytes, theirs: bytes) -> Finding:
        at = (
            next((at for at in range(max(len(ours), len(theirs))) if ours[at : at + 1] != theirs[at : at + 1]), 0)
            // HASH_BYTES
        )
        index = (n * TILE + at) * TILE**level
        where = Term("place.tile", level=level, n=n)
        if not self._leaf_is_proven(index):
            where = Term("place.leaves_or_tile" if level else "place.leaf_or_tile", index=index, tile=where)
        return failed("log.tiles", where, "log.tiles.other_hashes")

    def _leaf_is_proven(self, index: int) -> bool:
        """Whether a rightly signed checkpoint above ``index`` has the root that the leaves give."""
        return any(
            checkpoint.size > index and self._root(checkpoint.size) == checkpoint.root
            for checkpoint in self._good_checkpoints()
        )

    def _good_checkpoints(self) -> Iterator[Checkpoint]:
        for _size, note in self._notes():
            try:
                checkpoint = open_checkpoint(note, key=self._input.key)
            except LogError:
                continue  # reported by log.checkpoints
            if checkpoint.size <= self.size:
                yield checkpoint

    def _notes(self) -> Iterator[tuple[int, bytes]]:
        """Every row that can be a checkpoint; the others are reported by log.checkpoints."""
        for row in self._checkpoint_rows():
            if type(row.size) is int and isinstance(row.note, bytes):
                yield row.size, row.note

    def _checkpoint_rows(self) -> Iterable[sa.Row[Any]]:
        table = database.checkpoint
        return self._connection.execute(sa.select(table).order_by(table.c.size)).all()

    def _root(self, size: int) -> bytes:
        return tree_root(self._tree, size=size)

    def checkpoints(self) -> Iterable[Finding]:
        """Check that every checkpoint is signed by the log key and has the root of the leaves."""
        for row in self._checkpoint_rows():
            where = Term("place.checkpoint", size=str(row.size))
            try:
                checkpoint = open_checkpoint(stored_bytes(row.note, where=where), key=self._input.key)
                if checkpoint.size != row.size:
                    raise CheckpointError("checkpoint.another_size", expected=checkpoint.size, found=row.size)
                if row.cosigned is not None:
                    raise CheckpointError("checkpoint.cosigned")
                self._require_held(checkpoint)
            except EvidenceError as error:
                yield damage("log.checkpoints", where, error)
        kept = self._digests()
        for index, leaf in self._anchors.items():
            if (digest := leaf.public["checkpoint_sha256"]) not in kept:
                where = Term("place.checkpoint_of_token", index=index)
                yield failed("log.checkpoints", where, "log.checkpoints.no_row", expected=digest)

    def _digests(self) -> Mapping[str, int]:
        """Size by SHA-256 of every row that can be a checkpoint."""
        return {sha256_hex(note): size for size, note in self._notes()}

    def _require_held(self, checkpoint: Checkpoint) -> None:
        if checkpoint.size > self.size:
            raise CheckpointError("checkpoint.log_shorter", size=checkpoint.size, found=self.size)
        if self._root(checkpoint.size) != checkpoint.root:
            raise CheckpointError("checkpoint.another_root", size=checkpoint.size)

    def tokens(self) -> Iterable[Finding]:
        """Check that every anchor has the logged token and reply, for its checkpoint, and that none goes back."""
        table = database.token
        rows = {row.idx: row for row in self._connection.execute(sa.select(table))}
        notes = self._digests()
        for index in sorted(rows.keys() - self._anchors.keys(), key=str):
            yield failed("log.tokens", _token(index), "log.tokens.no_anchor")
        for index, leaf in self._anchors.items():
            if index not in rows:
                yield failed("log.tokens", _token(index), "log.tokens.no_row")
                continue
            try:
                self._require_token(leaf, rows[index], notes)
            except EvidenceError as error:
                yield damage("log.tokens", _token(index), error)
        yield from self._older_anchors(notes)

    def _older_anchors(self, notes: Mapping[str, int]) -> Iterable[Finding]:
        """Every anchor of a smaller checkpoint, or of an earlier time, than one before it."""
        largest, newest = 0, None
        for index, leaf in self._anchors.items():
            where, size = _token(index), notes.get(leaf.public["checkpoint_sha256"], largest)
            gen_time = parse_time(leaf.public["gen_time"])
            if size < largest:
                yield failed("log.tokens", where, "log.tokens.smaller_checkpoint", expected=largest, size=size)
            if newest and newest > gen_time + MAX_SKEW:
                yield failed(
                    "log.tokens",
                    where,
                    "log.tokens.earlier_time",
                    expected=format_time(newest),
                    gen_time=format_time(gen_time),
                )
            largest, newest = max(largest, size), max(newest or gen_time, gen_time)

    def _require_token(self, leaf: Leaf, row: sa.Row[Any], notes: Mapping[str, int]) -> None:
        public, where = leaf.public, _token(row.idx)
        token, reply = stored_bytes(row.token, where=where), stored_bytes(row.reply, where=where)
        for name, body in (("token_sha256", token), ("reply_sha256", reply)):
            if sha256_hex(body) != public[name]:
                raise CheckpointError("checkpoint.other_bytes", name=name, public=public[name])
        if notes.get(public["checkpoint_sha256"]) != row.size:
            raise CheckpointError("checkpoint.stamped_missing", expected=public["checkpoint_sha256"])
        roots = self._input.roots.get(public["office"], ())
        info = verify_token(token=token, sha256=bytes.fromhex(public["checkpoint_sha256"]), roots=roots)
        if format_time(info.gen_time) != public["gen_time"]:
            raise CheckpointError("checkpoint.another_time", expected=public["gen_time"])

    def anchored(self) -> Iterable[Finding]:
        """Check that the newest checkpoint with news for which a stamp was due is stamped."""
        newest = max((size for size, _note in self._notes()), default=0)
        news = min(newest, self._news, newest if self._input.asked is None else self._input.asked)
        facts: dict[str, Fact] = {"stamped": (stamped := self._stamped())}
        if stamped >= news > 0:
            facts |= {"later": self.size - stamped}
            return [Finding("log.anchored", Verdict.PASSED, "log.anchored.newer_entries", facts)]
        return [Finding("log.anchored", Verdict.INDETERMINATE, "log.anchored.not_stamped", facts)]

    def _stamped(self) -> int:
        """How many entries the largest checkpoint has whose token the log names and the database keeps."""
        table, notes = database.token, self._digests()
        rows = self._connection.execute(sa.select(table.c.idx, table.c.token))
        kept = {row.idx: sha256_hex(row.token) for row in rows if isinstance(row.token, bytes)}
        named = (leaf.public for index, leaf in self._anchors.items() if kept.get(index) == leaf.public["token_sha256"])
        return max((notes.get(public["checkpoint_sha256"], 0) for public in named), default=0)

    def signed(self) -> Iterable[Finding]:
        """Check that the log holds the checkpoint that was signed last; if nobody can know it, decide nothing.

        Raises:
            LogError: It is not signed by the log key, or the log is shorter or has another root.
        """
        if (signed := self._input.signed) is not None:
            self._require_signed_held(open_checkpoint, signed)
            if (digest := sha256_hex(signed)) not in self._digests():
                # undecided: it is written before its row, so its writer may be just at it, or was killed there
                yield Finding("log.signed", Verdict.INDETERMINATE, "log.signed.no_row", {"expected": digest})
        elif not self._input.keys:
            yield Finding("log.signed", Verdict.INDETERMINATE, "log.signed.no_keys")
        elif self._anchors or self._checkpoint_rows():  # it is written before either, so it was there
            yield failed("log.signed", "log.signed", "log.signed.missing")

    def against(self) -> None:
        """Check that the log holds every checkpoint from outside.

        Raises:
            LogError: One is not signed by the log key, or the log is shorter or has another root.
        """
        for note in self._input.against:
            self._require_signed_held(open_kept_checkpoint, note)

    def _require_signed_held(self, read: Callable[..., Checkpoint], note: bytes) -> None:
        try:
            checkpoint = read(note, key=self._input.key)
        except NoteError as error:
            raise CheckpointError("checkpoint.not_of_this_log", cause=error) from error
        self._require_held(checkpoint)


def _token(index: object) -> Term:
    return Term("place.token", index=str(index))
