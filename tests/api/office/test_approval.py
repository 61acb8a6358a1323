"""A review is recorded by another person than the one who asked; who waits in vain is told."""

import pytest

from api.home import Home
from api.office.approval import approve, require_waiting
from api.office.bundle import Order, export_case
from api.office.case import record_consent
from api.office.receiver import add_receiver
from casefiles.bundle.destination import Destination
from evidence.authority import Doer
from evidence.errors import UnknownItemError
from tests.homes import PASSPHRASE, consent_to, doer, new_case, records_of, reviews_of, size_of


def test_the_review_of_an_export_is_an_entry_of_the_second_person(home: Home) -> None:
    casework, case_id = home.keys.unlock(PASSPHRASE).casework, new_case(home)
    record_consent(home, case_id, consent_to(home, "court"), doer(home))
    add_receiver(home, "Court", "court", doer(home))
    order = Order(case_id, "court", "en", doer(home, approver=None), "Court")
    export_case(home, order, casework, Destination(home.path.parent / "out.asice"))
    ((request, _due),), before = reviews_of(home), size_of(home)
    assert require_waiting(home, request).request == request
    done = approve(home, request, Doer("bo", "test", home.clock(), reason="seen"), casework)
    (record,) = records_of(home, before)[:1]
    assert (record.type, record.values["actor"], record.values["reason"]) == ("approved", "bo", "seen")
    assert record.values["request"] == request
    assert (done.what, done.target) == ("export", f"{case_id} for court")
    assert reviews_of(home) == []
    with pytest.raises(UnknownItemError):
        require_waiting(home, request)
