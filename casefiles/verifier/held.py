"""What an outsider holds of a log, another bundle or a checkpoint, compared with a bundle.

Whoever keeps a log can sign two histories with one key, and hand one to each of two receivers: each bundle passes
by itself. Two receivers who compare find it, if not today then with the next pair. What one of them holds needs no
trust: a signature by the log's key binds the log, whoever passes it on. Where the two are of different sizes and
neither holds the proof that the larger continues the smaller, nothing is decided, and the office must give it.

Standard library and cryptography only.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from casefiles.errors import UndecidedError, VerificationError
from casefiles.format import layout
from casefiles.format.entries import EarlierStamp, ShownEntry, read_entries, read_stamps
from casefiles.format.zip import read_container
from evidence.errors import LogError
from evidence.log.merkle import verify_consistency, verify_inclusion
from evidence.log.note import Checkpoint, VerifierKey, open_checkpoint, open_kept_checkpoint

_ZIP = b"PK"


@dataclass(frozen=True, slots=True)
class HeldFile:
    """What the file of an outsider has of a log, before anything of it was checked.

    Attributes:
        note: The checkpoint, or a bundle's final one.
        stamps: Of a bundle, its earlier checkpoints.
        entries: Of a bundle, the entries that it shows.
    """

    note: bytes
    stamps: tuple[EarlierStamp, ...] = ()
    entries: tuple[ShownEntry, ...] = ()

    @property
    def notes(self) -> tuple[bytes, ...]:
        """Every checkpoint in the file that somebody holds."""
        return (*(stamp.checkpoint for stamp in self.stamps), self.note)


@dataclass(frozen=True, slots=True)
class HeldLog:
    """Checkpoints that the log's key signed, of one history, and leaves that lie under them.

    Attributes:
        checkpoints: Ascending by size; each is a beginning of the last.
        leaves: By index.
    """

    checkpoints: Sequence[Checkpoint]
    leaves: Mapping[int, bytes]


def read_held(data: bytes) -> HeldFile:
    """Read what an outsider holds to compare with a bundle: another bundle, or anything else as a checkpoint.

    Raises:
        VerificationError: It begins as a bundle and is none.
    """
    if not data.startswith(_ZIP):
        return HeldFile(data)
    members = read_container(io.BytesIO(data))
    layout.require_members(members)
    stamps, entries = read_stamps([members[layout.STAMPS]]), read_entries(members[layout.ENTRIES])
    return HeldFile(members[layout.CHECKPOINT], tuple(stamps), tuple(entries))


def open_held(file: HeldFile, *, key: VerifierKey) -> HeldLog:
    """Check what an outsider holds to compare with a bundle: signatures, one history, entries under it.

    Raises:
        VerificationError: It is not of the log of ``key``, or does not hold by itself.
    """
    try:
        final = open_kept_checkpoint(file.note, key=key)
        earlier = [_earlier(stamp, final, key) for stamp in file.stamps]
        for entry in file.entries:
            verify_inclusion(leaf=entry.leaf, index=entry.index, tree_size=final.size, path=entry.path, root=final.root)
    except LogError as error:
        raise VerificationError("verification.held_is_not_of_this_log", cause=error, expected=str(key)) from error
    return HeldLog((*earlier, final), {entry.index: entry.leaf for entry in file.entries})


def _earlier(stamp: EarlierStamp, final: Checkpoint, key: VerifierKey) -> Checkpoint:
    old = open_checkpoint(stamp.checkpoint, key=key)
    verify_consistency(
        old_size=old.size, old_root=old.root, new_size=final.size, new_root=final.root, path=stamp.consistency
    )
    return old


def require_one_history(ours: HeldLog, theirs: HeldLog) -> None:
    """As a check of a bundle: whoever else holds something of the log holds the same log.

    1. Checkpoints of one size have one root.
    2. Entries of one index are one leaf.
    3. The newest checkpoint of one side is among those of the other, each of which is a beginning of the newest there.

    Raises:
        VerificationError: The log shows two histories.
        UndecidedError: Neither side holds the proof that the larger checkpoint continues the smaller.
    """
    # (1) roots
    roots = {checkpoint.size: checkpoint.root for checkpoint in ours.checkpoints}
    for checkpoint in theirs.checkpoints:
        if roots.get(checkpoint.size, checkpoint.root) != checkpoint.root:
            raise VerificationError("verification.two_roots", size=checkpoint.size)
    # (2) leaves
    for index in sorted(ours.leaves.keys() & theirs.leaves.keys()):
        if ours.leaves[index] != theirs.leaves[index]:
            raise VerificationError("verification.two_leaves", index=index)
    # (3) the smaller within the larger
    older, newer = sorted((ours, theirs), key=lambda held: held.checkpoints[-1].size)
    size = older.checkpoints[-1].size
    if size not in [checkpoint.size for checkpoint in newer.checkpoints]:
        raise UndecidedError("undecided.no_consistency", size=size, larger=newer.checkpoints[-1].size)
