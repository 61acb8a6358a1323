"""pHash is what ``imagehash`` computes of the picture, whoever makes it grey."""

import imagehash
import numpy as np
import pytest
from PIL import Image

from evidence.fingerprint.phash import phash
from monitor.rehearsal.export import rehearsal_picture

HEX_DIGITS = 16


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_librarys_own_of_the_coloured_picture(seed: int) -> None:
    picture = rehearsal_picture(np.random.default_rng(seed))
    found = phash(picture.convert("L"))
    assert found == str(imagehash.phash(picture))
    assert len(found) == HEX_DIGITS


def test_two_pictures_have_two() -> None:
    one, other = (rehearsal_picture(np.random.default_rng(seed)).convert("L") for seed in (1, 2))
    assert phash(one) != phash(other)
    assert len(phash(Image.new("L", (8, 8)))) == HEX_DIGITS
