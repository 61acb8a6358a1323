"""``case renew``: a bundle gets a newer archive time stamp."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.common import emit, json_option, open_home
from api.cli.progress import stages
from casefiles.report.lines import grouped
from config.errors import UsageError
from config.times import told_time

if TYPE_CHECKING:
    from api.office.renew import RenewedBundle


@click.command("renew")
@click.argument("bundle", metavar="BUNDLE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.asice",
    help="Where to write the renewed bundle; the old file stays as it is.",
)
@click.option(
    "--trust",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="PEM",
    help="A root of another office's seal or time stamps; may be given several times.",
)
@json_option
@click.pass_context
def renew_file(ctx: click.Context, bundle: Path, out: Path, trust: tuple[Path, ...], as_json: bool) -> None:
    """Add a newer time stamp to a bundle, of this office or of another.

    Do so before the certificate of the newest time stamp ends, or its algorithms get weak: once in some years. Nothing
    that is in the bundle changes. The bundle must hold first. Nothing is logged.
    """
    from api.office.renew import renew
    from casefiles.bundle.destination import Destination
    from casefiles.errors import TrustError
    from casefiles.verifier.__main__ import load_roots

    try:
        roots = load_roots(trust)
    except TrustError as error:
        raise UsageError("usage.refused", cause=error) from error
    home = open_home(ctx)
    with stages() as staged:
        done = renew(home, bundle, Destination(out), roots=roots, stages=staged)
    emit(_fields(done), as_json=as_json, text=_words(done))


def _fields(done: "RenewedBundle") -> dict[str, Any]:
    from evidence.stamp.certificate import fingerprint

    return {
        "bundle": str(done.bundle),
        "sha256": done.sha256,
        "bytes": done.bytes,
        "renewals": done.renewals,
        "stamped_at": done.stamped_at,
        "office": done.office,
        "roots": [{"name": root.name, "sha256": fingerprint(root)} for root in done.roots],
        "verdict": str(done.verdict),
    }


def _words(done: "RenewedBundle") -> str:
    from casefiles.verifier.report import printable
    from evidence.stamp.certificate import fingerprint

    lines = [
        f"Renewed: {done.bundle} (time stamps added since it was sealed: {done.renewals})",
        f"SHA-256: {done.sha256}",
        f"Stamped by {told_time(done.stamped_at, up=True)}, by {printable(done.office)}",
        f"The verifier says: {done.verdict}",
        "",
        "Whoever gets this file needs the letter that came with the bundle, and on paper:",
    ]
    for root in done.roots:
        lines += [f"  root of the new time stamp: {printable(root.name)}", *grouped(fingerprint(root))]
    return "\n".join(lines)
