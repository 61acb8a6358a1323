"""``audit``: the store against the log, the log against an older checkpoint."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.cards import card_texts
from api.cli.common import (
    actor_option,
    counted,
    doer,
    given_passphrase,
    open_home,
    unasked_passphrase_option,
    unlock,
    warn_unstamped,
)
from api.cli.output import emit, json_option
from api.cli.progress import progress
from config.errors import Term, UsageError

if TYPE_CHECKING:
    from api.home import Home
    from api.offline.audit import MediaAudit
    from evidence.authority import Doer
    from evidence.keys import Unlocked

_WITH_CARDS = 4
_REASON = "audit --level 4"
"""Why digests were looked at, in the entry of an audit that opens files."""


@click.command()
@click.option(
    "--level",
    type=click.IntRange(1, 4),
    default=3,
    show_default=True,
    help="1: the log; 2: also every ciphertext; 3: also its form; 4: also the contents of the files, with the cards.",
)
@click.option("--sample", type=click.IntRange(1), metavar="N", help="With level 4: how many files; all unless given.")
@click.option(
    "--card",
    "cards",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="With level 4: a card; may be given several times. Without it, the command asks for the words.",
)
@click.option(
    "--against",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="A checkpoint or a bundle that was kept outside.",
)
@actor_option
@unasked_passphrase_option
@json_option
@click.pass_context
def audit(
    ctx: click.Context,
    level: int,
    sample: int | None,
    cards: tuple[Path, ...],
    against: Path | None,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> int:
    """Check the store against the log, and with --against the log against a checkpoint or bundle that others hold.

    This needs no key. With the passphrase, level 3 also opens every record and compares the rows in clear. Level 4
    needs the cards too: it opens preserved files in memory, and compares what is in them with the log. It first
    logs who does that (--by).
    """
    from api.errors import VERDICT_CODES
    from api.office.audit import entries_to_read, how_records_compared, run_audit
    from evidence.audit.log import HEADERS_LEVEL
    from evidence.finding import Report, Verdict

    home = open_home(ctx)
    older = against.read_bytes() if against else None
    if level != _WITH_CARDS and (sample or cards):
        raise UsageError("usage.audit_level")
    by = doer(actor, home.clock, reason=_REASON) if level == _WITH_CARDS else None
    keys = unlock(home, passphrase_file) if level == _WITH_CARDS else None
    given = given_passphrase(passphrase_file)
    with progress(Term("progress.auditing"), Term("unit.entries"), entries_to_read(home)) as more:
        done = run_audit(home, level=min(level, HEADERS_LEVEL), against=older, passphrase=given, progress=more)
    opened = None if keys is None else _opened(home, keys, cards, sample, by)
    report = Report((*done.report.findings, *(opened.findings if opened else ())))
    verdict, records = report.verdict, how_records_compared(home, done, level)
    lines = [f"{f.verdict.value}  {f.id}  {f.where}: {f.found}. {f.fix}" for f in report.problems]
    lines.append(
        f"{verdict.value}: {counted(done.entries, 'log entry', 'log entries')}, "
        f"{counted(done.objects, 'object')}, level {level}; records {records}."
    )
    if opened:
        lines.append(f"Opened with the cards: {opened.opened} of {counted(opened.kept, 'file')}. No file was written.")
    if not given and level == HEADERS_LEVEL and home.keys.path.is_dir():
        lines.append("To compare the records too: --passphrase-file FILE, or NISISAMA_PASSPHRASE.")
    told: dict[str, Any] = {
        "ok": verdict is Verdict.PASSED,
        "verdict": verdict.value,
        "level": level,
        "entries": done.entries,
        "objects": done.objects,
        "records": records,
        "problems": [problem.as_json() for problem in report.problems],
    }
    if opened:
        told["media"] = {"opened": opened.opened, "kept": opened.kept}
        told["warnings"] = warn_unstamped(opened.unlogged)
    emit(told, as_json=as_json, text="\n".join(lines))
    return VERDICT_CODES[verdict]


def _opened(
    home: "Home", keys: "Unlocked", cards: tuple[Path, ...], sample: int | None, by: "Doer | None"
) -> "MediaAudit":
    from api.offline.audit import audit_media, files_to_open

    texts = card_texts(cards)
    with progress(Term("progress.opening"), Term("unit.files"), files_to_open(home, sample)) as more:
        return audit_media(home, keys.casework, texts, sample=sample, progress=more, by=by)
