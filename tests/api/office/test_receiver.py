"""Two persons approve a receiver; the register is told as the log says it."""

import pytest

from api.home import Home
from api.office.receiver import add_receiver, list_receivers, remove_receiver
from evidence.errors import AuthorityError
from tests.homes import PASSPHRASE, doer, records_of, size_of


def test_a_receiver_is_requested_approved_and_added_and_taken_back_by_one(home: Home) -> None:
    casework, before = home.keys.unlock(PASSPHRASE).casework, size_of(home)
    for refused in ("\u3164", "..."):
        with pytest.raises(AuthorityError):
            add_receiver(home, refused, "court", doer(home))
    with pytest.raises(AuthorityError):
        add_receiver(home, "Court", "court", doer(home, approver="Ann"))
    assert size_of(home) == before
    add_receiver(home, "Court", "court", doer(home))
    assert [record.type for record in records_of(home, before)][:3] == ["requested", "approved", "receiver_added"]
    (row,) = list_receivers(home, casework).entries
    assert (row.name, row.audience, row.since[:2]) == ("Court", "court", "20")
    remove_receiver(home, "Court", "court", doer(home, approver=None), casework)
    assert list_receivers(home, casework).entries == ()
