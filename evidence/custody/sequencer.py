"""Writes to a log, in turn with others: gives events their place, and signs checkpoints that never go back.

Whatever depends on the state of the log (places, the newest token, what is known) is read inside the turn.
``append`` is acknowledged when it returns: leaves, sealed rows, tiles and projections are in
one committed transaction. The newest signed checkpoint is also kept beside the log key, so
that a database that was put back to an older state is refused before anything is signed.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from config import oplog
from config.errors import Term
from evidence.canonical import sha256_hex
from evidence.custody.append import TileRows, append, tree_size
from evidence.custody.event import Draft, Prepared, prepare
from evidence.custody.pins import SealingTo
from evidence.custody.turn import Turn
from evidence.errors import CheckpointError, NoteError
from evidence.log.leaf import parse_leaf
from evidence.log.note import Checkpoint, VerifierKey, open_checkpoint, sign_checkpoint
from evidence.log.schema import NO_TOKEN
from evidence.log.tiles import tree_root
from evidence.objects.durable import replace_file
from evidence.store import database
from evidence.store.database import put, reading
from evidence.store.marks import SeenKey
from evidence.store.projection import Placed, project, require_projected
from evidence.store.stored import stored_bytes, stored_int

Also = Callable[[sa.Connection, Sequence[Placed]], None]
Choose = Callable[[sa.Connection], Sequence[Prepared]]


class Sequencer:
    """Appends to one log and signs it.

    Args:
        key: The log key; its verifier key's name is ``origin``.
        sealing_to: Recipient of every record, and what else this writer seals to; compared in each turn.
        signed: File beside the log key with the newest checkpoint that was signed.

    Attributes:
        take: Takes the turn, for what is written beside the log.
        patience: Ends every wait for others early, once somebody ends it.
        unsigned: Whether this writer may have logged what no checkpoint that it signed covers.
    """

    def __init__(
        self,
        *,
        turn: Turn,
        origin: str,
        key: Ed25519PrivateKey,
        sealing_to: SealingTo,
        seen: SeenKey,
        signed: Path,
    ) -> None:
        self._turn = turn
        self.take = turn.take
        self.patience = turn.patience
        self._key = key
        self._seen = seen
        self._signed = signed
        self._sealing_to = sealing_to
        self.unsigned = False
        self.origin = origin
        self.verifier_key = VerifierKey(origin, key.public_key().public_bytes_raw())

    def append(self, drafts: Sequence[Draft], also: Also | None = None) -> list[Placed]:
        """Log the drafts in order; on return their events are on disk.

        Args:
            also: Writes more in the same transaction; sees the events with their places.
        """
        prepared = self.prepare(drafts)
        return self.turn(lambda _connection: prepared, also)

    def prepare(self, drafts: Sequence[Draft]) -> list[Prepared]:
        """Commit to the drafts and seal their records, while others may have the turn."""
        return [prepare(draft, origin=self.origin, casework=self._sealing_to.casework) for draft in drafts]

    def turn(self, choose: Choose, also: Also | None = None) -> list[Placed]:
        """Log the events that ``choose`` gives, in order; on return they are on disk.

        Args:
            choose: Called inside the turn, so nobody else writes until all is committed: ask here, and not
                before, what depends on the log's state. May give fewer events than were prepared, or none.
            also: Writes more in the same transaction; sees the events with their places.

        Raises:
            HomeError: A key that this writer seals to was changed since it began.
        """
        began = time.monotonic()
        with self._turn.take() as connection:
            self._sealing_to.require(connection)  # first: nobody could open what was sealed to a key before
            events = choose(connection)
            self.unsigned |= bool(events)  # before the commit, which may be done and reported as failed
            first = append(connection, events, after=newest_token(connection))
            placed = [_placed(idx, event) for idx, event in enumerate(events, start=first)]
            project(connection, placed, self._seen)
            require_projected(connection, placed)
            if also:
                also(connection, placed)
        if placed:
            oplog.note("batch_committed", first=placed[0].idx, count=len(placed), duration_s=time.monotonic() - began)
        return placed

    def logged_objects(self) -> frozenset[str]:
        """The address of every object that a leaf names; a writer that died before this call adds none."""
        with self._turn.take():
            pass  # what a dead writer's database connection was still committing is done now, or never will be
        table = database.event
        with reading(self._turn.engine) as connection:
            leaves = connection.execution_options(yield_per=512).execute(sa.select(table.c.leaf)).scalars()
            media = (parse_leaf(bytes(leaf)).sealed.get("media") for leaf in leaves)
            return frozenset(address for address in media if address)

    def require_growth(self) -> None:
        """Check that the log holds the checkpoint that was signed last; before anything is written.

        Its row is put back where it is missing: who signed it may have been killed before the commit.

        Raises:
            CheckpointError: The log is behind, or forks from, that checkpoint; or it cannot be read.
        """
        with self._turn.take() as connection:
            self.require_grown(connection)

    def checkpoint(self) -> bytes:
        """Sign a checkpoint of the tree as it is now, unless there is one already, and return its note.

        Raises:
            CheckpointError: The log is behind, or forks from, a checkpoint that was signed before.
        """
        with self._turn.take() as connection:
            self.require_grown(connection)
            size = tree_size(connection)
            note = newest_checkpoint(connection)
            signed = note is not None and open_checkpoint(note, key=self.verifier_key).size == size
            if note is None or not signed:
                note = self._sign(connection, size)
        self.unsigned = False
        if not signed:
            oplog.note("checkpoint_signed", size=size, checkpoint_sha256=sha256_hex(note))
        return note

    def sign(self) -> None:
        """Leave nothing of this writer's unsigned.

        Raises:
            CheckpointError: As ``checkpoint``.
            HomeBusyError: Others kept writing; what was logged is kept, and whoever writes next signs it too.
        """
        if self.unsigned:
            self.checkpoint()

    def _sign(self, connection: sa.Connection, size: int) -> bytes:
        root = tree_root(TileRows(connection), size=size)
        note = sign_checkpoint(Checkpoint(self.origin, size, root), key=self._key)
        replace_file(self._signed, note)  # before the row is committed: what was signed is never forgotten
        put(connection, database.checkpoint, [{"size": size, "note": note}])
        return note

    def require_grown(self, connection: sa.Connection) -> None:
        """Like ``require_growth``, for a caller that has the turn or reads a copy of the log."""
        note = self._last_signed(connection)
        if note is None:
            return
        last, size = open_checkpoint(note, key=self.verifier_key), tree_size(connection)
        if last.size > size:
            raise CheckpointError("checkpoint.log_behind", size=last.size, found=size)
        if tree_root(TileRows(connection), size=last.size) != last.root:
            raise CheckpointError("checkpoint.log_forks", size=last.size)
        if connection.execute(_HAS_SIZE, {"at": last.size}).scalar() is None:
            put(connection, database.checkpoint, [{"size": last.size, "note": note}])

    def _last_signed(self, connection: sa.Connection) -> bytes | None:
        """The checkpoint beside the log key; None for a log that never had one."""
        try:
            note = self._signed.read_bytes()
            open_checkpoint(note, key=self.verifier_key)
        except FileNotFoundError as error:
            # it is written before the database's own row, so a row proves that it was there
            if newest_checkpoint(connection) is None:
                return None
            raise CheckpointError("checkpoint.signed_last_missing", where=str(self._signed)) from error
        except NoteError as error:
            raise CheckpointError("checkpoint.signed_last_unusable", cause=error, where=str(self._signed)) from error
        return note


def _placed(idx: int, event: Prepared) -> Placed:
    return Placed(idx, event.event_id, event.type, event.values, event.payload_sha256)


_NEWEST_LEAF = sa.select(database.event.c.idx, database.event.c.leaf).order_by(database.event.c.idx.desc()).limit(1)
_CHECKPOINTS = database.checkpoint.c
_NEWEST_NOTE = sa.select(_CHECKPOINTS.size, _CHECKPOINTS.note).order_by(_CHECKPOINTS.size.desc()).limit(1)
_HAS_SIZE = sa.select(_CHECKPOINTS.size).where(_CHECKPOINTS.size == sa.bindparam("at"))


def newest_token(connection: sa.Connection) -> str:
    """What the next event will name: lower hex SHA-256 of the newest logged token, 64 zeros before the first.

    The last entry says it. Rows of ``token`` are not asked: one that no entry names must not get into new entries,
    and one that is lost must not bring them back to an older token.

    Raises:
        StoreError: The row of the last entry holds something other than bytes.
        LeafError: That entry cannot be read.
    """
    row = connection.execute(_NEWEST_LEAF).one_or_none()
    if row is None:
        return NO_TOKEN
    last = parse_leaf(stored_bytes(row.leaf, where=Term("place.leaf", index=row.idx)))
    return last.public["token_sha256"] if last.type == "anchor" else last.after


def newest_checkpoint(connection: sa.Connection) -> bytes | None:
    """The note of the newest checkpoint that was signed, if there is one.

    Raises:
        StoreError: The row holds something other than bytes.
    """
    row = connection.execute(_NEWEST_NOTE).one_or_none()
    return None if row is None else stored_bytes(row.note, where=Term("place.checkpoint", size=row.size))


def unsigned_tail(connection: sa.Connection) -> int:
    """How many of the newest written leaves are unsigned: somebody still writes, or was stopped.

    Raises:
        StoreError: A size is no number.
    """
    table = database.checkpoint
    newest = connection.execute(sa.select(sa.func.max(table.c.size))).scalar()
    return tree_size(connection) - (
        0 if newest is None else stored_int(newest, where=Term("place.table", name="checkpoint"))
    )
