"""Reads DER with asn1crypto and turns what the ASN.1 libraries raise about malformed bytes into our error."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from asn1crypto.core import Null, Void

from config.errors import Term
from evidence.errors import SignedDataError

Asn1: TypeAlias = Any  # a value of asn1crypto, which has no types


def read_as(kind: Asn1, der: bytes) -> Asn1:
    """Read all of ``der`` as an asn1crypto type; it parses its fields on access, inside ``parsing``."""
    return kind.load(der, strict=True)


@contextmanager
def parsing(what: Term) -> Iterator[None]:
    """Turn what the ASN.1 libraries raise about malformed bytes into our error.

    Raises:
        SignedDataError: The bytes read inside do not fit their structure.
    """
    try:
        yield
    except (ValueError, TypeError, LookupError, OverflowError, AttributeError) as error:
        reason = str(error).strip().partition("\n")[0][:120]
        raise SignedDataError("signed_data.malformed", what=what, system=reason or type(error).__name__) from error


def plain_oid(algorithm: Asn1) -> str:
    """The dotted name of an ASN.1 algorithm that takes no parameters.

    Raises:
        SignedDataError: It has parameters other than NULL.
    """
    if not isinstance(algorithm["parameters"], Void | Null):
        raise SignedDataError("signed_data.parameters_not_taken")
    return str(algorithm["algorithm"].dotted)
