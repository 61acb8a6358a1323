"""``demo``: the whole way, with harmless generated pictures."""

import shlex
from pathlib import Path

import click

from api.cli.output import emit, json_option


@click.command()
@click.option(
    "--keep", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
    help="Keep everything in this new folder; otherwise keep only bundle, letter and roots, in ./nisisama-demo.",
)  # fmt: skip
@json_option
def demo(keep: Path | None, as_json: bool) -> int:
    """Rehearse everything: a home, an export, a case, a signed bundle and its verification; --keep keeps all of it.

    This touches nothing real. It generates pictures and texts, and marks everything as rehearsal.
    This machine stamps the time itself, which proves nothing.
    """
    from api.errors import VERDICT_CODES
    from api.office.rehearsal import run_demo

    done = run_demo(keep, tell=lambda line: None if as_json else click.echo(line))
    letters = ", ".join(str(file) for file in (done.letter_pdf, done.letter) if file)
    trust = " ".join(f"--trust {shlex.quote(str(file))}" for file in done.trust)
    emit(
        {
            "bundle": str(done.bundle),
            "letter": str(done.letter),
            "letter_pdf": str(done.letter_pdf) if done.letter_pdf else None,
            "trust": [str(file) for file in done.trust],
            "verdict": done.verdict.value,
            "messages": done.counts.messages,
            "media": done.counts.media,
            "home": str(done.home) if done.home else None,
        },
        as_json=as_json,
        text=f"\nBundle: {done.bundle}\nLetter: {letters}\n\nCheck it without this program:\n"
        f"  unzip -q {shlex.quote(str(done.bundle))} -d bundle\n  bash bundle/verify.sh {trust}\n"
        "\nThen read its report: bundle/data/report.en.pdf",
    )
    return VERDICT_CODES[done.verdict]
