"""``evidence add``: keeps at once what somebody brings, as files and as links."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.common import actor_option, approved_option, counted, doer, emit_logged, open_home, reason_option, warn
from api.cli.output import json_option
from api.cli.progress import progress, wait_told
from config.errors import Term, UsageError
from config.times import told_time
from evidence.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.home import Home
    from api.office.addition import Addition, Brought


@click.command()
@click.argument("files", nargs=-1, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--link", "links", multiple=True, metavar="URL", help="Keep this link, and fetch nothing; several times.")
@click.option("--page", "page", metavar="URL", help="Where the page was that --html has.")
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="A page that a browser saved.")
@click.option("--chat", metavar="ID", help="The number of the channel on the page, as an export or the watch has it.")
@click.option("--declared-by", required=True, metavar="NAME", help="Who brought them (a pseudonym).")
@click.option("--source", required=True, metavar="TEXT", help="Where they come from, in their words; bundles show it.")
@click.option("--case", metavar="CASE", help="Add them to this case too.")
@approved_option
@reason_option
@actor_option
@json_option
@click.pass_context
def add(
    ctx: click.Context,
    files: tuple[Path, ...],
    links: tuple[str, ...],
    page: str | None,
    html: Path | None,
    chat: str | None,
    declared_by: str,
    source: str,
    case: str | None,
    approved_by: str | None,
    reason: str | None,
    actor: str | None,
    as_json: bool,
) -> None:
    """Keep each FILE at once: screenshots, pictures, videos, documents, saved pages, exports of other programs.

    Each is sealed as it is, logged and stamped. Nobody can open it again at this computer, and nothing in it is read
    as a message. One person may do this, and a second person reviews it within seven days. No passphrase is needed.
    For an export of Telegram Desktop, use 'import', which reads its messages. A --link is kept as a text, with who gave
    it and when; nothing is fetched. A --page is kept as files, itself and the folder of its parts beside it. If it is
    one of t.me/s, its messages are read too, and linked to the same messages of exports and of the watch.
    """
    if (page is None) != (html is None) or (chat is not None and page is None):
        raise UsageError("usage.page_and_html")
    if not files and not links and page is None:
        raise UsageError("usage.nothing_brought")
    from api.office.addition import Brought
    from api.office.short import case_of
    from monitor.pages import SavedPage

    home = open_home(ctx)
    person = doer(actor, home.clock, reason=reason, approver=approved_by)
    pages = [SavedPage(page, html, chat)] if page is not None and html is not None else []
    done = _added(home, Brought(files, source, declared_by, person, case and case_of(home, case), links, pages))
    for each in done.missed:
        warn(Term("note.file_not_kept", where=each.file, reason=str(each.hole)))
    for each in done.undecoded:
        warn(Term("note.file_not_opened", where=each.file))
    if files or pages:
        warn(Term("note.originals_lie"))
    emit_logged(done.told(), done.unstamped, as_json=as_json, text=_words(done, case))
    if done.missed:
        ctx.exit(1)


def _added(home: "Home", brought: "Brought") -> "Addition":
    from api.office.addition import add_files
    from api.office.intake import Heard

    with progress(Term("progress.sealing"), Term("unit.files"), len(brought.paths)) as bar:
        return add_files(
            home, brought, Heard(read=bar, stamping=lambda: wait_told(Term("progress.waiting_for_a_stamp")))
        )


def _words(done: "Addition", case: str | None) -> str:
    kept = [each for each in done.files if each.item_id is not None]
    lines = [f"Kept {counted(len(kept), 'item')}."]
    for each in kept:
        lines.append(f"  {each.item_id}  {each.file}")
        if each.preserved:
            lines.append(f"    The message that it names is preserved: {', '.join(each.preserved)}")
    lines += _posts(done)
    lines += [f"The page is kept; not read: {each}" for each in done.unread]
    if done.in_case is not None:
        lines.append(f"Added {counted(done.in_case, 'item')} to case {case}.")
    if done.begun.review_by:
        lines.append(
            f"A second person reviews it by {told_time(format_time(done.begun.review_by))}:\n"
            f"  nisisama approve {done.begun.request}"
        )
    return "\n".join(lines)


def _posts(done: "Addition") -> "Iterator[str]":
    if done.posts:
        yield f"The page shows {counted(len(done.posts), 'message')} of chat {done.posts[0].channel_id}:"
    for each in done.posts:
        yield f"  {each.item_id}  message {each.message_id}"
        if each.preserved:
            yield f"    Preserved from other sources too: {', '.join(each.preserved)}"
