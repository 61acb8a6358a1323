"""``capture``: keep one message now, by the link that a client brings."""

from typing import TYPE_CHECKING, Any

import click

from api.cli.common import actor_option, counted, counted_gone, doer, open_home, reason_option, warn, warn_unstamped
from api.cli.output import emit, json_option
from config.errors import Term
from config.times import told_time

if TYPE_CHECKING:
    from api.office.capture import Captured
    from monitor.telegram.capture import Looked


@click.command("capture")
@click.argument("link")
@reason_option
@actor_option
@json_option
@click.pass_context
def capture(ctx: click.Context, link: str, reason: str | None, actor: str | None, as_json: bool) -> int:
    """Keep the message that LINK leads to, now.

    From a public channel that is not registered, it keeps only the post, without its files, and needs --reason. Unless
    another person confirms the post in time, it is destroyed.

    LINK is what Telegram's clients copy: t.me/name/5, t.me/c/NUMBER/5, the same in a topic, or with ?comment=7. The
    message is kept as the watch keeps it, with its album and at most 100 comments. If it is gone, that is recorded.
    'monitor run' may keep running; if it has the only account, it is asked to capture the message.
    """
    from api.errors import exit_code
    from api.office.capture import capture_message
    from config.link import read_message_link

    home = open_home(ctx)
    by = doer(actor, home.clock, reason=reason)
    done = capture_message(home, read_message_link(link), by, lambda: warn(Term("note.capture_handed_over")))
    said = _said(done) | {"warnings": warn_unstamped(done.unstamped)}
    if done.error is None:
        emit(said, as_json=as_json, text=_told(done))
        return 0
    warn(Term("note.error", cause=done.error))
    error = {"type": type(done.error).__name__, **done.error.as_json()}
    emit({**said, "error": error}, as_json=as_json, text=_told(done))
    return exit_code(done.error)


def _said(done: "Captured") -> dict[str, Any]:
    link, found = done.link, done.answer
    return {
        "channel": link.channel,
        "message_id": str(link.number),
        "comment": None if link.comment is None else str(link.comment),
        "seen": None if found.seen is None else found.seen.value,
        "handed_over": done.handed_over,
        "channels": [
            {
                "channel": each.channel,
                "channel_id": each.channel_id,
                "cursor": each.cursor,
                "messages": each.messages,
                "edits": each.edits,
                "deletions": each.deletions,
                "missing": each.missing,
                "media": done.media.get(int(each.channel_id), 0),
                "gaps": each.gaps,
                "waiting": each.files,
                "request": each.request,
                "until": each.until,
            }
            for each in found.looked
        ],
    }


def _waits(looked: "Looked") -> list[str]:
    """What becomes of a post from a channel that is not registered."""
    if looked.request is None:
        return []
    if looked.until is None:
        return ["A second person has confirmed it."]
    approve = f"nisisama approve {looked.request}"
    return [
        "The channel is not registered, so its text is kept, and no file.",
        f"It is destroyed after {told_time(looked.until)}, unless another person runs: {approve}",
    ]


def _told(done: "Captured") -> str:
    nothing = "nothing new" if done.error else "nothing new, all of it is already kept"
    lines = []
    for each in done.answer.looked:
        kept = {
            counted(each.messages, "message"): each.messages,
            counted(each.edits, "edit"): each.edits,
            counted_gone(each.deletions, each.missing): each.deletions,
            counted(each.gaps, "gap"): each.gaps,
            counted(files := done.media.get(int(each.channel_id), 0), "file"): files,
        }
        new = ", ".join(words for words, number in kept.items() if number)
        left = f"; {counted(each.files, 'file')} still to be fetched" if each.files else ""
        lines.append(f"{each.channel}: {new or nothing}{left}")
        lines += _waits(each)
    return "\n".join(lines) or "Nothing was kept."
