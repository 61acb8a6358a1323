"""``import``, ``evidence`` and ``audit``."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.common import (
    actor_option,
    approved_option,
    counted,
    doer,
    emit,
    given_passphrase,
    json_option,
    open_home,
    progress,
    reason_option,
    unasked_passphrase_option,
    warn_unstamped,
)
from api.home import Home
from evidence.authority import NOT_NAMED
from evidence.observation import Mode

if TYPE_CHECKING:
    from api.office.item import Look
    from evidence.intake.keep import Counts

MODES = tuple(mode.value for mode in Mode)


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--declared-by", required=True, metavar="NAME", help="Who brought it and says where it is from (a pseudonym)."
)
@click.option("--chat", "chat_id", metavar="ID", help="Which chat of a full export.")
@click.option(
    "--mode", type=click.Choice(MODES), default="metadata_only", show_default=True, help="How much of media is kept."
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

    Needs no passphrase: what is taken in is sealed and cannot be read back by this command. The
    same export again adds nothing.
    """
    from contextlib import ExitStack

    from api.office.intake import Wish, import_export

    home = open_home(ctx)
    person = doer(actor, home.clock, reason=reason, approver=approved_by, fallback=declared_by)
    wish = Wish(path, chat_id, declared_by, Mode(mode), legal_basis, person)
    with ExitStack() as stack:
        done = import_export(home, wish, lambda total: stack.enter_context(progress("Sealing", total)))
    warn_unstamped(done.unstamped)
    emit(
        {"channel_id": done.container.channel_id, **asdict(done.counts), "container_sha256": done.container.sha256},
        as_json=as_json,
        text=f"Kept from chat {done.container.channel_id}: {_kept(done.counts)}",
    )


def _kept(counts: "Counts") -> str:
    return (
        f"{counted(counts.messages, 'message')}, {counted(counts.service, 'service message')}, "
        f"{counts.unsupported} of an unknown kind, {counted(counts.media, 'file')} ({counts.sealed} sealed), "
        f"{counted(counts.missing_media, 'missing file')}, {counts.edits} edited, {counts.already_known} already known"
    )


@click.group()
def evidence() -> None:
    """What is preserved; never the content of media."""


@evidence.command("list")
@click.option("--channel", metavar="ID", help="Only this channel.")
@reason_option
@actor_option
@unasked_passphrase_option
@json_option
@click.pass_context
def list_(
    ctx: click.Context,
    channel: str | None,
    reason: str | None,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """List what is preserved.

    With --json and the passphrase, digests too. They lie in sealed records, so that look is logged.
    """
    from api.office.item import list_items

    if passphrase_file and not as_json:
        raise click.UsageError("--passphrase-file opens digests, and only --json lists them: add --json")
    if channel is not None and not (channel.isascii() and channel.isdecimal()):
        raise click.UsageError(
            "--channel takes the channel's number, digits alone, as an export and the third column of "
            "'evidence list' show it: no @name, no -100 before it"
        )
    home = open_home(ctx)
    look = _look(home, actor, reason, passphrase_file) if as_json else None
    items = list_items(home, channel, look)
    lines = [
        f"{item['item_id']}  {item['kind']:<8} {item['channel_id']:>12} {item['message_id'] or '':>10}  "
        f"{item['posted_at'] or ''}"
        for item in items
    ]
    emit(
        {"items": items, "unlocked": look is not None},
        as_json=as_json,
        text="\n".join(lines)
        or (f"Nothing is preserved of channel {channel}." if channel else "Nothing is preserved yet."),
    )


@evidence.command("show")
@click.argument("item")
@reason_option
@actor_option
@unasked_passphrase_option
@json_option
@click.pass_context
def show(
    ctx: click.Context, item: str, reason: str | None, actor: str | None, passphrase_file: Path | None, as_json: bool
) -> None:
    """Show one item: its place, its log entry and what is sealed for it.

    With the passphrase, its digest too. It lies in a sealed record, so that look is logged.
    """
    from api.office.item import show_item

    home = open_home(ctx)
    told = show_item(home, item, _look(home, actor, reason, passphrase_file))
    emit(told, as_json=as_json, text="\n".join(f"{name:<14} {_words(value)}" for name, value in told.items()))


def _look(home: Home, actor: str | None, reason: str | None, passphrase_file: Path | None) -> "Look | None":
    """Who looks at digests; nobody without the passphrase, which is not asked for."""
    from api.office.item import Look

    given = given_passphrase(passphrase_file)
    if given is None:
        return None
    casework = home.keys.unlock(given).casework
    return Look(doer(actor, home.clock, reason=reason, fallback=NOT_NAMED), casework, warn_unstamped)


def _words(value: Any) -> str:  # noqa: ANN401 - the values of one item are of several types
    if isinstance(value, dict):
        return " ".join(f"{name}={inner}" for name, inner in value.items())
    if isinstance(value, list):
        return "; ".join(_words(inner) for inner in value) or "none"
    return "" if value is None else str(value)


@click.command()
@click.option(
    "--level",
    type=click.IntRange(1, 3),
    default=3,
    show_default=True,
    help="1: the log; 2: and every ciphertext; 3: and its form.",
)
@click.option(
    "--against",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="An older checkpoint, kept outside.",
)
@unasked_passphrase_option
@json_option
@click.pass_context
def audit(ctx: click.Context, level: int, against: Path | None, passphrase_file: Path | None, as_json: bool) -> int:
    """Check the store against the log, and the log against an older checkpoint.

    Needs no key. With the passphrase, level 3 also opens every record and compares the rows in clear.
    """
    from api.errors import VERDICT_CODES
    from api.office.audit import run_audit, told_of_records
    from evidence.audit.run import HEADERS_LEVEL
    from evidence.finding import Verdict

    home = open_home(ctx)
    given = given_passphrase(passphrase_file)
    with progress("Auditing", 1) as more:
        done = run_audit(home, level=level, against=against, passphrase=given, progress=more)
    verdict, records = done.report.verdict, told_of_records(home, done, level)
    lines = [f"{f.verdict.value}  {f.id}  {f.where}: {f.found}. {f.fix}" for f in done.report.problems]
    lines.append(
        f"{verdict.value}: {counted(done.entries, 'log entry', 'log entries')}, "
        f"{counted(done.objects, 'object')}, level {level}; records {records}."
    )
    if not given and level == HEADERS_LEVEL and home.keys.path.is_dir():
        lines.append("To compare the records too: --passphrase-file FILE, or NISISAMA_PASSPHRASE.")
    emit(
        {
            "ok": verdict is Verdict.PASSED,
            "verdict": verdict.value,
            "level": level,
            "entries": done.entries,
            "objects": done.objects,
            "records": records,
            "problems": [asdict(problem) for problem in done.report.problems],
        },
        as_json=as_json,
        text="\n".join(lines),
    )
    return VERDICT_CODES[verdict]
