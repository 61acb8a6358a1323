"""What one account is shown: rooms as they are to it, and beside messages whom they name."""

from telethon.extensions import BinaryReader
from telethon.tl import types

from monitor.rehearsal.telegram.rooms import Room
from monitor.rehearsal.telegram.shown import View
from tests.monitor.rehearsal.telegram.conftest import Reader


def test_a_room_is_shown_as_it_is_to_the_account(reader: Reader, group: Room) -> None:
    view = View(reader.telegram.world, reader.account)
    shown = view.room(group)
    assert (shown.left, shown.megagroup, shown.broadcast) == (True, True, None)
    assert shown.username == group.usernames[0]
    group.set_usernames("first_name", "second_name")
    assert [each.username for each in view.room(group).usernames] == ["first_name", "second_name"]
    group.ban(reader.account)
    assert isinstance(view.room(group), types.ChannelForbidden)


def test_only_who_is_named_is_described(reader: Reader, group: Room) -> None:
    world = reader.telegram.world
    named, _ = world.add_person("Sova"), world.add_person("Nobody")
    number = group.post("x", sender=named)
    around = View(world, reader.account).around(group, [group.posts[number]])
    assert [user.id for user in around["users"]] == [named.id]
    assert [chat.id for chat in around["chats"]] == [group.id]


def test_only_oneself_sees_the_telephone_number(reader: Reader, phone: str) -> None:
    other = reader.telegram.world.add_account(phone)
    view = View(reader.telegram.world, reader.account)
    assert (view.user(reader.account).phone, view.user(other).phone) == (reader.account.digits, None)


def test_a_push_is_read_with_what_it_names(reader: Reader, group: Room) -> None:
    number = group.post("x", sender=reader.telegram.world.add_person("Sova"))
    view, event = View(reader.telegram.world, reader.account), group.events[-1]
    read = BinaryReader(view.pushed(group, event)).tgread_object()
    assert (read.updates[0].message.id, read.updates[0].pts, len(read.users)) == (number, group.pts, 1)


def test_a_picture_and_a_restriction_stand_beside_the_title(reader: Reader, group: Room) -> None:
    stripped = types.PhotoStrippedSize("i", b"\x01\x20\x20")
    photo = reader.telegram.world.add_photo(b"\xff\xd8picture", inline=[stripped], dc=4)
    group.set_photo(photo)
    group.restrict(types.RestrictionReason("all", "porn", "not shown"))
    shown = View(reader.telegram.world, reader.account).room(group)
    assert (shown.photo.photo_id, shown.photo.dc_id, shown.photo.stripped_thumb) == (photo.id, 4, stripped.bytes)
    assert (shown.restricted, shown.restriction_reason[0].reason) == (True, "porn")


def test_a_change_of_the_room_itself_is_pushed(reader: Reader, group: Room) -> None:
    group.ban(reader.account)
    read = BinaryReader(View(reader.telegram.world, reader.account).pushed(group, None)).tgread_object()
    assert read.updates == [types.UpdateChannel(group.id)]
    assert isinstance(read.chats[0], types.ChannelForbidden)
