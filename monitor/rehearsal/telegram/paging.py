"""Which messages a page holds (core.telegram.org/api/offsets), over identifiers in ascending order.

The documentation does not say whether ``min_id`` and ``max_id`` act before the offsets or after them. Here they act
first: a page is filled from what lies between them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from monitor.rehearsal.telegram.wire import Tl

MAX_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The numbers of a request for history, replies or a search; 0 means none."""

    offset_id: int = 0
    add_offset: int = 0
    limit: int = MAX_PAGE
    min_id: int = 0
    max_id: int = 0

    @classmethod
    def of(cls, request: Tl) -> Self:
        """The window of a request that has these fields."""
        limit = max(0, min(request.limit, MAX_PAGE))
        bounds = {"min_id": request.min_id, "max_id": request.max_id}
        return cls(offset_id=request.offset_id, add_offset=request.add_offset, limit=limit, **bounds)

    def page(self, numbers: Sequence[int]) -> list[int]:
        """The identifiers of the page, newest first.

        Args:
            numbers: Ascending, without duplicates.
        """
        low = bisect_right(numbers, self.min_id) if self.min_id > 0 else 0
        high = bisect_left(numbers, self.max_id) if self.max_id > 0 else len(numbers)
        start = bisect_left(numbers, self.offset_id) if self.offset_id > 0 else high
        newest = min(max(start, low), high) - self.add_offset  # exclusive
        oldest = max(newest - self.limit, low)
        return list(numbers[oldest : max(min(newest, high), oldest)][::-1])
