"""``evidence`` lists and shows; a look at digests is logged."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from api.cli.main import main
from config.words import load_words
from tests.commands import DONE, REFUSED, USAGE, Life, Terminal, run
from tests.homes import PASSPHRASE, records_of
from tests.nonempty import nonempty
from tests.watching import Desk, desk


def test_digests_are_shown_with_the_passphrase_only(life: Life, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = {item["sha256"] for item in life.items if item["kind"] == "file"}
    assert digests == set(life.export.media.values())
    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    locked = run("evidence", "list", "--json", home=home).printed
    looked_at = ("sha256", "media_type", "bytes", "characters")
    assert (locked["unlocked"], {item["sha256"] for item in locked["items"]}) == (False, {None})
    assert [item | dict.fromkeys(looked_at) for item in life.items] == locked["items"]
    shown = run("evidence", "show", life.items[0]["item_id"], "--json", home=home).printed
    assert [shown[name] for name in looked_at] == [None] * 4
    then = life.ran["evidence show"].printed
    assert shown | {name: then[name] for name in ("checkpoint", *looked_at)} == then


def test_only_a_look_at_digests_is_logged(life: Life, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def logs(*arguments: str | Path) -> bool:
        before = looks(home)
        assert run(*arguments, "--reason", "a doubt", home=home).code == DONE
        return looks(home) > before

    assert logs("evidence", "list")
    assert logs("evidence", "list", "--json")
    assert logs("evidence", "show", life.items[0]["item_id"])
    file = home.parent / "passphrase"
    file.write_text(PASSPHRASE)
    file.chmod(0o600)
    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    assert logs("evidence", "list", "--passphrase-file", file)
    assert not logs("evidence", "list")
    assert not logs("evidence", "list", "--json")


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
    assert "not the number of a channel (expected digits alone" in " ".join(ran.err.split())


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
    told = " ".join(run("evidence", "show", with_hole["item_id"], home=home).out.split())
    assert load_words("en").say(f"hole.{with_hole['holes'][0]['reason']}") in told


def test_a_list_has_a_head_and_fits_eighty_columns(life: Life, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    out = Terminal()
    with redirect_stdout(out):
        assert main(["--home", str(home), "evidence", "list"]) == DONE
    head, channel, *lines = out.getvalue().splitlines()
    assert head.split() == ["ITEM", "KIND", "MESSAGE", "POSTED", "(UTC)", "HOLDS", "MODE"]
    assert channel == f"channel {life.export.channel_id}"
    assert [line[:8] for line in lines] == [item["item_id"][:8] for item in life.items]
    assert max(map(len, [head, *lines])) <= 80
    for line, item in zip(lines, life.items, strict=True):
        assert item["kind"] in line
        assert (item["posted_at"] or "-")[:10] in line
        assert "~" in line


def test_with_the_passphrase_a_list_says_what_each_item_holds(life: Life, home: Path) -> None:
    file = home.parent / "passphrase"
    file.write_text(PASSPHRASE)
    file.chmod(0o600)
    by_file, by_variable = (
        run("evidence", "list", *given, home=home).out for given in (("--passphrase-file", file), ())
    )
    assert by_file == by_variable
    lines = by_file.splitlines()[2:]
    for line, item in nonempty(zip(lines, life.items, strict=True)):
        told = f"{item['characters']} letter" if item["characters"] else "no text"
        size = item["bytes"] or 0
        assert (told if item["kind"] != "file" else f"{size} B" if size < 1000 else " KB") in line


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ("--kind file", lambda item: item["kind"] == "file"),
        ("--from 2024-11-14 --to 2024-11-14", lambda item: (item["posted_at"] or "")[:10] == "2024-11-14"),
        ("--to 2024-11-13", lambda _item: False),
        ("--from 2024-11-14 --kind service", lambda item: item["kind"] == "service" and item["posted_at"]),
    ],
)
def test_a_list_is_cut_to_what_is_asked_for(
    life: Life, home: Path, options: str, wanted: Callable[[dict[str, Any]], object]
) -> None:
    listed = run("evidence", "list", *options.split(), "--json", home=home).printed["items"]
    assert listed == [item for item in life.items if wanted(item)]


@pytest.mark.parametrize("options", ["--from yesterday", "--to 14.11.2024", "--kind picture"])
def test_a_filter_that_is_none_is_a_wrong_call(home: Path, options: str) -> None:
    ran = run("evidence", "list", *options.split(), home=home)
    assert (ran.code, ran.out) == (USAGE, "")


def test_an_item_is_told_in_words(life: Life, home: Path) -> None:
    picture = next(item for item in life.items if item["kind"] == "file")
    told = run("evidence", "show", picture["item_id"], home=home).out
    assert "is:             a file" in told
    assert f"posted:         {picture['posted_at'][:10]} {picture['posted_at'][11:19]} UTC" in told
    assert f"SHA-256:        {picture['sha256']}" in told
    assert "log entry:      " in told
    assert "_" not in told.replace("metadata_only", "")
    assert ".000Z" not in told


def test_what_a_channel_says_of_itself_and_its_kin_is_shown_with_the_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(tmp_path, monkeypatch) as at:
        show_a_channel(at, monkeypatch)


def show_a_channel(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    home, world = at.folder / "home", at.telegram.world
    owner = world.add_person("Ana")
    for title, name in (("Grupa e vjetër", "grupa"), ("Grupa e re", "grupa_e_re"), ("Tjetër", "tjeter")):
        room = at.group(title, name, administrators=[] if name == "tjeter" else [owner])
    assert run("monitor", "run", "--once", home=home).code == DONE
    channels = run("evidence", "list", "--kind", "channel", "--json", home=home).printed["items"]
    item = channels[0]["item_id"]
    case = run("case", "open", "--reason", "x", "--json", home=home).printed["case_id"]
    shown = run("evidence", "show", item, "--json", home=home).printed
    assert (shown["said"]["title"], shown["said"]["usernames"], shown["kin"]) == ("Grupa e vjetër", ["grupa"], None)
    assert [each["name"] for each in shown["said"]["administrators"]] == ["Ana"]
    kin = ("evidence", "show", item, "--kin-for", case, "--reason", "reopened")
    assert run(*kin, "--json", home=home).error["code"] == "unknown_item.channel_not_in_the_case"
    for each in channels[0], channels[2]:
        assert run("case", "add", case, each["item_id"], home=home).code == DONE
    (hint,) = run(*kin, "--json", home=home).printed["kin"]
    assert (hint["title"], hint["sign"], hint["what"]) == ("Grupa e re", "same_administrator", f"user{owner.id}")
    text = run(*kin, home=home).out
    assert f'"Grupa e re": the same administrator: user{owner.id}' in text
    assert "a person decides" in text
    for line in text.splitlines():
        assert line.isprintable()
    assert "no hint" in run("evidence", "show", channels[2]["item_id"], *kin[3:], home=home).out
    assert run(*kin[:-2], "--json", home=home).error["code"] == "authority.needs_reason"
    assert run(*kin[:4], "nothing", *kin[5:], "--json", home=home).code == REFUSED
    room.post("një")
    assert run("monitor", "run", "--once", home=home).code == DONE
    (message,) = run("evidence", "list", "--kind", "message", "--json", home=home).printed["items"]
    refused = run("evidence", "show", message["item_id"], *kin[3:], "--json", home=home)
    assert refused.error["code"] == "unknown_item.not_a_channel"
    at_home = at.home
    looks = [record.values for record in records_of(at_home) if record.type == "channel_viewed"]
    assert [(each["case"], each["item"] == item, each["items"]) for each in looks[:2]] == [
        (None, True, "1"),
        (case, True, "3"),
    ]
    at_home.engine.dispose()
    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    locked = run("evidence", "show", item, "--json", home=home).printed
    assert (locked["said"], locked["kin"], locked["sha256"]) == (None, None, None)
    assert run(*kin, "--json", home=home).error["code"] == "usage.kin_without_passphrase"
