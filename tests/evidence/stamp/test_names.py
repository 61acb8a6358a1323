"""Names are compared by what they say, and constraints hold as RFC 5280 has them."""

import ipaddress

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import CertificateError
from evidence.stamp.names import GeneralName, canonical, common_name, name_text, names_of, require_permitted
from tests.evidence.stamp.forge import named
from tests.evidence.stamp.offices import directory

WORDS = st.text(st.characters(codec="ascii", categories=("Lu", "Ll", "Nd")), min_size=1, max_size=12)


def constraints(*, permitted: list[x509.GeneralName] | None, excluded: list[x509.GeneralName] | None) -> object:
    made = x509.NameConstraints(permitted, excluded).public_bytes()
    return asn1_x509.NameConstraints.load(made)


def allowed(name: GeneralName, **limits: list[x509.GeneralName] | None) -> bool:
    limits = {"permitted": None, "excluded": None} | limits
    try:
        require_permitted([name], constraints(**limits), where="one", by="issuer")
    except CertificateError:
        return False
    return True


@given(WORDS, WORDS)
def test_capitals_spaces_and_the_kind_of_string_make_no_difference(one: str, other: str) -> None:
    plain = canonical(directory(f"{one} {other}").dump())
    assert canonical(directory(f" {one}   {other} ".upper(), "printable_string").dump()) == plain
    assert canonical(directory(f"{one} {other}", "bmp_string").dump()) == plain
    assert canonical(directory(f"{one} {other}x").dump()) != plain
    if one.lower() != other.lower():
        assert canonical(directory(f"{other} {one}").dump()) != plain


def test_letters_beyond_ascii_are_compared_as_they_stand() -> None:
    assert canonical(directory("Ж").dump()) != canonical(directory("ж").dump())


def test_a_name_for_people_has_the_order_of_rfc_4514() -> None:
    der = x509.Name([*named("a, b"), *named("c")]).public_bytes()
    assert name_text(der) == "CN=c,CN=a\\, b"
    assert common_name(der) == "a, b"
    assert common_name(x509.Name([]).public_bytes()) is None


@pytest.mark.parametrize(
    ("kind", "value", "base", "inside"),
    [
        ("dns_name", b"a.example.org", x509.DNSName("example.org"), True),
        ("dns_name", b"EXAMPLE.org", x509.DNSName("example.org"), True),
        ("dns_name", b"badexample.org", x509.DNSName("example.org"), False),
        ("dns_name", b"example.com", x509.DNSName("example.org"), False),
        ("rfc822_name", b"a@example.org", x509.RFC822Name("example.org"), True),
        ("rfc822_name", b"a@b.example.org", x509.RFC822Name("example.org"), False),
        ("rfc822_name", b"a@b.example.org", x509.RFC822Name(".example.org"), True),
        ("rfc822_name", b"a@EXAMPLE.org", x509.RFC822Name("a@example.org"), True),
        ("rfc822_name", b"b@example.org", x509.RFC822Name("a@example.org"), False),
        (
            "uniform_resource_identifier",
            b"https://a.example.org/x",
            x509.UniformResourceIdentifier(".example.org"),
            True,
        ),
        (
            "uniform_resource_identifier",
            b"https://example.com:8/",
            x509.UniformResourceIdentifier("example.org"),
            False,
        ),
        ("uniform_resource_identifier", b"https://u@example.org", x509.UniformResourceIdentifier("example.org"), True),
    ],
)
def test_a_name_is_within_a_subtree(kind: str, value: bytes, base: x509.GeneralName, *, inside: bool) -> None:
    name = GeneralName(kind, value)
    assert allowed(name, permitted=[base]) is inside
    assert allowed(name, excluded=[base]) is not inside


def test_an_address_is_within_its_network() -> None:
    base = x509.IPAddress(ipaddress.ip_network("192.0.2.0/24"))
    assert allowed(GeneralName("ip_address", bytes((192, 0, 2, 9))), permitted=[base])
    assert not allowed(GeneralName("ip_address", bytes((192, 0, 3, 9))), permitted=[base])
    assert not allowed(GeneralName("ip_address", bytes(16)), permitted=[base])


def test_what_cannot_be_told_is_refused() -> None:
    base = x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))
    assert not allowed(GeneralName("registered_id", b"\x2a\x03"), permitted=[base])
    assert allowed(GeneralName("dns_name", b"a"), permitted=[base])
    assert not allowed(
        GeneralName("uniform_resource_identifier", b"mailto:x"),
        permitted=[x509.UniformResourceIdentifier("example.org")],
    )


def test_the_mail_address_in_a_subject_is_a_name_too() -> None:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.EMAIL_ADDRESS, "a@example.org")]).public_bytes()
    assert [name.kind for name in names_of(subject, [])] == ["directory_name", "rfc822_name"]
