"""``retention``: what no case has claimed in time is destroyed, by a rule that two persons agreed to."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.common import (
    actor_option,
    approved_option,
    counted,
    doer,
    emit_logged,
    emit_waiting,
    open_home,
    passphrase_option,
    reason_option,
    unlock,
    warn,
)
from api.cli.output import emit, json_option
from config.errors import Term
from config.times import told_time

if TYPE_CHECKING:
    from api.office.retention import RetentionRun, Ruled
    from evidence.store.captured import WaitingCapture


@click.group()
def retention() -> None:
    """Commands to destroy what no case has claimed in time."""


@retention.command("rule")
@reason_option
@approved_option
@actor_option
@json_option
@click.pass_context
def rule(ctx: click.Context, reason: str | None, approved_by: str | None, actor: str | None, as_json: bool) -> None:
    """Agree to the days in the settings ([retention]). Until two persons have agreed, nothing is destroyed."""
    from api.office.request import Waiting
    from api.office.retention import agree_to_rule

    home = open_home(ctx)
    done = agree_to_rule(home, doer(actor, home.clock, reason=reason, approver=approved_by))
    if isinstance(done, Waiting):
        emit_waiting(ctx, done, as_json=as_json)
    emit_logged({"rule": dict(done.rule)}, done.unstamped, as_json=as_json, text=rule_words(done))


def rule_words(done: "Ruled") -> str:
    """What ``retention rule`` prints."""
    return f"Agreed: {', '.join(f'{name} {days}' for name, days in done.rule.items())}."


@retention.command("list")
@json_option
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """Say how much is due now, and how much within the days of notice. A case, a hold or a renewal keeps an item.

    Also list the captures that wait for a second person, and until when each waits.
    """
    from api.office.retention import count_soon, unconfirmed

    home = open_home(ctx)
    now, soon = count_soon(home)
    text = f"Due now: {counted(now, 'item')}. Due within {home.settings.retention.notice_days} days: {soon}."
    waiting, late = unconfirmed(home)
    told = [{"request": each.request, "until": each.until, "items": each.items} for each in waiting]
    lines = [text, *(_unconfirmed(each, late=each.request in late) for each in waiting)]
    emit({"due": now, "soon": soon, "unconfirmed": told}, as_json=as_json, text="\n".join(lines))


def _unconfirmed(each: "WaitingCapture", *, late: bool) -> str:
    kept = counted(each.items, "item")
    if late:
        return f"Capture {each.request}: {kept}, not confirmed in time; the next run destroys what was kept."
    return f"Capture {each.request}: {kept}, destroyed after {told_time(each.until)} unless somebody else approves it."


@retention.command("run")
@actor_option
@passphrase_option
@json_option
@click.pass_context
def run(ctx: click.Context, actor: str | None, passphrase_file: Path | None, as_json: bool) -> None:
    """Destroy what is due. If the run is interrupted, the next one continues."""
    from api.office.retention import run_retention

    home = open_home(ctx)
    by = doer(actor, home.clock)
    done = run_retention(home, by, unlock(home, passphrase_file).casework)
    if done.unfinished is not None:
        warn(Term("note.plain", cause=done.unfinished))
    told = {"erased": done.erased, "refused": done.refused, "left": done.left, "finished": done.unfinished is None}
    emit_logged(told, done.unstamped, as_json=as_json, text=_words(done))


def _words(done: "RetentionRun") -> str:
    left = f" Left, because the same is kept for another reason: {counted(done.left, 'item')}." if done.left else ""
    refused = f" Refused: {counted(done.refused, 'capture')} that nobody confirmed in time." if done.refused else ""
    return f"Destroyed: {counted(done.erased, 'item')} that no case had claimed in time.{refused}{left}"
