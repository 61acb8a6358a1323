"""``case``: opened, given items, listed, shown; its export is in ``api.cli.bundle``."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.bundle import export
from api.cli.common import (
    actor_option,
    agreed,
    counted,
    day_of,
    doer,
    emit_logged,
    open_home,
    passphrase_option,
    reason_option,
    text_in,
    unlock,
    warn,
)
from api.cli.output import json_option, say
from api.cli.page import Listing, emit_pages
from api.cli.recognition import recognise_item, statement_line
from api.cli.renew import countersign_file, renew_file
from api.cli.sheet import write as write_sheet
from api.cli.withdrawal import case_answer, case_withdraw
from api.home import Home
from casefiles.bundle.presets import AUDIENCES
from casefiles.consent import CHECK
from casefiles.verifier.report import printable
from config.errors import Term, UsageError
from config.times import told_time
from evidence.observation import Kind

if TYPE_CHECKING:
    from api.office.case import CaseItem, NotPreserved
    from api.office.gap import ClosedGap
    from api.office.page import Page
    from api.office.witness import ComparedSight
    from casefiles.case import CaseRow
    from casefiles.consent import Consent
    from casefiles.left_out import AnsweringItem

_SPAN = re.compile(r"(-?[0-9]{1,18})(?:-(-?[0-9]{1,18}))?", re.ASCII)


@click.group()
def case() -> None:
    """Commands to open, list, fill, show and export cases."""


case.add_command(export)
case.add_command(recognise_item)
case.add_command(renew_file)
case.add_command(countersign_file)
case.add_command(write_sheet)
case.add_command(case_withdraw)
case.add_command(case_answer)


@case.command("open")
@reason_option
@actor_option
@json_option
@click.pass_context
def open_(ctx: click.Context, reason: str | None, actor: str | None, as_json: bool) -> None:
    """Open a case for a client who consented, and print its identifier."""
    from api.office.case import open_case

    home = open_home(ctx)
    done = open_case(home, doer(actor, home.clock, reason=reason))
    emit_logged({"case_id": done.case_id}, done.unstamped, as_json=as_json, text=f"Opened {done.case_id}.")


@case.command("list")
@json_option
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """Print the list of cases. This needs no passphrase: what it lists is stored unencrypted."""
    from api.office.case import list_cases
    from api.office.page import every_page

    home = open_home(ctx)
    listing = Listing("cases", _entry, _line, "There is no case yet.")
    emit_pages(listing, every_page(lambda after: list_cases(home, after=after)), as_json=as_json)


def _entry(row: "CaseRow") -> Mapping[str, object]:
    return {"case_id": row.case_id, "opened_at": row.opened_at, "items": row.items, "hash_list": row.is_list}


def _line(row: "CaseRow") -> str:
    held = "list of hashes" if row.is_list else counted(row.items, "item")
    return f"{row.case_id}  opened {told_time(row.opened_at)}  {held}"


@case.command("add")
@click.argument("case_id", metavar="CASE")
@click.argument("items", metavar="[ITEM]...", nargs=-1)
@click.option("--messages", metavar="N-M,...", help="Messages by their numbers, such as 30-45,50; with --channel.")
@click.option("--channel", metavar="ID", help="The channel of --messages, as 'evidence list' shows it.")
@click.option("--with-message", is_flag=True, help="Add the message that carried a picture, too.")
@click.option("--with-picture", is_flag=True, help="Add the pictures and files that a message carried, too.")
@reason_option
@actor_option
@json_option
@click.pass_context
def add(
    ctx: click.Context,
    case_id: str,
    items: tuple[str, ...],
    messages: str | None,
    channel: str | None,
    with_message: bool,
    with_picture: bool,
    reason: str | None,
    actor: str | None,
    as_json: bool,
) -> None:
    """Add each ITEM to CASE, or the messages that the options choose.

    A picture and the message that carried it are two items: the command offers what was left out. Of a range of
    messages, it says what is not preserved.
    """
    from api.office.case import Ranged, add_items, messages_of
    from api.office.short import case_of, items_meant

    if (messages is None) != (channel is None):
        raise UsageError("usage.messages_of_a_channel")
    if messages is None and not items:
        raise UsageError("usage.nothing_to_add")
    spans = [] if messages is None else _spans(messages)
    home = open_home(ctx)
    person = doer(actor, home.clock, reason=reason)
    case_id = case_of(home, case_id)
    ranged = messages_of(home, channel, spans) if channel is not None else Ranged((), ())
    wanted = (*items_meant(home, items), *ranged.items)
    kinds = frozenset({"message"} if with_message else ()) | frozenset({"picture"} if with_picture else ())
    wanted += _beside(home, case_id, wanted, kinds)
    done = add_items(home, case_id, wanted, person)
    if done.beside:
        warn(Term("note.other_half", case=case_id, items=" ".join(done.beside)))
    emit_logged(
        {
            "case_id": case_id,
            "added": done.added,
            "items": done.items,
            "beside": list(done.beside),
            "not_preserved": [asdict(each) for each in ranged.missing],
        },
        done.unstamped,
        as_json=as_json,
        text="\n".join(
            [
                f"Added {done.added} to {case_id}; it has {counted(done.items, 'item')}.",
                *(_not_preserved(each) for each in ranged.missing),
            ]
        ),
    )


def _spans(text: str) -> list[tuple[int, int]]:
    """Spans of numbers, such as ``30-45,50``."""
    spans = []
    for part in text.split(","):
        found = _SPAN.fullmatch(part.strip())
        if found is None:
            raise UsageError("usage.not_a_range", where="--messages")
        lo = int(found[1])
        hi = lo if found[2] is None else int(found[2])
        if lo > hi:
            raise UsageError("usage.range_backwards", where="--messages", lo=lo, hi=hi)
        spans.append((lo, hi))
    return spans


def _not_preserved(missing: "NotPreserved") -> str:
    from config.words import load_words

    words = load_words("en")
    both = str(missing.lo) if missing.lo == missing.hi else f"{missing.lo} to {missing.hi}"
    why = "; ".join(words.say(f"hole.{reason}") for reason in missing.reasons)
    return f"Not preserved: {both}: {why or 'no export that was imported covers this'}."


def _beside(home: Home, case_id: str, items: tuple[str, ...], kinds: frozenset[str]) -> tuple[str, ...]:
    """What is added beside the items: as the options say, or, at a terminal, as somebody answers."""
    from api.office.case import beside_items

    others = {
        item: "picture" if kind == Kind.FILE.value else "message"
        for item, kind in beside_items(home, case_id, items).items()
    }
    left = [kind for item, kind in others.items() if kind not in kinds]
    if left and sys.stdin.isatty() and agreed(_offered(left)):
        return tuple(others)
    return tuple(item for item, kind in others.items() if kind in kinds)


def _offered(kinds: Sequence[str]) -> Term:
    """What is left out, as a question."""
    return Term("prompt.add_beside", messages=kinds.count("message"), files=kinds.count("picture"))


@case.command("remove")
@click.argument("case_id", metavar="CASE")
@click.argument("items", metavar="ITEM...", nargs=-1, required=True)
@click.option("--reason", required=True, metavar="TEXT", help="Why; logged, and withheld from bundles.")
@actor_option
@json_option
@click.pass_context
def remove(
    ctx: click.Context, case_id: str, items: tuple[str, ...], reason: str, actor: str | None, as_json: bool
) -> None:
    """Remove each ITEM from CASE; --reason says why.

    Nothing is destroyed: what was removed stays preserved and can be added again. A bundle says how many items
    were removed, and not which.
    """
    from api.office.case import remove_items
    from api.office.short import case_of, items_meant

    home = open_home(ctx)
    person, case_id = doer(actor, home.clock, reason=reason), case_of(home, case_id)
    done = remove_items(home, case_id, items_meant(home, items), person)
    emit_logged(
        {"case_id": case_id, "removed": done.removed, "items": done.items},
        done.unstamped,
        as_json=as_json,
        text=f"Removed {done.removed} from {case_id}; it has {counted(done.items, 'item')}. They stay preserved.",
    )


@case.command("consent")
@click.argument("case_id", metavar="CASE")
@click.option("--given/--withdrawn", "given", default=None, required=True, help="What the client said.")
@click.option("--person", required=True, metavar="NAME", help="The client's pseudonym.")
@click.option(
    "--scope",
    multiple=True,
    type=click.Choice([CHECK, *AUDIENCES]),
    help="To what: that she is looked for (check), or to whom the case may go; may be given several times.",
)
@click.option(
    "--text",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="What the client read, as UTF-8 text; sealed, and withheld from bundles.",
)
@click.option("--paper-sha256", metavar="SHA256", help="Digest of the signed form, where it is on paper or scanned.")
@click.option("--language", required=True, metavar="L", help="The language of what the client read: sr, mk, sq, en.")
@click.option("--date", "told_on", required=True, metavar="DATE", help="When the client said so: YYYY-MM-DD.")
@click.option("--until", metavar="DATE", help="The last day on which it holds; without it, until it is withdrawn.")
@reason_option
@actor_option
@json_option
@click.pass_context
def consent(
    ctx: click.Context,
    case_id: str,
    given: bool,
    person: str,
    scope: tuple[str, ...],
    text: Path | None,
    paper_sha256: str | None,
    language: str,
    told_on: str,
    until: str | None,
    reason: str | None,
    actor: str | None,
    as_json: bool,
) -> None:
    """Record the client's consent to CASE, or that she withdrew it. The newest record of a case counts.

    --withdrawn closes the case at once, as case withdraw does, and asks for no destruction.
    """
    from api.office.case import record_consent
    from api.office.short import case_of
    from casefiles.consent import Consent

    home = open_home(ctx)
    told = Consent(
        person=person,
        given=given,
        scope=tuple(dict.fromkeys(scope)),
        told_on=day_of("--date", told_on),
        until=None if until is None else day_of("--until", until),
        language=language,
        text=None if text is None else text_in("--text", text),
        paper_sha256=None if paper_sha256 is None else _digest(paper_sha256),
    )
    case_id = case_of(home, case_id)
    done = record_consent(home, case_id, told, doer(actor, home.clock, reason=reason))
    said = "Recorded the consent" if given else "Recorded that the consent was withdrawn"
    entry = {"case_id": case_id, **_consent_entry(told)}
    emit_logged(entry, done.unstamped, as_json=as_json, text=f"{said} for {case_id}.")


def _digest(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise UsageError("usage.not_a_digest", where="--paper-sha256")
    return text.lower()


def _consent_entry(told: "Consent") -> dict[str, object]:
    """A consent as JSON; its words stay sealed."""
    return {
        "given": told.given,
        "scope": list(told.scope),
        "date": told.told_on.isoformat(),
        "until": None if told.until is None else told.until.isoformat(),
        "language": told.language,
        "paper_sha256": told.paper_sha256,
    }


def _consent_line(told: "Consent | None") -> str:
    """A consent for a person, in one line."""
    if told is None:
        return "consent: none is recorded"
    if not told.given:
        return f"consent: withdrawn on {told.told_on}"
    until = f"until {told.until}" if told.until else "until it is withdrawn"
    return f"consent: given on {told.told_on}, {until}, to: {', '.join(told.scope)}"


@case.command("show")
@click.argument("case_id", metavar="CASE")
@actor_option
@passphrase_option
@json_option
@click.pass_context
def show(ctx: click.Context, case_id: str, actor: str | None, passphrase_file: Path | None, as_json: bool) -> None:
    """Print the items of CASE with their texts. Looking is logged."""
    from api.office.case import show_case
    from api.office.left_out import beside_case
    from api.office.page import every_page
    from api.office.short import case_of

    home = open_home(ctx)
    case_id = case_of(home, case_id)
    person = doer(actor, home.clock)
    casework = unlock(home, passphrase_file).casework
    first = show_case(home, case_id, person, casework)
    left_out = beside_case(home, case_id, casework)

    if not as_json:
        reason = f"\n    reason: {_quoted(first.reason)}" if first.reason else ""
        removed = counted(len(first.removed), "item was removed", "items were removed")
        gone = f"\n    {removed} and stay preserved: {', '.join(first.removed)}" if first.removed else ""
        found = f"\n    {counted(first.alerts, 'open alert')}: nisisama alerts --case {case_id}" if first.alerts else ""
        frozen = f"\n    {_frozen(first.frozen)}" if first.frozen else ""
        stated = "".join(f"\n    {statement_line(each)}" for each in first.statements)
        consent = _consent_line(first.consent)
        replies = "".join(f"\n    {_left_out(each)}" for each in left_out)
        closed = "".join(f"\n    {_closed(each)}" for each in first.closed_gaps)
        about = f"{consent}{stated}{gone}{found}{frozen}{replies}{closed}"
        if first.is_list:
            about = "a list of hashes, with no client and no items. See its source: nisisama hash-list list"
        say(f"{case_id}, opened {told_time(first.opened_at)}{reason}\n    {about}")
    told = None if first.consent is None else {**_consent_entry(first.consent), "recorded_by": first.recorded_by}
    more = {"case_id": case_id, "opened_at": first.opened_at, "reason": first.reason, "consent": told}
    more |= {"removed": list(first.removed), "alerts": first.alerts, "frozen_items": first.frozen}
    more |= {"hash_list": first.is_list}
    more |= {"statements": [each.told() for each in first.statements], "left_out": [asdict(each) for each in left_out]}
    more |= {"closed_gaps": [each.told() for each in first.closed_gaps]}
    sources = dict(first.sources)

    def page(after: str | None) -> "Page[CaseItem]":
        shown = show_case(home, case_id, person, casework, after=after)
        sources.update(shown.sources)
        return shown.items

    def entry(item: "CaseItem") -> "Mapping[str, object]":
        return asdict(item) | {"other_sources": [asdict(each) for each in sources.get(item.item_id, ())]}

    def words(item: "CaseItem") -> str:
        return "\n".join([_shown(item), *map(_other_source, sources.get(item.item_id, ()))])

    emit_pages(Listing("items", entry, words), every_page(page, first.items), as_json=as_json, more=more)


def _other_source(other: "ComparedSight") -> str:
    """That the same message came from another source, and in what they differ; neither is preferred."""
    told = f"differs in {', '.join(other.differs)}" if other.differs else "says the same, as far as both say it"
    return f"    the same message from another source ({printable(str(other.method))}): {other.item_id}; {told}"


def _closed(gap: "ClosedGap") -> str:
    """When a gap was closed, and by what."""
    of = f"message {gap.lo}" if gap.lo == gap.hi else f"messages {gap.lo}-{gap.hi}"
    gone = f"a gap, {of} of {printable(gap.channel_id)}, noticed {told_time(gap.since)},"
    export = f", SHA-256 {gap.closing.container_sha256}" if gap.closing.container_sha256 else ""
    by = printable(str(gap.closing.method))
    return f"{gone} was closed {told_time(gap.closing.at)} by {by}{export} (log entry {gap.closing.entry})"


def _frozen(number: int) -> str:
    """That items are frozen, and who decides; nothing of what they are."""
    return f"{counted(number, 'item is', 'items are')} frozen. Two persons decide: nisisama freeze --list"


def _left_out(reply: "AnsweringItem") -> str:
    """That a reply is not in the case, and nothing of what it says."""
    return f"not in the case: message {reply.message_id}, a reply to message {reply.answers}: {reply.item_id}"


def _shown(item: "CaseItem") -> str:
    """What the report prints of an item, under its identifier."""
    from casefiles.report.said import said_of_item
    from casefiles.report.wording import part_lines
    from config.words import load_words

    words = load_words("en")
    lines = (line for part in said_of_item(asdict(item)) for line in part_lines(words, part, indent="    "))
    return "\n".join(["", item.item_id, *lines])


def _quoted(text: object) -> str:
    """What somebody else wrote, on one line; a backslash is doubled, so that no text looks like an escape of ours."""
    return printable(str(text).replace("\\", r"\\"))
