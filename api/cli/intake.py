"""``import``: what a client brings is taken in."""

import json
import sys
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.common import (
    MODES,
    actor_option,
    agreed,
    approved_option,
    counted,
    doer,
    emit_logged,
    emit_waiting,
    open_home,
    prompt,
    reason_option,
    warn,
)
from api.cli.output import emit, json_option, say
from api.cli.page import CutShortError
from api.cli.progress import ProgressLine, progress, wait_told
from api.cli.table import Column, Table, for_this_terminal, told_size
from api.home import Home
from casefiles.verifier.report import printable
from config.errors import Term, UsageError
from config.words import languages, load_words
from evidence.errors import AuthorityError, HomeError, StorageFullError
from evidence.observation import HoleReason, Mode
from monitor.errors import ChatNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from api.office.foresee import Foreseen
    from api.office.intake import Heard, Imported, Progress, Wish
    from api.office.request import Waiting
    from evidence.intake.keep import Counts
    from monitor.desktop.json import ListedChat

_ABSENT = {
    HoleReason.MISSING_FILE: "not in the folder",
    HoleReason.NOT_INCLUDED: "not included by the exporter's settings",
    HoleReason.TOO_LARGE: "left out because of their size",
    HoleReason.UNAVAILABLE: "that Telegram Desktop could not get",
    HoleReason.UNKNOWN_REASON: "left out for a reason that this program does not know",
    HoleReason.REFUSED: "that the system refused",
    HoleReason.BROKE_OFF: "whose reading broke off",
    HoleReason.NOT_EXPORTED: "that Telegram Desktop does not export",
    HoleReason.FROZEN: "of messages that are frozen",
}
"""Why a file that a message names is not there, in words."""


_NOBODY = "nobody"


@click.command("import")
@click.argument("paths", type=click.Path(path_type=Path), metavar="PATH...", nargs=-1, required=True)
@click.option(
    "--declared-by", required=True, metavar="NAME", help="Who brought it and says where it comes from (a pseudonym)."
)
@click.option(
    "--chat",
    "chat_id",
    metavar="ID",
    help="Which chat of a full export: -100NUMBER, groupNUMBER, userNUMBER, a number, or the name of one without; of "
    "HTML pages chat_12, or chat_12=NUMBER.",
)
@click.option(
    "--mode", type=click.Choice(MODES), default="metadata_only", show_default=True, help="How much to keep of media."
)
@click.option("--legal-basis", type=click.Path(path_type=Path), metavar="FILE.toml", help="Needed above metadata_only.")
@click.option(
    "--private-chat", is_flag=True, help="Of an account's export: the chat may be a private one; the client wants it."
)
@click.option("--dry-run", is_flag=True, help="Say what is in it and what would be new; keep nothing.")
@click.option(
    "--destroy-source", is_flag=True, help="Remove the given folder, once all of it is sealed, audited and read again."
)
@click.option(
    "--page-for-client",
    "page",
    type=click.Path(path_type=Path),
    metavar="FILE.txt",
    help="Write a page that she can be given: what was kept and what is missing, in words.",
)
@click.option(
    "--lang", "language", default="en", show_default=True, type=click.Choice(languages()), help="Of that page."
)
@click.option("--yes", is_flag=True, help="Remove it without being asked, as in a script.")
@approved_option
@reason_option
@actor_option
@json_option
@click.pass_context
def import_(
    ctx: click.Context,
    paths: tuple[Path, ...],
    declared_by: str,
    chat_id: str | None,
    mode: str,
    legal_basis: Path | None,
    private_chat: bool,
    dry_run: bool,
    destroy_source: bool,
    page: Path | None,
    language: str,
    yes: bool,
    approved_by: str | None,
    reason: str | None,
    actor: str | None,
    as_json: bool,
) -> None:
    """Take in the Telegram Desktop export at PATH: a folder, its result.json, or ZIP archives.

    If an export is split over several archives, give all of them together. Of an export of a whole account, the
    command offers the chats by title, kind and size; a private chat is taken in only if somebody says so. This needs
    no passphrase: the command seals what it takes in and cannot read it back. Importing the same export again adds
    nothing. A mode above metadata_only needs a legal basis and a second person: --approved-by, or the request waits
    for 'approve' and exits 3.
    """
    from api.office.intake import Wish
    from api.office.request import Waiting

    home = open_home(ctx)
    # a dry run logs nothing, so nobody need say who runs it
    person = doer(_NOBODY if dry_run else actor, home.clock, reason=reason, approver=approved_by)
    wish = Wish(paths[0], chat_id, declared_by, Mode(mode), legal_basis, person, private_chat, paths[1:])
    if dry_run:
        _say_what_would_come(home, wish, as_json=as_json)
        return
    if page is not None and (page.exists() or not page.parent.is_dir()):  # before hours of work
        raise HomeError("home.page_not_written", where=str(page))
    if destroy_source:
        _require_destroyable(home, wish, yes=yes)
    done = _imported(home, wish, as_json=as_json)
    if isinstance(done, Waiting):
        emit_waiting(ctx, done, as_json=as_json)
    if done.private:
        warn(Term("note.private_chat"))
    if page is not None:
        _write_page(page, home, done, wish, language)
    destroyed = destroy_source and _destroyed(home, wish, done, yes=yes)
    told = {
        **done.told(),
        "page": None if page is None else str(page),
        "source": {"paths": [str(each) for each in paths], "destroyed": destroyed},
    }
    text = "\n".join([import_words(done), _source_words(home, wish, destroyed=destroyed)])
    emit_logged(told, done.unstamped, as_json=as_json, text=text)


def _write_page(page: Path, home: Home, done: "Imported", wish: "Wish", language: str) -> None:
    """Write what the client is given; it never takes the place of a file."""
    from casefiles.received import received_text
    from evidence.objects.durable import write_file

    try:
        write_file(page, received_text(load_words(language), done.received(home, wish.mode)).encode())
    except FileExistsError as error:
        raise HomeError("home.page_not_written", where=str(page)) from error


def import_words(done: "Imported") -> str:
    """What ``import`` prints: what it did."""
    lines = [_kept(done.container.channel_id, done.counts), *_missing(done.missing), *_absent(done.absent, done.lacked)]
    return "\n".join([*lines, *_walls(done.walls)])


def _source_words(home: Home, wish: "Wish", *, destroyed: bool) -> str:
    """Where the originals are now, and what could remove them."""
    from api.office.source import require_destroyable

    where = ", ".join(str(each) for each in wish.paths)
    if destroyed:
        return (
            f"Removed: {where}. A disk of flash memory (SSD, stick, card), a phone, a backup or a mailbox may still "
            "hold a copy that this program cannot reach."
        )
    removal = " --destroy-source removes them after an audit."
    try:
        require_destroyable(home, wish)
    except AuthorityError:
        removal = ""
    return f"The originals still lie unencrypted at {where}.{removal}"


def _require_destroyable(home: Home, wish: "Wish", *, yes: bool) -> None:
    from api.office.source import require_destroyable

    require_destroyable(home, wish)
    if not yes and not sys.stdin.isatty():
        raise UsageError("usage.destroy_unasked")


def _destroyed(home: Home, wish: "Wish", done: "Imported", *, yes: bool) -> bool:
    """Remove the source if all of it is kept and a person says so; whether that was done."""
    from api.office.source import destroy_source, require_all_kept

    with wait_told(Term("progress.auditing")):
        source = require_all_kept(home, wish, done)
    if not yes and not agreed(Term("prompt.destroy_source", files=len(source.files), where=str(source.folder))):
        return False
    destroy_source(source)
    return True


def _say_what_would_come(home: Home, wish: "Wish", *, as_json: bool) -> None:
    """Print what an import would take in."""
    from api.office.foresee import foresee_import

    with wait_told(Term("progress.looking")):
        found = foresee_import(home, wish)
    text = "\n".join(_foreseen(found))
    if found.chats:
        text = "\n".join([*_listed(found.chats, for_this_terminal(*_CHATS)), "Nothing was kept. Say which: --chat ID."])
    emit(found.told(), as_json=as_json, text=text)


def _foreseen(found: "Foreseen") -> "Iterator[str]":
    held, new = found.held, found.new
    if found.container is None:
        return
    yield (
        f"Chat {found.container.channel_id} ({(found.container.channel_type or 'unknown').replace('_', ' ')}) holds "
        f"{counted(held.kinds['message'], 'message')}, {counted(held.kinds['service'], 'service message')}, "
        f"{held.kinds['unsupported']} of an unknown kind, {counted(held.present, 'file')}."
    )
    if held.first and held.last:
        yield f"Posted from {held.first:%Y-%m-%d} to {held.last:%Y-%m-%d} (UTC)."
    yield from _missing(held.missing)
    yield from _absent(held.absent, held.lacked)
    yield from (f"Careful: {words}" for words in held.named)
    yield (
        f"New would be {counted(new.messages, 'message')}, {counted(new.service, 'service message')}, "
        f"{new.unsupported} of an unknown kind, {counted(new.media, 'file')} ({new.sealed} sealed), "
        f"{counted(new.missing_media, 'missing file')}; {new.already_known} already known. Nothing was kept."
    )


def _imported(home: Home, wish: "Wish", *, as_json: bool) -> "Imported | Waiting":
    """Import; what the export leaves open is asked for at a terminal."""
    from api.office.intake import import_export, list_chats

    while True:
        try:
            with watched() as begin:
                return import_export(home, wish, begin)
        except ChatNotFoundError:
            if wish.chat_id is not None:
                raise
            wish = replace(wish, chat_id=_chosen(list_chats(home, wish.paths), as_json=as_json))
        except AuthorityError as error:
            if error.code != "authority.private_chat" or not sys.stdin.isatty():
                raise
            if not agreed(Term("prompt.private_chat")):
                raise click.Abort(str(Term("note.stopped_before_a_change"))) from None
            wish = replace(wish, private=True)


@contextmanager
def watched() -> "Iterator[Progress]":
    """The progress line of ``import``: how far it has come, also where it is stopped or the disk is full.

    Raises:
        click.Abort: It was stopped after it began.
    """
    with progress(Term("progress.sealing"), Term("unit.messages_and_files")) as bar:
        watch = _Watch(bar)
        try:
            yield watch.begin
        except KeyboardInterrupt:
            if watch.messages is None:
                raise
            raise click.Abort(str(watch.so_far("note.stopped_import"))) from None
        except StorageFullError:
            if watch.messages is not None:
                bar.clear()
                warn(watch.so_far("note.full_import"))
            raise


@dataclass(slots=True)
class _Watch:
    """An import that a person watches.

    Attributes:
        messages: How many there are; None before it began.
        kept: How many of them are on disk. The line counts more: also files that were read since.
    """

    bar: ProgressLine
    messages: int | None = None
    kept: int = 0

    def begin(self, messages: int, files: int) -> "Heard":
        from api.office.intake import Heard

        self.messages, self.bar.total = messages, messages + files
        return Heard(self._keep, self.bar, self._stamping)

    def so_far(self, code: str) -> Term:
        """How much was kept before it ended early."""
        return Term(code, kept=self.kept, messages=self.messages or 0)

    def _keep(self, more: int) -> None:
        self.kept += more
        self.bar(more)

    @contextmanager
    def _stamping(self) -> "Iterator[None]":
        self.bar.end()
        with wait_told(Term("progress.waiting_for_a_stamp")):
            yield


_CHATS = (
    Column("NO.", 3, right=True),
    Column("MESSAGES", 8, right=True),
    Column("SIZE", 8, right=True),
    Column("KIND", 18),
    Column("ID", 14),
    Column("TITLE", 19),
)


def _chosen(chats: "Sequence[ListedChat]", *, as_json: bool) -> str:
    """The chat that a person at the terminal chooses; elsewhere they are listed, and it is a wrong call.

    Raises:
        UsageError: There is no terminal.
        click.Abort: None was chosen.
    """
    if not sys.stdin.isatty():
        refusal = UsageError("usage.which_chat", count=len(chats))
        if as_json:
            click.echo(f'{{"chats": {json.dumps([asdict(chat) for chat in chats])}, ', nl=False)
            raise CutShortError from refusal
        say("\n".join(_listed(chats, for_this_terminal(*_CHATS))))
        raise refusal
    click.echo("\n".join(map(printable, _listed(chats, Table(_CHATS, cut=True)))), err=True)
    answer = prompt(Term("prompt.chat")).strip()
    if not answer.isdecimal() or not 1 <= int(answer) <= len(chats):
        raise click.Abort(str(Term("note.stopped_before_a_change")))
    return chats[int(answer) - 1].id


def _listed(chats: "Sequence[ListedChat]", table: Table) -> "Iterator[str]":
    yield table.head()
    for number, chat in enumerate(chats, start=1):
        kind = (chat.type or "unknown").replace("_", " ") + (", left" if chat.left else "")
        title = chat.title if isinstance(chat.title, str) else ""
        yield table.line([str(number), f"{chat.messages:,}", told_size(chat.bytes), kind, chat.id, title])


def _missing(missing: "Mapping[HoleReason, int]") -> list[str]:
    """What the export as a whole lacks, a line each."""
    lines = []
    if gaps := missing.get(HoleReason.GAP, 0):
        lines.append(f"Gaps: {counted(gaps, 'span')} of message numbers that the export does not have.")
    absent = [f"{missing[reason]} {words}" for reason, words in _ABSENT.items() if reason in missing]
    if absent:
        lines.append(f"Absent of the files that messages name: {', '.join(absent)}.")
    if outside := missing.get(HoleReason.OUTSIDE, 0):
        lines.append(
            f"Careful: {counted(outside, 'name')} of a file leads out of the export's folder, which Telegram Desktop "
            "does not write. It was not followed."
        )
    if files := missing.get(HoleReason.UNNAMED, 0):
        lines.append(f"Not kept: {counted(files, 'file')} in the folder, named by no message of this chat.")
    if HoleReason.OWN_ONLY in missing:
        lines.append("The chat was left: such an export has the exporter's own messages only.")
    if HoleReason.CUT_OFF in missing:
        lines.append("The export was stopped: it ends before the chat does.")
    return lines


_WHY_GONE = "Why is not known; it may be deleted."


def _absent(absent: int, lacked: int) -> "Iterator[str]":
    """What older sources have and this export lacks, and what it has and newer exports lack."""
    if absent:
        what = counted(absent, "message")
        yield f"Not in this export: {what} of its time that an older source has. {_WHY_GONE}"
    if lacked:
        what = counted(lacked, "message")
        yield f"Not in an export that goes further and was brought before: {what} of this export. {_WHY_GONE}"


def _walls(walls: str | None) -> list[str]:
    """What this machine lacks to shut the decoder of pictures in."""
    if walls is None or "missing" not in walls:
        return []
    return [f"Careful: this machine cannot shut the decoder of pictures in altogether ({walls}). See 'doctor'."]


def _kept(channel: str, counts: "Counts") -> str:
    if counts.already_known and not any((counts.messages, counts.service, counts.unsupported, counts.media)):
        entries = counted(counts.already_known, "message or file", "messages and files")
        return f"Nothing new from chat {channel}: this export's {entries} were already known."
    return (
        f"Kept from chat {channel}: "
        f"{counted(counts.messages, 'message')}, {counted(counts.service, 'service message')}, "
        f"{counts.unsupported} of an unknown kind, {counted(counts.media, 'file')} ({counts.sealed} sealed), "
        f"{counted(counts.missing_media, 'missing file')}, {counts.edits} edited, {counts.already_known} already known"
    )
