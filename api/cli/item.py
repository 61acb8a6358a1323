"""``evidence``: what is preserved; never the content of media."""

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.common import (
    actor_option,
    doer,
    emit_logged,
    given_passphrase,
    json_option,
    open_home,
    reason_option,
    unasked_passphrase_option,
)
from api.cli.page import Listing, emit_pages
from api.home import Home
from config.errors import UsageError

if TYPE_CHECKING:
    from api.office.item import DigestLook, ItemRow

_CHANNEL = re.compile(r"(?:user|group|chat)?[0-9]{1,19}|export[0-9a-f]{16}|local", re.ASCII)


@click.group()
def evidence() -> None:
    """Show what is preserved, never the content of media."""


@evidence.command("list")
@click.option("--channel", metavar="ID", help="Only this channel.")
@reason_option
@actor_option
@unasked_passphrase_option
@json_option
@click.pass_context
def list_(
    ctx: click.Context,
    channel: str | None,
    reason: str | None,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """List what is preserved.

    With --json and the passphrase, list digests too. Viewing digests is logged first, because they
    lie in sealed records.
    """
    from api.office.item import list_items
    from api.office.page import every_page

    if passphrase_file and not as_json:
        raise UsageError("usage.digests_in_json_only")
    if channel is not None and not _CHANNEL.fullmatch(channel):
        raise UsageError("usage.not_a_channel_number", where="--channel")
    home = open_home(ctx)
    look = _look(home, actor, reason, passphrase_file) if as_json else None
    nothing = f"Nothing is preserved of channel {channel}." if channel else "Nothing is preserved yet."
    emit_pages(
        Listing("items", asdict, _line, nothing),
        every_page(lambda after: list_items(home, channel=channel, look=look, after=after)),
        as_json=as_json,
        more={"unlocked": look is not None},
    )


def _line(item: "ItemRow") -> str:
    place = f"{item.channel_id:>12} {item.message_id or '':>10}"
    return f"{item.item_id}  {item.kind:<8} {place}  {item.posted_at or ''}"


@evidence.command("show")
@click.argument("item")
@reason_option
@actor_option
@unasked_passphrase_option
@json_option
@click.pass_context
def show(
    ctx: click.Context, item: str, reason: str | None, actor: str | None, passphrase_file: Path | None, as_json: bool
) -> None:
    """Show one item: its place, its log entry and what is sealed for it.

    With the passphrase, show its digest too. Viewing a digest is logged first, because it lies in a
    sealed record.
    """
    from api.office.item import show_item

    home = open_home(ctx)
    shown = show_item(home, item, _look(home, actor, reason, passphrase_file))
    facts = {
        **asdict(shown.item),
        "log_index": shown.log_index,
        "after": shown.after,
        "mode": shown.mode,
        "sealed": dict(shown.sealed),
        "holes": [asdict(hole) for hole in shown.holes],
        "checkpoint": shown.checkpoint,
    }
    emit_logged(
        facts,
        shown.unstamped,
        as_json=as_json,
        text="\n".join(f"{name:<14} {_words(value)}" for name, value in facts.items()),
    )


def _look(home: Home, actor: str | None, reason: str | None, passphrase_file: Path | None) -> "DigestLook | None":
    """Who looks at digests; nobody without the passphrase, which is not asked for."""
    from api.office.item import DigestLook

    given = given_passphrase(passphrase_file)
    if given is None:
        return None
    person = doer(actor, home.clock, reason=reason)
    return DigestLook(person, home.keys.unlock(given).casework)


def _words(value: Any) -> str:  # noqa: ANN401 - the values of one item are of several types
    if isinstance(value, dict):
        return " ".join(f"{name}={inner}" for name, inner in value.items())
    if isinstance(value, list):
        return "; ".join(_words(inner) for inner in value) or "none"
    return "" if value is None else str(value)
