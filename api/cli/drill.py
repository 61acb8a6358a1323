"""``key drill``: the cards and a backup, as on a bare machine; the log says that it was done."""

from functools import partial
from pathlib import Path

import click

from api.cli.cards import card_texts
from api.cli.common import actor_option, counted, doer, emit_logged, open_home, reason_option
from api.cli.output import json_option
from api.cli.progress import progress
from config.errors import Term
from config.times import told_time

_SAMPLE = 10


@click.command("drill")
@click.argument("backup", type=click.Path(path_type=Path, exists=True))
@click.argument("files", metavar="[CARD]...", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--sample", type=click.IntRange(1), default=_SAMPLE, show_default=True, metavar="N", help="How many files to open."
)
@click.option("--database", metavar="URL", help="For a home on PostgreSQL: where pg_restore brought the backup's rows.")
@reason_option
@actor_option
@json_option
@click.pass_context
def drill_command(
    ctx: click.Context,
    backup: Path,
    files: tuple[Path, ...],
    sample: int,
    database: str | None,
    reason: str | None,
    actor: str | None,
    as_json: bool,
) -> None:
    """Try each CARD with a BACKUP, as if all else were lost: the drill, once a year. The log says so.

    The backup is put together in the home without the keys' folder, audited, opened with the cards alone (records,
    fingerprints and a sample of files, in memory), and removed again. Without CARD, the command asks for the words.
    """
    from api.offline.drill import Trial, drill_with, require_drillable

    home = open_home(ctx)
    person = doer(actor, home.clock, reason=reason)
    require_drillable(home, backup, database)  # nobody types cards for a folder that is no backup
    cards = card_texts(files)
    shown = partial(progress, Term("progress.copying"), Term("unit.bytes"))
    with progress(Term("progress.opening"), Term("unit.files"), sample) as more:
        done = drill_with(home, backup, cards, person, Trial(sample, shown, more, database))
    emit_logged(
        {
            "fits": True,
            "cards": done.cards,
            "set": done.set_name,
            "backup_at": done.backup_at,
            "entries": done.entries,
            "media": {"opened": done.opened, "kept": done.kept},
        },
        done.unstamped,
        as_json=as_json,
        text=f"These {counted(done.cards, 'card')} of set {done.set_name} opened the backup of "
        f"{told_time(done.backup_at)}: "
        f"{counted(done.entries, 'log entry', 'log entries')}, {done.opened} of {counted(done.kept, 'file')}.\n"
        "Nothing of it was kept. The log says that the drill was passed.",
    )
