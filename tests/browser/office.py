"""What the office's side of the page is: the page of an invented office, its key, and what it opens."""

import base64
import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from api.pages.check import CheckFacts, check_page
from evidence.canonical import jcs
from evidence.seal.envelopes import open_whole
from evidence.seal.recipients import HybridIdentity, generate_identity

CONSONANTS, VOWELS = "bdfghjklmnprstvz", "aiou"


def proquints(data: bytes) -> str:
    """The first 80 bits as five words (arXiv:0901.4016), read off the bits from the left."""
    bits = "".join(f"{byte:08b}" for byte in data[:10])
    words = []
    for at in range(0, 80, 16):
        part, word = bits[at : at + 16], ""
        for width, letters in ((4, CONSONANTS), (2, VOWELS), (4, CONSONANTS), (2, VOWELS), (4, CONSONANTS)):
            word, part = word + letters[int(part[:width], 2)], part[width:]
        words.append(word)
    return "-".join(words)


@dataclass(frozen=True)
class AskedOffice:
    """An office that somebody asks."""

    folder: Path
    identity: HybridIdentity = field(default_factory=generate_identity)

    def facts(self, **other: object) -> CheckFacts:
        base = CheckFacts(
            organisation="Women's <Legal> Office",
            recipient=str(self.identity.recipient),
            contact="+000 11 22 33\nMonday to Friday",
            hotline="+000 44 55 66",
            leave="https://example.org/",
            post=None,
            days=3,
            rehearsal=False,
        )
        return replace(base, **other)  # type: ignore[arg-type]

    def page(self, **other: object) -> str:
        """The address of a page on this disk, as from a USB stick."""
        file = self.folder / "page.html"
        file.write_text(check_page(self.facts(**other)), "utf-8")
        return file.as_uri()

    def opened(self, sealed: bytes) -> dict[str, Any]:
        """A question, whose bytes are canonical."""
        plain = open_whole(sealed, identities=(self.identity,))
        question: dict[str, Any] = json.loads(plain)
        assert jcs(question) == plain
        return question

    def file(self, name: str, data: bytes) -> str:
        """The place of a file that somebody chooses."""
        place = self.folder / name
        place.write_bytes(data)
        return str(place)


def receipt_of(sealed: bytes) -> str:
    """The words of a sealed question."""
    return proquints(hashlib.sha256(sealed).digest())


def binary_of(armor: str) -> bytes:
    """What an armored age file holds."""
    lines = armor.strip().splitlines()
    assert (lines[0], lines[-1]) == ("-----BEGIN AGE ENCRYPTED FILE-----", "-----END AGE ENCRYPTED FILE-----")
    return base64.b64decode("".join(lines[1:-1]), validate=True)
