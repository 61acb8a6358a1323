"""``watch``: the register of publicly reported channels."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.common import (
    MODES,
    actor_option,
    approved_option,
    doer,
    emit_logged,
    emit_waiting,
    open_home,
    reason_option,
    warn,
)
from api.cli.output import emit, json_option
from api.cli.page import Listing, emit_pages
from api.cli.usage import OfChannel
from config.errors import Term, UsageError
from config.times import told_time
from evidence.times import format_time

if TYPE_CHECKING:
    from api.office.channel import Kin, Registered
    from api.office.lookup import LookedUp
    from config.catalogues import ReportedGroup
    from monitor.telegram.resolve import FoundChannel


@click.group()
def watch() -> None:
    """Commands to keep the register of publicly reported channels."""


@watch.command("add", cls=OfChannel)
@click.argument("channel")
@click.option("--report", "report_url", metavar="URL", help="The public report that names the channel.")
@click.option("--reported-by", metavar="ORG", help="Who reported the channel publicly.")
@click.option("--reported-on", metavar="DATE", help="When it was reported: YYYY-MM-DD.")
@click.option("--reported-as", metavar="NAME", help="Take the report from the catalogue: see 'watch reported'.")
@click.option("--follows", metavar="CHANNEL", help="The registered channel that this one reopens.")
@click.option("--probe", is_flag=True, help="The office's own channel: it proves daily that the watch works.")
@click.option("--mode", type=click.Choice(MODES), help="How much to keep of media; for a probe, metadata_only.")
@click.option("--legal-basis", type=click.Path(path_type=Path), metavar="FILE.toml", help="Needed above metadata_only.")
@click.option(
    "--access", type=click.Choice(["public", "invite"]), default="public", show_default=True, help="How it is reached."
)
@click.option("--joined-by", metavar="NAME", help="Who joined by hand, if the group takes members by invitation.")
@click.option("--task", metavar="TEXT", help="The written task under which that person joined.")
@approved_option
@reason_option
@actor_option
@json_option
@click.pass_context
def add(
    ctx: click.Context,
    channel: str,
    report_url: str | None,
    reported_by: str | None,
    reported_on: str | None,
    reported_as: str | None,
    follows: str | None,
    probe: bool,
    mode: str | None,
    legal_basis: Path | None,
    access: str,
    joined_by: str | None,
    task: str | None,
    approved_by: str | None,
    reason: str | None,
    actor: str | None,
    as_json: bool,
) -> None:
    """Register CHANNEL, which a public --report names, or change its entry.

    CHANNEL is @name, t.me/name, or its number, with -100 before it or without; an invitation (t.me/+...) only
    if somebody has joined by hand. If an account is logged in, the command looks the channel up first. One person
    may add a channel as metadata_only with a reason, and a second person reviews it within seven days. Any other
    mode needs a legal basis and a second person: without --approved-by, the request waits for 'approve', and the
    command exits with 3. Adding the same again changes nothing.

    Say who reported the channel with --report, --reported-by and --reported-on, or with --reported-as if the
    catalogue knows the group.

    With --probe, CHANNEL is one that an account of the office runs and that nobody reported: somebody posts in it
    each day, and 'doctor' says whether the post arrived.
    """
    from api.office.channel import add_channel, as_registered
    from api.office.lookup import Membership, look_up, look_up_probe
    from api.office.reported import Reporting, filled_in
    from api.office.request import Waiting
    from config.watchlist import watch_entry
    from evidence.observation import Mode

    if probe:
        _require_unreported(ctx)
        mode = mode or Mode.METADATA_ONLY.value
        home = open_home(ctx)
        entry, looked_up = look_up_probe(home, channel)
        why = "the office's own channel, to prove that the watch works"
    else:
        report = filled_in(Reporting(report_url, reported_by, reported_on, reported_as))
        needed = {"report": report.url, "reported-by": report.by, "reported-on": report.on, "mode": mode}
        url, by, on, mode = _all_given(needed)
        said = {"report_url": url, "reported_by": by, "reported_on": on, "access": access}
        home = open_home(ctx)
        entry, looked_up = look_up(
            home,
            channel,
            lambda name: watch_entry(channel=name, reported_as=report.reported_as, follows=follows, **said),
            Membership(joined_by, task),
        )
        why = f"reported by {entry.reported_by}"
    entry = as_registered(home, entry)
    _tell_found(looked_up)
    person = doer(actor, home.clock, reason=reason or why, approver=approved_by)
    done = add_channel(home, entry, Mode(mode), legal_basis, person)
    if isinstance(done, Waiting):
        emit_waiting(ctx, done, as_json=as_json)
    unseen = (
        " No account is logged in, so nothing was looked up: check the spelling." if _nobody_to_ask(looked_up) else ""
    )
    emit_logged(
        {**channel_fields(entry.channel, mode, done), "found": _found(looked_up)},
        done.unstamped,
        as_json=as_json,
        text=channel_words(entry.channel, mode, done) + unseen,
    )


def _tell_found(looked_up: "LookedUp") -> None:
    """Say what Telegram shows of the channel, or that nobody looked, before anything is registered."""
    found = looked_up.found
    if found is None:
        if looked_up.why_not is not None and not _nobody_to_ask(looked_up):
            warn(Term("note.not_looked_up", cause=looked_up.why_not))
        return
    names = ", ".join(f"@{name}" for name in found.usernames)
    told = Term(
        "note.found_channel",
        title=found.title,
        kind=found.kind,
        access=Term("found.public", names=names) if names else Term("found.not_public"),
        number=found.channel_id,
        members=Term("found.members_hidden") if found.members is None else found.members,
        since=_since(found),
    )
    warn(told)


def _since(found: "FoundChannel") -> Term:
    """Since when a channel exists, or what Telegram says in its place."""
    if found.created_at is not None:
        return Term("found.since", day=f"{found.created_at:%Y-%m-%d}")
    if found.joined_at is not None:
        return Term("found.joined", day=f"{found.joined_at:%Y-%m-%d}")
    return Term("found.since_unknown")


_OF_A_REPORT = ("report_url", "reported_by", "reported_on", "reported_as", "follows", "access", "joined_by", "task")


def _require_unreported(ctx: click.Context) -> None:
    """Check that no option that belongs to a public report is given for a probe.

    Raises:
        UsageError: One is.
    """
    for param in ctx.command.params:
        source = ctx.get_parameter_source(param.name or "")
        if param.name in _OF_A_REPORT and source is not click.core.ParameterSource.DEFAULT:
            raise UsageError("usage.not_of_a_probe", where=param.opts[0])


def _nobody_to_ask(looked_up: "LookedUp") -> bool:
    return looked_up.why_not is not None and looked_up.why_not.code == "account.none_logged_in"


def _found(looked_up: "LookedUp") -> dict[str, Any] | None:
    found = looked_up.found
    if found is None:
        return None
    times = {"created_at": found.created_at, "joined_at": found.joined_at}
    return {
        "channel_id": str(found.channel_id),
        "title": found.title,
        "kind": found.kind,
        "usernames": list(found.usernames),
        "public": bool(found.usernames),
        "members": found.members,
        "rights": found.rights,
        **{name: None if at is None else format_time(at) for name, at in times.items()},
    }


def _all_given(needed: Mapping[str, str | None]) -> list[str]:
    """The values of options that are required where the catalogue does not give them.

    Raises:
        UsageError: Nobody gave some of them; all that are missing are named at once.
    """
    if missing := [f"--{name}" for name, value in needed.items() if value is None]:
        raise UsageError("usage.entry_incomplete", missing=", ".join(missing))
    return [value for value in needed.values() if value is not None]


def channel_fields(channel: str, mode: str, done: "Registered") -> dict[str, Any]:
    """The ``--json`` fields of ``watch add``: what it did."""
    return {
        "channel": channel,
        "mode": mode,
        "review_by": done.review_by,
        "before": done.before,
        "changed": list(done.changed),
        "logged": done.logged,
    }


def channel_words(channel: str, mode: str, done: "Registered") -> str:
    """What ``watch add`` prints: what it did."""
    if not done.logged:
        return f"{channel} is registered already, as {mode}. Nothing was changed."
    review = f" A second person reviews it by {told_time(done.review_by)}." if done.review_by else ""
    if done.before is None:
        return f"Registered {channel} as {mode}.{review}"
    if not done.changed:
        agreed = "Its entry is unchanged; logged: a second person agrees."
        return f"{channel} is registered already, as {mode}. {agreed}"
    now = f"from {done.before} to {mode}" if done.before != mode else f"the mode is still {mode}"
    others = ", ".join(_NAMES[name] for name in done.changed if name != "mode")
    return f"Changed the entry of {channel}: {now}{f'; new: {others}' if others else ''}.{review}"


_NAMES = {
    "access": "how it is reached",
    "report_url": "the report",
    "reported_by": "who reported it",
    "reported_on": "when it was reported",
    "reported_as": "what the catalogue calls it",
    "follows": "the channel that it reopens",
    "channel_id": "its number",
    "expires": "until when its legal basis holds",
    "rights": "what the office's account may do there",
}
"""What the parts of an entry are called."""


@watch.command("list")
@json_option
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """Print the channels in the register, each below the one that it reopens."""
    from api.office.channel import by_lineage, every_channel
    from api.office.page import Page

    kin = by_lineage(every_channel(open_home(ctx)))
    listing = Listing("channels", lambda each: asdict(each.channel), _line, "No channel is registered.")
    emit_pages(listing, [Page(tuple(kin), None)], as_json=as_json)


def _line(kin: "Kin") -> str:
    row, space = kin.channel, "  " * kin.depth
    name = f"{space}{row.channel}"
    named = f"as {row.reported_as} " if row.reported_as else ""
    why = f"{row.reported_on}  reported {named}by {row.reported_by}: {row.report_url}"
    if row.is_probe:
        why = f"probe: the office's own channel, where its account is {row.rights}; nobody reported it"
    lines = [f"{name:<34} {row.mode:<14} {row.access}", f"{space}    {why}"]
    return "\n".join(lines + ([f"{space}    reopens {row.follows}"] if row.follows else []))


@watch.command("reported")
@json_option
def reported(*, as_json: bool) -> None:
    """Print the groups that public reports name, with who reported them and when."""
    from api.office.reported import list_reported

    groups = list_reported()
    rows = [{"group": group.name, **asdict(group)} for group in groups]
    for row in rows:
        del row["name"]
        row["reports"] = [{**report, "reported_on": str(report["reported_on"])} for report in row["reports"]]
    emit({"groups": rows, "handles": []}, as_json=as_json, text="\n".join([*map(_reported, groups), _NO_HANDLES]))


def _reported(group: "ReportedGroup") -> str:
    others = ", ".join(spelling for spelling in group.spellings if spelling != group.name)
    lines = [f"{group.name}{f' ({others})' if others else ''}"]
    for report in group.reports:
        read = (
            f"compared by {report.verified_by}"
            if report.verified_by
            else "not yet checked against the report itself: read that first"
        )
        lines += [f"    {report.reported_on}  {report.reported_by}", f"    {report.url} ({read})"]
    return "\n".join(lines)


_NO_HANDLES = (
    "The program comes with no handles, because names are reused. Read the report and look at the channel as it is\n"
    "today. Then register it: nisisama watch add @handle --reported-as NAME --mode metadata_only"
)


@watch.command("remove", cls=OfChannel)
@click.argument("channel")
@reason_option
@actor_option
@json_option
@click.pass_context
def remove(ctx: click.Context, channel: str, reason: str | None, actor: str | None, as_json: bool) -> None:
    """Take CHANNEL off the register; whatever was preserved stays."""
    from api.office.channel import remove_channel

    home = open_home(ctx)
    done = remove_channel(home, channel, doer(actor, home.clock, reason=reason))
    emit_logged(
        {"channel": done.channel, "mode": None},
        done.unstamped,
        as_json=as_json,
        text=f"Removed {done.channel} from the register.",
    )
