"""What is asked and answered has no room for a distance, and shows no hash."""

import dataclasses
import json
import pickle  # noqa: TID251 - proves that it is refused

import pytest

from evidence.errors import PrintsError
from evidence.match.check import CheckResult, Match, PictureQuery
from tests.evidence.match.libraries import ALL, BASE, digests_only, prints


def test_an_answer_has_no_room_for_a_distance() -> None:
    assert {field.name for field in dataclasses.fields(Match)} == {"item", "tier"}
    assert {field.name for field in dataclasses.fields(CheckResult)} == {"compared", "not_compared", "matches"}


def test_a_picture_is_asked_for_in_all_orientations_with_and_without_its_border() -> None:
    asked = PictureQuery.of(prints(BASE, trims=(tuple(range(8)), tuple(range(8, 16)))))
    assert asked.hashes == tuple(each.to_bytes(32) for each in (BASE, *[BASE ^ ALL] * 7, *range(16)))
    assert asked.sha256 == b"\xaa" * 32


@pytest.mark.parametrize(("quality", "hashes"), [(49, 8), (50, 16)])
def test_only_hashes_of_enough_quality_are_asked_for(quality: int, hashes: int) -> None:
    assert len(PictureQuery.of(prints(BASE, quality=quality, trims=(tuple(range(8)),))).hashes) == hashes
    assert PictureQuery.of(digests_only("aa" * 32)).hashes == ()


def test_what_is_asked_shows_nothing() -> None:
    asked = PictureQuery.of(prints(BASE), (b"\x11" * 32,))
    assert f"{asked} {asked!r}" == "<PictureQuery: not shown> <PictureQuery: not shown>"
    for write in (pickle.dumps, json.dumps):
        with pytest.raises((PrintsError, TypeError)):
            write(asked)
