"""``capture`` says what was kept, and of what it refuses what to do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import DONE, REFUSED, USAGE, run
from tests.watching import Desk, desk, picture


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch) as made:
        yield made


def test_what_was_kept_is_told_in_words_and_for_a_program(at: Desk) -> None:
    group, home = at.group(), at.folder / "home"
    number = group.post_photo(picture(1), "një")
    ran = run("capture", f"t.me/grupa/{number}", "--json", home=home)
    assert ran.code == DONE, ran.err
    said = ran.printed
    assert (said["channel"], said["message_id"], said["comment"]) == ("grupa", str(number), None)
    assert (said["seen"], said["handed_over"], said["warnings"]) == ("there", False, [])
    (channel,) = said["channels"]
    assert channel == {
        "channel": "grupa", "channel_id": str(group.id), "cursor": 0, "messages": 1, "edits": 0, "deletions": 0,
        "missing": 0, "media": 1, "gaps": 0, "waiting": 0, "request": None, "until": None,
    }  # fmt: skip
    assert run("capture", f"t.me/grupa/{number}", home=home).out == "grupa: nothing new, all of it is already kept\n"
    group.edit(number, text="ndryshe")
    assert run("capture", f"t.me/grupa/{number}", home=home).out == "grupa: 1 edit\n"
    group.post("dy")
    group.delete([number])
    gone = run("capture", f"t.me/grupa/{number}", "--json", home=home)
    assert (gone.code, gone.printed["seen"], gone.printed["error"]["code"]) == (REFUSED, "gone", "message.gone")
    channel = gone.printed["channels"][0]
    assert (channel["deletions"], channel["missing"]) == (1, 1), "Telegram did not report it"
    assert "is no longer there" in gone.err
    again = run("capture", f"t.me/grupa/{number}", home=home)
    assert (again.code, again.out) == (REFUSED, "grupa: nothing new\n"), "it is not said that all of it is kept"


def test_what_cannot_be_captured_is_told_with_a_way_out(at: Desk) -> None:
    at.group()
    home = at.folder / "home"
    for link, code in (
        ("https://example.org/grupa/5", "settings.link_elsewhere"),
        ("t.me/grupa", "settings.link_to_no_message"),
    ):
        ran = run("capture", link, "--json", home=home)
        assert (ran.code, ran.error["code"]) == (REFUSED, code)
    for link, code in (
        ("t.me/c/1234567/5", "unknown_item.link_not_registered"),
        ("t.me/nobody_has_it/5", "channel.gone"),
        ("t.me/grupa/5", "message.not_yet"),
    ):
        ran = run("capture", link, "--json", home=home)
        assert (ran.code, ran.printed["error"]["code"]) == (REFUSED, code)
        assert ran.printed["error"]["fix"]
        assert ran.err.startswith("error: ")
    at.telegram.faults.fail("channels.getMessages", "FLOOD_WAIT_3600", times=1)
    assert run("capture", "t.me/grupa/5", "--json", home=home).printed["error"]["code"] == "flood.wait"
    assert run("capture", home=home).code == USAGE


def test_a_post_of_a_channel_that_is_not_registered_is_told_with_its_end_and_confirmed(at: Desk) -> None:
    home, room = at.folder / "home", at.telegram.world.add_channel("Kanali", username="kanali", broadcast=True)
    link = f"t.me/kanali/{room.post('një')}"
    assert run("retention", "rule", "--reason", "counsel said so", "--approved-by", "bo", home=home).code == DONE
    assert run("capture", link, "--json", home=home).printed["error"]["code"] == "authority.needs_reason"
    ran = run("capture", link, "--reason", "she brought it", "--by", "zana", home=home)
    assert ran.code == DONE, ran.err
    kept, only, ends = ran.out.splitlines()
    assert (kept, only) == (
        "kanali: 1 message", "The channel is not registered, so its text is kept, and no file."
    )  # fmt: skip
    request = ends.rpartition(" ")[2]
    assert ends.startswith("It is destroyed after ")
    (waits,) = run("retention", "list", "--json", home=home).printed["unconfirmed"]
    assert (waits["request"], waits["items"]) == (request, 1)
    assert f"Capture {request}: 1 item, destroyed after " in run("retention", "list", home=home).out
    (item,) = run("evidence", "list", "--json", home=home).printed["items"]
    (listed,) = run("approve", "--list", "--json", home=home).printed["requests"]
    assert (listed["what"], listed["items"]) == ("capture", [item["item_id"]])
    case = run("case", "open", "--by", "zana", "--json", home=home).printed["case_id"]
    refused = run("case", "add", case, item["item_id"], "--by", "zana", "--json", home=home)
    assert (refused.code, refused.error["code"]) == (REFUSED, "unknown_item.unconfirmed")
    approved = run("approve", request, "--yes", "--by", "bo", home=home)
    assert approved.code == DONE, approved.err
    assert f"kept: {item['item_id']}" in approved.err
    assert "nisisama watch add" in approved.out
    assert run("case", "add", case, item["item_id"], "--by", "zana", home=home).code == DONE
    again = run("capture", link, "--reason", "she brought it", home=home)
    assert "A second person has confirmed it." in again.out
