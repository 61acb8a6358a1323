"""``approve``: a second person answers one person: approves what waits, and it is done; or reviews, or refuses."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.common import (
    actor_option,
    counted,
    doer,
    emit_logged,
    given_passphrase,
    open_home,
    passphrase_option,
    prompt,
    reason_option,
    unlock,
    warn,
)
from api.cli.intake import watched
from api.cli.output import json_option
from api.cli.page import Listing, emit_pages
from api.cli.progress import stages
from casefiles.verifier.report import printable
from config.errors import Term
from config.times import told_time

if TYPE_CHECKING:
    from api.home import Home
    from api.office.approval import Answered, Done, OfKeeping, Wait
    from evidence.authority import Request


@click.command()
@click.argument("request", required=False)
@click.option("--list", "listed", is_flag=True, help="List what waits for a second person; so does no REQUEST.")
@click.option("--refuse", is_flag=True, help="Refuse it, or take back your own; needs --reason.")
@click.option("--yes", is_flag=True, help="Agree without being asked, as in a script.")
@click.option(
    "--card",
    "cards",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="A card, if the seal is renewed; may be given several times. Without it, the command asks for the words.",
)
@reason_option
@actor_option
@passphrase_option
@json_option
@click.pass_context
def approve(
    ctx: click.Context,
    request: str | None,
    listed: bool,
    refuse: bool,
    yes: bool,
    cards: tuple[Path, ...],
    reason: str | None,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Answer REQUEST, which waits for a second person; --list prints what waits, --refuse says no.

    Shows what was asked for, asks whether you agree, and does it; or records your review of what one person
    did. Nobody approves their own request. Without REQUEST it lists what waits, and says more with the
    passphrase, for which it does not ask then.
    """
    from api.office.addition import tally_of
    from api.office.approval import Means, require_approvable
    from api.office.approval import approve as approve_request
    from api.office.approval import refuse as refuse_request
    from api.office.request import find_request, require_unanswered
    from api.office.unconfirmed import items_kept
    from evidence.authority import Act

    home = open_home(ctx)
    if listed or request is None:
        _list(home, passphrase_file, as_json=as_json)
        return
    person = doer(actor, home.clock, reason=reason)
    require_unanswered(home, request)
    keys = unlock(home, passphrase_file)
    casework = keys.casework
    asked = find_request(home, request, casework)
    if refuse:
        refused = refuse_request(home, asked, person)
        _emit(refused, {"refused": True}, as_json=as_json, text=_refused(refused, person.actor))
        return
    require_approvable(home, asked, person, casework)
    if asked.order:
        _require_yes(asked, items_kept(home, asked.request), yes=yes)
    tally = tally_of(home, asked, casework)
    if tally is not None and tally.lost:
        warn(Term("note.addition_stopped", number=tally.lost, said=tally.said, place=asked.target))
    words = _cards(asked, cards)
    with watched() as begin, stages() as staged:
        done = approve_request(home, asked, person, Means(casework, words, begin, staged, matching=keys.matching))
    told, text = _of_act(asked, done.done) if done.done else ({"files": tally.told()} if tally else {}, "")
    if asked.act is Act.CAPTURE:
        days = home.settings.retention.unclaimed_days
        text = (
            f"It is now kept like any other item: for {days} days, or as long as a case has it. The channel is still "
            "not watched; that is another act: nisisama watch add."
        )
    _emit(done, told, as_json=as_json, text=f"{text}\n{_approved(done)}".lstrip())


def _emit(done: "Answered", told: Mapping[str, Any], *, as_json: bool, text: str) -> None:
    asked = done.request
    told = {"request": asked.request, "what": asked.act.value, "target": asked.target, "waiting": done.waiting, **told}
    waiting = f"{counted(done.waiting, 'other request')} still waiting."
    emit_logged(told, done.unstamped, as_json=as_json, text=f"{text} {waiting}")


def _approved(done: "Answered") -> str:
    asked = done.request
    return f"Approved the {asked.act.value} of {asked.by.actor}: {asked.target}."


def _refused(done: "Answered", actor: str) -> str:
    asked = done.request
    how = "Took back your" if asked.by.actor == actor else f"Refused {asked.by.actor}'s"
    return f"{how} request ({asked.act.value}): {asked.target}. Nothing of it is done."


# What is approved, before it is


_NAMES: Mapping[str, str] = {
    "report_url": "report",
    "reported_by": "reported by",
    "reported_on": "reported on",
    "reported_as": "reported as",
    "channel_id": "number",
    "joined_by": "joined by",
    "joined_at": "joined at",
    "replaces": "changes entry",
    "chat": "chat",
    "container_sha256": "SHA-256 of it",
    "declared_by": "declared by",
    "legal_basis": "legal basis",
    "items_sha256": "SHA-256 of them",
    "consent": "consent, entry",
    "old": "SHA-256 of the old",
}
"""What the parts of an order are called, where not by their names."""


def _require_yes(asked: "Request", items: Sequence[str], *, yes: bool) -> None:
    """Show what is asked for, and go on only if the second person agrees.

    Raises:
        UsageError: There is no terminal to ask at, and no ``--yes``.
        click.Abort: The person does not agree.
    """
    from config.errors import UsageError

    if not yes and not sys.stdin.isatty():
        raise UsageError("usage.needs_yes", where=click.get_current_context().command_path)
    lines = [*_shown(asked), *(f"  kept: {item} (nisisama evidence show {item})" for item in items)]
    click.echo("\n".join(printable(line) for line in lines), err=True)
    if not yes and prompt(Term("prompt.approve")).strip().casefold() != "yes":
        raise click.Abort(str(Term("note.not_approved")))


def _shown(asked: "Request") -> list[str]:
    """A request in words, a line for each part."""
    from evidence.times import format_time

    lines = [f"{asked.by.actor} asked on {told_time(format_time(asked.by.at))} for: {asked.act.value}, {asked.target}"]
    if asked.by.reason:
        lines.append(f"  reason: {asked.by.reason}")
    for name, value in asked.order.items():
        if isinstance(value, Mapping):
            lines += [f"  {_NAMES.get(name, name)}, {part}: {words}" for part, words in value.items() if words]
        elif value is not None:
            lines.append(f"  {_NAMES.get(name, name)}: {asked.text(name)}")
    return lines


def _cards(asked: "Request", files: tuple[Path, ...]) -> list[str]:
    """The cards, for the one act that needs them."""
    from api.cli.cards import card_texts
    from evidence.authority import Act

    return card_texts(files) if asked.act is Act.KEY and asked.order else []


# What came of it


def _of_act(asked: "Request", done: "Done") -> tuple[Mapping[str, Any], str]:
    """What an act did, for a machine and in words: as the command does that acts at once."""
    from api.cli import bundle, channel, intake, key, receiver
    from api.office.bundle import Exported
    from api.office.channel import Registered
    from api.office.erase import Erased
    from api.office.freeze import Lifted
    from api.office.hold import EndedHolds, PlacedHold
    from api.office.intake import Imported
    from api.office.key import Renewed
    from api.office.retention import Ruled
    from casefiles.bundle.destination import Destination

    match done:
        case Registered():
            name, mode = asked.text("channel"), asked.text("mode")
            return channel.channel_fields(name, mode, done), channel.channel_words(name, mode, done)
        case Imported():
            return done.told(), intake.import_words(done)
        case Renewed():
            return key.seal_fields(done), key.seal_words(done)
        case Erased() | Lifted() | EndedHolds() | PlacedHold() | Ruled():
            return _of_kept(done)
        case Exported():
            destination = Destination(Path(asked.text("out")))
            return bundle.export_fields(destination, done), bundle.export_words(destination, done)
        case _:
            return receiver.receiver_fields(done.receiver), receiver.receiver_words(done.receiver)


def _of_kept(done: "OfKeeping") -> tuple[Mapping[str, Any], str]:
    from api.cli import erase, freeze, hold, retention
    from api.office.freeze import Lifted
    from api.office.hold import EndedHolds, PlacedHold
    from api.office.retention import Ruled

    if isinstance(done, Lifted):
        return freeze.lift_fields(done), freeze.lift_words(done)
    if isinstance(done, PlacedHold):
        return {"hold": done.hold_id}, hold.decided_words(done)
    if isinstance(done, EndedHolds):
        return hold.ended_fields(done), hold.ended_words(done)
    if isinstance(done, Ruled):
        return {"rule": dict(done.rule)}, retention.rule_words(done)
    erase.tell_unfinished(done)
    return erase.erasure_fields(done), erase.erasure_words(done)


# What waits


def _list(home: "Home", passphrase_file: Path | None, *, as_json: bool) -> None:
    from api.office.approval import waiting
    from api.office.page import every_page

    casework = None if given_passphrase(passphrase_file) is None else unlock(home, passphrase_file).casework
    listing = Listing("requests", _told, _line, "Nothing waits for a second person.")
    emit_pages(listing, every_page(lambda after: waiting(home, casework, after=after)), as_json=as_json)


def _told(wait: "Wait") -> dict[str, Any]:
    asked = wait.asked
    return {
        "request": wait.request,
        "what": wait.what,
        "stage": wait.stage.value,
        "due_at": wait.due_at,
        "target": asked.target if asked else None,
        "requested_by": asked.by.actor if asked else None,
        "items": list(wait.items),
    }


_STAGES: Mapping[str, str] = {
    "review": "done, to be reviewed",
    "late": "done, the review is late",
    "request": "asked for, to be approved",
    "lapsed": "asked for, too old to be approved",
    "unfinished": "approved, not finished",
}
"""How what waits stands, in words."""


def _line(wait: "Wait") -> str:
    what = wait.what or "unknown"
    line = f"{wait.request}  {what:<9}{_STAGES[wait.stage.value]}, by {told_time(wait.due_at) or 'unknown'}"
    return f"{line}\n    {wait.asked.by.actor}: {wait.asked.target}" if wait.asked else line
