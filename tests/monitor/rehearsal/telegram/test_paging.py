"""A page of history, against a slow reference that walks through all messages."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.rehearsal.telegram.paging import Window

WINDOWS = st.builds(
    Window,
    offset_id=st.integers(0, 30),
    add_offset=st.integers(-25, 25),
    limit=st.integers(0, 12),
    min_id=st.integers(0, 30),
    max_id=st.integers(0, 30),
)


def slowly(numbers: list[int], window: Window) -> list[int]:
    """core.telegram.org/api/offsets, one message after the other."""
    newest_first = sorted(numbers, reverse=True)
    between = [n for n in newest_first if n > window.min_id and (window.max_id == 0 or n < window.max_id)]
    skipped = sum(1 for n in between if window.offset_id and n >= window.offset_id) + window.add_offset
    return [n for place, n in enumerate(between) if skipped <= place < skipped + window.limit]


@given(st.sets(st.integers(1, 28)).map(sorted), WINDOWS)
def test_a_page_is_what_the_reference_gives(numbers: list[int], window: Window) -> None:
    assert window.page(numbers) == slowly(numbers, window)


def test_negative_offsets_look_towards_newer_messages() -> None:
    assert Window(offset_id=5, add_offset=-3, limit=3).page(range(1, 11)) == [7, 6, 5]
