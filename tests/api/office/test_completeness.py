"""What was seen of a channel, beside the numbers that an export has."""

from collections.abc import Iterable
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.home import Home
from api.office.channel import add_channel, remove_channel
from api.office.completeness import completeness_of
from config.watchlist import watch_entry
from evidence.errors import UnknownItemError
from evidence.observation import HoleReason, Mode
from evidence.store import database
from monitor.errors import ChannelState
from monitor.rehearsal.export import write_export
from monitor.telegram.standing import Standing, write_standing
from tests.homes import doer, items_of, new_home, take_in, write_pictured
from tests.watching import desk, picture


def test_an_export_says_which_numbers_it_has_and_which_it_skips(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    write_export(tmp_path / "export", seed=1, messages=40)
    take_in(home, tmp_path / "export")
    said = {item.message_id: item.channel_id for item in items_of(home) if item.kind in {"message", "service", "edit"}}
    (channel_id,) = set(said.values())
    found = completeness_of(home, f"-100{channel_id}")
    seen = {number for lo, hi in found.observed for number in range(lo, hi + 1)}
    holes = {number for lo, hi in found.holes for number in range(lo, hi + 1)}
    assert seen == {int(str(number)) for number in said}
    assert not seen & holes
    assert holes | seen >= set(range(min(seen), max(seen) + 1))
    # nobody looked: what the export lacks is not said to be empty, and what lies before it neither
    assert found.empty == ()
    assert numbers_in(found.not_received) == set(range(1, max(seen) + 1)) - seen
    assert {each.reason for each in found.gaps if each.lo} >= {HoleReason.GAP}
    assert found.ahead == ()
    assert found.first_look is not None
    home.engine.dispose()


def numbers_in(spans: Iterable[tuple[int, int]]) -> set[int]:
    return {number for lo, hi in spans for number in range(lo, hi + 1)}


def test_what_a_watch_looked_at_and_an_import_lacks_are_never_mixed(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    write_export(tmp_path / "export", seed=1, messages=40)
    take_in(home, tmp_path / "export")
    before = completeness_of(home, next(item.channel_id for item in items_of(home)))
    lacked = numbers_in(before.holes)
    for lo, hi in ((1, max(lacked)), (1, min(lacked)), (1, min(lacked) - 1), (max(lacked) + 1, max(lacked) + 5)):
        standing = Standing(channel_id=int(str(before.channel_id)), top=hi, spans=((lo, hi),))
        with home.engine.begin() as connection:
            write_standing(connection, "grupa", standing, home.clock())
        found = completeness_of(home, str(before.channel_id))
        looked = set(range(lo, hi + 1))
        assert numbers_in(found.empty) == lacked & looked
        assert numbers_in(found.not_received).isdisjoint(looked | numbers_in(found.observed))
        assert numbers_in(found.empty) | numbers_in(found.not_received) | numbers_in(found.ahead) >= lacked
        assert numbers_in(found.holes) == lacked
    home.engine.dispose()


def test_a_channel_that_is_registered_and_was_not_looked_at_is_told_so(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    entry = watch_entry(
        channel="@askush", report_url="https://x.y", reported_by="x", reported_on="2026-01-01", access="public"
    )
    add_channel(home, entry, Mode.METADATA_ONLY, None, doer(home))
    found = completeness_of(home, "@askush")
    assert (found.channel, found.channel_id, found.observed, found.first_look) == ("askush", None, (), None)
    home.engine.dispose()


def test_a_channel_that_was_taken_off_the_register_is_not_said_to_be_registered(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    other = watch_entry(
        channel="tjeter", report_url="https://x.y", reported_by="x", reported_on="2026-01-01", access="public"
    )
    add_channel(home, other, Mode.METADATA_ONLY, None, doer(home))  # its number is not known either
    for name in ("askush", "1700000042"):
        entry = watch_entry(
            channel=name, report_url="https://x.y", reported_by="x", reported_on="2026-01-01", access="public"
        )
        add_channel(home, entry, Mode.METADATA_ONLY, None, doer(home))
        with home.engine.begin() as connection:
            unseen = Standing(state=ChannelState.PRIVATE, since=home.clock())
            write_standing(connection, name, unseen, home.clock())
            write_standing(connection, f"{name}/comments", unseen, home.clock())
        assert completeness_of(home, name).registered
        assert completeness_of(home, f"{name}/comments").registered
        remove_channel(home, name, doer(home))
        assert not completeness_of(home, name).registered
        assert not completeness_of(home, f"{name}/comments").registered
    assert completeness_of(home, "1700000042").channel_id == "1700000042"
    home.engine.dispose()


def test_what_telegram_said_was_deleted_and_what_was_missing_later_are_never_mixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(tmp_path, monkeypatch) as at:
        group = at.group(mode=Mode.METADATA_ONLY)
        for number in range(1, 7):
            group.post(f"fjala {number}")
        at.once()
        group.delete([2])
        group.delete([group.post("askush nuk e pa")])
        at.once()
        group.set_limit(3)
        group.delete([4])
        for number in range(8, 14):
            group.post(f"fjala {number}")
        at.once()
        home = at.home
        found = completeness_of(home, "grupa")
        assert (found.deleted, found.missing) == (((2, 2), (7, 7)), ((4, 4),))
        assert found.empty == ((7, 7),)
        assert numbers_in(found.observed) == set(range(1, 14)) - {7}
        assert (found.never_kept, found.kept_from_us) == (((7, 7),), ())
        home.engine.dispose()


@pytest.mark.slow
def test_a_message_that_was_missing_and_that_telegram_then_said_was_deleted_is_a_deletion(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    write_export(tmp_path / "export", seed=1, messages=30)
    take_in(home, tmp_path / "export")
    with home.engine.begin() as connection:
        row = connection.execute(sa.select(database.item).where(database.item.c.kind == "message")).mappings().first()
        assert row is not None
        for index, gone in enumerate(("missing", "told")):
            more = {"item_id": str(index) * 32, "idx": 10_000 + index, "kind": "deletion", "seen": b"0" * 32}
            connection.execute(sa.insert(database.item), dict(row) | more | {"gone": gone})
    found = completeness_of(home, row["channel_id"])
    assert (found.deleted, found.missing) == (((row["message_id"], row["message_id"]),), ())
    home.engine.dispose()


def test_what_telegram_keeps_from_us_is_told_apart_from_what_we_leave_out(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    take_in(home, write_pictured(tmp_path / "export"), Mode.METADATA_ONLY)
    with home.engine.begin() as connection:
        row = connection.execute(sa.select(database.hole)).mappings().first()
        assert row is not None
        for index, reason in enumerate(("paywall", "self_destructing", "unavailable")):
            more = {"idx": 10_000 + index, "lo": 7 + index, "hi": 7 + index, "reason": reason, "part": None}
            connection.execute(sa.insert(database.hole), dict(row) | more)
    assert completeness_of(home, "42").kept_from_us == ((7, 8),)
    home.engine.dispose()


def missing(home: Home, channel: str) -> list[tuple[str, int | None, bool]]:
    """The parts of messages that are missing: why, of which message, and whether they perhaps came."""
    gaps = completeness_of(home, channel).gaps
    return [(each.reason.value, each.lo, each.perhaps_received) for each in gaps if each.lo is not None]


def test_a_part_that_a_later_import_brought_is_no_part_that_is_missing(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    take_in(home, write_pictured(tmp_path / "export", there=False), Mode.METADATA_ONLY)
    assert missing(home, "42") == [("missing_file", 5, False)]
    take_in(home, write_pictured(tmp_path / "export"), Mode.METADATA_ONLY)
    assert missing(home, "42") == [("missing_file", 5, False), ("mode", 5, False)]
    take_in(home, tmp_path / "export", Mode.HASH_ONLY)
    assert missing(home, "42") == [("mode", 5, False), ("mode", 5, False)]
    take_in(home, tmp_path / "export", Mode.SEALED)
    assert missing(home, "42") == []
    take_in(home, write_pictured(tmp_path / "export", there=False, text="look again"))
    assert missing(home, "42") == [("missing_file", 5, True)]
    home.engine.dispose()


def test_a_channel_that_nobody_saw_is_told(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    with pytest.raises(UnknownItemError):
        completeness_of(home, "@askush")
    home.engine.dispose()


def test_a_watched_channel_without_a_message_is_known_by_its_number_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(tmp_path, monkeypatch) as at:
        group = at.group()
        assert at.once().ended_by is None
        home = at.home
        for name in ("grupa", str(group.id), f"-100{group.id}"):
            assert completeness_of(home, name).channel == "grupa"
        home.engine.dispose()


def test_what_an_export_lacks_is_perhaps_what_the_watch_kept_of_the_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(tmp_path, monkeypatch) as at:
        group = at.group()
        number = group.post_photo(picture(1), "look")
        assert at.once().ended_by is None
        home = at.home
        assert missing(home, "grupa") == []
        # another source names the same file in other words, and nobody can tell whether the message was edited
        take_in(home, write_pictured(tmp_path / "export", there=False, channel=group.id, number=number))
        assert missing(home, "grupa") == [("missing_file", number, True)]
        home.engine.dispose()
