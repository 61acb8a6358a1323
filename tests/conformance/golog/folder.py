"""Writes the folder of artefacts that golog reads."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evidence.log.note import Checkpoint, VerifierKey, sign_checkpoint
from evidence.log.proof import TlogProof
from evidence.log.tiles import consistency_path, grow, inclusion_path, tree_root
from tests.evidence.log.reference import MemoryTiles, entry, leaf_hashes
from tests.vectors.log.generate import ORIGIN, SIGNER


@dataclass(frozen=True)
class Case:
    """One log: an entry, and two sizes."""

    index: int
    old_size: int
    size: int


def write_folder(folder: Path, case: Case) -> None:
    tiles = MemoryTiles(grow(MemoryTiles(), size=0, leaf_hashes=leaf_hashes(case.size)))
    old, new = (
        sign_checkpoint(Checkpoint(ORIGIN, size, tree_root(tiles, size=size)), key=SIGNER)
        for size in (case.old_size, case.size)
    )
    path = inclusion_path(tiles, index=case.index, size=case.size)
    consistency = consistency_path(tiles, old_size=case.old_size, new_size=case.size)
    files = {
        "vkey": str(VerifierKey(ORIGIN, SIGNER.public_key().public_bytes_raw())).encode(),
        "checkpoint": new,
        "checkpoint.old": old,
        "leaf": entry(case.index),
        "inclusion": f"{case.index}\n".encode() + lines(path),
        "consistency": lines(consistency),
        "record.tlog-proof": TlogProof(case.index, tuple(path), new).encode(),
    }
    files |= {tile_path(str(level), n, len(tile) // 32): tile for (level, n), tile in tiles.kept.items()}
    for first in range(0, case.size, 256):
        bundled = [entry(index) for index in range(first, min(first + 256, case.size))]
        files[tile_path("entries", first // 256, len(bundled))] = b"".join(
            len(each).to_bytes(2, "big") + each for each in bundled
        )
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def lines(nodes: Sequence[bytes]) -> bytes:
    return b"".join(base64.b64encode(node) + b"\n" for node in nodes)


def tile_path(level: str, n: int, width: int) -> str:
    """The path of C2SP tlog-tiles: groups of three digits, all but the last with an x; a partial tile's width."""
    digits = f"{n:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    return "/".join(["tile", level, *(f"x{group}" for group in groups[:-1]), groups[-1]]) + (
        f".p/{width}" if width < 256 else ""
    )


def tiles_of(size: int) -> Iterator[str]:
    """The paths of every tile and entry bundle of a tree of this size, as a mirror of the log asks for them."""
    for first in range(0, size, 256):
        yield tile_path("entries", first // 256, min(256, size - first))
    level = 0
    while size:
        for first in range(0, size, 256):
            yield tile_path(str(level), first // 256, min(256, size - first))
        level, size = level + 1, size // 256
