"""``evidence``: what is preserved; never the content of media. Its other commands are in modules of their own."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.addition import add
from api.cli.common import (
    actor_option,
    chosen_items,
    chosen_options,
    counted,
    doer,
    emit_logged,
    given_passphrase,
    open_home,
    reason_option,
    unasked_passphrase_option,
)
from api.cli.completeness import completeness
from api.cli.output import json_option
from api.cli.page import Listing, emit_pages
from api.cli.search import emit_search, search
from api.cli.table import Column, Table, for_this_terminal, told_size
from api.home import Home
from casefiles.verifier.report import printable
from config.errors import UsageError
from config.times import told_time
from evidence.observation import Kind, Mode

if TYPE_CHECKING:
    from api.office.item import DigestLook, HoleBeside, ItemRow, ShownItem
    from casefiles.lineage import Hint, SaidOfItself


@click.group()
def evidence() -> None:
    """Commands to add files, and to show what is preserved, never the content of media."""


evidence.add_command(add)
evidence.add_command(search)
evidence.add_command(completeness)


@evidence.command("list")
@chosen_options
@click.option("--sender", metavar="ID", help="Only what this account posted: a search, for --case and --reason.")
@click.option("--case", "case_id", metavar="CASE", help="The case that --sender is looked for.")
@reason_option
@actor_option
@unasked_passphrase_option
@json_option
@click.pass_context
def list_(
    ctx: click.Context,
    channel: str | None,
    first: str | None,
    last: str | None,
    kind: str | None,
    sender: str | None,
    case_id: str | None,
    reason: str | None,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Print what is preserved, in the order in which it was logged.

    This needs no passphrase. With one, from a file or NISISAMA_PASSPHRASE, it says what each file is and how long each
    text is, and --json lists digests too. Viewing that is logged first, because it lies in sealed records. So does who
    sent a message: --sender is a search, for a case and a reason.
    """
    from api.office.item import list_items
    from api.office.page import every_page
    from api.office.search import Quest
    from api.office.short import case_of

    chosen = chosen_items(channel, first, last, kind)
    if (sender is None) != (case_id is None):
        raise UsageError("usage.sender_for_a_case")
    home = open_home(ctx)
    if sender is not None and case_id is not None:
        quest = Quest(case_of(home, case_id), doer(actor, home.clock, reason=reason), (), sender, chosen)
        emit_search(home, quest, passphrase_file, as_json=as_json)
        return
    look = look_of(home, actor, reason, passphrase_file)
    lines = ItemLines.of(home)
    nothing = "Nothing is preserved yet." if chosen == chosen_items(None, None, None, None) else _none(channel)
    emit_pages(
        Listing("items", item_entry, lines, nothing, head=lines.table.head()),
        every_page(lambda after: list_items(home, chosen, look=look, after=after)),
        as_json=as_json,
        more={"unlocked": look is not None},
    )


def _none(channel: str | None) -> str:
    return f"Nothing is preserved of channel {channel}." if channel else "Nothing of this is preserved."


@dataclass(slots=True)
class ItemLines:
    """Items as lines below one head, those of a channel below its name.

    Attributes:
        length: How many characters of an identifier tell it from every other.
    """

    table: Table
    length: int
    channel: str | None = None

    @classmethod
    def of(cls, home: Home) -> "ItemLines":
        """As this terminal shows them."""
        from api.office.short import SHOWN, shown_length

        length = shown_length(home)
        table = for_this_terminal(
            Column("ITEM", length),
            Column("KIND", 8),
            Column("MESSAGE", 8, right=True),
            Column("POSTED (UTC)", 20),
            Column("HOLDS", 13 - min(length - SHOWN, 6)),
            Column("MODE", 13),
        )
        return cls(table, length)

    def __call__(self, item: "ItemRow") -> str:
        """The line of one item, below that of its channel where it is the first of it."""
        above = "" if item.channel_id == self.channel else f"channel {item.channel_id}\n"
        self.channel = item.channel_id
        posted = told_time(item.posted_at).replace(" UTC", "Z") or "-"  # the head has the zone
        number = "-" if item.message_id is None else str(item.message_id)
        cells = [item.item_id[: self.length], item.kind, number, posted, held_words(item), item.mode]
        return above + self.table.line(cells)


def item_entry(item: "ItemRow") -> dict[str, Any]:
    """The ``--json`` fields of an item; what only a look shows is null without one."""
    from api.office.item import LookedAt

    entry = asdict(item)
    seen = entry.pop("seen") or asdict(LookedAt())
    return entry | seen


def held_words(item: "ItemRow") -> str:
    """What ``evidence show`` prints of what is kept: what a look showed, or how long the ciphertext is."""
    seen, is_file = item.seen, item.kind == Kind.FILE.value
    if seen is not None and seen.characters is not None and not is_file:
        return counted(seen.characters, "letter") if seen.characters else "no text"
    if seen is not None and seen.bytes is not None:
        what = (seen.media_type or "").rpartition("/")[2]
        return f"{told_size(seen.bytes)} {what}".rstrip()
    if item.sealed_bytes is not None:
        return f"~{told_size(item.sealed_bytes)}"
    if is_file:
        return {Mode.METADATA_ONLY.value: "name only", Mode.HASH_ONLY.value: "digest only"}.get(item.mode, "lost")
    return "text"


@evidence.command("show")
@click.argument("item")
@click.option("--kin-for", metavar="CASE", help="Of a channel: which others may be its kin, for this case.")
@reason_option
@actor_option
@unasked_passphrase_option
@json_option
@click.pass_context
def show(
    ctx: click.Context,
    item: str,
    kin_for: str | None,
    reason: str | None,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Print one ITEM: its place, its log entry and what is sealed for it.

    With the passphrase, show its digest too, and of a channel what it says of itself: title, names, description,
    administrators. Viewing that is logged first, because it lies in a sealed record. For a case and a reason,
    --kin-for compares it with every other watched channel.
    """
    from api.office.item import show_item
    from api.office.short import case_of, item_of

    home = open_home(ctx)
    look = look_of(home, actor, reason, passphrase_file)
    if kin_for is not None:
        if look is None:
            raise UsageError("usage.kin_without_passphrase", where="--kin-for")
        look = replace(look, kin_for=case_of(home, kin_for))
    shown = show_item(home, item_of(home, item), look)
    facts = {
        **item_entry(shown.item),
        "log_index": shown.log_index,
        "after": shown.after,
        "sealed": dict(shown.sealed),
        "holes": [asdict(hole) for hole in shown.holes],
        "others": [other.item_id for other in shown.others],
        "same_message": [{"item_id": each.item_id, "kind": each.kind} for each in shown.sources],
        "checkpoint": shown.checkpoint,
        "said": None if shown.said is None else asdict(shown.said),
        "kin": None if shown.kin is None else [_kin(shown, hint) for hint in shown.kin],
    }
    emit_logged(facts, shown.unstamped, as_json=as_json, text="\n".join(_told(shown)))


_KINDS = {
    Kind.MESSAGE: "a message",
    Kind.EDIT: "an edited message",
    Kind.DELETION: "the deletion of a message",
    Kind.SERVICE: "a service message",
    Kind.CHANNEL: "a channel",
    Kind.FILE: "a file",
    Kind.LINK: "a link",
}
_MODES = {
    Mode.METADATA_ONLY: "metadata_only: files were not read",
    Mode.HASH_ONLY: "hash_only: files were read and fingerprinted, not kept",
    Mode.SEALED: "sealed: files are kept, sealed",
}
_SEALED = {
    "media": "the file, or the message's own bytes",
    "media_header": "the lock of that, for the key holders' cards",
    "record": "the record: texts, sender, digests",
    "prints": "the fingerprints",
}


def _told(shown: "ShownItem") -> "Iterator[str]":
    """An item in words."""
    item = shown.item
    for label, value in _facts(shown):
        yield f"{label + ':':<15} {value}"
    if item.seen is not None:
        yield f"SHA-256:        {item.seen.sha256 or 'not read'}"
    if shown.said is not None:
        yield "says of itself:"
        yield from (f"    {name + ':':<15} {printable(words)}" for name, words in _said(shown.said))
    if shown.kin is not None:
        yield "may be its kin; a machine's hints, and a person decides:" if shown.kin else "no hint of kin was found"
        yield from (f"    {printable(_kin_words(shown, hint))}" for hint in shown.kin)
    yield "what is sealed for this item:"
    yield from (f"    {_SEALED.get(name, name)}\n        SHA-256 {digest}" for name, digest in shown.sealed.items())
    yield from _holes("not seen at this message:", [hole for hole in shown.holes if not hole.received])
    yield from _holes("missed once, and received at another time:", [hole for hole in shown.holes if hole.received])
    if shown.others:
        yield "kept by other imports too, as:"
        yield from (f"    {other.mode:<14} {other.item_id}, {told_time(other.acquired_at)}" for other in shown.others)
    if shown.sources:
        yield "other versions of this message, or other sources of it ('case show' compares those that a case has):"
        yield from (f"    {each.kind:<14} {each.item_id}, {told_time(each.acquired_at)}" for each in shown.sources)


def _holes(title: str, holes: "Sequence[HoleBeside]") -> "Iterator[str]":
    if holes:
        yield title
    for hole in holes:
        yield f"    {_hole_words(hole.reason)}; noticed {told_time(hole.since)}"
        yield from (f"        item {item}" for item in hole.received)
        yield from (
            f"        perhaps item {item}: it comes from the same place in the message" for item in hole.perhaps
        )


def _said(said: "SaidOfItself") -> "Iterator[tuple[str, str]]":
    plain = {
        "title": said.title,
        "user names": _names(said.usernames),
        "had once": _names(said.inactive_usernames),
        "description": said.about,
        "made": told_time(said.created_at),
        "members": None if said.members is None else str(said.members),
        "discussion": said.linked_chat,
        "community": said.community,
        "its chats": ", ".join(said.linked_chats),
        "came from": said.migrated_from,
        "went to": said.migrated_to,
    }
    yield from ((label, value) for label, value in plain.items() if value)
    for each in said.administrators:
        marks = [each.id, f"@{each.username.removeprefix('@')}" if each.username else "", each.rank or ""]
        label = "owner" if each.owner else "administrator"
        yield label, f"{each.name or '-'} ({', '.join(filter(None, marks))})"


def _names(names: "Sequence[str]") -> str:
    return ", ".join(f"@{name}" for name in names)


def _kin(shown: "ShownItem", hint: "Hint") -> dict[str, str | None]:
    return {
        "channel": hint.channel,
        "title": shown.titles.get(hint.channel),
        "sign": hint.sign.value,
        "what": hint.what,
    }


_SIGNS = {
    "migrated": "one became the other",
    "same_administrator": "the same administrator: {}",
    "same_username": "both have had the user name {}",
    "same_discussion": "the same discussion group: {}",
    "same_community": "the same community: {}",
    "names_the_other": "{} stands in a description",
}


def _kin_words(shown: "ShownItem", hint: "Hint") -> str:
    title = shown.titles.get(hint.channel)
    name = f'{hint.channel} "{title}"' if title else f"{hint.channel}, which is not watched"
    return f"{name}: {_SIGNS[hint.sign.value].format(hint.what)}"


def _facts(shown: "ShownItem") -> "Iterator[tuple[str, str]]":
    item = shown.item
    yield "item", item.item_id
    yield "is", _KINDS[Kind(item.kind)]
    yield "channel", item.channel_id
    if item.message_id is not None:
        yield "message", str(item.message_id)
    yield "posted", told_time(item.posted_at) or "no time is known"
    yield "received", f"{told_time(item.acquired_at)}, by our clock"
    yield "kept as", _MODES[Mode(item.mode)]
    yield "holds", held_words(item).replace("~", "about ")
    yield "log entry", _entry_words(shown)


def _entry_words(shown: "ShownItem") -> str:
    covered = shown.checkpoint is not None and int(shown.checkpoint) > shown.log_index
    return f"{shown.log_index}, {'under the newest daily seal' if covered else 'under no daily seal yet'}"


def _hole_words(reason: str) -> str:
    from config.words import load_words

    words = load_words("en")
    key = f"hole.{reason}"
    return words.say(key) if key in words.texts else reason


def look_of(home: Home, actor: str | None, reason: str | None, passphrase_file: Path | None) -> "DigestLook | None":
    """Who looks at digests, from a command's options; nobody without the passphrase, which is not asked for."""
    from api.office.item import DigestLook

    given = given_passphrase(passphrase_file)
    if given is None:
        return None
    person = doer(actor, home.clock, reason=reason)
    return DigestLook(person, home.unlock(given).casework)
