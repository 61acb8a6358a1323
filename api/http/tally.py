"""Counts of calls, in the memory of this process: by area, method and kind of status, and how long they took.

No label says who called or what about. Routes are not told apart: how often cases were opened is nobody's business
who has no key for them.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import Scope

from api.errors import API

API_CALLS, OWN = "api", "own"
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
OTHER = "other"
"""Stands for a method that is none of these, and for a path that is no area's or was refused before one was found."""
BUCKETS_S = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # a second number for each, of no use here


@dataclass(slots=True)
class Ending:
    """How a call ended; 0 where no answer began."""

    status: int = 0


@dataclass(slots=True)
class CallTally:
    """The counts of one server; safe for threads."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    _answering: Gauge = field(init=False)
    _calls: Counter = field(init=False)
    _took: Histogram = field(init=False)

    def __post_init__(self) -> None:
        here, labels = self.registry, ("area", "method", "status")
        self._answering = Gauge("nisisama_calls_answering", "Calls that are being answered", registry=here)
        self._calls = Counter("nisisama_calls", "Calls that were answered", labels, registry=here)
        self._took = Histogram(
            "nisisama_call_duration_seconds", "How long calls took", ("area",), registry=here, buckets=BUCKETS_S
        )

    @contextmanager
    def counted(self, scope: Scope) -> Iterator[Ending]:
        """Count the call that the block answers; the block says with which status."""
        began, ending = time.monotonic(), Ending()
        self._answering.inc()
        try:
            yield ending
        finally:
            self._answering.dec()
            area, method = _area(scope), scope["method"]
            self._calls.labels(area, method if method in METHODS else OTHER, f"{ending.status // 100}xx").inc()
            self._took.labels(area).observe(time.monotonic() - began)


def _area(scope: Scope) -> str:
    """``api``, ``own`` for what watches the machine, ``other`` for what is no route's or was refused before one."""
    if scope.get("route") is None:
        return OTHER
    return API_CALLS if scope["path"].startswith(API) else OWN
