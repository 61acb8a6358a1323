"""``case renew`` and ``case countersign`` give a bundle a newer archive time stamp, the second one also a seal."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.common import actor_option, doer, emit_logged, open_home, passphrase_option, unlock
from api.cli.output import emit, json_option
from api.cli.progress import stages
from casefiles.report.lines import grouped
from config.errors import UsageError
from config.times import told_time

if TYPE_CHECKING:
    from api.office.renew import RenewedBundle
    from evidence.stamp.certificate import Certificate


out_option = click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.asice",
    help="Where to write the renewed bundle; the old file stays as it is.",
)
trust_option = click.option(
    "--trust",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="PEM",
    help="A root of another office's seal or time stamps; may be given several times.",
)


@click.command("renew")
@click.argument("bundle", metavar="BUNDLE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@out_option
@trust_option
@json_option
@click.pass_context
def renew_file(ctx: click.Context, bundle: Path, out: Path, trust: tuple[Path, ...], as_json: bool) -> None:
    """Add a newer time stamp to BUNDLE, of this office or of another, and write the result to --out.

    Do so every few years, before the certificate of the newest time stamp ends or its algorithms become weak. Nothing
    that is in the bundle changes. The bundle must hold to begin with. Nothing is logged.
    """
    from api.office.renew import renew
    from casefiles.bundle.destination import Destination

    roots, home = _roots(trust), open_home(ctx)
    with stages() as staged:
        done = renew(home, bundle, Destination(out), roots=roots, stages=staged)
    emit(_fields(done), as_json=as_json, text=_words(done))


@click.command("countersign")
@click.argument("bundle", metavar="BUNDLE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@out_option
@trust_option
@click.option("--reason", required=True, metavar="TEXT", help="Why; logged.")
@actor_option
@passphrase_option
@json_option
@click.pass_context
def countersign_file(
    ctx: click.Context,
    bundle: Path,
    out: Path,
    trust: tuple[Path, ...],
    reason: str,
    actor: str | None,
    passphrase_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """Add this office's seal, and a newer time stamp, to BUNDLE, which another office sent.

    The seal says that this office had the whole bundle by then, and nothing about its content. Nothing that is in the
    bundle changes, and the sender's seal remains the one that counts. The bundle must hold to begin with. The log keeps
    that this was done.
    """
    from api.home import SEAL_FILE, read_certificate
    from api.office.renew import countersign
    from casefiles.bundle.destination import Destination
    from evidence.stamp.certificate import fingerprint

    roots, home = _roots(trust), open_home(ctx)
    person = doer(actor, home.clock, reason=reason)
    casework = unlock(home, passphrase_file).casework
    done, unstamped = countersign(home, bundle, Destination(out), roots=roots, doer=person, casework=casework)
    own = fingerprint(read_certificate(home.path / SEAL_FILE))
    text = "\n".join([_words(done), "  certificate of the counter-seal:", *grouped(own)])
    emit_logged({**_fields(done), "seal_fingerprint": own}, unstamped, as_json=as_json, text=text)


def _roots(files: Sequence[Path]) -> "Sequence[Certificate]":
    from casefiles.errors import TrustError
    from casefiles.verifier.__main__ import load_roots

    try:
        return load_roots(files)
    except TrustError as error:
        raise UsageError("usage.refused", cause=error) from error


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
