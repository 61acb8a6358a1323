"""The same contents make the same members."""

from cryptography.hazmat.primitives import serialization

from casefiles.bundle.members import make_payload
from tests.casefiles import forge


def test_the_same_contents_make_the_same_payload() -> None:
    one, other = (make_payload(forge.small_contents()).members for _ in range(2))
    assert one == other
    reordered = forge.changed(forge.small_contents(), entries=forge.small_contents().entries[::-1])
    assert make_payload(reordered).members == one


def test_certificates_that_were_given_lie_in_the_bundle() -> None:
    pem = forge.sealer().certificate.public_bytes(serialization.Encoding.PEM)
    contents = forge.changed(forge.small_contents(), certificates=(("seal", pem),))
    assert make_payload(contents).members["data/certs/seal.pem"] == pem
