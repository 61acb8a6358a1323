"""What public reports name: the shipped catalogue, and an entry of the register filled in from it.

The catalogue has no handle. Which channel is the group that a report names is for a person to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from config.catalogues import ReportedGroup, group_of, reported_groups
from config.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Reporting:
    """What is said of a public report; None where nobody said it.

    Attributes:
        reported_as: What the catalogue calls the group.
    """

    url: str | None
    by: str | None
    on: str | None
    reported_as: str | None = None


def list_reported() -> Sequence[ReportedGroup]:
    """The verb behind ``watch reported``: the groups that the catalogue's reports name, by name."""
    return sorted(reported_groups().values(), key=lambda group: group.name)


def filled_in(said: Reporting) -> Reporting:
    """The report that ``watch add`` was given, completed from the catalogue's earliest report of the group.

    Raises:
        SettingsError: The catalogue has no group of this name.
    """
    if said.reported_as is None:
        return said
    groups = reported_groups()
    group = group_of(said.reported_as, groups)
    if group is None:
        known = ", ".join(sorted(each.name for each in groups.values()))
        raise SettingsError("settings.no_such_group", expected=known, found=said.reported_as[:64])
    first = group.reports[0]
    return Reporting(said.url or first.url, said.by or first.reported_by, said.on or str(first.reported_on), group.name)
