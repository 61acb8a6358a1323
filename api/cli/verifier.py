"""``verifier``: the page and the program that check bundles, to hand out."""

from pathlib import Path

import click

from api.cli.output import emit, json_option


@click.command()
@click.option(
    "--out",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write them; a file that exists is not replaced.",
)
@json_option
def verifier(out: Path, as_json: bool) -> None:
    """Write both verifiers to the folder --out: verifier.html for a browser, and verifier.pyz for Python.

    They are the same for everybody. The letter of a bundle prints their digests, so that whoever gets a
    verifier can compare it with paper.
    """
    from api.office.verifiers import write_verifiers

    page, program = write_verifiers(out)
    emit(
        {
            "page": str(page.file),
            "page_sha256": page.sha256,
            "program": str(program.file),
            "program_sha256": program.sha256,
        },
        as_json=as_json,
        text=f"Page: {page.file}\nSHA-256: {page.sha256}\nProgram: {program.file}\nSHA-256: {program.sha256}",
    )
