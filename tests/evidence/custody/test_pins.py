"""Whoever puts another recipient, key, seal or name into a home is refused; the log pins what they were."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from api.home import Home
from api.office.audit import run_audit
from api.office.health import check_health
from casefiles.bundle.sign import make_seal
from evidence.canonical import from_b64u, jcs
from evidence.custody.event import Draft
from evidence.custody.pins import open_pin, read_pins
from evidence.errors import EvidenceError, LeafError, LogError
from evidence.finding import Verdict
from evidence.log.leaf import parse_leaf
from evidence.seal.recipients import generate_identity
from evidence.store.database import reading
from evidence.times import system_clock
from tests.homes import PASSPHRASE, Office, copy_of, doer, new_home


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Two homes that hold nothing yet: one to change, one to take a stranger's files from."""
    folder = tmp_path_factory.mktemp("made")
    home, cards = new_home(folder / "home")
    new_home(folder / "other")
    home.engine.dispose()
    return Office(home, cards, None)  # type: ignore[arg-type]


@pytest.fixture
def home(made: Office, tmp_path: Path) -> Iterator[Home]:
    home = copy_of(made, tmp_path)
    yield home
    home.engine.dispose()


@pytest.fixture
def other(made: Office) -> Path:
    return made.home.path.with_name("other")


def write(home: Home) -> None:
    fresh = Home.open(home.path)
    with fresh.writing() as writer:
        writer.sequencer.append([Draft("case_opened", doer(fresh).values() | {"case": "case-1"})])
    fresh.engine.dispose()


def named(home: Home) -> set[str]:
    """Checks of audit and doctor that fail."""
    fresh = Home.open(home.path)
    audited = run_audit(fresh, level=1, against=None, passphrase=None, progress=lambda _more: None).report
    findings = (*audited.problems, *check_health(home.path, system_clock).problems)
    fresh.engine.dispose()
    return {each.id for each in findings if each.verdict is Verdict.FAILED}


def test_a_new_home_uses_what_its_log_pins(home: Home) -> None:
    assert named(home) == set()
    write(home)
    assert home.unpinned(recovery=True) == []
    with reading(home.engine) as connection:
        pins = read_pins(connection, None)
    assert set(pins) == {each.name for each in (*home.in_use(), *home.in_recovery())}
    assert {pin.index for pin in pins.values()} == {0}


# What a stranger puts in its place

FILES = [
    "recipients/office.txt",
    "recipients/casework.txt",
    "recipients/matching.txt",
    "seal.pem",
    "trust/seal-root.pem",
]


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_home_is_refused_and_named_with_both_fingerprints(name: str, home: Home, other: Path) -> None:
    shutil.copyfile(other / name, home.path / name)
    with pytest.raises(EvidenceError, match="pins") as raised:
        write(home)
    assert raised.value.where == str(home.path / name)
    assert raised.value.expected
    assert raised.value.found not in ("", raised.value.expected)
    assert "backup" in raised.value.fix
    assert named(home) == {"home.pins"}


@pytest.mark.parametrize("name", ["casework.age", "matching.age", "seal-root.age"])
def test_what_the_cards_would_open_is_compared_by_doctor_and_audit(name: str, home: Home, other: Path) -> None:
    shutil.copyfile(other / "recovery" / name, home.path / "recovery" / name)
    write(home)  # the office goes on: nothing is sealed to it
    assert named(home) == {"home.pins"}
    (home.path / "recovery" / name).unlink()
    assert "home.pins" in named(home)


@pytest.mark.parametrize(
    ("old", "new"), [("Office of tests", "Office of others"), ("rehearsal = true", "rehearsal = false")]
)
def test_another_organisation_or_no_rehearsal_is_refused(old: str, new: str, home: Home) -> None:
    settings = home.path / "nisisama.toml"
    settings.write_text(settings.read_text().replace(old, new))
    with pytest.raises(EvidenceError, match="pins") as raised:
        write(home)
    assert raised.value.where.startswith(str(settings))
    assert named(home) == {"home.pins"}


def test_a_root_that_nobody_knows_is_not_handed_out(home: Home, other: Path) -> None:
    shutil.copyfile(other / "trust/seal-root.pem", home.path / "trust" / "time-stamp-digicert-9.pem")
    with pytest.raises(EvidenceError, match="handed out"):
        write(home)
    assert named(home) == {"home.pins"}


def test_a_new_key_without_a_seal_is_no_pin_of_anything(home: Home) -> None:
    """CONTROL: with its own files put back, the home writes again."""
    file = home.path / "recipients" / "office.txt"
    before = file.read_text()
    file.write_text(f"{generate_identity().recipient}\n")
    with pytest.raises(EvidenceError):
        write(home)
    file.write_text(before)
    write(home)
    assert named(home) == set()


# The disclosures, and entry 0 itself


def change(home: Home, statement: str, *values: object) -> None:
    home.engine.dispose()
    with closing(sqlite3.connect(home.path / "nisisama.db")) as connection, connection:
        connection.execute(statement, values)


def _lines(home: Home) -> bytes:
    with closing(sqlite3.connect(home.path / "nisisama.db")) as connection:
        return bytes(connection.execute("SELECT lines FROM pin WHERE idx = 0").fetchone()[0])


def _other_value(home: Home) -> None:
    lines = _lines(home).split(b"\n")
    change(home, "UPDATE pin SET lines = ?", b"\n".join([lines[0], *lines[2:]]))


def _foreign_leaf(home: Home) -> None:
    with closing(sqlite3.connect(home.path / "nisisama.db")) as connection:
        leaf = bytes(connection.execute("SELECT leaf FROM event WHERE idx = 0").fetchone()[0])
    change(home, "UPDATE event SET leaf = ? WHERE idx = 0", leaf.replace(b'"commit":"', b'"commit":"0')[:-1] + b"}")


DAMAGE: dict[str, Callable[[Home], None]] = {
    "no disclosures": lambda home: change(home, "DELETE FROM pin"),
    "one left out": _other_value,
    "text": lambda home: change(home, "UPDATE pin SET lines = 'x'"),
    "no text": lambda home: change(home, "UPDATE pin SET lines = x'ff'"),
    "of another entry": lambda home: change(home, "UPDATE pin SET idx = 1"),
    "of an entry that pins nothing": lambda home: change(home, "INSERT INTO pin SELECT 1, lines FROM pin"),
    "entry 0 is another": _foreign_leaf,
    "entry 0 is gone": lambda home: change(home, "DELETE FROM event WHERE idx = 0"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_disclosures_or_another_entry_0_are_refused(name: str, home: Home) -> None:
    DAMAGE[name](home)
    with pytest.raises(EvidenceError):
        write(home)
    assert "home.pins" in named(home)


def test_entry_0_must_be_under_the_checkpoint_that_was_signed_last(home: Home, other: Path) -> None:
    """Another home's log, whole and consistent in itself, is not this one's."""
    home.engine.dispose()
    shutil.copyfile(other / "nisisama.db", home.path / "nisisama.db")
    for name in ("-wal", "-shm"):
        (home.path / f"nisisama.db{name}").unlink(missing_ok=True)
    with pytest.raises(LogError):
        write(home)


# A change of the seal's key


def _renewed(home: Home, *, key: str = "seal", old: str | None = None) -> str:
    """Log that the seal changed, and give the new one's fingerprint; its file is not put there."""
    _root, _root_key, certificate, _key = make_seal("Office of tests", system_clock())
    pinned = next(each.value() for each in home.in_use() if each.name == "seal_certificate_sha256")
    new = certificate.fingerprint(certificate.signature_hash_algorithm or pytest.fail("no hash")).hex()
    with home.writing() as writer:
        values = {"key": key, "old": old or pinned, "new": new}
        writer.sequencer.append([Draft("key_changed", doer(home).values() | values)])
    return new


def test_the_newest_change_of_a_key_is_the_pin(home: Home) -> None:
    new = _renewed(home)
    with reading(home.engine) as connection:
        pin = read_pins(connection, None)["seal_certificate_sha256"]
    assert (pin.value, pin.index > 0) == (new, True)
    assert [each.where for each in home.unpinned()] == [str(home.path / "seal.pem")]
    change(home, "DELETE FROM pin WHERE idx > 0")
    assert named(home) == {"home.pins"}  # the audit's: the entry lost its disclosure


@pytest.mark.parametrize("wrong", [{"key": "office"}, {"old": "0" * 64}])
def test_a_change_of_another_key_or_from_another_value_pins_nothing(wrong: dict[str, str], home: Home) -> None:
    _renewed(home, **wrong)
    with reading(home.engine) as connection, pytest.raises(LeafError, match="changes a key"):
        read_pins(connection, None)


def test_an_entry_that_pins_nothing_has_no_disclosures(home: Home) -> None:
    with closing(sqlite3.connect(home.path / "nisisama.db")) as connection:
        leaf = parse_leaf(bytes(connection.execute("SELECT leaf FROM event WHERE idx = 1").fetchone()[0]))
    with pytest.raises(LeafError, match="pins nothing"):
        open_pin(leaf, "", index=1)


def test_the_disclosures_show_nothing_of_who_acted(home: Home) -> None:
    lines = _lines(home)
    shown = [from_b64u(line.decode()) for line in lines.split(b"\n") if b" " not in line]
    assert shown
    assert not any(jcs("ann") in each for each in shown)
    assert {line.split(b" ")[0] for line in lines.split(b"\n") if b" " in line} == {
        b"actor",
        b"approver",
        b"at",
        b"authority",
        b"reason",
        b"tool",
    }
    assert PASSPHRASE.encode() not in lines
