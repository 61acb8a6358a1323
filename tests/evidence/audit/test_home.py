"""The audit names a foreign object of the schema, and a home that would use what its log does not pin."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.home import Home
from evidence.audit.home import pins, schema
from evidence.audit.log import AuditInput, Place
from evidence.finding import Verdict
from evidence.store.database import reading
from tests.homes import Office, copy_of


@pytest.fixture
def home(office: Office, tmp_path: Path) -> Iterator[Home]:
    home = copy_of(office, tmp_path)
    yield home
    home.engine.dispose()


@pytest.fixture
def connection(home: Home) -> Iterator[sa.Connection]:
    with reading(home.engine) as connection:
        yield connection


def audit_input_of(home: Home) -> AuditInput:
    signed = home.keys.signed.read_bytes()
    return AuditInput(
        home.engine, home.objects, home.verifier_key, home.stamp_roots(), signed=signed, in_use=home.in_use()
    )


OPENED = {0: Place("", "log_opened", None)}


def test_a_home_as_it_was_made_has_nothing_to_name(home: Home, connection: sa.Connection) -> None:
    assert list(schema(connection)) == []
    assert list(pins(connection, audit_input_of(home), OPENED)) == []


def test_every_foreign_object_is_a_finding(home: Home) -> None:
    with closing(sqlite3.connect(home.path / "nisisama.db")) as writer, writer:
        writer.execute("CREATE TRIGGER a BEFORE INSERT ON event BEGIN SELECT RAISE(IGNORE); END")
        writer.execute("CREATE VIEW b AS SELECT 1")
    with reading(home.engine) as connection:
        found = list(schema(connection))
    assert [(each.where, each.verdict) for each in found] == [
        ("trigger a", Verdict.FAILED),
        ("view b", Verdict.FAILED),
    ]


def test_an_entry_without_its_disclosures_and_disclosures_without_an_entry_are_named(
    home: Home, connection: sa.Connection
) -> None:
    missing = pins(connection, audit_input_of(home), OPENED | {7: Place("", "key_changed", None)})
    assert [(each.where, each.code) for each in missing] == [("pin 7", "home.pins.missing")]
    assert [(each.where, each.code) for each in pins(connection, audit_input_of(home), {})] == [
        ("pin 0", "home.pins.added")
    ]


def test_a_file_that_is_not_what_was_pinned_is_a_finding(home: Home, connection: sa.Connection) -> None:
    (home.path / "recipients" / "office.txt").write_text(f"{home.recipients.casework}\n")
    (finding,) = pins(connection, audit_input_of(Home(home.path)), OPENED)
    assert (finding.id, finding.code) == ("home.pins", "home.not_pinned")


def test_a_checkpoint_that_is_none_is_left_to_the_check_that_names_it(home: Home, connection: sa.Connection) -> None:
    asked = AuditInput(home.engine, home.objects, home.verifier_key, {}, signed=b"x", in_use=home.in_use())
    assert list(pins(connection, asked, OPENED)) == []
