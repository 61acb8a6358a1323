"""The yearly drill: with the cards and a backup alone, as on a bare machine, everything of an office is opened again.

A backup is put together in the home without any key that lies beside it. The cards open the files in its ``recovery``;
the casework and matching keys in them open its newest records and fingerprints; the cards open a sample of its files.
Then all of it is removed, and the log says that a drill was passed. One that fails logs nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from api.home import SEAL_ROOT_FILE, Home, read_certificate
from api.office.backup import Progress, Wishes, failed_in, put_together, require_rows
from api.office.key import drill
from api.offline.audit import MediaAudit, audit_media
from casefiles.case import open_events
from config.errors import Explained
from evidence.authority import Doer
from evidence.backup import Description, read_description
from evidence.canonical import Value
from evidence.custody.append import tree_size
from evidence.custody.event import Draft
from evidence.errors import HomeError
from evidence.finding import Verdict
from evidence.keys import Unlocked
from evidence.recovery import recover_identities, require_recovery
from evidence.seal.envelopes import open_whole
from evidence.store import database
from evidence.store.database import reading

_NEWEST = 100
"""How many of the newest records, and of the newest fingerprints, are opened."""


@dataclass(frozen=True, slots=True)
class DrillPassed:
    """Cards that opened a backup.

    Attributes:
        backup_at: When the backup was made, as values of the log are written.
        opened: How many files were opened, of so many that are kept (``kept``) and not frozen.
        unstamped: Why no time stamp could be had yet.
    """

    cards: int
    set_name: str
    backup_at: str
    entries: int
    opened: int
    kept: int
    unstamped: Explained | None


@dataclass(frozen=True, slots=True)
class Trial:
    """How a drill opens files.

    Attributes:
        sample: How many of them, drawn by chance.
        address: Of the database to which the rows were brought, for a backup of a home on PostgreSQL.
        progress: Shows how much of the backup is put together.
        opening: Called with the number of files opened since.
    """

    sample: int
    progress: Progress
    opening: Callable[[int], object]
    address: str | None = None


def require_drillable(home: Home, backup: Path, address: str | None) -> Description:
    """Check, before ``key drill`` asks for the cards, that there is a backup of this home; return what it says.

    Raises:
        HomeError: This is none, or it is not known where its rows are, or they would be those of the home.
        SettingsError: The backup's settings are missing or damaged.
        StoreError: The address does not fit.
    """
    description, origin = read_description(backup), home.settings.log.origin
    if description.log != origin:
        raise HomeError("backup.of_another_log", where=str(backup), expected=origin, found=description.log)
    require_rows(backup, description, address)
    if address is not None and sa.make_url(address) == sa.make_url(home.settings.database.url or "sqlite://"):
        raise HomeError("backup.living_database", where=str(home.path))
    return description


def drill_with(home: Home, backup: Path, cards: Sequence[str], doer: Doer, trial: Trial) -> DrillPassed:
    """The verb behind ``key drill``: open a backup with the cards alone, and log that it was done.

    Raises:
        CardError: They are too few, mistyped, replaced, or of another office.
        HomeError: As ``require_drillable``; or it does not hold, or the cards do not open what is in it.
        SettingsError, StoreError: As ``require_drillable``.
    """
    description = require_drillable(home, backup, trial.address)
    told = drill(home, cards)
    wishes = Wishes(address=trial.address, cards=tuple(cards), without_keys=True)
    laid = put_together(backup, home.path, home.clock, passphrase=str, progress=trial.progress, wishes=wishes)
    with laid as (done, part):
        if wrong := failed_in(done.report):
            raise HomeError("backup.does_not_hold", where=str(backup), count=len(wrong), id=wrong[0].id)
        found = _opened(Home.open(part, home.clock), cards, trial)
    if wrong := [each for each in found.findings if each.verdict is Verdict.FAILED]:
        raise HomeError("backup.does_not_hold", where=str(backup), count=len(wrong), id=wrong[0].id)
    values: dict[str, Value] = {
        "set": told.set_name,
        "backup_at": description.made_at,
        "opened": str(found.opened),
        "kept": str(found.kept),
    }
    with home.writing() as writer:
        writer.sequencer.append([Draft("drilled", doer.values() | values)])
        unstamped = writer.beat(now=True)
    return DrillPassed(
        told.cards, told.set_name, description.made_at, description.entries, found.opened, found.kept, unstamped
    )


def _opened(there: Home, cards: Sequence[str], trial: Trial) -> MediaAudit:
    try:
        require_recovery(there.path, cards, seal_root=read_certificate(there.trust / SEAL_ROOT_FILE))
        identities = recover_identities(there.path, cards)
        _open_newest(there, identities)
        return audit_media(there, identities.casework, cards, sample=trial.sample, progress=trial.opening, by=None)
    finally:
        there.engine.dispose()


def _open_newest(there: Home, identities: Unlocked) -> None:
    """Open the newest records and fingerprints; what cannot be opened raises."""
    table = database.sealed.c
    with reading(there.engine) as connection:
        size = tree_size(connection)
        wanted = sa.select(table.body).where(table.name == "prints").order_by(table.idx.desc()).limit(_NEWEST)
        for (body,) in connection.execute(wanted):
            open_whole(bytes(body), identities=(identities.matching,))
    for _event in open_events(there.engine, range(max(0, size - _NEWEST), size), identities.casework):
        pass  # each record is opened and compared with its leaf
