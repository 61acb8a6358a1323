"""The page of completeness: 80 columns, words for every reason, and the same in JSON."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from api.cli.completeness import _as_json, _lines
from api.office.completeness import Completeness, Missed
from evidence.observation import HoleReason
from monitor.errors import ChannelState

AT = datetime(2026, 11, 26, 10, tzinfo=UTC)

GONE = ("deleted", "missing", "never_kept", "kept_from_us")


def found(**changed: object) -> Completeness:
    values: dict[str, object] = {
        "channel_id": "7",
        "channel": "grupa",
        "observed": ((11, 90), (101, 200)),
        "holes": ((91, 100),),
        "empty": ((93, 97),),
        "hidden": ((91, 92),),
        "not_received": ((1, 10), (98, 100)),
        "ahead": ((201, 240),),
        "gaps": [
            Missed(HoleReason.GAP, 91, 100, AT, None),
            Missed(HoleReason.HIDDEN, 1, 92, AT, None),
            Missed(HoleReason.DOWNTIME, None, None, AT, AT + timedelta(hours=2)),
            Missed(HoleReason.BAN, None, None, AT, None),
            Missed(HoleReason.PAYWALL, 5, 5, AT, None),
        ],
        "deleted": ((12, 12), (14, 15)),
        "missing": ((16, 16), (120, 120)),
        "never_kept": ((14, 14),),
        "kept_from_us": ((5, 5),),
        "first_look": AT,
        "last_look": AT + timedelta(days=1),
        "state": ChannelState.OK,
        "unseen_since": None,
        "registered": True,
    }
    return Completeness(**(values | changed))  # type: ignore[arg-type]


def test_the_page_says_all_of_it_in_words() -> None:
    lines = list(_lines(found()))
    assert all(len(line) <= 80 for line in lines)
    text = " ".join(" ".join(lines).split())
    for words in (
        "Kept: 180 messages.",
        "Found empty: 5 numbers (93 to 97).",
        "Hidden by the group from the account that looked: 2 numbers (91 to 92). What was kept of them",
        "Not in any import, and never looked at, for an unknown reason: 13 numbers (1 to 10, 98 to 100).",
        "Not looked at yet: 40 numbers (201 to 240).",
        "Deleted, as Telegram said: 3 messages (12, 14 to 15). Of these, never kept: 1 message (14).",
        "No longer there when asked for again, for an unknown reason: 2 messages (16, 120).",
        "Kept from us: it costs money, and the program pays for nothing: 1 part of 1 message (5).",
        "from 2026-11-26 10:00:00 UTC to 2026-11-26 12:00:00 UTC: the program was not running",
        "from 2026-11-26 10:00:00 UTC to now",
    ):
        assert words in text, text


def test_a_time_in_which_nothing_was_seen_is_told_no_shorter_than_it_was() -> None:
    down = Missed(HoleReason.DOWNTIME, None, None, AT + timedelta(seconds=0.999), AT + timedelta(seconds=5.001))
    text = " ".join(" ".join(_lines(found(gaps=[down]))).split())
    assert "from 2026-11-26 10:00:00 UTC to 2026-11-26 10:00:06 UTC: the program was not running" in text


def test_the_timeline_has_eighty_columns_whatever_the_channel_has() -> None:
    for top in (1, 3, 79, 80, 81, 1000, 123_456):
        none = dict.fromkeys(("holes", "empty", "hidden", "not_received", "ahead", "gaps", *GONE), ())
        lines = list(_lines(found(observed=((1, top),), **none)))
        bar = next(line for line in lines if line.startswith("#"))
        assert bar == "#" * min(80, top)
    bar = next(line for line in _lines(found()) if line.startswith("-"))
    assert len(bar) == 80
    assert set(bar) == {"#", "+", ".", "-", "?"}


def test_each_kind_of_not_there_has_a_line_of_its_own_below_the_timeline() -> None:
    lines = list(_lines(found()))
    at = next(index for index, line in enumerate(lines) if line.startswith("-"))
    deleted, missing, kept_from_us, hidden, axis = lines[at + 1 : at + 6]
    column = {number: (number - 1) * 80 // 240 for number in (5, 12, 14, 15, 16, 120)}
    assert (set(deleted), set(missing), set(kept_from_us)) == ({" ", "x"}, {" ", "m"}, {" ", "$"})
    assert {at for at, sign in enumerate(deleted) if sign == "x"} == {column[12], column[14], column[15]}
    assert {at for at, sign in enumerate(missing) if sign == "m"} == {column[16], column[120]}
    assert {at for at, sign in enumerate(kept_from_us) if sign == "$"} == {column[5]}
    assert axis.startswith("1 ")
    assert hidden.strip() == "h"
    for words in ("x deleted, as Telegram said", "m missing when asked for again", "$ kept from us"):
        assert words in lines
    nothing = list(_lines(found(**dict.fromkeys(GONE, ()))))
    assert not [line for line in nothing if line.startswith(("x ", "m ", "$ "))]
    assert "Deleted, as Telegram said: 0 messages." in nothing


def test_a_channel_of_which_nothing_is_known_has_a_page_too() -> None:
    nothing = found(
        channel_id=None,
        observed=(),
        holes=(),
        empty=(),
        hidden=(),
        not_received=(),
        ahead=(),
        gaps=[],
        **dict.fromkeys(GONE, ()),
        first_look=None,
        last_look=None,
    )
    text = " ".join(" ".join(_lines(nothing)).split())
    assert text == (
        "Channel grupa (number not known) "
        "Registered, and not looked at yet: nothing can be said about it. To watch it: nisisama monitor run"
    )
    gone = replace(nothing, state=ChannelState.GONE, unseen_since=AT, gaps=found().gaps)
    text = " ".join(" ".join(_lines(gone)).split())
    assert "never seen: Telegram has not shown it to the account since 2026-11-26 10:00:00 UTC (gone)" in text
    assert "from 2026-11-26 10:00:00 UTC to now" in text
    assert _as_json(nothing)["channel_id"] is None
    removed = " ".join(" ".join(_lines(replace(gone, registered=False))).split())
    assert "No longer in the register, and never seen: Telegram had not shown it to the account since" in removed
    assert "Registered" not in removed


def test_parts_that_are_missing_are_counted_by_reason() -> None:
    lost = [Missed(HoleReason.MODE, number, number, AT, None) for number in (*range(900, 400, -1), 7)]
    lost += [Missed(HoleReason.MODE, 7, 7, AT, None), Missed(HoleReason.UNAVAILABLE, 9, 9, AT, None)]
    lost += [replace(lost[-1], lo=10, hi=10, perhaps_received=True)]
    lines = list(_lines(found(gaps=lost, kept_from_us=())))
    assert all(len(line) <= 80 for line in lines)
    text = " ".join(" ".join(lines[lines.index("Parts missing from messages that were seen:") :]).split())
    assert text == (
        "Parts missing from messages that were seen: "
        "the chosen mode does not keep it; in the mode metadata_only, files are not even read: "
        "502 parts of 501 messages (7, 401 to 900). "
        "the file is named, but its source could not give it: 1 part of 1 message (9). "
        "the file is named, but its source could not give it: 1 part of 1 message (10); "
        "perhaps received: see evidence show."
    )


def test_a_channel_that_nobody_watches_any_more_is_told_as_that() -> None:
    told = "Not in the register: no watch looks at it."
    assert told not in list(_lines(found()))
    assert told in list(_lines(found(registered=False)))
    assert (_as_json(found())["registered"], _as_json(found(registered=False))["registered"]) == (True, False)


def test_json_has_every_hole_with_its_two_ends() -> None:
    said = _as_json(found())
    assert said["observed"] == [[11, 90], [101, 200]]
    assert (said["holes"], said["empty"], said["hidden"]) == ([[91, 100]], [[93, 97]], [[91, 92]])
    assert said["not_received"] == [[1, 10], [98, 100]]
    assert (said["deleted"], said["deleted_numbers"]) == (3, [[12, 12], [14, 15]])
    assert (said["missing"], said["missing_numbers"]) == (2, [[16, 16], [120, 120]])
    assert (said["never_kept"], said["kept_from_us"]) == ([[14, 14]], [[5, 5]])
    assert said["gaps"][2] == {
        "reason": "downtime",
        "lo": None,
        "hi": None,
        "since": "2026-11-26T10:00:00.000Z",
        "until": "2026-11-26T12:00:00.000Z",
        "perhaps_received": False,
    }
