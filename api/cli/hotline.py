"""``hotline``: the sheet for a hotline or the police of what is frozen, without a picture. Nothing is sent."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.common import actor_option, counted, doer, emit_logged, open_home, passphrase_option, unlock, warn
from api.cli.output import json_option
from config.errors import Term
from config.words import languages

if TYPE_CHECKING:
    from api.office.hotline import WrittenHotline


@click.command()
@click.argument("items", nargs=-1, metavar="[ITEM]...")
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
    help="The language of the sheet; English stands behind it.",
)
@click.option("--country", metavar="CC", help="Two letters: whose hotlines are printed; else the settings' country.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; logged, and not on the sheet.")
@actor_option
@passphrase_option
@json_option
@click.pass_context
def hotline(
    ctx: click.Context,
    items: tuple[str, ...],
    out: Path,
    language: str,
    country: str | None,
    reason: str,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Write the sheet for a hotline or the police, of all that is frozen or of each ITEM with its message and album.

    It says where it was posted and when, with links, sizes and digests, and that your office reports it. It has no
    picture, no text and no name of a person. A person fills it in, signs it and hands it over; the program sends
    nothing. That it was made is logged.
    """
    from api.office.hotline import HotlineWish, write_hotline
    from api.office.sheet import require_sheet_file
    from api.office.short import items_meant

    home = open_home(ctx)
    named = items_meant(home, items, frozen=True)
    require_sheet_file(out)
    person = doer(actor, home.clock, reason=reason)
    casework = unlock(home, passphrase_file).casework
    done = write_hotline(home, HotlineWish(out, named, language, country), person, casework)
    emit_logged(_fields(done), done.unstamped, as_json=as_json, text=_words(done))


def _fields(done: "WrittenHotline") -> dict[str, Any]:
    return {
        "sheet": str(done.out),
        "sheet_pdf": None if done.pdf is None else str(done.pdf),
        "items": list(done.sheet.items),
        "messages": sum(post.post is not None for post in done.sheet.posts),
        "country": done.sheet.rule.country,
        "sha256": done.sha256,
    }


def _words(done: "WrittenHotline") -> str:
    if done.unprinted:
        warn(Term("note.text_alone", cause=done.unprinted))
    files = ", ".join(str(file) for file in (done.pdf, done.out) if file)
    what = f"{counted(len(done.sheet.items), 'item')}, no pictures"
    return f"Sheet: {files}  ({what}). Nothing was sent.\nFill it in, sign it and hand it over today."
