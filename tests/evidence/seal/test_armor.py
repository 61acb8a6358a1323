"""A sealed file survives what mail and messengers do to its text, and nothing else passes for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import EnvelopeError
from evidence.seal.armor import BEGIN, END, MAGIC, age_file_in, unarmored
from tests.asking import armored


@given(sealed=st.binary(max_size=400), ends=st.sampled_from(["\n", "\r\n", "\r", " "]))
def test_a_text_is_read_back_after_a_messenger_had_it(sealed: bytes, ends: str) -> None:
    text = armored(sealed)
    assert max(len(line) for line in text.splitlines()) <= 64
    assert unarmored("Hello,\n" + text.replace("\n", ends) + "\nGreetings") == sealed
    assert unarmored("".join(f"  {line}\n" for line in text.splitlines())) == sealed


@pytest.mark.parametrize(
    "text",
    [
        "",
        BEGIN,
        f"{BEGIN}\n!\n{END}",
        f"{BEGIN}\nYQ=\n{END}",
        armored(b"a") + armored(b"b"),
        f"{END}\nYQ==\n{BEGIN}",
    ],
)
def test_what_is_cut_damaged_or_doubled_is_refused(text: str) -> None:
    with pytest.raises(EnvelopeError):
        unarmored(text)


def test_a_file_is_known_by_what_it_holds() -> None:
    sealed = MAGIC + b"v1\nrest"
    assert age_file_in(sealed) == age_file_in(armored(sealed).encode()) == sealed
    assert age_file_in(b"\xff\xd8\xff a picture") is None
    with pytest.raises(EnvelopeError):
        age_file_in(BEGIN.encode() + b"\xff")


def test_very_many_beginnings_are_refused_like_two() -> None:
    for text in (BEGIN * 80_000, END * 80_000, BEGIN * 2 + END):
        with pytest.raises(EnvelopeError, match="exactly one"):
            unarmored(text)
