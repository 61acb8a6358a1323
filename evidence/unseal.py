"""Opens media: the only module that does, for the offline commands of the key holders.

``release``, ``audit --level 4`` and ``key`` run it with the cards; import contracts prove that
no server reaches it. The office key exists between reading the cards and the return, in memory.

LIMIT: Python cannot wipe memory. Run these commands on a machine that is switched off afterwards.
"""

import json
from collections.abc import Callable, Iterable, Sequence

from evidence.errors import EnvelopeError
from evidence.seal.age import Recipient
from evidence.seal.cards import read_cards
from evidence.seal.envelopes import MediaContent, open_media, rewrap
from evidence.seal.recipients import HybridIdentity
from evidence.seal.stream import Chunk


def open_evidence(
    header: bytes, payload: Iterable[Chunk], *, cards: Sequence[str], sink: Callable[[bytes], object]
) -> MediaContent:
    """Open one preserved medium with the office cards; the sink gets exactly the content.

    The content is compared with its manifest, so a payload that was sealed under another
    event's name is refused. Nothing is certain before this returns.

    Args:
        sink: Takes each piece whole, or raises. ``lambda piece: None`` checks without keeping.

    Raises:
        CardError: The cards are mistyped, of different sets or too few.
        NoMatchingKeyError: The header was not sealed for this office key.
        EnvelopeError: Header, payload, frame or manifest does not hold.
    """
    content = open_media(header, payload, identities=[_office_key(cards)], sink=sink)
    _require_manifest(content)
    return content


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


def _require_manifest(content: MediaContent) -> None:
    try:
        manifest = json.loads(content.manifest)
    except ValueError as error:
        raise EnvelopeError("envelope.manifest_not_json") from error
    if not isinstance(manifest, dict):
        raise EnvelopeError("envelope.manifest_no_object")
    for name, found in (("sha256", content.content_sha256), ("length", str(content.content_bytes))):
        if manifest.get(name) != found:
            raise EnvelopeError("envelope.manifest_of_another_content", name=name)
