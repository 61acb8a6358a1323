"""``key``: what key holders do with their cards and the passphrase, at the office's machine."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.api_key import api
from api.cli.cards import card_texts, count_option, needed_option, require_possible_numbers, show_cards
from api.cli.common import (
    F,
    actor_option,
    approved_option,
    changed_passphrase,
    counted,
    doer,
    emit_logged,
    emit_waiting,
    new_passphrase_option,
    open_home,
    passphrase_option,
    reason_option,
    unlock,
    warn,
)
from api.cli.drill import drill_command
from api.cli.output import emit, json_option
from api.cli.progress import progress
from config.errors import Term
from evidence.errors import HomeError
from evidence.renewal import RENEWABLE

if TYPE_CHECKING:
    from api.office.key import Renewed


_cards = click.argument(
    "files", metavar="[CARD]...", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)


def _by_two_persons(function: F) -> F:
    """The options of an act that two persons do, and ``--json``."""
    for option in (json_option, actor_option, reason_option, approved_option):
        function = option(function)
    return function


@click.group()
def key() -> None:
    """Commands for key holders, who work with the cards and the passphrase."""


key.add_command(api)
key.add_command(drill_command)


@key.command("check")
@_cards
@json_option
@click.pass_context
def check(ctx: click.Context, files: tuple[Path, ...], as_json: bool) -> None:
    """Check that each CARD opens this office; 'key drill' also tries a backup, and is logged.

    CARD is the file of a card. Without one, the command asks for the words, which leaves no
    file. It tries every card, opens no picture, and keeps and logs nothing.
    """
    from api.office.key import drill as try_cards

    home = open_home(ctx)
    done = try_cards(home, card_texts(files))
    emit(
        {"fits": True, "cards": done.cards, "set": done.set_name},
        as_json=as_json,
        text=f"These {counted(done.cards, 'card')} of set {done.set_name} open the office key of {done.organisation}.",
    )


@key.command("cards")
@_cards
@click.option(
    "--cards",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the new cards as files into this new folder; otherwise they are shown once.",
)
@count_option
@needed_option
@_by_two_persons
@click.pass_context
def cards(
    ctx: click.Context,
    files: tuple[Path, ...],
    folder: Path | None,
    card_count: int,
    cards_needed: int,
    approved_by: str | None,
    reason: str | None,
    actor: str | None,
    as_json: bool,
) -> None:
    """Make new cards, with each CARD or with cards that are typed: a card was lost, or a key holder leaves.

    The new set opens the same office key, and nothing is sealed again. The log names the new set. Destroy every card
    of the old one: enough of them still open the office key together. Needs two persons.
    """
    from api.office.cards import CardPlan, renew_cards

    require_possible_numbers(card_count, cards_needed)
    home = open_home(ctx)
    person = doer(actor, home.clock, reason=reason, approver=approved_by)
    plan = CardPlan(cards_needed, card_count, folder)
    done = renew_cards(home, card_texts(files), plan, person, show=lambda texts: show_cards(texts, []))
    emit_logged(
        {"set": done.set_name, "old_set": done.old_set, "cards": card_count, "needed": cards_needed},
        done.unstamped,
        as_json=as_json,
        text=f"New cards: set {done.set_name}. Any {cards_needed} of the {card_count} open the office key.\n"
        + (f"They are in {folder}: print each, hand it to another person, then delete the files.\n" if folder else "")
        + f"Now collect every card of the old set {done.old_set} and destroy it. The command cannot undo them: enough\n"
        "old cards still open the office key together, and so every picture. One lost card opens nothing, neither\n"
        "alone nor beside new ones.",
    )


@key.command("renew-seal")
@_cards
@_by_two_persons
@click.pass_context
def renew_seal(
    ctx: click.Context,
    files: tuple[Path, ...],
    approved_by: str | None,
    reason: str | None,
    actor: str | None,
    as_json: bool,
) -> None:
    """Renew the office's seal, with each CARD or with cards that are typed: a new key under the same root.

    The log says so. Bundles that were sealed before stay good; new letters print the new
    fingerprint. Two persons do: without --approved-by the request waits for 'approve', which takes the
    cards, and the command exits 3.
    """
    from api.office.key import renew_seal as renew
    from api.office.request import Waiting

    home = open_home(ctx)
    person = doer(actor, home.clock, reason=reason, approver=approved_by)
    # whoever approves a request brings the cards
    done = renew(home, [] if approved_by is None else card_texts(files), person)
    if isinstance(done, Waiting):
        emit_waiting(ctx, done, as_json=as_json)
    emit_logged(seal_fields(done), done.unstamped, as_json=as_json, text=seal_words(done))


def seal_fields(done: "Renewed") -> dict[str, str]:
    """The ``--json`` fields of ``key renew-seal``: the new seal."""
    return {"seal_fingerprint": done.fingerprint, "ends": done.ends, "replaced": done.replaced}


def seal_words(done: "Renewed") -> str:
    """What ``key renew-seal`` prints: the new seal."""
    return (
        f"The seal was renewed, and is valid until {done.ends[:10]}. Its SHA-256 is {done.fingerprint}.\n"
        "Tell those who check your bundles: the letters of new bundles print it.\n"
        f"This undoes nothing: whoever has the key of the old seal ({done.replaced})\n"
        "can still seal with it until its certificate ends, and bundles that it sealed stay good. If it was stolen,\n"
        "tell every receiver that nothing new is sealed with it."
    )


@key.command("renew")
@click.argument("role", type=click.Choice(RENEWABLE))
@passphrase_option
@new_passphrase_option
@_by_two_persons
@click.pass_context
def new_key(
    ctx: click.Context,
    role: str,
    passphrase_file: Path | None,
    new_passphrase_file: Path | None,
    approved_by: str | None,
    reason: str | None,
    actor: str | None,
    as_json: bool,
) -> None:
    """Make a new key for ROLE, to replace one that somebody who left may still have, and seal every row again to it.

    This also changes the passphrase. The log says so. If the command is stopped, either the old key opens every row or
    the new one does; run it again with the same new passphrase, and it continues where it was. Stop the watch and the
    API first, and start them again afterwards. Needs two persons.
    """
    from api.office.new_key import renew_key

    home = open_home(ctx)
    person = doer(actor, home.clock, reason=reason, approver=approved_by)
    identities = unlock(home, passphrase_file)
    shown = partial(progress, Term("progress.sealing"), Term("unit.entries"))
    done = renew_key(home, role, identities, changed_passphrase(new_passphrase_file), person, shown)
    if done.old_pages:
        warn(Term("note.plain", cause=done.old_pages))
    emit_logged(
        {"role": role, "resealed": done.resealed},
        done.unstamped,
        as_json=as_json,
        text=f"The {role} key is new. Sealed again to it: {counted(done.resealed, 'row')}. The new passphrase now\n"
        "opens the keys. Start the watch and the API again, make a new backup with the keys, and destroy older ones.\n"
        "This undoes nothing: whoever has the old key can still open every older copy of the home.",
    )


@key.command("passphrase")
@passphrase_option
@new_passphrase_option
@_by_two_persons
@click.pass_context
def passphrase(
    ctx: click.Context,
    passphrase_file: Path | None,
    new_passphrase_file: Path | None,
    approved_by: str | None,
    reason: str | None,
    actor: str | None,
    as_json: bool,
) -> None:
    """Change the passphrase, from prompts or files: the old one opens the keys, the new one seals them.

    The log says so. Whatever stops the command, either the old passphrase opens the keys or the
    new one does. Copies of the keys' folder elsewhere still open with the old one. Needs two
    persons.
    """
    from api.office.key import change_passphrase

    home = open_home(ctx)
    person = doer(actor, home.clock, reason=reason, approver=approved_by)
    identities = unlock(home, passphrase_file)
    done = change_passphrase(home, identities, changed_passphrase(new_passphrase_file), person)
    emit_logged(
        {"changed": True},
        done.unstamped,
        as_json=as_json,
        text="The passphrase was changed. Copies of the keys' folder, as in a backup, still open with the old one:\n"
        "make a new backup of it, and destroy the older ones. This undoes nothing: the casework and matching keys are\n"
        "the same, so whoever opened and copied them can still read every copy of the home.",
    )


@key.command("recover")
@_cards
@new_passphrase_option
@_by_two_persons
@click.pass_context
def recover(
    ctx: click.Context,
    files: tuple[Path, ...],
    new_passphrase_file: Path | None,
    approved_by: str | None,
    reason: str | None,
    actor: str | None,
    as_json: bool,
) -> None:
    """Recover with each CARD, or with cards that are typed: the passphrase, or the keys under it, were lost.

    The cards open the casework and matching keys that the home keeps sealed for them, and these
    are written again under a new passphrase. The office key stays in memory. Needs two persons.
    """
    from api.office.key import recover as write_again

    home = open_home(ctx)
    person = doer(actor, home.clock, reason=reason, approver=approved_by)
    cards = card_texts(files)
    done = write_again(home, cards, changed_passphrase(new_passphrase_file), person)
    if not done.logged:
        warn(Term("note.plain", cause=HomeError("home.not_continued", where=str(home.keys.path))))
    emit_logged(
        {"recovered": ["casework", "matching"], "logged": done.logged},
        done.unstamped,
        as_json=as_json,
        text="The casework and matching keys were written again: the new passphrase opens them. This undoes nothing:\n"
        "they are the same keys, and key files that were lost still open with the old passphrase.",
    )
