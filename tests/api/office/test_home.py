"""A new home is whole or not there, and says in its first event what it is."""

import base64
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from api.home import Home, Writer, require_private
from api.office.audit import run_audit
from api.office.home import Plan, create_home
from casefiles.case import open_case, open_events
from evidence.canonical import text_value
from evidence.custody.append import tree_size
from evidence.custody.event import Record
from evidence.errors import CardError, CheckpointError, HomeError, PassphraseError
from evidence.finding import Finding, Verdict
from evidence.log.note import open_checkpoint
from evidence.seal.cards import read_cards
from evidence.store import database
from evidence.store.database import reading
from evidence.times import system_clock
from tests.homes import PASSPHRASE, Office, copy_of, doer


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
    (cards / "card-3.txt").write_text("an older card")
    with pytest.raises(FileExistsError):
        create_home(plan(tmp_path), system_clock, cards=cards)
    assert [(file.name, file.read_text()) for file in cards.iterdir()] == [("card-3.txt", "an older card")]
    assert [file.name for file in tmp_path.iterdir()] == ["cards"]


def test_a_home_that_another_init_makes_meanwhile_is_not_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "home"
    other.mkdir()
    (other / "theirs").write_text("x")
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: path.name not in {"home", "home.keys"} and exists(path))
    with pytest.raises(FileExistsError):
        create_home(plan(tmp_path), system_clock)
    assert (other / "theirs").read_text() == "x"


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
    public |= {"rehearsal", "authority.pem", "root.pem"}  # the rehearsal's, in the folder of keys
    for folder in (office.home.path, office.home.keys.path):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        wide = {name for name, mode in modes(folder) if mode & 0o077}
        assert wide <= public


def test_a_new_home_passes_its_audit_and_its_cards_are_its_office_key(office: Office) -> None:
    with reading(office.home.engine) as connection:
        stamped = connection.execute(sa.select(database.token.c.size).order_by(database.token.c.idx)).scalars().first()
    assert stamped == 1  # the opening itself
    done = run_audit(office.home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
    assert done.report.verdict is Verdict.PASSED
    assert read_cards(office.cards[1:]) == read_cards(office.cards[:2])


# What was made, opened to write


@pytest.fixture
def home(office: Office, tmp_path: Path) -> Iterator[Home]:
    home = copy_of(office, tmp_path)
    yield home
    home.engine.dispose()


def size(home: Home) -> int:
    with reading(home.engine) as connection:
        return tree_size(connection)


def signed_size(home: Home) -> int:
    return open_checkpoint(home.keys.signed.read_bytes(), key=home.verifier_key).size


def problems(home: Home) -> tuple[Finding, ...]:
    audited = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
    return audited.report.problems


def test_two_writers_take_turns(home: Home) -> None:
    other = Home.open(home.path)
    with home.writing() as one, other.writing() as two:
        for writer in (one, two, one):
            open_case(writer.sequencer, doer(home))
        assert (one.beat(now=True), two.beat(now=True)) == (None, None)
    other.engine.dispose()
    assert problems(home) == ()


def test_a_command_that_ends_or_fails_leaves_no_unsigned_entry(home: Home) -> None:
    with home.writing() as writer:
        open_case(writer.sequencer, doer(home))
    assert signed_size(home) == size(home)
    with suppress(ZeroDivisionError), home.writing() as writer:
        open_case(writer.sequencer, doer(home))
        raise ZeroDivisionError
    assert signed_size(home) == size(home)
    before = home.keys.signed.stat().st_mtime_ns
    with home.writing():
        pass
    assert home.keys.signed.stat().st_mtime_ns == before


def test_what_stopped_a_command_is_told_though_its_end_cannot_be_signed(home: Home) -> None:
    def stop(writer: Writer) -> None:
        open_case(writer.sequencer, doer(home))
        home.keys.signed.write_bytes(b"damaged")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), home.writing() as writer:
        stop(writer)


def test_another_log_key_writes_nothing(home: Home) -> None:
    (home.keys.path / "log.key").write_bytes(base64.b64encode(bytes(32)))
    with pytest.raises(HomeError, match="not the one of this home") as raised, home.writing():
        pass
    assert raised.value.expected == str(home.verifier_key)


def test_a_database_put_back_is_refused_before_anything_is_appended(home: Home, tmp_path: Path) -> None:
    file = home.path / "nisisama.db"
    older = file.read_bytes()
    with home.writing() as writer:
        open_case(writer.sequencer, doer(home))
        writer.beat(now=True)
    home.engine.dispose()
    file.write_bytes(older)
    again = Home.open(home.path)
    before = size(again)
    with pytest.raises(CheckpointError, match="behind"), again.writing() as writer:
        open_case(writer.sequencer, doer(home))
    assert size(again) == before
    again.engine.dispose()


def test_what_an_interrupted_run_put_is_taken_back_and_what_is_logged_is_kept(home: Home) -> None:
    kept = list(home.objects.addresses())
    body = b"never logged"
    with home.objects.pending() as pending:
        address = pending.put(lambda sink: (sink(body), hashlib.sha256(body).hexdigest())[1])
        pending.sync([address])
    dead = next((home.path / "objects" / "pending").iterdir())
    again = dead / "0"
    again.hardlink_to(home.objects.path(kept[0]))  # logged, and killed before it was settled
    with home.writing():
        pass
    assert list(home.objects.addresses()) == kept
    assert not home.objects.path(address).exists()


def test_a_beat_without_news_signs_nothing(home: Home) -> None:
    with home.writing() as writer:
        open_case(writer.sequencer, doer(home))
        assert writer.beat(now=True) is None
        before = (size(home), home.keys.signed.read_bytes())
        os.utime(home.path / "beat", (0, 0))
        assert writer.beat() is None
        assert (size(home), home.keys.signed.read_bytes()) == before


@pytest.mark.parametrize("lost", ["gone", "damaged"])
def test_a_home_that_does_not_know_its_last_beat_is_due(home: Home, lost: str) -> None:
    beat = home.path / "beat"
    beat.write_text("damaged") if lost == "damaged" else beat.unlink()
    os.utime(home.path, (0, 0))
    with home.writing() as writer:
        open_case(writer.sequencer, doer(home))
        if lost == "damaged":
            os.utime(beat, (0, 0))
        assert home.asked_size() is None
        assert writer.beat() is None
        assert home.asked_size() == size(home) - 1  # all but the anchor


def test_within_the_beat_nobody_asks_for_a_stamp_and_the_audit_says_so(home: Home) -> None:
    for _ in range(2):
        with home.writing() as writer:
            open_case(writer.sequencer, doer(home))
            before = size(home)
            assert writer.beat() is None
            assert size(home) == before
    assert problems(home) == ()


def test_a_stamp_that_was_asked_for_in_vain_is_missed_by_the_audit(home: Home) -> None:
    with home.writing() as writer:
        open_case(writer.sequencer, doer(home))
    home.begin_beat()
    assert problems(home) == ()  # somebody asks just now
    home.end_beat(size(home))
    assert [problem.id for problem in problems(home)] == ["log.anchored"]


def test_a_clock_that_went_back_does_not_put_off_the_beat(home: Home) -> None:
    home.clock = lambda: system_clock() - timedelta(hours=1)
    with home.writing() as writer:
        open_case(writer.sequencer, doer(home))
        before = size(home)
        writer.beat()
        assert size(home) == before + 1


def test_a_file_is_no_home(home: Home, tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="no folder"):
        require_private(home.path / "nisisama.toml")
