"""What is read of the log by case is what the leaves say, whatever became of the snapshot."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
import sqlalchemy as sa

from api.home import Home
from api.office.case import record_consent, show_case
from casefiles import case_entries
from casefiles.case import open_events
from casefiles.case_entries import (
    OF_NO_CASE,
    TYPES,
    CaseEntries,
    events_of_case,
    keep_entries_of_cases,
    read_entries_of_cases,
)
from casefiles.consent import consent_of
from evidence.errors import LeafError, NoMatchingKeyError
from evidence.seal.age import Recipient
from evidence.seal.recipients import KeyIdentity, generate_identity
from evidence.store import database
from evidence.store.database import writing
from evidence.store.reviews import types_of
from tests.homes import PASSPHRASE, consent_to, copy_of, doer, new_case, new_office, size_of
from tests.homes import Office as Kept
from tests.nonempty import nonempty

Change = Callable[[Home, KeyIdentity], str | None]


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every leaf is worth a snapshot."""
    monkeypatch.setattr(case_entries, "_WORTH_KEEPING", 1)


@pytest.fixture(scope="module")
def kept_office(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return new_office(tmp_path_factory.mktemp("office"))


@pytest.fixture
def home(tmp_path: Path, kept_office: Kept) -> Iterator[Home]:
    home = copy_of(kept_office, tmp_path)
    yield home
    home.engine.dispose()


def key_of(home: Home) -> KeyIdentity:
    return home.keys.unlock(PASSPHRASE).casework


def say(home: Home, case: str, *, given: bool = True) -> None:
    record_consent(home, case, consent_to(home, "check", given=given), doer(home))


def keep(home: Home, casework: KeyIdentity) -> str:
    snapshot = read_entries_of_cases(home.engine, casework).sealed(casework)
    assert snapshot is not None
    put_in_place(home, snapshot)
    return snapshot


def put_in_place(home: Home, snapshot: str | None) -> None:
    with writing(home.engine) as connection:
        keep_entries_of_cases(connection, snapshot)


def from_the_leaves(home: Home, casework: KeyIdentity) -> dict[tuple[str, str], list[int]]:
    """The slow reference: every leaf of these types, opened."""
    found: dict[tuple[str, str], list[int]] = {}
    with home.engine.connect() as connection:
        indexes = tuple(types_of(connection, TYPES))
    for event in open_events(home.engine, indexes, casework):
        assert event.record is not None
        case = str(event.record.values.get("case") or OF_NO_CASE)
        found.setdefault((event.leaf.type, case), []).append(event.index)
    return found


def consents(home: Home, case: str, casework: KeyIdentity) -> bool:
    consent = consent_of(home.engine, case, casework)
    assert consent is not None
    return consent.given


def test_what_was_kept_and_what_came_after_is_what_the_leaves_say(home: Home) -> None:
    casework, cases = key_of(home), [new_case(home, []) for _ in range(3)]
    for turn in nonempty(range(4)):
        say(home, cases[turn % 3], given=turn < 2)
        found = read_entries_of_cases(home.engine, casework)
        assert found.places == from_the_leaves(home, casework)
        assert found.size == size_of(home)
        keep(home, casework)
        kept = read_entries_of_cases(home.engine, casework)
        assert (kept.kept, kept.places) == (size_of(home), found.places)
    assert read_entries_of_cases(home.engine, casework).sealed(casework) is None


def test_a_look_at_a_case_keeps_what_it_read(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    casework, case = key_of(home), new_case(home, [])
    monkeypatch.setattr(case_entries, "_WORTH_KEEPING", 10_000)
    show_case(home, case, doer(home), casework)
    assert read_entries_of_cases(home.engine, casework).kept == 0  # too few leaves to be worth it
    monkeypatch.setattr(case_entries, "_WORTH_KEEPING", 1)
    before = size_of(home)
    show_case(home, case, doer(home), casework)
    assert read_entries_of_cases(home.engine, casework).kept == before


@dataclass(frozen=True)
class Stranger:
    """Whoever knows a recipient, and has a seed of their own."""

    seed: bytes
    recipient: Recipient


def without_the_withdrawal(home: Home, casework: KeyIdentity) -> CaseEntries:
    real = read_entries_of_cases(home.engine, casework)
    return CaseEntries(real.size, real.last, {key: indexes[:1] for key, indexes in real.places.items()})


def forged(home: Home, casework: KeyIdentity) -> str | None:
    stranger = Stranger(generate_identity().seed, casework.recipient)
    return without_the_withdrawal(home, casework).sealed(cast(KeyIdentity, stranger))


CHANGES: dict[str, Change] = {
    "removed": lambda _home, _casework: "",
    "no age file": lambda _home, _casework: "bm90IGFuIGFnZSBmaWxl",
    "no base64": lambda _home, _casework: "\u00e9",
    "forged": forged,
}


@pytest.mark.parametrize("change", CHANGES)
def test_whoever_has_no_key_revives_no_consent(home: Home, change: str) -> None:
    casework, case = key_of(home), new_case(home, [])
    say(home, case)
    say(home, case, given=False)
    keep(home, casework)
    put_in_place(home, CHANGES[change](home, casework))
    assert not consents(home, case, casework)


def test_an_older_snapshot_that_is_put_back_revives_no_consent(home: Home) -> None:
    casework, case = key_of(home), new_case(home, [])
    say(home, case)
    older = keep(home, casework)
    say(home, case, given=False)
    keep(home, casework)
    put_in_place(home, older)
    assert not consents(home, case, casework)


def test_only_the_code_refuses_a_forged_snapshot(home: Home) -> None:
    """The control: whoever has the key is believed."""
    casework, case = key_of(home), new_case(home, [])
    say(home, case)
    say(home, case, given=False)
    put_in_place(home, without_the_withdrawal(home, casework).sealed(casework))
    assert consents(home, case, casework)


def test_a_snapshot_of_another_history_is_not_used(home: Home) -> None:
    casework, case = key_of(home), new_case(home, [])
    say(home, case)
    real = read_entries_of_cases(home.engine, casework)
    put_in_place(home, CaseEntries(real.size, "ab" * 32, {}).sealed(casework))
    assert consents(home, case, casework)
    put_in_place(home, CaseEntries(real.size, real.last, {}).sealed(casework))  # the control
    assert consent_of(home.engine, case, casework) is None


def test_a_record_that_does_not_open_stops_whoever_asks_for_its_type_and_nobody_else(home: Home) -> None:
    casework, case = key_of(home), new_case(home, [])
    say(home, case)
    (index,) = (event.index for event, _record in events_of_case(home.engine, case, ["consent"], casework))
    with writing(home.engine) as connection:
        mine = sa.and_(database.sealed.c.idx == index, database.sealed.c.name == "record")
        connection.execute(sa.update(database.sealed).where(mine).values(body=b"x" * 400))
    for _kept in nonempty(range(2)):
        with pytest.raises(LeafError):
            consent_of(home.engine, new_case(home, []), casework)
        assert list(events_of_case(home.engine, OF_NO_CASE, ["receiver_added"], casework)) == []
        keep(home, casework)


def test_another_key_reads_nothing(home: Home) -> None:
    case = new_case(home, [])
    say(home, case)
    keep(home, key_of(home))
    with pytest.raises(NoMatchingKeyError):
        consent_of(home.engine, case, generate_identity())
