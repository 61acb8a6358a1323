"""``case``: opened, given items, listed, shown; its export is in ``api.cli.bundle``."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.bundle import export
from api.cli.common import (
    actor_option,
    counted,
    doer,
    emit_logged,
    json_option,
    open_home,
    passphrase_option,
    reason_option,
    say,
    unlock,
)
from api.cli.page import Listing, emit_pages
from casefiles.verifier.report import printable

if TYPE_CHECKING:
    from api.office.case import CaseItem
    from casefiles.case import CaseRow


@click.group()
def case() -> None:
    """Open, list, fill, show and export cases."""


case.add_command(export)


@case.command("open")
@reason_option
@actor_option
@json_option
@click.pass_context
def open_(ctx: click.Context, reason: str | None, actor: str | None, as_json: bool) -> None:
    """Open a case for a client who consented, and print its identifier."""
    from api.office.case import open_case

    home = open_home(ctx)
    done = open_case(home, doer(actor, home.clock, reason=reason))
    emit_logged({"case_id": done.case_id}, done.unstamped, as_json=as_json, text=f"Opened {done.case_id}.")


@case.command("list")
@json_option
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List the cases. This needs no passphrase: what it lists is stored unencrypted."""
    from api.office.case import list_cases
    from api.office.page import every_page

    home = open_home(ctx)
    listing = Listing("cases", _entry, _line, "There is no case yet.")
    emit_pages(listing, every_page(lambda after: list_cases(home, after=after)), as_json=as_json)


def _entry(row: "CaseRow") -> Mapping[str, object]:
    return {"case_id": row.case_id, "opened_at": row.opened_at, "items": row.items}


def _line(row: "CaseRow") -> str:
    return f"{row.case_id}  opened {row.opened_at}  {counted(row.items, 'item')}"


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
    from api.office.case import add_items

    home = open_home(ctx)
    done = add_items(home, case_id, items, doer(actor, home.clock, reason=reason))
    emit_logged(
        {"case_id": case_id, "added": done.added, "items": done.items},
        done.unstamped,
        as_json=as_json,
        text=f"Added {done.added} to {case_id}; it has {counted(done.items, 'item')}.",
    )


@case.command("show")
@click.argument("case_id", metavar="CASE")
@actor_option
@passphrase_option
@json_option
@click.pass_context
def show(ctx: click.Context, case_id: str, actor: str | None, passphrase_file: Path | None, as_json: bool) -> None:
    """Show a case's items with their texts. Looking is logged."""
    from api.office.case import require_case, show_case
    from api.office.page import every_page

    home = open_home(ctx)
    require_case(home, case_id)
    person = doer(actor, home.clock)
    casework = unlock(home, passphrase_file).casework
    first = show_case(home, case_id, person, casework)

    if not as_json:
        reason = f"\n    reason: {_quoted(first.reason)}" if first.reason else ""
        say(f"{case_id}, opened {first.opened_at}{reason}")
    more = {"case_id": case_id, "opened_at": first.opened_at, "reason": first.reason}
    pages = every_page(lambda after: show_case(home, case_id, person, casework, after=after).items, first.items)
    emit_pages(Listing("items", asdict, _shown), pages, as_json=as_json, more=more)


def _shown(item: "CaseItem") -> str:
    """What the report prints of an item, under its identifier."""
    from casefiles.report.said import said
    from casefiles.report.text import part_lines
    from config.words import load_words

    words = load_words("en")
    lines = (line for part in said(asdict(item)) for line in part_lines(words, part, indent="    "))
    return "\n".join(["", item.item_id, *lines])


def _quoted(text: object) -> str:
    """What somebody else wrote, on one line; a backslash is doubled, so that no text looks like an escape of ours."""
    return printable(str(text).replace("\\", r"\\"))
