"""A question is read exactly as it was sealed, or refused with words; and it shows nothing of itself."""

import json
import pickle  # noqa: TID251 - must be refused
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.canonical import b64u, jcs
from evidence.errors import PrintsError, QuestionError
from evidence.fingerprint.grid import GRID
from evidence.match.check import PictureQuery
from evidence.match.question import (
    FORMAT,
    MOST_SEALED_BYTES,
    Question,
    are_alike,
    open_question,
    question_of,
    receipt_of,
    require_sealed,
    seal_question,
)
from evidence.proquint import is_words
from evidence.seal.recipients import generate_identity
from tests.evidence.match.libraries import BASE, digests_only, prints

KEY = generate_identity()
PLAIN = question_of(prints(BASE, trims=((BASE ^ 7,) * 8,)), [b"\x11" * 32, b"\x22" * 32])
MAKE = "Make it again"


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    fields = json.loads(PLAIN)
    change(fields)
    return jcs(fields)


def test_a_question_is_read_back_with_the_matching_key() -> None:
    (picture,) = open_question(seal_question(PLAIN, KEY.recipient), KEY).pictures
    assert picture.sha256.hex() == "aa" * 32
    assert (len(picture.hashes), len(picture.crops)) == (16, 2)
    assert picture.hashes[0] == BASE.to_bytes(32)


def test_what_has_too_little_in_it_is_asked_about_by_its_file_alone() -> None:
    for plain in (prints(BASE, quality=49), digests_only("aa" * 32)):
        (picture,) = Question.parse(question_of(plain, [b"\x11" * 32])).pictures
        assert (picture.hashes, picture.crops) == ((), ())


def three(fields: dict[str, Any]) -> None:
    fields["pictures"] *= 3


def test_three_pictures_with_every_crop_fit() -> None:
    crops = [bytes(32)] * (2 * len(GRID))
    fields = json.loads(question_of(prints(BASE), crops))
    three(fields)
    sealed = seal_question(jcs(fields), KEY.recipient)
    assert len(open_question(sealed, KEY).pictures) == 3
    assert MOST_SEALED_BYTES / 2 < len(sealed) < MOST_SEALED_BYTES


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        PLAIN + b" ",
        PLAIN.replace(FORMAT.encode(), b"nisisama/question/2"),
        changed(lambda each: each.update(more="x")),
        changed(lambda each: each.update(pictures=[])),
        changed(lambda each: each.update(pictures=each["pictures"] * 4)),
        changed(lambda each: each.update(pictures="x")),
        changed(lambda each: each["pictures"][0].update(more="x")),
        changed(lambda each: each["pictures"][0].pop("crops")),
        changed(lambda each: each["pictures"][0].update(sha256="x")),
        changed(lambda each: each["pictures"][0].update(pdq="x")),
        changed(lambda each: each["pictures"][0].update(trimmed=None)),
        changed(lambda each: each["pictures"][0].update(crops=None)),
        changed(lambda each: each["pictures"][0].update(crops="=")),
        changed(lambda each: each["pictures"][0].update(crops=b64u(bytes(33)))),
        changed(lambda each: each["pictures"][0].update(crops=b64u(bytes(32 * (2 * len(GRID) + 1))))),
        changed(lambda each: each.update(pictures=["x"])),
    ],
)
def test_what_is_malformed_is_refused_and_not_repeated(plain: bytes) -> None:
    with pytest.raises(QuestionError, match=MAKE) as raised:
        open_question(seal_question(plain, KEY.recipient), KEY)
    assert "aa" * 32 not in str(raised.value)


@given(data=st.data())
def test_a_changed_byte_never_gives_another_question(data: st.DataObject) -> None:
    sealed = bytearray(seal_question(PLAIN, KEY.recipient))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(QuestionError):
        open_question(bytes(sealed), KEY)


def test_another_offices_key_is_told_so() -> None:
    with pytest.raises(QuestionError, match="another office"):
        open_question(seal_question(PLAIN, KEY.recipient), generate_identity())


@pytest.mark.parametrize(
    "sealed",
    [
        b"",
        b"garbage",
        bytes(10_000_000),
        b"age-encryption.org/v1\n",
        b"age-encryption.org/v1\n" + b"-> a\n\n" * 200_000 + b"--- " + b"A" * 43 + b"\npayload",
    ],
    ids=len,
)
def test_what_is_no_age_file_is_refused_without_a_key(sealed: bytes) -> None:
    with pytest.raises(QuestionError):
        require_sealed(sealed)


def test_a_sealed_question_passes_without_a_key_and_half_of_one_does_not() -> None:
    sealed = seal_question(PLAIN, KEY.recipient)
    require_sealed(sealed)
    with pytest.raises(QuestionError):
        require_sealed(sealed[:1000])


def test_a_receipt_is_five_words_of_the_very_bytes() -> None:
    one, other = (seal_question(PLAIN, KEY.recipient) for _time in range(2))
    assert is_words(receipt_of(one))
    assert receipt_of(one) == receipt_of(bytes(one)) != receipt_of(other)


def test_variants_are_alike_and_the_same_file_and_others_are_not() -> None:
    one = PictureQuery.of(prints(BASE))
    for bits, expected in ((0, True), (46, True), (47, False), (128, False)):
        other = PictureQuery.of(prints(BASE ^ ((1 << bits) - 1), sha256="bb" * 32))
        assert are_alike(one, other) is expected
    assert not are_alike(one, PictureQuery.of(prints(BASE ^ 1)))
    assert not are_alike(one, PictureQuery.of(digests_only("bb" * 32)))


def test_a_question_shows_nothing() -> None:
    asked = Question.parse(PLAIN)
    assert f"{asked} {asked!r}" == "<Question: not shown> <Question: not shown>"
    for write in (pickle.dumps, json.dumps):
        with pytest.raises((PrintsError, TypeError)):
            write(asked)
