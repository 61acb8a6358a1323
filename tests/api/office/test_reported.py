"""A report is filled in from the catalogue, and what a person says wins."""

import pytest

from api.office.reported import Reporting, filled_in, list_reported
from config.errors import SettingsError
from tests.nonempty import nonempty

PUBLIC_ROOM = "\u0408\u0430\u0432\u043d\u0430 \u0441\u043e\u0431\u0430"
"""In Cyrillic, as a report has it."""
NOTHING = Reporting(None, None, None)


def test_the_catalogue_names_groups_and_their_reports_by_name() -> None:
    listed = nonempty(list_reported())
    names = [group.name for group in listed]
    assert names == sorted(names)
    assert {"Public Room", "Balkan Room", "Gevgelija Hub", "Serbian Room", "Smokva"} <= set(names)


@pytest.mark.parametrize("name", [PUBLIC_ROOM, "javna  SOBA", "public-room", "Public Room"])
def test_a_report_is_filled_in_by_any_spelling_of_its_group(name: str) -> None:
    (group,) = [each for each in list_reported() if each.name == "Public Room"]
    first = group.reports[0]
    said = filled_in(Reporting(None, None, None, name))
    assert said == Reporting(first.url, first.reported_by, first.reported_on.isoformat(), "Public Room")


def test_what_a_person_says_wins() -> None:
    said = filled_in(Reporting("https://e.org/own", "Us", None, "smokva"))
    assert (said.url, said.by, said.reported_as) == ("https://e.org/own", "Us", "Smokva")
    assert said.on is not None
    assert filled_in(NOTHING) == NOTHING


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="no public report") as raised:
        filled_in(Reporting(None, None, None, "Another Room"))
    for group in nonempty(list_reported()):
        assert group.name in str(raised.value.facts["expected"])
