"""Turns a wrong call into an error of ours, with code and facts, where click has only words."""

import itertools
import os
import re
import stat
from collections.abc import Container, Iterable, Iterator
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from config.errors import UsageError

TOLD_ELSEWHERE = frozenset({"actor", "approved_by", "organisation"})
"""Parameters of which an error of ours says more when they are blank."""
_EXTRA = re.compile(r"Got\sunexpected\sextra\sarguments?\s\((.*)\)", re.DOTALL)
"""What click says of arguments that a command does not take."""
_NO_CHOICE = re.compile(r"'(.*)'\sis\snot\s.*", re.DOTALL)
"""What click says of a value that is none of the choices."""
_NUMBER = re.compile(r"-[0-9]+", re.ASCII)
NEAR = 3
"""How many commands or options are offered at most in place of one that is none."""


class OfChannel(click.Command):
    """A command whose one argument is CHANNEL: ``-100...`` is the number of a channel and not an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments, with such a number moved to where click does not take it for an option."""
        valued = {
            name for each in self.params if isinstance(each, click.Option) and not each.is_flag for name in each.opts
        }
        return super().parse_args(ctx, _numbers_last(args, valued))


def _numbers_last(args: Iterable[str], valued: Container[str]) -> list[str]:
    """The arguments, with every number that has a minus before it and belongs to no option moved behind ``--``.

    Args:
        valued: The options that take what follows them.
    """
    others, numbers, left = list[str](), list[str](), iter(args)
    for word in left:
        if word == "--":
            break
        (numbers if _NUMBER.fullmatch(word) else others).append(word)
        if word in valued:
            others += itertools.islice(left, 1)
    behind = [*numbers, *left]
    return [*others, "--", *behind] if behind else others


class BlankError(click.BadParameter):
    """A text or a path is empty, or has nothing but spaces."""


class NotUnicodeError(click.BadParameter):
    """What was typed for a text is not UTF-8."""


class Unfit(StrEnum):
    """Why a path is not one that a parameter takes."""

    NOT_THERE = "not_there"
    NOT_READABLE = "not_readable"
    A_FOLDER = "a_folder"
    NO_FOLDER = "no_folder"


class UnfitPathError(click.BadParameter):
    """A path leads to nothing, or to something that cannot be taken."""

    def __init__(self, why: "Unfit", path: str, ctx: click.Context | None, param: click.Parameter | None) -> None:
        """Keep the path as the message, and why it is refused."""
        super().__init__(path, ctx, param)
        self.why = why


class Filled(click.ParamType[Any]):
    """A text or a path that says something; blanks around a text are no part of it."""

    def __init__(self, inner: click.ParamType[Any], *, blank: bool = False) -> None:
        """Let ``inner`` read what is typed; ``blank`` where an error of ours refuses what is blank."""
        self.name = inner.name
        self.inner, self._blank = inner, blank

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        """Give what the inner type makes of it.

        Raises:
            BlankError: It is blank.
            NotUnicodeError: It is a text and was not UTF-8.
            click.BadParameter: The inner type refuses it.
        """
        if isinstance(value, str):
            if not value.strip() and not self._blank:
                raise BlankError(self.name, ctx, param)
            if self.inner is click.STRING and not _is_unicode(value):
                raise NotUnicodeError(self.name, ctx, param)
            if self.inner is click.STRING:
                value = value.strip()
        try:
            return self.inner.convert(value, param, ctx)
        except click.BadParameter as error:
            if isinstance(self.inner, click.Path) and (why := _unfit_path(self.inner, value)):
                raise UnfitPathError(why, os.fsdecode(value), ctx, param) from error
            raise

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer what the inner type offers."""
        return self.inner.shell_complete(ctx, param, incomplete)


def _unfit_path(taken: click.Path, path: Any) -> Unfit | None:  # noqa: ANN401 - as click gives it
    """Why a path is not one that a parameter takes; None where that is not known."""
    try:
        mode = Path(os.fsdecode(path)).stat().st_mode
    except PermissionError:
        return Unfit.NOT_READABLE
    except (OSError, ValueError):
        return Unfit.NOT_THERE
    if stat.S_ISDIR(mode) and not taken.dir_okay:
        return Unfit.A_FOLDER
    if not stat.S_ISDIR(mode) and not taken.file_okay:
        return Unfit.NO_FOLDER
    return None if os.access(path, os.R_OK) else Unfit.NOT_READABLE


def _is_unicode(text: str) -> bool:
    """Whether what was typed was UTF-8: Python keeps other bytes as halves of surrogates (PEP 383)."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def refuse_unfit(command: click.Command) -> None:
    """Let a command, and all below it, refuse every text and path that is blank, and texts that are not Unicode."""
    for each in command.params:
        if each.type is click.STRING or isinstance(each.type, click.Path):
            each.type = Filled(each.type, blank=each.name in TOLD_ELSEWHERE)
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        refuse_unfit(below)


def explained(error: click.ClickException) -> UsageError:
    """What was wrong with a call of a command."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context else "nisisama"
    match error:
        case click.exceptions.NoSuchCommand():
            return _no_such_command(error, command)
        case click.exceptions.NoSuchOption():
            return _no_such_option(error, command)
        case click.exceptions.NoArgsIsHelpError():
            return UsageError("usage.nothing_asked", where=command, command=command)
        case click.MissingParameter():
            needed = _needed(error.ctx) or _name(error)
            return UsageError("usage.missing", where=command, name=_name(error), needed=needed, command=command)
        case click.BadParameter():
            return _unfit(error, command)
        case _:
            return _other(error, command)


def _other(error: click.ClickException, command: str) -> UsageError:
    said = _sentence(error.format_message())
    if extra := _EXTRA.fullmatch(said):
        return UsageError("usage.too_much", where=command, found=extra[1], command=command)
    return UsageError("usage.other", where=command, system=said, command=command)


def _no_such_command(error: click.exceptions.NoSuchCommand, command: str) -> UsageError:
    found = error.command_name
    group = error.ctx.command if error.ctx else None
    known = group.list_commands(error.ctx) if error.ctx and isinstance(group, click.Group) else ()
    if near := _near(found, known):
        return UsageError("usage.mistyped_command", where=command, found=found, near=near)
    return UsageError("usage.unknown_command", where=command, found=found, command=command)


def _no_such_option(error: click.exceptions.NoSuchOption, command: str) -> UsageError:
    found = error.option_name
    known = list(_options(error.ctx.command)) if error.ctx else []
    if error.ctx and found in _options_below(error.ctx, error.ctx.command):
        return UsageError("usage.option_of_a_command", where=command, found=found, command=command)
    if near := _near(found, [name for name in known if name.startswith("--")]):
        return UsageError("usage.mistyped_option", where=command, found=found, near=near)
    return UsageError("usage.unknown_option", where=command, found=found, command=command)


def _options(command: click.Command) -> Iterator[str]:
    return (name for each in command.params for name in each.opts + each.secondary_opts)


def _options_below(ctx: click.Context, command: click.Command) -> Iterator[str]:
    """The options of every command of a group, and of the groups in it."""
    for name in command.list_commands(ctx) if isinstance(command, click.Group) else ():
        below = command.get_command(ctx, name) if isinstance(command, click.Group) else None
        if below is not None:
            yield from _options(below)
            yield from _options_below(ctx, below)


def _unfit(error: click.BadParameter, command: str) -> UsageError:
    name = _name(error)
    if isinstance(error, BlankError):
        return UsageError("usage.blank", where=name, command=command)
    if isinstance(error, UnfitPathError):
        return _refused_path(error, name)
    if isinstance(error, NotUnicodeError):
        return UsageError("usage.not_utf8", where=name, command=command)
    match error.param.type if error.param else None:
        case click.Choice(choices=choices):
            return _no_such_choice(error, name, [str(each) for each in choices], command)
        case click.IntRange(min=int(least), max=int(most)):
            return UsageError("usage.out_of_range", where=name, least=least, most=most, command=command)
        case _:
            return UsageError("usage.does_not_fit", where=name, system=_sentence(error.message), command=command)


def _needed(ctx: click.Context | None) -> str:
    """Everything that a command cannot do without, so that it is not missed one by one."""
    return (
        ", ".join(each.get_error_hint(ctx).replace("'", "") for each in ctx.command.params if each.required)
        if ctx
        else ""
    )


def _refused_path(error: UnfitPathError, name: str) -> UsageError:
    match error.why:
        case Unfit.NOT_THERE:
            return UsageError("usage.path_not_there", where=name, found=error.message)
        case Unfit.NOT_READABLE:
            return UsageError("usage.path_not_readable", where=name, found=error.message)
        case Unfit.A_FOLDER:
            return UsageError("usage.path_a_folder", where=name, found=error.message)
        case Unfit.NO_FOLDER:
            return UsageError("usage.path_no_folder", where=name, found=error.message)


def _no_such_choice(error: click.BadParameter, name: str, choices: list[str], command: str) -> UsageError:
    typed = _NO_CHOICE.fullmatch(error.message.strip().removesuffix("."))
    found, expected = typed[1] if typed else "", ", ".join(choices)
    if near := _near(found.replace("-", "_"), choices):
        return UsageError("usage.mistyped_choice", where=name, expected=expected, found=found, near=near)
    return UsageError("usage.no_such_choice", where=name, expected=expected, found=found, command=command)


def _near(found: str, known: Iterable[str]) -> str:
    """Names like the one that was typed; the hyphens before an option, which all have, make none alike."""
    names = {name.lstrip("-"): name for name in known}
    bare = found.lstrip("-")
    begun = [name for name in names if name.startswith(bare) and bare]
    near = dict.fromkeys([*begun, *get_close_matches(bare, names)])
    return ", ".join([names[name] for name in near][:NEAR])


def _name(error: click.BadParameter) -> str:
    """The option or argument, as it is typed."""
    hint = error.param_hint
    if hint is None and error.param is not None:
        hint = error.param.get_error_hint(error.ctx)
    return " / ".join([hint] if isinstance(hint, str) else hint or ()).replace("'", "")


def _sentence(text: str) -> str:
    """The text without its full stop, which the caller adds."""
    return text.strip().removesuffix(".")
