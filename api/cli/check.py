"""``check``: whether a picture is in the store."""

from pathlib import Path
from typing import TYPE_CHECKING

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
from config.errors import Term
from config.times import told_time
from evidence.match.check import NotCompared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.office.check import PlacedMatch

WHY = {
    NotCompared.NOT_READ: "not read under the mode",
    NotCompared.NO_PICTURE: "no picture, not decoded or too small",
    NotCompared.TOO_PLAIN: "too little to be seen in it",
    NotCompared.ASKED_TOO_PLAIN: "too little to be seen in this picture",
}
"""Why a stored file was not compared, in words."""


def _lines(match: "PlacedMatch") -> "Iterator[str]":
    place = f"{match.channel_id}/{match.message_id or '-'}  {told_time(match.posted_at) or 'no time'}"
    yield f"{match.tier:<10} {match.item_id}  {place}"
    if match.message_item:
        yield f"{'  message':<10} {match.message_item}"


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
    """Find a picture in the store.

    "0 found" speaks only of the pictures that were really compared. It misses larger crops, turns of a
    few degrees, collages and videos, and is no proof that a picture was not posted.
    """
    from api.office.check import LIMITS, check_picture
    from api.office.short import case_of

    home = open_home(ctx)
    case_id = case_of(home, case_id)
    person = doer(actor, home.clock, reason=reason)
    keys = unlock(home, passphrase_file)
    with picture.open("rb") as stream:
        done = check_picture(home, stream, case_id, person, keys)
    if not done.consented:
        warn(Term("note.no_consent", case=case_id))
    lines = [line for match in done.matches for line in _lines(match)]
    left = sum(done.not_compared.values())
    why = "; ".join(f"{words}: {done.not_compared[each]}" for each, words in WHY.items() if each in done.not_compared)
    told = f"{left} could not be compared" + (f" ({why})" if why else "")
    lines.append(f"{len(done.matches)} found. Compared with {done.compared}; {told}.")
    lines.append(LIMITS)
    emit_logged(done.told(), done.unstamped, as_json=as_json, text="\n".join(lines))
