"""``backup`` and ``restore``: a home elsewhere, and back in its place."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.common import counted, given_or_asked, open_home, passphrase_option, prompt, warn
from api.cli.output import emit, json_option
from api.cli.progress import progress
from config.errors import Explained, Term
from config.times import told_time
from evidence.errors import HomeError
from evidence.times import system_clock

if TYPE_CHECKING:
    from api.office.backup import BackedUp


@click.command()
@click.argument("dests", nargs=-1, metavar="[DEST...]", type=click.Path(path_type=Path))
@click.option(
    "--with-keys",
    is_flag=True,
    help="Also the keys' folder, under the passphrase. Whoever steals such a backup needs only the passphrase.",
)
@click.option(
    "--for",
    "keeper",
    metavar="ORG",
    help="For another organisation to keep: everything in it is sealed, and ORG can open nothing.",
)
@click.option(
    "--forget",
    type=click.Path(path_type=Path),
    metavar="DEST",
    help="Make no backup, and ask for none in DEST any more: its disk is lost or was destroyed.",
)
@json_option
@click.pass_context
def backup(
    ctx: click.Context, dests: tuple[Path, ...], with_keys: bool, keeper: str | None, forget: Path | None, as_json: bool
) -> int:
    """Make a backup of this home in each folder DEST, on other disks; other commands may write meanwhile.

    Without DEST, make one in each folder that backup.disks names; if one disk is missing or full, the others still get
    theirs. A backup is a folder of its own in DEST, and is either whole or absent; the sealed files lie beside it, once
    for all backups. The backup is read back, and a run that was stopped continues where it was. Backups older than
    backup.keep_days are removed, and so are the sealed files of what was erased. The folder above DEST must exist, for
    example on a stick that is plugged in; DEST itself is made if missing. The keys' folder is left out unless you ask
    for it, because a disk with the home but without the keys opens nothing: keep the two apart.
    """
    from api.errors import exit_code, of_system
    from api.office.backup import back_up, forget_place

    home = open_home(ctx)
    if forget is not None:
        forget_place(home, forget)
        emit({"forgot": str(forget.resolve())}, as_json=as_json, text=f"No more backups are asked for in {forget}.")
        return 0
    asked = dests or tuple(map(Path, home.settings.backup.disks))
    if not asked:
        raise HomeError("backup.no_disks")
    shown = partial(progress, Term("progress.copying"), Term("unit.bytes"))
    told, words, errors = list[dict[str, Any]](), list[str](), list[Explained]()
    for dest in asked:
        try:
            done = back_up(home, dest, with_keys=with_keys, progress=shown, keeper=keeper or "")
        except (Explained, OSError) as raised:
            if len(asked) == 1:
                raise
            errors.append(error := raised if isinstance(raised, Explained) else of_system(raised))
            warn(Term("note.error", cause=error))
            told.append({"place": str(dest), "error": {"type": type(error).__name__, **error.as_json()}})
            continue
        _warn(done)
        told.append(_said(done, with_keys=with_keys))
        words.append(_told(done, with_keys=with_keys))
    emit(
        told[0] if len(asked) == 1 else {"disks": told}, as_json=as_json, text="\n".join(words) or "No backup was made."
    )
    return max(map(exit_code, errors), default=0)


def _warn(done: "BackedUp") -> None:
    if not done.rows:
        warn(Term("note.rows_elsewhere"))
    if done.same_disk:
        warn(Term("note.backup_on_the_same_disk"))
    if done.mended:
        warn(Term("note.backup_mended", number=done.mended))
    if done.description.missing:
        warn(Term("note.not_copied", number=done.description.missing))


def _said(done: "BackedUp", *, with_keys: bool) -> dict[str, Any]:
    return {
        "place": str(done.path.parent),
        "backup": str(done.path),
        "entries": done.description.entries,
        "objects": done.description.objects,
        "copied": done.copied,
        "mended": done.mended,
        "missing": done.description.missing,
        "erased": done.erased,
        "ended": done.ended,
        "rows": done.rows,
        "with_keys": with_keys,
        "for": done.description.kept_by or None,
        "same_disk": done.same_disk,
    }


def _told(done: "BackedUp", *, with_keys: bool) -> str:
    entries = counted(done.description.entries, "log entry", "log entries")
    objects = counted(done.description.objects, "sealed file")
    lines = [f"Backup: {done.path}", f"{entries}, {objects}, of which {done.copied} copied now."]
    if done.ended or done.erased:
        lines.append(
            f"Removed from this disk: {counted(done.ended, 'backup')} that had become too old, "
            f"{counted(done.erased, 'entry', 'entries')} of erased items."
        )
    with_them = "The keys are in it, under the passphrase."
    lines.append(with_them if with_keys else "The keys are not in it: back them up elsewhere.")
    return "\n".join(lines)


@click.command()
@click.argument("backup", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.argument("home", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--verify",
    is_flag=True,
    help="Only prove the backup: assemble it among the temporary files, audit it, and remove it again.",
)
@click.option("--damaged", is_flag=True, help="Restore it even if the audit fails.")
@click.option(
    "--erased",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="A copy of HOME.keys/erased that was kept elsewhere: what it names is destroyed again.",
)
@click.option(
    "--card",
    "cards",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="A card, for a backup that another organisation kept, if the keys are lost; may be given several times.",
)
@passphrase_option
@click.option("--database", metavar="URL", help="Of a home on PostgreSQL: where pg_restore brought its rows.")
@json_option
@click.pass_context
def restore(
    ctx: click.Context,
    backup: Path,
    home: Path | None,
    verify: bool,
    damaged: bool,
    erased: Path | None,
    cards: tuple[Path, ...],
    passphrase_file: Path | None,
    database: str | None,
    as_json: bool,
) -> int:
    """Make a home from a backup, at HOME or where --home names; nothing may lie there.

    An audit proves it before it gets its name. Keys that lie beside the place are used as they
    are; if none do and the backup has them, they are restored, which needs the passphrase. What was erased since the
    backup was made, as the keys' folder or the disk of backups names it, is destroyed again first.
    """
    from api.errors import VERDICT_CODES
    from api.office.backup import Wishes, prove
    from api.office.backup import restore as put_back

    done = (prove if verify else put_back)(
        backup,
        home or ctx.find_root().obj,
        system_clock,
        passphrase=lambda: given_or_asked(passphrase_file) or prompt(Term("prompt.passphrase"), hidden=True),
        progress=partial(progress, Term("progress.copying"), Term("unit.bytes")),
        wishes=Wishes(damaged, database, erased, tuple(card.read_text("utf-8", "replace") for card in cards)),
    )
    verdict = done.report.verdict.value
    entries, objects = done.description.entries, done.description.objects
    problems = [
        f"{each.verdict.value}  {each.id}  {each.where}: {each.found}. {each.fix}" for each in done.report.problems
    ]
    what, at = f"{'Backup' if verify else 'Home'}: {done.path}", told_time(done.description.made_at)
    held = f"{counted(entries, 'log entry', 'log entries')}, {counted(objects, 'sealed file')}"
    emit(
        {
            ("verified" if verify else "home"): str(done.path),
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
                f"{what}, as it was at {at}: {held}; audit {verdict}.",
            ]
        ),
    )
    return VERDICT_CODES[done.report.verdict] if verify else 0
