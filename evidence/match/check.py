"""What is asked and answered when a picture is looked for among the stored ones (``evidence.match.library``).

Three tiers, for a person to judge: a machine says "look here", never "this is it". Nothing
of how near two pictures are leaves this module, and matches come in the order of the store,
not of nearness: a distance would let somebody edit a picture until it is no longer found.

"Compared" counts honestly: a stored file without a usable PDQ, or a query without one, was
not compared, and a check may say "none" only about what was. Why is counted, never told of one file.

``python -m tests.bench recall`` measures how many are found at which edit; README has the table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from evidence.fingerprint.prints import Eights, Prints
from evidence.fingerprint.unspoken import Unspoken

MIN_QUALITY: Final = 50
"""Below it PDQ rests on too little structure (pdq/README.md of the reference)."""
MATCH_BITS: Final = 31
"""Of 256; the reference's own threshold."""
REVIEW_BITS: Final = 46


class Tier(StrEnum):
    """How alike, in the only words that leave this module."""

    IDENTICAL = "identical"
    MATCH = "match"
    REVIEW = "review"


class NotCompared(StrEnum):
    """Why a stored file was not compared."""

    NO_PICTURE = "no_picture"
    """It has no PDQ: it is no picture, could not be decoded, or is too small."""
    TOO_PLAIN = "too_plain"
    """It has too little structure."""
    ASKED_TOO_PLAIN = "asked_too_plain"
    """The picture asked about has none, or too little structure."""
    NOT_READ = "not_read"
    """Its mode did not read it."""
    FROZEN = "frozen"
    """It may show a child, or is the same file as one that may (``evidence.store.freeze``)."""


@dataclass(frozen=True, slots=True)
class Match:
    """A stored item that a person should look at."""

    item: str
    tier: Tier


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check can say.

    Attributes:
        compared: Stored items that were really compared.
        not_compared: How many stored items nothing is known about, for each reason.
        matches: In the order of the store.
    """

    compared: int
    not_compared: Mapping[NotCompared, int]
    matches: tuple[Match, ...]


class PictureQuery(Unspoken):
    """A picture that is looked for.

    Attributes:
        sha256: Of its file, 32 bytes.
        md5: Of its file, 16 bytes; empty where it is not known. Lists alone are compared with it.
        hashes: PDQ hashes of 32 bytes: eight orientations of the picture and of each of its trims, of enough quality.
        crops: PDQ hashes of its crops; none if the picture itself has too little structure.
    """

    __slots__ = ("crops", "hashes", "md5", "sha256")

    sha256: bytes
    md5: bytes
    hashes: tuple[bytes, ...]
    crops: tuple[bytes, ...]

    def __init__(self, sha256: str, eights: Eights, crops: tuple[bytes, ...] = (), *, md5: str = "") -> None:
        """Ask for a picture.

        Args:
            sha256: Of its file, 64 hex digits.
            md5: Of its file, 32 hex digits.
            eights: Eight hashes of the picture and of each of its trims, of enough quality.
        """
        self._fill(
            sha256=bytes.fromhex(sha256),
            md5=bytes.fromhex(md5),
            hashes=tuple(each for eight in eights for each in eight),
            crops=crops if eights else (),
        )

    @classmethod
    def of(cls, prints: Prints, crops: tuple[bytes, ...] = ()) -> Self:
        """Ask for the picture of these prints."""
        return cls(prints.sha256, prints.pdq_for_matching(min_quality=MIN_QUALITY), crops, md5=prints.md5)
