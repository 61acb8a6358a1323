"""The eight ways to turn a picture, in the order in which their hashes are kept."""

from enum import StrEnum


class Orientation(StrEnum):
    """How a picture was turned before it was hashed; rotations are counter-clockwise."""

    UPRIGHT = "upright"
    ROTATE_90 = "rotate_90"
    ROTATE_180 = "rotate_180"
    ROTATE_270 = "rotate_270"
    UPSIDE_DOWN = "upside_down"
    MIRRORED = "mirrored"
    TRANSPOSED = "transposed"
    TRANSVERSED = "transversed"
