"""What no answer and no line of a log may carry: bytes of pictures, perceptual hashes, keys, places, texts.

Perceptual hashes are those of the pictures that a home really holds, made anew from its export. Texts may go through
a case, and nowhere else.
"""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from evidence.fingerprint.decoder import fingerprints_of
from tests.contracts.tree import ROOT
from tests.homes import PASSPHRASE, Office

PICTURES = re.compile(
    rb"\xff\xd8\xff[\xc0-\xcf\xdb\xe0\xe1\xee]|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF....WEBP"
    rb"|/9j/4[A-Z]|iVBORw0KGgo|R0lGOD[dl]h|UklGR[A-Za-z0-9+/]{5}XRUJQ|ffd8ffe[01]|89504e470d0a1a0a",
    re.DOTALL,
)
"""How a JPEG, PNG, GIF or WebP begins: as it is, in base64, in hex."""
KEYS = re.compile(rb"AGE-SECRET-KEY|PRIVATE KEY|PRIVATE\+KEY")
THROUGH_A_CASE = re.compile(r"/api/v1/(cases|bundles)/[^/]+(/|$)")
PIECE = 24
"""How many bytes of a picture are enough to know it by."""


def spellings(data: bytes) -> Iterator[bytes]:
    """Bytes as they are, in hex and in base64, wherever in a longer run they stand."""
    yield data
    yield from (data.hex().encode(), data.hex().upper().encode())
    for before in range(3):
        text = base64.b64encode(bytes(before) + data)
        whole = text[-(-before * 4 // 3) : len(text) - 4]  # but for characters that its neighbours share
        yield from {whole, whole.replace(b"+", b"-").replace(b"/", b"_")}


def pieces(picture: bytes) -> Iterator[bytes]:
    """A few runs of a picture's own bytes, but none of the tables that many pictures share."""
    for at in (len(picture) // 3, len(picture) // 2, len(picture) - 2 * PIECE):
        yield picture[at : at + PIECE]


def hashes(picture: bytes) -> Iterator[bytes]:
    """Each perceptual hash of a picture that is not of one colour alone."""
    told = json.loads(fingerprints_of(picture)[0].sealing_bytes())
    told = {name: value for name, value in told.items() if name not in ("sha256", "md5")}
    for text in re.findall(r'"([0-9a-f]{16}|[0-9a-f]{64})"', json.dumps(told)):
        if len(set(text)) > 6:
            yield bytes.fromhex(text)


@dataclass
class Secrets:
    """What is searched for, by what it is."""

    needles: dict[str, set[bytes]] = field(default_factory=dict)
    texts: set[bytes] = field(default_factory=set)
    searched: int = 0

    def plant(self, what: str, *secrets: bytes) -> None:
        self.needles.setdefault(what, set()).update(secrets)

    def plant_text(self, text: str) -> None:
        self.texts |= {text.encode(), json.dumps(text)[1:-1].encode()}

    def found_in(self, data: bytes, *, texts: bool) -> list[str]:
        """What of all that stands in some bytes: never the thing itself, which a failure would print."""
        found = ["the beginning of a picture"] if PICTURES.search(data) else []
        found += ["a secret key"] if KEYS.search(data) else []
        found += [what for what, secrets in self.needles.items() if any(secret in data for secret in secrets)]
        return found + (["a text"] if texts and any(text in data for text in self.texts) else [])

    def watch(self, answer: httpx.Response) -> None:
        """Search an answer as it comes, with its headers: an event hook of httpx."""
        answer.read()
        path = answer.request.url.path
        self.search(answer.content, answer.headers.raw, path)

    def search(self, body: bytes, headers: list[tuple[bytes, bytes]], path: str) -> None:
        self.searched += 1
        head = b"\n".join(b": ".join(each) for each in headers)
        found = self.found_in(body, texts=not THROUGH_A_CASE.match(path)) + self.found_in(head, texts=True)
        assert not found, f"the answer of {path} carries {found}"

    def search_logs(self, home: Path) -> int:
        """Search every line of a home's operational log; how many there were."""
        lines = [line for file in sorted(home.glob("nisisama.log*")) for line in file.read_bytes().splitlines()]
        found = [found for line in lines for found in self.found_in(line, texts=True)]
        assert not found, f"the operational log carries {found}"
        return len(lines)


def secrets_of(office: Office) -> Secrets:
    """Everything of an office that stays where it is."""
    secrets = Secrets()
    pictures = [data for data in map(_read, _media(office)) if PICTURES.match(data)]
    for picture in pictures:
        secrets.plant("bytes of a picture", *(each for piece in pieces(picture) for each in spellings(piece)))
        secrets.plant("a perceptual hash", *(each for found in hashes(picture) for each in spellings(found)))
    places = (office.home.path.parent, office.home.path, office.home.keys.path, ROOT)
    secrets.plant("the passphrase", PASSPHRASE.encode())
    secrets.plant("a card", *(card.encode() for card in office.cards))
    secrets.plant("a place on the machine", *(str(place).encode() for place in places))
    for text in office.export.texts.values():
        if len(text) >= 12:
            secrets.plant_text(text)
    return secrets


def _media(office: Office) -> list[Path]:
    return [office.export.folder / name for name in office.export.media]


def _read(file: Path) -> bytes:
    return file.read_bytes()
