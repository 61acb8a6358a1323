"""The page of completeness: 80 columns, words for every reason, and the same in JSON."""

from datetime import UTC, datetime, timedelta

from api.cli.completeness import _as_json, _lines
from api.office.completeness import Completeness, Missed
from evidence.observation import HoleReason

AT = datetime(2026, 11, 26, 10, tzinfo=UTC)


def found(**changed: object) -> Completeness:
    values: dict[str, object] = {
        "channel_id": "7",
        "channel": "grupa",
        "observed": ((1, 90), (101, 200)),
        "holes": ((91, 100),),
        "ahead": ((201, 240),),
        "gaps": [
            Missed(HoleReason.GAP, 91, 100, AT, None),
            Missed(HoleReason.DOWNTIME, None, None, AT, AT + timedelta(hours=2)),
            Missed(HoleReason.BAN, None, None, AT, None),
            Missed(HoleReason.PAYWALL, 5, 5, AT, None),
        ],
        "deleted": 3,
        "first_look": AT,
        "last_look": AT + timedelta(days=1),
    }
    return Completeness(**(values | changed))  # type: ignore[arg-type]


def test_the_page_says_all_of_it_in_words() -> None:
    lines = list(_lines(found()))
    assert all(len(line) <= 80 for line in lines)
    text = " ".join(" ".join(lines).split())
    for words in (
        "Kept: 190 messages.",
        "Found empty: 10 numbers (91 to 100).",
        "Not looked at yet: 40 numbers (201 to 240).",
        "Known to be deleted: 3 messages.",
        "from 2026-11-26 10:00:00 UTC to 2026-11-26 12:00:00 UTC: the program was not running",
        "from 2026-11-26 10:00:00 UTC to now",
        "number 5: ",
    ):
        assert words in text, text


def test_the_timeline_has_eighty_columns_whatever_the_channel_has() -> None:
    for top in (1, 3, 79, 80, 81, 1000, 123_456):
        lines = list(_lines(found(observed=((1, top),), holes=(), ahead=(), gaps=[])))
        bar = next(line for line in lines if line.startswith("#"))
        assert bar == "#" * min(80, top)
    bar = next(line for line in _lines(found()) if line.startswith("#"))
    assert len(bar) == 80
    assert set(bar) == {"#", "+", ".", "?"}


def test_a_channel_of_which_nothing_is_known_has_a_page_too() -> None:
    nothing = found(observed=(), holes=(), ahead=(), gaps=[], deleted=0, first_look=None, last_look=None)
    text = "\n".join(_lines(nothing))
    assert "First look: never." in text
    assert "Kept: 0 messages." in text


def test_json_has_every_hole_with_its_two_ends() -> None:
    said = _as_json(found())
    assert said["observed"] == [[1, 90], [101, 200]]
    assert said["gaps"][1] == {
        "reason": "downtime",
        "lo": None,
        "hi": None,
        "since": "2026-11-26T10:00:00.000Z",
        "until": "2026-11-26T12:00:00.000Z",
    }
