"""The one list of algorithms: what is on it verifies, what is not is refused, and ``verify.sh`` has the same."""

import re
from pathlib import Path

import pytest
from asn1crypto import algos
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from evidence.errors import SignedDataError
from evidence.stamp.algorithms import (
    DIGESTS,
    MIN_EC_BITS,
    MIN_RSA_BITS,
    SignatureAlgorithm,
    read_algorithm,
    verify_signature,
)
from tests.contracts.tree import ROOT
from tests.evidence.stamp.forge import Key, rsa_key

SHA256, SHA384, SHA512 = DIGESTS
SCRIPT = (Path(ROOT) / "casefiles" / "verifier" / "verify.sh").read_text(encoding="ascii")


def public(key: Key) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def named(name: str, parameters: object = None) -> SignatureAlgorithm:
    fields = {"algorithm": name} if parameters is None else {"algorithm": name, "parameters": parameters}
    return read_algorithm(algos.SignedDigestAlgorithm(fields))


def test_each_scheme_takes_its_own_signature_and_no_other() -> None:
    curve, edwards = ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()
    made = {
        "sha256_rsa": (public(rsa_key()), rsa_key().sign(b"data", padding.PKCS1v15(), hashes.SHA256())),
        "sha384_ecdsa": (public(curve), curve.sign(b"data", ec.ECDSA(hashes.SHA384()))),
        "ed25519": (public(edwards), edwards.sign(b"data")),
    }
    assert len(made) == 3
    for name, (key, signature) in made.items():
        verify_signature(key=key, algorithm=named(name), signature=signature, signed=b"data")
        with pytest.raises(SignedDataError, match="wrong"):
            verify_signature(key=key, algorithm=named(name), signature=signature, signed=b"other")
        for other in made.keys() - {name}:
            with pytest.raises(SignedDataError, match="do not fit"):
                verify_signature(key=key, algorithm=named(other), signature=signature, signed=b"data")


@pytest.mark.parametrize("name", ["md5_rsa", "sha1_rsa", "sha224_rsa", "sha1_ecdsa", "sha256_dsa", "sha3_256_ecdsa"])
def test_what_is_not_on_the_list_is_refused(name: str) -> None:
    with pytest.raises(SignedDataError, match="not accepted"):
        named(name)


def test_an_algorithm_must_be_of_the_digest_that_goes_with_it() -> None:
    plain = algos.SignedDigestAlgorithm({"algorithm": "rsassa_pkcs1v15"})
    assert read_algorithm(plain, digest_oid=SHA384).digest.name == "sha384"
    with pytest.raises(SignedDataError):
        read_algorithm(plain)
    with pytest.raises(SignedDataError, match="do not fit"):
        read_algorithm(algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}), digest_oid=SHA512)


@pytest.mark.parametrize("bits", [1024, 1536])
def test_a_short_key_is_refused(bits: int) -> None:
    signature = rsa_key(bits).sign(b"data", padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(SignedDataError, match="do not fit"):
        verify_signature(key=public(rsa_key(bits)), algorithm=named("sha256_rsa"), signature=signature, signed=b"data")


def test_what_is_no_key_is_refused() -> None:
    with pytest.raises(SignedDataError, match="cannot be read"):
        verify_signature(key=b"\x30\x00", algorithm=named("ed25519"), signature=b"", signed=b"")


def test_the_script_has_the_same_list() -> None:
    assert f"readonly MIN_RSA_BITS={MIN_RSA_BITS} MIN_EC_BITS={MIN_EC_BITS}" in SCRIPT
    found = dict(re.findall(r"""^readonly (PSS|SIGNERS|SCHEMES)=['"](.*)['"]$""", SCRIPT, re.MULTILINE))
    signers, schemes = (
        re.compile(found[name].replace("$PSS", found["PSS"]).replace("\\$", "$")) for name in ("SIGNERS", "SCHEMES")
    )
    ours = {name: hashes_of(name) for name in ("sha256", "sha384", "sha512")}
    for digest, oid in ours.items():
        scheme = f"ecdsa-with-{digest.upper()}"
        assert read_algorithm(algos.SignedDigestAlgorithm({"algorithm": f"{digest}_ecdsa"})).digest_oid == oid
        for name in (scheme, f"{digest}WithRSAEncryption"):
            assert schemes.match(name)
            assert {own for own in ours if signers.match(f"{own} {name}")} == {digest}
    assert not any(schemes.match(f"{name}WithRSAEncryption") for name in ("md5", "sha1", "sha224"))
    assert {own for own in ours if signers.match(f"{own} ED25519")} == {"sha512"}
    for salt, taken in (("", True), (" 2 00", True), (" 2 40", True), (" 2 41", False), (" 2 0100", False)):
        assert bool(schemes.match(f"rsassaPss 0 sha256 1 mgf1 sha256{salt}")) is taken


def hashes_of(name: str) -> str:
    return next(oid for oid, digest in DIGESTS.items() if digest.name == name)
