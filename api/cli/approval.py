"""``approve``: a second person reviews what one person did."""

from pathlib import Path

import click

from api.cli.common import (
    actor_option,
    counted,
    doer,
    emit_logged,
    json_option,
    open_home,
    passphrase_option,
    reason_option,
    unlock,
)


@click.command()
@click.argument("request")
@reason_option
@actor_option
@passphrase_option
@json_option
@click.pass_context
def approve(
    ctx: click.Context,
    request: str,
    reason: str | None,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Review what one person did, as the second person.

    'doctor' lists the requests that wait. Whoever made the request cannot approve it.
    """
    from api.office.approval import approve as approve_request
    from api.office.approval import require_waiting

    home = open_home(ctx)
    person = doer(actor, home.clock, reason=reason)
    require_waiting(home, request)
    done = approve_request(home, request, person, unlock(home, passphrase_file).casework)
    emit_logged(
        {"request": done.request, "what": done.what, "target": done.target, "waiting": done.waiting},
        done.unstamped,
        as_json=as_json,
        text=f"Approved the {done.what} of {done.requested_by}: {done.target}. "
        f"{counted(done.waiting, 'other request')} still waiting.",
    )
