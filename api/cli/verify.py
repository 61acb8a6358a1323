"""``verify``: a bundle, offline, without a home."""

from pathlib import Path

import click

from api.cli.common import emit, json_option


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--trust", multiple=True, type=click.Path(path_type=Path), metavar="PEM", help="A root that you trust.")
@click.option("--log", "log_vkey", metavar="VKEY", help="The log's verifier key, if you were given it.")
@json_option
def verify(file: Path, trust: tuple[Path, ...], log_vkey: str | None, as_json: bool) -> int:
    """Check a bundle. Roots never come from the bundle: without --trust it is INDETERMINATE at best."""
    from casefiles.verifier.__main__ import load_roots
    from casefiles.verifier.checks import verify as examine
    from casefiles.verifier.report import EXIT_CODES, as_text
    from casefiles.verifier.report import as_json as as_data
    from evidence.log.note import VerifierKey

    report = examine(file, roots=load_roots(trust), log_key=VerifierKey.parse(log_vkey) if log_vkey else None)
    emit(as_data(report), as_json=as_json, text=as_text(report).rstrip("\n"))
    return EXIT_CODES[report.verdict]
