"""Keys of recipients, as they would send them, and what their own programs make of a release."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
RecipientSecret = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def certified(
    secret: RecipientSecret,
    *,
    begins: datetime = NOW - timedelta(days=30),
    days: int = 90,
    issuer: bool = False,
    usage: str | None = None,
) -> x509.Certificate:
    """A certificate that somebody made for their own key.

    Args:
        usage: The one use that it names; None names none.
    """
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Prosecutor of example.org")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(7)
    made = made.public_key(secret.public_key())
    made = made.not_valid_before(begins).not_valid_after(begins + timedelta(days=days))
    if issuer:
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    if usage is not None:
        uses = dict.fromkeys(
            (
                "digital_signature",
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "key_cert_sign",
                "crl_sign",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        made = made.add_extension(x509.KeyUsage(**{**uses, usage: True}), critical=True)
    return made.sign(secret, SHA256())


def pem(certificate: x509.Certificate) -> bytes:
    """A certificate as people send it."""
    return certificate.public_bytes(Encoding.PEM)


def opened_by_openssl(sealed: Path, certificate: x509.Certificate, secret: RecipientSecret, folder: Path) -> bytes:
    """What OpenSSL reads in a CMS file."""
    cert, key, out = folder / "recipient.pem", folder / "recipient.key", folder / "opened"
    cert.write_bytes(pem(certificate))
    key.write_bytes(secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    command = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", sealed, "-recip", cert, "-inkey", key]
    subprocess.run([*command, "-out", out], check=True, capture_output=True)
    return out.read_bytes()


def opened_by_age(sealed: Path, secret: str, folder: Path) -> bytes:
    """What ``age`` reads in its file."""
    key = folder / "age.key"
    key.write_text(f"{secret}\n")
    return subprocess.run(["age", "--decrypt", "-i", key, sealed], check=True, capture_output=True).stdout


def opened_by_7z(archive: Path, passphrase: str, folder: Path) -> dict[str, bytes]:
    """What 7-Zip reads in an archive, by name; nothing if the passphrase is wrong."""
    out = folder / "unpacked"
    command = ["7z", "x", f"-p{passphrase}", "-y", f"-o{out}", archive]
    done = subprocess.run(command, check=False, capture_output=True)
    if done.returncode:
        return {}
    return {each.name: each.read_bytes() for each in sorted(out.iterdir())}
