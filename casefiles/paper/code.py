"""A QR code (ISO/IEC 18004), drawn as lines: what it holds is the plain text that somebody pastes.

Needs the package ``segno``.
"""

import io

import segno

_CORRECTION = "m"
"""Fifteen of a hundred code words may be lost, to a fold or a poor copy."""


def code_drawn(text: str) -> str:
    """A QR code of a text as SVG, without a margin; the page has to leave four of its modules free around it."""
    drawn = io.BytesIO()
    segno.make(text, error=_CORRECTION, micro=False).save(drawn, kind="svg", xmldecl=False, border=0)
    return drawn.getvalue().decode("ascii")
