"""Settings of the service and of the account: ``help.getConfig``, ``help.getAppConfig``, ``users.getUsers``."""

from datetime import timedelta

from telethon.tl import functions, types

from monitor.rehearsal.telegram.requests.caller import Answers, Caller
from monitor.rehearsal.telegram.shown import USER
from monitor.rehearsal.telegram.wire import Tl, vector

_NUMBERS = {
    "chat_size_max": 200,
    "megagroup_size_max": 200_000,
    "forwarded_count_max": 100,
    "online_update_period_ms": 210_000,
    "offline_blur_timeout_ms": 5000,
    "offline_idle_timeout_ms": 30_000,
    "online_cloud_timeout_ms": 300_000,
    "notify_cloud_delay_ms": 30_000,
    "notify_default_delay_ms": 1500,
    "push_chat_period_ms": 60_000,
    "push_chat_limit": 2,
    "edit_time_limit": 172_800,
    "revoke_time_limit": 2_147_483_647,
    "revoke_pm_time_limit": 2_147_483_647,
    "rating_e_decay": 2_419_200,
    "stickers_recent_limit": 200,
    "channels_read_media_period": 604_800,
    "call_receive_timeout_ms": 20_000,
    "call_ring_timeout_ms": 90_000,
    "call_connect_timeout_ms": 30_000,
    "call_packet_timeout_ms": 10_000,
    "caption_length_max": 1024,
    "message_length_max": 4096,
    "webfile_dc_id": 4,
}


def get_config(caller: Caller, _: Tl) -> Tl:
    """The loopback server's answer: the settings; the data centres that they name are the loopback servers alone."""
    now = caller.world.now()
    options = [types.DcOption(id=site.dc, ip_address=site.host, port=site.port) for site in caller.sites]
    return types.Config(
        date=now,
        expires=now + timedelta(hours=1),
        test_mode=False,
        this_dc=caller.dc,
        dc_options=options,
        dc_txt_domain_name="",
        me_url_prefix="https://t.me/",
        **_NUMBERS,
    )


def get_app_config(caller: Caller, _: Tl) -> Tl:
    """The loopback server's answer: the settings of the account.

    Of a frozen account, they say since when and until when, and where to appeal.
    """
    frozen = caller.account.frozen
    values = []
    if frozen is not None:
        values = [
            ("freeze_since_date", types.JsonNumber(frozen.since.timestamp())),
            ("freeze_until_date", types.JsonNumber(frozen.until.timestamp())),
            ("freeze_appeal_url", types.JsonString(frozen.appeal_url)),
        ]
    config = types.JsonObject([types.JsonObjectValue(name, value) for name, value in values])
    return types.help.AppConfig(hash=len(values), config=config)


def get_nearest_dc(caller: Caller, _: Tl) -> Tl:
    """The loopback server's answer: the home of accounts."""
    return types.NearestDc("XK", caller.dc, caller.world.home_dc)


def get_users(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: those of the users whose access hash is right, and oneself."""
    found = [_user(caller, each) for each in request.id]
    return vector([each for each in found if each is not None])


def _user(caller: Caller, given: Tl) -> Tl | None:
    view = caller.view
    if isinstance(given, types.InputUserSelf):
        return view.user(caller.account)
    for user in caller.world.users():
        if user.id == getattr(given, "user_id", 0):
            right = given.access_hash == caller.world.hash_for(caller.account, USER, user.id)
            return view.user(user) if right or user is caller.account else types.UserEmpty(user.id)
    return None


ANSWERS: Answers = {
    functions.help.GetConfigRequest: get_config,
    functions.help.GetAppConfigRequest: get_app_config,
    functions.help.GetNearestDcRequest: get_nearest_dc,
    functions.users.GetUsersRequest: get_users,
}
