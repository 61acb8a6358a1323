"""``erase``: two persons destroy items for good; the log says that they did, and on what ground."""

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
    reason_option,
    unlock,
    warn,
)
from api.cli.output import json_option
from config.errors import Term, UsageError
from config.times import told_time
from evidence.times import format_time

if TYPE_CHECKING:
    from api.office.erase import Erased

CAUSES = ("withdrawn", "retention", "child", "order", "mistake")
"""As ``api.office.erase.ErasureCause`` has them, which takes long to import."""


@click.command()
@click.argument("items", nargs=-1, required=True, metavar="ITEM...")
@click.option("--case", "case_id", metavar="CASE", help="Whose case has the items; none where no case has them.")
@click.option(
    "--cause", type=click.Choice(CAUSES), required=True, help="On what ground; a bundle of the case shows it."
)
@click.option("--counsel", metavar="TEXT", help="With child: who of counsel answered, when and what.")
@click.option("--on-list", is_flag=True, help="With child: a list that has this very file is the second person.")
@reason_option
@approved_option
@actor_option
@passphrase_option
@json_option
@click.pass_context
def erase(
    ctx: click.Context,
    items: tuple[str, ...],
    case_id: str | None,
    cause: str,
    counsel: str | None,
    on_list: bool,
    reason: str | None,
    approved_by: str | None,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Destroy each ITEM for good: what is sealed of it, its fingerprints, its keys and every row of it.

    Two persons agree: without --approved-by, the request waits for approve. What was handed over, and backups until
    they end, still have it. The log keeps that it was there and who erased it, and still verifies. The same is not
    taken in again. What may show a child goes as counsel's rule for the country says, once 'hotline' has made the
    sheet of it; an authority's list that has the very file may be the second person.
    """
    if cause != "child" and (on_list or counsel is not None):
        raise UsageError("usage.child_alone")
    if on_list and approved_by is not None:
        raise UsageError("usage.list_or_person")
    from api.office.erase import ErasureCause, ErasureWish, erase_items
    from api.office.request import Waiting
    from api.office.short import case_of, erasable_meant

    home = open_home(ctx)
    person = doer(actor, home.clock, reason=reason, approver=approved_by)
    named = erasable_meant(home, items)
    whose = None if case_id is None else case_of(home, case_id)
    wish = ErasureWish(named, ErasureCause(cause), whose, counsel, on_list)
    keys = unlock(home, passphrase_file) if on_list or person.approver is not None else None
    done = erase_items(home, wish, person, keys)
    if isinstance(done, Waiting):
        emit_waiting(ctx, done, as_json=as_json)
    tell_unfinished(done)
    emit_logged(erasure_fields(done), done.unstamped, as_json=as_json, text=erasure_words(done))


def tell_unfinished(done: "Erased") -> None:
    """Warn, on standard error, of what is left outside of the database after ``erase``."""
    if done.unfinished is not None:
        warn(Term("note.plain", cause=done.unfinished))


def erasure_fields(done: "Erased") -> dict[str, Any]:
    """The ``--json`` fields of ``erase``: what was erased, and what of the same messages was not."""
    told: dict[str, Any] = {"erased": list(done.items), "entries": done.entries, "beside": list(done.beside)}
    return told | {"finished": done.unfinished is None, "backups_until": format_time(done.backups_until)}


def erasure_words(done: "Erased") -> str:
    """What ``erase`` prints."""
    lines = [f"Erased: {counted(len(done.items), 'item')}. Nobody can read them again in this home."]
    if done.beside:
        lines.append(f"Kept, of the same messages: {counted(len(done.beside), 'item')}: {', '.join(done.beside)}")
    until = told_time(format_time(done.backups_until))
    lines.append(
        f"Bundles that were handed over still have them. The last backup with them ends by {until}, if a backup"
    )
    lines.append("is made on every disk each day; doctor says so where one is not.")
    return "\n".join(lines)
