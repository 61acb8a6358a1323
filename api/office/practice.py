"""A practice Telegram that stays: people log in and watch on it by hand, as they will on the real one."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from api.home import Home
from api.office.rehearsed_watch import free_handle, newest_number
from config.errors import Term
from evidence.errors import HomeError
from monitor.rehearsal.export import rehearsal_jpeg
from monitor.rehearsal.telegram.rooms import Room
from monitor.rehearsal.telegram.serve import LoopbackTelegram, Server

CHANNEL = "square_hexagon"
PROBE = "square_hexagon_probe"
"""A channel that the account itself made."""
PHONE = "+10000000000"
TICK_S = 0.5
"""How soon a login code is shown after it was asked for."""
TICKS = 20
"""How many ticks pass from one act in the group to the next."""


@dataclass(frozen=True, slots=True)
class Practice:
    """How to reach the practice Telegram.

    Attributes:
        variables: The environment variables that point every command to it, by name.
        phone: The number of its account.
        channel: The handle of its public group.
        probe: The handle of the channel that the account made.
    """

    variables: Mapping[str, str]
    phone: str
    channel: str
    probe: str


def variables_of(servers: tuple[Server, ...]) -> dict[str, str]:
    """The environment variables that point every command to a practice Telegram and to no other."""
    told = [
        {"dc": each.dc, "host": each.host, "port": each.port, "public_key_file": str(each.public_key_file)}
        for each in servers
    ]
    return {
        "NISISAMA_TELEGRAM__API_ID": "1",
        "NISISAMA_TELEGRAM__API_HASH": "a" * 32,
        "NISISAMA_TELEGRAM__SERVERS": json.dumps(told),
    }


def practise(
    home: Home, stopping: Event, *, ready: Callable[[Practice], object], happened: Callable[[Term], object]
) -> None:
    """The verb behind ``monitor rehearse --stay``: serve a group where something happens, until told to stop.

    Args:
        ready: Called with how to reach the practice Telegram, once that is possible.
        happened: Called with each login code and each act in the group.

    Raises:
        HomeError: The home is not one of a rehearsal.
    """
    if not home.settings.office.rehearsal:
        raise HomeError("home.no_rehearsal", where=str(home.path))
    with (
        TemporaryDirectory(prefix="nisisama-") as work,  # for the servers' public keys
        LoopbackTelegram.running(Path(work), clock=home.clock) as telegram,
    ):
        telegram.world.first_room = max(telegram.world.first_room, 1 + newest_number(home))
        account = telegram.world.add_account(PHONE)
        channel, probe = free_handle(home, CHANNEL), free_handle(home, PROBE)
        group = telegram.world.add_channel("Square and hexagon", username=channel, joined=(account,))
        own = telegram.world.add_channel(
            "Practice", username=probe, joined=(account,), broadcast=True, administrators=[account]
        )
        own.post("Practice, today's post")
        acts = _acts(group, telegram)
        ready(Practice(variables_of(telegram.servers), PHONE, channel, probe))
        told, tick = account.code, 0
        while not stopping.wait(TICK_S):
            if account.code not in (None, told):
                happened(Term("practice.code", phone=PHONE, text=account.code or ""))
            told = account.code
            if tick % TICKS == 0:
                happened(next(acts))
            tick += 1


def _acts(group: Room, telegram: LoopbackTelegram) -> Iterator[Term]:
    """What happens in the group, for ever: a text, a picture, another text, an edit and a deletion."""
    author = telegram.world.add_person("Somebody")
    turn = 0
    while True:
        turn += 1
        number = group.post(f"Practice, text {turn}", sender=author)
        yield Term("practice.posted", index=number)
        yield Term(
            "practice.posted", index=group.post_photo(rehearsal_jpeg(turn), "A generated picture", sender=author)
        )
        other = group.post(f"Practice, another text {turn}", sender=author)
        yield Term("practice.posted", index=other)
        group.edit(number, text=f"Practice, text {turn}, edited")
        yield Term("practice.edited", index=number)
        group.delete([other])
        yield Term("practice.deleted", index=other)
