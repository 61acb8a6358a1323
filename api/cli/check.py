"""``check``: whether a picture is in the store."""

from dataclasses import asdict
from pathlib import Path

import click

from api.cli.common import (
    actor_option,
    doer,
    emit_logged,
    json_option,
    open_home,
    passphrase_option,
    reason_option,
    unlock,
    warn,
)


@click.command()
@click.argument("picture", metavar="IMAGE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--case", "case_id", required=True, metavar="CASE", help="The case it is for; the check is logged.")
@reason_option
@actor_option
@passphrase_option
@json_option
@click.pass_context
def check(
    ctx: click.Context,
    picture: Path,
    case_id: str,
    reason: str | None,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Find a picture in the store. "None" covers only the pictures that were really compared."""
    from api.office.case import require_case
    from api.office.check import check_picture

    home = open_home(ctx)
    require_case(home, case_id)
    person = doer(actor, home.clock, reason=reason)
    keys = unlock(home, passphrase_file)
    with picture.open("rb") as stream:
        done = check_picture(home, stream, case_id, person, keys.matching, keys.casework)
    if not done.consented:
        warn(f"note: {case_id} has no record of the client's consent. Record it: case consent {case_id}.")
    lines = [
        f"{match.tier:<10} {match.item_id}  {match.channel_id}/{match.message_id or '-'}  "
        f"{match.posted_at or 'no time'}"
        for match in done.matches
    ]
    lines.append(
        f"{len(done.matches)} found. Compared with {done.compared}; {done.not_compared} could not be compared."
    )
    emit_logged(
        {
            "found": bool(done.matches),
            "matches": [asdict(match) for match in done.matches],
            "compared": done.compared,
            "not_compared": done.not_compared,
        },
        done.unstamped,
        as_json=as_json,
        text="\n".join(lines),
    )
