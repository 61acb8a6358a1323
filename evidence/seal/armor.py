"""The text form of an age file (c2sp.org/age, "ASCII armor"), as a person pastes it.

What mail programs and messengers do to a text is undone: other line ends, other line lengths, spaces, and words before
and after. What is between the two marks must still be one spelling of some bytes.
"""

import base64
import binascii
from typing import Final

from evidence.errors import EnvelopeError

BEGIN: Final = "-----BEGIN AGE ENCRYPTED FILE-----"
END: Final = "-----END AGE ENCRYPTED FILE-----"
MAGIC: Final = b"age-encryption.org/"


def unarmored(text: str) -> bytes:
    """The age file in a text.

    Raises:
        EnvelopeError: There is none, or several, or it is damaged.
    """
    count, begin, end = text.count(BEGIN), text.find(BEGIN), text.find(END)
    if count != 1 or text.count(END) != 1 or end < begin:
        raise EnvelopeError("envelope.no_armor", count=count)
    try:
        return base64.b64decode("".join(text[begin + len(BEGIN) : end].split()), validate=True)
    except binascii.Error as error:
        raise EnvelopeError("envelope.armor_damaged") from error


def age_file_in(data: bytes) -> bytes | None:
    """The age file that some bytes are, or that a text among them holds; None where there is none.

    Raises:
        EnvelopeError: It is a text with a damaged one.
    """
    if data.startswith(MAGIC):
        return data
    if BEGIN.encode() not in data:
        return None
    return unarmored(data.decode("utf-8", "replace"))
