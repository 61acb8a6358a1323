"""The definitions of RFC 9162, section 2.1, as written there: slow, recursive, plainly right.

Trees are lists of leaf hashes. What is clever in ``evidence.log`` is compared with these.
"""

import hashlib
from collections.abc import Sequence

from evidence.errors import TileError


def mth(leaves: Sequence[bytes]) -> bytes:
    """Merkle Tree Hash (2.1.1)."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D_n) (2.1.3.1)."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def proof(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PROOF(m, D_n) (2.1.4.1)."""
    return subproof(m, leaves, known=True)


def subproof(m: int, leaves: Sequence[bytes], *, known: bool) -> list[bytes]:
    """SUBPROOF(m, D_n, b) (2.1.4.1)."""
    if m == len(leaves):
        return [] if known else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], known=known), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], known=False), mth(leaves[:k])]


def inclusion_holds(leaf: bytes, index: int, size: int, nodes: Sequence[bytes], root: bytes) -> bool:
    """The verification steps of 2.1.3.2, one by one."""
    if index >= size:
        return False
    fn, sn = index, size - 1
    r = hashlib.sha256(b"\x00" + leaf).digest()
    for p in nodes:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = hashlib.sha256(b"\x01" + p + r).digest()
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = hashlib.sha256(b"\x01" + r + p).digest()
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def consistency_holds(first: int, first_root: bytes, second: int, second_root: bytes, nodes: Sequence[bytes]) -> bool:
    """The verification steps of 2.1.4.2, one by one, for 0 < first < second."""
    if not nodes:
        return False
    if first & (first - 1) == 0:
        nodes = [first_root, *nodes]
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = nodes[0]
    for c in nodes[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr = hashlib.sha256(b"\x01" + c + fr).digest()
            sr = hashlib.sha256(b"\x01" + c + sr).digest()
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = hashlib.sha256(b"\x01" + sr + c).digest()
        fn, sn = fn >> 1, sn >> 1
    return fr == first_root and sr == second_root and sn == 0


def split(n: int) -> int:
    """The largest power of two smaller than n."""
    return 1 << (n - 1).bit_length() - 1


def entry(number: int) -> bytes:
    """A small entry unlike every other."""
    return b"entry %d" % number


def leaf_hashes(count: int) -> list[bytes]:
    """The leaf hashes of the first entries."""
    return [hashlib.sha256(b"\x00" + entry(number)).digest() for number in range(count)]


def tiles_by_definition(leaves: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    """Every tile of the tree: the formula in C2SP tlog-tiles, "Merkle Tree"."""
    tiles: dict[tuple[int, int], bytes] = {}
    level = 0
    while len(leaves) >= 256**level:
        width = 256**level
        subtrees = [mth(leaves[i * width : (i + 1) * width]) for i in range(len(leaves) // width)]
        for n in range(0, len(subtrees), 256):
            tiles[level, n // 256] = b"".join(subtrees[n : n + 256])
        level += 1
    return tiles


class MemoryTiles:
    """Tiles in a dict, which counts how often it is read."""

    def __init__(self, tiles: dict[tuple[int, int], bytes] | None = None) -> None:
        self.kept = dict(tiles or {})
        self.reads = 0

    def tile(self, *, level: int, n: int) -> bytes:
        self.reads += 1
        if (level, n) not in self.kept:
            raise TileError("no such tile", where=f"tile {level}/{n}")
        return self.kept[level, n]
