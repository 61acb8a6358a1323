"""Certificates that prove nothing, added to a seal until a limit is reached, change no verdict for the better."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from casefiles.bundle.sign import Sealer, make_seal
from evidence.finding import Verdict
from evidence.stamp.chain import MAX_CERTIFICATES
from tests.casefiles import forge

PADDING = MAX_CERTIFICATES - 1
"""As many as a seal can carry beside its own certificate."""


def authority_below(root: x509.Certificate, name: str) -> x509.Certificate:
    """What a receiver may trust beside a root: an authority that the root issued."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(root.subject)
    builder = builder.public_key(ec.generate_private_key(ec.SECP256R1()).public_key()).serial_number(1)
    builder = builder.not_valid_before(forge.BEFORE).not_valid_after(root.not_valid_after_utc)
    return builder.sign(forge.ROOT_KEYS[root], hashes.SHA256())


@pytest.mark.parametrize("authorities", [0, 1, 2])
def test_padding_does_not_hide_the_root_of_a_seal_from_whoever_trusts_authorities_too(
    tmp_path: Path, authorities: int
) -> None:
    root = forge.stamp_office().root
    mallory = forge.sealer_under(root)
    padding = tuple(make_seal(f"Padding {number}", forge.BEFORE)[0] for number in range(PADDING))
    bundle = forge.sealed_by(Sealer(mallory.certificate, mallory.key, padding))
    trust = [*forge.roots(), *(authority_below(root, f"Authority {number}") for number in range(authorities))]
    report = forge.checked(bundle, tmp_path, trust=trust)
    assert report.verdict is not Verdict.PASSED
    assert "seal.chain" in forge.undecided(report) | forge.failed(report)
