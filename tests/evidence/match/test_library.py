"""A library finds what comparing every stored file finds, whether it was begun from segments or from prints."""

import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import NoMatchingKeyError
from evidence.fingerprint.pdq import Rgb, pdq
from evidence.fingerprint.prints import Prints
from evidence.match import library as library_module
from evidence.match.check import CheckResult, Match, NotCompared, PictureQuery, Tier
from evidence.match.library import Library
from evidence.match.segments import (
    IndexedFile,
    Segment,
    open_segment,
    put_back,
    seal_segment,
    without_entries,
    write_segments,
)
from evidence.seal.recipients import generate_identity
from evidence.store import database
from evidence.store.database import writing
from tests.contracts.tree import ROOT
from tests.evidence.fingerprint.pictures import image, scene
from tests.evidence.match.libraries import ALL, BASE, Shelf, digests_only, prints

KEY = generate_identity()
QUERY = prints(BASE)
OTHER = "bb" * 32


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path, KEY)
    yield made
    made.engine.dispose()


def library_of(shelf: Shelf) -> Library:
    made = Library(shelf.engine, KEY)
    made.refresh()
    return made


def answer(shelf: Shelf, query: Prints, *stored: Prints) -> CheckResult:
    shelf.add(*stored)
    return library_of(shelf).compare(PictureQuery.of(query))


def found(result: CheckResult) -> list[tuple[int, Tier]]:
    return [(int(match.item, 16), match.tier) for match in result.matches]


def save(shelf: Shelf, library: Library) -> int:
    segments = library.unsaved()
    with writing(shelf.engine) as connection:
        write_segments(connection, segments)
    return len(segments)


def away(distance: int) -> int:
    return BASE ^ ((1 << distance) - 1)


CRASH = """
import os, resource, sys
from pathlib import Path
from evidence.match.library import Library
from evidence.seal.recipients import generate_identity
from tests.evidence.match.libraries import Shelf
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
if sys.argv[1] == "library":
    Library(Shelf(Path(sys.argv[2]), generate_identity()).engine, generate_identity())
print(resource.getrlimit(resource.RLIMIT_CORE)[0])
"""


def core_limit(what: str, folder: Path) -> int:
    done = subprocess.run(
        [sys.executable, "-c", CRASH, what, str(folder)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return int(done.stdout)


def test_a_process_that_holds_fingerprints_leaves_no_core_file(tmp_path: Path) -> None:
    assert core_limit("library", tmp_path) == 0
    if resource.getrlimit(resource.RLIMIT_CORE)[1] != 0:  # the control, where the machine allows any
        assert core_limit("nothing", tmp_path) != 0


# Comparing


def slow_answer(query: Prints, stored: Sequence[Prints]) -> CheckResult:
    """One file after the other, one bit count after the other."""
    asked = [int.from_bytes(each) for eight in query.pdq_for_matching(min_quality=50) for each in eight]
    compared, left, matches = 0, Counter[NotCompared](), []
    for number, each in enumerate(stored):
        kept = [int.from_bytes(eight[0]) for eight in each.pdq_for_matching(min_quality=50)]
        if each.sha256 == query.sha256:
            compared += 1
            matches.append(Match(f"{number:032x}", Tier.IDENTICAL))
        elif not asked:
            left[NotCompared.ASKED_TOO_PLAIN] += 1
        elif not kept:
            left[NotCompared.TOO_PLAIN if each.pdq_for_matching(min_quality=0) else NotCompared.NO_PICTURE] += 1
        else:
            compared += 1
            bits = min((one ^ other).bit_count() for one in asked for other in kept)
            if bits <= 46:
                matches.append(Match(f"{number:032x}", Tier.MATCH if bits <= 31 else Tier.REVIEW))
    return CheckResult(compared, left, tuple(matches))


DIGESTS = st.sampled_from(["aa" * 32, OTHER, "cc" * 32])
TRIMS = st.lists(st.integers(0, 256).map(lambda bits: (away(bits), *[7] * 7)), max_size=2).map(tuple)
STORED = st.one_of(
    st.builds(digests_only, DIGESTS),
    st.builds(
        prints, st.integers(0, 256).map(away), sha256=DIGESTS, quality=st.sampled_from([0, 49, 50, 100]), trims=TRIMS
    ),
)


@settings(max_examples=40, deadline=None)
@given(query=STORED, stored=st.lists(STORED, max_size=12), cut=st.integers(0, 12), saved=st.booleans())
def test_every_answer_is_that_of_comparing_each_file(
    query: Prints,
    stored: list[Prints],
    cut: int,
    saved: bool,  # noqa: FBT001 - hypothesis gives it by name
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(library_module, "SAVE_FILES", 1)
        patch.setattr(library_module, "MAX_FILES", 4)
        shelf = Shelf(Path(folder), KEY)
        shelf.add(*stored[:cut])
        library = library_of(shelf)
        shelf.add(*stored[cut:])
        library.refresh()
        if saved:
            save(shelf, library)
        expected = slow_answer(query, stored)
        assert library.compare(PictureQuery.of(query)) == expected
        assert library_of(shelf).compare(PictureQuery.of(query)) == expected
        shelf.engine.dispose()


def test_the_tiers_meet_at_the_bit(shelf: Shelf) -> None:
    result = answer(shelf, QUERY, *(prints(away(distance), sha256=OTHER) for distance in range(128)))
    assert found(result) == [(at, Tier.MATCH) for at in range(32)] + [(at, Tier.REVIEW) for at in range(32, 47)]
    assert (result.compared, result.not_compared) == (128, {})


def test_crops_are_found_as_matches_and_never_for_review(shelf: Shelf) -> None:
    shelf.add(*(prints(away(distance), sha256=OTHER) for distance in (20, 31, 32, 46)))
    crops = (BASE.to_bytes(32),)
    asked = PictureQuery.of(prints(BASE ^ ALL, turned=(0,) * 7), crops)
    assert found(library_of(shelf).compare(asked)) == [(0, Tier.MATCH), (1, Tier.MATCH)]


@pytest.mark.parametrize("index", range(7))
def test_each_orientation_of_the_query_is_tried(shelf: Shelf, index: int) -> None:
    turned = [BASE ^ ALL] * 7
    stored = int("3c" * 32, 16)
    turned[index] = stored ^ 0b111
    result = answer(shelf, prints(BASE, turned=tuple(turned)), prints(stored, sha256=OTHER))
    assert found(result) == [(0, Tier.MATCH)]


def test_the_turned_hashes_of_the_stored_are_not_compared(shelf: Shelf) -> None:
    stored = prints(BASE ^ ALL, sha256=OTHER, turned=(BASE,) * 7)
    assert found(answer(shelf, prints(BASE, turned=(BASE,) * 7), stored)) == []


def test_an_empty_store_says_that_nothing_was_compared(shelf: Shelf) -> None:
    assert library_of(shelf).compare(PictureQuery.of(QUERY)) == CheckResult(0, {}, ())


def test_another_matching_key_opens_no_print(shelf: Shelf) -> None:
    shelf.add(QUERY)
    with pytest.raises(NoMatchingKeyError):
        Library(shelf.engine, generate_identity()).refresh()


def test_what_was_kept_in_two_modes_is_compared_once_and_in_the_higher(shelf: Shelf) -> None:
    shelf.add(prints(BASE, sha256=OTHER), seen=b"1" * 32, mode="hash_only")
    library = library_of(shelf)
    assert found(library.compare(PictureQuery.of(QUERY))) == [(0, Tier.MATCH)]
    shelf.add(prints(BASE, sha256=OTHER), seen=b"1" * 32, mode="sealed")
    library.refresh()
    for each in (library, library_of(shelf)):
        result = each.compare(PictureQuery.of(QUERY))
        assert (found(result), result.compared) == ([(1, Tier.MATCH)], 1)


# Segments


def test_a_library_begins_from_its_segments_and_opens_no_print_again(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_module, "SAVE_FILES", 3)
    shelf.add(*(prints(away(each), sha256=OTHER) for each in range(5)))
    library = library_of(shelf)
    expected = library.compare(PictureQuery.of(QUERY))
    assert save(shelf, library) == 1
    with writing(shelf.engine) as connection:  # the control: whoever read a print would fail
        connection.execute(sa.update(database.sealed).values(body=b"no envelope"))
    assert library_of(shelf).compare(PictureQuery.of(QUERY)) == expected


def test_a_few_files_are_not_worth_a_segment(shelf: Shelf) -> None:
    shelf.add(*[QUERY] * 5)
    assert library_of(shelf).unsaved() == ()


def test_segments_grow_to_their_largest_and_are_given_once(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_module, "SAVE_FILES", 1)
    monkeypatch.setattr(library_module, "MAX_FILES", 4)
    library = Library(shelf.engine, KEY)
    for expected in (1, 1, 2, 2, 3):
        shelf.add(prints(BASE, sha256=OTHER), prints(BASE, sha256=OTHER))
        library.refresh()
        assert save(shelf, library) == 1
        assert len(shelf.segments()) == expected
        assert library.unsaved() == ()
    assert len(found(library_of(shelf).compare(PictureQuery.of(QUERY)))) == 10


def damaged(shelf: Shelf, what: str) -> None:
    with writing(shelf.engine) as connection:
        table = database.print_segment
        if what == "gone":
            connection.execute(sa.delete(table))
        elif what == "cut":
            connection.execute(sa.update(table).values(body=shelf_body(connection)[:-1]))
        elif what == "moved":
            connection.execute(sa.update(table).values(last=1))
        else:
            connection.execute(sa.update(table).values(body=seal_segment(Segment(0, 3, ()), generate_identity()).body))


def shelf_body(connection: sa.Connection) -> bytes:
    return bytes(connection.execute(sa.select(database.print_segment.c.body)).scalar_one())


@pytest.mark.parametrize("what", ["gone", "cut", "moved", "foreign"])
def test_a_segment_that_is_damaged_is_left_aside(shelf: Shelf, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_module, "SAVE_FILES", 1)
    shelf.add(*(prints(away(each), sha256=OTHER) for each in range(4)))
    library = library_of(shelf)
    save(shelf, library)
    damaged(shelf, what)
    again = library_of(shelf)
    assert again.compare(PictureQuery.of(QUERY)) == library.compare(PictureQuery.of(QUERY))
    assert len(again.unsaved()) == 1  # made again


def test_an_erased_item_is_in_no_segment_and_the_others_still_are(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_module, "SAVE_FILES", 1)
    shelf.add(*(prints(away(each), sha256=OTHER) for each in range(4)))
    save(shelf, library_of(shelf))
    before = shelf.segments()
    with writing(shelf.engine) as connection:
        left = without_entries(connection, {2}, KEY)
        connection.execute(sa.delete(database.print_segment))  # as erasure does with each that has an erased entry
        put_back(connection, left)
    shelf.remove([2])
    assert shelf.segments() != before
    library = library_of(shelf)
    assert found(library.compare(PictureQuery.of(QUERY))) == [(0, Tier.MATCH), (1, Tier.MATCH), (3, Tier.MATCH)]
    assert library.unsaved() == ()  # begun from the segment, and not from prints
    with writing(shelf.engine) as connection:  # the control: the old segment is no longer believed
        connection.execute(sa.update(database.print_segment).values(body=before[0]))
    assert len(library_of(shelf).unsaved()) == 1


@pytest.mark.parametrize("gone", [[], [2]])
def test_a_segment_from_before_an_erasure_is_not_kept_after_it(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, gone: list[int]
) -> None:
    monkeypatch.setattr(library_module, "SAVE_FILES", 1)
    shelf.add(*(prints(away(each), sha256=OTHER) for each in range(4)))
    made = library_of(shelf).unsaved()
    shelf.remove(gone)
    with writing(shelf.engine) as connection:
        write_segments(connection, made)
    assert len(shelf.segments()) == (0 if gone else 1)


def test_segments_of_a_log_are_the_same_whether_kept_or_made_again(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_module, "SAVE_FILES", 1)
    kept = Library(shelf.engine, KEY)
    for each in range(6):
        shelf.add(prints(away(each), sha256=OTHER, trims=((each,) * 8,)))
        kept.refresh()
        save(shelf, kept)
    rebuilt = Library(shelf.engine, KEY)
    damaged(shelf, "gone")
    rebuilt.refresh()
    again = rebuilt.unsaved()
    (whole,) = (open_segment(each.body, KEY) for each in again)
    assert kept._last is not None
    assert [vars_of(each) for each in whole.files()] == [vars_of(each) for each in kept._last.files()]


def vars_of(file: IndexedFile) -> tuple[object, ...]:
    return file.entry, file.state, file.sha256, file.hashes


# With pictures


def of_pixels(rgb: Rgb, sha256: str) -> Prints:
    made = pdq(lambda top, bottom: rgb[top:bottom], width=rgb.shape[1], height=rgb.shape[0])
    assert made is not None
    hashes = [int.from_bytes(value) for value in made.hashes]
    return prints(hashes[0], sha256=sha256, quality=made.quality, turned=tuple(hashes[1:]))


@pytest.mark.parametrize("size", [(256, 256), (320, 240), (1280, 960)])
def test_a_picture_is_found_however_it_was_turned(shelf: Shelf, size: tuple[int, int]) -> None:
    rgb = scene(width=size[0], height=size[1])
    turned = [np.rot90(each, turns) for each in (rgb, np.fliplr(rgb)) for turns in range(4)]
    stored = [of_pixels(np.ascontiguousarray(each), OTHER) for each in turned]
    assert found(answer(shelf, of_pixels(rgb, "aa" * 32), *stored)) == [(at, Tier.MATCH) for at in range(8)]


def test_a_resized_picture_is_found_and_others_are_not(shelf: Shelf) -> None:
    small = [np.asarray(image(width=320, height=240).resize(size)) for size in ((160, 120), (640, 480), (123, 97))]
    others = [scene(width=320, height=240, seed=seed) for seed in range(2, 40)]
    result = answer(
        shelf, of_pixels(scene(width=320, height=240), "aa" * 32), *(of_pixels(each, OTHER) for each in small + others)
    )
    assert found(result) == [(at, Tier.MATCH) for at in range(3)]
    assert result.compared == 41
