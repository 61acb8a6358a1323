"""The drill opens a backup with the cards and nothing else, leaves nothing of it, and is logged if it passed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.home import Home
from api.office.backup import back_up
from api.office.cards import CardPlan, renew_cards
from api.offline.drill import DrillPassed, Trial, drill_with
from config import oplog
from evidence.errors import CardError, EvidenceError, HomeError, NoMatchingKeyError
from evidence.keys import keys_beside
from evidence.seal.cards import set_of
from evidence.seal.envelopes import seal_whole
from evidence.seal.recipients import generate_identity
from evidence.store import database
from evidence.store.database import reading, writing
from tests.handing import posted_office
from tests.homes import Office, copy_of, doer, new_home, records_of, size_of

FILES = 5


@contextmanager
def unheard(_total: int) -> Iterator[object]:
    yield lambda _more: None


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return posted_office(tmp_path_factory)


@pytest.fixture
def home(posted: Office, tmp_path: Path) -> Iterator[Home]:
    made = copy_of(posted, tmp_path)
    yield made
    made.engine.dispose()


def backup_of(home: Home, dest: Path, *, keeper: str = "") -> Path:
    return back_up(home, dest, with_keys=False, progress=unheard, keeper=keeper).path  # type: ignore[arg-type]


def drilled(home: Home, backup: Path, cards: tuple[str, ...]) -> DrillPassed:
    trial = Trial(3, unheard, lambda _one: None)  # type: ignore[arg-type]
    return drill_with(home, backup, cards, doer(home, approver=None), trial)


@pytest.mark.parametrize("keeper", ["", "Org B"])
def test_any_two_cards_and_a_backup_open_everything_and_the_log_says_so(
    home: Home, posted: Office, tmp_path: Path, keeper: str
) -> None:
    before, files = size_of(home), set(home.path.rglob("*"))
    backup = backup_of(home, tmp_path / "disk", keeper=keeper)
    keys_beside(home.path).path.joinpath("casework.age").write_bytes(b"the passphrase opens nothing")
    done = drilled(home, backup, posted.cards[1:])
    assert (done.cards, done.opened, done.kept, done.set_name) == (2, 3, FILES, set_of(posted.cards))
    assert {file.name for file in set(home.path.rglob("*")) - files} <= {"backup", "beat", "nisisama.log"}
    with reading(home.engine) as connection:
        assert len(connection.execute(sa.select(database.event.c.idx)).all()) > before
    home.keys.path.joinpath("casework.age").write_bytes(posted.home.keys.path.joinpath("casework.age").read_bytes())
    (told,) = (each.values for each in records_of(home, before) if each.type == "drilled")
    assert (told["set"], told["backup_at"], told["opened"], told["kept"]) == (
        done.set_name,
        done.backup_at,
        "3",
        str(FILES),
    )


def _another(home: Home, tmp_path: Path) -> Path:
    other, _cards = new_home(tmp_path / "other")
    made = backup_of(other, tmp_path / "elsewhere")
    other.engine.dispose()
    return made


def _without_a_file(home: Home, tmp_path: Path) -> Path:
    made = backup_of(home, tmp_path / "disk")
    next(file for file in (tmp_path / "disk").glob("*.objects/*/*") if file.is_file()).unlink()
    return made


def _sealed_to_another(home: Home, tmp_path: Path) -> Path:
    """A record that no key of the office opens: the audit of the backup, which has no key, does not see it as such."""
    table = database.sealed
    with writing(home.engine) as connection:
        last = sa.select(sa.func.max(table.c.idx)).where(table.c.name == "prints").scalar_subquery()
        strange = seal_whole(b"x", recipients=(generate_identity().recipient,))
        connection.execute(sa.update(table).where(table.c.idx == last, table.c.name == "prints").values(body=strange))
    return backup_of(home, tmp_path / "disk")


@pytest.mark.parametrize("wrong", [_another, _without_a_file, _sealed_to_another])
def test_a_drill_that_fails_is_not_logged_and_leaves_nothing(
    home: Home, posted: Office, tmp_path: Path, wrong: object
) -> None:
    assert callable(wrong)
    backup, before = wrong(home, tmp_path), size_of(home)
    with pytest.raises((HomeError, NoMatchingKeyError)):
        drilled(home, backup, posted.cards[:2])
    assert size_of(home) == before
    assert not list(home.path.glob("*.part"))


def test_cards_that_were_replaced_or_are_too_few_pass_no_drill(home: Home, posted: Office, tmp_path: Path) -> None:
    backup = backup_of(home, tmp_path / "disk")
    shown = list[str]()
    renew_cards(home, posted.cards[:2], CardPlan(), doer(home), show=shown.extend)
    for cards in (posted.cards[:2], tuple(shown[:1])):
        with pytest.raises(CardError):
            drilled(home, backup, cards)
    assert drilled(home, backup, tuple(shown)).cards == 3  # the backup is older than these cards


def test_what_a_kill_leaves_of_a_drill_goes_when_the_home_is_opened(
    home: Home, posted: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = backup_of(home, tmp_path / "disk")

    def killed(*_told: object, **_more: object) -> None:
        raise EvidenceError("evidence.another_log_key", where="a kill")

    with monkeypatch.context() as patched:
        patched.setattr("evidence.backup.shutil.rmtree", lambda *_told, **_more: None)
        patched.setattr("api.offline.drill.audit_media", killed)
        with pytest.raises(EvidenceError):
            drilled(home, backup, posted.cards[:2])
    assert (home.path / "proof.part" / "home" / "nisisama.db").exists()
    assert oct((home.path / "proof.part").stat().st_mode & 0o777) == "0o700"
    Home.open(home.path).engine.dispose()
    assert not (home.path / "proof.part").exists()


def test_what_is_noted_during_a_drill_is_in_the_homes_operational_log(
    home: Home, posted: Office, tmp_path: Path
) -> None:
    backup, log = backup_of(home, tmp_path / "disk"), home.path / oplog.FILE
    before = len(log.read_text().splitlines())
    drilled(home, backup, posted.cards[:2])
    noted = [json.loads(line)["event"] for line in log.read_text().splitlines()[before:]]
    assert {"audit_finished", "media_compared"} <= set(noted)
    assert noted[-1] == "checkpoint_signed"
