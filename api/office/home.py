"""Makes a new home: folders, keys, seal, database, and the first event of its log."""

import re
import secrets
import shutil
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from api import TOOL
from api.home import DATABASE_FILE, REHEARSAL, SEAL_FILE, SEAL_KEY_FILE, SEAL_ROOT_FILE, SETTINGS_FILE, VKEY_FILE, Home
from api.migrate import upgrade
from casefiles.bundle.sign import make_seal
from config.catalogues import time_stamp_offices
from config.errors import Explained, SettingsError
from config.settings import settings_toml
from evidence.authority import Doer
from evidence.custody.anchoring import newest_stamp
from evidence.custody.event import Draft
from evidence.errors import HomeError
from evidence.keys import create_keys, keys_beside
from evidence.log.note import VerifierKey
from evidence.objects.durable import make_folder, write_file
from evidence.objects.local import LocalObjects
from evidence.rehearsal.tsa import RehearsalOffice
from evidence.seal.cards import card_text, make_cards
from evidence.seal.envelopes import seal_whole
from evidence.seal.passphrase import DEFAULT_LOG_N
from evidence.store import database
from evidence.store.database import reading
from evidence.times import Clock, format_time

_CLOCK_SKEW = timedelta(minutes=5)
"""What the way to a time-stamp office may take."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What ``init`` was asked for.

    Attributes:
        stamp_by: Names of time-stamp offices from the catalogue; ``rehearsal`` makes its own.
    """

    path: Path
    organisation: str
    passphrase: str
    actor: str
    log_n: int = DEFAULT_LOG_N
    stamp_by: Sequence[str] = ()
    rehearsal: bool = False
    threshold: int = 2
    card_count: int = 3


@dataclass(frozen=True, slots=True)
class Created:
    """A new home, its cards, and why no time stamp could be had, if so."""

    home: Home
    cards: Sequence[str]
    unstamped: Explained | None
    threshold: int

    @property
    def card_texts(self) -> Sequence[str]:
        """The cards as they are printed."""
        organisation, count = self.home.settings.office.organisation, len(self.cards)
        return [
            card_text(card, number=number, count=count, needed=self.threshold, organisation=organisation)
            for number, card in enumerate(self.cards, start=1)
        ]


def create_home(plan: Plan, clock: Clock, cards: Path | None = None) -> Created:
    """Make a home; what was begun is taken away again if anything fails.

    Args:
        cards: A folder to write the cards to, one file each; it may not hold any yet.

    Raises:
        HomeError: Something is there already, or the cards would lie in the home.
        SettingsError: A time-stamp office is in no catalogue.
        PassphraseError: The passphrase is too short or too even, or cannot be typed.
        HomeError: The clock does not agree with the first time stamp.
    """
    require_possible(plan.path, plan.stamp_by, cards)
    path = plan.path.resolve()
    keys = keys_beside(path)
    make_folder(path, parents=True)  # exclusive, and so outside the block below: another init's home is not ours
    try:
        created = _create(plan, path, clock)
        if cards is not None:
            _write_cards(cards, created.card_texts)
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        shutil.rmtree(keys.path, ignore_errors=True)
        raise
    return created


def require_possible(path: Path, stamp_by: Sequence[str], cards: Path | None) -> None:
    """Check that a home can be made here: a clerk's mistakes are met before a passphrase is asked for.

    Raises:
        HomeError: Something is there already, or the cards would lie in the home.
        SettingsError: A time-stamp office is in no catalogue.
    """
    home = path.resolve()
    folders = (home, keys_beside(home).path)
    for folder in folders:
        if folder.exists():
            raise HomeError("home.there_already", where=str(folder))
    unknown = [name for name in stamp_by if name not in time_stamp_offices()]
    if unknown:
        raise SettingsError(
            "settings.unknown_office_given", expected=", ".join(sorted(time_stamp_offices())), found=unknown[0]
        )
    if cards is not None:
        _require_outside(cards, folders)


def _require_outside(cards: Path, homes: Sequence[Path]) -> None:
    for home in homes:
        if home in (cards.resolve(), *cards.resolve().parents):
            raise HomeError("home.cards_inside", where=str(cards))


def _write_cards(folder: Path, cards: Sequence[str]) -> None:
    make_folder(folder, parents=True, exist_ok=True)
    written: list[Path] = []
    try:
        for number, card in enumerate(cards, start=1):
            file = folder / f"card-{number}.txt"
            write_file(file, card.encode())
            written.append(file)
    except BaseException:
        for file in written:
            file.unlink()  # of a home that is taken away again
        raise


def _create(plan: Plan, path: Path, clock: Clock) -> Created:
    keys = keys_beside(path)
    office = create_keys(keys, path, passphrase=plan.passphrase, log_n=plan.log_n)
    origin = f"{_slug(plan.organisation)}/{secrets.token_hex(4)}"
    offices = [*plan.stamp_by, *([REHEARSAL] if plan.rehearsal else [])]
    settings = settings_toml(
        {
            "office": {"organisation": plan.organisation, "rehearsal": plan.rehearsal},
            "log": {"origin": origin},
            "stamp": {"offices": offices},
        }
    )
    write_file(path / SETTINGS_FILE, settings.encode())
    vkey = VerifierKey(origin, keys.log_key().public_key().public_bytes_raw())
    write_file(path / VKEY_FILE, f"{vkey}\n".encode())
    if plan.rehearsal:
        RehearsalOffice.create(keys.path / REHEARSAL, at=clock())
    LocalObjects(path / "objects").create()
    (path / DATABASE_FILE).touch(mode=0o600)
    engine = database.open_engine(database.sqlite_url(path / DATABASE_FILE))
    upgrade(engine)
    engine.dispose()
    home = Home.open(path, clock)
    root, root_key, certificate, key = make_seal(plan.organisation, clock())
    home.keys.write_sealed(SEAL_KEY_FILE, _pem(key), home.recipients.casework)
    write_file(path / "recovery" / "seal-root.age", seal_whole(_pem(root_key), recipients=(home.recipients.office,)))
    write_file(path / SEAL_FILE, certificate.public_bytes(Encoding.PEM), mode=0o644)
    make_folder(home.trust)
    write_file(home.trust / SEAL_ROOT_FILE, root.public_bytes(Encoding.PEM), mode=0o644)
    with home.writing() as writer:
        writer.sequencer.append([_opening(plan, home)])
        unstamped = writer.beat(now=True)
    _require_right_clock(home)
    cards = make_cards(office.seed, threshold=plan.threshold, count=plan.card_count)
    return Created(home, cards, unstamped, plan.threshold)


def _opening(plan: Plan, home: Home) -> Draft:
    return Draft(
        "log_opened",
        Doer(plan.actor, TOOL, home.clock()).values()
        | {each.name: each.value() for each in (*home.in_use(), *home.in_recovery())},
    )


def _require_right_clock(home: Home) -> None:
    """Check that the clock agrees with the first time stamp: a seal of another time would seal nothing that holds.

    Raises:
        HomeError: It does not; without a time stamp nobody can tell.
    """
    with reading(home.engine) as connection:
        stamped_at = newest_stamp(connection)
    if stamped_at is not None and abs(home.clock() - stamped_at) > _CLOCK_SKEW:
        raise HomeError("home.clock_wrong", expected=format_time(stamped_at), found=format_time(home.clock()))


def _slug(organisation: str) -> str:
    """A short name for the log: letters, digits and hyphens of the organisation's name."""
    plain = unicodedata.normalize("NFKD", organisation.casefold())
    slug = re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode("ascii")).strip("-")
    return slug[:40].strip("-") or "office"


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
