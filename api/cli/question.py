"""``question``: what women ask about pictures: the page, tickets, what came, how it stands, its withdrawal."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.common import actor_option, doer, open_home, passphrase_option, unlock
from api.cli.output import emit, json_option
from api.cli.page import Listing, emit_pages
from config.times import told_time
from evidence.times import format_time

if TYPE_CHECKING:
    from api.office.question import KeptQuestion


@click.group()
def question() -> None:
    """Commands to let somebody ask whether her picture appears; 'check' looks for what she asks."""


@question.command("page")
@click.option(
    "--out",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write it; a file that exists is not replaced.",
)
@json_option
@click.pass_context
def page(ctx: click.Context, out: Path, as_json: bool) -> None:
    """Write the page to --out as one HTML file, to put on a web site, a USB stick or a phone.

    It holds the public half of the matching key, so what it seals only this office can open. Write it again
    after a change of keys or of the settings in [check].
    """
    from api.office.check_page import write_check_page

    done = write_check_page(open_home(ctx), out)
    emit(
        {"page": str(done.file), "sha256": done.sha256},
        as_json=as_json,
        text=f"Page: {done.file}\nSHA-256: {done.sha256}",
    )


@question.command("ticket")
@click.argument("case_id", metavar="CASE")
@actor_option
@passphrase_option
@json_option
@click.pass_context
def ticket(ctx: click.Context, case_id: str, actor: str | None, passphrase_file: Path | None, as_json: bool) -> None:
    """Print five words with which the client of CASE can send one question within 14 days, shown once."""
    from api.office.question import issue_ticket
    from api.office.short import case_of

    home = open_home(ctx)
    person = doer(actor, home.clock)
    made = issue_ticket(home, case_of(home, case_id), person, unlock(home, passphrase_file).casework)
    expires = format_time(made.expires_at)
    emit(
        {"ticket": made.words, "case_id": made.case_id, "expires_at": expires},
        as_json=as_json,
        text=f"{made.words}\nFor one question of {made.case_id}, until {told_time(expires)}.",
    )


@question.command("list")
@click.option("--case", "case_id", metavar="CASE", help="Only of this case.")
@json_option
@click.pass_context
def list_(ctx: click.Context, case_id: str | None, as_json: bool) -> None:
    """Print the questions and tickets that are kept; nothing of what was asked. This needs no passphrase."""
    from api.office.page import Page
    from api.office.question import kept_questions
    from api.office.short import case_of

    home = open_home(ctx)
    kept = kept_questions(home, None if case_id is None else case_of(home, case_id))
    emit_pages(Listing("questions", _entry, _line, "There is no question."), [Page(tuple(kept), None)], as_json=as_json)


def _entry(kept: "KeptQuestion") -> Mapping[str, object]:
    return {
        "receipt": kept.receipt,
        "state": kept.state.value,
        "case_id": kept.case_id,
        "asked_at": format_time(kept.asked_at),
        "expires_at": format_time(kept.expires_at),
    }


def _line(kept: "KeptQuestion") -> str:
    at = told_time(format_time(kept.asked_at))
    return f"{kept.receipt or '-':<29}  {kept.state.value:<9}  {kept.case_id}  {at}"


@question.command("answered")
@click.argument("receipt", metavar="WORDS")
@json_option
@click.pass_context
def answered(ctx: click.Context, receipt: str, as_json: bool) -> None:
    """Note that somebody has spoken with her about the question WORDS; her page then says "answered", no more."""
    from api.office.question import answer_question

    answer_question(open_home(ctx), receipt)
    emit({"receipt": receipt, "state": "answered"}, as_json=as_json, text="Noted: a person has answered.")


@question.command("withdraw")
@click.argument("receipt", metavar="WORDS")
@json_option
@click.pass_context
def destroy(ctx: click.Context, receipt: str, as_json: bool) -> None:
    """Destroy the question WORDS because whoever asked it says so; her page can do the same."""
    from api.office.question import destroy_question

    destroy_question(open_home(ctx), receipt)
    emit({"receipt": receipt, "state": "withdrawn"}, as_json=as_json, text="Destroyed. Nothing of it is left.")
