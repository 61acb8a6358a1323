"""What revocation lists say of the certificates of a bundle; those that break a rule are in tests/damaged/wrong.py."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from casefiles.verifier.revocation import Use, needed_lists, require_unrevoked
from evidence.finding import Finding, Verdict
from evidence.stamp.certificate import Certificate, certificate_of
from evidence.stamp.revocation import read_list
from tests.casefiles import forge
from tests.casefiles.forge import Listing
from tests.damaged.wrong import corpus

LATER = forge.START + timedelta(days=2)


def seal_root() -> x509.Certificate:
    return forge.sealer().chain[0]


def of_seal(*lists: Listing, folder: Path) -> Finding:
    """What is found of revocation where the seal has these lists."""
    bundle = forge.reseal(forge.good_members(), listed=[one.der() for one in lists])
    return {one.id: one for one in forge.checked(bundle, folder).findings}["seal.revocation"]


def test_the_lists_of_a_good_bundle_are_those_of_both_roots(tmp_path: Path) -> None:
    found = {one.id: one for one in forge.checked(forge.good_bundle(), tmp_path).findings}["seal.revocation"]
    assert (found.verdict, found.code, found.facts) == (Verdict.PASSED, "basis.unrevoked", {"lists": 2})


def test_a_bundle_without_lists_passes_and_names_what_it_has_none_for(tmp_path: Path) -> None:
    found = of_seal(folder=tmp_path)
    assert (found.verdict, found.code) == (Verdict.PASSED, "basis.unrevoked_but")
    assert "Test organisation, seal" in str(found.facts["names"])
    one = of_seal(Listing(forge.stamp_office().root), folder=tmp_path)
    assert one.facts == {"lists": 1, "names": "Test organisation, seal"}


def test_a_certificate_that_was_revoked_after_its_use_was_good_then(tmp_path: Path) -> None:
    seal = forge.sealer().certificate.serial_number
    unit = forge.stamp_office().certificate.serial_number
    compromised = Listing(seal_root(), revoked={seal: LATER}, reason=x509.ReasonFlags.key_compromise)
    retired = Listing(forge.stamp_office().root, revoked={unit: LATER}, reason=x509.ReasonFlags.superseded)
    found = of_seal(compromised, retired, folder=tmp_path)
    assert (found.verdict, found.facts) == (Verdict.PASSED, {"lists": 2})


def test_the_newer_of_two_lists_counts(tmp_path: Path) -> None:
    seal = forge.sealer().certificate.serial_number
    held = Listing(seal_root(), revoked={seal: forge.BEFORE}, reason=x509.ReasonFlags.certificate_hold)
    lifted = Listing(seal_root(), at=forge.START)
    assert of_seal(held, lifted, folder=tmp_path).verdict is Verdict.PASSED
    assert of_seal(held, folder=tmp_path).verdict is Verdict.FAILED


def test_a_list_has_a_use_for_whoever_trusts_a_certificate_below_its_issuer(tmp_path: Path) -> None:
    trust = [forge.sealer().certificate, forge.stamp_office().certificate]
    report = forge.checked(forge.good_bundle(), tmp_path, trust=trust)
    found = {one.id: one for one in report.findings}["seal.revocation"]
    assert (found.verdict, found.code) == (Verdict.PASSED, "basis.unrevoked")


def test_revocation_information_of_another_kind_is_refused_in_a_seal(tmp_path: Path) -> None:
    (case,) = [one for one in corpus() if one.name == "an answer of another kind"]
    report = forge.checked(case.make(), tmp_path)
    assert forge.failed(report) == {"seal.revocation"}
    assert {one.id: one.code for one in report.problems} == {"seal.revocation": "bundle_seal.other_revocation"}


def test_more_lists_than_are_read_are_no_seal(tmp_path: Path) -> None:
    many = [Listing(seal_root(), until=LATER + timedelta(days=day)).der() for day in range(65)]
    assert "seal.signature" in forge.failed(forge.checked(forge.reseal(forge.good_members(), listed=many), tmp_path))


def test_a_certificate_that_says_that_it_is_never_revoked_needs_no_list() -> None:
    root, key = seal_root(), ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder().subject_name(root.subject).issuer_name(root.subject).serial_number(5)
    builder = builder.public_key(key.public_key()).not_valid_before(forge.BEFORE).not_valid_after(LATER)
    said = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.56"), b"\x05\x00")
    never = builder.add_extension(said, critical=False).sign(forge.ROOT_KEYS[root], hashes.SHA256())
    plain = builder.sign(forge.ROOT_KEYS[root], hashes.SHA256())
    assert without(certificate_of(never)) == set()
    assert len(without(certificate_of(plain))) == 1


def without(certificate: Certificate) -> set[str]:
    use = Use((certificate, certificate_of(seal_root())), forge.START, stamped=False)
    return set(require_unrevoked((), [use], beside=(), archived_at=forge.START))


@pytest.mark.parametrize(
    ("listing", "taken"),
    [
        (Listing(seal_root()), True),
        (Listing(seal_root(), until=forge.START + timedelta(hours=1)), False),
        (Listing(seal_root(), at=LATER), False),
        (Listing(forge.stamp_office().root), False),
    ],
    ids=["right", "ended before the last use", "from the future", "of nobody here"],
)
def test_a_sender_takes_the_lists_that_tell_of_every_use(listing: Listing, *, taken: bool) -> None:
    chain = (certificate_of(forge.sealer().certificate), certificate_of(seal_root()))
    uses = [Use(chain, forge.START + timedelta(hours=hour), stamped=False) for hour in (2, 0)]
    found = read_list(listing.der())
    assert needed_lists([found], uses, made_by=forge.START + timedelta(hours=3)) == ({found} if taken else set())


def test_of_two_lists_a_sender_takes_the_newer() -> None:
    chain = (certificate_of(forge.sealer().certificate), certificate_of(seal_root()))
    older, newer = (read_list(Listing(seal_root(), at=forge.BEFORE + timedelta(days=day)).der()) for day in (1, 2))
    uses = [Use(chain, forge.START, stamped=False)]
    assert needed_lists([newer, older], uses, made_by=forge.START) == {newer}
