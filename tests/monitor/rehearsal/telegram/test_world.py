"""The world: names, codes, hashes of each account's own, and what befalls accounts and rooms."""

import pytest
from telethon.tl import types

from monitor.rehearsal.telegram.rooms import Room
from monitor.rehearsal.telegram.serve import LoopbackTelegram


def test_an_access_hash_is_an_accounts_own(telegram: LoopbackTelegram, phone: str) -> None:
    one, other = telegram.world.add_account(phone), telegram.world.add_account(phone + "1")
    assert telegram.world.hash_for(one, "room", 7) == telegram.world.hash_for(one, "room", 7)
    hashes = {telegram.world.hash_for(who, kind, 7) for who in (one, other) for kind in ("room", "user")}
    assert len(hashes) == 4


def test_a_name_is_found_in_any_case_and_can_be_taken_over(telegram: LoopbackTelegram, group: Room) -> None:
    [name] = group.usernames
    assert telegram.world.named(name.upper()) is group
    other = telegram.world.add_channel("Other")
    telegram.world.take_over_username(name, other)
    assert telegram.world.named(name) is other
    assert group.usernames == []


def test_a_person_has_a_name_too(telegram: LoopbackTelegram) -> None:
    person = telegram.world.add_person("Sova", "sova_e_proves")
    assert telegram.world.named("Sova_e_proves") is person


def test_a_code_that_nobody_asked_for_is_not_there(telegram: LoopbackTelegram, phone: str) -> None:
    with pytest.raises(ValueError, match="asked for"):
        telegram.world.login_code(telegram.world.add_account(phone))
    assert len(telegram.world.new_code()) == 5


def test_a_basic_group_becomes_a_supergroup(telegram: LoopbackTelegram, phone: str) -> None:
    account = telegram.world.add_account(phone)
    chat = telegram.world.add_chat("Small", members=(account,))
    chat.post("one")
    room = telegram.world.migrate(chat)
    assert chat.migrated is room
    assert room.migrated is chat
    assert isinstance(chat.posts[chat.numbers[-1]].described.action, types.MessageActionChatMigrateTo)
    assert room.posts[1].described.action.chat_id == chat.id
    assert room.migrated_from_number == chat.numbers[-1]


def test_a_frozen_account_thaws(telegram: LoopbackTelegram, phone: str) -> None:
    account, now = telegram.world.add_account(phone), telegram.world.now()
    telegram.world.freeze(account, now, now, "https://example.org/appeal")
    telegram.world.deactivate(account)
    telegram.world.thaw(account)
    assert (account.frozen, account.trouble) == (None, None)
