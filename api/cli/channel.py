"""``watch``: the register of publicly reported channels."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.common import (
    MODES,
    actor_option,
    approved_option,
    doer,
    emit_logged,
    emit_waiting,
    json_option,
    open_home,
    reason_option,
)
from api.cli.page import Listing, emit_pages
from api.cli.table import told_time

if TYPE_CHECKING:
    from api.office.channel import Channel, Registered


@click.group()
def watch() -> None:
    """Keep the register of publicly reported channels."""


@watch.command("add")
@click.argument("channel")
@click.option("--report", "report_url", required=True, metavar="URL", help="The public report that names the channel.")
@click.option("--reported-by", required=True, metavar="ORG", help="Who reported the channel publicly.")
@click.option("--reported-on", required=True, metavar="DATE", help="When it was reported: YYYY-MM-DD.")
@click.option("--mode", required=True, type=click.Choice(MODES), help="How much to keep of media.")
@click.option("--legal-basis", type=click.Path(path_type=Path), metavar="FILE.toml", help="Needed above metadata_only.")
@click.option(
    "--access", type=click.Choice(["public", "invite"]), default="public", show_default=True, help="How it is reached."
)
@approved_option
@reason_option
@actor_option
@json_option
@click.pass_context
def add(
    ctx: click.Context,
    channel: str,
    report_url: str,
    reported_by: str,
    reported_on: str,
    mode: str,
    legal_basis: Path | None,
    access: str,
    approved_by: str | None,
    reason: str | None,
    actor: str | None,
    as_json: bool,
) -> None:
    """Register a publicly reported channel, or change its entry.

    CHANNEL is @name, t.me/name, or its number, with -100 before it or without. One person may add it as
    metadata_only with a reason, and a second person reviews it within seven days. Any other mode needs
    a legal basis and a second person: --approved-by, or the request waits for 'approve' and exits 3.
    Adding the same again changes nothing.
    """
    from api.office.channel import add_channel
    from api.office.request import Waiting
    from config.watchlist import watch_entry
    from evidence.observation import Mode

    home = open_home(ctx)
    entry = watch_entry(
        channel=channel, report_url=report_url, reported_by=reported_by, reported_on=reported_on, access=access
    )
    person = doer(actor, home.clock, reason=reason or f"reported by {entry.reported_by}", approver=approved_by)
    done = add_channel(home, entry, Mode(mode), legal_basis, person)
    if isinstance(done, Waiting):
        emit_waiting(ctx, done, as_json=as_json)
    emit_logged(
        told(entry.channel, mode, done), done.unstamped, as_json=as_json, text=outcome(entry.channel, mode, done)
    )


def told(channel: str, mode: str, done: "Registered") -> dict[str, Any]:
    """What adding a channel did, for a machine."""
    return {
        "channel": channel,
        "mode": mode,
        "review_by": done.review_by,
        "before": done.before,
        "changed": list(done.changed),
        "logged": done.logged,
    }


def outcome(channel: str, mode: str, done: "Registered") -> str:
    """What adding a channel did, in words."""
    if not done.logged:
        return f"{channel} is registered already, as {mode}. Nothing was changed."
    review = f" A second person reviews it by {told_time(done.review_by)}." if done.review_by else ""
    if done.before is None:
        return f"Registered {channel} as {mode}.{review} This version does not watch it yet."
    if not done.changed:
        agreed = "Its entry is unchanged; logged is that a second person agrees."
        return f"{channel} is registered already, as {mode}. {agreed}"
    now = f"from {done.before} to {mode}" if done.before != mode else f"the mode is still {mode}"
    others = ", ".join(_NAMES[name] for name in done.changed if name != "mode")
    return f"Changed the entry of {channel}: {now}{f'; new: {others}' if others else ''}.{review}"


_NAMES = {
    "access": "how it is reached",
    "report_url": "the report",
    "reported_by": "who reported it",
    "reported_on": "when it was reported",
    "expires": "until when its legal basis holds",
}
"""What the parts of an entry are called."""


@watch.command("list")
@json_option
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List the channels in the register."""
    from api.office.channel import list_channels
    from api.office.page import every_page

    home = open_home(ctx)
    listing = Listing("channels", asdict, _line, "No channel is registered.")
    emit_pages(listing, every_page(lambda after: list_channels(home, after=after)), as_json=as_json)


def _line(row: "Channel") -> str:
    report = f"    {row.reported_on}  reported by {row.reported_by}: {row.report_url}"
    return f"{row.channel:<34} {row.mode:<14} {row.access}\n{report}"


@watch.command("remove")
@click.argument("channel")
@reason_option
@actor_option
@json_option
@click.pass_context
def remove(ctx: click.Context, channel: str, reason: str | None, actor: str | None, as_json: bool) -> None:
    """Take a channel off the register; whatever was preserved stays."""
    from api.office.channel import remove_channel

    home = open_home(ctx)
    done = remove_channel(home, channel, doer(actor, home.clock, reason=reason))
    emit_logged(
        {"channel": done.channel, "mode": None},
        done.unstamped,
        as_json=as_json,
        text=f"Removed {done.channel} from the register.",
    )
