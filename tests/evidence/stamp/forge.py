"""Makes certificates and time-stamp tokens, good ones and ones with a chosen fault.

A second writer of the formats beside evidence/rehearsal: it can do what an honest office
never would. Only for tests.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from evidence.stamp.reading import Asn1

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
DATA = b"checkpoint\n"
SHA256 = hashlib.sha256(DATA).digest()
POLICY = "1.3.6.1.4.1.32473.7"
DAY = timedelta(days=1)
DIGESTS = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    # weak, or not on the list, on purpose
    "sha1": hashes.SHA1(),  # noqa: S303
    "sha224": hashes.SHA224(),
    "sha3_256": hashes.SHA3_256(),
}
TIME_STAMPING = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@dataclass(frozen=True)
class Holder:
    key: Key
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def asn1(self) -> Asn1:
        return asn1_x509.Certificate.load(self.der)


@dataclass(frozen=True)
class Plan:
    """A certificate to be; every field is a knob."""

    name: str
    issuer: Holder | None = None
    key: Key | None = None
    ca: bool | None = False
    path_length: int | None = None
    cert_sign: bool | None = False
    digital_signature: bool = True
    purposes: x509.ExtendedKeyUsage | None = None
    purposes_critical: bool = True
    extra: tuple[tuple[x509.ExtensionType, bool], ...] = ()
    usages: tuple[str, ...] = ()
    subject: x509.Name | None = None
    signed_with: str = "sha256"
    signed_pss: bool = False
    not_before: datetime = NOW - 30 * DAY
    not_after: datetime = NOW + 30 * DAY
    serial: int = 0
    issuer_name: str | None = None

    def make(self) -> Holder:
        key = self.key or ec.generate_private_key(ec.SECP256R1())
        issuer_name = self.issuer.certificate.subject if self.issuer else named(self.issuer_name or self.name)
        builder = x509.CertificateBuilder(
            subject_name=named(self.name) if self.subject is None else self.subject,
            issuer_name=issuer_name,
            public_key=key.public_key(),
            serial_number=self.serial or x509.random_serial_number(),
            not_valid_before=self.not_before,
            not_valid_after=self.not_after,
        )
        if self.ca is not None:
            builder = builder.add_extension(x509.BasicConstraints(self.ca, self.path_length), critical=True)
        if self.cert_sign is not None:
            builder = builder.add_extension(
                usage(*self.usages, digital_signature=self.digital_signature, cert_sign=self.cert_sign), critical=True
            )
        if self.purposes:
            builder = builder.add_extension(self.purposes, critical=self.purposes_critical)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        for extension, critical in self.extra:
            builder = builder.add_extension(extension, critical=critical)
        signing_key = self.issuer.key if self.issuer else key
        digest = None if isinstance(signing_key, ed25519.Ed25519PrivateKey) else DIGESTS[self.signed_with]
        pss = padding.PSS(padding.MGF1(DIGESTS[self.signed_with]), 32) if self.signed_pss else None
        return Holder(key, builder.sign(signing_key, digest, rsa_padding=pss))


def named(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def usage(*more: str, digital_signature: bool, cert_sign: bool) -> x509.KeyUsage:
    names = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    agreed = [name in more for name in names]
    return x509.KeyUsage(digital_signature, *agreed, cert_sign, "crl_sign" in more, False, False)


def authority(name: str, **knobs: object) -> Holder:
    return Plan(name, **{"ca": True, "cert_sign": True, **knobs}).make()


def stamper(issuer: Holder, **knobs: object) -> Holder:
    return Plan("Stamper", issuer=issuer, **{"purposes": TIME_STAMPING, **knobs}).make()


def signed_with_sha1(holder: Holder, issuer: Holder) -> Holder:
    """The same certificate under a SHA-1 signature, which cryptography does not make any more."""
    weak = holder.asn1
    weak["signature_algorithm"] = {"algorithm": "sha1_ecdsa"}
    weak["tbs_certificate"]["signature"] = {"algorithm": "sha1_ecdsa"}
    digest = hashlib.sha1(weak["tbs_certificate"].dump()).digest()  # noqa: S324 - weak on purpose
    scheme = ec.ECDSA(utils.Prehashed(hashes.SHA1()))  # noqa: S303 - weak on purpose
    weak["signature_value"] = issuer.key.sign(digest, scheme)
    return Holder(holder.key, x509.load_der_x509_certificate(weak.dump()))


def altered(holder: Holder, old: bytes, new: bytes) -> Holder:
    """The certificate with other bytes in it, its signature left as it was."""
    assert old in holder.der
    return Holder(holder.key, x509.load_der_x509_certificate(holder.der.replace(old, new)))


@dataclass(frozen=True)
class Stamp:
    """A token to be; every field is a knob. ``der()`` makes it."""

    signer: Holder
    signing_key: Key | None = None
    certificates: tuple[Holder, ...] | None = None
    sha256: bytes = SHA256
    imprint: str = "sha256"
    gen_time: datetime | bytes = NOW
    nonce: int | None = None
    policy: str = POLICY
    tst_version: int = 1
    critical_extension: bool = False
    digest: str = "sha256"
    scheme: str | None = None
    pss_salt: int = 32
    pss_digest: str | None = None
    pss_mask_digest: str | None = None
    ess: Sequence[str] = ("v2",)
    ess_digest: str = "sha256"
    ess_of: Holder | None = None
    ess_issuer: bool = True
    key_identifier: bool = False
    content_type: str = "tst_info"
    version: str | None = None
    digest_algorithms: Sequence[str] | None = None
    signers: int = 1
    message_digest: bytes | None = None
    content_type_attribute: str | None = None
    extra_attributes: Sequence[dict[str, Any]] = ()
    without: Sequence[str] = ()
    unsigned: Sequence[dict[str, Any]] = field(default=())
    accuracy: dict[str, int] | None = None
    ordering: bool | None = None
    tsa: Asn1 = None
    extension: bool = False
    ess_chain: Sequence[Holder] = ()
    crls: bytes = b""

    def but(self, **knobs: object) -> "Stamp":
        return replace(self, **knobs)

    def content(self) -> bytes:
        info = {
            "version": self.tst_version,
            "policy": self.policy,
            "message_imprint": {"hash_algorithm": {"algorithm": self.imprint}, "hashed_message": self.sha256},
            "serial_number": 5,
            "gen_time": self.gen_time if isinstance(self.gen_time, datetime) else NOW,
        }
        if self.nonce is not None:
            info["nonce"] = self.nonce
        if self.accuracy is not None:
            info["accuracy"] = self.accuracy
        if self.ordering is not None:
            info["ordering"] = self.ordering
        if self.tsa is not None:
            info["tsa"] = self.tsa
        if self.extension:
            info["extensions"] = [{"extn_id": "1.3.6.1.4.1.32473.9", "extn_value": b"\x05\x00"}]
        if self.critical_extension:
            info["extensions"] = [{"extn_id": "1.3.6.1.4.1.32473.9", "critical": True, "extn_value": b"\x05\x00"}]
        whole = tsp.TSTInfo(info)
        if isinstance(self.gen_time, datetime):
            return whole.dump()
        whole.dump()
        spelled = bytes((0x18, len(self.gen_time))) + self.gen_time
        return sequence(whole.contents.replace(core.GeneralizedTime(NOW).dump(), spelled))

    def attributes(self, content: bytes) -> Asn1:
        digest = hashlib.new(self.digest, content).digest()
        rows = [
            {"type": "content_type", "values": [self.content_type_attribute or self.content_type]},
            {"type": "message_digest", "values": [self.message_digest or digest]},
            *(self.certificate_attribute(form) for form in self.ess),
            *self.extra_attributes,
        ]
        return cms.CMSAttributes([row for row in rows if row["type"] not in self.without])

    def certificate_attribute(self, form: str) -> dict[str, Any]:
        holder = self.ess_of or self.signer
        digest = self.ess_digest if form == "v2" else "sha1"
        identifier: dict[str, Any] = {"cert_hash": hashlib.new(digest, holder.der).digest()}
        if form == "v2":
            identifier["hash_algorithm"] = {"algorithm": digest}
        if self.ess_issuer:
            name = asn1_x509.GeneralName("directory_name", holder.asn1.issuer)
            identifier["issuer_serial"] = {"issuer": [name], "serial_number": holder.asn1.serial_number}
        kind = "signing_certificate_v2" if form == "v2" else "signing_certificate"
        above = [{"cert_hash": hashlib.new(digest, one.der).digest()} for one in self.ess_chain]
        return {"type": kind, "values": [{"certs": [identifier, *above]}]}

    def sign(self, data: bytes) -> tuple[Any, bytes]:
        key, digest = self.signing_key or self.signer.key, DIGESTS[self.digest]
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return {"algorithm": self.scheme or f"{self.digest}_ecdsa"}, key.sign(data, ec.ECDSA(digest))
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return {"algorithm": "ed25519"}, key.sign(data)
        if self.scheme == "rsassa_pss" and self.pss_salt < 0:  # without parameters, which it must have
            return {"algorithm": "rsassa_pss"}, b"x" * 256
        if self.scheme == "rsassa_pss":
            name = self.pss_digest or self.digest
            mask = self.pss_mask_digest or name
            parameters = algos.RSASSAPSSParams(
                {
                    "hash_algorithm": {"algorithm": name},
                    "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": mask}},
                    "salt_length": self.pss_salt,
                }
            )
            pss = padding.PSS(padding.MGF1(DIGESTS[mask]), self.pss_salt)
            return {"algorithm": "rsassa_pss", "parameters": parameters}, key.sign(data, pss, DIGESTS[name])
        return {"algorithm": self.scheme or "rsassa_pkcs1v15"}, key.sign(data, padding.PKCS1v15(), digest)

    def signer_info(self, content: bytes) -> Asn1:
        attributes = self.attributes(content)
        algorithm, signature = self.sign(attributes.dump())
        holder = self.signer.asn1
        sid = {"issuer": holder.issuer, "serial_number": holder.serial_number}
        fields = {
            "version": "v3" if self.key_identifier else "v1",
            "sid": cms.SignerIdentifier("subject_key_identifier", holder.key_identifier)
            if self.key_identifier
            else cms.SignerIdentifier("issuer_and_serial_number", sid),
            "digest_algorithm": {"algorithm": self.digest},
            "signed_attrs": attributes,
            "signature_algorithm": algorithm,
            "signature": signature,
        }
        if "signed_attrs" in self.without:
            del fields["signed_attrs"]
            fields["signature"] = self.sign(content)[1]
        if self.unsigned:
            fields["unsigned_attrs"] = cms.CMSAttributes(list(self.unsigned))
        return cms.SignerInfo(fields)

    def der(self, content: bytes | None = None, *, detached: bool = False) -> bytes:
        # put together by hand: asn1crypto would refuse to write the content of a damaged token
        content = self.content() if content is None else content
        version = self.version or ("v1" if self.content_type == "data" and not self.key_identifier else "v3")
        digests = [{"algorithm": name} for name in self.digest_algorithms or [self.digest]]
        certificates = (self.signer,) if self.certificates is None else self.certificates
        signers = cms.SignerInfos([self.signer_info(content) for _ in range(self.signers)])
        encapsulated = cms.ContentType(self.content_type).dump()
        if not detached:
            encapsulated += tlv(0xA0, tlv(0x04, content))
        parts = [
            cms.CMSVersion(version).dump(),
            cms.DigestAlgorithms(digests).dump(),
            tlv(0x30, encapsulated),
            tlv(0xA0, b"".join(sorted(holder.der for holder in certificates))) if certificates else b"",
            signers.dump(),
        ]
        return sequence(cms.ContentType("signed_data").dump(), tlv(0xA0, sequence(*parts)))


def granted(token: bytes, status: int = 0) -> bytes:
    return sequence(sequence(bytes((2, 1, status))), token)


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, b"".join(parts))


def tlv(tag: int, body: bytes) -> bytes:
    size = (len(body).bit_length() + 7) // 8
    length = bytes((len(body),)) if len(body) < 128 else bytes((0x80 | size,)) + len(body).to_bytes(size, "big")
    return bytes((tag,)) + length + body
