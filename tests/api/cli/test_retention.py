"""``retention`` on the command line: two persons agree, and what is not due stays."""

from pathlib import Path

from tests.commands import DONE, REFUSED, UNDECIDED, Life, run


def test_two_persons_agree_and_a_run_destroys_what_is_due_and_nothing_else(life: Life, home: Path) -> None:
    refused = run("retention", "run", "--json", home=home)
    assert (refused.code, refused.error["code"]) == (REFUSED, "authority.retention_not_ruled")
    asked = run("retention", "rule", "--reason", "counsel said so", "--by", "zana", "--json", home=home)
    assert (asked.code, asked.printed["what"]) == (UNDECIDED, "retention")
    agreed = run("approve", asked.printed["request"], "--yes", "--by", "bo", "--json", home=home)
    assert (agreed.code, agreed.printed["rule"]["unclaimed_days"]) == (DONE, "365")
    assert run("retention", "list", "--json", home=home).printed == {"due": 0, "soon": 0, "unconfirmed": []}
    assert run("retention", "run", home=home).out == "Destroyed: 0 items that no case had claimed in time.\n"
    assert life.items[0]["item_id"] in run("evidence", "list", "--json", home=home).out


def test_two_persons_at_one_machine_agree_at_once(home: Path) -> None:
    ran = run("retention", "rule", "--reason", "counsel said so", "--approved-by", "bo", home=home)
    assert ran.out == "Agreed: unclaimed_days 365, bystander_days 90, notice_days 30, unconfirmed_hours 72.\n"
