"""The page on retention says what the settings say, and leaves out no time."""

import re

from tests.contracts.retention import NOT_KEEPING, RULES, page, times
from tests.contracts.tree import ROOT

FOLDER = ROOT / "docs" / "data-protection"


def test_the_page_on_retention_is_made_from_the_settings() -> None:
    written = (FOLDER / "retention.md").read_text(encoding="utf-8")
    assert written == page(), "python -m tests.contracts.retention > docs/data-protection/retention.md"
    assert written.replace("30 days", "31 days") != page()  # the control


def test_each_setting_that_is_a_time_keeps_something_or_is_named_as_keeping_nothing() -> None:
    found = {name for name, _value in times()}
    assert len(found) > 5
    assert found == RULES.keys() | NOT_KEEPING.keys()


def test_each_page_of_the_pack_says_that_counsel_has_to_verify_it() -> None:
    pages = sorted(FOLDER.glob("*.md"))
    assert len(pages) == 7
    assert [each.name for each in pages if "to be verified by counsel" not in each.read_text("utf-8").lower()] == []


def test_laws_are_named_only_where_the_index_says_what_is_known_of_them() -> None:
    law = re.compile(r"\bLPDP\b|06/L-082|Закон|\bZZPL\b|Official Gazette")
    others = [each for each in FOLDER.glob("*.md") if each.name != "README.md"]
    assert [each.name for each in others if law.search(each.read_text("utf-8"))] == []
    assert law.search("the LPDP of 2019")  # the control
