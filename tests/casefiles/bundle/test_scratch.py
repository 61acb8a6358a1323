"""What is too large to be held while a bundle is made lies on the disk as noise, and comes back as it was."""

import errno
import os
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casefiles.bundle.scratch import Scratch
from evidence.errors import StorageFullError

TEXT = b"what a woman told her lawyer " * 200


@given(st.lists(st.binary(max_size=70), max_size=8), st.integers(0, 600), st.integers(0, 600))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_what_was_written_is_read_anywhere(tmp_path: Path, parts: list[bytes], at: int, size: int) -> None:
    with Scratch(tmp_path) as scratch:
        for part in parts:
            assert scratch.write(part) == len(part)
        assert scratch.seek(at) == at
        assert scratch.read(size) == b"".join(parts)[at : at + size]
        scratch.write(b"more")
        scratch.seek(0)
        assert scratch.read(10_000) == b"".join(parts) + b"more"


def on_the_disk(scratch: Scratch) -> bytes:
    handle = scratch._file.fileno()
    return os.pread(handle, os.fstat(handle).st_size, 0)


def test_nothing_that_was_written_can_be_read_on_the_disk_and_nothing_has_a_name(tmp_path: Path) -> None:
    with Scratch(tmp_path) as one, Scratch(tmp_path) as other:
        one.write(TEXT)
        other.write(TEXT)
        assert list(tmp_path.iterdir()) == []
        found = on_the_disk(one)
        assert len(found) == len(TEXT)
        assert b"woman" not in found
        assert found != on_the_disk(other)  # each has a key of its own
        one.seek(0)
        assert one.read(len(TEXT)) == TEXT  # the control


def test_a_full_disk_is_told_as_such() -> None:
    with Scratch(Path("/dev/shm")) as scratch:  # noqa: S108 - any folder
        full = os.open("/dev/full", os.O_RDWR)
        os.dup2(full, scratch._file.fileno())
        os.close(full)
        with pytest.raises(StorageFullError):
            scratch.write(b"x")


class HalfFull:
    """A file on a disk that has room for half of what is written."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.seek = file, file.seek

    def write(self, data: memoryview) -> int:
        self.file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "full")


def test_the_place_of_what_was_written_in_part_is_never_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Scratch(tmp_path) as scratch:
        file = scratch._file
        monkeypatch.setattr(scratch, "_file", HalfFull(file))
        with pytest.raises(StorageFullError):
            scratch.write(TEXT)
        monkeypatch.setattr(scratch, "_file", file)
        begun = on_the_disk(scratch)
        scratch.write(TEXT)
        assert len(begun) == len(TEXT) // 2
        assert on_the_disk(scratch).startswith(begun)
        scratch.seek(len(TEXT))
        assert scratch.read(len(TEXT)) == TEXT
