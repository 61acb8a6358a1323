"""What somebody asks about pictures, as her page seals it to the matching key: fingerprints, and nothing else of them.

The sealed form is one age file whose plaintext is JCS (RFC 8785) of

    {"format": "nisisama/question/1", "pictures": [PICTURE, ... one to three]}

    PICTURE     {"crops": base64url without padding of the hashes of its crops, 32 bytes each, or "",
                 "pdq": as in the prints of a file, or null, "sha256": HEX64, "trimmed": as in the prints of a file}

Its receipt is the first 80 bits of the SHA-256 of the age file, as five proquints: whoever sealed it and whoever got it
compute the same words, and nobody else does.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final, Self

from config.errors import Term
from evidence.canonical import Json, Value, b64u, from_b64u, jcs, read_jcs
from evidence.errors import CanonicalError, EnvelopeError, NoMatchingKeyError, PrintsError, QuestionError
from evidence.fingerprint.grid import GRID
from evidence.fingerprint.prints import Prints, read_asked
from evidence.fingerprint.unspoken import Unspoken
from evidence.match.check import MIN_QUALITY, REVIEW_BITS, PictureQuery
from evidence.proquint import WORDS, proquints
from evidence.seal.age import Identity, Recipient, parse_header, split_file
from evidence.seal.envelopes import open_whole, seal_whole

FORMAT: Final = "nisisama/question/1"
MOST_PICTURES: Final = 3
MOST_SEALED_BYTES: Final = 1_500_000
"""Three pictures with all their crops are 1.05 MB."""
_MOST_HEADER_BYTES: Final = 16_384
"""One post-quantum recipient takes 1.6 KB."""
_HASH_BYTES: Final = 32
_ORIENTATIONS: Final = 8
_CROPS: Final = 2 * len(GRID)
_FIELDS: Final = frozenset({"crops", "pdq", "sha256", "trimmed"})


class Question(Unspoken):
    """The pictures that somebody asks about.

    Attributes:
        pictures: One to three.
    """

    __slots__ = ("pictures",)

    pictures: tuple[PictureQuery, ...]

    def __init__(self, pictures: Sequence[PictureQuery]) -> None:
        """Ask about these pictures."""
        self._fill(pictures=tuple(pictures))

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the plaintext.

        Raises:
            QuestionError: It is malformed, of another version, or not canonical.
        """
        try:
            fields = read_jcs(data, where=Term("what.question"))
        except CanonicalError as error:
            raise QuestionError("question.unreadable", cause=error) from None  # the error must not carry what was read
        if not isinstance(fields, dict) or fields.get("format") != FORMAT or fields.keys() != {"format", "pictures"}:
            raise QuestionError("question.other_form", expected=FORMAT)
        pictures = fields["pictures"]
        if not isinstance(pictures, list) or not 1 <= len(pictures) <= MOST_PICTURES:
            raise QuestionError("question.number_of_pictures", expected=MOST_PICTURES)
        return cls([_picture(each) for each in pictures])


def _picture(fields: Json) -> PictureQuery:
    if not isinstance(fields, dict) or fields.keys() != _FIELDS:
        raise QuestionError("question.other_form", expected=FORMAT)
    try:
        eights = read_asked(fields, min_quality=MIN_QUALITY)
    except PrintsError as error:
        raise QuestionError("question.malformed", where=error.where) from error
    return PictureQuery(fields["sha256"], eights, _crops(fields["crops"]))


def _crops(text: Json) -> tuple[bytes, ...]:
    try:
        joined = from_b64u(text) if isinstance(text, str) else None
    except CanonicalError:
        joined = None
    if joined is None or len(joined) % _HASH_BYTES or len(joined) > _CROPS * _HASH_BYTES:
        raise QuestionError("question.malformed", where=Term("what.crops"))
    return tuple(joined[at : at + _HASH_BYTES] for at in range(0, len(joined), _HASH_BYTES))


def question_of(prints: Prints, crops: Sequence[bytes] = ()) -> bytes:
    """The plaintext of a sealed question about one picture of which the prints are known."""
    picture: Mapping[str, Value] = {**prints.as_asked(), "crops": b64u(b"".join(crops))}
    return jcs({"format": FORMAT, "pictures": [picture]})


def seal_question(plaintext: bytes, matching: Recipient) -> bytes:
    """A question about pictures, sealed to the matching key: while that is locked, nobody reads it."""
    return seal_whole(plaintext, recipients=(matching,))


def require_sealed(sealed: bytes) -> None:
    """Check, without any key, that these bytes can be a sealed question.

    Raises:
        QuestionError: They are no age file, one that was cut, or a longer one.
    """
    if len(sealed) > MOST_SEALED_BYTES:
        raise QuestionError("question.too_long", limit=MOST_SEALED_BYTES)
    try:
        header, payload = split_file(sealed)
        if len(header) > _MOST_HEADER_BYTES:
            raise QuestionError("question.no_age_file", cause=EnvelopeError("envelope.no_mac_line"))
        parse_header(header)
    except EnvelopeError as error:
        raise QuestionError("question.no_age_file", cause=error) from error
    if not len(payload):
        raise QuestionError("question.no_age_file", cause=EnvelopeError("envelope.no_mac_line"))


def open_question(sealed: bytes, matching: Identity) -> Question:
    """The question about pictures that was sealed to the matching key.

    Raises:
        QuestionError: It was sealed to another office, is damaged, or malformed.
    """
    require_sealed(sealed)
    try:
        plaintext = open_whole(sealed, identities=(matching,))
    except NoMatchingKeyError as error:
        raise QuestionError("question.of_another_office") from error
    except EnvelopeError as error:
        raise QuestionError("question.no_age_file", cause=error) from error
    return Question.parse(plaintext)


def are_alike(one: PictureQuery, other: PictureQuery) -> bool:
    """Whether two different files, by their fingerprints, look like variants of one picture.

    Whoever tunes an edit until it is found no more asks with many of them.
    """
    if one.sha256 == other.sha256:
        return False
    here = [int.from_bytes(each) for each in one.hashes]
    there = [int.from_bytes(each) for each in other.hashes[::_ORIENTATIONS]]
    return any((each ^ its).bit_count() <= REVIEW_BITS for each in here for its in there)


def receipt_of(sealed: bytes) -> str:
    """The five words by which a sealed question is named."""
    return proquints(hashlib.sha256(sealed).digest()[: 2 * WORDS])
