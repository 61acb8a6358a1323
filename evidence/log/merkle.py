"""Merkle tree hashes and proofs of the custody log (RFC 9162, section 2.1, with SHA-256).

Pure functions over bytes: no database, no clock, no logging, so that the offline verifier
runs the same lines as the server. A hash is 32 bytes. Entries are counted from 0. Nothing
here looks into an entry. Tiles, which make proofs quickly, are in ``tiles``.
"""

import hashlib
from collections.abc import Sequence

from evidence.errors import ConsistencyProofError, InclusionProofError

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()
"""The root of the tree without entries (2.1.1)."""


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of one entry of a Merkle tree: SHA-256(0x00 | entry) (2.1.1)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees of a Merkle tree: SHA-256(0x01 | left | right) (2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def join(subtrees: Sequence[bytes]) -> bytes:
    """The hash over complete subtrees of a Merkle tree that lie side by side, each smaller than the one before."""
    if not subtrees:
        return EMPTY_ROOT
    *before, joined = subtrees
    for left in reversed(before):
        joined = node_hash(left, joined)
    return joined


def verify_inclusion(*, leaf: bytes, index: int, tree_size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check that ``leaf`` is entry ``index`` of the tree with this ``root`` (2.1.3.2).

    Args:
        leaf: The entry itself, not its hash.
        index: Its place, from 0.
        tree_size: Number of entries, from the same checkpoint as ``root``.
        path: Sibling hashes from the leaf up.
        root: Root hash from a checkpoint whose signature was verified before.

    Raises:
        InclusionProofError: The index lies outside the tree, or the path is too long, too short
            or leads elsewhere.
    """
    if not 0 <= index < tree_size:
        raise InclusionProofError("inclusion_proof.not_in_this_tree", index=index, tree_size=tree_size)
    inner, border = _steps(index, tree_size)
    if len(path) != inner + border or any(len(sibling) != HASH_BYTES for sibling in path):
        raise InclusionProofError(
            "inclusion_proof.path_does_not_fit",
            index=index,
            needed=inner + border,
            hash_bytes=HASH_BYTES,
            given=len(path),
        )
    reached = leaf_hash(leaf)
    for height, sibling in enumerate(path[:inner]):
        reached = node_hash(sibling, reached) if index >> height & 1 else node_hash(reached, sibling)
    for sibling in path[inner:]:
        reached = node_hash(sibling, reached)
    if reached != root:
        raise InclusionProofError(
            "inclusion_proof.another_root", index=index, tree_size=tree_size, expected=root.hex(), found=reached.hex()
        )


def verify_consistency(
    *, old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Check that the new tree begins with every entry of the old one, unchanged (2.1.4.2).

    The RFC leaves two cases without a proof. Here both need an empty path: equal sizes, whose
    roots must be equal; and an old size of 0, whose root must be that of the empty tree.

    Args:
        old_size: Entries in the older tree.
        old_root: Its root hash, from a checkpoint whose signature was verified before.
        new_size: Entries in the newer tree.
        new_root: Its root hash, from another such checkpoint.
        path: The nodes that both, or the newer alone, are built from, from the leaves up.

    Raises:
        ConsistencyProofError: The log went back, a size and a root do not belong together, or the
            path is too long, too short or leads elsewhere.
    """
    if not 0 <= old_size <= new_size:
        raise ConsistencyProofError("consistency_proof.tree_went_back", old_size=old_size, new_size=new_size)
    _require_empty_root(old_size, old_root)
    _require_empty_root(new_size, new_root)
    if old_size in (0, new_size):
        if path or (old_size == new_size and old_root != new_root):
            raise ConsistencyProofError(
                "consistency_proof.one_size_two_trees",
                old_size=old_size,
                new_size=new_size,
                old_root=old_root.hex(),
                length=len(path),
                new_root=new_root.hex(),
            )
        return
    _require_path(old_size, new_size, path)
    old, new = _roots_from_path(old_size, old_root, new_size, path)
    if (old, new) != (old_root, new_root):
        raise ConsistencyProofError(
            "consistency_proof.forked",
            old_size=old_size,
            new_size=new_size,
            old_root=old_root.hex(),
            new_root=new_root.hex(),
            old=old.hex(),
            new=new.hex(),
        )


def _require_empty_root(size: int, root: bytes) -> None:
    if size == 0 and root != EMPTY_ROOT:
        raise ConsistencyProofError("consistency_proof.another_empty_root", expected=EMPTY_ROOT.hex(), found=root.hex())


def _require_path(old_size: int, new_size: int, path: Sequence[bytes]) -> None:
    inner, border = _steps(old_size - 1, new_size)
    length = inner - _trailing_ones(old_size - 1) + border + (not _is_power_of_two(old_size))
    if len(path) != length or any(len(node) != HASH_BYTES for node in path):
        raise ConsistencyProofError(
            "consistency_proof.path_does_not_fit",
            old_size=old_size,
            new_size=new_size,
            needed=length,
            hash_bytes=HASH_BYTES,
            given=len(path),
        )


def _roots_from_path(old_size: int, old_root: bytes, new_size: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Both roots that a path of the right length leads to, for ``0 < old_size < new_size``.

    The walk starts at the largest complete subtree that ends the old tree. A node to the left
    of the walk belongs to both trees, one to the right to the new tree only.
    """
    last = old_size - 1
    start = _trailing_ones(last)  # height of that subtree
    inner, _ = _steps(last, new_size)
    # a complete old tree is itself that subtree, and its root is known: the path leaves it out
    first, *nodes = (old_root, *path) if _is_power_of_two(old_size) else path
    old = new = first
    for height, node in enumerate(nodes, start):
        if height >= inner or last >> height & 1:
            old, new = node_hash(node, old), node_hash(node, new)
        else:
            new = node_hash(new, node)
    return old, new


def _steps(index: int, tree_size: int) -> tuple[int, int]:
    """How many siblings an entry's path has below, and how many above, the meeting with the right border.

    Below, a sibling stands at every height, on the side that the bit of the index gives. Above, the
    path runs along the border, where all siblings stand to the left: one for each one-bit left.
    """
    inner = (index ^ (tree_size - 1)).bit_length()
    return inner, (index >> inner).bit_count()


def _trailing_ones(number: int) -> int:
    return (~number & (number + 1)).bit_length() - 1


def _is_power_of_two(number: int) -> bool:
    return number.bit_count() == 1
