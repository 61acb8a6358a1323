"""A program that is told to stop has a few seconds for all of its waits together."""

import threading
import time

import pytest

from config.errors import StoppedError
from evidence.patience import Patience


def test_until_somebody_ends_it_every_wait_lasts_as_long_as_it_likes() -> None:
    patience = Patience()
    moment = time.monotonic() + 30
    assert patience.until(moment) == moment
    assert not patience.is_over


def test_once_it_is_ended_all_waits_end_together_and_none_gets_more() -> None:
    patience = Patience()
    patience.end_within(0.2)
    patience.end_within(30)
    soon, later = time.monotonic() + 0.05, time.monotonic() + 30
    assert patience.until(soon) == soon
    assert patience.until(later) < time.monotonic() + 0.3
    assert not patience.is_over
    time.sleep(0.25)
    assert patience.is_over


def test_work_gives_what_it_returns_or_raises() -> None:
    patience = Patience()
    assert patience.wait_for(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        patience.wait_for(lambda: 1 // 0)


def test_nobody_waits_for_work_longer_than_patience_lasts() -> None:
    patience, hangs = Patience(), threading.Event()
    threading.Timer(0.1, patience.end_within, (0.1,)).start()
    began = time.monotonic()
    with pytest.raises(StoppedError):
        patience.wait_for(lambda: hangs.wait(30))
    assert time.monotonic() - began < 5
    hangs.set()
    with pytest.raises(StoppedError):
        patience.wait_for(lambda: 3)
