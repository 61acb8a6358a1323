"""An observation that makes no sense cannot be built, and none can be changed."""

import dataclasses
import io
from contextlib import nullcontext
from datetime import UTC, datetime

import pytest

from evidence.observation import (
    OF_A_CHANNEL,
    OF_A_PART,
    OF_TIME,
    Container,
    Hole,
    HoleReason,
    Kind,
    Medium,
    Mode,
    Observation,
)
from tests.receipts import KEPT, OTHERS, READ

MEDIUM = Medium("a.jpg", lambda: nullcontext(io.BytesIO(b"")))
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("medium", [None, MEDIUM], ids=["no file", "a file"])
@pytest.mark.parametrize("kind", Kind)
def test_a_file_has_a_stream_nothing_else_has_one_and_no_source_says_edit(kind: Kind, medium: Medium | None) -> None:
    sensible = kind is not Kind.EDIT and (kind is Kind.FILE) is (medium is not None)
    if sensible:
        assert Observation(kind, "42", 7, NOW, medium=medium).medium is medium
    else:
        with pytest.raises(ValueError, match=f"kind {kind} cannot be built"):
            Observation(kind, "42", 7, NOW, medium=medium)


def test_what_a_source_leaves_out_is_nothing_and_is_shared_by_no_two() -> None:
    one, other = (Observation(Kind.MESSAGE, "42", 7, NOW) for _ in range(2))
    assert (one.raw, one.record, one.offset, one.unsupported, one.pictured) == (None, None, None, False, False)
    assert one.fields == {}
    assert one.fields is not other.fields


@pytest.mark.parametrize("kind", [Observation, Hole, Medium, Container])
def test_what_was_seen_cannot_be_changed_and_takes_no_other_names(kind: type) -> None:
    value = object.__new__(kind)
    names = [each.name for each in dataclasses.fields(kind)]
    assert names
    for name in names:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, None)
    with pytest.raises((AttributeError, TypeError)):
        value.of_tomorrow = None


def test_a_hole_in_time_is_one_of_a_channel_and_not_of_a_message() -> None:
    of_a_watch = {HoleReason.BAN, HoleReason.CHANNEL_GONE, HoleReason.DOWNTIME, HoleReason.FLOOD}
    read_again = {HoleReason.DIFFERENCE_TOO_LONG, HoleReason.DIFFERENCE_UNREAD}
    assert of_a_watch | read_again == OF_TIME < OF_A_CHANNEL < set(HoleReason)
    of_a_message = (HoleReason.MISSING_FILE, HoleReason.NOT_DECODED, HoleReason.UNSUPPORTED, HoleReason.MODE)
    assert OF_A_CHANNEL.isdisjoint(of_a_message)


def test_of_every_reason_it_was_decided_what_ends_it() -> None:
    assert {reason.value for reason in OF_A_PART} == READ | KEPT
    assert OF_A_CHANNEL.isdisjoint(OF_A_PART)
    assert {reason.value for reason in OF_A_CHANNEL} < OTHERS
    assert {reason.value for reason in HoleReason} == READ | KEPT | OTHERS
    assert {reason.value for reason, least in OF_A_PART.items() if least is Mode.SEALED} == KEPT
    assert Mode.METADATA_ONLY not in OF_A_PART.values()
