"""What a sender says closed a gap must be possible by every entry that the bundle shows."""

from collections.abc import Mapping

import pytest

from casefiles.errors import RecordsError
from casefiles.report.closed import Closing, closed_of, require_closings
from evidence.canonical import Json
from tests.casefiles.report.test_received import shown

AT, DIGEST = "2026-11-20T09:00:00.000Z", "ab" * 32
GAP = ("hole", {"hole": "gap", "channel_id": "7", "lo": "5", "hi": "9", "container_sha256": "cd" * 32})
BROUGHT: dict[str, Json] = {
    "kind": "message",
    "channel_id": "7",
    "message_id": "6",
    "at": AT,
    "method": "desktop-json",
    "container_sha256": DIGEST,
}
CLOSING = Closing(0, 1, AT, "desktop-json", DIGEST)


def require(*told: Closing, item: Mapping[str, Json] = BROUGHT, kind: str = "observed", size: int = 9) -> None:
    require_closings(shown([GAP, (kind, dict(item)), GAP]), [each.told() for each in told], size=size)


def test_what_fits_the_entries_that_are_shown_holds() -> None:
    require(CLOSING, Closing(2, 8, AT, None, None))
    require()


@pytest.mark.parametrize(
    "told",
    [
        (Closing(1, 2, AT, None, None),),  # no gap
        (Closing(3, 4, AT, None, None),),  # not shown
        (Closing(2, 1, AT, "desktop-json", DIGEST),),  # before it
        (Closing(2, 9, AT, None, None),),  # not in the log
        (CLOSING, CLOSING),
        (Closing(2, 8, AT, None, None), CLOSING),
        (Closing(0, 1, "2026-11-20T09:00:01.000Z", "desktop-json", DIGEST),),
        (Closing(0, 1, AT, "telegram", DIGEST),),
        (Closing(0, 1, AT, "desktop-json", None),),
        (Closing(0, 2, AT, None, None),),  # another gap
    ],
)
def test_what_cannot_have_closed_a_gap_is_refused(told: tuple[Closing, ...]) -> None:
    with pytest.raises(RecordsError, match="what closed a gap"):
        require(*told)


@pytest.mark.parametrize(
    "other",
    [{"kind": "deletion"}, {"channel_id": "8"}, {"message_id": "4"}, {"message_id": "10"}, {"message_id": None}],
)
def test_an_entry_that_is_shown_must_be_a_message_of_the_gap(other: dict[str, Json]) -> None:
    require(CLOSING)
    with pytest.raises(RecordsError, match="what closed a gap"):
        require(CLOSING, item={**BROUGHT, **other})
    with pytest.raises(RecordsError, match="what closed a gap"):
        require(CLOSING, kind="downloaded")


def test_a_digest_is_told_only_where_the_gap_shows_its_own() -> None:
    records = shown([GAP, ("hole", GAP[1] | {"hole": "mode"})])
    known = [CLOSING, Closing(1, 2, AT, "telegram", None), Closing(7, 8, AT, "telegram", None)]
    assert closed_of(records, known) == [CLOSING.told()]
    hidden = shown([GAP], withheld=["container_sha256"])
    assert closed_of(hidden, known) == [{**CLOSING.told(), "container_sha256": None}]
    with pytest.raises(RecordsError, match="what closed a gap"):
        require_closings(hidden, [CLOSING.told()], size=9)
