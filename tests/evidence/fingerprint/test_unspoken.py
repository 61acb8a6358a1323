"""A value with a fingerprint says nothing of itself, and does not leave memory unsealed."""

import copy
import json
import logging

import pytest

from evidence.errors import PrintsError
from evidence.fingerprint.unspoken import Unspoken


class Secret(Unspoken):
    __slots__ = ("digits",)
    digits: str

    def __init__(self, digits: str) -> None:
        self._fill(digits=digits)


SECRET = Secret("c0ffee")


def test_no_way_to_write_it_down_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("%s %r", SECRET, SECRET)
    for text in (repr(SECRET), str(SECRET), f"{SECRET}", f"{[SECRET]!r}", caplog.text):
        assert "c0ffee" not in text
        assert "not shown" in text
    with pytest.raises(TypeError):
        json.dumps(SECRET)
    assert SECRET.digits == "c0ffee"


@pytest.mark.parametrize(
    "leave", [lambda secret: secret.__reduce_ex__(2), copy.copy, copy.deepcopy, lambda secret: secret.__getstate__()]
)
def test_it_is_not_copied(leave: object) -> None:
    assert callable(leave)
    with pytest.raises(PrintsError, match="sealed or not at all"):
        leave(SECRET)


def test_it_is_not_changed() -> None:
    with pytest.raises(PrintsError, match="cannot be changed"):
        SECRET.digits = "0"
    with pytest.raises(PrintsError, match="cannot be changed"):
        del SECRET.digits
