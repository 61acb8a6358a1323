"""``check`` says what it found, and of how many pictures that speaks."""

import shutil
from pathlib import Path

from api.cli.check import WHY
from evidence.match.check import NotCompared
from tests.commands import DONE, REFUSED, Life, run


def test_a_picture_that_was_kept_is_found_with_its_place(life: Life) -> None:
    checked = life.ran["check"].printed
    assert checked["found"] is True
    files = [item for item in life.items if item["kind"] == "file"]
    assert checked["compared"] + checked["not_compared"] == len(files)
    for match in checked["matches"]:
        assert match.keys() == {
            "item_id",
            "channel_id",
            "message_id",
            "posted_at",
            "acquired_at",
            "message_item",
            "tier",
        }
        assert match["item_id"] in {item["item_id"] for item in files}
    assert "identical" in {match["tier"] for match in checked["matches"]}


def test_each_match_is_a_line_and_the_last_says_how_many_were_compared(life: Life, home: Path) -> None:
    out = run("check", life.picture(), "--case", life.case, home=home).out.splitlines()
    checked = life.ran["check"].printed
    told = [
        words
        for each in checked["matches"]
        for words in ([each["tier"], each["item_id"]], ["message", each["message_item"]])
        if words[1]
    ]
    assert len(told) > len(checked["matches"])
    assert [line.split()[:2] for line in out[:-2]] == told
    assert out[-2].startswith(f"{len(checked['matches'])} found. Compared with {checked['compared']};")
    why = "; ".join(f"{WHY[NotCompared(reason)]}: {number}" for reason, number in checked["not_compared_why"].items())
    assert out[-2].endswith(f"{checked['not_compared']} could not be compared ({why}).")
    assert sum(checked["not_compared_why"].values()) == checked["not_compared"] > 0
    assert set(WHY) == set(NotCompared)
    assert out[-1] == checked["limits"]
    assert all(word in out[-1] for word in ("collage", "crop", "few degrees", "video"))


def test_what_is_no_picture_is_refused_and_not_said_to_be_nowhere(life: Life, home: Path) -> None:
    text = home.parent / "text.jpg"
    text.write_bytes(b"no picture")
    ran = run("check", text, "--case", life.case, "--json", home=home)
    assert (ran.code, ran.error["type"]) == (REFUSED, "NotDecodedError")
    copy = home.parent / "copy.jpg"
    shutil.copy(life.picture(), copy)
    assert run("check", copy, "--case", life.case, home=home).code == DONE
