"""``check``: whether a picture is in the store."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.common import (
    actor_option,
    counted,
    doer,
    emit_logged,
    open_home,
    passphrase_option,
    reason_option,
    unlock,
    warn,
)
from api.cli.output import json_option
from config.errors import Term, UsageError
from config.times import told_time
from evidence.match.check import NotCompared
from evidence.proquint import is_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.home import Home
    from api.office.check import Checked, ComparedPicture, PlacedMatch
    from evidence.authority import Doer
    from evidence.keys import Unlocked

WHY = {
    NotCompared.NOT_READ: "not read under the mode",
    NotCompared.FROZEN: "frozen, since they may show a child",
    NotCompared.NO_PICTURE: "no picture, not decoded or too small",
    NotCompared.TOO_PLAIN: "too little to be seen in it",
    NotCompared.ASKED_TOO_PLAIN: "too little to be seen in this picture",
}
"""Why a stored file was not compared, in words."""


def _lines(match: "PlacedMatch") -> "Iterator[str]":
    place = f"{match.channel_id}/{match.message_id or '-'}  {told_time(match.posted_at) or 'no time'}"
    yield f"{match.tier:<10} {match.item_id}  {place}"
    if match.message_item:
        yield f"{'  message':<10} {match.message_item}"


@click.command()
@click.argument("asked", metavar="IMAGE|QUESTION", type=click.Path(path_type=Path))
@click.option("--case", "case_id", required=True, metavar="CASE", help="The case it is for; the check is logged.")
@reason_option
@actor_option
@passphrase_option
@json_option
@click.pass_context
def check(
    ctx: click.Context,
    asked: Path,
    case_id: str,
    reason: str | None,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Find IMAGE in the store, or the pictures of QUESTION: its file, its text in a file, or its five words.

    "0 found" speaks only of the pictures that were really compared. It misses larger crops, turns of a
    few degrees and collages, and is no proof that a picture was not posted. IMAGE may be a video, too.
    """
    from api.office.check import LIMITS
    from api.office.short import case_of

    if not asked.is_file() and not is_words(str(asked)):
        raise UsageError("usage.no_picture_and_no_words", where=str(asked))
    home = open_home(ctx)
    case_id = case_of(home, case_id)
    person = doer(actor, home.clock, reason=reason)
    done = _checked(home, asked, case_id, person, unlock(home, passphrase_file))
    if not done.consented:
        warn(Term("note.no_consent", case=case_id))
    lines = [] if done.question is None else list(_question_lines(done))
    for number, one in enumerate(done.pictures, start=1):
        lines += [f"Picture {number}:"] if len(done.pictures) > 1 else []
        lines += _picture_lines(one)
    emit_logged(done.told(), done.unstamped, as_json=as_json, text="\n".join([*lines, LIMITS]))


def _checked(home: "Home", asked: Path, case_id: str, person: "Doer", keys: "Unlocked") -> "Checked":
    """What is found of a picture, of a question in a file, or of one that is kept."""
    from api.office.check import check_picture
    from api.office.opened import OpenOffice
    from api.office.question import check_question, question_in

    if asked.is_file():
        with asked.open("rb") as stream:
            receipt = question_in(home, stream, case_id, person, keys)
            if receipt is None:
                return check_picture(home, stream, case_id, person, keys)
    else:
        receipt = str(asked)
    return check_question(home, receipt, case_id, person, OpenOffice.of(home, keys))


def _question_lines(done: "Checked") -> "Iterator[str]":
    yield f"Question {done.question}, {counted(len(done.pictures), 'picture')}."
    if done.alike:
        yield f"{counted(done.alike, 'other question')} of the last 30 days are about variants of the same picture."
    yield f"Once somebody has spoken with her: nisisama question answered {done.question}"


def _picture_lines(one: "ComparedPicture") -> "Iterator[str]":
    for match in one.matches:
        yield from _lines(match)
    left = sum(one.not_compared.values())
    why = "; ".join(f"{words}: {one.not_compared[each]}" for each, words in WHY.items() if each in one.not_compared)
    told = f"{left} could not be compared" + (f" ({why})" if why else "")
    yield f"{len(one.matches)} found. Compared with {one.compared}; {told}."
