"""Homes and exports that several tests need; everything in them is generated."""

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from api import TOOL
from api.home import Home
from api.office.bundle import Exported, Order, export_case
from api.office.case import add_items, open_case
from api.office.home import Plan, create_home
from api.office.intake import Imported, Wish, import_export
from api.office.item import DigestLook, ItemRow, list_items
from api.office.page import every_entry
from casefiles.bundle.destination import Destination
from casefiles.case import open_events
from casefiles.consent import Consent
from evidence.authority import Doer
from evidence.custody.append import tree_size
from evidence.custody.event import Draft, Record
from evidence.custody.sequencer import Sequencer
from evidence.keys import keys_beside
from evidence.log.schema import TIERS
from evidence.observation import Mode
from evidence.store.database import reading
from evidence.store.reviews import open_reviews
from evidence.times import system_clock
from monitor.rehearsal.export import ExportFacts, write_export

PASSPHRASE = "correct horse battery"
LEGAL_BASIS = """
text = "Written by nobody, for tests"
counsel = "A. Counsel"
country = "MK"
date = 2020-01-01
expires = {expires}
"""


@dataclass(frozen=True, slots=True)
class Office:
    """A home with its cards and the export that was imported into it."""

    home: Home
    cards: tuple[str, ...]
    export: ExportFacts


class _Templates:
    """Homes as ``init`` made them, to be copied: making one takes 0.16 s of processor time, a copy 0.01.

    Copies of one template have the same keys and cards. So homes of different names come from different templates, and
    two that are asked for one after the other do too. None is older than a minute: a test may ask for the newest stamp.
    """

    _MOST_S = 60

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="templates-")
        self._made = dict[tuple[str, bool, int], tuple[float, Path, tuple[str, ...]]]()
        self._asked = 0

    def copy(self, path: Path, *, rehearsal: bool) -> tuple[str, ...]:
        """Put a home at ``path``, its keys beside it, and return its cards."""
        self._asked += 1
        which = path.name, rehearsal, self._asked % 2
        if which not in self._made or time.monotonic() - self._made[which][0] > self._MOST_S:
            folder = Path(mkdtemp(dir=self._folder.name))
            plan = Plan(folder / "home", "Office of tests", PASSPHRASE, "ann", log_n=10, rehearsal=rehearsal)
            created = create_home(plan, system_clock)
            created.home.engine.dispose()
            self._made[which] = time.monotonic(), created.home.path, tuple(created.cards)
        _at, template, cards = self._made[which]
        path.parent.mkdir(parents=True, exist_ok=True)
        _copy(template, path)
        return cards

    def remove(self) -> None:
        """Once all tests have ended."""
        self._folder.cleanup()


templates = _Templates()


def new_home(path: Path, *, rehearsal: bool = True) -> tuple[Home, tuple[str, ...]]:
    cards = templates.copy(path, rehearsal=rehearsal)
    return Home.open(path.resolve()), cards


def doer(home: Home, *, approver: str | None = "bo") -> Doer:
    return Doer("ann", TOOL, home.clock(), reason="a test", approver=approver)


def legal_basis(folder: Path) -> Path:
    file = folder / "basis.toml"
    file.write_text(LEGAL_BASIS.format(expires=date.today() + timedelta(days=2)))  # noqa: DTZ011 - a date in a test
    return file


def take_in(home: Home, folder: Path, mode: Mode = Mode.SEALED, *, by: Doer | None = None) -> Imported:
    basis = legal_basis(folder.parent) if mode is not Mode.METADATA_ONLY else None
    wish = Wish(folder, None, "mila", mode, basis, by or doer(home))
    return import_export(home, wish)


def items_of(home: Home, look: DigestLook | None = None) -> list[ItemRow]:
    """Every item of a home, in the order of the log."""
    return list(every_entry(lambda after: list_items(home, look=look, after=after)))


def size_of(home: Home) -> int:
    """How many leaves the log has."""
    with reading(home.engine) as connection:
        return tree_size(connection)


def records_of(home: Home, since: int = 0, passphrase: str = PASSPHRASE) -> list[Record]:
    """What was logged from leaf ``since`` on, opened."""
    casework = home.keys.unlock(passphrase).casework
    return [event.record for event in open_events(home.engine, range(since, size_of(home)), casework) if event.record]


def reviews_of(home: Home) -> list[tuple[str, str]]:
    """The reviews that a second person still owes: request, and by when."""
    with reading(home.engine) as connection:
        return [(each.request, str(each.due_at)) for each in open_reviews(connection)]


def new_case(home: Home, items: Sequence[str] | None = None, *, by: Doer | None = None) -> str:
    """A case with these items, or with every one."""
    ann = by or doer(home)
    case_id = open_case(home, ann).case_id
    chosen = tuple(items if items is not None else (item.item_id for item in items_of(home)))
    if chosen:
        add_items(home, case_id, chosen, ann)
    return case_id


def tell_case(sequencer: Sequencer, by: Doer, case: str, item: str) -> None:
    """An alert of this item, and its dismissal."""
    values = by.values() | {"case": case, "item": item}
    sequencer.append([Draft("alerted", values | {tier: [] for tier in TIERS}), Draft("alert_dismissed", values)])


def consent_to(home: Home, *scope: str, given: bool = True, until: date | None = None) -> Consent:
    """What a client said today."""
    today = home.clock().date()
    return Consent("mila", given, scope, today, until, "en", "I agree.", None)


def export_of(
    home: Home,
    case_id: str,
    out: Path,
    audience: str = "court",
    *,
    language: str = "en",
    by: Doer | None = None,
    to: str | None = None,
) -> Exported:
    """A case exported to ``out``."""
    order = Order(case_id, audience, language, by or doer(home), to)
    return export_case(home, order, home.keys.unlock(PASSPHRASE).casework, Destination(out))


def write_pictured(folder: Path, *, there: bool = True, text: str = "look", channel: int = 42, number: int = 5) -> Path:
    """An export of a channel whose one message names a picture: it lies there, or it does not."""
    (folder / "photos").mkdir(parents=True, exist_ok=True)
    (folder / "photos" / "one.bin").unlink(missing_ok=True)
    if there:
        (folder / "photos" / "one.bin").write_bytes(b"a picture")
    message = {"id": number, "type": "message", "date": "2024-11-14T10:00:00", "date_unixtime": "1731574800"}
    message |= {"from": "Zogu", "from_id": "user7", "text": text, "file": "photos/one.bin"}
    export = {"name": "Kanali", "type": "public_channel", "id": channel, "messages": [message]}
    (folder / "result.json").write_text(json.dumps(export), encoding="utf-8")
    return folder


def new_office(folder: Path, *, messages: int = 16, photos: int = 0) -> Office:
    home, cards = new_home(folder / "home")
    export = write_export(folder / "export", seed=7, messages=messages, photos=photos)
    take_in(home, export.folder)
    home.engine.dispose()
    return Office(home, cards, export)


def copy_of(office: Office, folder: Path) -> Home:
    """The same home elsewhere; the original stays as it is."""
    _copy(office.home.path, folder / "home")
    return Home.open(folder / "home")


def _copy(home: Path, to: Path) -> None:
    shutil.copytree(home, to)
    shutil.copytree(keys_beside(home).path, keys_beside(to).path)
