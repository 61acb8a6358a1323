"""OpenSSL opens what is sealed to a certificate, of each kind of key and at each length of a length."""

from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from evidence.errors import EnvelopeError, ReleaseError
from evidence.handover.cms import seal_cms
from tests.recipients import RecipientSecret, certified, opened_by_openssl


@cache
def secret_of(kind: str) -> RecipientSecret:
    curves = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
    if kind == "RSA":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(curves[kind]())


@pytest.mark.parametrize("kind", ["RSA", "P-256", "P-384", "P-521"])
@pytest.mark.parametrize("size", [0, 127, 70_000])
def test_openssl_opens_what_is_sealed_to_a_certificate(kind: str, size: int, tmp_path: Path) -> None:
    secret, content = secret_of(kind), bytes(range(256)) * (size // 256 + 1)
    sealed = tmp_path / "sealed.p7m"
    pieces = [content[: size // 3], content[size // 3 : size]]
    certificate = certified(secret)
    sealed.write_bytes(b"".join(seal_cms(pieces, size=size, certificate=certificate)))
    assert opened_by_openssl(sealed, certificate, secret, tmp_path) == content[:size]


def test_openssl_refuses_one_that_was_changed(tmp_path: Path) -> None:
    secret = secret_of("P-256")
    certificate, sealed = certified(secret), tmp_path / "sealed.p7m"
    data = bytearray(b"".join(seal_cms([b"content"], size=7, certificate=certificate)))
    data[-20] ^= 1  # the last byte of the content; 16 of the tag and its two follow
    sealed.write_bytes(data)
    with pytest.raises(Exception, match="non-zero exit"):
        opened_by_openssl(sealed, certificate, secret, tmp_path)


@pytest.mark.parametrize("size", [6, 8])
def test_a_content_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(EnvelopeError, match="length of the content"):
        list(seal_cms([b"content"], size=size, certificate=certified(secret_of("P-256"))))


def test_nothing_is_sealed_to_a_key_for_signatures_alone() -> None:
    certificate = certified(dsa.generate_private_key(2048))  # type: ignore[arg-type] - of no use, as it should be
    with pytest.raises(ReleaseError, match="this kind"):
        list(seal_cms([], size=0, certificate=certificate))
