"""Writes the folder of artefacts that golog reads."""

import base64
from collections.abc import Sequence
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
    files |= {tile_path(level, n, tile): tile for (level, n), tile in tiles.kept.items()}
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def lines(nodes: Sequence[bytes]) -> bytes:
    return b"".join(base64.b64encode(node) + b"\n" for node in nodes)


def tile_path(level: int, n: int, tile: bytes) -> str:
    """The path of C2SP tlog-tiles: groups of three digits, all but the last with an x; a partial tile's width."""
    digits = f"{n:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    width = len(tile) // 32
    return "/".join(["tile", str(level), *(f"x{group}" for group in groups[:-1]), groups[-1]]) + (
        f".p/{width}" if width < 256 else ""
    )
