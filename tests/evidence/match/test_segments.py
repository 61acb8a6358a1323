"""A segment is read as it was written, only with its key, and only if a holder of that key made it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import EnvelopeError, NoMatchingKeyError
from evidence.match.segments import Comparable, IndexedFile, Segment, open_segment, seal_segment
from evidence.seal.envelopes import open_whole, seal_whole
from evidence.seal.recipients import generate_identity

KEY = generate_identity()
HASH = st.binary(min_size=32, max_size=32)
FILES = st.lists(
    st.tuples(st.integers(0, 2**40), st.sampled_from(Comparable), HASH, st.lists(HASH, max_size=3).map(tuple)),
    max_size=6,
    unique_by=lambda file: file[0],
)


def told(segment: Segment) -> list[tuple[object, ...]]:
    return [(file.entry, file.state, file.sha256, file.hashes) for file in segment.files()]


@given(FILES)
def test_what_was_sealed_is_read_back(files: list[tuple[int, Comparable, bytes, tuple[bytes, ...]]]) -> None:
    segment = Segment(0, 2**40, [IndexedFile(*file) for file in sorted(files)])
    again = open_segment(seal_segment(segment, KEY).body, KEY)
    assert (again.first, again.last) == (0, 2**40)
    assert told(again) == sorted(files)


SEGMENT = Segment(0, 9, [IndexedFile(3, Comparable.YES, b"\x01" * 32, (b"\x02" * 32,))])


def test_a_segment_shows_nothing() -> None:
    assert f"{SEGMENT!r}" == "<Segment: not shown>"
    (file,) = SEGMENT.files()
    assert "\\x02" not in repr(file)
    assert b"\x02" * 32 not in seal_segment(SEGMENT, KEY).body
    assert b"\x02" * 32 in open_whole(seal_segment(SEGMENT, KEY).body, identities=(KEY,))  # the control


def test_no_two_seals_of_a_segment_share_a_key() -> None:
    assert seal_segment(SEGMENT, KEY).body != seal_segment(SEGMENT, KEY).body


def test_another_key_opens_no_segment() -> None:
    with pytest.raises(NoMatchingKeyError):
        open_segment(seal_segment(SEGMENT, KEY).body, generate_identity())


def test_one_who_knows_the_public_key_alone_makes_no_segment() -> None:
    forger = generate_identity()
    plain = open_whole(seal_segment(SEGMENT, forger).body, identities=(forger,))
    with pytest.raises(EnvelopeError, match="no holder"):
        open_segment(seal_whole(plain, recipients=(KEY.recipient,)), KEY)
    with pytest.raises(EnvelopeError, match="no holder"):
        open_segment(seal_whole(b"", recipients=(KEY.recipient,)), KEY)
