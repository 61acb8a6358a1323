"""A look is in the log, signed, before whoever asked sees anything."""

import pytest

from api.home import Home
from api.office.look import look_at_case
from evidence.errors import HomeBusyError
from tests.homes import PASSPHRASE, doer, new_case, records_of, size_of


def test_a_look_names_the_case_and_who_looked(home: Home) -> None:
    case, casework = new_case(home), home.keys.unlock(PASSPHRASE).casework
    before = size_of(home)
    assert look_at_case(home, case, doer(home), casework) is None
    looked = next(each for each in records_of(home, before) if each.type == "case_viewed")
    assert (looked.values["case"], looked.values["actor"]) == (case, "ann")


def test_what_cannot_be_logged_is_no_look(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    case, casework = new_case(home), home.keys.unlock(PASSPHRASE).casework

    def full(*_given: object) -> None:
        raise HomeBusyError("home_busy.others_kept_adding")

    monkeypatch.setattr("evidence.custody.sequencer.Sequencer.append", full)
    with pytest.raises(HomeBusyError):
        look_at_case(home, case, doer(home), casework)
