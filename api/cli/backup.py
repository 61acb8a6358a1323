"""``backup`` and ``restore``: a home elsewhere, and back in its place."""

from functools import partial
from pathlib import Path

import click

from api.cli.common import counted, emit, given_or_asked, json_option, open_home, passphrase_option, prompt, warn
from api.cli.progress import progress
from config.errors import Term
from config.times import told_time
from evidence.times import system_clock


@click.command()
@click.argument("dest", type=click.Path(path_type=Path))
@click.option(
    "--with-keys",
    is_flag=True,
    help="Also the keys' folder, under the passphrase. Whoever steals such a backup needs only the passphrase.",
)
@json_option
@click.pass_context
def backup(ctx: click.Context, dest: Path, with_keys: bool, as_json: bool) -> None:
    """Make a backup of this home in the folder DEST, on another disk; others may write meanwhile.

    Each backup is a folder of its own in DEST, and is whole or not there. The place of DEST must be there, as the
    stick that is plugged in; DEST itself is made if it is not. A sealed file that an
    older backup there has is not copied again. The keys' folder is left out unless you ask for
    it, because a disk that holds the home and not the keys opens nothing: keep the two apart.
    """
    from api.office.backup import back_up

    home = open_home(ctx)
    done = back_up(
        home, dest, with_keys=with_keys, progress=partial(progress, Term("progress.copying"), Term("unit.bytes"))
    )
    if not done.rows:
        warn(Term("note.rows_elsewhere"))
    if done.same_disk:
        warn(Term("note.backup_on_the_same_disk"))
    if done.description.missing:
        warn(Term("note.not_copied", number=done.description.missing))
    emit(
        {
            "backup": str(done.path),
            "entries": done.description.entries,
            "objects": done.description.objects,
            "copied": done.copied,
            "missing": done.description.missing,
            "rows": done.rows,
            "with_keys": with_keys,
            "same_disk": done.same_disk,
        },
        as_json=as_json,
        text=f"Backup: {done.path}\n{counted(done.description.entries, 'log entry', 'log entries')}, "
        f"{counted(done.description.objects, 'sealed file')}, of which {done.copied} copied now.\n"
        + (
            "The keys are in it, under the passphrase."
            if with_keys
            else "The keys are not in it: back them up elsewhere."
        ),
    )


@click.command()
@click.argument("backup", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.argument("home", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--damaged", is_flag=True, help="Put it in its place also where the audit fails.")
@click.option(
    "--erased",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="A copy of HOME.keys/erased that was kept elsewhere: what it names is destroyed again.",
)
@passphrase_option
@click.option("--database", metavar="URL", help="Of a home on PostgreSQL: where pg_restore brought its rows.")
@json_option
@click.pass_context
def restore(
    ctx: click.Context,
    backup: Path,
    home: Path | None,
    damaged: bool,
    erased: Path | None,
    passphrase_file: Path | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Make a home from a backup, at HOME or where --home names; nothing may lie there.

    An audit proves it before it gets its name. Keys that lie beside the place are used as they
    are; if none do and the backup has them, they are restored, which needs the passphrase. What was erased since the
    backup was made, as the keys' folder names it, is destroyed again first.
    """
    from api.office.backup import Wishes
    from api.office.backup import restore as put_back

    done = put_back(
        backup,
        home or ctx.find_root().obj,
        system_clock,
        passphrase=lambda: given_or_asked(passphrase_file) or prompt(Term("prompt.passphrase"), hidden=True),
        progress=partial(progress, Term("progress.copying"), Term("unit.bytes")),
        wishes=Wishes(damaged, database, erased),
    )
    verdict = done.report.verdict.value
    entries, objects = done.description.entries, done.description.objects
    problems = [
        f"{each.verdict.value}  {each.id}  {each.where}: {each.found}. {each.fix}" for each in done.report.problems
    ]
    held = f"{counted(entries, 'log entry', 'log entries')}, {counted(objects, 'sealed file')}"
    emit(
        {
            "home": str(done.path),
            "entries": entries,
            "objects": objects,
            "made_at": done.description.made_at,
            "keys": done.keys,
            "verdict": verdict,
            "problems": [problem.as_json() for problem in done.report.problems],
        },
        as_json=as_json,
        text="\n".join(
            [
                *problems,
                f"Home: {done.path}, as it was at {told_time(done.description.made_at)}: {held}; audit {verdict}.",
            ]
        ),
    )
