"""``database``: where the rows of a home lie."""

from functools import partial

import click

from api.cli.common import counted, emit, json_option, open_home
from api.cli.progress import progress
from config.errors import Term


@click.group()
def database() -> None:
    """Move the rows of this home to a database server."""


@database.command("move")
@click.argument("url")
@json_option
@click.pass_context
def move(ctx: click.Context, url: str, as_json: bool) -> None:
    """Move the rows of this home to the empty PostgreSQL database URL, as postgresql://ACCOUNT@HOST/NAME.

    The password does not belong into URL: put it into the file ~/.pgpass (mode 0600). Nobody writes to the
    home while its rows are copied and compared. Then the settings name the new database, the old file is
    removed, and what runs must be started again. Stopped at any moment, the home is whole: run it again.
    """
    from api.office.database import move_rows

    home = open_home(ctx)
    done = move_rows(home, url, partial(progress, Term("progress.copying"), Term("unit.rows")))
    entries = counted(done.entries, "log entry", "log entries")
    copied = "An earlier call had copied them" if done.ended else f"{counted(done.rows, 'row')} copied and compared"
    emit(
        {"home": str(home.path), "entries": done.entries, "rows": done.rows, "ended": done.ended},
        as_json=as_json,
        text=f"The rows of this home lie on PostgreSQL now: {entries}. {copied}.\n"
        "Start again: serve, monitor run, and whatever else runs on this home.",
    )
