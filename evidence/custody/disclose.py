"""Making disclosures, the writing half of ``commit``; the verifier does not carry it."""

from evidence.canonical import Value, b64u, jcs
from evidence.log.commit import read_disclosure, salt


def disclose(secret: bytes, name: str, value: Value) -> str:
    """The disclosure of ``value`` under ``name``, salted from the event's secret that covers this name.

    Raises:
        CanonicalError: Not a value of the log.
        CommitmentError: The secret is not 32 bytes, this is not a name, or the value is nested
            too deeply: what a reader would refuse is not written.
    """
    # JCS of [salt, name, value]: a salt and a name have no character that JSON escapes
    salted = b64u(salt(secret, name))
    disclosure = b64u(b'["%b","%b",%b]' % (salted.encode("ascii"), name.encode("ascii"), jcs(value)))
    if not (value is None or isinstance(value, str)):
        read_disclosure(
            disclosure
        )  # only what is nested can be more than a reader takes, and reading costs as much again
    return disclosure
