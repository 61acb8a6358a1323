"""``case`` and ``check``."""

from dataclasses import asdict
from pathlib import Path

import click

from api.cli.common import (
    actor_option,
    approved_option,
    counted,
    doer,
    emit,
    json_option,
    open_home,
    passphrase_option,
    reason_option,
    unlock,
    warn_unstamped,
)
from casefiles.bundle.members import AUDIENCES
from casefiles.verifier.report import printable
from evidence.authority import NOT_NAMED


@click.group()
def case() -> None:
    """Cases: open, list, add items, show, export."""


@case.command("open")
@reason_option
@actor_option
@json_option
@click.pass_context
def open_(ctx: click.Context, reason: str | None, actor: str | None, as_json: bool) -> None:
    """Open a case for a client who consented, and print its identifier."""
    from casefiles.case import open_case

    home = open_home(ctx)
    with home.writing() as writer:
        case_id = open_case(writer.sequencer, doer(actor, home.clock, reason=reason, fallback=NOT_NAMED))
        warn_unstamped(writer.beat())
    emit({"case_id": case_id}, as_json=as_json, text=f"Opened {case_id}.")


@case.command("list")
@json_option
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List the cases. Needs no passphrase: what is listed stands in clear."""
    from casefiles.case import list_cases

    cases = list_cases(open_home(ctx).engine)
    lines = [f"{each.case_id}  opened {each.opened_at}  {counted(each.items, 'item')}" for each in cases]
    emit(
        {"cases": [asdict(each) for each in cases]},
        as_json=as_json,
        text="\n".join(lines) or "There is no case yet.",
    )


@case.command("add")
@click.argument("case_id", metavar="CASE")
@click.argument("items", metavar="ITEM...", nargs=-1, required=True)
@reason_option
@actor_option
@json_option
@click.pass_context
def add(
    ctx: click.Context, case_id: str, items: tuple[str, ...], reason: str | None, actor: str | None, as_json: bool
) -> None:
    """Add items to a case."""
    from casefiles.case import add_items, case_items

    home = open_home(ctx)
    with home.writing() as writer:
        person = doer(actor, home.clock, reason=reason, fallback=NOT_NAMED)
        added = add_items(home.engine, writer.sequencer, case_id, items, person)
        warn_unstamped(writer.beat())
    total = len(case_items(home.engine, case_id))
    emit(
        {"case_id": case_id, "added": added, "items": total},
        as_json=as_json,
        text=f"Added {added} to {case_id}; it has {counted(total, 'item')}.",
    )


@case.command("show")
@click.argument("case_id", metavar="CASE")
@actor_option
@passphrase_option
@json_option
@click.pass_context
def show(ctx: click.Context, case_id: str, actor: str | None, passphrase_file: Path | None, as_json: bool) -> None:
    """Show a case's items with their texts. Looking is logged."""
    from api.office.case import show_case
    from casefiles.case import require_case

    home = open_home(ctx)
    require_case(home.engine, case_id)
    casework = unlock(home, passphrase_file).casework
    told, unstamped = show_case(home, case_id, doer(actor, home.clock, fallback=NOT_NAMED), casework)
    warn_unstamped(unstamped)
    lines = [f"{case_id}, opened {told['opened_at']}"]
    if told["reason"]:
        lines.append(f"    reason: {_quoted(told['reason'])}")
    for item in told["items"]:
        lines.append(
            f"\n{item['item_id']}  {item['kind']} {item['channel_id']}/{item['message_id'] or '-'}  "
            f"{item['posted_at'] or 'no time'}"
        )
        lines += [
            f"    {name}: {_quoted(item[name])}"
            for name in ("sender_name", "text", "file_name", "sha256")
            if item[name]
        ]
    emit(told, as_json=as_json, text="\n".join(lines))


def _quoted(text: object) -> str:
    """What somebody else wrote, on one line; a backslash is doubled, so that no text looks like an escape of ours."""
    return printable(str(text).replace("\\", r"\\"))


@case.command("export")
@click.argument("case_id", metavar="CASE")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.asice",
    help="Where to write it.",
)
@click.option("--for", "audience", required=True, type=click.Choice(AUDIENCES), help="Who receives it.")
@click.option("--lang", "language", default="en", show_default=True, help="Language of the report.")
@approved_option
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is logged and stands in the bundle.")
@actor_option
@passphrase_option
@json_option
@click.pass_context
def export(
    ctx: click.Context,
    case_id: str,
    out: Path,
    audience: str,
    language: str,
    approved_by: str | None,
    reason: str,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Export a case as a signed bundle without pictures, with its covering letter."""
    from api.office.bundle import Order, export_case, require_exportable
    from evidence.times import format_time

    home = open_home(ctx)
    require_exportable(home, case_id, out)
    casework = unlock(home, passphrase_file).casework
    person = doer(actor, home.clock, reason=reason, approver=approved_by, fallback=NOT_NAMED)
    done = export_case(home, Order(case_id, out, audience, language, person), casework)
    warn_unstamped(done.unstamped)
    review = f"\nA second person reviews it by {format_time(done.review_by)}." if done.review_by else ""
    emit(
        {
            "bundle": str(done.bundle),
            "letter": str(done.letter),
            "items": done.facts.items,
            "sha256": done.facts.sha256,
            "seal_fingerprint": done.facts.seal_fingerprint,
        },
        as_json=as_json,
        text=f"Bundle: {done.bundle}  ({counted(done.facts.items, 'item')}, no pictures)\n"
        f"Letter: {done.letter}\nSHA-256: {done.facts.sha256}{review}",
    )


@click.command()
@click.argument("picture", metavar="IMAGE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--case", "case_id", required=True, metavar="CASE", help="For which case; the check is logged.")
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
    """Find a picture in the store. "None" speaks only of pictures that were really compared."""
    from api.office.check import check_picture
    from casefiles.case import require_case

    home = open_home(ctx)
    require_case(home.engine, case_id)
    matching = unlock(home, passphrase_file).matching
    person = doer(actor, home.clock, reason=reason, fallback=NOT_NAMED)
    done = check_picture(home, picture, case_id, person, matching)
    warn_unstamped(done.unstamped)
    lines = [
        f"{match['tier']:<10} {match['item_id']}  {match['channel_id']}/{match['message_id'] or '-'}  "
        f"{match['posted_at'] or 'no time'}"
        for match in done.matches
    ]
    lines.append(
        f"{len(done.matches)} found. Compared with {done.compared}; {done.not_compared} could not be compared."
    )
    emit(
        {
            "found": bool(done.matches),
            "matches": list(done.matches),
            "compared": done.compared,
            "not_compared": done.not_compared,
        },
        as_json=as_json,
        text="\n".join(lines),
    )
