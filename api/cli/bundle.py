"""``case export``: a bundle leaves."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.common import (
    actor_option,
    approved_option,
    counted,
    doer,
    emit_logged,
    emit_waiting,
    open_home,
    passphrase_option,
    unlock,
    warn,
)
from api.cli.output import emit, json_option
from api.cli.progress import stages
from casefiles.bundle.presets import AUDIENCES, Tells, names_that_tell, shown_to
from config.errors import Term, UsageError
from config.times import told_time
from config.words import languages, load_words

if TYPE_CHECKING:
    from api.office.bundle import Exported
    from casefiles.bundle.destination import Destination

_TELLS = {
    Tells.PLAIN: "what was kept, where and when; what was done in the case; that the client agreed, and to what",
    Tells.SAID: "what people wrote, the names of channels and files, and the names and numbers of accounts",
    Tells.TRACE: "digests, lengths and places of that, on which a guess at it could be tested",
    Tells.HOUSE: "who acted for the office, how it watches, its reasons, and the words that the client signed or said",
}


@click.command()
@click.argument("case_id", metavar="CASE")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.asice", help="Where to write the bundle."
)
@click.option(
    "--stick",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Instead: a folder for the bundle, its letter, its report, and the page that checks it.",
)
@click.option("--for", "audience", required=True, type=click.Choice(AUDIENCES), help="Who receives the bundle.")
@click.option("--to", "receiver", metavar="NAME", help="The approved receiver that it goes to ('receiver list').")
@click.option(
    "--lang",
    "language",
    default="en",
    show_default=True,
    type=click.Choice(languages()),
    help="Language of the report.",
)
@approved_option
@click.option("--reason", metavar="TEXT", help="Why; logged, and printed in the bundle. Required without --preview.")
@click.option(
    "--leaving-out",
    "leaving_out",
    metavar="TEXT",
    help="Why replies to messages of the case stay out of it; logged, and printed in the bundle, but not a partner's.",
)
@click.option("--preview", is_flag=True, help="Say what the receiver will and will not see; write and log nothing.")
@actor_option
@passphrase_option
@json_option
@click.pass_context
def export(
    ctx: click.Context,
    case_id: str,
    out: Path | None,
    stick: Path | None,
    audience: str,
    receiver: str | None,
    language: str,
    approved_by: str | None,
    reason: str | None,
    leaving_out: str | None,
    preview: bool,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Export CASE as a signed bundle without pictures, written to --out with its covering letter beside it.

    A second person agrees (--approved-by), unless the client's consent is recorded and --to names an
    approved receiver; then a second person reviews it within seven days. Otherwise the request waits
    for 'approve', and the command exits 3. Then 'verifier' writes the page.

    If a preserved reply to a message of the case is not in the case, add it, or say why not with --leaving-out.
    """
    from api.office.bundle import Order, export_case, require_contents, require_exportable
    from api.office.left_out import leave_out
    from api.office.request import Waiting
    from api.office.short import case_of
    from casefiles.bundle.destination import Destination

    if not preview and not (reason or "").strip():
        raise UsageError("usage.export_without_reason")
    home = open_home(ctx)
    case_id = case_of(home, case_id)
    if preview:
        require_contents(home, case_id)
        emit(preview_fields(audience), as_json=as_json, text=preview_words(audience))
        return
    destination = Destination(_place(case_id, out, stick))
    require_exportable(home, case_id, destination)
    person = doer(actor, home.clock, reason=reason, approver=approved_by)
    casework = unlock(home, passphrase_file).casework
    if leaving_out is not None:
        leave_out(home, case_id, doer(actor, home.clock, reason=leaving_out, approver=approved_by), casework)
    order = Order(case_id, audience, language, person, receiver)
    with stages() as staged:
        done = export_case(home, order, casework, destination, staged)
    if isinstance(done, Waiting):
        emit_waiting(ctx, done, as_json=as_json)
    if stick:
        from api.office.verifiers import write_stick

        write_stick(stick, destination, language)
    emit_logged(export_fields(destination, done), done.unstamped, as_json=as_json, text=export_words(destination, done))


def preview_fields(audience: str) -> dict[str, Any]:
    """The ``--json`` fields of ``case export --preview``: names of the values that a receiver will see or not."""
    kinds = shown_to(audience).items()
    names = {
        seen: {str(kind): names_that_tell(kind) for kind, shown in kinds if shown is seen} for seen in (True, False)
    }
    return {"audience": audience, "shown": names[True], "withheld": names[False]}


def preview_words(audience: str) -> str:
    """What ``case export --preview`` prints: what a receiver will and will not see."""
    lines = {
        seen: [f"  - {_TELLS[kind]}" for kind, shown in shown_to(audience).items() if shown is seen]
        for seen in (True, False)
    }
    return "\n".join(
        [
            f"A bundle for {load_words('en').say(f'audience.{audience}')} will show:",
            *lines[True],
            "It will withhold, and show that each value exists:",
            *lines[False],
            "No bundle holds:",
            "  - pictures, videos and fingerprints of pictures; entries of other cases; what is frozen",
            "Nothing was written, and nothing was logged.",
        ]
    )


def _place(case_id: str, out: Path | None, stick: Path | None) -> Path:
    """Where the bundle goes.

    Raises:
        UsageError: Neither a file nor a folder was given, or both.
    """
    if (out is None) is (stick is None):
        raise UsageError("usage.out_or_stick")
    return out or Path(str(stick), case_id)


def export_fields(destination: "Destination", done: "Exported") -> dict[str, Any]:
    """The ``--json`` fields of ``case export``: what it did."""
    from casefiles.verifier.html.page import page_sha256

    letters = {"letter": str(destination.letter), "letter_pdf": _letter_pdf(destination)}
    return {"bundle": str(destination.bundle), **letters, **done.told(), "verifier_sha256": page_sha256()}


def _letter_pdf(destination: "Destination") -> str | None:
    return str(destination.letter_pdf) if destination.letter_pdf.exists() else None


def export_words(destination: "Destination", done: "Exported") -> str:
    """What ``case export`` prints: what it did."""
    from casefiles.verifier.html.page import FILE_NAME, page_sha256
    from evidence.times import format_time

    if done.finished:
        warn(Term("note.export_finished"))
    if done.unprinted:
        warn(Term("note.text_alone", cause=done.unprinted))
    letters = [_letter_pdf(destination), str(destination.letter)]
    review = f"\nA second person reviews it by {told_time(format_time(done.review_by))}." if done.review_by else ""
    return (
        f"Bundle: {destination.bundle}  ({counted(done.facts.items, 'item')}, no pictures)\n"
        f"Letter: {', '.join(filter(None, letters))}\nSHA-256: {done.facts.sha256}\n"
        f"Page that checks it: {FILE_NAME}, SHA-256 {page_sha256()}{review}"
    )
