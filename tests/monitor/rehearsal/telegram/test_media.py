"""Parts of files by the rules, references that expire, and files that are not what they claim."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.tl import functions, types

from monitor.rehearsal.telegram.media import MAX_PART_BYTES, MediaShelf, _require_part
from monitor.rehearsal.telegram.refusals import RefusedError
from monitor.rehearsal.telegram.serve import LoopbackTelegram

DATA = bytes(range(256)) * 80


@pytest.fixture
def shelf(telegram: LoopbackTelegram) -> MediaShelf:
    return MediaShelf(secret=b"s", clock=telegram.world.now, home_dc=2)


def part(
    described: types.Photo | types.Document, offset: int, limit: int, **other: object
) -> functions.upload.GetFileRequest:
    kind = types.InputPhotoFileLocation if isinstance(described, types.Photo) else types.InputDocumentFileLocation
    size = "y" if isinstance(described, types.Photo) else ""
    given_ = {"file_reference": described.file_reference, "thumb_size": size, **other}
    location = kind(id=described.id, access_hash=described.access_hash, **given_)
    return functions.upload.GetFileRequest(location, offset=offset, limit=limit)


def refused(shelf: MediaShelf, request: functions.upload.GetFileRequest, dc: int = 2) -> str:
    with pytest.raises(RefusedError) as error:
        shelf.part(request, dc=dc)
    return error.value.message


def test_the_parts_of_a_file_are_the_file(shelf: MediaShelf) -> None:
    document = shelf.add_document(DATA, file_name="a.bin")
    parts = [shelf.part(part(document, at, 4096), dc=2).bytes for at in range(0, len(DATA) + 4096, 4096)]
    assert b"".join(parts) == DATA
    assert parts[-1] == b""
    assert document.attributes == [types.DocumentAttributeFilename("a.bin")]


@given(offset=st.integers(-1, 3 << 20), limit=st.integers(-1, 2 << 20), precise=st.booleans())
def test_only_parts_that_the_documentation_allows_are_given(offset: int, limit: int, precise: bool) -> None:  # noqa: FBT001
    step = 1024 if precise else 4096
    allowed = offset >= 0 and offset % step == 0 and 0 < limit <= MAX_PART_BYTES and limit % step == 0
    allowed = allowed and (precise or MAX_PART_BYTES % limit == 0)
    allowed = allowed and offset // MAX_PART_BYTES == (offset + limit - 1) // MAX_PART_BYTES
    if allowed:
        _require_part(offset, limit, precise=precise)
    else:
        with pytest.raises(RefusedError):
            _require_part(offset, limit, precise=precise)


def test_an_expired_reference_is_told_from_a_wrong_one_and_from_none(shelf: MediaShelf) -> None:
    photo = shelf.add_photo(DATA)
    old = photo.file_reference
    shelf.part(part(photo, 0, 4096), dc=2)
    shelf.expire_references()
    assert photo.file_reference != old
    assert refused(shelf, part(photo, 0, 4096, file_reference=old)) == "FILE_REFERENCE_EXPIRED"
    assert refused(shelf, part(photo, 0, 4096, file_reference=b"other")) == "FILE_REFERENCE_INVALID"
    assert refused(shelf, part(photo, 0, 4096, file_reference=b"")) == "FILE_REFERENCE_EMPTY"
    assert shelf.part(part(photo, 0, 4096), dc=2).bytes == DATA[:4096]


def test_a_file_lies_in_one_data_centre(shelf: MediaShelf) -> None:
    photo = shelf.add_photo(DATA, dc=4)
    assert refused(shelf, part(photo, 0, 4096)) == "FILE_MIGRATE_4"
    assert shelf.part(part(photo, 0, 4096), dc=4).bytes == DATA[:4096]


def test_another_hash_and_another_size_find_nothing(shelf: MediaShelf) -> None:
    photo = shelf.add_photo(DATA)
    assert refused(shelf, part(photo, 0, 4096, thumb_size="q")) == "LOCATION_INVALID"
    photo.access_hash += 1
    request = part(photo, 0, 4096)
    photo.access_hash -= 1
    assert refused(shelf, request) == "FILE_ID_INVALID"


def test_smaller_sizes_have_bytes_of_their_own_and_inline_ones_stand_in_the_message(shelf: MediaShelf) -> None:
    inline = types.PhotoStrippedSize("i", b"\x01\x20\x20")
    photo = shelf.add_photo(DATA, smaller={"m": b"small"}, inline=[inline])
    assert photo.sizes[0] is inline
    assert shelf.part(part(photo, 0, 4096, thumb_size="m"), dc=2).bytes == b"small"


def test_a_file_may_claim_more_than_is_sent(shelf: MediaShelf) -> None:
    document = shelf.add_document(DATA, size=4 << 30)
    shelf.shorten(document.id, sends=10)
    assert document.size == 4 << 30
    assert shelf.part(part(document, 0, 4096), dc=2).bytes == DATA[:10]
    assert shelf.part(part(document, 4096, 4096), dc=2).bytes == b""
