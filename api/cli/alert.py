"""``alerts``: where pictures of cases may have appeared again; looked for, listed, dismissed."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.common import actor_option, counted, doer, emit_logged, open_home, passphrase_option, reason_option, unlock
from api.cli.output import emit, json_option
from api.cli.page import Listing, emit_pages
from api.cli.progress import progress
from config.errors import Term
from config.times import told_time

if TYPE_CHECKING:
    from casefiles.appearance import Alert


@click.group(invoke_without_command=True)
@click.option("--case", "case_id", metavar="CASE", help="Only of this case.")
@click.option("--all", "every", is_flag=True, help="Also those that were dismissed, or whose file is now in the case.")
@json_option
@click.pass_context
def alerts(ctx: click.Context, *, case_id: str | None, every: bool, as_json: bool) -> None:
    """Print where pictures of cases may have appeared again; with a command, look again, mail or dismiss.

    While 'serve' runs and is unlocked, it looks by itself; 'alerts look' looks once. The list needs no passphrase.
    """
    if ctx.invoked_subcommand is not None:
        return
    from api.office.alert import alerts_of
    from api.office.page import every_page
    from api.office.short import case_of

    home = open_home(ctx)
    cases = None if case_id is None else [case_of(home, case_id)]
    listing = Listing("alerts", _entry, _line, "There is no open alert.")
    emit_pages(
        listing, every_page(lambda after: alerts_of(home, cases=cases, every=every, after=after)), as_json=as_json
    )


def _entry(alert: "Alert") -> Mapping[str, object]:
    return {
        "case_id": alert.case_id,
        "item_id": alert.item_id,
        "channel_id": alert.channel_id,
        "message_id": alert.message_id,
        "posted_at": alert.posted_at,
        "raised_at": alert.raised_at,
        "open": alert.is_open,
        "hash_list": alert.is_list,
    }


def _line(alert: "Alert") -> str:
    place = f"{alert.channel_id}/{alert.message_id or '-'}  {told_time(alert.posted_at) or 'no time'}"
    notes = f"{'  (list of hashes)' if alert.is_list else ''}{'' if alert.is_open else '  (settled)'}"
    return f"{alert.case_id}  {alert.item_id}  {place}{notes}"


@alerts.command("look")
@passphrase_option
@json_option
@click.pass_context
def look(ctx: click.Context, passphrase_file: Path | None, as_json: bool) -> None:
    """Look for pictures of cases in everything kept since the last look; this asks for the passphrase."""
    from api.office.alert import Lookout
    from api.office.opened import OpenOffice

    home = open_home(ctx)
    keys = unlock(home, passphrase_file)
    with progress(Term("progress.looking"), Term("unit.entries")) as line:

        def begin(total: int) -> Callable[[int], object]:
            line.total = total
            return line

        done = Lookout(home, OpenOffice.of(home, keys)).look(begin)
    found = counted(done.raised, "new alert")
    emit_logged(
        {"entries": done.entries, "raised": done.raised},
        done.unstamped,
        as_json=as_json,
        text=f"{found}. Looked at {counted(done.entries, 'log entry', 'log entries')}."
        + (" See them: nisisama alerts" if done.raised else ""),
    )


@alerts.command("mail")
@json_option
@click.pass_context
def mail(ctx: click.Context, *, as_json: bool) -> None:
    """Send the mail about alerts now, exactly as 'serve' sends it, to try the settings in [mail]."""
    from api.office.mail import send_news

    done = send_news(open_home(ctx))
    refused = f"; the server refused {', '.join(done.refused)}" if done.refused else ""
    emit(
        {"sent": done.sent, "refused": list(done.refused)},
        as_json=as_json,
        text=f"Sent to {counted(done.sent, 'address', 'addresses')}{refused}.",
    )


@alerts.command("dismiss")
@click.argument("case_id", metavar="CASE")
@click.argument("item_id", metavar="ITEM")
@reason_option
@actor_option
@json_option
@click.pass_context
def dismiss(
    ctx: click.Context, case_id: str, item_id: str, reason: str | None, actor: str | None, as_json: bool
) -> None:
    """Say that the file of an alert does not belong to CASE; --reason says why. To add it instead: 'case add'."""
    from api.office.alert import dismiss_alert
    from api.office.short import case_of, item_of

    home = open_home(ctx)
    person = doer(actor, home.clock, reason=reason)
    done = dismiss_alert(home, case_of(home, case_id), item_of(home, item_id), person)
    emit_logged(
        {"case_id": done.case_id, "item_id": done.item_id},
        done.unstamped,
        as_json=as_json,
        text=f"Dismissed {done.item_id} for {done.case_id}.",
    )
