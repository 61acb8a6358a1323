"""``hash-list``: lists of hashes from a hotline or an exchange; added, listed, removed."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.common import (
    actor_option,
    counted,
    day_of,
    doer,
    emit_logged,
    open_home,
    passphrase_option,
    reason_option,
    unlock,
)
from api.cli.output import json_option
from api.cli.page import Listing, emit_pages
from api.cli.progress import progress
from config.errors import Term
from config.times import told_time

if TYPE_CHECKING:
    from casefiles.hash_list import AddedHashes, HashList

_MEANINGS = ("shared_without_consent", "child_abuse")
_KINDS = ("sha256", "pdq")


@click.group("hash-list")
def hash_list() -> None:
    """Commands for lists of hashes from a hotline or an exchange; each is compared with everything that is kept."""


@hash_list.command("add")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--name", required=True, metavar="NAME", help="What the list is called.")
@click.option("--from", "provider", required=True, metavar="ORG", help="The organisation that gave it.")
@click.option("--obtained-on", required=True, metavar="DATE", help="The day on which it came, as 2026-11-27.")
@click.option(
    "--meaning",
    required=True,
    type=click.Choice(_MEANINGS),
    help="What it lists; child_abuse freezes what is found and shows no alert.",
)
@click.option("--declared-by", required=True, metavar="NAME", help="Who says where it came from.")
@click.option("--kind", type=click.Choice(_KINDS), help="What hashes of 64 digits are, if the list does not say.")
@click.option("--skip-bad-lines", is_flag=True, help="Leave out lines in which no hash can be read, and count them.")
@reason_option
@actor_option
@passphrase_option
@json_option
@click.pass_context
def add(
    ctx: click.Context,
    file: Path,
    name: str,
    provider: str,
    obtained_on: str,
    meaning: str,
    declared_by: str,
    kind: str | None,
    skip_bad_lines: bool,
    reason: str | None,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Add the list of MD5, SHA-256 or PDQ hashes in FILE as a case of its own.

    FILE is a table of text, such as CSV, as ThreatExchange, StopNCII and hotlines hand it out. Whatever is like one of
    its hashes raises an alert in the list's case, while 'serve' is unlocked or when 'alerts look' runs.
    """
    from api.office.hash_list import add_hash_list, require_provenance
    from casefiles.hash_list import DeclaredList, ListProvenance, Meaning
    from evidence.match.hash_csv import HashKind, read_hashes

    home = open_home(ctx)
    person = doer(actor, home.clock, reason=reason)
    day = day_of("--obtained-on", obtained_on)
    provenance = ListProvenance(name, provider, day, Meaning(meaning), declared_by)
    require_provenance(home, provenance, person)
    keys = unlock(home, passphrase_file)
    with file.open("rb") as source, progress(Term("progress.reading_list"), Term("unit.lines")) as line:
        read = read_hashes(source, kind=HashKind(kind) if kind else None, skip_bad_lines=skip_bad_lines, hear=line)
    with progress(Term("progress.keeping_list"), Term("unit.hashes"), sum(read.counts().values())) as line:
        done = add_hash_list(home, DeclaredList(read, provenance), person, keys, line)
    emit_logged(
        added_fields(done.done),
        done.unstamped,
        as_json=as_json,
        text=_added(done.done, freezes=meaning == Meaning.CHILD_ABUSE),
    )


def added_fields(done: "AddedHashes") -> dict[str, object]:
    """The ``--json`` fields of ``hash-list add``: what it did."""
    return {
        "case_id": done.case_id,
        "added": done.added,
        "counts": dict(done.counts),
        "common": done.common,
        "known": done.known,
    }


def _added(done: "AddedHashes", *, freezes: bool) -> str:
    if done.known:
        return f"This file was added before, as {done.case_id}; nothing was added."
    text = f"Added {counted(done.added, 'hash', 'hashes')} as {done.case_id}. {_counts(done.counts)}"
    if done.common:
        text += f"\n    {counted(done.common, 'hash is', 'hashes are')} in other lists too."
    return f"{text}\nSee what it finds: nisisama {'freeze --list' if freezes else f'alerts --case {done.case_id}'}"


def _counts(counts: Mapping[str, int]) -> str:
    """What was in a list, in words; of what is not compared, the kinds by name."""
    told = [f"{number} {kind}" for kind, number in counts.items() if kind in ("md5", "sha256", "pdq")]
    left = [f"{number} {kind.removeprefix('not_')}" for kind, number in counts.items() if kind.startswith("not_")]
    text = f"Compared: {', '.join(told)}."
    if left:
        text += f" Not compared: {', '.join(left)}."
    if counts.get("twice"):
        text += f" {counted(counts['twice'], 'hash was', 'hashes were')} there twice."
    if counts.get("bad_lines"):
        text += f" {counted(counts['bad_lines'], 'line')} left out."
    return text


@hash_list.command("list")
@passphrase_option
@json_option
@click.pass_context
def list_(ctx: click.Context, passphrase_file: Path | None, as_json: bool) -> None:
    """Print the lists, where they came from and what they hold; none of their hashes is shown."""
    from api.office.hash_list import hash_lists
    from api.office.page import Page

    home = open_home(ctx)
    found = hash_lists(home, unlock(home, passphrase_file).casework)
    emit_pages(
        Listing("lists", list_fields, _line, "There is no list of hashes."), [Page(tuple(found), None)], as_json=as_json
    )


def list_fields(each: "HashList") -> Mapping[str, object]:
    """The ``--json`` fields of one list in ``hash-list list``."""
    return {
        "case_id": each.case_id,
        "name": each.provenance.name,
        "from": each.provenance.provider,
        "obtained_on": each.provenance.obtained_on.isoformat(),
        "meaning": each.provenance.meaning.value,
        "declared_by": each.provenance.declared_by,
        "added_at": each.added_at,
        "added_by": each.added_by,
        "file_sha256": each.file_sha256,
        "counts": dict(each.counts),
        "whole": each.is_whole,
    }


def _line(each: "HashList") -> str:
    said = each.provenance
    unfinished = "" if each.is_whole else "\n    Incomplete: add the same file again to finish it."
    return (
        f"{each.case_id}  {said.name}, from {said.provider} on {said.obtained_on.isoformat()}, {said.meaning.value}\n"
        f"    added {told_time(each.added_at)} by {each.added_by}. {_counts(each.counts)}{unfinished}"
    )


@hash_list.command("remove")
@click.argument("case_id", metavar="CASE")
@reason_option
@actor_option
@json_option
@click.pass_context
def remove(ctx: click.Context, case_id: str, reason: str | None, actor: str | None, as_json: bool) -> None:
    """End the list of CASE and destroy its hashes. Its case and the alerts that it raised stay."""
    from api.office.hash_list import remove_hash_list
    from api.office.short import case_of

    home = open_home(ctx)
    done = remove_hash_list(home, case_of(home, case_id), doer(actor, home.clock, reason=reason))
    emit_logged(
        {"case_id": done.case_id},
        done.unstamped,
        as_json=as_json,
        text=f"Removed the list {done.case_id}; its hashes are destroyed.",
    )
