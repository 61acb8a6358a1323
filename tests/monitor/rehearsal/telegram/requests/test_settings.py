"""Settings name the loopback servers alone, and tell a frozen account its dates."""

from datetime import timedelta

from telethon.tl import functions, types

from tests.monitor.rehearsal.telegram.conftest import Reader


def test_only_loopback_servers_are_named(reader: Reader) -> None:
    config = reader.request(functions.help.GetConfigRequest())
    told = [(option.id, option.ip_address, option.port) for option in config.dc_options]
    assert told == [(server.dc, server.host, server.port) for server in reader.telegram.servers]


def test_a_frozen_account_is_told_since_when_until_when_and_where_to_appeal(newcomer) -> None:  # noqa: ANN001
    cold = newcomer()
    since = cold.telegram.world.now()
    cold.telegram.world.freeze(cold.account, since, since + timedelta(days=30), "https://example.org/appeal")
    config = cold.request(functions.help.GetAppConfigRequest(0)).config
    told = {each.key: each.value.value for each in config.value}
    assert told["freeze_since_date"] == since.timestamp()
    assert told["freeze_until_date"] == (since + timedelta(days=30)).timestamp()
    assert told["freeze_appeal_url"] == "https://example.org/appeal"


def test_users_are_shown_to_whom_has_their_hash(reader: Reader) -> None:
    person = reader.telegram.world.add_person("Sova")
    right = reader.telegram.world.hash_for(reader.account, "user", person.id)
    wanted = [types.InputUserSelf(), types.InputUser(person.id, right), types.InputUser(person.id, right + 1)]
    own, shown, hidden = reader.request(functions.users.GetUsersRequest(wanted))
    assert (own.id, shown.first_name, type(hidden)) == (reader.account.id, "Sova", types.UserEmpty)
