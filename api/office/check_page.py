"""The page on which somebody asks whether her picture appears, with what it has of this office."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.home import Home
from api.pages.check import SAME_ORIGIN, CheckFacts, check_page
from config.errors import SettingsError
from evidence.objects.durable import write_file

REHEARSED: Final = "+000 000 000"
"""Stands for whom to reach in the page of a rehearsal, where nobody answers."""


@dataclass(frozen=True, slots=True)
class WrittenPage:
    """A page that was written; ``sha256`` is of its bytes, lower hex."""

    file: Path
    sha256: str


def write_check_page(home: Home, file: Path) -> WrittenPage:
    """The verb behind ``question page``: write the page to hand out.

    It posts to ``check.address``, or only hands over where that is empty.

    Raises:
        FileExistsError: There is such a file; it was not touched.
        SettingsError: The office has not said whom to reach.
        StorageFullError: There is no space; nothing is left behind.
    """
    page = check_page(check_facts(home, home.settings.check.address or None)).encode()
    write_file(file, page)
    return WrittenPage(file, hashlib.sha256(page).hexdigest())


def served_check_facts(home: Home) -> CheckFacts:
    """What the page has of this office when the office's own server serves it.

    Raises:
        SettingsError: The office has not said whom to reach.
    """
    return check_facts(home, SAME_ORIGIN)


def check_facts(home: Home, post: str | None) -> CheckFacts:
    """What the page has of this office when it is handed out.

    Args:
        post: As in ``CheckFacts``.

    Raises:
        SettingsError: The office has not said whom to reach. A rehearsal need not.
        HomeError: The matching key's recipient cannot be read.
    """
    settings, office = home.settings.check, home.settings.office
    return CheckFacts(
        organisation=office.organisation,
        recipient=str(home.recipients.matching),
        contact=_reached(home, "contact", settings.contact),
        hotline=_reached(home, "hotline", settings.hotline),
        leave=settings.leave,
        post=post,
        days=settings.answer_days,
        rehearsal=office.rehearsal,
    )


def _reached(home: Home, key: str, said: str) -> str:
    if said.strip():
        return said.strip()
    if home.settings.office.rehearsal:
        return REHEARSED
    raise SettingsError("settings.nobody_to_reach", where=str(home.path / "nisisama.toml"), key=f"check.{key}")
