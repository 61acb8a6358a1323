"""``case withdraw`` and ``case answer``: a client takes her consent back, and is told what became of her case."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.common import (
    actor_option,
    approved_option,
    counted,
    day_of,
    doer,
    emit_logged,
    emit_waiting,
    open_home,
    passphrase_option,
    reason_option,
    unlock,
    warn,
)
from api.cli.erase import erasure_fields, tell_unfinished
from api.cli.output import json_option
from config.errors import Term
from config.times import told_time

if TYPE_CHECKING:
    from api.office.withdrawal import Withdrawn, WrittenAnswer


@click.command("withdraw")
@click.argument("case_id", metavar="CASE")
@click.option("--person", required=True, metavar="NAME", help="The client's pseudonym.")
@click.option("--language", required=True, metavar="L", help="The language in which she said it: sr, mk, sq, en.")
@click.option("--date", "told_on", metavar="DATE", help="When she said it: YYYY-MM-DD; today unless given.")
@reason_option
@approved_option
@actor_option
@passphrase_option
@json_option
@click.pass_context
def case_withdraw(
    ctx: click.Context,
    case_id: str,
    person: str,
    language: str,
    told_on: str | None,
    reason: str | None,
    approved_by: str | None,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Record that the client of CASE took back her consent: the case is hidden at once, and then destroyed.

    One person closes the case at once. A second person approves the destruction, within a day. What a hold keeps
    stays, and what another case has too stays there. If something is left, run the command again.
    """
    from api.office.request import Waiting
    from api.office.short import case_of
    from api.office.withdrawal import WithdrawalWish, withdraw_case

    home = open_home(ctx)
    by = doer(actor, home.clock, reason=reason, approver=approved_by)
    day: date = home.today() if told_on is None else day_of("--date", told_on)
    keys = None if by.approver is None else unlock(home, passphrase_file)
    done = withdraw_case(home, WithdrawalWish(case_of(home, case_id), person, day, language), by, keys)
    if isinstance(done.erasure, Waiting):
        if not as_json:
            click.echo(_words(done))
        emit_waiting(ctx, done.erasure, as_json=as_json)
    emit_logged(_fields(done), done.unstamped, as_json=as_json, text=_words(done))


def _fields(done: "Withdrawn") -> dict[str, Any]:
    from api.office.erase import Erased
    from evidence.times import format_time

    closed = done.closed
    told: dict[str, Any] = {"case_id": closed.case_id, "due_at": format_time(closed.due_at)}
    told |= {"held": dict(closed.held), "frozen": sorted(closed.frozen)}
    if isinstance(done.erasure, Erased):
        tell_unfinished(done.erasure)
        return told | erasure_fields(done.erasure)
    return told | {"erased": []}


def _words(done: "Withdrawn") -> str:
    from api.office.erase import Erased
    from evidence.times import format_time

    closed = done.closed
    lines = [f"Closed: {closed.case_id}. Nobody can view, compare or export anything in it."]
    if closed.held:
        lines.append(f"Kept by a hold: {counted(len(closed.held), 'item')}. See why: nisisama hold --list")
    if closed.frozen:
        lines.append(f"Frozen, so another decision comes first: {counted(len(closed.frozen), 'item')}.")
    if isinstance(done.erasure, Erased):
        lines.append(f"Erased: {counted(len(done.erasure.items), 'item')}.")
    elif done.erasure is None:
        lines.append("There is nothing to destroy.")
    else:
        due = told_time(format_time(closed.due_at))
        lines.append(f"To be destroyed by {due}: {counted(len(closed.goes), 'item')}.")
    lines.append(f"Then write her answer: nisisama case answer {closed.case_id} --language L --out FILE.txt")
    return "\n".join(lines)


@click.command("answer")
@click.argument("case_id", metavar="CASE")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE.txt", help="Where to write it.")
@click.option("--language", required=True, metavar="L", help="Her language.")
@actor_option
@passphrase_option
@json_option
@click.pass_context
def case_answer(
    ctx: click.Context,
    case_id: str,
    out: Path,
    language: str,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Write the answer to the client of CASE after she took back her consent, as text and as PDF; nothing is sent.

    It says what was destroyed and when, what is kept and why, what was handed over before and to whom, and until when
    a backup may still hold it.
    """
    from api.office.sheet import require_sheet_file
    from api.office.short import case_of
    from api.office.withdrawal import write_answer

    home = open_home(ctx)
    case_id = case_of(home, case_id)
    require_sheet_file(out)
    by = doer(actor, home.clock)
    done = write_answer(home, case_id, language, out, by, unlock(home, passphrase_file).casework)
    emit_logged(_answer_fields(done), done.unstamped, as_json=as_json, text=_answer_words(done))


def _answer_fields(done: "WrittenAnswer") -> dict[str, Any]:
    told, files = done.answer, {"answer": str(done.out), "answer_pdf": None if done.pdf is None else str(done.pdf)}
    counts = {"destroyed": sum(each.items for each in told.destroyed), "left": told.left, "held": told.held}
    return {
        "case_id": told.case_id,
        **files,
        **counts,
        "frozen": told.frozen,
        "handed_over": len(told.handed_over) + len(told.given_out),
    }


def _answer_words(done: "WrittenAnswer") -> str:
    if done.unprinted:
        warn(Term("note.text_alone", cause=done.unprinted))
    files = ", ".join(str(file) for file in (done.pdf, done.out) if file)
    left = f" {counted(done.answer.left, 'item')} still to be destroyed." if done.answer.left else ""
    return f"Answer: {files}.{left} Read it before you give it to her."
