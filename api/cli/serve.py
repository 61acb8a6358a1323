"""``serve``: the API of this office, on this machine."""

import json

import click

from api.cli.common import json_option, open_home, say, warn
from config.errors import Term


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), help="Port on 127.0.0.1; otherwise [serve] port.")
@json_option
@click.pass_context
def serve(ctx: click.Context, port: int | None, as_json: bool) -> None:
    """Serve the API on 127.0.0.1 until Ctrl-C. It starts locked: records open with a call of 'unlock'."""
    from api.http.server import HOST, serve_until_told

    home = open_home(ctx)

    def began(at: int) -> None:
        if as_json:
            click.echo(json.dumps({"url": f"http://{HOST}:{at}", "port": at}))
        else:
            say(f"Serving at http://{HOST}:{at}, locked. Ctrl-C ends it.")

    serve_until_told(home, home.settings.serve.port if port is None else port, began)
    if not as_json:
        warn(Term("note.serving_ended"))
