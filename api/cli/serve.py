"""``serve``: the API of this office, on this machine."""

import json
from ipaddress import ip_address

import click

from api.cli.common import open_home, warn
from api.cli.output import json_option, say
from config.errors import Term


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), help="The port; otherwise [serve] port.")
@json_option
@click.pass_context
def serve(ctx: click.Context, port: int | None, as_json: bool) -> None:
    """Serve the API on this machine until Ctrl-C. It starts locked: records open with a call of 'unlock'."""
    from api.http.server import address_of, serve_until_told

    home = open_home(ctx)
    address = home.settings.serve.address

    def began(at: int) -> None:
        url = address_of(address, at)
        if as_json:
            click.echo(json.dumps({"url": url, "port": at}))
        else:
            say(f"Serving at {url}, locked. Ctrl-C ends it.")
        if not ip_address(address).is_loopback:
            warn(Term("note.serving_beyond"))

    serve_until_told(home, home.settings.serve.port if port is None else port, began)
    if not as_json:
        warn(Term("note.serving_ended"))
