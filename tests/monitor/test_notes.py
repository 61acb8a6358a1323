"""The words of a hole."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.notes import MAX_CHARACTERS, hole_words, listed
from tests.monitor.desktop.messages import JPEG


def test_words_are_short_valid_and_without_a_picture() -> None:
    assert hole_words("a key") == "a key"
    assert hole_words("x" * 400) == f"{'x' * MAX_CHARACTERS}…"
    assert hole_words("\ud800") == "\\ud800"
    assert hole_words(JPEG) == f"{len(JPEG)} characters with a picture in them"


def test_a_picture_in_one_name_hides_no_other() -> None:
    assert listed(["a", JPEG, "b"]).startswith("a, ")
    assert listed(["a", JPEG, "b"]).endswith(", b")
    assert JPEG[:40] not in listed(["a", JPEG])


@given(st.lists(st.text(max_size=400), max_size=60))
def test_names_are_named_or_counted(names: list[str]) -> None:
    told = [hole_words(name) for name in names]
    words = listed(names)
    shown = next(
        count
        for count in range(len(told), -1, -1)
        if words == ", ".join(told[:count]) + (f" and {len(told) - count} more" if count < len(told) else "")
    )
    assert shown >= min(1, len(names))
    assert len(", ".join(told[:shown])) <= MAX_CHARACTERS or shown == 1
