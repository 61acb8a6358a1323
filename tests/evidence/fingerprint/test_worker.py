"""What the worker answers, without its walls: the rest is seen from outside in test_decoder."""

from io import BytesIO

import pytest

from evidence.fingerprint import picture, worker
from evidence.fingerprint.decoded import Decoded
from evidence.fingerprint.decoder import WantedOfFile
from tests.evidence.fingerprint.pictures import encoded, image

PNG = encoded(image(width=64, height=64), "PNG")


def test_an_answer_is_one_that_the_parent_reads() -> None:
    reply = worker._answer(WantedOfFile.PRINTS, PNG, worker._versions())
    assert Decoded.of_reply(reply, sandbox="").width == 64


def test_too_little_memory_is_too_many_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_picture(data: bytes) -> None:
        raise MemoryError

    monkeypatch.setattr(worker, "read_picture", read_picture)
    assert worker._answer(WantedOfFile.PRINTS, PNG, {}) == {"not_decoded": "too_many_pixels"}


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (RuntimeError("Failed to decode frame 0"), "damaged"),
        (OSError("image file is truncated (3 bytes not processed)"), "truncated"),
        (NotImplementedError("that compression"), "unsupported"),
        (picture.Image.DecompressionBombError("too big"), "too_many_pixels"),
    ],
)
def test_each_way_in_which_a_decoder_gives_up_has_its_word(
    monkeypatch: pytest.MonkeyPatch, error: Exception, word: str
) -> None:
    def give_up(data: BytesIO) -> None:
        raise error

    monkeypatch.setitem(picture._PLUGINS, "image/png", give_up)
    assert worker._answer(WantedOfFile.PRINTS, PNG, {}) == {"not_decoded": word}


def test_an_error_that_no_decoder_should_raise_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up(data: BytesIO) -> None:
        raise AssertionError

    monkeypatch.setitem(picture._PLUGINS, "image/png", give_up)
    with pytest.raises(AssertionError):
        worker._answer(WantedOfFile.PRINTS, PNG, {})
