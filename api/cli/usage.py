"""Turns a wrong call into an error of ours, with code and facts, where click has only words."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import click
from click.shell_completion import CompletionItem

from config.errors import UsageError

TOLD_ELSEWHERE = frozenset({"actor", "approved_by", "organisation"})
"""Parameters of which an error of ours says more when they are blank."""
NEAR = 3
"""How many commands or options are offered at most in place of one that is none."""


class BlankError(click.BadParameter):
    """A text or a path is empty, or has nothing but spaces."""


class NotUnicodeError(click.BadParameter):
    """What was typed for a text is not UTF-8."""


class Filled(click.ParamType[Any]):
    """A text or a path that says something."""

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
        return self.inner.convert(value, param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer what the inner type offers."""
        return self.inner.shell_complete(ctx, param, incomplete)


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
    """What was wrong with a call."""
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
            return UsageError("usage.missing", where=command, name=_name(error), command=command)
        case click.BadParameter():
            return _unfit(error, command)
        case _:
            return UsageError("usage.other", where=command, system=_sentence(error.format_message()), command=command)


def _no_such_command(error: click.exceptions.NoSuchCommand, command: str) -> UsageError:
    found = error.command_name
    group = error.ctx.command if error.ctx else None
    known = group.list_commands(error.ctx) if error.ctx and isinstance(group, click.Group) else ()
    if near := _near(found, known):
        return UsageError("usage.mistyped_command", where=command, found=found, near=near)
    return UsageError("usage.unknown_command", where=command, found=found, command=command)


def _no_such_option(error: click.exceptions.NoSuchOption, command: str) -> UsageError:
    found = error.option_name
    known = [
        name for each in (error.ctx.command.params if error.ctx else ()) for name in each.opts + each.secondary_opts
    ]
    if near := _near(found, [name for name in known if name.startswith("--")]):
        return UsageError("usage.mistyped_option", where=command, found=found, near=near)
    return UsageError("usage.unknown_option", where=command, found=found, command=command)


def _unfit(error: click.BadParameter, command: str) -> UsageError:
    name = _name(error)
    if isinstance(error, BlankError):
        return UsageError("usage.blank", where=name, command=command)
    if isinstance(error, NotUnicodeError):
        return UsageError("usage.not_utf8", where=name, command=command)
    match error.param.type if error.param else None:
        case click.Choice(choices=choices):
            return UsageError(
                "usage.no_such_choice", where=name, expected=", ".join(map(str, choices)), command=command
            )
        case click.IntRange(min=int(least), max=int(most)):
            return UsageError("usage.out_of_range", where=name, least=least, most=most, command=command)
        case _:
            return UsageError("usage.does_not_fit", where=name, system=_sentence(error.message), command=command)


def _near(found: str, known: Iterable[str]) -> str:
    names = list(known)
    begun = [name for name in names if name.startswith(found) and found.strip("-")]
    return ", ".join(list(dict.fromkeys([*begun, *get_close_matches(found, names)]))[:NEAR])


def _name(error: click.BadParameter) -> str:
    """The option or argument, as it is typed."""
    hint = error.param_hint
    if hint is None and error.param is not None:
        hint = error.param.get_error_hint(error.ctx)
    return " / ".join([hint] if isinstance(hint, str) else hint or ()).replace("'", "")


def _sentence(text: str) -> str:
    """The text without its full stop, which the caller adds."""
    return text.strip().removesuffix(".")
