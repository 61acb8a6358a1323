"""``watch`` registers and lists."""

from datetime import date, timedelta
from pathlib import Path

from tests.commands import DONE, REPORT, Life, run


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
