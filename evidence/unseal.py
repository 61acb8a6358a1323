"""Opens media: the only module that does, for the offline commands of the key holders.

``release``, ``audit --level 4`` and ``key`` run it with the cards; import contracts prove that
no server reaches it. The office key exists between reading the cards and the return, in memory.

LIMIT: Python cannot wipe memory. Run these commands on a machine that is switched off afterwards.
"""

import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Final

from evidence.errors import EnvelopeError
from evidence.proquint import proquints
from evidence.seal.age import Recipient, derive
from evidence.seal.cards import read_cards
from evidence.seal.envelopes import MediaContent, opened_media, rewrap
from evidence.seal.recipients import HybridIdentity
from evidence.seal.stream import Chunk

_PASSPHRASE: Final = b"nisisama/release/1"
_PASSPHRASE_BYTES: Final = 16


def opened_evidence(
    header: bytes, payload: Iterable[Chunk], *, cards: Sequence[str], event: str, origin: str
) -> Generator[bytes, None, MediaContent]:
    """The content of one preserved medium, opened with the office cards, piece by piece.

    The content is compared with its manifest, and the manifest with the entry of the log, so a payload that was
    sealed under another event's name is refused. Nothing is certain before this returns.

    Args:
        event: Of the entry that the medium belongs to.
        origin: Name of the log.

    Raises:
        CardError: The cards are mistyped, of different sets or too few.
        NoMatchingKeyError: The header was not sealed for this office key.
        EnvelopeError: Header, payload, frame or manifest does not hold.
    """
    content = yield from opened_media(header, payload, identities=[_office_key(cards)])
    _require_manifest(content, {"event": event, "log": origin})
    return content


def told_passphrase(cards: Sequence[str], request: str) -> str:
    """The passphrase of the archive of one release, in words to be told by telephone: 128 bits.

    It is kept nowhere and can be made again from the cards, so that a release that was cut short ends with the
    passphrase with which it began.

    Args:
        request: Event of the request for the release.

    Raises:
        CardError: The cards are mistyped, of different sets or too few.
    """
    return proquints(
        derive(_office_key(cards).seed, salt=request.encode("ascii"), info=_PASSPHRASE)[:_PASSPHRASE_BYTES]
    )


def release_header(header: bytes, *, cards: Sequence[str], recipients: Sequence[Recipient]) -> bytes:
    """The header with which ``recipients`` can open the same preserved medium; no plaintext is made.

    Raises:
        CardError: The cards are mistyped, of different sets or too few.
        NoMatchingKeyError: The header was not sealed for this office key.
        EnvelopeError: The header is malformed or was changed.
        SealError: There is no recipient, or they may not share a header.
    """
    return rewrap(header, identities=[_office_key(cards)], recipients=recipients)


def _office_key(cards: Sequence[str]) -> HybridIdentity:
    return HybridIdentity(read_cards(cards))


def _require_manifest(content: MediaContent, expected: Mapping[str, str]) -> None:
    try:
        manifest = json.loads(content.manifest)
    except ValueError as error:
        raise EnvelopeError("envelope.manifest_not_json") from error
    if not isinstance(manifest, dict):
        raise EnvelopeError("envelope.manifest_no_object")
    found = {"sha256": content.content_sha256, "length": str(content.content_bytes), **expected}
    for name, value in found.items():
        if manifest.get(name) != value:
            raise EnvelopeError("envelope.manifest_of_another_content", name=name)
