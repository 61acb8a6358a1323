"""Files that somebody brings are named, checked before anything is kept, and read as they are."""

import os
import secrets
from pathlib import Path

import pytest

from evidence.canonical import text_value
from evidence.observation import Kind
from evidence.store.marks import GUESSABLE_BYTES, SeenKey, observed_marks
from monitor.errors import BroughtFileError
from monitor.files import BroughtFile, brought_files, require_files
from tests.nonempty import nonempty

PLACE = "local0011223344556677"


def guessed(_number: int) -> str:
    """What nobody can guess, as far as these tests need it."""
    return secrets.token_hex(16)


def test_a_file_is_read_as_it_lies_there(tmp_path: Path) -> None:
    path = tmp_path / "čudno ime.png"
    path.write_bytes(b"x" * 5000)
    (seen,) = brought_files([BroughtFile(path, path.name)], place=PLACE, source="from her phone", random=guessed)
    assert (seen.kind, seen.channel_id, seen.message_id, seen.posted_at) == (Kind.FILE, PLACE, None, None)
    named = {name: value for name, value in seen.fields.items() if name != "acquisition"}
    assert named == {"channel_title": "from her phone", "file_name": "čudno ime.png", "position": "0"}
    assert seen.medium is not None
    with seen.medium.open() as file:
        assert file.read() == path.read_bytes()


def test_the_lengths_are_added_up(tmp_path: Path) -> None:
    for name, length in (("a", 3), ("b", 0), ("c", 7)):
        (tmp_path / name).write_bytes(b"x" * length)
    assert require_files(sorted(tmp_path.iterdir())) == 10


def no_file(folder: Path) -> Path:
    return folder / "nothing"


def in_a_file(folder: Path) -> Path:
    (folder / "file").write_bytes(b"x")
    return folder / "file" / "below"


def with_nul(folder: Path) -> Path:
    return folder / "a\0b"


def a_folder(folder: Path) -> Path:
    return folder


def a_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def a_broken_link(folder: Path) -> Path:
    (folder / "link").symlink_to("nothing")
    return folder / "link"


def too_long(folder: Path) -> Path:
    return folder / ("x" * 300)


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (no_file, "missing"),
        (in_a_file, "missing"),
        (with_nul, "missing"),
        (a_broken_link, "missing"),
        (a_folder, "folder"),
        (a_pipe, "no_file"),
        (too_long, "refused"),
    ],
)
def test_what_is_no_file_is_named(tmp_path: Path, place: object, code: str) -> None:
    assert callable(place)
    path = place(tmp_path)
    with pytest.raises(BroughtFileError) as raised:
        require_files([path])
    assert (raised.value.code, raised.value.where) == (f"brought_file.{code}", str(path))


def test_a_file_that_could_be_guessed_has_no_mark_that_confirms_it(tmp_path: Path) -> None:
    short, long = tmp_path / "short", tmp_path / "long"
    short.write_bytes(b"x" * GUESSABLE_BYTES)
    long.write_bytes(b"x" * (GUESSABLE_BYTES + 1))

    def mark(path: Path) -> bytes:
        (seen,) = brought_files([BroughtFile(path, path.name)], place=PLACE, source="s", random=guessed)
        values = {**seen.fields, "kind": seen.kind, "channel_id": PLACE, "sha256": "0" * 64}
        return observed_marks(SeenKey(bytes(32)), values | {"bytes": str(path.stat().st_size)}).seen

    assert mark(short) != mark(short)
    assert mark(long) == mark(long)  # the control: what nobody can guess is known again


def test_names_are_kept_as_they_are_spelled(tmp_path: Path) -> None:
    names = ["=1+1.png", "\u202egnp.exe", "a\nb.jpg", os.fsdecode(b"\xff.png")]
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    seen = brought_files(
        [BroughtFile(tmp_path / name, name) for name in names], place=PLACE, source="s", random=guessed
    )
    found = [each.fields["file_name"] for each in nonempty(seen)]
    assert found[:3] == names[:3]
    assert found[3] == text_value(names[3])  # no text: as values of the log spell it
