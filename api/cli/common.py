"""What commands share: options, the passphrase, progress and output."""

import os
import re
import sys
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from api import TOOL
from api.cli.output import emit
from api.home import Home
from casefiles.verifier.report import printable
from config.errors import Explained, Term, UsageError
from config.settings import read_secret_file
from config.times import told_time
from evidence.authority import Doer
from evidence.errors import PassphraseError, StampError
from evidence.keys import MIN_PASSPHRASE_CHARACTERS, Unlocked, require_long
from evidence.observation import Kind, Mode
from evidence.times import Clock

if TYPE_CHECKING:
    from api.office.item import Chosen
    from api.office.request import Waiting

F = TypeVar("F", bound=Callable[..., Any])

MODES = tuple(mode.value for mode in Mode)

_CHANNEL = re.compile(r"(?:user|group|chat)?[0-9]{1,19}|(?:export|local)[0-9a-f]{16}", re.ASCII)

TRIES = 3
"""How often a passphrase is asked for at a terminal."""

passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="File (mode 0600) that holds the passphrase; otherwise NISISAMA_PASSPHRASE, or a prompt asks.",
)
unasked_passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="File (mode 0600) that holds the passphrase; otherwise NISISAMA_PASSPHRASE. No prompt asks.",
)
new_passphrase_option = click.option(
    "--new-passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="File (mode 0600) that holds the new passphrase; otherwise a prompt asks for it twice.",
)
approved_option = click.option(
    "--approved-by",
    metavar="NAME",
    help="A second person who agrees, here and now, for acts that need two.",
)
reason_option = click.option("--reason", metavar="TEXT", help="Why; logged, and withheld from bundles.")


def actor_option(function: F) -> F:
    """The option ``--by`` of a command, or NISISAMA_ACTOR."""
    return click.option(
        "--by", "actor", envvar="NISISAMA_ACTOR", metavar="NAME", help="Who acts (a pseudonym); or NISISAMA_ACTOR."
    )(function)


def doer(
    actor: str | None,
    clock: Clock,
    *,
    reason: str | None = None,
    approver: str | None = None,
) -> Doer:
    """Who acts, from ``--by`` or NISISAMA_ACTOR; a command asks for it before a passphrase.

    Raises:
        NobodyNamedError: Nobody was named.
        AuthorityError: A name is not one that a person can have.
    """
    return Doer(actor or "", TOOL, clock(), reason=reason, approver=approver)


def new_passphrase(file: Path | None) -> str:
    """A passphrase for a new home, from a file, the environment or a prompt, which asks until it fits.

    Raises:
        PassphraseError: There is none and no terminal to ask at, or it does not fit.
    """
    if (found := given_or_asked(file)) is not None:
        require_long(found)
        return found
    return _asked_until_it_fits()


def changed_passphrase(file: Path | None) -> str:
    """A passphrase in the place of another, from a file or a prompt; the environment has the one before.

    Raises:
        PassphraseError: There is none and no terminal to ask at, or it does not fit.
        SecretFileError: The file is missing, empty or readable by others.
    """
    if file is not None:
        require_long(found := given_passphrase(file) or "")
        return found
    if not sys.stdin.isatty():
        raise PassphraseError("passphrase.new_missing")
    return _asked_until_it_fits()


def _asked_until_it_fits() -> str:
    while True:
        passphrase = prompt(Term("prompt.new_passphrase", least=MIN_PASSPHRASE_CHARACTERS), hidden=True, confirm=True)
        try:
            require_long(passphrase)
        except PassphraseError as error:
            warn(Term("note.error", cause=error))
        else:
            return passphrase


def unlock(home: Home, file: Path | None) -> Unlocked:
    """Ask for the passphrase and open the identities with it; at a terminal, a wrong one is asked for again.

    Raises:
        HomeError: The keys' folder is not there.
        PassphraseError: There is none and no terminal to ask at, or it is wrong.
        SecretFileError: A key is missing, damaged or readable by others.
    """
    home.require_keys()
    if (found := given_or_asked(file)) is not None:
        try:
            return home.unlock(found)
        except PassphraseError as error:
            where = "NISISAMA_PASSPHRASE" if file is None else str(file)
            raise PassphraseError("passphrase.given_is_wrong", where=where) from error
    for left in reversed(range(TRIES)):
        try:
            return home.unlock(prompt(Term("prompt.passphrase"), hidden=True))
        except PassphraseError:
            if left:
                warn(Term("note.wrong_passphrase"))
    raise PassphraseError("passphrase.wrong")


def given_or_asked(file: Path | None) -> str | None:
    """The passphrase of a file or the environment; None where a person at the terminal can be asked.

    Raises:
        PassphraseError: None was given, and there is no terminal.
    """
    found = given_passphrase(file)
    if not found and (found is not None or not sys.stdin.isatty()):
        raise PassphraseError("passphrase.missing")
    return found


def prompt(text: Term, *, hidden: bool = False, confirm: bool = False) -> str:
    """Ask a person to type something, before the first change. Only input that is shown may be empty.

    Raises:
        click.Abort: The person stopped.
    """
    empty = None if hidden else ""
    try:
        typed: str = click.prompt(
            str(text), empty, hide_input=hidden, confirmation_prompt=confirm, show_default=False, type=str, err=True
        )
    except click.Abort:
        raise click.Abort(str(Term("note.stopped_before_a_change"))) from None
    return typed if hidden else typed.strip()


def agreed(question: Term) -> bool:
    """Whether a person at the terminal says yes; no is the answer of whoever only presses Enter.

    Raises:
        click.Abort: The person stopped.
    """
    try:
        return click.confirm(str(question), default=False, err=True)
    except click.Abort:
        raise click.Abort(str(Term("note.stopped_before_a_change"))) from None


def given_passphrase(file: Path | None) -> str | None:
    """The passphrase that a command was given by a file or the environment, without asking.

    Raises:
        SecretFileError: The file is missing, empty or readable by others.
        PassphraseError: The file is not text.
    """
    if file is not None:
        try:
            return read_secret_file(file).decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            # that error carries the whole secret
            raise PassphraseError("passphrase.file_not_utf_8", where=str(file)) from None
    return os.environ.get("NISISAMA_PASSPHRASE")


def emit_logged(data: Mapping[str, Any], unstamped: Explained | None, *, as_json: bool, text: str) -> None:
    """Print the result of a command that logs, and why that has no signature or time stamp yet."""
    emit({**data, "warnings": warn_unstamped(unstamped)}, as_json=as_json, text=text)


def emit_waiting(ctx: click.Context, waiting: "Waiting", *, as_json: bool) -> NoReturn:
    """Print that nothing was done yet and who does what now, and end so that a script sees it.

    Raises:
        click.exceptions.Exit: Always.
    """
    from api.errors import UNDECIDED

    if waiting.why:
        warn(Term("note.plain", cause=waiting.why))
    told = {"request": waiting.request, "waits": True, "what": waiting.act.value, "due_at": waiting.due_at}
    text = (
        f"Nothing was done yet: this {waiting.act.value} needs a second person. The request is in the log.\n"
        f"By {told_time(waiting.due_at)}, that person looks at it and answers it with:\n"
        f"  nisisama approve {waiting.request}"
    )
    emit_logged(told, waiting.unstamped, as_json=as_json, text=text)
    ctx.exit(UNDECIDED)


def counted(number: int, one: str, many: str = "") -> str:
    """``1 item``, ``2 items``, as commands print them; ``many`` where the plural is not ``one`` with an s."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def counted_gone(deletions: int, missing: int) -> str:
    """``2 deletions`` for printing, and how many of these Telegram did not report."""
    said = counted(deletions, "deletion")
    return f"{said} ({missing} of them not reported by Telegram, only missing)" if missing else said


def day_of(option: str, text: str) -> date:
    """The day that an option of a command names.

    Raises:
        UsageError: It names none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError("usage.not_a_day", where=option) from None


def text_in(option: str, file: Path) -> str:
    """The UTF-8 text in the file that an option of a command names.

    Raises:
        UsageError: It is not such a text.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("usage.not_a_text_file", where=option) from None


def chosen_options(function: F) -> F:
    """The options of a command that choose items by what is stored unencrypted."""
    for option in (
        click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="Only items of this kind."),
        click.option("--to", "last", metavar="DATE", help="Only what was posted on this day (UTC) or before it."),
        click.option("--from", "first", metavar="DATE", help="Only what was posted on this day (UTC) or after it."),
        click.option("--channel", metavar="ID", help="Only this channel."),
    ):
        function = option(function)
    return function


def chosen_items(channel: str | None, first: str | None, last: str | None, kind: str | None) -> "Chosen":
    """Which items the options of a command choose.

    Raises:
        UsageError: One of them is none.
    """
    from api.office.item import Chosen

    if channel is not None and not _CHANNEL.fullmatch(channel):
        raise UsageError("usage.not_a_channel_number", where="--channel")
    return Chosen(
        channel,
        None if kind is None else Kind(kind),
        None if first is None else day_of("--from", first),
        None if last is None else day_of("--to", last),
    )


def warn(words: Term) -> None:
    """Print a warning in one line, which is not part of the result and cannot act on a terminal."""
    click.echo(printable(str(words)), err=True)


def warn_unstamped(error: Explained | None) -> list[dict[str, Any]]:
    """Print a warning that what was logged has no signature or time stamp yet; return it for the JSON object."""
    if error is None:
        return []
    warn(Term("note.unstamped" if isinstance(error, StampError) else "note.sentence", cause=error))
    return [error.as_json()]


def open_home(ctx: click.Context) -> Home:
    """The home of this command; closed at its end, so that no journal stays behind the database."""
    home = Home.open(ctx.find_root().obj)
    ctx.call_on_close(home.engine.dispose)
    if tail := home.unsigned_tail():
        warn(Term("note.plain", cause=tail))
    return home
