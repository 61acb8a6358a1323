"""``evidence`` lists and shows; a look at digests is logged."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands import DONE, USAGE, Life, run
from tests.homes import PASSPHRASE


def test_digests_are_shown_with_the_passphrase_only(life: Life, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = {item["sha256"] for item in life.items if item["kind"] == "file"}
    assert digests == set(life.export.media.values())
    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    locked = run("evidence", "list", "--json", home=home).printed
    assert (locked["unlocked"], {item["sha256"] for item in locked["items"]}) == (False, {None})
    assert [item | {"sha256": None} for item in life.items] == locked["items"]
    shown = run("evidence", "show", life.items[0]["item_id"], "--json", home=home).printed
    assert shown["sha256"] is None
    then = life.ran["evidence show"].printed
    assert shown | {"sha256": life.items[0]["sha256"], "checkpoint": then["checkpoint"]} == then


def test_only_a_look_at_digests_is_logged(life: Life, home: Path) -> None:
    def logs(*arguments: str | Path) -> bool:
        before = looks(home)
        assert run(*arguments, "--reason", "a doubt", home=home).code == DONE
        return looks(home) > before

    assert not logs("evidence", "list")  # for a person it shows no digest, so it opens nothing
    assert logs("evidence", "list", "--json")
    assert logs("evidence", "show", life.items[0]["item_id"])
    file = home.parent / "passphrase"
    file.write_text(PASSPHRASE)
    ran = run("evidence", "list", "--passphrase-file", file, home=home)
    assert (ran.code, ran.out) == (USAGE, "")
    assert "--json" in ran.err


def looks(home: Path) -> int:
    """How many looks at digests are logged."""
    with closing(sqlite3.connect(home / "nisisama.db")) as connection:
        leaves = connection.execute("SELECT leaf FROM event").fetchall()
    return sum(json.loads(leaf)["type"] == "digests_viewed" for (leaf,) in leaves)


def test_one_channels_items_are_listed(life: Life, home: Path) -> None:
    listed = run("evidence", "list", "--channel", life.export.channel_id, "--json", home=home).printed["items"]
    assert listed == life.items
    empty = run("evidence", "list", "--channel", "1", home=home)
    assert (empty.code, empty.out) == (DONE, "Nothing is preserved of channel 1.\n")


@pytest.mark.parametrize("channel", ["@square", "-1001234", "12a", "\u0661"])
def test_what_is_no_channels_number_is_refused_with_what_to_give(home: Path, channel: str) -> None:
    ran = run("evidence", "list", "--channel", channel, home=home)
    assert (ran.code, ran.out) == (USAGE, "")
    assert "the channel's number, digits alone" in " ".join(ran.err.split())


def test_a_hole_is_shown_beside_its_item(life: Life, home: Path) -> None:
    shown = [
        run("evidence", "show", item["item_id"], "--json", home=home).printed
        for item in life.items
        if item["message_id"]
    ]
    reasons = {hole["reason"] for each in shown for hole in each["holes"]}
    assert reasons
    assert all(each["checkpoint"].isdecimal() for each in shown)
    with_hole = next(each for each in shown if each["holes"])
    assert with_hole["holes"][0]["reason"] in run("evidence", "show", with_hole["item_id"], home=home).out
