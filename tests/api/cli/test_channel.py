"""``watch`` registers and lists."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.cli.channel import _tell_found
from api.office.lookup import LookedUp
from monitor.telegram.resolve import FoundChannel
from tests.commands import DONE, REFUSED, REPORT, USAGE, Life, run

PUBLIC_ROOM = "\u0408\u0430\u0432\u043d\u0430 \u0441\u043e\u0431\u0430"
"""In Cyrillic, as a report has it."""

AT = datetime(2024, 5, 6, 7, tzinfo=UTC)


def test_the_register_names_the_public_report(life: Life) -> None:
    added, listed = life.ran["watch add"].printed, life.ran["watch list"].printed["channels"]
    assert (added["channel"], added["mode"]) == ("nje_kanal", "metadata_only")
    assert date.fromisoformat(added["review_by"][:10]) == date.today() + timedelta(days=7)  # noqa: DTZ011 - the machine's day
    assert [row["report_url"] for row in listed] == ["https://example.org/r"]
    assert life.ran["watch remove"].printed == {"channel": "nje_kanal", "mode": None, "warnings": []}


def test_watched_channels_are_listed_for_a_person(home: Path) -> None:
    assert run("watch", "add", "@njekanal", *REPORT.split(), "--mode", "metadata_only", home=home).code == DONE
    assert "reported by Org: https://x.y" in run("watch", "list", home=home).out
    assert run("watch", "remove", "NjeKanal", home=home).out == "Removed njekanal from the register.\n"


def test_the_catalogue_is_listed_without_a_home_and_without_handles() -> None:
    said = run("watch", "reported", "--json").printed
    assert said["handles"] == []
    by_name = {group["group"]: group for group in said["groups"]}
    assert PUBLIC_ROOM in by_name["Public Room"]["spellings"]
    assert by_name["Public Room"]["reports"][0]["reported_on"] == "2021-04-15"
    text = run("watch", "reported").out
    assert PUBLIC_ROOM in text
    assert "The program comes with no handles" in text


def test_a_channel_is_registered_as_the_catalogue_says(home: Path) -> None:
    named = ("--reported-as", PUBLIC_ROOM, "--mode", "metadata_only")
    assert run("watch", "add", "@first_room", *named, home=home).code == DONE
    more = ("--follows", "t.me/First_Room", "--reported-on", "2026-01-02")
    assert run("watch", "add", "@second_room", *named, *more, home=home).code == DONE
    rows = {row["channel"]: row for row in run("watch", "list", "--json", home=home).printed["channels"]}
    assert [rows[name]["reported_as"] for name in ("first_room", "second_room")] == ["Public Room"] * 2
    assert [rows[name]["reported_on"] for name in ("first_room", "second_room")] == ["2021-04-15", "2026-01-02"]
    assert [rows[name]["follows"] for name in ("first_room", "second_room")] == [None, "first_room"]
    lines = run("watch", "list", home=home).out.splitlines()
    assert [line.split()[0] for line in lines if "metadata_only" in line] == ["first_room", "second_room"]
    assert "    reopens first_room" in "\n".join(lines)


def test_an_unknown_group_and_a_report_that_nobody_gave_are_refused(home: Path) -> None:
    mode = ("--mode", "metadata_only", "--json")
    ran = run("watch", "add", "@a_room", "--reported-as", "Nowhere", *mode, home=home)
    assert (ran.code, "Smokva" in ran.error["expected"]) == (REFUSED, True)
    ran = run("watch", "add", "@a_room", "--report", "https://x.y", *mode, home=home)
    assert (ran.code, "--reported-by" in ran.error["message"]) == (USAGE, True)


def test_a_number_with_a_minus_before_it_names_a_channel_wherever_it_stands(home: Path) -> None:
    number, mode = "-1001700000042", ("--mode", "metadata_only")
    first = ("1700000001", *REPORT.split(), *mode)
    assert run("watch", "add", *first, home=home).code == DONE
    for words in (
        (number, *REPORT.split(), *mode),
        (*REPORT.split(), number, *mode),
        (*REPORT.split(), *mode, "--follows", "-1001700000001", "--", number),
    ):
        assert run("watch", "add", *words, home=home).out.startswith("Registered 1700000042 as")
        said = run("evidence", "completeness", number, home=home)
        assert (said.code, said.out.splitlines()[0]) == (DONE, "Channel 1700000042 (number 1700000042)")
        listed = run("watch", "list", "--json", home=home).printed["channels"]
        assert listed[1]["follows"] == ("1700000001" if "--follows" in words else None)
        assert run("watch", "remove", number, home=home).code == DONE
    error = run("watch", "add", number, "--reprot", "https://x.y", "--json", home=home).error
    assert (error["code"], error["found"]) == ("usage.mistyped_option", "--reprot")
    assert run("watch", "remove", "-x", "--json", home=home).error["code"] == "usage.unknown_option"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, "Found: Titulli, a group, public as @grupa, number 17. Members: 321. It has existed since 2024-05-06."),
        ({"usernames": ()}, "a group, not public, number 17."),
        ({"usernames": ("grupa", "tjeter")}, "public as @grupa, @tjeter, number 17."),
        ({"kind": "channel", "members": None}, "a channel, public as @grupa, number 17. Members: not shown."),
        ({"created_at": None, "joined_at": AT}, "The account joined it on 2024-05-06; Telegram then does not say"),
        ({"created_at": None}, "Members: 321. Telegram does not say since when it has existed."),
    ],
)
def test_what_was_found_says_whether_it_is_public_and_since_when_it_exists(
    change: dict[str, Any], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    of = FoundChannel(17, 1, "Titulli", "group", ("grupa",), 321, AT, None)
    _tell_found(LookedUp(replace(of, **change)))
    assert told in capsys.readouterr().err
