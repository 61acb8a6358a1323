"""Chains: every way in which a certificate may fail to lead to a root, then those that do."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import CertificateError
from evidence.stamp.certificate import Certificate, certificate_of
from evidence.stamp.chain import MAX_CERTIFICATES, MAX_PATH, chain_to_root
from tests.evidence.stamp.forge import DAY, NOW, Holder, Plan, altered, authority, named, signed_with_sha1

ROOT = authority("Root")
MIDDLE = authority("Middle", issuer=ROOT)
LEAF = Plan("Leaf", issuer=MIDDLE).make()
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.99"), b"\x05\x00")
SUBJECT_KEY, KEY_USAGE = bytes.fromhex("0603551d0e"), bytes.fromhex("0603551d0f")
ECDSA_SHA256, ECDSA_UNKNOWN = bytes.fromhex("2a8648ce3d040302"), bytes.fromhex("2a8648ce3d04037f")
ONLY_OTHERS = x509.NameConstraints([x509.DirectoryName(named("Others"))], None)


def chain(leaf: Holder, *others: Holder, root: Holder = ROOT, at: object = NOW) -> list[Certificate]:
    return chain_to_root(
        certificate=leaf.certificate, others=[one.certificate for one in others], roots=[root.certificate], at=at
    )


def below(middle: Holder, **knobs: object) -> tuple[Holder, Holder]:
    return Plan("Leaf", issuer=middle, **knobs).make(), middle


def through(**knobs: object) -> tuple[Holder, Holder]:
    return below(authority("Middle", issuer=ROOT, **knobs))


def impostor(of: Holder) -> Holder:
    """A certificate with the names of another and a key of its own."""
    return authority("Root") if of is ROOT else authority("Middle", issuer_name="Root")


FAULTS = {
    "a root that nobody gave": ((Plan("Leaf", issuer=authority("Other root")).make(),), "trusted root"),
    "a root made by the forger under the same name": (below(impostor(ROOT)), "not signed by its issuer"),
    "an issuer made by the forger under the same name": ((LEAF, impostor(MIDDLE)), "not signed by its issuer"),
    "no way to the issuer": ((LEAF,), "trusted root"),
    "a leaf not yet valid": (below(MIDDLE, not_before=NOW + DAY), "not valid"),
    "a leaf that has expired": (below(MIDDLE, not_after=NOW - DAY), "not valid"),
    "an issuer that has expired": (through(not_after=NOW - DAY), "not valid"),
    "an issuer that is no authority": (through(ca=False), "CA:TRUE"),
    "an issuer that may not sign certificates": (through(cert_sign=False), "keyCertSign"),
    "an issuer without basic constraints": (through(ca=None), "basic constraints"),
    "an issuer without key usage": (through(cert_sign=None), "key usage"),
    "a critical extension that is not known, in the leaf": (below(MIDDLE, extra=((UNKNOWN, True),)), "critical"),
    "a critical extension that is not known, in an issuer": (through(extra=((UNKNOWN, True),)), "critical"),
    "a name that its issuer may not name": (through(extra=((ONLY_OTHERS, True),)), "may not name"),
    "an extension twice": ((altered(LEAF, SUBJECT_KEY, KEY_USAGE), MIDDLE), "malformed"),
    "a signature algorithm that is not known": ((altered(LEAF, ECDSA_SHA256, ECDSA_UNKNOWN), MIDDLE), "not accepted"),
    "a certificate signed with SHA-1": ((signed_with_sha1(LEAF, MIDDLE), MIDDLE), "not accepted"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_chain_is_refused_with(fault: str) -> None:
    holders, why = FAULTS[fault]
    with pytest.raises(CertificateError, match=why):
        chain(*holders)


def test_a_chain_runs_from_the_leaf_to_the_root() -> None:
    assert chain(LEAF, MIDDLE) == [
        certificate_of(LEAF.certificate),
        certificate_of(MIDDLE.certificate),
        certificate_of(ROOT.certificate),
    ]


def test_an_unknown_extension_that_is_not_critical_is_passed_over() -> None:
    assert len(chain(*through(extra=((UNKNOWN, False),)))) == 3


def test_a_certificate_that_is_itself_a_root_is_a_chain_of_one() -> None:
    alone = Plan("Alone").make()
    assert chain(alone, root=alone) == [certificate_of(alone.certificate)]


def test_a_root_is_this_certificate_and_no_other_with_its_name_and_key() -> None:
    again = authority("Root", key=ROOT.key, not_after=NOW + 60 * DAY)
    assert chain(LEAF, MIDDLE, root=again)[-1] == certificate_of(again.certificate)
    with pytest.raises(CertificateError):
        # the twin is offered by the file, and another root is trusted
        chain(LEAF, MIDDLE, again, root=authority("Root"))


def test_a_root_must_be_valid_too() -> None:
    old = authority("Old root", not_after=NOW - DAY)
    with pytest.raises(CertificateError, match="not valid"):
        chain(Plan("Leaf", issuer=old).make(), root=old)
    with pytest.raises(CertificateError, match="not valid"):
        chain(old, root=old)


def test_validity_holds_at_both_ends_and_not_a_second_beyond() -> None:
    second = timedelta(seconds=1)
    for at in (LEAF.certificate.not_valid_before_utc, LEAF.certificate.not_valid_after_utc):
        chain(LEAF, MIDDLE, at=at)
    for at in (
        LEAF.certificate.not_valid_before_utc - second,
        LEAF.certificate.not_valid_after_utc + timedelta(microseconds=1),
    ):
        with pytest.raises(CertificateError, match="not valid"):
            chain(LEAF, MIDDLE, at=at)


def test_path_length_counts_the_authorities_below() -> None:
    for allowed, ok in ((0, False), (1, True), (None, True)):
        root = authority("Root", path_length=allowed)
        middle = authority("Middle", issuer=root)
        leaf = Plan("Leaf", issuer=middle).make()
        if ok:
            assert len(chain(leaf, middle, root=root)) == 3
        else:
            with pytest.raises(CertificateError, match="too long"):
                chain(leaf, middle, root=root)


def test_an_authority_that_renewed_itself_does_not_count_towards_path_length() -> None:
    root = authority("Root", path_length=1)
    first = authority("Middle", issuer=root)
    renewed = Plan("Middle", issuer=first, ca=True, cert_sign=True).make()  # same name: self-issued
    leaf = Plan("Leaf", issuer=renewed).make()
    assert len(chain(leaf, renewed, first, root=root)) == 4


def lineage(length: int) -> list[Holder]:
    """Root, authorities and leaf: ``length`` certificates."""
    made = [authority("A0")]
    for at in range(1, length):
        made.append(Plan(f"A{at}", issuer=made[-1], ca=True, cert_sign=True).make())
    return made


def test_the_longest_chain_is_bounded() -> None:
    made = lineage(MAX_PATH + 1)
    root, *rest = made
    assert len(chain(*reversed(rest[:-1]), root=root)) == MAX_PATH
    with pytest.raises(CertificateError):
        chain(*reversed(rest), root=root)


def test_too_many_hints_are_refused() -> None:
    with pytest.raises(CertificateError, match="too many"):
        chain(LEAF, *[MIDDLE] * (MAX_CERTIFICATES + 1))


def test_hostile_cross_signing_ends_soon() -> None:
    # thirty authorities of one name and one key, each the possible issuer of all: without a
    # record of what was seen, seven levels would be thirty to the power of seven
    key = ec.generate_private_key(ec.SECP256R1())
    seed = Holder(key, authority("Loop", key=key).certificate)
    loops = [Plan("Loop", issuer=seed, key=key, ca=True, cert_sign=True).make() for _ in range(30)]
    with pytest.raises(CertificateError):
        chain(Plan("Leaf", issuer=seed).make(), *loops)


def test_of_two_issuers_the_good_one_is_found() -> None:
    # cross-certificates are usual: the same authority below an unknown and below a known root
    unknown = authority("Elsewhere")
    crossed = authority("Middle", issuer=unknown, key=MIDDLE.key)
    expired = authority("Middle", issuer=ROOT, key=MIDDLE.key, not_after=NOW - DAY)
    assert chain(LEAF, crossed, expired, MIDDLE)[1] == certificate_of(MIDDLE.certificate)


NOISE = [authority(f"Noise {at}") for at in range(3)]


@given(st.permutations([MIDDLE, *NOISE, LEAF, ROOT]))
@settings(max_examples=30)
def test_the_order_of_the_hints_does_not_matter(hints: list[Holder]) -> None:
    assert chain(LEAF, *hints) == [
        certificate_of(LEAF.certificate),
        certificate_of(MIDDLE.certificate),
        certificate_of(ROOT.certificate),
    ]
