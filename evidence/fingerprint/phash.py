"""pHash of a picture, exactly as the library ``imagehash`` computes it.

A second, independent signal that is only recorded: it neither matches nor excludes.
"""

from imagehash import phash as _phash
from PIL import Image


def phash(gray: Image.Image) -> str:
    """The 64 bits of a picture's pHash as lower hex.

    Args:
        gray: The upright picture, mode L. ``imagehash`` would convert it first; doing that
            earlier saves it a second full-size copy.
    """
    return str(_phash(gray))
