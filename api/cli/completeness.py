"""``evidence completeness``: what was seen of a channel, what was not, and why."""

import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from api.cli.common import counted, open_home
from api.cli.output import emit, json_option
from api.cli.usage import OfChannel
from config.times import told_time
from config.words import load_words
from evidence.times import format_time

if TYPE_CHECKING:
    from api.office.completeness import Completeness, Missed
    from evidence.spans import Spans

_WIDTH = 80
_SHOWN = 12
"""How many spans or holes of one kind are listed; the JSON has all."""
_OF_NUMBERS = ("gap", "hidden_history")
"""The reasons that the numbers themselves tell, and the timeline."""
_OF_HIDDEN = " What was kept of them before stays kept; nobody sees whether it was changed or deleted since."
_LEGEND = "# all kept   + some kept   . found empty   - not received   ? not looked at yet"
"""What the signs of the timeline say of their numbers."""
_BELOW = {
    "deleted": ("x", "deleted, as Telegram said"),
    "missing": ("m", "missing when asked for again"),
    "kept_from_us": ("$", "kept from us"),
    "hidden": ("h", "hidden by the group from the account that looked"),
}
"""What has a line of its own below the timeline, so that no kind of "not there" hides another: its sign and words."""


@click.command("completeness", cls=OfChannel)
@click.argument("channel")
@json_option
@click.pass_context
def completeness(ctx: click.Context, channel: str, as_json: bool) -> None:
    """Print what was seen of CHANNEL and what was not, with the reasons.

    CHANNEL is its name in the register, or its number. Nothing here proves that the office saw all of a channel: a
    message that was posted and deleted between two looks leaves only a number, and the page shows that number.
    """
    from api.office.completeness import completeness_of

    found = completeness_of(open_home(ctx), channel)
    emit(_as_json(found), as_json=as_json, text="\n".join(_lines(found)))


def _as_json(found: "Completeness") -> dict[str, Any]:
    return {
        "channel_id": found.channel_id,
        "channel": found.channel,
        "observed": [list(span) for span in found.observed],
        "holes": [list(span) for span in found.holes],
        "empty": [list(span) for span in found.empty],
        "hidden": [list(span) for span in found.hidden],
        "not_received": [list(span) for span in found.not_received],
        "ahead": [list(span) for span in found.ahead],
        "gaps": [
            {
                "reason": each.reason.value,
                "lo": each.lo,
                "hi": each.hi,
                "since": _time(each.since),
                "until": _time(each.until),
                "perhaps_received": each.perhaps_received,
            }
            for each in found.gaps
        ],
        "deleted": _size(found.deleted),
        "deleted_numbers": [list(span) for span in found.deleted],
        "never_kept": [list(span) for span in found.never_kept],
        "missing": _size(found.missing),
        "missing_numbers": [list(span) for span in found.missing],
        "kept_from_us": [list(span) for span in found.kept_from_us],
        "first_look": _time(found.first_look),
        "last_look": _time(found.last_look),
        "state": found.state.value,
        "unseen_since": _time(found.unseen_since),
        "registered": found.registered,
    }


def _lines(found: "Completeness") -> Iterator[str]:
    yield f"Channel {found.channel or found.channel_id} (number {found.channel_id or 'not known'})"
    if found.first_look or found.last_look:
        yield from _seen(found)
    else:
        yield from _never_seen(found)
    timed = [each for each in found.gaps if each.lo is None]
    parts = [each for each in found.gaps if each.lo is not None and each.reason.value not in _OF_NUMBERS]
    kept_from_us = [each for each in parts if _is_kept_from_us(each)]
    others = [each for each in parts if not _is_kept_from_us(each)]
    yield from _periods("Periods not seen, or seen only in part", timed)
    yield from _parts("Kept from us", kept_from_us)
    yield from _parts("Parts missing from messages that were seen", others)


def _seen(found: "Completeness") -> Iterator[str]:
    if not found.registered:
        yield "Not in the register: no watch looks at it."
    yield f"First look: {_told(found.first_look, 'never')}. Last look: {_told(found.last_look, 'never')}."
    yield ""
    yield from _timeline(found)
    yield f"Kept: {counted(_size(found.observed), 'message')}."
    yield from _spans("Found empty", found.empty)
    yield from _spans("Hidden by the group from the account that looked", found.hidden, more=_OF_HIDDEN)
    yield from _spans("Not in any import, and never looked at, for an unknown reason", found.not_received)
    yield from _spans("Not looked at yet", found.ahead)
    if not found.deleted:
        yield "Deleted, as Telegram said: 0 messages."
    never = f" Of these, never kept: {_told_spans(found.never_kept, 'message')}." if found.never_kept else ""
    yield from _spans("Deleted, as Telegram said", found.deleted, "message", never)
    yield from _spans("No longer there when asked for again, for an unknown reason", found.missing, "message")
    if found.deleted or found.missing:
        yield from _wrapped("Whichever of these was kept before stays kept: see evidence list.")


def _is_kept_from_us(hole: "Missed") -> bool:
    from evidence.observation import KEPT_FROM_US

    return hole.reason in KEPT_FROM_US


def _never_seen(found: "Completeness") -> Iterator[str]:
    """Of a channel that is or was registered, and of which nothing was ever seen."""
    if found.unseen_since is None:
        yield from _wrapped(
            "Registered, and not looked at yet: nothing can be said about it. To watch it: nisisama monitor run"
        )
        return
    since = _told(found.unseen_since, "")
    what, has = ("Registered", "has") if found.registered else ("No longer in the register", "had")
    yield from _wrapped(
        f"{what}, and never seen: Telegram {has} not shown it to the account since {since} ({found.state.value}). "
        "Nothing can be said about it."
    )


def _wrapped(words: str) -> Iterator[str]:
    yield from textwrap.wrap(words, _WIDTH, subsequent_indent="  ")


def _timeline(found: "Completeness") -> Iterator[str]:
    """A line for all numbers: ``#`` kept, ``+`` some of them, ``.`` none, ``-`` not received, ``?`` ahead.

    Below it, there is a line for each kind of what is gone or kept from us, if any.
    """
    below = {name: getattr(found, name) for name in _BELOW}
    every = (found.observed, found.holes, found.not_received, found.ahead, *below.values())
    top = max((hi for spans in every for _lo, hi in spans), default=0)
    if not top:
        return
    width = min(_WIDTH, top)
    columns = [(at * top // width + 1, (at + 1) * top // width) for at in range(width)]
    yield "".join(_cell(found, lo, hi) for lo, hi in columns)
    shown = {_BELOW[name]: spans for name, spans in below.items() if spans}
    for (sign, _words), spans in shown.items():
        yield "".join(sign if _within(spans, lo, hi) else " " for lo, hi in columns).rstrip()
    yield f"1{str(top).rjust(width - 1)}" if width > len(str(top)) + 1 else f"1 to {top}"
    yield _LEGEND
    yield from (f"{sign} {words}" for sign, words in shown)
    yield ""


def _cell(found: "Completeness", lo: int, hi: int) -> str:
    kept = _within(found.observed, lo, hi)
    if _within(found.ahead, lo, hi):
        return "?"
    if kept:
        return "#" if kept == hi - lo + 1 else "+"
    return "-" if _within(found.not_received, lo, hi) else "."


def _within(spans: "Spans", lo: int, hi: int) -> int:
    return sum(max(0, min(last, hi) - max(first, lo) + 1) for first, last in spans)


def _size(spans: "Spans") -> int:
    return sum(hi - lo + 1 for lo, hi in spans)


def _spans(title: str, spans: "Spans", what: str = "number", more: str = "") -> Iterator[str]:
    if spans:
        yield from _wrapped(f"{title}: {_told_spans(spans, what)}.{more}")


def _told_spans(spans: "Spans", what: str) -> str:
    shown = ", ".join(str(lo) if lo == hi else f"{lo} to {hi}" for lo, hi in spans[:_SHOWN])
    more = f", and {len(spans) - _SHOWN} more spans" if len(spans) > _SHOWN else ""
    return f"{counted(_size(spans), what)} ({shown}{more})"


def _periods(title: str, holes: "Sequence[Missed]") -> Iterator[str]:
    if not holes:
        return
    yield f"{title}:"
    catalogue = load_words("en")
    for each in holes[:_SHOWN]:
        span = f"from {_told(each.since, 'unknown')} to {_told(each.until, 'now', up=True)}"
        yield from _indented(f"{span}: {catalogue.say(f'hole.{each.reason.value}')}")
    if len(holes) > _SHOWN:
        yield f"  and {len(holes) - _SHOWN} more; --json lists all"


def _parts(title: str, holes: "Sequence[Missed]") -> Iterator[str]:
    """The parts that are missing from messages, counted by the reason."""
    from evidence.spans import join_spans

    if not holes:
        return
    yield f"{title}:"
    catalogue = load_words("en")
    by_reason: dict[tuple[str, bool], list[Missed]] = {}
    for each in holes:
        by_reason.setdefault((each.reason.value, each.perhaps_received), []).append(each)
    for (reason, perhaps), parts in by_reason.items():
        of = join_spans((each.lo, each.hi) for each in parts if each.lo is not None and each.hi is not None)
        words = f"{catalogue.say(f'hole.{reason}')}: {counted(len(parts), 'part')} of {_told_spans(of, 'message')}"
        yield from _indented(f"{words}{'; perhaps received: see evidence show' if perhaps else ''}.")


def _indented(words: str) -> Iterator[str]:
    yield from textwrap.wrap(words, _WIDTH, initial_indent="  ", subsequent_indent="    ")


def _told(moment: datetime | None, none: str, *, up: bool = False) -> str:
    return none if moment is None else told_time(format_time(moment), up=up)


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)
