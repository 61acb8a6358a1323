"""Where a tile lies below a log's address (C2SP tlog-tiles, "Merkle tree" and "Log entries").

    tile/<L>/<N>            a full tile
    tile/<L>/<N>.p/<W>      the first W hashes of one, 1 to 255

N is written in groups of three digits, all but the last behind an ``x``: 1234067 is ``x001/x234/067``. There is one
spelling for each place. Entry bundles have ``entries`` in the place of L.
"""

import re
from dataclasses import dataclass

from evidence.errors import TileError
from evidence.log.tiles import TILE

_PLACE = re.compile(r"((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)
_LEVEL = re.compile(r"[0-9]|[1-5][0-9]|6[0-3]", re.ASCII)


@dataclass(frozen=True, slots=True)
class TilePlace:
    """A tile of a level, or the beginning of one.

    Attributes:
        n: Its number in the level, from 0.
        width: How many hashes or entries of it are meant, 1 to 256.
    """

    n: int
    width: int


def read_place(text: str) -> TilePlace:
    """Read the place of a tile: ``<N>`` or ``<N>.p/<W>``.

    Raises:
        TileError: Not in its one spelling, or W is not from 1 to 255.
    """
    found = _PLACE.fullmatch(text)
    width = TILE if found is None or found[2] is None else int(found[2])
    if found is None or text.startswith("x000/") or (found[2] is not None and width >= TILE):
        raise TileError("tile.not_a_place", found=ascii(text)[:40])
    return TilePlace(int(found[1].replace("x", "").replace("/", "")), width)


def read_level(text: str) -> int:
    """Read the level of a tile: ``<L>``, 0 to 63.

    Raises:
        TileError: Anything else.
    """
    if not _LEVEL.fullmatch(text):
        raise TileError("tile.not_a_place", found=ascii(text)[:40])
    return int(text)
