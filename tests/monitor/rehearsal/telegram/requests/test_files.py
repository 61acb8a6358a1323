"""Files in parts through a real client: resumed after a cut, and refused with an old reference."""

import pytest
from telethon.errors import FileReferenceExpiredError
from telethon.tl import functions, types

from monitor.rehearsal.telegram.rooms import Room
from tests.monitor.rehearsal.telegram.conftest import Reader


def location_of(photo: types.Photo) -> types.InputPhotoFileLocation:
    return types.InputPhotoFileLocation(photo.id, photo.access_hash, photo.file_reference, "y")


def test_a_document_is_whole_although_its_connection_is_cut(reader: Reader, group: Room) -> None:
    data = bytes(range(256)) * 8192
    document = reader.telegram.world.add_document(data, file_name="a.bin")
    number = group.post(media=types.MessageMediaDocument(document=document))
    reader.telegram.faults.cut_connections(after_bytes=70_000, request="upload.getFile", times=3)

    async def fetch(client) -> bytes:  # noqa: ANN001
        message = await client.get_messages(reader.peer(group), ids=number)
        return b"".join([part async for part in client.iter_download(message.media, request_size=512 * 1024)])

    before = len(reader.telegram.calls)
    assert reader.ask(fetch) == data
    offsets = [call.request.offset for call in reader.telegram.calls[before:] if call.name == "upload.getFile"]
    assert len(offsets) == len(data) // (512 * 1024) + 3
    assert offsets.count(0) == 4


def test_an_expired_reference_is_refused_until_the_message_is_fetched_again(reader: Reader, group: Room) -> None:
    photo = reader.telegram.world.add_photo(b"\xff\xd8picture")
    number = group.post(media=types.MessageMediaPhoto(photo=photo))

    def shown() -> types.Photo:
        wanted = [types.InputMessageID(number)]
        page = reader.request(functions.channels.GetMessagesRequest(reader.channel(group), wanted))
        return page.messages[0].media.photo

    old = shown()
    reader.telegram.world.expire_file_references()
    with pytest.raises(FileReferenceExpiredError):
        reader.request(functions.upload.GetFileRequest(location_of(old), 0, 4096))
    found = reader.request(functions.upload.GetFileRequest(location_of(shown()), 0, 4096))
    assert found.bytes == b"\xff\xd8picture"
