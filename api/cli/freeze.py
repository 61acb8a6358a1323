"""``freeze``: one person freezes at once whatever may show a child; two persons end it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.common import (
    actor_option,
    approved_option,
    counted,
    doer,
    emit_logged,
    emit_waiting,
    given_passphrase,
    open_home,
    passphrase_option,
    reason_option,
    unlock,
    warn,
)
from api.cli.output import json_option
from api.cli.page import Listing, emit_pages
from config.errors import Term, UsageError
from config.times import told_time
from evidence.errors import PassphraseError

if TYPE_CHECKING:
    from api.home import Home
    from api.office.freeze import Froze, Lifted, ListedFreeze
    from api.office.opened import OpenOffice
    from evidence.authority import Doer


@click.command()
@click.argument("items", nargs=-1, metavar="[ITEM]...")
@click.option("--list", "listed", is_flag=True, help="List what is frozen and waits for a decision, as without ITEM.")
@click.option("--lift", is_flag=True, help="Ask for the end of a freeze that was a mistake; a second person approves.")
@click.option("--what", metavar="TEXT", help="What may show a child, if --reason does not say it.")
@reason_option
@approved_option
@actor_option
@passphrase_option
@json_option
@click.pass_context
def freeze(
    ctx: click.Context,
    items: tuple[str, ...],
    listed: bool,
    lift: bool,
    what: str | None,
    reason: str | None,
    approved_by: str | None,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Freeze each ITEM, which may show a child, with its message and album, at once.

    From then on, nobody can list, search, view or export it, and nothing more of it is fetched. If you are not sure,
    freeze: nothing is destroyed. With the passphrase, the command also freezes the same files elsewhere. --lift ends
    a freeze that was a mistake, if a second person, who did not make it, agrees.
    """
    from api.office.short import items_meant

    if (listed and (items or lift)) or (not items and (lift or what is not None or reason is not None)):
        raise UsageError("usage.freeze_what")
    home = open_home(ctx)
    if not items:
        _list(home, passphrase_file, as_json=as_json)
        return
    person = doer(actor, home.clock, reason=reason, approver=approved_by if lift else None)
    named = items_meant(home, items, frozen=True)
    if lift:
        _lift(ctx, home, named, person, passphrase_file, as_json=as_json)
        return
    from api.office.freeze import freeze as freeze_items

    done = freeze_items(home, named, person, what=what, office=_opened(home, passphrase_file))
    fields: dict[str, Any] = {"frozen": list(done.items.frozen), "left": list(done.items.left)}
    fields["copies"] = None if done.copies is None else list(done.copies)
    emit_logged(fields, done.unstamped, as_json=as_json, text=_words(done))


def _opened(home: "Home", passphrase_file: Path | None) -> "OpenOffice | None":
    """What finds copies, if there is a right passphrase; a freeze waits for nothing."""
    from api.office.opened import OpenOffice

    try:
        given = given_passphrase(passphrase_file) is not None
        return OpenOffice.of(home, unlock(home, passphrase_file)) if given else None
    except PassphraseError as error:
        warn(Term("note.plain", cause=error))
        return None


def _words(done: "Froze") -> str:
    frozen, left, copies = len(done.items.frozen), len(done.items.left), done.copies
    lines = []
    if frozen:
        lines.append(f"Frozen: {counted(frozen, 'item')}, with message and album. Nobody can view or export them.")
    if left:
        lines.append(f"Frozen before: {counted(left, 'item')} named here. Nothing more was logged.")
    if copies:
        lines.append(f"Frozen too: {counted(len(copies), 'item')} with the same file.")
    if copies is None and frozen:
        lines.append("The same file was not looked for elsewhere: that needs the passphrase.")
    lines.append("Tell a second person today. See what is waiting: nisisama freeze --list")
    return "\n".join(lines)


def _lift(
    ctx: click.Context,
    home: "Home",
    items: tuple[str, ...],
    person: "Doer",
    passphrase_file: Path | None,
    *,
    as_json: bool,
) -> None:
    from api.office.freeze import lift_freeze
    from api.office.request import Waiting

    casework = None if person.approver is None else unlock(home, passphrase_file).casework
    done = lift_freeze(home, items, person, casework)
    if isinstance(done, Waiting):
        emit_waiting(ctx, done, as_json=as_json)
    emit_logged(lift_fields(done), done.unstamped, as_json=as_json, text=lift_words(done))


def lift_fields(done: "Lifted") -> dict[str, Any]:
    """The ``--json`` fields of ``freeze --lift``: what is no longer frozen."""
    return {"lifted": list(done.items)}


def lift_words(done: "Lifted") -> str:
    """What ``freeze --lift`` prints: what is no longer frozen."""
    return f"No longer frozen: {counted(len(done.items), 'item')}."


def _list(home: "Home", passphrase_file: Path | None, *, as_json: bool) -> None:
    from api.office.freeze import list_freezes
    from api.office.page import every_page

    casework = None if given_passphrase(passphrase_file) is None else unlock(home, passphrase_file).casework
    listing = Listing("freezes", freeze_fields, _line, "Nothing is frozen.")
    emit_pages(listing, every_page(lambda after: list_freezes(home, casework, after=after)), as_json=as_json)


def freeze_fields(listed: "ListedFreeze") -> dict[str, Any]:
    """The ``--json`` fields of one freeze in ``freeze --list``."""
    waiting = listed.freeze
    places = [
        {"item_id": item, "channel_id": channel, "message_id": message}
        for item, (channel, message) in zip(waiting.items, waiting.places, strict=True)
    ]
    told: dict[str, Any] = {"freeze": waiting.event_id, "frozen_at": waiting.frozen_at, "items": places}
    told |= {"late": listed.late, "held": listed.held}
    return {**told, "frozen_by": listed.by, "hint": listed.hint, "what": listed.what}


def _line(listed: "ListedFreeze") -> str:
    waiting = listed.freeze
    who = {"machine": "a machine's hint", "list": "an authority's list"}.get(listed.hint or "", listed.by)
    state = "  (has waited for more than a day)" if listed.late else "  (held for the police)" if listed.held else ""
    since = f"{told_time(waiting.frozen_at)}{state}"
    by = f", by {who}: {listed.what}" if who else ""
    lines = [f"{waiting.event_id}  {since}  {counted(len(waiting.items), 'item')}{by}"]
    for item, (channel, message) in zip(waiting.items, waiting.places, strict=True):
        lines.append(f"    {item}  {channel}/{'-' if message is None else message}")
    return "\n".join(lines)
