"""A sheet that was made has an entry with every name of its type; whose it is, is read from the entries of the case."""

from casefiles.sheet.data import SheetKind
from casefiles.sheet.made import MADE, MadeSheet
from evidence.log.schema import SCHEMAS

SHEET = MadeSheet("case-1", SheetKind.NOTICE, ("0" * 32, "1" * 32), "a" * 64, "en", stamped=False)


def test_what_is_logged_of_a_sheet_is_an_act_and_is_of_nobody() -> None:
    schema = SCHEMAS[MADE]
    assert SHEET.values().keys() == schema.names - {"actor", "at", "reason", "authority", "approver", "tool"}
    assert schema.subject == ()


def test_a_sheet_says_whether_its_items_were_stamped() -> None:
    assert (SHEET.values()["stamped"], SHEET.values()["sheet"]) == ("no", "notice")
    assert MadeSheet("case-1", SheetKind.NOTICE, (), "a" * 64, "en", stamped=True).values()["stamped"] == "yes"
