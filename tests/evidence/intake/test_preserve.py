"""A medium is read once, whether it is new or known; and of a video, key frames are hashed."""

import errno
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest
from PIL import Image

from evidence.custody.event import Draft
from evidence.intake import preserve
from evidence.match.stored import sealed_prints
from evidence.observation import Mode, Observation
from evidence.store.database import reading
from evidence.store.payload import ROW_BYTES
from tests.evidence.fingerprint.pictures import encoded, image
from tests.evidence.fingerprint.videos import film
from tests.evidence.intake.live import MATCHING, Live, file_of, files_below, live, message

LATER = "2026-01-01T10:00:00.000Z"
LATER_STILL = "2026-01-01T11:00:00.000Z"


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path) as ready:
        yield ready
    ready.ledger.engine.dispose()


# Media are read once


def counting(content: bytes, opened: list[int]) -> Observation:
    @contextmanager
    def stream() -> Iterator[BinaryIO]:
        opened.append(1)
        yield io.BytesIO(content)

    return file_of(message(1), stream)


@pytest.mark.parametrize("mode", [Mode.HASH_ONLY, Mode.SEALED])
@pytest.mark.parametrize("size", [10, ROW_BYTES * 3])
def test_a_medium_is_opened_once_whether_it_is_new_or_known(source: Live, mode: Mode, size: int) -> None:
    content, opened = os.urandom(size), list[int]()
    for times in (1, 2):
        source.keep(counting(content, opened), mode=mode)
        assert len(opened) == times
    assert source.kinds() == ["file"]


def test_a_medium_is_not_opened_where_it_may_not_be_read(source: Live) -> None:
    opened = list[int]()
    source.keep(counting(b"x", opened), mode=Mode.METADATA_ONLY)
    assert opened == []


def test_of_a_known_medium_no_object_is_left(source: Live, tmp_path: Path) -> None:
    content = os.urandom(ROW_BYTES * 3)
    source.keep(file_of(message(1), content))
    before = files_below(tmp_path / "objects")
    source.keep(file_of(message(1), content))
    assert files_below(tmp_path / "objects") == before
    assert len(before) == 1


class Failing(io.RawIOBase):
    """A download that breaks off."""

    def __init__(self) -> None:
        self.left = 3

    def read(self, size: int = -1) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise OSError(5, "Input/output error")
        return bytes(min(size, ROW_BYTES))


def test_a_download_that_breaks_off_is_a_hole_and_the_rest_of_the_batch_is_kept(source: Live, tmp_path: Path) -> None:
    @contextmanager
    def stream() -> Iterator[BinaryIO]:
        yield Failing()  # type: ignore[misc] # reads as one

    for _ in range(2):
        source.keep(message(1), file_of(message(1), stream), message(2))
    assert source.kinds() == ["message", "message"]
    assert [(row.reason, row.lo) for row in source.holes()] == [("broke_off", 1)]
    assert files_below(tmp_path / "objects") == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "refused"),
        (OSError(errno.EIO, "Input/output error"), "refused"),
        (OSError("no number"), "refused"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), "missing_file"),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory"), "missing_file"),
    ],
)
def test_a_file_that_cannot_be_opened_is_a_hole_that_says_why(source: Live, error: OSError, reason: str) -> None:
    @contextmanager
    def stream() -> Iterator[BinaryIO]:
        raise error
        yield

    source.keep(message(1), file_of(message(1), stream))
    assert [(row.reason, row.lo) for row in source.holes()] == [(reason, 1)]


# What a file says of itself


@pytest.mark.parametrize(("mode", "said"), [(Mode.SEALED, True), (Mode.HASH_ONLY, False)])
def test_what_a_file_says_of_itself_is_recorded_where_the_file_is_kept(source: Live, mode: Mode, *, said: bool) -> None:
    exif = Image.Exif()
    exif[0x0110] = "Phone 7"
    medium = file_of(message(1), encoded(image(width=64, height=64), "JPEG", exif=exif)).medium
    assert medium is not None
    kept = source.intake._preserver.with_medium(Draft("observed", {}), medium, mode, lambda _draft: None)
    draft, _missing = kept.finish()
    assert draft.values.get("content") == ([{"kind": "file_says", "model": "Phone 7"}] if said else None)


# Videos


def hashed(source: Live) -> list[int]:
    """How many pictures or key frames of each file were hashed."""
    with reading(source.ledger.engine) as connection:
        return [len(prints.pdq_for_matching(min_quality=0)) for _entry, prints in sealed_prints(connection, MATCHING)]


def test_key_frames_of_a_video_are_kept_and_it_is_no_hole(source: Live) -> None:
    source.keep(file_of(message(1), film(2, seconds=1)), mode=Mode.HASH_ONLY)
    assert hashed(source) == [2]
    assert [hole.reason for hole in source.holes()] == ["mode"]


def test_of_a_longer_video_the_beginning_is_looked_at_and_a_longer_picture_is_a_hole(
    source: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = film(6, seconds=1, movflags="frag_keyframe+empty_moov")
    monkeypatch.setattr(preserve, "MAX_BYTES", len(video) // 2)
    source.keep(file_of(message(1), video))
    assert 0 < hashed(source)[0] < 6
    assert source.holes() == []
    source.keep(file_of(message(2), encoded(image(width=64, height=64), "PNG") + bytes(len(video))))
    assert [hole.reason for hole in source.holes()] == ["not_decoded"]
    source.keep(file_of(message(3), film(6, seconds=1)))  # its index is at its end, which was not held
    assert [hole.reason for hole in source.holes()] == ["not_decoded", "not_decoded"]
    assert hashed(source)[1:] == [0, 0]
