"""A QR code is lines alone, and another text has another one. What it says is read in tests/conformance/verapdf."""

import re

from casefiles.paper.code import code_drawn

DIGEST = "0123456789abcdef" * 4


def test_a_code_is_one_path_in_black_on_as_many_modules_as_the_digits_need() -> None:
    drawn = code_drawn(DIGEST)
    assert re.sub(r' d="[Mhm0-9. -]+"', "", drawn) == (
        '<svg xmlns="http://www.w3.org/2000/svg" width="37" height="37" class="segno">'
        '<path class="qrline" stroke="#000"/></svg>\n'
    )


def test_another_digit_gives_another_code_and_the_same_digits_the_same() -> None:
    assert code_drawn(DIGEST) == code_drawn(DIGEST)
    assert code_drawn(DIGEST) != code_drawn(DIGEST.replace("0", "1", 1))
