"""Encoding with asn1crypto 1.5.1, for whoever puts signed data together.

Its structures take a definite length whose last octet is 0x80, such as 384 (``82 01 80``), for an indefinite one, and
encode all that is below them once more, at every level. Then the work grows with a power of the depth. The lengths in
a bundle's signature vary with names and numbers, and about one signature in a hundred took between seconds and minutes.
What was read in DER and not changed is encoded as it came.
"""

import functools
from collections.abc import Callable
from typing import Any

from asn1crypto import core

KINDS: tuple[Any, ...] = (core.Sequence, core.SequenceOf)
"""Whatever encodes its parts; sets inherit it."""
_INDEFINITE = 0x80


@functools.cache
def mend_asn1crypto() -> None:
    """Have ASN.1 structures tell a definite length from an indefinite one (X.690, 8.1.3), once for a process."""
    for kind in KINDS:
        kind.dump = _mended(kind.dump)


def is_indefinite(header: bytes) -> bool:
    """Whether any length in a DER header is indefinite; explicit tagging makes several tags and lengths.

    Args:
        header: As asn1crypto keeps it; tags have one octet.
    """
    at = 1
    while at < len(header):
        first = header[at]
        if first == _INDEFINITE:
            return True
        at += 2 + (first & 0x7F if first > _INDEFINITE else 0)
    return False


def _mended(dump: Callable[..., bytes]) -> Callable[..., bytes]:
    @functools.wraps(dump)
    def mended(structure: Any, force: bool = False) -> bytes:  # noqa: ANN401, FBT001, FBT002 - as the library calls it
        header = structure._header  # noqa: SLF001
        if header is not None and header[-1] == _INDEFINITE and not is_indefinite(header):
            structure._header = None  # noqa: SLF001 - it is made anew, and nothing else is
        return bytes(dump(structure, force))

    return mended
