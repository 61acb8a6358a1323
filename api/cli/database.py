"""``database``: where a home keeps its rows."""

from functools import partial

import click

from api.cli.common import counted, open_home
from api.cli.output import emit, json_option
from api.cli.progress import progress
from config.errors import Term


@click.group()
def database() -> None:
    """Commands to move the rows of this home to a database server."""


@database.command("move")
@click.argument("url")
@json_option
@click.pass_context
def move(ctx: click.Context, url: str, as_json: bool) -> None:
    """Move the rows of this home to the empty PostgreSQL database URL, as postgresql://ACCOUNT@HOST/NAME.

    URL must not contain the password: put it in the file ~/.pgpass (mode 0600). Nobody can write to the home
    while its rows are copied and compared. Then the settings name the new database, the old file is removed,
    and every running program must be restarted. If the move is stopped at any moment, the home is whole: run
    it again.
    """
    from api.office.database import move_rows

    home = open_home(ctx)
    done = move_rows(home, url, partial(progress, Term("progress.copying"), Term("unit.rows")))
    entries = counted(done.entries, "log entry", "log entries")
    copied = "An earlier run had copied them" if done.ended else f"{counted(done.rows, 'row')} copied and compared"
    emit(
        {"home": str(home.path), "entries": done.entries, "rows": done.rows, "ended": done.ended},
        as_json=as_json,
        text=f"The rows of this home are on PostgreSQL now: {entries}. {copied}.\n"
        "Restart serve, monitor run, and whatever else uses this home.",
    )
