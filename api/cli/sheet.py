"""``case sheet``: a sheet for the platform, written from a case's items. Nothing is sent."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.common import actor_option, counted, doer, emit_logged, open_home, passphrase_option, unlock, warn
from api.cli.output import json_option
from casefiles.sheet.data import SheetKind
from config.errors import Term
from config.times import told_time
from config.words import languages

if TYPE_CHECKING:
    from api.office.sheet import WrittenSheet


@click.command("sheet")
@click.argument("case_id", metavar="CASE")
@click.argument("items", metavar="[ITEM]...", nargs=-1)
@click.option(
    "--kind",
    required=True,
    type=click.Choice([kind.value for kind in SheetKind]),
    help="What is asked: who posted, to keep what there is, or to remove it.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.txt",
    help="Where to write the sheet as text; the PDF to print lies beside it.",
)
@click.option(
    "--lang",
    "language",
    default="en",
    show_default=True,
    type=click.Choice(languages()),
    help="A second language, beside English.",
)
@click.option(
    "--country",
    metavar="CC",
    help="Two letters: of the authority, or the client's for a notice: prints its law, as far as it is known.",
)
@click.option(
    "--before-stamp",
    is_flag=True,
    help="Make a notice though not every item is under a time stamp yet; logged with the reason.",
)
@click.option("--reason", required=True, metavar="TEXT", help="Why; logged, and not on the sheet.")
@actor_option
@passphrase_option
@json_option
@click.pass_context
def write(
    ctx: click.Context,
    case_id: str,
    items: tuple[str, ...],
    kind: str,
    out: Path,
    language: str,
    country: str | None,
    *,
    before_stamp: bool,
    reason: str,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Write a sheet for the platform to --out: disclosure, preservation or notice, of all items of CASE or each ITEM.

    A person fills it in, signs it and hands it over; the program sends nothing. That it was made is logged.
    """
    from api.office.sheet import SheetWish, require_sheet_file, write_sheet
    from api.office.short import case_of, items_meant

    home = open_home(ctx)
    case_id, named = case_of(home, case_id), items_meant(home, items)
    require_sheet_file(out)
    person = doer(actor, home.clock, reason=reason)
    casework = unlock(home, passphrase_file).casework
    wish = SheetWish(case_id, SheetKind(kind), out, named, language, country, before_stamp)
    done = write_sheet(home, wish, person, casework)
    emit_logged(_sheet_entry(done), done.unstamped, as_json=as_json, text=_sheet_words(done))


def _sheet_entry(done: "WrittenSheet") -> dict[str, object]:
    sheet = done.sheet
    return {
        "case_id": sheet.case_id,
        "sheet": str(done.out),
        "sheet_pdf": str(done.pdf) if done.pdf else None,
        "kind": sheet.kind.value,
        "items": len(sheet.items),
        "messages": len(sheet.posts),
        "accounts": [account.id for account in sheet.accounts],
        "not_at_the_platform": sheet.elsewhere,
        "frozen_items": done.frozen,
        "asked_before": [asdict(made) for made in sheet.asked_before],
        "stamped": done.made.stamped,
        "sha256": done.made.sha256,
    }


def _sheet_words(done: "WrittenSheet") -> str:
    sheet = done.sheet
    if done.unprinted:
        warn(Term("note.text_alone", cause=done.unprinted))
    files = ", ".join(str(file) for file in (done.pdf, done.out) if file)
    lines = [f"Sheet: {files}  ({counted(len(sheet.posts), 'message')}, no pictures). Nothing was sent."]
    if sheet.elsewhere:
        lines.append(f"Left out: {counted(sheet.elsewhere, 'item')} that the platform does not have.")
    if done.frozen:
        lines.append(f"Left out: {counted(done.frozen, 'item is', 'items are')} frozen.")
    lines += [
        f"Asked before about {counted(made.same, 'item')} of it: {made.kind}, {told_time(made.made_at)}."
        for made in sheet.asked_before
    ]
    if not done.made.stamped:
        lines.append("Not every item is under a time stamp yet.")
    lines.append("Read it, fill in the lines by hand, and sign it.")
    return "\n".join(lines)
