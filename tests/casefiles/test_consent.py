"""A consent is what the log says last: to what, until when, and not after it was withdrawn."""

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.home import Home
from api.office.bundle import Order, export_case, stream_case
from api.office.case import record_consent, show_case
from api.office.receiver import add_receiver, remove_receiver
from api.office.request import Waiting
from casefiles.bundle.destination import Destination
from casefiles.consent import consent_of, require_consent
from casefiles.receivers import receivers
from evidence.errors import AuthorityError, UnknownItemError
from evidence.seal.age import Identity
from evidence.store import database
from tests.homes import PASSPHRASE, consent_to, copy_of, doer, new_case, new_office, records_of, size_of


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str, Identity]:
    office = new_office(tmp_path_factory.mktemp("office"))
    home = copy_of(office, tmp_path_factory.mktemp("desk"))
    return home, new_case(home), home.keys.unlock(PASSPHRASE).casework


def refused(home: Home, case_id: str, out: Path, casework: Identity, *, to: str | None = "Court") -> str:
    """The code of why one person's export waits for a second; nothing but the request is logged."""
    before = size_of(home)
    order = Order(case_id, "court", "en", doer(home, approver=None), to)
    waits = export_case(home, order, casework, Destination(out))
    assert isinstance(waits, Waiting)
    assert [record.type for record in records_of(home, before)] == ["requested"]
    assert not out.exists()
    assert waits.why is not None
    assert "--approved-by" in waits.why.fix or "case consent" in waits.why.fix
    with pytest.raises(AuthorityError) as raised:  # a stream cannot wait
        stream_case(home, order, casework, bundle=io.BytesIO(), letter=io.BytesIO())
    assert raised.value.code == waits.why.code
    return waits.why.code


def test_one_person_exports_only_to_an_approved_receiver_with_a_consent_in_force(
    desk: tuple[Home, str, Identity], tmp_path: Path
) -> None:
    home, case_id, casework = desk
    ann, two, out = doer(home, approver=None), doer(home), tmp_path / "out.asice"
    today = home.clock().date()
    assert refused(home, case_id, out, casework, to=None) == "authority.receiver_not_named"
    assert refused(home, case_id, out, casework) == "authority.receiver_not_approved"
    assert isinstance(add_receiver(home, "Court", "court", ann), Waiting)
    add_receiver(home, "Court", "prosecutor", two)
    assert refused(home, case_id, out, casework) == "authority.receiver_not_approved"
    add_receiver(home, " Court ", "court", two)
    assert [(each.name, each.audience) for each in receivers(home.engine, casework)] == [
        ("Court", "prosecutor"),
        ("Court", "court"),
    ]

    assert refused(home, case_id, out, casework) == "authority.no_consent"
    other = new_case(home, [])
    record_consent(home, other, consent_to(home, "court"), ann)
    assert refused(home, case_id, out, casework) == "authority.no_consent"
    record_consent(home, case_id, consent_to(home, "check"), ann)
    assert refused(home, case_id, out, casework) == "authority.consent_to_other"
    record_consent(home, case_id, consent_to(home, "court", until=today - timedelta(days=1)), ann)
    assert refused(home, case_id, out, casework) == "authority.consent_ended"
    record_consent(home, case_id, consent_to(home, "court", until=today), ann)
    done = export_case(home, Order(case_id, "court", "en", ann, "Court"), casework, Destination(out))
    assert done.review_by is not None

    record_consent(home, case_id, consent_to(home, given=False), ann)
    later = tmp_path / "later.asice"
    with pytest.raises(AuthorityError) as closed:  # not even two persons hand over what she took back
        refused(home, case_id, later, casework)
    assert closed.value.code == "authority.consent_withdrawn"
    shown = show_case(home, case_id, ann, casework).consent
    assert shown is not None
    assert not shown.given
    record_consent(home, case_id, consent_to(home, "court"), ann)
    remove_receiver(home, "Court", "court", ann, casework)
    assert refused(home, case_id, later, casework) == "authority.receiver_not_approved"
    with pytest.raises(UnknownItemError):
        remove_receiver(home, "Court", "court", ann, casework)
    order = Order(case_id, "court", "en", two)
    assert export_case(home, order, casework, Destination(later)).review_by is None  # two persons need neither


def test_no_row_gives_or_keeps_what_the_log_does_not_say(desk: tuple[Home, str, Identity]) -> None:
    home, case_id, casework = desk
    record_consent(home, case_id, consent_to(home, "court"), doer(home))
    record_consent(home, case_id, consent_to(home, given=False), doer(home))
    with home.engine.begin() as connection:
        for table in (*database.WORK, database.authority):
            connection.execute(sa.delete(table))
    told = consent_of(home.engine, case_id, casework)
    assert told is not None
    with pytest.raises(AuthorityError, match="withdrew"):
        require_consent(told, scope="court", today=home.clock().date())


def test_what_a_client_did_not_say_is_not_recorded(desk: tuple[Home, str, Identity]) -> None:
    home, case_id, _casework = desk
    before, told = size_of(home), consent_to(home, "court")
    for odd in (
        replace(told, told_on=told.told_on + timedelta(days=2)),
        replace(told, text=None),
        replace(told, scope=()),
    ):
        with pytest.raises(AuthorityError):
            record_consent(home, case_id, odd, doer(home))
    with pytest.raises(UnknownItemError):
        record_consent(home, "case-0", told, doer(home))
    assert size_of(home) == before


def test_what_was_recorded_is_read_back_whole(desk: tuple[Home, str, Identity]) -> None:
    home, _case, casework = desk
    case_id = new_case(home, [])
    assert consent_of(home.engine, case_id, casework) is None
    for told in (consent_to(home, "court", "check"), replace(consent_to(home, "lawyer"), paper_sha256="ab" * 32)):
        record_consent(home, case_id, told, doer(home))
        assert consent_of(home.engine, case_id, casework) == told
