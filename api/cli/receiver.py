"""``receiver``: the register of approved receivers of bundles."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.common import (
    actor_option,
    approved_option,
    doer,
    emit_logged,
    emit_waiting,
    open_home,
    passphrase_option,
    reason_option,
    unlock,
)
from api.cli.output import json_option
from api.cli.page import Listing, emit_pages
from casefiles.bundle.presets import AUDIENCES

if TYPE_CHECKING:
    from casefiles.receivers import Receiver

audience_option = click.option(
    "--for", "audience", required=True, type=click.Choice(AUDIENCES), help="What bundles they may get."
)


@click.group()
def receiver() -> None:
    """Commands to keep the register of approved receivers of bundles."""


@receiver.command("add")
@click.argument("name")
@audience_option
@approved_option
@reason_option
@actor_option
@json_option
@click.pass_context
def add(
    ctx: click.Context,
    name: str,
    audience: str,
    approved_by: str | None,
    reason: str | None,
    actor: str | None,
    as_json: bool,
) -> None:
    """Approve the receiver NAME for the bundles that --for names.

    Two persons do. --approved-by names the second; without it, the request waits for 'approve', and
    the command exits 3.
    """
    from api.office.receiver import add_receiver
    from api.office.request import Waiting

    home = open_home(ctx)
    done = add_receiver(home, name, audience, doer(actor, home.clock, reason=reason, approver=approved_by))
    if isinstance(done, Waiting):
        emit_waiting(ctx, done, as_json=as_json)
    emit_logged(receiver_fields(done.receiver), done.unstamped, as_json=as_json, text=receiver_words(done.receiver))


def receiver_fields(receiver: "Receiver") -> dict[str, str]:
    """The ``--json`` fields of a receiver of the register."""
    return {"receiver": receiver.name, "audience": receiver.audience}


def receiver_words(receiver: "Receiver") -> str:
    """What ``receiver add`` prints: that a receiver was approved."""
    return f"{receiver.name} may get bundles for: {receiver.audience}."


@receiver.command("list")
@passphrase_option
@json_option
@click.pass_context
def list_(ctx: click.Context, passphrase_file: Path | None, as_json: bool) -> None:
    """Print the approved receivers. They are sealed in the log, so this asks for the passphrase."""
    from api.office.receiver import list_receivers

    home = open_home(ctx)
    casework = unlock(home, passphrase_file).casework
    listing = Listing("receivers", asdict, _line, "No receiver is approved yet.")
    emit_pages(listing, [list_receivers(home, casework)], as_json=as_json)


def _line(row: "Receiver") -> str:
    return f"{row.audience:<11} {row.name}  approved {row.since}"


@receiver.command("remove")
@click.argument("name")
@audience_option
@reason_option
@actor_option
@passphrase_option
@json_option
@click.pass_context
def remove(
    ctx: click.Context,
    name: str,
    audience: str,
    reason: str | None,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Take the receiver NAME off the register; one person may."""
    from api.office.receiver import remove_receiver

    home = open_home(ctx)
    person = doer(actor, home.clock, reason=reason)
    done = remove_receiver(home, name, audience, person, unlock(home, passphrase_file).casework)
    emit_logged(
        receiver_fields(done.receiver),
        done.unstamped,
        as_json=as_json,
        text=f"{done.receiver.name} is no approved receiver any more: {audience}.",
    )
