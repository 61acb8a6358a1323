"""A check finds what is there, counts what it compared, and tells nobody how near it was."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.fingerprint.decoded import Decoded
from evidence.fingerprint.pdq import pdq
from evidence.fingerprint.prints import Prints
from evidence.match.check import CheckResult, Match, NotCompared, Tier, compare
from tests.evidence.fingerprint.pictures import Rgb, image, scene

ALL = (1 << 256) - 1
BASE = int("96" * 32, 16)


def prints(
    number: int, *, sha256: str = "aa" * 32, quality: int = 100, turned: tuple[int, ...] | None = None
) -> Prints:
    """Prints whose upright hash is ``number``; the other orientations are far from everything unless given."""
    hashes = (number, *(turned or [number ^ ALL] * 7))
    reply = {
        "width": 100,
        "height": 100,
        "media_type": "image/png",
        "first_frame_only": False,
        "pdq": [f"{each:064x}" for each in hashes],
        "quality": quality,
        "phash": "0" * 16,
        "trimmed": [],
        "versions": {},
    }
    return Prints.of_file(sha256=sha256, md5="0" * 32, picture=Decoded(reply, sandbox=""))


def digests_only(sha256: str) -> Prints:
    return Prints.of_file(sha256=sha256, md5="0" * 32, picture=None)


QUERY = prints(BASE)
OTHER = "bb" * 32


def away(distance: int) -> int:
    return BASE ^ ((1 << distance) - 1)


def tier_at(distance: int) -> Tier | None:
    result = compare(QUERY, [("one", prints(away(distance), sha256=OTHER))])
    assert (result.compared, result.not_compared) == (1, {})
    return result.matches[0].tier if result.matches else None


def test_the_tiers_meet_at_the_bit() -> None:
    found = [tier_at(distance) for distance in range(128)]
    assert found == [Tier.MATCH] * 32 + [Tier.REVIEW] * 15 + [None] * 81


def test_the_same_bytes_are_identical_even_when_nothing_could_be_decoded() -> None:
    for query in (QUERY, digests_only("aa" * 32), prints(BASE, quality=0)):
        result = compare(query, [("one", digests_only("aa" * 32))])
        assert result == CheckResult(1, {}, (Match("one", Tier.IDENTICAL),))


@pytest.mark.parametrize("index", range(7))
def test_each_orientation_of_the_query_is_tried(index: int) -> None:
    turned = [BASE ^ ALL] * 7
    stored = int("3c" * 32, 16)
    turned[index] = stored ^ 0b111
    result = compare(prints(BASE, turned=tuple(turned)), [("one", prints(stored, sha256=OTHER))])
    assert result.matches == (Match("one", Tier.MATCH),)


def test_the_turned_hashes_of_the_stored_are_not_compared() -> None:
    stored = prints(BASE ^ ALL, sha256=OTHER, turned=(BASE,) * 7)
    assert compare(prints(BASE, turned=(BASE,) * 7), [("one", stored)]).matches == ()


@pytest.mark.parametrize(
    ("query", "stored", "why"),
    [
        (prints(BASE, quality=49), prints(BASE, sha256=OTHER), NotCompared.ASKED_TOO_PLAIN),
        (QUERY, prints(BASE, sha256=OTHER, quality=49), NotCompared.TOO_PLAIN),
        (QUERY, digests_only(OTHER), NotCompared.NO_PICTURE),
        (digests_only("aa" * 32), prints(BASE, sha256=OTHER), NotCompared.ASKED_TOO_PLAIN),
        (digests_only("aa" * 32), digests_only(OTHER), NotCompared.ASKED_TOO_PLAIN),
    ],
)
def test_without_two_usable_hashes_nothing_was_compared(query: Prints, stored: Prints, why: NotCompared) -> None:
    assert compare(query, [("one", stored)]) == CheckResult(0, {why: 1}, ())


def test_quality_fifty_is_usable() -> None:
    result = compare(prints(BASE, quality=50), [("one", prints(BASE, sha256=OTHER, quality=50))])
    assert result == CheckResult(1, {}, (Match("one", Tier.MATCH),))


def test_an_empty_store_says_that_nothing_was_compared() -> None:
    assert compare(QUERY, []) == CheckResult(0, {}, ())


def test_matches_keep_the_order_of_the_store_not_of_nearness() -> None:
    stored = [("a", away(40)), ("b", away(3)), ("c", away(90)), ("d", away(30)), ("e", away(0))]
    result = compare(QUERY, ((item, prints(number, sha256=OTHER)) for item, number in stored))
    assert [match.item for match in result.matches] == ["a", "b", "d", "e"]


@given(st.lists(st.tuples(st.integers(0, 256), st.integers(0, 100)), max_size=30))
def test_every_stored_item_is_counted_once(stored: list[tuple[int, int]]) -> None:
    items = [
        (str(index), prints(away(distance), sha256=OTHER, quality=quality))
        for index, (distance, quality) in enumerate(stored)
    ]
    result = compare(QUERY, items)
    assert result.compared + sum(result.not_compared.values()) == len(items)
    assert result.compared == sum(quality >= 50 for _, quality in stored)
    assert {match.item for match in result.matches} == {
        str(index)
        for index, (distance, quality) in enumerate(stored)
        if quality >= 50 and min(distance, 256 - distance) <= 46
    }


def test_a_result_has_no_room_for_a_distance() -> None:
    assert {field.name for field in dataclasses.fields(Match)} == {"item", "tier"}
    assert {field.name for field in dataclasses.fields(CheckResult)} == {"compared", "not_compared", "matches"}
    near, nearer = (compare(QUERY, [("one", prints(away(n), sha256=OTHER))]) for n in (31, 0))
    assert near == nearer


# --- with pictures ---


def of_pixels(rgb: Rgb, sha256: str) -> Prints:
    found = pdq(lambda top, bottom: rgb[top:bottom], width=rgb.shape[1], height=rgb.shape[0])
    assert found is not None
    hashes = [int.from_bytes(value) for value in found.hashes]
    return prints(hashes[0], sha256=sha256, quality=found.quality, turned=tuple(hashes[1:]))


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("size", [(256, 256), (320, 240), (1280, 960)])
def test_a_picture_is_found_however_it_was_turned(turns: int, mirrored: bool, size: tuple[int, int]) -> None:  # noqa: FBT001 - pytest's
    rgb = scene(width=size[0], height=size[1])
    turned = np.rot90(np.fliplr(rgb) if mirrored else rgb, turns)
    result = compare(of_pixels(rgb, "aa" * 32), [("one", of_pixels(np.ascontiguousarray(turned), OTHER))])
    assert result.matches == (Match("one", Tier.MATCH),)


@pytest.mark.parametrize("size", [(160, 120), (640, 480), (123, 97)])
def test_a_resized_picture_is_found(size: tuple[int, int]) -> None:
    small = np.asarray(image(width=320, height=240).resize(size))
    result = compare(of_pixels(scene(width=320, height=240), "aa" * 32), [("one", of_pixels(small, OTHER))])
    assert [match.tier for match in result.matches] == [Tier.MATCH]


def test_other_pictures_are_not_found() -> None:
    stored = [(str(seed), of_pixels(scene(width=320, height=240, seed=seed), OTHER)) for seed in range(2, 40)]
    assert compare(of_pixels(scene(width=320, height=240), "aa" * 32), stored) == CheckResult(38, {}, ())
