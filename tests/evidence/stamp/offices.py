"""Time-stamp offices of every kind: those that RFC 3161, 5816 and 5280 allow, and those that they forbid.

Each makes one token over ``forge.DATA`` at ``forge.NOW``, with the roots that a receiver has. Two verifiers
that we wrote, in Python and in bash, must agree on each.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from asn1crypto import algos, cms, core
from asn1crypto import crl as asn1_crl_type
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from evidence.stamp.reading import Asn1
from tests.evidence.stamp.forge import (
    DAY,
    DIGESTS,
    NOW,
    TIME_STAMPING,
    Holder,
    Plan,
    Stamp,
    authority,
    named,
    rsa_key,
    sequence,
    signed_with_sha1,
    stamper,
    tlv,
)


@dataclass(frozen=True)
class OfficeToken:
    """A token of an office, and DER of the roots that a receiver was given."""

    token: bytes
    roots: tuple[bytes, ...]


ROOT = authority("Root")
OTHER = authority("Other root")
MIDDLE = authority("Middle", issuer=ROOT)
RSA = stamper(ROOT, key=rsa_key())
UNIT = stamper(ROOT)
GOOD = Stamp(UNIT)


def office(stamp: Stamp, *roots: Holder) -> OfficeToken:
    return OfficeToken(stamp.der(), tuple(root.der for root in roots or (ROOT,)))


def unit(**knobs: object) -> OfficeToken:
    return office(Stamp(stamper(ROOT, **knobs)))


def below(issuer: Holder, *roots: Holder, **knobs: object) -> OfficeToken:
    """A unit under an intermediate that comes with its token."""
    own = stamper(issuer, **knobs)
    return office(Stamp(own, certificates=(own, issuer)), *roots)


def through(**knobs: object) -> OfficeToken:
    return below(authority("Middle", issuer=ROOT, **knobs))


def on_curve(curve: ec.EllipticCurve, digest: str) -> OfficeToken:
    return office(Stamp(stamper(ROOT, key=ec.generate_private_key(curve)), digest=digest))


def signed_by(root_key: Asn1, **knobs: object) -> OfficeToken:
    root = authority("Root", key=root_key)
    return office(Stamp(stamper(root, **knobs)), root)


def purposes(*oids: x509.ObjectIdentifier, critical: bool = True) -> OfficeToken:
    return unit(purposes=x509.ExtendedKeyUsage(oids), purposes_critical=critical)


def general(kind: str, value: object) -> Asn1:
    return asn1_x509.GeneralName(kind, value)


def directory(common: str, kind: str = "utf8_string") -> Asn1:
    value = asn1_x509.DirectoryString(name=kind, value=core_string(kind)(common))
    pair = asn1_x509.NameTypeAndValue({"type": "common_name", "value": value})
    relative = asn1_x509.RelativeDistinguishedName([pair])
    return asn1_x509.Name(name="", value=asn1_x509.RDNSequence([relative]))


def core_string(kind: str) -> Asn1:
    return {
        "utf8_string": core.UTF8String,
        "printable_string": core.PrintableString,
        "bmp_string": core.BMPString,
        "teletex_string": asn1_x509.NotReallyTeletexString,
    }[kind]


def named_as(text: str, kind: str = "utf8_string") -> Asn1:
    return general("directory_name", directory(text, kind))


def alternative(*names: x509.GeneralName, critical: bool = False) -> tuple[x509.ExtensionType, bool]:
    return x509.SubjectAlternativeName(names), critical


def constrained(
    permitted: Sequence[x509.GeneralName] | None, excluded: Sequence[x509.GeneralName] | None, **knobs: object
) -> OfficeToken:
    limits = (x509.NameConstraints(permitted, excluded), True)
    return below(authority("Middle", issuer=ROOT, extra=(limits,)), **knobs)


def with_name(holder: Holder, issuer: Holder, name: Asn1) -> Holder:
    """The same certificate for another subject, signed again: cryptography would not write such a name."""
    made = holder.asn1
    made["tbs_certificate"]["subject"] = name
    made["signature_value"] = issuer.key.sign(made["tbs_certificate"].dump(force=True), ec.ECDSA(DIGESTS["sha256"]))
    return Raw(holder.key, made.dump(force=True))


@dataclass(frozen=True)
class Raw:
    """A certificate that only we read."""

    key: Asn1
    der: bytes

    @property
    def asn1(self) -> Asn1:
        return asn1_x509.Certificate.load(self.der)


def underscored() -> OfficeToken:
    return office(Stamp(with_name(UNIT, ROOT, directory("Unit_Nov_2026", "printable_string"))))


def underscored_issuer() -> OfficeToken:
    name = directory("Issuing_CA_2026", "printable_string")
    middle = with_name(MIDDLE, ROOT, name)
    own = stamper(MIDDLE).asn1
    own["tbs_certificate"]["issuer"] = name
    own["signature_value"] = MIDDLE.key.sign(own["tbs_certificate"].dump(force=True), ec.ECDSA(DIGESTS["sha256"]))
    key = ec.generate_private_key(ec.SECP256R1())
    public = asn1_x509.PublicKeyInfo.load(stamper(ROOT, key=key).asn1.public_key.dump())
    own["tbs_certificate"]["subject_public_key_info"] = public
    own["signature_value"] = MIDDLE.key.sign(own["tbs_certificate"].dump(force=True), ec.ECDSA(DIGESTS["sha256"]))
    holder = Raw(key, own.dump(force=True))
    return office(Stamp(holder, certificates=(holder, middle)))


def with_two_algorithms() -> OfficeToken:
    made = UNIT.asn1
    made["signature_algorithm"] = {"algorithm": "sha384_ecdsa"}
    made["signature_value"] = ROOT.key.sign(made["tbs_certificate"].dump(), ec.ECDSA(DIGESTS["sha384"]))
    return office(Stamp(Raw(UNIT.key, made.dump(force=True))))


def with_revocation_list() -> OfficeToken:
    builder = x509.CertificateRevocationListBuilder().issuer_name(ROOT.certificate.subject).last_update(NOW - DAY)
    crl = builder.next_update(NOW + DAY).sign(ROOT.key, hashes.SHA256())
    info = cms.ContentInfo.load(GOOD.der())
    info["content"]["crls"] = [cms.RevocationInfoChoice("crl", asn1_crl(crl))]
    return OfficeToken(info.dump(force=True), (ROOT.der,))


def asn1_crl(crl: x509.CertificateRevocationList) -> Asn1:
    return asn1_crl_type.CertificateList.load(crl.public_bytes(Encoding.DER))


def pss_only(digest: str | None, *, scheme: str = "rsassa_pss") -> OfficeToken:
    """A unit whose key is for RSASSA-PSS alone (RFC 4055)."""
    made = RSA.asn1
    parameters = {} if digest is None else {
        "parameters": algos.RSASSAPSSParams({
            "hash_algorithm": {"algorithm": digest},
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": digest}},
            "salt_length": 32,
        })
    }  # fmt: skip
    made["tbs_certificate"]["subject_public_key_info"]["algorithm"] = {"algorithm": "rsassa_pss", **parameters}
    made["signature_value"] = ROOT.key.sign(made["tbs_certificate"].dump(force=True), ec.ECDSA(DIGESTS["sha256"]))
    return office(Stamp(Raw(RSA.key, made.dump(force=True)), scheme=scheme))


def spelled_otherwise(token: bytes) -> OfficeToken:
    """BER: the outermost length is indefinite."""
    start = 4 if token[1] == 0x82 else 3
    return OfficeToken(token[:1] + b"\x80" + token[start:] + b"\0\0", (ROOT.der,))


def protection(digest: str, signature: str) -> dict[str, Asn1]:
    value = {"digest_algorithm": {"algorithm": digest}, "signature_algorithm": {"algorithm": signature}}
    return {"type": "cms_algorithm_protection", "values": [value]}


def edwards() -> Holder:
    return stamper(ROOT, key=ed25519.Ed25519PrivateKey.generate())


CRITICAL_UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.99"), b"\x05\x00")
NO_REVOCATION = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.56"), b"\x05\x00")
TSA, SIGNING = ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING
CYRILLIC = "Служба за временски жигови на Републиката"
SELF_SIGNED = Plan("Stamper", purposes=TIME_STAMPING).make()
CROSSED = authority("Middle", issuer=OTHER, key=MIDDLE.key)


def old_root() -> OfficeToken:
    old = authority("Old root")
    return office(Stamp(stamper(old)), signed_with_sha1(old, old))


def two_between() -> OfficeToken:
    lower = authority("Lower", issuer=MIDDLE)
    own = stamper(lower)
    return office(Stamp(own, certificates=(own, lower, MIDDLE)))


def crossed() -> OfficeToken:
    own = stamper(MIDDLE)
    return office(Stamp(own, certificates=(own, CROSSED, MIDDLE)))


def path_of(length: int) -> OfficeToken:
    root = authority("Root", path_length=length)
    return below(authority("Middle", issuer=root), root)


def bare_root(**knobs: object) -> OfficeToken:
    root = authority("Root", **knobs)
    return office(Stamp(stamper(root)), root)


def self_stamping_root() -> OfficeToken:
    root = authority("Root", purposes=TIME_STAMPING)
    return office(Stamp(root), root)


def ed448_issuer() -> OfficeToken:
    key = ed448.Ed448PrivateKey.generate()
    name = named("Root")
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW - DAY, NOW + DAY)
    builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
    usage = x509.KeyUsage(*[False] * 5, True, *[False] * 3)
    root = builder.add_extension(usage, critical=True).sign(key, None)
    unit_key = ec.generate_private_key(ec.SECP256R1())
    leaf = x509.CertificateBuilder(named("Stamper"), name, unit_key.public_key(), 2, NOW - DAY, NOW + DAY)
    own = Holder(unit_key, leaf.add_extension(TIME_STAMPING, critical=True).sign(key, None))
    return office(Stamp(own), Holder(key, root))


ALLOWED: Mapping[str, Callable[[], OfficeToken]] = {
    # algorithms of the token
    **{f"RSA, {name}": lambda name=name: office(Stamp(RSA, digest=name)) for name in ("sha256", "sha384", "sha512")},
    **{
        f"RSA named with {name}": lambda name=name: office(Stamp(RSA, digest=name, scheme=f"{name}_rsa"))
        for name in ("sha256", "sha384", "sha512")
    },
    **{
        f"PSS, {name}, salt {salt}": lambda name=name, salt=salt: office(
            Stamp(RSA, digest=name, scheme="rsassa_pss", pss_salt=salt)
        )
        for name, salt in (("sha256", 32), ("sha384", 48), ("sha512", 64), ("sha256", 0), ("sha512", 20))
    },
    "a key for PSS alone": lambda: pss_only(None),
    "a key for PSS with SHA-256 alone": lambda: pss_only("sha256"),
    "RSA of 3072 bits": lambda: office(Stamp(stamper(ROOT, key=rsa_key(3072)))),
    "P-256": lambda: on_curve(ec.SECP256R1(), "sha256"),
    "P-256 with SHA-512": lambda: on_curve(ec.SECP256R1(), "sha512"),
    "P-384": lambda: on_curve(ec.SECP384R1(), "sha384"),
    "P-521": lambda: on_curve(ec.SECP521R1(), "sha512"),
    "brainpool": lambda: on_curve(ec.BrainpoolP384R1(), "sha384"),
    "Ed25519": lambda: office(Stamp(edwards(), digest="sha512")),
    "Ed25519 by key identifier": lambda: office(Stamp(edwards(), digest="sha512", key_identifier=True)),
    # algorithms of the issuer
    "an issuer with RSA and SHA-384": lambda: signed_by(rsa_key(), signed_with="sha384"),
    "an issuer with PSS": lambda: signed_by(rsa_key(), signed_pss=True),
    "an issuer with PSS and SHA-512": lambda: signed_by(rsa_key(), signed_pss=True, signed_with="sha512"),
    "an issuer on P-384": lambda: signed_by(ec.generate_private_key(ec.SECP384R1()), signed_with="sha384"),
    "an issuer with Ed25519": lambda: signed_by(ed25519.Ed25519PrivateKey.generate()),
    "a root that signed itself with SHA-1": old_root,
    # names of the signer
    "by key identifier": lambda: office(GOOD.but(key_identifier=True)),
    "RSA by key identifier": lambda: office(Stamp(RSA, key_identifier=True)),
    "signing certificate version 1": lambda: office(GOOD.but(ess=("v1",))),
    "both versions": lambda: office(GOOD.but(ess=("v1", "v2"))),
    "version 2 with SHA-512": lambda: office(GOOD.but(ess_digest="sha512")),
    "version 2 with SHA-384": lambda: office(GOOD.but(ess_digest="sha384")),
    "no issuer in the signing certificate": lambda: office(GOOD.but(ess_issuer=False)),
    "its chain named too": lambda: office(GOOD.but(ess_chain=(ROOT,), certificates=(UNIT, ROOT))),
    # what the unit's certificate says
    "content commitment": lambda: unit(digital_signature=False, usages=("content_commitment",)),
    "two usages that sign": lambda: unit(usages=("content_commitment",)),
    "a second usage": lambda: unit(usages=("key_encipherment",)),
    "three usages": lambda: unit(usages=("data_encipherment", "key_agreement")),
    "no key usage": lambda: unit(cert_sign=None),
    "no basic constraints": lambda: unit(ca=None),
    "no revocation available": lambda: unit(extra=((NO_REVOCATION, False),)),
    "an unknown extension": lambda: unit(extra=((CRITICAL_UNKNOWN, False),)),
    "policies": lambda: unit(
        extra=((x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2.3"), None)]), True),)
    ),
    "expired by now": lambda: unit(not_before=NOW - DAY, not_after=NOW + DAY),
    "a Cyrillic name": lambda: unit(subject=named(CYRILLIC[:30])),
    "a long Cyrillic name": lambda: office(Stamp(with_name(UNIT, ROOT, directory(CYRILLIC)))),
    "an underscore in a PrintableString": underscored,
    "an underscore in the name of an issuer": underscored_issuer,
    "a BMPString": lambda: office(Stamp(with_name(UNIT, ROOT, directory("Stamper", "bmp_string")))),
    "a TeletexString": lambda: office(Stamp(with_name(UNIT, ROOT, directory("Stamper", "teletex_string")))),
    "several names": lambda: unit(
        subject=x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "MK"), *named("Stamper, of +1")])
    ),
    "no name but an alternative": lambda: unit(
        subject=x509.Name([]), extra=(alternative(x509.DNSName("tsa.example.org"), critical=True),)
    ),
    # chains
    "an intermediate": lambda: below(MIDDLE),
    "two intermediates": two_between,
    "an intermediate that is given and not sent": lambda: office(Stamp(stamper(MIDDLE)), ROOT, MIDDLE),
    "an intermediate that is given alone": lambda: office(Stamp(stamper(MIDDLE)), MIDDLE),
    "a cross-certificate beside": crossed,
    "its root in the token too": lambda: office(GOOD.but(certificates=(UNIT, ROOT))),
    "a stranger's certificate beside": lambda: office(GOOD.but(certificates=(UNIT, OTHER))),
    "a weak certificate beside": lambda: office(GOOD.but(certificates=(UNIT, signed_with_sha1(MIDDLE, ROOT)))),
    "other roots beside": lambda: office(GOOD, OTHER, ROOT),
    "a unit that is given itself": lambda: office(Stamp(SELF_SIGNED), SELF_SIGNED),
    "a path length that suffices": lambda: path_of(1),
    "a name that its issuer may name": lambda: constrained([x509.DirectoryName(named("Stamper"))], None),
    "a name that its issuer may name, in capitals": lambda: constrained([x509.DirectoryName(named("STAMPER"))], None),
    "a name that its issuer does not exclude": lambda: constrained(None, [x509.DirectoryName(named("Others"))]),
    "an alternative that its issuer may name": lambda: constrained(
        [x509.DNSName("example.org")], None, extra=(alternative(x509.DNSName("tsa.example.org")),)
    ),
    "no name of a constrained kind": lambda: constrained([x509.DNSName("example.org")], None),
    # what the token says
    "accuracy": lambda: office(GOOD.but(accuracy={"seconds": 1})),
    "accuracy in full": lambda: office(GOOD.but(accuracy={"seconds": 300, "millis": 999, "micros": 1})),
    "accuracy in millionths": lambda: office(GOOD.but(accuracy={"micros": 500})),
    "ordering": lambda: office(GOOD.but(ordering=True)),
    "a nonce": lambda: office(GOOD.but(nonce=2**64 - 1)),
    "an extension": lambda: office(GOOD.but(extension=True)),
    "a fraction of a second": lambda: office(GOOD.but(gen_time=b"20260504120000.25Z")),
    "its own name": lambda: office(GOOD.but(tsa=named_as("Stamper"))),
    "its own name as another string": lambda: office(GOOD.but(tsa=named_as("Stamper", "printable_string"))),
    "its own name as a BMPString": lambda: office(GOOD.but(tsa=named_as("Stamper", "bmp_string"))),
    "its own name in capitals": lambda: office(GOOD.but(tsa=named_as("STAMPER"))),
    "its own name, spaced": lambda: office(
        Stamp(stamper(ROOT, subject=named("A  Stamper")), tsa=named_as("A Stamper"))
    ),
    "its own Cyrillic name": lambda: office(
        Stamp(stamper(ROOT, subject=named(CYRILLIC[:20])), tsa=named_as(CYRILLIC[:20]))
    ),
    "its alternative name": lambda: office(
        Stamp(
            stamper(ROOT, extra=(alternative(x509.DNSName("tsa.example.org")),)),
            tsa=general("dns_name", "tsa.example.org"),
        )
    ),
    "its alternative directory name": lambda: office(
        Stamp(stamper(ROOT, extra=(alternative(x509.DirectoryName(named("Office"))),)), tsa=named_as("Office"))
    ),
    "everything": lambda: office(
        Stamp(
            RSA,
            accuracy={"seconds": 1, "millis": 5},
            ordering=True,
            nonce=1,
            tsa=named_as("Stamper"),
            extension=True,
            scheme="rsassa_pss",
            key_identifier=True,
        )
    ),
    "unsigned attributes": lambda: office(GOOD.but(unsigned=[{"type": "1.2.3.4", "values": []}])),
    "a revocation list inside": with_revocation_list,
    "algorithm protection": lambda: office(GOOD.but(extra_attributes=[protection("sha256", "sha256_ecdsa")])),
}

FORBIDDEN: Mapping[str, Callable[[], OfficeToken]] = {
    # algorithms
    "SHA-1": lambda: office(GOOD.but(digest="sha1")),
    "RSA and SHA-1": lambda: office(Stamp(RSA, digest="sha1", scheme="sha1_rsa")),
    "SHA-224": lambda: office(GOOD.but(digest="sha224")),
    "RSA of 1024 bits": lambda: office(Stamp(stamper(ROOT, key=rsa_key(1024)))),
    "P-192": lambda: on_curve(ec.SECP192R1(), "sha256"),
    "P-224": lambda: on_curve(ec.SECP224R1(), "sha256"),
    "PSS with another digest": lambda: office(Stamp(RSA, scheme="rsassa_pss", pss_digest="sha512")),
    "PSS with SHA-1 for the mask": lambda: office(Stamp(RSA, scheme="rsassa_pss", pss_mask_digest="sha1")),
    "PSS with another digest for the mask": lambda: office(Stamp(RSA, scheme="rsassa_pss", pss_mask_digest="sha512")),
    "PSS with a long salt": lambda: office(Stamp(RSA, scheme="rsassa_pss", pss_salt=65)),
    "PSS without parameters": lambda: office(Stamp(RSA, scheme="rsassa_pss", pss_salt=-1)),
    "a key for PSS alone that signs otherwise": lambda: pss_only(None, scheme="sha256_rsa"),
    "a key for PSS with another digest": lambda: pss_only("sha384"),
    "Ed25519 with SHA-256": lambda: office(Stamp(edwards())),
    "Ed25519 with a wrong signature": lambda: office(
        Stamp(edwards(), digest="sha512", signing_key=ed25519.Ed25519PrivateKey.generate())
    ),
    "Ed25519 over other content": lambda: office(Stamp(edwards(), digest="sha512", message_digest=b"x" * 64)),
    "a signature algorithm of another digest": lambda: office(GOOD.but(scheme="sha384_ecdsa")),
    "a certificate signed with SHA-1": lambda: office(Stamp(signed_with_sha1(UNIT, ROOT))),
    "a certificate signed with SHA-224": lambda: unit(signed_with="sha224"),
    "a certificate signed with SHA3-256": lambda: unit(signed_with="sha3_256"),
    "an intermediate signed with SHA-1": lambda: below(signed_with_sha1(MIDDLE, ROOT)),
    "an issuer of 1024 bits": lambda: signed_by(rsa_key(1024)),
    "an intermediate of 1024 bits": lambda: through(key=rsa_key(1024)),
    "an issuer on P-224": lambda: signed_by(ec.generate_private_key(ec.SECP224R1())),
    "an issuer with Ed448": ed448_issuer,
    "a certificate with two algorithms": with_two_algorithms,
    "a signing certificate by SHA-1 in version 2": lambda: office(GOOD.but(ess_digest="sha1")),
    # names of the signer
    "no signing certificate": lambda: office(GOOD.but(ess=())),
    "a signing certificate of another": lambda: office(GOOD.but(ess_of=RSA)),
    "two that differ": lambda: office(
        GOOD.but(extra_attributes=[GOOD.but(ess_of=RSA).certificate_attribute("v1")], certificates=(UNIT, RSA))
    ),
    "no certificate": lambda: office(GOOD.but(certificates=())),
    "two signers": lambda: office(GOOD.but(signers=2)),
    # what the unit's certificate says
    "no purpose": lambda: unit(purposes=None),
    "a purpose that is not critical": lambda: purposes(TSA, critical=False),
    "a purpose that is not alone": lambda: purposes(TSA, SIGNING),
    "another purpose": lambda: purposes(SIGNING),
    "any purpose": lambda: purposes(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE),
    "an authority": lambda: unit(ca=True),
    "an authority that signs certificates": lambda: unit(ca=True, cert_sign=True),
    "a usage that signs certificates": lambda: unit(cert_sign=True),
    "a usage that signs revocation lists": lambda: unit(usages=("crl_sign",)),
    "the root itself": self_stamping_root,
    "a usage that does not sign": lambda: unit(digital_signature=False, usages=("key_encipherment",)),
    "a critical extension": lambda: unit(extra=((CRITICAL_UNKNOWN, True),)),
    "expired": lambda: unit(not_after=NOW - DAY),
    "not yet valid": lambda: unit(not_before=NOW + DAY),
    # chains
    "a root that nobody gave": lambda: office(GOOD, OTHER),
    "a missing intermediate": lambda: office(Stamp(stamper(MIDDLE))),
    "an intermediate that is no authority": lambda: through(ca=False),
    "an intermediate that may not sign certificates": lambda: through(cert_sign=False),
    "an intermediate without basic constraints": lambda: through(ca=None),
    "an intermediate without key usage": lambda: through(cert_sign=None),
    "an intermediate that expired": lambda: through(not_after=NOW - DAY),
    "an intermediate with a critical extension": lambda: through(extra=((CRITICAL_UNKNOWN, True),)),
    "a root without key usage": lambda: bare_root(cert_sign=None),
    "a root without basic constraints": lambda: bare_root(ca=None),
    "a root that expired": lambda: bare_root(not_after=NOW - DAY),
    "an issuer of the same name": lambda: office(Stamp(stamper(authority("Root")))),
    "a path that is too long": lambda: path_of(0),
    "a name that its issuer excludes": lambda: constrained(None, [x509.DirectoryName(named("Stamper"))]),
    "a name that its issuer excludes, in capitals": lambda: constrained(None, [x509.DirectoryName(named("STAMPER"))]),
    "a name that its issuer may not name": lambda: constrained([x509.DirectoryName(named("Others"))], None),
    "an alternative that its issuer excludes": lambda: constrained(
        None, [x509.DNSName("example.org")], extra=(alternative(x509.DNSName("tsa.example.org")),)
    ),
    "an alternative that its issuer may not name": lambda: constrained(
        [x509.DNSName("example.org")], None, extra=(alternative(x509.DNSName("tsa.example.com")),)
    ),
    "an address that its issuer may not name": lambda: constrained(
        [x509.RFC822Name("example.org")], None, extra=(alternative(x509.RFC822Name("tsa@example.com")),)
    ),
    # what the token says
    "other data": lambda: office(GOOD.but(sha256=b"x" * 32)),
    "an imprint with SHA-384": lambda: office(GOOD.but(imprint="sha384", sha256=b"x" * 48)),
    "an imprint that calls itself SHA-512": lambda: office(GOOD.but(imprint="sha512")),
    "version 2": lambda: office(GOOD.but(tst_version=2)),
    "a critical extension of the token": lambda: office(GOOD.but(critical_extension=True)),
    "a thousand thousandths": lambda: office(GOOD.but(accuracy={"millis": 1000})),
    "no thousandth": lambda: office(GOOD.but(accuracy={"millis": 0})),
    "a thousand millionths": lambda: office(GOOD.but(accuracy={"seconds": 1, "micros": 1000})),
    "negative seconds": lambda: office(GOOD.but(accuracy={"seconds": -1})),
    "a negative thousandth": lambda: office(GOOD.but(accuracy={"millis": -1})),
    "a foreign name": lambda: office(GOOD.but(tsa=named_as("Somebody else"))),
    "a foreign alternative": lambda: office(GOOD.but(tsa=general("dns_name", "tsa.example.org"))),
    "a name of the root": lambda: office(GOOD.but(tsa=named_as("Root"))),
    "a name cut short": lambda: office(GOOD.but(tsa=named_as("Stampe"))),
    **{
        f"a time spelled {spelling.decode()}": lambda spelling=spelling: office(GOOD.but(gen_time=spelling))
        for spelling in (
            b"20260504120000",
            b"202605041200Z",
            b"20260504120000.50Z",
            b"20261304120000Z",
            b"20260504120000+0000",
            b"20260504120000.Z",
        )
    },
    # the signature
    "a wrong signature": lambda: office(GOOD.but(signing_key=RSA.key, scheme="sha256_ecdsa")),
    "a wrong signature of its kind": lambda: office(GOOD.but(signing_key=ROOT.key)),
    "a wrong message digest": lambda: office(GOOD.but(message_digest=b"x" * 32)),
    "another content type": lambda: office(GOOD.but(content_type="data")),
    "another content type among the attributes": lambda: office(GOOD.but(content_type_attribute="data")),
    "no signed attributes": lambda: office(GOOD.but(without=["signed_attrs"])),
    "a version that does not fit": lambda: office(GOOD.but(version="v1")),
    "another digest beside": lambda: office(GOOD.but(digest_algorithms=["sha256", "sha384"])),
    "bytes after it": lambda: OfficeToken(GOOD.der() + b"\0", (ROOT.der,)),
    "BER": lambda: spelled_otherwise(GOOD.der()),
    "cut short": lambda: OfficeToken(GOOD.der()[:-1], (ROOT.der,)),
    "no token": lambda: OfficeToken(sequence(tlv(0x02, b"\x01")), (ROOT.der,)),
}
