"""Whoever asks: questions as her page seals them, made here from a picture."""

import base64

from api.home import Home
from evidence.fingerprint.decoder import fingerprints_of
from evidence.match.question import question_of, seal_question
from evidence.seal.armor import BEGIN, END

_COLUMNS = 64


def ask(home: Home, picture: bytes) -> bytes:
    """A question about one picture, sealed to the office."""
    prints, _crops = fingerprints_of(picture)
    return seal_question(question_of(prints), home.recipients.matching)


def armored(sealed: bytes) -> str:
    """An age file as text."""
    text = base64.b64encode(sealed).decode("ascii")
    lines = (text[at : at + _COLUMNS] for at in range(0, len(text), _COLUMNS))
    return "\n".join((BEGIN, *lines, END, ""))
