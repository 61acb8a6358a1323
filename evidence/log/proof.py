"""The proof that one entry is in the log, as a file of its own (C2SP tlog-proof).

    c2sp.org/tlog-proof@v1
    index 4711
    <sibling hash, base64>      from the leaf up, one line each
                                a blank line
    <the checkpoint file, unchanged>

The optional ``extra`` line is refused: nothing authenticates it, and nothing here writes it.
Pure: bytes in, values out. Shared with the offline verifier.
"""

import base64
from dataclasses import dataclass
from typing import Self

from evidence.errors import InclusionProofError, NoteError
from evidence.log.merkle import HASH_BYTES, verify_inclusion
from evidence.log.note import MAX_SIZE, Checkpoint, VerifierKey, open_checkpoint, parse_decimal, parse_hash

_HEADER = "c2sp.org/tlog-proof@v1"
_INDEX = "index "
_MAX_PATH = MAX_SIZE.bit_length()


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A proof file, read but not verified.

    Attributes:
        index: The entry's place in the log, from 0.
        path: Sibling hashes from the leaf up, 32 bytes each.
        checkpoint: The checkpoint file, byte for byte.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.index < MAX_SIZE:
            raise InclusionProofError("inclusion_proof.index_out_of_range", limit=MAX_SIZE - 1, found=str(self.index))
        if len(self.path) > _MAX_PATH or any(len(sibling) != HASH_BYTES for sibling in self.path):
            raise InclusionProofError(
                "inclusion_proof.not_a_path",
                index=self.index,
                limit=_MAX_PATH,
                hash_bytes=HASH_BYTES,
                length=len(self.path),
            )

    def encode(self) -> bytes:
        """The bytes of the proof file."""
        hashes = [base64.b64encode(sibling).decode("ascii") for sibling in self.path]
        return "\n".join([_HEADER, f"{_INDEX}{self.index}", *hashes, "", ""]).encode("ascii") + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a proof file; the checkpoint in it is not looked at.

        Raises:
            InclusionProofError: Not a proof file, or not in its one spelling.
        """
        head, blank, checkpoint = data.partition(b"\n\n")
        if not blank:
            raise InclusionProofError("inclusion_proof.no_checkpoint")
        try:
            header, index, *hashes = head.decode("ascii").split("\n")
        except ValueError as error:
            raise InclusionProofError("inclusion_proof.no_header") from error
        if header != _HEADER or not index.startswith(_INDEX):
            raise InclusionProofError(
                "inclusion_proof.not_a_proof", header=_HEADER, begins=header[:40], index=index[:40]
            )
        try:
            return cls(
                parse_decimal(index.removeprefix(_INDEX)), tuple(parse_hash(line) for line in hashes), checkpoint
            )
        except NoteError as error:
            raise InclusionProofError("inclusion_proof.malformed", cause=error) from error


def verify_proof(proof: bytes, *, leaf: bytes, key: VerifierKey) -> Checkpoint:
    """Check that ``leaf`` is in the log of ``key``, at the index that the proof file names.

    The caller must still check what the entry says, and when the checkpoint was stamped.

    Returns:
        The checkpoint that proves it.

    Raises:
        InclusionProofError: The file is malformed, or its path leads elsewhere.
        NoteError: The checkpoint in it is malformed or not signed by ``key``.
        CheckpointError: It is rightly signed, but not a checkpoint of this log.
    """
    read = TlogProof.parse(proof)
    checkpoint = open_checkpoint(read.checkpoint, key=key)
    verify_inclusion(leaf=leaf, index=read.index, tree_size=checkpoint.size, path=read.path, root=checkpoint.root)
    return checkpoint
