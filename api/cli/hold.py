"""``hold``: one person keeps items or a case from being erased; two persons end that."""

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
    given_passphrase,
    open_home,
    passphrase_option,
    reason_option,
    unlock,
)
from api.cli.output import json_option
from api.cli.page import Listing, emit_pages
from config.errors import UsageError
from config.times import told_time

if TYPE_CHECKING:
    from api.home import Home
    from api.office.hold import EndedHolds, ListedHold, PlacedHold
    from evidence.authority import Doer

KINDS = ("legal", "police", "renewal")
"""As ``evidence.store.hold.HoldKind`` has them, which takes long to import."""


@click.command()
@click.argument("items", nargs=-1, metavar="[ITEM]...")
@click.option("--case", "case_id", metavar="CASE", help="Hold everything in this case, instead of single items.")
@click.option("--kind", type=click.Choice(KINDS), default=KINDS[0], help="Why; a renewal only keeps what no case has.")
@click.option("--until", metavar="DATE", help="The day to look at it again; a renewal ends after it.")
@click.option("--list", "listed", is_flag=True, help="List the current holds; so does hold without ITEM.")
@click.option(
    "--end",
    "holds",
    multiple=True,
    metavar="HOLD",
    help="A hold to end, once a second person approves; may be given several times.",
)
@click.option("--counsel", metavar="TEXT", help="Of what is frozen: who of counsel answered, when and what.")
@click.option("--on-list", is_flag=True, help="Of what is frozen: a list that has this very file is the second person.")
@reason_option
@approved_option
@actor_option
@passphrase_option
@json_option
@click.pass_context
def hold(
    ctx: click.Context,
    items: tuple[str, ...],
    case_id: str | None,
    kind: str,
    until: str | None,
    listed: bool,
    holds: tuple[str, ...],
    counsel: str | None,
    on_list: bool,
    reason: str | None,
    approved_by: str | None,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Protect each ITEM, or a case, from being erased, at once: a court or the police may still need it.

    Nobody can erase what is held, not even at a client's wish or by the retention rule. A legal hold and one for the
    police last until two persons end them. After the day of --until, doctor asks you to look at the hold again. A
    renewal only protects what no case has from the retention rule, until that day.

    To hold what is frozen for the police is a decision: two persons, or one and an authority's list that has the very
    file, take it as counsel's rule for the country says. Then the freeze waits for nothing more.
    """
    named = bool(items) or case_id is not None
    if not (named or until or holds or reason):
        _list(open_home(ctx), passphrase_file, as_json=as_json)
        return
    if on_list and approved_by is not None:
        raise UsageError("usage.list_or_person")
    if listed or (named and bool(holds)) or (bool(items) and case_id is not None) or not (holds or (named and until)):
        raise UsageError("usage.hold_what")
    home = open_home(ctx)
    person = doer(actor, home.clock, reason=reason, approver=approved_by)
    if holds:
        _end(ctx, home, holds, person, as_json=as_json)
        return
    from api.office.hold import HoldWish, place_hold
    from api.office.request import Waiting
    from api.office.short import case_of, items_meant
    from evidence.store.hold import HoldKind

    meant = items_meant(home, items, frozen=True)
    whose = None if case_id is None else case_of(home, case_id)
    wish = HoldWish(HoldKind(kind), day_of("--until", str(until)), whose, meant, counsel, on_list)
    keys = unlock(home, passphrase_file) if kind == "police" and (on_list or approved_by is not None) else None
    done = place_hold(home, wish, person, keys)
    if isinstance(done, Waiting):
        emit_waiting(ctx, done, as_json=as_json)
    what = f"everything of {whose}" if whose else counted(len(meant), "item")
    told: dict[str, Any] = {"hold": done.hold_id, "case_id": whose, "items": list(meant)}
    words = f"Held: {what}, as {done.hold_id}. Look at it again by {until}."
    emit_logged(told, done.unstamped, as_json=as_json, text=words)


def _end(ctx: click.Context, home: "Home", holds: tuple[str, ...], person: "Doer", *, as_json: bool) -> None:
    from api.office.hold import end_holds
    from api.office.request import Waiting

    done = end_holds(home, holds, person)
    if isinstance(done, Waiting):
        emit_waiting(ctx, done, as_json=as_json)
    emit_logged(ended_fields(done), done.unstamped, as_json=as_json, text=ended_words(done))


def decided_words(done: "PlacedHold") -> str:
    """What ``approve`` prints of a ``hold`` that two decided."""
    return f"Held for the police, as {done.hold_id}. The freeze waits for nothing more."


def ended_fields(done: "EndedHolds") -> dict[str, Any]:
    """The ``--json`` fields of ``hold --end``: the holds that ended."""
    return {"ended": list(done.holds)}


def ended_words(done: "EndedHolds") -> str:
    """What ``hold --end`` prints: which holds ended."""
    return f"No longer held by {', '.join(done.holds)}."


def _list(home: "Home", passphrase_file: Path | None, *, as_json: bool) -> None:
    from api.office.hold import list_holds
    from api.office.page import every_page

    casework = None if given_passphrase(passphrase_file) is None else unlock(home, passphrase_file).casework
    listing = Listing("holds", hold_fields, _line, "Nothing is held.")
    emit_pages(listing, every_page(lambda after: list_holds(home, casework, after=after)), as_json=as_json)


def hold_fields(listed: "ListedHold") -> dict[str, Any]:
    """The ``--json`` fields of one hold in ``hold --list``."""
    each = listed.hold
    told = {"hold": each.hold_id, "kind": each.kind.value, "case_id": each.case_id, "items": list(each.items)}
    return {**told, "until": each.until, "late": listed.late, "held_by": listed.by, "reason": listed.reason}


def _line(listed: "ListedHold") -> str:
    each = listed.hold
    what = f"everything of {each.case_id}" if each.case_id else counted(len(each.items), "item")
    until = f"until {told_time(each.until)}{'  (look at it again)' if listed.late else ''}"
    by = f"\n    {listed.by}: {listed.reason}" if listed.by else ""
    return f"{each.hold_id}  {each.kind.value:<8}{what}  {until}{by}{''.join(f'{chr(10)}    {i}' for i in each.items)}"
