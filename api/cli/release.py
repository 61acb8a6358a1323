"""``release``: two persons hand a picture to an authority, the person shown or her lawyer, with the cards."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.cards import card_texts
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
from api.cli.output import json_option
from config.errors import Term, UsageError

if TYPE_CHECKING:
    from api.home import Home
    from api.office.release import ReleaseWish
    from api.offline.release import Released

AUDIENCES = ("authority", "person", "lawyer")
"""As ``api.office.release.ReleasedTo`` has them, which takes long to import."""


@click.command()
@click.argument("items", nargs=-1, metavar="[ITEM]...")
@click.option("--case", "case_id", metavar="CASE", help="The case that has the items.")
@click.option("--to", metavar="NAME", help="The recipient.")
@click.option(
    "--for",
    "audience",
    type=click.Choice(AUDIENCES),
    help="Whether the recipient is an authority, the person shown, or her lawyer.",
)
@click.option("--reference", metavar="TEXT", help="The reference of their written request, such as a file number.")
@click.option("--asked-on", metavar="DATE", help="The date of their written request, such as 2026-11-28.")
@click.option(
    "--key",
    "key_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Their key: an X.509 certificate, or an age recipient.",
)
@click.option(
    "--zip",
    "zipped",
    is_flag=True,
    help="They have no key: make an encrypted ZIP archive, and tell them its passphrase.",
)
@click.option("--request", metavar="REQUEST", help="Carry out an approved request, or resume it.")
@click.option(
    "--card",
    "cards",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="A card; may be given several times. Without it, the command asks for the words.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="The folder for the recipient, for example on a stick.",
)
@reason_option
@approved_option
@actor_option
@passphrase_option
@json_option
@click.pass_context
def release(
    ctx: click.Context,
    /,
    items: tuple[str, ...],
    request: str | None,
    **given: Any,  # noqa: ANN401 - the other options, by name
) -> None:
    """Hand each ITEM to a recipient who may have it, sealed to their key, and write a receipt.

    Two persons must agree, and cards open the pictures. Without --approved-by, the request waits for approval;
    afterwards, run release --request REQUEST with the cards. Anything that may show a child is never handed over.
    """
    if request is not None:
        _require_request_alone(items, given)
        _do_asked(ctx, request, given)
        return
    home = open_home(ctx)
    _require_whole(items, given)
    person = doer(given["actor"], home.clock, reason=given["reason"], approver=given["approved_by"])
    wish = _wish(home, items, given)
    casework = unlock(home, given["passphrase_file"]).casework
    if person.approver is None:
        from api.office.release import ask_release

        emit_waiting(ctx, ask_release(home, wish, person, casework), as_json=given["as_json"])
    from api.offline.release import ReleaseMeans, release_now

    means = ReleaseMeans(casework, lambda: card_texts(given["cards"]), given["out"])
    _emit(release_now(home, wish, person, means), as_json=given["as_json"])


def _do_asked(ctx: click.Context, request: str, given: Mapping[str, Any]) -> None:
    from api.offline.release import ReleaseMeans, release_asked

    home = open_home(ctx)
    person = doer(given["actor"], home.clock)
    casework = unlock(home, given["passphrase_file"]).casework
    means = ReleaseMeans(casework, lambda: card_texts(given["cards"]), given["out"])
    _emit(release_asked(home, request, person, means), as_json=given["as_json"])


_TELLS = {"case_id": "--case", "to": "--to", "audience": "--for", "reference": "--reference", "asked_on": "--asked-on"}
"""What a request for a release says, by option."""


def _require_request_alone(items: tuple[str, ...], given: Mapping[str, Any]) -> None:
    """Check that what was asked for is not said again, and that its folder is named.

    Raises:
        UsageError: It is, or is not.
    """
    told = [option for name, option in _TELLS.items() if given[name] is not None]
    if items or told or given["key_file"] or given["zipped"] or given["approved_by"] or given["reason"]:
        raise UsageError("usage.release_of_request")
    if given["out"] is None:
        raise UsageError("usage.release_out")


def _require_whole(items: tuple[str, ...], given: Mapping[str, Any]) -> None:
    """Check that a release says what, to whom, on what request and to which key.

    Raises:
        UsageError: Something is missing, or is said that only the act needs.
    """
    missing = [option for name, option in _TELLS.items() if given[name] is None]
    if not items:
        missing.insert(0, "ITEM")
    if (given["key_file"] is None) is not given["zipped"]:
        missing.append("--key | --zip")
    if missing:
        raise UsageError("usage.release_incomplete", found=", ".join(missing))
    if (given["out"] is None) is not (given["approved_by"] is None):
        raise UsageError("usage.release_out")


def _wish(home: "Home", items: tuple[str, ...], given: Mapping[str, Any]) -> "ReleaseWish":
    from api.office.release import ReleasedTo, ReleaseWish
    from api.office.short import case_of, items_meant
    from evidence.handover.recipient import ARCHIVE, read_recipient_key

    key_file: Path | None = given["key_file"]
    return ReleaseWish(
        case_id=case_of(home, given["case_id"]),
        items=items_meant(home, items),
        to=given["to"],
        audience=ReleasedTo(given["audience"]),
        reference=given["reference"],
        asked_on=day_of("--asked-on", given["asked_on"]),
        key=ARCHIVE if key_file is None else read_recipient_key(key_file.read_bytes()),
    )


def _emit(done: "Released", *, as_json: bool) -> None:
    receipt = done.receipt
    if done.unprinted:
        warn(Term("note.text_alone", cause=done.unprinted))
    told = {
        "request": receipt.request,
        "folder": str(done.out),
        "files": {each.file: each.file_sha256 for each in receipt.files},
        "items": len(receipt.files),
        "passphrase": done.passphrase,
        "logged_before": done.resumed,
    }
    emit_logged(told, done.unstamped, as_json=as_json, text=_words(done))


def _words(done: "Released") -> str:
    receipt = done.receipt
    lines = [f"Released to {receipt.recipient}: {counted(len(receipt.files), 'file')}, in {done.out}."]
    if done.resumed:
        lines.append("It had already been logged, and is now complete.")
    if done.passphrase is not None:
        lines.append(f"The passphrase, which is not stored anywhere: {done.passphrase}")
        lines.append("Tell it by telephone, to a number that you know; never send it with the archive.")
    lines.append("Print receipt.pdf twice. Both sides sign both copies.")
    return "\n".join(lines)
