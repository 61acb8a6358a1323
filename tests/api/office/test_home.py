"""A new home is whole or not there, and says in its first event what it is."""

import stat
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from api.home import SEAL_ROOT_FILE, Home, read_certificate
from api.office.audit import run_audit
from api.office.home import Plan, create_home
from casefiles.case import open_events
from evidence.canonical import text_value
from evidence.custody.event import Record
from evidence.errors import CardError, HomeError, PassphraseError
from evidence.finding import Verdict
from evidence.keys import create_keys
from evidence.rehearsal.tsa import RehearsalOffice
from evidence.seal.cards import read_cards
from evidence.stamp.certificate import certificate_of
from evidence.store import database
from evidence.store.database import reading
from evidence.times import system_clock
from tests.homes import PASSPHRASE, Office
from tests.nonempty import nonempty


def plan(folder: Path) -> Plan:
    return Plan(folder / "home", "Zyra", PASSPHRASE, "ann", log_n=10, rehearsal=True)


def first_record(home: Home) -> Record:
    (event,) = open_events(home.engine, [0], home.keys.unlock(PASSPHRASE).casework)
    assert event.record is not None
    assert event.leaf.type == "log_opened"
    return event.record


@pytest.mark.parametrize("cards", ["home", "home/cards", "home.keys/cards", "other/../home/cards"])
def test_cards_may_not_lie_in_the_home(tmp_path: Path, cards: str) -> None:
    with pytest.raises(HomeError, match="may not lie"):
        create_home(plan(tmp_path), system_clock, cards=tmp_path / cards)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "error"),
    [({"threshold": 1}, CardError), ({"threshold": 4}, CardError), ({"passphrase": ""}, PassphraseError)],
)
def test_a_plan_that_cannot_be_followed_leaves_nothing(
    tmp_path: Path, change: dict[str, int], error: type[Exception]
) -> None:
    with pytest.raises(error):
        create_home(replace(plan(tmp_path), **change), system_clock)
    assert list(tmp_path.iterdir()) == []


def test_cards_that_are_there_are_kept_and_none_is_added(tmp_path: Path) -> None:
    cards = tmp_path / "cards"
    cards.mkdir()
    (cards / "card-7.txt").write_text("an older card")
    with pytest.raises(HomeError, match="card lies here already"):
        create_home(plan(tmp_path), system_clock, cards=cards)
    assert [(file.name, file.read_text()) for file in cards.iterdir()] == [("card-7.txt", "an older card")]
    assert [file.name for file in tmp_path.iterdir()] == ["cards"]


@pytest.mark.parametrize("as_files", [True, False])
def test_cards_are_handed_out_before_there_is_anything_that_needs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, as_files: bool
) -> None:
    home, cards = tmp_path / "home", tmp_path / "cards"
    seen: list[set[str]] = []

    def look(*_told: object, **_more: object) -> None:
        seen.append({file.name for folder in (home, cards, tmp_path / "home.keys") for file in folder.glob("*")})

    if as_files:
        make = create_keys

        def late(*told: object, **more: object) -> None:
            look()
            make(*told, **more)  # type: ignore[arg-type]

        monkeypatch.setattr("api.office.home.create_keys", late)
    create_home(plan(tmp_path), system_clock, cards=cards if as_files else None, show=look).home.engine.dispose()
    before = {"unfinished", "nisisama.toml"}
    assert seen == [before | {"log.vkey", "card-1.txt", "card-2.txt", "card-3.txt"} if as_files else before]
    assert not (home / "unfinished").exists()


def test_cards_that_cannot_be_handed_out_make_no_home(tmp_path: Path) -> None:
    def closed(_cards: Sequence[str]) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        create_home(plan(tmp_path), system_clock, show=closed)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("organisation", "slug"),
    [
        ("Zyra Ligjore", "zyra-ligjore"),
        ("Čelo & Đak", "celo-ak"),
        ("Канцеларија", "office"),
        ("--", "office"),
        ("x" * 39 + " yz", "x" * 39),
        ("A" * 100, "a" * 40),
    ],
)
def test_a_log_is_named_after_its_organisation(tmp_path: Path, organisation: str, slug: str) -> None:
    created = create_home(replace(plan(tmp_path), organisation=organisation, rehearsal=False), system_clock)
    origin = created.home.settings.log.origin
    assert origin.rpartition("/")[0] == slug
    assert created.home.verifier_key.name == origin
    assert first_record(created.home).values["organisation"] == organisation
    created.home.engine.dispose()


def modes(folder: Path) -> Sequence[tuple[str, int]]:
    return [(file.name, stat.S_IMODE(file.stat().st_mode)) for file in (folder, *folder.rglob("*"))]


def test_the_first_event_says_what_the_home_is(office: Office) -> None:
    home, record = office.home, first_record(office.home)
    certificate = x509.load_pem_x509_certificate((home.path / "seal.pem").read_bytes())
    assert record.values["log_key"] == str(home.verifier_key)
    assert record.values["office_recipient"] == str(home.recipients.office)
    assert record.values["casework_recipient"] == str(home.recipients.casework)
    assert record.values["matching_recipient"] == str(home.recipients.matching)
    assert record.values["seal_certificate_sha256"] == certificate.fingerprint(SHA256()).hex()
    assert record.values["rehearsal"] == "yes"
    assert text_value(home.settings.office.organisation) == record.values["organisation"]


def test_others_may_look_into_nothing_but_what_is_handed_out(office: Office) -> None:
    public = {"seal.pem", *(file.name for file in office.home.trust.iterdir())}
    public |= {"rehearsal", "tsa.pem", "root.pem"}  # the rehearsal's, in the folder of keys
    for folder in (office.home.path, office.home.keys.path):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        wide = {name for name, mode in modes(folder) if mode & 0o077}
        assert wide <= public


def test_a_new_home_has_the_revocation_lists_of_its_seal_and_its_office(office: Office) -> None:
    roots = [*office.home.stamp_roots()["rehearsal"], read_certificate(office.home.trust / SEAL_ROOT_FILE)]
    lists = tuple(office.home.lists.readable())
    for root in nonempty(roots):
        assert [found.entries for found in lists if found.names(certificate_of(root))] == [{}]
    assert len(lists) == len(roots)


def test_a_new_home_passes_its_audit_and_its_cards_are_its_office_key(office: Office) -> None:
    with reading(office.home.engine) as connection:
        stamped = connection.execute(sa.select(database.token.c.size).order_by(database.token.c.idx)).scalars().first()
    assert stamped == 1  # the opening itself
    done = run_audit(office.home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
    assert done.report.verdict is Verdict.PASSED
    assert read_cards(office.cards[1:]) == read_cards(office.cards[:2])


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_clock_that_the_first_time_stamp_contradicts_makes_no_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    """Whatever the clock says, a seal that is valid at another time only is never made."""
    answer = RehearsalOffice.stamp_reply

    def elsewhere(office: RehearsalOffice, query: bytes, at: datetime) -> bytes:
        return answer(office, query, at + timedelta(minutes=minutes))

    monkeypatch.setattr(RehearsalOffice, "stamp_reply", elsewhere)
    with pytest.raises(HomeError, match="clock"):
        create_home(plan(tmp_path), system_clock)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    create_home(plan(tmp_path), system_clock).home.engine.dispose()
