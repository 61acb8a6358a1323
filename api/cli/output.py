"""The result of a command on standard output: one JSON object, or words. Commands without a home need no more.

``verify`` is one of these: whoever checks a bundle need not wait for what opens a home.
"""

import json
from collections.abc import Mapping
from typing import Any

import click

from casefiles.verifier.report import printable

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output, nothing else.")


def emit(data: Mapping[str, Any], *, as_json: bool, text: str) -> None:
    """Print the result: one JSON object in ASCII, which any pipe carries, or words that cannot act on a terminal."""
    if as_json:
        click.echo(json.dumps(data))
    else:
        say(text)


def say(text: str) -> None:
    """Print words of a command's result; none of them can act on a terminal."""
    click.echo("\n".join(printable(line) for line in text.split("\n")))
