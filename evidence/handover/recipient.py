"""The key that a recipient of media gives: of age, or an X.509 certificate; or none, for an archive.

A key is judged at the time of the act: one that has ended, or that is not for sealing, is refused.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from evidence.canonical import sha256_hex
from evidence.errors import ReleaseError
from evidence.seal.recipients import KeyRecipient, parse_recipient
from evidence.stamp.certificate import fingerprint
from evidence.times import format_time

LEAST_RSA_BITS = 2048
MOST_KEY_BYTES = 65_536
"""A certificate or a recipient of age has some thousand bytes."""
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_SECRET = re.compile(rb"AGE-SECRET-KEY-|PRIVATE KEY-----", re.IGNORECASE)
_PEM = "-----BEGIN CERTIFICATE-----"


class HandoverForm(StrEnum):
    """The form in which media are handed over."""

    AGE = "age"
    CMS = "cms"
    ZIP = "zip"


@dataclass(frozen=True, slots=True)
class RecipientKey:
    """To whose key media are sealed.

    Attributes:
        text: As an order of the log has it: ``age1...``, or a certificate in PEM; empty for an archive.
        sha256: By which people compare it: of a certificate its fingerprint, of a recipient of age that of its text;
            None for an archive.
        ends: When a certificate ends, as values of the log are written.
    """

    form: HandoverForm
    text: str = ""
    sha256: str | None = None
    ends: str | None = None

    def age(self) -> KeyRecipient:
        """The recipient of age."""
        return parse_recipient(self.text)

    def certificate(self) -> x509.Certificate:
        """The certificate."""
        return x509.load_pem_x509_certificate(self.text.encode("ascii"))


ARCHIVE = RecipientKey(HandoverForm.ZIP)
"""Of somebody who has no key: a passphrase that is told."""


def read_recipient_key(data: bytes) -> RecipientKey:
    """The key in a file that a recipient sent.

    Raises:
        ReleaseError: It is none, has several, or is a secret one, which nobody must send.
        KeyTextError: A recipient of age is mistyped.
    """
    if len(data) > MOST_KEY_BYTES:
        raise ReleaseError("release.no_key")
    if _SECRET.search(data):
        raise ReleaseError("release.secret_key")
    text = data.decode("ascii", errors="replace").strip().lstrip("\ufffd")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if _PEM in text:
        return _of_certificate(text)
    if not lines or not all(line.lower().startswith("age1") for line in lines):
        return _of_der(data)
    if len(lines) > 1:
        raise ReleaseError("release.several_keys", found=len(lines))
    recipient = str(parse_recipient(lines[0]))
    return RecipientKey(HandoverForm.AGE, recipient, sha256_hex(recipient.encode("ascii")))


def require_usable(key: RecipientKey, *, now: datetime) -> None:
    """Check that media may be sealed to a recipient's key today.

    Raises:
        ReleaseError: It has ended or has not begun, is an authority's own, is too weak, or is not for sealing.
        KeyTextError: A recipient of age is mistyped.
    """
    match key.form:
        case HandoverForm.AGE:
            key.age()
        case HandoverForm.CMS:
            _require_certificate(key.certificate(), now)
        case HandoverForm.ZIP:
            pass


def _of_certificate(text: str) -> RecipientKey:
    try:
        found = x509.load_pem_x509_certificates(text.encode("ascii", errors="ignore"))
    except ValueError as error:
        raise ReleaseError("release.no_key") from error
    if len(found) != 1:
        raise ReleaseError("release.several_keys", found=len(found))
    return _key_of(found[0])


def _of_der(data: bytes) -> RecipientKey:
    try:
        return _key_of(x509.load_der_x509_certificate(data))
    except ValueError as error:
        raise ReleaseError("release.no_key") from error


def _key_of(certificate: x509.Certificate) -> RecipientKey:
    text = certificate.public_bytes(Encoding.PEM).decode("ascii")
    ends = format_time(certificate.not_valid_after_utc)
    return RecipientKey(HandoverForm.CMS, text, fingerprint(certificate), ends)


def _require_certificate(certificate: x509.Certificate, now: datetime) -> None:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now > ends:
        raise ReleaseError("release.key_ended", found=format_time(ends))
    if now < begins:
        raise ReleaseError("release.key_not_begun", found=format_time(begins))
    public = certificate.public_key()
    match public:
        case rsa.RSAPublicKey():
            if public.key_size < LEAST_RSA_BITS:
                raise ReleaseError("release.key_too_weak", found=public.key_size, least=LEAST_RSA_BITS)
        case ec.EllipticCurvePublicKey():
            if public.curve.name not in _CURVES:
                raise ReleaseError("release.key_of_no_use", found=public.curve.name)
        case _:
            raise ReleaseError("release.key_of_no_use", found=type(public).__name__)
    _require_purpose(certificate, by_agreement=isinstance(public, ec.EllipticCurvePublicKey))


def _require_purpose(certificate: x509.Certificate, *, by_agreement: bool) -> None:
    """Check that a certificate is a person's or an office's, for sealing to; not an issuer's, nor for signing alone."""
    extensions = {each.oid: each.value for each in certificate.extensions}
    basic = extensions.get(x509.BasicConstraints.oid)
    if isinstance(basic, x509.BasicConstraints) and basic.ca:
        raise ReleaseError("release.key_of_issuer")
    usage = extensions.get(x509.KeyUsage.oid)
    if isinstance(usage, x509.KeyUsage) and not (usage.key_agreement if by_agreement else usage.key_encipherment):
        raise ReleaseError("release.key_not_for_sealing")
