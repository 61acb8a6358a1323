"""Issues what an office makes for itself (RFC 5280): certificates for seal and rehearsed stamps, revocation lists.

Pure except for the serial number, which is random. This module does not say whom to trust for them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

_YEAR = timedelta(days=365.25)
_SLACK = timedelta(days=1)  # a clock may be a little behind, or step back
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs: a name and its key."""

    name: x509.Name
    key: ec.EllipticCurvePrivateKey

    def root(self, *, at: datetime, years: int, usage: tuple[str, ...]) -> x509.Certificate:
        """The issuer's own certificate, which allows no further issuer below it.

        Args:
            at: When it becomes valid, less a day's slack; aware.
            usage: Names from RFC 5280, 4.2.1.3, as Python spells them; other uses are denied.
        """
        return (
            self._builder(self.name, self.key.public_key(), at, years, usage)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self.key, hashes.SHA256())
        )

    def issue(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        *,
        at: datetime,
        years: int,
        usage: tuple[str, ...],
        purpose: x509.ObjectIdentifier | None = None,
    ) -> x509.Certificate:
        """A certificate for somebody who issues none.

        Args:
            purpose: The one thing that it is for, critical; None leaves it open.
        """
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = (
            self._builder(subject, key, at, years, usage)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(above, critical=False)
        )
        if purpose is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
        return builder.sign(self.key, hashes.SHA256())

    def revocation_list(self, *, at: datetime, until: datetime) -> bytes:
        """DER of a list in which nothing is revoked (RFC 5280, 5), signed by this issuer, whose usage has ``crl_sign``.

        Args:
            at: When it is made, less a day's slack; aware. Its number is this time.
            until: Its end, aware.
        """
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = (
            x509.CertificateRevocationListBuilder(issuer_name=self.name)
            .last_update(at - _SLACK)
            .next_update(until)
            .add_extension(above, critical=False)
            .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
        )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, at: datetime, years: int, usage: tuple[str, ...]
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder(subject_name=subject, issuer_name=self.name, public_key=key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(at - _SLACK)
            .not_valid_after(at + years * _YEAR)
            .add_extension(x509.KeyUsage(**{name: name in usage for name in _USAGES}), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )
