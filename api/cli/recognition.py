"""``case recognise``: the client recognises an item of her case, or takes that back."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.common import (
    actor_option,
    day_of,
    doer,
    emit_logged,
    open_home,
    passphrase_option,
    reason_option,
    text_in,
    unlock,
)
from api.cli.output import json_option
from casefiles.recognition import ComparedWith, HowAlike, Statement
from casefiles.verifier.report import printable
from config.errors import UsageError

if TYPE_CHECKING:
    from api.home import Home
    from api.office.recognition import RecordedRecognition
    from casefiles.recognition import RecordedStatement
    from evidence.authority import Doer
    from evidence.keys import Unlocked

HOW = {
    HowAlike.SAME_FILE: "the file that she has is the same file",
    HowAlike.VERY_SIMILAR: "the picture that she has is very similar",
    HowAlike.SEEN: "she saw it where it was posted, and recognises it",
}
"""What a client states, in words."""
_MEANS = {
    ComparedWith.FILE: "her file was compared",
    ComparedWith.QUESTION: "fingerprints that her device made were compared",
}
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("recognise")
@click.argument("case_id", metavar="CASE")
@click.argument("item", metavar="ITEM")
@click.option("--image", type=_FILE, metavar="FILE", help="A file that she has; read, compared, and not kept.")
@click.option("--question", metavar="WORDS", help="The five words of a question that she sent.")
@click.option("--seen", is_flag=True, help="She saw it where it was posted, and recognises it; needs --words.")
@click.option("--withdrawn", is_flag=True, help="She takes back what she stated of this item.")
@click.option("--person", required=True, metavar="NAME", help="The client's pseudonym, as in her consent.")
@click.option("--words", type=_FILE, metavar="FILE", help="What she said, as UTF-8 text; withheld from bundles.")
@click.option("--language", required=True, metavar="L", help="The language in which she said it: sr, mk, sq, en.")
@click.option("--date", "told_on", required=True, metavar="DATE", help="When the client said so: YYYY-MM-DD.")
@reason_option
@actor_option
@passphrase_option
@json_option
@click.pass_context
def recognise_item(
    ctx: click.Context,
    case_id: str,
    item: str,
    image: Path | None,
    question: str | None,
    *,
    seen: bool,
    withdrawn: bool,
    person: str,
    words: Path | None,
    language: str,
    told_on: str,
    reason: str | None,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Record that the client recognises ITEM of CASE: --image is compared with it, or she saw it where posted.

    Nothing of her file is kept but whether it is the same file or very similar. She can take a statement back.
    """
    from api.office.short import case_of, items_meant

    home = open_home(ctx)
    if [image is not None, question is not None, seen, withdrawn].count(True) != 1:
        raise UsageError("usage.one_way_to_recognise")
    text = None if words is None else text_in("--words", words)
    told = day_of("--date", told_on)
    case_id = case_of(home, case_id)
    (item_id,) = items_meant(home, (item,))
    stated = Statement(person, item_id, told, language, text)
    by = doer(actor, home.clock, reason=reason)
    keys = unlock(home, passphrase_file)
    if withdrawn:
        done = _taken_back(home, case_id, stated, by, keys)
    else:
        done = _recognised(home, case_id, stated, image or question, by, keys)
    emit_logged(_fields(done), done.unstamped, as_json=as_json, text=_text(done))


def _recognised(
    home: "Home", case_id: str, stated: Statement, shown: Path | str | None, by: "Doer", keys: "Unlocked"
) -> "RecordedRecognition":
    from api.office.recognition import recognise_file, recognise_question, recognise_seen

    match shown:
        case Path():
            with shown.open("rb") as picture:
                return recognise_file(home, case_id, stated, picture, by, keys)
        case str():
            return recognise_question(home, case_id, stated, shown, by, keys)
        case None:
            return recognise_seen(home, case_id, stated, by, keys.casework)


def _taken_back(home: "Home", case_id: str, stated: Statement, by: "Doer", keys: "Unlocked") -> "RecordedRecognition":
    from api.office.recognition import take_back

    return take_back(home, case_id, stated, by, keys.casework)


def _fields(done: "RecordedRecognition") -> Mapping[str, object]:
    stated = done.statement
    return {"case_id": done.case_id, "item_id": stated.item_id, "recognition": stated.how, "means": stated.means}


def _text(done: "RecordedRecognition") -> str:
    stated = done.statement
    if stated.how is None:
        return f"Recorded for {done.case_id}: the client took back what she stated of {stated.item_id}."
    return f"Recorded for {done.case_id}, about {stated.item_id}: {HOW[stated.how]}."


def statement_line(recorded: "RecordedStatement") -> str:
    """A statement as a command prints it, in one line; her words are only in JSON, whole."""
    stated = recorded.statement
    how = HOW[stated.how] if stated.how else ""
    means = f", {_MEANS[stated.means]}" if stated.means else ""
    by = printable(recorded.recorded_by)
    return f"she states about {stated.item_id}: {how}{means}; said on {stated.told_on}, recorded by {by}"
