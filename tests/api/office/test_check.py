"""A check finds a picture and its mirror image, says nothing more than it knows, and is logged before it answers."""

import io
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from PIL import Image, ImageOps

from api.home import Home
from api.office.case import open_case
from api.office.check import check_picture
from api.office.freeze import freeze
from evidence.custody.event import Record
from evidence.errors import NotDecodedError, StoreError, UnknownItemError
from evidence.fingerprint.decoder import MAX_BYTES
from evidence.keys import Unlocked
from evidence.match.check import NotCompared, Tier
from evidence.observation import Mode
from monitor.rehearsal.export import rehearsal_picture, write_export
from tests.freezing import AGAIN, FIRST, take_posts
from tests.homes import PASSPHRASE, Office, doer, items_of, new_home, records_of, size_of, take_in


def keys_of(home: Home) -> Unlocked:
    return home.keys.unlock(PASSPHRASE)


@pytest.fixture
def case(home: Home) -> str:
    return open_case(home, doer(home)).case_id


@pytest.fixture(scope="module")
def picture(office: Office) -> Path:
    """A picture that was imported, with enough in it for PDQ."""
    return next(office.export.folder / name for name in sorted(office.export.media) if name.endswith(".jpg"))


def newest(home: Home) -> Record:
    return records_of(home, size_of(home) - 1)[0]


def look(home: Home, picture: Path, case: str) -> tuple[list[tuple[str, str]], int, int]:
    with picture.open("rb") as stream:
        done = check_picture(home, stream, case, doer(home), keys_of(home))
    (one,) = done.pictures
    return [(match.tier, match.item_id) for match in one.matches], one.compared, sum(one.not_compared.values())


def files(home: Home) -> int:
    return sum(item.kind == "file" for item in items_of(home))


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff\xe0" + bytes(100)])
def test_a_picture_that_cannot_be_decoded_is_no_none(home: Home, case: str, tmp_path: Path, content: bytes) -> None:
    query, before = tmp_path / "query", size_of(home)
    query.write_bytes(content)
    with pytest.raises(NotDecodedError, match="nothing can be said") as raised:
        look(home, query, case)
    assert "JPEG" in raised.value.fix
    assert size_of(home) == before


class Broken(io.BytesIO):
    """A picture that cannot be read."""

    def read(self, _size: int | None = -1) -> bytes:
        raise OSError(5, "Input/output error")


def test_an_unknown_case_is_told_before_the_picture_is_read(home: Home) -> None:
    with pytest.raises(UnknownItemError):
        check_picture(home, Broken(), "case-0", doer(home), keys_of(home))


def test_a_picture_that_cannot_be_read_is_the_systems_error(home: Home, case: str) -> None:
    before = size_of(home)
    with pytest.raises(OSError, match="Input/output"):
        check_picture(home, Broken(), case, doer(home), keys_of(home))
    assert size_of(home) == before


def test_a_picture_that_never_ends_is_read_no_further_than_one_can_be_decoded(home: Home, case: str) -> None:
    asked: list[int | None] = []

    class Endless(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            asked.append(size)
            return bytes(size or 0)

    with pytest.raises(NotDecodedError) as raised:
        check_picture(home, Endless(), case, doer(home), keys_of(home))
    assert (asked, raised.value.found) == ([MAX_BYTES + 1], "a larger file")


def test_no_answer_is_given_that_was_not_logged(home: Home, case: str, picture: Path) -> None:
    @sa.event.listens_for(home.engine, "begin")
    def refuse(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("writes"):
            raise sa.exc.OperationalError("BEGIN", None, Exception("refused"))

    with pytest.raises(StoreError):
        look(home, picture, case)
    sa.event.remove(home.engine, "begin", refuse)


def test_the_same_file_is_found_as_identical(home: Home, case: str, picture: Path, office: Office) -> None:
    matches, compared, left = look(home, picture, case)
    assert "identical" in [tier for tier, _item in matches]
    assert compared + left == files(home)
    record = newest(home)
    logged = {name: record.values[name] for name in ("case", "compared", "not_compared", "found", "actor")}
    counts = {"compared": str(compared), "not_compared": str(left), "found": str(len(matches))}
    assert logged == {"case": case, "actor": "ann"} | counts
    assert record.type == "checked"
    for tier in Tier:
        named = [item for found, item in matches if found == tier.value]
        assert record.values[tier.value] == named


@pytest.mark.parametrize("turn", [ImageOps.mirror, lambda image: image.rotate(90, expand=True)])
def test_a_mirrored_turned_or_squeezed_copy_is_found(
    home: Home, case: str, picture: Path, tmp_path: Path, turn: object
) -> None:
    copy = tmp_path / "copy.jpg"
    with Image.open(picture) as image:
        assert callable(turn)
        turn(image).save(copy, quality=40)
    original = {item for tier, item in look(home, picture, case)[0] if tier == "identical"}
    found = {item for tier, item in look(home, copy, case)[0] if tier == "match"}
    assert original <= found


def test_another_picture_is_not_found_among_those_compared(home: Home, case: str, tmp_path: Path) -> None:
    other = tmp_path / "other.jpg"
    rehearsal_picture(np.random.default_rng(987654)).save(other)
    matches, compared, left = look(home, other, case)
    assert matches == []
    assert compared > 0
    assert compared + left == files(home)
    assert newest(home).values["found"] == "0"


def test_a_picture_without_structure_is_compared_with_nothing(home: Home, case: str, tmp_path: Path) -> None:
    plain = tmp_path / "plain.png"
    Image.new("RGB", (64, 64), "white").save(plain)
    assert look(home, plain, case) == ([], 0, files(home))


def test_files_that_were_never_read_are_counted_as_not_compared(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home", rehearsal=False)
    export = write_export(tmp_path / "export", seed=2, messages=16, photos=0)
    take_in(home, export.folder, Mode.METADATA_ONLY)
    case = open_case(home, doer(home)).case_id
    picture = next(export.folder / name for name in sorted(export.media) if name.endswith(".jpg"))
    assert look(home, picture, case) == ([], 0, len(export.media))
    with picture.open("rb") as stream:
        done = check_picture(home, stream, case, doer(home), keys_of(home))
    assert done.pictures[0].not_compared == {NotCompared.NOT_READ: len(export.media)}
    home.engine.dispose()


def test_what_is_frozen_is_counted_as_not_compared_and_never_found(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    posts = take_posts(home, tmp_path / "export")
    picture, case = tmp_path / "export" / "photos" / f"{FIRST}.jpg", open_case(home, doer(home)).case_id
    found, compared, left = look(home, picture, case)
    assert ({item for _tier, item in found}, compared, left) == ({posts.files[FIRST], posts.files[AGAIN]}, 5, 0)
    freeze(home, [posts.files[FIRST]], doer(home))  # its album too, and whatever is the same file is left out
    with picture.open("rb") as stream:
        done = check_picture(home, stream, case, doer(home), keys_of(home)).pictures[0]
    assert (done.matches, done.compared, done.not_compared) == ((), 2, {NotCompared.FROZEN: 3})
    home.engine.dispose()


def test_a_picture_that_was_imported_in_several_modes_is_found_once_and_counted_once(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    export = write_export(tmp_path / "export", seed=7, messages=16, photos=0)
    for mode in Mode:
        take_in(home, export.folder, mode)
    picture = next(export.folder / name for name in sorted(export.media) if name.endswith(".jpg"))
    found, compared, not_compared = look(home, picture, open_case(home, doer(home)).case_id)
    sealed = {item.item_id for item in items_of(home) if item.kind == "file"}
    assert [item for tier, item in found if tier == "identical" and item in sealed] == [found[0][1]]
    assert {item for _tier, item in found} <= sealed
    assert compared + not_compared == files(home) == len(sealed)
    home.engine.dispose()
