"""The key that a recipient sends is read in each form, and refused with words where nothing may be sealed to it."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from evidence.errors import KeyTextError, ReleaseError
from evidence.handover.recipient import ARCHIVE, HandoverForm, RecipientKey, read_recipient_key, require_usable
from evidence.seal.recipients import X25519Identity, generate_identity
from tests.recipients import NOW, certified, pem

SECRET = ec.generate_private_key(ec.SECP256R1())
CLASSICAL = X25519Identity(b"\x07" * 32)


def test_a_certificate_is_read_in_both_encodings() -> None:
    certificate = certified(SECRET)
    key = read_recipient_key(pem(certificate))
    assert (key.form, key.ends) == (HandoverForm.CMS, "2027-01-27T12:00:00.000Z")
    assert read_recipient_key(certificate.public_bytes(Encoding.DER)) == key
    assert key.certificate() == certificate
    require_usable(key, now=NOW)


@pytest.mark.parametrize("recipient", [CLASSICAL.recipient, generate_identity().recipient])
def test_a_recipient_of_age_is_read_with_the_words_around_it(recipient: object) -> None:
    key = read_recipient_key(f"# of the prosecutor\n\n{recipient}\n".encode())
    assert (key.form, key.text, key.ends) == (HandoverForm.AGE, str(recipient), None)
    require_usable(key, now=NOW)
    require_usable(ARCHIVE, now=NOW)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a key"),
        (b"hello", "not a key"),
        (b"\x30\x03\x02\x01\x00", "not a key"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "not a key"),
        (b"x" * 70_000, "not a key"),
        (CLASSICAL.secret_string().encode(), "secret key"),
        (SECRET.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), "secret key"),
        (pem(certified(SECRET)) * 2, "more than one"),
        (f"{CLASSICAL.recipient}\n{CLASSICAL.recipient}".encode(), "more than one"),
    ],
)
def test_what_is_no_key_of_one_recipient_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(ReleaseError, match=words):
        read_recipient_key(data)


def test_a_mistyped_recipient_of_age_is_refused() -> None:
    text = str(CLASSICAL.recipient)
    with pytest.raises(KeyTextError):
        read_recipient_key((text[:-1] + ("q" if text[-1] != "q" else "p")).encode())


def of(secret: object, **made: object) -> RecipientKey:
    return read_recipient_key(pem(certified(secret, **made)))  # type: ignore[arg-type] - some are of no use


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (of(SECRET, days=29), "has expired"),
        (of(SECRET, begins=NOW + timedelta(days=1)), "not valid yet"),
        (of(SECRET, issuer=True), "belongs to an issuer"),
        (of(SECRET, usage="digital_signature"), "for signing"),
        (of(rsa.generate_private_key(65537, 2048), usage="key_agreement"), "for signing"),
        (of(rsa.generate_private_key(65537, 1024)), "too short"),  # noqa: S505 - it is refused
        (of(ec.generate_private_key(ec.SECP256K1())), "this kind"),
    ],
)
def test_a_certificate_to_which_nothing_may_be_sealed_is_refused(key: RecipientKey, words: str) -> None:
    with pytest.raises(ReleaseError, match=words):
        require_usable(key, now=NOW)


def test_a_certificate_for_its_purpose_is_taken() -> None:
    require_usable(of(SECRET, usage="key_agreement"), now=NOW)
    require_usable(of(rsa.generate_private_key(65537, 2048), usage="key_encipherment"), now=NOW)


def test_a_key_for_signatures_alone_is_refused() -> None:
    secret = ed25519.Ed25519PrivateKey.generate()
    with pytest.raises(ReleaseError, match="this kind"):
        require_usable(signed_by_itself(secret), now=NOW)


def signed_by_itself(secret: ed25519.Ed25519PrivateKey) -> RecipientKey:
    name = x509.Name([])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(7)
    made = made.public_key(secret.public_key())
    made = made.not_valid_before(NOW - timedelta(days=1)).not_valid_after(NOW + timedelta(days=1))
    return read_recipient_key(pem(made.sign(secret, None)))
