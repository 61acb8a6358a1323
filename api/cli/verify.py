"""``verify``: a bundle, offline, without a home."""

from pathlib import Path

import click

from api.cli.common import emit, json_option


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--trust",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="PEM",
    help="A root that you trust; may be given several times.",
)
@click.option("--log", "log_vkey", metavar="VKEY", help="The log's key; the letter prints it.")
@click.option("--seal", "seal_sha256", metavar="SHA256", help="The fingerprint of the seal; the letter prints it.")
@json_option
def verify(file: Path, trust: tuple[Path, ...], log_vkey: str | None, seal_sha256: str | None, as_json: bool) -> int:
    """Check a bundle.

    Roots never come from the bundle: without --trust it is INDETERMINATE at best. Give every root
    that the letter names.
    """
    from casefiles.errors import TrustError
    from casefiles.verifier.__main__ import load_roots
    from casefiles.verifier.cades import parse_fingerprint
    from casefiles.verifier.checks import verify as examine
    from casefiles.verifier.report import EXIT_CODES, as_text
    from casefiles.verifier.report import as_json as as_data
    from evidence.errors import NoteError
    from evidence.log.note import VerifierKey

    try:
        roots = load_roots(trust)
        pin = None if seal_sha256 is None else parse_fingerprint(seal_sha256)
    except TrustError as error:
        raise click.UsageError(str(error)) from error
    try:
        key = None if log_vkey is None else VerifierKey.parse(log_vkey)
    except NoteError as error:
        raise click.UsageError(f"--log: {error}. Copy the log's key from the covering letter") from error
    report = examine(file, roots=roots, log_key=key, seal_pin=pin)
    emit(as_data(report), as_json=as_json, text=as_text(report).rstrip("\n"))
    return EXIT_CODES[report.verdict]
