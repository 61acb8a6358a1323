"""Something that another opening of the home does between what a verb reads and what it logs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from evidence.custody.event import Draft
from evidence.custody.sequencer import Sequencer
from evidence.custody.turn import Turn


@contextmanager
def while_sealing(event_type: str, then: Callable[[], object]) -> Iterator[None]:
    """Do something once, while the first entry of a type is sealed in this block: right before its turn."""
    prepare, met = Sequencer.prepare, list[bool]()

    def sealed(self: Sequencer, drafts: Sequence[Draft]) -> Any:  # noqa: ANN401 - passed on
        if not met and any(draft.type == event_type for draft in drafts):
            met.append(True)
            then()
        return prepare(self, drafts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sequencer, "prepare", sealed)
        yield
    assert met, f"no entry of type {event_type} was sealed"


@contextmanager
def before_a_turn(then: Callable[[], object]) -> Iterator[None]:
    """Do something once, before the first turn that is taken in this block."""
    take, met = Turn.take, list[bool]()

    def taken(self: Turn) -> Any:  # noqa: ANN401 - passed on
        if not met:
            met.append(True)
            then()
        return take(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Turn, "take", taken)
        yield
    assert met, "no turn was taken"
