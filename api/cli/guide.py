"""``help``: what a command does, for whoever does not know ``--help``."""

import click

from api.cli.output import emit, json_option


@click.command("help")
@click.argument("words", metavar="[COMMAND]...", nargs=-1)
@json_option
@click.pass_context
def help_(ctx: click.Context, words: tuple[str, ...], as_json: bool) -> None:
    """Say what COMMAND does and which options it has; without one, list every command."""
    here = ctx.find_root()
    for word in words:
        group = here.command
        below = group.get_command(here, word) if isinstance(group, click.Group) else None
        if below is None:
            raise click.exceptions.NoSuchCommand(word, ctx=here)
        here = click.Context(below, parent=here, info_name=word)
    text = here.get_help()
    emit({"help": text}, as_json=as_json, text=text)
