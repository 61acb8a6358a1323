"""Makes a new home: its cards, then folders, keys, seal and database, and last the first event of its log."""

import os
import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from api import TOOL
from api.home import REHEARSAL, SEAL_FILE, SEAL_KEY_FILE, SEAL_ROOT_FILE, SETTINGS_FILE, Home
from api.office.cards import Show, card_files, printed_cards, require_place_for_cards, write_cards
from api.unfinished import DATABASE_FILE, VKEY_FILE, belongings, making, require_vacant
from casefiles.bundle.sign import make_seal, seal_revocations
from config.catalogues import time_stamp_offices
from config.errors import Explained, SettingsError
from config.settings import MAX_ORGANISATION, Settings, load_settings, settings_toml
from evidence.authority import Doer
from evidence.custody import stamps
from evidence.custody.event import Draft
from evidence.errors import HomeError
from evidence.keys import RECOVERY, SECRET_BYTES, create_keys, keys_beside, require_long
from evidence.log.note import VerifierKey
from evidence.objects.durable import make_folder, write_file
from evidence.objects.local import LocalObjects
from evidence.rehearsal.tsa import RehearsalOffice
from evidence.seal.age import Recipient
from evidence.seal.cards import make_cards
from evidence.seal.envelopes import seal_whole
from evidence.seal.passphrase import DEFAULT_LOG_N
from evidence.seal.recipients import generate_identity
from evidence.store import database
from evidence.store.database import reading
from evidence.store.migrate import upgrade
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


def create_home(plan: Plan, clock: Clock, cards: Path | None = None, *, show: Show = lambda _cards: None) -> Created:
    """The verb behind ``init``: make a home, its cards first, its log last.

    What was begun is taken away again if anything fails; stopped dead, it leaves an unfinished home
    (``api.unfinished``), and the next call begins anew.

    Args:
        cards: A folder to write the cards to, one file each; it may not hold any yet.
        show: Called with the cards before there is anything that needs them, if there is no such folder.

    Raises:
        HomeError: Something is there already, or the cards would lie in the home.
        SettingsError: A time-stamp office is in no catalogue, or the organisation's name does not fit.
        PassphraseError: The passphrase is too short or too even, or cannot be typed.
        CardError: The numbers of cards are impossible.
        HomeError: The clock does not agree with the first time stamp.
    """
    require_possible(plan.path, plan.organisation, plan.stamp_by, cards)
    require_long(plan.passphrase)
    path, office = plan.path.resolve(), generate_identity()
    secret = make_cards(office.seed, threshold=plan.threshold, count=plan.card_count)
    texts = printed_cards(secret, needed=plan.threshold, organisation=plan.organisation)
    files = card_files(cards, texts)
    with making(path, {file: text.encode() for file, text in files.items()}):
        settings = _write_settings(plan, path)
        write_cards(files)
        if not files:
            show(texts)
        home, unstamped = _create(plan, path, settings.log.origin, office.recipient, clock)
    return Created(home, secret, unstamped)


def require_possible(path: Path, organisation: str, stamp_by: Sequence[str], cards: Path | None) -> None:
    """Check, before ``init`` asks for a passphrase, that a home can be made here.

    So a clerk's mistakes are met early.

    Raises:
        HomeError: Something is there already, or the cards would lie in the home or beside others.
        SettingsError: A time-stamp office is in no catalogue, the organisation's name is too long, or a variable names
            another database.
    """
    home = path.resolve()
    require_vacant(home)
    if os.environ.get("NISISAMA_DATABASE__URL"):
        raise SettingsError("settings.init_makes_sqlite")
    if len(organisation) > MAX_ORGANISATION:
        raise SettingsError("settings.organisation_too_long", limit=MAX_ORGANISATION, found=len(organisation))
    unknown = [name for name in stamp_by if name not in time_stamp_offices()]
    if unknown:
        raise SettingsError(
            "settings.unknown_office_given", expected=", ".join(sorted(time_stamp_offices())), found=unknown[0]
        )
    if cards is not None:
        require_place_for_cards(cards, (home, keys_beside(home).path), belongings(home))


def _write_settings(plan: Plan, path: Path) -> Settings:
    """Write the settings of a new home and read them: what they do not take is met before there are cards."""
    offices = [*plan.stamp_by, *([REHEARSAL] if plan.rehearsal else [])]
    text = settings_toml(
        {
            "office": {"organisation": plan.organisation, "rehearsal": plan.rehearsal},
            "log": {"origin": f"{_slug(plan.organisation)}/{secrets.token_hex(4)}"},
            "stamp": {"offices": offices},
        }
    )
    write_file(path / SETTINGS_FILE, text.encode())
    return load_settings(path / SETTINGS_FILE)


def _create(plan: Plan, path: Path, origin: str, office: Recipient, clock: Clock) -> tuple[Home, Explained | None]:
    keys, log_seed = keys_beside(path), secrets.token_bytes(SECRET_BYTES)
    public = Ed25519PrivateKey.from_private_bytes(log_seed).public_key().public_bytes_raw()
    write_file(path / VKEY_FILE, f"{VerifierKey(origin, public)}\n".encode())
    create_keys(keys, path, office=office, log_seed=log_seed, passphrase=plan.passphrase, log_n=plan.log_n)
    if plan.rehearsal:
        RehearsalOffice.create(keys.path / REHEARSAL, at=clock())
    LocalObjects(path / "objects").create()
    (path / DATABASE_FILE).touch(mode=0o600)
    engine = database.open_engine(database.sqlite_url(path / DATABASE_FILE))
    upgrade(engine)
    engine.dispose()
    home = Home.open(path, clock, unfinished=True)
    _make_seal(plan, home)
    with home.writing() as writer:
        writer.sequencer.append([_opening(plan, home)])
        unstamped = writer.beat(now=True)
    _require_right_clock(home)
    return home, unstamped


def _make_seal(plan: Plan, home: Home) -> None:
    root, root_key, certificate, key = make_seal(plan.organisation, home.clock())
    home.keys.write_sealed(SEAL_KEY_FILE, _pem(key), home.recipients.casework)
    sealed = seal_whole(_pem(root_key), recipients=(home.recipients.office,))
    write_file(home.path / "recovery" / RECOVERY["seal_root"], sealed)
    write_file(home.path / SEAL_FILE, certificate.public_bytes(Encoding.PEM), mode=0o644)
    make_folder(home.trust)
    write_file(home.trust / SEAL_ROOT_FILE, root.public_bytes(Encoding.PEM), mode=0o644)
    home.lists.keep(seal_revocations(root, root_key, home.clock()), by=root)


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
        stamp = stamps.newest(connection)
    if stamp is not None and abs(home.clock() - stamp.gen_time) > _CLOCK_SKEW:
        raise HomeError("home.clock_wrong", expected=format_time(stamp.gen_time), found=format_time(home.clock()))


def _slug(organisation: str) -> str:
    """A short name for the log: letters, digits and hyphens of the organisation's name."""
    plain = unicodedata.normalize("NFKD", organisation.casefold())
    slug = re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode("ascii")).strip("-")
    return slug[:40].strip("-") or "office"


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
