"""Entry point of ``nisisama``: commands are imported only when they are called, so that ``--help`` is quick."""

import contextlib
import importlib
import io
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from api import VERSION
from api.cli.usage import explained, refuse_unfit
from config import oplog
from config.errors import Term

COMMANDS = {
    "init": ("api.cli.home:init", "Make a new home with its keys and cards."),
    "demo": ("api.cli.rehearsal:demo", "Rehearse everything with harmless generated pictures."),
    "doctor": ("api.cli.health:doctor", "Check settings, keys, clock, disk, store, time-stamp offices."),
    "monitor": ("api.cli.monitor:monitor", "Watch the registered channels live."),
    "capture": ("api.cli.capture:capture", "Keep one message now, by its link."),
    "watch": ("api.cli.channel:watch", "Keep the register of publicly reported channels."),
    "import": ("api.cli.intake:import_", "Take in a Telegram Desktop export."),
    "evidence": ("api.cli.item:evidence", "Show what is preserved, never the content of media."),
    "audit": ("api.cli.audit:audit", "Check the store against the log."),
    "case": ("api.cli.case:case", "Open a case, add items, show it, export a signed bundle."),
    "check": ("api.cli.check:check", "Find a picture in the store, for a case."),
    "question": ("api.cli.question:question", "Let somebody ask whether her picture appears, without showing it."),
    "alerts": ("api.cli.alert:alerts", "Show where pictures of a case may have appeared again."),
    "release": ("api.cli.release:release", "Hand a picture to a recipient; two persons must agree."),
    "erase": ("api.cli.erase:erase", "Destroy items for good; two persons agree."),
    "freeze": ("api.cli.freeze:freeze", "Freeze what may show a child, at once; list what is frozen."),
    "hotline": ("api.cli.hotline:hotline", "Write the sheet for a hotline of what is frozen, without a picture."),
    "hold": ("api.cli.hold:hold", "Keep items or a case from being erased; list what is held."),
    "hash-list": ("api.cli.hash_list:hash_list", "Keep lists of hashes from a hotline or an exchange."),
    "receiver": ("api.cli.receiver:receiver", "Keep the register of approved receivers of bundles."),
    "approve": ("api.cli.approval:approve", "Review what one person did, as the second person."),
    "key": ("api.cli.key:key", "For key holders: check the cards, change the passphrase, recover, renew the seal."),
    "retention": ("api.cli.retention:retention", "Destroy what no case has claimed in time."),
    "serve": ("api.cli.serve:serve", "Serve the API on this machine, for the office's own programs."),
    "backup": ("api.cli.backup:backup", "Copy this home to another disk, while others write."),
    "restore": ("api.cli.backup:restore", "Make a home from a backup, at an empty place."),
    "database": ("api.cli.database:database", "Move the rows of this home to a PostgreSQL server."),
    "verify": ("api.cli.verify:verify", "Check a bundle, offline and without a home."),
    "verifier": ("api.cli.verifier:verifier", "Write the page and the program that check bundles, to hand out."),
    "help": ("api.cli.guide:help_", "Say what a command does: help COMMAND."),
}
"""Command -> where it is, and its line in the overview."""


class LazyGroup(click.Group):
    """A group whose commands are known by name and imported on use."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read ``--home`` and ``--verbose`` wherever they stand, since people write them after the command."""
        return super().parse_args(ctx, _ours_first(ctx, args))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and note its name: one of ours, never what was typed."""
        name, command, left = super().resolve_command(ctx, args)
        below = command.get_command(ctx, left[0]) if isinstance(command, click.Group) and left else None
        names = [each.name for each in (command, below) if each is not None and each.name]
        oplog.note("command_began", command=" ".join(names))
        return name, command, left

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Every command, in the order of a day's work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        refuse_unfit(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the overview without importing any command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_place, text) in COMMANDS.items()])


def _ours_first(ctx: click.Context, args: Sequence[str]) -> list[str]:
    """The arguments with every ``--home`` and ``--verbose`` moved to the front, up to ``--``.

    The last ``--home`` counts, as always in click.

    Raises:
        click.BadOptionUsage: Nothing follows it.
    """
    ours, others, left = list[str](), list[str](), iter(args)
    for word in left:
        if word == "--home":
            value = next(left, None)
            if value is None:
                raise click.BadOptionUsage("home", "Option '--home' requires an argument.", ctx)
            ours += [word, value]
        else:
            (ours if word == "--verbose" or word.startswith("--home=") else others).append(word)
            if word == "--":
                break
    return [*ours, *others, *left]


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="nisisama", message="%(prog)s %(version)s")
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    envvar="NISISAMA_HOME",
    default=Path("nisisama-home"),
    show_default=True,
    help="The folder of this office; may also follow the command.",
)
@click.option(
    "--verbose",
    is_flag=True,
    envvar="NISISAMA_VERBOSE",
    help="Show the operational log on standard error; may also follow the command.",
)
@click.pass_context
def cli(ctx: click.Context, home: Path, *, verbose: bool) -> None:
    """NisiSama: preserves what reported channels show, as evidence that a court can check."""
    ctx.obj = home
    if verbose:
        oplog.show_on(sys.stderr)


refuse_unfit(cli)  # its own options; those of the commands when they are imported


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    os.umask(0o077)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as standard error has it: old terminals lack letters
    began = time.monotonic()
    oplog.start()
    try:
        code = _run(arguments)
    except BaseException as error:
        oplog.note(
            "command_broke", error=type(error), place=oplog.source_place(error), duration_s=time.monotonic() - began
        )
        raise
    oplog.note("command_ended", exit_code=code, duration_s=time.monotonic() - began)
    return code


def _run(arguments: list[str]) -> int:
    try:
        code = cli.main(args=arguments, prog_name="nisisama", standalone_mode=False)
    except click.ClickException as error:
        return _report_wrong_call(error, in_json="--json" in arguments)
    except (click.Abort, KeyboardInterrupt) as stopped:
        return _report_stop(str(stopped), in_json="--json" in arguments)
    except Exception as error:  # noqa: BLE001 - ours and the system's are explained, any other is raised again
        if isinstance(error.__cause__, KeyboardInterrupt):  # in the middle of an import, which wraps it
            return _report_stop("", in_json="--json" in arguments)
        return _report(error, in_json="--json" in arguments)
    return code if isinstance(code, int) else 0


def _report_wrong_call(error: click.ClickException, *, in_json: bool) -> int:
    """Say what was wrong with the call; a person is shown how the command is called, too."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and not in_json:
        error.show()
        return error.exit_code
    if isinstance(error, click.UsageError) and error.ctx is not None and not in_json:
        click.echo(error.ctx.get_usage(), err=True)
    return _report(explained(error), in_json=in_json)


def _report_stop(said: str, *, in_json: bool) -> int:
    """Say that somebody stopped the command, in the words of who asked something, if it was asked."""
    from api.errors import exit_code
    from config.errors import StoppedError

    error = StoppedError("stopped.by_hand")
    click.echo(said or str(Term("note.stopped")), err=True)
    if in_json:
        click.echo(json.dumps({"error": {"type": type(error).__name__, **error.as_json()}}))
    return exit_code(error)


def _report(error: Exception, *, in_json: bool) -> int:
    """Report an error of ours or of the system; a bug surfaces with its traceback.

    Raises:
        Exception: The error itself, when it is neither.
    """
    from api.cli.page import CutShortError
    from api.errors import REFUSED, exit_code, of_system
    from casefiles.verifier.report import printable
    from config.errors import Explained

    begun = isinstance(error, CutShortError)
    if begun and isinstance(error.__cause__, Exception):
        error = error.__cause__
    if isinstance(error, Explained):
        said, code = error, exit_code(error)
    elif isinstance(error, OSError):
        said, code = of_system(error), REFUSED
    else:
        raise error
    oplog.note("command_refused", error=type(error), code=said.code, place=oplog.source_place(error))
    click.echo(printable(str(Term("note.error", cause=said))), err=True)  # it may name what others wrote
    try:
        if in_json:
            whole = json.dumps({"error": {"type": type(error).__name__, **said.as_json()}})
            click.echo(whole[1:] if begun else whole)
        sys.stdout.flush()
    except OSError:
        _drop_output()
    return code


def _drop_output() -> None:
    """Drop what still waits for standard output, which failed: the interpreter would exit with 120."""
    with contextlib.suppress(OSError), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
