"""Names in certificates: when two are the same (RFC 5280, 7.1), and whether an issuer may name them (4.2.1.10).

A name is compared by what it says: whether it is a PrintableString or a UTF8String, in capitals or not, and how many
spaces stand between its words make no difference. Well-known offices have signs in a PrintableString that X.680
does not allow there; they are read as they stand. Pure.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from asn1crypto import x509 as asn1_x509
from asn1crypto.core import AbstractString, Void

from evidence.errors import CertificateError
from evidence.stamp.reading import Asn1, read_as

CanonicalName: TypeAlias = tuple[frozenset[tuple[str, str | bytes]], ...]

_COMMON_NAME = "2.5.4.3"
_EMAIL = "1.2.840.113549.1.9.1"
_SHORT = {
    _COMMON_NAME: "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
}
_SPECIAL = re.compile(r'([,+"\\<>;])')
_BOTH_ADDRESSES = (8, 32)
_CAPITALS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True, slots=True)
class GeneralName:
    """A name of a SubjectAltName, a ``tsa`` field or a name constraint; its kind is what asn1crypto calls it."""

    kind: str
    value: CanonicalName | bytes


def canonical(der: bytes) -> CanonicalName:
    """What a certificate's Name says; two that are equal here are the same name."""
    return tuple(
        frozenset((pair["type"].dotted, _canonical_value(pair["value"])) for pair in relative)
        for relative in read_as(asn1_x509.Name, der).chosen
    )


def name_text(der: bytes) -> str:
    """A certificate's Name for people, in the order of RFC 4514."""
    relatives = ["+".join(_spelled(oid, value) for oid, value in relative) for relative in _texts(der)]
    return ",".join(reversed(relatives))


def common_name(der: bytes) -> str | None:
    """The first common name in a certificate's Name, if it has one."""
    return next((value for relative in _texts(der) for oid, value in relative if oid == _COMMON_NAME), None)


def general_name(name: Asn1) -> GeneralName:
    """A name in a certificate as it compares; of what we do not look into, its kind and its bytes."""
    if name.name == "directory_name":
        return GeneralName(name.name, canonical(name.chosen.untag().dump()))
    return GeneralName(name.name, bytes(name.chosen.contents))


def names_of(subject: bytes, alternatives: Iterable[GeneralName]) -> Iterator[GeneralName]:
    """Every name that a certificate is for, as name constraints see them (RFC 5280, 4.2.1.10)."""
    own = canonical(subject)
    if own:
        yield GeneralName("directory_name", own)
    for relative in read_as(asn1_x509.Name, subject).chosen:
        for pair in relative:
            if pair["type"].dotted == _EMAIL:
                yield GeneralName("rfc822_name", bytes(pair["value"].contents))
    yield from alternatives


def require_permitted(names: Iterable[GeneralName], constraints: Asn1, *, where: str, by: str) -> None:
    """Check names against the NameConstraints of an issuer's certificate above.

    Args:
        where: Whose names they are.
        by: Whose constraints.

    Raises:
        CertificateError: One is excluded, or none of the permitted subtrees of its kind has it, or it cannot be told.
    """
    permitted, excluded = (_subtrees(constraints[part]) for part in ("permitted_subtrees", "excluded_subtrees"))
    for name in names:
        limits = [base for base in permitted if base.kind == name.kind]
        if any(_within(name, base) for base in excluded if base.kind == name.kind) or (
            limits and not any(_within(name, base) for base in limits)
        ):
            raise CertificateError("certificate.name_not_allowed", where=where, by=by)


def _spelled(oid: str, value: str) -> str:
    escaped = _SPECIAL.sub(r"\\\1", value)
    return f"{_SHORT.get(oid, oid)}={escaped}"


def _texts(der: bytes) -> Iterator[list[tuple[str, str]]]:
    for relative in read_as(asn1_x509.Name, der).chosen:
        yield [(pair["type"].dotted, _text(pair["value"])) for pair in relative]


def _text(value: Asn1) -> str:
    own = value.chosen if isinstance(value, asn1_x509.DirectoryString) else value
    return str(own.native) if isinstance(own, AbstractString) else own.dump().hex()


def _canonical_value(value: Asn1) -> str | bytes:
    own = value.chosen if isinstance(value, asn1_x509.DirectoryString) else value
    if not isinstance(own, AbstractString):
        return bytes(own.dump())
    return re.sub(" +", " ", str(own.native).translate(_CAPITALS)).strip(" ")


def _subtrees(subtrees: Asn1) -> list[GeneralName]:
    if isinstance(subtrees, Void):
        return []
    if any(one["minimum"].native or not isinstance(one["maximum"], Void) for one in subtrees):
        raise CertificateError("certificate.constraint_not_understood", found="maximum")
    return [general_name(one["base"]) for one in subtrees]


def _within(name: GeneralName, base: GeneralName) -> bool:
    if isinstance(name.value, tuple) and isinstance(base.value, tuple):
        return name.value[: len(base.value)] == base.value
    if name.kind not in _WITHIN or isinstance(name.value, tuple) or isinstance(base.value, tuple):
        raise CertificateError("certificate.constraint_not_understood", found=name.kind)
    return _WITHIN[name.kind](name.value, base.value)


def _host_within(name: bytes, base: bytes) -> bool:
    host, limit = name.lower(), base.lower()
    return not limit or host == limit or host.endswith(b"." + limit.lstrip(b"."))


def _mail_within(name: bytes, base: bytes) -> bool:
    local, _, host = name.rpartition(b"@")
    if b"@" not in base:
        return _only_below(host, base)
    base_local, _, base_host = base.rpartition(b"@")
    return (local, host.lower()) == (base_local, base_host.lower())


def _place_within(name: bytes, base: bytes) -> bool:
    found = re.match(rb"[^:/?#]+://(?:[^/?#@]*@)?([^/?#:]+)", name)
    if found is None:
        raise CertificateError("certificate.constraint_not_understood", found="uniform_resource_identifier")
    return _only_below(found[1], base)


def _only_below(host: bytes, base: bytes) -> bool:
    host, base = host.lower(), base.lower()
    return host.endswith(base) if base.startswith(b".") else host == base


def _address_within(name: bytes, base: bytes) -> bool:
    if len(base) not in _BOTH_ADDRESSES:
        raise CertificateError("certificate.constraint_not_understood", found="ip_address")
    half = len(base) // 2
    if len(name) != half:
        return False
    mask = int.from_bytes(base[half:], "big")
    return int.from_bytes(name, "big") & mask == int.from_bytes(base[:half], "big") & mask


_WITHIN: Mapping[str, Callable[[bytes, bytes], bool]] = {
    "dns_name": _host_within,
    "rfc822_name": _mail_within,
    "uniform_resource_identifier": _place_within,
    "ip_address": _address_within,
}
