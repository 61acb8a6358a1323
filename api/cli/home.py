"""``init``: a new home."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from api.cli.cards import count_option, needed_option, require_possible_numbers, show_cards
from api.cli.common import actor_option, doer, emit_logged, new_passphrase, passphrase_option, warn
from api.cli.output import json_option
from api.unfinished import UNFINISHED
from config.errors import Term
from evidence.times import system_clock


@click.command()
@click.option(
    "--org", "organisation", required=True, metavar="NAME", help="The organisation's name, as bundles print it."
)
@click.option(
    "--cards", type=click.Path(path_type=Path, file_okay=False), help="Write the cards as files into this new folder."
)
@click.option(
    "--rehearsal", is_flag=True, help="For practice: this machine stamps the time itself, and everything is marked."
)
@click.option(
    "--tsa", "stamp_by", multiple=True, metavar="NAME", help="A time-stamp office; may be given several times."
)
@count_option
@needed_option
@actor_option
@passphrase_option
@json_option
@click.pass_context
def init(
    ctx: click.Context,
    organisation: str,
    cards: Path | None,
    rehearsal: bool,
    stamp_by: tuple[str, ...],
    card_count: int,
    cards_needed: int,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Make a new home with its keys, and its cards in the folder that --cards names.

    The office key exists only on the cards. Give each card to a different person: the coordinator,
    the lawyer, and somebody outside. Without enough cards, nobody can ever open a picture again.
    The passphrase needs at least 15 characters: choose several words. Stopped before its end, init
    leaves nothing that counts as a home: run it again.
    """
    from api.office.home import Plan, create_home, require_possible
    from config.settings import KeySettings

    require_possible_numbers(card_count, cards_needed)
    path = ctx.find_root().obj
    person = doer(actor, system_clock)
    require_possible(path, organisation, stamp_by, cards)
    if (path / UNFINISHED).exists():
        warn(Term("note.unfinished_home"))
    plan = Plan(
        path=path,
        organisation=organisation,
        passphrase=new_passphrase(passphrase_file),
        actor=person.actor,
        log_n=_work_factor(KeySettings().passphrase_log_n),
        stamp_by=stamp_by,
        rehearsal=rehearsal,
        threshold=cards_needed,
        card_count=card_count,
    )
    with _cards_kept_or_void(shown := list[str]()):
        created = create_home(plan, system_clock, cards=cards, show=lambda texts: show_cards(texts, shown))
    home = created.home
    trust = sorted(str(file) for file in home.trust.iterdir())
    emit_logged(
        {
            "home": str(home.path),
            "log_origin": home.settings.log.origin,
            "log_vkey": str(home.verifier_key),
            "trust": trust,
        },
        created.unstamped if home.settings.stamp.offices else None,
        as_json=as_json,
        text=f"Home: {home.path}\nKeys: {home.keys.path}  (keep a copy elsewhere)\nLog:  {home.verifier_key}\n"
        + "\n".join(f"Root to hand out: {file}" for file in trust)
        + (f"\nCards: {cards}  (print each, hand it to another person, then delete the files)" if cards else ""),
    )
    if not home.settings.stamp.offices:
        warn(Term("note.no_office_chosen"))


def _work_factor(default: int) -> int:
    """The scrypt work factor; the one setting that takes effect before a settings file exists."""
    import os

    from config.errors import SettingsError

    value = os.environ.get("NISISAMA_KEYS__PASSPHRASE_LOG_N")
    if value is None:
        return default
    if value not in map(str, range(10, 21)):  # the range of the setting
        raise SettingsError("settings.work_factor_does_not_fit", found=value[:20])
    return int(value)


@contextmanager
def _cards_kept_or_void(shown: Sequence[str]) -> Iterator[None]:
    """Say, where no home was made, that cards which somebody may have written down open nothing."""
    try:
        yield
    except BaseException:
        if shown:
            warn(Term("note.cards_void"))
        raise
