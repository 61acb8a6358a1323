"""``case`` shows what its items say."""

from pathlib import Path

from tests.commands import USAGE, Life, run


def test_a_case_shows_its_texts(life: Life) -> None:
    shown = life.ran["case show"].printed
    assert shown["case_id"] == life.case
    assert shown["reason"] == "she came"
    assert {item["text"] for item in shown["items"]} >= set(life.export.texts.values())
    assert [item["item_id"] for item in shown["items"]] == [item["item_id"] for item in life.items]


def test_a_case_says_why_it_was_opened_and_nothing_of_what_is_missing(life: Life, home: Path) -> None:
    out = run("case", "show", life.case, home=home).out
    assert out.splitlines()[1] == "    reason: she came"
    assert "None" not in out
    assert any(item["posted_at"] is None or item["message_id"] is None for item in life.items)
    bare = run("case", "open", "--json", home=home).printed["case_id"]
    shown = run("case", "show", bare, home=home).out.splitlines()
    assert [line.split(",")[0] for line in shown] == [bare, "    consent: none is recorded"]


def test_one_is_counted_as_one(life: Life, home: Path) -> None:
    case = run("case", "open", "--json", home=home).printed["case_id"]
    assert run("case", "list", "--json", home=home).printed["cases"][-1]["items"] == 0
    for item, words in zip(
        life.items[:2], ("Added 1 to CASE; it has 1 item.", "Added 1 to CASE; it has 2 items."), strict=True
    ):
        assert run("case", "add", case, item["item_id"], home=home).out == words.replace("CASE", case) + "\n"
    cases = run("case", "list", home=home).out.splitlines()
    assert [line.partition("  ")[0] for line in cases] == [life.case, case]
    assert cases[1].endswith("Z  2 items")


def test_the_same_items_again_add_nothing(life: Life, home: Path) -> None:
    ran = run("case", "add", life.case, life.items[0]["item_id"], life.items[0]["item_id"], "--json", home=home)
    assert ran.printed == {"case_id": life.case, "added": 0, "items": len(life.items), "beside": [], "warnings": []}


def test_a_picture_without_its_message_is_added_with_a_word(life: Life, home: Path) -> None:
    match = life.ran["check"].printed["matches"][0]
    case = run("case", "open", "--json", home=home).printed["case_id"]
    ran = run("case", "add", case, match["item_id"], "--json", home=home)
    assert ran.printed["beside"] == [match["message_item"]]
    assert f"nisisama case add {case} {match['message_item']}" in ran.err


def test_an_item_is_removed_for_a_reason_and_destroyed_is_nothing(life: Life, home: Path) -> None:
    item, held = life.items[0]["item_id"], len(life.items)
    assert life.ran["case remove"].printed == {
        "case_id": life.case,
        "removed": 1,
        "items": held - 1,
        "warnings": [],
    }
    bare = run("case", "remove", life.case, item, home=home)
    assert (bare.code, "--reason" in bare.err) == (USAGE, True)
    ran = run("case", "remove", life.case, item, "--reason", "not hers", home=home)
    assert ran.out == f"Removed 1 from {life.case}; it has {held - 1} items. They stay preserved.\n"
    assert run("case", "show", life.case, "--json", home=home).printed["removed"] == [item]
    assert "1 item was removed" in run("case", "show", life.case, home=home).out
