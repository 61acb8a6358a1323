"""``import``: what a client brings is taken in."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.common import (
    MODES,
    actor_option,
    approved_option,
    counted,
    doer,
    emit_logged,
    json_option,
    open_home,
    reason_option,
)
from api.cli.progress import progress
from config.errors import Term
from evidence.observation import HoleReason, Mode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evidence.intake.keep import Counts

ABSENT = {
    HoleReason.MISSING_FILE: "not in the folder",
    HoleReason.NOT_INCLUDED: "not included by the exporter's settings",
    HoleReason.TOO_LARGE: "left out because of their size",
    HoleReason.UNAVAILABLE: "that Telegram Desktop could not get",
    HoleReason.UNKNOWN_REASON: "left out for a reason that this program does not know",
    HoleReason.REFUSED: "that the system refused",
    HoleReason.BROKE_OFF: "whose reading broke off",
    HoleReason.NOT_EXPORTED: "that Telegram Desktop does not export",
}
"""Why a file that a message names is not there, in words."""


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--declared-by", required=True, metavar="NAME", help="Who brought it and says where it comes from (a pseudonym)."
)
@click.option(
    "--chat",
    "chat_id",
    metavar="ID",
    help="Which chat of a full export: -100NUMBER, groupNUMBER, userNUMBER, a number, or the name of one without.",
)
@click.option(
    "--mode", type=click.Choice(MODES), default="metadata_only", show_default=True, help="How much to keep of media."
)
@click.option("--legal-basis", type=click.Path(path_type=Path), metavar="FILE.toml", help="Needed above metadata_only.")
@approved_option
@reason_option
@actor_option
@json_option
@click.pass_context
def import_(
    ctx: click.Context,
    path: Path,
    declared_by: str,
    chat_id: str | None,
    mode: str,
    legal_basis: Path | None,
    approved_by: str | None,
    reason: str | None,
    actor: str | None,
    as_json: bool,
) -> None:
    """Take in a Telegram Desktop export (a folder with result.json).

    This needs no passphrase: the command seals what it takes in and cannot read it back. Importing
    the same export again adds nothing.
    """
    from contextlib import ExitStack

    from api.office.intake import Wish, import_export

    home = open_home(ctx)
    person = doer(actor, home.clock, reason=reason, approver=approved_by)
    wish = Wish(path, chat_id, declared_by, Mode(mode), legal_basis, person)
    with ExitStack() as stack:
        done = import_export(
            home,
            wish,
            lambda total: stack.enter_context(progress(Term("progress.sealing"), Term("unit.messages"), total)),
        )
    emit_logged(
        {
            "channel_id": done.container.channel_id,
            **asdict(done.counts),
            "container_sha256": done.container.sha256,
            "gaps": done.missing.get(HoleReason.GAP, 0),
            "unnamed_files": done.missing.get(HoleReason.UNNAMED, 0),
            "own_messages_only": HoleReason.OWN_ONLY in done.missing,
            "cut_off": HoleReason.CUT_OFF in done.missing,
            "absent": {reason.value: done.missing[reason] for reason in ABSENT if reason in done.missing},
            "outside_the_export": done.missing.get(HoleReason.OUTSIDE, 0),
            "decoder": done.walls,
        },
        done.unstamped,
        as_json=as_json,
        text="\n".join([_kept(done.container.channel_id, done.counts), *_missing(done.missing), *_walls(done.walls)]),
    )


def _missing(missing: "Mapping[HoleReason, int]") -> list[str]:
    """What the export as a whole lacks, a line each."""
    lines = []
    if gaps := missing.get(HoleReason.GAP, 0):
        lines.append(f"Gaps: {counted(gaps, 'span')} of message numbers that the export does not have.")
    absent = [f"{missing[reason]} {words}" for reason, words in ABSENT.items() if reason in missing]
    if absent:
        lines.append(f"Absent of the files that messages name: {', '.join(absent)}.")
    if outside := missing.get(HoleReason.OUTSIDE, 0):
        lines.append(
            f"Careful: {counted(outside, 'name')} of a file leads out of the export's folder, which Telegram Desktop "
            "does not write. It was not followed."
        )
    if files := missing.get(HoleReason.UNNAMED, 0):
        lines.append(f"Not kept: {counted(files, 'file')} in the folder, named by no message of this chat.")
    if HoleReason.OWN_ONLY in missing:
        lines.append("The chat was left: such an export has the exporter's own messages only.")
    if HoleReason.CUT_OFF in missing:
        lines.append("The export was stopped: it ends before the chat does.")
    return lines


def _walls(walls: str | None) -> list[str]:
    """What this machine lacks to shut the decoder of pictures in."""
    if walls is None or "missing" not in walls:
        return []
    return [f"Careful: this machine cannot shut the decoder of pictures in altogether ({walls}). See 'doctor'."]


def _kept(channel: str, counts: "Counts") -> str:
    if counts.already_known and not any((counts.messages, counts.service, counts.unsupported, counts.media)):
        entries = counted(counts.already_known, "message or file", "messages and files")
        return f"Nothing new from chat {channel}: this export's {entries} were already known."
    return (
        f"Kept from chat {channel}: "
        f"{counted(counts.messages, 'message')}, {counted(counts.service, 'service message')}, "
        f"{counts.unsupported} of an unknown kind, {counted(counts.media, 'file')} ({counts.sealed} sealed), "
        f"{counted(counts.missing_media, 'missing file')}, {counts.edits} edited, {counts.already_known} already known"
    )
