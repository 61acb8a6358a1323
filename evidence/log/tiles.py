"""The Merkle tree kept as tiles, and proofs made from few of them (C2SP tlog-tiles).

A tile of level L holds up to 256 hashes, 32 bytes each, one after the other: roots of complete
subtrees of 256**L entries. Tile (L, n) begins with subtree number 256 * n. The last tile of a
level is partial while the tree is smaller. A hash in a tile never changes, so a tile that has
grown beyond a tree still serves it.

This module has no database: whoever keeps tiles implements ``Tiles``. It trusts the tiles that it reads;
``audit`` compares them with the leaves, and every proof is checked against a signed root.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from evidence.errors import ConsistencyProofError, InclusionProofError, TileError
from evidence.log.merkle import HASH_BYTES, join, node_hash

TILE = 256
"""Hashes in a full tile."""

_TILE_HEIGHT = 8


class Tiles(Protocol):
    """Where tiles are kept."""

    def tile(self, *, level: int, n: int) -> bytes:
        """The hashes of tile (``level``, ``n``), 32 bytes each, as many as there are so far, at most 256.

        Raises:
            TileError: There is no such tile.
        """
        ...


def tree_root(tiles: Tiles, *, size: int) -> bytes:
    """The root of a tree of the first ``size`` entries, from tiles.

    Raises:
        TileError: A tile is absent or too short, or the size is negative.
    """
    return _Tree(tiles, size).range_hash(0)


def inclusion_path(tiles: Tiles, *, index: int, size: int) -> list[bytes]:
    """The path of entry ``index`` in the tree of the first ``size`` entries (RFC 9162, 2.1.3.1).

    Raises:
        InclusionProofError: The index lies outside the tree.
        TileError: A tile is absent or too short.
    """
    return next(inclusion_paths(tiles, indexes=[index], size=size))


def inclusion_paths(tiles: Tiles, *, indexes: Iterable[int], size: int) -> Iterator[list[bytes]]:
    """The path of each of these entries, in their order; what the paths share is read and hashed once.

    Raises:
        InclusionProofError: An index lies outside the tree.
        TileError: A tile is absent or too short.
    """
    tree = _Tree(tiles, max(size, 0))
    for index in indexes:
        if not 0 <= index < size:
            raise InclusionProofError("inclusion_proof.not_in_these_tiles", index=index, size=size)
        yield list(tree.siblings(height=0, position=index))


def consistency_path(tiles: Tiles, *, old_size: int, new_size: int) -> list[bytes]:
    """The path from the tree of ``old_size`` entries to that of ``new_size`` (RFC 9162, 2.1.4.1).

    Empty where nothing is to be proven: from the empty tree, or between equal sizes.

    Raises:
        ConsistencyProofError: The old tree is larger than the new one.
        TileError: A tile is absent or too short.
    """
    if not 0 <= old_size <= new_size:
        raise ConsistencyProofError("consistency_proof.size_went_back", old_size=old_size, found=str(new_size))
    if old_size in (0, new_size):
        return []
    tree = _Tree(tiles, new_size)
    # the largest complete subtree that ends the old tree: what verification starts from
    height = (old_size & -old_size).bit_length() - 1
    position = (old_size - 1) >> height
    start = [tree.subtree(height=height, position=position)] if position else []
    return [*start, *tree.siblings(height=height, position=position)]


def grow(tiles: Tiles, *, size: int, leaf_hashes: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    """Every tile (level, n) that changes when ``leaf_hashes`` follow the first ``size`` entries.

    Returns:
        The whole new content of each, full or partial.

    Raises:
        TileError: A leaf hash is not 32 bytes, or the last tile of a level is not that of a tree
            of exactly ``size`` entries.
    """
    if size < 0 or any(len(leaf) != HASH_BYTES for leaf in leaf_hashes):
        raise TileError("tile.not_hashes_to_append", hash_bytes=HASH_BYTES)
    changed: dict[tuple[int, int], bytes] = {}
    level, count, added = 0, size, b"".join(leaf_hashes)
    while added:
        n = count // TILE
        hashes = _last_tile(tiles, level, count) + added
        added = b""
        for tile in _cut(hashes, TILE * HASH_BYTES):
            changed[level, n] = tile
            n += 1
            if len(tile) == TILE * HASH_BYTES:
                added += _complete_root(tile)
        level, count = level + 1, count // TILE
    return changed


class _Tree:
    """The first ``size`` entries, seen through their tiles; each tile is read, and each subtree hashed, once."""

    def __init__(self, tiles: Tiles, size: int) -> None:
        if size < 0:
            raise TileError("tile.negative_size", found=str(size))
        self._tiles = tiles
        self._size = size
        self._read: dict[tuple[int, int], bytes] = {}
        self._hashed: dict[tuple[int, int], bytes] = {}

    def siblings(self, *, height: int, position: int) -> Iterator[bytes]:
        """The siblings of subtree number ``position`` of this height, from it up to the root."""
        for at in range(height, (self._size - 1).bit_length()):
            sibling = (position >> (at - height)) ^ 1
            if (sibling + 1) << at <= self._size:
                yield self.subtree(height=at, position=sibling)
            elif sibling << at < self._size:
                yield self.range_hash(sibling << at)

    def range_hash(self, start: int) -> bytes:
        """The hash over the entries from ``start`` to the end; ``start`` begins a subtree of the tree."""
        return join(list(self._complete_subtrees(start)))

    def _complete_subtrees(self, start: int) -> Iterator[bytes]:
        while start < self._size:
            height = (self._size - start).bit_length() - 1
            yield self.subtree(height=height, position=start >> height)
            start += 1 << height

    def subtree(self, *, height: int, position: int) -> bytes:
        """The root of the complete subtree number ``position`` of ``2**height`` entries."""
        if (height, position) not in self._hashed:
            self._hashed[height, position] = self._hash(height, position)
        return self._hashed[height, position]

    def _hash(self, height: int, position: int) -> bytes:
        level, rest = divmod(height, _TILE_HEIGHT)
        n, first = divmod(position << rest, TILE)
        end = (first + (1 << rest)) * HASH_BYTES
        tile = self._tile(level, n)
        if len(tile) < end:
            raise TileError("tile.too_short", level=level, n=n, end=end, length=len(tile))
        return _complete_root(tile[first * HASH_BYTES : end])

    def _tile(self, level: int, n: int) -> bytes:
        if (level, n) not in self._read:
            self._read[level, n] = _read(self._tiles, level, n)
        return self._read[level, n]


def _read(tiles: Tiles, level: int, n: int) -> bytes:
    tile = tiles.tile(level=level, n=n)
    if len(tile) > TILE * HASH_BYTES or len(tile) % HASH_BYTES:
        raise TileError("tile.not_hashes", level=level, n=n, tile=TILE, hash_bytes=HASH_BYTES, length=len(tile))
    return tile


def _last_tile(tiles: Tiles, level: int, count: int) -> bytes:
    """The partial tile that ends a level of ``count`` hashes; empty where the last one is full."""
    n, width = divmod(count, TILE)
    if not width:
        return b""
    tile = _read(tiles, level, n)
    if len(tile) != width * HASH_BYTES:
        raise TileError("tile.of_another_size", level=level, n=n, width=width, length=len(tile) // HASH_BYTES)
    return tile


def _cut(data: bytes, length: int) -> Iterator[bytes]:
    return (data[start : start + length] for start in range(0, len(data), length))


def _complete_root(hashes: bytes) -> bytes:
    """The root over a row of hashes whose number is a power of two."""
    row = list(_cut(hashes, HASH_BYTES))
    while len(row) > 1:
        row = list(map(node_hash, row[::2], row[1::2]))
    return row[0]
