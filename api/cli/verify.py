"""``verify`` checks a bundle without a home. So it imports nothing that opens one: no database, no settings."""

from pathlib import Path

import click

from api.cli.output import emit, json_option
from api.cli.progress import stages
from config.errors import Term, UsageError


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
@click.option(
    "--seal", "seal_sha256", metavar="SHA256", help="The fingerprint of the seal's certificate; the letter prints it."
)
@click.option(
    "--against",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="A bundle or checkpoint of the same log that you hold.",
)
@click.option("--pages", is_flag=True, help="Make the report as PDF again however long it is, and compare.")
@json_option
def verify(
    file: Path,
    trust: tuple[Path, ...],
    log_vkey: str | None,
    seal_sha256: str | None,
    against: Path | None,
    pages: bool,
    as_json: bool,
) -> int:
    """Check the bundle FILE offline, and print every check; the exit code is the verdict.

    Roots never come from the bundle: without --trust, the verdict is INDETERMINATE at best. Give
    every root that the letter names. The report as PDF is made again, and compared byte by byte, where the
    bundle has at most 100 items, or with --pages.
    """
    from api.office.verify import remaking, verify_bundle
    from casefiles.errors import TrustError
    from casefiles.verifier.__main__ import load_held, load_roots
    from casefiles.verifier.cades import parse_fingerprint
    from casefiles.verifier.report import EXIT_CODES, as_text
    from casefiles.verifier.report import as_json as as_data
    from evidence.errors import NoteError
    from evidence.log.note import VerifierKey

    try:
        roots = load_roots(trust)
        pin = None if seal_sha256 is None else parse_fingerprint(seal_sha256)
        held = None if against is None else load_held(against)
    except TrustError as error:
        raise UsageError("usage.refused", cause=error) from error
    try:
        key = None if log_vkey is None else VerifierKey.parse(log_vkey)
    except NoteError as error:
        raise UsageError("usage.not_a_log_key", cause=error) from error
    with file.open("rb") as bundle, stages() as staged:
        checking = staged(Term("progress.checking"), Term("unit.checks"))
        again = remaking(asked=pages)
        report = verify_bundle(
            bundle, roots=roots, log_key=key, seal_pin=pin, held=held, pages=again, progress=checking
        )
    emit(as_data(report), as_json=as_json, text=as_text(report).rstrip("\n"))
    return EXIT_CODES[report.verdict]
