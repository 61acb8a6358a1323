"""The verifier as a program of its own: ``python -m casefiles.verifier FILE --trust ROOT.pem``.

Also packed as one file (a zipapp of this package's imports), which needs Python,
cryptography and asn1crypto, and no home, network or account.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from casefiles.errors import TrustError, VerificationError
from casefiles.verifier.cades import parse_fingerprint
from casefiles.verifier.checks import verify
from casefiles.verifier.held import HeldFile, read_held
from casefiles.verifier.report import EXIT_CODES, USAGE, as_json, as_text
from config.errors import Explained
from evidence.errors import CertificateError, SignedDataError
from evidence.log.note import VerifierKey
from evidence.stamp.certificate import Certificate, read_pem


def load_roots(paths: Sequence[Path]) -> list[Certificate]:
    """The certificates that the verifier's program is told to trust, in these PEM files.

    Raises:
        TrustError: A file cannot be read, holds no certificate, or is a bundle.
    """
    roots: list[Certificate] = []
    for path in paths:
        try:
            data = path.read_bytes()
            if data.startswith(b"PK"):
                raise TrustError("trust.bundle_given", where=path.name)
            roots += read_pem(data)
        except (OSError, SignedDataError, CertificateError) as error:
            raise TrustError("trust.not_pem", where=path.name) from error
    return roots


def load_held(path: Path) -> HeldFile:
    """What somebody holds of a log, as the verifier's program is told to compare it.

    Raises:
        TrustError: The file cannot be read, or is neither a bundle nor a checkpoint.
    """
    try:
        return read_held(path.read_bytes())
    except (OSError, VerificationError) as error:
        raise TrustError("trust.nothing_to_compare", where=path.name) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """The verifier's program: verify one bundle, and exit with 0 passed, 1 failed, 2 usage, 3 indeterminate."""
    parser = argparse.ArgumentParser(prog="verifier", description="Checks a NisiSama bundle offline.")
    parser.add_argument("file", type=Path, help="the bundle, FILE.asice")
    parser.add_argument("--trust", type=Path, action="append", default=[], metavar="ROOT.pem", help="a root you trust")
    parser.add_argument("--log", metavar="VKEY", help="the log's verifier key, if you were given it")
    parser.add_argument("--seal", metavar="SHA256", help="the fingerprint of the seal's certificate, from the letter")
    parser.add_argument("--against", type=Path, metavar="FILE", help="a bundle or checkpoint of the same log")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    options = parser.parse_args(arguments)
    try:
        roots = load_roots(options.trust)
        key = None if options.log is None else VerifierKey.parse(options.log)
        pin = None if options.seal is None else parse_fingerprint(options.seal)
        held = None if options.against is None else load_held(options.against)
        report = verify(options.file, roots=roots, log_key=key, seal_pin=pin, held=held)
    except Explained as error:
        sys.stderr.write(f"{error}\n")
        return USAGE
    sys.stdout.write(json.dumps(as_json(report), ensure_ascii=False) + "\n" if options.json else as_text(report))
    return EXIT_CODES[report.verdict]


if __name__ == "__main__":
    sys.exit(main())
