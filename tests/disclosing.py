"""Salts and disclosures as docs/format.md spells them, one at a time: beside what writes them in one go."""

import hmac

from evidence.canonical import Value, b64u, jcs


def salt(secret: bytes, name: str) -> bytes:
    """The salt of one name."""
    return hmac.digest(secret, b"nisisama/salt/1\n" + name.encode("ascii"), "sha256")


def disclose(secret: bytes, name: str, value: Value) -> str:
    """The disclosure of one value, whether a reader takes it or not."""
    return b64u(jcs([b64u(salt(secret, name)), name, value]))
