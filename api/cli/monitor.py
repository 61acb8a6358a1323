"""``monitor``: the live watch."""

import shlex
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.common import (
    actor_option,
    approved_option,
    counted,
    counted_gone,
    doer,
    open_home,
    prompt,
    warn,
    warn_unstamped,
)
from api.cli.output import emit, json_option
from config.errors import Explained, Term, UsageError
from config.times import told_time
from evidence.times import format_time

if TYPE_CHECKING:
    from api.home import Home
    from api.office.channel import Lowered
    from api.office.practice import Practice
    from api.office.probe import Probe
    from api.office.watch import Ran
    from api.office.watch_status import ChannelStatus, Status
    from monitor.telegram.follow import Following
    from monitor.telegram.standing import Freeze

_TOLD_EVERY_S = 60.0


@click.group()
def monitor() -> None:
    """Commands of the live watch on the registered channels."""


@monitor.command("login")
@click.option("--phone", metavar="PHONE", help="The account's number, with its country code. Better: let it ask.")
@click.option(
    "--account", "name", default="watch", show_default=True, metavar="NAME", help="What you call the account."
)
@click.option("--check", is_flag=True, help="Log nobody in: show the account's state, and which channels it sees.")
@json_option
@click.pass_context
def login(ctx: click.Context, phone: str | None, name: str, *, check: bool, as_json: bool) -> int:
    """Log in an account of the office with --phone and the code that Telegram sends.

    The command asks for the phone number unless you give --phone; other programs can see the options of a running
    command. Telegram sends a code. The command says where the code arrives and asks for it, and for the password of
    two-step verification if there is one. Without a terminal, it reads them as lines from standard input. It keeps
    none of them.
    """
    from api.office.watch import log_in, network_of
    from monitor.telegram.login import Asking

    if check:
        return _check(ctx, name, as_json=as_json)
    home = open_home(ctx)
    network_of(home)  # before anything is asked
    if phone is None:
        phone = _line(Term("prompt.phone")).strip()
    if not phone:
        param = next(each for each in ctx.command.params if each.name == "phone")
        raise click.MissingParameter(ctx=ctx, param=param)
    asking = Asking(
        code=lambda place: _line(Term("prompt.code", place=place)),
        password=lambda: _line(Term("prompt.two_step"), hidden=True),
    )
    log_in(home, name, phone, asking)
    emit({"account": name, "state": "ok"}, as_json=as_json, text=f"Account {name} is logged in.")
    return 0


def _check(ctx: click.Context, name: str, *, as_json: bool) -> int:
    from api.errors import REFUSED
    from api.office.account import check_account

    done = check_account(open_home(ctx), name)
    channels = [
        {"channel": each.channel, "state": each.state.value, "joined": each.joined, "pushed": each.joined}
        for each in done.channels
    ]
    lines = [f"Account {name}: {done.state.value}{_frozen(done.freeze)}"]
    if advice := _advice(name, done.state.value):
        lines.append(str(advice))
    for each in done.channels:
        how = "" if each.joined is None else ", joined: news is pushed" if each.joined else ", not joined: it is polled"
        lines.append(f"{each.channel}: {each.state.value}{how}")
    told = {"account": name, "state": done.state.value, "freeze": _freeze(done.freeze), "channels": channels}
    emit({**told, "ok": done.is_well}, as_json=as_json, text="\n".join(lines))
    return 0 if done.is_well else REFUSED


def _advice(account: str, state: str) -> Term | None:
    """What to do about an account that is lost; None if it is not."""
    match state:
        case "frozen":
            return Term("note.account_frozen")
        case "banned":
            return Term("note.account_banned")
        case "duplicated":
            return Term("note.account_duplicated", account=account)
        case "key_lost":
            return Term("note.account_key_lost", account=account)
        case _:
            return None


def _frozen(freeze: "Freeze | None") -> str:
    if freeze is None:
        return ""
    appeal = f"; appeal: {freeze.appeal_url}" if freeze.appeal_url else ""
    return f" from {_short(freeze.since)} to {_short(freeze.until, up=True)}{appeal}"


def _freeze(freeze: "Freeze | None") -> dict[str, Any] | None:
    if freeze is None:
        return None
    return {"since": _time(freeze.since), "until": _time(freeze.until), "appeal_url": freeze.appeal_url}


def _line(asked: Term, *, hidden: bool = False) -> str:
    """A person's answer at a terminal, or the next line of standard input."""
    if sys.stdin.isatty():
        return prompt(asked, hidden=hidden)
    warn(asked)
    return sys.stdin.readline().rstrip("\r\n")


@monitor.command("run")
@click.option("--once", is_flag=True, help="Catch up with every channel, then end.")
@actor_option
@json_option
@click.pass_context
def run(ctx: click.Context, once: bool, actor: str | None, as_json: bool) -> int:
    """Watch every registered channel until you press Ctrl-C.

    The watch keeps each message, edit and deletion as it comes, and reads the older history in between. While there is
    news, it signs the log and has it stamped. Other commands may use the home at the same time. SIGTERM and Ctrl-C end
    the watch in good order.
    """
    from api.errors import exit_code
    from api.office.watch import Listener, opened

    home = open_home(ctx)
    teller = _Teller()
    listener = Listener(
        step=teller.step,
        lowered=_tell_lowered,
        late=_tell_late,
        waits=teller.waits,
        clock=_tell_clock,
        refused=teller.refused,
    )
    watching = opened(home, doer(actor, home.clock), listener)
    with watching as running, _stopped_by_signals(running.stop):
        teller.begin(home, once=once)
        ran = running.once() if once else running.run()
    said = _said(ran, [*warn_unstamped(ran.unstamped), *teller.end()])
    if ran.ended_by is None:
        emit(said, as_json=as_json, text=_told(ran))
        return 0
    warn(Term("note.error", cause=ran.ended_by))
    error = {"type": type(ran.ended_by).__name__, **ran.ended_by.as_json()}
    emit({**said, "error": error}, as_json=as_json, text=_told(ran))
    return exit_code(ran.ended_by)


@contextmanager
def _stopped_by_signals(stop: Callable[[], object]) -> Iterator[None]:
    """Stop in good order at a signal: from a thread of its own, which nothing that this one waits for keeps back."""
    told, tell = socket.socketpair()
    tell.setblocking(False)

    def hear() -> None:
        if told.recv(1):
            stop()

    before = {each: signal.signal(each, lambda _signal, _frame: None) for each in (signal.SIGINT, signal.SIGTERM)}
    waked = signal.set_wakeup_fd(tell.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=hear, name="signals", daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(waked)
        for each, handler in before.items():
            signal.signal(each, handler)
        tell.close()  # ends the thread
        told.close()


class _Teller:
    """Says how the watch goes, at most once a minute: that it waits or goes on, and on a terminal what was kept."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._last: float | None = None
        self._waiting: Explained | None = None
        self._told_to_wait = False
        self._refused: dict[tuple[str, str], Explained] = {}

    def begin(self, home: "Home", *, once: bool) -> None:
        """Say what is watched and how to end it, on a terminal."""
        from api.office.channel import every_channel

        channels = counted(sum(1 for _each in every_channel(home)), "channel")
        if sys.stderr.isatty():
            ending = "Catching up" if once else "Watching; Ctrl-C ends it"
            print(f"{ending}: {channels} of the register.", file=sys.stderr)

    def step(self, following: "Following") -> None:
        """Say that the watch goes on, or what was kept of a channel."""
        self._waiting = None
        if self._told_to_wait:
            if self._is_due():
                self._told_to_wait = False
                warn(Term("note.goes_on"))
        elif sys.stderr.isatty() and time.monotonic() - self._began >= _TOLD_EVERY_S and self._is_due():
            counts = following.counts
            kept = f"{counted(counts.messages, 'message')}, {counted(counts.gaps, 'gap')}"
            print(f"{following.name}: {kept}", file=sys.stderr)

    def waits(self, error: Explained) -> None:
        """Say why the watch waits: at once, unless something was said within a minute."""
        self._waiting = error
        if self._is_due():
            self._told_to_wait = True
            warn(Term("note.watch_waits", cause=error))

    def refused(self, channel: str, error: Explained) -> None:
        """Say once of each channel and each kind of reason that it could not be read."""
        if (channel, error.code) not in self._refused:
            self._refused[channel, error.code] = error
            warn(Term("note.channel_refused", channel=channel, cause=error))

    def end(self) -> list[dict[str, Any]]:
        """Say that the watch was waiting when it ended; return that, and what was refused, for the JSON object."""
        refused = [{"channel": channel, **error.as_json()} for (channel, _code), error in self._refused.items()]
        if self._waiting is None:
            return refused
        warn(Term("note.ends_waiting", cause=self._waiting))
        return [self._waiting.as_json(), *refused]

    def _is_due(self) -> bool:
        now = time.monotonic()
        due = self._last is None or now - self._last >= _TOLD_EVERY_S
        if due:
            self._last = now
        return due


def _tell_lowered(lowered: "Lowered") -> None:
    """Say that the watch keeps less of a channel from now on."""
    warn(Term("note.mode_lowered", channel=lowered.channel, before=lowered.before, ended_on=lowered.ended_on))


def _tell_clock(ahead: timedelta) -> None:
    """Say by how much this machine's clock and Telegram's differ."""
    seconds = int(ahead.total_seconds())
    if seconds > 0:
        warn(Term("note.clock_ahead", seconds=seconds))
    else:
        warn(Term("note.clock_behind", seconds=-seconds))


def _tell_late(probe: "Probe") -> None:
    """Say that no new post of the office's own channel arrives."""
    if probe.posted_at is None:
        warn(Term("note.probe_silent", channel=probe.channel))
    else:
        warn(Term("note.probe_late", channel=probe.channel, posted_at=format_time(probe.posted_at)))


def _probe_json(probe: "Probe") -> dict[str, Any]:
    return {
        "channel": probe.channel,
        "channel_id": probe.channel_id,
        "ok": not probe.late,
        "posted_at": _time(probe.posted_at),
        "acquired_at": _time(probe.acquired_at),
    }


def _said(ran: "Ran", warnings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "warnings": warnings,
        "lowered": [asdict(each) for each in ran.lowered],
        "late": [_probe_json(each) for each in ran.late],
        "channels": [
            {
                "channel": each.name,
                "channel_id": None if each.standing.channel_id is None else str(each.standing.channel_id),
                "state": each.standing.state.value,
                "cursor": each.cursor,
                "messages": each.counts.messages,
                "edits": each.counts.edits,
                "deletions": each.counts.deletions,
                "missing": each.counts.missing,
                "media": ran.media.get(each.standing.channel_id or 0, 0),
                "gaps": each.counts.gaps,
            }
            for each in ran.followings
        ],
    }


def _told(ran: "Ran") -> str:
    lines = [
        f"{each.name}: {counted(each.counts.messages, 'message')}, {counted(each.counts.edits, 'edit')}, "
        f"{counted_gone(each.counts.deletions, each.counts.missing)}, "
        f"{counted(each.counts.gaps, 'gap')}"
        for each in ran.followings
    ]
    if not lines:
        return "Kept in this run: nothing."
    return "\n".join(["Kept in this run:", *lines, f"Files: {sum(ran.media.values())}"])


@monitor.command("rehearse")
@click.option("--legal-basis", type=click.Path(path_type=Path), metavar="FILE.toml", help="Keep the group's files too.")
@click.option(
    "--stay", is_flag=True, help="Serve the practice Telegram until Ctrl-C, so that you can watch it by hand."
)
@approved_option
@actor_option
@json_option
@click.pass_context
def rehearse(
    ctx: click.Context, legal_basis: Path | None, stay: bool, approved_by: str | None, actor: str | None, as_json: bool
) -> None:
    """Watch a group on a Telegram that runs on this machine alone, in a rehearsal's home; --stay goes on until Ctrl-C.

    The command logs in an account, registers a group, and watches it: posts, an edit, a deletion, more news than
    Telegram tells at once, and a message that nobody saw. It touches nothing real, and forgets the account at the end.

    With --stay, the command only serves such a Telegram. It says how to log in and watch there from another terminal,
    with the commands for the real one, and it shows the login code.
    """
    from api.office.rehearsed_watch import rehearse_watch

    if stay:
        if legal_basis or approved_by:
            raise UsageError("usage.not_with_stay", where="--legal-basis" if legal_basis else "--approved-by")
        _practise(ctx, as_json=as_json)
        return
    home = open_home(ctx)
    person = doer(actor, home.clock, reason="rehearsal", approver=approved_by)
    kept = rehearse_watch(home, legal_basis, person)
    counts = {name: getattr(kept, name) for name in ("messages", "edits", "deletions", "missing", "media")}
    emit(
        {"channel": kept.channel, "channel_id": kept.completeness.channel_id, **counts},
        as_json=as_json,
        text=f"Watched {kept.channel}: {counted(kept.messages, 'message')}, {counted(kept.edits, 'edit')}, "
        f"{counted_gone(kept.deletions, kept.missing)}, {counted(kept.media, 'file')}.",
    )


def _practise(ctx: click.Context, *, as_json: bool) -> None:
    from api.office.practice import practise

    home, stopping = open_home(ctx), threading.Event()

    def ready(practice: "Practice") -> None:
        told = {"variables": dict(practice.variables), "phone": practice.phone, "channel": practice.channel}
        told |= {"probe": practice.probe}
        emit(told, as_json=as_json, text="\n".join(_how_to_practise(practice, home.clock().date())))
        sys.stdout.flush()

    with _stopped_by_signals(stopping.set):
        practise(home, stopping, ready=ready, happened=warn)


def _how_to_practise(practice: "Practice", today: date) -> Iterator[str]:
    yield "A practice Telegram runs here until you press Ctrl-C. Nothing in it is real. Run in another terminal:"
    yield ""
    yield from (f"export {name}={shlex.quote(value)}" for name, value in practice.variables.items())
    yield f"nisisama monitor login --phone {practice.phone}  # the code appears here"
    report = f"--report https://example.org/practice --reported-by Practice --reported-on {today}"
    yield f"nisisama watch add @{practice.channel} {report} --mode metadata_only"
    yield f"nisisama watch add @{practice.probe} --probe  # a channel that the account made"
    yield "nisisama monitor run"
    yield ""


@monitor.command("status")
@json_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Print the state of each account and channel."""
    from api.office.watch_status import status as status_of

    found = status_of(open_home(ctx))
    emit(_status_json(found), as_json=as_json, text="\n".join(_status_lines(found)))


def _status_json(found: "Status") -> dict[str, Any]:
    return {
        "accounts": [
            {
                "account": each.name,
                "state": each.state.value,
                "rests_until": _time(each.rests_until),
                "freeze": _freeze(each.freeze),
            }
            for each in found.accounts
        ],
        "channels": [
            {
                "channel": each.channel,
                "channel_id": each.channel_id,
                "mode": each.mode,
                "expires": each.expires,
                "state": each.state.value,
                "since": _time(each.since),
                "looked_at": _time(each.looked_at),
                "cursor": each.cursor,
                "behind": each.behind,
                "waiting": each.waiting,
                "lag_s": each.lag_s,
                "gaps": each.gaps,
                "floods": each.floods,
                "refused": each.refused,
            }
            for each in found.channels
        ],
        "probes": [_probe_json(each) for each in found.probes],
        "queue": sum(each.waiting for each in found.channels),
        "stamped_at": _time(found.stamped_at),
    }


def _status_lines(found: "Status") -> Sequence[str]:
    lines = [f"Account {each.name}: {each.state.value}{_frozen(each.freeze)}" for each in found.accounts]
    lines = lines or ["No account is logged in."]
    for each in found.channels:
        looked = _looked(each, nobody=bool(found.accounts) and not found.can_look)
        rest = ", older history not read yet" if each.behind else ""
        files = f", {each.waiting} files to fetch" if each.waiting else ""
        holes = f", {counted(each.gaps, 'gap')}, {counted(each.floods, 'pause')}"
        failed = f", the last request failed ({each.refused})" if each.refused else ""
        lines.append(f"{each.channel}: {looked}{failed}{rest}{files}{holes}, {_kept(each)}")
    lines += map(_probed, found.probes)
    proven = (
        "no time stamp yet" if found.stamped_at is None else f"last proven time {_short(found.stamped_at, up=True)}"
    )
    return [*lines, f"{counted(sum(each.waiting for each in found.channels), 'file')} in the queue, {proven}"]


def _looked(channel: "ChannelStatus", *, nobody: bool) -> str:
    """What a channel is, and when it was seen.

    A channel that nobody has looked at yet is not called well. If no account is left, nothing says what it is.
    """
    if nobody:
        seen = "not looked at yet" if channel.looked_at is None else f"last seen {_short(channel.looked_at)}"
        return f"nobody looks, {seen}"
    if channel.looked_at is not None:
        return f"{channel.state.value}, seen {_short(channel.looked_at)}"
    known = "" if channel.state.value == "ok" else f"{channel.state.value}, "
    return f"{known}not looked at yet"


def _probed(probe: "Probe") -> str:
    if probe.posted_at is None or probe.acquired_at is None:
        return f"Probe {probe.channel}: NO POST HAS ARRIVED YET"
    if probe.late:
        return f"Probe {probe.channel}: NO NEW POST HAS ARRIVED, the newest is from {_short(probe.posted_at)}"
    arrived = f"{_short(probe.posted_at)}, arrived {_short(probe.acquired_at)}"
    return f"Probe {probe.channel}: the watch works, newest post of {arrived}"


def _kept(channel: "ChannelStatus") -> str:
    """How much is kept, and until when the legal basis for it holds or held."""
    if channel.expires is None:
        return f"kept as {channel.mode}"
    until = "its legal basis ended" if channel.mode == "metadata_only" else "legal basis until"
    return f"kept as {channel.mode} ({until} {channel.expires})"


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)


def _short(moment: datetime, *, up: bool = False) -> str:
    return told_time(format_time(moment), up=up)
